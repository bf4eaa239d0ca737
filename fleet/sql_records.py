"""Records in the store: laid down once, found again, and the holes between them.

How they lie differs: one table in SQLite, a partition for each day in PostgreSQL (`Shelf`). What is asked of them does not.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import sqlalchemy as sa

from fleet.sql_dialect import SQLITE, compiled_text, run
from fleet.sql_tables import movements, quarantine, records, terminals
from fleet.store import Epoch, StoredRecord

Where = list[sa.ColumnElement[bool]]
"""Further conditions on `records` that leave out where a record cannot be."""


class Shelf(Protocol):
    """How a database lays records down."""

    def add(self, rows: list[StoredRecord]) -> None:
        """Lay down records nobody has."""

    def within(self, terminal: str, epoch: int, first: int, last: int | None) -> Where:
        """Where seqs from `first` to `last` (None: and all after it) can be."""
        ...

    def gone(self, terminal: str, epoch: int, seqs: list[int]) -> list[int]:
        """Those of the seqs that may lie in a day that was given up (retention)."""
        ...

    def prepare(self, now_ms: int) -> None:
        """Make ready what the days to come need."""


class SqlRecords:
    """What is asked of the records, within one transaction."""

    def __init__(self, connection: sa.Connection, shelf: Shelf) -> None:
        self._db = connection
        self._shelf = shelf
        self.add = shelf.add

    def hashes(self, terminal: str, epoch: int, seqs: list[int], upto: int = 0) -> dict[int, str]:
        """Hashes of those of the seqs that are kept. "" for one up to `upto`, booked long ago, whose day was given up."""
        where = self._shelf.within(terminal, epoch, min(seqs), max(seqs))
        found = self._db.execute(_HASHES.where(*where), {"terminal": terminal, "epoch": epoch, "seqs": seqs})
        known = {row.seq: row.hash for row in found}
        old = [seq for seq in seqs if seq <= upto and seq not in known]
        return known | dict.fromkeys(self._shelf.gone(terminal, epoch, old), "") if old else known

    def covered(self, terminal: str, epoch: int, after: int, limit: int) -> list[int]:
        """The next seqs above `after` that are kept or in quarantine, ascending."""
        values = {"terminal": terminal, "epoch": epoch, "after": after, "limit": limit}
        if self._db.dialect.name == SQLITE:
            return [seq for (seq,) in run(self._db, _COVERED, values)]
        where = self._shelf.within(terminal, epoch, after + 1, None)
        return list(self._db.execute(_covered(where), values).scalars())

    def holes(self, row: Epoch, older_than_ms: int, limit: int) -> list[tuple[int, int]]:
        """Inclusive ranges that are missing and whose right neighbour came before `older_than_ms`."""
        within = self._shelf.within(row.terminal, row.epoch, row.upto + 1, None)
        parts = [
            sa.select(table.c.seq, table.c.got_ms).where(
                table.c.terminal == row.terminal, table.c.epoch == row.epoch, table.c.seq > row.upto, *where
            )
            for table, where in ((records, within), (quarantine, []))
        ]
        # A terminal that says it was acknowledged beyond what is kept here: a restored backend asks for the rest.
        parts.append(
            sa.select((terminals.c.acked_seq + 1).label("seq"), terminals.c.state_ms.label("got_ms")).where(
                terminals.c.terminal == row.terminal,
                terminals.c.epoch == row.epoch,
                terminals.c.acked_seq >= max(row.upto, row.high),
            )
        )
        there = sa.union_all(*parts).subquery()
        before = sa.func.lag(there.c.seq, 1, sa.cast(row.upto, there.c.seq.type)).over(order_by=there.c.seq)
        pairs = sa.select((before + 1).label("first"), (there.c.seq - 1).label("last"), there.c.got_ms).subquery()
        query = sa.select(pairs.c.first, pairs.c.last).where(
            pairs.c.first <= pairs.c.last, pairs.c.got_ms <= older_than_ms
        )
        return [(first, last) for first, last in self._db.execute(query.order_by(pairs.c.first).limit(limit))]

    def after(self, terminal: str, epoch: int, after: int, limit: int) -> list[StoredRecord]:
        """Kept records of one journal, ascending."""
        where = self._shelf.within(terminal, epoch, after + 1, None)
        query = _of(terminal, epoch).where(records.c.seq > after, *where).order_by(records.c.seq).limit(limit)
        return [StoredRecord(*row) for row in self._db.execute(query)]

    def one(self, terminal: str, epoch: int, seq: int) -> StoredRecord | None:
        where = self._shelf.within(terminal, epoch, seq, seq)
        row = self._db.execute(_of(terminal, epoch).where(records.c.seq == seq, *where)).first()
        return StoredRecord(*row) if row else None

    def moving(self, terminal: str, epoch: int, batch: int, upto: int) -> list[StoredRecord]:
        """Records that change the totals of a batch, up to and with seq `upto`."""
        it = movements.c
        ours = (it.terminal == terminal, it.epoch == epoch, it.batch == batch, it.seq <= upto)
        span = self._db.execute(sa.select(sa.func.min(it.seq), sa.func.max(it.seq)).where(*ours)).one()
        if span[0] is None:
            return []
        same = sa.and_(records.c.terminal == it.terminal, records.c.epoch == it.epoch, records.c.seq == it.seq)
        query = sa.select(records).select_from(movements.join(records, same))
        query = query.where(*ours, *self._shelf.within(terminal, epoch, *span)).order_by(it.seq)
        return [StoredRecord(*row) for row in self._db.execute(query)]

    def sales(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, bytes]]:
        """Version and body of the sales made between two moments of the terminals' clocks."""
        return self._bodies("sale", records.c.at_ms >= from_ms, records.c.at_ms < to_ms)

    def vouchers_sent(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, bytes]]:
        """Version and body of the vouchers that terminals asked to be redeemed between two moments of their clocks."""
        return self._bodies("voucher_sent", records.c.at_ms >= from_ms, records.c.at_ms < to_ms)

    def refunds(self, from_ms: int) -> Iterator[tuple[int, bytes]]:
        """Version and body of what was given back since a moment of the terminals' clocks."""
        return self._bodies("refund", records.c.at_ms >= from_ms)

    def _bodies(self, kind: str, *when: sa.ColumnElement[bool]) -> Iterator[tuple[int, bytes]]:
        query = sa.select(records.c.version, records.c.body).where(records.c.kind == kind, *when)
        for row in self._db.execute(query):
            yield row.version, row.body


_HASHES = sa.select(records.c.seq, records.c.hash).where(
    records.c.terminal == sa.bindparam("terminal"),
    records.c.epoch == sa.bindparam("epoch"),
    records.c.seq.in_(sa.bindparam("seqs", expanding=True)),
)


def _of(terminal: str, epoch: int) -> sa.Select[Any]:
    return sa.select(records).where(records.c.terminal == terminal, records.c.epoch == epoch)


def _covered(where: Where) -> sa.CompoundSelect[Any]:
    both = sa.union(_seqs(records, where), _seqs(quarantine, []))
    return both.order_by("seq").limit(sa.bindparam("limit"))


def _seqs(table: sa.Table, where: Where) -> sa.Select[Any]:
    page = (
        sa.select(table.c.seq)
        .where(table.c.terminal == sa.bindparam("terminal"), table.c.epoch == sa.bindparam("epoch"))
        .where(table.c.seq > sa.bindparam("after"), *where)
        .order_by(table.c.seq)
        .limit(sa.bindparam("limit"))
        .subquery()
    )
    return sa.select(page.c.seq)


_COVERED = compiled_text(SQLITE, _covered([]))
