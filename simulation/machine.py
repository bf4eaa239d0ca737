"""One terminal as a machine: the real core on a real ledger, with power, a clock, workers, and what a loop does for it.

A power cut loses the open transaction and every effect not yet carried out; the files are taken as they lie on the disk
at that moment and opened anew.
"""

import hashlib
import shutil
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.events import (
    Announce,
    Ask,
    AskEpoch,
    AskSlot,
    BatterySeen,
    CheckPin,
    ClockSeen,
    DeviceSeen,
    DrawerPulsed,
    DrawerSeen,
    Effect,
    Event,
    Exit,
    FindName,
    Gauge,
    Gauged,
    HashPin,
    Idle,
    Key,
    KeyPressed,
    NameFound,
    Now,
    PinChecked,
    PinHashed,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Report,
    Send,
    SetTimer,
    SettingsStored,
    Show,
    Signed,
    SignSeal,
    SlotAnswered,
    Started,
    StopAsked,
    StopTimer,
    StoreSettings,
    Tell,
    TimerFired,
)  # fmt: skip
from firmware.screens.pay import Sold
from firmware.terminal import Terminal
from firmware.txn import voucher
from firmware.txn.command import Command, Decision, Refusal
from firmware.txn.ledger import Ledger, load_products
from firmware.txn.product import PriceList, price_list
from firmware.view import View
from rules.catalogue import demo_goods
from rules.settings import Settings
from rules.settings_book import SettingsBook
from simulation.clockwork import Clockwork
from simulation.devices import Drawer, Printer
from simulation.disk import Door, PowerCut, Room
from simulation.link import Link
from simulation.witness import Day, Row
from wire.facts import CatalogueLoaded, Fact, SettingsApplied
from wire.records import GENESIS, ClockState, seal_text

SOFTWARE = "0.1.0"
IDLE_AFTER_MS = 50
PIN_MS = 300
HEAD_RECORDS = 300
"""Damage this near to the head would stop the terminal (decisions 13), which is the ledger's own test."""

RIDES_MS = 11_000
"""What devices report is committed within 10 s (`firmware.terminal.RIDE_MS`), and some slack."""

CRASHES_MAX, CRASH_WINDOW_MS = 3, 5 * 60_000
"""Three crashes in five minutes: safe mode (decisions 15)."""

CutKind = Literal["between", "before_commit", "after_commit", "among_effects"]
OUTSIDE = (Print, PulseDrawer, Send, Announce, AskEpoch, Show)


class Watched(Terminal):
    """The terminal, telling which commands it was given."""

    watch: Callable[[Command, object], None]

    def _decided(self, command: Command) -> tuple[Decision, tuple[int, ...]] | Refusal:
        done = super()._decided(command)
        self.watch(command, done)
        return done


@dataclass(slots=True)
class Met:
    """What a day met, by kind; `coverage` compares it with what there is."""

    faults: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)  # fault @ screen
    screens: dict[str, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    effects: dict[str, int] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)

    def count(self, table: dict[str, int], name: str) -> None:
        """One more."""
        table[name] = table.get(name, 0) + 1

    def add(self, other: "Met") -> None:
        """Everything of another day too."""
        for name in self.__slots__:
            mine: dict[str, int] = getattr(self, name)
            for key, number in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + number


