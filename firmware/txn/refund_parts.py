"""What became of the money that goes back by channels: still under way, done, or refused for good and paid in cash.

The payments desk asks and journals the answers; here they are looked at, and a person decides about what a channel
refuses (5015, 5016, 5017): ask it again, or pay it in cash, never both.
"""

from dataclasses import dataclass
from typing import Literal

from firmware.txn import numbers, refund, shift
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right
from wire.facts import RefundSent, RefundTurned

UNDER_WAY = ("sent", "processing", "unknown")


@dataclass(frozen=True, slots=True)
class Part:
    """Money going back by a channel. `state`: sent, processing, unknown, refunded, failed, or turned (paid in cash)."""

    refund_no: str
    trace: int
    order_no: str
    channel: str
    amount_fen: int
    why: Literal["refund", "void", "late", "duplicate"]
    state: str
    code: int

    @property
    def under_way(self) -> bool:
        """Nobody knows yet; it is being asked for."""
        return self.state in UNDER_WAY

    @property
    def retriable(self) -> bool:
        """The channel may do it later (5017): the same refund, asked again under its number."""
        return self.state == "failed" and self.code == 5017


_COLUMNS = "refund_no, trace, order_no, channel, amount_fen, why, state, code"


def part(books: Reading, refund_no: str) -> Part | None:
    """One of them."""
    rows = books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE refund_no = ?", refund_no)
    return Part(*rows[0]) if rows else None


def parts_of(books: Reading, seq: int) -> tuple[Part, ...]:
    """The channel parts of the refund at `seq`, in the order of its tenders; trace numbers come again after a million."""
    rows = books.read(
        f"SELECT {_COLUMNS} FROM refund_part WHERE seq > ?1 AND trace = (SELECT trace FROM slip_made WHERE seq = ?1)"
        " AND trace > 0 ORDER BY refund_no",
        seq,
    )
    return tuple(Part(*row) for row in rows)


def open_parts(books: Reading) -> tuple[Part, ...]:
    """Those that still need a channel or a person, oldest first; also what the terminal gives back by itself."""
    rows = books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE state NOT IN ('refunded', 'turned') ORDER BY seq")
    return tuple(Part(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class TurnRefund:
    """Pay in cash what a channel refused for good (`refunds.cash_for_codes`); a supervisor decides."""

    refund_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`RefundTurned`, or 2001, 2005, 2006, 2014, 2016, 4010, 5018 while the channel may still pay."""
        found = part(ctx.books, self.refund_no)
        states = (_not_failed(found), None if shift.current(ctx.books) else 2014)
        if refusal := lacking(ctx, Right.REFUND, *states):
            return refusal
        assert found is not None
        if not ctx.settings.refunds.cash_for_codes:
            return Refusal(2005, "refunds.cash_for_codes")
        if not (ctx.approver or refund.is_supervisor(ctx.session.operator)):
            return Refusal(2006)
        if refund.above_limit(ctx, Right.REFUND, found.amount_fen):
            return Refusal(2016)
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        operator = ctx.session.operator
        return Decision((RefundTurned(
            found.refund_no, found.amount_fen, open_shift.batch, found.trace or numbers.next_trace(ctx.books), operator,
            ctx.approver, print_slip=ctx.devices.printer != "none", open_drawer=refund.opens(ctx, found.amount_fen),
        ),))  # fmt: skip


@dataclass(frozen=True, slots=True)
class RetryRefund:
    """Ask the channel once more for what it refused for now (5017): the same refund, so the same number."""

    refund_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`RefundSent` again, or 1003, 2001, 2005, 2006, 4010, 5016, 5018."""
        found = part(ctx.books, self.refund_no)
        never = 5016 if found and found.state == "failed" and not found.retriable else None
        if refusal := lacking(ctx, Right.REFUND, _not_failed(found), never):
            return refusal
        assert found is not None
        if not refund.online(ctx):
            return Refusal(1003)
        again = RefundSent(
            found.refund_no,
            found.order_no,
            found.channel,
            found.amount_fen,
            found.trace,
            ctx.session.operator,
            found.why,
        )
        return Decision((again,))


def _not_failed(found: Part | None) -> int | None:
    """4010 for a refund that is none or over; 5018 for one that may still succeed: never pay it twice."""
    if found is None or found.state in ("refunded", "turned"):
        return 4010
    return 5018 if found.under_way else None
