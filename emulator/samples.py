"""Sample codes to click: goods of a usual day, labels of the scale, customers' payment codes, vouchers, and codes that scan
badly."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from emulator.api import Scan
from rules.barcodes import is_valid, with_check
from rules.catalogue import Product, demo_goods
from rules.demo_vouchers import demo_vouchers
from rules.money import line_amount
from texts import Lang, t

PLAIN_COUNT = 14
WEIGHED_COUNT = 3
SHOWN_CHARS_MAX = 24

UNKNOWN_BODY = "690999999999"
AMOUNT_FLAG, WEIGHT_FLAG, BOTH_FLAG = "21", "22", "26"
"""Flags of the scale layouts a terminal knows out of the box (domain 7.2)."""

PAYMENT_CODES = {
    "wechat": ("134", 18),
    "alipay": ("288", 18),
    "unionpay": ("622", 19),
    "ecny": ("019", 19),
    "member": ("HY00", 18),
}
"""Channel -> how its codes begin, and how long they are."""

CARD_NUMBER = "4111111111111111"
"""The number every card industry document uses as an example: a terminal must not take it."""

GRAMS = (735, 1_280, 462)


class Sample(msgspec.Struct, frozen=True):
    """One card: what stands on it, and what a click scans. The last `fresh` digits are drawn anew at each click: a payment
    code is good for one payment."""

    name: str
    price: str
    shown: str
    scan: Scan
    fresh: int = 0


class Group(msgspec.Struct, frozen=True):
    """Cards under one heading: `plain`, `weighed`, `pay`, `vouchers` or `odd`."""

    name: str
    samples: tuple[Sample, ...]


class SamplesShown(msgspec.Struct, frozen=True):
    """What there is to click: each group's cards from left to right. For a card with `fresh`, draw that many last digits
    anew before each scan."""

    groups: tuple[Group, ...]


@lru_cache(maxsize=1)
def _goods() -> tuple[Product, ...]:
    return tuple(demo_goods())


def samples(lang: Lang) -> tuple[Group, ...]:
    """About twenty cards; the same ones at every start."""
    goods = _goods()
    counted = _spread([good for good in goods if any(map(_drawable, good.barcodes))], PLAIN_COUNT)
    weighed = _spread([good for good in goods if good.weighable and len(good.plu) == 5], WEIGHED_COUNT)
    return (
        Group("plain", tuple(_plain(good, lang) for good in counted)),
        Group("weighed", tuple(_weighed(weighed, lang))),
        Group("pay", tuple(_payment_codes(lang))),
        Group("vouchers", tuple(_vouchers(lang))),
        Group("odd", tuple(_odd(counted[0], lang))),
    )


def _drawable(code: str) -> bool:
    return len(code) == 13 and is_valid(code)


def _spread(goods: Sequence[Product], count: int) -> list[Product]:
    """`count` goods from all over the catalogue, its first among them."""
    step = max(1, len(goods) // count)
    return list(goods[::step][:count])


def _name(good: Product, lang: Lang) -> str:
    return good.name_en if lang == "en" and good.name_en else good.name


def _yuan(fen: int) -> str:
    return f"¥{fen // 100}.{fen % 100:02d}"


def _plain(good: Product, lang: Lang) -> Sample:
    code = next(filter(_drawable, good.barcodes))
    return Sample(_name(good, lang), _yuan(good.price_fen), code, Scan(text=code))


def _weighed(goods: Sequence[Product], lang: Lang) -> Iterator[Sample]:
    """One label of each kind of scale: amount, weight, and both."""
    kinds = ("weighed_amount", "weighed_weight", "weighed_both")
    for good, grams, kind in zip(goods, GRAMS, kinds, strict=True):
        fen = line_amount(good.price_fen, grams)
        body = {
            "weighed_amount": f"{AMOUNT_FLAG}{good.plu}{fen:05d}",
            "weighed_weight": f"{WEIGHT_FLAG}{good.plu}{grams:05d}",
            "weighed_both": f"{BOTH_FLAG}{good.plu}{fen:05d}{grams:05d}",
        }[kind]
        code = with_check(body)
        name = t(
            "emulator",
            lang,
            f"sample__{kind}",
            name=_name(good, lang),
            amount=_yuan(fen),
            kg=f"{grams // 1000}.{grams % 1000:03d}",
        )
        yield Sample(name, _yuan(fen), code, Scan(text=code))


def _payment_codes(lang: Lang) -> Iterator[Sample]:
    """What a customer's telephone shows, by its channel's form (domain 1.1)."""
    for channel, (start, digits) in PAYMENT_CODES.items():
        text = start.ljust(digits, "0")
        shown = f"{start}{'·' * (digits - len(start))}"
        name = t("emulator", lang, f"sample__{channel}")
        yield Sample(name, "", _shown(shown), Scan(text=text), digits - len(start))


def _vouchers(lang: Lang) -> Iterator[Sample]:
    """A voucher of each platform and kind, and those with which something goes wrong; a click makes a new one."""
    for coupon in demo_vouchers().coupon:
        if coupon.zh:
            code = coupon.prefix + "0" * coupon.digits
            shown = coupon.prefix + "·" * coupon.digits
            name = coupon.en if lang == "en" else coupon.zh
            yield Sample(name, "", _shown(shown), Scan(text=code), coupon.digits)


def _odd(good: Product, lang: Lang) -> Iterator[Sample]:
    code = next(filter(_drawable, good.barcodes))
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    scans = {
        "bad_check": Scan(text=wrong),
        "half": Scan(text=code[:7]),
        "unknown": Scan(text=with_check(UNKNOWN_BODY)),
        "glued": Scan(text=code + code),
        "long": Scan(text="6901234567" * 200),
        "card": Scan(text=CARD_NUMBER),
        "control": Scan(text="69\x1b[2J01\x0723"),
        "chinese": Scan(text="北京某某商贸有限公司", via="serial"),
    }
    for key, scan in scans.items():
        yield Sample(t("emulator", lang, f"sample__{key}"), "", _shown(scan.text), scan)


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else "·" for char in text)
    return plain if len(plain) <= SHOWN_CHARS_MAX else plain[: SHOWN_CHARS_MAX - 1] + "…"
