"""The display's driver: `DisplayDriver(post, panel_opener(hardware.display, board), make_renderer)`.

`worker.py` the thread and its mailbox, `panel.py` our luma device for ST7789 and ILI9341, `spans.py` what changed,
`wires.py` what carries the bytes, `framebuffer.py` and `anyluma.py` the other kinds of glass. luma, Pillow, spidev and
gpiod are imported when the worker opens the panel.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from firmware.drivers.display.worker import DisplayDriver, Draws, Panel
from firmware.hardware import Board, Display, Framebuffer, LumaPanel, Nothing, SpiPanel
from wire.board import LCD

if TYPE_CHECKING:
    from firmware.drivers.display.wires import Wire

__all__ = ["DisplayDriver", "Draws", "Panel", "panel_opener"]

RESET_HOLD_S, RESET_RELEASE_S, WAKE_S = 0.001, 0.12, 0.12
"""Datasheets: at least 10 us low; 120 ms before the first command to a controller that may have been awake,
and 120 ms after it was told to wake."""

_LUMA_SPEEDS_MHZ = (1, 2, 4, 8, 16, 20, 24, 28, 32, 36, 40, 44, 48, 50, 52)
"""The clocks luma accepts; we take the highest that the profile allows."""


def panel_opener(display: Display, board: Path | None) -> Callable[[], Panel]:
    """What opens the panel of a hardware profile; `board` is the folder of the virtual board.

    Raises `ValueError` at once for a display that cannot show 320 x 240 lying, or a board panel without a board.
    The opener raises `OSError` while the panel cannot be reached.
    """
    if (display.width, display.height) != (320, 240) or display.rotate not in (0, 180):
        raise ValueError(
            f"display: {display.width} x {display.height} turned by {display.rotate}; screens are 320 x 240"
        )
    match display.source:
        case Board():
            if board is None:
                raise ValueError("display: played by a board, but there is no board folder")
            return partial(_open_board, display, board / LCD)
        case SpiPanel() as source:
            return partial(_open_spi, display, source)
        case LumaPanel() as source:
            return partial(_open_luma, source)
        case Framebuffer(path=path):
            return partial(_open_framebuffer, Path(path))
        case Nothing():
            raise ValueError("display: this profile has none")
        case _:
            assert_never(display.source)


def _open_board(display: Display, path: Path) -> Panel:
    from firmware.drivers.display.wires import BoardWire

    return _span_panel(display, BoardWire(path), SpiPanel(reset_line=None, backlight_line=None), wake_s=0.0)


def _open_spi(display: Display, source: SpiPanel) -> Panel:
    return _span_panel(display, _spidev_wire(source), source, wake_s=WAKE_S)


def _open_framebuffer(path: Path) -> Panel:
    from firmware.drivers.display.framebuffer import FramebufferPanel, read_fbinfo

    return FramebufferPanel(path, read_fbinfo(path))


def _open_luma(source: LumaPanel) -> Panel:
    from firmware.drivers.display.anyluma import AnyLuma, make_device

    wire = _spidev_wire(source)
    with _closed_on_error(wire):
        return AnyLuma(make_device(source.driver, _serial(wire, source), wire, source.options), wire)


def _span_panel(display: Display, wire: "Wire", source: SpiPanel, wake_s: float) -> Panel:
    from firmware.drivers.display.panel import Glass, SpanPanel

    with _closed_on_error(wire):
        glass = Glass(display.controller, display.rotate, display.bgr, display.inverted)
        return SpanPanel(_serial(wire, source), wire, glass, wake_s)


def _spidev_wire(source: SpiPanel | LumaPanel) -> "Wire":
    from firmware.drivers.display.wires import DC, LIGHT, RESET, SpidevWire

    lines = {DC: source.dc_line, RESET: source.reset_line, LIGHT: source.backlight_line}
    return SpidevWire(source.chip, {pin: line for pin, line in lines.items() if line is not None})


def _serial(wire: "Wire", source: SpiPanel | LumaPanel) -> Any:
    """luma's SPI interface over our wire; this resets the controller if its reset line is wired."""
    from luma.core.interface.serial import spi

    from firmware.drivers.display.wires import DC, RESET

    return spi(
        spi=wire,
        gpio=wire,
        port=source.bus,
        device=source.device,
        bus_speed_hz=1_000_000
        * max((mhz for mhz in _LUMA_SPEEDS_MHZ if mhz * 1_000_000 <= source.speed_hz), default=1),
        gpio_DC=DC,
        gpio_RST=None if source.reset_line is None else RESET,
        reset_hold_time=RESET_HOLD_S,
        reset_release_time=RESET_RELEASE_S,
    )


@contextmanager
def _closed_on_error(wire: "Wire") -> Iterator[None]:
    """A panel that could not be opened leaves nothing open; luma's error for a missing device is unwrapped."""
    from luma.core.error import Error

    try:
        yield
    except Error as missing:
        wire.close()
        original = missing.__context__
        raise (original if isinstance(original, OSError) else OSError(str(missing))) from None
    except BaseException:
        wire.close()
        raise
