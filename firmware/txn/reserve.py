"""Sales of other terminals: looked up at the backend, and reserved there before anything of them goes back.

A reservation is journaled before it is asked for and keeps its number until it is used up or given up: a lost answer, or
a power cut between grant and refund, is asked again and answered alike.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from firmware.events import Ask
from firmware.txn import checkout, payment, refund, shift, voucher_back
from firmware.txn.books import Reading
from firmware.txn.collect import is_key
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.original import Original, of_seq
from rules.errors import first_refusal
from rules.payment_codes import may_be_card, recognised
from rules.rights import Right
from rules.slip_code import read_slip_code
from wire import facts
from wire.facts import Origin, Refund, ReserveEnded, ReserveFreed, ReserveSent
from wire.messages import AskReserve, AskSale, tender_sums

_RECEIPT = re.compile(r"([0-9A-Za-z_-]{1,40}-)?[0-9]{6}-[0-9]{6}", re.ASCII)


def key_refusal(ctx: Context, key: str) -> int | None:
    """Why a sale cannot be looked up by `key`: 5001 for a customer's payment code, 5030 for a card number, neither of which
    is shown, kept or sent (domain 1.1, 1.2); 6009 for what is no receipt's, payment's or bill's number."""
    if _RECEIPT.fullmatch(key):
        return None
    if recognised(key, ctx.settings.tenders.channels):
        return 5001
    if may_be_card(key):
        return 5030
    return None if is_key(key) else 6009


@dataclass(frozen=True, slots=True)
class LookUpSale:
    """Ask the backend for a sale, by what its slip, its bill or the cashier says. Never queued."""

    key: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, or 2001, 5007 and 5029 for an order of ours that is not sold yet, 2005, 6015 without a link, 5001, 5030,
        6009 for what can be no number of a sale."""
        offline = None if refund.online(ctx) else 6015
        if refusal := _allowed(ctx, waiting(ctx, self.key) or offline):
            return refusal
        if code := key_refusal(ctx, self.key):
            return Refusal(code)
        return Decision(effects=(Ask(0, AskSale(self.key)),))


@dataclass(frozen=True, slots=True)
class AskReservation:
    """Ask for an open reservation once more: the number stays. `tries`: how often that was done on end."""

    reserve_no: str
    tries: int = 0

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, or 2001, 2005, 4010 when it is not open, 6015 without a link."""
        plan = reserved(ctx.books, self.reserve_no)
        if refusal := _allowed(ctx, None if plan else 4010, None if refund.online(ctx) else 6015):
            return refusal
        assert plan is not None
        seq, fact = plan
        return Decision(effects=(Ask(seq, ask_of(fact)),))


@dataclass(frozen=True, slots=True)
class UseReservation:
    """The backend keeps the goods for us, or cannot be asked and they are of our own journal: book the refund.

    It is decided anew: since it was asked for, the batch may have ended, so that no void is possible any more, the time
    may be over, and whoever asked for it may have left. Then somebody with the right must do it; until then it waits.
    """

    reserve_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Refund` with what its channels are asked, or 2001, 2005, 2006, 2012, 2014, 2016, 4010, 5015, 5016, 5018, 6014."""
        found, current = reserved(ctx.books, self.reserve_no), shift.current(ctx.books)
        if found is None or current is None:
            return Refusal(4010 if found is None else 2014)
        plan = found[1].refund
        if ctx.session.operator == plan.operator:
            ctx = replace(ctx, approver=ctx.approver or plan.approver)
        void = plan.way == "void" and plan.batch == current.batch
        right = Right.SALE_VOID if void else Right.REFUND
        here = _here(ctx, plan.origin)
        if refusal := lacking(ctx, right, 5016 if _too_late(ctx, plan, here) else None):
            return refusal
        vouchers = vouchers_of(plan)
        if here is not None and (refusal := _voucher_refusal(ctx, here, vouchers)):
            return refusal
        running = here is not None and refund.in_batch(ctx, here)
        limits = refund.limits(ctx, right, plan.origin, running, plan.total_fen)
        if code := first_refusal((*limits, _gone(ctx, plan, here) if here else None)):
            return Refusal(code)
        way: Literal["void", "refund"] = "void" if void else "refund"
        who = ctx.session.operator  # whoever does it now, not who asked for it: the approval is his
        return Decision(refund.booked(ctx, msgspec.structs.replace(plan, way=way, operator=who, approver=ctx.approver)))


def _too_late(ctx: Context, plan: Refund, here: Original | None) -> bool:
    """Of another terminal's sale without a trusted clock only this is known: on its business day it was within the time."""
    if here is not None:
        return refund.too_late(ctx, here)
    if ctx.now.trusted:
        return refund.overdue(ctx, plan.origin.at_ms)
    current = shift.current(ctx.books)
    return current is None or current.business_date != plan.business_date


def _gone(ctx: Context, plan: Refund, here: Original) -> int | None:
    """Why a sale of our own does not have the planned goods and money left: something of it went back meanwhile."""
    chosen = tuple((line.index, line.quantity_milli) for line in plan.lines)
    vouchers = vouchers_of(plan)
    fits = not refund.exceeds(here, chosen) and set(vouchers) <= set(here.whole_with(chosen))
    money = sum(here.share_fen(*each) for each in chosen) if fits else 0
    fits = fits and money <= here.left_money_fen
    wanted = [line.amount_fen for line in plan.lines]
    if not fits or [line.amount_fen for line in here.back(chosen, vouchers).lines] != wanted:
        return 5018 if refund.processing(ctx.books, here) else 6014
    left = here.left_by_tender()
    return 5015 if any(fen > left.get(name, 0) for name, fen in tender_sums(plan.tenders).items()) else None


def vouchers_of(plan: Refund) -> tuple[str, ...]:
    """The vouchers that go back whole with a refund."""
    return tuple(part.voucher.request_no for part in plan.tenders if part.voucher is not None)


def _voucher_refusal(ctx: Context, here: Original, vouchers: tuple[str, ...]) -> Refusal | None:
    """The platform's time may be over by now, or nobody there may give a voucher back."""
    return voucher_back.may_undo(ctx, here, vouchers) or voucher_back.standing(ctx, here, vouchers)


def _here(ctx: Context, origin: Origin) -> Original | None:
    found = of_seq(ctx.books, ctx.terminal, origin.seq)
    return found if found is not None and found.origin == origin else None


@dataclass(frozen=True, slots=True)
class EndReservation:
    """No refund comes of it: the backend refused it with `code`, or the operator gives it up (0) and its goods are free
    again: the desk tells the backend until it has heard."""

    reserve_no: str
    code: int = 0

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReserveEnded`, or 4010; of who gives it up also 2001 and 2005, and 6015 while the backend cannot be told."""
        plan = reserved(ctx.books, self.reserve_no)
        if plan is None:
            return Refusal(4010)
        if self.code:
            return Decision((ReserveEnded(self.reserve_no, self.code, ctx.session.operator),))
        if refusal := _allowed(ctx, None if refund.online(ctx) else 6015):
            return refusal
        return Decision((ReserveEnded(self.reserve_no, 0, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class HearRelease:
    """The backend has heard that a reservation is given up."""

    reserve_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReserveFreed`; nothing when it is not being told so."""
        return Decision((ReserveFreed(self.reserve_no),) if releasing(ctx.books, self.reserve_no) else ())


