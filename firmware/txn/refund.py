"""Giving back: void (撤销) and refund (退货), never more than was sold or paid, by line and by tender (domain 1.6, 5.3).

A refund is one commit: `Refund`, and a `RefundSent` for every part that goes back by a channel; nothing leaves before it.
When the backend can be asked, it first keeps the goods for this refund (`ReserveSent`), because the same slip can be
shown at another terminal; a sale of another terminal is never given back without that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import msgspec

from firmware.txn import drawer, lock, numbers, original, shift, voucher_back
from firmware.txn.approve import authority
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.original import Back, BackLine, Original
from rules.errors import first_refusal
from rules.giving_back import DAY_MS, days_between
from rules.orders import REFUND_MAX, order_no, refund_no, terminal_no
from rules.rights import Right, Role, grant, role_of
from rules.settings import Settings
from rules.settings_counter import TenderKind
from wire import facts
from wire.facts import (
    Carried,
    Fact,
    Origin,
    Refund,
    RefundHeard,
    RefundLine,
    RefundSent,
    RefundTurned,
    ReserveEnded,
    ReserveFreed,
    ReserveSent,
    TenderPart,
)
from wire.records import RECORD_BYTES_MAX

REASON_CHARS_MAX = 32
REFERENCE_DIGITS_MAX = 12
"""The reference number (参考号) of a card terminal's slip; fewer digits than any card number has (domain 5.3)."""

CHANCE_CHARS = 24
RECORDS_KEPT_MS = 35 * DAY_MS
"""Acknowledged records stay at least this long, so that a restored backend can ask again (decisions 9)."""

Chosen = tuple[tuple[int, int], ...]
"""Lines of the sale coming back: index and thousandths."""


