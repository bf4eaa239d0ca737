"""Money on its way back through the channel it came by, whoever asked for it: what is open, and what an answer means.

The table is `txn.refund`'s; here it is read for the payments desk."""

from dataclasses import dataclass
from typing import Literal

from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal
from wire.facts import Fact, RefundHeard, Trouble
from wire.messages import AnswerRefund

RefundState = Literal["sent", "processing", "unknown", "refunded", "failed", "turned"]
_COLUMNS = "refund_no, seq, order_no, channel, amount_fen, trace, why, state, code"
_OPEN = "state IN ('sent', 'processing', 'unknown')"


@dataclass(frozen=True, slots=True)
class RefundOut:
    """One refund at a channel. `turned`: refused for good and paid in cash instead."""

    refund_no: str
    seq: int
    order_no: str
    channel: str
    amount_fen: int
    trace: int
    why: str
    state: RefundState
    code: int

    @property
    def is_open(self) -> bool:
        """Whether the channel has not said its last word."""
        return self.state in ("sent", "processing", "unknown")


def find(books: Reading, number: str) -> RefundOut | None:
    """The refund of this number."""
    rows = books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE refund_no = ?", number)
    return RefundOut(*rows[0]) if rows else None


def open_refunds(books: Reading) -> tuple[RefundOut, ...]:
    """Those not answered for good, oldest first."""
    return tuple(
        RefundOut(*row) for row in books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE {_OPEN} ORDER BY seq")
    )


def failed_refunds(books: Reading) -> tuple[RefundOut, ...]:
    """Those the channel refused for good and nobody has paid in cash: they need a person."""
    return tuple(
        RefundOut(*row) for row in books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE state = 'failed' ORDER BY seq")
    )


def of_payment(books: Reading, order_no: str) -> tuple[RefundOut, ...]:
    """All refunds of one payment, in their order."""
    rows = books.read(f"SELECT {_COLUMNS} FROM refund_part WHERE order_no = ? ORDER BY refund_no", order_no)
    return tuple(RefundOut(*row) for row in rows)


def returned_fen(books: Reading, order_no: str) -> int:
    """What went or is going back of a payment by its channel: all but what was refused."""
    return sum(row.amount_fen for row in of_payment(books, order_no) if row.state not in ("failed", "turned"))


@dataclass(frozen=True, slots=True)
class HearRefund:
    """Take the backend's word about a refund."""

    answer: AnswerRefund

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`RefundHeard` when it says something new, with an alarm when the channel refuses; 6009 for one not ours."""
        refund = find(ctx.books, self.answer.refund_no)
        if refund is None:
            return Refusal(6009)
        answer = self.answer
        if refund.state == "turned" and answer.state == "refunded":
            return Decision((Trouble(5024, answer.refund_no),))  # in cash and by the channel
        late = refund.state == "failed" and answer.state == "refunded"
        if not (refund.is_open or late) or (refund.state, refund.code) == (answer.state, self._code):
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
