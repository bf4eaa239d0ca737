"""Builds one terminal from its data folder: settings, hardware profile, ledger, drivers, loop. No decision is made here.

What a profile names `board` is played by the emulator; everything else is the real device. Each driver imports its
vendor package when its worker starts.
"""

import hashlib
import logging
import os
import random
import secrets
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from firmware import hardware as profiles
from firmware.crashes import KILLED, CrashFile, RunMark
from firmware.diagnosis import Diagnosis, DiagnosisSocket
from firmware.drivers.board import BoardLink
from firmware.drivers.display import DisplayDriver, Draws, panel_opener
from firmware.drivers.display.scan_times import ScanTimes
from firmware.drivers.drawer import BoardLines, Drawer, fit_board, fit_gpio
from firmware.drivers.drawer.fittings import output
from firmware.drivers.fetch import Fetcher
from firmware.drivers.keys import Keys, inputs
from firmware.drivers.names import Names
from firmware.drivers.printer.driver import PrinterDriver, connection
from firmware.drivers.printer.model import model_for
from firmware.drivers.slots import FolderSlots, NoSlots, RaucSlots, Slots, SlotWorker, launch
from firmware.drivers.sound import BoardSound, GpioLamps, Lamps, PwmBuzzer, Silence, Sounds, Speaker
from firmware.drivers.store import Applied, Identity, NotStored, Store, write_whole
from firmware.drivers.store.keeper import Keeper, Unusable, read_files
from firmware.drivers.system import Clock, JournalKey, Notifier, System, ntp_synchronised, sysfs_battery, system_network
from firmware.drivers.system.worker import restart_by_systemd
from firmware.drivers.uplink import Keyring, LinkSettings, Tls, Uplink, Wall
from firmware.events import (
    BLOBS,
    Announce,
    Ask,
    AskEpoch,
    AskFailed,
    AskSlot,
    AskTime,
    CheckPin,
    Configure,
    Connect,
    DrawerPulsed,
    DrawerSeen,
    Effect,
    Event,
    Fetch,
    FindName,
    Gauge,
    HashPin,
    Key,
    Light,
    Now,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Report,
    RestartDevice,
    ScanRejected,
    Send,
    Show,
    SignSeal,
    Sound,
    Started,
    StopAsked,
    StoreSettings,
    Tell,
    Unfetch,
)  # fmt: skip
from firmware.halted import Halted
from firmware.hardware import Board, Hardware
from firmware.loop import Core, Loop, Worker
from firmware.render_text import speak
from firmware.terminal import Terminal
from firmware.training import School, Trainee
from firmware.txn import life
from firmware.txn.command import FIRST, SECOND
from firmware.txn.dress import dress
from firmware.txn.ledger import Ledger, LedgerError, LedgerLocked, LedgerUnreadable, LedgerUnsure, load_products
from firmware.txn.product import price_list
from firmware.txn.settings import overrides
from rules import settings_book as books
from rules.catalogue import demo_text, read_goods
from rules.help import HelpDocument
from rules.settings import Problem, Settings
from rules.settings_book import SettingsBook, Trial
from wire import board as virtual
from wire.diag import SOCKET, Counts
from wire.facts import CatalogueLoaded, Fact, SettingsApplied, SettingsReturned

SOFTWARE = "0.1.0"
BUILD_MS = 1_795_305_600_000
"""2026-11-22T00:00Z: the wall clock is never earlier than this release (decisions 17)."""

FIRST_SCREEN_WAIT_S = 2.0
"""Drivers with heavy packages wait for the first screen no longer than this."""

RENEWING_S = 60
"""A slice of the new tables takes a fraction of a second; a worn card may take longer."""

LEDGER = "ledger.db"
GOODS = "goods.tsv"
CRASHES, RUNNING = "crashes.json", "running.json"
UNSURE = "the card does not confirm what is written"
"""Noted as the crash's event; three of them in five minutes mean that the card is worn out."""

