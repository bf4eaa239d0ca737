"""Rows and slips -> pictures, one pixel per dot of the print head."""

from collections.abc import Iterable

from PIL import Image, ImageChops

from paper.face import Face
from paper.rows import Graphic, Row, Run
from paper.slip import Slip

WHITE, BLACK, SHADOW = 255, 0, 150
TEAR_DOTS = 7
"""How deep the teeth of a torn edge go."""


def picture(rows: Iterable[Row], face: Face, dots: int) -> Image.Image:
    """All rows on white paper `dots` wide: mode "L", only black and white in it, at least one dot row high."""
    listed = tuple(rows)
    paper = Image.new("L", (dots, max(1, sum(row.height for row in listed))), WHITE)
    top = 0
    for row in listed:
        for item in row.items:
            _print(paper, item, top + row.ink - item.height, face)
        top += row.height
    return paper


def slip_picture(slip: Slip, face: Face, dots: int) -> Image.Image:
    """A slip as far as it is out: mode "L"; a torn one "LA", its lower edge ragged and nothing below it."""
    whole = picture(slip.rows, face, dots).crop((0, 0, dots, max(1, slip.dots)))
    return torn(whole) if slip.state == "torn" else whole


def torn(paper: Image.Image) -> Image.Image:
    """The paper with a ragged lower edge: dots up to the edge stay, below it is nothing, along it a shadow."""
    width, height = paper.size
    edge = [max(1, height - depth) for depth in _teeth(width)]
    kept = Image.new("L", paper.size, 255)
    shadow = Image.new("L", paper.size, 255)
    for x, y in enumerate(edge):
        kept.paste(0, (x, y, x + 1, height))
        shadow.paste(SHADOW, (x, max(0, y - 1), x + 1, y))
    return Image.merge("LA", (ImageChops.darker(paper, shadow), kept))


def _teeth(width: int) -> list[int]:
    """How far the edge draws back at each dot: always the same, and without a pattern an eye would find."""
    depths, depth, seed = [], TEAR_DOTS // 2, 12_345
    for _ in range(width):
        seed = (seed * 1_103_515_245 + 12_345) % 2**31
        depth = min(TEAR_DOTS, max(0, depth + (seed >> 16) % 3 - 1))
        depths.append(depth)
    return depths


def _print(paper: Image.Image, item: Run | Graphic, top: int, face: Face) -> None:
    if isinstance(item, Graphic):
        paper.paste(BLACK, (item.x, top), Image.frombytes("1", (item.width, item.height), item.bits))
    else:
        _print_run(paper, item, top, face)


def _print_run(paper: Image.Image, run: Run, top: int, face: Face) -> None:
    """Character by character in the grid. Enlarged characters are the small ones with larger dots, as a printer's."""
    style, cell = run.style, (run.cell_dots, run.cell_high_dots)
    size = (cell[0] * style.wide, cell[1] * style.high)
    if style.invert:
        paper.paste(BLACK, (run.x, top, run.x + run.width, top + run.height))
    for place, char in enumerate(run.text):
        glyph = face.glyph(char, cell)
        if size != cell:
            glyph = glyph.resize(size, Image.Resampling.NEAREST)
        at = (run.x + place * run.pitch_dots, top)
        ink = WHITE if style.invert else BLACK
        paper.paste(ink, at, glyph)
        if style.bold:  # heated once more, one dot further right
            paper.paste(ink, (at[0] + style.wide, top), glyph)
    if style.underline and not style.invert:
        bottom = top + run.height
        paper.paste(BLACK, (run.x, bottom - style.underline, run.x + run.width, bottom))
