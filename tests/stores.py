"""The same contract on both stores: a module that says

    from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
    pytestmark = pytest.mark.usefixtures("each_store")

runs every test twice, and `new_store` gives it SQLite the one time and a real PostgreSQL the other.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
import sqlalchemy as sa

from fleet import pg_schema
from fleet.pg import PgStore
from fleet.pg_engine import open_engine
from fleet.pg_tables import tables
from fleet.sql import SqlStore
from tests.postgres import Server, postgres_server

__all__ = ["PgStores", "Store", "each_store", "new_store", "postgres_free", "postgres_server", "upgraded"]

Store = SqlStore | PgStore
_make: ContextVar[Callable[..., Store]] = ContextVar("_make", default=SqlStore)
_DELETES = (f"DELETE FROM {name}" for name in tables.tables)
_EMPTY = sa.text(";".join(["SET LOCAL session_replication_role = replica", *_DELETES]))
"""Histories refuse to be deleted; a replica is not asked."""


def new_store(path: Path | None = None) -> Store:
    """An empty store; the same one again for the same path within a test."""
    return _make.get()(path)


def reading_store(path: Path) -> Store:
    """A second look at the store of that path, while another process writes or none does."""
    return _make.get()(path, read_only=True)


def upgraded(url: str) -> str:
    """The URL of a database that has this release's schema."""
    engine = open_engine(url)
    pg_schema.upgrade(engine)
    engine.dispose()
    return url


class PgStores:
    """Databases of one test, handed back empty. They are kept for the tests after it, each with its open store."""

    def __init__(self, server: Server, free: list[tuple[str, PgStore]]) -> None:
        self.server = server
        self._free = free
        self._used: list[tuple[str, PgStore]] = []
        self._by_path: dict[Path, str] = {}
        self._more: list[PgStore] = []

    def url(self) -> str:
        """A database with the schema and nothing in it."""
        return self._take()[0]

    def open(self, path: Path | None = None, read_only: bool = False) -> PgStore:
        if path is not None and path in self._by_path:
            self._more.append(PgStore(self._by_path[path], read_only))
            return self._more[-1]
        url, store = self._take()
        if path is not None:
            self._by_path[path] = url
        return store

    def clear(self) -> None:
        for store in self._more:
            store.close()
        for _, store in self._used:
            with store.engine.begin() as connection:
                connection.execute(_EMPTY)
            store.close()
        self._free += self._used

    def _take(self) -> tuple[str, PgStore]:
        if not self._free:
            url = upgraded(self.server.database())
            self._free.append((url, PgStore(url)))
        self._used.append(self._free.pop())
        return self._used[-1]


@pytest.fixture(scope="session")
def postgres_free() -> list[tuple[str, PgStore]]:
    """Databases nobody uses now."""
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which store this turn is on."""
    if request.param == "sqlite":
        yield request.param
        return
    stores = PgStores(request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_free"))
    token = _make.set(stores.open)
    try:
        yield request.param
    finally:
        _make.reset(token)
        stores.clear()
