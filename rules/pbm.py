"""Logos: a black and white picture as PBM (P4, the netpbm format), in Base64 in the settings."""

import base64
import binascii
import re
from dataclasses import dataclass

LOGO_DOTS_MAX = 384
"""As wide as paper of 58 mm."""

LOGO_ROWS_MAX = 240
"""30 mm; more would be an advertisement."""

_HEAD = re.compile(rb"P4(?:\s+#[^\n]*\n|\s)+?(\d{1,5})(?:\s+#[^\n]*\n|\s)+?(\d{1,5})\s")


class LogoError(ValueError):
    """The text is no logo; the message says why."""


@dataclass(frozen=True, slots=True)
class Logo:
    """`data` row by row, eight dots a byte, the first dot in the highest bit, a set bit is black."""

    width: int
    height: int
    data: bytes


def logo(text: str) -> Logo:
    """The picture in a setting. Raises `LogoError`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise LogoError("not Base64") from wrong
    head = _HEAD.match(raw)
    if head is None:
        raise LogoError("no PBM of kind P4")
    width, height = int(head[1]), int(head[2])
    if not (1 <= width <= LOGO_DOTS_MAX and 1 <= height <= LOGO_ROWS_MAX):
        raise LogoError(f"{width} x {height} dots, at most {LOGO_DOTS_MAX} x {LOGO_ROWS_MAX}")
    data = raw[head.end() :]
    if len(data) != (width + 7) // 8 * height:
        raise LogoError(f"{len(data)} bytes of picture, {(width + 7) // 8 * height} expected")
    return Logo(width, height, data)
