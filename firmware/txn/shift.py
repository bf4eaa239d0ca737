"""The shift: its batch number, business date, float and running totals."""

from dataclasses import dataclass
from datetime import date, timedelta

from firmware.txn.books import Books, Entry, Reading, Subject
from wire.facts import Carried, Sale, ShiftClosed, ShiftOpened

BATCH_MAX = 999_999


@dataclass(frozen=True, slots=True)
class Shift:
    """The open shift with what it has taken so far; amounts in fen."""

    batch: int
    operator: str
    business_date: str
    float_fen: int
    sales: int
    sales_fen: int
    rounding_fen: int
    cash_fen: int
    opened_seq: int = 0


def current(books: Reading) -> Shift | None:
    """The open shift, or None."""
    rows = books.read(
        "SELECT batch, operator, business_date, float_fen, sales, sales_fen, rounding_fen, cash_fen, opened_seq"
        " FROM shift WHERE open = 1"
    )
    assert len(rows) <= 1
    return Shift(*rows[0]) if rows else None


def day_after(day: str) -> str:
    """The business day after this one."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def next_batch(books: Reading) -> int:
    """Batch number of the next shift: 1 … 999999, then 1 again."""
    rows = books.read("SELECT batch FROM shift ORDER BY opened_seq DESC LIMIT 1")
    last = int(rows[0][0]) if rows else 0
    return last % BATCH_MAX + 1


def _opened(books: Books, fact: ShiftOpened, entry: Entry) -> None:
    books.write("UPDATE shift SET open = 0 WHERE open = 1")
    books.write(
        "INSERT OR REPLACE INTO shift VALUES (?, ?, ?, ?, ?, 1, 0, 0, 0, 0)",
        fact.batch, fact.operator, fact.business_date, fact.float_fen, entry.seq,
    )  # fmt: skip


def _closed(books: Books, fact: ShiftClosed, entry: Entry) -> None:
    books.write("UPDATE shift SET open = 0 WHERE batch = ?", fact.batch)


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    cash_fen = sum(part.paid_fen - part.change_fen for part in fact.tenders if part.kind == "cash")
    books.write(
        "UPDATE shift SET sales = sales + 1, sales_fen = sales_fen + ?, rounding_fen = rounding_fen + ?,"
        " cash_fen = cash_fen + ? WHERE batch = ?",
        fact.due_fen, fact.rounding_fen, cash_fen, fact.batch,
    )  # fmt: skip


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """Shifts no longer carried leave the table; their totals are in the balances."""
    kept = [int(row[0]) for row in fact.tables.get("shift", [])]
    books.write(
        "DELETE FROM shift WHERE opened_seq <= ? AND batch NOT IN (SELECT value FROM json_each(?))",
        fact.upto,
        str(kept),
    )


SUBJECT = Subject(
    (
        "CREATE TABLE shift(batch INTEGER PRIMARY KEY, operator TEXT NOT NULL, business_date TEXT NOT NULL,"
        " float_fen INTEGER NOT NULL, opened_seq INTEGER NOT NULL, open INTEGER NOT NULL, sales INTEGER NOT NULL,"
        " sales_fen INTEGER NOT NULL, rounding_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL) STRICT",
    ),
    {Carried: _carried, ShiftOpened: _opened, ShiftClosed: _closed, Sale: _sold},
)
