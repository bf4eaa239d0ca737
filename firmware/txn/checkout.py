"""Orders: a basket frozen because other money than plain cash is asked for, until it is sold or given up (ADR 12).

At most one order stands at the counter; parked ones (待确认) wait in the list. What was paid for an order are its paid
codes and card slips; cash closes the rest, in the commit of the sale itself.
"""

from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from firmware.txn import drawer, lock, payment, refund_parts, room, sale, shift, voucher, voucher_offer
from firmware.txn.age import with_age_due
from firmware.txn.basket import Basket
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.numbers import next_trace
from firmware.txn.prices import bill, given_of, netted, rounded, rounding_max_fen
from firmware.txn.removal import too_many_removals
from firmware.view import text
from rules.errors import first_refusal
from rules.orders import read_order_no
from rules.payment_codes import fee_fen, may_be_card
from rules.pricing import nets
from rules.rights import Right
from rules.settings import Settings
from wire import facts as wire_facts
from wire.facts import (
    CardTaken,
    Carried,
    Fact,
    OrderDropped,
    OrderOpened,
    OrderParked,
    OrderResumed,
    ReversalSent,
    Sale,
    TenderPart,
    VoucherHeard,
    VoucherSent,
    VoucherUndoSent,
    VoucherUse,
)  # fmt: skip

OrderState = Literal["open", "parked", "dropped", "sold"]
REFERENCE_DIGITS, LAST_DIGITS = 12, 4
_COLUMNS = "trace, seq, batch, operator, due_fen, state, cash_fen"


@dataclass(frozen=True, slots=True)
class Order:
    """One frozen basket. `open`: at the counter. `cash_fen`: typed for its rest when a voucher left, 0: none; the cashier
    may have it in her hand, but nothing is booked of it."""

    trace: int
    seq: int
    batch: int
    operator: str
    due_fen: int
    state: OrderState
    cash_fen: int = 0


def find(books: Reading, trace: int) -> Order | None:
    """The order of this trace number."""
    rows = books.read(f"SELECT {_COLUMNS} FROM pay_order WHERE trace = ?", trace)
    return Order(*rows[0]) if rows else None


def at_counter(books: Reading) -> Order | None:
    """The order the cashier is at, None: the basket is free. Of several in an old journal it is the newest."""
    rows = books.read(f"SELECT {_COLUMNS} FROM pay_order WHERE state = 'open' ORDER BY seq DESC LIMIT 1")
    return Order(*rows[0]) if rows else None


def here(ctx: Context) -> Order | None:
    """The order at the counter; none in safe mode, where cash is taken for baskets and nothing is resumed."""
    return None if ctx.safe_mode else at_counter(ctx.books)


def cash_only(ctx: Context) -> Refusal | None:
    """5014 in safe mode: an order it opened or took back could not be seen in it (decisions 15)."""
    return Refusal(5014, text("idle__safe")) if ctx.safe_mode else None


def parked(books: Reading) -> tuple[Order, ...]:
    """Orders put aside, oldest first."""
    return tuple(
        Order(*row) for row in books.read(f"SELECT {_COLUMNS} FROM pay_order WHERE state = 'parked' ORDER BY seq")
    )


def contents(books: Reading, order: Order) -> OrderOpened:
    """What the order is about, from the journal."""
    rows = books.read("SELECT version, body FROM journal WHERE seq = ?", order.seq)
    fact = wire_facts.decode("order_opened", int(rows[0][0]), rows[0][1])
    assert isinstance(fact, OrderOpened)
    return fact


def parts(books: Reading, settings: Settings, trace: int) -> tuple[TenderPart, ...]:
    """What has been paid for an order, as its sale will say it: vouchers the platform redeemed, codes, then card slips."""
    vouchers = tuple(
        voucher_part(voucher.contents(books, each), each.record_no, each)
        for each in voucher.uses_of(books, trace)
        if each.redeemed and each.counts
    )
    codes = tuple(code_part(settings, each, each.channel_no) for each in payment.of_order(books, trace) if each.counts)
    rows = books.read(
        "SELECT amount_fen, reference, last4 FROM card_part WHERE trace = ? AND void = 0 ORDER BY seq", trace
    )
    return (*vouchers, *codes, *(card_part(settings, *row) for row in rows))


