"""What platforms and channels gave the shop to prove itself with: a TOML file of mode 0600 that is named to `posfleet
serve`, never a command line, never a log. Tokens that a platform renews are kept beside it, in `NAME.tokens`, 0600 too.

    [douyin]
    client_key = "…"
    client_secret = "…"

    [meituan_dining]
    developer_id = "…"
    sign_key = "…"

    [meituan_dining.shops.SHOP_NUMBER]
    access_token = "…"
    refresh_token = "…"
"""

import json
import stat
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fleet.doors.clock import Clock, Until
from fleet.files import PRIVATE, replace_whole

BYTES_MAX = 65_536
EARLY_MS = 60_000
"""A token is renewed this long before it ends."""


def read_credentials(path: Path) -> dict[str, dict[str, Any]]:
    """Tables of the file, by platform. Raises `OSError`, or `ValueError` that says what is wrong and holds no secret."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path}: others may read it; chmod 600")
    with path.open("rb") as file:
        words = file.read(BYTES_MAX + 1)
    if len(words) > BYTES_MAX:
        raise ValueError(f"{path}: larger than {BYTES_MAX} bytes")
    try:
        tables = tomllib.loads(words.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path}: no TOML") from None  # the vendor's text may quote a line
    if not all(isinstance(table, dict) for table in tables.values()):
        raise ValueError(f"{path}: a table for each platform is wanted")
    return tables


class Unusable(ValueError):
    """What is wrong, in words that hold no secret."""


def read_pem(path: Path) -> str:
    """The text of a PEM file. Raises `OSError`, or `Unusable`; a private key must not be readable by others."""
    with path.open("rb") as file:
        words = file.read(BYTES_MAX + 1)
    if len(words) > BYTES_MAX or b"-----BEGIN " not in words or not words.isascii():
        raise Unusable(f"{path}: no PEM")
    if b"PRIVATE KEY-----" in words and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Unusable(f"{path}: others may read it; chmod 600")
    return words.decode("ascii")


def said(trouble: ValueError) -> str:
    """What is wrong with a table: names and kinds, never a value."""
    if isinstance(trouble, msgspec.ValidationError | Unusable):
        return str(trouble)
    return "a key or an address that cannot be used"


class Token(msgspec.Struct, frozen=True):
    """What opens a platform's door for a while. `until_ms`: UTC, 0 where it was not told."""

    access: str = ""
    refresh: str = ""
    until_ms: int = 0

    def __repr__(self) -> str:
        return "Token(…)"


class TokenFile:
    """Renewed tokens by platform, in one file that is replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, name: str) -> Token | None:
        """The token kept last. Raises `OSError` or `ValueError` when the file is there but cannot be read."""
        with self._lock:
            return self._all().get(name)

    def put(self, name: str, token: Token) -> None:
        """Keep it before it is used: a refresh token is often good once only. Raises `OSError`."""
        with self._lock:
            held = self._all()
            held[name] = token
            replace_whole(self._path, msgspec.json.encode(held), PRIVATE)

    def _all(self) -> dict[str, Token]:
        try:
            words = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            return msgspec.convert(json.loads(words), dict[str, Token])
        except (ValueError, msgspec.ValidationError):
            raise ValueError(f"{self._path}: no tokens") from None


Renew = Callable[[Token, Until], Token]


@dataclass(slots=True)
class Keeper:
    """Hands out the token that is valid now; renews it early, or when the platform called it expired, once for all threads
    that found that out."""

    name: str
    file: TokenFile
    clock: Clock
    first: Token  # as the credentials file says
    _held: Token | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, renew: Renew, until: Until) -> Token:
        with self._lock:
            held = self._held or self.file.get(self.name) or self.first
            if not held.access or (held.until_ms and held.until_ms - EARLY_MS <= self.clock.wall_ms()):
                held = self._renewed(held, renew, until)
            self._held = held
            return held

    def expired(self, token: Token, renew: Renew, until: Until) -> Token:
        """Another one than this, which the platform calls expired."""
        with self._lock:
            held = self._held or self.first
            if held.access == token.access:
                held = self._renewed(held, renew, until)
            return held

    def _renewed(self, held: Token, renew: Renew, until: Until) -> Token:
        fresh = renew(held, until)
        self.file.put(self.name, fresh)
        self._held = fresh
        return fresh
