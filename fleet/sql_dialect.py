"""What SQLite and PostgreSQL say differently, said once; everything else of the store is SQL both understand.

Tables take their columns from here: every whole number has 64 bits in both (milliseconds and fen need them), and a
STRICT table of SQLite knows no other name for it than INTEGER.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg

POSTGRESQL, SQLITE = "postgresql", "sqlite"
"""Names of the dialects, as an engine or connection tells them (`connection.dialect.name`)."""

WHOLE = sa.BigInteger().with_variant(sa.Integer(), SQLITE)
"""A whole number of 64 bits."""

Insert = sqlite.Insert | postgresql.Insert

MANY = 1_000
"""So many names are mostly most of those there are: `about` reads all between them."""

ROWS_OF_A_STATEMENT = (128, 16, 4, 1)
"""How many rows SQLite is given at once: so few sizes that their statements stay prepared."""


WORDS = sa.Text().with_variant(sa.Text(collation="C"), POSTGRESQL)
"""Text in the order of its code points on both: an index of bytes, and the same rows first everywhere."""


def kind_of(kind: Any) -> Any:
    """The type of a column: whole numbers get their 64 bits, text its order, all others stay as they are."""
    return {sa.Integer: WHOLE, sa.Text: WORDS}.get(kind, kind)


class Text(NamedTuple):
    """SQL as text for the driver, and the values SQLAlchemy itself put into it."""

    text: str
    fixed: dict[str, Any]


def compiled_text(dialect: str, statement: sa.Executable) -> Text:
    """A statement made once: building it anew costs ten times what running it does."""
    made = statement.compile(dialect=_dialect(dialect))  # type: ignore[attr-defined]
    return Text(str(made), {key: value for key, value in made.params.items() if value is not None})


def bulk_text(table: sa.Table, text: str) -> str:
    """For PostgreSQL: the same insert for any number of rows, given as `packed` makes them: one JSON text costs the driver a
    tenth of what a list for each column does. Not for tables with bytes."""
    tail = text[text.index("ON CONFLICT") :]
    names = ", ".join(f'"{each.name}"' for each in table.columns)
    casts = ", ".join(
        f"(r->>{place})" + ("::bigint" if _kind(each) == "BIGINT" else "") for place, each in enumerate(table.columns)
    )
    return f"INSERT INTO {table.name} ({names}) SELECT {casts} FROM json_array_elements(%(rows)s::json) AS r {tail}"


def packed(rows: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """Rows as `bulk_text` wants them, their values in the order of the table's columns."""
    text = msgspec.json.encode(list(rows)).decode()
    return {"rows": _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text}


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL in JSON; PostgreSQL's text knows none (see `fleet.pg_engine`)."""


@cache
def _has_bytes(table: sa.Table) -> bool:
    return any(_kind(each) == "BYTEA" for each in table.columns)


def _kind(column: sa.Column[Any]) -> str:
    return str(column.type.compile(_dialect(POSTGRESQL))).split()[0]


def _dialect(name: str) -> sa.Dialect:
    if name == POSTGRESQL:
        return psycopg.PGDialect_psycopg()  # type: ignore[no-untyped-call]  # of the library
    return sqlite.dialect(paramstyle="named")