@dataclass(slots=True)
class Machine:
    """The terminal with what is around it. `link`, `printers`, `drawer` are joined on by the world."""

    clock: Clockwork
    day: Day
    met: Met
    folder: Path
    settings: Settings
    base_ms: int
    key: Ed25519PrivateKey
    printers: tuple[Printer, ...] = field(init=False)
    drawer: Drawer = field(init=False)
    link: Link = field(init=False)
    book: SettingsBook | None = None  # what is kept of settings
    terminal: Watched | None = None
    door: Door | None = None
    view: View | None = None
    shown_ms: int = 0
    boot: int = 0
    boot_id: str = ""
    booted_ms: int = 0
    offset_ms: int = 0  # how wrong the terminal's wall clock is
    clock_state: ClockState = "trusted"
    room: Room = "ok"
    scanner: bool = True
    keypad: bool = True
    safe: bool = False
    damage: bool = False  # with the next cut an old record is damaged
    cut_next: str = ""  # a power cut armed for the next step that fits
    went_dark: Callable[[], None] = lambda: None
    last_cut_ms: int = -(10**9)
    disk_trouble_ms: int = -(10**9)
    _crashes: list[int] = field(default_factory=list)
    _timers: dict[str, int] = field(default_factory=dict)
    _timer_count: int = 0
    _idle_asked: bool = False
    _last_event_ms: int = 0
    _floor_ms: int = 0  # the last wall time it was given, below which a clock nobody trusts does not go
    _floor_at_ms: int = 0
    _stopping: bool = False
    _reported: list[tuple[int, tuple[str, int, str]]] = field(default_factory=list)
    _on_screen: set[int] = field(default_factory=set)  # sales whose end the screens of this moment tell
    _told: set[int] = field(default_factory=set)  # and whose end they ever told

    # --- power ------------------------------------------------------------------------------------------------------

    @property
    def on(self) -> bool:
        """Whether the daemon runs."""
        return self.terminal is not None

    def start(self, notices: tuple[tuple[int, str], ...] = ()) -> None:
        """Power on, or systemd starts the daemon again."""
        if self.on:
            return
        self.boot += 1
        self.boot_id = f"b{self.boot}"
        self.booted_ms = self._last_event_ms = self.clock.now_ms
        path = self.folder / "ledger.db"
        fresh = not path.exists()
        ledger = Ledger.open(path, self.day.terminal, self.clock.rng.randrange(1, 2**31))
        facts: tuple[Fact, ...] = ()
        if fresh:
            prices = demo_prices()
            load_products(ledger, prices.products, prices.codes)
            facts = (
                SettingsApplied(self.settings.revision, "00" * 32, "local"),
                CatalogueLoaded(0, len(prices.products), prices.digest),
            )
        self.day.epoch = ledger.epoch
        self.door = Door(ledger.db, path, self.room, self.clock.rng.random)
        self.door.on_durable = self._durable
        ledger.db = cast(Any, self.door)
        if ledger.acked_seq > self.link_upto:
            self.object(f"acknowledged up to {ledger.acked_seq} at boot, but the backend only up to {self.link_upto}")
        self.terminal = Watched(ledger, self.settings, SOFTWARE, self.key.public_key().public_bytes_raw().hex())
        self.terminal.watch = self._heard
        self._timers.clear()
        self.view, self._idle_asked, self._stopping = None, False, False
        self.clock.note(f"--- boot {self.boot_id}{' in safe mode' if self.safe else ''}")
        self.step(Started(self.clock.rng.randbytes(32), self.boot_id, self.safe, notices, facts))
        self._tell_devices()

    def _durable(self, first: int, last: int) -> None:
        self.day.durable_in.update(dict.fromkeys(range(first, last + 1), self.boot_id))

    def _tell_devices(self) -> None:
        rng = self.clock.rng
        for printer in self.printers:
            self.post(PrinterSeen(printer.look, printer.number), rng.randint(50, 900))
        self.post(DrawerSeen(self.drawer.seen), rng.randint(10, 200))
        self.post(BatterySeen(rng.choice((None, rng.randint(5, 100))), True), rng.randint(10, 500))
        for device, there in (("scanner", self.scanner), ("keypad", self.keypad)):
            if not there:
                self.post(DeviceSeen(cast(Literal["scanner", "keypad"], device), False), rng.randint(10, 500))
        self.link.start()

    def cut(self, kind: str) -> None:
        """The power goes, now. The printers' and drawer's power goes too."""
        self.met.count(self.met.faults, f"power_cut_{kind}")
        self._state(f"power_cut_{kind}")
        self.clock.note(f"--- power cut ({kind})")
        for printer in self.printers:
            printer.power_off()
        self.drawer.power_off()
        self._gone()

    def crash(self) -> None:
        """The daemon is killed; the devices go on with what they have."""
        self.clock.note("--- crash")
        self._left_alone()
        self._crashes = [ms for ms in self._crashes if self.clock.now_ms - ms < CRASH_WINDOW_MS] + [self.clock.now_ms]
        self.safe = len(self._crashes) >= CRASHES_MAX
        self._gone()

    def _left_alone(self) -> None:
        """The printers print what they have of a daemon that is gone."""
        for printer in self.printers:
            printer.daemon_gone(self.clock.rng.random())

    def _gone(self) -> None:
        """Files stay as they lie on the disk; everything else of the process is lost."""
        assert self.terminal is not None
        assert self.door is not None
        self.day.syncs += self.terminal.ledger.syncs
        path = self.folder / "ledger.db"
        kept = [
            (name, self.folder / f"kept{name}") for name in ("", "-wal") if (self.folder / f"ledger.db{name}").exists()
        ]
        for name, copy in kept:
            shutil.copyfile(f"{path}{name}", copy)
        self.door.close()
        for name, copy in kept:
            copy.replace(f"{path}{name}")
        if self.damage:
            self.damage = False
            self._damage(path)
        self._young_are_lost()
        self._off()
        self.last_cut_ms = self.clock.now_ms
        self.went_dark()

    def _damage(self, path: Path) -> None:
        """A bit rots in an old record, one that is long at the backend: its time no longer fits the chain. Only one whose
        time stands in no table, so that the tables still agree."""
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            old = db.execute(
                "SELECT seq FROM journal WHERE kind = 'drawer_moved' AND seq <= ?"
                " AND instr(body, CAST('too_long' AS BLOB)) = 0"
                " AND seq < (SELECT max(seq) FROM journal) - ? ORDER BY seq",
                (self.link_upto, HEAD_RECORDS),
            ).fetchall()
            if old:
                seq = int(self.clock.rng.choice(old)[0])
                db.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = ?", (seq,))
                self.day.damaged.add(seq)
                self.met.count(self.met.faults, "record_damaged")

    def _off(self) -> None:
        self._note_disk()
        self.boot += 1  # whatever was on its way to the old process is lost
        self.terminal, self.door, self.view, self.cut_next = None, None, None, ""
        self.link.stop()

    # --- events and effects -----------------------------------------------------------------------------------------

    def post(self, event: Event, after_ms: int = 0) -> None:
        """Give the terminal an event later; lost if it is gone by then."""
        boot = self.boot
        if self.on:
            self.clock.after(after_ms, lambda: self.step(event) if boot == self.boot else None)

    @property
    def now(self) -> Now:
        """What the terminal's clocks say."""
        monotonic = self.clock.now_ms - self.booted_ms
        wall_ms = self.base_ms + self.clock.now_ms + self.offset_ms
        if self.clock_state == "floor":
            wall_ms = max(wall_ms, self._floor_ms + self.clock.now_ms - max(self.booted_ms, self._floor_at_ms))
        return Now(monotonic, wall_ms, self.clock_state)

    def step(self, event: Event) -> None:
        """One event through the core, and its effects carried out."""
        if self.terminal is None or self.door is None:
            return
        self.clock.note(f"<- {event!r}"[:300])
        self.clock.steps += 1
        self.met.count(self.met.events, type(event).__name__)
        self._last_event_ms = self.clock.now_ms
        if self.cut_next == "in_basket" and self._in_basket():
            self.cut("in_basket")
            return
        self.door.cut_at = "before_commit" if self.cut_next == "before_commit" else ""
        if self.cut_next in ("after_commit", "after_sale"):
            self.door.cut_at = "after_commit" if self.cut_next == "after_commit" or self._pays(event) else ""
        try:
            now = self.now
            self._floor_ms, self._floor_at_ms = now.wall_ms, self.clock.now_ms
            effects = self.terminal.step(event, now)
        except PowerCut:
            self.cut(self.cut_next)
            return
        self._note_outcome(event, effects)
        self._check_sold()
        self._carry_out(effects)
        if self.terminal is not None:
            self._check_acked()
            self._ask_idle()

    def _note_outcome(self, event: Event, effects: tuple[Effect, ...]) -> None:
        """What a device reports must be on record soon after; what came just before a cut or a disk trouble may be lost.
        A slip that a printer did not begin and the other one was given at once is still on its way."""
        assert self.door is not None
        if self.door.met or self.room != "ok":
            self._note_disk()
            self._young_are_lost()
        elif isinstance(event, Printed) and (event.begun or not _handed_on(event, effects)):
            self._reported.append((self.clock.now_ms, ("slip_printed", event.job, event.outcome)))
        elif isinstance(event, DrawerPulsed):
            self._reported.append((self.clock.now_ms, ("drawer_pulsed", event.cause, event.outcome)))

    def _young_are_lost(self) -> None:
        self._reported = [each for each in self._reported if self.clock.now_ms - each[0] > RIDES_MS]

    def _in_basket(self) -> bool:
        name = self.view.name if self.view else ""
        return name in ("BasketScreen", "Cash", "Overpaid", "Search", "Confirm") and self.clock.rng.random() < 0.08

    def _pays(self, event: Event) -> bool:
        """Whether this key is about to settle a sale."""
        name = self.view.name if self.view else ""
        return name in ("Cash", "Overpaid") and isinstance(event, KeyPressed) and event.key in (Key.OK, Key.F1, Key.F2)

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        boot = self.boot
        left = len(effects)
        if self.cut_next == "among_effects" and any(isinstance(each, Print | PulseDrawer | Send) for each in effects):
            left = self.clock.rng.randrange(len(effects))
        for effect in effects:
            if left == 0 and self.cut_next == "among_effects":
                self.cut("among_effects")
                return
            left -= 1
            self.met.count(self.met.effects, type(effect).__name__)
            self.clock.mix(msgspec.json.encode(effect))
            self._carry(effect)
            if self.boot != boot:
                return

    def _carry(self, effect: Effect) -> None:
        match effect:
            case Show(view):
                self._show(view)
            case Print():
                self._print(effect)
            case PulseDrawer(cause):
                self.clock.note(f"-> pulse because {cause}")
                self._must_be_durable(cause, "a pulse")
                self.drawer.pulse(cause, self.boot_id)
            case Send(packet):
                first, last = packet.records[0].seq, packet.records[-1].seq
                self.clock.note(f"-> send {first}-{last}")
                self._must_be_durable(last, "a message")
                self.link.carry(effect)
            case Announce() | AskEpoch() | Report() | Tell():
                self.link.carry(effect)
            case Ask(because):
                if because:
                    self._must_be_durable(because, "an ask")
                self.link.carry(effect)
            case AskSlot(act):
                self.post(SlotAnswered(act, slot="A", software="simulated"), 5)
            case Gauge():
                self.post(Gauged(0), 5)
            case FindName():
                self.post(NameFound(0 if self.link.usable else 1002), 40)
            case SetTimer(name, after_ms):
                self._set_timer(name, after_ms)
            case StopTimer(name):
                self._timers.pop(name, None)
            case CheckPin(request, pin, digest, salt):
                self.post(PinChecked(request, cheap_hash(pin, salt) == digest), PIN_MS)
            case HashPin(request, pin, salt):
                self.post(PinHashed(request, cheap_hash(pin, salt), salt), PIN_MS)
            case SignSeal(terminal, epoch, upto, digest):
                signature = self.key.sign(seal_text(terminal, epoch, upto, digest)).hex()
                self.post(Signed(upto, digest, signature), 5)
            case StoreSettings(request, book):
                self._keep(request, book)
            case Exit():
                self._exit()
            case _:
                pass  # sound and light: nobody in the simulation hears or sees them

    def _print(self, effect: Print) -> None:
        receipt, where = effect.receipt, " on the stand-in" if effect.printer else ""
        self.clock.note(f"-> print job {effect.job} because {effect.because} {receipt.number} {receipt.mark}{where}")
        self._must_be_durable(max(effect.job, effect.because), "a slip")
        if effect.printer >= len(self.printers):
            self.object(f"a slip for printer {effect.printer}, which is not there")
            return
        if effect.printer:
            self.met.count(self.met.faults, "stand_in_continues" if receipt.mark else "stand_in_prints")
        self.printers[effect.printer].take(effect)

    def _keep(self, request: int, book: SettingsBook) -> None:
        """The card takes a book of settings, whole, some time after it was given; a cut before then leaves the old one."""
        boot = self.boot

        def kept() -> None:
            if boot == self.boot and self.room == "ok":
                self.book = book
            self.post(SettingsStored(request, 0 if self.room == "ok" else 9002))

        self.clock.after(self.clock.rng.randint(5, 60), kept)

    def _exit(self) -> None:
        assert self.terminal is not None
        self.clock.note("--- clean stop")
        self.day.syncs += self.terminal.ledger.syncs
        self.terminal.ledger.close()
        self._left_alone()
        self.safe = False
        self._off()
        self.last_cut_ms = self.clock.now_ms
        self.went_dark()

    def _set_timer(self, name: str, after_ms: int) -> None:
        self._timer_count += 1
        token, boot = self._timer_count, self.boot
        self._timers[name] = token

        def fire() -> None:
            if boot == self.boot and self._timers.get(name) == token:
                del self._timers[name]
                self.step(TimerFired(name))

        self.clock.after(after_ms, fire)

    def _ask_idle(self) -> None:
        """`Idle` comes when nothing has happened for a moment and there is work for it."""
        if self._idle_asked or self.terminal is None or not self.terminal.idle_work:
            return
        self._idle_asked = True
        boot = self.boot

        def idle() -> None:
            if boot != self.boot:
                return
            self._idle_asked = False
            if self.clock.now_ms - self._last_event_ms >= IDLE_AFTER_MS:
                self.step(Idle())
            else:
                self._ask_idle()

        self.clock.after(IDLE_AFTER_MS, idle)

    def _show(self, view: View) -> None:
        if self.view is None or view.name != self.view.name:
            self.clock.note(f"-> screen {view.name}")
            self.met.count(self.met.screens, view.name)
        self.view, self.shown_ms = view, self.clock.now_ms

    def _heard(self, command: Command, done: object) -> None:
        name = type(command).__name__
        self.met.count(self.met.commands, name)
        if isinstance(done, Refusal):
            self.met.count(self.met.codes, str(done.code))
            self.clock.note(f"   {name} refused {done.code}")

    # --- the world's own judgement on the spot ------------------------------------------------------------------------

    def object(self, what: str) -> None:
        """Something is wrong, seen now."""
        self.clock.note(f"!!! {what}")
        self.day.objections.append(f"at {self.clock.now_ms} ms: {what}")

    def _check_sold(self) -> None:
        """A sale is told as done once: who stands at the counter next must not see the last customer's."""
        assert self.terminal is not None
        told = {each.job for each in self.terminal.stack if isinstance(each, Sold)}
        for seq in sorted((told - self._on_screen) & self._told):
            self.object(f"the sale of record {seq} is shown as done once more")
        self._on_screen = told
        self._told |= told

    def _must_be_durable(self, seq: int, what: str) -> None:
        assert self.door is not None
        if seq > self.door.durable_seq:
            self.object(f"{what} for record {seq} before its commit ({self.door.durable_seq} is durable)")

    @property
    def link_upto(self) -> int:
        """How far the backend has acknowledged, after its commits."""
        return self.link.backend_upto(self.day.epoch)

    def _check_acked(self) -> None:
        assert self.terminal is not None
        if self.terminal.ledger.acked_seq > self.link_upto:
            self.object(f"acknowledged {self.terminal.ledger.acked_seq}, but the backend only {self.link_upto}")

    def _state(self, fault: str) -> None:
        self.met.count(self.met.states, f"{fault} @ {self.view.name if self.view else 'off'}")

    def _note_disk(self) -> None:
        if self.door is not None and self.door.met:
            for name in self.door.met:
                self.met.count(self.met.faults, f"disk_error_{name}")
            self.door.met.clear()
            self.disk_trouble_ms = self.clock.now_ms

    # --- troubles ---------------------------------------------------------------------------------------------------

    def set_room(self, room: Room) -> None:
        """The disk fills up, turns read-only, or is well again."""
        self.room = room
        if self.door is not None:
            self._note_disk()
            self.door.set_room(room)
        self.disk_trouble_ms = self.clock.now_ms

    def trouble(self, name: str) -> None:
        """Note a trouble and the screen it met."""
        self.clock.note(f"*** {name}")
        self._state(name)

    def battery(self, percent: int, charging: bool = False) -> None:
        """The battery runs down, or somebody plugs the charger in."""
        self.post(BatterySeen(percent, charging))

    def set_devices(self, present: bool) -> None:
        """Keypad and scanner are plugged in again."""
        for device in ("scanner", "keypad"):
            if getattr(self, device) != present:
                setattr(self, device, present)
                self.post(DeviceSeen(device, present), 20)

    def trace_back(self, error: Exception) -> None:
        """Put the way to an error into the trace."""
        for line in traceback.format_exception(error):
            self.clock.note(line.rstrip())

    def close(self) -> None:
        """The day is over: let go of the files."""
        if self.door is not None:
            self._note_disk()
            self.door.close()

    def ask_stop(self, reason: str) -> None:
        """A clean stop, as by SIGTERM."""
        self.step(StopAsked(reason))

    def step_clock(self, offset_ms: int, state: ClockState) -> None:
        """The wall clock is set."""
        step_ms, self.offset_ms, self.clock_state = offset_ms - self.offset_ms, offset_ms, state
        self.post(ClockSeen(state, step_ms))

    # --- the evening --------------------------------------------------------------------------------------------------

    @property
    def drained(self) -> bool:
        """Everything journaled is acknowledged and nothing waits for a commit."""
        if self.terminal is None:
            return False
        ledger = self.terminal.ledger
        return not ledger.pending_facts() and ledger.acked_seq == ledger.durable_seq

    def tell(self) -> None:
        """Put the terminal's own book into the day's witnesses, for comparison."""
        assert self.terminal is not None
        ledger = self.terminal.ledger
        self.day.syncs += ledger.syncs
        self.day.acked_seq = ledger.acked_seq
        self.day.reported = [what for _, what in self._reported]
        self.day.rebuild_differences = ledger.differences()
        self.day.vouchers_listed = {use.request_no for use in voucher.listed(ledger)}
        held = ledger.read("SELECT operator FROM secret WHERE operator LIKE 'voucher %' AND length(hash) > 0")
        self.day.vouchers_secret = {str(name).removeprefix("voucher ") for (name,) in held}
        prev = GENESIS
        for seq, kind, version, at_ms, clock, body, digest in ledger.read(
            "SELECT seq, kind, version, at_ms, clock, body, hash FROM journal ORDER BY seq"
        ):
            self.day.journal.append(Row(seq, kind, version, at_ms, clock, body, prev.hex(), digest.hex()))
            prev = digest


def _handed_on(event: Printed, effects: tuple[Effect, ...]) -> bool:
    """Whether another printer has the job now."""
    return any(isinstance(each, Print) and each.job == event.job and each.printer != event.printer for each in effects)


@lru_cache(maxsize=1)
def demo_prices() -> PriceList:
    """The demonstration goods as rows."""
    return price_list(demo_goods())


def cheap_hash(pin: str, salt: bytes) -> bytes:
    """Stands for the slow hash of PINs, which the simulation has no time for (decisions 33)."""
    return hashlib.sha256(salt + pin.encode()).digest()
