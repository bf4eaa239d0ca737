"""SQLite as the backend uses it: one connection per engine, transactions begun by us."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from fleet.store import StoreAway, StoreClash, StoreTrouble

CLASHES = {"40001", "40P01", "55P03", "23505"}
"""What PostgreSQL says when another transaction was about the same rows: it could not be put in order, waits in a circle,
waited too long, or a row is there since a moment ago."""

AWAY = ("08", "28", "57P0")
"""How what PostgreSQL says begins when it goes, comes, or knows nobody of that name. Before there is a connection it has no
such sign for anything."""

BUSY_TIMEOUT_MS = 5_000


@contextmanager
def troubles() -> Iterator[None]:
    """Whatever the database raises becomes `StoreTrouble`; a clash of two workers `StoreClash`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as trouble:  # the second where the driver is asked past the first
        raise trouble_of(getattr(trouble, "orig", None) or trouble) from trouble


def trouble_of(cause: BaseException) -> StoreTrouble:
    """What an error of a driver is to the backend."""
    state = getattr(cause, "sqlstate", None)
    if state in CLASHES:
        return StoreClash(str(cause))
    remote = type(cause).__module__.startswith("psycopg")  # which is imported only where it is wanted
    kinds = {each.__name__ for each in type(cause).__mro__}  # a time-out is an OperationalError, too
    if remote and (state.startswith(AWAY) if state else "OperationalError" in kinds):
        return StoreAway(" ".join(str(cause).split()))
    return StoreTrouble(str(cause))


def schema_version(connection: sa.Connection) -> int:
    """Which schema the file says it has; 0 for a new one."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def set_schema_version(connection: sa.Connection, version: int) -> None:
    """Becomes true with the transaction it is said in."""
    connection.exec_driver_sql(f"PRAGMA user_version = {version:d}")


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
        driver = connection.connection.driver_connection  # itself: see `fleet.sql_dialect.run`
        assert driver is not None
        driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begins)
    return engine
