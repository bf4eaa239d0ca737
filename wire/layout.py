"""Receipt as data -> rows of columns: one layout for paper, LCD and page (decisions 26, domain 6.3 and 6.4).

32 columns (58 mm): name 12, quantity 6, price 7, amount 7. 48 columns (80 mm): 22, 7, 9, 10. A name that is too wide
gets rows of its own and the figures follow below it; a figure that is too wide moves the others, or gets a row of its
own; nothing is ever cut.
"""

from collections.abc import Iterator
from typing import Literal

from texts import t
from wire.columns import pad_left, pad_right, tidy, width, wrap
from wire.receipt import Receipt, ReceiptLine, ReceiptRow, ReceiptSection, ReceiptSum, ReceiptTender
from wire.rows import (
    NAME_ROWS_MAX,
    Barcode,
    Cut,
    Feed,
    Logo,
    Qr,
    Row,
    Rule,
    Text,
    centred,
    halves,
    money,
    pair,
    plain,
    quantity,
    text_of,
    triple,
)  # fmt: skip

__all__ = ["Barcode", "Cut", "Feed", "Logo", "Qr", "Row", "Rule", "Text", "layout", "money", "quantity", "text_of"]

_WIDTHS = {32: (12, 6, 7, 7), 48: (22, 7, 9, 10)}
"""Columns of the paper -> name, quantity, price, amount."""

STAMP_ROWS = 7
"""Empty rows in the box: about 30 mm, for a stamp of 40 mm x 30 mm."""

_GOODS = frozenset({"sale", "refund", "void", "hold"})
"""Slips with a table of goods and sums below it."""


def layout(receipt: Receipt, columns: int) -> tuple[Row, ...]:
    """All rows of a slip on paper of 32 or 48 columns. Raises `KeyError` for other widths."""
    assert sum(_WIDTHS[columns]) == columns
    marks = tuple(_marks(receipt, columns))
    return (*marks, *_single_rules((*_head(receipt, columns), *_body(receipt, columns))), *marks, Cut())


def _single_rules(rows: tuple[Row, ...]) -> Iterator[Row]:
    """Two lines across the paper with nothing between them are one."""
    before: Row | None = None
    for row in rows:
        if not (isinstance(row, Rule) and isinstance(before, Rule)):
            yield row
        before = row


def _body(receipt: Receipt, columns: int) -> Iterator[Row]:
    if receipt.kind == "selftest":
        yield from _selftest(receipt, columns)
        return
    if receipt.kind in _GOODS:
        yield from _goods_table(receipt, columns)
    if receipt.kind == "payment":
        yield from pair(_sum_label(receipt, "due_payment"), money(receipt.due_fen), columns, height=2)
        yield from _tenders(receipt, columns)
    for section in receipt.sections:
        yield from _section(section, columns)
    for name in receipt.signatures:
        yield from _signature(name, columns)
    if receipt.stamp:
        yield from _stamp(receipt.stamp, columns)
    yield from _tail(receipt, columns)


def _marks(receipt: Receipt, columns: int) -> Iterator[Row]:
    if receipt.training:
        yield from centred(t("receipt", receipt.lang, "mark__training"), columns, bold=True)
    for mark in filter(None, receipt.mark.split("\n")):
        for row in halves(tidy(mark).strip(), columns):
            yield from centred(row, columns, bold=True)


def _head(receipt: Receipt, columns: int) -> Iterator[Row]:
    def label(key: str) -> str:
        return t("receipt", receipt.lang, f"head__{key}")

    if receipt.logo:
        yield Logo(receipt.logo)
    yield from centred(receipt.shop, columns)
    for line in receipt.header:
        yield from centred(line, columns)
    yield from centred(receipt.title or t("receipt", receipt.lang, f"title__{receipt.kind}"), columns)
    if receipt.copy:
        yield from centred(label(f"copy_{receipt.copy}"), columns)
    yield Rule()
    if receipt.number:
        yield from pair(label("number") + receipt.number, label("operator") + receipt.operator, columns)
    elif receipt.operator:
        yield from plain(label("operator") + receipt.operator, columns)
    yield from pair(label("date") + receipt.date, receipt.time, columns)
    if not receipt.clock_trusted:
        yield from plain(label("clock"), columns)
    yield from pair(label("terminal") + receipt.terminal, label("batch") + receipt.batch, columns)
    yield Rule()


def _goods_table(receipt: Receipt, columns: int) -> Iterator[Row]:
    if not receipt.lines:  # money alone, as when a refund is turned into cash
        yield from _due(receipt, columns)
        return
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
        yield from pair(t("receipt", lang, f"table__{key}"), figure, columns)


def _named(item: ReceiptSum, columns: int, before: str, after: str) -> Iterator[Row]:
    yield from pair(f"{before}{item.name}{after}", money(item.amount_fen), columns)


def _sum_label(receipt: Receipt, key: str, **args: object) -> str:
    return t("receipt", receipt.lang, f"sum__{key}", **args)