UNREADABLE = "a page of the ledger cannot be read"
"""Noted likewise; one is enough: the screen says 9003 instead of dying at every scan."""

RENEWED = "tls-renewed"
"""Folder of the certificates this terminal has got itself."""

log = logging.getLogger("posd")


class NotReady(Exception):
    """The terminal cannot start; `code` is of the error table, the text says what to do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"[{code}] {text}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Folder:
    """What the data folder holds, read and checked."""

    path: Path
    store: Store
    identity: Identity
    applied: Applied
    hardware: Hardware
    notices: tuple[tuple[int, str], ...]
    help: HelpDocument = field(default_factory=HelpDocument)
    board: str = "virtual"  # the profile that settings are laid over


def read_folder(path: Path, profile: str = "", mend: bool = False) -> Folder:
    """Identity, settings and profile of `path`; `mend` as in `Store`, for the daemon only.

    Raises `NotReady` (2008 not provisioned, 9004 bad profile).
    """
    store = Store(path, mend)
    identity, notices = store.identity()
    if identity is None:
        raise NotReady(2008, f"{path} holds no identity: provision the terminal first")
    applied, board = store.settings(), profile or identity.hardware
    try:
        hardware, misfit = profiles.in_force(board, applied.settings.hardware)
    except profiles.ProfileError as error:
        raise NotReady(9004, str(error)) from error
    said, wrong = store.help()
    try:
        said = read_files(path, tuple(each for each in applied.book.applied.files if each.name == "help")) or said
    except Unusable as error:
        wrong = (*wrong, (9004, f"{error.path}: {error.reason}"[:120]))
    if misfit:
        wrong = (*wrong, (9004, misfit[:120]))
    return Folder(path, store, identity, applied, hardware, (*notices, *applied.notices, *wrong), said, board)


def _misfit(board: str, settings: Settings) -> Problem | None:
    """What of the settings this board cannot have."""
    try:
        profiles.fitted(board, settings.hardware)
    except profiles.NotHere as wrong:
        return Problem(wrong.path, "not_here", wrong.text)
    return None


def _written(path: Path, data: bytes) -> None:
    """Write a file whole, for a driver that knows no other's troubles. Raises `OSError`."""
    try:
        write_whole(path, data)
    except NotStored as wrong:
        raise OSError(str(wrong)) from wrong