@dataclass(frozen=True, slots=True)
class VoidSale:
    """Undo a whole sale of this batch of which nothing went back yet; code payments go back by refund (docs/adr/0025).
    `reference`: of the void on the card terminal."""

    known: Original
    reason: str
    reference: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Refund` or `ReserveSent`, with its vouchers whole; or 1003, 2001, 2005, 2006, 2012, 2014, 2016, 4010, 5015, 5018,
        6014, and 3019 or 3020 for a voucher that cannot go back: then only a refund of the money is left."""
        found = original.fresh(ctx.books, ctx.terminal, self.known)
        if found is not None and not voidable(ctx, found):
            code = 6014 if in_batch(ctx, found) else 2012
            return _refused(ctx, Right.SALE_VOID, found, (), (), code) or Refusal(code)
        chosen = found.everything() if found else ()
        vouchers = tuple(use.request_no for use in found.uses()) if found else ()
        return _give_back(ctx, Right.SALE_VOID, found, chosen, vouchers, self.reason, self.reference)


@dataclass(frozen=True, slots=True)
class RefundGoods:
    """Take goods of a sale back: all that is left of it, or the lines and quantities chosen. `reference`: of the refund
    on the card terminal, when a part goes back by card. `vouchers`: those that were shown to go back whole with it, by
    their request numbers; None: whichever can."""

    known: Original
    chosen: Chosen
    reason: str
    reference: str = ""
    vouchers: tuple[str, ...] | None = None

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Refund` or `ReserveSent`, or 1003, 2001, 2005, 2006, 2012, 2014, 2016, 4010, 5015, 5016, 5018, 5020, 6014,
        6015; 3019 or 3020 when vouchers paid for all of it and stay, or one of `vouchers` cannot go back any more; 3027 when
        nothing but vouchers paid for it that go back with more goods than these."""
        found = original.fresh(ctx.books, ctx.terminal, self.known)
        vouchers = self.vouchers
        if vouchers is None:
            fits = found is not None and not exceeds(found, self.chosen)
            vouchers = voucher_back.returnable(ctx, found, self.chosen) if fits and found is not None else ()
        return _give_back(ctx, Right.REFUND, found, self.chosen, vouchers, self.reason, self.reference)


def in_batch(ctx: Context, sale: Original) -> bool:
    """Whether the sale belongs to the shift that is open here."""
    current = shift.current(ctx.books)
    return sale.local and current is not None and sale.sale.batch == current.batch


def voidable(ctx: Context, sale: Original) -> bool:
    """Whether giving the sale back whole is a void (撤销) and not a refund (domain 1.6)."""
    return in_batch(ctx, sale) and not sale.touched


def online(ctx: Context) -> bool:
    """Whether the backend can be asked now (decisions 22)."""
    return ctx.devices.link == "up" and ctx.devices.answered and not ctx.safe_mode


def too_late(ctx: Context, sale: Original) -> bool:
    """Whether the time for giving back is over (`refunds.days_max`). Without a trusted clock only this batch is certain;
    a sale paid in cash alone goes by the business dates, which people confirmed (decisions 17)."""
    current = shift.current(ctx.books)
    if in_batch(ctx, sale) or current is None:
        return False
    if ctx.now.trusted:
        return overdue(ctx, sale.origin.at_ms)
    if any(part.kind != "cash" for part in sale.sale.tenders):
        return True
    since, today = date.fromisoformat(sale.sale.business_date), date.fromisoformat(current.business_date)
    return (today - since).days > ctx.settings.refunds.days_max


def overdue(ctx: Context, since_ms: int) -> bool:
    """Whether more days than the shop allows have passed, by a clock that is trusted."""
    assert ctx.now.trusted
    return days_between(since_ms, ctx.now.wall_ms) > ctx.settings.refunds.days_max


def records_kept_ms(settings: Settings) -> int:
    """How long records stay at least: what can still be given back is never pruned (decisions 9)."""
    return max(RECORDS_KEPT_MS, (settings.refunds.days_max + 1) * DAY_MS)


# --- deciding ----------------------------------------------------------------------------------------------------------


def _give_back(
    ctx: Context, right: Right, found: Original | None, chosen: Chosen, vouchers: tuple[str, ...], reason: str,
    reference: str,
) -> Decision | Refusal:  # fmt: skip
    assert 0 < len(reason) <= REASON_CHARS_MAX
    assert len(reference) <= REFERENCE_DIGITS_MAX
    if refusal := _refused(ctx, right, found, chosen, vouchers):
        return refusal
    assert found is not None
    refund = _refund(ctx, right, found, found.back(chosen, vouchers), reason, reference)
    if len(facts.encode(refund)) > RECORD_BYTES_MAX - 256:
        return Refusal(6007)
    if not found.local or (online(ctx) and original.epoch_number(ctx.books)):
        number = terminal_no(ctx.terminal) + ctx.chance.hex()[:CHANCE_CHARS]
        return Decision((ReserveSent(number, msgspec.structs.replace(refund, reserve_no=number)),))
    return Decision(booked(ctx, refund))


def _refused(
    ctx: Context, right: Right, found: Original | None, chosen: Chosen, vouchers: tuple[str, ...], *more: int
) -> Refusal | None:
    """Why nothing can go back, by the precedence of state, right, amount, device (decisions 23)."""
    if found is None:
        return lacking(ctx, right, 2014 if shift.current(ctx.books) is None else None, 4010)
    too_much = 6014 if exceeds(found, chosen) else None
    money = None if too_much else sum(found.share_fen(index, milli) for index, milli in chosen)
    going = sum(use.deduct_fen for use in found.uses() if use.request_no in vouchers)
    amount = None if money is None else money + going
    states = (
        lock.sells_no_more(ctx.books),
        2014 if shift.current(ctx.books) is None else None,
        5016 if too_late(ctx, found) else None,
        6015 if not found.local and not (online(ctx) and original.epoch_number(ctx.books)) else None,
        5018 if reserving(ctx.books, found) else None,
        5018 if (too_much or not found.left_fen) and processing(ctx.books, found) else None,
    )
    if refusal := lacking(ctx, right, *states) or voucher_back.may_undo(ctx, found, vouchers):
        return refusal
    if not too_much and (refusal := _voucher_stands(ctx, found, chosen, vouchers, money or 0)):
        return refusal
    over = amount is not None and money is not None and (amount > found.left_fen or money > found.left_money_fen)
    code = first_refusal((
        *limits(ctx, right, found.origin, in_batch(ctx, found), amount or 0), *more, too_much, 5015 if over else None,
        None if chosen or more else 5020 if found.everything() else 6014,
        1003 if money and not over and _by_code(found, money) and not online(ctx) else None,
        1003 if voucher_back.need_link(ctx.books, vouchers) and not online(ctx) else None,
    ))  # fmt: skip
    return Refusal(code) if code else None


def _voucher_stands(
    ctx: Context, found: Original, chosen: Chosen, vouchers: tuple[str, ...], money_fen: int
) -> Refusal | None:
    """3019, 3020 or 3027 when a voucher that is to go back cannot, or when nothing but vouchers paid for these goods and
    none goes back with them."""
    if not set(vouchers) <= set(found.whole_with(chosen)):
        return voucher_back.why_kept(ctx, found, chosen)
    if refusal := voucher_back.standing(ctx, found, vouchers):
        return refusal
    nothing = chosen and not money_fen and not vouchers and sum(found.line(index).net_fen or 0 for index, _ in chosen)
    return voucher_back.why_kept(ctx, found, chosen) if nothing else None


def exceeds(found: Original, chosen: Chosen) -> bool:
    """Whether more is asked back than is left of the sale."""
    lines = [index for index, _ in chosen]
    if len(set(lines)) < len(lines) or not all(0 <= index < len(found.sale.lines) for index in lines):
        return True
    return not all(0 < milli <= found.left_milli(index) for index, milli in chosen)


def limits(ctx: Context, right: Right, origin: Origin, running: bool, amount_fen: int) -> tuple[int | None, ...]:
    """2012 and 2016 of a role whose right is limited: a cashier's to the running batch, anybody's to
    `refunds.supervisor_max_fen` of one sale on one business day, in however many parts. Above that two supervisors must
    act together."""
    role = authority(ctx)
    limited = grant(role, right, ctx.settings.rights) == "limited"
    older = limited and role is Role.CASHIER and not running
    today_fen = given_today_fen(ctx.books, origin)
    return (2012 if older else None, 2016 if above_limit(ctx, right, today_fen + amount_fen) else None)


def given_today_fen(books: Reading, origin: Origin) -> int:
    """What went back of a sale at this terminal on the business day of the open shift."""
    current = shift.current(books)
    today = current.business_date if current else ""
    return sum(fact.total_fen for fact in original.refunds_of(books, origin) if fact.business_date == today)


def above_limit(ctx: Context, right: Right, amount_fen: int) -> bool:
    """Whether so much needs more authority than there is: two supervisors together have it."""
    both = bool(ctx.approver) and is_supervisor(ctx.session.operator)
    limited = grant(authority(ctx), right, ctx.settings.rights) == "limited"
    return limited and not both and amount_fen > ctx.settings.refunds.supervisor_max_fen


def is_supervisor(operator: str) -> bool:
    """Whether the number is a supervisor's."""
    return role_of(operator) is Role.SUPERVISOR


