"""The address of a slip's electronic copy: built by the terminal offline, checked by the backend, guessed by nobody.

A token names terminal, batch, trace and amount, and ends with 128 bits of an HMAC whose key is the hash of the sale's own
journal record. Both ends have that hash and nobody else: it stands on a chain that holds the terminal's whole past. So no
key is made, kept or sent; who could forge a token has the record already (ADR 13).
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import NamedTuple

VERSION = 1
MAC_BYTES = 16
COUNTER_MAX = 999_999
AMOUNT_MAX = 9_999_999_999
TOKEN_CHARS_MAX = 84
_TERMINAL = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TEXT = re.compile(r"[A-Za-z0-9_-]{40,84}")
_COUNTERS_BYTES = 3 + 3 + 5


class Token(NamedTuple):
    """What a token says; `mac` proves it."""

    terminal: str
    batch: int
    trace: int
    amount_fen: int
    mac: bytes


def receipt_token(terminal: str, batch: int, trace: int, amount_fen: int, record_hash: bytes) -> str:
    """Token of the sale `batch`-`trace` over `amount_fen`; `record_hash`: the 32 bytes of its record's chain hash. About
    50 characters that need no quoting in a URL."""
    head = _head(terminal, batch, trace, amount_fen)
    return base64.urlsafe_b64encode(head + _mac(head, record_hash)).rstrip(b"=").decode()


def read_receipt_token(text: str) -> Token | None:
    """The parts of a token, or None when it is none. Whether it is genuine, `is_genuine` says."""
    if not _TEXT.fullmatch(text):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    if len(raw) < 2 or raw[0] != VERSION or len(raw) != 2 + raw[1] + _COUNTERS_BYTES + MAC_BYTES:
        return None
    name, rest = raw[2 : 2 + raw[1]], raw[2 + raw[1] :]
    batch, trace = int.from_bytes(rest[:3], "big"), int.from_bytes(rest[3:6], "big")
    amount_fen = int.from_bytes(rest[6:11], "big")
    if not (name.isascii() and _TERMINAL.fullmatch(name.decode())) or max(batch, trace) > COUNTER_MAX:
        return None
    if amount_fen > AMOUNT_MAX or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        return None
    return Token(name.decode(), batch, trace, amount_fen, rest[11:])


def is_genuine(token: Token, record_hash: bytes) -> bool:
    """Whether the token was made with this record's hash; takes the same time whatever it finds."""
    head = _head(token.terminal, token.batch, token.trace, token.amount_fen)
    return hmac.compare_digest(_mac(head, record_hash), token.mac)


def _head(terminal: str, batch: int, trace: int, amount_fen: int) -> bytes:
    assert _TERMINAL.fullmatch(terminal), terminal
    assert 0 <= batch <= COUNTER_MAX, batch
    assert 0 <= trace <= COUNTER_MAX, trace
    assert 0 <= amount_fen <= AMOUNT_MAX, amount_fen
    name = terminal.encode()
    counters = batch.to_bytes(3, "big") + trace.to_bytes(3, "big") + amount_fen.to_bytes(5, "big")
    return bytes((VERSION, len(name))) + name + counters


def _mac(head: bytes, record_hash: bytes) -> bytes:
    assert len(record_hash) == 32
    return hmac.new(record_hash, b"pos-receipt-1\n" + head, hashlib.sha256).digest()[:MAC_BYTES]
