"""What the dashboard knows beyond single records: figures by hour, shops, and what happened to each terminal.

A projection of the store in a file of its own (`dashboard.db`): read record by record up to where each journal is whole,
so the order in which records came does not matter, and each counts once; cursor and sums are one commit. It may be thrown
away: it is made anew. One thread writes it; pages read it by a connection of their own.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from fleet.dashboard.happenings import KINDS, Happening, happening_of, linked
from fleet.dashboard.reading import Reading
from fleet.dashboard.tiles import Lock
from fleet.side_books import SideBooks
from fleet.sql_dialect import SQLITE, upsert
from fleet.store import StoredRecord, StoreTrouble
from wire.facts import Fact, Refund, RefundTurned, Sale, ShiftOpened, TerminalLocked
from wire.facts import decode as decode_fact
from wire.messages import State
from wire.totals import part_of

FILE = "dashboard.db"
VERSION = 3
HOUR_MS = 3_600_000
TURN_SEQS = 5_000
"""Records looked at in one turn, at most; between two turns others have the processor."""
TURN_S = 3.0
BUSY_S = 0.05
REST, BUSY_REST = 20, 3
"""A turn that took long is followed by a rest so many times as long: behind, it takes a quarter of a processor, else a
twentieth; the thread that takes records goes first."""
JOURNALS_MAX = 200_000
TERMINALS_MAX = 100_000
LOCKS_MAX = 500
KEPT_MS = 120 * 24 * HOUR_MS
AHEAD_MS = 10 * 60_000
"""A terminal's clock may run ahead by so much before the time of arrival is believed instead."""

_log = logging.getLogger(__name__)
_tables = sa.MetaData()
_FIGURES = (Sale.KIND, Refund.KIND, RefundTurned.KIND)
_WANTED = tuple(dict.fromkeys((*_FIGURES, *KINDS)))


def _column(name: str, kind: type[sa.types.TypeEngine[Any]] = sa.Integer, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, nullable=False, autoincrement=False)


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, _tables, *columns, sqlite_strict=True)


_cursors = _table(
    "cursors", _column("terminal", sa.Text, True), _column("epoch", sa.Integer, True), _column("upto")
)  # fmt: skip
_figures = _table(
    "figures", _column("terminal", sa.Text, True), _column("hour_ms", sa.Integer, True), _column("name", sa.Text, True),
    _column("number"),
)  # fmt: skip
sa.Index("figures_by_hour", _figures.c.hour_ms, _figures.c.name)
_happened = _table(
    "happened", _column("terminal", sa.Text, True), _column("at_ms", sa.Integer, True), _column("what", sa.Text, True),
    _column("number", sa.Integer, True), _column("detail", sa.Text),
)  # fmt: skip
_known = _table(
    "known", _column("terminal", sa.Text, True), _column("shop", sa.Text), _column("link", sa.Text)
)  # fmt: skip


class Known(NamedTuple):
    """What is remembered of a terminal: the shop its slips name, and how its link was when it was looked at last."""

    terminal: str
    shop: str = ""
    link: str = ""


class Sum(NamedTuple):
    """A figure by the names of `rules.totals`, of one group in one slot of time."""

    group: str
    slot: int
    name: str
    number: int


