"""The core of a terminal that can practise: owns the live counter and, while somebody practises, a second one.

Keys and scans go to whoever is in front. The live counter hears everything else, so that its backlog drains, its alarms
are journaled and its clock is right; only its picture and lamp are withheld while practice is in front. Of practice, only
what stays in the device is carried out: picture, tones, lamp, timers under names of their own, and slips marked as
training. Whatever it asks of a backend is answered by the practice bank.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from firmware.events import (
    Acked,
    Answered,
    Ask,
    AskEpoch,
    BatterySeen,
    CheckPin,
    ClockSeen,
    DeviceSeen,
    DiskSeen,
    DrawerPulsed,
    DrawerSeen,
    Effect,
    EpochAnswered,
    Event,
    Exit,
    HashPin,
    Idle,
    Key,
    KeyHeld,
    KeyPressed,
    Light,
    LinkUp,
    NetworkSeen,
    Now,
    PinChecked,
    PinHashed,
    PracticeOver,
    PracticePulse,
    Practise,
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
    Sound,
    Started,
    StopAsked,
    StopTimer,
    StoreSettings,
    TimerFired,
)  # fmt: skip
from firmware.terminal import Terminal
from firmware.training.bank import Bank
from firmware.training.marks import marked
from firmware.training.school import School, opening
from firmware.txn import lessons
from firmware.txn.command import SECOND
from firmware.txn.ledger import LedgerError, LedgerUnreadable, LedgerUnsure
from firmware.view import Text, View, text
from rules.rights import Right, right_refusal
from wire.facts import Fact
from wire.messages import MoneyAnswer, State
from wire.records import Ack, Record
from wire.totals import batch_of

LEAVE: Final = Key.F2
"""Held for two seconds, on any screen of practice: back to the live counter."""

JOBS: Final = 2**40
"""Added to the numbers of practice's print jobs, so that none is ever taken for a live one."""

TIMERS: Final = "practice>"
ANSWER: Final = "practice<answer"
ANSWER_MS: Final = 1_200
"""The practice bank takes as long as a good one, so that the waiting screen is seen."""

NO_SIGNATURE: Final = "00" * 64
"""What stands for the journal key's signature in practice: the key signs nothing that is not true."""

TURNS_MAX: Final = 500
"""Events practice gives itself in one step; more is a fault of ours."""

Front = KeyPressed | KeyHeld | Scanned | ScanRejected


