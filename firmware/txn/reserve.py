"""Sales of other terminals: looked up at the backend, and reserved there before anything of them goes back.

A reservation is journaled before it is asked for and keeps its number until it is used up or given up: a lost answer, or
a power cut between grant and refund, is asked again and answered alike.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from firmware.events import Ask
from firmware.txn import checkout, payment, refund, shift
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.original import of_seq
from rules.rights import Right
from rules.slip_code import read_slip_code
from wire import facts
from wire.facts import Origin, ReserveEnded, ReserveFreed, ReserveSent
from wire.messages import AskReserve, AskSale

KEY_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class LookUpSale:
    """Ask the backend for a sale, by what its slip, its bill or the cashier says. Never queued."""

    key: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, or 2001, 5007 and 5029 for an order of ours that is not sold yet, 2005, 6015 without a link, 6009 for
        what can be no number of a sale."""
        offline = None if refund.online(ctx) else 6015
        if refusal := _allowed(ctx, waiting(ctx, self.key) or offline):
            return refusal
        if not 0 < len(self.key) <= KEY_CHARS_MAX or not self.key.isprintable():
            return Refusal(6009)
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
    """The backend keeps the goods for us, or cannot be asked and they are of our own journal: book the refund."""

    reserve_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Refund` with what its channels are asked, or 2014, 4010, 5018, 6014."""
        plan = reserved(ctx.books, self.reserve_no)
        if plan is None or shift.current(ctx.books) is None:
            return Refusal(4010 if plan is None else 2014)
        fact = plan[1].refund
        here = of_seq(ctx.books, ctx.terminal, fact.origin.seq)
        if here is not None and here.origin == fact.origin:
            chosen = tuple((line.index, line.quantity_milli) for line in fact.lines)
            same = not refund.exceeds(here, chosen) and all(
                here.share_fen(line.index, line.quantity_milli) == line.amount_fen for line in fact.lines
            )
            if not same:  # something of it went back in the meantime
                return Refusal(5018 if refund.processing(ctx.books, here) else 6014)
        return Decision(refund.booked(ctx, fact))


@dataclass(frozen=True, slots=True)
class EndReservation:
    """No refund comes of it: the backend refused it with `code`, or the operator gives it up (0) and its goods are free
    again: the desk tells the backend until it has heard."""

    reserve_no: str
    code: int = 0

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReserveEnded`, or 4010; 6015 while the backend cannot be told."""
        plan = reserved(ctx.books, self.reserve_no)
        if plan is None:
            return Refusal(4010)
        if self.code:
            return Decision((ReserveEnded(self.reserve_no, self.code, ctx.session.operator),))
        if not refund.online(ctx):
            return Refusal(6015)
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
    return found[0], msgspec.structs.replace(ask_of(found[1]), quantities={}, total_fen=0)


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
    here = of_seq(ctx.books, ctx.terminal, origin.seq)
    return here is not None and here.origin == origin


def ask_of(fact: ReserveSent) -> AskReserve:
    """What the backend is asked."""
    plan = fact.refund
    quantities = {str(line.index): line.quantity_milli for line in plan.lines}
    origin = plan.origin
    return AskReserve(fact.reserve_no, origin.terminal, origin.epoch, origin.seq, quantities, plan.total_fen)