class _Pages:
    """One transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def cursors(self) -> dict[tuple[str, int], int]:
        return {(row.terminal, row.epoch): row.upto for row in self._db.execute(sa.select(_cursors))}

    def known(self) -> dict[str, Known]:
        return {row.terminal: Known(*row) for row in self._db.execute(sa.select(_known))}

    def put(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._db.execute(upsert(SQLITE, table), rows)

    def add_figures(self, sums: dict[tuple[str, int, str], int]) -> None:
        for (terminal, hour_ms, name), number in sums.items():
            it = _figures.c
            here = (it.terminal == terminal, it.hour_ms == hour_ms, it.name == name)
            before = self._db.execute(sa.select(it.number).where(*here)).scalar()
            row = {"terminal": terminal, "hour_ms": hour_ms, "name": name, "number": (before or 0) + number}
            self.put(_figures, [row])

    def forget(self, before_ms: int) -> None:
        self._db.execute(sa.delete(_happened).where(_happened.c.at_ms < before_ms))

    def sums(self, since_ms: int, until_ms: int, slot_ms: int, terminals: Sequence[str] | None, by: str) -> list[Sum]:
        it = _figures.c
        group = it.terminal if by == "terminal" else sa.literal("")
        slot = (it.hour_ms - since_ms) // slot_ms
        query = sa.select(group.label("grp"), slot.label("slot"), it.name, sa.func.sum(it.number))
        query = query.where(it.hour_ms >= since_ms, it.hour_ms < until_ms)
        query = query if terminals is None else query.where(it.terminal.in_(terminals))
        query = query.group_by("grp", "slot", it.name).order_by("grp", "slot", it.name)
        return [Sum(*row) for row in self._db.execute(query)]

    def happened(self, terminal: str, before_ms: int, limit: int) -> list[Happening]:
        it = _happened.c
        query = sa.select(it.at_ms, it.what, it.number, it.detail).where(it.terminal == terminal, it.at_ms < before_ms)
        rows = self._db.execute(query.order_by(it.at_ms.desc(), it.number.desc(), it.what).limit(limit))
        return [Happening(row[0], row[1], row[2], _detail(row[3])) for row in rows]

    def newest(self, what: str, terminals: Sequence[str]) -> dict[str, Happening]:
        """The last happening of one kind, by terminal."""
        it = _happened.c
        last = sa.select(it.terminal, sa.func.max(it.at_ms).label("at_ms")).where(it.what == what)
        last_of = last.where(it.terminal.in_(terminals)).group_by(it.terminal).subquery()
        query = sa.select(it.terminal, it.at_ms, it.what, it.number, it.detail).where(it.what == what)
        query = query.join(last_of, sa.and_(it.terminal == last_of.c.terminal, it.at_ms == last_of.c.at_ms))
        rows = self._db.execute(query.order_by(it.terminal, it.number))
        return {row.terminal: Happening(row[1], row[2], row[3], _detail(row.detail)) for row in rows}


class Digest:
    """The writing side, and its thread. `path` None: in memory, then pages read through it too. Raises `StoreTrouble`."""

    def __init__(self, reading: Reading, path: Path | None, utc_ms: Callable[[], int]) -> None:
        if path is not None:
            _renewed(path)
        self._reading = reading
        self._utc_ms = utc_ms
        self._books = SideBooks(_tables, _Pages, path, read_only=False)
        self._looks = self._books if path is None else SideBooks(_tables, _Pages, path, read_only=True)
        self._guard = threading.Lock()
        with self._books.begin() as pages:
            self._cursors = pages.cursors()
            self._known = pages.known()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)

    # --- reading ---

    def known(self) -> dict[str, Known]:
        """What is remembered of every terminal, as of the last turn."""
        return dict(self._known)

    def sums(
        self, since_ms: int, until_ms: int, slot_ms: int, terminals: Sequence[str] | None = None, by: str = ""
    ) -> list[Sum]:
        """Figures by slot of `slot_ms` from `since_ms` on; of these terminals, or of all; `by` "terminal": each alone."""
        with self._guard, self._looks.begin() as pages:
            return pages.sums(since_ms, until_ms, slot_ms, terminals, by)

    def happened(self, terminal: str, before_ms: int, limit: int) -> list[Happening]:
        """What happened to a terminal before then, the newest first."""
        with self._guard, self._looks.begin() as pages:
            return pages.happened(terminal, before_ms, limit)

    def locks(self, terminals: Sequence[str]) -> dict[str, Lock]:
        """What is known of the locks of these, which are locked; the first `LOCKS_MAX` of them with their reason."""
        with self._guard, self._looks.begin() as pages:
            found = pages.newest(TerminalLocked.KIND, terminals[:LOCKS_MAX])
        told = {
            name: Lock(each.detail.get("by", ""), each.detail.get("reason", ""), each.at_ms)
            for name, each in found.items()
        }
        return dict.fromkeys(terminals, Lock()) | told

    # --- writing ---

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._looks is not self._books:
            self._looks.close()
        self._books.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            began_s = time.monotonic()
            try:
                more = self.turn()
            except StoreTrouble as trouble:
                _log.warning("the dashboard's digest waits: %s", trouble)
                more = False
            took_s = time.monotonic() - began_s
            self._stopping.wait(max(BUSY_S, BUSY_REST * took_s) if more else max(TURN_S, REST * took_s))

    def turn(self) -> bool:
        """Take what has come since, up to a bound; True: there is more. Raises `StoreTrouble`."""
        now_ms = self._utc_ms()
        with self._reading.begin() as books:
            moved = [
                (row, self._cursors.get((row.terminal, row.epoch), 0))
                for row in books.looks.journals(JOURNALS_MAX)
                if row.upto > self._cursors.get((row.terminal, row.epoch), 0)
            ]
            ends: dict[tuple[str, int], int] = {}
            records: list[StoredRecord] = []
            left = TURN_SEQS
            for row, cursor in moved:
                if left <= 0:
                    break
                upto = min(row.upto, cursor + left)
                records += books.looks.records_within(row.terminal, row.epoch, cursor, upto, _WANTED)
                ends[row.terminal, row.epoch] = upto
                left -= upto - cursor
            states = [(each.terminal, each.state, each.state_ms) for each in books.looks.terminals(TERMINALS_MAX)]
        self._write(records, ends, states, now_ms)
        return left <= 0 or len(ends) < len(moved)

    def _write(
        self,
        records: list[StoredRecord],
        ends: dict[tuple[str, int], int],
        states: list[tuple[str, bytes, int]],
        now_ms: int,
    ) -> None:
        figures: dict[tuple[str, int, str], int] = {}
        happened: list[tuple[str, Happening]] = []
        known = dict(self._known)
        for record in records:
            fact = _fact(record)
            if fact is None:
                continue
            at_ms = _moment(record, now_ms)
            if record.kind in _FIGURES:
                _add(figures, record.terminal, at_ms - at_ms % HOUR_MS, part_of(fact))
            found = happening_of(fact, at_ms, record.seq)
            happened += [(record.terminal, found)] if found is not None else []
            if isinstance(fact, ShiftOpened) and fact.dress is not None:
                known[record.terminal] = known.get(record.terminal, Known(record.terminal))._replace(
                    shop=fact.dress.shop
                )
        for terminal, raw, state_ms in states:
            was = known.get(terminal, Known(terminal))
            link, change = linked(was.link, msgspec.json.decode(raw, type=State) if raw else None, state_ms)
            happened += [(terminal, change)] if change is not None else []
            known[terminal] = was._replace(link=link)
        self._commit(figures, happened, {t: row for t, row in known.items() if self._known.get(t) != row}, ends, now_ms)

    def _commit(
        self,
        figures: dict[tuple[str, int, str], int],
        happened: list[tuple[str, Happening]],
        known: dict[str, Known],
        ends: dict[tuple[str, int], int],
        now_ms: int,
    ) -> None:
        if not (ends or known or happened):
            return
        lock = self._guard if self._looks is self._books else threading.Lock()
        with lock, self._books.begin() as pages:
            pages.add_figures(figures)
            pages.put(_happened, [_row(terminal, each) for terminal, each in happened])
            pages.put(_known, [row._asdict() for row in known.values()])
            pages.put(_cursors, [{"terminal": t, "epoch": e, "upto": upto} for (t, e), upto in ends.items()])
            pages.forget(now_ms - KEPT_MS)
        self._known = self._known | known
        self._cursors |= ends


def _fact(record: StoredRecord) -> Fact | None:
    try:
        return decode_fact(record.kind, record.version, record.body)
    except (KeyError, ValueError):  # of a release this one does not know; the record itself is kept
        return None


def _moment(record: StoredRecord, now_ms: int) -> int:
    """When it happened: by the terminal's clock where that is trusted, else when it came."""
    believed = record.clock == "trusted" and 0 < record.at_ms <= now_ms + AHEAD_MS
    return record.at_ms if believed else record.got_ms


def _add(figures: dict[tuple[str, int, str], int], terminal: str, hour_ms: int, part: dict[str, int]) -> None:
    for name, number in part.items():
        if number:
            key = (terminal, hour_ms, name)
            figures[key] = figures.get(key, 0) + number


def _detail(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str])


def _row(terminal: str, each: Happening) -> dict[str, Any]:
    detail = msgspec.json.encode(each.detail).decode()
    return {"terminal": terminal, "at_ms": each.at_ms, "what": each.what, "number": each.number, "detail": detail}


def _renewed(path: Path) -> None:
    """Throw away a digest of another version, or one that cannot be read: it is made anew from the store."""
    mark = path.with_suffix(".version")
    if not mark.exists() or mark.read_text() != str(VERSION):
        for each in _files(path):
            each.unlink(missing_ok=True)
        mark.write_text(str(VERSION))


def _files(path: Path) -> Iterable[Path]:
    return (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))
