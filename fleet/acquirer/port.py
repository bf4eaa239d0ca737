"""The port to whoever moves the money: calls as values, replies in our own words and codes.

An adapter turns calls into requests to a channel (WeChat Pay, Alipay, a bank) and its answers into `Reply`s, by the table
in `fleet.acquirer.codes`. The same order number is the same payment at every channel, so a call may be repeated.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

PayState = Literal["paid", "failed", "paying", "unknown", "reversed", "refused", "absent", "expired"]
RefundState = Literal["refunded", "processing", "failed", "unknown", "absent", "expired"]


@dataclass(frozen=True, slots=True)
class PayCall:
    """Take money by the customer's code, which is shown nowhere."""

    order_no: str
    channel: str
    amount_fen: int
    subject: str
    terminal: str
    operator: str
    auth_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class QueryCall:
    order_no: str
    channel: str


@dataclass(frozen=True, slots=True)
class ReverseCall:
    """Close the payment, or give it back when it was made. `asked_ms`: when it was asked for, by the backend's clock: a
    channel is not to be asked too soon after it. 0: nobody knows."""

    order_no: str
    channel: str
    asked_ms: int = 0


@dataclass(frozen=True, slots=True)
class RefundCall:
    """Give back a part. `paid_fen`: what the whole payment took, which some channels want to be told."""

    refund_no: str
    order_no: str
    channel: str
    amount_fen: int
    reason: str
    paid_fen: int = 0


@dataclass(frozen=True, slots=True)
class RefundQueryCall:
    refund_no: str
    order_no: str
    channel: str


Call = PayCall | QueryCall | ReverseCall | RefundCall | RefundQueryCall


@dataclass(frozen=True, slots=True)
class Reply:
    """What the channel said. `code`: of our error table; `number`: the channel's own, of the payment or the refund.

    `unknown`: no answer, or a system error: the money may have moved. `failed`, `refused` (of a reversal) and `reversed`
    are definite. `expired`: the call was never made, because it was too late."""

    state: PayState | RefundState
    code: int = 0
    number: str = ""
    paid_fen: int = 0


NO_ANSWER = Reply("unknown", 5007)
EXPIRED = Reply("expired")


NOT_ENABLED = 5014


class Acquirer(Protocol):
    """What the edge of the backend calls, from worker threads."""

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Make the call and answer it; blocks meanwhile. No answer at all is possible, and so is a second one later.
        Raises nothing: trouble is no answer."""
        ...


class NoAcquirer:
    """A shop that takes no codes: every payment is refused, definitely."""

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        match call:
            case PayCall() | RefundCall():
                answer(Reply("failed", NOT_ENABLED))
            case ReverseCall():
                answer(Reply("reversed"))
            case QueryCall() | RefundQueryCall():
                answer(Reply("absent"))
