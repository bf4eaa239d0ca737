"""`posd check`: is everything there that this terminal needs to run? One line each, with what to do."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware.assembly import NotReady, read_folder
from firmware.txn.ballast import BALLAST_BYTES

FREE_BYTES_MIN = 4 * BALLAST_BYTES


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    what: str
    ok: bool
    found: str


def check(data: Path) -> Iterator[Line]:
    """Data folder, identity, settings, profile, font, SQLite, free space."""
    writable = data.is_dir() and os.access(data, os.W_OK)
    yield Line("data folder", writable, f"{data}" if writable else f"{data} is missing or cannot be written")
    if not writable:
        return
    yield from _documents(data)
    yield _font()
    yield Line("sqlite", sqlite3.sqlite_version_info >= (3, 37), sqlite3.sqlite_version)
    stat = os.statvfs(data)
    free = stat.f_bavail * stat.f_frsize
    yield Line("free space", free >= FREE_BYTES_MIN, f"{free // 2**20} MiB of at least {FREE_BYTES_MIN // 2**20}")


def _documents(data: Path) -> Iterator[Line]:
    try:
        folder = read_folder(data)
    except NotReady as error:
        yield Line("identity and profile", False, str(error))
        return
    yield Line("identity", True, f"terminal {folder.identity.terminal}, hardware {folder.identity.hardware}")
    applied = folder.applied
    yield Line("settings", not applied.notices, f"revision {applied.rev}, from {applied.origin}")
    for code, detail in folder.notices:
        yield Line("notice", False, f"[{code}] {detail}")


def _font() -> Line:
    from firmware.render import FontMissing, find_font

    try:
        return Line("font", True, find_font())
    except FontMissing as error:
        return Line("font", False, str(error))
