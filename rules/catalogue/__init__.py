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


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One good. `price_fen` is per `unit` and includes tax; `barcodes` are in normal form (`rules.barcodes`).

    `member_price_fen` and `min_price_fen` are per unit too, 0: there is none. Below `min_price_fen` nobody but a
    supervisor goes. `allow_discount`: discounts by hand and full reductions touch it; `allow_price_change`: a cashier
    may lower its price."""

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
    member_price_fen: Annotated[int, Meta(ge=0, le=99_999_999)] = 0
    min_price_fen: Annotated[int, Meta(ge=0, le=99_999_999)] = 0
    allow_discount: bool = True
    allow_price_change: bool = True

    @property
    def pad(self) -> str:
        """The pinyin initials as typed on a 12-key pad."""
        return pad_digits(self.pinyin)


COLUMNS = Product.__struct_fields__
COLUMNS_MIN = len(COLUMNS) - len(Product.__struct_defaults__)
"""As many columns every catalogue has; those after them have defaults and may be left out from the end."""


class BadGoods(ValueError):
    """A row of a catalogue that cannot be taken; the message names the row."""


def pad_digits(initials: str) -> str:
    """Digits of a 12-key pad for pinyin initials: "KKKL" -> "5555" (domain 7.1); digits stay."""
    return initials.upper().translate(_PAD)


def read_goods(text: str) -> Iterator[Product]:
    """Goods of a catalogue, row by row. Raises `BadGoods` at the first row that cannot be taken."""
    head, _, rows = text.partition("\n")
    columns = tuple(head.rstrip("\r").split("\t"))
    if columns != COLUMNS[: max(COLUMNS_MIN, len(columns))]:
        raise BadGoods(f"row 1: the columns must be {' '.join(COLUMNS)}")
    for number, row in enumerate(rows.splitlines(), start=2):
        if number > GOODS_MAX + 1:
            raise BadGoods(f"row {number}: more than {GOODS_MAX} goods")
        try:
            yield _product(row, columns)
        except (ValueError, msgspec.ValidationError) as fault:
            raise BadGoods(f"row {number}: {fault}") from fault


def demo_text() -> str:
    """The demonstration catalogue as it lies in the package."""
    return files("rules.catalogue").joinpath("goods.tsv").read_text(encoding="utf-8")


def demo_goods() -> Iterator[Product]:
    """Some 360 goods of a convenience store, among them weighed ones with PLU 10001 and up."""
    return read_goods(demo_text())


def _product(row: str, columns: tuple[str, ...]) -> Product:
    cells: dict[str, object] = dict(zip(columns, row.split("\t"), strict=True))
    if len(row) > LINE_CHARS_MAX or has_hidden(row, allowed="\t"):
        raise ValueError("too long, or with control characters")
    cells["barcodes"] = tuple(_normal(code) for code in str(cells["barcodes"]).split())
    product = msgspec.convert(cells, Product, strict=False)
    if product.weighable and not product.plu:
        raise ValueError("weighed goods need a PLU")
    if max(product.member_price_fen, product.min_price_fen) > product.price_fen:
        raise ValueError("a member's or lowest price above the price")
    return product


def _normal(code: str) -> str:
    """Normal form of a printed barcode; one that is no GTIN (the shop's own) stays as it is."""
    if is_digits(code) and len(code) in (8, 12, 13, 14) and not is_valid(code):
        raise ValueError(f"check digit of {code}")
    forms = normal_forms(code) if len(code) != 14 else ()
    return forms[0] if forms else code
