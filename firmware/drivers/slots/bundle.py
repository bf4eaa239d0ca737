"""Taking a release bundle apart on the terminal: whom it is from, whether it may follow what runs, and its files
(`wire.bundle`)."""

import os
import tarfile
from pathlib import Path
from typing import IO

from firmware.drivers.slots.slots import DAMAGED, SlotFault
from wire import release as wire
from wire.bundle import CHUNK_BYTES, BadBundle, check_follows, check_version, manifest_of, payload_of
from wire.release import Release


def opened(bundle: Path, version: str, runs: str, fleet_key: str, into: Path) -> Release:
    """Check `bundle` and unpack its payload into the empty folder `into`.

    Raises `SlotFault`: 2019 when the fleet has not signed it, 9003 when it is damaged or not the release `version`, 9015
    when it may not follow the release that runs. Files may lie in `into` then."""
    try:
        with tarfile.open(bundle, "r:") as tar:
            found = manifest_of(tar, fleet_key)
            check_version(found, version)
            check_follows(found, runs)
            _unpack(payload_of(tar, found), into)
            return found
    except BadBundle as wrong:
        raise SlotFault(wrong.code, wrong.reason) from wrong
    except (tarfile.TarError, EOFError, ValueError) as wrong:
        raise SlotFault(DAMAGED, f"the bundle cannot be read: {type(wrong).__name__}") from wrong


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
