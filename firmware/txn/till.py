"""The till's figures: one pure function over the journal's facts makes expected cash and every total of a shift.

`fold` is used three ways and must give the same each time: fact by fact by the projection (so that an X report costs the
same however long the journal is), from scratch over a shift's range of the journal, and by tests. Figures are a dict from
name to integer; a missing name counts as 0. Names of what the backend books too are those of `rules.totals`.
"""

from collections.abc import Iterable, Mapping

from firmware.txn import voucher_figures
from rules import totals
from wire.facts import (
    Approved,
    BasketCancelled,
    BasketHeld,
    CashMoved,
    DrawerMoved,
    DrawerPulsed,
    DrawerRefused,
    DrawerReleased,
    Fact,
    HoldDropped,
    LineRemoved,
    NoSale,
    OrderDropped,
    PaymentHeard,
    Refund,
    RefundTurned,
    Reprinted,
    Sale,
    ShiftOpened,
    SignOnRefused,
    SlipPrinted,
    TenderPart,
    Trouble,
    VoucherHeard,
)
from wire.totals import part_of

Figures = dict[str, int]

FLOAT_FEN = "float_fen"
IN, IN_FEN, OUT, OUT_FEN = "in", "in_fen", "out", "out_fen"
GOODS_FEN, ITEMS_MILLI = "goods_fen", "items_milli"
CASH_SALES, CASH_SALES_FEN = "cash_sales", "cash_sales_fen"
CASH_BACK, CASH_BACK_FEN = "cash_back", "cash_back_fen"
LATE, LATE_FEN = "late", "late_fen"
REMOVED, REMOVED_FEN = "removed", "removed_fen"
CANCELLED, CANCELLED_FEN = "cancelled", "cancelled_fen"
HELD, HOLDS_DROPPED = "held", "holds_dropped"
DRAWER_SALE, DRAWER_OTHER = "drawer_sale", "drawer_other"
DRAWER_FORCED, DRAWER_STUCK = "drawer_forced", "drawer_stuck"
DRAWER_HAND, DRAWER_OPEN_MS = "drawer_hand", "drawer_open_ms"
REPRINTS = "reprints"
BLIND = "blind"
"""In figures made by `blind`: 1."""


def fold(figures: Figures, fact: Fact) -> Figures:
    """The figures after one more fact; the given ones are left alone."""
    added = figures_of(fact)
    if not added:
        return figures
    after = dict(figures)
    for name, number in voucher_figures.within(figures, added).items():
        after[name] = after.get(name, 0) + number
    return after


def folded(facts: Iterable[Fact]) -> Figures:
    """The figures of a range of the journal, from scratch."""
    figures: Figures = {}
    for fact in facts:
        figures = fold(figures, fact)
    return figures


def merged(one: Mapping[str, int], other: Mapping[str, int]) -> Figures:
    """Both added up, name by name; deals beyond the bound under their platform."""
    other = voucher_figures.within(one, other)
    names = {**one, **other}
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}


def expected_cash(figures: Mapping[str, int]) -> int:
    """What must lie in the drawer: float + cash sales - cash given back + cash in - cash out; fen (domain 11.5)."""
    cash_fen = figures.get(totals.CASH_FEN, 0)
    assert cash_fen == figures.get(CASH_SALES_FEN, 0) - figures.get(CASH_BACK_FEN, 0), figures
    return figures.get(FLOAT_FEN, 0) + cash_fen + figures.get(IN_FEN, 0) - figures.get(OUT_FEN, 0)


def blind(figures: Mapping[str, int]) -> Figures:
    """The figures for somebody who is still to count the drawer: no sum that holds cash, for in a shift paid in cash alone
    sales and float are what must be there (domain 11.5). Counts stay, and what channels and cards took."""
    hidden = {
        FLOAT_FEN, GOODS_FEN, CASH_SALES_FEN, CASH_BACK_FEN, totals.CASH_FEN, totals.SALES_FEN, totals.REFUNDS_FEN,
        totals.VOIDS_FEN,
    }  # fmt: skip
    return {name: number for name, number in figures.items() if name not in hidden} | {BLIND: 1}


def net_sales(figures: Mapping[str, int]) -> int:
    """净销售额: what was taken less what was given back; fen (domain 10.4). It is what the grand total grows by."""
    given = figures.get(totals.REFUNDS_FEN, 0) + figures.get(totals.VOIDS_FEN, 0)
    return figures.get(totals.SALES_FEN, 0) - given


def transactions(figures: Mapping[str, int]) -> int:
    """Numbered transactions, for the limit of a batch (domain 5.3)."""
    return sum(figures.get(name, 0) for name in (totals.SALES, totals.REFUNDS, totals.VOIDS, IN, OUT))


def settled_names(figures: Mapping[str, int]) -> Figures:
    """What of the figures the backend books too: the totals a batch is settled by."""
    kept = {name: n for name, n in figures.items() if name in totals.BASE or name.startswith(("paid_", "back_"))}
    return totals.summed((kept,))


