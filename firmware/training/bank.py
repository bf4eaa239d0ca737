"""The backend of practice: answers asks about money as a real one may, so that staff meet every answer once.

The last two digits of the amount choose what happens; any other amount is paid at once. Nothing leaves the device.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.training.vouchers import VoucherBank
from wire.facts import Fact
from wire.messages import (
    AnswerDiagnose,
    AnswerPayment,
    AnswerRefund,
    AnswerReserve,
    AnswerSale,
    AnswerTotals,
    AskDiagnose,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskReserve,
    AskReverse,
    AskSale,
    AskTotals,
    MoneyAnswer,
    MoneyAsk,
    PaymentState,
)  # fmt: skip
from wire.totals import totals_of

ORDERS_MAX = 10_000
"""Payments remembered; practice is no shop, and an older one is forgotten."""

QUERIES_OF_A_PASSWORD = 2
"""So often a query finds the customer still typing."""

Story = Literal["paid", "password", "refused", "unknown", "silent"]
STORIES: dict[int, Story] = {11: "password", 22: "refused", 33: "unknown", 44: "silent"}
"""Last two digits of the amount in fen -> what happens: 1.11 the customer must type a password, 1.22 has no money, 1.33 is
unknown until it is reversed, 1.44 gets no answer at all."""

SLOW_REFUND = 55
"""Last two digits of a refund that is processed for a while: of 1.55, or of a part that makes so much."""

QUERIES_OF_A_REFUND = 2
POOR, PAYING, UNKNOWN, PROCESSING, NO_SALE = 5004, 5005, 5007, 5018, 6009


@dataclass(frozen=True, slots=True)
class Order:
    """One payment at the practice bank."""

    amount_fen: int
    story: Story
    state: PaymentState
    queries: int = 0


@dataclass(slots=True)
class Bank:
    """Books of one practice. `answer` never blocks; None: there is no answer."""

    booked: Callable[[int, int], Iterable[Fact]] = lambda batch, upto: ()
    """Facts of a batch up to a seq: what a backend would have of the practice journal."""
    orders: dict[str, Order] = field(default_factory=dict)
    vouchers: VoucherBank = field(default_factory=VoucherBank)
    slow: dict[str, int] = field(default_factory=dict)  # refunds being processed: how often they were asked about

    def answer(self, ask: MoneyAsk) -> MoneyAnswer | None:
        """What the backend would say."""
        match ask:
            case AskPay():
                return self._pay(ask)
            case AskQuery(order_no):
                return self._query(order_no)
            case AskReverse(order_no):
                return self._reverse(order_no)
            case AskRefund(refund_no, _, amount_fen):
                if amount_fen % 100 == SLOW_REFUND and len(self.slow) < ORDERS_MAX:
                    self.slow.setdefault(refund_no, 0)
                return self._refund(refund_no)
            case AskRefundQuery(refund_no):
                if refund_no in self.slow:
                    self.slow[refund_no] += 1
                return self._refund(refund_no)
            case AskSale(key):
                return AnswerSale(key, NO_SALE)  # only what was sold in this practice can be given back
            case AskReserve(refund_no, quantities=wanted):
                return AnswerReserve(refund_no, False, NO_SALE if wanted else 0)
            case AskTotals(epoch, batch, upto):
                return AnswerTotals(epoch, batch, upto, True, totals_of(self.booked(batch, upto)))
            case AskDiagnose(nonce):
                return AnswerDiagnose(nonce)
            case _:
                return self.vouchers.answer(ask)

    def _refund(self, refund_no: str) -> AnswerRefund:
        if self.slow.get(refund_no, QUERIES_OF_A_REFUND) < QUERIES_OF_A_REFUND:
            return AnswerRefund(refund_no, "processing", PROCESSING)
        return AnswerRefund(refund_no, "refunded", channel_refund_no=f"TRAINING{refund_no[-6:]}")

    def _pay(self, ask: AskPay) -> MoneyAnswer | None:
        order = self.orders.get(ask.order_no)
        if order is None:
            story = STORIES.get(ask.amount_fen % 100, "paid")
            states: dict[Story, PaymentState] = {"paid": "paid", "refused": "failed", "password": "paying"}
            order = Order(ask.amount_fen, story, states.get(story, "unknown"))
            if len(self.orders) >= ORDERS_MAX:
                self.orders.pop(next(iter(self.orders)))
            self.orders[ask.order_no] = order
        return self._payment(ask.order_no, order, "pay")

    def _query(self, order_no: str) -> MoneyAnswer | None:
        order = self.orders.get(order_no)
        if order is None:
            return AnswerPayment(order_no, "query", "absent")
        if order.state == "paying":
            done = order.queries >= QUERIES_OF_A_PASSWORD
            order = replace(order, queries=order.queries + 1, state="paid" if done else "paying")
            self.orders[order_no] = order
        return self._payment(order_no, order, "query")

    def _reverse(self, order_no: str) -> MoneyAnswer:
        known = self.orders.get(order_no, Order(0, "paid", "reversed"))
        self.orders[order_no] = replace(known, state="reversed")
        return AnswerPayment(order_no, "reverse", "reversed")

    def _payment(self, order_no: str, order: Order, to: Literal["pay", "query"]) -> MoneyAnswer | None:
        if order.story == "silent" and order.state == "unknown":
            return None
        codes: dict[PaymentState, int] = {"failed": POOR, "paying": PAYING, "unknown": UNKNOWN}
        paid = order.state == "paid"
        return AnswerPayment(
            order_no, to, order.state, codes.get(order.state, 0),
            f"TRAINING{order_no[-8:]}" if paid else "", order.amount_fen if paid else 0,
        )  # fmt: skip
