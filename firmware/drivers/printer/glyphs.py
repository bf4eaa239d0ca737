"""Characters the printer's own font lacks, drawn as a row of dots."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from wire.columns import width
from wire.signs import parts

CELL_WIDTH, CELL_HEIGHT = 12, 24
FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
_MONO = 1
"""WenQuanYi Micro Hei Mono is the second face of the file: Latin letters half as wide as hanzi, as on the printer."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Black and white picture; `data` row by row, eight dots a byte, a set bit is black."""

    width: int
    height: int
    data: bytes

    def __post_init__(self) -> None:
        assert len(self.data) == (self.width + 7) // 8 * self.height


class Glyphs(Protocol):
    """A font to draw with."""

    def has(self, char: str) -> bool:
        """Whether the font can draw the character."""

    def draw(self, text: str, *, wide: int = 1, high: int = 1, bold: bool = False) -> Bitmap:
        """The text in cells of 12 x 24 dots a column, each character in its own columns, magnified."""


class NoGlyphs:
    """The font is not installed (code 4015): nothing can be drawn."""

    def has(self, char: str) -> bool:
        return False

    def draw(self, text: str, *, wide: int = 1, high: int = 1, bold: bool = False) -> Bitmap:
        raise AssertionError("nothing to draw with")


class FontGlyphs:
    """Glyphs of WenQuanYi Micro Hei at 24 px. Pillow and the font are loaded with the first character asked for."""

    def __init__(self, path: Path = FONT) -> None:
        self._path = path
        self._known = lru_cache(maxsize=512)(self._known_uncached)

    @cached_property
    def _font(self) -> Any:
        from PIL import ImageFont

        return ImageFont.truetype(str(self._path), CELL_HEIGHT - 2, index=_MONO, layout_engine=ImageFont.Layout.BASIC)

    @cached_property
    def _notdef(self) -> bytes:
        return bytes(self._font.getmask("\U0010ffff", mode="1"))

    def has(self, char: str) -> bool:
        return self._known(char)

    def _known_uncached(self, char: str) -> bool:
        return bytes(self._font.getmask(char, mode="1")) != self._notdef

    def draw(self, text: str, *, wide: int = 1, high: int = 1, bold: bool = False) -> Bitmap:
        from PIL import Image, ImageDraw

        image = Image.new("1", (width(text) * CELL_WIDTH, CELL_HEIGHT), 0)
        pen = ImageDraw.Draw(image)
        left = 0
        for char in text:
            room = width(char) * CELL_WIDTH
            for part in parts(char, inked=bool(self._font.getmask(char).getbbox())):
                spare = max(0, room - round(self._font.getlength(part)))
                for shift in range(2 if bold else 1):
                    pen.text((left + spare // 2 + shift, CELL_HEIGHT - 4), part, font=self._font, fill=1, anchor="ls")
            left += room
        if wide > 1 or high > 1:
            image = image.resize((image.width * wide, image.height * high), Image.Resampling.NEAREST)
        return Bitmap(image.width, image.height, image.tobytes())
