"""The font: found, measured and set into small pictures, with bounded caches."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from firmware.render.palette import Colour, ramp

PATHS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/usr/local/share/fonts/wqy-microhei.ttc",
)

RUNS_MAX = 1024
WIDTHS_MAX = 4096
TEXT_CHARS_MAX = 400
_STRONG_COVERAGE = 110  # the second stroke of strong text, one pixel to the right, is lighter: hanzi stay open
_REPLACED = "□"


class FontMissing(Exception):
    """No font that holds the whole of GBK was found."""


def find_font(paths: Sequence[str] = PATHS) -> str:
    """The first of `paths` that exists. Raises `FontMissing`, naming the package to install."""
    for path in paths:
        if Path(path).is_file():
            return path
    raise FontMissing(f"no Chinese font: install Debian's fonts-wqy-microhei (looked for {', '.join(paths)})")


def digest(path: str) -> str:
    """SHA-256 of the font file: goldens hold for one font only."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@lru_cache(maxsize=WIDTHS_MAX)
def clean(text: str) -> str:
    """One line that can be shown: spaces for white space, a box for every control or invisible character, bounded."""
    short = text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
    if short.isprintable():
        return short
    return "".join(ch if ch.isprintable() else " " if ch.isspace() else _REPLACED for ch in short)


@dataclass(frozen=True, slots=True)
class Run:
    """A line of text as palette indices, row by row: it starts one pixel left of its first letter and `rise` rows
    above its baseline."""

    wide: int
    rise: int
    dots: bytes


class Typesetter:
    """Sets lines of text from one font file; sizes are in pixels. Serves one thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._font = lru_cache(maxsize=16)(self._load)
        self.width = lru_cache(maxsize=WIDTHS_MAX)(self._width)
        self.run = lru_cache(maxsize=RUNS_MAX)(self._run)

    def _load(self, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(self._path, size, index=0, layout_engine=ImageFont.Layout.BASIC)

    def _width(self, text: str, size: int, strong: bool = False) -> int:
        """Pixels that `text` takes in a line."""
        return math.ceil(self._font(size).getlength(text)) + strong

    def _run(self, text: str, size: int, strong: bool, ink: Colour, ground: Colour) -> Run:
        """A line of text on its ground, cut to the rows that hold ink, with one pixel of room at both ends."""
        base, wide = size + 2, self.width(text, size, strong) + 2
        mask = Image.new("L", (wide, base + size // 3 + 1), 0)
        pen = ImageDraw.Draw(mask)
        if strong:
            pen.text((2, base), text, fill=_STRONG_COVERAGE, font=self._font(size), anchor="ls")
        pen.text((1, base), text, fill=255, font=self._font(size), anchor="ls")
        coverage = mask.tobytes()
        top = (len(coverage) - len(coverage.lstrip(b"\0"))) // wide
        inked = coverage[top * wide : -(-len(coverage.rstrip(b"\0")) // wide) * wide]
        return Run(wide, base - top, inked.translate(ramp(ink, ground)))
