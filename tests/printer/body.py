"""A scripted printer at the far end of a pty or a socket: just enough of one to answer, stall, lie and vanish."""

import os
import pty
import re
import select
import socket
import threading
import tty
from dataclasses import dataclass, field
from pathlib import Path

_REAL_TIME = re.compile(
    rb"\x10\x04([\x01-\x04])|\x10\x14\x01([\x00\x01][\x01-\x08])|\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
)
_FENCE = re.compile(rb"\x1d\(H\x06\x0000(.{4})|\x1dr\x01", re.DOTALL)
_BEGUN = re.compile(rb"\x10(\x04|\x14([\x00-\x08].{0,6})?)?\Z", re.DOTALL)

GOOD = {1: 0x16, 2: 0x12, 3: 0x12, 4: 0x12}
PAPER_OUT = {1: 0x1E, 2: 0x32, 3: 0x12, 4: 0x7E}
PAPER_LOW = {**GOOD, 4: 0x1E}
COVER_OPEN = {1: 0x1E, 2: 0x16, 3: 0x12, 4: 0x12}
CUTTER = {1: 0x1E, 2: 0x52, 3: 0x1A, 4: 0x12}
HOT = {1: 0x1E, 2: 0x52, 3: 0x52, 4: 0x12}


@dataclass
class Script:
    """What this printer does. Limits count bytes taken from the line."""

    status: dict[int, int] = field(default_factory=lambda: dict(GOOD))
    silent: bool = False
    one_byte: bool = False
    before_replies: bytes = b""  # noise in front of every reply
    fence: bool = True
    fence_ident: bytes | None = None  # answer with this one instead
    fence_twice: bool = False
    clears: bool = False
    print_per_tick: int = 1 << 20
    room: int = 1 << 20  # of its buffer: reads no further
    trouble_at: int | None = None  # bytes printed; then `trouble` is its status and it prints no more
    trouble: dict[int, int] = field(default_factory=dict)
    vanish_at: int | None = None
    deaf_at: int | None = None  # reads no more, answers no more


class Body:
    """The printer, in a thread of its own. `paper`: every byte printed; `pulses`: real-time drawer commands."""

    def __init__(self, way: str, folder: Path, script: Script) -> None:
        self.script, self.way = script, way
        self.path = folder / "printer"
        self.paper, self.pulses, self.got = bytearray(), [], 0
        self.sent = 0
        self._buffer, self._held = bytearray(), b""
        self._far: int | None = None
        self._near: int | None = None
        self._listener: socket.socket | None = None
        self._socket: socket.socket | None = None
        self._stop, self._wake = os.pipe()
        self._changed = threading.Condition()
        self.plug()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    @property
    def port(self) -> str:
        if self._listener is None:
            return str(self.path)
        return f"tcp:127.0.0.1:{self._listener.getsockname()[1]}"

    def plug(self) -> None:
        """Appear."""
        if self.way == "tcp":
            self._listener = self._listener or socket.create_server(("127.0.0.1", 0))
            return
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._near))

    def close(self) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        self._unplug()
        if self._listener is not None:
            self._listener.close()
        os.close(self._stop)
        os.close(self._wake)

    def until(self, condition, what: str) -> None:
        """Wait for something to be true of the printer; fails naming it."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), 20), what

    def mend(self, **changes: object) -> None:
        """Change the script while it runs."""
        with self._changed:
            for name, value in changes.items():
                setattr(self.script, name, value)
        os.write(self._wake, b".")

    # --- its thread ---

    def _unplug(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = self._far = None
        for fd in (self._far, self._near):
            if fd is not None and self.way == "pty":
                os.close(fd)
        if self.way == "pty":
            self.path.unlink(missing_ok=True)
        self._far = self._near = None

    def _live(self) -> None:
        while True:
            watched = [self._stop]
            hears = self.script.deaf_at is None or self.got < self.script.deaf_at
            if self._far is not None and hears and len(self._buffer) < self.script.room:
                watched.append(self._far)
            if self._listener is not None and self._far is None and self.script.vanish_at is None:
                watched.append(self._listener.fileno())
            busy = self._buffer and not self._troubled()
            ready, _, _ = select.select(watched, [], [], 0.002 if busy else None)
            if self._stop in ready and b"x" in os.read(self._stop, 64):
                return
            with self._changed:
                self._turn(ready)
                self._changed.notify_all()

    def _turn(self, ready: list[int]) -> None:
        if self._listener is not None and self._listener.fileno() in ready:
            self._socket, _ = self._listener.accept()
            self._far = self._socket.fileno()
        elif self._far in ready:
            self._read()
        self._print()
        if self.script.vanish_at is not None and self.got >= self.script.vanish_at and self._far is not None:
            self._unplug()

    def _read(self) -> None:
        assert self._far is not None
        try:
            data = os.read(self._far, 1 if self.script.one_byte else min(64, self.script.room))
        except OSError:
            data = b""
        if not data and self.way == "tcp":
            self._unplug()
        self.got += len(data)
        self._held += data
        while found := _REAL_TIME.search(self._held):
            self._buffer += self._held[: found.start()]
            self._held = self._held[found.end() :]
            self._at_once(found)
        begun = _BEGUN.search(self._held)
        whole = begun.start() if begun else len(self._held)
        self._buffer += self._held[:whole]
        self._held = self._held[whole:]

    def _at_once(self, command: re.Match[bytes]) -> None:
        if command[1]:
            self._say(bytes((self._status()[command[1][0]],)))
        elif command[2]:
            self.pulses.append(command[2])
        elif self.script.clears:
            self._buffer.clear()
            self._say(b"\x37\x25\x00")

    def _status(self) -> dict[int, int]:
        return self.script.trouble if self._troubled() else self.script.status

    def _troubled(self) -> bool:
        return self.script.trouble_at is not None and len(self.paper) >= self.script.trouble_at

    def _print(self) -> None:
        room = self.script.print_per_tick
        if self.script.trouble_at is not None:
            room = min(room, max(0, self.script.trouble_at - len(self.paper)))
        before = len(self.paper)
        self.paper += self._buffer[:room]
        del self._buffer[:room]
        for fence in _FENCE.finditer(self.paper, max(0, before - 10)):
            if fence.end() > before and self.script.fence:
                self._answer(fence)

    def _answer(self, fence: re.Match[bytes]) -> None:
        ident = self.script.fence_ident or fence[1]
        self._say(b"\x37\x22" + ident + b"\x00" if fence[1] else b"\x00")

    def _say(self, reply: bytes) -> None:
        if self.script.silent or self._far is None:
            return
        data = self.script.before_replies + reply
        for portion in [data[i : i + 1] for i in range(len(data))] if self.script.one_byte else [data]:
            self.sent += os.write(self._far, portion)