def open_ledger(folder: Folder, renewing: Callable[[int, int], None] = lambda done, of: None) -> Ledger:
    """The ledger of the folder. Raises `LedgerError`."""
    epoch = secrets.randbelow(2**31 - 1) + 1
    return Ledger.open(folder.path / LEDGER, folder.identity.terminal, epoch, renewing=renewing)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed while the terminal was down, and what had to be said about it."""

    facts: tuple[Fact, ...] = ()
    notices: tuple[tuple[int, str], ...] = ()


def changed_settings(folder: Folder, ledger: Ledger) -> Changes:
    """The settings in force, when they are others than at the last start."""
    applied = folder.applied
    if life.value(ledger, "settings") == applied.digest:
        return Changes()
    return Changes((SettingsApplied(applied.rev, applied.digest, applied.origin, dress(applied.settings)),))


TRIAL_CRASHES_MAX = 2
"""So many crashes under settings on trial, and the terminal goes back to those before (decisions 24)."""

TRIAL_RUNS_MAX = 3
"""So many runs under them that were cut off, none of which was well for as long as a trial: the device may hang by them,
and somebody pulls the plug."""


def settled_settings(folder: Folder, ledger: Ledger, crashes: CrashFile, mark: RunMark) -> tuple[Folder, Changes]:
    """The folder with the settings to run with: overrides as the journal has them, and the last known good document when
    the one on trial has crashed the daemon twice, or has not let it run well for several starts in a row."""
    book, changes = folder.applied.book, Changes()
    trial, good = book.trial, book.good
    if trial is not None and good is not None:
        is_cut = bool(life.value(ledger, "running")) or mark.cut()  # the ledger knows no run that got nowhere
        if why := _unwell(trial, crashes, is_cut):
            rev, to_rev = trial.rev, good.rev
            book = books.returned(book, 9001, why)
            changes = Changes((SettingsReturned(rev, to_rev, 9001, why),), ((9004, f"{rev} -> {to_rev}"),))
        elif is_cut:
            book = books.with_runs(book, trial.runs + 1)
        if book is not folder.applied.book:
            _keep(folder.store, book)
    settings, _ = books.in_force(book.applied, overrides(ledger))
    applied = replace(folder.applied, settings=settings, rev=book.applied.rev, origin=book.applied.origin, book=book)
    hardware, _ = profiles.in_force(folder.board, settings.hardware)
    return replace(folder, applied=applied, hardware=hardware), changes


def _unwell(trial: Trial, crashes: CrashFile, is_cut: bool) -> str:
    """Why settings on trial are not to be tried any longer; empty: they are. `is_cut`: the run before had no clean end."""
    if crashes.under(trial.rev) >= TRIAL_CRASHES_MAX:
        return f"{TRIAL_CRASHES_MAX} crashes"
    return f"{trial.runs} runs cut off" if is_cut and trial.runs >= TRIAL_RUNS_MAX else ""


def _keep(store: Store, book: SettingsBook) -> None:
    """A card that does not take it: it runs with this book all the same, and the next boot comes to the same again."""
    try:
        store.keep(book, good=book.trial is None)
    except NotStored as error:
        log.error("%s", error)


def _goods_file(folder: Folder) -> Path:
    """The price list that came with the settings in force, else the one in the folder."""
    came = next((each for each in folder.applied.book.applied.files if each.name == "goods"), None)
    fetched = folder.path / BLOBS / came.sha256 if came is not None else None
    return fetched if fetched is not None and fetched.exists() else folder.path / GOODS


def changed_goods(folder: Folder, ledger: Ledger) -> Changes:
    """The price list, loaded when it is another; one that cannot be taken leaves the old goods in place (9004)."""
    goods = _goods_file(folder)
    try:
        digest = _digest(goods) if goods.exists() else hashlib.sha256(demo_text().encode()).hexdigest()
        if life.value(ledger, "catalogue") == digest:
            return Changes()
        listed = price_list(read_goods(goods.read_text(encoding="utf-8-sig") if goods.exists() else demo_text()))
        if not listed.products:
            raise ValueError("no goods in it")
        load_products(ledger, listed.products, listed.codes)
    except (OSError, ValueError) as error:
        return Changes(notices=((9004, f"{GOODS}: {error}"[:120]),))
    except LedgerError as error:
        return Changes(notices=((error.code, GOODS),))
    return Changes((CatalogueLoaded(0, len(listed.products), digest),))


def _digest(path: Path) -> str:
    """SHA-256 of a file of any size, read in pieces: a start costs the same with a hundred thousand goods."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(slots=True)