def _by_code(found: Original, amount_fen: int) -> bool:
    return any(part.kind == "code" for part, _ in found.tenders(amount_fen))


def _refund(ctx: Context, right: Right, found: Original, back: Back, reason: str, reference: str) -> Refund:
    """What will be booked; the numbers of its channel parts are given when it is."""
    open_shift = shift.current(ctx.books)
    assert open_shift is not None
    lines = tuple(_line(found, line) for line in back.lines)
    total = back.total_fen
    tenders = tuple(_tender(part, fen, reference) for part, fen in back.tenders)
    assert sum(part.paid_fen for part in tenders) == total
    return Refund(
        "void" if right is Right.SALE_VOID else "refund", open_shift.batch, 0, ctx.session.operator,
        open_shift.business_date, found.origin, lines, total, tenders, reason, ctx.settings.revision, ctx.approver,
        print_slip=ctx.devices.prints, open_drawer=opens(ctx, _cash(tenders), _kinds(tenders)),
    )  # fmt: skip


def _line(found: Original, line: BackLine) -> RefundLine:
    sold = found.sale.lines[line.index]
    return RefundLine(
        line.index, sold.sku, sold.name, line.milli, line.amount_fen, sold.unit, sold.weighed, sold.tax_bp,
        line.voucher_fen, line.earlier_fen,
    )  # fmt: skip


