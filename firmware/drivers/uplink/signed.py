"""Whether something is the fleet's own word: its Ed25519 signature, checked in the uplink's worker."""

from wire.fleet import Purpose, Signed, signed_text


def is_signed(fleet_key: str, purpose: Purpose, signed: Signed) -> bool:
    """Whether `fleet_key` (public, hex; empty: nobody is believed) signed this text for this purpose."""
    return bool(fleet_key) and verifies(fleet_key, signed.signature, signed_text(purpose, signed.text))


def verifies(fleet_key: str, signature: str, text: bytes) -> bool:
    """Whether the signature, in hex, over `text` is right."""
    from cryptography.exceptions import InvalidSignature  # 20 ms to import: in the worker, not at boot
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(fleet_key)).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
