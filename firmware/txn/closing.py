"""What the ledger keeps of shifts being run, closed and settled, and of business days: running figures, never a sum over
the journal.

`till`: figures of the open shift, one row; row 0 what happened while none was open. `closing`: the newest closed
batches with what they are settled by. `business_day`: figures of days without a Z, and of the last one with it.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.till import Figures, fold, merged, net_sales, settled_names
from wire.facts import (
    Approved,
    BasketCancelled,
    BasketHeld,
    BatchSettled,
    CashMoved,
    CountTried,
    DayClosed,
    DayReopened,
    DrawerMoved,
    DrawerPulsed,
    DrawerRefused,
    DrawerReleased,
    Fact,
    HoldDropped,
    LineRemoved,
    NoSale,
    OrderDropped,
    PaymentHeard,
    Refund,
    RefundTurned,
    Reprinted,
    Sale,
    ShiftClosed,
    ShiftOpened,
    SignOnRefused,
    SlipPrinted,
    Trouble,
    VoucherHeard,
)  # fmt: skip
from wire.totals import batch_of, part_of

CLOSINGS_MAX: Final = 12
DAYS_MAX: Final = 3
"""Days without a Z that are kept apart; a shop that never closes one gets them added up, oldest first."""

COUNTS_KEPT_MAX: Final = 20
"""Counts of one shift that are kept: nobody counts a drawer more often."""

NOBODYS: Final = 0


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed batch. `first_seq`..`closed_seq` is its range of the journal, `closed_seq` its `ShiftClosed`; `verdict` is
    empty while it is not settled."""

    batch: int
    business_date: str
    first_seq: int
    closed_seq: int
    ours: Figures
    verdict: str
    settled_seq: int


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """A business day with the figures of its closed shifts; `number` is its Z's, 0 while it has none."""

    date: str
    batches: tuple[int, ...]
    figures: Figures
    number: int
    closed_seq: int


def running(books: Reading) -> Figures:
    """Figures of the open shift so far; of none: empty."""
    rows = books.read("SELECT figures FROM till WHERE batch <> ? ORDER BY batch", NOBODYS)
    return _figures(rows[0][0]) if rows else {}


def closings(books: Reading) -> tuple[Closing, ...]:
    """The newest closed batches, newest first."""
    rows = books.read(
        "SELECT batch, business_date, first_seq, closed_seq, ours, verdict, settled_seq FROM closing"
        " ORDER BY closed_seq DESC"
    )
    return tuple(Closing(row[0], row[1], row[2], row[3], _figures(row[4]), row[5], row[6]) for row in rows)


def of_batch(books: Reading, batch: int) -> Closing | None:
    """The closed batch of this number, None when it is not closed or too long ago."""
    return next((each for each in closings(books) if each.batch == batch), None)


def unsettled(books: Reading) -> Closing | None:
    """The oldest closed batch without a verdict."""
    due = [closing for closing in closings(books) if not closing.verdict]
    return due[-1] if due else None


def days(books: Reading) -> tuple[BusinessDay, ...]:
    """Days without a Z, oldest first, and the last one that has it."""
    rows = books.read("SELECT date, batches, figures, number, closed_seq FROM business_day ORDER BY date")
    return tuple(
        BusinessDay(row[0], tuple(msgspec.json.decode(row[1], type=list[int])), _figures(row[2]), row[3], row[4])
        for row in rows
    )


def open_day(books: Reading) -> BusinessDay | None:
    """The oldest day without a Z that has a closed shift."""
    return next((day for day in days(books) if not day.number and day.batches), None)


def closed_day(books: Reading) -> BusinessDay | None:
    """The last day that was closed by a Z, unless it was opened again."""
    closed = [day for day in days(books) if day.number]
    return max(closed, key=lambda day: day.number, default=None)


def has_z(books: Reading, date: str) -> bool:
    """Whether this business day is over: it or a later one has its Z, or a later one had it and was opened again."""
    closed = closed_day(books)
    reopened = books.read("SELECT value FROM life WHERE name = 'reopened_day'")
    return (closed is not None and date <= closed.date) or any(date < day for (day,) in reopened)


def counts_tried(books: Reading) -> int:
    """How often the drawer was counted in vain to close the open shift."""
    return _small(books, "counts_tried")


