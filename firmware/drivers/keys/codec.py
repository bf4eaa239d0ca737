"""Linux `input_event` bytes -> key changes. Pure: the same bytes cut anywhere give the same changes."""

from dataclasses import dataclass

from wire.board import INPUT_EVENT

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
UP, DOWN, REPEAT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key went down or came up. `device_ms` is the event's own time stamp."""

    code: int
    down: bool
    device_ms: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The kernel's buffer overflowed: unknown keys are missing before this point."""

    device_ms: int


class Unpacker:
    """Puts events together from pieces of any size, drops the keyboard's own repeat, and minds SYN_DROPPED."""

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> list[KeyChange | Lost]:
        """What `data` completes, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % INPUT_EVENT.size
        self._rest = data[whole:]
        found: list[KeyChange | Lost] = []
        for seconds, micros, kind, code, value in INPUT_EVENT.iter_unpack(data[:whole]):
            change = self._one(kind, code, value, seconds * 1000 + micros // 1000)
            if change is not None:
                found.append(change)
        return found

    def _one(self, kind: int, code: int, value: int, device_ms: int) -> KeyChange | Lost | None:
        if kind == EV_SYN and code == SYN_DROPPED:
            self._dropping = True
            return None
        if self._dropping:  # the kernel says: throw away everything up to and with the next SYN_REPORT
            if kind == EV_SYN and code == SYN_REPORT:
                self._dropping = False
                return Lost(device_ms)
            return None
        if kind == EV_KEY and value in (UP, DOWN):
            return KeyChange(code, value == DOWN, device_ms)
        return None
