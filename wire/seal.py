"""The signed head of a journal as text, short enough for a QR code on a Z slip (decisions 11).

`S1:TERMINAL:EPOCH:SEQ:HASH:SIGNATURE`, both binary parts in URL-safe Base64 without padding.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

FORM = "S1"
WORDS_MAX = 220


@dataclass(frozen=True, slots=True)
class SealSeen:
    """What such a text says; `hash` and `signature` in hex as in the `Seal` fact."""

    terminal: str
    epoch: int
    upto: int
    hash: str
    signature: str


def seal_words(terminal: str, epoch: int, upto: int, hash_hex: str, signature_hex: str) -> str:
    """The text of a seal."""
    parts = (FORM, terminal, str(epoch), str(upto), _short(hash_hex), _short(signature_hex))
    return ":".join(parts)


def read_seal_words(words: str) -> SealSeen | None:
    """What the text says; None when it is no seal."""
    parts = words.strip().split(":")
    if len(words) > WORDS_MAX or len(parts) != 6 or parts[0] != FORM or not (parts[2] + parts[3]).isdecimal():
        return None
    digest, signature = _long(parts[4]), _long(parts[5])
    if len(digest) != 64 or len(signature) != 128:
        return None
    return SealSeen(parts[1], int(parts[2]), int(parts[3]), digest, signature)


def _short(hex_text: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(hex_text)).decode().rstrip("=")


def _long(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except (binascii.Error, ValueError):
        return ""
