"""A clerk at the counter: she does whole jobs, each a plan of keys and scans read off the screen, cash in her hands.

Where the careful cashier (`simulation.cashier`) follows every single key, the clerk lives what customers ask for: paying by
every means, giving back, holding, discounts, the drawer, the shift. What she put into the drawer or took out of it she
knows from the screens she has seen; what a power cut hid from her she looks up once the terminal is back.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware.events import Key, KeyHeld, KeyPressed, Scanned
from firmware.txn import checkout, payment, reserve, voucher
from firmware.view import View
from simulation import sight
from simulation.clockwork import Clockwork
from simulation.counter_audit import cash_of, deed
from simulation.machine import Machine
from simulation.witness import Day, Did
from wire.facts import Fact, VoucherHeard, decode

if TYPE_CHECKING:
    from simulation.link import Backend

Job = Generator[int, None, None]
"""A job acts, then yields the ms until it looks again."""

PATIENCE_ACTS = 60
OPENING = frozenset({"shift", "CountFloat", "OpenAtOnce"})
"""Screens a shift is opened on."""

STUCK_MS = 240_000


class Lost(Exception):
    """The screen is not what the job expected: go home and leave it."""


@dataclass(frozen=True, slots=True)
class Hope:
    """Money that will have moved if the key that was just pressed went through."""

    kind: str
    cash_fen: int


@dataclass(slots=True)
class Clerk:
    """She acts every now and then; each act is a key, a scan, or a look."""

    clock: Clockwork
    machine: Machine
    day: Day
    backend: "Backend"
    plans: dict[str, Callable[["Clerk"], Job]]
    errands: dict[str, Callable[["Clerk", View], int]]
    wishes: tuple[str, ...]  # what customers ask for, as often as they do
    jobs: deque[str] = field(default_factory=lambda: deque(["sign_off"]))
    refused: int = 0  # the last refusal, until a job looks
    counted: bool = False  # this shift was counted once
    operator: str = "00"  # the supervisor opens in the morning, then a cashier takes over
    hope: Hope | None = None
    finished: int = 0
    given_up: int = 0
    memory: dict[str, object] = field(default_factory=dict)  # what her jobs remember of the day
    own: frozenset[str] = frozenset()  # screens the job of the moment sees to itself
    late: bool = False  # the shop has closed: what waits is tidied up, then the books are closed
    closed: bool = False
    _job: Job | None = None
    _name: str = ""
    _boot: str = ""
    _booked: int = 0  # facts before this place are settled with the drawer
    _since_ms: int = 0
    _was: str = ""

    # --- what the world asks of its staff -------------------------------------------------------------------------------

    def comes(self, number: int) -> None:
        """A customer, with whatever they want."""
        self.jobs.append(self.clock.rng.choice(self.wishes))

    def act(self) -> int:
        """One act; the ms until the next."""
        view = self.machine.view
        if view is None:
            return 1_000
        if self._boot != self.machine.boot_id:
            self._boot, self._job = self.machine.boot_id, None
        for code in sight.codes(view):
            self.machine.met.count(self.machine.met.codes, code)
        name = sight.screen(view)
        if name != self._was:
            self._was, self._since_ms = name, self.clock.now_ms
        elif self.clock.now_ms - self._since_ms > STUCK_MS and name not in ("Idle", "signon") and not self._done(name):
            self._since_ms = self.clock.now_ms
            self.machine.object(f"nothing leads on from {name} in job {self._name}")
            self._job = None
        if self.machine.drawer.open and self.clock.rng.random() < 0.3:
            self.machine.drawer.moves(False)
        if self._done(name):
            return 5_000  # tomorrow
        errand = self.errands.get(name)
        if errand is not None and (name not in self.own or self._job is None):
            return errand(self, view)
        return self._work(name)

    def _done(self, name: str) -> bool:
        """Whether the books are closed and nobody opens them again."""
        return self.closed and name in OPENING

    def went_dark(self) -> None:
        """The terminal is gone in the middle of something."""
        self._job = None

    def came_back(self) -> None:
        """It is started again: she will look what it says."""

    def evening(self) -> None:
        """The shop has closed."""
        self.late = True

    def restless(self) -> dict[str, bool]:
        """What she still has to do, for the end of the day: name -> done."""
        return {
            "jobs": not self.jobs and self._job is None, "money in doubt": self.hope is None,
            "payments waiting": not self.waits(), "shift and day": self.closed,
        }  # fmt: skip

    def waits(self) -> int:
        """How much stands on the list of payments."""
        terminal = self.machine.terminal
        if terminal is None:
            return 1
        books = terminal.ledger
        return len(checkout.unfinished(books)) + len(reserve.open_reservations(books)) + len(voucher.open_uses(books))

    def has_not_heard(self, bill: str) -> bool:
        """Whether the terminal does not know the number on a customer's bill."""
        terminal = self.machine.terminal
        return terminal is not None and payment.by_channel_no(terminal.ledger, bill) is None

    def _work(self, name: str) -> int:
        if self._job is None:
            if name not in ("Idle", "Sold"):
                return self._go_home(name)
            self.settle_doubt()
            if not self.jobs and not (self.late and name == "Idle" and self._plan_evening()):
                if name == "Sold":
                    self.press(Key.OK)
                return self.clock.soon_ms(3_000, 12_000)
            self.own, self.refused = frozenset(), 0
            self._name = self.jobs.popleft()
            self._job = self.plans[self._name](self)
            self.clock.note(f"=== {self._name}")
        try:
            return next(self._job)
        except StopIteration:
            self.finished += 1
        except Lost as why:
            self.given_up += 1
            self.clock.note(f"=== {self._name} given up: {why}")
        self._job = None
        return self.clock.soon_ms(400, 2_000)

    def _plan_evening(self) -> bool:
        """Whether there is something left to do before she goes home."""
        if self.waits():
            self.jobs.append(self.clock.rng.choice(("tidy_orders", "open_refunds")))
        elif not self.closed:
            self.jobs.append("evening")
        return bool(self.jobs)

    def _go_home(self, name: str) -> int:
        if name == "GiveUp":
            self.press(self.clock.rng.choice((Key.F1, Key.F2, Key.OK)))
            return 400
        self.press(Key.OK if name in ("Notice", "Sold", "Refused", "Confirm") else Key.CANCEL)
        if name != "Confirm" and self.clock.rng.random() < 0.2:
            self.hold(Key.CANCEL)
        return self.clock.soon_ms(200, 700)

    # --- hands ----------------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The screen; `Lost` when it is dark."""
        if self.machine.view is None:
            raise Lost("dark")
        return self.machine.view

    @property
    def screen(self) -> str:
        """Name of the screen."""
        return sight.screen(self.view)

    def press(self, *keys: Key) -> None:
        """Keys, one after the other, as long as there is a terminal."""
        for key in keys:
            if self.machine.view is not None and self.machine.keypad:
                self.machine.step(KeyPressed(key))

    def type(self, digits: str) -> None:
        """Digits."""
        self.press(*(Key(digit) for digit in digits))

    def scan(self, text: str) -> None:
        """The scanner, or nothing when it is unplugged."""
        if self.machine.view is not None and self.machine.scanner:
            self.machine.step(Scanned(text))

    def hold(self, key: Key) -> None:
        """A key for two seconds."""
        if self.machine.view is not None and self.machine.keypad:
            self.machine.step(KeyPressed(key))
            if self.machine.view is not None:
                self.machine.step(KeyHeld(key))

    # --- eyes -----------------------------------------------------------------------------------------------------------

    def until(
        self, *names: str, wait: tuple[int, int] = (200, 700), acts: int = PATIENCE_ACTS
    ) -> Generator[int, None, str]:
        """Look until one of these screens is there; `Lost` when it does not come."""
        for _ in range(acts):
            if self.machine.view is not None and self.screen in names:
                return self.screen
            yield self.clock.soon_ms(*wait)
        raise Lost(f"{'/'.join(names)} did not come, {self.screen} is there, refused {self.refused}")

    def pause(self, low: int = 150, high: int = 600) -> Generator[int, None, None]:
        """A moment."""
        yield self.clock.soon_ms(low, high)

    # --- money ----------------------------------------------------------------------------------------------------------

    def hopes(self, kind: str, cash_fen: int) -> None:
        """The next key moves this much cash, if it goes through."""
        self.hope = Hope(kind, cash_fen)

    def moved(self, cash_fen: int) -> None:
        """The screen says that it is done: cash goes into the drawer (or out, when negative)."""
        hope, self.hope = self.hope, None
        if hope is None:
            return
        if cash_fen > hope.cash_fen and self._redeemed_less():
            hope = Hope(hope.kind, cash_fen)  # the vouchers bear less than they were to: more of the cash stays here
        if cash_fen != hope.cash_fen:
            self.machine.object(f"{hope.kind}: the screen says {cash_fen} into the drawer, the counter {hope.cash_fen}")
        self._hand(hope, seen=True)

    def failed(self) -> None:
        """The screen says that nothing was done."""
        self.hope = None

    def settle_doubt(self) -> None:
        """Back at the idle screen: whatever was hoped for either stands in the terminal's book by now or never will."""
        terminal = self.machine.terminal
        if terminal is None:
            return
        facts = self._news()
        less = any(map(_is_less, facts))
        self._booked = terminal.ledger.durable_seq
        hope, self.hope = self.hope, None
        for fact in facts if hope is not None else []:
            assert hope is not None
            cash_fen = cash_of(fact)
            if deed(fact) == hope.kind and (cash_fen == hope.cash_fen or (less and cash_fen > hope.cash_fen)):
                self._hand(Hope(hope.kind, cash_fen), seen=False)
                return

    def _redeemed_less(self) -> bool:
        """Whether a platform redeemed fewer vouchers than it was asked to since cash moved last (3035)."""
        return any(map(_is_less, self._news()))

    def _news(self) -> list[Fact]:
        """What the terminal journaled since cash moved last."""
        terminal = self.machine.terminal
        assert terminal is not None
        rows = terminal.ledger.read("SELECT kind, version, body FROM journal WHERE seq > ? ORDER BY seq", self._booked)
        return [decode(kind, version, body) for kind, version, body in rows]

    def _hand(self, hope: Hope, seen: bool) -> None:
        self.day.drawer_fen += hope.cash_fen
        if hope.cash_fen:
            self.day.did.append(Did(self.clock.now_ms, hope.kind, hope.cash_fen, seen))
        terminal = self.machine.terminal
        if terminal is not None:
            self._booked = max(self._booked, terminal.ledger.durable_seq)


def _is_less(fact: Fact) -> bool:
    return isinstance(fact, VoucherHeard) and fact.state == "consumed" and fact.count > 0
