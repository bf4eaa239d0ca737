"""COPY into a table of the session's own, and from there on: the quickest way of rows into PostgreSQL."""

from typing import Any

import sqlalchemy as sa

from fleet.sql_tables import records
from fleet.store import StoredRecord

_NAMES = ", ".join(StoredRecord._fields)
_KINDS = ["text", "int8", "int8", "text", "int8", "int8", "text", "bytea", "text", "text", "int8"]
_STAGE = "CREATE TEMP TABLE staged ({}) ON COMMIT DELETE ROWS".format(
    ", ".join(f"{name} {kind}" for name, kind in zip(StoredRecord._fields, _KINDS, strict=True))
)
_COPY = f"COPY staged ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_LAY_DOWN = f"INSERT INTO {records.name} ({_NAMES}) SELECT {_NAMES} FROM staged ON CONFLICT DO NOTHING"
_CLEAR = "DELETE FROM staged"


def stage(connection: Any) -> None:
    """Make the session's table, empty at the start of every transaction. `connection`: the driver's own."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
    connection.commit()


def lay_down(connection: sa.Connection, rows: list[StoredRecord], again: bool) -> int:
    """COPY, then insert what is not there. Returns how many were not. `again`: not the first time in this transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        if again:
            cursor.execute(_CLEAR)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_KINDS)
            for row in rows:
                copy.write_row(row)
        cursor.execute(_LAY_DOWN)
        return int(cursor.rowcount)
