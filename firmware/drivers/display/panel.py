"""ST7789 and ILI9341 as a luma device of our own: 16-bit colour, and only the boxes that changed.

luma's own devices for these controllers send 18-bit colour, the ST7789 always the whole frame. Import this file in the
display worker only: it imports luma and Pillow.
"""

import time
from dataclasses import dataclass
from typing import Any, Literal

from luma.core.device import device
from PIL import Image

from firmware.drivers.display.spans import Box, changed_boxes
from firmware.drivers.display.wires import LIGHT, Wire

WIDTH, HEIGHT = 320, 240

NORON, SLPOUT, INVOFF, INVON, DISPON, CASET, RASET, RAMWR = 0x13, 0x11, 0x20, 0x21, 0x29, 0x2A, 0x2B, 0x2C
MADCTL, COLMOD = 0x36, 0x3A
BITS_16 = 0x55
_BGR = 0x08

Controller = Literal["st7789", "ili9341"]
Sequence = tuple[tuple[int, ...], ...]

_ANALOGUE: dict[Controller, Sequence] = {
    "st7789": (  # Sitronix ST7789V datasheet 9.2; values of the common 2.4" and 2.8" modules
        (0xB2, 0x0C, 0x0C, 0x00, 0x33, 0x33),  # PORCTRL
        (0xB7, 0x35),  # GCTRL: VGH 13.26 V, VGL -10.43 V
        (0xBB, 0x19),  # VCOMS 0.725 V
        (0xC0, 0x2C),  # LCMCTRL
        (0xC2, 0x01),  # VDVVRHEN
        (0xC3, 0x12),  # VRHS 4.45 V
        (0xC4, 0x20),  # VDVS 0 V
        (0xC6, 0x0F),  # FRCTRL2 60 Hz
        (0xD0, 0xA4, 0xA1),  # PWCTRL1
        (0xE0, 0xD0, 0x04, 0x0D, 0x11, 0x13, 0x2B, 0x3F, 0x54, 0x4C, 0x18, 0x0D, 0x0B, 0x1F, 0x23),
        (0xE1, 0xD0, 0x04, 0x0C, 0x11, 0x13, 0x2C, 0x3F, 0x44, 0x51, 0x2F, 0x1F, 0x1F, 0x20, 0x23),
    ),
    "ili9341": (  # Ilitek ILI9341 datasheet 8.3 and 8.4; values of Adafruit's library (MIT)
        (0xEF, 0x03, 0x80, 0x02),
        (0xCF, 0x00, 0xC1, 0x30),  # power control B
        (0xED, 0x64, 0x03, 0x12, 0x81),  # power-on sequence
        (0xE8, 0x85, 0x00, 0x78),  # driver timing A
        (0xCB, 0x39, 0x2C, 0x00, 0x34, 0x02),  # power control A
        (0xF7, 0x20),  # pump ratio
        (0xEA, 0x00, 0x00),  # driver timing B
        (0xC0, 0x23),  # power control 1
        (0xC1, 0x10),  # power control 2
        (0xC5, 0x3E, 0x28),  # VCOM control 1
        (0xC7, 0x86),  # VCOM control 2
        (0xB1, 0x00, 0x18),  # frame rate 79 Hz
        (0xB6, 0x08, 0x82, 0x27),  # display function
        (0xF2, 0x00),  # 3-gamma off
        (0x26, 0x01),  # gamma curve
        (0xE0, 0x0F, 0x31, 0x2B, 0x0C, 0x0E, 0x08, 0x4E, 0xF1, 0x37, 0x07, 0x10, 0x03, 0x0E, 0x09, 0x00),
        (0xE1, 0x00, 0x0E, 0x14, 0x03, 0x11, 0x07, 0x31, 0xC1, 0x48, 0x08, 0x0F, 0x0C, 0x31, 0x36, 0x0F),
    ),
}

_MEMORY_ACCESS: dict[tuple[Controller, int], int] = {
    ("st7789", 0): 0x60,  # MX | MV: landscape
    ("st7789", 180): 0xA0,  # MY | MV
    ("ili9341", 0): 0x20 | _BGR,  # MV; the glass is wired blue first
    ("ili9341", 180): 0xE0 | _BGR,  # MY | MX | MV
}


