"""The store on SQLAlchemy Core: SQLite in a file (WAL, FULL) or in memory. One writer; readers open it read-only."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from fleet import lookup
from fleet.desk.sql import FleetBooks
from fleet.desk.tables import rollout_terminals
from fleet.reading import Good
from fleet.sql_dialect import (
    POSTGRESQL,
    SQLITE,
    Rows,
    Text,
    add_all,
    bulk_text,
    compiled_text,
    enter,
    insert,
    merge,
    packed,
    run,
    run_many,
)
from fleet.sql_engine import open_engine, schema_version, set_schema_version, troubles
from fleet.sql_events import SqlEvents
from fleet.sql_locks import Alone, Locks
from fleet.sql_looks import SqlLooks
from fleet.sql_money import LOOKED_UP, SqlMoney
from fleet.sql_records import Shelf, SqlRecords, Where
from fleet.sql_tables import conflicts, epochs, leases, quarantine, records, tables, terminals
from fleet.store import Conflict, Epoch, Quarantine, StoredRecord, StoreTrouble, TerminalRow
from fleet.vouchers.sql import SqlVouchers
from wire.facts import decode as decode_fact
from wire.messages import State
from wire.records import Record

SCHEMA_VERSION = 11
"""1: records and terminals. 2: money beside them; what version 1 kept is entered there when it is opened. 3: which record
asks for a refund. 4: by which means reserved goods are paid back. 5: vouchers beside them. 6:
event reports beside them. 7: leases of workers. 8: the fleet's desk. 9: what a person has dealt
with; who has not said that it has its settings back. 10: payments are found by the customer's bill. 11: pushes are given
in lots."""
SHELVED_AT_ONCE = 500

_epoch_fields = attrgetter(*Epoch.__slots__)


@cache
def hot(dialect: str) -> dict[str, Text]:
    """SQL of what every packet needs, made once."""
    here = (epochs.c.terminal == sa.bindparam("terminal"), epochs.c.epoch == sa.bindparam("epoch"))
    ours = sa.and_(terminals.c.terminal == epochs.c.terminal, terminals.c.epoch == epochs.c.epoch)
    fresh = insert(dialect, terminals).excluded
    since = sa.case((terminals.c.state == fresh.state, terminals.c.state_ms), else_=fresh.state_ms)
    statements: dict[str, sa.Select[Any] | sa.Insert] = {
        "epoch": sa.select(epochs).where(*here),
        "put_epoch": merge(dialect, epochs, ("journal_key", "number", "upto", "high", "asked_ms")),
        "lease": _leased(dialect),
        "seen": merge(dialect, terminals, ("seen_ms",)),
        "put_state": merge(dialect, terminals, ("epoch", "acked_seq", "state"), state_ms=since),
        "lagging": sa.select(epochs)
        .select_from(epochs.outerjoin(terminals, ours))
        .where(epochs.c.asked_ms <= sa.bindparam("asked_before_ms"))
        .where((epochs.c.high > epochs.c.upto) | (terminals.c.acked_seq > epochs.c.upto))
        .order_by(epochs.c.asked_ms, epochs.c.terminal, epochs.c.epoch)
        .limit(sa.bindparam("limit"))
        .with_for_update(of=epochs, skip_locked=True),  # a worker at work on one will move it on itself
    }
    made = {name: compiled_text(dialect, statement) for name, statement in statements.items()}
    if dialect == SQLITE:
        return made | {
            "epochs/bulk": Text(f"{sa.select(epochs)} WHERE terminal IN (SELECT value FROM json_each(:terminals))", {})
        }
    bulk = {
        "epochs": f"{sa.select(epochs)} WHERE terminal = ANY(%(terminals)s)",  # one text for any number of them
        "put_epoch": bulk_text(epochs, made["put_epoch"].text),
        "seen": _SEEN,
    }
    return made | {f"{name}/bulk": Text(text, {}) for name, text in bulk.items()}


_SEEN = """
INSERT INTO terminals (terminal, epoch, acked_seq, state, state_ms, seen_ms)
SELECT name, 0, 0, '', 0, %(now_ms)s FROM json_array_elements_text(%(names)s::json) AS name
ON CONFLICT (terminal) DO UPDATE SET seen_ms = excluded.seen_ms
"""
"""PostgreSQL's way of `seen`, for any number of terminals."""


def _leased(dialect: str) -> sa.Insert:
    """Changes a row only for its holder, or when it has run out."""
    fresh = insert(dialect, leases)
    kept = {name: fresh.excluded[name] for name in ("holder", "until_ms")}
    free = sa.or_(leases.c.holder == fresh.excluded.holder, leases.c.until_ms <= sa.bindparam("now_ms"))
    return fresh.on_conflict_do_update(index_elements=["name"], set_=kept, where=free)


