"""Many rows at once: whatever their number, all of them are entered once."""

import sqlite3

import pytest
import sqlalchemy as sa

from fleet.desk.tables import desired
from fleet.sql_dialect import ROWS_OF_A_STATEMENT, add_rows, enter, put_rows
from fleet.sql_engine import open_engine, troubles
from fleet.sql_tables import movements, tables
from fleet.store import StoreTrouble

COUNTS = sorted(
    {0, *(size + more for size in ROWS_OF_A_STATEMENT for more in (-1, 0, 1)), 2 * ROWS_OF_A_STATEMENT[0] + 23}
)


@pytest.fixture
def db():
    engine = open_engine(None, read_only=False)
    tables.create_all(engine)
    with engine.begin() as connection:
        yield connection


@pytest.mark.parametrize("count", COUNTS)
def test_rows_are_added_once(db: sa.Connection, count: int) -> None:
    rows = [("T0001", 1, 1, seq) for seq in range(1, count + 1)]
    for some in (rows[: count // 2], rows, rows):
        add_rows(db, movements, some)
    assert [tuple(row) for row in db.execute(sa.select(movements).order_by(movements.c.seq))] == rows


@pytest.mark.parametrize("count", COUNTS)
def test_rows_are_written_anew(db: sa.Connection, count: int) -> None:
    for rev in (1, 2):
        rows = [(f"T{number:04d}", rev, "ab", 0, 5, 6, 7, 8) for number in range(count)]
        put_rows(db, desired, rows)
    assert [tuple(row) for row in db.execute(sa.select(desired).order_by(desired.c.terminal))] == rows


def test_a_key_that_is_taken_is_the_stores_trouble(db: sa.Connection) -> None:
    """Whoever steps the core knows what to do about that, and of no driver's own errors."""
    rows = [("T0001", 1, 1, 1)] * 2
    with pytest.raises(StoreTrouble) as raised, troubles():
        enter(db, movements, rows)
    assert isinstance(raised.value.__cause__, sqlite3.IntegrityError)
