"""Goods as a terminal sells them, and the demonstration catalogue of a convenience store (`goods.tsv`, domain 10.1).

A catalogue is a table of tab-separated text with the column names in its first row; several barcodes of one good stand
in one cell, divided by blanks. The demonstration goods' barcodes have valid check digits but are invented.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from rules.barcodes import has_hidden, is_digits, is_valid, normal_forms

GOODS_MAX = 1_000_000
LINE_CHARS_MAX = 2_000

_PAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One good. `price_fen` is per `unit` and includes tax; `barcodes` are in normal form (`rules.barcodes`)."""

    sku: Annotated[str, Meta(min_length=1, max_length=20)]
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    name_en: Annotated[str, Meta(max_length=120)]
    short_name: Annotated[str, Meta(max_length=12)]
    barcodes: Annotated[tuple[str, ...], Meta(max_length=16)]
    plu: Annotated[str, Meta(pattern=r"^[0-9]{0,6}\Z")]
    pinyin: Annotated[str, Meta(pattern=r"^[0-9A-Z]{0,60}\Z")]
    category: Annotated[str, Meta(max_length=20)]
    unit: Annotated[str, Meta(max_length=6)]
    price_fen: Annotated[int, Meta(ge=0, le=99_999_999)]
    rate_bp: Annotated[int, Meta(ge=0, le=1_700)]
    weighable: bool
    age_limit: Annotated[int, Meta(ge=0, le=21)]

    @property
    def pad(self) -> str:
        """The pinyin initials as typed on a 12-key pad."""
        return pad_digits(self.pinyin)


COLUMNS = Product.__struct_fields__


class BadGoods(ValueError):
    """A row of a catalogue that cannot be taken; the message names the row."""


def pad_digits(initials: str) -> str:
    """Digits of a 12-key pad for pinyin initials: "KKKL" -> "5555" (domain 7.1); digits stay."""
    return initials.upper().translate(_PAD)


def read_goods(text: str) -> Iterator[Product]:
    """Goods of a catalogue, row by row. Raises `BadGoods` at the first row that cannot be taken."""
    head, _, rows = text.partition("\n")
    if tuple(head.rstrip("\r").split("\t")) != COLUMNS:
        raise BadGoods(f"row 1: the columns must be {' '.join(COLUMNS)}")
    for number, row in enumerate(rows.splitlines(), start=2):
        if number > GOODS_MAX + 1:
            raise BadGoods(f"row {number}: more than {GOODS_MAX} goods")
        try:
            yield _product(row)
        except (ValueError, msgspec.ValidationError) as fault:
            raise BadGoods(f"row {number}: {fault}") from fault


def demo_text() -> str:
    """The demonstration catalogue as it lies in the package."""
    return files("rules.catalogue").joinpath("goods.tsv").read_text(encoding="utf-8")


def demo_goods() -> Iterator[Product]:
    """Some 360 goods of a convenience store, among them weighed ones with PLU 10001 and up."""
    return read_goods(demo_text())


def _product(row: str) -> Product:
    cells: dict[str, object] = dict(zip(COLUMNS, row.split("\t"), strict=True))
    if len(row) > LINE_CHARS_MAX or has_hidden(row, allowed="\t"):
        raise ValueError("too long, or with control characters")
    cells["barcodes"] = tuple(_normal(code) for code in str(cells["barcodes"]).split())
    product = msgspec.convert(cells, Product, strict=False)
    if product.weighable and not product.plu:
        raise ValueError("weighed goods need a PLU")
    return product


def _normal(code: str) -> str:
    """Normal form of a printed barcode; one that is no GTIN (the shop's own) stays as it is."""
    if is_digits(code) and len(code) in (8, 12, 13, 14) and not is_valid(code):
        raise ValueError(f"check digit of {code}")
    forms = normal_forms(code) if len(code) != 14 else ()
    return forms[0] if forms else code
