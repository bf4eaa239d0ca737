"""What is a full card number, and what only looks like one: the table a scan or a typed entry is held against (domain 1.2).

One barcode in ten passes the check of card numbers, so the check alone refuses goods. A number is a card's when its
issuer, its length and its check digit fit, and it is no goods code:

| digits | a card's when it begins with | unless |
|---|---|---|
| 13 | 4 (old Visa) | the check digit is right for an EAN-13 |
| 14 | 300-305, 3095, 36, 38, 39 (Diners) | the check digit is right for a GTIN-14 |
| 15 | 34, 37 (American Express) | the scanner says it is an EAN-13 with an add-on |
| 16-19 | 3, 4, 5, 60-69, 81, 9558, 2221-2720 | the scanner says it is an EAN-13 with an add-on |

A code the price list knows is goods whatever its digits (`txn.card_numbers` asks it first), and so is a customer's
payment code where one is scanned.
"""

import re

from rules.barcodes import AIM_SYMBOLOGIES, clean_scan, is_valid, strip_aim
from rules.payment_codes import CARD_DIGITS_MAX, CARD_DIGITS_MIN, LAST_CHARS, luhn

_TRACK = re.compile(r"(?:%B|;)?(\d(?:[ -]?\d){12,18})(?:[=^D?].*)?", re.ASCII | re.DOTALL)
"""Digits alone, in groups, or as a magnetic stripe reader sends them: `;4111111111111111=2512...?`."""

_ISSUERS: dict[int, str] = {
    13: r"4",
    14: r"30[0-5]|3095|3[689]",
    15: r"34|37",
}
_ISSUERS_LONG = r"[345]|6|81|9558|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720"
_GOODS = frozenset({"ean13", "ean13_addon", "ean8"})


def card_digits(text: str, symbology: str = "") -> str | None:
    """The digits of the full card number that `text` is, by the table above; None: it is none.

    `symbology`: AIM identifier without its bracket, "" for what was typed or when the scanner sends none."""
    clean, aim = strip_aim(clean_scan(text))
    found = _TRACK.fullmatch(clean.strip())
    if found is None or AIM_SYMBOLOGIES.get(symbology or aim, "") in _GOODS:
        return None
    digits = found[1].replace(" ", "").replace("-", "")
    assert CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX, "the pattern counts them"
    if not luhn(digits) or re.match(_ISSUERS.get(len(digits), _ISSUERS_LONG), digits) is None:
        return None
    return None if len(digits) <= 14 and is_valid(digits) else digits


def masked(digits: str) -> str:
    """`**** 1111`: all that a screen may show of it."""
    return f"**** {digits[-LAST_CHARS:]}"