def voucher_part(use: VoucherUse, record_no: str, *told: voucher.Use | VoucherHeard) -> TenderPart:
    """Vouchers as a part of the sale: what they take off what the customer owes (domain 3.7), with what the platform has
    `told` of its money."""
    use = msgspec.structs.replace(
        use,
        paid_fen=max(each.paid_fen for each in told),
        platform_fen=max(each.platform_fen for each in told),
        merchant_fen=max(each.merchant_fen for each in told),
    )
    return TenderPart(
        "voucher", use.deduct_fen, channel=use.platform, channel_no=room.channel_no(record_no), voucher=use
    )  # fmt: skip


def code_part(settings: Settings, paid: payment.Payment, channel_no: str) -> TenderPart:
    """A paid code as a part of the sale, with the fee by the shop's rate."""
    rates = {each.channel: each.fee_ppm for each in settings.tenders.channels}
    fee = fee_fen(paid.amount_fen, rates.get(paid.channel, 0))  # type: ignore[call-overload]
    return TenderPart(
        "code", paid.amount_fen, channel=paid.channel, order_no=paid.order_no, channel_no=channel_no, fee_fen=fee
    )


def card_part(settings: Settings, amount_fen: int, reference: str, last4: str) -> TenderPart:
    """A card slip as a part of the sale."""
    fee = fee_fen(amount_fen, settings.tenders.card_fee_ppm)
    return TenderPart("card", amount_fen, reference=reference, last4=last4, fee_fen=fee)


def full(ctx: Context, found: "Opening") -> Refusal | None:
    """6007 when so much was taken by codes and cards that only cash may close the order: one more part has no room in the
    record that settles it (`room.TENDER_PARTS_MAX`). Said before money is asked for."""
    taken = sum(part.kind != "voucher" for part in parts(ctx.books, ctx.settings, found.order.trace))
    opened = found.opened(ctx.books)
    fits = room.fits(opened.lines, opened.reductions, rounding_max_fen(ctx), taken + 1, opened.vouchers)
    if fits and taken < room.TENDER_PARTS_MAX:
        return None
    return Refusal(6007, text("code__parts", most=taken))


def rest_fen(books: Reading, order: Order) -> int:
    """What is still to be paid by other money than vouchers: those that are to be redeemed, are being, or are count."""
    vouchers = sum(each.deduct_fen for each in voucher.uses_of(books, order.trace) if each.counts)
    codes = sum(each.amount_fen for each in payment.of_order(books, order.trace) if each.counts)
    rows = books.read("SELECT coalesce(sum(amount_fen), 0) FROM card_part WHERE trace = ? AND void = 0", order.trace)
    return order.due_fen - vouchers - codes - int(rows[0][0])


def cash_due(ctx: Context) -> tuple[int, int]:
    """What cash must close now, and the rounding taken off it: of the order at the counter, or of the basket; fen."""
    order = here(ctx)
    if order is None:
        return sale.due_in_cash(ctx)
    return rounded(ctx, rest_fen(ctx.books, order))


def whole_rest(ctx: Context) -> int:
    """What a code or card would have to pay now: never rounded; fen."""
    order = here(ctx)
    if order is None:
        return voucher_offer.rest_fen(ctx, ctx.session.basket, bill(ctx))
    return rest_fen(ctx.books, order)


