"""The board's byte endpoints: FIFOs of the input devices and the serial scanner's pty, with honest counts."""

import asyncio
import fcntl
import os
import termios
import tty
from array import array
from pathlib import Path
from typing import Protocol

PIPE_PACKET_MAX = 4_080
"""Bytes of one write: whole input events, at most PIPE_BUF, so that the kernel takes all of it or none."""


class Endpoint(Protocol):
    """One device that speaks to the daemon by bytes."""

    name: str
    sent: int

    @property
    def plugged(self) -> bool: ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def restart(self) -> None:
        """The daemon is gone: forget what it has not read, count from zero."""

    def queued(self) -> int | None:
        """Bytes in a line that its reader may flush; None where it cannot."""

    async def write(self, data: bytes) -> None: ...


class Unplugged(ConnectionError):
    """The device is not plugged in, or was pulled while it spoke."""


class Fifo:
    """An input device as a FIFO of `input_event`s: end of file means unplugged."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.sent = 0
        self._path = path
        self._fd = -1
        self._room = _Room()

    @property
    def plugged(self) -> bool:
        return self._fd >= 0

    def plug(self) -> None:
        """Make the node. We hold it open for reading too, so that a daemon may come and go without a SIGPIPE for us."""
        if self.plugged:
            return
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def unplug(self) -> None:
        """Pull the plug: events on the cable are lost and do not count as sent."""
        if not self.plugged:
            return
        self.sent -= self._drain()
        fd, self._fd = self._fd, -1
        self._path.unlink(missing_ok=True)
        self._room.release()
        os.close(fd)

    def restart(self) -> None:
        if self.plugged:
            self._drain()
        self.sent = 0

    def queued(self) -> int | None:
        return None

    async def write(self, data: bytes) -> None:
        """Send whole events; waits while the pipe is full. Raises `Unplugged`."""
        for start in range(0, len(data), PIPE_PACKET_MAX):
            piece = data[start : start + PIPE_PACKET_MAX]
            await self._write_piece(piece)
            self.sent += len(piece)

    async def _write_piece(self, piece: bytes) -> None:
        while True:
            if not self.plugged:
                raise Unplugged(self.name)
            try:
                taken = os.write(self._fd, piece)
            except BlockingIOError:
                await self._room.wait(self._fd)
            else:
                assert taken == len(piece), "a pipe takes a packet whole or not at all"
                return

    def _drain(self) -> int:
        return _drain(self._fd)


class SerialPty:
    """A serial scanner: a symlink to the slave of a pty; the link vanishes when it is unplugged."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.sent = 0
        self._path = path
        self._master = self._slave = -1
        self._room = _Room()

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """Open the pty. Our own hold on the slave keeps its raw mode and lets us flush it after a power cut."""
        if self.plugged:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        if not self.plugged:
            return
        self.sent -= self._flush()
        self._path.unlink(missing_ok=True)
        master, slave, self._master, self._slave = self._master, self._slave, -1, -1
        self._room.release()
        os.close(slave)
        os.close(master)

    def restart(self) -> None:
        if self.plugged:
            self._flush()
        self.sent = 0

    def queued(self) -> int | None:
        return unread(self._slave) if self.plugged else 0

    async def write(self, data: bytes) -> None:
        """Send bytes; waits while the line is full. Raises `Unplugged`."""
        view = memoryview(data)
        while view:
            if not self.plugged:
                raise Unplugged(self.name)
            try:
                taken = os.write(self._master, view)
            except BlockingIOError:
                await self._room.wait(self._master)
            else:
                self.sent += taken
                view = view[taken:]

    def _flush(self) -> int:
        """Throw away what the daemon has not read; the number of bytes that were lost."""
        os.set_blocking(self._slave, False)
        lost = _drain(self._slave)
        termios.tcflush(self._slave, termios.TCIOFLUSH)
        return lost


def unread(slave: int) -> int:
    """Bytes in a pty that its reader has not taken."""
    count = array("i", [0])
    fcntl.ioctl(slave, termios.FIONREAD, count)
    return count[0]


def unread_at(path: Path) -> int:
    """The same for the slave at `path`; 0 when it is gone."""
    try:
        slave = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return unread(slave)
    finally:
        os.close(slave)


def _drain(fd: int) -> int:
    lost = 0
    while True:
        try:
            piece = os.read(fd, 65_536)
        except BlockingIOError:
            return lost
        if not piece:
            return lost
        lost += len(piece)


class _Room:
    """Wait until one descriptor takes more bytes, or until it is given up."""

    def __init__(self) -> None:
        self._ready: asyncio.Future[None] | None = None
        self._fd = -1

    async def wait(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        if self._ready is None:
            self._ready, self._fd = loop.create_future(), fd
            loop.add_writer(fd, self.release)
        await asyncio.shield(self._ready)

    def release(self) -> None:
        """Wake those who wait; after an unplugging they find the device gone."""
        if self._ready is None:
            return
        ready, self._ready = self._ready, None
        asyncio.get_running_loop().remove_writer(self._fd)
        ready.set_result(None)
