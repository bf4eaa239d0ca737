"""In-store weight and price barcodes by a table of layouts, which is data of the settings (domain 7.2)."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from rules.barcodes import check_digit, is_digits
from rules.money import line_amount
from rules.quantity import ONE_MILLI
from rules.rounding import divide_half_up

BAD_CHECK, NOT_UNDERSTOOD = 6004, 6005
_PATTERN = re.compile(r"F{1,2}P{4,6}(A{5}|W{5}|A{5}W{5}|W{5}A{5})C")


class ScaleLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one kind of scale code is built. `pattern`: F flag, P number (PLU), A amount, W weight, C check digit."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    flag: Annotated[str, msgspec.Meta(pattern=r"^2[0-9]?\Z")]
    pattern: Annotated[str, msgspec.Meta(pattern=r"^F{1,2}P{4,6}(A{5}|W{5}|A{5}W{5}|W{5}A{5})C\Z")]
    verify: Literal["strict", "warn", "off"] = "strict"
    amount_unit_fen: Literal[1, 10] = 1
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ScaleReading:
    """What a scale code says. `quantity_milli`: grams, or pieces with three decimals; None: not in the code."""

    plu: str
    amount_fen: int | None
    quantity_milli: int | None
    layout: str
    amount_unit_fen: int = 1
    check_failed: bool = False  # only where the layout says `warn`


@dataclass(frozen=True, slots=True)
class Weighing:
    """A weighed line settled against its price."""

    quantity_milli: int
    amount_fen: int


DEFAULT_LAYOUTS: tuple[ScaleLayout, ...] = (
    ScaleLayout("13-amount", "21", "FFPPPPPAAAAAC"),
    ScaleLayout("13-amount-count", "20", "FFPPPPPAAAAAC"),
    ScaleLayout("13-amount-1", "2", "FPPPPPPAAAAAC", enabled=False),
    ScaleLayout("13-weight", "22", "FFPPPPPWWWWWC"),
    ScaleLayout("18", "26", "FFPPPPPAAAAAWWWWWC"),
    ScaleLayout("18-weight-first", "27", "FFPPPPPWWWWWAAAAAC"),
    ScaleLayout("18-plu6", "2", "FPPPPPPWWWWWAAAAAC", enabled=False),
    ScaleLayout("19-plu6", "28", "FFPPPPPPWWWWWAAAAAC"),
)
"""One-digit flags are off out of the box: they would take every in-store code beginning with 2."""


def layout_fits(layout: ScaleLayout) -> bool:
    """Whether the table row makes sense in itself: a known pattern whose flag has the written length."""
    return _PATTERN.fullmatch(layout.pattern) is not None and layout.pattern.count("F") == len(layout.flag)


def find_layout(code: str, layouts: tuple[ScaleLayout, ...]) -> ScaleLayout | None:
    """The enabled layout of this length whose flag begins the code; where flags overlap the longest wins."""
    fitting = [
        layout
        for layout in layouts
        if layout.enabled and len(layout.pattern) == len(code) and code.startswith(layout.flag)
    ]
    return max(fitting, key=lambda layout: len(layout.flag), default=None)


def read_scale(code: str, layouts: tuple[ScaleLayout, ...] = DEFAULT_LAYOUTS) -> ScaleReading | int | None:
    """Reading of a scale code; an error code (6004, 6005) when it is one but bad; None when no layout fits."""
    layout = find_layout(code, layouts) if is_digits(code) else None
    if layout is None:
        return None
    failed = layout.verify != "off" and check_digit(code[:-1]) != code[-1]
    if failed and layout.verify == "strict":
        return BAD_CHECK
    amount, weight = _part(code, layout.pattern, "A"), _part(code, layout.pattern, "W")
    reading = ScaleReading(
        plu=_part(code, layout.pattern, "P"),
        amount_fen=int(amount) * layout.amount_unit_fen if amount else None,
        quantity_milli=int(weight) if weight else None,
        layout=layout.name,
        amount_unit_fen=layout.amount_unit_fen,
        check_failed=failed,
    )
    empty = not reading.amount_fen and not reading.quantity_milli
    return NOT_UNDERSTOOD if empty else reading


def settle_weighing(reading: ScaleReading, price_fen: int) -> Weighing | int:
    """Quantity and amount of a scale code for a good of `price_fen` per unit, or 6005 when they contradict.

    The printed amount wins, because the customer saw it. It may differ from price times weight by 1 fen or 1 fen per
    100 g, whichever is more (and by the scale's own amount unit): without that floor honest light codes are refused.
    """
    assert price_fen >= 0, price_fen
    amount, milli = reading.amount_fen, reading.quantity_milli
    if amount is None:
        return Weighing(milli, line_amount(price_fen, milli)) if milli and price_fen else NOT_UNDERSTOOD
    if price_fen == 0:
        return NOT_UNDERSTOOD
    if milli is None:
        milli = divide_half_up(amount * ONE_MILLI, price_fen)
        return Weighing(milli, amount) if milli else NOT_UNDERSTOOD
    if not milli:
        return NOT_UNDERSTOOD
    allowed = max(reading.amount_unit_fen * ONE_MILLI, milli * 10)
    if abs(price_fen * milli - amount * ONE_MILLI) > allowed:
        return NOT_UNDERSTOOD
    return Weighing(milli, amount)


def _part(code: str, pattern: str, letter: str) -> str:
    """The digits under one letter of the pattern; a letter's places are always together."""
    start = pattern.find(letter)
    return code[start : start + pattern.count(letter)] if start >= 0 else ""
