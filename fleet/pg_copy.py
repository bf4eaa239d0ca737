"""COPY straight into a day of records: the quickest way of rows into PostgreSQL.

A row whose key is taken ends the transaction, so nothing is ever laid down twice. Whoever comes here has looked for the keys
under a lock (`fleet.pg_records`); passing over what is there would cost a second table, and hide a fault.
"""

from collections.abc import Iterable

import psycopg
import sqlalchemy as sa
from psycopg.errors import UniqueViolation

from fleet.sql_engine import trouble_of
from fleet.store import StoredRecord

_NAMES = ", ".join(StoredRecord._fields)
_KINDS = ["text", "int8", "int8", "text", "int8", "int8", "text", "bytea", "text", "text", "int8"]


def lay_down(connection: sa.Connection, table: str, rows: Iterable[StoredRecord]) -> None:
    """Enter rows nobody has. Raises `StoreTrouble`."""
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({_NAMES}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_KINDS)
            for row in rows:
                copy.write_row(row)
    except UniqueViolation as taken:
        raise AssertionError("a record was laid down under a key that is taken") from taken
    except psycopg.Error as trouble:
        raise trouble_of(trouble) from trouble