def busy(books: Reading, trace: int) -> int | None:
    """5029 while a payment or a voucher of this order is not decided (domain 1.4, rule 1)."""
    asked = any(each.is_open for each in payment.of_order(books, trace))
    return 5029 if asked or any(each.is_open for each in voucher.uses_of(books, trace)) else None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Something about money that waits: an order that is neither sold nor given up, a payment or voucher whose order is
    gone and that is still unknown or being taken back, a refund the channel has not confirmed. `order_nos`: the numbers of
    payments and vouchers."""

    trace: int
    amount_fen: int
    what: Literal["order", "payment", "voucher", "refund", "refund_failed"]
    state: str
    code: int
    order_nos: tuple[str, ...]
    seq: int
    last_no: str = ""  # the payment asked for last
    refund_no: str = ""

    @property
    def undecided(self) -> bool:
        """Whether a channel still has to say how it ended; otherwise it waits for a person: an order whose payments are
        all settled and that is not paid, a refund the channel will not make."""
        return bool(self.order_nos) if self.what == "order" else self.what != "refund_failed"


def unfinished(books: Reading) -> tuple[Unfinished, ...]:
    """Everything about money that waits, oldest first: what a close must name (8011) and 查单 lists."""
    found: list[Unfinished] = []
    rows = books.read(f"SELECT {_COLUMNS} FROM pay_order WHERE state IN ('open', 'parked') ORDER BY seq")
    for order in (Order(*row) for row in rows):
        asked = payment.of_order(books, order.trace)
        waits = tuple(each.order_no for each in asked if each.is_open)
        waits += tuple(each.request_no for each in voucher.uses_of(books, order.trace) if each.is_open)
        last = asked[-1] if asked else None
        state, code = (last.state, last.code) if last else (order.state, 0)
        last_no = last.order_no if last else ""
        found.append(Unfinished(order.trace, order.due_fen, "order", state, code, waits, order.seq, last_no))
    listed = {each.trace for each in found}
    for each in payment.open_payments(books):
        if each.trace not in listed:
            number = (each.order_no,)
            found.append(
                Unfinished(
                    each.trace, each.amount_fen, "payment", each.state, each.code, number, each.seq, each.order_no
                )
            )  # fmt: skip
    for use in voucher.open_uses(books):
        if use.trace not in listed and not use.registered:
            number = (use.request_no,)
            found.append(
                Unfinished(use.trace, use.deduct_fen, "voucher", use.state, use.code, number, use.seq, use.request_no)
            )  # fmt: skip
    for back in refund_parts.open_parts(books):
        what: Literal["refund", "refund_failed"] = "refund" if back.under_way else "refund_failed"
        of = read_order_no(back.order_no)
        trace, name = back.trace or (of.trace if of else 0), back.order_no
        found.append(
            Unfinished(trace, back.amount_fen, what, back.state, back.code, (name,), back.seq, name, back.refund_no)
        )
    return tuple(sorted(found, key=lambda one: one.seq))


# --- opening and settling -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """The order a payment is for: the one at the counter, or a new one whose fact goes first."""

    order: Order
    rest_fen: int
    facts: tuple[OrderOpened, ...] = ()
    fault: Refusal | None = None  # why its vouchers may not be used after all

    def opened(self, books: Reading) -> OrderOpened:
        """What the order is about."""
        return self.facts[0] if self.facts else contents(books, self.order)


def opening(ctx: Context) -> Opening | None:
    """Order lock: the one at the counter, or the basket frozen under the next number; None when there is neither."""
    order = here(ctx)
    if order is not None:
        return Opening(order, rest_fen(ctx.books, order))
    basket, open_shift = ctx.session.basket, shift.current(ctx.books)
    if not basket.lines or open_shift is None:
        return None
    costs, trace = bill(ctx), next_trace(ctx.books)
    fact = OrderOpened(
        open_shift.batch, trace, ctx.session.operator, open_shift.business_date,
        netted(basket.lines, costs.nets), costs.reductions, costs.total_fen, costs.due_fen, ctx.settings.revision,
        basket.age_years > 0, basket.member, basket.member_by,
        voucher_offer.uses(ctx, costs, open_shift.batch, trace), member_why=basket.member_why,
    )  # fmt: skip
    order = Order(fact.trace, 0, fact.batch, fact.operator, fact.due_fen, "open")
    fault = voucher_offer.freezing_refusal(ctx, costs)
    if any(each.registered for each in basket.vouchers):
        fault = fault or Refusal(5014, text("voucher__cash_only"))
    return Opening(order, voucher_offer.rest_fen(ctx, basket, costs), (fact,), fault)


def paying_refusal(ctx: Context, found: Opening | None, *states: int | None) -> Refusal | None:
    """Why no money can be asked for now: nobody, no shift, nothing to pay, a payment under way, no right, or `states`."""
    no_shift = None if shift.current(ctx.books) is not None else 2014
    nothing = None if found is not None else 6008
    under_way = busy(ctx.books, found.order.trace) if found is not None else None
    too_young = 6013 if found is not None and found.facts and ctx.session.basket.age_due else None
    locked = lock.sells_no_more(ctx.books) if found is not None and found.facts else None  # a frozen order is finished
    refusal = lacking(ctx, Right.SALE, locked, no_shift, nothing, under_way, too_young, *states)
    return refusal or (found.fault if found is not None else None)


def redeem_first(ctx: Context, found: Opening | None) -> int | None:
    """6008 where the shop redeems vouchers before other money is taken (`vouchers.consume_first`)."""
    first = ctx.settings.vouchers.consume_first and found is not None
    return 6008 if first and found is not None and to_redeem(ctx.books, found.opened(ctx.books)) else None


def settled(
    ctx: Context, opened: OrderOpened, paid: tuple[TenderPart, ...], rounding_fen: int = 0, late: bool = False,
    print_slip: bool | None = None,
) -> Sale:  # fmt: skip
    """The sale of an order that is covered, in the running shift, under the order's own number. Where the shop asks
    at the till it is asked after it (`desks.paper`), for the money is taken; but no slip lies about where nobody is signed
    on: that sale is told of, and its slip is to be had by a reprint."""
    open_shift = shift.current(ctx.books)
    assert open_shift is not None
    due = opened.due_fen - rounding_fen
    cash = [part for part in paid if part.kind == "cash"]
    kinds = tuple(dict.fromkeys(part.kind for part in paid))
    given, change = sum(part.paid_fen for part in cash), sum(part.change_fen for part in cash)
    opens = drawer.opening(ctx, "sale", kinds, given - change, change) == "open"
    assert sum(part.paid_fen - part.change_fen for part in paid) == due, (paid, due)
    vouchers = [part.voucher for part in paid if part.voucher is not None]
    lines = netted(opened.lines, nets(opened.lines, opened.reductions), rounding_fen, vouchers)
    here = bool(ctx.session.operator) and ctx.devices.prints
    always = ctx.settings.printer.print_slip != "never" and here
    wanted = always if print_slip is None else print_slip
    return Sale(
        open_shift.batch, opened.trace, opened.operator, open_shift.business_date, lines, opened.total_fen,
        rounding_fen, due, paid, ctx.settings.revision,
        print_slip=wanted and ctx.devices.prints,
        open_drawer=given > 0 and opens,
        reductions=opened.reductions, late=late, age_checked=opened.age_checked,
        merchant_copy=here and ctx.settings.slips.merchant_copy and not {"code", "card"}.isdisjoint(kinds),
    )  # fmt: skip


def to_redeem(books: Reading, opened: OrderOpened, but: str = "") -> tuple[VoucherUse, ...]:
    """The vouchers of an order that are still to be sent; of one that is opened just now, all. `but`: heard just now."""
    if find(books, opened.trace) is None:
        return opened.vouchers
    planned = {each.request_no for each in voucher.uses_of(books, opened.trace) if each.state == "planned"}
    return tuple(use for use in opened.vouchers if use.request_no in planned - {but})


def sent(ctx: Context, opened: OrderOpened, use: VoucherUse, cash_fen: int = 0) -> VoucherSent:
    """One of them leaves. `cash_fen`: typed for the rest, and kept until the last is redeemed."""
    return VoucherSent(opened.batch, opened.trace, use, ctx.session.operator or opened.operator, ctx.approver, cash_fen)


def closed(
    ctx: Context, opened: OrderOpened, paid: tuple[TenderPart, ...], rounding_fen: int = 0, late: bool = False,
    print_slip: bool | None = None, but: str = "",
) -> tuple[Fact, ...]:  # fmt: skip
    """What follows once other money covers the order: the first of its vouchers that are still to be redeemed leaves, as
    the last step before the sale; when there is none, the sale."""
    left = to_redeem(ctx.books, opened, but)
    if left:
        return (sent(ctx, opened, left[0]),) if can_redeem(ctx) else ()
    return (settled(ctx, opened, paid, rounding_fen, late, print_slip),)


def can_redeem(ctx: Context) -> bool:
    """Whether a voucher could be redeemed now: the backend is there."""
    return ctx.devices.link == "up" and ctx.devices.answered and not ctx.safe_mode


# --- commands -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakeCard:
    """A part was paid on the shop's own card terminal: its slip's reference and the card's last four digits, never a
    card number."""

    amount_fen: int
    reference: str = ""
    last4: str = ""
    confirmed: bool = False  # without a reference: it was asked whether the card was charged, and it was

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CardTaken`, with the order and the sale where they belong; or 2001, 2014, 5014, 5029, 5030, 5031, 6008, 2005,
        5012, 5020, 6007 when only cash may close the order."""
        if refusal := cash_only(ctx):
            return refusal
        found = opening(ctx)
        tenders = ctx.settings.tenders
        states = (None if tenders.card else 5014, self._misfit(ctx), redeem_first(ctx, found))
        if refusal := paying_refusal(ctx, found, *states):
            return refusal
        open_shift = shift.current(ctx.books)
        assert found is not None
        if refusal := full(ctx, found):
            return refusal
        assert open_shift is not None
        amount = None if 0 < self.amount_fen <= found.rest_fen else 5020
        taken = card_taken_fen(ctx.books, open_shift.business_date) + self.amount_fen
        over = self.amount_fen > tenders.card_payment_max_fen or taken > tenders.card_day_max_fen
        if code := first_refusal((amount, 5012 if over else None)):
            return Refusal(code)
        trace = found.order.trace
        fact = CardTaken(trace, self.amount_fen, self.reference, self.last4, ctx.session.operator, not self.reference)
        facts: tuple[Fact, ...] = (*found.facts, fact)
        if self.amount_fen == found.rest_fen:
            part = card_part(ctx.settings, self.amount_fen, self.reference, self.last4)
            facts += closed(ctx, found.opened(ctx.books), (*parts(ctx.books, ctx.settings, trace), part))
        return Decision(facts, replace(ctx.session, basket=Basket()))

    def _misfit(self, ctx: Context) -> int | None:
        """5030 for what may be a card number, each field by itself (one honest slip in ten would pass the check by chance);
        5031 for what is not twelve digits of a reference and four of a card, or nothing where that was asked about."""
        if may_be_card(self.reference) or len(self.last4) > LAST_DIGITS:
            return 5030
        bare = not self.reference and self.confirmed and not ctx.settings.tenders.card_reference_required
        reference = len(self.reference) == REFERENCE_DIGITS or bare
        digits = all(text.isdigit() for text in (self.reference, self.last4) if text)
        return None if reference and digits and len(self.last4) in (0, LAST_DIGITS) else 5031


