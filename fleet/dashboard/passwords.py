"""Passwords of the dashboard's users: how one must be, and the hash that is kept of it (scrypt, as for PINs)."""

import hashlib
import secrets
import threading
import unicodedata
from typing import Literal

import msgspec

CHARS_MIN = 10
CHARS_MAX = 200
KINDS_MIN = 4
"""Different characters a password must have."""

_N, _R, _P = 2**15, 8, 1
_SALT_BYTES = 16
_KEY_BYTES = 32
_MEMORY_BYTES = 64 * 1024 * 1024
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each computation takes 32 MiB and about 0.1 s: a flood of sign-ins must not take the machine."""

Weakness = Literal["", "short", "long", "plain", "name"]


class Hash(msgspec.Struct, frozen=True):
    """A password's hash with all it takes to compute it again."""

    salt: str
    key: str
    n: int
    r: int
    p: int


def weakness(user: str, password: str) -> Weakness:
    """Why a password is not taken; empty: it is. Length counts, not kinds of characters (NIST SP 800-63B)."""
    if len(password) < CHARS_MIN:
        return "short"
    if len(password) > CHARS_MAX:
        return "long"
    if len(set(password)) < KINDS_MIN:
        return "plain"
    return "name" if user.lower() in password.lower() and len(password) - len(user) < CHARS_MIN - 2 else ""


def hashed(password: str) -> Hash:
    """A new hash under a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return Hash(salt.hex(), _scrypt(password, salt, _N, _R, _P).hex(), _N, _R, _P)


def fits(password: str, kept: Hash | None) -> bool:
    """Whether the password is the one that was hashed. With None the same work is done, so that a name nobody has takes
    no less time."""
    against = kept or _NOBODY
    if len(password) > CHARS_MAX:
        return False
    key = _scrypt(password, bytes.fromhex(against.salt), against.n, against.r, against.p)
    return secrets.compare_digest(key, bytes.fromhex(against.key)) and kept is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    said = unicodedata.normalize("NFC", password).encode()
    with _AT_ONCE:
        return hashlib.scrypt(said, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY_BYTES, dklen=_KEY_BYTES)


_NOBODY = Hash("00" * _SALT_BYTES, "00" * _KEY_BYTES, _N, _R, _P)