@dataclass(slots=True)
class Trainee:
    """One core for the loop: `step` gives every event to the counter it belongs to."""

    live: Terminal
    school: School
    practice: Terminal | None = None
    shown: View | None = None
    done: frozenset[str] = frozenset()  # lessons
    bank: Bank = field(default_factory=Bank)
    answers: deque[MoneyAnswer] = field(default_factory=deque)
    timers: set[str] = field(default_factory=set)
    pulse: int = 0  # the practice fact whose opening the live counter makes
    looked_upto: int = 0  # facts of practice looked at for lessons
    leaving: bool = False
    drawer_kept: bool = False  # the last opening was suppressed: said in the bar until the next key
    visits: int = 0

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """Take one event; what is to be done about it."""
        effects = self._live(event, now) if self.practice is None else [*self._beside(event, now, self.practice)]
        if self.leaving:
            effects += self._leave(now, 0)
        if self.practice is None:
            self.shown = self.live.shown
        return tuple(effects)

    # --- the live counter in front ------------------------------------------------------------------------------------

    def _live(self, event: Event, now: Now) -> list[Effect]:
        if isinstance(event, Printed) and event.job >= JOBS:
            return []  # the slip of a practice that is over
        if isinstance(event, TimerFired) and event.name.startswith((TIMERS, ANSWER)):
            return []
        effects: list[Effect] = []
        begins = False
        for effect in self.live.step(event, now):
            if isinstance(effect, Practise):
                begins = effect.on
            else:
                effects.append(effect)
        return [*effects, *self._enter(now)] if begins else effects

    def _enter(self, now: Now) -> list[Effect]:
        self.visits += 1
        try:
            practice = self.school.open(self.live)
        except (LedgerError, OSError) as error:
            self.school.clear()
            return self._live(PracticeOver(error.code if isinstance(error, LedgerError) else 9002), now)
        self.practice, self.bank, self.done = practice, Bank(_booked(practice)), frozenset()
        self.answers.clear()
        self.pulse, self.looked_upto = 0, 0
        seed = self.school.pin_hash(f"visit {self.visits}", b"seed")
        started = Started(seed, f"practice{self.visits}", facts=opening(self.live))
        devices = self.live.devices
        looks: list[Event] = [
            started, PrinterSeen(devices.printer), PrinterSeen(devices.printer2, SECOND),
            DrawerSeen(devices.drawer_open), LinkUp(),
            BatterySeen(devices.battery, devices.charging),
            DeviceSeen("scanner", devices.scanner), DeviceSeen("keypad", devices.keypad),
        ]  # fmt: skip
        return [*self._practise(looks, now, practice), *self._picture(practice), self._watch()]

    # --- practice in front --------------------------------------------------------------------------------------------

    def _beside(self, event: Event, now: Now, practice: Terminal) -> Iterator[Effect]:
        """What each of the two makes of an event, and the picture of the one in front."""
        if isinstance(event, KeyHeld) and event.key is LEAVE:
            self.leaving = True
            return
        if isinstance(event, Front):
            self.drawer_kept = False
        mine, theirs = self._routed(event)
        if isinstance(event, StopAsked) or event == TimerFired("idle"):
            yield from self._leave(now, 0)
        if theirs is not None:
            yield from self._behind(theirs, now)
        if mine and self.practice is practice:
            yield from self._practise(mine, now, practice)
        if self.practice is practice and not self.leaving:
            yield from self._picture(practice)
            if isinstance(event, Front):
                yield self._watch()

    def _routed(self, event: Event) -> tuple[list[Event], Event | None]:
        """Practice's events of this one, and the live counter's."""
        match event:
            case KeyPressed() | KeyHeld() | Scanned() | ScanRejected():
                return [event], None
            case Printed(job) if job >= JOBS:
                return [replace(event, job=job - JOBS)], None
            case TimerFired(name) if name == ANSWER:
                return [Answered(answer) for answer in self._due_answers()], None
            case TimerFired(name) if name.startswith(TIMERS):
                self.timers.discard(name)
                return [TimerFired(name.removeprefix(TIMERS))], None
            case DrawerPulsed(_, outcome) if self.pulse:
                cause, self.pulse = self.pulse, 0
                return [DrawerPulsed(cause, outcome)], event
            case Idle():
                return [event], event if self.live.idle_work else None
            case DeviceSeen() | PrinterSeen() | DrawerSeen() | BatterySeen() | DiskSeen() | ClockSeen() | NetworkSeen():
                return [event], event
            case _:
                return [], event

    def _behind(self, event: Event, now: Now) -> Iterator[Effect]:
        """The live counter goes on, unseen."""
        for effect in self.live.step(event, now):
            assert not isinstance(effect, Practise), "nobody touches the live counter now"
            if not isinstance(effect, Show | Light) or self.practice is None:
                yield effect

    def _practise(self, events: Iterable[Event], now: Now, practice: Terminal) -> list[Effect]:
        """Give practice its events and whatever it gives itself by them."""
        effects: list[Effect] = []
        waiting = deque(events)
        for _ in range(TURNS_MAX):
            if not waiting:
                return effects
            try:
                made = practice.step(waiting.popleft(), now)
            except (LedgerUnsure, LedgerUnreadable):  # of the practice folder; the live one is as it was
                return [*effects, *self._leave(now, 9003)]
            for effect in made:
                effects += self._outside(effect, now)
                waiting.extend(self._inside(effect))
        raise AssertionError("practice goes on without end")

    def _outside(self, effect: Effect, now: Now) -> Iterator[Effect]:
        """What of an effect of practice is carried out."""
        match effect:
            case Sound() | Light():
                yield effect
            case SetTimer("idle") | StopTimer("idle"):
                return  # the live counter's own idle lock watches over both
            case SetTimer(name, after_ms):
                self.timers.add(TIMERS + name)
                yield SetTimer(TIMERS + name, after_ms)
            case StopTimer(name):
                self.timers.discard(TIMERS + name)
                yield StopTimer(TIMERS + name)
            case Print():
                yield replace(effect, job=effect.job + JOBS, receipt=marked(effect.receipt))
            case PulseDrawer(cause):
                yield from self._open_drawer(cause, now)
            case Ask(_, ask):
                answer = self.bank.answer(ask)
                if answer is not None:
                    self.answers.append(answer)
                    yield SetTimer(ANSWER, ANSWER_MS)
            case Practise(False):
                self.leaving = True
            case Exit():
                raise AssertionError("practice does not end the process")
            case _:
                return

    def _inside(self, effect: Effect) -> Iterator[Event]:
        """What practice hears at once of what it asked: nothing of this leaves the device."""
        practice = self.practice
        assert practice is not None
        match effect:
            case CheckPin(request, pin, digest, salt):
                yield PinChecked(request, self.school.pin_hash(pin, salt) == digest)
            case HashPin(request, pin, salt):
                yield PinHashed(request, self.school.pin_hash(pin, salt), salt)
            case AskEpoch(epoch, _):
                yield EpochAnswered(epoch, 1)
            case Send(packet):
                last = packet.records[-1]
                yield Acked(Ack(last.epoch, last.seq))
            case PulseDrawer(cause) if self.pulse != cause:
                yield DrawerPulsed(cause, "no_sensor")
            case SignSeal(_, _, upto, digest):
                yield Signed(upto, digest, NO_SIGNATURE)
            case StoreSettings(request):  # forgotten with the rest of practice
                yield SettingsStored(request)
            case _:
                return

    def _open_drawer(self, cause: int, now: Now) -> Iterator[Effect]:
        """Who may open the drawer without a sale may open it here; the live counter makes the opening and records it."""
        session, settings = self.live.session, self.live.settings
        may = right_refusal(session.role, Right.OVERRIDE, settings.rights) is None
        made = [*self._behind(PracticePulse(), now)] if may and not self.pulse else []
        if any(isinstance(effect, PulseDrawer) for effect in made):
            self.pulse = cause
        self.drawer_kept = self.pulse != cause
        yield from made

    def _due_answers(self) -> list[MoneyAnswer]:
        due = list(self.answers)
        self.answers.clear()
        return due

    # --- what is seen -------------------------------------------------------------------------------------------------

    def _picture(self, practice: Terminal) -> Iterator[Effect]:
        """Practice's view, with the bar that says so, the task in hand and how to leave."""
        self._look(practice)
        view = practice.shown
        assert view is not None
        status = replace(view.status, training=self._bar())
        seen = replace(view, status=status)
        if seen != self.shown:
            self.shown = seen
            yield Show(seen)

    def _look(self, practice: Terminal) -> None:
        """Facts committed since the last look: which lessons they complete."""
        upto = practice.ledger.durable_seq
        if upto > self.looked_upto:
            facts = [practice.ledger.fact(seq) for seq in range(self.looked_upto + 1, upto + 1)]
            self.looked_upto, self.done = upto, lessons.learned(self.done, facts)

    def _bar(self) -> Text:
        if self.drawer_kept:
            return text("training__drawer_kept")
        of, at = len(lessons.LESSONS), len(self.done) + 1
        lesson = lessons.next_lesson(self.done)
        if lesson is None:
            return text("training__bar_done", of=of)
        return text("training__bar", at=min(at, of), of=of, what=text(f"lesson__{lesson.name}"))

    def _watch(self) -> Effect:
        """Somebody works: the live counter's idle lock waits again from now."""
        return SetTimer("idle", self.live.settings.terminal.idle_lock_min * 60_000)

    def _leave(self, now: Now, code: int) -> list[Effect]:
        """Throw practice away; the live counter is in front, as it was."""
        assert self.practice is not None
        effects: list[Effect] = [StopTimer(name) for name in sorted({*self.timers, ANSWER})]
        self.practice.ledger.abandon()
        self.practice, self.leaving = None, False
        self.timers.clear()
        self.school.clear()
        effects += self._live(PracticeOver(code), now)
        assert self.live.shown is not None
        return [*effects, Light(self.live.lamp), Show(self.live.shown)]

    # --- for the loop and the diagnosis socket ------------------------------------------------------------------------

    @property
    def idle_work(self) -> bool:
        """Whether an `Idle` event would find something to do."""
        return self.live.idle_work or (self.practice is not None and self.practice.idle_work)

    @property
    def calm_until_ms(self) -> int:
        """Until when the terminal that has the keypad takes no keys."""
        return (self.practice or self.live).calm_until_ms

    @property
    def terminal_id(self) -> str:
        """Whose journal this is."""
        return self.live.terminal_id

    def seqs(self) -> tuple[int, int, int]:
        """The live journal's next, durable and acknowledged seq."""
        return self.live.seqs()

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        """Committed records of the live journal."""
        return self.live.records(after, limit)

    def waiting(self) -> tuple[str, ...]:
        """What is waited for from outside, by whichever is in front."""
        return self.live.waiting() if self.practice is None else (*self.live.waiting(), *self.practice.waiting())

    def state(self) -> State:
        """What `up/state` says: the live counter's."""
        return self.live.state()


def _booked(practice: Terminal) -> Callable[[int, int], Iterator[Fact]]:
    """Facts of a batch of practice up to a seq, for its bank."""

    def facts(batch: int, upto: int) -> Iterator[Fact]:
        entries = (entry for entry in practice.ledger.entries() if entry.seq <= upto)
        return (entry.fact for entry in entries if batch_of(entry.fact) == batch)

    return facts
