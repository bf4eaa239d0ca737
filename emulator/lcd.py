"""The glass of the virtual terminal: SPI transfers of a display controller -> the picture a person would see. Pure.

Understands what the ST7789 and the ILI9341 share (datasheets: Sitronix ST7789V 9.1, Ilitek ILI9341 8.2): windows,
memory write and its continuation, MADCTL's mirrors, exchange and colour order, 16 and 18 bits per pixel, inversion,
sleep and display on/off. Commands it does not know are taken with their arguments and counted, as the chips do.

The two differ in how the glass is mounted and wired, as on common 320 x 240 modules: see `MOUNTS`.
"""

from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageChops

from wire.board import LCD_HEADER

LcdKind = Literal["st7789", "ili9341"]

WIDTH, HEIGHT = 320, 240
LONG, SHORT = 320, 240  # the chips' own memory: 240 columns x 320 pages

SWRESET, SLPIN, SLPOUT, INVOFF, INVON, DISPOFF, DISPON = 0x01, 0x10, 0x11, 0x20, 0x21, 0x28, 0x29
CASET, RASET, RAMWR, MADCTL, COLMOD, RAMWRC = 0x2A, 0x2B, 0x2C, 0x36, 0x3A, 0x3C
MY, MX, MV, BGR = 0x80, 0x40, 0x20, 0x08

TRANSFER_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Mount:
    """MADCTL under which a module's picture stands upright with the right colours, and whether its glass inverts."""

    madctl: int
    inverted: bool


MOUNTS: dict[LcdKind, Mount] = {
    "st7789": Mount(MX | MV, inverted=True),  # IPS glass: true colours need INVON
    "ili9341": Mount(MV | BGR, inverted=False),
}