@dataclass(frozen=True, slots=True)
class Glass:
    """How one panel is mounted and wired. `rotate` is 0 or 180; `bgr` swaps red and blue of the controller's usual."""

    controller: Controller
    rotate: int = 0
    bgr: bool = False
    inverted: bool = True

    def __post_init__(self) -> None:
        if (self.controller, self.rotate) not in _MEMORY_ACCESS:
            raise ValueError(f"display: {self.controller} turned by {self.rotate} is not landscape; use 0 or 180")

    def setup(self) -> Sequence:
        """Commands with their arguments from reset until `SLPOUT`."""
        access = _MEMORY_ACCESS[self.controller, self.rotate] ^ (_BGR if self.bgr else 0)
        return (
            *_ANALOGUE[self.controller],
            (MADCTL, access),
            (COLMOD, BITS_16),
            (INVON if self.inverted else INVOFF,),
            (NORON,),
            (SLPOUT,),
        )


class SpanPanel(device):  # type: ignore[misc]  # luma has no types
    """One panel behind a luma serial interface; `display` takes pictures of mode P, 320 x 240.

    Glass and backlight go on after the first frame, so that nobody sees the noise of a fresh memory. `wake_s`: the
    controller's wait after `SLPOUT`. Raises `OSError` when the wire fails; after that the panel is of no use.
    """

    def __init__(self, serial: Any, wire: Wire, glass: Glass, wake_s: float) -> None:
        super().__init__(serial_interface=serial)
        self.capabilities(WIDTH, HEIGHT, 0, mode="RGB")
        self.mode = "P"
        self.persist = True  # luma's exit hook must not blank a panel whose wire may be gone
        self._wire = wire
        self._frame: bytes | None = None
        self._palette: list[int] = []
        self._high = self._low = bytes(256)
        for command in glass.setup():
            self._tell(*command)
        time.sleep(wake_s)

    def display(self, image: Image.Image) -> None:
        """Send what differs from the picture before; the first time everything."""
        assert image.mode == "P", image.mode
        assert image.size == (WIDTH, HEIGHT), image.size
        frame = image.tobytes()
        repaint = self._take_palette(image) or self._frame is None
        boxes = [Box(0, 0, WIDTH, HEIGHT)] if repaint else changed_boxes(self._frame or b"", frame, WIDTH)
        first = self._frame is None
        self._frame = None  # unknown while under way
        for box in boxes:
            self._send(frame, box)
        self._frame = frame
        if first:
            self._tell(DISPON)
            self._wire.output(LIGHT, self._wire.HIGH)

    @property
    def written(self) -> int:
        """Bytes that went out over the wire."""
        return self._wire.written

    def close(self) -> None:
        """Free the wire; the glass keeps its picture."""
        self._frame = None
        self.cleanup()

    def _take_palette(self, image: Image.Image) -> bool:
        palette = image.getpalette() or []
        if palette == self._palette:
            return False
        self._palette = palette
        self._high, self._low = rgb565_planes(palette)
        return True

    def _send(self, frame: bytes, box: Box) -> None:
        self._tell(CASET, *box.left.to_bytes(2), *(box.right - 1).to_bytes(2))
        self._tell(RASET, *box.top.to_bytes(2), *(box.bottom - 1).to_bytes(2))
        self._tell(RAMWR)
        self.data(pixels(frame, box, self._high, self._low))

    def _tell(self, command: int, *arguments: int) -> None:
        self.command(command)
        if arguments:
            self.data(bytes(arguments))


def rgb565_planes(palette: list[int]) -> tuple[bytes, bytes]:
    """Tables for `bytes.translate`: palette index -> high and low byte of RGB565."""
    padded = [*palette, *[0] * (768 - len(palette))]
    words = [
        (padded[at] * 31 + 127) // 255 << 11
        | (padded[at + 1] * 63 + 127) // 255 << 5
        | (padded[at + 2] * 31 + 127) // 255
        for at in range(0, 768, 3)
    ]
    return bytes(word >> 8 for word in words), bytes(word & 0xFF for word in words)


def pixels(frame: bytes, box: Box, high: bytes, low: bytes) -> bytes:
    """The pixels of a box as the controllers take them: RGB565, high byte first, row by row."""
    if box.right - box.left == WIDTH:
        indices = frame[box.top * WIDTH : box.bottom * WIDTH]
    else:
        starts = range(box.top * WIDTH + box.left, box.bottom * WIDTH + box.left, WIDTH)
        indices = b"".join([frame[start : start + box.right - box.left] for start in starts])
    sent = bytearray(2 * len(indices))
    sent[0::2] = indices.translate(high)
    sent[1::2] = indices.translate(low)
    return bytes(sent)