def _tender(part: TenderPart, fen: int, reference: str) -> TenderPart:
    match part.kind:
        case "code":
            return TenderPart("code", fen, channel=part.channel, order_no=part.order_no, channel_no=part.channel_no)
        case "card":
            return TenderPart("card", fen, reference=reference, last4=part.last4)
        case "voucher":
            return TenderPart("voucher", fen, channel=part.channel, channel_no=part.channel_no, voucher=part.voucher)
        case "cash":
            return TenderPart("cash", fen)


def _cash(tenders: Iterable[TenderPart]) -> int:
    return sum(part.paid_fen for part in tenders if part.kind == "cash")


def _kinds(tenders: Iterable[TenderPart]) -> tuple[TenderKind, ...]:
    return tuple(dict.fromkeys(part.kind for part in tenders))


def opens(ctx: Context, cash_fen: int, kinds: tuple[TenderKind, ...] = ("cash",)) -> bool:
    """Whether the rules let the drawer open at once for cash that goes out (domain 11.4); else a key or a supervisor."""
    return cash_fen > 0 and drawer.opening(ctx, "refund", kinds, cash_fen) == "open"


def booked(ctx: Context, plan: Refund) -> tuple[Fact, ...]:
    """`plan` booked in the running shift: the refund under the next trace, and what asks each channel for its part and each
    platform for its voucher."""
    open_shift = shift.current(ctx.books)
    assert open_shift is not None
    trace = numbers.next_trace(ctx.books)
    here = original.of_seq(ctx.books, ctx.terminal, plan.origin.seq)
    own = here is not None and here.origin == plan.origin
    tenders: list[TenderPart] = []
    sent: list[RefundSent] = []
    for part in plan.tenders:
        if part.kind == "code":
            index = len(sent) + 1
            number = next_refund_no(ctx.books, part.order_no) if own else ""
            number = number or refund_no(
                order_no(
                    open_shift.business_date, ctx.terminal, original.epoch_number(ctx.books), open_shift.batch, trace, 1
                ),
                index,
            )
            part = msgspec.structs.replace(part, refund_no=number)
            sent.append(RefundSent(number, part.order_no, part.channel, part.paid_fen, trace, plan.operator, plan.way))
        tenders.append(part)
    refund = msgspec.structs.replace(
        plan, batch=open_shift.batch, business_date=open_shift.business_date, trace=trace, tenders=tuple(tenders)
    )
    assert refund.lines
    assert sum(line.amount_fen for line in refund.lines) == refund.total_fen
    return (refund, *sent, *voucher_back.undos(ctx.books, refund))


def next_refund_no(books: Reading, order: str) -> str:
    """Number of the next refund of a payment of this journal: the payment's without its date, `R`, and how many there
    were (domain 1.3); empty when ninety-nine have been used up."""
    rows = books.read("SELECT count(*) FROM refund_part WHERE order_no = ?", order)
    index = int(rows[0][0]) + 1
    return refund_no(order, index) if index <= REFUND_MAX else ""


def reserving(books: Reading, found: Original) -> bool:
    """Whether a refund of this sale waits for the backend already: that one is to be finished first."""
    origin = found.origin
    return bool(books.read(
        "SELECT 1 FROM reservation WHERE terminal = ? AND epoch = ? AND sale = ? LIMIT 1",
        origin.terminal, origin.epoch, origin.seq,
    ))  # fmt: skip


def processing(books: Reading, found: Original) -> bool:
    """Whether money of this sale is on its way back: giving it back once more would be a second time (5018)."""
    orders = [part.order_no for part in found.sale.tenders if part.kind == "code"]
    return any(
        books.read("SELECT 1 FROM refund_part WHERE order_no = ? AND state IN ('sent', 'processing', 'unknown')", each)
        for each in orders
    )


# --- projections -------------------------------------------------------------------------------------------------------


