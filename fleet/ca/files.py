"""Files of the authority: written whole or not at all, never over another, private keys for their owner only."""

import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from fleet.files import PRIVATE, PUBLIC, draft_of, locked, replace_whole, sync, write_new

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
    draft = draft_of(folder)
    draft.mkdir(mode=0o700)
    try:
        for name, data in files.items():
            write_new(draft / name, data, PRIVATE if is_private(name) else PUBLIC)
        sync(draft)
        try:
            draft.rename(folder)  # takes the place of an empty folder, and of nothing else
        except OSError as full:
            if folder.exists() and any(folder.iterdir()):
                raise Taken(str(folder)) from full
            raise
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def add_file(path: Path, data: bytes) -> None:
    """A new file. Raises `Taken` or `OSError`."""
    draft = draft_of(path)
    write_new(draft, data, PRIVATE if is_private(path.name) else PUBLIC)
    try:
        os.link(draft, path)
    except FileExistsError as there:
        raise Taken(str(path)) from there
    finally:
        draft.unlink()
    sync(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """A file whose content is made from what is kept elsewhere, such as a revocation list."""
    replace_whole(path, data, PUBLIC)


def held(folder: Path) -> AbstractContextManager[None]:
    """One process at a time works on the authority; others wait. Raises `OSError`."""
    return locked(folder / LOCK)
