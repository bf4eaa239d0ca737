"""Sells with the real terminal and the real ledger, and says what it was told is durable.

`python -m tests.power.sell FOLDER SCENARIO [--synchronous NORMAL]`: one line to standard output, in one write, per step that
made something durable: `durable SEQ`, `acked SEQ` and, per effect that left, `sold NUMBER SEQ`, `pulse SEQ`, `sent SEQ`,
`asked SEQ`.
`settling` comes before the key that settles a sale, `refused CODE` when the terminal said no. Nothing here is by chance: the
same scenario writes the same journal.
"""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path

from firmware.desks import Till
from firmware.events import (
    Acked,
    Answered,
    Ask,
    BatterySeen,
    DrawerSeen,
    Effect,
    EpochAnswered,
    Event,
    Idle,
    LinkDown,
    LinkUp,
    Now,
    Print,
    PulseDrawer,
    Send,
    Started,
    StopAsked,
)
from firmware.screens.widgets import Refused
from firmware.terminal import Terminal
from firmware.txn import ledger as ledgers
from firmware.txn import renewal
from firmware.txn.command import Command
from firmware.txn.ledger import Ledger, load_products
from firmware.txn.product import price_list
from rules.catalogue import demo_goods
from tests.counter import APPLE_5_YUAN, COLA, Counter
from wire.facts import Fact
from wire.messages import (
    AnswerPayment,
    AnswerRefund,
    AnswerReserve,
    AnswerTotals,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskReserve,
    AskReverse,
    AskTotals,
    MoneyAnswer,
    MoneyAsk,
)  # fmt: skip
from wire.records import Ack

TERMINAL, EPOCH = "00010023", 4711
BILL = "4200001234202611221234567890"
GOODS = 40
"""Of the demonstration goods so many, and all that are weighed: a small file makes many cuts."""
FACTORY_KEYS, OWN_KEYS = "0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK", "0 1 OK 3 8 5 2 OK"
FLOAT_KEYS = "2 0 0 0 0 OK"
AWAY = {
    "KeptBasket": "F2", "Unfinished": "CANCEL", "Refused": "OK", "CodePayment": "F1", "GiveUp": "F1", "Sold": "OK",
    "DayIsClosed": "F1", "Cash": "CANCEL",
}  # fmt: skip
"""What leads a cashier on, whatever a cut left standing."""
QUIET_MS = 12_000
"""Longer than any soon fact waits for its commit."""

FIVE_WEEKS_MS = 36 * 24 * 3_600_000


@dataclass(slots=True)
class Teller(Terminal):
    """A terminal that says what `step` let out and what is durable since."""

    told: tuple[int, int] = (0, 0)

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """As the terminal, then the lines."""
        effects = Terminal.step(self, event, now)
        lines: list[str] = []
        for effect in effects:
            match effect:
                case Print(job, because, receipt):
                    lines += [f"sold {receipt.number or '-'} {job}", f"durable {because}"]
                case PulseDrawer(cause):
                    lines.append(f"pulse {cause}")
                case Send(packet):
                    lines.append(f"sent {packet.records[-1].seq}")
                case Ask(because):
                    lines.append(f"asked {because}")
        durable = self.ledger.durable_seq
        acked = self.told[1] if self.ledger.pending else self.ledger.acked_seq
        if durable > self.told[0]:
            lines.append(f"durable {durable}")
        if acked > self.told[1]:
            lines.append(f"acked {acked}")
        self.told = (durable, acked)
        say(*lines)
        return effects


@dataclass(slots=True)
class Hands:
    """A desk that does what it is told at the next word of the battery: commands without keys, inside a step."""

    todo: list[Command] = field(default_factory=list)
    name: str = "hands"

    def booted(self, till: Till) -> None:
        """Nothing."""

    def hear(self, till: Till, event: Event) -> None:
        """Do it; it must not be refused."""
        if isinstance(event, BatterySeen):
            while self.todo:
                refusal = till.do(self.todo.pop(0))
                assert refusal is None, refusal

    def fired(self, till: Till, what: str) -> None:
        """No timers."""

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Nothing."""


def answered(ask: MoneyAsk, says: list[str]) -> MoneyAnswer | None:
    """The backend's word on an ask: of a payment or refund the next of `says`; when nothing more is there, all goes well."""
    asked = isinstance(ask, AskPay | AskRefund | AskRefundQuery)
    word = says.pop(0) if says and asked else "paid"
    match ask:
        case AskPay(order_no, _, _, amount):
            paid = (BILL, amount) if word == "paid" else ("", 0)
            return AnswerPayment(order_no, "pay", word, 0, *paid)  # type: ignore[arg-type]
        case AskQuery(order_no):
            return AnswerPayment(order_no, "query", "unknown", 5007)
        case AskReverse(order_no):
            return AnswerPayment(order_no, "reverse", "reversed")
        case AskRefund(refund_no) | AskRefundQuery(refund_no):
            state = "refunded" if word == "paid" else word
            return AnswerRefund(refund_no, state, 0, "503" if state == "refunded" else "")  # type: ignore[arg-type]
        case AskReserve(refund_no):
            return AnswerReserve(refund_no, True)
        case AskTotals(epoch, batch, upto):
            return AnswerTotals(epoch, batch, upto, True, {})
        case _:
            return None


