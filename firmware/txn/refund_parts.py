"""Money on its way back through the channel it came by, whoever asked for it: a refund's part, or what came late or twice.

```
sent ── processing | unknown ── refunded | failed ── sent (asked again) | turned (paid in cash)
```
The payments desk asks and hears; a person decides about what a channel refuses: ask it again where that may help
(`REFUND_AGAIN`), or pay it in cash, never both. The table and the numbers are `txn.refund`'s.
"""

from dataclasses import dataclass
from typing import Final, Literal

from firmware.txn import numbers, payment, refund, shift
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.giving_back import REFUND_AGAIN
from rules.rights import Right
from wire.facts import Fact, PaymentHeard, RefundHeard, RefundSent, RefundTurned, Trouble
from wire.messages import AnswerRefund

REVERSED = 5011
"""What a channel says of a refund whose payment it has closed: nothing of it is left to give back."""

PartState = Literal["sent", "processing", "unknown", "refunded", "failed", "turned"]


@dataclass(frozen=True, slots=True)
class Part:
    """Money going back by a channel. `seq`: the record that asks for it; `turned`: refused for good and paid in cash."""

    refund_no: str
    seq: int
    trace: int
    order_no: str
    channel: str
    amount_fen: int
    why: Literal["refund", "void", "late", "duplicate"]
    state: PartState
    code: int

    @property
    def under_way(self) -> bool:
        """The channel has not said its last word; it is being asked."""
        return self.state in ("sent", "processing", "unknown")

    @property
    def retriable(self) -> bool:
        """The channel may do it later: the same refund, asked again under its number."""
        return self.state == "failed" and self.code in REFUND_AGAIN


_COLUMNS: Final = "refund_no, seq, trace, order_no, channel, amount_fen, why, state, code"


def part(books: Reading, refund_no: str) -> Part | None:
    """The one of this number."""
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


def of_payment(books: Reading, order_no: str) -> tuple[Part, ...]:
    """All refunds of one payment, in their order."""
    rows = books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE order_no = ? ORDER BY refund_no", order_no)
    return tuple(Part(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class HearRefund:
    """Take the backend's word about a refund."""

    answer: AnswerRefund

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`RefundHeard` when it says something new, with an alarm when the channel refuses; 6009 for one not ours."""
        known = part(ctx.books, self.answer.refund_no)
        if known is None:
            return Refusal(6009)
        answer = self.answer
        if known.state == "turned" and answer.state == "refunded":
            return Decision((Trouble(5024, answer.refund_no),))  # in cash and by the channel
        if known.under_way and known.why != "refund" and (answer.state, self._code) == ("failed", REVERSED):
            return Decision(_reversed_instead(ctx.books, known))
        late = known.state == "failed" and answer.state == "refunded"
        if not (known.under_way or late) or (known.state, known.code) == (answer.state, self._code):
            return Decision()
        heard = RefundHeard(answer.refund_no, answer.state, self._code, answer.channel_refund_no[:64])
        facts: tuple[Fact, ...] = (heard,)
        if answer.state == "failed":
            facts += (Trouble(self._code, answer.refund_no),)
        return Decision(facts)

    @property
    def _code(self) -> int:
        """The code to keep: 5018 while it is processed, that of the channel when it failed."""
        if self.answer.state == "failed":
            return self.answer.code or 5013
        return 0 if self.answer.state == "refunded" else 5018


def _reversed_instead(books: Reading, known: Part) -> tuple[Fact, ...]:
    """The channel has reversed the whole payment: an answer that it was paid came late, or its reversal went through after
    all. The customer has the money, and nobody must give it again in cash."""
    facts: list[Fact] = [RefundHeard(known.refund_no, "refunded", REVERSED)]
    paid = payment.find(books, known.order_no)
    if paid is not None and paid.state != "reversed":
        facts.append(PaymentHeard(known.order_no, "reversed", "reverse", REVERSED))
    return tuple(facts)


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
            ctx.approver, print_slip=ctx.devices.prints, open_drawer=refund.opens(ctx, found.amount_fen),
        ),))  # fmt: skip


@dataclass(frozen=True, slots=True)
class RetryRefund:
    """Ask the channel once more for what it refused for now: the same refund, so the same number, but a newer record."""

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
        return Decision((RefundSent(
            found.refund_no, found.order_no, found.channel, found.amount_fen, found.trace, ctx.session.operator, found.why,
        ),))  # fmt: skip


def _not_failed(found: Part | None) -> int | None:
    """4010 for a refund that is none or over; 5018 for one that may still succeed: never pay it twice."""
    if found is None or found.state in ("refunded", "turned"):
        return 4010
    return 5018 if found.under_way else None
