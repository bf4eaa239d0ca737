"""Customers' payment codes and card numbers: told apart by a table that can be pushed, and kept out (domain 1.1, 1.2).

A payment code is a bearer credential for a minute. Nothing here keeps, logs or shows one; people see `last4` only.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rules.rounding import share_half_up
from rules.settings_counter import CodeChannel

CODE_CHARS_MAX = 64
LAST_CHARS = 4
CARD_DIGITS_MIN, CARD_DIGITS_MAX = 13, 19

PATTERN_WAYS_MAX = 1_000
"""So many ways at most a pattern may be laid over a code: what a hostile code could make the matcher try."""

_PIECE = re.compile(
    r"(?P<mark>[(|)])|(?:[0-9A-Za-z-]|\\d|\[\^?(?:[0-9A-Za-z-]|\\d)+\])(?:\{(?P<low>\d{1,2})(?:,(?P<high>\d{1,2}))?\})?",
    re.ASCII,
)


def pattern_fits(pattern: str) -> bool:
    """Whether a pushed pattern may be used: it compiles, is made of letters, digits, classes, counted repetition and
    alternatives in one level of groups, none of them repeated, and cannot take long on a hostile code."""
    try:
        re.compile(pattern, re.ASCII)
    except re.error:
        return False
    return 0 < _ways(pattern.removeprefix("^").removesuffix("$")) <= PATTERN_WAYS_MAX


def _ways(pattern: str) -> int:
    """In how many ways a pattern can be laid over a code: alternatives add up, what follows one another multiplies, and
    `{m,n}` has a way for each length. 0 for a pattern that is not made as `pattern_fits` says."""
    outside, place = [1], 0  # ways of each alternative so far
    inside: list[int] | None = None  # the same within the group that is open
    while place < len(pattern):
        piece = _PIECE.match(pattern, place)
        if piece is None:
            return 0
        place = piece.end()
        here = outside if inside is None else inside
        match piece["mark"]:
            case "(" if inside is None:
                inside = [1]
            case ")" if inside is not None:
                outside[-1] *= sum(inside)
                inside = None
            case "|":
                here.append(1)
            case None:
                low = int(piece["low"] or 1)
                here[-1] *= max(0, int(piece["high"] or low) - low + 1)
            case _:
                return 0
    return sum(outside) if inside is None else 0


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def recognised(code: str, channels: Iterable[CodeChannel]) -> CodeChannel | None:
    """The channel a scanned code belongs to: the first of the table whose pattern is the whole code. A channel that is
    switched off is found too, so that it can be said that it is off (5014); None: no payment code (5001)."""
    if not 0 < len(code) <= CODE_CHARS_MAX:
        return None
    return next((channel for channel in channels if _compiled(channel.pattern).fullmatch(code)), None)


def last4(code: str) -> str:
    """All that may be kept of a code."""
    return code[-LAST_CHARS:]


def luhn(digits: str) -> bool:
    """Whether the check digit is that of a card number."""
    if not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def may_be_card(text: str) -> bool:
    """Whether what was typed or scanned into a payment or card field may be a full card number: 13 to 19 digits that
    pass the check, blanks and hyphens apart. Only in such fields: one in ten barcodes passes it too (domain 1.2)."""
    digits = text.replace(" ", "").replace("-", "")
    return CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX and luhn(digits)


def fee_fen(amount_fen: int, rate_ppm: int) -> int:
    """What the channel takes of an amount by the shop's rate, half up to the fen; a report's figure, never a sale's."""
    assert amount_fen >= 0, amount_fen
    return share_half_up(amount_fen, rate_ppm, 1_000_000)
