"""What a person should look at: missing records, what could not be read, records under a taken key; and what somebody has
dealt with of it. Nothing is taken away by that: it is only no longer open."""

from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from fleet.admin import QuarantineRow
from fleet.desk.tables import dealt
from fleet.sql_tables import conflicts, epochs, quarantine, terminals
from fleet.store import Epoch

_ASIDE = ((quarantine, quarantine.c.digest, quarantine.c.reason), (conflicts, conflicts.c.hash, conflicts.c.hash))
"""Where it lies, what tells one from another under the same key, and why it lies there."""


class AsideKey(NamedTuple):
    """Names one thing that lies aside; the same bytes may have come from other terminals, and under other numbers."""

    terminal: str
    epoch: int
    seq: int
    digest: str


class Aside(NamedTuple):
    """One thing in quarantine, or a second record under a taken key; `id`: its `AsideKey` as text (`admin.AsideId`).
    `dealt_ms` 0: it is open."""

    terminal: str
    epoch: int
    seq: int
    reason: str
    raw: bytes
    got_ms: int
    id: str
    dealt_ms: int
    dealt_by: str
    note: str


class FaultBooks:
    """Questions about faults, and what a person says about them, within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def lagging(self, terminal: str, limit: int) -> list[Epoch]:
        """Journals that are not whole up to what is known to exist."""
        ours = sa.and_(terminals.c.terminal == epochs.c.terminal, terminals.c.epoch == epochs.c.epoch)
        query = sa.select(epochs).select_from(epochs.outerjoin(terminals, ours))
        query = query.where((epochs.c.high > epochs.c.upto) | (terminals.c.acked_seq > epochs.c.upto))
        if terminal:
            query = query.where(epochs.c.terminal == terminal)
        rows = self._db.execute(query.order_by(epochs.c.terminal, epochs.c.epoch).limit(limit))
        return [Epoch(*row) for row in rows]

    def aside(self, is_conflict: bool, terminal: str, dealt_too: bool, limit: int, offset: int) -> list[Aside]:
        """Newest first; of one terminal, or of all with ""."""
        there, digest, reason = _ASIDE[is_conflict]
        it = there.c
        query = _of(there, digest, terminal, dealt_too, it.terminal, it.epoch, it.seq, reason, it.raw, it.got_ms)
        rows = self._db.execute(query.limit(limit).offset(offset))
        return [Aside(*row) for row in rows]

    def quarantined(self, terminal: str, dealt_too: bool, limit: int) -> list[QuarantineRow]:
        """Both kinds, newest first, without their bytes."""
        found = []
        for is_conflict, (there, digest, reason) in enumerate(_ASIDE):
            it = there.c
            columns = (it.terminal, it.epoch, it.seq, reason, sa.func.length(it.raw), it.got_ms)
            for row in self._db.execute(_of(there, digest, terminal, dealt_too, *columns).limit(limit)):
                found.append(QuarantineRow(
                    terminal=row[0], epoch=row[1], seq=row[2], reason=row[3], size=row[4], got_ms=row[5], id=row[6],
                    conflict=bool(is_conflict), dealt_ms=row[7], dealt_by=row[8], note=row[9],
                ))  # fmt: skip
        return sorted(found, key=lambda row: (-row.got_ms, row.terminal, row.epoch, row.seq))[:limit]

    def keys(self, start: str) -> set[AsideKey]:
        """What there is of this id, or whose id begins so; two at most are told."""
        head, *rest = start.split(".")
        found: set[AsideKey] = set()
        for there, digest, _ in _ASIDE:
            key = _key(there, digest)
            query = sa.select(*key).where(digest.startswith(head, autoescape=True))
            for at, said in zip(key, rest, strict=False):
                query = query.where(at == (said if at is there.c.terminal else int(said)))
            found |= {AsideKey(*row) for row in self._db.execute(query.limit(2))}
        return found

    def deal_with(
        self, keys: Collection[AsideKey] | None, terminal: str, upto_ms: int, now_ms: int, who: str, note: str
    ) -> dict[str, int]:
        """Enter who has dealt with these, or with everything of a terminal (of all with "") that came up to then; how many
        of them were open, by terminal."""
        counts: dict[str, int] = {}
        for there, digest, _ in _ASIDE:
            it, key = there.c, _key(there, digest)
            values = (sa.literal(now_ms, dealt.c.at_ms.type), sa.literal(who), sa.literal(note))
            query = sa.select(*key, *values).select_from(_with_word(there, digest))
            query = query.where(dealt.c.at_ms.is_(None))
            query = query.where(sa.tuple_(*key).in_(sorted(keys)) if keys is not None else it.got_ms <= upto_ms)
            query = query.where(it.terminal == terminal) if terminal and keys is None else query
            open_ = query.subquery()
            counted = sa.select(open_.c.terminal, sa.func.count()).group_by(open_.c.terminal)
            for name, count in self._db.execute(counted):
                counts[name] = counts.get(name, 0) + int(count)
            self._db.execute(sa.insert(dealt).from_select(dealt.columns.keys(), query))
        return counts

    def open(self) -> dict[str, tuple[int, int]]:
        """How much is open in quarantine and of conflicts, by terminal; "" is nobody's."""
        found: dict[str, tuple[int, int]] = {}
        for place, (there, digest, _) in enumerate(_ASIDE):
            query = sa.select(there.c.terminal, sa.func.count()).select_from(_with_word(there, digest))
            for terminal, count in self._db.execute(query.where(dealt.c.at_ms.is_(None)).group_by(there.c.terminal)):
                one = found.get(terminal, (0, 0))
                found[terminal] = (int(count), one[1]) if place == 0 else (one[0], int(count))
        return found


def _of(
    there: sa.Table, digest: sa.ColumnElement[str], terminal: str, dealt_too: bool, *columns: Any
) -> sa.Select[Any]:
    """Rows with these columns, then the id and what a person said about it."""
    it = there.c
    word = (sa.func.coalesce(dealt.c.at_ms, 0), sa.func.coalesce(dealt.c.who, ""), sa.func.coalesce(dealt.c.note, ""))
    query = sa.select(*columns, _id(there, digest), *word)
    query = query.select_from(_with_word(there, digest))
    query = query if dealt_too else query.where(dealt.c.at_ms.is_(None))
    query = query.where(it.terminal == terminal) if terminal else query
    return query.order_by(it.got_ms.desc(), it.terminal, it.epoch, it.seq, digest)


def _key(there: sa.Table, digest: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[Any], ...]:
    """The columns of an `AsideKey`."""
    return there.c.terminal, there.c.epoch, there.c.seq, digest


def _id(there: sa.Table, digest: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    it = there.c
    return digest + "." + it.terminal + "." + sa.cast(it.epoch, sa.Text) + "." + sa.cast(it.seq, sa.Text)


def _with_word(there: sa.Table, digest: sa.ColumnElement[str]) -> sa.FromClause:
    it = there.c
    same = (it.terminal == dealt.c.terminal, it.epoch == dealt.c.epoch, it.seq == dealt.c.seq)
    return there.outerjoin(dealt, sa.and_(*same, digest == dealt.c.digest))
