"""The link to the virtual board: `board.sock` of `wire/board.py`, shared by drawer, sound, lamp, battery and clock.

Drivers do not import this file: the composition root hands them the link's `send` and registers what they hear.
Nothing is kept for a board that is not there: a pulse played minutes later would open the drawer on its own.
"""

import contextlib
import logging
import os
import select
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec

from wire.board import BOARD, FromBoard, ToBoard
from wire.diag import Counts

log = logging.getLogger(__name__)

LINE_BYTES_MAX = 4096
UNSENT_MAX = 256
"""Messages the board may leave unread before we take it for dead."""
RETRY_FIRST_MS = 50
RETRY_MAX_MS = 1_000

T = TypeVar("T", bound=FromBoard)


class BoardLink:
    """Client of the emulator's board socket. `run` is a worker thread's body; `send` may be called by any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hear: dict[type, list[Callable[..., None]]] = {}
        self._lost: list[Callable[[], None]] = []
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._unsent: deque[bytes] = deque()
        self._in = b""
        self._read = self._written = 0
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self, kind: type[T], hear: Callable[[T], None]) -> None:
        """Call `hear` in the link's thread for each message of `kind`; register before `run`."""
        self._hear.setdefault(kind, []).append(hear)

    def listen_lost(self, lost: Callable[[], None]) -> None:
        """Call `lost` in the link's thread when the board goes away."""
        self._lost.append(lost)

    def send(self, message: ToBoard) -> bool:
        """Send without ever blocking. False: no board is connected, and the message is gone."""
        with self._lock:
            if self._socket is None or len(self._unsent) >= UNSENT_MAX:
                return False
            self._unsent.append(msgspec.json.encode(message) + b"\n")
            with contextlib.suppress(OSError):  # the reading side notices a broken link and says so
                self._flush(self._socket)
        self._wake()
        return True

    def counts(self) -> dict[str, Counts]:
        """Whole messages that passed each way, over all connections."""
        return {BOARD: Counts(self._read, self._written)}

    def busy(self) -> bool:
        """Whether messages wait to be sent."""
        return bool(self._unsent)

    def stop(self) -> None:
        """Make `run` return soon; may be called by any thread, also before `run`."""
        self._stopping = True
        self._wake()

    def run(self) -> None:
        """Connect, listen, connect again, until `stop`."""
        retry_ms = RETRY_FIRST_MS
        while not self._stopping:
            if self._connect():
                retry_ms = RETRY_FIRST_MS
                self._converse()
                self._hang_up()
            else:
                select.select([self._wake_read], [], [], retry_ms / 1000)
                retry_ms = min(2 * retry_ms, RETRY_MAX_MS)
            self._drain_wake()

    def _connect(self) -> bool:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(str(self._path))
        except OSError:
            link.close()
            return False
        link.setblocking(False)
        with self._lock:
            self._socket, self._in = link, b""
        return True

    def _converse(self) -> None:
        """Until the board hangs up or we stop."""
        link = self._socket
        assert link is not None
        while not self._stopping:
            fd = link.fileno()
            readable, writable, _ = select.select([fd, self._wake_read], [fd] if self._unsent else [], [])
            if self._wake_read in readable:
                self._drain_wake()
            try:
                if writable:
                    with self._lock:
                        self._flush(link)
                if fd in readable and not self._take(link.recv(LINE_BYTES_MAX)):
                    return
            except BlockingIOError:
                continue
            except OSError as gone:
                log.info("board link lost: %s", gone)
                return

    def _hang_up(self) -> None:
        with self._lock:
            assert self._socket is not None
            self._socket.close()
            self._socket = None
            self._unsent.clear()
        for lost in self._lost:
            lost()

    def _flush(self, link: socket.socket) -> None:
        """Send what the kernel takes; a message counts as written when its last byte has gone. Lock held."""
        while self._unsent:
            try:
                sent = link.send(self._unsent[0])
            except BlockingIOError:
                return
            if sent < len(self._unsent[0]):
                self._unsent[0] = self._unsent[0][sent:]
                return
            self._written += 1
            self._unsent.popleft()

    def _take(self, data: bytes) -> bool:
        """Hear every whole line. False when the board hung up or talks nonsense without end."""
        *lines, self._in = (self._in + data).split(b"\n")
        for line in lines:
            self._hear_line(line)
            self._read += 1
        return bool(data) and len(self._in) <= LINE_BYTES_MAX

    def _hear_line(self, line: bytes) -> None:
        try:
            message = msgspec.json.decode(line, type=FromBoard)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            log.warning("board said %r: %s", line[:80], wrong)
            return
        for hear in self._hear.get(type(message), ()):
            hear(message)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake_write, b"!")

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
