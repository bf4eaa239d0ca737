"""The drawer's worker: fires the coil, watches the contact, and never leaves the coil on."""

import contextlib
import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from typing import Any, Literal

from firmware.drivers.drawer.coil import (
    PAUSE_MS,
    PULSE_DEFAULT_MS,
    PULSE_MAX_MS,
    PULSE_MIN_MS,
    PULSES_PER_MINUTE_MAX,
    Coil,
)
from firmware.drivers.drawer.fittings import Fittings, NoDrawer
from firmware.events import DeviceSeen, DrawerPulsed, DrawerSeen, Event, PulseDrawer

log = logging.getLogger(__name__)

GUARD_MS = 250
"""However late this thread is, another one switches the coil off after this time (domain 11.4: at most 500 ms)."""
CONFIRM_MS = 1_000
"""The contact must show the drawer open within this time."""
SETTLE_MS = 30
"""A contact that bounces is believed when it has been quiet this long."""
JOBS_MAX = 8

Outcome = Literal["opened", "did_not_open", "no_sensor", "no_drawer", "too_soon"]


def monotonic_ms() -> int:
    """Milliseconds of the monotonic clock."""
    return time.monotonic_ns() // 1_000_000


class Drawer:
    """`carry_out` may be called by any thread; `run` is a worker thread's body. Each `PulseDrawer` gets one answer.

    `kick` has the printer open the drawer first, where it hangs there too; what the printer says of it comes to `kicked`.
    """

    def __init__(
        self,
        fit: Callable[[], Fittings],
        post: Callable[[Event], None],
        pulse_ms: int = PULSE_DEFAULT_MS,
        clock_ms: Callable[[], int] = monotonic_ms,
        kick: Callable[[PulseDrawer], None] | None = None,
    ) -> None:
        self._kick = kick
        self._kicking = False  # the printer has not answered yet
        self._fit, self._post, self._clock_ms = fit, post, clock_ms
        self._jobs: deque[PulseDrawer | DrawerPulsed] = deque()
        self._coil = Coil()
        self._guard: _Guard | None = None
        self.configure(pulse_ms)
        self._seen: bool | Literal["never"] | None = "never"
        self._settle_at_ms: int | None = None
        self._working = False
        self._stopping = Flag()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def configure(self, pulse_ms: int, cool_down_ms: int = PAUSE_MS, per_minute: int = PULSES_PER_MINUTE_MAX) -> None:
        """Take the settings of group `drawer` for the next pulses."""
        assert PULSE_MIN_MS <= pulse_ms <= PULSE_MAX_MS, pulse_ms
        self._pulse_ms = pulse_ms
        self._coil.limit(cool_down_ms, per_minute)

    def carry_out(self, effect: PulseDrawer) -> None:
        """Fire the coil because of `effect.cause`, soon."""
        if len(self._jobs) >= JOBS_MAX:
            self._post(DrawerPulsed(effect.cause, "too_soon"))
            return
        self._jobs.append(effect)
        self._wake()

    def kicked(self, answer: DrawerPulsed) -> None:
        """The printer's word on the kick it was asked for; may be called by any thread."""
        self._jobs.append(answer)
        self._kicking = False
        self._wake()

    def busy(self) -> bool:
        """Whether a pulse waits or is made, or the contact has moved and is not believed yet."""
        return bool(self._jobs) or self._working or self._kicking or self._settle_at_ms is not None

    def stop(self) -> None:
        """Make `run` return soon, cutting a running pulse short; may be called by any thread, also before `run`."""
        self._stopping.set()
        self._wake()

    def run(self) -> None:
        """Body of the drawer's thread; returns after `stop`, with the coil off and the lines given back."""
        fittings = self._fitted()
        try:
            while not self._stopping.is_set():
                self._turn(fittings)
        finally:
            if fittings is not None:
                _release(fittings, self._guard)

    def _fitted(self) -> Fittings | None:
        try:
            fittings = self._fit()
        except NoDrawer as wrong:
            log.error("no drawer: %s", wrong)
            self._post(DeviceSeen("drawer", False))
            self._see(None)
            return None
        fittings.on_change(self._contact_moved)
        self._see(_contact(fittings))
        return fittings

    def _turn(self, fittings: Fittings | None) -> None:
        if not self._jobs:
            wait_ms = None if self._settle_at_ms is None else self._settle_at_ms - self._clock_ms()
            self._wait(fittings, wait_ms)
        if self._settle_at_ms is not None and self._clock_ms() >= self._settle_at_ms:
            self._settle(fittings)
        if self._jobs:
            self._working = True
            job = self._jobs.popleft()
            if isinstance(job, DrawerPulsed):
                self._post(self._after_kick(fittings, job))
            elif not self._coil.may_fire(self._clock_ms()):
                self._post(DrawerPulsed(job.cause, "too_soon"))
            elif self._kick is not None:
                self._kicking = True
                self._kick(job)
            else:
                self._post(DrawerPulsed(job.cause, "no_drawer" if fittings is None else self._by_line(fittings)))
            self._working = False

    def _after_kick(self, fittings: Fittings | None, answer: DrawerPulsed) -> DrawerPulsed:
        """What the contact says of the printer's kick. Where it did not open the drawer the line is tried, once: a printer
        that is off, unplugged or out of paper must not keep the cash out. Without a contact nobody knows, so nothing more
        is done."""
        if answer.outcome == "too_soon":
            return DrawerPulsed(answer.cause, "too_soon", "printer")
        if answer.outcome == "no_sensor":  # it was kicked
            self._coil.fired(self._clock_ms())
            outcome: Outcome = "no_sensor" if fittings is None else self._confirm(fittings)
            if outcome != "did_not_open":
                return DrawerPulsed(answer.cause, outcome, "printer")
        if fittings is None:
            return DrawerPulsed(answer.cause, answer.outcome, "printer")
        return DrawerPulsed(answer.cause, self._by_line(fittings), "line")

    def _by_line(self, fittings: Fittings) -> Outcome:
        """One pulse of our own. After a kick that opened nothing the coil has rested for `CONFIRM_MS`."""
        try:
            self._fire(fittings)
        except OSError as wrong:
            log.error("coil: %s", wrong)
            return "no_drawer"
        return self._confirm(fittings)

    def _fire(self, fittings: Fittings) -> None:
        """One pulse. Off is said thrice over: here, by the guard if this thread is late, and when the lines close. Where
        it cannot be said here, the guard goes on saying it until then, or until the next pulse."""
        if self._guard is not None:
            self._guard.end()
        self._guard = _Guard(fittings.coil)
        try:
            fittings.coil.on()
            self._stopping.wait(self._pulse_ms / 1000)
        finally:
            try:
                fittings.coil.off()
                self._guard.end()
            finally:
                self._coil.fired(self._clock_ms())

    def _confirm(self, fittings: Fittings) -> Outcome:
        """What the contact says within a second."""
        until_ms = self._clock_ms() + CONFIRM_MS
        while not self._stopping.is_set():
            contact = _contact(fittings)
            if contact is None:
                return "no_sensor"
            if contact:
                self._see(True)
                return "opened"
            left_ms = until_ms - self._clock_ms()
            if left_ms <= 0:
                break
            self._wait(fittings, left_ms)
        return "did_not_open"

    def _settle(self, fittings: Fittings | None) -> None:
        self._working, self._settle_at_ms = True, None  # in this order: a change from now on counts anew
        if fittings is not None:
            self._see(_contact(fittings))
        self._working = False

    def _see(self, contact: bool | None) -> None:
        if contact is not self._seen:
            self._seen = contact
            self._post(DrawerSeen(contact))

    def _contact_moved(self) -> None:
        """Called in whichever thread noticed."""
        self._settle_at_ms = self._clock_ms() + SETTLE_MS
        self._wake()

    def _wait(self, fittings: Fittings | None, wait_ms: int | None) -> None:
        """Until woken, an edge of the kernel, or the time is over."""
        lines = fittings.lines() if fittings is not None else []
        watched = {fd: line for line in lines if (fd := line.fileno()) is not None}
        timeout_s = None if wait_ms is None else max(0, wait_ms) / 1000
        ready, _, _ = select.select([self._wake_read, *watched], [], [], timeout_s)
        for fd in ready:
            if fd == self._wake_read:
                os.read(self._wake_read, 4096)
            else:
                watched[fd].changes()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake_write, b"!")


def _contact(fittings: Fittings) -> bool | None:
    """True open, False closed, None when no contact is wired."""
    return bool(fittings.contact.open) if fittings.contact is not None and fittings.wired() else None


class _Guard:
    """Another thread that switches the coil off while the drawer's is late, from now until `end`."""

    def __init__(self, coil: Any) -> None:
        self._coil, self._over = coil, Flag()
        self._thread = Thread(target=self._watch, name="coil guard", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Return when it will not touch the coil again: the line may be closed then, or a new pulse begin."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        """Again and again, not once: a thread that was late before it switched the coil on may be late after it, too."""
        while not self._over.wait(GUARD_MS / 1000):
            log.error("the drawer's thread is late: coil switched off by the guard")
            try:
                self._coil.off()
            except OSError as wrong:
                log.error("coil: %s", wrong)


def _release(fittings: Fittings, guard: _Guard | None) -> None:
    """Coil off, then every line back, whatever fails on the way."""
    with contextlib.ExitStack() as stack:
        stack.callback(fittings.factory.close)
        if fittings.contact is not None:
            stack.callback(fittings.contact.close)
        stack.callback(fittings.coil.close)
        if guard is not None:
            stack.callback(guard.end)
        stack.callback(fittings.coil.off)
