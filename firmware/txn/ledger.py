"""The ledger: one SQLite file that is the only truth (design 2, decisions 7-16).

`journal` holds append-only facts with a gap-free `seq` and a SHA-256 chain; projections are ordinary tables changed in the
same transaction. Facts of one step are appended to the open transaction; *now* facts are committed (one fdatasync) before
`step` returns, *soon* facts ride along. What has been appended since the last commit is kept in memory too, so that a
full disk can be met: the ballast is released and everything pending is written again.

Nothing else ever opens the live file (SQLite 3.40.1 loses commits with two connections): WAL, synchronous=FULL, EXCLUSIVE.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from firmware.txn import deals, eventlog, remote, renewal
from firmware.txn.ballast import Ballast
from firmware.txn.books import Books, Entry
from firmware.txn.dress import dress_at
from firmware.txn.replay import entries, kinds_of, project, projection_tables, restore, snapshot, versions
from firmware.txn.subjects import SUBJECTS
from rules.deals import Deal
from wire import facts as wire_facts
from wire.facts import Carried, Fact
from wire.records import (
    GENESIS,
    RECORD_BYTES_MAX,
    ClockState,
    Record,
    chain_hash,
    header_bytes,
)
from wire.vouchers import PlatformState

PAGE_BYTES: Final = 1024
WAL_COMMITS_MAX: Final = 64
"""After so many commits the write-ahead log is folded in, in the next idle slice; a commit writes about ten pages."""

BOOT_VERIFY_RECORDS: Final = 256
REPLAY_PAGE: Final = 1_000
PRUNE_RECORDS_MIN, PRUNE_RECORDS_MAX = 250, 500
"""One slice of pruning: fewer are not worth a commit, more would hold the core up."""
SCHEMA: Final = 1
Value = int | str | bytes | None
T = TypeVar("T")

_CORE_TABLES = (
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE journal(seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, clock TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    # marks and secrets are no projections: a rebuild leaves them alone
    "CREATE TABLE mark(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE secret(operator TEXT PRIMARY KEY, salt BLOB NOT NULL, hash BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE product(sku TEXT PRIMARY KEY, plu TEXT NOT NULL, pad TEXT NOT NULL, body BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX product_plu ON product(plu) WHERE plu <> ''",
    "CREATE INDEX product_pad ON product(pad) WHERE pad <> ''",
    "CREATE TABLE barcode(code TEXT PRIMARY KEY, sku TEXT NOT NULL, pack INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    renewal.TABLE,
    *deals.TABLES,
    *eventlog.TABLES,  # beside the journal: a rebuild leaves them alone too
    remote.PARTS_TABLE,
    remote.HELD_TABLE,
)


class LedgerError(Exception):
    """The ledger cannot be used or written; `code` is of the error table, nothing was half-written."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"[{code}] {detail}")
        self.code = code
        self.detail = detail


class LedgerLocked(LedgerError):
    """Another process has the file open."""


class LedgerUnsure(RuntimeError):
    """The sync of a commit failed: its frames lie in the log, and only a restart can tell whether they are durable.

    Not a refusal: nobody may be told that the sale was not made. The process stops and reads the truth from the card.
    """


class LedgerUnreadable(RuntimeError):
    """A page of the file is damaged behind the head: the process stops, and the next start says 9003 on the screen."""


class LedgerDamaged(LedgerError):
    """The head of the journal does not verify (decisions 13)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When facts are appended, by the terminal's clock."""

    at_ms: int
    clock: ClockState


@dataclass(frozen=True, slots=True)
class _Step:
    """What one step adds to the open transaction; kept until committed, so that it can be written again."""

    facts: tuple[Fact, ...]
    stamp: Stamp
    secrets: tuple[tuple[str, bytes, bytes], ...]


