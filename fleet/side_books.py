"""Books in a database of their own beside the backend's: those of what is simulated, and of the shop's own vouchers.

Each is a `SideBooks` whose transactions are told by a class of pages; what a script tells a simulator is kept alike by all
(`ScriptPages`)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from fleet import sql_locks as locks
from fleet.sql_dialect import WHOLE
from fleet.sql_engine import open_engine, troubles

_KINDS: dict[Any, Any] = {int: WHOLE, str: sa.Text}


class Schema(NamedTuple):
    """Books in a PostgreSQL database, in a schema of their own."""

    url: str
    name: str


Place = Path | Schema | None
"""Where books lie: in a file, in a schema, or in memory."""


class Timed(Protocol):
    """A step of a script: `times` it is used, 0 for ever."""

    @property
    def times(self) -> int: ...


P = TypeVar("P")
S = TypeVar("S", bound=Timed)


def table_of(tables: sa.MetaData, name: str, kind: type) -> sa.Table:
    """A table with the fields of a dataclass as columns, the first of them its key."""
    first, *others = kind.__dataclass_fields__.values()  # type: ignore[attr-defined]
    columns = [sa.Column(each.name, _KINDS.get(each.type, sa.Text), nullable=False) for each in others]
    return sa.Table(name, tables, sa.Column(first.name, sa.Text, primary_key=True), *columns, sqlite_strict=True)


def steps_table(tables: sa.MetaData) -> sa.Table:
    """Where a script's steps are kept."""
    return sa.Table(
        "steps", tables,
        sa.Column("id", sa.Integer, primary_key=True), sa.Column("step", sa.Text, nullable=False),
        sa.Column("left", WHOLE, nullable=False), sqlite_strict=True,
    )  # fmt: skip


class SideBooks(Generic[P]):
    """The database of the books. `place` None: in memory. One at a time is in them, in a schema by a lock."""

    def __init__(self, tables: sa.MetaData, pages: Callable[[sa.Connection], P], place: Place, read_only: bool) -> None:
        self._pages = pages
        self._lock = ""
        if isinstance(place, Schema):
            from fleet import pg_engine  # the driver is imported only where it is wanted

            self._engine = pg_engine.open_engine(place.url, read_only, place.name)
            self._lock = f"SELECT pg_advisory_xact_lock({locks.number('books', place.name)})"
        else:
            self._engine = open_engine(place, read_only)
        if not read_only:
            with troubles(), self._transaction() as connection:
                if isinstance(place, Schema):
                    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {place.name}")
                tables.create_all(connection)

    @contextmanager
    def begin(self) -> Iterator[P]:
        """One transaction. Raises `StoreTrouble`."""
        with troubles(), self._transaction() as connection:
            yield self._pages(connection)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            if self._lock:
                connection.exec_driver_sql(self._lock)
            yield connection

    def close(self) -> None:
        self._engine.dispose()


class ScriptPages(Generic[S]):
    """The steps of a script within one transaction."""

    def __init__(self, connection: sa.Connection, table: sa.Table, step: type[S]) -> None:
        self._db = connection
        self._steps = table
        self._step = step

    def add_steps(self, steps: Sequence[S]) -> None:
        rows = [{"step": msgspec.json.encode(step).decode(), "left": step.times or -1} for step in steps]
        if rows:
            self._db.execute(sa.insert(self._steps), rows)

    def steps(self) -> list[tuple[int, S, int]]:
        """Number, step, and how often it is still to be used (-1: always)."""
        rows = self._db.execute(sa.select(self._steps).order_by(self._steps.c.id))
        return [(row.id, msgspec.json.decode(row.step, type=self._step), row.left) for row in rows]

    def use_step(self, number: int, left: int) -> None:
        """A step was used; the last time takes it away."""
        where = self._steps.c.id == number
        if left == 1:
            self._db.execute(sa.delete(self._steps).where(where))
        elif left > 1:
            self._db.execute(sa.update(self._steps).where(where).values(left=left - 1))

    def clear_steps(self) -> None:
        self._db.execute(sa.delete(self._steps))
