"""The store on PostgreSQL: any number of workers, and readers beside them."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from fleet import pg_schema
from fleet.pg_engine import open_engine
from fleet.pg_records import Days
from fleet.sql import SqlBooks, hot
from fleet.sql_dialect import POSTGRESQL
from fleet.sql_engine import troubles
from fleet.sql_locks import Advisory, Alone
from fleet.store import StoreTrouble


class PgStore:
    """`Store` on one PostgreSQL database, whose schema must be this release's (`posfleet db upgrade`). `read_only`: for a
    look; it waits for nobody. Raises `ValueError` for a bad URL, `StoreTrouble`."""

    def __init__(self, url: str, read_only: bool = False) -> None:
        self._engine = open_engine(url, read_only)
        self._read_only = read_only
        self._hot = hot(POSTGRESQL)
        self._days: frozenset[int] = frozenset()
        try:
            with troubles(), self._engine.begin() as connection:
                found, wanted = pg_schema.version(connection), pg_schema.head()
            if found != wanted:
                raise StoreTrouble(f"schema version {found or 'none'}, this release needs {wanted}")
        except StoreTrouble:
            self._engine.dispose()
            raise

    @contextmanager
    def begin(self) -> Iterator[SqlBooks]:
        """One transaction: committed when the block ends. Raises `StoreTrouble`, `StoreClash`."""
        with troubles(), self._engine.connect() as connection:
            locks = Alone() if self._read_only else Advisory(connection)
            days = Days(connection, locks, self._days)
            with connection.begin():
                yield SqlBooks(connection, self._hot, days, locks)
            self._days |= days.used

    @property
    def engine(self) -> sa.Engine:
        """For what is done to the database as a whole."""
        return self._engine

    def close(self) -> None:
        self._engine.dispose()