def _given(books: Books, fact: Refund, entry: Entry) -> None:
    assert sum(part.paid_fen for part in fact.tenders) == fact.total_fen
    origin = fact.origin
    for line in fact.lines:
        books.write(
            "INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?)",
            origin.terminal, origin.epoch, origin.seq, line.index, entry.seq, line.quantity_milli, line.amount_fen,
        )  # fmt: skip
    if fact.reserve_no:
        books.write("DELETE FROM reservation WHERE reserve_no = ?", fact.reserve_no)


def _reserving(books: Books, fact: ReserveSent, entry: Entry) -> None:
    origin = fact.refund.origin
    books.write(
        "INSERT OR REPLACE INTO reservation VALUES (?, ?, ?, ?, ?)",
        fact.reserve_no, entry.seq, origin.terminal, origin.epoch, origin.seq,
    )  # fmt: skip


def _not_reserved(books: Books, fact: ReserveEnded, entry: Entry) -> None:
    """What a person gave up the backend still keeps until it has heard of it."""
    if not fact.code:
        books.write(
            "INSERT OR REPLACE INTO release SELECT reserve_no, seq FROM reservation WHERE reserve_no = ?",
            fact.reserve_no,
        )
    books.write("DELETE FROM reservation WHERE reserve_no = ?", fact.reserve_no)


def _freed(books: Books, fact: ReserveFreed, entry: Entry) -> None:
    books.write("DELETE FROM release WHERE reserve_no = ?", fact.reserve_no)


def _sent(books: Books, fact: RefundSent, entry: Entry) -> None:
    """Asked again under the same number it is the same refund, known from the newer record on: the older may be pruned."""
    books.write(
        "INSERT INTO refund_part VALUES (?, ?, ?, ?, ?, ?, ?, 'sent', 0)"
        " ON CONFLICT (refund_no) DO UPDATE SET seq = excluded.seq, state = 'sent', code = 0",
        fact.refund_no, entry.seq, fact.trace, fact.order_no, fact.channel, fact.amount_fen, fact.why,
    )  # fmt: skip


def _heard(books: Books, fact: RefundHeard, entry: Entry) -> None:
    """What was refunded stays refunded, and what was paid in cash instead stays paid, whatever is heard later."""
    books.write(
        "UPDATE refund_part SET state = ?, code = ? WHERE refund_no = ? AND state NOT IN ('refunded', 'turned')",
        fact.state, fact.code, fact.refund_no,
    )  # fmt: skip


def _turned(books: Books, fact: RefundTurned, entry: Entry) -> None:
    books.write("UPDATE refund_part SET state = 'turned', code = 0 WHERE refund_no = ?", fact.refund_no)


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """What may still be given back is never pruned, so of older refunds nobody asks any more."""
    books.write("DELETE FROM given WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM refund_part WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE given(terminal TEXT NOT NULL, epoch INTEGER NOT NULL, sale INTEGER NOT NULL, line INTEGER NOT NULL,"
        " seq INTEGER NOT NULL, quantity_milli INTEGER NOT NULL, amount_fen INTEGER NOT NULL,"
        " PRIMARY KEY (terminal, epoch, sale, line, seq)) STRICT, WITHOUT ROWID",
        "CREATE TABLE reservation(reserve_no TEXT PRIMARY KEY, seq INTEGER NOT NULL, terminal TEXT NOT NULL,"
        " epoch INTEGER NOT NULL, sale INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE release(reserve_no TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE refund_part(refund_no TEXT PRIMARY KEY, seq INTEGER NOT NULL, trace INTEGER NOT NULL,"
        " order_no TEXT NOT NULL, channel TEXT NOT NULL, amount_fen INTEGER NOT NULL, why TEXT NOT NULL,"
        " state TEXT NOT NULL, code INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
    {
        Carried: _carried, Refund: _given, ReserveSent: _reserving, ReserveEnded: _not_reserved,
        ReserveFreed: _freed, RefundSent: _sent,
        RefundHeard: _heard, RefundTurned: _turned,
    },
)  # fmt: skip
