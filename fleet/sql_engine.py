"""SQLite as the backend uses it: one connection per engine, transactions begun by us."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from fleet.store import StoreTrouble

BUSY_TIMEOUT_MS = 5_000


@contextmanager
def troubles() -> Iterator[None]:
    """Whatever the database raises becomes `StoreTrouble`."""
    try:
        yield
    except SQLAlchemyError as trouble:
        raise StoreTrouble(str(getattr(trouble, "orig", None) or trouble)) from trouble


def open_engine(path: Path | None, read_only: bool) -> sa.Engine:
    """An engine on a file (WAL, FULL), or in memory; each transaction of a writer takes the write lock at its start."""
    if path is None:
        engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        mode = "ro" if read_only else "rwc"
        url = f"sqlite:///file:{path.resolve()}?mode={mode}&uri=true"
        engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if path is not None and not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    def begins(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begins)
    return engine


@cache
def upsert(where: sa.Table) -> sa.Insert:
    """Write a whole row anew; made once for each table, for making it costs more than running it."""
    fresh = sqlite.insert(where).values({each.name: sa.bindparam(each.name) for each in where.columns})
    keys = [each.name for each in where.primary_key]
    kept = {each.name: fresh.excluded[each.name] for each in where.columns if each.name not in keys}
    return fresh.on_conflict_do_update(index_elements=keys, set_=kept)