@dataclass(frozen=True, slots=True)
class TakeRest:
    """Cash closes what is left of the order at the counter; only this part is rounded, down only (domain 11.2)."""

    paid_fen: int
    print_slip: bool | None = None

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Sale`, or 2001, 2014, 5029, 6008 also as long as vouchers are to be redeemed first, 2005, 5020."""
        order = here(ctx)
        found = opening(ctx) if order is not None else None
        left = found is not None and to_redeem(ctx.books, found.opened(ctx.books))
        if refusal := paying_refusal(ctx, found, 6008 if left else None):
            return refusal
        assert order is not None
        due, rounding = cash_due(ctx)
        most = max(ctx.settings.sale.amount_max_fen * 2, due + sale.PAID_ABOVE_FEN_MAX)
        if not due <= self.paid_fen <= most:
            return Refusal(5020, sale.short(due, self.paid_fen))
        cash = TenderPart("cash", self.paid_fen, self.paid_fen - due)
        paid = (*parts(ctx.books, ctx.settings, order.trace), cash)
        return Decision((settled(ctx, contents(ctx.books, order), paid, rounding, print_slip=self.print_slip),))


@dataclass(frozen=True, slots=True)
class BookCovered:
    """Sell an order whose parts already cover it: it was paid when no shift was open to book it in."""

    trace: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Sale`, marked late, and a `ReversalSent` for whatever may still pay for it; or 2014, 6008."""
        if shift.current(ctx.books) is None:
            return Refusal(2014)
        order = find(ctx.books, self.trace)
        if order is None or order not in covered(ctx.books):
            return Refusal(6008)
        paid = parts(ctx.books, ctx.settings, order.trace)
        sold = settled(ctx, contents(ctx.books, order), paid, late=True)
        return Decision((sold, *left_over(ctx.books, order.trace)))


def covered(books: Reading) -> tuple[Order, ...]:
    """Orders paid in full and not sold yet, all their vouchers redeemed."""
    return tuple(order for order in paid_but_for_vouchers(books) if not _waits_for_voucher(books, order.trace))


def paid_but_for_vouchers(books: Reading) -> tuple[Order, ...]:
    """Orders that other money than vouchers covers, and that are not sold yet."""
    rows = books.read(f"SELECT {_COLUMNS} FROM pay_order WHERE state IN ('open', 'parked') ORDER BY seq")
    return tuple(order for order in (Order(*row) for row in rows) if rest_fen(books, order) == 0)


def _waits_for_voucher(books: Reading, trace: int) -> bool:
    return any(each.is_open or each.state == "planned" for each in voucher.uses_of(books, trace))


@dataclass(frozen=True, slots=True)
class ParkOrder:
    """Put the order at the counter aside and sell on (待确认)."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`OrderParked`, or 2001, 6008, 2005."""
        order = here(ctx)
        if refusal := lacking(ctx, Right.SALE, None if order else 6008):
            return refusal
        assert order is not None
        return Decision((OrderParked(order.trace, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class ResumeOrder:
    """Take a parked order back to the counter, which must be free."""

    trace: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`OrderResumed`, or 2001, 2014, 5029, 6008, 2005; 5014 in safe mode."""
        if refusal := cash_only(ctx):
            return refusal
        order = find(ctx.books, self.trace)
        fits = order is not None and order.state == "parked"
        taken = 5029 if here(ctx) or ctx.session.basket.lines else None
        no_shift = None if shift.current(ctx.books) is not None else 2014
        if refusal := lacking(ctx, Right.SALE, no_shift, None if fits else 6008, taken):
            return refusal
        return Decision((OrderResumed(self.trace, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class DropOrder:
    """Give an order up, or take its goods back into the basket (`again`) to be paid otherwise. What codes paid for it, or
    may still pay, is reversed in the same commit, and so are vouchers; card slips must be voided on the card terminal."""

    trace: int
    again: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`OrderDropped`, a `ReversalSent` for each payment, a `VoucherUndoSent` for each voucher, or 2001, 5029, 6008,
        2005, 2006."""
        order = find(ctx.books, self.trace)
        fits = order is not None and order.state in ("open", "parked") and order not in covered(ctx.books)
        standing = here(ctx)
        taken = self.again and (
            bool(ctx.session.basket.lines) or (standing is not None and standing.trace != self.trace)
        )
        right = Right.SALE if self.again else Right.BASKET_CANCEL
        if refusal := lacking(ctx, right, None if fits else 6008, 5029 if taken else None):
            return refusal
        open_shift = shift.current(ctx.books)
        if not self.again and open_shift and (refusal := too_many_removals(ctx, Right.BASKET_CANCEL)):
            return refusal
        assert order is not None
        dropped = OrderDropped(
            self.trace, ctx.session.operator, "", self.again, open_shift.batch if open_shift else 0,
            contents(ctx.books, order).total_fen, ctx.approver,
        )  # fmt: skip
        facts: tuple[Fact, ...] = (
            dropped,
            *reversals(ctx.books, self.trace, ctx.session.operator),
            *undos(ctx.books, self.trace, ctx.session.operator, ctx.approver),
        )
        if not self.again:
            return Decision(facts)
        return Decision(facts, replace(ctx.session, basket=thawed(ctx.books, contents(ctx.books, order))))


def thawed(books: Reading, opened: OrderOpened) -> Basket:
    """The basket an order was frozen from, with what a person gave it; whose age was seen is not asked again."""
    lines = tuple(msgspec.structs.replace(line, net_fen=None) for line in opened.lines)
    basket = Basket(
        lines, given_of(opened.reductions), opened.member, member_by=opened.member_by, member_why=opened.member_why
    )
    basket = with_age_due(books, basket)
    return replace(basket, age_years=basket.age_due, age_due=0) if opened.age_checked else basket


def reversals(books: Reading, trace: int, operator: str) -> tuple[ReversalSent, ...]:
    """Taking back whatever an order's codes paid or may still pay: the order is given up."""
    asked = payment.of_order(books, trace)
    mine = (each for each in asked if each.counts or each.state in ("sent", "unknown"))
    return tuple(ReversalSent(each.order_no, "dropped", operator) for each in mine)


def undos(books: Reading, trace: int, operator: str = "", approver: str = "") -> tuple[VoucherUndoSent, ...]:
    """Giving the vouchers back that were or may be redeemed for an order that is given up; also one that its platform kept
    when the cashier took it back, for now nothing is bought with it."""
    asked = ("registered", "sent", "unknown", "consumed")
    return tuple(
        VoucherUndoSent(each.request_no, "dropped", operator, approver)
        for each in voucher.uses_of(books, trace)
        if each.state in asked or (each.state == "kept" and each.counts)
    )


def left_over(books: Reading, trace: int, but: str = "") -> tuple[ReversalSent, ...]:
    """Taking back what may still pay for an order that is sold; what paid for it stays. `but`: heard just now."""
    asked = (each for each in payment.of_order(books, trace) if each.order_no != but)
    return tuple(ReversalSent(each.order_no, "dropped") for each in asked if each.state in ("sent", "unknown"))


def card_parts_fen(books: Reading, trace: int) -> int:
    """What was taken for an order on the card terminal; fen."""
    rows = books.read("SELECT coalesce(sum(amount_fen), 0) FROM card_part WHERE trace = ?", trace)
    return int(rows[0][0])


def card_taken_fen(books: Reading, date: str) -> int:
    """What went over the card terminal on a business day; fen."""
    rows = books.read("SELECT coalesce(sum(amount_fen), 0) FROM card_part WHERE date = ? AND void = 0", date)
    return int(rows[0][0])


# --- projection -----------------------------------------------------------------


def _stands(books: Books, trace: int) -> None:
    """One order stands at the counter: whatever a release that was not so careful left there waits on the list."""
    books.write("UPDATE pay_order SET state = 'parked' WHERE state = 'open' AND trace != ?", trace)


def _opened(books: Books, fact: OrderOpened, entry: Entry) -> None:
    _stands(books, fact.trace)
    books.write(
        "INSERT OR REPLACE INTO pay_order VALUES (?, ?, ?, ?, ?, 'open', 0)",
        fact.trace, entry.seq, fact.batch, fact.operator, fact.due_fen,
    )  # fmt: skip


def _state(books: Books, trace: int, state: OrderState) -> None:
    books.write("UPDATE pay_order SET state = ? WHERE trace = ? AND state IN ('open', 'parked')", state, trace)


def _voucher_left(books: Books, fact: VoucherSent, entry: Entry) -> None:
    if fact.cash_fen:
        books.write("UPDATE pay_order SET cash_fen = ? WHERE trace = ?", fact.cash_fen, fact.trace)


def _was_parked(books: Books, fact: OrderParked, entry: Entry) -> None:
    _state(books, fact.trace, "parked")


def _resumed(books: Books, fact: OrderResumed, entry: Entry) -> None:
    _stands(books, fact.trace)
    _state(books, fact.trace, "open")


def _dropped(books: Books, fact: OrderDropped, entry: Entry) -> None:
    _state(books, fact.trace, "dropped")
    books.write("UPDATE card_part SET void = 1 WHERE trace = ?", fact.trace)


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    _state(books, fact.trace, "sold")


def _card(books: Books, fact: CardTaken, entry: Entry) -> None:
    rows = books.read("SELECT business_date FROM shift WHERE open = 1")
    books.write(
        "INSERT INTO card_part VALUES (?, ?, ?, ?, ?, ?, 0)",
        fact.trace, entry.seq, fact.amount_fen, fact.reference, fact.last4, str(rows[0][0]) if rows else "",
    )  # fmt: skip


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    books.write("DELETE FROM pay_order WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM card_part WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE pay_order(trace INTEGER PRIMARY KEY, seq INTEGER NOT NULL, batch INTEGER NOT NULL,"
        " operator TEXT NOT NULL, due_fen INTEGER NOT NULL, state TEXT NOT NULL, cash_fen INTEGER NOT NULL) STRICT",
        "CREATE INDEX pay_order_waiting ON pay_order(seq) WHERE state IN ('open', 'parked')",
        "CREATE TABLE card_part(trace INTEGER NOT NULL, seq INTEGER NOT NULL, amount_fen INTEGER NOT NULL,"
        " reference TEXT NOT NULL, last4 TEXT NOT NULL, date TEXT NOT NULL, void INTEGER NOT NULL,"
        " PRIMARY KEY (trace, seq)) STRICT, WITHOUT ROWID",
        "CREATE INDEX card_part_day ON card_part(date)",
    ),
    {
        Carried: _carried,
        OrderOpened: _opened,
        OrderParked: _was_parked,
        OrderResumed: _resumed,
        OrderDropped: _dropped,
        CardTaken: _card,
        Sale: _sold,
        VoucherSent: _voucher_left,
    },
    uses=("shift",),
)
