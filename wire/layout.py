"""Receipt as data -> rows of columns: one layout for paper, LCD and page (decisions 26, domain 6.3 and 6.4).

32 columns (58 mm): name 12, quantity 6, price 7, amount 7. 48 columns (80 mm): 22, 7, 9, 10. A name that is too wide
gets rows of its own and the figures follow below it; a figure that is too wide moves the others, or gets a row of its
own; nothing is ever cut. Every row's text is tidy (`wire.columns.tidy`) and fits the columns.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from texts import t
from wire.columns import pad_left, pad_right, tidy, width, wrap
from wire.receipt import Receipt, ReceiptLine, ReceiptSum

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
    """A QR code in the middle; `alt` stands for it where only text is shown."""

    data: str
    alt: str


class Feed(msgspec.Struct, frozen=True, tag="feed"):
    """Empty rows."""

    lines: int


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """End of the slip: cut, or feed to the tear bar."""


Row = Text | Rule | Qr | Feed | Cut

_WIDTHS = {32: (12, 6, 7, 7), 48: (22, 7, 9, 10)}
"""Columns of the paper -> name, quantity, price, amount."""


def layout(receipt: Receipt, columns: int) -> tuple[Row, ...]:
    """All rows of a slip on paper of 32 or 48 columns. Raises `KeyError` for other widths."""
    assert sum(_WIDTHS[columns]) == columns
    body = _selftest(receipt, columns) if receipt.kind == "selftest" else _sale(receipt, columns)
    mark = [*_centred(receipt.mark, columns, bold=True)] if receipt.mark else []
    return (*mark, *_head(receipt, columns), *body, *mark, Cut())


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
        case Feed():
            return [""] * row.lines
        case Cut():
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


def _centred(text: str, columns: int, *, bold: bool = False) -> Iterator[Row]:
    for row in wrap(tidy(text), columns, NOTE_ROWS_MAX):
        yield Text(row, "center", bold=bold)


def _plain(text: str, columns: int) -> Iterator[Row]:
    for row in wrap(tidy(text), columns, NOTE_ROWS_MAX):
        yield Text(row)


def _pair(left: str, right: str, columns: int, *, height: Literal[1, 2] = 1) -> Iterator[Row]:
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


def _head(receipt: Receipt, columns: int) -> Iterator[Row]:
    def label(key: str) -> str:
        return t("receipt", receipt.lang, f"head__{key}")

    yield from _centred(receipt.shop, columns)
    yield from _centred(t("receipt", receipt.lang, f"title__{receipt.kind}"), columns)
    yield Rule()
    yield from _pair(label("number") + receipt.number, label("operator") + receipt.operator, columns)
    yield from _pair(label("date") + receipt.date, receipt.time, columns)
    if not receipt.clock_trusted:
        yield from _plain(label("clock"), columns)
    yield from _pair(label("terminal") + receipt.terminal, label("batch") + receipt.batch, columns)
    yield Rule()


def _sale(receipt: Receipt, columns: int) -> Iterator[Row]:
    titles = [t("receipt", receipt.lang, f"table__{key}") for key in ("name", "quantity", "price", "amount")]
    name, *figures = _WIDTHS[columns]
    yield Text(
        pad_right(titles[0], name) + "".join(pad_left(s, w) for s, w in zip(titles[1:], figures, strict=True)),
    )
    yield Rule()
    for line in receipt.lines:
        yield from _goods(line, receipt.lang, columns)
    yield Rule()
    yield from _sums(receipt, columns)
    yield from _tail(receipt, columns)


def _goods(line: ReceiptLine, lang: Literal["zh", "en"], columns: int) -> Iterator[Row]:
    name = tidy(line.name).strip()
    figures = [quantity(line.quantity_milli), money(line.price_fen), money(line.amount_fen)]
    room, *widths = _WIDTHS[columns]
    # One blank at least in front of every figure: a figure that fills its column takes one more.
    fields = [pad_left(f, max(w, len(f) + 1)) for f, w in zip(figures, widths, strict=True)]
    tail = "".join(fields)
    if width(name) <= room and width(name) + len(tail) <= columns:
        yield Text(pad_right(name, columns - len(tail)) + tail)
    else:
        for row in wrap(name, columns, NAME_ROWS_MAX):
            yield Text(row)
        yield from _figures(tail, figures, lang, columns)
    for reduction in line.reductions:
        yield from _named(reduction, columns, "  ", "")


def _figures(tail: str, figures: list[str], lang: Literal["zh", "en"], columns: int) -> Iterator[Row]:
    """Quantity, price and amount below their name: on one row if they fit, else each on its own with its title."""
    if len(tail.lstrip()) <= columns:
        yield Text(pad_left(tail.lstrip(), columns))
        return
    for key, figure in zip(("quantity", "price", "amount"), figures, strict=True):
        yield from _pair(t("receipt", lang, f"table__{key}"), figure, columns)


def _named(item: ReceiptSum, columns: int, before: str, after: str) -> Iterator[Row]:
    yield from _pair(f"{before}{item.name}{after}", money(item.amount_fen), columns)


def _sums(receipt: Receipt, columns: int) -> Iterator[Row]:
    def label(key: str, **args: object) -> str:
        return t("receipt", receipt.lang, f"sum__{key}", **args)

    yield from _pair(label("total", pieces=quantity(receipt.pieces_milli)), money(receipt.total_fen), columns)
    for reduction in receipt.reductions:
        yield from _named(reduction, columns, "", ":")
    if receipt.rounding_fen:
        yield from _pair(label("rounding"), money(-receipt.rounding_fen), columns)
    yield from _pair(label("due"), money(receipt.due_fen), columns, height=2)
    if receipt.cash_fen or receipt.change_fen:
        yield from _pair(label("cash"), money(receipt.cash_fen), columns)
        yield from _pair(label("change"), money(receipt.change_fen), columns)


def _tail(receipt: Receipt, columns: int) -> Iterator[Row]:
    if not (receipt.member or receipt.notes or receipt.qr or receipt.footer):
        return
    yield Rule()
    if receipt.member:
        points = "" if receipt.points is None else t("receipt", receipt.lang, "tail__points", points=receipt.points)
        yield from _pair(t("receipt", receipt.lang, "tail__member", member=receipt.member), points, columns)
    for note in receipt.notes:
        yield from _plain(note, columns)
    if receipt.qr:
        yield Qr(receipt.qr, tidy(t("receipt", receipt.lang, "tail__qr")))
    for line in receipt.footer:
        yield from _centred(line, columns)


def _selftest(receipt: Receipt, columns: int) -> Iterator[Row]:
    """A ruler of the columns and one row of each size, to see that width, font and cut of the printer are right."""
    sample = t("receipt", receipt.lang, "selftest__sample")
    yield Text("".join(str(column % 10) for column in range(1, columns + 1)))
    for row in wrap(tidy(t("receipt", receipt.lang, "selftest__signs")), columns):
        yield Text(row)
    yield Text(sample, height=2)
    yield Text(sample, width=2, align="center")
    yield Text(sample, width=2, height=2, align="right", bold=True)
    yield from _tail(receipt, columns)