class Posd:
    """The daemon, assembled. `run` returns the reason it ended."""

    folder: Folder
    board: Path | None
    notifier: Notifier = field(default_factory=Notifier)

    def run(self) -> str:
        """Open everything, run the loop, close the ledger. A ledger that cannot be used: the screen that says so."""
        try:
            ledger = open_ledger(self.folder, self._renewing)
        except LedgerLocked:
            raise
        except LedgerError as error:
            log.error("%s", error)
            return self._run_halted(error)
        crashes, mark = CrashFile(self.folder.path / CRASHES), RunMark(self.folder.path / RUNNING)
        if mark.died():
            crashes.note(KILLED, self.folder.applied.rev)  # by the file: settings change in the middle of a run
            mark.end("crash")
        code = 9013 if crashes.safe_mode() == UNSURE else 9003 if UNREADABLE in crashes.lately() else 0
        if code:
            ledger.abandon()
            return self._run_halted(LedgerError(code, "seen before the last stop"))
        try:
            reason = self._run(ledger, crashes, mark)
        except Exception:
            ledger.abandon()
            raise
        finally:
            self.notifier.stopping()
        ledger.close()
        mark.end("clean")
        _slots_ended()
        return reason

    def _renewing(self, done: int, of: int) -> None:
        """After an update the tables are filled anew: systemd is to wait, slice by slice."""
        self.notifier.starting(f"tables of the new release: record {done} of {of}", RENEWING_S)

    def _run(self, ledger: Ledger, crashes: CrashFile, mark: RunMark) -> str:
        """Serve until the end. Every way out but a power cut and a death without a word leaves it in the mark."""
        key, boot = JournalKey(self.folder.store.journal_key()), secrets.token_hex(8)
        crashed = crashes.last() if mark.crashed(life.value(ledger, "running")) else ""
        self.folder, returned = settled_settings(self.folder, ledger, crashes, mark)
        mark.begin(boot, durable=self.folder.applied.book.trial is not None)
        loop: Loop | None = None
        core: Trainee | None = None
        try:
            safe_at = crashes.safe_mode()
            started = self._started(ledger, boot, returned, crashed, safe_at)
            core = self._core(ledger, key, safe_at is not None)
            loop = self._loop(core, key, safe_at is not None, max(BUILD_MS, _last_wall_ms(ledger)))
            return self._served(loop, started)
        except NotReady:
            mark.end("clean")  # it never ran, and says what to do
            raise
        except (LedgerUnsure, LedgerUnreadable) as error:
            crashes.note(UNSURE if isinstance(error, LedgerUnsure) else UNREADABLE)
            mark.end("crash")
            raise
        except Exception:
            at = loop.last_event if loop is not None else "starting"
            crashes.note(at, core.live.settings.revision if core is not None else self.folder.applied.rev)
            mark.end("crash")
            log.exception("stopped at %s", at)
            raise

    def _started(self, ledger: Ledger, boot: str, returned: Changes, crashed: str, safe_at: str | None) -> Started:
        """The first event. `crashed`: what the run before crashed at; `safe_at`: what made this one a run in safe mode."""
        folder = self.folder
        changes = returned, changed_settings(folder, ledger), changed_goods(folder, ledger)
        safe = ((9001, safe_at),) if safe_at else ()
        notices = (*folder.notices, *safe, *(notice for change in changes for notice in change.notices))
        facts = tuple(fact for change in changes for fact in change.facts)
        return Started(os.urandom(32), boot, safe_at is not None, notices, facts, crashed)

    def _core(self, ledger: Ledger, key: JournalKey, is_safe_mode: bool) -> Trainee:
        folder = self.folder
        terminal = Terminal(
            ledger, folder.applied.settings, SOFTWARE, key.public_hex, safe_mode=is_safe_mode,
            help=folder.help, book=folder.applied.book, groups=frozenset(folder.identity.groups),
            fits=lambda settings: _misfit(folder.board, settings),
        )  # fmt: skip
        school = School(folder.path, os.urandom(32))
        school.clear()  # a power cut ended practice
        return Trainee(terminal, school)

    def _run_halted(self, error: LedgerError) -> str:
        settings = self.folder.applied.settings
        halted = Halted(
            self.folder.identity.terminal,
            error.code,
            error.detail,
            settings.terminal.lang,
            Now(0, BUILD_MS, "floor"),
            help=self.folder.help,
        )
        loop = self._loop(halted, JournalKey(self.folder.store.journal_key()), True, BUILD_MS)
        return self._served(loop, Started(os.urandom(32), secrets.token_hex(8)))

    def _served(self, loop: Loop, started: Started) -> str:
        threading.Thread(target=_stop_on_signal, args=(loop.post,), name="signals", daemon=True).start()
        self.notifier.ready()
        return loop.run(started)

    def _loop(self, terminal: Core, key: JournalKey, safe_mode: bool, floor_ms: int) -> Loop:
        posted: list[Callable[[Event], None]] = []

        def post(event: Event) -> None:
            posted[0](event)

        clock = Clock(floor_ms, post)
        edge = Edge(self.folder, self.board, post, clock, key, safe_mode)
        loop = Loop(terminal, clock.now, edge.carry, (), self.notifier.alive)
        posted.append(loop.post)
        diagnosis = DiagnosisSocket(self.folder.path / SOCKET, Diagnosis(loop, edge.display))
        diagnosis.open()
        edge.key_credit = loop.key_credit
        loop.scan_shown = edge.scan_shown
        talk = Worker("diagnosis", diagnosis.run, diagnosis.stop)
        loop.workers = (*edge.workers(), talk)
        return loop