class Rows(Protocol):
    """What both the driver and SQLAlchemy give for a statement."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


def run(db: sa.Connection, sql: Text, values: dict[str, Any]) -> Rows:
    """Run a statement made once. SQLite's driver is asked itself: what SQLAlchemy does about each statement costs several
    times what the statement does."""
    if db.dialect.name == SQLITE:
        found: Rows = _driver(db).execute(sql.text, sql.fixed | values)
        return found
    return db.exec_driver_sql(sql.text, sql.fixed | values)


def run_many(db: sa.Connection, sql: Text, rows: Sequence[dict[str, Any]]) -> None:
    """As `run`, once for each row."""
    filled = [sql.fixed | row for row in rows]
    if filled and db.dialect.name == SQLITE:
        _driver(db).executemany(sql.text, filled)
    elif filled:
        db.exec_driver_sql(sql.text, filled)


def _driver(db: sa.Connection) -> Any:
    driver = db.connection.driver_connection
    assert driver is not None
    return driver


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
        names = table.columns.keys()
        add_rows(db, table, [tuple(row[name] for name in names) for row in rows])


def add_rows(db: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """`add_all` for rows that are tuples in the order of the table's columns: the quick way of many."""
    if rows and db.dialect.name == SQLITE:
        enter(db, table, rows, " ON CONFLICT DO NOTHING")
    elif rows and _has_bytes(table):
        db.execute(add(POSTGRESQL, table), [dict(zip(table.columns.keys(), row, strict=True)) for row in rows])
    elif rows:
        db.exec_driver_sql(_adding_bulk(table), packed(rows))


def enter(db: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]], tail: str = "") -> None:
    """For SQLite: insert rows in the order of the table's columns, many with each statement. One statement a row costs twice
    the time, and lets go of the interpreter after each, to wait for it again."""
    driver = _driver(db)
    begin = 0
    for size in ROWS_OF_A_STATEMENT:
        text = f"{in_order(table, size)}{tail}"
        while begin + size <= len(rows):
            driver.execute(text, list(chain.from_iterable(rows[begin : begin + size])))
            begin += size


def put_rows(db: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """`put` for many rows that are tuples in the order of the table's columns; not for tables with bytes."""
    if rows and db.dialect.name == SQLITE:
        enter(db, table, rows, _over(table))
    elif rows:
        db.exec_driver_sql(_putting_bulk(table), packed(rows))


def among(db: sa.Connection, column: sa.Column[Any], names: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether the column is one of any number of names: they are one parameter, not one each."""
    if db.dialect.name == POSTGRESQL:
        return column == sa.any_(sa.literal(list(names), postgresql.ARRAY(sa.Text)))
    text = msgspec.json.encode(list(names)).decode()
    return column.in_(sa.select(sa.func.json_each(text).table_valued("value").c.value))


def about(db: sa.Connection, column: sa.Column[Any], names: Collection[str]) -> sa.ColumnElement[bool]:
    """True of a column that is one of these names, and of some others when they are many: then all between the first and the
    last of them are read, which costs less than to look for each. Who asks picks out theirs."""
    if len(names) < MANY:
        return among(db, column, names)
    return sa.and_(column >= min(names), column <= max(names))


@cache
def in_order(table: sa.Table, rows: int = 1) -> str:
    """For SQLite: an insert that takes its values in order; looking each up by name takes twice as long."""
    names = ", ".join(f'"{each.name}"' for each in table.columns)
    row = f"({', '.join('?' * len(table.columns))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * rows)}"


def partial(name: str, *columns: sa.ColumnElement[Any], where: sa.ColumnElement[bool]) -> sa.Index:
    """An index over the rows of which `where` is true."""
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


@cache
def _adding(table: sa.Table) -> str:
    """`add` as text: naming the values of thousands of rows costs SQLAlchemy more than entering them costs SQLite."""
    return compiled_text(SQLITE, add(SQLITE, table)).text


@cache
def _adding_bulk(table: sa.Table) -> str:
    return bulk_text(table, compiled_text(POSTGRESQL, add(POSTGRESQL, table)).text)


@cache
def _over(table: sa.Table) -> str:
    """What follows the values of an insert that writes whole rows anew."""
    text = compiled_text(SQLITE, upsert(SQLITE, table)).text
    return f" {text[text.index('ON CONFLICT') :]}"


@cache
def _putting_bulk(table: sa.Table) -> str:
    return bulk_text(table, compiled_text(POSTGRESQL, upsert(POSTGRESQL, table)).text)


def _keys(table: sa.Table) -> list[str]:
    return [each.name for each in table.primary_key]
