"""Event reports on SQLAlchemy Core: portable statements only, so that PostgreSQL needs no others."""

from dataclasses import asdict
from typing import Any, NamedTuple

import sqlalchemy as sa

from fleet.events import Asked, By, StoredEvent
from fleet.sql_dialect import add_all
from fleet.sql_tables import column, key, table

events = table(
    "events",
    key("terminal", sa.Text), key("id", sa.Text), key("code", sa.Integer),
    column("mode", sa.Text), column("count", sa.Integer), column("first_ms", sa.Integer),
    column("last_ms", sa.Integer), column("when_ms", sa.Integer), column("got_ms", sa.Integer),
    column("clock", sa.Text), column("shop", sa.Text), column("software", sa.Text), column("settings_rev", sa.Integer),
    column("boot_id", sa.Text), column("operator", sa.Text), column("subject", sa.Text), column("attempt", sa.Integer),
    column("reason", sa.Text), column("steps", sa.Text), column("lost", sa.Integer),
)  # fmt: skip
sa.Index("events_by_time", events.c.when_ms, events.c.code)


class Sum(NamedTuple):
    """How often one group was seen in one slot of time; `slot` counts periods from the start that was asked for."""

    group: str
    slot: int
    times: int
    reports: int
    last_ms: int


class SqlEvents:
    """`EventBooks` on one open transaction, with what the command line asks for beside it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, rows: list[StoredEvent]) -> None:
        add_all(self._db, events, [asdict(row) for row in rows])

    def sums(self, by: By, asked: Asked, slot_ms: int) -> list[Sum]:
        """Counts by group and slot of `slot_ms` from `asked.since_ms` on."""
        it = events.c
        group = {"code": sa.cast(it.code, sa.Text), "terminal": it.terminal, "shop": it.shop, "version": it.software}[
            by
        ]
        slot = ((it.when_ms - asked.since_ms) // slot_ms).label("slot")
        query = sa.select(group.label("grp"), slot, sa.func.sum(it.count), sa.func.count(), sa.func.max(it.when_ms))
        query = query.where(*_where(asked)).group_by("grp", "slot").order_by("grp", "slot")
        return [Sum(*row) for row in self._db.execute(query)]

    def latest(self, asked: Asked, limit: int) -> list[StoredEvent]:
        """The newest rows, newest first."""
        it = events.c
        query = sa.select(events).where(*_where(asked)).order_by(it.when_ms.desc(), it.terminal, it.id, it.code)
        return [StoredEvent(*row) for row in self._db.execute(query.limit(limit))]

    def lost(self, asked: Asked) -> int:
        """Reports that terminals gave up because their queues were full."""
        query = sa.select(sa.func.coalesce(sa.func.sum(events.c.lost), 0)).where(*_where(asked))
        return int(self._db.execute(query).scalar_one())


def _where(asked: Asked) -> list[sa.ColumnElement[bool]]:
    it = events.c
    found: list[Any] = [it.when_ms >= asked.since_ms, it.when_ms < asked.until_ms]
    for wanted, where in ((asked.terminal, it.terminal), (asked.shop, it.shop), (asked.software, it.software)):
        if wanted:
            found.append(where == wanted)
    return [*found, it.code == asked.code] if asked.code else found
