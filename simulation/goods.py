"""What customers bring to the counter: goods of the demonstration catalogue with everything a scanner may make of them."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from rules.barcodes import with_check
from rules.catalogue import Product, demo_goods

How = Literal["scan", "weighed", "scale", "search", "typed", "number", "amount"]
HOWS: tuple[How, ...] = ("scan", "weighed", "scale", "search", "typed", "number", "amount")
BAD_SCANS = ("unknown", "check", "short", "glued", "control", "escape", "long", "scale", "text", "plu", "empty")
"""Kinds of scans that put nothing into the basket."""

ESCAPE = "\x1b"


@dataclass(frozen=True, slots=True)
class Good:
    """One thing on the counter. `code` is what the scanner sends; `times` > 1 is entered as `3*`."""

    number: int  # tells two equal goods of one customer apart
    how: How
    sku: str
    name: str
    name_en: str
    code: str
    pad: str
    price_fen: int
    quantity_milli: int
    amount_fen: int
    weighed: bool
    times: int = 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalogue, sorted by what can be done with a good."""

    everything: tuple[Product, ...]
    pieces: tuple[Product, ...]
    weighed: tuple[Product, ...]


@lru_cache(maxsize=1)
def shelf() -> Shelf:
    """The demonstration goods; those with a price only."""
    goods = tuple(product for product in demo_goods() if product.price_fen > 0)
    return Shelf(
        goods,
        tuple(product for product in goods if not product.weighable and product.barcodes),
        tuple(product for product in goods if product.weighable),
    )


def pick(rng: Random, number: int) -> Good:
    """One good, as a customer might bring it."""
    how = rng.choices(HOWS, (66, 9, 4, 6, 4, 4, 7))[0]
    if how == "amount":
        fen = rng.choice((rng.randint(1, 5_000), rng.randint(1, 300) * 10, rng.randint(1, 50) * 100))
        return Good(number, "amount", "", "", "", "", "", fen, 1000, fen, False)
    if how == "weighed":
        return _weighed(rng, number)
    if how == "scale":
        return _on_the_scale(rng, number)
    times = rng.choice((2, 3, 6, 12)) if rng.random() < 0.12 else 1
    product = rng.choice(shelf().pieces)
    milli = times * 1000
    code = rng.choice(product.barcodes)
    if len(code) == 13 and code[0] == "0" and rng.random() < 0.5:
        code = code[1:]  # as UPC-A
    return Good(
        number, how, product.sku, product.name, product.name_en, code, product.pad,
        product.price_fen, milli, product.price_fen * times, False, times,
    )  # fmt: skip


def _on_the_scale(rng: Random, number: int) -> Good:
    """Loose goods without a label: chosen from the list, grams typed off the scale."""
    product = rng.choice(shelf().weighed)
    grams = rng.randint(20, 4_000)
    return Good(
        number, "scale", product.sku, product.name, product.name_en, "", product.pad,
        product.price_fen, grams, half_up(product.price_fen * grams, 1000), True,
    )  # fmt: skip


def _weighed(rng: Random, number: int) -> Good:
    product = rng.choice(shelf().weighed)
    grams = rng.randint(60, 3_500)
    amount = half_up(product.price_fen * grams, 1000)
    plu = product.plu.zfill(5)
    kind = rng.choice(("amount", "weight", "both", "both_weight_first"))
    if kind == "amount":
        code = with_check(f"21{plu}{amount:05d}")
        grams = half_up(amount * 1000, product.price_fen)  # the code does not say the weight: it follows from the price
    elif kind == "weight":
        code = with_check(f"22{plu}{grams:05d}")
    elif kind == "both":
        code = with_check(f"26{plu}{amount:05d}{grams:05d}")
    else:
        code = with_check(f"27{plu}{grams:05d}{amount:05d}")
    return Good(
        number, "weighed", product.sku, product.name, product.name_en, code, "",
        product.price_fen, grams, amount, True,
    )  # fmt: skip


def half_up(numerator: int, denominator: int) -> int:
    """Quotient rounded half up, of numbers that are not negative; the world's own arithmetic."""
    return (2 * numerator + denominator) // (2 * denominator)


def bad_scan(rng: Random, kind: str) -> str:
    """A scan that must put nothing into the basket."""
    code = rng.choice(rng.choice(shelf().pieces).barcodes)
    other = rng.choice(rng.choice(shelf().pieces).barcodes)
    match kind:
        case "unknown":
            return with_check(f"699{rng.randrange(10**9):09d}")
        case "check":
            return code[:-1] + str((int(code[-1]) + rng.randint(1, 9)) % 10)
        case "short":
            return code[: rng.randint(7, len(code) - 1)] if len(code) > 8 else code[:7]
        case "glued":
            return code + other
        case "control":
            return code[:5] + "\x07" + code[5:]
        case "escape":
            return f"{ESCAPE}[2J{code}"
        case "long":
            return (code * 160)[: rng.randint(1_025, 2_000)]
        case "scale":
            return with_check(f"21{rng.choice(shelf().weighed).plu.zfill(5)}00000")
        case "text":
            return rng.choice(("HELLO", "SELECT * FROM sale", "优惠券", "WIFI:S:shop;T:WPA;P:x;;", "{x}"))
        case "plu":
            return with_check("2299999" + f"{rng.randint(100, 999):05d}")
        case "empty":
            return "  \r\n"
        case _:
            raise AssertionError(kind)
