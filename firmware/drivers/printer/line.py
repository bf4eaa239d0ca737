"""One connection to a printer: commands out whole, replies in by kind, questions one at a time."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.drivers.printer.model import Model
from firmware.drivers.printer.status import (
    FINE,
    SILENT,
    STUCK,
    Buffered,
    Cleared,
    Fenced,
    Health,
    Parser,
    RealTime,
    Reply,
    Unasked,
    health,
)
from firmware.drivers.printer.transport import Transport

SLICE_MS = 50
"""Longest wait without looking whether the driver is to stop."""

FORGET_READS_MAX = 32

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""`DLE DC4 8`: drop everything received and not yet printed; answered with 37 25 00."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in milliseconds. `reply`: for a status byte, printers answer within 100. `stall`: for
    room in the kernel. `watch`: between status questions while a slip prints. `job`: for one slip, at the very most."""

    reply_ms: int = 300
    stall_ms: int = 5_000
    watch_ms: int = 300
    clear_ms: int = 1_000
    job_ms_min: int = 10_000
    job_ms_max: int = 60_000


@dataclass(slots=True)
class Tally:
    """Bytes that passed, over all connections: what the kernel took, and what it gave."""

    read: int = 0
    written: int = 0


class Stopped(Exception):
    """The driver is to stop: let go of everything."""


@dataclass(slots=True)
class Line:
    """A transport with the printer's replies sorted.

    `owed` is the end of a command that broke off: it goes first next time. `taken`: bytes of the last `send`;
    `blocked`: it got stuck. `waiting`: for the printer, right now. `open`: status questions asked and not answered,
    the last answer came at `answered_ms`."""

    transport: Transport
    model: Model
    clock_ms: Callable[[], int]
    tally: Tally
    stopping: Callable[[], bool]
    patience: Patience = Patience()
    owed: bytes = b""
    taken: int = 0
    blocked: bool = False
    waiting: bool = False
    open: int = 0
    answered_ms: int = 0
    parser: Parser = field(default_factory=Parser)
    replies: deque[Reply] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def talks(self) -> bool:
        """Whether the printer answers status questions at all."""
        return self.model.status and self.transport.readable

    def send(self, data: bytes, ends: tuple[int, ...] = (), stall_ms: int | None = None) -> int:
        """Hand over `data`, whose commands end at the offsets `ends`, until all is taken or nothing has been for
        `stall_ms`. Returns how much was taken (`taken` has it even when `Gone` or `Stopped` is raised); what lacks to
        the next end of a command is then owed."""
        stall_ms = self.patience.stall_ms if stall_ms is None else stall_ms
        self.taken, self.blocked = 0, False
        if self.owed:
            self._push(self.owed, stall_ms)
            self.owed, self.taken = self.owed[self.taken :], 0
            if self.owed:
                self.blocked = True
                return 0
        self._push(data, stall_ms)
        if self.taken < len(data):
            self.blocked = True
            broken = min(end for end in (0, *ends, len(data)) if end >= self.taken)
            self.owed = data[self.taken : broken]
        return self.taken

    def _push(self, data: bytes, stall_ms: int) -> None:
        last_ms = self.clock_ms()
        while self.taken < len(data) and self.clock_ms() - last_ms <= stall_ms:
            count = self.transport.write_some(data[self.taken :], 0 if not self.waiting else SLICE_MS / 1000)
            self.tally.written += count
            self.taken += count
            self.waiting = not count
            if count:
                last_ms = self.clock_ms()
            self.hear(0)
        self.waiting = False

    def hear(self, wait_ms: int) -> bool:
        """Sort what has arrived; wait at most `wait_ms` for something to arrive. Whether anything did."""
        self.check_stop()
        data = self.transport.read_some(min(wait_ms, SLICE_MS) / 1000)
        self.tally.read += len(data)
        self._sort(self.parser.feed(data))
        return bool(data)

    def _sort(self, replies: list[Reply]) -> None:
        self.replies.extend(replies)
        if answers := sum(isinstance(reply, RealTime) for reply in replies):
            self.open = max(0, self.open - answers)
            self.answered_ms = self.clock_ms()

    def check_stop(self) -> None:
        if self.stopping():
            raise Stopped

    def take(self, kind: type[Reply]) -> Reply | None:
        """The oldest reply of a kind that has arrived, and forget it."""
        for reply in self.replies:
            if isinstance(reply, kind):
                self.replies.remove(reply)
                return reply
        return None

    def wait_for(self, kind: type[Reply], wait_ms: int) -> Reply | None:
        """A reply of this kind, as soon as it is there, or None after `wait_ms`."""
        until_ms = self.clock_ms() + wait_ms
        before, self.waiting = self.waiting, True
        try:
            while (found := self.take(kind)) is None and (left_ms := until_ms - self.clock_ms()) > 0:
                self.hear(left_ms)
        finally:
            self.waiting = before
        return found

    def forget(self, *kinds: type[Reply]) -> None:
        """Drop replies of these kinds that came unasked or too late. A printer that never stops talking is cut off."""
        for _ in range(FORGET_READS_MAX):
            if not self.hear(0):
                break
        for kind in kinds:
            while self.take(kind) is not None:
                pass

    def ask(self, number: int, tries: int = 2) -> int | None:
        """The answer to `DLE EOT number`, asked so many times, or None. A reply of another shape is no answer."""
        for _ in range(tries):
            self.forget(RealTime, Unasked)
            self.open += 1  # before it goes out: the answer may come before `send` returns
            taken = self.send(bytes((0x10, 0x04, number)), stall_ms=self.patience.reply_ms)
            if taken < 3:
                self.open = self.open if taken else max(0, self.open - 1)
                return None
            if (answer := self._answer()) is not None:
                return answer
            self._sort(self.parser.expire())
        return None

    def _answer(self) -> int | None:
        """The newest answer, once no question is open: one that was stuck behind a slip is answered before it. Some
        printers drop questions while they print, so what is still open when the time is up will not be answered."""
        until_ms = self.clock_ms() + self.patience.reply_ms
        before, self.waiting = self.waiting, True
        try:
            while self.open and (left_ms := until_ms - self.clock_ms()) > 0:
                self.hear(left_ms)
        finally:
            self.waiting = before
        answer: int | None = None
        while isinstance(reply := self.take(RealTime), RealTime):
            answer, self.open = reply.byte, 0
        return answer

    def health(self, tries: int = 2) -> Health:
        """Ask the printer how it is. One that never answers by its nature is taken to be well."""
        if not self.talks:
            return FINE
        printer = self.ask(1, tries)
        if printer is None:
            return STUCK if self.blocked else SILENT
        offline, paper = self.ask(2, tries), self.ask(4, tries)
        trouble = offline is None or offline & 0x40 or printer & 0x08
        return health(printer, offline, self.ask(3, tries) if trouble else 0, paper)

    def clear(self) -> bool:
        """Make the printer drop what it has not printed. Whether it says that it did."""
        if not (self.model.clear and self.talks):
            return False
        self.forget(Cleared)
        if self.send(CLEAR, stall_ms=self.patience.clear_ms) < len(CLEAR):
            return False
        return self.wait_for(Cleared, self.patience.clear_ms) is not None

    def fenced(self, ident: bytes) -> bool:
        """Whether the fence with this process id has been answered (`GS r` has no id: any answer of its shape)."""
        if self.model.fence == "gs_r":
            return self.take(Buffered) is not None
        while isinstance(reply := self.take(Fenced), Fenced):
            if reply.ident == ident:
                return True
        return False
