"""What the backend keeps of vouchers' codes: never the code. A code that is not redeemed yet is as good as money.

To find a code again (second use, look-up, statement) a keyed digest is kept: without the backend's key nobody can try all
codes against it. What an adapter needs later (handles, and the code of a voucher registered without a link) is sealed with
AES-SIV under a key of its own and taken out as soon as it is needed no more.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

DIGEST_CHARS, REF_CHARS = 32, 32
_KEYS_FROM = b"pos-voucher-vault-1"


class Vault:
    """`sign` makes the fleet key's Ed25519 signature, which is the same each time: both keys come from it, so that they
    need no file of their own."""

    def __init__(self, sign: Callable[[bytes], bytes]) -> None:
        secret = sign(_KEYS_FROM)
        self._digest_key = hashlib.sha256(b"digest" + secret).digest()
        self._siv = AESSIV(hashlib.sha512(b"seal" + secret).digest())

    def seal(self, plain: bytes) -> bytes:
        """Empty stays empty."""
        return self._siv.encrypt(plain, [_KEYS_FROM]) if plain else b""

    def open(self, sealed: bytes) -> bytes:
        """Raises `ValueError` when this key did not seal it."""
        try:
            return self._siv.decrypt(sealed, [_KEYS_FROM]) if sealed else b""
        except InvalidTag as trouble:
            raise ValueError("sealed with another key") from trouble

    def digest(self, code: str) -> str:
        """By which a code is found again, however it was typed; "" for none."""
        plain = plain_code(code)
        return self._mac(b"code", plain.encode())[:DIGEST_CHARS] if plain else ""

    def ref(self, *parts: str) -> str:
        """A name nobody can guess."""
        return self._mac(b"ref", "\n".join(parts).encode())[:REF_CHARS]

    def _mac(self, what: bytes, plain: bytes) -> str:
        return hmac.new(self._digest_key, what + b"\n" + plain, hashlib.sha256).hexdigest()


def plain_code(code: str) -> str:
    """A code without what people and scanners add: blanks, hyphens between digits, the last stroke of a link."""
    text = code.strip()
    if "/" in text:
        return text.rstrip("/")
    closed = text.replace(" ", "").replace("-", "")
    return closed if closed.isdigit() else text