class LcdPanel:
    """One display controller with its glass. Feed it transfers; it never fails on what it is sent."""

    def __init__(self, kind: LcdKind) -> None:
        self.kind = kind
        self._mount = MOUNTS[kind]
        self._memory = Image.new("RGB", (LONG, SHORT))  # x: page as mounted, y: column as mounted
        self.unknown_commands = 0
        self._reset()

    def _reset(self) -> None:
        self._columns, self._pages = (0, SHORT - 1), (0, LONG - 1)
        self._madctl, self._bits = 0, 18
        self._inverted = self._on = False
        self._asleep = True
        self._command = 0
        self._arguments = bytearray()
        self._pixels = bytearray()  # of the memory write under way, not yet in the memory
        self._written = 0  # pixels of the window since RAMWR

    def feed(self, dc: int, transfer: bytes) -> None:
        """One SPI transfer: with the D/C line low (0) every byte is a command, with D/C high they are its data."""
        if dc:
            self._data(transfer)
            return
        for command in transfer:
            self._start(command)

    def image(self) -> Image.Image:
        """What the glass shows now: 320 x 240 RGB; black when asleep or off."""
        self._flush()
        if self._asleep or not self._on:
            return Image.new("RGB", (WIDTH, HEIGHT))
        if self._inverted == self._mount.inverted:
            return self._memory.copy()
        return ImageChops.invert(self._memory)

    def _start(self, command: int) -> None:
        self._flush()
        self._arguments.clear()
        self._pixels.clear()
        if command != RAMWRC or self._command not in (RAMWR, RAMWRC):
            self._written = 0
        self._command = command
        match command:
            case 0x01:
                self._reset()
            case 0x10 | 0x11:
                self._asleep = command == SLPIN
            case 0x20 | 0x21:
                self._inverted = command == INVON
            case 0x28 | 0x29:
                self._on = command == DISPON
            case 0x2A | 0x2B | 0x2C | 0x36 | 0x3A | 0x3C:
                pass  # they act when their data comes
            case _:
                self.unknown_commands += 1

    def _data(self, transfer: bytes) -> None:
        if self._command in (RAMWR, RAMWRC):
            self._pixels += transfer
            if len(self._pixels) >= self._pixel_bytes * LONG * SHORT:
                self._flush()
            return
        self._arguments += transfer[: 16 - len(self._arguments)]
        match self._command:
            case 0x2A if len(self._arguments) == 4:
                self._columns = _window(self._arguments)
            case 0x2B if len(self._arguments) == 4:
                self._pages = _window(self._arguments)
            case 0x36 if len(self._arguments) == 1:
                self._madctl = self._arguments[0]
            case 0x3A if len(self._arguments) == 1:
                self._bits = 16 if self._arguments[0] & 7 == 5 else 18

    @property
    def _pixel_bytes(self) -> int:
        return 2 if self._bits == 16 else 3

    def _flush(self) -> None:
        """Bring whole pixels into the memory, row by row of the window; a write past its end starts over."""
        count = len(self._pixels) // self._pixel_bytes
        (left, right), (top, bottom) = self._columns, self._pages
        wide, high = right - left + 1, bottom - top + 1
        if count == 0 or wide <= 0 or high <= 0:
            return
        data = bytes(self._pixels[: count * self._pixel_bytes])
        del self._pixels[: count * self._pixel_bytes]
        strip = _decoded(data, count, self._bits, swapped=bool(self._madctl & BGR) != bool(self._mount.madctl & BGR))
        start = 0
        while start < count:
            row, column = divmod(self._written % (wide * high), wide)
            rows = min((count - start) // wide, high - row) if column == 0 else 0
            size = (wide, rows) if rows else (min(wide - column, count - start), 1)
            pixels = size[0] * size[1]
            block = Image.frombytes("RGB", size, strip[3 * start : 3 * (start + pixels)])
            self._place(block, left + column, top + row)
            start += pixels
            self._written += pixels

    def _place(self, block: Image.Image, x: int, y: int) -> None:
        """A block at (x, y) of what the host addresses -> the memory as it is mounted."""
        if not self._madctl & MV:  # the host's x is the column, its y the page
            block = block.transpose(Image.Transpose.TRANSPOSE)
            x, y = y, x
        if (self._madctl ^ self._mount.madctl) & MY:
            block = block.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            x = LONG - x - block.width
        if (self._madctl ^ self._mount.madctl) & MX:
            block = block.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            y = SHORT - y - block.height
        self._memory.paste(block, (x, y))


def _window(arguments: bytearray) -> tuple[int, int]:
    return arguments[0] << 8 | arguments[1], arguments[2] << 8 | arguments[3]


def _decoded(data: bytes, count: int, bits: int, swapped: bool) -> bytes:
    """Pixels as sent -> RGB bytes; each part is spread over 0..255."""
    if bits == 16:
        little = bytearray(len(data))
        little[0::2], little[1::2] = data[1::2], data[0::2]
        pixels = Image.frombytes("RGB", (count, 1), bytes(little), "raw", "BGR;16")
    else:
        spread = bytes((value >> 2) * 255 // 63 for value in range(256))
        pixels = Image.frombytes("RGB", (count, 1), data.translate(spread))
    if swapped:
        red, green, blue = pixels.split()
        pixels = Image.merge("RGB", (blue, green, red))
    return pixels.tobytes()


class LcdStream:
    """The receiving end of `lcd.sock`: framed transfers in pieces of any size -> the panel, with counts.

    One stream per connection: a new connection is a panel that has been powered up anew.
    """

    def __init__(self, kind: LcdKind) -> None:
        self.panel = LcdPanel(kind)
        self.consumed = 0  # bytes of the stream, headers too: what the daemon reports as written
        self.payload_bytes = 0  # of whole transfers: what would have passed the SPI
        self.transfers = 0
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what the socket gave.

        Raises `ValueError` for a header that cannot be one: the peer does not speak this protocol, hang up.
        """
        self.consumed += len(data)
        self._rest += data
        at = 0
        while len(self._rest) - at >= LCD_HEADER.size:
            dc, length = LCD_HEADER.unpack_from(self._rest, at)
            if dc > 1 or length > TRANSFER_BYTES_MAX:
                raise ValueError(f"not an LCD transfer: D/C {dc}, {length} bytes")
            start, end = at + LCD_HEADER.size, at + LCD_HEADER.size + length
            if end > len(self._rest):
                break
            self.panel.feed(dc, bytes(self._rest[start:end]))
            self.payload_bytes += length
            self.transfers += 1
            at = end
        del self._rest[:at]

    def image(self) -> Image.Image:
        """What the glass shows now."""
        return self.panel.image()

    @property
    def torn(self) -> bool:
        """Whether a transfer has begun and is not whole: a cut in the middle, if the stream has ended."""
        return bool(self._rest)
