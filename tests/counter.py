"""A terminal at a counter, for tests: keys and scans go in, the drawn view and what left the terminal come out.

The edge is played at the level of events and effects: PINs are compared by a cheap hash, print and drawer answer as told.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from firmware.events import (
    CheckPin,
    DrawerPulsed,
    Effect,
    Event,
    HashPin,
    Key,
    KeyPressed,
    Now,
    PinChecked,
    PinHashed,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Scanned,
    SetTimer,
    SettingsStored,
    Signed,
    SignSeal,
    Started,
    StopTimer,
    StoreSettings,
    TimerFired,
)
from firmware.render_text import lines, speak
from firmware.terminal import Terminal
from firmware.txn.ledger import Ledger, load_products
from firmware.txn.product import PriceList, price_list
from rules.catalogue import demo_goods
from rules.settings import Settings, defaults
from rules.settings_book import SettingsBook, in_force
from wire.records import ClockState

COLA, APPLE_5_YUAN, MILK_BOX = "6901234567892", "2110001005008", "特仑苏"
BEER, TOBACCO = "6986644000115", "6957205000110"
DAY_MS = 1_795_305_600_000 + 10 * 3_600_000


@cache
def demo_list() -> PriceList:
    """The demonstration goods as rows, read once per test run."""
    return price_list(demo_goods())


def open_ledger(folder: Path, terminal: str = "00010023") -> Ledger:
    """A ledger with the demonstration goods."""
    ledger = Ledger.open(folder / "ledger.db", terminal, 4711)
    if not ledger.read("SELECT 1 FROM product LIMIT 1"):
        listed = demo_list()
        load_products(ledger, listed.products, listed.codes)
    return ledger


@dataclass
class Counter:
    """`boot` starts it; `keys("0 1 OK")` presses; `out` collects every effect but timers."""

    folder: Path
    settings: Settings = field(default_factory=defaults)
    clock: ClockState = "trusted"
    prints: str = "printed"  # outcome of every print job; "" = the printer does not answer
    drawer: str = "opened"
    ms: int = 1_000
    day_ms: int = DAY_MS  # wall clock at ms = 0
    boots: int = 0
    out: list[Effect] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    looks: bool = True  # whoever presses keys sees what has just come up by itself first
    book: SettingsBook | None = None  # what was kept last
    number: str = "00010023"  # of the terminal
    signs: bool = True  # whether the worker that signs seals answers
    ledger: Ledger = field(init=False)
    terminal: Terminal = field(init=False)

    def boot(self, notices: tuple[tuple[int, str], ...] = (), safe_mode: bool = False) -> "Counter":
        """Start the daemon on the folder."""
        self.boots += 1
        self.ledger = open_ledger(self.folder, self.number)
        self.terminal = Terminal(self.ledger, self.settings, "test", "ab" * 32)
        if self.book is not None:
            self.terminal.book = self.book
            self.terminal.settings = in_force(self.book.applied, self.book.overrides)[0]
        self.out, self.timers = [], {}
        seed = hashlib.sha256(b"%d" % self.boots).digest()
        self.step(Started(seed, f"boot{self.boots}", safe_mode, notices))
        self.step(PrinterSeen("ok"))
        return self

    def cut(self) -> None:
        """The power goes: what was not committed is gone."""
        if self.ledger.db.in_transaction:
            self.ledger.db.execute("ROLLBACK")
        self.ledger.db.close()

    def step(self, event: Event, after_ms: int = 100) -> list[Effect]:
        """One event, and the edge's answers to what it caused."""
        if isinstance(event, KeyPressed) and self.looks:
            after_ms = max(after_ms, self.terminal.calm_until_ms - self.ms)
        self.ms += after_ms
        effects = list(self.terminal.step(event, Now(self.ms, self.day_ms + self.ms, self.clock)))
        for effect in list(effects):
            effects += self._answer(effect)
        return effects

    def _answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case SetTimer(name, after_ms):
                self.timers[name] = self.ms + after_ms
                return []
            case StopTimer(name):
                self.timers.pop(name, None)
                return []
            case CheckPin(request, pin, digest, salt):
                return self.step(PinChecked(request, _pin_hash(pin, salt) == digest))
            case HashPin(request, pin, salt):
                return self.step(PinHashed(request, _pin_hash(pin, salt), salt))
        self.out.append(effect)
        match effect:
            case SignSeal(_, _, upto, digest) if self.signs:
                return self.step(Signed(upto, digest, "5e" * 64))
            case StoreSettings(request, book):
                self.book = book
                return self.step(SettingsStored(request))
            case Print(job, _, _) if self.prints:
                return self.step(Printed(job, self.prints))
            case PulseDrawer(cause) if self.drawer:
                return self.step(DrawerPulsed(cause, self.drawer))
        return []

    def pass_time(self, ms: int) -> None:
        """Let timers fire that come due within `ms`."""
        until = self.ms + ms
        while due := sorted((at, name) for name, at in self.timers.items() if at <= until):
            at, name = due[0]
            del self.timers[name]
            self.step(TimerFired(name), max(0, at - self.ms))
        self.ms = max(self.ms, until)

    def keys(self, names: str) -> "Counter":
        """Press keys, by name, separated by blanks."""
        for name in names.split():
            self.step(KeyPressed(Key(name)))
        return self

    def scan(self, text: str, symbology: str = "") -> "Counter":
        """Scan a code."""
        self.step(Scanned(text, symbology))
        return self

    def open_for_business(self) -> "Counter":
        """Sign on as 01, change the factory PIN, open the shift with 200.00, for which the drawer opens as it should;
        `pulses` counts from there."""
        told, self.drawer = self.drawer, "opened"
        self.boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK 2 0 0 0 0 OK")
        self.drawer = told
        self.out = [effect for effect in self.out if not isinstance(effect, PulseDrawer)]
        return self

    def sign_on(self) -> "Counter":
        """Sign on as 01 with the PIN of `open_for_business`."""
        return self.keys("0 1 OK 3 8 5 2 OK")

    @property
    def screen(self) -> str:
        """Name of the screen now shown."""
        assert self.terminal.shown is not None
        return self.terminal.shown.name

    def text(self) -> str:
        """Everything on the screen, as text."""
        view = self.terminal.shown
        assert view is not None
        title, body, hints = lines(view, lambda say: speak(view.lang, say))
        return "\n".join((title, *body, *hints))

    def facts(self) -> list[str]:
        """Kinds of all journaled facts, in order."""
        return [entry.fact.KIND for entry in self.ledger.entries()]

    def printed(self) -> list[Print]:
        """Every print effect so far in this boot."""
        return [effect for effect in self.out if isinstance(effect, Print)]

    def pulses(self) -> list[PulseDrawer]:
        """Every drawer pulse so far in this boot."""
        return [effect for effect in self.out if isinstance(effect, PulseDrawer)]


def _pin_hash(pin: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + pin.encode()).digest()
