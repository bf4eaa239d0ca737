"""Tables of records and terminals; `fleet.sql_money` adds those of money to the same `tables`."""

from typing import Any

import sqlalchemy as sa

from fleet.sql_dialect import kind_of

tables = sa.MetaData()


def table(name: str, *columns: sa.Column[Any], is_index: bool = False) -> sa.Table:
    """`is_index`: hardly more than its key. SQLite keeps such a table as one tree, not as rows and a tree of their keys;
    files made before it was so stay as they are, which makes them slower and nothing else."""
    return sa.Table(name, tables, *columns, sqlite_strict=True, sqlite_with_rowid=not is_index)


def key(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind_of(kind), primary_key=True, autoincrement=False)


def column(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind_of(kind), nullable=False)


records = table(
    "records",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer),
    column("kind", sa.Text), column("version", sa.Integer), column("at_ms", sa.Integer), column("clock", sa.Text),
    column("body", sa.LargeBinary), column("prev", sa.Text), column("hash", sa.Text), column("got_ms", sa.Integer),
)  # fmt: skip

conflicts = table(
    "conflicts",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer), key("hash", sa.Text),
    column("raw", sa.LargeBinary), column("got_ms", sa.Integer),
)  # fmt: skip

quarantine = table(
    "quarantine",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer), key("digest", sa.Text),
    column("reason", sa.Text), column("raw", sa.LargeBinary), column("got_ms", sa.Integer),
)  # fmt: skip

terminals = table(
    "terminals",
    key("terminal", sa.Text),
    column("epoch", sa.Integer), column("acked_seq", sa.Integer), column("state", sa.LargeBinary),
    column("state_ms", sa.Integer), column("seen_ms", sa.Integer),
)  # fmt: skip

epochs = table(
    "epochs",
    key("terminal", sa.Text), key("epoch", sa.Integer),
    column("journal_key", sa.Text), column("number", sa.Integer), column("upto", sa.Integer),
    column("high", sa.Integer), column("asked_ms", sa.Integer),
)  # fmt: skip

movements = table(
    "movements",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("batch", sa.Integer), key("seq", sa.Integer),
    is_index=True,
)  # fmt: skip

leases = table(
    "leases", key("name", sa.Text), column("holder", sa.Text), column("until_ms", sa.Integer),
)  # fmt: skip