def waiting(ctx: Context, key: str) -> int | None:
    """Why an order of this terminal that `key` names cannot be given back yet: its payment is not known (5007), or it
    waits to be paid in full (5029). Elsewhere it would be looked for in vain, and somebody might pay it out by hand."""
    known = payment.find(ctx.books, key) or (payment.by_channel_no(ctx.books, key) if key.isdigit() else None)
    name = read_slip_code(key.removeprefix(f"{ctx.terminal}-"))
    if known is None and (name is None or name.terminal):
        return None
    order = checkout.find(ctx.books, known.trace if known is not None else name.trace if name is not None else 0)
    if known is None and (order is None or name is None or order.batch != name.batch):
        return None
    asked = (known,) if known is not None else payment.of_order(ctx.books, order.trace) if order is not None else ()
    if any(each.is_open for each in asked):
        return 5007
    return 5029 if order is not None and order.state in ("open", "parked") else None


def _allowed(ctx: Context, *states: int | None) -> Refusal | None:
    """A look needs the right to give back, be it with a supervisor: their PIN is asked for when money moves."""
    refusal = lacking(ctx, Right.REFUND, *states)
    return None if refusal is not None and refusal.code == 2006 else refusal


def open_reservations(books: Reading) -> tuple[str, ...]:
    """Numbers of reservations that neither a refund nor a person ended, oldest first."""
    return tuple(str(row[0]) for row in books.read("SELECT reserve_no FROM reservation ORDER BY seq"))


def reserved(books: Reading, reserve_no: str) -> tuple[int, ReserveSent] | None:
    """An open reservation with its seq."""
    return _sent(books, "reservation", reserve_no)


def releases(books: Reading) -> tuple[str, ...]:
    """Numbers of reservations that were given up and the backend may still keep, oldest first."""
    return tuple(str(row[0]) for row in books.read("SELECT reserve_no FROM release ORDER BY seq"))


def releasing(books: Reading, reserve_no: str) -> tuple[int, AskReserve] | None:
    """What tells the backend that a reservation is given up, with the seq of its record; None when it need not be told."""
    found = _sent(books, "release", reserve_no)
    if found is None:
        return None
    return found[0], msgspec.structs.replace(ask_of(found[1]), quantities={}, total_fen=0, tenders={})


def _sent(books: Reading, table: Literal["reservation", "release"], reserve_no: str) -> tuple[int, ReserveSent] | None:
    rows = books.read(
        f"SELECT j.seq, j.version, j.body FROM {table} r JOIN journal j ON j.seq = r.seq WHERE r.reserve_no = ?",
        reserve_no,
    )
    if not rows:
        return None
    fact = facts.decode("reserve_sent", int(rows[0][1]), rows[0][2])
    assert isinstance(fact, ReserveSent)
    return int(rows[0][0]), fact


def is_ours(ctx: Context, origin: Origin) -> bool:
    """Whether the sale is in this journal."""
    return _here(ctx, origin) is not None


def ask_of(fact: ReserveSent) -> AskReserve:
    """What the backend is asked."""
    plan = fact.refund
    quantities = {str(line.index): line.quantity_milli for line in plan.lines}
    origin = plan.origin
    return AskReserve(fact.reserve_no, origin.terminal, origin.epoch, origin.seq, quantities, plan.total_fen,
        tender_sums(plan.tenders),
    )  # fmt: skip
