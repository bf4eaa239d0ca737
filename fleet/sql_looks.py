"""What the dashboard and the metrics ask of the store, on SQLAlchemy Core: bounded, portable, reading only."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from fleet.desk.tables import register, reported, rollouts
from fleet.sql_records import Shelf
from fleet.sql_tables import epochs, records, terminals
from fleet.store import Epoch, StoredRecord


class TerminalLook(NamedTuple):
    """A terminal as `up/state` left it; `state` as it came, empty when it never said any."""

    terminal: str
    state: bytes
    state_ms: int
    seen_ms: int


class Entry(NamedTuple):
    """A terminal in the fleet's register."""

    shop: str
    group: str
    tags: tuple[str, ...]
    retired: bool


class _Said(msgspec.Struct):
    """Of a `wire.fleet.Reported` only this: thousands are read at once."""

    drift: tuple[msgspec.Raw, ...] = ()
    locked: bool = False


_said = msgspec.json.Decoder(_Said)


class Told(NamedTuple):
    """What a terminal reports beside its state: how many settings were changed at the counter, whether it is locked, and the
    revision in force, told at `at_ms`."""

    drift: int = 0
    locked: bool = False
    rev: int = 0
    at_ms: int = 0


class SqlLooks:
    """Looks at one open transaction."""

    def __init__(self, connection: sa.Connection, shelf: Shelf) -> None:
        self._db = connection
        self._shelf = shelf

    def terminals(self, limit: int) -> list[TerminalLook]:
        """By id, the first `limit`."""
        it = terminals.c
        query = sa.select(it.terminal, it.state, it.state_ms, it.seen_ms).order_by(it.terminal).limit(limit)
        return [TerminalLook(*row) for row in self._db.execute(query)]

    def names(self) -> set[str]:
        """All terminals that ever spoke."""
        return set(self._db.execute(sa.select(terminals.c.terminal)).scalars())

    def terminal(self, terminal: str) -> TerminalLook | None:
        it = terminals.c
        query = sa.select(it.terminal, it.state, it.state_ms, it.seen_ms).where(it.terminal == terminal)
        row = self._db.execute(query).first()
        return TerminalLook(*row) if row else None

    def journals(self, limit: int) -> list[Epoch]:
        """Every journal's row, by terminal and epoch."""
        query = sa.select(epochs).order_by(epochs.c.terminal, epochs.c.epoch).limit(limit)
        return [Epoch(*row) for row in self._db.execute(query)]

    def journals_of(self, terminal: str) -> list[Epoch]:
        """The journals of one terminal; the one whose number was granted last comes last."""
        query = sa.select(epochs).where(epochs.c.terminal == terminal).order_by(epochs.c.number, epochs.c.epoch)
        return [Epoch(*row) for row in self._db.execute(query)]

    def registered(self) -> dict[str, Entry]:
        """What the register says, by terminal."""
        it = register.c
        query = sa.select(it.terminal, it.shop, it.grp, it.tags, it.retired)
        return {
            row.terminal: Entry(row.shop, row.grp, tuple(row.tags.split()), bool(row.retired))
            for row in self._db.execute(query)
        }

    def told(self) -> dict[str, Told]:
        """What terminals report, by terminal; those that never did are not in it."""
        it = reported.c
        rows = self._db.execute(sa.select(it.terminal, it.body, it.rev, it.got_ms))
        said = ((row, _said.decode(row.body)) for row in rows)
        return {row.terminal: Told(len(one.drift), one.locked, row.rev, row.got_ms) for row, one in said}

    def rollouts(self) -> dict[str, int]:
        """Roll-outs by state."""
        query = sa.select(rollouts.c.state, sa.func.count()).group_by(rollouts.c.state).order_by(rollouts.c.state)
        return {state: int(count) for state, count in self._db.execute(query)}

    def whole(self) -> int:
        """Records and quarantined places that are kept without a hole before them."""
        return int(self._db.execute(sa.select(sa.func.coalesce(sa.func.sum(epochs.c.upto), 0))).scalar_one())

    def records_before(
        self, terminal: str, epoch: int, before: int, limit: int, kinds: Sequence[str] = ()
    ) -> list[StoredRecord]:
        """The newest records of a journal below seq `before`, the newest first."""
        it = records.c
        query = sa.select(records).where(it.terminal == terminal, it.epoch == epoch, it.seq < before)
        query = query.where(*self._shelf.within(terminal, epoch, 1, before - 1))
        query = query.where(it.kind.in_(kinds)) if kinds else query
        return [StoredRecord(*row) for row in self._db.execute(query.order_by(it.seq.desc()).limit(limit))]

    def records_within(
        self, terminal: str, epoch: int, after: int, upto: int, kinds: Sequence[str]
    ) -> list[StoredRecord]:
        """Records of these kinds with `after` < seq <= `upto`, ascending."""
        it = records.c
        query = sa.select(records).where(it.terminal == terminal, it.epoch == epoch, it.seq > after, it.seq <= upto)
        query = query.where(*self._shelf.within(terminal, epoch, after + 1, upto))
        return [StoredRecord(*row) for row in self._db.execute(query.where(it.kind.in_(kinds)).order_by(it.seq))]
