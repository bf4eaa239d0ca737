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
SLOWER_MAX = 2
"""A printer may be that many times slower than its model says before its silence counts."""

PRINT_TIMED_OUT, MISSING_CHARACTER, TEMPLATE_ERROR = 4008, 4009, 4016


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended, why, how the printer was at the end, and whether it took a byte of the slip at all."""

    outcome: Literal["printed", "sent", "not_printed", "unknown"]
    code: int
    health: Health
    begun: bool = True


class Slip:
    """Prints one encoded slip. `number` tells its fence from those of other slips; `between` is called wherever a
    real-time command may go in."""

    def __init__(self, line: Line, slip: Encoded, number: int, between: Callable[[], None]) -> None:
        self.line, self.slip, self.between = line, slip, between
        self.ident = fence_id(number)
        self.begun = self.sending = False
        self.silences = 0
        self.given = 0
        self.started_ms = self.watched_ms = self.taken_ms = line.clock_ms()
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
            return Result("not_printed", before.code, before, begun=False)
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
            taken = self.line.send(b"".join(batch), tuple(ends), self.line.patience.stall_ms + self._backlog_ms())
            self.sending = False
            self.begun = self.begun or taken > 0
            self.given += taken
            self.taken_ms = self.line.clock_ms()
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
        trouble: Health | None = None
        while trouble is None and self._worth_waiting():
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

    def _worth_waiting(self) -> bool:
        """The fence is due within a time that begins with the last byte taken. Without a fence, a question that is
        still stuck behind the slip is waited for, too."""
        now_ms = self.line.clock_ms()
        if self.line.model.fence != "none":
            return now_ms - self.taken_ms < self._bound_ms()
        return now_ms - self.started_ms < self._printing_ms() or (self.line.open > 0 and self._excused())

    def _fenced(self) -> bool:
        self.proven = self.proven or (self.line.model.fence != "none" and self.line.fenced(self.ident))
        return self.proven

    def _watch(self) -> Health | None:
        """Ask the printer when it is time, or when it said by itself that something changed.

        With its buffer full a printer takes no question before it has printed what is ahead of it, and some do not
        answer while they print: no answer is trouble only when there is no excuse left for it."""
        line = self.line
        if not line.talks:
            return None
        if not self._due():
            return None
        seen = line.health(tries=1)
        self.watched_ms = line.clock_ms()
        if line.open or line.blocked:
            return None if self._excused() else seen
        self.silences = self.silences + 1 if seen == SILENT else 0
        return None if seen.fine or 0 < self.silences < SILENCES_MAX else seen

    def _due(self) -> bool:
        """Whether to ask now. While a question is open others follow rarely: each one stands in the way, too."""
        line = self.line
        if line.take(Unasked) is not None:
            return True
        pause_ms = line.patience.watch_ms + (2 * line.patience.reply_ms if line.open else 0)
        return line.clock_ms() - self.watched_ms >= pause_ms

    def _excused(self) -> bool:
        """Whether the printer may still be silent: since it last answered or took a byte, it has not had the time to
        print all it was given."""
        patience = self.line.patience
        lasting_ms = SILENCES_MAX * (patience.watch_ms + 2 * patience.reply_ms)
        since_ms = self.line.clock_ms() - max(self.taken_ms, self.line.answered_ms)
        return since_ms < lasting_ms + self._backlog_ms()

    def _backlog_ms(self) -> int:
        """The longest that printing what was given so far may take."""
        total = max(1, sum(map(len, self.slip.pieces)))
        return SLOWER_MAX * self._printing_ms() * min(self.given, total) // total

    def _finished(self) -> Result:
        after = self.line.health()
        if self.line.model.fence != "none" and not self.proven:
            return Result("unknown", PRINT_TIMED_OUT if after.fine else after.code, after)
        if not after.fine:
            return Result("unknown", after.code, after)
        code = TEMPLATE_ERROR if self.slip.bad_logo else MISSING_CHARACTER if self.slip.missing else 0
        return Result("printed" if self.proven else "sent", code, after)

    def _broken(self, trouble: Health, *, cleared: bool = False) -> Result:
        begun = self.begun or (self.sending and self.line.taken > 0)
        nothing = cleared or not begun
        return Result("not_printed" if nothing else "unknown", trouble.code, trouble, begun)

    def _printing_ms(self) -> int:
        """How long this slip takes: its bytes through the line (ten bits each), its dots past the head."""
        through_ms = sum(map(len, self.slip.pieces)) * 10_000 // self.line.model.baud
        return through_ms + self.slip.dots * 1000 // (DOTS_PER_MM * self.line.model.speed_mm_s)

    def _bound_ms(self) -> int:
        """A slow printer gets six times that, and no printer less than it needs; a fence that is lost must not hold up
        the next slip for ever."""
        patience, printing_ms = self.line.patience, self._printing_ms()
        scaled_ms = min(patience.job_ms_max, 6 * printing_ms)
        return max(patience.job_ms_min + printing_ms, scaled_ms)


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
