"""Goods: finding what was scanned or typed. The price list is reference data, loaded whole."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from firmware.txn.books import Reading
from rules.barcodes import normal_forms
from rules.catalogue import Product, pad_digits
from wire.facts import Line

PAGE_MAX = 5
"""Goods on one page of a search."""

PAGES_MAX = 99
"""Pages a search counts; who has more is to type another digit."""

QUERY_MAX = 20


@dataclass(frozen=True, slots=True)
class Found:
    """Goods for a code, and how many pieces the code stands for (a carton's code stands for several)."""

    product: Product
    pack: int = 1


def by_code(books: Reading, code: str) -> Found | None:
    """Goods by barcode (any of EAN-13/8, UPC, ITF-14 as normalised) or None. One index look-up."""
    rows = books.read("SELECT p.body, b.pack FROM barcode b JOIN product p ON p.sku = b.sku WHERE b.code = ?", code)
    return Found(decoded(rows[0][0]), int(rows[0][1])) if rows else None


def by_plu(books: Reading, plu: str) -> Product | None:
    """Weighed goods by the number their scale label carries; leading zeros do not count."""
    rows = books.read("SELECT body FROM product WHERE plu = ? AND plu <> ''", plu.lstrip("0"))
    return decoded(rows[0][0]) if rows else None


def by_sku(books: Reading, sku: str) -> Product | None:
    """Goods by their number."""
    rows = books.read("SELECT body FROM product WHERE sku = ?", sku)
    return decoded(rows[0][0]) if rows else None


def by_skus(books: Reading, skus: Iterable[str]) -> dict[str, Product]:
    """Goods by their numbers, in one look-up."""
    wanted = msgspec.json.encode(sorted(set(skus))).decode()
    rows = books.read("SELECT body FROM product WHERE sku IN (SELECT value FROM json_each(?)) ORDER BY sku", wanted)
    return {goods.sku: goods for goods in (decoded(body) for (body,) in rows)}


def by_number(books: Reading, number: str) -> Product | None:
    """Goods by the number a person types for them: the shop's own, or the one of the scale."""
    return by_sku(books, number) or by_plu(books, number)


_FOUND = (
    "(SELECT sku FROM product WHERE sku >= ?1 AND sku < ?2"
    " UNION SELECT sku FROM product WHERE pad >= ?1 AND pad < ?2 AND pad <> ''"
    " UNION SELECT sku FROM product WHERE plu >= ?1 AND plu < ?2 AND plu <> '')"
)


def _range(digits: str) -> tuple[str, str]:
    return digits, digits[:-1] + chr(ord(digits[-1]) + 1)


def search(books: Reading, digits: str, page: int) -> tuple[Product, ...]:
    """A page (from 0) of goods whose number begins with `digits` or whose pinyin initials do on the keypad; one more
    than fits when there is a page after it."""
    if not digits:
        return ()
    rows = books.read(
        f"SELECT body FROM product WHERE sku IN {_FOUND} ORDER BY sku LIMIT ?3 OFFSET ?4",
        *_range(digits), PAGE_MAX + 1, page * PAGE_MAX,
    )  # fmt: skip
    return tuple(decoded(body) for (body,) in rows)


def pages(books: Reading, digits: str) -> int:
    """How many pages a search has; `PAGES_MAX` when there are more."""
    found = books.read(f"SELECT COUNT(*) FROM (SELECT 1 FROM {_FOUND} LIMIT ?3)", *_range(digits), PAGES_MAX * PAGE_MAX)
    return max(1, -(-int(found[0][0]) // PAGE_MAX))


def line_of(product: Product, quantity_milli: int, amount_fen: int, barcode: str, lang: str) -> Line:
    """A basket line of `product`."""
    name = product.name_en if lang == "en" and product.name_en else product.name
    return Line(
        product.sku, name, quantity_milli, product.price_fen, amount_fen,
        product.unit, product.weighable, barcode, product.rate_bp,
    )  # fmt: skip


def decoded(body: bytes) -> Product:
    """The product of a stored row."""
    return msgspec.json.decode(body, type=Product)


@dataclass(frozen=True, slots=True)
class PriceList:
    """A whole price list as table rows, with its digest."""

    products: tuple[tuple[str, str, str, bytes], ...]
    codes: tuple[tuple[str, str, int], ...]
    digest: str


def price_list(products: Iterable[Product]) -> PriceList:
    """Rows for `ledger.load_products`. A code held by two goods goes to the first of them."""
    rows: list[tuple[str, str, str, bytes]] = []
    codes: dict[str, tuple[str, int]] = {}
    digest = hashlib.sha256()
    for product in products:
        body = msgspec.json.encode(product)
        digest.update(body)
        rows.append((product.sku, product.plu.lstrip("0"), pad_digits(product.pinyin), body))
        for code in product.barcodes:
            codes.setdefault(stored_form(code), (product.sku, 1))
    return PriceList(tuple(rows), tuple((c, s, n) for c, (s, n) in codes.items()), digest.hexdigest())


def stored_form(code: str) -> str:
    """A code as the table holds it: goods codes in normal form, cartons and numbers of the shop's own as they are."""
    if len(code) == 14:
        return code
    return (normal_forms(code) or (code,))[0]
