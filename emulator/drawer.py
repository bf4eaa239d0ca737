"""The cash drawer: a solenoid, a spring, a contact, and somebody who pushes it shut."""

import asyncio
from collections.abc import Callable
from typing import Literal

PULSE_MIN_MS = 20
"""A shorter pulse does not pull the latch."""

TRAVEL_MS = 60
"""From the latch to the contact that says open."""

Contact = Literal["open", "closed", "absent"]
Cause = Literal["line", "printer", "forced"]


class Drawer:
    """`moved` is told each new state of the contact and why; a stuck drawer takes the pulse and stays shut."""

    def __init__(self, moved: Callable[[bool, Cause], None], close_after_s: float | None = None) -> None:
        self.open = False
        self.stuck = False
        self.contact_wired = True
        self.pulses = 0
        self.short_pulses = 0
        self.openings = 0
        self._moved = moved
        self._close_after_s = close_after_s
        self._line_on_ns: int | None = None
        self._travel: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None

    @property
    def contact(self) -> Contact:
        """What the daemon's input line reads."""
        if not self.contact_wired:
            return "absent"
        return "open" if self.open else "closed"

    @property
    def moving(self) -> bool:
        """The latch is pulled and the drawer is on its way."""
        return self._travel is not None

    def line(self, on: bool, at_ns: int) -> None:
        """The solenoid's line changed at `at_ns` of the monotonic clock."""
        if on:
            self._line_on_ns = at_ns if self._line_on_ns is None else self._line_on_ns
            return
        if self._line_on_ns is None:
            return
        pulse_ms = (at_ns - self._line_on_ns) / 1e6
        self._line_on_ns = None
        if pulse_ms < PULSE_MIN_MS:
            self.short_pulses += 1
            return
        self.kick("line")

    def kick(self, cause: Cause) -> None:
        """A pulse that is long enough, from our own line or from the printer's drawer port."""
        self.pulses += 1
        if not self.stuck:
            self._set_off(cause)

    def force(self) -> None:
        """Somebody pries it open, or uses the key of the lock."""
        self._set_off("forced")

    def close(self) -> bool:
        """Push it shut; False if it was shut already."""
        for timer in (self._travel, self._closing):
            if timer is not None:
                timer.cancel()
        self._travel = self._closing = None
        was_open, self.open = self.open, False
        if was_open:
            self._moved(False, "forced")
        return was_open

    def power_cut(self) -> None:
        """The line falls; a drawer that is open stays open."""
        self._line_on_ns = None

    def _set_off(self, cause: Cause) -> None:
        if self.open or self._travel is not None:
            return
        loop = asyncio.get_running_loop()
        self._travel = loop.call_later(TRAVEL_MS / 1000, self._arrive, cause)

    def _arrive(self, cause: Cause) -> None:
        self._travel = None
        self.open = True
        self.openings += 1
        self._moved(True, cause)
        if self._close_after_s is not None:
            self._closing = asyncio.get_running_loop().call_later(self._close_after_s, self.close)
