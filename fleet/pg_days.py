"""The days of records in PostgreSQL: which there are, and giving the oldest ones up (retention).

A day is given up whole, by dropping its table. `record_days` keeps that it was there, so a record of it that comes once more
is known to be booked. What finds a day's sales goes with it. A day is kept while records of it lie beyond a hole: what is
missing before them is still to come, and they are needed to say how far their journal is whole.
"""

from datetime import UTC, date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from fleet.pg_records import partition
from fleet.pg_tables import DAY_MS, record_days
from fleet.sql_engine import troubles
from fleet.sql_locks import Advisory
from fleet.sql_money import found_sales, returns
from fleet.sql_tables import epochs, movements

BLOCKING_SHOWN = 20


class Day(NamedTuple):
    """One day's table. `bytes_` with its indexes."""

    day: date
    journals: int
    bytes_: int


class Given(NamedTuple):
    """What became of a day that was to be given up. `blocking`: terminals with a hole before records of it."""

    day: date
    dropped: bool
    blocking: tuple[str, ...] = ()


def days(engine: sa.Engine) -> list[Day]:
    """All days there are tables for, the oldest first. Raises `StoreTrouble`."""
    count = sa.select(sa.func.count()).select_from(record_days).where(record_days.c.day == sa.bindparam("day"))
    size = sa.text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    with troubles(), engine.connect() as connection:
        return [
            Day(
                _date(day),
                int(connection.execute(count, {"day": day}).scalar_one()),
                int(connection.execute(size, {"name": partition(day)}).scalar_one()),
            )
            for day in _numbers(connection)
        ]


def give_up(engine: sa.Engine, before: date) -> list[Given]:
    """Drop every day before that one, each in a transaction of its own. Raises `StoreTrouble`."""
    with troubles(), engine.connect() as connection:
        old = [day for day in _numbers(connection) if _date(day) < before]
    given: list[Given] = []
    for day in old:
        with troubles(), engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            Advisory(connection).hold("days", [""])
            blocking = _blocking(connection, day)
            if not blocking:
                _drop(connection, day)
            given.append(Given(_date(day), not blocking, blocking))
    return given


def _numbers(connection: sa.Connection) -> list[int]:
    rows = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'records'::regclass ORDER BY c.relname"
    )
    return [int(name.removeprefix("records_d")) for name in rows.scalars()]


def _blocking(connection: sa.Connection, day: int) -> tuple[str, ...]:
    it, row = record_days.c, epochs.c
    same = sa.and_(it.terminal == row.terminal, it.epoch == row.epoch)
    query = sa.select(row.terminal).distinct().select_from(record_days.join(epochs, same))
    query = query.where(it.day == day, row.high > row.upto, it.last_seq > row.upto)
    return tuple(connection.execute(query.order_by(row.terminal).limit(BLOCKING_SHOWN)).scalars())


def _drop(connection: sa.Connection, day: int) -> None:
    name = partition(day)
    for table in (found_sales, movements, returns):
        connection.exec_driver_sql(
            f"DELETE FROM {table.name} t USING {name} r "
            "WHERE t.terminal = r.terminal AND t.epoch = r.epoch AND t.seq = r.seq"
        )
    connection.execute(sa.update(record_days).where(record_days.c.day == day).values(gone=1))
    connection.exec_driver_sql(f"ALTER TABLE records DETACH PARTITION {name}")
    connection.exec_driver_sql(f"DROP TABLE {name}")


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * DAY_MS / 1_000, UTC).date()
