"""What was typed or scanned where a voucher belongs: told apart before anything leaves the terminal (domain 3.2).

A code that is not redeemed yet is as good as money: people see its last four signs, the books a digest.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from rules.barcodes import clean_scan, has_hidden, is_valid, strip_aim
from rules.deals import Platform
from rules.payment_codes import recognised
from rules.settings_counter import CodeChannel
from rules.settings_vouchers import VoucherPlatform
from rules.slip_code import read_slip_code

TYPED_DIGITS_MIN, TYPED_DIGITS_MAX = 8, 20
SCAN_CHARS_MAX = 1_024
GROUP, LAST_CHARS, DIGEST_CHARS = 4, 4, 16

BAD_FORMAT, UNSUPPORTED, CHANNEL_OFF = 3001, 3024, 3025

Fault = Literal["", "empty", "letters", "short", "long", "hidden", "goods", "payment", "slip", "host", "off", "link"]
"""Why a text is no voucher's code; the text for people is `voucherfault__FAULT` of the room that shows it."""

_TYPED = re.compile(r"[0-9]+", re.ASCII)
_PLAIN = re.compile(r"[0-9A-Za-z_./+=:-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is. `platform` "": nobody can tell, the cashier chooses or the backend finds out. With a `fault`
    nothing may be asked with it, and `refusal` is its code."""

    text: str = field(default="", repr=False)
    platform: Platform | Literal[""] = ""
    link: bool = False
    fault: Fault = ""
    refusal: int = 0

    @property
    def last4(self) -> str:
        """All that may be shown of it."""
        return self.text[-LAST_CHARS:]


def read_code(
    raw: str,
    scanned: bool,
    platforms: Iterable[VoucherPlatform],
    channels: Iterable[CodeChannel] = (),
    is_goods: Callable[[str], bool] = lambda code: False,
) -> Reading:
    """The code in what was typed or scanned on a voucher screen. `channels`: whose payment codes are told of as such when
    they are scanned; `is_goods`: whether the price list knows a code. The check of card numbers is not applied: one
    voucher in ten passes it (domain 1.2)."""
    rows = tuple(platforms)
    text = strip_aim(clean_scan(raw))[0].strip() if scanned else raw.replace(" ", "").replace("-", "")
    if not text:
        return Reading(fault="empty", refusal=BAD_FORMAT)
    if has_hidden(text) or not text.isascii():
        return Reading(fault="hidden", refusal=BAD_FORMAT)
    if scanned and text.lower().startswith(("http://", "https://")):
        return _link(text, rows)
    bare = text.replace(" ", "").replace("-", "")
    if not _TYPED.fullmatch(bare):
        return _other(text, scanned, channels)
    text = bare  # in groups, as it stands on the customer's screen (domain 3.2)
    if scanned and (is_goods(text) or (len(text) in (8, 13) and is_valid(text) and _platform(text, rows) is None)):
        return Reading(fault="goods", refusal=BAD_FORMAT)
    if len(text) < TYPED_DIGITS_MIN:
        return Reading(fault="short", refusal=BAD_FORMAT)
    row = _platform(text, rows)
    if scanned and row is None and recognised(text, channels) is not None:
        return Reading(fault="payment", refusal=BAD_FORMAT)
    if len(text) > TYPED_DIGITS_MAX:
        return Reading(fault="long", refusal=BAD_FORMAT)
    return _of(text, row, link=False)


def could_be_voucher(raw: str, platforms: Iterable[VoucherPlatform]) -> bool:
    """Whether a scan outside the voucher screen is surely a voucher: a link of a platform's host, or a code whose pattern
    begins with signs of its own (the shop's vouchers). Digits that might be goods are not."""
    text = strip_aim(clean_scan(raw))[0].strip()
    rows = tuple(platforms)
    if text.lower().startswith(("http://", "https://")):
        return _link(text, rows).fault in ("", "off")
    row = _platform(text, rows) if _TYPED.fullmatch(text) else None
    return row is not None and row.pattern[:2].isdigit()


def grouped(code: str) -> str:
    """`123456789012` -> `1234 5678 9012`, as it is typed (domain 3.2)."""
    return " ".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def digest(key: str, code: str) -> str:
    """By which a second scan of the same code is known at this terminal. `key`: the terminal's journal key, so that the
    same code has another digest elsewhere and no list of all codes can be made once for everybody."""
    plain = code.strip().rstrip("/") if "/" in code else code.replace(" ", "").replace("-", "").strip()
    return hashlib.sha256(f"pos-voucher-1\n{key}\n{plain}".encode()).hexdigest()[:DIGEST_CHARS]


def _platform(digits: str, rows: tuple[VoucherPlatform, ...]) -> VoucherPlatform | None:
    return next((row for row in rows if row.pattern and re.compile(row.pattern, re.ASCII).fullmatch(digits)), None)


def _of(text: str, row: VoucherPlatform | None, link: bool) -> Reading:
    if row is not None and not row.enabled:
        return Reading(text, row.platform, link, "off", CHANNEL_OFF)
    return Reading(text, row.platform if row else "", link)


def _link(text: str, rows: tuple[VoucherPlatform, ...]) -> Reading:
    """A link is sent raw, whole; only its host says whose it is."""
    if len(text) > SCAN_CHARS_MAX:
        return Reading(fault="long", refusal=BAD_FORMAT)
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return Reading(fault="link", refusal=BAD_FORMAT)
    if not host or (parts.path in ("", "/") and not parts.query):
        return Reading(fault="link", refusal=BAD_FORMAT)  # half a scan: a host without anything behind it
    fits = (row for row in rows for each in row.hosts if host == each or host.endswith(f".{each}"))
    row = next(fits, None)
    return _of(text, row, link=True) if row else Reading(fault="host", refusal=UNSUPPORTED)


def _other(text: str, scanned: bool, channels: Iterable[CodeChannel]) -> Reading:
    """Neither digits nor a link: a QR of an order is sent raw, typed letters are a typing error. What is ours or a
    channel's goes to no platform: a member's code is money, too."""
    if not scanned:
        return Reading(fault="letters", refusal=BAD_FORMAT)
    if read_slip_code(text) is not None:
        return Reading(fault="slip", refusal=BAD_FORMAT)
    if recognised(text, channels) is not None:
        return Reading(fault="payment", refusal=BAD_FORMAT)
    if len(text) > SCAN_CHARS_MAX:
        return Reading(fault="long", refusal=BAD_FORMAT)
    if len(text) < TYPED_DIGITS_MIN or not _PLAIN.fullmatch(text):
        return Reading(fault="letters", refusal=BAD_FORMAT)
    return Reading(text)
