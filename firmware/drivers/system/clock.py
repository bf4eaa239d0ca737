"""What time it is, and how far that can be trusted (decisions 17).

The wall clock of these boards may be years off after a power cut. So the terminal knows a *floor* (at a boot the later of
its build date and the last journaled time, then the last time it gave, for that may be on record) below which it never
goes while it does not know better, a time set by *hand*, and a *trusted* time: the kernel's, when NTP holds it, or the
backend's signed word.
"""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from firmware.events import ClockSeen, Now
from wire.records import ClockState

STEP_MS = 2_000
"""A wall clock that moves this much against the monotonic one has been stepped."""
READINGS_MAX, READING_MS_MAX = 5, 100

STA_UNSYNC, TIME_ERROR = 0x40, 5


class _Timex(ctypes.Structure):
    """Head of the kernel's `struct timex`; the rest is room for what it writes."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


def ntp_synchronised() -> bool:
    """Whether the kernel says that NTP holds its clock (adjtimex, reading only)."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = _Timex(modes=0)
    answer = libc.adjtimex(ctypes.byref(timex))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return bool(answer != TIME_ERROR and not timex.status & STA_UNSYNC)


@dataclass(frozen=True, slots=True)
class _Setting:
    """State of the clock: `correction_ms` is added to the source's wall time."""

    state: ClockState
    correction_ms: int


class Clock:
    """Gives `Now`; any thread may call it. `post` gets a `ClockSeen` for each change of state and each step."""

    def __init__(
        self,
        floor_ms: int,
        post: Callable[[ClockSeen], None],
        monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._post = post
        self._monotonic_ms, self._wall_ms = monotonic_ms, wall_ms
        self._lock = Lock()
        self._setting = _Setting("floor", 0)
        self._board_ms = 0
        self._latest_ms, self._floor_ms = monotonic_ms(), floor_ms  # the floor holds for this moment, and rises with it
        self._apart_ms = self._source_ms() - self._latest_ms

    @property
    def state(self) -> ClockState:
        return self._setting.state

    def now(self) -> Now:
        """The present moment. A step of the wall clock found on the way is posted after trust in it is withdrawn."""
        with self._lock:
            now, seen = self._look()
        if seen is not None:
            self._post(seen)
        return now

    def set_trusted(self, utc_ms: int) -> None:
        """The backend's signed time, or NTP's."""
        self._set("trusted", utc_ms)

    def set_by_hand(self, utc_ms: int) -> None:
        """Somebody typed the time."""
        self._set("hand", utc_ms)

    def ntp_holds(self) -> None:
        """The kernel's clock is right by itself: no correction of ours is needed any more."""
        if self._setting != _Setting("trusted", 0):
            self._set("trusted", self._source_ms())

    def set_board_offset(self, offset_ms: int) -> None:
        """The virtual board's clock is this far off; the change is a step like any other."""
        with self._lock:
            self._board_ms = offset_ms
        self.now()

    def _set(self, state: ClockState, utc_ms: int) -> None:
        with self._lock:
            before, found = self._look()
            self._setting = _Setting(state, utc_ms - self._source_ms())
            self._floor_ms = utc_ms
            step_ms = utc_ms - before.wall_ms
        if found is not None:
            self._post(found)
        if state != before.clock or abs(step_ms) > STEP_MS:
            self._post(ClockSeen(state, step_ms))

    def _look(self) -> tuple[Now, ClockSeen | None]:
        """Lock held."""
        monotonic_ms, source_ms = self._both()
        self._floor_ms += max(0, monotonic_ms - self._latest_ms)
        self._latest_ms = max(self._latest_ms, monotonic_ms)
        apart_ms = source_ms - monotonic_ms
        step_ms, self._apart_ms = apart_ms - self._apart_ms, apart_ms
        seen = None
        if abs(step_ms) > STEP_MS:
            self._setting = replace(self._setting, state="floor")
            seen = ClockSeen("floor", step_ms)
        wall_ms = source_ms + self._setting.correction_ms
        if self._setting.state == "floor":
            wall_ms = max(wall_ms, self._floor_ms)
        self._floor_ms = wall_ms
        return Now(self._latest_ms, wall_ms, self._setting.state), seen

    def _both(self) -> tuple[int, int]:
        """Both clocks at one moment: a thread halted between the two readings would see a step that never was."""
        for _ in range(READINGS_MAX):
            before_ms = self._monotonic_ms()
            source_ms = self._source_ms()
            if self._monotonic_ms() - before_ms <= READING_MS_MAX:
                break
        return before_ms, source_ms

    def _source_ms(self) -> int:
        return self._wall_ms() + self._board_ms
