"""Operators' badges (domain 12): a QR code that stands for an operator, as good as a key. Pure.

A badge says `PB1`, the operator's number, 16 random bytes and a check. Who has the text has the badge: it is drawn on one
slip and kept nowhere; the terminal keeps its hash, beside those of the PINs. 128 random bits need no slow hash.
"""

import hashlib
import hmac
import re
from typing import NamedTuple

from rules.rights import role_of

TOKEN_BYTES = 16
CHECK_CHARS = 4
_BADGE = re.compile(r"PB1([0-9]{2})([0-9A-F]{32})([0-9A-F]{4})", re.ASCII)
_START = re.compile(r"PB1[0-9]{2}[0-9A-F]{8}", re.ASCII)


class Badge(NamedTuple):
    """A badge that was read whole. Whether it is the one now in force, `is_genuine` says."""

    operator: str
    token: bytes

    def __repr__(self) -> str:
        """Without the token."""
        return f"Badge({self.operator!r})"


def fresh_token(chance: bytes) -> bytes:
    """`TOKEN_BYTES` for a new badge out of random bytes that may be used for something else as well."""
    return hashlib.sha256(b"pos-badge-token-1\n" + chance).digest()[:TOKEN_BYTES]


def badge_text(operator: str, token: bytes) -> str:
    """What the QR code of the operator's badge says, of `TOKEN_BYTES` random bytes; letters and digits a QR code holds
    in its dense mode."""
    assert role_of(operator) is not None, operator
    assert len(token) == TOKEN_BYTES, len(token)
    body = f"PB1{operator}{token.hex().upper()}"
    return body + _check(body)


def read_badge(text: str) -> Badge | None:
    """The parts of a badge; None when it is none, is damaged, or names a number no operator has."""
    found = _BADGE.fullmatch(text)
    if found is None or _check(text[:-CHECK_CHARS]) != found[3] or role_of(found[1]) is None:
        return None
    return Badge(found[1], bytes.fromhex(found[2]))


def badge_like(text: str) -> bool:
    """Whether a scan is a badge, perhaps a damaged one: then nothing but a screen that asks for badges may see it."""
    return _START.search(text) is not None


def badge_hash(badge: Badge) -> bytes:
    """What is kept of a badge."""
    return hashlib.sha256(b"pos-badge-1\n" + badge.operator.encode() + badge.token).digest()


def is_genuine(badge: Badge, kept: bytes) -> bool:
    """Whether `kept` is this badge's hash; takes the same time whatever it finds."""
    return hmac.compare_digest(badge_hash(badge), kept)


def _check(body: str) -> str:
    """Four characters that tell a damaged code from a wrong one."""
    return hashlib.sha256(body.encode()).hexdigest()[:CHECK_CHARS].upper()
