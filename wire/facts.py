"""Every fact a terminal journals: the body of one record, as the backend and the auditor read it too.

A fact is either *now* (committed and synced before anything it causes leaves the terminal) or *soon* (rides in the next
commit or follows within seconds; losing it only turns a job back to unknown). Bodies hold no personal data and no
secrets. Money is int fen, quantities integer thousandths, times UTC milliseconds. Fields are only ever added, with a
default; a changed meaning is a new version with an upcaster.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import msgspec

from wire.fact import Fact
from wire.remote_facts import (
    CommandBegun,
    CommandEnded,
    CommandTaken,
    TerminalLocked,
    TerminalUnlocked,
    UpdateMoved,
)
from wire.settings_facts import (
    SettingOverridden,
    SettingRestored,
    SettingsKept,
    SettingsRefused,
    SettingsReturned,
    SettingsStaged,
)
from wire.voucher_facts import (
    DealsLoaded,
    VoucherHandled,
    VoucherHeard,
    VoucherRegistered,
    VoucherSent,
    VoucherUndoSent,
    VoucherUse,
)

__all__ = [
    "CommandBegun", "CommandEnded", "CommandTaken", "DealsLoaded", "Fact", "SettingOverridden", "SettingRestored",
    "SettingsKept", "SettingsRefused", "SettingsReturned", "SettingsStaged", "TerminalLocked", "TerminalUnlocked",
    "UpdateMoved", "VoucherHandled", "VoucherHeard", "VoucherRegistered", "VoucherSent", "VoucherUndoSent",
    "VoucherUse",
]  # fmt: skip


# --- the terminal's own life -----------------------------------------------------------------


class Born(Fact, frozen=True):
    """First record of every journal: the Ed25519 public key that seals are checked with (decisions 11, 12)."""

    KIND: ClassVar[str] = "born"
    terminal: str
    journal_key: str  # hex, 32 bytes
    software: str


class Booted(Fact, frozen=True):
    """The daemon started; `end` says how the run before it ended. `crashed`: its process died by itself, and the power
    was not gone; `end` is `cut` then."""

    KIND: ClassVar[str] = "booted"
    SOON: ClassVar[bool] = True
    boot_id: str
    software: str
    settings_rev: int
    end: Literal["first", "clean", "cut"] = "cut"
    safe_mode: bool = False
    crashed: bool = False


class Stopped(Fact, frozen=True):
    """The daemon stopped on request; without this record the next boot knows of a cut."""

    KIND: ClassVar[str] = "stopped"
    reason: str


class EpochGranted(Fact, frozen=True):
    """The backend confirmed this journal's random epoch and gave it its two-digit number (decisions 12)."""

    KIND: ClassVar[str] = "epoch_granted"
    number: int


class ClockChanged(Fact, frozen=True):
    """The terminal's idea of the time, or its trust in it, changed (decisions 17)."""

    KIND: ClassVar[str] = "clock_changed"
    SOON: ClassVar[bool] = True
    state: Literal["floor", "hand", "trusted"]
    step_ms: int