class AnyStore(Protocol):
    """The backend's store on either database, with what only readers ask of it."""

    def begin(self) -> AbstractContextManager["SqlBooks"]: ...
    def close(self) -> None: ...


class SqlStore:
    """`Store` on one SQLite database. `path` None: in memory. `read_only`: for a look while another process writes."""

    def __init__(self, path: Path | None = None, read_only: bool = False) -> None:
        self._engine = open_engine(path, read_only)
        self._hot = hot(SQLITE)
        with troubles(), self._engine.begin() as connection:
            version = schema_version(connection)
            if version > SCHEMA_VERSION or (read_only and version != SCHEMA_VERSION):
                raise StoreTrouble(f"schema version {version}, this release reads {SCHEMA_VERSION}")
            if version < SCHEMA_VERSION:
                if version == 2:
                    connection.exec_driver_sql("ALTER TABLE refunds ADD COLUMN asked INTEGER NOT NULL DEFAULT 0")
                if version in (2, 3):
                    add = "ALTER TABLE reservations ADD COLUMN tenders BLOB NOT NULL DEFAULT x'7b7d'"
                    connection.exec_driver_sql(add)
                tables.create_all(connection)
                for index in (*rollout_terminals.indexes, *LOOKED_UP):  # of tables that may have been there
                    index.create(connection, checkfirst=True)
                if version == 1:
                    _shelve_all(self._books(connection))
                set_schema_version(connection, SCHEMA_VERSION)

    @contextmanager
    def begin(self) -> Iterator["SqlBooks"]:
        """One transaction: committed when the block ends. Raises `StoreTrouble` when it could not be."""
        with troubles(), self._engine.begin() as connection:
            yield self._books(connection)

    def _books(self, connection: sa.Connection) -> "SqlBooks":
        return SqlBooks(connection, self._hot, OneTable(connection), Alone())

    def close(self) -> None:
        self._engine.dispose()


