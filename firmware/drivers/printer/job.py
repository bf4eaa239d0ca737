"""One slip on one connection: look, send, wait for the fence, look again, and say no more than is proven.

*Printed*: the fence was answered, paper and cover were fine before and after. *Not printed*: no byte was taken, or the
printer confirmed that it dropped the rest. *Sent*: everything was taken and this printer has no fence. All else is
*unknown* (decisions 19).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from firmware.drivers.printer.encode import Encoded, fence, fence_id
from firmware.drivers.printer.line import Line, Stopped
from firmware.drivers.printer.status import GONE, SILENT, STUCK, Buffered, Fenced, Health, Unasked
from firmware.drivers.printer.transport import Gone

BATCH_BYTES = 512
"""So much goes out before the driver looks up: for a drawer to open, for a printer in trouble."""

DOTS_PER_MM = 8
ABANDONED = Health("busy", 4012)
"""The daemon ends."""

SILENCES_MAX = 4
PRINT_TIMED_OUT, MISSING_CHARACTER = 4008, 4009


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended, why, and how the printer was at the end."""

    outcome: Literal["printed", "sent", "not_printed", "unknown"]
    code: int
    health: Health


class Slip:
    """Prints one encoded slip. `number` tells its fence from those of other slips; `between` is called wherever a
    real-time command may go in."""

    def __init__(self, line: Line, slip: Encoded, number: int, between: Callable[[], None]) -> None:
        self.line, self.slip, self.between = line, slip, between
        self.ident = fence_id(number)
        self.begun = self.sending = False
        self.silences = 0
        self.started_ms = self.watched_ms = line.clock_ms()
        self.proven = False

    def print(self) -> Result:
        """Do it. Every way out is a `Result`, but for `Stopped`."""
        try:
            return self._print()
        except Gone:
            return self._broken(GONE)
        except Stopped:
            return self._broken(ABANDONED)

    def _print(self) -> Result:
        before = self.line.health()
        if not before.fine:
            return Result("not_printed", before.code, before)
        self.line.forget(Fenced, Buffered, Unasked)
        trouble = self._send() or self._await()
        if trouble is None:
            return self._finished()
        return self._broken(trouble, cleared=trouble not in (STUCK, SILENT) and self.line.clear())

    def _send(self) -> Health | None:
        """Everything out, or what kept it from getting out."""
        tail = fence(self.line.model, self.ident)
        for batch in _batches((*self.slip.pieces, tail)):
            ends, end = [], 0
            for piece in batch:
                ends.append(end := end + len(piece))
            self.sending = True
            taken = self.line.send(b"".join(batch), tuple(ends))
            self.sending = False
            self.begun = self.begun or taken > 0
            if taken < end:
                return STUCK
            self.between()
            if trouble := self._watch():
                return trouble
        return None

    def _await(self) -> Health | None:
        """Until the fence is answered, or patience ends (None, and `proven` tells), or the printer is in trouble.
        Without a fence: for as long as printing takes, for trouble that shows meanwhile."""
        if not self.line.talks:
            return None
        fenced = self.line.model.fence != "none"
        allowed_ms = self._bound_ms() if fenced else self._printing_ms()
        trouble: Health | None = None
        while trouble is None and self.line.clock_ms() - self.started_ms < allowed_ms:
            self.line.waiting = True
            self.line.hear(self.line.patience.watch_ms)
            if not self._fenced():
                self.between()
                trouble = self._watch()
            # The answer may have come while the printer was asked how it is.
            if self._fenced():
                trouble = None
                break
        self.line.waiting = False
        return trouble

    def _fenced(self) -> bool:
        self.proven = self.proven or (self.line.model.fence != "none" and self.line.fenced(self.ident))
        return self.proven

    def _watch(self) -> Health | None:
        """Ask the printer when it is time, or when it said by itself that something changed. Some do not answer while
        they print: silence is trouble only when it lasts."""
        line = self.line
        if not line.talks:
            return None
        due = line.clock_ms() - self.watched_ms >= line.patience.watch_ms
        if not due and line.take(Unasked) is None:
            return None
        seen = line.health()
        self.watched_ms = line.clock_ms()
        self.silences = self.silences + 1 if seen in (SILENT, STUCK) else 0
        return None if seen.fine or 0 < self.silences < SILENCES_MAX else seen

    def _finished(self) -> Result:
        after = self.line.health()
        if self.line.model.fence != "none" and not self.proven:
            return Result("unknown", PRINT_TIMED_OUT if after.fine else after.code, after)
        if not after.fine:
            return Result("unknown", after.code, after)
        code = MISSING_CHARACTER if self.slip.missing else 0
        return Result("printed" if self.proven else "sent", code, after)

    def _broken(self, trouble: Health, *, cleared: bool = False) -> Result:
        begun = self.begun or (self.sending and self.line.taken > 0)
        nothing = cleared or not begun
        return Result("not_printed" if nothing else "unknown", trouble.code, trouble)

    def _printing_ms(self) -> int:
        """How long this slip takes: its bytes through the line (ten bits each), its dots past the head."""
        through_ms = sum(map(len, self.slip.pieces)) * 10_000 // self.line.model.baud
        return through_ms + self.slip.dots * 1000 // (DOTS_PER_MM * self.line.model.speed_mm_s)

    def _bound_ms(self) -> int:
        """A slow printer gets six times that; a fence that is lost must not hold up the next slip for ever."""
        patience = self.line.patience
        return min(patience.job_ms_max, max(patience.job_ms_min, 6 * self._printing_ms()))


def _batches(pieces: tuple[bytes, ...]) -> list[list[bytes]]:
    """Pieces in groups of at most `BATCH_BYTES`, or of one piece that is bigger."""
    groups: list[list[bytes]] = [[]]
    size = 0
    for piece in filter(None, pieces):
        if groups[-1] and size + len(piece) > BATCH_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += len(piece)
    return groups
