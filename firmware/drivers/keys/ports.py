"""Where bytes come from: a FIFO of the virtual board, an evdev node, a serial line. Each opens without blocking."""

import errno
import fcntl
import logging
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from firmware.drivers.keys.find import InputSeen, choose, seen
from firmware.drivers.keys.lanes import NO_KEYS

log = logging.getLogger(__name__)

READ_BYTES_MAX = 16 * 1024
EVIOCSCLOCKID = 0x400445A0
CLOCK_MONOTONIC = 1
LED_CAPS_LOCK = 1


class Port(Protocol):
    """One endpoint. `open` returns a descriptor that can be polled, or None while the device is not there."""

    def open(self) -> int | None: ...
    def first(self) -> bytes:
        """Bytes that `open` had to read to learn that the device is there."""

    def state(self) -> tuple[frozenset[int], bool]:
        """Keys that are down now, and Caps Lock."""

    def gone(self) -> None:
        """The device is unplugged: get ready to `open` again."""

    def close(self) -> None: ...


class FifoPort:
    """A FIFO of the board folder. It is plugged in while somebody holds its other end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._first = b""

    def open(self) -> int | None:
        """Stays open between tries, so that a writer never meets a FIFO without reader."""
        try:
            if self._fd is None or os.fstat(self._fd).st_ino != self._path.stat().st_ino:
                self.close()
                self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._first = os.read(self._fd, READ_BYTES_MAX)
        except BlockingIOError:  # a writer is there and has said nothing yet
            return self._fd
        except OSError:
            return None
        return self._fd if self._first else None

    def first(self) -> bytes:
        data, self._first = self._first, b""
        return data

    def state(self) -> tuple[frozenset[int], bool]:
        return NO_KEYS, False

    def gone(self) -> None:
        """Keeps the descriptor: the old FIFO's inode number cannot come back for a new one while we hold it."""

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None


def open_evdev(path: str) -> Any:
    """The one door to evdev: opens and grabs a device, so that nothing else sees its keys (pitfalls 4.20)."""
    import evdev

    device = evdev.InputDevice(path)
    device.grab()
    return device


class EvdevPort:
    """A keyboard-like device of the kernel, found by role or name, grabbed, with monotonic time stamps."""

    def __init__(
        self,
        role: str,
        name_contains: str = "",
        look: Callable[[], list[InputSeen]] = seen,
        opener: Callable[[str], Any] = open_evdev,
    ) -> None:
        self._role, self._name_contains = role, name_contains
        self._look, self._opener = look, opener
        self._device: Any = None

    def open(self) -> int | None:
        path = choose(self._look(), self._role, self._name_contains)
        if path is None:
            return None
        try:
            self._device = self._opener(path)
            fd: int = self._device.fd
            os.set_blocking(fd, False)
            self._use_monotonic_clock(fd)
        except OSError as wrong:
            log.debug("%s %s: %s", self._role, path, wrong)
            self.close()
            return None
        return fd

    def first(self) -> bytes:
        return b""

    def state(self) -> tuple[frozenset[int], bool]:
        return frozenset(self._device.active_keys()), LED_CAPS_LOCK in self._device.leds()

    def gone(self) -> None:
        self.close()

    def close(self) -> None:
        if self._device is not None:
            with suppress(OSError):  # ungrabbing a device that is gone
                self._device.close()
        self._device = None

    @staticmethod
    def _use_monotonic_clock(fd: int) -> None:
        """Wall-clock stamps would jump with the clock. A pipe, which knows no such call, keeps what it sends."""
        try:
            fcntl.ioctl(fd, EVIOCSCLOCKID, struct.pack("i", CLOCK_MONOTONIC))
        except OSError as wrong:
            if wrong.errno not in (errno.ENOTTY, errno.EINVAL):
                raise


def open_serial(path: str, baud: int) -> Any:
    """The one door to pyserial: opens a line without throwing away what the scanner sent before (as pyserial would)."""
    import serial

    class Line(serial.Serial):  # type: ignore[misc]  # pyserial has no types
        def _reset_input_buffer(self) -> None:
            pass

    return Line(path, baud, timeout=0, exclusive=True)


class SerialPort:
    """A serial line, configured by pyserial and read by its descriptor (pitfalls 2)."""

    def __init__(self, path: str | Path, baud: int = 9600) -> None:
        self._path, self._baud = str(path), baud
        self._line: Any = None

    def open(self) -> int | None:
        if not os.path.exists(self._path):
            return None
        try:
            self._line = open_serial(self._path, self._baud)
        except OSError as wrong:  # pyserial's own errors are OSErrors
            log.debug("scanner %s: %s", self._path, wrong)
            return None
        fd: int = self._line.fileno()
        os.set_blocking(fd, False)
        return fd

    def first(self) -> bytes:
        return b""

    def state(self) -> tuple[frozenset[int], bool]:
        return NO_KEYS, False

    def gone(self) -> None:
        self.close()

    def close(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.close()
        self._line = None
