"""What luma's `spi` interface writes through: the emulator's socket, or spidev with lines of a GPIO chip.

luma takes an object like spidev's (`spi=`) and one like RPi.GPIO (`gpio=`). Pins here are our own numbers `DC`, `RESET`
and `LIGHT`, never 0 (luma takes a D/C pin of 0 for none).
"""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from wire.board import LCD_HEADER

DC, RESET, LIGHT = 1, 2, 3

BOARD_WAIT_S = 2.0
"""An emulator that takes nothing for this long is gone."""

CONSUMER = "posd-display"


class Pins(Protocol):
    """The part of RPi.GPIO that luma calls."""

    OUT: int
    LOW: int
    HIGH: int

    def setup(self, pin: int, mode: int) -> None: ...
    def output(self, pin: int, value: int) -> None: ...
    def cleanup(self, pins: object = None) -> None: ...


class Wire(Pins, Protocol):
    """Both halves: pins, and the part of spidev that luma calls; and how many bytes went out."""

    max_speed_hz: int
    written: int

    def open(self, bus: int, select: int) -> None: ...
    def writebytes(self, data: Sequence[int]) -> None: ...
    def close(self) -> None: ...


class BoardWire:
    """The virtual wire: every transfer as a frame of `LCD_HEADER` on the board's `lcd.sock`.

    `written` counts bytes on the socket, headers too, since it was opened: what the emulator counts as consumed.
    Raises `OSError` when nobody listens, the emulator goes, or it takes nothing for `BOARD_WAIT_S`.
    """

    OUT, LOW, HIGH = 0, 0, 1

    def __init__(self, path: Path) -> None:
        self.max_speed_hz = 0
        self.written = 0
        self._dc = 0
        self._path = path
        self._socket: socket.socket | None = None

    def open(self, bus: int, select: int) -> None:
        """Connect; `bus` and `select` mean nothing here."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(BOARD_WAIT_S)
            link.connect(str(self._path))
        except OSError:
            link.close()
            raise
        self._socket = link

    def writebytes(self, data: Sequence[int]) -> None:
        """One transfer, with the D/C line as it stands."""
        if self._socket is None:
            raise ConnectionError("the display's wire is closed")
        frame = LCD_HEADER.pack(self._dc, len(data)) + bytes(data)
        self._socket.sendall(frame)
        self.written += len(frame)

    def setup(self, pin: int, mode: int) -> None:
        """All pins of the board are outputs."""

    def output(self, pin: int, value: int) -> None:
        """Only D/C travels; a pin that is not wired is nobody's."""
        if pin == DC:
            self._dc = int(bool(value))

    def cleanup(self, pins: object = None) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Hang up; again is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class SpidevWire:
    """The real wire. Hardware: not run; tested with fakes at its two seams, `device` and `request`.

    `writebytes2` is used because it releases the GIL while the transfer runs. Raises `OSError` from both seams.
    """

    OUT, LOW, HIGH = 0, 0, 1

    def __init__(
        self,
        chip: str,
        lines: dict[int, int],
        device: Callable[[], Any] | None = None,
        request: Callable[..., Any] | None = None,
    ) -> None:
        """`lines`: pin (`DC`, `RESET`, `LIGHT`) -> offset on `chip`."""
        self.written = 0
        self._lines = lines
        self._spi = (device or spidev_device)()
        self._put = (request or gpiod_outputs)(chip, tuple(lines.values()))

    @property
    def max_speed_hz(self) -> int:
        return int(self._spi.max_speed_hz)

    @max_speed_hz.setter
    def max_speed_hz(self, speed_hz: int) -> None:
        self._spi.max_speed_hz = speed_hz

    def open(self, bus: int, select: int) -> None:
        self._spi.open(bus, select)

    def writebytes(self, data: Sequence[int]) -> None:
        self._spi.writebytes2(data)
        self.written += len(data)

    def setup(self, pin: int, mode: int) -> None:
        """The lines were requested as outputs already."""

    def output(self, pin: int, value: int) -> None:
        if pin in self._lines:
            self._put(self._lines[pin], bool(value))

    def cleanup(self, pins: object = None) -> None:
        """Lines are released by `close`."""

    def close(self) -> None:
        self._spi.close()
        self._put(None, False)


def spidev_device() -> Any:
    """The SPI seam: an unopened `spidev.SpiDev`."""
    import spidev

    return spidev.SpiDev()


def gpiod_outputs(chip: str, offsets: tuple[int, ...]) -> Callable[[int | None, bool], None]:
    """The GPIO seam: request `offsets` of `chip` as outputs, low; the answer sets a line, or frees all for None."""
    import gpiod
    from gpiod.line import Direction, Value

    settings = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE)
    held = gpiod.request_lines(chip, consumer=CONSUMER, config={offsets: settings})

    def put(offset: int | None, value: bool) -> None:
        if offset is None:
            held.release()
        else:
            held.set_value(offset, Value.ACTIVE if value else Value.INACTIVE)

    return put