@dataclass(slots=True)
class Ledger:
    """The open ledger of one terminal. One thread, one connection."""

    path: Path
    terminal: str
    epoch: int
    db: sqlite3.Connection
    next_seq: int
    head: bytes
    durable_seq: int
    acked_seq: int
    ballast: Ballast
    low_storage: bool = False
    syncs: int = 0
    commits_in_wal: int = 0
    _pending: list[_Step] = field(default_factory=list)
    _acked_committed: int = 0
    _jots: dict[str, tuple[str, tuple[Value, ...]]] = field(default_factory=dict)

    # --- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        path: Path,
        terminal: str,
        new_epoch: int,
        *,
        synchronous: str = "FULL",
        renewing: Callable[[int, int], None] = lambda done, of: None,
    ) -> "Ledger":
        """Open or make the ledger at `path`. `new_epoch` names the journal if it has to be made. Where another release
        wrote the file, projections are brought up to this one's first; `renewing` hears the record reached and the last.

        Raises `LedgerLocked` (9001), `LedgerDamaged` (9003) or `LedgerError` (9002 full, 9013 read-only, 9015 too new).
        `synchronous` is FULL; tests alone pass NORMAL, to show that the power-cut proof notices.
        """
        assert 0 < new_epoch < 2**31
        try:
            db = _connect(path)
        except sqlite3.Error as error:
            raise _as_ledger_error(error, path) from error
        try:
            return cls._opened(db, path, terminal, new_epoch, synchronous, renewing)
        except sqlite3.Error as error:
            db.close()
            raise _as_ledger_error(error, path) from error
        except BaseException:
            db.close()
            raise

    @classmethod
    def _opened(
        cls,
        db: sqlite3.Connection,
        path: Path,
        terminal: str,
        new_epoch: int,
        synchronous: str,
        renewing: Callable[[int, int], None],
    ) -> "Ledger":
        _configure(db, synchronous)
        _migrate(db, terminal, new_epoch)
        meta = dict(db.execute("SELECT name, value FROM meta ORDER BY name").fetchall())
        if meta["terminal"] != terminal:
            raise LedgerError(2008, f"the ledger belongs to terminal {meta['terminal']}, not {terminal}")
        next_seq, head = _head(db)
        acked = _mark(db, "acked_seq")
        ledger = cls(path, terminal, int(meta["epoch"]), db, next_seq, head, next_seq - 1, acked, Ballast(path))
        ledger._acked_committed = acked
        ledger._check_head()
        ledger._renew(renewing)
        ledger.low_storage = not ledger.ballast.lay()
        return ledger

    def close(self) -> None:
        """Commit what is pending and close the file; the write-ahead log is folded in."""
        if self._pending or self._jots:
            self.commit()
        self.db.close()

    def abandon(self) -> None:
        """Close without committing: what broke an invariant must not become true on the way out."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self._pending.clear()
        self._jots.clear()
        self.db.close()

    def unsound(self) -> str:
        """What SQLite finds wrong with the file, empty when nothing; reads all of it."""
        found = [str(row[0]) for row in self.db.execute("PRAGMA integrity_check(3)")]
        return "" if found == ["ok"] else "; ".join(found)

    # --- writing ------------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether anything waits for a commit."""
        return bool(self._pending) or bool(self._jots) or self.acked_seq != self._acked_committed

    def pending_facts(self) -> tuple[Fact, ...]:
        """Facts appended and not committed; a mere acknowledgement mark is none, and rides with whatever comes."""
        return tuple(fact for step in self._pending for fact in step.facts)

    def append(
        self, facts: tuple[Fact, ...], stamp: Stamp, secrets: tuple[tuple[str, bytes, bytes], ...] = ()
    ) -> tuple[int, ...]:
        """Append facts and project them, in the open transaction; their seqs. Nothing is durable before `commit`.

        `secrets` (name, salt, hash) are PIN hashes that go with a `PinChanged`, and codes of registered vouchers; they never
        enter the journal.
        """
        step = _Step(facts, stamp, secrets)
        self._pending.append(step)
        try:
            return self._write(step)
        except sqlite3.Error as error:
            return self._write_again(error)[-len(facts) :] if facts else ()

    def jot(self, key: str, sql: str, *args: Value) -> None:
        """A change of the event log's tables (`txn.eventlog`): in the open transaction, durable with the next commit. `key`
        names the row; its last change counts. Raises `LedgerError` when it could not be written: then all that was
        jotted since the last commit is lost, and no fact."""
        self._jots.pop(key, None)
        self._jots[key] = (sql, args)
        try:
            self._begin()
            self.db.execute(sql, args)
        except sqlite3.Error as error:
            self._jots.clear()
            self._roll_back()
            try:
                for step in self._pending:
                    self._write(step)
            except sqlite3.Error as again:
                self._write_again(again)
            raise _as_ledger_error(error, self.path) from error

    def jotted(self) -> bool:
        """Whether anything jotted waits for a commit."""
        return bool(self._jots)

    def note_acked(self, upto: int) -> None:
        """The backend has committed everything up to `upto`; a mark, not a fact (it would have to be acknowledged)."""
        assert upto < self.next_seq
        self.acked_seq = max(self.acked_seq, upto)

    def commit(self) -> None:
        """Make everything pending durable: one fdatasync. On a full disk the ballast is released and all is written
        again; raises `LedgerError` (9002, 9013) if that fails too, with the last step dropped and the others kept.
        Raises `LedgerUnsure` when the sync itself failed."""
        try:
            self._commit()
        except sqlite3.Error as error:
            _stop_if_unsure(error)
            self._write_again(error)
            try:
                self._commit()
            except sqlite3.Error as again:
                _stop_if_unsure(again)
                self._give_up(again)

    def _commit(self) -> None:
        if self.acked_seq != self._acked_committed:
            self._begin()
            self.db.execute("INSERT OR REPLACE INTO mark VALUES ('acked_seq', ?)", (self.acked_seq,))
        if self.db.in_transaction:
            self.db.execute("COMMIT")
            self.syncs += 1
            self.commits_in_wal += 1
        self._acked_committed = self.acked_seq
        self.durable_seq = self.next_seq - 1
        self._pending.clear()
        self._jots.clear()

    def _begin(self) -> None:
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")

    def _write(self, step: _Step) -> tuple[int, ...]:
        self._begin()
        seqs = tuple(self._write_fact(fact, step.stamp) for fact in step.facts)
        for operator, salt, digest in step.secrets:
            self.db.execute("INSERT OR REPLACE INTO secret VALUES (?, ?, ?)", (operator, salt, digest))
        return seqs

    def _write_fact(self, fact: Fact, stamp: Stamp) -> int:
        seq, body = self.next_seq, wire_facts.encode(fact)
        assert len(body) <= RECORD_BYTES_MAX, f"{fact.KIND} of {len(body)} bytes"
        header = header_bytes(self.terminal, self.epoch, seq, fact.KIND, fact.VERSION, stamp.at_ms, stamp.clock)
        digest = chain_hash(self.head, header, body)
        row = (seq, self.epoch, fact.KIND, fact.VERSION, stamp.at_ms, stamp.clock, body, digest)
        self.db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        project(self, Entry(seq, stamp.at_ms, fact))
        if isinstance(fact, Carried):  # here, so that it happens again whenever the fact is written again
            self.db.execute("DELETE FROM journal WHERE seq <= ?", (fact.upto,))
        self.next_seq, self.head = seq + 1, digest
        return seq

    def _write_again(self, error: sqlite3.Error) -> tuple[int, ...]:
        """Roll back, release the ballast if the disk is full, and write every pending step again."""
        if not _is_full(error) or not self._release():
            self._give_up(error)
        self._roll_back()
        seqs: tuple[int, ...] = ()
        try:
            for step in self._pending:
                seqs += self._write(step)
            for sql, args in self._jots.values():
                self._begin()
                self.db.execute(sql, args)
        except sqlite3.Error as again:
            self._give_up(again)
        return seqs

    def _release(self) -> bool:
        self.low_storage = True
        return self.ballast.release()

    def _give_up(self, error: sqlite3.Error) -> None:
        """Drop the last step (its command is refused), keep the earlier ones in the open transaction if possible. The event
        log gives way."""
        self._roll_back()
        self._jots.clear()
        dropped = self._pending[:-1]
        self._pending = []
        for step in dropped:
            self._pending.append(step)
            try:
                self._write(step)
            except sqlite3.Error:
                self._roll_back()
                self._pending = []
                break
        raise _as_ledger_error(error, self.path) from error

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self.next_seq, self.head = _head(self.db)

    # --- Books --------------------------------------------------------------------------------------------------------

    def read(self, sql: str, *args: Value) -> list[tuple[Any, ...]]:
        """Rows of a SELECT, pending ones included. Raises `LedgerUnreadable`."""
        try:
            return self.db.execute(sql, args).fetchall()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise LedgerUnreadable(str(error)) from error
            raise

    def write(self, sql: str, *args: Value) -> None:
        """For `apply` functions; only inside the open transaction."""
        assert self.db.in_transaction
        self.db.execute(sql, args)

    # --- the journal --------------------------------------------------------------------------------------------------

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        """Committed records with seq > after, at most `limit`, as they travel."""
        if not 0 <= after < self.durable_seq:
            return ()
        rows = self.db.execute(
            "SELECT seq, epoch, kind, version, at_ms, clock, body, hash FROM journal"
            " WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ?",
            (after, self.durable_seq, limit + 1),
        ).fetchall()
        prev = (rows and self._hash_before(int(rows[0][0]))) or GENESIS
        records: list[Record] = []
        for seq, epoch, kind, version, at_ms, clock, body, digest in rows:
            if seq > after and len(records) < limit:
                raw = msgspec.Raw(body)
                records.append(Record(epoch, seq, kind, version, at_ms, clock, raw, prev.hex(), digest.hex()))
            prev = digest
        return tuple(records)

    def fact(self, seq: int) -> Fact:
        """The fact at `seq`. Raises `LookupError` when there is none."""
        rows = self.db.execute("SELECT kind, version, body FROM journal WHERE seq = ?", (seq,)).fetchall()
        if not rows:
            raise LookupError(f"no record {seq}")
        kind, version, body = rows[0]
        return wire_facts.decode(kind, version, body)

    def hash_at(self, seq: int) -> str:
        """Chain hash of the record `seq`, in hex."""
        return str(self.db.execute("SELECT hex(hash) FROM journal WHERE seq = ?", (seq,)).fetchone()[0]).lower()

    def entries(self, kinds: tuple[str, ...] = tuple(wire_facts.KINDS), after: int = 0) -> Iterator[Entry]:
        """Journaled facts of these kinds in order, from the one after `after`."""
        while True:
            page = tuple(entries(self, kinds, after, REPLAY_PAGE))
            yield from page
            if len(page) < REPLAY_PAGE:
                return
            after = page[-1].seq

    def broken_at(self, first: int, last: int) -> int | None:
        """The first seq in first..last whose record is missing, unreadable or does not fit the chain; None: all well."""
        prev, expected = self._hash_before(first), first
        for row in self.db.execute(
            "SELECT seq, epoch, kind, version, at_ms, clock, body, hash FROM journal"
            " WHERE seq >= ? AND seq <= ? ORDER BY seq",
            (first, last),
        ):
            seq, epoch, kind, version, at_ms, clock, body, digest = row
            header = header_bytes(self.terminal, epoch, seq, kind, version, at_ms, clock)
            if seq != expected or prev is None or chain_hash(prev, header, body) != digest:
                return expected
            prev, expected = digest, seq + 1
        return None if expected == last + 1 else expected

    def _hash_before(self, seq: int) -> bytes | None:
        if seq == 1:
            return GENESIS
        row = self.db.execute("SELECT hash FROM journal WHERE seq = ?", (seq - 1,)).fetchone()
        if row:
            return bytes(row[0])
        carried = self.carried()
        return bytes.fromhex(carried.hash) if carried is not None and carried.upto == seq - 1 else None

    def _check_head(self) -> None:
        last = self.next_seq - 1
        first = max(self.first_seq, last - BOOT_VERIFY_RECORDS + 1)
        try:
            broken = self.broken_at(first, last) if last else None
        except sqlite3.DatabaseError as error:
            raise LedgerDamaged(9003, f"the journal cannot be read: {error}") from error
        if broken is not None:
            raise LedgerDamaged(9003, f"record {broken} of {last} does not fit the hash chain")

    # --- projections --------------------------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Throw every projection away, make its table as this release has it, and replay the journal."""
        assert not self._pending
        self._in_one(lambda: self.write("DELETE FROM projection"))
        self._renew()

    def _renew(self, heard: Callable[[int, int], None] = lambda done, of: None) -> None:
        """Bring the projections up to what this release wants, slice by slice (`renewal`)."""
        if renewal.due(self):
            carried = self.carried()
            self._in_one(lambda: renewal.begin(self, carried))
        while renewal.unfinished(self):
            heard(self._in_one(lambda: renewal.go_on(self)), self.next_seq - 1)
            self._fold_log()

    def _in_one(self, work: Callable[[], T]) -> T:
        """`work` in a transaction of its own; once more with the ballast released when the disk is full."""
        try:
            return self._transacted(work)
        except sqlite3.Error as error:
            if not (_is_full(error) and self._release()):
                raise
            return self._transacted(work)

    def _transacted(self, work: Callable[[], T]) -> T:
        self._begin()
        try:
            done = work()
            self.db.execute("COMMIT")
        except msgspec.MsgspecError as error:
            raise LedgerDamaged(9003, f"a record cannot be read: {error}") from error
        except ValueError as error:
            raise LedgerError(9015, f"a record was written by a newer release: {error}") from error
        finally:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
        return done

    def _replay_into(self, books: Books, upto: int | None = None) -> None:
        """Project the carried state, if there is one, and every record after it (up to `upto`)."""
        carried = self.carried()
        if carried is not None:
            restore(books, carried)
        for entry in self.entries(kinds_of(SUBJECTS)):
            if upto is not None and entry.seq > upto:
                return
            project(books, entry)

    def carried(self) -> Carried | None:
        """The fact that stands for the pruned prefix; None when nothing has been pruned."""
        row = (
            self.db.execute(
                "SELECT version, body FROM journal WHERE kind = 'carried' ORDER BY seq DESC LIMIT 1"
            ).fetchone()
            if self.first_seq > 1
            else None
        )
        fact = wire_facts.decode("carried", int(row[0]), row[1]) if row else None
        assert fact is None or isinstance(fact, Carried)
        return fact

    def differences(self) -> list[str]:
        """Names of projection tables whose rebuilt rows are not the live ones; the rebuild happens in memory."""
        memory = Replayed.empty()
        self._replay_into(memory)
        return [name for name in projection_tables() if _rows(self.db, name) != _rows(memory.db, name)]

    # --- pruning ------------------------------------------------------------------------------------------------------

    def prune(self, before_ms: int) -> int:
        """Replace the oldest records by one `Carried`: whole, acknowledged, older than `before_ms`, and nothing that is
        still needed (decisions 9). How many went; 0 when it is not worth a commit yet. Nothing may be pending."""
        assert not self.pending_facts()
        upto = min(self._prunable(before_ms), self.first_seq + PRUNE_RECORDS_MAX - 1)
        if upto - self.first_seq + 1 < PRUNE_RECORDS_MIN:
            return 0
        then = Replayed.empty()
        self._replay_into(then, upto)
        before = self.carried()
        tables, balances = snapshot(then, before)
        digest = hashlib.sha256(msgspec.json.encode(tables)).hexdigest()
        looks = dress_at(then, upto) or (before.dress if before else None)
        fact = Carried(upto, self.hash_at(upto), balances, digest, tables, looks)
        gone = upto - self.first_seq + 1
        self.append((fact,), Stamp(self._last_at_ms(), "floor"))
        self.commit()
        return gone

    def _prunable(self, before_ms: int) -> int:
        """The last seq of the prefix that may go."""
        limits = [self.acked_seq]
        for sql in (
            "SELECT min(seq) - 1 FROM journal WHERE at_ms >= ?",
            "SELECT min(opened_seq) - 1 FROM shift WHERE open = 1 AND ? > 0",
            "SELECT min(job) - 1 FROM print_job WHERE ? > 0",
            "SELECT min(seq) - 1 FROM reservation WHERE ? > 0",
            "SELECT min(seq) - 1 FROM release WHERE ? > 0",  # its record says what the backend is told
            "SELECT min(original) - 1 FROM reprint WHERE seq IN (SELECT job FROM print_job) AND ? > 0",
            "SELECT min(seq) - 1 FROM hold WHERE ? > 0",
            "SELECT max(seq) - 1 FROM receipt WHERE ? > 0",  # the last receipt holds the trace number
            "SELECT min(seq) - 1 FROM pay_order WHERE state IN ('open', 'parked') AND ? > 0",
            "SELECT min(seq) - 1 FROM payment WHERE state IN ('sent', 'unknown', 'reversing') AND ? > 0",
            "SELECT min(seq) - 1 FROM voucher_use WHERE state IN ('registered', 'sent', 'unknown', 'undoing') AND ? > 0",
            "SELECT min(seq) - 1 FROM voucher_use"
            " WHERE handled = 0 AND (state = 'kept' OR (state = 'rejected' AND registered = 1 AND again = 0)"
            " OR (state = 'undone' AND sold = 1 AND why = '')) AND ? > 0",
            "SELECT min(seq) - 1 FROM refund_part WHERE state NOT IN ('refunded', 'turned') AND ? > 0",
        ):
            found = self.db.execute(sql, (before_ms,)).fetchone()[0]
            if found is not None:
                limits.append(int(found))
        if self.db.execute("SELECT 1 FROM kept_basket LIMIT 1").fetchone():
            newest = "SELECT seq - 1 FROM journal WHERE kind = 'basket_kept' ORDER BY seq DESC LIMIT 1"
            limits.append(int(self.db.execute(newest).fetchone()[0]))
        return self._surely_old(before_ms, min(limits))

    def _surely_old(self, before_ms: int, upto: int) -> int:
        """The last seq up to `upto` that a trusted clock dated before that time, 0: none. What another clock dated may
        be of today, however old it looks; it goes with the next record that is surely old."""
        sql = "SELECT seq FROM journal WHERE seq <= ? AND clock = 'trusted' AND at_ms < ? ORDER BY seq DESC LIMIT 1"
        found = self.db.execute(sql, (upto, before_ms)).fetchone()
        return int(found[0]) if found else 0

    def _last_at_ms(self) -> int:
        return int(self.db.execute("SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1").fetchone()[0])

    # --- idle work ----------------------------------------------------------------------------------------------------

    @property
    def first_seq(self) -> int:
        """The oldest record still here; 1 until a prefix has been pruned."""
        row = self.db.execute("SELECT seq FROM journal ORDER BY seq LIMIT 1").fetchone()
        return int(row[0]) if row else 1

    @property
    def wants_checkpoint(self) -> bool:
        """Whether the write-ahead log has grown too long."""
        return self.commits_in_wal >= WAL_COMMITS_MAX

    def checkpoint(self) -> bool:
        """Fold the write-ahead log into the file if it has grown too long; True if it did. For idle slices.

        Raises `LedgerError` (9002, 9013) when the disk does not take it; nothing is lost then.
        """
        if not self.wants_checkpoint:
            return False
        self.commit()  # what rides would keep the log from being folded for ever at a busy till
        self.commits_in_wal = 0  # also after a failure: the next try comes after as many commits again
        try:
            self._fold_log()
        except sqlite3.Error as error:
            if not (_is_full(error) and self._release()):
                raise _as_ledger_error(error, self.path) from error
            try:
                self._fold_log()
            except sqlite3.Error as again:
                raise _as_ledger_error(again, self.path) from again
        return True

    def _fold_log(self) -> None:
        """May fail on a full disk, harmlessly: the log keeps everything and only goes on growing."""
        self.db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()  # the log keeps its length: no growing, no cutting


