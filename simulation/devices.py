"""The printer and the drawer as things with a body: they keep what was printed on them and how the coil was fed.

They stand where the terminal's drivers are, so they speak its events and effects; the rest is the device's.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from firmware.events import DrawerPulsed, DrawerSeen, Event, Print, Printed, PrinterSeen
from simulation.clockwork import Clockwork
from simulation.witness import Day, Pulse, Slip
from wire.layout import layout, text_of
from wire.messages import PrinterLook

ROW_MS = 30
SLOW_ROW_MS = 400
ANSWER_MS = 60
SILENT_MS = 12_000
"""The driver gives up on a fence that is not answered after this long."""

CODES: dict[str, int] = {"paper_out": 4001, "cover_open": 4003, "offline": 4005, "fault": 4006, "busy": 4008}
READY = ("ok", "paper_low")
PULSE_MS = 90
COOL_DOWN_MS = 1_000

Outcome = Literal["printed", "sent", "not_printed", "unknown"]
Post = Callable[[Event, int], None]
"""Give the terminal an event after so many ms; lost when it is down by then or has been started anew."""


@dataclass(slots=True)
class _Job:
    effect: Print
    rows: list[str]
    began_ms: int
    row_ms: int


@dataclass(slots=True)
class Printer:
    """A thermal printer and its paper; `number` 1 stands in for the other."""

    clock: Clockwork
    day: Day
    post: Post
    columns: int
    number: int = 0
    fence: bool = True
    look: PrinterLook = "ok"
    silent: bool = False
    slow: bool = False
    answer_lost: bool = False  # the next fence answer does not arrive
    on_row: Callable[[], None] | None = None  # told in the middle of a slip, for troubles that come just then
    _waiting: deque[Print] = field(default_factory=deque)
    _now: _Job | None = None
    _turn: int = 0

    @property
    def printing(self) -> bool:
        """Whether a slip is coming out."""
        return self._now is not None

    def take(self, effect: Print) -> None:
        """A print job of the terminal."""
        self._waiting.append(effect)
        self._next()

    def becomes(self, look: PrinterLook) -> None:
        """Paper runs out, the cover opens, all is well again …"""
        if look == self.look:
            return
        self.look = look
        if look not in READY and self._now is not None:
            self._tear(self._code())
        self.post(PrinterSeen(look, self.number), 20)
        if look in READY:
            self._next()

    def power_off(self) -> None:
        """Everything in the buffer is gone; the slip is torn at the row reached."""
        if self._now is not None:
            self._tear(0)
        self._forget()

    def daemon_gone(self, chance: float) -> None:
        """The daemon died: what had reached the buffer is still printed, all of it or up to some row."""
        if self._now is not None:
            reached = len(self._now.rows) if chance < 0.5 else int(len(self._now.rows) * chance)
            self._out(self._now, reached)
        self._forget()

    def _forget(self) -> None:
        self._now = None
        self._turn += 1
        self._waiting.clear()

    def _next(self) -> None:
        if self._now is not None or not self._waiting:
            return
        effect = self._waiting.popleft()
        if self.look not in READY:
            self.post(Printed(effect.job, "not_printed", self._code(), self.number, begun=False), ANSWER_MS)
            self.clock.after(ANSWER_MS, self._next)
            return
        rows = text_of(layout(effect.receipt, self.columns), self.columns)
        self._now = _Job(effect, rows, self.clock.now_ms, SLOW_ROW_MS if self.slow else ROW_MS)
        self._turn += 1
        turn = self._turn
        if self.on_row is not None:
            self.clock.after(self._now.row_ms * self.clock.rng.randrange(len(rows)), self.on_row)
            self.on_row = None
        self.clock.after(self._now.row_ms * len(rows), lambda: self._end(turn))

    def _end(self, turn: int) -> None:
        if turn != self._turn or self._now is None:
            return
        job = self._now
        if self.silent:  # a silent printer may have printed all, some or nothing
            self._out(job, self.clock.rng.choice((len(job.rows), len(job.rows) // 2, 0)))
            self._say(job, "unknown", 4008, SILENT_MS)
        else:
            self._out(job, len(job.rows))
            if not self.fence:
                self._say(job, "sent")
            elif self.answer_lost:
                self.answer_lost = False
                self._say(job, "unknown", 4008, SILENT_MS)
            else:
                self._say(job, "printed")
        self._now = None
        self._next()

    def _tear(self, code: int) -> None:
        job = self._now
        assert job is not None
        reached = min(len(job.rows), (self.clock.now_ms - job.began_ms) // job.row_ms)
        self._out(job, reached)
        self._now = None
        self._turn += 1
        if code:
            self._say(job, "unknown" if reached else "not_printed", code)
            self.clock.after(ANSWER_MS, self._next)

    def _say(self, job: _Job, outcome: Outcome, code: int = 0, after_ms: int = ANSWER_MS) -> None:
        self.post(Printed(job.effect.job, outcome, code, self.number), after_ms)

    def _out(self, job: _Job, reached: int) -> None:
        complete = reached >= len(job.rows)
        number, copy = job.effect.job, job.effect.copy
        self.day.printed_jobs.setdefault(number, []).append(complete)
        if reached:
            rows = tuple(job.rows[:reached])
            self.day.slips.append(Slip(self.clock.now_ms, rows, complete, number, copy, self.number))
        came = "whole" if complete else f"torn at {reached} of {len(job.rows)}"
        self.clock.note(f"paper{' 2' if self.number else ''}: {came}, job {number}")

    def _code(self) -> int:
        return CODES.get(self.look, 4005)


@dataclass(slots=True)
class Drawer:
    """The drawer: a coil, a spring, perhaps a sensor."""

    clock: Clockwork
    day: Day
    post: Post
    sensor: bool = True
    there: bool = True
    stuck: bool = False
    open: bool = False
    _fed_ms: int = -COOL_DOWN_MS
    _turn: int = 0

    @property
    def seen(self) -> bool | None:
        """What the sensor says."""
        return self.open if self.sensor and self.there else None

    def pulse(self, cause: int, boot_id: str) -> None:
        """A pulse asked for by the terminal."""
        self.day.asked_pulses.add(cause)
        if not self.there:
            self.post(DrawerPulsed(cause, "no_drawer"), ANSWER_MS)
            return
        if self.clock.now_ms - self._fed_ms < COOL_DOWN_MS:
            self.post(DrawerPulsed(cause, "too_soon"), 1)
            return
        self._fed_ms = self.clock.now_ms
        self.day.pulses.append(Pulse(self.clock.now_ms, cause, boot_id))
        self._turn += 1
        turn = self._turn
        self.clock.after(PULSE_MS, lambda: self._pulsed(turn, cause))

    def power_off(self) -> None:
        """A pulse under way ends with the power."""
        self._turn += 1

    def _pulsed(self, turn: int, cause: int) -> None:
        if turn != self._turn:
            return
        if self.stuck:
            self.post(DrawerPulsed(cause, "did_not_open" if self.sensor else "no_sensor"), 1)
            return
        self.moves(True)
        self.post(DrawerPulsed(cause, "opened" if self.sensor else "no_sensor"), 5)

    def moves(self, opens: bool) -> None:
        """It opens or is pushed shut."""
        if self.open != opens:
            self.open = opens
            if self.sensor:
                self.post(DrawerSeen(opens), 2)
