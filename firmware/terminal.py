"""The terminal: `step(event, now) -> effects` is the only place where anything is decided (design 1).

Session, stack and devices live here in memory; everything that matters lives in the ledger. Pure but for the ledger:
no time, no chance, no device. No paper, no drawer and no message before the fsync: every effect that leaves the device
names the seq that justifies it, and `step` asserts that this seq is durable.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from firmware.desks import Desk
from firmware.desks.all_desks import desks
from firmware.desks.events import EventsDesk
from firmware.desks.paper import PaperDesk
from firmware.desks.telemetry import TelemetryDesk
from firmware.events import (
    Acked,
    Announce,
    Answered,
    Ask,
    AskFailed,
    AskTime,
    BatterySeen,
    CheckPin,
    ClockSeen,
    Colour,
    DesiredCame,
    DeviceSeen,
    DiskSeen,
    DrawerPulsed,
    DrawerSeen,
    Effect,
    EpochAnswered,
    Event,
    EventReported,
    Exit,
    Fetched,
    FetchFailed,
    Gauged,
    HashPin,
    Idle,
    Key,
    KeyHeld,
    KeyPressed,
    KeyTrouble,
    Light,
    LinkDown,
    LinkUp,
    NameFound,
    NetworkSeen,
    Now,
    OrderCame,
    PacketRefused,
    PinChecked,
    PinHashed,
    PracticeOver,
    PracticePulse,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Scanned,
    ScanRejected,
    Send,
    SetTimer,
    SettingsStored,
    Show,
    Signed,
    SignSeal,
    SlotAnswered,
    Sound,
    Started,
    StopAsked,
    StopTimer,
    TimerFired,
    ToneName,
    WireGarbage,
)  # fmt: skip
from firmware.screens.base import Do, Done, Home, Move, Push, Reject, Screen, emptied, typed_text
from firmware.screens.help import asked_help
from firmware.screens.lamp import lamp
from firmware.screens.override import Override
from firmware.screens.slips import printer_code
from firmware.screens.stack import Stack, home, moved, waiting
from firmware.screens.voucher import VoucherCheck
from firmware.screens.widgets import Refused
from firmware.txn import checkout, life, operator, refund
from firmware.txn.approve import Approve, helps
from firmware.txn.card_numbers import card_refusal
from firmware.txn.codes import code_of, is_urgent, reason_of, subject_of
from firmware.txn.command import Command, Context, Decision, Devices, Refusal, Session
from firmware.txn.eventlog import STEPS_MAX
from firmware.txn.hold import KeepBasket, written_down
from firmware.txn.ledger import Ledger, LedgerError, Stamp
from firmware.txn.operator import SignOff
from firmware.view import Lang, Say, View
from rules.badges import badge_like
from rules.discreet import discreet, is_subject, terse
from rules.help import HelpDocument
from rules.settings import Problem, Settings
from rules.settings_book import SettingsBook, of_settings
from wire.facts import (
    Booted,
    Born,
    ClockChanged,
    Fact,
    OperatorUnlocked,
    PinReset,
    Quarantined,
    Sale,
    Seal,
    SignOnRefused,
    Stopped,
    Trouble,
)  # fmt: skip
from wire.messages import RunEnd, State, answer_key, ask_key
from wire.records import Record

SOON_MS, RIDE_MS = 2_000, 10_000
"""A *soon* fact is committed within this time (decisions 7); what nobody acts on may wait longer for a ride, so that a
sale at a cashier's pace costs two commits and not five (ADR 3)."""

LOG_RIDE_MS = 60_000
"""What goes into the event log waits this long for a commit to ride in, so that errors at a busy till cost none (ADR 17)."""

KEEP_MS = 5_000
"""An open basket is written down this long after its first change that is not on the card yet."""

ASK_LOST_MS = 10_000
"""An ask that nobody answered for so long is not in flight any more; its desk asks again."""

AWAY_MS = 60_000
"""Whoever was at a screen and has pressed nothing for so long is not in the middle of something."""

MOVES_MAX = 16
VERIFY_SLICE_RECORDS = 500
PRUNE_EVERY_MS = 3_600_000
BATTERY_LOW_PERCENT = (15, 5)
TELL_AGAIN_MS = 600_000
TROUBLE_DEPTH_MAX = 5
"""No more trouble is put on the screen above this many; it is journaled all the same."""

CALM_MS = 500
"""Keys are not taken for so long after a screen came, or went, by itself: nobody has seen it yet. Nor is what follows a
digit that was not taken, up to the key that ends the number or a pause this long: its rest is another number."""

ENTRY_DIGITS_MAX = 40
"""More digits than any number a person types has."""

UNKNOWN_CODES = frozenset({6001, 6004, 6005, 6018, 6019})
"""Scans that are not taken sound two low beeps (domain 7.4)."""


