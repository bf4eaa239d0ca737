"""Reading a release bundle (`wire.release`): whom it is from, which release it holds, and whether its payload is whole.

One reading for both ends: the terminal before it unpacks anything, the fleet before it orders anything.
"""

import hashlib
import tarfile
from typing import IO, Final, Literal

import msgspec

from wire.fleet import signed_text
from wire.release import MANIFEST, MANIFEST_BYTES_MAX, MEMBERS, PAYLOAD, SIGNATURE, Release, newer

CHUNK_BYTES: Final = 64 * 1024
NOT_SIGNED, DAMAGED, TOO_OLD = 2019, 9003, 9015
What = Literal["damaged", "unsigned", "version", "minimum", "older"]
_CODES: Final[dict[What, int]] = {
    "damaged": DAMAGED, "unsigned": NOT_SIGNED, "version": DAMAGED, "minimum": TOO_OLD, "older": TOO_OLD,
}  # fmt: skip


class BadBundle(Exception):
    """Why a bundle is not taken. `what`: damaged (or no bundle at all), unsigned (not by this key), version (it holds the
    release `found`), minimum (it follows `found` at the earliest), older (than what runs, and not made to follow it)."""

    def __init__(self, what: What, reason: str, found: str = "") -> None:
        super().__init__(reason)
        self.what, self.reason, self.found = what, reason, found

    @property
    def code(self) -> int:
        """The error code a terminal reports."""
        return _CODES[self.what]


def manifest_of(tar: tarfile.TarFile, fleet_key: str | None) -> Release:
    """What the bundle says of itself. `fleet_key` in hex signed it; None, never on a terminal: nobody knows the key, and the
    signature goes unread. Raises `BadBundle`, `tarfile.TarError`, `EOFError`, `ValueError`."""
    members = tar.getmembers()
    if tuple(each.name for each in members) != MEMBERS or not all(each.isreg() for each in members):
        raise BadBundle("damaged", "not a bundle")
    manifest, signature = _read(tar, MANIFEST), _read(tar, SIGNATURE)
    if fleet_key is not None and not _is_signed(fleet_key, manifest, signature):
        raise BadBundle("unsigned", "the bundle is not signed by the fleet")
    try:
        return msgspec.json.decode(manifest, type=Release)
    except msgspec.MsgspecError as wrong:
        raise BadBundle("damaged", f"its manifest: {wrong}"[:120]) from wrong


def check_version(found: Release, version: str) -> None:
    """Raises `BadBundle` when it is not the release that was ordered."""
    if found.version != version:
        raise BadBundle("version", f"it is {found.version}, not {version}", found.version)


def check_follows(found: Release, runs: str) -> None:
    """Raises `BadBundle` when it may not follow the release that runs."""
    if found.minimum and newer(found.minimum, runs):
        raise BadBundle("minimum", f"it follows {found.minimum} at the earliest, {runs} runs", found.minimum)
    if newer(runs, found.version) and not found.downgrade:
        raise BadBundle("older", f"{runs} runs, which is newer", found.version)


def payload_of(tar: tarfile.TarFile, found: Release) -> IO[bytes]:
    """The payload from its beginning, once its size and digest have proven to be those that were signed. Raises as
    `manifest_of`."""
    payload = tar.extractfile(PAYLOAD)
    if payload is None:
        raise BadBundle("damaged", "not a bundle")
    digest, size = hashlib.sha256(), 0
    while chunk := payload.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    if size != found.size or digest.hexdigest() != found.sha256:
        raise BadBundle("damaged", "its payload is another")
    payload.seek(0)
    return payload


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    data = file.read(MANIFEST_BYTES_MAX + 1) if file is not None else b""
    if not 0 < len(data) <= MANIFEST_BYTES_MAX:
        raise BadBundle("damaged", f"{name} is too large")
    return data


def _is_signed(fleet_key: str, manifest: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(fleet_key))
        key.verify(bytes.fromhex(signature.decode("ascii").strip()), signed_text("release", manifest.decode()))
    except (ValueError, InvalidSignature):
        return False
    return True
