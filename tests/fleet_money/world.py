"""A backend's core over a store, with a channel played by the test: calls are made at once, answers come when told."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.acquirer.port import (
    NO_ANSWER,
    Call,
    PayCall,
    QueryCall,
    RefundCall,
    RefundQueryCall,
    Reply,
    ReverseCall,
)
from fleet.core import AcquirerAnswered, Arrived, CallAcquirer, Core, Message, SendAnswer
from fleet.money import Payment, Refund
from rules.orders import order_no, refund_no
from tests.stores import Store, new_store
from wire.channels import money_channel
from wire.messages import Answer, AskPay, MoneyAsk

NOW = 1_800_000_000_000
TERMINAL = "00010023"
ORDER = order_no("2026-11-22", TERMINAL, 1, 1, 45, 1)
REFUND = refund_no(ORDER, 1)
KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
CODE = "134567890123456789"


def pay(number: str = ORDER, fen: int = 1050, expires_ms: int = 8_000) -> AskPay:
    return AskPay(number, "wechat", CODE, fen, "Shop", "01", expires_ms)


@dataclass
class Channel:
    """An honest channel: the same number is the same payment."""

    paid: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    refunds: dict[str, int] = field(default_factory=dict)
    pays: list[str] = field(default_factory=list)  # every pay call that was made

    def make(self, call: Call) -> Reply:
        match call:
            case PayCall():
                self.pays.append(call.order_no)
                if call.order_no in self.closed:
                    return Reply("failed", 5011)
                self.paid[call.order_no] = call.amount_fen
                return Reply("paid", 0, "42" + call.order_no, call.amount_fen)
            case QueryCall(number):
                if number in self.closed:
                    return Reply("reversed")
                return Reply("paid", 0, "42" + number, self.paid[number]) if number in self.paid else Reply("absent")
            case ReverseCall(number):
                self.closed.add(number)
                self.paid.pop(number, None)
                return Reply("reversed")
            case RefundCall():
                self.refunds[call.refund_no] = call.amount_fen
                return Reply("refunded", 0, "50" + call.refund_no)
            case RefundQueryCall(number):
                return Reply("refunded", 0, "50" + number) if number in self.refunds else Reply("absent")


@dataclass
class World:
    """Cores over one store. `open` are calls whose answers are still to be given."""

    path: Path | None = None
    workers: int = 1
    now: int = NOW
    channel: Channel = field(default_factory=Channel)
    open: list[tuple[CallAcquirer, Reply]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    calls: list[CallAcquirer] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stores = self.stores or [new_store(self.path) for _ in range(self.workers if self.path else 1)]
        self.cores = [Core(self.stores[number % len(self.stores)], KEY.sign) for number in range(self.workers)]

    def ask(self, ask: MoneyAsk, worker: int = 0, terminal: str = TERMINAL, age_ms: int = 0) -> list[Answer]:
        """Give an ask to a core; what it answers at once."""
        message = Message(terminal, money_channel(ask).rest, msgspec.json.encode(ask), age_ms=age_ms)
        return self.take(Arrived(self.now, (message,)), worker)

    def take(self, event: Arrived | AcquirerAnswered, worker: int = 0) -> list[Answer]:
        answers: list[Answer] = []
        for effect in self.cores[worker].step(event):
            match effect:
                case CallAcquirer():
                    assert effect.ticket.key not in {each.ticket.key for each, _ in self.open}, "two at one order"
                    self.calls.append(effect)
                    self.open.append((effect, self.channel.make(effect.call)))
                case SendAnswer(_, answer):
                    answers.append(answer)
        self.answers += answers
        return answers

    def hear(self, worker: int = 0, reply: Reply | None = None, times: int = 1) -> list[Answer]:
        """The oldest open call is answered: as the channel said, or as told."""
        effect, said = self.open.pop(0)
        found: list[Answer] = []
        for _ in range(times):
            found += self.take(AcquirerAnswered(self.now, effect.ticket, reply or said), worker)
        return found

    def lose(self, worker: int = 0) -> list[Answer]:
        """The oldest open call is never answered."""
        return self.hear(worker, NO_ANSWER)

    def settle(self) -> None:
        while self.open:
            self.hear()

    def payment(self, number: str = ORDER) -> Payment | None:
        with self.stores[0].begin() as books:
            return books.money.payment(number)

    def refund(self, number: str = REFUND) -> Refund | None:
        with self.stores[0].begin() as books:
            return books.money.refund(number)

    def close(self) -> None:
        for store in self.stores:
            store.close()