@dataclass(frozen=True, slots=True)
class Replayed:
    """Books in memory, for a rebuild that is compared with the live tables."""

    db: sqlite3.Connection

    @classmethod
    def empty(cls) -> "Replayed":
        """Projection tables with nothing in them."""
        books = cls(sqlite3.connect(":memory:", isolation_level=None))
        for subject in SUBJECTS:
            for table in subject.tables:
                books.db.execute(table)
        return books

    def read(self, sql: str, *args: Value) -> list[tuple[Any, ...]]:
        """Rows of a SELECT."""
        return self.db.execute(sql, args).fetchall()

    def write(self, sql: str, *args: Value) -> None:
        """One change."""
        self.db.execute(sql, args)


def load_products(
    ledger: Ledger, products: Iterable[tuple[str, str, str, bytes]], codes: Iterable[tuple[str, str, int]]
) -> None:
    """Replace the price list: (sku, plu, pad digits, body) and (code, sku, pieces in the pack), in one transaction.

    Goods are reference data, not projections: the journal names them by digest in `CatalogueLoaded`. Raises `ValueError`
    for a number or code that stands twice, `LedgerError` when the disk does not take it; the old goods stay then.
    """
    _replace(
        ledger,
        (("DELETE FROM product", [()]), ("DELETE FROM barcode", [()]),
         ("INSERT INTO product VALUES (?, ?, ?, ?)", products), ("INSERT INTO barcode VALUES (?, ?, ?)", codes)),
    )  # fmt: skip


