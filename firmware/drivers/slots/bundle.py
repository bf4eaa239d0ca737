"""Reading a release bundle: whom it is from, whether it may follow what runs, and its files (`wire.release`)."""

import hashlib
import os
import tarfile
from pathlib import Path
from typing import IO, Final

import msgspec

from firmware.drivers.slots.slots import DAMAGED, NOT_SIGNED, TOO_OLD, SlotFault
from wire import release as wire
from wire.fleet import signed_text
from wire.release import Release, newer

CHUNK_BYTES: Final = 64 * 1024


def opened(bundle: Path, version: str, runs: str, fleet_key: str, into: Path) -> Release:
    """Check `bundle` and unpack its payload into the empty folder `into`.

    Raises `SlotFault`: 2019 when the fleet has not signed it, 9003 when it is damaged or not the release `version`, 9015
    when it may not follow the release that runs. Files may lie in `into` then."""
    try:
        with tarfile.open(bundle, "r:") as tar:
            if tuple(each.name for each in tar.getmembers()) != wire.MEMBERS:
                raise SlotFault(DAMAGED, "not a bundle")
            manifest = _read(tar, wire.MANIFEST)
            if not _signed(fleet_key, manifest, _read(tar, wire.SIGNATURE)):
                raise SlotFault(NOT_SIGNED, "the bundle is not signed by the fleet")
            found = _manifest(manifest)
            _may_follow(found, version, runs)
            payload = tar.extractfile(wire.PAYLOAD)
            assert payload is not None
            _check(payload, found)
            payload.seek(0)
            _unpack(payload, into)
            return found
    except (tarfile.TarError, EOFError, ValueError) as wrong:
        raise SlotFault(DAMAGED, f"the bundle cannot be read: {type(wrong).__name__}") from wrong


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    data = file.read(wire.MANIFEST_BYTES_MAX + 1) if file is not None else b""
    if not 0 < len(data) <= wire.MANIFEST_BYTES_MAX:
        raise SlotFault(DAMAGED, f"{name} is too large")
    return data


def _signed(fleet_key: str, manifest: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(fleet_key))
        key.verify(bytes.fromhex(signature.decode("ascii").strip()), signed_text("release", manifest.decode()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _manifest(data: bytes) -> Release:
    try:
        return msgspec.json.decode(data, type=Release)
    except msgspec.MsgspecError as wrong:
        raise SlotFault(DAMAGED, f"its manifest: {wrong}"[:120]) from wrong


def _may_follow(found: Release, version: str, runs: str) -> None:
    if found.version != version:
        raise SlotFault(DAMAGED, f"it is {found.version}, not {version}")
    if found.minimum and newer(found.minimum, runs):
        raise SlotFault(TOO_OLD, f"it follows {found.minimum} at the earliest, {runs} runs")
    if newer(runs, found.version) and not found.downgrade:
        raise SlotFault(TOO_OLD, f"{runs} runs, which is newer")


def _check(payload: IO[bytes], found: Release) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := payload.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    if size != found.size or digest.hexdigest() != found.sha256:
        raise SlotFault(DAMAGED, "its payload is another")


def _unpack(payload: IO[bytes], into: Path) -> None:
    """Files and folders only, inside `into`, all of them durable."""
    files, size = 0, 0
    with tarfile.open(fileobj=payload, mode="r:gz") as tar:
        for each in tar:
            files, size = files + 1, size + each.size
            path = Path(each.name)
            if files > wire.FILES_MAX or size > wire.UNPACKED_BYTES_MAX:
                raise SlotFault(DAMAGED, "its payload is too large")
            if path.is_absolute() or ".." in path.parts or not (each.isfile() or each.isdir()):
                raise SlotFault(DAMAGED, "its payload holds what no release holds")
            if each.isdir():
                (into / path).mkdir(parents=True, exist_ok=True)
            else:
                _write(tar, each, into / path)
    for folder in sorted({into, *(each for each in into.rglob("*") if each.is_dir())}):
        _sync(folder, os.O_DIRECTORY)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None
    with path.open("wb") as file:
        while chunk := source.read(CHUNK_BYTES):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _sync(path: Path, flags: int) -> None:
    fd = os.open(path, os.O_RDONLY | flags)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