def tried_fen(books: Reading) -> tuple[int, ...]:
    """What each of those counts came to, in order, as far as it was kept."""
    rows = books.read("SELECT value FROM life WHERE name = 'counts_fen'")
    return tuple(msgspec.json.decode(rows[0][0], type=list[int])) if rows else ()


def z_number(books: Reading) -> int:
    """Number of the last Z; 0 before the first."""
    return _small(books, "z_number")


def grand_total_fen(books: Reading) -> int:
    """All sales less all refunds since the journal began; never resets (domain 11.5)."""
    return _small(books, "grand_total_fen") + net_sales(running(books))


def nobodys(books: Reading) -> Figures:
    """Figures of what happened while no shift was open, since the last Z."""
    return _of_batch(books, NOBODYS)


# --- projection -----------------------------------------------------------------


def _figures(text: str) -> Figures:
    return msgspec.json.decode(text, type=dict[str, int])


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _small(books: Reading, name: str) -> int:
    rows = books.read("SELECT value FROM life WHERE name = ?", name)
    return int(rows[0][0]) if rows else 0


def _of_batch(books: Reading, batch: int) -> Figures:
    rows = books.read("SELECT figures FROM till WHERE batch = ?", batch)
    return _figures(rows[0][0]) if rows else {}


def _grow(books: Books, fen: int) -> None:
    if fen:
        total = _small(books, "grand_total_fen") + fen
        books.write("INSERT OR REPLACE INTO life VALUES ('grand_total_fen', ?)", str(total))


def _counted(books: Books, fact: Fact, entry: Entry) -> None:
    """Any fact with figures goes to the open shift, or to nobody's when there is none."""
    rows = books.read("SELECT batch, figures, others FROM till ORDER BY batch DESC LIMIT 1")
    batch, text, others = rows[0] if rows else (NOBODYS, "{}", "{}")
    of = batch_of(fact)
    if batch == NOBODYS:
        _grow(books, net_sales(part_of(fact)))
    if of is not None and of != batch:  # booked to another batch, which settles by it
        others = _text(merged(_figures(others), part_of(fact))) if batch != NOBODYS else others
        _book_to(books, of, fact)
    before = _figures(text)
    figures = fold(before, fact)
    if figures is not before or others != (rows[0][2] if rows else "{}"):  # what counts nothing costs the card nothing
        books.write("INSERT OR REPLACE INTO till VALUES (?, ?, ?)", batch, _text(figures), others)


def _book_to(books: Books, batch: int, fact: Fact) -> None:
    rows = books.read("SELECT ours FROM closing WHERE batch = ?", batch)
    if rows:
        ours = settled_names(merged(_figures(rows[0][0]), part_of(fact)))
        books.write("UPDATE closing SET ours = ? WHERE batch = ?", _text(ours), batch)


def _opened(books: Books, fact: ShiftOpened, entry: Entry) -> None:
    assert fact.batch != NOBODYS
    books.write("DELETE FROM till WHERE batch <> ?", NOBODYS)
    books.write("DELETE FROM life WHERE name IN ('counts_tried', 'counts_fen')")
    books.write("INSERT INTO till VALUES (?, ?, '{}')", fact.batch, _text(fold({}, fact)))


def _closed(books: Books, fact: ShiftClosed, entry: Entry) -> None:
    rows = books.read("SELECT figures, others FROM till WHERE batch = ?", fact.batch)
    figures, others = (_figures(rows[0][0]), _figures(rows[0][1])) if rows else (fact.totals, {})
    ours = settled_names(merged(figures, {name: -number for name, number in others.items()}))
    books.write("DELETE FROM till WHERE batch = ?", fact.batch)
    _grow(books, net_sales(figures))
    books.write(
        "INSERT OR REPLACE INTO closing VALUES (?, ?, ?, ?, ?, '', 0)",
        fact.batch, fact.business_date, fact.first_seq, entry.seq, _text(ours),
    )  # fmt: skip
    books.write(
        "DELETE FROM closing WHERE batch NOT IN (SELECT batch FROM closing ORDER BY closed_seq DESC LIMIT ?)",
        CLOSINGS_MAX,
    )
    _into_day(books, fact.business_date, (fact.batch,), figures)


