"""Money in whole fen (1/100 yuan): how it is written, typed, multiplied, rounded for cash, paid and given back."""

import re
from typing import Literal

from rules.quantity import ONE_MILLI
from rules.rounding import divide_half_up

AMOUNT_FEN_MAX = 9_999_999_999
"""Largest amount that may be typed or read: 99 999 999.99 yuan. Settings set tighter limits."""

DENOMINATIONS_FEN = (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 2, 1)
"""Legal cash in circulation, notes and coins, largest first (domain 11.3); the last three are rare fen coins."""

COMMON_DENOMINATIONS_FEN = DENOMINATIONS_FEN[:8]
"""What a drawer really holds and a float is counted in."""

QUICK_STEPS_FEN = (500, 1_000, 2_000, 5_000, 10_000)

CashRounding = Literal["none", "fen", "jiao", "custom"]
_ROUNDING_UNIT_FEN = {"none": 1, "fen": 10, "jiao": 100}

_FULL_WIDTH = {ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９．，－", "0123456789.,-", strict=True)}
_WRITTEN = re.compile(r"(?P<sign>[+-]?)[¥￥]?(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,10})(?:\.(?P<cents>\d{1,2}))?", re.ASCII)


def yuan(fen: int) -> str:
    """Amount as it is shown and printed: 1230 -> "12.30", -5 -> "-0.05"; no grouping, no currency sign."""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{cents:02d}"


def parse_yuan(text: str) -> int | None:
    """Fen of a written amount: "12.3", "1,234.50", "¥12.00", "-6.50", full-width digits, a leading back-tick.

    None when it is no amount or has more than two decimals (domain 2.3).
    """
    match = _WRITTEN.fullmatch(text.translate(_FULL_WIDTH).strip().removeprefix("`"))
    if match is None:
        return None
    fen = int(match["whole"].replace(",", "")) * 100 + int((match["cents"] or "").ljust(2, "0"))
    return -fen if match["sign"] == "-" else fen


def typed_fen(digits: str) -> int:
    """Fen of digits typed the bank-POS way: they shift in from the right, "1230" is 12.30 (domain 14.2)."""
    assert digits == "" or (digits.isascii() and digits.isdigit()), digits
    return int(digits or "0")


def line_amount(price_fen: int, quantity_milli: int) -> int:
    """Amount of one line: price times quantity, rounded half up to the fen; a returned line mirrors its sale."""
    return divide_half_up(price_fen * quantity_milli, ONE_MILLI)


def rounding_unit(mode: CashRounding, custom_fen: int = 1) -> int:
    """The unit cash is rounded down to: 1 (not at all), 10 (抹分), 100 (抹角) or the shop's own."""
    return custom_fen if mode == "custom" else _ROUNDING_UNIT_FEN[mode]


def cash_rounding(due_fen: int, unit_fen: int) -> int:
    """What is waived so that the rest is a multiple of the unit: never negative, so a price can never go up.

    Rounding up is an offence (Price Law art. 13, domain 11.1). A sum below the unit is not rounded at all: cash must not
    be refused, and small coins are legal. For sales only: a refund gives back what was paid.
    """
    assert due_fen >= 0, due_fen
    assert unit_fen >= 1, unit_fen
    waived = due_fen % unit_fen if due_fen >= unit_fen else 0
    assert 0 <= waived <= due_fen
    return waived


def quick_cash(due_fen: int, steps_fen: tuple[int, ...] = QUICK_STEPS_FEN) -> tuple[int, ...]:
    """Amounts a customer is likely to hand over: exact, then the next 5, 10, 20, 50, 100 yuan; distinct, ascending."""
    assert due_fen >= 0, due_fen
    return tuple(sorted({due_fen, *(-(-due_fen // step) * step for step in steps_fen)}))


def change_pieces(change_fen: int, denominations: tuple[int, ...] = DENOMINATIONS_FEN) -> tuple[tuple[int, int], ...]:
    """Fewest notes and coins for the change, largest first: ((2000, 2), (500, 1)); sums to `change_fen` exactly."""
    assert change_fen >= 0, change_fen
    pieces: list[tuple[int, int]] = []
    rest = change_fen
    for denomination in denominations:
        count, rest = divmod(rest, denomination)
        if count:
            pieces.append((denomination, count))
    assert rest == 0, "the denominations cannot make up this sum"
    return tuple(pieces)


def counted_fen(pieces: dict[int, int]) -> int:
    """Sum of a count by denomination. Raises `ValueError` for an unknown denomination or a negative count."""
    if any(value not in DENOMINATIONS_FEN or count < 0 for value, count in pieces.items()):
        raise ValueError(f"not a count of cash: {pieces}")
    return sum(value * count for value, count in pieces.items())
