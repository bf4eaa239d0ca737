"""What stands on the paper: rows of text runs and dot graphics, placed in dots from the left edge of the print area."""

from dataclasses import dataclass
from typing import Literal

COLUMN_DOTS = 12
"""Width of one text column: Font A is 12 x 24 dots, a hanzi two columns (domain 6.3)."""

Align = Literal["left", "centre", "right"]
Font = Literal["A", "B"]
GraphicKind = Literal["image", "qr", "barcode"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a run's characters look. `wide` and `high` are 1 to 8 times; `underline` is its thickness in dots."""

    font: Font = "A"
    bold: bool = False
    underline: int = 0
    invert: bool = False
    wide: int = 1
    high: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one style and one cell width, in a fixed grid.

    `cell_dots` x `cell_high_dots` is a character's cell before enlargement, `pitch_dots` the way from one character's
    left edge to the next one's, enlargement and spacing included.
    """

    x: int
    text: str
    cell_dots: int
    cell_high_dots: int
    pitch_dots: int
    style: Style

    @property
    def width(self) -> int:
        return self.pitch_dots * len(self.text)

    @property
    def height(self) -> int:
        return self.cell_high_dots * self.style.high


@dataclass(frozen=True, slots=True)
class Graphic:
    """A block of dots, one bit each, most significant bit left, 1 = black, rows padded to whole bytes.

    `text` is what it says to a machine: the content of a QR code or barcode, empty for an image.
    """

    x: int
    width: int
    height: int
    bits: bytes
    kind: GraphicKind = "image"
    text: str = ""

    def __post_init__(self) -> None:
        assert len(self.bits) == (self.width + 7) // 8 * self.height, "the bits fill the block"


Item = Run | Graphic


@dataclass(frozen=True, slots=True)
class Row:
    """One movement of the paper: what was printed and how far the paper went, `height` >= `ink` dots."""

    items: tuple[Item, ...]
    ink: int
    height: int
    align: Align = "left"

    @property
    def text(self) -> str:
        """The row as a person reads it, items set apart by as many spaces as columns lie between them."""
        written, edge = "", 0
        for item in sorted(self.items, key=lambda each: each.x):
            written += " " * max(0, (item.x - edge) // COLUMN_DOTS)
            written += item.text if isinstance(item, Run) else _caption(item)
            edge = item.x + item.width
        return written.rstrip()


def _caption(graphic: Graphic) -> str:
    if graphic.kind == "image":
        return f"[image {graphic.width}x{graphic.height}]"
    return f"[{graphic.kind} {graphic.text}]"


def text_of(rows: tuple[Row, ...]) -> str:
    """All rows as lines of text; a feed however long is one empty line, those at the end are dropped."""
    return "\n".join(row.text for row in rows).rstrip("\n")