def load_deals(ledger: Ledger, rev: str, told: Iterable[Deal], platforms: Iterable[PlatformState]) -> str:
    """Replace the deals and how platforms stand, in one transaction; their digest. Nothing may wait for a commit. Raises
    `LedgerError` when the disk does not take it; the old deals stay then."""
    told, platforms = tuple(told), tuple(platforms)
    digest = deals.digest_of(told, platforms)
    _replace(
        ledger,
        (
            ("DELETE FROM deal", [()]),
            ("DELETE FROM deal_platform", [()]),
            (
                "INSERT OR REPLACE INTO deal VALUES (?, ?, ?)",
                ((deal.platform, deal.deal_id, msgspec.json.encode(deal)) for deal in told),
            ),
            (
                "INSERT OR REPLACE INTO deal_platform VALUES (?, ?, ?)",
                ((state.platform, state.code, state.software_min) for state in platforms),
            ),
            ("INSERT OR REPLACE INTO deal_head VALUES (1, ?, ?, ?)", [(rev, digest, len(told))]),
        ),
    )
    return digest


def _replace(ledger: Ledger, changes: Iterable[tuple[str, Iterable[tuple[Value, ...]]]]) -> None:
    """Changes of reference data in one transaction of their own, as `load_products` says."""
    assert not ledger.pending_facts()
    try:
        ledger.db.execute("BEGIN IMMEDIATE")
        for sql, rows in changes:
            ledger.db.executemany(sql, rows)
        ledger.db.execute("COMMIT")
    except sqlite3.Error as error:
        if ledger.db.in_transaction:
            ledger.db.execute("ROLLBACK")
        if isinstance(error, sqlite3.IntegrityError):
            raise ValueError(f"twice in the list: {error}") from error
        raise _as_ledger_error(error, ledger.path) from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0.2, cached_statements=256)