def _last_wall_ms(ledger: Ledger) -> int:
    rows = ledger.read("SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1")
    return int(rows[0][0]) if rows else 0


class Edge:
    """All drivers of one terminal, and which effect goes to which."""

    def __init__(
        self,
        folder: Folder,
        board: Path | None,
        post: Callable[[Event], None],
        clock: Clock,
        key: JournalKey,
        safe_mode: bool,
    ) -> None:
        hardware, settings = folder.hardware, folder.applied.settings
        if hardware.virtual and board is None:
            raise NotReady(9001, "this hardware profile is virtual: start it with `posemu` or `make demo`")
        self._post, self._clock, self._safe_mode = post, clock, safe_mode
        self.key_credit: Callable[[], int] = lambda: 1
        self.link = BoardLink(board / virtual.BOARD) if board is not None and hardware.virtual else None
        self.sounds = Sounds(*self._sounds(hardware.sound), settings.terminal.volume)
        self.display = DisplayDriver(post, panel_opener(hardware.display, board), _renderer)
        self.scan_times = ScanTimes()
        self.display.delivered = self.scan_times.delivered
        found = inputs(
            hardware, board, settings.scanner.gap_ms, {row.code: Key(row.key) for row in settings.keys.map},
            settings.scanner.gs_substitute,
        )  # fmt: skip
        self.keys = Keys(found, post, credit=lambda: self.key_credit() > 0, reject=self._rejected)
        self.drawer = self._drawer(hardware)
        if self.drawer is not None:
            wanted = settings.drawer
            self.drawer.configure(wanted.pulse_ms, wanted.cool_down_ms, wanted.pulses_per_min_max)
        self.printer = self._printer(hardware.printer, folder, board, FIRST)
        self.printer2 = self._printer(hardware.printer2, folder, board, SECOND)
        battery = hardware.battery.source
        self.system = System(
            post, clock, key, folder.path,
            (lambda: sysfs_battery(Path(battery.path))) if isinstance(battery, profiles.SysfsBattery) else None,
            None if hardware.virtual else ntp_synchronised,
            None if hardware.virtual else system_network, scan_p95_ms=self.scan_times.p95_ms,
            restart=self._restart_virtual if hardware.virtual else restart_by_systemd,
        )  # fmt: skip
        who = folder.identity
        self.fetcher = Fetcher(folder.path, post, folder.path / who.tls_ca if who.tls_ca else None)
        self.slots = SlotWorker(folder.path, _slots(hardware, who.fleet_key), SOFTWARE, post)
        if self.link is not None:
            self.link.listen(virtual.Battery, self.system.hear_battery)
            self.link.listen(virtual.Clock, self.system.hear_clock)
            self.link.listen(virtual.Network, self.system.hear_network)
        self.uplink = self._uplink(folder)
        self.keeper = Keeper(folder.store, folder.path, post, folder.applied.book.applied.files)
        self.names = Names(folder.identity.host or settings.network.host, post)

    # --- building -----------------------------------------------------------------------------------------------------

    def _sounds(self, sound: profiles.Sound) -> tuple[Callable[[], Speaker], Callable[[], Lamps]]:
        speaker: Callable[[], Speaker] = Silence
        lamps: Callable[[], Lamps] = Silence
        if self.link is not None:
            played = BoardSound(self.link.send)
            self.link.listen_lost(played.board_lost)
            speaker = (lambda: played) if isinstance(sound.source, Board) else speaker
            lamps = (lambda: played) if isinstance(sound.lamp, Board) else lamps
        if isinstance(sound.source, profiles.PwmSound):
            pwm = sound.source
            speaker = lambda: PwmBuzzer(pwm.chip, pwm.channel)  # noqa: E731
        if isinstance(sound.lamp, profiles.GpioLamp):
            wiring = sound.lamp
            lamps = lambda: _gpio_lamps(wiring)  # noqa: E731
        return speaker, lamps

    def _drawer(self, hardware: Hardware) -> Drawer | None:
        source = hardware.drawer.source
        match source:
            case Board():
                assert self.link is not None
                lines = BoardLines(self.link.send)
                self.link.listen(virtual.Sensor, lines.hear)
                self.link.listen_lost(lines.lost)
                return Drawer(lambda: fit_board(lines), self._post)
            case profiles.GpioDrawer():
                return Drawer(lambda: fit_gpio(source), self._post)
            case profiles.PrinterDrawer() if isinstance(line := hardware.drawer.line, profiles.GpioDrawer):
                return Drawer(lambda: fit_gpio(line), self._post, kick=self._kick)
            case profiles.PrinterDrawer() | profiles.Nothing():
                return None
            case _:
                assert_never(source)

    def _printer(
        self, printer: profiles.Printer, folder: Folder, board: Path | None, number: int
    ) -> PrinterDriver | None:
        source, wanted = printer.source, folder.applied.settings.printer
        baud = source.baud if isinstance(source, profiles.SerialPrinter) else None
        model = model_for(
            wanted.paper_mm or printer.paper_mm, virtual=isinstance(source, Board), fence=printer.fence,
            cutter=printer.cutter, escpos="" if printer.escpos_profile == "default" else printer.escpos_profile,
            baud=baud, tuning=printer.tuning, cut=wanted.cut, density=wanted.density, slow=wanted.speed == "slow",
        )  # fmt: skip
        match source:
            case Board():
                assert board is not None
                port = str(board / (virtual.PRINTER if number == FIRST else virtual.PRINTER2))
            case profiles.SerialPrinter(path=path):
                port = path
            case profiles.UsbPrinter(vendor=vendor, product=product):
                port = f"usb:{vendor:04x}:{product:04x}"
            case profiles.NetworkPrinter(host=host, port=tcp_port):
                port = f"tcp:{host}:{tcp_port}"
            case profiles.FilePrinter(path=path):
                port = f"file:{path}"
            case profiles.Nothing():
                return None
            case _:
                assert_never(source)
        cache = folder.path / "cache"
        cache.mkdir(exist_ok=True)
        post = self._first_printer if number == FIRST else self._post
        return PrinterDriver(post, model, connection(port, model, cache), number=number)

    def _uplink(self, folder: Folder) -> Uplink | None:
        if self._safe_mode:
            return None
        who, network = folder.identity, folder.applied.settings.network
        tls = None
        if who.tls_ca or network.tls:
            own = (folder.path / path if path else None for path in (who.tls_cert, who.tls_key))
            tls = Tls(folder.path / who.tls_ca if who.tls_ca else Path(), *own)
        link = LinkSettings(
            who.terminal, who.host or network.host, who.port or network.port, who.fleet_key, tls,
            who.username, who.password, grace_port=who.grace_port, keep_alive_s=network.keepalive_s,
        )  # fmt: skip
        chance = random.Random(os.urandom(16))
        return Uplink(
            link, self._post, lambda utc_ms, _: self._clock.set_trusted(utc_ms),
            jitter=chance.random, nonce=lambda: os.urandom(16), wall=self._wall,
            keyring=None if tls is None else Keyring(tls, folder.path / RENEWED, _written),
        )  # fmt: skip

    def _wall(self) -> Wall:
        now = self._clock.now()
        return Wall(now.wall_ms, now.clock == "trusted")

    # --- running ------------------------------------------------------------------------------------------------------

    def carry(self, effect: Effect) -> None:
        """Hand an effect to its driver; what has none is answered as such."""
        match effect:
            case Show(view):
                self.display.show(view)
            case Print():
                self._print(effect)
            case PulseDrawer():
                self._pulse(effect)
            case Ask(_, ask) if self.uplink is None:
                self._post(AskFailed.of(ask))
            case Send() | Announce() | AskEpoch() | Ask() | Report() | Tell() | AskTime():
                if self.uplink is not None:
                    self.uplink.carry_out(effect)
            case Connect():
                if self.uplink is not None:
                    self.uplink.retry_now()
            case StoreSettings():
                self.keeper.carry_out(effect)
            case Configure(settings):
                self._configure(settings)
            case FindName():
                self.names.carry_out()
            case Fetch() | Unfetch():
                self.fetcher.carry_out(effect)
            case AskSlot():
                self.slots.carry_out(effect)
            case Sound() | Light():
                self.sounds.carry_out(effect)
            case CheckPin() | HashPin() | SignSeal() | Gauge() | RestartDevice():
                self.system.carry_out(effect)
            case _:
                raise AssertionError(f"{effect} is the loop's own")

    def _configure(self, settings: Settings) -> None:
        """What can be another while it runs; for the rest the daemon starts again (`rules.settings_book.RESTARTED`)."""
        self.sounds.set_volume(settings.terminal.volume)
        if self.drawer is not None:
            wanted = settings.drawer
            self.drawer.configure(wanted.pulse_ms, wanted.cool_down_ms, wanted.pulses_per_min_max)

    def _print(self, effect: Print) -> None:
        printer = self.printer2 if effect.printer == SECOND else self.printer
        if printer is None:
            self._post(Printed(effect.job, "not_printed", 4005, effect.printer, begun=False))
        else:
            printer.carry_out(effect)

    def _pulse(self, effect: PulseDrawer) -> None:
        if self.drawer is not None:
            self.drawer.carry_out(effect)
        elif self.printer is not None:
            self.printer.carry_out(effect)
        else:
            self._post(DrawerPulsed(effect.cause, "no_drawer"))

    def _kick(self, effect: PulseDrawer) -> None:
        """The printer's connector, for a drawer that also has a line; it answers to the drawer."""
        if self.printer is None:
            self._first_printer(DrawerPulsed(effect.cause, "no_drawer"))
        else:
            self.printer.carry_out(effect)

    def _first_printer(self, event: Event) -> None:
        """What the first printer says; of a kick that the drawer asked for, to the drawer."""
        if isinstance(event, DrawerPulsed) and self.drawer is not None:
            self.drawer.kicked(event)
        else:
            self._post(event)

    def scan_shown(self, came_ms: int) -> None:
        """The picture handed to the display last answers a scan that came then."""
        self.scan_times.answered(came_ms, self.display.wanted())

    def _restart_virtual(self) -> None:
        """A device that is played has nothing to start again but its daemon."""
        self._post(StopAsked("device restart"))

    def _rejected(self) -> None:
        self._post(ScanRejected("lost_keys"))

    def workers(self) -> tuple[Worker, ...]:
        """Every driver as the loop runs it; the board's link first, because others speak through it. Whose vendor
        package is heavy to import starts when the first screen is there: imports hold the interpreter's lock."""
        found: list[Worker] = []
        if self.link is not None:
            found.append(Worker("board", self.link.run, self.link.stop, self.link.counts, self.link.busy))
        display = self.display
        found.append(Worker("display", display.run, display.stop, display.counts, display.busy, display.waiting))
        found.append(Worker("input", self.keys.run, self.keys.stop, self.keys.counts, self.keys.busy))
        if self.printer is not None:
            found.append(_later(display, _printer_worker(self.printer, virtual.PRINTER)))
        else:
            self._post(PrinterSeen("none"))
        if self.printer2 is not None:
            found.append(_later(display, _printer_worker(self.printer2, virtual.PRINTER2)))
        if self.drawer is not None:
            found.append(_later(display, Worker("drawer", self.drawer.run, self.drawer.stop, busy=self.drawer.busy)))
        else:
            self._post(DrawerSeen(None))
        found.append(Worker("system", self.system.run, self.system.stop, busy=self.system.busy))
        found.append(Worker("keeper", self.keeper.run, self.keeper.stop, busy=self.keeper.busy))
        found.append(Worker("sound", self.sounds.run, self.sounds.stop, busy=self.sounds.busy))
        fetcher = self.fetcher
        found.append(Worker("fetch", fetcher.run, fetcher.stop, busy=fetcher.busy, waiting=fetcher.waiting))
        found.append(Worker("slots", self.slots.run, self.slots.stop, busy=self.slots.busy))
        if self.uplink is not None:
            found.append(_later(display, _uplink_worker(self.uplink)))
        return tuple(found)