def _count_tried(books: Books, fact: CountTried, entry: Entry) -> None:
    books.write("INSERT OR REPLACE INTO life VALUES ('counts_tried', ?)", str(fact.count))
    if fact.counted_fen >= 0:
        sums = (*tried_fen(books), fact.counted_fen)[-COUNTS_KEPT_MAX:]
        books.write("INSERT OR REPLACE INTO life VALUES ('counts_fen', ?)", _text(sums))


def _into_day(books: Books, date: str, batches: tuple[int, ...], figures: Figures) -> None:
    """Add to a day; the float of its shifts adds up to nothing anybody wants to know."""
    figures = {name: number for name, number in figures.items() if name != "float_fen"}
    known = next((day for day in days(books) if day.date == date), None)
    if known is not None:
        batches, figures = (*known.batches, *batches), merged(known.figures, figures)
    _put_day(books, BusinessDay(date, batches, figures, 0, 0))
    waiting = [day for day in days(books) if not day.number]
    if len(waiting) > DAYS_MAX:
        oldest, next_one = waiting[0], waiting[1]
        books.write("DELETE FROM business_day WHERE date = ?", oldest.date)
        together = merged(oldest.figures, next_one.figures)
        _put_day(books, BusinessDay(next_one.date, (*oldest.batches, *next_one.batches), together, 0, 0))


def _put_day(books: Books, day: BusinessDay) -> None:
    books.write(
        "INSERT OR REPLACE INTO business_day VALUES (?, ?, ?, ?, ?)",
        day.date, _text(day.batches[-BATCHES_MAX:]), _text(day.figures), day.number, day.closed_seq,
    )  # fmt: skip


BATCHES_MAX: Final = 60
"""Batch numbers a day keeps; its figures are whole however many there were."""


def _settled(books: Books, fact: BatchSettled, entry: Entry) -> None:
    books.write("UPDATE closing SET verdict = ?, settled_seq = ? WHERE batch = ?", fact.verdict, entry.seq, fact.batch)


def _day_closed(books: Books, fact: DayClosed, entry: Entry) -> None:
    books.write("DELETE FROM business_day WHERE number > 0")
    books.write("DELETE FROM till WHERE batch = ?", NOBODYS)
    _put_day(books, BusinessDay(fact.business_date, fact.batches, fact.totals, fact.number, entry.seq))
    books.write("INSERT OR REPLACE INTO life VALUES ('z_number', ?)", str(fact.number))


def _day_reopened(books: Books, fact: DayReopened, entry: Entry) -> None:
    books.write("UPDATE business_day SET number = 0, closed_seq = 0 WHERE date = ?", fact.business_date)
    books.write("INSERT OR REPLACE INTO life VALUES ('reopened_day', ?)", fact.business_date)


_COUNTED: tuple[type[Fact], ...] = (
    Sale, Refund, RefundTurned, CashMoved, LineRemoved, BasketCancelled, BasketHeld, HoldDropped, OrderDropped, NoSale,
    DrawerReleased, DrawerRefused, DrawerPulsed, DrawerMoved, Reprinted, Trouble, PaymentHeard, SignOnRefused, SlipPrinted,
    Approved, VoucherHeard,
)  # fmt: skip

SUBJECT = Subject(
    (
        "CREATE TABLE till(batch INTEGER PRIMARY KEY, figures TEXT NOT NULL, others TEXT NOT NULL) STRICT",
        "CREATE TABLE closing(batch INTEGER PRIMARY KEY, business_date TEXT NOT NULL, first_seq INTEGER NOT NULL,"
        " closed_seq INTEGER NOT NULL, ours TEXT NOT NULL, verdict TEXT NOT NULL, settled_seq INTEGER NOT NULL) STRICT",
        "CREATE TABLE business_day(date TEXT PRIMARY KEY, batches TEXT NOT NULL, figures TEXT NOT NULL,"
        " number INTEGER NOT NULL, closed_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
    {
        **dict.fromkeys(_COUNTED, _counted),
        ShiftOpened: _opened,
        CountTried: _count_tried,
        ShiftClosed: _closed,
        BatchSettled: _settled,
        DayClosed: _day_closed,
        DayReopened: _day_reopened,
    },
    uses=("life",),
    version=5,  # 2: which day was opened again last; 3: each count in vain, codes of payments, slips, sign-on; 4: vouchers;
    # 5: openings by hand, how long the drawer stood open
)
