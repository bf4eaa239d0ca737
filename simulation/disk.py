"""The disk under the ledger, with the troubles a disk has, and its own book of what is durable.

`Door` stands before the ledger's SQLite connection. A full disk is SQLite's own `SQLITE_FULL` (`max_page_count`), a
read-only one its own `SQLITE_READONLY` (`query_only`); a COMMIT that finds no room for the write-ahead log is raised
here, with the transaction left open or rolled back, as SQLite may do either. The power goes before or after a COMMIT by
`PowerCut`.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

BALLAST_PAGES = 8 * 1024
"""What giving the ballast up is worth, in pages of 1 KiB."""

CutAt = Literal["", "before_commit", "after_commit"]
Room = Literal["ok", "full", "brim", "commit_full", "read_only"]
"""`full`: until the ballast is given up; `brim`: the ballast does not help; `commit_full`: one COMMIT fails."""


class PowerCut(BaseException):
    """The power is gone. Not an `Exception`: nothing may catch it on the way out."""


class Door:
    """As much of `sqlite3.Connection` as the ledger uses."""

    def __init__(self, db: sqlite3.Connection, path: Path, room: Room, chance: Callable[[], float]) -> None:
        self.db = db
        self.cut_at: CutAt = ""
        self.room: Room = "ok"
        self.on_durable: Callable[[int, int], None] = lambda first, last: None  # records first..last reached the disk
        self.met: list[str] = []  # troubles that really struck
        self._path = path
        self._chance = chance
        self._written = self.durable_seq = int(db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])
        self._raised = False
        self.set_room(room)

    def set_room(self, room: Room) -> None:
        """From now on the disk has this much room."""
        self.room, self._raised = room, False
        self.db.execute(f"PRAGMA query_only = {int(room == 'read_only')}")
        pages = int(self.db.execute("PRAGMA page_count").fetchone()[0])
        limit = pages + 4 if room in ("full", "brim") else 2**30
        self.db.execute(f"PRAGMA max_page_count = {limit}").fetchall()

    @property
    def in_transaction(self) -> bool:
        return self.db.in_transaction

    def execute(self, sql: str, args: Any = ()) -> sqlite3.Cursor:
        """One statement."""
        if sql == "COMMIT":
            return self._commit()
        if sql == "BEGIN IMMEDIATE":
            self._written = self.durable_seq
            if self.room == "full" and not self._raised:
                self._ballast_given_up()
        try:
            cursor = self.db.execute(sql, args)
        except sqlite3.OperationalError as error:
            self.met.append(error.sqlite_errorname)
            raise
        if sql.startswith("INSERT INTO journal"):
            self._written = int(args[0])
        return cursor

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        """One statement for many rows."""
        return self.db.executemany(sql, rows)

    def close(self) -> None:
        """Close the connection under the door."""
        self.db.close()

    def _commit(self) -> sqlite3.Cursor:
        if self.cut_at == "before_commit":
            raise PowerCut
        if self.room == "commit_full":
            self.room = "ok"
            self._no_room()
        cursor = self.db.execute("COMMIT")
        self.on_durable(self.durable_seq + 1, self._written)
        self.durable_seq = self._written
        if self.cut_at == "after_commit":
            raise PowerCut
        return cursor

    def _no_room(self) -> None:
        if self._chance() < 0.5:
            self.db.execute("ROLLBACK")
        self.met.append("SQLITE_FULL")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    def _ballast_given_up(self) -> None:
        if not self._path.with_name("ballast").exists():
            self._raised = True
            pages = int(self.db.execute("PRAGMA page_count").fetchone()[0])
            self.db.execute(f"PRAGMA max_page_count = {pages + BALLAST_PAGES}").fetchall()