class OneTable:
    """SQLite's shelf: all records in one table, whose key nothing can be under twice."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, rows: list[StoredRecord]) -> None:
        if rows:
            enter(self._db, records, rows)

    def within(self, terminal: str, epoch: int, first: int, last: int | None) -> Where:
        return []

    def gone(self, terminal: str, epoch: int, seqs: list[int]) -> list[int]:
        return []

    def prepare(self, now_ms: int) -> None:
        """One table is always ready."""


def _shelve_all(books: "SqlBooks") -> None:
    """Enter the records of a store of version 1 where asks about money look for them."""
    for row in books.all_terminals():
        for epoch in books.epochs_of(row.terminal):
            after = 0
            while page := books.records_after(row.terminal, epoch.epoch, after, SHELVED_AT_ONCE):
                goods = [each for each in map(_good, page) if each is not None]
                lookup.shelve(books.money, [(row.terminal, each) for each in goods])
                after = page[-1].seq


def _good(row: StoredRecord) -> Good | None:
    fields = (
        row.epoch,
        row.seq,
        row.kind,
        row.version,
        row.at_ms,
        row.clock,
        msgspec.Raw(row.body),
        row.prev,
        row.hash,
    )
    try:
        fact = decode_fact(row.kind, row.version, row.body)
    except (KeyError, ValueError):  # of a release this one does not know: `records verify` names it
        return None
    return Good(Record(*fields), fact)  # type: ignore[arg-type]  # the clock's state is one of three, stored as text


class SqlBooks:
    """`Books` on one open transaction, with what only the command line asks for beside it."""

    def __init__(self, connection: sa.Connection, hot: dict[str, Text], shelf: Shelf, locks: Locks) -> None:
        self._db = connection
        self._hot = hot
        self._locks = locks
        self._shelf = shelf
        self._records = SqlRecords(connection, shelf)
        self.add_records, self.hashes = self._records.add, self._records.hashes
        self.covered, self.holes, self.records_after = self._records.covered, self._records.holes, self._records.after
        self.money = SqlMoney(connection, self._records, locks)
        self.vouchers = SqlVouchers(connection, self._records, locks)
        self.events = SqlEvents(connection)
        self.fleet = FleetBooks(connection)
        self.looks = SqlLooks(connection, shelf)

    # --- what the core needs ---

    def epoch(self, terminal: str, epoch: int) -> Epoch | None:
        row = self._run("epoch", {"terminal": terminal, "epoch": epoch}).fetchone()
        return Epoch(*row) if row else None

    def epochs(self, terminals: list[str]) -> dict[tuple[str, int], Epoch]:
        of: object = terminals if self._db.dialect.name == POSTGRESQL else msgspec.json.encode(terminals).decode()
        return {(row[0], row[1]): Epoch(*row) for row in self._run("epochs/bulk", {"terminals": of})}

    def put_epochs(self, rows: list[Epoch]) -> None:
        if rows and self._db.dialect.name == POSTGRESQL:
            self._run("put_epoch/bulk", packed(map(_epoch_fields, rows)))
        else:
            values = [dict(zip(Epoch.__slots__, _epoch_fields(row), strict=True)) for row in rows]
            run_many(self._db, self._hot["put_epoch"], values)

    def _run(self, name: str, values: dict[str, Any]) -> Rows:
        return run(self._db, self._hot[name], values)

    def last_number(self, terminal: str) -> int:
        query = sa.select(sa.func.coalesce(sa.func.max(epochs.c.number), 0)).where(epochs.c.terminal == terminal)
        return int(self._db.execute(query).scalar_one())

    def add_conflicts(self, rows: list[Conflict]) -> None:
        add_all(self._db, conflicts, [asdict(row) for row in rows])

    def add_quarantine(self, rows: list[Quarantine]) -> None:
        values = [asdict(row) | {"digest": hashlib.sha256(row.raw).hexdigest()} for row in rows]
        add_all(self._db, quarantine, values)

    def nameless(self, terminal: str) -> int:
        query = sa.select(sa.func.count()).where(quarantine.c.terminal == terminal, quarantine.c.seq == 0)
        return int(self._db.execute(query).scalar_one())

    def lagging(self, asked_before_ms: int, limit: int) -> list[Epoch]:
        found = self._run("lagging", {"asked_before_ms": asked_before_ms, "limit": limit})
        return [Epoch(*row) for row in found]

    def put_state(self, terminal: str, state: State, body: bytes, now_ms: int, fresh: bool) -> None:
        row = {"terminal": terminal, "epoch": state.epoch, "acked_seq": state.acked_seq, "state": body}
        self._run("put_state", row | {"state_ms": now_ms, "seen_ms": now_ms if fresh else 0})

    def seen(self, names: list[str], now_ms: int) -> None:
        if self._db.dialect.name == POSTGRESQL:
            self._run("seen/bulk", {"names": msgspec.json.encode(names).decode(), "now_ms": now_ms})
        else:
            row = {"epoch": 0, "acked_seq": 0, "state": b"", "state_ms": 0, "seen_ms": now_ms}
            run_many(self._db, self._hot["seen"], [row | {"terminal": name} for name in names])

    def hold(self, terminals: Iterable[str]) -> None:
        self._locks.hold("terminal", terminals)

    def hold_desk(self, alone: bool) -> None:
        if alone:
            self._locks.hold("desk", [""])
        else:
            self._locks.share("desk", "")

    def prepare(self, now_ms: int) -> None:
        self._shelf.prepare(now_ms)

    def lease(self, name: str, holder: str, now_ms: int, until_ms: int) -> bool:
        values = {"name": name, "holder": holder, "now_ms": now_ms, "until_ms": until_ms}
        return self._run("lease", values).rowcount == 1

    # --- what the command line asks ---

    def epochs_of(self, terminal: str) -> list[Epoch]:
        """All journals of a terminal in the order of their granted numbers, those without one last."""
        query = sa.select(epochs).where(epochs.c.terminal == terminal)
        query = query.order_by(epochs.c.number == 0, epochs.c.number, epochs.c.epoch)
        return [Epoch(*row) for row in self._db.execute(query)]

    def conflicts_of(self, terminal: str) -> list[Conflict]:
        query = sa.select(conflicts).where(conflicts.c.terminal == terminal)
        return [Conflict(*row) for row in self._db.execute(query.order_by(conflicts.c.epoch, conflicts.c.seq))]

    def quarantine_of(self, terminal: str) -> list[Quarantine]:
        table = quarantine.c
        query = sa.select(table.terminal, table.epoch, table.seq, table.reason, table.raw, table.got_ms)
        query = query.where(table.terminal == terminal).order_by(table.epoch, table.seq, table.got_ms, table.digest)
        return [Quarantine(*row) for row in self._db.execute(query)]

    def all_terminals(self) -> list[TerminalRow]:
        """Every terminal that ever spoke."""
        table = terminals.c
        query = sa.select(table.terminal, table.state, table.state_ms, table.seen_ms).order_by(table.terminal)
        return [TerminalRow(row[0], _state(row[1]), row[2], row[3]) for row in self._db.execute(query)]


def _state(body: bytes) -> State | None:
    return msgspec.json.decode(body, type=State) if body else None
