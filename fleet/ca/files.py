"""Files of the authority: written whole or not at all, never over another, private keys for their owner only."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644
LOCK = "ca.lock"


class Taken(Exception):
    """Something is there already, and is not written over."""


def is_private(name: str) -> bool:
    return name.endswith((".key", ".db"))


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` with these files in one step. Raises `Taken` (it is there and not empty) or `OSError`."""
    if folder.exists() and any(folder.iterdir()):
        raise Taken(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        for name, data in files.items():
            _write(draft / name, data, PRIVATE if is_private(name) else PUBLIC)
        _sync(draft)
        try:
            draft.rename(folder)  # takes the place of an empty folder, and of nothing else
        except OSError as full:
            if folder.exists() and any(folder.iterdir()):
                raise Taken(str(folder)) from full
            raise
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def add_file(path: Path, data: bytes) -> None:
    """A new file. Raises `Taken` or `OSError`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(draft, data, PRIVATE if is_private(path.name) else PUBLIC)
    try:
        os.link(draft, path)
    except FileExistsError as there:
        raise Taken(str(path)) from there
    finally:
        draft.unlink()
    _sync(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """A file whose content is made from what is kept elsewhere, such as a revocation list."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, data, PUBLIC)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync(path.parent)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One process at a time works on the authority; others wait. Raises `OSError`."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