def _configure(db: sqlite3.Connection, synchronous: str) -> None:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    assert mode == "wal", mode
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute(
        "PRAGMA secure_delete = FAST"
    )  # a secret that is replaced is overwritten in its page; costs no page more
    db.execute("PRAGMA wal_autocheckpoint = 0")  # checkpoints run in idle slices
    db.execute("PRAGMA cache_size = -4096")


def _migrate(db: sqlite3.Connection, terminal: str, new_epoch: int) -> None:
    """Bring the file to this release's schema, step by step; each step and its number are one transaction."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA:
        raise LedgerError(
            9015, f"the ledger was written by a newer release (schema {version}, this one knows {SCHEMA})"
        )
    if version == 0:
        db.execute("BEGIN IMMEDIATE")
        for statement in (*_CORE_TABLES, *(table for subject in SUBJECTS for table in subject.tables)):
            db.execute(statement)
        names = {"terminal": terminal, "epoch": str(new_epoch), "projections": renewal.BY_SUBJECT}
        db.executemany("INSERT INTO meta VALUES (?, ?)", names.items())
        held = [(name, version, None) for name, version in versions().items()]
        db.executemany("INSERT INTO projection VALUES (?, ?, ?)", held)
        db.execute("INSERT INTO mark VALUES ('acked_seq', 0)")
        db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
    else:
        db.execute("BEGIN IMMEDIATE")  # takes the exclusive lock now: a second process fails here, not later
        for table in (
            renewal.TABLE,
            *eventlog.TABLES,
            *deals.TABLES,
            remote.PARTS_TABLE,
            remote.HELD_TABLE,
        ):  # additive: an older release passes them over
            db.execute(table)
        db.execute("COMMIT")


def _head(db: sqlite3.Connection) -> tuple[int, bytes]:
    row = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(row[0]) + 1, bytes(row[1])) if row else (1, GENESIS)


def _mark(db: sqlite3.Connection, name: str) -> int:
    row = db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _rows(db: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


def _stop_if_unsure(error: sqlite3.Error) -> None:
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"):
        raise LedgerUnsure("the card did not confirm a commit") from error


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_FULL")


def _as_ledger_error(error: sqlite3.Error, path: Path) -> LedgerError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return LedgerError(9002, "the disk is full")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerLocked(9001, f"{path} is in use by another posd")
    if name.startswith(("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return LedgerError(9013, f"{path} cannot be written ({name})")
    return LedgerDamaged(9003, f"{path} cannot be read as a ledger ({name or error})")