class Dress(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a shop's slips say around their content, without the logo: copies and the electronic copy look like the paper
    did by it."""

    shop: str
    header: tuple[str, ...] = ()
    address: str = ""
    phone: str = ""
    footer: tuple[str, ...] = ()
    lang: Literal["", "zh", "en"] = ""  # of the paper; "": written by a release before it


class SettingsApplied(Fact, frozen=True):
    """Other settings are in force. `dress`: how the slips look from now on."""

    KIND: ClassVar[str] = "settings_applied"
    rev: int
    digest: str
    origin: Literal["local", "fleet", "last_known_good", "default"]
    dress: Dress | None = None  # None: written by a release before it


class CatalogueLoaded(Fact, frozen=True):
    """A new price list is in force; the goods themselves are reference data, named by their digest."""

    KIND: ClassVar[str] = "catalogue_loaded"
    rev: int
    goods: int
    digest: str


class LanguageChosen(Fact, frozen=True):
    KIND: ClassVar[str] = "language_chosen"
    SOON: ClassVar[bool] = True
    lang: Literal["zh", "en"]


class Trouble(Fact, frozen=True):
    """Something a person should know of: an error code of the table with its detail, for alarms at the backend."""

    KIND: ClassVar[str] = "trouble"
    SOON: ClassVar[bool] = True
    code: int
    detail: str = ""


class Seal(Fact, frozen=True):
    """Ed25519 signature of the journal key over `wire.records.seal_text` of the record `upto` (decisions 11)."""

    KIND: ClassVar[str] = "seal"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    upto: int
    hash: str  # hex, 32 bytes
    signature: str  # hex, 64 bytes


class Carried(Fact, frozen=True):
    """Stands in for the pruned prefix 1..`upto` of the journal: a rebuild starts from it (decisions 9).

    `hash` is the chain hash of record `upto`, `balances` the grand totals that never reset, `tables` the small
    projections as they stood after that record, `digest` the SHA-256 of `tables` in JSON, `dress` how slips looked then.
    """

    KIND: ClassVar[str] = "carried"
    upto: int
    hash: str
    balances: dict[str, int]
    digest: str
    tables: dict[str, list[list[int | str]]] = msgspec.field(default_factory=dict)
    dress: Dress | None = None  # None: none was said, or written by a release before it


# --- operators -----------------------------------------------------------------


class SignedOn(Fact, frozen=True):
    KIND: ClassVar[str] = "signed_on"
    operator: str
    role: str


class SignedOff(Fact, frozen=True):
    KIND: ClassVar[str] = "signed_off"
    operator: str
    reason: Literal["asked", "idle"]


class SignOnRefused(Fact, frozen=True):
    KIND: ClassVar[str] = "sign_on_refused"
    operator: str
    failures: int
    locked: bool = False


class PinChanged(Fact, frozen=True):
    """The PIN's hash is kept apart from the journal; this only says that it changed."""

    KIND: ClassVar[str] = "pin_changed"
    operator: str
    by: str


class PinReset(Fact, frozen=True):
    """`by` gave the operator the factory PIN back: the next sign-on must choose a new one (2013)."""

    KIND: ClassVar[str] = "pin_reset"
    operator: str
    by: str


class OperatorUnlocked(Fact, frozen=True):
    """`by` lifted the lock after wrong PINs (domain 12)."""

    KIND: ClassVar[str] = "operator_unlocked"
    operator: str
    by: str


class BadgeIssued(Fact, frozen=True):
    """`by` had a badge printed for `operator`; the one before is worth nothing any more. The badge's hash is kept apart
    from the journal, the badge itself nowhere."""

    KIND: ClassVar[str] = "badge_issued"
    operator: str
    by: str


class BadgeRevoked(Fact, frozen=True):
    KIND: ClassVar[str] = "badge_revoked"
    operator: str
    by: str


class Approved(Fact, frozen=True):
    """A supervisor allowed one action at the point of need; in the same commit as what was allowed (domain 12).

    `code` is the refusal that asked for it, `action` the command's name, `about` what it was for. `step`: number of the
    30 s a one-use code belongs to (means `code`), so that neither it nor an older one is taken again; 0 for other means."""

    KIND: ClassVar[str] = "approved"
    operator: str
    approver: str
    code: int
    action: str
    about: str = ""
    means: Literal["pin", "badge", "code"] = "pin"
    step: int = 0


# --- shift and cash -----------------------------------------------------------------


class ShiftOpened(Fact, frozen=True):
    """A shift begins. `dress`: how the slips of this terminal look from now on."""

    KIND: ClassVar[str] = "shift_opened"
    batch: int
    operator: str
    business_date: str  # YYYY-MM-DD, fixed for the whole shift
    float_fen: int
    counted: dict[str, int]  # denomination in fen -> pieces; empty when only a sum was typed
    open_drawer: bool = False
    dress: Dress | None = None  # None: written by a release before it


class CashMoved(Fact, frozen=True):
    """Cash put into or taken out of the drawer without a sale (存入/取出, domain 11.5). `amount_fen` is positive."""

    KIND: ClassVar[str] = "cash_moved"
    batch: int
    trace: int
    way: Literal["in", "out"]
    amount_fen: int
    reason: str  # change | float | deposit | purchase | refund | other
    operator: str
    approver: str = ""
    note: str = ""
    print_slip: bool = True
    open_drawer: bool = True


class CountTried(Fact, frozen=True):
    """The drawer was counted for the closing of a shift, and it was off by more than the shop allows. `count`: the how
    manyeth of this shift; after `closing.counts_max` of them only a supervisor closes it. What was counted is told to nobody
    before the shift is closed; then each stands on its slip."""

    KIND: ClassVar[str] = "count_tried"
    batch: int
    count: int
    operator: str
    counted_fen: int = -1  # -1: written by a release that did not keep it


class LeftOpen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The drawer stood open for longer than the shop allows: until when, and how long."""

    at_ms: int
    open_ms: int


class ShiftClosed(Fact, frozen=True):
    """A shift handed over after a blind count (交班, domain 11.5). It is the range `first_seq`..this record's seq - 1 of the
    journal; `expected_fen` is what `txn.till.expected_cash` computes over it; difference = counted - expected.

    `carried`: numbers of payments still unknown or reversing, of refunds under way, and of orders (BATCH-TRACE) that wait,
    handed on to the next shift by the supervisor `approver` (decisions 21). `totals`: the figures of the slip by name, fen
    and counts."""

    KIND: ClassVar[str] = "shift_closed"
    batch: int
    operator: str
    business_date: str
    first_seq: int
    counted: dict[str, int]
    counted_fen: int
    expected_fen: int
    difference_fen: int
    totals: dict[str, int]
    counts: int = 1  # how often the cash was counted
    approver: str = ""
    carried: tuple[str, ...] = ()
    holds: int = 0
    note: str = ""
    copies: int = 1  # slips to sign; each is proven by itself
    print_slip: bool = True
    open_drawer: bool = True
    tried_fen: tuple[int, ...] = ()  # what each count before the last came to, in order
    left_open: tuple[LeftOpen, ...] = ()  # the newest of them, in order


class BatchSettled(Fact, frozen=True):
    """The batch's totals compared with the backend's (结算): 对账平, 对账不平, or 对账错误 when they could not be compared
    because the backend lacks records (domain 5.3); `differs` names the totals that differ."""

    KIND: ClassVar[str] = "batch_settled"
    batch: int
    verdict: Literal["balanced", "uneven", "error"]
    ours: dict[str, int]
    theirs: dict[str, int]
    differs: tuple[str, ...] = ()
    print_slip: bool = True


class DayClosed(Fact, frozen=True):
    """Z: the business day is closed; `grand_total_fen` never resets (domain 11.5). `head_*` name the journal record the
    seal on the slip speaks of (decisions 11)."""

    KIND: ClassVar[str] = "day_closed"
    number: int
    business_date: str
    batches: tuple[int, ...]
    totals: dict[str, int]
    grand_total_fen: int
    operator: str
    head_seq: int
    head_hash: str
    print_slip: bool = True


class DayReopened(Fact, frozen=True):
    """A manager opened a closed business day again, with a reason (domain 11.5)."""

    KIND: ClassVar[str] = "day_reopened"
    number: int
    business_date: str
    operator: str
    reason: str


# --- selling -----------------------------------------------------------------


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a basket or sale. `amount_fen` = round half up(price_fen * quantity_milli / 1000), or the amount
    printed by the scale, which wins (domain 7.2)."""

    sku: str
    name: str
    quantity_milli: int
    price_fen: int
    amount_fen: int
    unit: str = ""
    weighed: bool = False
    barcode: str = ""
    tax_bp: int = 0
    net_fen: int | None = None
    """What the line brings of the amount due, after all reductions, allocation and rounding: the nets of a sale add up
    to its `due_fen` (`rules.pricing.nets`). None: its whole amount, or it stands in an open basket, or the sale is from
    before there were reductions."""


ReductionKind = Literal[
    "price_override",
    "item_promo",
    "member_price",
    "line_discount",
    "full_reduction",
    "order_discount",
    "rounding_manual",
]
"""Steps of the price in their fixed order (domain 3.6)."""


class Reduction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step that lowers the price, never raises it. `line` is the index it belongs to; -1: the whole order, then its
    amount is allocated to the lines by largest remainder. In an open basket `amount_fen` is what was asked for."""

    kind: ReductionKind
    amount_fen: int  # taken off, never negative
    line: int = -1
    name: str = ""  # as it is printed
    reason: str = ""
    operator: str = ""
    approver: str = ""
    rate_bp: int = 0  # asked for as a share of what it is taken from; 0: as an amount
    price_fen: int = 0  # the new price of a `price_override`
    cap_bp: int = 0  # limits of who gave it, which it never outgrows when the basket changes; 0: none
    cap_fen: int = 0


class TenderPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Money given by one means. For cash `paid_fen` is what was handed over, `change_fen` what went back; only cash
    gives change. `code`: a customer's payment code, by `channel` under `order_no`; `card`: on the shop's own card
    terminal, with what its slip says; `voucher`: what vouchers take off what the customer owes, as `voucher` tells. In a
    refund `paid_fen` is what was given back."""

    kind: Literal["cash", "code", "card", "voucher"]
    paid_fen: int
    change_fen: int = 0
    channel: str = ""
    order_no: str = ""
    channel_no: str = ""  # the channel's own number, on the customer's bill
    refund_no: str = ""
    reference: str = ""
    last4: str = ""
    fee_fen: int = 0  # by the shop's rate for the channel, for reports only
    voucher: VoucherUse | None = None


class Sale(Fact, frozen=True):
    """A settled sale: sum of lines - reductions - rounding = due = paid - change, always (domain 3.6, 11.2)."""

    KIND: ClassVar[str] = "sale"
    batch: int
    trace: int
    operator: str
    business_date: str
    lines: tuple[Line, ...]
    total_fen: int
    rounding_fen: int  # never negative: rounding is down only (Price Law art. 13)
    due_fen: int
    tenders: tuple[TenderPart, ...]
    settings_rev: int
    print_slip: bool = True
    open_drawer: bool = True
    reductions: tuple[Reduction, ...] = ()
    approver: str = ""
    late: bool = False  # booked when a payment that was unknown turned out to be paid, the cashier long gone on
    age_checked: bool = False
    merchant_copy: bool = (
        False  # the shop's own slip of the payment (商户联) is printed too, after the customer's if any
    )


class LineRemoved(Fact, frozen=True):
    """A line left an open basket (deleted, or its quantity lowered) before payment."""

    KIND: ClassVar[str] = "line_removed"
    operator: str
    batch: int
    line: Line
    approver: str = ""
    reason: str = ""  # age: the customer was too young; "": somebody took it out


class BasketCancelled(Fact, frozen=True):
    """The open basket was given up."""

    KIND: ClassVar[str] = "basket_cancelled"
    operator: str
    batch: int
    lines: tuple[Line, ...]
    total_fen: int
    approver: str = ""
    reason: str = ""  # a name of `txn.removal.REASONS`; "": few goods, or a record from before it was asked


class BasketKept(Fact, frozen=True):
    """The open basket as it stands, so that a power cut does not lose it (decisions 7); no lines: none is open."""

    KIND: ClassVar[str] = "basket_kept"
    SOON: ClassVar[bool] = True
    operator: str
    lines: tuple[Line, ...]
    reductions: tuple[Reduction, ...] = ()  # those a person gave; the others follow from the lines
    member: bool = False  # member prices hold
    age_years: int = 0  # the customer was seen to be as old as this
    member_by: str = ""  # the operator who said so
    member_why: str = ""  # and the reason they gave


class BasketHeld(Fact, frozen=True):
    """A basket put aside under a small number (挂单, domain 10.3): it survives boots and shifts."""

    KIND: ClassVar[str] = "basket_held"
    hold: int
    batch: int
    operator: str
    lines: tuple[Line, ...]
    total_fen: int  # of the lines, before reductions
    reductions: tuple[Reduction, ...] = ()  # those a person gave
    note: str = ""
    print_slip: bool = False
    member: bool = False
    age_years: int = 0
    due_fen: int = 0  # after all reductions, as they were then
    member_by: str = ""
    member_why: str = ""


class BasketRecalled(Fact, frozen=True):
    """A held basket came back to the counter (取单)."""

    KIND: ClassVar[str] = "basket_recalled"
    hold: int
    operator: str


class HoldDropped(Fact, frozen=True):
    """A held basket was given up."""

    KIND: ClassVar[str] = "hold_dropped"
    hold: int
    operator: str
    reason: str = ""
    batch: int = 0  # of the shift it counts in; 0: none was open, or the record is from before it was counted
    total_fen: int = 0  # of its lines, before reductions
    approver: str = ""


# --- an order being paid by other means than cash alone ------------------------------------------------


class OrderOpened(Fact, frozen=True):
    """The basket is frozen because a payment other than plain cash begins (order lock). From now on the order is known
    by `trace`, which its sale will carry; what it holds can be sold after any power cut. due = total - reductions; cash
    is rounded only on the part paid in cash."""

    KIND: ClassVar[str] = "order_opened"
    batch: int
    trace: int
    operator: str
    business_date: str
    lines: tuple[Line, ...]
    reductions: tuple[Reduction, ...]
    total_fen: int
    due_fen: int
    settings_rev: int
    age_checked: bool = False
    member: bool = False  # member prices held, should the goods go back into an open basket
    member_by: str = ""
    vouchers: tuple[VoucherUse, ...] = ()  # prepared; each is consumed when everything else of the due is paid
    member_why: str = ""


class OrderParked(Fact, frozen=True):
    """The cashier sells on while this order's payment is still unknown (待确认); a background task goes on."""

    KIND: ClassVar[str] = "order_parked"
    trace: int
    operator: str


class OrderResumed(Fact, frozen=True):
    """A parked order came back to the counter."""

    KIND: ClassVar[str] = "order_resumed"
    trace: int
    operator: str


class OrderDropped(Fact, frozen=True):
    """The order is given up, or its goods went back into an open basket (`again`); what was paid for it goes back."""

    KIND: ClassVar[str] = "order_dropped"
    trace: int
    operator: str
    reason: str = ""
    again: bool = False
    batch: int = 0  # of the shift it counts in; 0: none was open, or the record is from before it was counted
    total_fen: int = 0  # of its lines, before reductions
    approver: str = ""


class PaymentSent(Fact, frozen=True):
    """A request for money by a customer's code leaves: journaled before it does (domain 1.4). The code itself is
    nowhere; `last4` tells people which it was."""

    KIND: ClassVar[str] = "payment_sent"
    order_no: str  # 32 characters, `rules.orders.order_no`
    batch: int
    trace: int
    attempt: int
    channel: str
    amount_fen: int
    last4: str
    operator: str


class PaymentHeard(Fact, frozen=True):
    """What became known of a payment. `paid` and `reversed` end it, `failed` ends it unless money shows up late,
    `unknown` keeps asking. `by`: which request was answered; "" when the terminal itself gave up waiting."""

    KIND: ClassVar[str] = "payment_heard"
    order_no: str
    state: Literal["paid", "failed", "unknown", "reversed"]
    by: Literal["pay", "query", "reverse", ""]
    code: int = 0
    channel_no: str = ""
    paid_fen: int = 0


class ReversalSent(Fact, frozen=True):
    """The payment is being taken back: journaled before it is asked for, repeated under the same number."""

    KIND: ClassVar[str] = "reversal_sent"
    order_no: str
    why: Literal["deadline", "cashier", "boot", "dropped", "void"]
    operator: str = ""


class CardTaken(Fact, frozen=True):
    """A part of an order was paid on the shop's own card terminal."""

    KIND: ClassVar[str] = "card_taken"
    trace: int
    amount_fen: int
    reference: str
    last4: str
    operator: str
    unreferenced: bool = False  # no reference: the operator was asked whether the card was charged, and said yes


class RefundSent(Fact, frozen=True):
    """Money goes back through the channel it came by. `trace` is the refund's or void's; 0 when the terminal gives back
    by itself money that came late or twice (5024)."""

    KIND: ClassVar[str] = "refund_sent"
    refund_no: str
    order_no: str
    channel: str
    amount_fen: int
    trace: int
    operator: str
    why: Literal["refund", "void", "late", "duplicate"] = "refund"


class RefundHeard(Fact, frozen=True):
    KIND: ClassVar[str] = "refund_heard"
    refund_no: str
    state: Literal["refunded", "processing", "failed", "unknown"]
    code: int = 0
    channel_refund_no: str = ""


class RefundTurned(Fact, frozen=True):
    """The channel refused a refund for good (5016, 5017): a supervisor pays it in cash instead."""

    KIND: ClassVar[str] = "refund_turned"
    refund_no: str
    amount_fen: int
    batch: int
    trace: int
    operator: str
    approver: str
    print_slip: bool = True
    open_drawer: bool = True


# --- giving back -----------------------------------------------------------------


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which sale something is about."""

    terminal: str
    epoch: int
    seq: int
    batch: int
    trace: int
    at_ms: int


class RefundLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Goods coming back: `index` is the line's in the sale, `amount_fen` its share of what was paid for it. `voucher_fen`:
    what vouchers paid of it that stay redeemed; never paid out in money, and in no other sum (domain 3.8). `earlier_fen`: of
    the amount, what vouchers that go back now paid of goods that came back before."""

    index: int
    sku: str
    name: str
    quantity_milli: int
    amount_fen: int
    unit: str = ""
    weighed: bool = False
    tax_bp: int = 0
    voucher_fen: int = 0
    earlier_fen: int = 0


class Refund(Fact, frozen=True):
    """Money given back for a sale: `void` (撤销: same batch, whole) or `refund` (退货: later, partial, several). Amounts are
    positive; sum of lines = total = sum of tenders. What goes back by a channel is sent in the same commit."""

    KIND: ClassVar[str] = "refund"
    way: Literal["void", "refund"]
    batch: int
    trace: int
    operator: str
    business_date: str
    origin: Origin
    lines: tuple[RefundLine, ...]
    total_fen: int
    tenders: tuple[TenderPart, ...]
    reason: str
    settings_rev: int
    approver: str = ""
    print_slip: bool = True
    open_drawer: bool = False
    reserve_no: str = ""  # the reservation at the backend this refund uses up


class ReserveSent(Fact, frozen=True):
    """The backend is asked to keep goods of a sale for one refund, so that two terminals cannot give them back twice:
    journaled before the ask leaves, asked again under the same number after a lost answer or a power cut. `Refund` with
    this number or `ReserveEnded` ends it. `refund` is what will be booked, but for trace, batch and date."""

    KIND: ClassVar[str] = "reserve_sent"
    reserve_no: str
    refund: Refund


class ReserveEnded(Fact, frozen=True):
    """No refund comes of a reservation: the backend refused it with `code`, or the operator gave it up (0)."""

    KIND: ClassVar[str] = "reserve_ended"
    reserve_no: str
    code: int = 0
    operator: str = ""


class ReserveFreed(Fact, frozen=True):
    """The backend has heard that a reservation is given up (`ReserveEnded` with 0): it need not be told again."""

    KIND: ClassVar[str] = "reserve_freed"
    reserve_no: str


# --- the drawer by hand -----------------------------------------------------------------


class NoSale(Fact, frozen=True):
    """The drawer is opened without a sale, with a reason (无交易开箱, domain 11.4)."""

    KIND: ClassVar[str] = "no_sale"
    batch: int
    operator: str
    reason: str
    approver: str = ""
    event: Literal["no_sale", "exchange", "count", "test", "resume", "remote"] = "no_sale"


class DrawerReleased(Fact, frozen=True):
    """The rule said `ask`: the operator pressed the key, and the drawer opens for the fact `cause`."""

    KIND: ClassVar[str] = "drawer_released"
    cause: int
    operator: str
    approver: str = ""


class DrawerRefused(Fact, frozen=True):
    """An opening that a rule, a limit or the coil's cool-down did not allow; `code` says which (8004..8007)."""

    KIND: ClassVar[str] = "drawer_refused"
    event: str
    operator: str
    code: int
    amount_fen: int = 0
    rule: int = -1  # place in the rule list; -1: none fitted


# --- training -----------------------------------------------------------------


class TrainingEntered(Fact, frozen=True):
    """The operator practises on a journal of its own; nothing of it is sent."""

    KIND: ClassVar[str] = "training_entered"
    operator: str


class TrainingLeft(Fact, frozen=True):
    KIND: ClassVar[str] = "training_left"
    operator: str


# --- devices -----------------------------------------------------------------


class SlipPrinted(Fact, frozen=True):
    """How a print job ended, as far as its fence proves it (decisions 19). `job` is the seq of the fact it prints."""

    KIND: ClassVar[str] = "slip_printed"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    job: int
    outcome: Literal["printed", "sent", "not_printed", "unknown"]
    code: int = 0  # error code when there was trouble


class SlipContinued(Fact, frozen=True):
    """An unfinished slip is printed again, marked 续打 unless surely nothing of it is on paper; not a reprint and not
    counted as one (decisions 20)."""

    KIND: ClassVar[str] = "slip_continued"
    job: int
    operator: str  # "" when the terminal did it by itself after paper-in
    approver: str = ""


class SlipDropped(Fact, frozen=True):
    """A person looked at the paper and decided that the slip needs no continuation. `one`: of several copies only the one
    that is due; what follows it is printed (the merchant's, when the customer wants none)."""

    KIND: ClassVar[str] = "slip_dropped"
    job: int
    operator: str
    reason: Literal["asked", "expired"] = "asked"
    one: bool = False


class Reprinted(Fact, frozen=True):
    """Somebody asked for a slip again (补打): counted, with a reason; `of` is the seq of the fact it prints, `count` the
    how-manieth copy this is, `part` a part of it alone (domain 6.2). Never opens the drawer."""

    KIND: ClassVar[str] = "reprinted"
    of: int
    count: int
    reason: str  # customer | invoice | refund | jam | other
    operator: str
    approver: str = ""
    part: str = ""  # "" the whole slip | merchant | payment | qr
    print_slip: bool = True


class CopyShown(Fact, frozen=True):
    """The electronic copy's QR code was shown on the display instead of paper."""

    KIND: ClassVar[str] = "copy_shown"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    of: int
    operator: str


class ReportPrinted(Fact, frozen=True):
    """A slip of figures was asked for (X, openings of the drawer, reprints, reconciliation …): changes nothing, may be
    printed any number of times; its rows are data so that paper shows what was true then."""

    KIND: ClassVar[str] = "report_printed"
    report: str
    batch: int
    operator: str
    figures: dict[str, int]
    rows: tuple[tuple[str, str], ...] = ()
    print_slip: bool = True
    moved: tuple[tuple[str, str, str], ...] = ()  # of settlement details: number, what it was, signed amount


class DrawerPulsed(Fact, frozen=True):
    """The drawer was pulsed because of fact `cause`; `outcome` is what its sensor said. `way`: of a drawer at the printer
    and at a line, the one that was tried last; one opening however many ways it took."""

    KIND: ClassVar[str] = "drawer_pulsed"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    cause: int
    outcome: Literal["opened", "did_not_open", "no_sensor", "no_drawer", "too_soon"]
    way: Literal["", "printer", "line"] = ""


class DrawerMoved(Fact, frozen=True):
    KIND: ClassVar[str] = "drawer_moved"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    open: bool
    forced: bool = False  # opened without a pulse of ours
    open_ms: int = 0  # when it closed: how long it stood open, as far as this boot saw it
    cause: int = 0  # the fact whose pulse opened it; 0: none
    too_long: bool = False  # longer than `drawer.open_warn_s` as it then was


class Quarantined(Fact, frozen=True):
    """Something that came from outside broke an invariant and was put aside, not asserted on (decisions 15)."""

    KIND: ClassVar[str] = "quarantined"
    SOON: ClassVar[bool] = True
    source: str
    reason: str
    digest: str


KINDS: dict[str, type[Fact]] = {cls.KIND: cls for cls in Fact.__subclasses__()}
"""Fact kind -> its class. A kind once written is never renamed or removed."""


def encode(fact: Fact) -> bytes:
    """Body bytes of a fact, as they are hashed, stored and sent."""
    return msgspec.json.encode(fact)


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(kind, version) -> the body of the next version from one of this. Pure; none is needed yet."""


def decode(kind: str, version: int, body: bytes) -> Fact:
    """Fact of a stored body, brought up to this release's version. Raises `KeyError` for an unknown kind, `ValueError`
    for a version that is newer than ours or has no upcaster, and for a bad body."""
    cls = KINDS[kind]
    if version == cls.VERSION:
        return msgspec.json.decode(body, type=cls)
    plain = msgspec.json.decode(body, type=dict[str, Any])
    for old in range(version, cls.VERSION):
        if (kind, old) not in UPCASTERS:
            break
        plain = UPCASTERS[kind, old](plain)
    else:
        if version < cls.VERSION:
            return msgspec.convert(plain, cls)
    raise ValueError(f"{kind} version {version} is not known")