@dataclass
class Seller(Counter):
    """A counter over a ledger opened as told; `backend`: packets are acknowledged at once."""

    synchronous: str = "FULL"
    tells: bool = False
    backend: bool = False
    refused: list[int] = field(default_factory=list)
    hands: Hands = field(default_factory=Hands)
    says: list[str] = field(default_factory=list)  # what the backend says of payments and refunds

    def boot(self, notices: tuple[tuple[int, str], ...] = (), safe_mode: bool = False) -> "Seller":
        """Start the terminal on the folder, goods loaded."""
        self.boots += 1
        self.ledger = Ledger.open(self.folder / "ledger.db", TERMINAL, EPOCH, synchronous=self.synchronous)
        if not self.ledger.read("SELECT 1 FROM product LIMIT 1"):
            listed = price_list(one for n, one in enumerate(demo_goods()) if n < GOODS or one.weighable)
            load_products(self.ledger, listed.products, listed.codes)
        self.terminal = (Teller if self.tells else Terminal)(self.ledger, self.settings, "test", "ab" * 32)
        self.hands = Hands()
        self.terminal.desks = (*self.terminal.desks, self.hands)
        self.out, self.timers = [], {}
        self.step(Started(bytes([self.boots]) * 32, f"boot{self.boots}", safe_mode, notices))
        return self

    def _answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case Send(packet) if self.backend:
                return self.step(Acked(Ack(EPOCH, packet.records[-1].seq)))
            case Ask(_, ask) if self.backend and (answer := answered(ask, self.says)) is not None:
                return self.step(Answered(answer))
            case PulseDrawer():
                return super()._answer(effect) + self.step(DrawerSeen(True)) + self.step(DrawerSeen(False), 1_500)
            case _:
                return super()._answer(effect)

    def open_for_business(self) -> "Seller":
        """From wherever a boot or a cut left the terminal to ready for selling."""
        self.read_notices()
        own = self.ledger.read("SELECT 1 FROM secret WHERE operator = '01'")
        self.keys(OWN_KEYS if own else FACTORY_KEYS)
        if self.screen == "Wizard":
            self.keys(FLOAT_KEYS)
        for _ in range(8):
            if self.screen == "Idle":
                return self
            self.keys(AWAY[self.screen])
        raise AssertionError(f"never ready: {self.screen}")

    def read_notices(self) -> None:
        """Put aside what the terminal has to say by itself: nothing was refused."""
        while isinstance(top := self.terminal.stack[-1], Refused) and top.trouble:
            self.keys("OK")

    def sell(self, *codes: str, pause_ms: int = 500) -> bool:
        """Scan goods, take the cash; False when it was refused; then the basket stands as it was."""
        for code in codes or (COLA,):
            self._seen()
            self.scan(code)
            self.pass_time(pause_ms)
        self._seen()
        self.keys("OK")
        self._say("settling")
        self.keys("F2")
        self.read_notices()
        if self.screen == "Sold":
            self.keys("OK")
            return True
        self._seen()
        self.keys("CANCEL")  # back to the basket; the next customer's goods come on top
        return False

    def _seen(self) -> None:
        """The cashier reads what was refused, and goes on."""
        self.read_notices()
        while isinstance(top := self.terminal.stack[-1], Refused):
            self.refused.append(top.refusal.code)
            self._say(f"refused {top.refusal.code}")
            self.keys("OK")

    def _say(self, line: str) -> None:
        if self.tells:
            say(line)

    def did(self, *commands: Command) -> "Seller":
        """Have commands done as their screens would."""
        self.hands.todo = list(commands)
        self.step(BatterySeen(80, False))
        return self

    def idle(self) -> None:
        """Time for a slice of idle work."""
        self.step(Idle())

    def stop(self) -> None:
        """As on SIGTERM."""
        self.step(StopAsked("test"))
        self.ledger.close()


def say(*lines: str) -> None:
    """To standard output, past Python's buffers, in one write."""
    if lines:
        os.write(1, "".join(f"{line}\n" for line in lines).encode())


def first_start(seller: Seller) -> None:
    """Made from nothing; one sale; stopped; started again."""
    seller.boot().open_for_business().sell()
    seller.stop()
    seller.boot().open_for_business().sell()


