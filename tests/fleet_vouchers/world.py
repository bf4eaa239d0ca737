"""Backend cores over one store, with the simulated platforms behind them: calls are made at once, answers come when told.
The platforms' own books are the witness of what was redeemed."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.core import Arrived, Core, Message, PlatformAnswered, SendAnswer, Tick
from fleet.effects import CallPlatform
from fleet.vouchers.books import Use
from fleet.vouchers.port import NO_ANSWER, Reply, UseReply
from fleet.vouchers.script import VoucherStep
from fleet.vouchers.sim_books import PlatformLedgers
from fleet.vouchers.simulator import PlatformSimulator
from rules.demo_vouchers import DemoVouchers, demo_vouchers
from rules.orders import voucher_no
from tests.stores import Store, new_store
from wire.channels import money_channel
from wire.messages import Answer
from wire.vouchers import (
    AnswerVoucher,
    AnswerVoucherPrepare,
    AskVoucherConsume,
    AskVoucherPrepare,
    Coupon,
    VoucherAsk,
)

NOW = 1_800_000_000_000
TERMINAL, OTHER = "00010023", "00010024"
KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
CODE = "100100000001"
"""Of ¥20 at Meituan."""


def number(trace: int = 45, terminal: str = TERMINAL, place: int = 1) -> str:
    return voucher_no(terminal, 1, 1, trace, place)


NO = number()


@dataclass
class World:
    """`open` are calls whose answers are still to be given; `calls` all that were ever made."""

    path: Path | None = None
    workers: int = 1
    now: int = NOW
    demo: DemoVouchers | None = field(default_factory=demo_vouchers)
    books: PlatformLedgers = field(default_factory=PlatformLedgers)
    open: list[tuple[CallPlatform, list[Reply]]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    calls: list[CallPlatform] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self.stores = self.stores or [new_store(self.path) for _ in range(self.workers if self.path else 1)]
        self.platforms = PlatformSimulator(self.books, Random(1))
        if self.demo is not None:
            with self.books.begin() as pages:
                pages.load(self.demo)
        self.restart()

    def restart(self) -> None:
        """The backend's processes end and come again; calls in their hands are lost."""
        self.open.clear()
        self.cores = [Core(self.stores[n % len(self.stores)], KEY.sign) for n in range(self.workers)]

    def script(self, *steps: VoucherStep) -> None:
        with self.books.begin() as pages:
            pages.add_steps(steps)

    def ask(self, ask: VoucherAsk, worker: int = 0, terminal: str = TERMINAL, age_ms: int = 0) -> list[Answer]:
        """Give an ask to a core; what it answers at once."""
        message = Message(terminal, money_channel(ask).rest, msgspec.json.encode(ask), age_ms=age_ms)
        return self.take(Arrived(self.now, (message,)), worker)

    def take(self, event: Arrived | PlatformAnswered | Tick, worker: int = 0) -> list[Answer]:
        answers: list[Answer] = []
        for effect in self.cores[worker].step(event):
            match effect:
                case CallPlatform():
                    about = {each.ticket.key for each, _ in self.open if each.ticket.call}
                    assert not effect.ticket.call or effect.ticket.key not in about, "two workers at one use"
                    self.calls.append(effect)
                    self.open.append((effect, [reply for _, reply in self.platforms.plan(effect.call, self.now)]))
                case SendAnswer(_, answer):
                    answers.append(answer)
        self.answers += answers
        return answers

    def hear(self, worker: int = 0, reply: Reply | None = None, times: int = 1) -> list[Answer]:
        """The oldest open call is answered: as the platform said, or as told."""
        effect, said = self.open.pop(0)
        replies = [reply] * times if reply is not None else (said or [NO_ANSWER]) * times
        found: list[Answer] = []
        for each in replies:
            found += self.take(PlatformAnswered(self.now, effect.ticket, each), worker)
        return found

    def lose(self, worker: int = 0) -> list[Answer]:
        """The oldest open call is never answered."""
        return self.hear(worker, NO_ANSWER)

    def settle(self) -> None:
        while self.open:
            self.hear()

    def pass_time(self, ms: int, tick_ms: int = 10_000) -> None:
        """Time passes with the backend's ticks and honest platforms."""
        until = self.now + ms
        while self.now < until:
            self.now = min(until, self.now + tick_ms)
            self.take(Tick(self.now))
            self.settle()

    # --- a terminal's steps ---

    def prepared(self, code: str = CODE, terminal: str = TERMINAL, scanned: bool = False) -> AnswerVoucherPrepare:
        """A code is shown to the platform and answered."""
        self.now += 1
        self.looks += 1
        self.ask(AskVoucherPrepare(f"look{self.looks}", code, scanned), terminal=terminal)
        (answer,) = self.hear()
        assert isinstance(answer, AnswerVoucherPrepare)
        return answer

    def coupon(self, code: str = CODE, terminal: str = TERMINAL, scanned: bool = False) -> Coupon:
        answer = self.prepared(code, terminal, scanned)
        assert not answer.code, answer
        return answer.coupons[0]

    def consuming(self, no: str = NO, code: str = CODE, count: int = 1, terminal: str = TERMINAL) -> AskVoucherConsume:
        """The ask that redeems a code which was just prepared."""
        coupon = self.coupon(code, terminal, "/" in code)
        return AskVoucherConsume(no, coupon.platform, count, 2_000, "01", coupon.ref)

    def consumed(self, no: str = NO, code: str = CODE, count: int = 1, terminal: str = TERMINAL) -> AnswerVoucher:
        self.ask(self.consuming(no, code, count, terminal), terminal=terminal)
        (answer,) = self.hear()
        assert isinstance(answer, AnswerVoucher)
        return answer

    # --- witnesses ---

    def redeemed(self) -> dict[str, int]:
        """How many vouchers are redeemed at the platforms, by request number."""
        with self.books.begin() as pages:
            return {row.request_no: row.count for row in pages.redemptions() if row.state == "consumed"}

    def use(self, no: str = NO) -> Use | None:
        with self.stores[0].begin() as books:
            return books.vouchers.use(no)

    def news(self, terminal: str = TERMINAL) -> list[str]:
        with self.stores[0].begin() as books:
            return books.vouchers.news(terminal, 10)

    def close(self) -> None:
        for store in self.stores:
            store.close()


def said(answers: list[Answer]) -> list[tuple[str, str, int]]:
    return [(each.to, each.state, each.code) for each in answers if isinstance(each, AnswerVoucher)]


HELD = UseReply("consumed", 0, "MT1", 1, undo_handle=b"h")
