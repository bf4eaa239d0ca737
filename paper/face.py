"""The printer's character generator: one font file -> the dots of each character in its cell."""

import hashlib
from functools import cached_property
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from wire.signs import parts

PACKAGE = "fonts-wqy-microhei"
PLACES = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc"),
    Path("/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc"),
)
"""Debian and Ubuntu, Fedora, Arch."""

GLYPHS_MAX = 8_192
INK_FROM = 112
"""A dot is black from this darkness of 255 on: thin strokes stay whole, counters of dense hanzi stay open."""

_REGULAR, _MONO = 0, 1  # fonts within the file
_NOWHERE = "\U0010fffe"  # a code point no font has

_ALIKE = {"ɑ": "a", "ɡ": "g", "☉": "⊙"}  # all that GBK has and the font has not


class FontMissing(Exception):
    """No Chinese font was found; the message names the Debian package that has it."""


def find_font(places: tuple[Path, ...] = PLACES) -> Path:
    """The first of `places` that is there. Raises `FontMissing`."""
    for place in places:
        if place.is_file():
            return place
    raise FontMissing(
        f"no Chinese font found; install the package {PACKAGE} (looked for {', '.join(map(str, places))})"
    )


class Face:
    """Draws characters of the sizes the printer has: 12x24 (Font A), 9x17 (Font B) and 24x24 (hanzi)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fonts = {
            (12, 24): (_font(path, _MONO, 20), 20),
            (9, 17): (_font(path, _MONO, 15), 14),
            (24, 24): (_font(path, _REGULAR, 23), 20),
        }
        self._lacking = {cell: _mask(font, _NOWHERE) for cell, (font, _) in self._fonts.items()}
        self._glyphs: dict[tuple[str, tuple[int, int]], Image.Image] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the font file: pictures are the same only under the same font."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def glyph(self, char: str, cell: tuple[int, int]) -> Image.Image:
        """The dots of `char` as a 1-bit picture, 1 = black, of the cell's size; a box for what the font lacks."""
        key = (char, cell)
        if key not in self._glyphs:
            if len(self._glyphs) >= GLYPHS_MAX:
                self._glyphs.clear()
            self._glyphs[key] = self._drawn(char, cell)
        return self._glyphs[key]

    def _drawn(self, char: str, cell: tuple[int, int]) -> Image.Image:
        font, baseline = self._fonts[cell]
        char = _ALIKE.get(char, char)
        if char == "\ufffd" or (char != " " and _mask(font, char) == self._lacking[cell]):
            return _box(cell)
        grey = Image.new("L", cell, 0)
        for part in parts(char, inked=bool(font.getmask(char).getbbox())):
            left = (cell[0] - round(font.getlength(part))) // 2
            ImageDraw.Draw(grey).text((left, baseline), part, font=font, fill=255, anchor="ls")
        return grey.point(lambda ink: 255 if ink >= INK_FROM else 0).convert("1")


def _font(path: Path, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index=index, layout_engine=ImageFont.Layout.BASIC)


def _mask(font: ImageFont.FreeTypeFont, char: str) -> bytes:
    return bytes(font.getmask(char, mode="1"))


def _box(cell: tuple[int, int]) -> Image.Image:
    box = Image.new("1", cell, 0)
    ImageDraw.Draw(box).rectangle((1, 3, cell[0] - 3, cell[1] - 4), outline=1)
    return box