def _sums(receipt: Receipt, columns: int) -> Iterator[Row]:
    total = _sum_label(receipt, "total", pieces=quantity(receipt.pieces_milli))
    yield from pair(total, money(receipt.total_fen), columns)
    for reduction in receipt.reductions:
        yield from _named(reduction, columns, "", ":")
    if receipt.rounding_fen:
        yield from pair(_sum_label(receipt, "rounding"), money(-receipt.rounding_fen), columns)
    yield from _due(receipt, columns)


def _due(receipt: Receipt, columns: int) -> Iterator[Row]:
    due = "due_back" if receipt.kind in ("refund", "void") else "due"
    yield from pair(_sum_label(receipt, due), money(receipt.due_fen), columns, height=2)
    yield from _tenders(receipt, columns)


def _tenders(receipt: Receipt, columns: int) -> Iterator[Row]:
    for tender in receipt.tenders:
        yield from _tender(tender, columns)
    if receipt.cash_fen or (receipt.change_fen and not receipt.tenders):
        yield from pair(_sum_label(receipt, "cash"), money(receipt.cash_fen), columns)
    if receipt.change_fen or receipt.cash_fen:
        yield from pair(_sum_label(receipt, "change"), money(receipt.change_fen), columns)


def _tender(tender: ReceiptTender, columns: int) -> Iterator[Row]:
    yield from pair(f"{tender.name}:", money(tender.amount_fen), columns)
    for detail in tender.details:
        label, colon, number = detail.partition(":")
        if colon and columns - 2 < width(tidy(detail)) and width(tidy(number)) <= columns:
            yield from plain(label + colon, columns, indent=2)
            yield Text(tidy(number), "right")
        else:
            yield from plain(detail, columns, indent=2)


def _section(section: ReceiptSection, columns: int) -> Iterator[Row]:
    yield Rule()
    if section.title:
        yield from centred(section.title, columns, bold=True)
    if section.heads:
        yield from _cells(ReceiptRow(section.heads), columns)
    for row in section.rows:
        yield from _cells(row, columns)


def _cells(row: ReceiptRow, columns: int) -> Iterator[Row]:
    height: Literal[1, 2] = 2 if row.strong else 1
    match row.cells:
        case ():
            yield Rule()
        case (text,):
            for line in plain(text, columns):
                assert isinstance(line, Text)
                yield Text(line.text, height=height)
        case (left, right):
            yield from pair(left, right, columns, height=height)
        case (left, middle, right, *rest):
            assert not rest, row
            yield from triple((left, middle, right), columns, height=height)


def _signature(name: str, columns: int) -> Iterator[Row]:
    """A line to sign on, with room above it for the pen."""
    yield Feed(1)
    *above, last = wrap(tidy(name), columns - 12, 3)
    for row in above:
        yield Text(row)
    yield Text(last + "_" * (columns - width(last)))


def _stamp(words: str, columns: int) -> Iterator[Row]:
    """A box for the shop's stamp."""
    edge = Text("+" + "-" * (columns - 2) + "+")
    yield Feed(1)
    yield edge
    yield Text(f"|{pad_right(words, columns - 2)}|")
    for _ in range(STAMP_ROWS):
        yield Text("|" + " " * (columns - 2) + "|")
    yield edge


def _tail(receipt: Receipt, columns: int) -> Iterator[Row]:
    if receipt.member or receipt.notes or receipt.qr or receipt.footer or receipt.barcode or _where(receipt):
        yield Rule()
    if receipt.member:
        points = "" if receipt.points is None else t("receipt", receipt.lang, "tail__points", points=receipt.points)
        yield from pair(t("receipt", receipt.lang, "tail__member", member=receipt.member), points, columns)
    for note in receipt.notes:
        yield from plain(note, columns)
    if receipt.qr:
        words = tidy(receipt.qr_words or t("receipt", receipt.lang, "tail__qr"))
        yield Qr(receipt.qr, f"[{words}]", words)
    if receipt.barcode:
        yield Barcode(receipt.barcode)
    for line in (*_where(receipt), *receipt.footer):
        yield from centred(line, columns)


def _where(receipt: Receipt) -> tuple[str, ...]:
    """Address and telephone, as far as the shop gives them."""
    given = (("address", receipt.address), ("phone", receipt.phone))
    return tuple(t("receipt", receipt.lang, f"tail__{key}") + value for key, value in given if value)


def _selftest(receipt: Receipt, columns: int) -> Iterator[Row]:
    """A ruler of the columns and one row of each size, to see that width, font and cut of the printer are right."""
    sample = t("receipt", receipt.lang, "selftest__sample")
    yield Text("".join(str(column % 10) for column in range(1, columns + 1)))
    for row in wrap(tidy(t("receipt", receipt.lang, "selftest__signs")), columns):
        yield Text(row)
    yield Text(sample, height=2)
    yield Text(sample, width=2, align="center")
    yield Text(sample, width=2, height=2, align="right", bold=True)
    for section in receipt.sections:
        yield from _section(section, columns)
    yield from _tail(receipt, columns)
