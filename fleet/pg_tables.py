"""The backend's tables as they lie in PostgreSQL.

All are the same as in SQLite but `records`, which is cut into days of arrival, so that a day can be given up whole. Beside
it `record_days` says which seqs of a journal came on which day: a record is found without asking every day there is, and a
key that is taken on one day cannot be taken again on another (docs/adr/0022).
"""

import sqlalchemy as sa

from fleet import sql_events, sql_money
from fleet.desk import tables as desk_tables
from fleet.sql_tables import column, key, records
from fleet.sql_tables import tables as _portable
from fleet.vouchers import sql as sql_vouchers

DAY_MS = 86_400_000
ROOMS = (desk_tables, sql_events, sql_money, sql_vouchers)
"""Whose tables `tables` holds beside those of `fleet.sql_tables`: they enter them when they are imported."""

tables = sa.MetaData()

record_days = sa.Table(
    "record_days", tables,
    key("terminal", sa.Text), key("epoch", sa.Integer), key("day", sa.Integer),
    column("first_seq", sa.Integer), column("last_seq", sa.Integer), column("gone", sa.Integer),
)  # fmt: skip
sa.Index("record_days_by_day", record_days.c.day)

for _table in _portable.sorted_tables:
    if _table is records:
        sa.Table(
            "records", tables, *(sa.Column(each.name, each.type, nullable=False) for each in records.columns),
            postgresql_partition_by="RANGE (got_ms)",
        )  # fmt: skip
    else:
        _table.to_metadata(tables)


def day_of(ms: int) -> int:
    """Days since 1970 (UTC) of a moment."""
    return ms // DAY_MS
