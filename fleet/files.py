"""Small files of the backend: written whole or not at all over any power cut, and locks between processes."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


def write_new(path: Path, data: bytes, mode: int) -> None:
    """A file that is not there yet, on the card when this returns; `sync` its folder for its name. Raises `OSError`,
    `FileExistsError` among them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def draft_of(path: Path) -> Path:
    """A name beside `path` that is nobody's."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def replace_whole(path: Path, data: bytes, mode: int) -> None:
    """Put a file in the place of the one there is, or of none. Raises `OSError`; then the old one is still there."""
    draft = draft_of(path)
    try:
        write_new(draft, data, mode)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """What was made, renamed or removed in a folder is on the card."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; others wait. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
