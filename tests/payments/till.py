"""A terminal at a counter with a backend that answers what a test tells it, when it tells it."""

from dataclasses import dataclass, field
from pathlib import Path

from firmware.events import Acked, Answered, Ask, Effect, EpochAnswered, Event, LinkDown, LinkUp, Send, Sound, ToneName
from firmware.txn import payment
from firmware.txn.payment import Payment
from rules.settings import Settings
from tests.counter import COLA, Counter
from wire.facts import Fact
from wire.messages import (
    AnswerPayment,
    AnswerRefund,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskReverse,
    MoneyAsk,
    PaymentState,
)  # fmt: skip
from wire.records import Ack
from wire.vouchers import AskDeals

WECHAT, ALIPAY, ECNY = "134567890123456789", "2812345678901234", "01" + "7" * 17
UNIONPAY = "62" + "20" + "1" * 15
CARD = "4111111111111111"  # passes the check of card numbers
CODES = (WECHAT, ALIPAY, UNIONPAY, ECNY)
BILL = "4200001234202611221234567890"

TO = {AskPay: "pay", AskQuery: "query", AskReverse: "reverse"}


@dataclass
class Till(Counter):
    """`pay()` scans a code on the payment screen; `answer(...)` lets the backend speak about the payment asked for last."""

    asked: list[Ask] = field(default_factory=list)
    handed: int = 0
    deals_asked: list[AskDeals] = field(default_factory=list)  # by itself, whatever a test is about
    acks: bool = True  # the backend acknowledges records at once

    def step(self, event: Event, after_ms: int = 100) -> list[Effect]:
        """One event; records that leave are acknowledged once all it caused has been carried out."""
        effects = super().step(event, after_ms)
        lasts = [effect.packet.records[-1].seq for effect in effects if isinstance(effect, Send)]
        if lasts and self.acks:
            effects += super().step(Acked(Ack(self.ledger.epoch, max(lasts))), 0)
        return effects

    def _answer(self, effect: Effect) -> list[Effect]:
        if isinstance(effect, Ask) and isinstance(effect.ask, AskDeals):
            self.deals_asked.append(effect.ask)
        elif isinstance(effect, Ask):
            self.asked.append(effect)
        return super()._answer(effect)

    def online(self) -> "Till":
        """The broker takes us, the backend has granted a number."""
        self.step(LinkUp())
        self.step(EpochAnswered(self.ledger.epoch, 7))
        return self

    def offline(self) -> "Till":
        self.step(LinkDown(1003))
        return self

    def basket(self, codes: int = 2) -> "Till":
        """So many colas at 3.50."""
        for _ in range(codes):
            self.scan(COLA)
        return self

    def pay(self, code: str = WECHAT) -> "Till":
        """Basket to payment screen, and the customer's code."""
        self.keys("OK").scan(code)
        return self

    def asks(self, kind: type) -> list[MoneyAsk]:
        """What left, of one kind."""
        return [each.ask for each in self.asked if isinstance(each.ask, kind)]

    def since(self) -> list[str]:
        """Kinds of asks since the last call, in order."""
        new = self.asked[self.handed :]
        self.handed = len(self.asked)
        names = {AskPay: "pay", AskQuery: "query", AskReverse: "reverse", AskRefund: "refund", AskRefundQuery: "poll"}
        return [names[type(each.ask)] for each in new]

    @property
    def payment(self) -> Payment:
        """The payment asked for last."""
        number = self.asks(AskPay)[-1].order_no
        found = payment.find(self.ledger, number)
        assert found is not None
        return found

    def answer(
        self,
        state: PaymentState,
        to: str = "",
        code: int = 0,
        paid: int | None = None,
        number: str = "",
        bill: str = BILL,
    ) -> "Till":
        """The backend's word; of the last ask unless `to` says otherwise."""
        if not to:
            to = next(TO[type(each.ask)] for each in reversed(self.asked) if type(each.ask) in TO)
        number = number or self.asks(AskPay)[-1].order_no
        if paid is None:
            known = payment.find(self.ledger, number)
            paid = known.amount_fen if known and state == "paid" else 0
        self.step(Answered(AnswerPayment(number, to, state, code, bill if state == "paid" else "", paid)))
        return self

    def refund_answer(self, state: str, code: int = 0) -> "Till":
        ask = next(each.ask for each in reversed(self.asked) if isinstance(each.ask, AskRefund | AskRefundQuery))
        self.step(Answered(AnswerRefund(ask.refund_no, state, code, "50300000" if state == "refunded" else "")))
        return self

    def journal(self, *kinds: str) -> list[Fact]:
        """Facts of these kinds, in order."""
        return [entry.fact for entry in self.ledger.entries() if entry.fact.KIND in kinds]

    def one(self, kind: str) -> Fact:
        """The only fact of a kind."""
        found = self.journal(kind)
        assert len(found) == 1, (kind, found)
        return found[0]

    def tones(self, tone: ToneName) -> int:
        return sum(effect == Sound(tone) for effect in self.out)


def till(folder: Path, **sections: dict) -> Till:
    """Open for business, on line, numbered."""
    from tests.screens.ledgers import having  # whose named ledgers begin here

    settings: Settings = having(**sections)
    counter = Till(folder, settings)
    counter.open_for_business()
    return counter.online()