def _slots(hardware: Hardware, fleet_key: str) -> Slots:
    """Where releases are put: release folders when `launch.py` started this one, RAUC's slots on a device that has it."""
    if releases := os.environ.get(launch.ENVIRONMENT):
        return FolderSlots(Path(releases), SOFTWARE, fleet_key)
    return RaucSlots(SOFTWARE) if not hardware.virtual and shutil.which("rauc") else NoSlots()


def _slots_ended() -> None:
    """Let the launcher know that this run did not die, for it may be one on trial."""
    if releases := os.environ.get(launch.ENVIRONMENT):
        try:
            launch.ended(Path(releases))
        except OSError as error:  # it is counted as a death then
            log.error("%s", error)


def _later(display: DisplayDriver, worker: Worker) -> Worker:
    """The worker, started after the first screen, or without one after a while; not at all when stopped before."""
    lock, begun, stopped = threading.Lock(), threading.Event(), threading.Event()

    def run() -> None:
        display.wait_seen(FIRST_SCREEN_WAIT_S)
        with lock:
            if stopped.is_set():
                return
            begun.set()
        worker.run()

    def stop() -> None:
        with lock:
            stopped.set()
        if begun.is_set():
            worker.stop()

    return replace(worker, run=run, stop=stop, alive=lambda: not begun.is_set() or worker.alive())


