"""What of a text may be kept in a log that others read: our own words and numbers, never what a customer showed.

A voucher code, a payment code, a phone and a card number are digits or letters in a row, and nobody can tell them from a
barcode or from each other. So nothing is looked for: only what has one of our own forms is let through, and of anything
else no more than its shape is said.
"""

import re

from rules.orders import read_order_no, read_refund_no, read_voucher_no
from rules.rights import Right

WORDS_MAX, WORD_CHARS_MAX, CHARS_MAX = 12, 20, 80

_RIGHTS = frozenset(right.value for right in Right)
_RECEIPT = re.compile(r"\d{6}-\d{6}", re.ASCII)
_WORD = re.compile(r"[A-Za-z]+(_[a-z]+)*[.,:;]?", re.ASCII)
_SHORT = re.compile(r"[+-]?\d{1,4}(\.\d{1,2})?[%.,:;]?|0x[0-9a-f]{1,2}[.,:;]?", re.ASCII)
_SETTING = re.compile(r"rights\.[a-z_]{1,20}\.[a-z_]{1,30}|vouchers\.grants\[\d{1,2}\]", re.ASCII)
"""Paths of settings that are named where somebody has to change them."""

_DIGITS_IN_ALL_MAX = 6
"""Short numbers of one text have no more digits than this together: a phone number in groups is no short numbers."""


def is_subject(text: str) -> bool:
    """Whether this is a number of ours: of a payment, a refund, a voucher's use or a receipt."""
    if _RECEIPT.fullmatch(text):
        return True
    order = read_order_no(text)
    if order is not None:
        return text[:2] == "20" and order.epoch > 0 and order.attempt > 0
    return read_refund_no(text) is not None or read_voucher_no(text) is not None


def discreet(text: str) -> str:
    """`text` with every word that is not plainly ours replaced by its shape: `<13>` stands for thirteen characters.

    For what our own code writes: reasons of alarms, names of rights. At most 80 characters."""
    kept: list[str] = []
    digits = 0
    for word in text.split()[:WORDS_MAX]:
        digits += sum(map(str.isdigit, word)) if _SHORT.fullmatch(word) else 0
        kept.append(word if _is_ours(word, digits) else f"<{len(word)}>")
    return " ".join(kept)[:CHARS_MAX].rstrip()


def terse(text: str) -> str:
    """What may be kept of what a refusal was about, where a person's input may stand: the name of a right, a number of
    ours, or only how long it was."""
    if not text or text in _RIGHTS or is_subject(text):
        return text
    return f"<{len(text)}>"


def _is_ours(word: str, digits: int) -> bool:
    if word in _RIGHTS or is_subject(word) or _SETTING.fullmatch(word):
        return True
    if _SHORT.fullmatch(word):
        return digits <= _DIGITS_IN_ALL_MAX
    return len(word) <= WORD_CHARS_MAX and _WORD.fullmatch(word) is not None