def day(seller: Seller) -> None:
    """Scans by piece and by weight, a line removed, a basket left standing, the link coming and going, a cut, a stop."""
    seller.boot().open_for_business()
    for number in range(14):
        if number == 3:
            seller.step(LinkUp())
            seller.step(EpochAnswered(EPOCH, 1))
            seller.backend = True
        if number == 9:
            seller.backend = False
            seller.step(LinkDown(1001))
        seller.sell(*(COLA, APPLE_5_YUAN, COLA)[: number % 3 + 1], pause_ms=2_500 if number == 5 else 400)
        if number % 4 == 1:
            seller.scan(COLA).scan(COLA).keys("CLEAR CANCEL OK") if number == 1 else seller.pass_time(3_000)
        seller.idle()
    seller.scan(COLA)
    seller.pass_time(3_000)
    seller.cut()
    seller.boot().open_for_business().sell()
    seller.stop()


def checkpoints(seller: Seller) -> None:
    """The write-ahead log folded in every few commits, between sales and with a basket open."""
    ledgers.WAL_COMMITS_MAX = 5  # type: ignore[misc]
    seller.boot().open_for_business()
    for _ in range(20):
        seller.sell()
        seller.idle()
        seller.pass_time(QUIET_MS)
        seller.idle()


def disk_full(seller: Seller) -> None:
    """Sales on, refused or not: strace makes writes fail with ENOSPC here and there."""
    seller.boot().open_for_business()
    for number in range(22):
        seller.sell()
        if number % 4 == 3:
            seller.pass_time(QUIET_MS)


def read_only_for_a_while(seller: Seller) -> None:
    """The same, strace refusing a few writes with EROFS, as a card does that has turned read-only."""
    checkpoints(seller)


def full_and_folding(seller: Seller) -> None:
    """The same, with idle slices in between, so that writes of a checkpoint fail too."""
    ledgers.WAL_COMMITS_MAX = 12  # type: ignore[misc]
    seller.boot().open_for_business()
    for _ in range(22):
        seller.sell()
        seller.pass_time(QUIET_MS)
        seller.idle()


def rebuild(seller: Seller) -> None:
    """Projections thrown away and replayed in the middle of the day, and again after an update from the release that had one
    number for all of them, a few facts to a slice."""
    renewal.SLICE_FACTS = 7  # type: ignore[misc]
    seller.boot().open_for_business()
    for number in range(12):
        seller.sell()
        if number == 5:
            seller.pass_time(QUIET_MS)
            seller.ledger.rebuild()
    seller.pass_time(QUIET_MS)
    seller.ledger.db.execute("UPDATE meta SET value = '1' WHERE name = 'projections'")
    seller.cut()
    seller.boot().open_for_business().sell()


def pruning(seller: Seller) -> None:
    """Many boots and one sale; five weeks on, what is acknowledged and no longer needed goes, a slice at a time."""
    ledgers.PRUNE_RECORDS_MIN, ledgers.PRUNE_RECORDS_MAX = 4, 6
    for _ in range(8):
        seller.boot().keys(FACTORY_KEYS if seller.boots == 1 else OWN_KEYS)
        seller.stop()
    seller.boot().open_for_business()
    seller.backend = True
    seller.step(LinkUp())
    seller.sell()
    seller.backend = False
    seller.step(LinkDown(1001))
    seller.sell()  # with this commit the acknowledged mark is written
    seller.pass_time(QUIET_MS)
    seller.ms += FIVE_WEEKS_MS
    for _ in range(12):
        seller.idle()
        seller.pass_time(QUIET_MS)
    seller.open_for_business().sell()  # idle for so long, the cashier has been signed off


def busy(seller: Seller) -> None:
    """Seventy customers at a cashier's pace, three pieces each, with a lull after every fifth."""
    seller.boot().open_for_business()
    for number in range(70):
        seller.sell(COLA, COLA, COLA, pause_ms=800)
        seller.idle()
        seller.pass_time(QUIET_MS if number % 5 == 4 else 5_000)
        seller.idle()


def pruning_on_a_full_disk(seller: Seller) -> None:
    """The same, strace making a commit of the pruning fail with ENOSPC."""
    pruning(seller)


def whole_day(seller: Seller) -> None:
    """Everything the counter can do with money: `tests.power.whole_day`."""
    from tests.power import whole_day as play  # it needs the seller

    play.play(seller)


SCENARIOS = {
    one.__name__: one
    for one in (
        first_start,
        day,
        checkpoints,
        disk_full,
        full_and_folding,
        read_only_for_a_while,
        rebuild,
        pruning,
        pruning_on_a_full_disk,
        whole_day,
        busy,
    )
}


def run(folder: Path, scenario: str, synchronous: str = "FULL") -> None:
    """One whole run, saying what is durable."""
    seller = Seller(folder, synchronous=synchronous, tells=True)
    SCENARIOS[scenario](seller)
    seller.ledger.db.close()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scenario", choices=sorted(SCENARIOS))
    parser.add_argument("--synchronous", default="FULL")
    asked = parser.parse_args()
    run(asked.folder, asked.scenario, asked.synchronous)


if __name__ == "__main__":
    main()
