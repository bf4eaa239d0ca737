"""Ways to a printer: bytes out, exactly counted, and bytes in, never waiting longer than asked."""

import errno
import os
import select
import termios
from collections.abc import Callable
from typing import Any, Protocol

from firmware.drivers.printer.model import Model

READ_MAX = 256


class Gone(Exception):
    """The device is not there, or not any more."""


class Transport(Protocol):
    """What every way to a printer offers. All methods raise `Gone` when the device vanishes."""

    readable: bool

    def write_some(self, data: bytes, wait_s: float) -> int:
        """Hand over as much as is taken now; wait for room at most `wait_s`. Returns how many bytes were taken."""

    def read_some(self, wait_s: float) -> bytes:
        """What has arrived, or nothing after `wait_s`."""

    def present(self) -> bool:
        """Whether the way still leads to the device it was opened for."""

    def close(self) -> None:
        """Let go; what has not left the machine is dropped, so that closing never waits for a stalled printer."""


Connect = Callable[[], Transport]

_VANISHED = {
    errno.EIO,
    errno.ENODEV,
    errno.ENXIO,
    errno.ENOENT,
    errno.EBADF,
    errno.EPIPE,
    errno.ECONNRESET,
    errno.ENOTCONN,
    errno.ETIMEDOUT,
    errno.ESHUTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
}


def _vanished(wrong: OSError) -> Gone:
    """`Gone` for an error that means so; any other is raised as it is."""
    if wrong.errno in _VANISHED:
        return Gone(str(wrong))
    raise wrong


class DescriptorTransport:
    """A non-blocking descriptor: serial line, socket or device file. `owner` is closed with it."""

    def __init__(self, fd: int, owner: Any, *, readable: bool = True, path: str = "") -> None:
        self.readable = readable
        self._fd, self._owner, self._path = fd, owner, path
        os.set_blocking(fd, False)

    def write_some(self, data: bytes, wait_s: float) -> int:
        if not self._ready(select.POLLOUT, wait_s):
            return 0
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as wrong:
            raise _vanished(wrong) from wrong

    def read_some(self, wait_s: float) -> bytes:
        if not self.readable or not self._ready(select.POLLIN, wait_s):
            return b""
        try:
            data = os.read(self._fd, READ_MAX)
        except BlockingIOError:
            return b""
        except OSError as wrong:
            raise _vanished(wrong) from wrong
        if not data:
            raise Gone("end of file")
        return data

    def _ready(self, wanted: int, wait_s: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, wanted)
        ready = dict(poll.poll(max(0, round(wait_s * 1000)))).get(self._fd, 0)
        if ready & (select.POLLHUP | select.POLLNVAL) and not ready & select.POLLIN:
            raise Gone("hung up")
        return bool(ready & (wanted | select.POLLERR))

    def present(self) -> bool:
        """A replugged device has a new node: the path no longer leads to the one that is open."""
        if not self._path:
            return True
        try:
            return os.stat(self._path).st_rdev == os.fstat(self._fd).st_rdev
        except OSError:
            return False

    def close(self) -> None:
        if os.isatty(self._fd):
            try:
                termios.tcflush(self._fd, termios.TCOFLUSH)
            except termios.error as wrong:
                if wrong.args[0] not in _VANISHED:
                    raise
        self._owner.close()


def open_serial(path: str, model: Model) -> Transport:
    """A serial line. pyserial opens and configures it, for us alone; reading and writing is our own, because its
    `write` loses count when it times out. Raises `Gone` when there is no such device or another program has it."""
    import serial

    try:
        port = serial.Serial(
            path,
            model.baud,
            timeout=0,
            write_timeout=0,
            rtscts=model.flow == "rtscts",
            xonxoff=model.flow == "xonxoff",
            exclusive=True,
        )
    except (OSError, termios.error) as wrong:
        raise Gone(str(wrong)) from wrong
    return DescriptorTransport(port.fileno(), port, path=path)
