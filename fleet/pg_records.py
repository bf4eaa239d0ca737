"""How records lie in PostgreSQL: COPY into the partition of the day they came.

A key (terminal, epoch, seq) is unique within a day by its index, and over all days by three things together: whoever lays
records down holds their terminals, `record_days` says in which days a seq can be, and there it is looked for first. So the
same record that comes again a year later is found, and another one under its key is seen to be a conflict.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from fleet.pg_copy import lay_down
from fleet.pg_tables import DAY_MS, day_of, record_days
from fleet.sql_dialect import POSTGRESQL, bulk_text, compiled_text, insert, packed
from fleet.sql_locks import Locks
from fleet.sql_records import Where
from fleet.sql_tables import records
from fleet.store import StoredRecord

DAYS_AHEAD = 7


class Days:
    """Shelf of one transaction.

    `known`: days whose partitions are there for certain; `used`: with those this one met or made."""

    def __init__(self, connection: sa.Connection, locks: Locks, known: Iterable[int] = ()) -> None:
        self._db = connection
        self._locks = locks
        self._known = set(known)
        self.used: set[int] = set()

    def add(self, rows: list[StoredRecord]) -> None:
        if not rows:
            return
        self._locks.hold("terminal", {row.terminal for row in rows})
        days: dict[int, list[StoredRecord]] = {}
        for row in rows:
            days.setdefault(day_of(row.got_ms), []).append(row)
        for day, of_day in days.items():
            self._ready(day)
            lay_down(self._db, partition(day), of_day)
            self._db.exec_driver_sql(_MARK, packed(_spans(day, of_day)))

    def within(self, terminal: str, epoch: int, first: int, last: int | None) -> Where:
        days = self._db.execute(_DAYS, {"terminal": terminal, "epoch": epoch, "first": first, "last": last or _LAST})
        return [sa.or_(sa.false(), *(_between(*run) for run in _runs(days.scalars())))]

    def gone(self, terminal: str, epoch: int, seqs: list[int]) -> list[int]:
        values = {"terminal": terminal, "epoch": epoch}
        spans = [(row.first_seq, row.last_seq) for row in self._db.execute(_GONE, values)]
        return [seq for seq in seqs if any(first <= seq <= last for first, last in spans)]

    def prepare(self, now_ms: int) -> None:
        """Make the partitions of today and the days after it, so that midnight finds its table ready."""
        for day in range(day_of(now_ms), day_of(now_ms) + DAYS_AHEAD + 1):
            self._ready(day)

    def _ready(self, day: int) -> None:
        if day not in self._known:
            make_day(self._db, self._locks, day)
            self._known.add(day)
            self.used.add(day)


def make_day(connection: sa.Connection, locks: Locks, day: int) -> None:
    """Make the partition of a day, if it is not there. Attaching lets other workers go on laying records down."""
    name = partition(day)
    if _is_there(connection, name):
        return
    locks.hold("days", [""])
    if _is_there(connection, name):  # made by another worker meanwhile
        return
    low, high = day * DAY_MS, (day + 1) * DAY_MS
    for statement in (
        f"CREATE TABLE {name} (LIKE records, PRIMARY KEY (terminal, epoch, seq), "
        f"CONSTRAINT {name}_day CHECK (got_ms >= {low} AND got_ms < {high}))",
        f"CREATE INDEX {name}_at ON {name} USING brin (at_ms)",
        f"ALTER TABLE records ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})",
    ):
        connection.exec_driver_sql(statement)


def partition(day: int) -> str:
    """Name of a day's table: `records_d` and the day's number since 1970, which no calendar can get wrong."""
    return f"records_d{day:05d}"


def _is_there(connection: sa.Connection, name: str) -> bool:
    return connection.exec_driver_sql("SELECT to_regclass(%s) IS NOT NULL", (name,)).scalar_one() is True


def _spans(day: int, rows: list[StoredRecord]) -> list[tuple[str, int, int, int, int, int]]:
    """Rows of `record_days`: first and last seq of each journal on a day."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    for row in rows:
        key, seq = (row.terminal, row.epoch), row.seq
        first, last = spans.get(key) or (seq, seq)
        spans[key] = (min(first, seq), max(last, seq))
    return [(*key, day, *span, 0) for key, span in sorted(spans.items())]


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Days, ascending, as runs without a gap."""
    runs: list[tuple[int, int]] = []
    for day in days:
        if runs and runs[-1][1] == day - 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _between(first: int, last: int) -> sa.ColumnElement[bool]:
    return sa.and_(records.c.got_ms >= first * DAY_MS, records.c.got_ms < (last + 1) * DAY_MS)


def _marking() -> str:
    fresh = insert(POSTGRESQL, record_days)
    wider = {
        "first_seq": sa.func.least(record_days.c.first_seq, fresh.excluded.first_seq),
        "last_seq": sa.func.greatest(record_days.c.last_seq, fresh.excluded.last_seq),
    }
    made = fresh.on_conflict_do_update(index_elements=["terminal", "epoch", "day"], set_=wider)
    return bulk_text(record_days, compiled_text(POSTGRESQL, made).text)


_LAST = 2**63 - 1
_MARK = _marking()
_OURS = (record_days.c.terminal == sa.bindparam("terminal"), record_days.c.epoch == sa.bindparam("epoch"))
_DAYS = (
    sa.select(record_days.c.day)
    .where(*_OURS, record_days.c.gone == 0)
    .where(record_days.c.last_seq >= sa.bindparam("first"), record_days.c.first_seq <= sa.bindparam("last"))
    .order_by(record_days.c.day)
)
_GONE = sa.select(record_days.c.first_seq, record_days.c.last_seq).where(*_OURS, record_days.c.gone == 1)
