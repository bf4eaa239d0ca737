"""Rows of a slip: what the printer's encoder and the page draw one below the other, and rows made of text and figures.

Every row's text is tidy (`wire.columns.tidy`) and fits the columns; nothing is ever cut, it moves to a row of its own.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from wire.columns import pad_left, pad_right, tidy, width, wrap

NAME_ROWS_MAX = 6
"""A longer name is a mistake in the price list: it ends in `…`."""

NOTE_ROWS_MAX = 12


class Text(msgspec.Struct, frozen=True, omit_defaults=True, tag="text"):
    """One row of text. `width` and `height` 2 print it twice as wide or high."""

    text: str
    align: Literal["left", "center", "right"] = "left"
    width: Literal[1, 2] = 1
    height: Literal[1, 2] = 1
    bold: bool = False


class Rule(msgspec.Struct, frozen=True, tag="rule"):
    """A line across the paper."""


class Qr(msgspec.Struct, frozen=True, tag="qr"):
    """A QR code in the middle with `caption` below it; `alt` stands for both where only text is shown."""

    data: str
    alt: str
    caption: str = ""


class Barcode(msgspec.Struct, frozen=True, tag="barcode"):
    """Code 128 in the middle with its text below it; `data` is printable ASCII."""

    data: str


class Logo(msgspec.Struct, frozen=True, tag="logo"):
    """A picture in the middle: PBM (P4) in Base64, see `rules.pbm`."""

    data: str


class Feed(msgspec.Struct, frozen=True, tag="feed"):
    """Empty rows."""

    lines: int


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """End of the slip: cut, or feed to the tear bar."""


Row = Text | Rule | Qr | Barcode | Logo | Feed | Cut

THIRDS = {32: (14, 8, 10), 48: (20, 12, 16)}
"""Columns of the paper -> kind, count, amount (结算总计单, domain 5.3)."""


def text_of(rows: tuple[Row, ...], columns: int) -> list[str]:
    """The slip as plain lines, as wide as the paper, blanks at the ends left out."""
    return [line for row in rows for line in _lines(row, columns)]


def _lines(row: Row, columns: int) -> list[str]:
    match row:
        case Text():
            room = max(0, columns - width(row.text) * row.width)
            left = {"left": 0, "center": room // 2, "right": room}[row.align]
            return [(" " * left + row.text).rstrip()]
        case Rule():
            return ["-" * columns]
        case Qr():
            return _lines(Text(row.alt, "center"), columns)
        case Barcode():
            return _lines(Text(f"|{row.data}|"[:columns], "center"), columns)
        case Feed():
            return [""] * row.lines
        case Logo() | Cut():
            return []


def money(fen: int) -> str:
    """1234 -> `12.34`, without a sign of currency."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def quantity(milli: int) -> str:
    """2000 -> `2`, 735 -> `0.735`."""
    if milli % 1000 == 0:
        return str(milli // 1000)
    sign = "-" if milli < 0 else ""
    return f"{sign}{abs(milli) // 1000}.{abs(milli) % 1000:03}"


def centred(text: str, columns: int, *, bold: bool = False) -> Iterator[Row]:
    """The text in the middle, on as many rows as it takes."""
    for row in wrap(tidy(text), columns, NOTE_ROWS_MAX):
        yield Text(row, "center", bold=bold)


def halves(text: str, columns: int) -> tuple[str, ...]:
    """A tidy text that takes two rows, broken at the blank nearest its middle; unbroken when it fits or has none there."""
    blanks = [at for at, char in enumerate(text) if char == " "]
    fitting = [at for at in blanks if width(text[:at]) <= columns and width(text[at + 1 :]) <= columns]
    if width(text) <= columns or not fitting:
        return (text,)
    at = min(fitting, key=lambda at: abs(width(text[:at]) - width(text[at + 1 :])))
    return text[:at], text[at + 1 :]


def plain(text: str, columns: int, indent: int = 0) -> Iterator[Row]:
    """The text from the left, `indent` columns in."""
    for row in wrap(tidy(text), columns - indent, NOTE_ROWS_MAX):
        yield Text(" " * indent + row)


def pair(left: str, right: str, columns: int, *, height: Literal[1, 2] = 1) -> Iterator[Row]:
    """Left and right on one row; if both do not fit, the right part gets rows of its own, whole."""
    left, right = tidy(left), tidy(right)
    room = columns - width(left)
    if width(right) < room:
        yield Text(left + pad_left(right, room), height=height)
        return
    for row in wrap(left, columns, NAME_ROWS_MAX):
        yield Text(row, height=height)
    for row in wrap(right, columns):
        yield Text(row, "right", height=height)


def triple(cells: tuple[str, str, str], columns: int, *, height: Literal[1, 2] = 1) -> Iterator[Row]:
    """Three columns, the last two to the right; what does not fit beside its neighbour gets a row of its own."""
    name, *figures = (tidy(cell).strip() for cell in cells)
    _, *widths = THIRDS[columns]
    tail = "".join(pad_left(f, max(w, width(f) + 1)) for f, w in zip(figures, widths, strict=True))
    if width(name) + width(tail) <= columns and width(name) <= columns - sum(widths):
        yield Text(pad_right(name, columns - width(tail)) + tail, height=height)
    elif width(tail.strip()) <= columns:
        for row in wrap(name, columns, NAME_ROWS_MAX):
            yield Text(row, height=height)
        yield Text(pad_left(tail.lstrip(), columns), height=height)
    else:
        yield from plain(name, columns)
        for figure in figures:
            for row in wrap(figure, columns):
                yield Text(row, "right", height=height)
