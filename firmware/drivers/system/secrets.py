"""Slow or secret computing: hashes of PINs, signatures of the journal key."""

import hashlib

from wire.records import seal_text

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
SCRYPT_BYTES_MAX = 64 * 1024 * 1024
HASH_BYTES = 32
PIN_CHARS_MAX = 64


def pin_hash(pin: str, salt: bytes) -> bytes:
    """scrypt of a PIN: 16 MiB and about 50 ms here, so that a stolen card does not give the PINs away at once."""
    assert 0 < len(pin) <= PIN_CHARS_MAX
    assert salt
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, maxmem=SCRYPT_BYTES_MAX, dklen=HASH_BYTES
    )


class JournalKey:
    """The Ed25519 key that seals the journal (decisions 11); `raw` are its 32 secret bytes, as the store keeps them."""

    def __init__(self, raw: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(raw)

    @property
    def public_hex(self) -> str:
        """The public half, announced at birth."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign_seal(self, terminal: str, epoch: int, upto: int, hash_hex: str) -> str:
        """Signature over the chain at `upto`, in hex."""
        return self._key.sign(seal_text(terminal, epoch, upto, hash_hex)).hex()