def figures_of(fact: Fact) -> Figures:
    """What one fact adds; empty for facts that change no figure."""
    match fact:
        case Sale():
            return _sold(fact)
        case Refund():
            opened = _opened(fact.open_drawer, DRAWER_SALE)
            back = _cash_back(_cash(fact.tenders)) | voucher_figures.of_tenders(fact.tenders, -1)
            return _used(part_of(fact)) | back | opened
        case RefundTurned():
            return _used(part_of(fact)) | _cash_back(fact.amount_fen) | _opened(fact.open_drawer, DRAWER_SALE)
        case CashMoved():
            return _moved(fact)
        case ShiftOpened():
            return {FLOAT_FEN: fact.float_fen} | _opened(fact.open_drawer, DRAWER_OTHER)
        case LineRemoved():
            return {REMOVED: 1, REMOVED_FEN: fact.line.amount_fen}
        case BasketCancelled():
            return {CANCELLED: 1, CANCELLED_FEN: fact.total_fen}
        case HoldDropped():
            return {HOLDS_DROPPED: 1} | _given_up(fact)
        case OrderDropped(again=False):
            return _given_up(fact)
        case VoucherHeard():
            return voucher_figures.of_heard(fact) | _events(fact)
        case _:
            return _events(fact)


def _events(fact: Fact) -> Figures:
    """Things that are counted, not summed."""
    match fact:
        case BasketHeld():
            return {HELD: 1}
        case NoSale():
            return {DRAWER_OTHER: 1, DRAWER_HAND: 1}
        case DrawerReleased():
            return {DRAWER_SALE: 1}
        case DrawerRefused():
            return {f"drawer_refused_{fact.code}": 1}
        case DrawerPulsed(outcome="did_not_open" | "no_drawer"):
            return {DRAWER_STUCK: 1}
        case DrawerMoved(open=True, forced=True):
            return {DRAWER_FORCED: 1}
        case DrawerMoved(open=False, open_ms=open_ms) if open_ms:
            return {DRAWER_OPEN_MS: open_ms}
        case Reprinted():
            return {REPRINTS: 1, f"reprint_{fact.reason}": 1}
        case _:
            code = _code(fact)
            return {f"trouble_{code}": 1} if code else {}


_TOLD_BY_PAYMENT = (5007, 5023)
"""Alarms that ride with the payment's own fact, which has the code already; a voucher's alarms are counted themselves."""


def _code(fact: Fact) -> int:
    """The error code a fact brought to the screen; 0: none. A refusal that leaves no fact is in no figure."""
    match fact:
        case Trouble(code):
            return 0 if code in _TOLD_BY_PAYMENT else code
        case PaymentHeard(state="unknown" | "failed"):
            return fact.code
        case VoucherHeard(state="rejected"):
            return fact.code if fact.shortage_fen <= 0 else 0  # a shortage has an alarm of its own
        case SignOnRefused():
            return 2004 if fact.locked else 2002
        case SlipPrinted() | Approved():
            return fact.code
        case _:
            return 0


def _given_up(fact: HoldDropped | OrderDropped) -> Figures:
    """A held basket or an order that became no sale, like a basket cancelled at the counter."""
    return {CANCELLED: 1, CANCELLED_FEN: fact.total_fen} if fact.batch else {}


def _sold(sale: Sale) -> Figures:
    cash_fen = _cash(sale.tenders)
    figures = _used(part_of(sale)) | {GOODS_FEN: sale.total_fen}
    figures[ITEMS_MILLI] = sum(1000 if line.weighed else line.quantity_milli for line in sale.lines)
    for off in sale.reductions:
        for name, number in ((f"off_{off.kind}", 1), (f"off_{off.kind}_fen", off.amount_fen)):
            figures[name] = figures.get(name, 0) + number
    for part in sale.tenders:
        if part.fee_fen:
            name = f"fee_{'card' if part.kind == 'card' else part.channel}_fen"
            figures[name] = figures.get(name, 0) + part.fee_fen
    if any(part.kind == "cash" for part in sale.tenders):
        figures |= {CASH_SALES: 1, CASH_SALES_FEN: cash_fen}
    if sale.late:
        figures |= {LATE: 1, LATE_FEN: sale.due_fen}
    return figures | voucher_figures.of_tenders(sale.tenders) | _opened(sale.open_drawer, DRAWER_SALE)


def _cash(tenders: tuple[TenderPart, ...]) -> int:
    return sum(part.paid_fen - part.change_fen for part in tenders if part.kind == "cash")


def _cash_back(fen: int) -> Figures:
    return {CASH_BACK: 1, CASH_BACK_FEN: fen} if fen else {}


def _moved(fact: CashMoved) -> Figures:
    count, fen = (IN, IN_FEN) if fact.way == "in" else (OUT, OUT_FEN)
    named = f"{fact.way}_{fact.reason}"
    moved = {count: 1, fen: fact.amount_fen, named: 1, f"{named}_fen": fact.amount_fen}
    return moved | _opened(fact.open_drawer, DRAWER_OTHER)


def _opened(opened: bool, name: str) -> Figures:
    return {name: 1} if opened else {}


def _used(part: Figures) -> Figures:
    """Without the names that are there and 0."""
    return {name: number for name, number in part.items() if number}
