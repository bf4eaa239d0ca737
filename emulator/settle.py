"""When has the terminal settled? Proven from counters at both ends of every cable, never by waiting (decisions 2)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from emulator.board import Passed
from emulator.diag import Diag, NoAnswer
from wire.board import BOARD, PRINTER, PRINTER2
from wire.diag import Counts, Settle

Until = Literal["settled", "idle", "printed", "acked"]
Outside = Literal["paper", "printer"]
PRINTERS = frozenset({PRINTER, PRINTER2})

TIMER_NEAR_MS = 100
"""A timer due sooner than this will change something in a moment."""

POLL_S, POLL_MAX_S = 0.004, 0.03
WAIT_S, WAIT_MAX_S = 15.0, 120.0

NOT_YET: dict[Until, frozenset[str] | None] = {
    "settled": frozenset(),
    "idle": None,  # whatever it waits for
    "printed": frozenset({"paper", "printer"}),
    "acked": frozenset({"ack"}),
}
"""Which waits for the outside `until` waits out."""


class NotSettled(TimeoutError):
    """The time ran out; `reasons` says what still moves, `waiting` what the terminal waits for."""

    def __init__(self, reasons: tuple[str, ...], waiting: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons
        self.waiting = waiting


class Dead(ConnectionError):
    """There is no daemon: the power is off, or it ended by itself and has not come back."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The terminal has settled; it may still wait for the outside."""

    waiting: tuple[str, ...]
    next_seq: int
    durable_seq: int
    acked_seq: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Both ends at one moment: what the daemon reports and what the board has counted."""

    daemon: Settle
    board: Mapping[str, Passed]
    restless: tuple[str, ...]
    outside: Mapping[str, Outside] = field(default_factory=dict)
    """Printer -> what it waits for, or its own slowness."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """What it waits for, the printers' own slowness among it; of either printer the same word."""
        words = ("printer" if name in PRINTERS else name for name in self.daemon.waiting)
        unprinted = ("printer" for name in PRINTERS if self._unconsumed(name) > 0)
        return tuple(sorted({*words, *self.outside.values(), *unprinted}))

    def moving(self) -> tuple[str, ...]:
        """Reasons why it has not settled; empty when it has."""
        return (*self._unread(), *self._inside(), *self.restless)

    def still(self) -> tuple[object, ...]:
        """What must be the same at two looks one after the other."""
        now = self.daemon
        return now.devices, dict(self.board), now.frame_wanted, now.frame_shown, now.next_seq, now.acked_seq, now.busy

    def _unread(self) -> list[str]:
        reasons = []
        for name, passed in self.board.items():
            unread = passed.sent - self._counts(name).read
            if passed.queued is not None:
                unread = min(unread, passed.queued)
            unit = "messages" if name == BOARD else "bytes"
            if unread > 0:
                reasons.append(f"{name}: {unread} {unit} not yet read by the terminal")
            if name not in PRINTERS and self._unconsumed(name) > 0:
                reasons.append(f"{name}: {self._unconsumed(name)} {unit} on their way from the terminal")
        return reasons

    def _inside(self) -> list[str]:
        now = self.daemon
        reasons = [f"worker busy: {name}" for name in now.busy if name not in now.waiting and not self._paced(name)]
        if now.inbox:
            reasons.append(f"inbox: {now.inbox} events")
        if now.frame_shown != now.frame_wanted:
            reasons.append(f"frame {now.frame_wanted} not yet shown")
        if now.timer_due_ms is not None and now.timer_due_ms <= TIMER_NEAR_MS:
            reasons.append(f"timer due in {now.timer_due_ms} ms")
        return reasons

    def _paced(self, name: str) -> bool:
        """A printer worker is busy for as long as its printer is slow: that is a wait for the outside."""
        return name in PRINTERS and (self.outside.get(name) == "printer" or self._unconsumed(name) > 0)

    def _counts(self, name: str) -> Counts:
        return self.daemon.devices.get(name, Counts(read=0, written=0))

    def _unconsumed(self, name: str) -> int:
        return self._counts(name).written - self.board[name].consumed if name in self.board else 0


def outstanding(moment: Moment, until: Until) -> tuple[str, ...]:
    """What `until` still has to wait for; empty when the call may return."""
    moving = moment.moving()
    wanted = NOT_YET[until]
    waits = moment.waiting if wanted is None else tuple(name for name in moment.waiting if name in wanted)
    due = moment.daemon.durable_seq - moment.daemon.acked_seq
    unacked = (f"{due} records not yet acknowledged",) if until == "acked" and due > 0 else ()
    return (*moving, *(f"waiting for: {name}" for name in waits), *unacked)


class Settler:
    """Waits until the terminal has settled. `alive()` says whether there is a daemon, or will be one in a moment."""

    def __init__(
        self,
        diag: Diag,
        passed: Callable[[], Mapping[str, Passed]],
        restless: Callable[[], list[str]],
        outside: Callable[[], Mapping[str, Outside]],
        alive: Callable[[], bool],
    ) -> None:
        self._diag = diag
        self._passed = passed
        self._restless = restless
        self._outside = outside
        self._alive = alive

    async def settle(self, until: Until = "settled", wait_s: float = WAIT_S) -> Settled:
        """Return when two looks one after the other found nothing moving and nothing changed.

        Raises `NotSettled` when the time runs out, `Dead` when there is no daemon.
        """
        end = time.monotonic() + min(wait_s, WAIT_MAX_S)
        pause_s, before = POLL_S, None
        while True:
            moment, reasons = await self._look(until)
            if moment is not None and not reasons:
                if before == moment.still():
                    return _settled(moment)
                before, pause_s = moment.still(), POLL_S
            else:
                before = None
            if time.monotonic() >= end:
                raise NotSettled(reasons or ("it keeps changing",), moment.waiting if moment else ())
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, POLL_MAX_S)

    async def _look(self, until: Until) -> tuple[Moment | None, tuple[str, ...]]:
        if not self._alive():
            raise Dead
        try:
            daemon = await self._diag.settle()
        except NoAnswer as trouble:
            return None, (f"the terminal does not answer: {trouble}",)
        moment = Moment(daemon, self._passed(), tuple(self._restless()), self._outside())
        return moment, outstanding(moment, until)


def _settled(moment: Moment) -> Settled:
    now = moment.daemon
    return Settled(moment.waiting, now.next_seq, now.durable_seq, now.acked_seq)