def any_board(settings: Settings) -> None:
    """`Terminal.fits` where no hardware stands behind it."""


@dataclass(slots=True)
class Terminal:
    """One terminal. `step` is called by one thread, one event at a time."""

    ledger: Ledger
    settings: Settings
    software: str
    journal_key: str
    now: Now = field(default_factory=lambda: Now(0, 0, "floor"))
    session: Session = field(default_factory=Session)
    devices: Devices = field(default_factory=Devices)
    stack: Stack = ()
    boot_id: str = ""
    safe_mode: bool = False
    ended: RunEnd = ""  # the run before this boot
    help: HelpDocument = field(default_factory=HelpDocument)
    book: SettingsBook = field(
        default_factory=SettingsBook
    )  # where the settings come from, and what waits (`of_settings`)
    groups: frozenset[str] = frozenset()  # of terminals, to which documents may be addressed
    fits: Callable[[Settings], Problem | None] = field(default=any_board)  # what of settings this board cannot have
    training: bool = False  # this one is for practice: its journal never leaves, nothing it does is true
    locked_until_ms: dict[str, int] = field(default_factory=dict)  # operators who must wait after wrong PINs
    sealing: bool = False
    seal_from: int = -1  # the seal before the one that was asked for last
    seal_again_ms: int = 0  # when it may be asked for again, if it did not come about
    storage_told: bool = False
    told_until_ms: dict[str, int] = field(default_factory=dict)  # alarms that are not told again before then
    asked_until_ms: dict[str, int] = field(default_factory=dict)  # asks in flight, until they count as lost
    worked_ms: int = 0  # when somebody last pressed or scanned something
    requests: int = 0  # numbers given to workers' jobs
    awaited: int = 0  # the one whose answer a screen waits for
    verified_upto: int = 0  # old records verified in idle slices, up to what was there at boot
    verify_upto: int = 0
    prune_at_ms: int = 0
    soon_due_ms: int = 0
    shown: View | None = None
    lamp: Colour = "off"
    troubles: tuple[Screen, ...] = ()  # not yet on the screen
    timed: Screen | None = None  # the screen whose own time runs
    last_scan: Scanned | None = None
    calm_until_ms: int = 0
    half_until_ms: int = 0  # of a number whose first digits were not taken
    entry: str = field(default="", repr=False)  # digits typed one after the other on one screen, field full or not
    desks: tuple[Desk, ...] = field(default_factory=desks)
    steps: tuple[str, ...] = ()  # the last screens and commands, by name alone
    sold: tuple[Sale, int] | None = None  # what this step sold, and its seq
    noted: frozenset[int] = frozenset()  # codes of this step that are in the event log
    jot_due_ms: int = 0  # when the event log must be on the card; 0: it rides with whatever comes
    _seed: bytes = b""
    _draws: int = 0
    _timers: set[str] = field(default_factory=set)
    _effects: list[Effect] = field(default_factory=list)

    # --- the one entry ------------------------------------------------------------------------------------------------

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """Take one event; what is to be done about it. Everything the effects rest on is durable on return."""
        assert now.monotonic_ms >= self.now.monotonic_ms, "time ran backwards"
        self.now = now
        self._effects = []
        self.sold, self.noted = None, frozenset()
        basket, stack = self.session.basket, self.stack
        with self._beneath(event):
            self._on(event)
            for desk in self.desks:
                desk.hear(self, event)
        if self.session.basket is not basket:
            self._keep_soon()
        self._storage()
        self._show_troubles()
        self._note_shown(stack)
        self._seal()
        self._now()
        self._soon()
        self._time_screen()
        self._show()
        for effect in self._effects:
            self._assert_justified(effect)
        self._note_asks(event)
        return tuple(self._effects)

    def __post_init__(self) -> None:
        if self.book == SettingsBook() and self.settings != Settings():
            self.book = of_settings(self.settings)

    def _note_asks(self, event: Event) -> None:
        """What is in flight to the backend: from its ask to the answer, or until it counts as lost."""
        match event:
            case Answered(answer):
                self.asked_until_ms.pop(answer_key(answer), None)
            case AskFailed(key):
                self.asked_until_ms.pop(key, None)
            case _:
                pass
        for effect in self._effects:
            if isinstance(effect, Ask):
                self.asked_until_ms[ask_key(effect.ask)] = self.now.monotonic_ms + ASK_LOST_MS
        if len(self.asked_until_ms) > 1:
            now_ms = self.now.monotonic_ms
            self.asked_until_ms = {key: until for key, until in self.asked_until_ms.items() if until > now_ms}

    def busy(self) -> Literal["", "basket", "payment", "drawer", "print", "ask", "screen"]:
        """What keeps the terminal from being idle, for what may only happen then (decisions 24): a basket, an order at the
        counter, an open drawer (one without a contact counts as closed), a print that runs, an ask in flight. What is
        parked, held, or waits for paper keeps nothing. `screen`: somebody is at one that is not home."""
        if self.session.basket.lines:
            return "basket"
        if checkout.here(self.context()) is not None:
            return "payment"
        if self.devices.drawer_open:
            return "drawer"
        if any(desk.printing for desk in self.desks if isinstance(desk, PaperDesk)):
            return "print"
        if any(until > self.now.monotonic_ms for until in self.asked_until_ms.values()):
            return "ask"
        works = self.now.monotonic_ms - self.worked_ms < AWAY_MS
        return "screen" if works and (len(self.stack) > 1 or typed_text(self.stack[-1])) else ""

    def context(self) -> Context:
        """What commands and screens may look at, now."""
        now_ms = self.now.monotonic_ms
        waits_ms = {who: until - now_ms for who, until in self.locked_until_ms.items() if now_ms < until}
        chance = hashlib.sha256(self._seed + self._draws.to_bytes(8, "big")).digest()[:16]
        return Context(
            self.ledger.terminal, self.ledger, self.session, self.settings, self.devices, self.now, self.lang,
            self.ledger.durable_seq - self.ledger.acked_seq, self.requests, chance, self.safe_mode,
            frozenset(waits_ms), waits_ms, training=self.training, help=self.help,
            software=self.software, book=self.book,
        )  # fmt: skip

    @property
    def lang(self) -> Lang:
        """The language chosen last, or the shop's."""
        return "en" if life.value(self.ledger, "lang", self.settings.terminal.lang) == "en" else "zh"

    # --- events -------------------------------------------------------------------------------------------------------

    def _on(self, event: Event) -> None:
        match event:
            case Started():
                self._started(event)
            case KeyPressed(key):
                if self.settings.terminal.key_click:
                    self.tone(ToneName.CLICK)
                self._pressed(key)
            case KeyHeld(key):
                self._somebody_works(self.stack[-1].hold(key, self.context()))
                self.entry = ""
            case Scanned():
                self._scanned(event)
            case ScanRejected(reason):
                self.tone(ToneName.REJECT)
                if reason != "lost_keys":
                    self.move(Push(Refused(Refusal(6018))) if not self._refusing else Reject())
            case PinChecked() | PinHashed():
                self._heard(event)
            case PrinterSeen(look, printer):
                if look != self.devices.look(printer) and (code := printer_code(look)):
                    self.note(code)  # the rest is the paper desk's
            case Printed():
                pass  # the paper desk's
            case DrawerPulsed() | DrawerSeen():
                pass  # the drawer desk's
            case LinkDown(code):
                self.note(code)  # the rest is the link desk's
            case LinkUp() | Acked() | EpochAnswered() | PacketRefused() | WireGarbage() | KeyTrouble() | NetworkSeen():
                pass  # the link desk's
            case DesiredCame() | SettingsStored() | OrderCame() | Fetched() | FetchFailed() | SlotAnswered() | Gauged():
                pass  # of the desks for settings, commands, updates and telemetry
            case Answered() | AskFailed() | EventReported() | NameFound() | PracticePulse() | PracticeOver():
                pass  # of the desk that asked
            case Signed():
                self.sealing = False
                self.append(Seal(event.upto, event.hash, event.signature))
                if self.stack:
                    self.move(self.stack[-1].hear(event, self.context()))
            case DeviceSeen() | BatterySeen() | DiskSeen():
                self._device(event)
            case ClockSeen():
                self._clock(event)
            case TimerFired(name):
                self._timers.discard(name)
                self._fired(name)
            case Idle():
                self._idle()
            case StopAsked(reason):
                self.stop(reason)
            case _:
                assert_never(event)

    @contextmanager
    def _beneath(self, event: Event) -> Iterator[None]:
        """What a person does is for the screen on top. What the outside says is for the screen beneath the help, which
        closes when that one changes: no page of help stands between the cashier and a result."""
        stands = len(self.stack)
        if not isinstance(event, KeyPressed | KeyHeld | Scanned | ScanRejected):
            while stands and self.stack[stands - 1].OVERLAY:
                stands -= 1
        laid, beneath = self.stack[stands:], self.stack[:stands]
        self.stack = beneath
        yield
        if self.stack == beneath:
            self.stack = (*beneath, *laid)

    def _started(self, event: Started) -> None:
        self._seed, self.boot_id, self.safe_mode = event.seed, event.boot_id, event.safe_mode
        self.stack = home(self.context())
        last = life.value(self.ledger, "running", "first")
        end: Literal["first", "clean", "cut"] = (
            "first" if last == "first" else "cut" if last or event.crashed else "clean"
        )
        self.ended = "crash" if event.crashed else end
        if end == "first":
            self.append(Born(self.ledger.terminal, self.journal_key, self.software))
        crashed = bool(event.crashed)
        self.append(Booted(event.boot_id, self.software, self.settings.revision, end, event.safe_mode, crashed))
        self.verified_upto, self.verify_upto = self.ledger.first_seq - 1, self.ledger.durable_seq
        for code, detail in event.notices:
            self.append(Trouble(code, detail))
        for fact in event.facts:
            self.append(fact)
        if crashed and not event.safe_mode:  # whose notice is of the same crash
            self.tell(Trouble(9001, event.crashed))
        self.commit()
        for who, wait_ms in operator.waits(self.ledger, self.settings).items():
            self.locked_until_ms[who] = self.now.monotonic_ms + wait_ms
        self._arm_clock()
        for desk in self.desks:
            desk.booted(self)
        notices = (Refused(Refusal(*notice), trouble=True) for notice in reversed(event.notices))
        self.stack = (*home(self.context()), *notices)

    def _pressed(self, key: Key) -> None:
        """A key, unless it would have a card number taken that was typed: that is wiped instead (5030)."""
        if self.now.monotonic_ms < max(self.calm_until_ms, self.half_until_ms):
            self.tone(ToneName.REJECT)  # it was meant for the screen that has just been covered, or uncovered
            self.half_until_ms = self.now.monotonic_ms + CALM_MS if key.digit else 0
            return
        top = self.stack[-1]
        if key is Key.OK and typed_text(top) and (refusal := self._card(self.entry, typed=True)):
            self._keep_out(refusal)
        else:
            ctx = self.context()
            self._somebody_works(asked_help(self.stack, key, ctx) or top.press(key, ctx))
        now = self.stack[-1]
        if type(now) is not type(top):
            self.entry = typed_text(now)  # a digit may lead to the screen that holds it
        elif key is Key.CLEAR:
            self.entry = self.entry[:-1]
        else:
            self.entry = (self.entry + key.digit)[-ENTRY_DIGITS_MAX:] if key.digit else ""

    def _card(self, entry: str, symbology: str = "", typed: bool = False) -> Refusal | None:
        """5030 where a full card number has no business, which is everywhere but where vouchers are taken."""
        return None if self.stack[-1].TAKES_VOUCHERS else card_refusal(self.context(), entry, symbology, typed)

    def _keep_out(self, refusal: Refusal) -> None:
        """Nothing of what was typed or scanned stays on the screen beneath."""
        self.stack = (*self.stack[:-1], emptied(self.stack[-1]))
        self.tone(ToneName.FAILURE)
        self._somebody_works(Push(Refused(refusal)))

    def _scanned(self, event: Scanned) -> None:
        """A scan, unless the scanner read the same code twice in one go (`scanner.bounce_ms`, by its own clock)."""
        mark = hashlib.sha256(self._seed + event.text.encode("utf-8", "surrogatepass")).hexdigest()
        this = replace(event, text=mark)  # the text itself may be a customer's code, and is not kept
        last, self.last_scan = self.last_scan, this
        if badge_like(event.text) and not self.stack[-1].TAKES_BADGES:
            self._somebody_works(Reject())  # as good as a key: no search, no refusal and no message ever names it
        elif last is None or not _bounced(last, this, self.settings.scanner.bounce_ms):
            if refusal := self._card(event.text, event.symbology):
                self._keep_out(refusal)
            else:
                self._somebody_works(self.stack[-1].scan(event, self.context()))

    def _somebody_works(self, move: Move) -> None:
        """Carry out what a person did; the idle lock waits again from now (`terminal.idle_lock_min`)."""
        self.worked_ms = self.now.monotonic_ms
        self.move(move)
        if self.session.operator:
            self.timer("idle", self.settings.terminal.idle_lock_min * 60_000)
        else:
            self.stop_timer("idle")

    def _heard(self, event: PinChecked | PinHashed) -> None:
        if event.request != self.awaited:
            return  # the screen that asked is gone
        self.awaited = 0
        index = waiting(self.stack)
        if index is None:
            return
        move = self.stack[index].hear(event, self.context())
        self.stack = self.stack[:index]  # a notice above it has been journaled
        self._somebody_works(move)

    def unsay(self, code: int) -> None:
        """Trouble that is over covers no screen any more."""
        over = Refused(Refusal(code), trouble=True)
        if self.stack and self.stack[-1] == over:
            self.calm_until_ms = self.now.monotonic_ms + CALM_MS
        self.stack = tuple(screen for screen in self.stack if screen != over)
        self.troubles = tuple(screen for screen in self.troubles if screen != over)

    def _device(self, event: DeviceSeen | BatterySeen | DiskSeen) -> None:
        match event:
            case DeviceSeen(device, present):
                if device == "scanner":
                    self._missing(9008, self.devices.scanner, present)
                    self.devices = replace(self.devices, scanner=present)
                elif device == "keypad":
                    self._missing(9009, self.devices.keypad, present)
                    self.devices = replace(self.devices, keypad=present)
                elif device == "printer" and not present:
                    self.devices = replace(self.devices, printer="offline")
            case BatterySeen(percent, charging):
                was = self.devices.battery
                self.devices = replace(self.devices, battery=percent, charging=charging)
                self._battery(was)
            case DiskSeen(_, read_only):
                if read_only:
                    self.refused(Refusal(9013))
            case _:
                assert_never(event)

    def _battery(self, was: int | None) -> None:
        """Said at 15 % and once more at 5 %, until it is charged (9006)."""
        now = self.devices.battery
        if now is None or self.devices.charging or now > BATTERY_LOW_PERCENT[0]:
            self.unsay(9006)
        elif any(now <= level < (101 if was is None else was) for level in BATTERY_LOW_PERCENT):
            self.tell(Trouble(9006, f"{now} %"))
            self.refused(Refusal(9006))

    def _clock(self, event: ClockSeen) -> None:
        """The wall clock jumped, or is trusted again: by a jump the backend is asked for the time at once (9011)."""
        self.append(ClockChanged(event.state, event.step_ms))
        if event.state == "trusted":
            self.unsay(9011)
        elif event.step_ms:
            self.refused(Refusal(9011))
            if self.devices.link == "up":
                self._effects.append(AskTime())

    def _missing(self, code: int, was: bool, present: bool) -> None:
        """A device that went is told of and shown; when it is back the screen that says so goes."""
        if present:
            self.unsay(code)
        if was and not present:
            self.tell(Trouble(code))
            self.refused(Refusal(code))

    def _fired(self, name: str) -> None:
        match name:
            case "soon":
                self.commit()
            case "keep":
                if not written_down(self.ledger, self.session.basket):
                    self.do(KeepBasket())
                    self.commit()
            case "clock":
                self._arm_clock()
            case "idle":
                if self.session.operator:
                    self.do(SignOff("idle"))
                    self.stack = home(self.context())
            case "screen":
                self.move(self.stack[-1].expired(self.context()))
            case _:
                owner, _, what = name.partition(":")
                next(desk for desk in self.desks if desk.name == owner).fired(self, what)

    @property
    def idle_work(self) -> bool:
        """Whether an `Idle` event would find something to do."""
        unverified = self.verified_upto < self.verify_upto
        return unverified or self.ledger.wants_checkpoint or self._may_prune

    def _idle(self) -> None:
        """One slice: fold the write-ahead log in, or verify a stretch of old records (decisions 13)."""
        try:
            if self.ledger.checkpoint():
                return
        except LedgerError as error:
            self.tell(Trouble(error.code, error.detail))
            return
        if self.verified_upto >= self.verify_upto:
            if self._may_prune:
                self._prune()
            return
        last = min(self.verified_upto + VERIFY_SLICE_RECORDS, self.verify_upto)
        broken = self.ledger.broken_at(self.verified_upto + 1, last)
        self.verified_upto = last
        if broken is not None:  # older than the head: sell on, and alarm
            self.verified_upto = self.verify_upto
            self.append(Trouble(9012, f"record {broken}"))
            self.refused(Refusal(9012, str(broken)))

    @property
    def _may_prune(self) -> bool:
        """Old records go only by a trusted clock, and when nothing waits for a commit."""
        return self.now.trusted and self.now.monotonic_ms >= self.prune_at_ms and not self.ledger.pending_facts()

    def _prune(self) -> None:
        try:
            gone = self.ledger.prune(self.now.wall_ms - refund.records_kept_ms(self.settings))
        except LedgerError as error:
            gone = 0
            self.refused(Refusal(error.code))
        self.prune_at_ms = self.now.monotonic_ms + (0 if gone else PRUNE_EVERY_MS)

    def stop(self, reason: str) -> None:
        """End the process cleanly; systemd starts it again."""
        self.append(Stopped(reason))
        self.commit()
        self.emit(Announce(self.state(online=False, reason=reason)))
        self._effects.append(Exit(reason))

    # --- moves and commands -------------------------------------------------------------------------------------------

    def move(self, move: Move) -> None:
        for _ in range(MOVES_MAX):
            if isinstance(move, Do):
                move = self._done(move)
            elif isinstance(move, Reject):
                self.tone(ToneName.REJECT)
                self.stack = (*self.stack[:-1], move.screen or self.stack[-1], *((move.above,) if move.above else ()))
                return
            elif isinstance(move, Home) and move.above is None:
                self.stack = home(self.context())
                return
            else:
                self.stack, answer = moved(self.stack, move, self.context())
                if answer is None:
                    return
                move = answer
        raise AssertionError(f"moves without end: {move}")

    def _done(self, do: Do) -> Move:
        command = do.command
        if isinstance(command, Approve) and isinstance(self.stack[-1], Override):
            self.stack = self.stack[:-1]  # it goes on where the refusal stood in the way
        done = self._decided(command)
        if isinstance(done, Refusal):
            self.note(done.code, done.about)
            self.tone(ToneName.UNKNOWN if done.code in UNKNOWN_CODES else ToneName.FAILURE)
            return Push(Override(done, do) if helps(self.context(), command, done.code) else Refused(done))
        decision, seqs = done
        inner = command.command if isinstance(command, Approve) else command
        return do.then(Done(inner, decision, seqs), self.context())

    def do(self, command: Command) -> Refusal | None:
        """A command of the terminal's own, with no screen to lead on; why it was not done, else None."""
        done = self._decided(command)
        return done if isinstance(done, Refusal) else None

    def _decided(self, command: Command) -> tuple[Decision, tuple[int, ...]] | Refusal:
        self.requests += 1
        self._step_taken(type(command).__name__)
        decision = command.decide(self.context())
        self._draws += 1
        if isinstance(decision, Refusal):
            self._refused_on_record(decision)
            return replace(decision, facts=())
        before = self.session
        for fact in decision.facts:
            self._note_fact(fact)
        try:
            seqs = self.ledger.append(decision.facts, self._stamp(), decision.secrets) if decision.facts else ()
            if any(not fact.SOON for fact in decision.facts):
                self._commit_or_raise()
        except LedgerError as error:
            return Refusal(error.code)
        self.session = decision.session or before
        self._effects.extend(decision.effects)
        for effect in decision.effects:
            if isinstance(effect, CheckPin | HashPin):
                self.awaited = effect.request
        for fact, seq in zip(decision.facts, seqs, strict=True):
            self._follow(fact, seq)
        if decision.session is not None and decision.session.basket.pieces_milli > before.basket.pieces_milli:
            self.tone(ToneName.SCAN)
        return decision, seqs

    def _refused_on_record(self, refusal: Refusal) -> None:
        """What a refused command leaves in the journal; the right it names stands in the event log too."""
        if refusal.facts:
            right = next((str(each) for fact in refusal.facts if (each := getattr(fact, "right", ""))), "")
            told = next((fact.detail for fact in refusal.facts if isinstance(fact, Trouble)), "")
            self.note(refusal.code, refusal.about, terse(right) or discreet(told))
            seq = self.ledger.next_seq
            for fact in refusal.facts:
                self.append(fact)
            self.commit()
            for place, fact in enumerate(refusal.facts if self.ledger.next_seq > seq else ()):
                self._follow(fact, seq + place)

    def _follow(self, fact: Fact, seq: int) -> None:
        """What a committed fact causes outside."""
        for desk in self.desks:
            desk.follow(self, fact, seq)
        match fact:
            case Sale():
                self.sold = fact, seq
                self.tone(ToneName.SUCCESS)
            case SignOnRefused(who, failures):
                self.locked_until_ms[who] = self.now.monotonic_ms + operator.wait_ms(self.settings, who, failures)
            case OperatorUnlocked(who) | PinReset(who):
                self.locked_until_ms.pop(who, None)
            case _:
                pass

    @property
    def _refusing(self) -> bool:
        return isinstance(self.stack[-1], Refused)

    def refused(self, refusal: Refusal) -> None:
        """Trouble at a device is shown above whatever is going on, once; a number being typed is finished first."""
        self.note(refusal.code, refusal.about)
        self.above(Refused(refusal, trouble=True))
        self.tone(ToneName.FAILURE)

    def above(self, screen: Screen) -> None:
        """Something to read above whatever is going on, once; a number being typed is finished first."""
        if screen not in self.stack and screen not in self.troubles:
            self.troubles = (*self.troubles, screen)

    def _show_troubles(self) -> None:
        """Above the screen, unless a person is in the middle of a number: the notice would eat the rest of it."""
        top = self.stack[-1]
        if self.troubles and not typed_text(top):
            room = max(0, TROUBLE_DEPTH_MAX - len(self.stack))
            self.stack, self.troubles = (*self.stack, *self.troubles[:room]), ()
            self.calm_until_ms = self.now.monotonic_ms + CALM_MS if room else self.calm_until_ms

    # --- the event log ------------------------------------------------------------------------------------------------

    def note(self, code: int, about: Say = "", reason: str = "", subject: str = "", urgent: bool = False) -> None:
        """A code was shown, refused with or alarmed: once a step into the event log (`desks.events`), however many ways it
        came. Of `about` only what cannot be a customer's is kept. `urgent`: reported at once, whatever the table says."""
        if code in self.noted or not code:
            return
        self.noted |= {code}
        said = terse(about) if isinstance(about, str) else about.key
        numbers = (subject, said, getattr(self.stack[-1], "order_no", "") if self.stack else "")
        subject = next((each for each in numbers if is_subject(each)), "")
        for desk in self.desks:
            if isinstance(desk, EventsDesk):
                desk.take(self, code, subject, reason or ("" if said == subject else said), self.steps, urgent)
            elif isinstance(desk, TelemetryDesk):
                desk.count(code)

    def _note_fact(self, fact: Fact) -> None:
        """A fact that names a code: an alarm, a refused payment, a slip that was not printed."""
        if code := code_of(fact):
            subject, reason = subject_of(self.ledger, fact), reason_of(fact)
            self.note(code, "", "" if reason == subject else reason, subject, is_urgent(fact))

    def _note_shown(self, before: Stack) -> None:
        """Refusals that screens put on the stack by themselves; and the screen one came to, for the steps."""
        for screen in self.stack:
            if isinstance(screen, Refused | Override) and not any(screen is each for each in before):
                self.note(screen.refusal.code, screen.refusal.about)
            elif isinstance(screen, VoucherCheck) and not any(screen is each for each in before):
                self.note(screen.refused)
        if self.stack and (not before or type(self.stack[-1]) is not type(before[-1])):
            self._step_taken(type(self.stack[-1]).__name__)

    def _step_taken(self, name: str) -> None:
        self.steps = (*self.steps, name)[-STEPS_MAX:]

    def jot(self, key: str, sql: str, *args: int | str | bytes | None, within_ms: int = LOG_RIDE_MS) -> None:
        """A change of the event log's tables, durable `within_ms` at the latest; 0: whenever something else commits. A card
        that does not take it is refused and told of where a fact meets it; the log gives way."""
        try:
            self.ledger.jot(key, sql, *args)
        except LedgerError:
            self.jot_due_ms = 0
            return
        due_ms = self.now.monotonic_ms + within_ms
        if within_ms and (not self.jot_due_ms or due_ms < self.jot_due_ms):
            self.jot_due_ms = due_ms

    # --- the ledger ---------------------------------------------------------------------------------------------------

    def _stamp(self) -> Stamp:
        return Stamp(self.now.wall_ms, self.now.clock)

    def append(self, fact: Fact) -> None:
        """A fact of the terminal's own: a *now* fact is committed at the end of the step, a *soon* one rides or follows. A
        full disk is shown and what it told is lost, never half-written."""
        self._note_fact(fact)
        try:
            self.ledger.append((fact,), self._stamp())
        except LedgerError as error:
            self.refused(Refusal(error.code))

    def tell(self, fact: Trouble | Quarantined) -> None:
        """Journal an alarm, but the same one at most once in ten minutes: an alarm is a record that travels too, and a
        broker that refuses it, or a plug with a loose contact, would make another one for ever."""
        self._note_fact(fact)
        key = f"{fact.code}" if isinstance(fact, Trouble) else fact.source
        if self.now.monotonic_ms >= self.told_until_ms.get(key, 0):
            self.told_until_ms = {k: ms for k, ms in self.told_until_ms.items() if ms > self.now.monotonic_ms}
            self.told_until_ms[key] = self.now.monotonic_ms + TELL_AGAIN_MS
            self.append(fact)

    def commit(self) -> None:
        try:
            self._commit_or_raise()
        except LedgerError as error:
            self.refused(Refusal(error.code))

    def _commit_or_raise(self) -> None:
        if self.ledger.pending:
            self.ledger.commit()
        self.jot_due_ms = 0
        self.stop_timer("soon")

    def _keep_soon(self) -> None:
        """Arm the timer that writes the changed basket down."""
        if "keep" not in self._timers:
            self.timer("keep", KEEP_MS)

    def _storage(self) -> None:
        """The reserve of the disk is in use: a thousand more cash sales, then 9002 stops. Said once."""
        if self.ledger.low_storage and not self.storage_told:
            self.storage_told = True
            self.tell(Trouble(9002, "reserve"))
            self.refused(Refusal(9002))

    def _now(self) -> None:
        """A *now* fact of the terminal's or a desk's own is durable when the step returns (decisions 7)."""
        if any(not fact.SOON for fact in self.ledger.pending_facts()):
            self.commit()

    def _soon(self) -> None:
        """Arm the timer that commits what is pending, if it cannot wait as long as it would by now."""
        waits, now_ms = self.ledger.pending_facts(), self.now.monotonic_ms
        dues = [now_ms + (RIDE_MS if all(fact.RIDES for fact in waits) else SOON_MS)] if waits else []
        dues += [self.jot_due_ms] if self.jot_due_ms else []
        if not dues:
            self.stop_timer("soon")
            return
        due_ms = max(min(dues), now_ms)
        if "soon" not in self._timers or due_ms < self.soon_due_ms:
            self.soon_due_ms = due_ms
            self.timer("soon", due_ms - now_ms)

    def _seal(self) -> None:
        sealed = int(life.value(self.ledger, "sealed", "0"))
        upto = self.ledger.durable_seq
        if self.sealing or upto - sealed < life.SEAL_EVERY_RECORDS:
            return
        # A seal that a full disk did not take is not tried again in every step: each would be refused and shown anew.
        if sealed != self.seal_from or self.now.monotonic_ms >= self.seal_again_ms:
            self.sealing, self.seal_from, self.seal_again_ms = True, sealed, self.now.monotonic_ms + TELL_AGAIN_MS
            self._effects.append(SignSeal(self.ledger.terminal, self.ledger.epoch, upto, self.ledger.hash_at(upto)))

    def state(self, online: bool = True, reason: str = "") -> State:
        """What `up/state` says of this terminal."""
        drawer = {True: "open", False: "closed", None: ""}[self.devices.drawer_open]
        return State(
            online, self.boot_id, self.ledger.epoch, self.ledger.next_seq, self.ledger.acked_seq, self.journal_key,
            self.software, self.settings.revision, self.now.clock, self.devices.printer, drawer,
            self.devices.battery, reason, self.ended,
        )  # fmt: skip

    # --- for the diagnosis socket -------------------------------------------------------------------------------------

    @property
    def terminal_id(self) -> str:
        """Whose journal this is."""
        return self.ledger.terminal

    def seqs(self) -> tuple[int, int, int]:
        """Next, durable and acknowledged seq."""
        return self.ledger.next_seq, self.ledger.durable_seq, self.ledger.acked_seq

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        """Committed records with seq > after."""
        return self.ledger.records(after, limit)

    def waiting(self) -> tuple[str, ...]:
        """What the core waits for from outside: acknowledgements, and slips that are owed to the paper."""
        ack = self.ledger.acked_seq < self.ledger.durable_seq
        owed = any(desk.owes(self) for desk in self.desks if isinstance(desk, PaperDesk))
        return (*(("ack",) if ack else ()), *(("slip",) if owed else ()))

    # --- small effects ------------------------------------------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        """An effect of this step, in order."""
        self._effects.append(effect)

    def tone(self, tone: ToneName) -> None:
        """Let something be heard."""
        self.emit(Sound(tone))

    def timer(self, name: str, after_ms: int) -> None:
        self._timers.add(name)
        self._effects.append(SetTimer(name, after_ms))

    def stop_timer(self, name: str) -> None:
        if name in self._timers:
            self._timers.discard(name)
            self._effects.append(StopTimer(name))

    def _arm_clock(self) -> None:
        """The status bar's minute."""
        self.timer("clock", 60_000 - self.now.wall_ms % 60_000)

    def _time_screen(self) -> None:
        """A screen that stands only for a while is timed from when it came on top."""
        top = self.stack[-1] if self.stack else None
        if top is self.timed or top is None:
            return
        self.timed = top
        stays_ms = top.stays_ms(self.context())
        if stays_ms:
            self.timer("screen", stays_ms)
        else:
            self.stop_timer("screen")

    def _show(self) -> None:
        ctx = self.context()
        view = self.stack[-1].view(ctx)
        if view != self.shown:
            self.shown = view
            self._effects.append(Show(view))
        if (colour := lamp(ctx, view)) != self.lamp:
            self.lamp = colour
            self._effects.append(Light(colour))

    def _assert_justified(self, effect: Effect) -> None:
        """No paper, no drawer and no message before the fsync."""
        durable = self.ledger.durable_seq
        match effect:
            case Print(job, because, _):
                assert max(job, because) <= durable, f"{effect} before its commit"
            case PulseDrawer(cause):
                assert cause <= durable, f"{effect} before its commit"
            case Ask(because):
                assert because <= durable, f"{effect} before its commit"
            case Send(packet):
                assert packet.records[-1].seq <= durable, "a message before its commit"
            case _:
                pass


def _bounced(last: Scanned, scan: Scanned, within_ms: int) -> bool:
    """Whether the scanner read one code twice in one go, by its own clock; 0 means that it tells no time."""
    timed = last.device_ms and scan.device_ms
    same = (last.text, last.symbology) == (scan.text, scan.symbology)
    return bool(timed and same and 0 <= scan.device_ms - last.device_ms < within_ms)
