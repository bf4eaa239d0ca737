"""The body of a virtual printer: line, buffer, head, paper, sensors. No threads and no clock: time is what it is told.

What a real one does and this one too:

* Bytes come off the line at the baud rate, into a buffer of bounded size; when it is full, none come.
* The buffer is worked off in order, a byte at a time; printing takes the head's time, dot row by dot row.
* Real-time commands (`DLE`) are seen when they arrive, wherever they stand, also inside the bytes of an image. The
  status ones among them then leave the stream, so that asking does not fill the buffer of a printer without paper.
* Without paper, with an open cover or switched off line it stops where it is; what it has, it keeps, and goes on with
  when it can: a drawer pulse in the buffer waits with it. New paper is a new slip, on which the line that the end of
  the old paper cut through is printed once more.
* Power off forgets buffer and modes. The paper keeps what was printed.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, assert_never

from paper import status
from paper.events import (
    AutoStatus,
    BadText,
    BufferCleared,
    ButtonsSet,
    Cut,
    DrawerPulse,
    FenceAsked,
    IdentAsked,
    Initialised,
    LineDone,
    PaperEvent,
    RecoverAsked,
    Selected,
    SensorAsked,
    StatusAsked,
    SymbolRefused,
    TestPrint,
    Unknown,
    Unseen,
)
from paper.interpreter import Interpreter
from paper.profile import PAPER_58, PaperProfile
from paper.slip import Roll, Slip
from paper.variable import CLEAR_WORDS, REAL_TIME_PULSE_MS

Trouble = Literal["ok", "paper_out", "paper_low", "cover_open", "offline", "unplugged", "slow", "silent"]
TROUBLES: tuple[Trouble, ...] = (
    "ok", "paper_out", "paper_low", "cover_open", "offline", "unplugged", "slow", "silent",
)  # fmt: skip

SLIPS_MAX = 50
REPLY_BYTES_MAX = 1_024
SLOW_FACTOR = 8
LINE_BURST_US = 20_000
"""A line that was still for long owes no more than this much of its time at once."""

_FRAME_BITS = 10  # start, eight data, stop
_AUTO_DRAWER, _AUTO_ONLINE, _AUTO_ERROR, _AUTO_PAPER = 0x01, 0x02, 0x04, 0x08
_WINDOW_BYTES = 3 + len(CLEAR_WORDS)


@dataclass(frozen=True, slots=True)
class Mechanics:
    """How fast and how big. The defaults are a good 58 mm mechanism on a fast serial line."""

    baud: int = 115_200
    buffer_bytes: int = 4_096
    head_mm_s: int = 60
    cut_ms: int = 300

    def __post_init__(self) -> None:
        assert self.baud > 0
        assert self.head_mm_s > 0
        assert self.buffer_bytes >= 64, "a printer must hold its own status commands"

    @property
    def byte_us(self) -> int:
        return max(1, _FRAME_BITS * 1_000_000 // self.baud)


class PrinterBody:
    """One printer that is switched on. `receive` and `advance` drive it; the results are read from `take_replies`,
    `take_pulses`, `slips` and `events_seen`."""

    def __init__(self, profile: PaperProfile = PAPER_58, mechanics: Mechanics | None = None) -> None:
        self.profile = profile
        self.mechanics = mechanics or Mechanics()
        self.trouble: Trouble = "ok"
        self.unreadable = 0
        self._drawer_pin = False
        self._interpreter, self._scout = Interpreter(profile), Interpreter(profile)
        self._roll, self._ended = Roll(profile), deque[Slip](maxlen=SLIPS_MAX)
        self._replies, self._pulses = bytearray(), list[DrawerPulse]()
        self._left_dots = self._left_us = self._spare_us = self._line_us = self._auto = 0
        self._window = b""
        self._switch_on()

    # --- what one does to it

    def receive(self, data: bytes) -> None:
        """Bytes off the line; no more than `room`."""
        assert len(data) <= self.room(), "the line is slower and the buffer smaller than that"
        self._line_us -= len(data) * self.mechanics.byte_us
        for byte in data:
            self._buffer.append(byte)
            self._window = (self._window + bytes((byte,)))[-_WINDOW_BYTES:]
            self._strip(self._scout.feed(bytes((byte,))))
            self._watch()

    def advance(self, us: int) -> None:
        """Let `us` microseconds pass."""
        assert us >= 0
        self._line_us = min(self._line_us + us, LINE_BURST_US)
        self._spare_us += us
        while not self.condition.offline and self._work():
            pass
        if self.condition.offline or self.idle():
            self._spare_us = 0

    def set_trouble(self, name: Trouble) -> None:
        """One trouble takes the place of the one before it; "ok" ends all. Leaving "paper_out" is loading paper."""
        assert name in TROUBLES
        before, had_paper = self.condition, self.trouble != "paper_out"
        self.trouble = name
        if not had_paper and name != "paper_out":
            self._load_paper()
        self._tell_change(before)

    def set_drawer_pin(self, high: bool) -> None:
        """The level at the drawer connector's contact pin, for status answers."""
        before, self._drawer_pin = self.condition, high
        self._tell_change(before)

    def power_cut(self) -> None:
        """Power goes and comes back: buffer, modes and answers are forgotten, the slip begun is torn where it is."""
        self._ended.extend(self._roll.end("torn"))
        self._replies.clear()
        self._interpreter.power_on()
        self._scout.power_on()
        self._switch_on()

    def cable_reset(self) -> None:
        """The cable was pulled: a command cut in two there does not swallow what comes when it is plugged in again."""
        self._buffer.append(None)
        self._scout.finish()
        self._window = b""

    # --- what it shows

    @property
    def condition(self) -> status.Condition:
        """What its sensors see."""
        trouble = self.trouble
        return status.Condition(
            paper_low=trouble == "paper_low",
            paper_out=trouble == "paper_out",
            cover_open=trouble == "cover_open",
            stopped=trouble == "offline",
            drawer_pin=self._drawer_pin,
        )

    def room(self) -> int:
        """How many bytes it would take off the line now."""
        free = self.mechanics.buffer_bytes - len(self._buffer)
        ready: int = self._line_us // self.mechanics.byte_us
        return max(0, min(free, ready))

    @property
    def buffered(self) -> int:
        """Bytes received and not yet worked off."""
        return len(self._buffer)

    def idle(self) -> bool:
        """Nothing is left to print, move or answer."""
        return not (self._buffer or self._actions or self._left_us or self._left_dots or self._replies)

    def resting(self) -> bool:
        """Nothing changes by itself: it is idle or stopped, and the line is ready."""
        still = self.condition.offline and not self._replies
        return (self.idle() or still) and (
            self._line_us >= LINE_BURST_US or len(self._buffer) >= self.mechanics.buffer_bytes
        )

    def waiting(self) -> str | None:
        """Why it is not idle: "paper", "cover", "offline" or "printing"."""
        if self.idle():
            return None
        now = self.condition
        stopped = "paper" if now.paper_out else "cover" if now.cover_open else "offline" if now.stopped else None
        return stopped or "printing"

    def take_replies(self) -> bytes:
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def take_pulses(self) -> list[DrawerPulse]:
        pulses, self._pulses = self._pulses, []
        return pulses

    def slips(self) -> list[Slip]:
        """The last slips, oldest first, the one being printed included."""
        return [*self._ended, self._roll.slip()] if self._roll.inked else list(self._ended)

    # --- inside

    def _switch_on(self) -> None:
        self._buffer = deque[int | None]()  # None: the cable was pulled here
        self._actions = deque[PaperEvent]()
        self._row: LineDone | None = None
        self._left_dots = self._left_us = self._spare_us = 0
        self._line_us = LINE_BURST_US
        self._window = b""
        self._auto = 0

    def _work(self) -> bool:
        """One step of what is to be done; False when the time is up or nothing is left."""
        if self._left_dots or self._row:
            return self._print_dots()
        if self._left_us:
            step = min(self._left_us, self._spare_us)
            self._left_us -= step
            self._spare_us -= step
            return not self._left_us
        if self._actions:
            self._perform(self._actions.popleft())
            return True
        if self._buffer:
            byte = self._buffer.popleft()
            read = self._interpreter.finish() if byte is None else self._interpreter.feed(bytes((byte,)))
            self._actions.extend(read)
            return True
        return False

    @property
    def _dot_us(self) -> int:
        dot_us = 1_000_000 // (self.mechanics.head_mm_s * self.profile.dots_per_mm)
        return max(1, dot_us * (SLOW_FACTOR if self.trouble == "slow" else 1))

    def _print_dots(self) -> bool:
        step = min(self._left_dots, self._spare_us // self._dot_us)
        self._left_dots -= step
        self._spare_us -= step * self._dot_us
        self._roll.reach(self._roll.dots + step)
        if self._left_dots:
            return False
        row, self._row = self._row, None
        assert row is not None
        self._end_slip(row)
        return True

    def _perform(self, event: PaperEvent) -> None:
        match event:
            case LineDone(row):
                self._roll.add(row)
                self._row, self._left_dots = event, row.height
            case Cut():
                self._left_us = self.mechanics.cut_ms * 1_000 if self.profile.slip_end == "cut" else 0
                self._end_slip(event)
            case FenceAsked(ident):
                self._end_slip(event)
                self._reply(status.fence(ident))
            case SensorAsked(n):
                self._end_slip(event)
                self._reply(status.sensor(n, self.condition))
            case IdentAsked(n):
                self._reply(status.ident(n, self.profile))
            case AutoStatus(mask):
                self._auto = mask
                if mask:
                    self._reply(status.automatic(self.condition))
            case DrawerPulse():
                if not event.real_time:
                    self._pulses.append(event)
            case BadText() | Unknown() | SymbolRefused():
                self.unreadable += 1
            case StatusAsked() | RecoverAsked() | BufferCleared():
                pass  # done when they came in
            case Initialised() | ButtonsSet() | Selected() | TestPrint() | Unseen():
                pass  # nothing moves
            case _:
                assert_never(event)

    def _end_slip(self, event: PaperEvent) -> None:
        if self._roll.ends(event):
            self._ended.extend(self._roll.end("finished"))

    def _load_paper(self) -> None:
        self._ended.extend(self._roll.end("torn"))
        if self._row:
            self._roll.add(self._row.row)
            self._left_dots = self._row.row.height

    # --- real time

    def _watch(self) -> None:
        """Act on a real-time command that the last byte completed."""
        window = self._window
        if window[-3:-1] == b"\x10\x04" and 1 <= window[-1] <= 4:
            self._reply(status.real_time(window[-1], self.condition))
        elif window[-3:] == b"\x10\x05\x02" or window[-10:] == b"\x10\x14\x08" + CLEAR_WORDS:
            self._clear()
        elif window[-5:-2] == b"\x10\x14\x01" and window[-2] <= 1 and 1 <= window[-1] <= 8:
            duration = window[-1] * REAL_TIME_PULSE_MS
            self._pulses.append(DrawerPulse(5 if window[-2] else 2, duration, duration, real_time=True))

    def _strip(self, events: list[PaperEvent]) -> None:
        """Take a status command, when it stands as one, out of the buffer again: it is answered by now."""
        asked = any(isinstance(event, StatusAsked) for event in events)
        if asked and len(self._buffer) >= 3:
            for _ in range(3):
                self._buffer.pop()

    def _clear(self) -> None:
        """Drop what is not printed but for the line in the head; modes stay as far as they were reached."""
        self._buffer.clear()
        self._actions.clear()
        self._interpreter.finish()
        self._interpreter.drop_line()
        self._scout.resume_as(self._interpreter)

    def _tell_change(self, before: status.Condition) -> None:
        now = self.condition
        changed = (
            (_AUTO_DRAWER if before.drawer_pin != now.drawer_pin else 0)
            | (_AUTO_ONLINE if before.offline != now.offline else 0)
            | (_AUTO_PAPER if (before.paper_low, before.paper_out) != (now.paper_low, now.paper_out) else 0)
        )
        if changed & self._auto:
            self._reply(status.automatic(now))

    def _reply(self, data: bytes) -> None:
        """A silent printer says nothing, and answers nobody takes are lost, not kept without end."""
        if self.trouble != "silent" and len(self._replies) + len(data) <= REPLY_BYTES_MAX:
            self._replies += data
