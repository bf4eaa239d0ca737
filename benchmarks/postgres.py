"""How fast the backend's store takes records on PostgreSQL, beside a bare client that does no more than it must.

The bare client: COPY of 500 rows to a staging table of the session, insert-on-conflict from there into one plain table with
the same columns and key, commit. Ours, with the same 500 records: lock their terminals, read how far their journals are,
COPY, insert into the day's partition, note the days, move the journals on, note who was seen, commit.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec
import psycopg

from benchmarks.harness import Figure, Scale, Timed, in_turns, medians
from fleet import pg_schema
from fleet.core import Arrived, Core, Message
from fleet.pg import PgStore
from fleet.pg_engine import open_engine
from fleet.store import Epoch, StoredRecord
from tests.journals import Journal
from tests.postgres import Server, binaries
from wire.facts import LanguageChosen, Line, Sale, TenderPart
from wire.records import Packet, Record

B = TypeVar("B")

NAME, GOAL = "rows into PostgreSQL ÷ bare COPY + insert", 0.6
ROWS_AT_ONCE = 500
PACKET, FEW = 16, 5
"""Records of one terminal in a commit: a full packet, as back-logs and replays bring them; and few of many terminals, as a
busy hour does. What is kept up for each terminal beside its records weighs three times as much there."""
NOW_MS = 1_800_000_000_000
_COLUMNS = ", ".join(StoredRecord._fields)
_KINDS = ["text", "int8", "int8", "text", "int8", "int8", "text", "bytea", "text", "text", "int8"]
_BARE = ", ".join(f"{name} {kind} NOT NULL" for name, kind in zip(StoredRecord._fields, _KINDS, strict=True))


def measure(scale: Scale) -> list[Figure]:
    """Both sides in turns on one server that syncs for real; and the whole core beside them."""
    if binaries() is None:
        return [Figure(NAME, 0, "×", GOAL, "more", why="no PostgreSQL server is installed")]
    batches = scale.pick(4, 12)
    scale.folder.chmod(0o711)  # the server is another user
    with Server(scale.folder / "server", durable=True) as server:
        url = server.database()
        engine = open_engine(url)
        pg_schema.upgrade(engine)
        engine.dispose()
        store, bare = PgStore(url), _Bare(url)
        core = Core(store, lambda text: text)
        try:
            sides = {
                "ours": _side(_Journals("A", PACKET).rows, lambda rows: _book(store, rows), batches),
                "bare": _side(_Journals("B", PACKET).rows, bare.take, batches),
                "few": _side(_Journals("C", FEW).rows, lambda rows: _book(store, rows), batches),
                "whole": _side(_Journals("D", FEW).messages, core.step, batches),
            }
            took = medians(in_turns(sides, rounds=scale.pick(3, 7)))
        finally:
            store.close()
            bare.close()
    rows = {side: batches * ROWS_AT_ONCE / seconds for side, seconds in took.items()}
    detail = f"{rows['ours']:.0f} against {rows['bare']:.0f} rows/s"
    why = "two more tables are kept up: how far each journal is whole, and on which day it brought what"
    return [
        Figure(NAME, rows["ours"] / rows["bare"], "×", GOAL, "more", detail, why),
        Figure(
            "… with five records of each terminal", rows["few"] / rows["bare"], "×", detail=f"{rows['few']:.0f} rows/s"
        ),
        Figure("records through the whole core into PostgreSQL", rows["whole"], "rows/s", detail="one worker"),
    ]


def _side(make: Callable[[], B], take: Callable[[B], object], batches: int) -> Timed:
    """Takes fresh batches; they are made before the clock runs."""

    def run() -> float:
        made = [make() for _ in range(batches)]
        began = time.perf_counter()
        for each in made:
            take(each)
        return time.perf_counter() - began

    return run


def _book(store: PgStore, rows: list[StoredRecord]) -> None:
    """What the core asks of the store for new records (`fleet/settle.py`)."""
    names = sorted({row.terminal for row in rows})
    with store.begin() as books:
        books.hold(names)
        before = books.epochs(names)
        books.add_records(rows)
        ends = {row.terminal: row.seq for row in rows}
        books.put_epochs([_moved(before.get((name, 1)) or Epoch(name, 1), ends[name]) for name in names])
        books.seen(names, NOW_MS)


def _moved(row: Epoch, upto: int) -> Epoch:
    return Epoch(row.terminal, row.epoch, row.journal_key, row.number, upto, upto, row.asked_ms)


class _Journals:
    """Terminals that go on with their journals, `each` records at a time. Records are made before the clock runs."""

    def __init__(self, name: str, each: int) -> None:
        self._each = each
        self._journals = [
            Journal(f"{name}{number:07d}", seed=number, born=False) for number in range(-(-ROWS_AT_ONCE // each))
        ]

    def rows(self) -> list[StoredRecord]:
        return [StoredRecord.of(journal.terminal, record, NOW_MS) for journal, record in self._more()]

    def messages(self) -> Arrived:
        packets: dict[str, list[Record]] = {}
        for journal, record in self._more():
            packets.setdefault(journal.terminal, []).append(record)
        made = tuple(
            Message(name, "rec", msgspec.json.encode(Packet(tuple(records)))) for name, records in packets.items()
        )
        return Arrived(NOW_MS, made)

    def _more(self) -> list[tuple[Journal, Record]]:
        """Two sales of five records."""
        found: list[tuple[Journal, Record]] = []
        for journal in self._journals:
            for number in range(self._each):
                trace = len(journal.records) + 1
                fact = _sale(trace) if number % 5 in (0, 2) else LanguageChosen("zh")
                found.append((journal, journal.add(fact)))
        return found[:ROWS_AT_ONCE]


class _Bare:
    """The least a client can do."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        self._db.execute(f"CREATE TABLE bare ({_BARE}, PRIMARY KEY (terminal, epoch, seq))")
        self._db.execute(f"CREATE TEMP TABLE bare_staged ({_BARE}) ON COMMIT DELETE ROWS")
        self._db.commit()

    def take(self, rows: list[StoredRecord]) -> None:
        with self._db.cursor() as cursor:
            with cursor.copy(f"COPY bare_staged ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_KINDS)
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"INSERT INTO bare ({_COLUMNS}) SELECT {_COLUMNS} FROM bare_staged ON CONFLICT DO NOTHING")
        self._db.commit()

    def close(self) -> None:
        self._db.close()


def _sale(trace: int) -> Sale:
    order_no = f"20261122{trace:024d}"
    tenders = (TenderPart("code", 1_050, channel="wechat", order_no=order_no, channel_no=f"42{order_no}"),)
    lines = (Line("1", "可口可乐 330ml", 2_000, 300, 600), Line("2", "牛奶 250ml", 1_000, 450, 450))
    return Sale(1, trace, "01", "2026-11-22", lines, 1_050, 0, 1_050, tenders, 0)