def _printer_worker(printer: PrinterDriver, name: str) -> Worker:
    def counts() -> dict[str, Counts]:
        return {name: printer.counts()}

    def waiting() -> tuple[str, ...]:
        return (name,) if printer.waiting() else ()

    return Worker(name, printer.run, printer.stop, counts, printer.busy, waiting)


def _uplink_worker(uplink: Uplink) -> Worker:
    """The uplink runs its own thread; ours starts it and waits for its end. What was stopped before is not started."""
    lock, begun, ended = threading.Lock(), threading.Event(), threading.Event()

    def run() -> None:
        with lock:
            if ended.is_set():
                return
            uplink.start()
            begun.set()
        ended.wait()

    def stop() -> None:
        with lock:
            ended.set()
        if begun.is_set():
            uplink.stop("stopped")

    return Worker("uplink-watch", run, stop, busy=uplink.busy, waiting=uplink.waiting, alive=uplink.alive)


def _gpio_lamps(wiring: profiles.GpioLamp) -> Lamps:
    """Lamps on lines of a GPIO chip; made in the sound worker. Hardware: not run."""
    return GpioLamps(*(output(wiring.chip, line, wiring.active_high) for line in (wiring.green_line, wiring.red_line)))


def _renderer() -> Draws:
    from firmware.render import Renderer, find_font

    return Renderer(find_font(), speak)


def _stop_on_signal(post: Callable[[Event], None]) -> None:
    received = signal.sigwait({signal.SIGTERM, signal.SIGINT})
    post(StopAsked(signal.Signals(received).name))
