"""Projections from facts: one fact at a time, or all over again from the journal or from a `Carried` (decisions 9)."""

from typing import Final

from firmware.txn.books import Books, Entry
from firmware.txn.subjects import SUBJECTS
from wire.facts import Carried

Rows = list[list[int | str]]

CARRIED_TABLES: Final = ("life", "sign_on", "shift", "till", "closing", "business_day")
"""Projections that a `Carried` holds whole; the others only speak of records that are still there."""

SHIFTS_CARRIED_MAX: Final = 100


def project(books: Books, entry: Entry) -> None:
    """Change the projections by one fact, through whichever subjects care for its kind."""
    for subject in SUBJECTS:
        apply = subject.apply.get(type(entry.fact))
        if apply is not None:
            apply(books, entry.fact, entry)


def snapshot(books: Books, before: Carried | None) -> tuple[dict[str, Rows], dict[str, int]]:
    """What a `Carried` holds: the carried tables' rows, of shifts only the newest, and the grand totals of the others."""
    tables = {name: [list(row) for row in books.read(f"SELECT * FROM {name} ORDER BY 1")] for name in CARRIED_TABLES}
    shifts = books.read("SELECT batch, sales, sales_fen, cash_fen FROM shift ORDER BY opened_seq DESC")
    gone = shifts[SHIFTS_CARRIED_MAX:]
    left = {row[0] for row in shifts[:SHIFTS_CARRIED_MAX]}
    tables["shift"] = [row for row in tables["shift"] if row[0] in left]
    totals = dict(before.balances) if before else {}
    for name, column in (("sales", 1), ("sales_fen", 2), ("cash_fen", 3)):
        totals[name] = totals.get(name, 0) + sum(int(row[column]) for row in gone)
    grand = next((int(row[1]) for row in tables["life"] if row[0] == "grand_total_fen"), 0)
    return tables, {**totals, "grand_total_fen": grand}


def restore(books: Books, carried: Carried) -> None:
    """Put the tables of a `Carried` into empty projections."""
    for name, rows in carried.tables.items():
        assert name in CARRIED_TABLES, name
        for row in rows:
            books.write(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", *row)


def projection_tables() -> list[str]:
    """Names of all projection tables."""
    statements = [statement for subject in SUBJECTS for statement in subject.tables]
    return [each.split("(")[0].split()[-1] for each in statements if each.startswith("CREATE TABLE")]
