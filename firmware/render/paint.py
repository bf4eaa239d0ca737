"""Strips -> palette indices, as plain bytes: at these sizes slices of rows are cheaper than pictures of pictures."""

from dataclasses import dataclass

from firmware.render import icons, palette
from firmware.render.fonts import Typesetter
from firmware.render.palette import Colour
from firmware.render.strips import WIDTH, Fill, Icon, Part, Strip, Word


@dataclass(slots=True)
class _Sheet:
    """Rows of palette indices, `WIDTH` wide; what goes over its edges is left away."""

    high: int
    dots: bytearray

    def put(self, x: int, y: int, wide: int, dots: bytes) -> None:
        """Copy a block of `wide` columns to (x, y)."""
        left, right = max(0, -x), wide - max(0, x + wide - WIDTH)
        first, last = max(0, -y), min(len(dots) // wide, self.high - y)
        if left >= right:
            return
        at = (y + first) * WIDTH + x + left
        for source in range(first * wide, last * wide, wide):
            self.dots[at : at + right - left] = dots[source + left : source + right]
            at += WIDTH


def paint(strip: Strip, letters: Typesetter) -> bytes:
    """The palette indices of a strip, row by row."""
    sheet = _Sheet(strip.high, bytearray([palette.index(strip.ground)]) * (WIDTH * strip.high))
    for part in strip.parts:
        _paint(sheet, part, strip.ground, letters)
    return bytes(sheet.dots)


def _paint(sheet: _Sheet, part: Part, ground: Colour, letters: Typesetter) -> None:
    match part:
        case Word():
            run = letters.run(part.text, part.size, part.strong, part.ink, part.ground or ground)
            sheet.put(part.x - 1, part.y - run.rise, run.wide, run.dots)
        case Icon():
            sheet.put(part.x, part.y, icons.size(part.name)[0], icons.dots(part.name, part.ink, ground))
        case Fill():
            colour = bytes([palette.index(part.colour)])
            edge = 1 if part.round else 0
            sheet.put(part.x, part.y + edge, part.wide, colour * (part.wide * (part.high - 2 * edge)))
            if part.round:
                for y in (part.y, part.y + part.high - 1):
                    sheet.put(part.x + 1, y, part.wide - 2, colour * (part.wide - 2))
