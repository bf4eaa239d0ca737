"""What SQLite and PostgreSQL say differently, said once; everything else of the store is SQL both understand.

Tables take their columns from here: every whole number has 64 bits in both (milliseconds and fen need them), and a
STRICT table of SQLite knows no other name for it than INTEGER.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

POSTGRESQL, SQLITE = "postgresql", "sqlite"
"""Names of the dialects, as an engine or connection tells them (`connection.dialect.name`)."""

WHOLE = sa.BigInteger().with_variant(sa.Integer(), SQLITE)
"""A whole number of 64 bits."""

Insert = sqlite.Insert | postgresql.Insert


def kind_of(kind: Any) -> Any:
    """The type of a column: whole numbers get their 64 bits, all others stay as they are."""
    return WHOLE if kind is sa.Integer else kind


def insert(dialect: str, table: sa.Table) -> Insert:
    """An insert that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return postgresql.insert(table) if dialect == POSTGRESQL else sqlite.insert(table)


def merge(dialect: str, table: sa.Table, columns: tuple[str, ...], **special: Any) -> Insert:
    """Insert a row, or change these columns of the one that has its key. `special`: columns with an expression of their
    own instead of the new row's value."""
    fresh = insert(dialect, table)
    kept: dict[str, Any] = {name: fresh.excluded[name] for name in columns} | special
    return fresh.on_conflict_do_update(index_elements=_keys(table), set_=kept)


@cache
def upsert(dialect: str, table: sa.Table) -> Insert:
    """Write a whole row anew; made once for each table, for making it costs more than running it."""
    fresh = insert(dialect, table).values({each.name: sa.bindparam(each.name) for each in table.columns})
    keys = _keys(table)
    kept = {each.name: fresh.excluded[each.name] for each in table.columns if each.name not in keys}
    return fresh.on_conflict_do_update(index_elements=keys, set_=kept)


@cache
def add(dialect: str, table: sa.Table) -> Insert:
    """Insert rows; those whose key is there already stay as they are."""
    fresh = insert(dialect, table).values({each.name: sa.bindparam(each.name) for each in table.columns})
    return fresh.on_conflict_do_nothing()


def put(db: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """Write a row anew on either database."""
    db.execute(upsert(db.dialect.name, table), values)


def add_all(db: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows on either database; those whose key is there already stay as they are."""
    if rows and db.dialect.name == SQLITE:
        db.exec_driver_sql(_adding(table), rows)
    elif rows:
        db.execute(add(db.dialect.name, table), rows)


def partial(name: str, *columns: sa.ColumnElement[Any], where: sa.ColumnElement[bool]) -> sa.Index:
    """An index over the rows of which `where` is true."""
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


@cache
def _adding(table: sa.Table) -> str:
    """`add` as text: naming the values of thousands of rows costs SQLAlchemy more than entering them costs SQLite."""
    return str(add(SQLITE, table).compile(dialect=sqlite.dialect(paramstyle="named")))


def _keys(table: sa.Table) -> list[str]:
    return [each.name for each in table.primary_key]
