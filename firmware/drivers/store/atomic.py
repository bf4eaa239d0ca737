"""Files that are always the old one or the new one, whole, whatever happens: temporary file, fsync, rename, fsync.

TinyDB's own storage truncates in place and was unreadable after a third of the power cuts tried (pitfalls 2).
"""

import errno
import json
import os
from pathlib import Path
from typing import Any

import msgspec
from tinydb.storages import Storage

STORAGE_LOW, READ_ONLY, DATA_CORRUPTED = 9002, 9013, 9003
FILE_BYTES_MAX = 1024 * 1024
TEMPORARY = ".new"

Tables = dict[str, dict[str, dict[str, Any]]]
"""Table -> number -> row, as TinyDB keeps them."""


class NotStored(Exception):
    """The file could not be written and is as it was before. `code` is what the operator is told."""

    def __init__(self, path: Path, wrong: OSError) -> None:
        super().__init__(f"{path.name}: {wrong.strerror}")
        self.code = READ_ONLY if wrong.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else STORAGE_LOW


class Damaged(Exception):
    """The file is there and cannot be understood."""


def write_whole(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`, durably; readable by its owner only. Raises NotStored."""
    assert len(data) <= FILE_BYTES_MAX, f"{path.name}: {len(data)} bytes"
    try:
        _write_new(path.with_name(path.name + TEMPORARY), data)
        os.replace(path.with_name(path.name + TEMPORARY), path)
        sync_folder(path.parent)
    except OSError as wrong:
        raise NotStored(path, wrong) from wrong


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_new(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    finally:
        os.close(fd)


class AtomicStorage(Storage):
    """TinyDB's storage over `write_whole`: one write of a table is one replacement of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Tables | None:
        """The tables, or None before the first write. Raises Damaged; an unreadable disk is an OSError."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(raw, type=Tables)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise Damaged(str(wrong)) from wrong

    def write(self, data: Tables) -> None:
        write_whole(self._path, json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n")
