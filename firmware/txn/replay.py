"""Projections from facts: one fact at a time, or all over again from the journal or from a `Carried` (decisions 9)."""

import hashlib
from collections.abc import Collection, Iterator
from typing import Final

from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.subjects import NAMED, SUBJECTS
from wire import facts as wire_facts
from wire.facts import Carried

Rows = list[list[int | str]]

CARRIED_TABLES: Final = ("life", "sign_on", "shift", "till", "closing", "business_day")
"""Projections that a `Carried` holds whole; the others only speak of records that are still there."""

SHIFTS_CARRIED_MAX: Final = 100


def project(books: Books, entry: Entry, subjects: Collection[Subject] = SUBJECTS) -> None:
    """Change the projections by one fact, through whichever subjects care for its kind."""
    for subject in subjects:
        apply = subject.apply.get(type(entry.fact))
        if apply is not None:
            apply(books, entry.fact, entry)


def kinds_of(subjects: Collection[Subject]) -> tuple[str, ...]:
    """The kinds of fact that any of the subjects cares for."""
    return tuple(sorted({fact.KIND for subject in subjects for fact in subject.apply}))


def entries(books: Reading, kinds: tuple[str, ...], after: int, limit: int) -> Iterator[Entry]:
    """At most `limit` journaled facts of these kinds with seq > after, in order; kinds of another release are passed over.
    Raises `ValueError` for a body that is damaged or of a version this release does not know."""
    marks = ", ".join("?" * len(kinds))
    rows = books.read(
        f"SELECT seq, kind, version, at_ms, body FROM journal WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT ?",
        after, *kinds, limit,
    )  # fmt: skip
    for seq, kind, version, at_ms, body in rows:
        yield Entry(seq, at_ms, wire_facts.decode(kind, version, body))


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


def restore(books: Books, carried: Carried, only: Collection[str] = CARRIED_TABLES) -> None:
    """Put the tables of a `Carried` into empty projections. One written by an older release lacks columns that were added
    since: they come last and have a default."""
    for name, rows in carried.tables.items():
        assert name in CARRIED_TABLES, name
        columns = [str(row[0]) for row in books.read("SELECT name FROM pragma_table_info(?) ORDER BY cid", name)]
        for row in rows if name in only else ():
            named, marks = ", ".join(columns[: len(row)]), ", ".join("?" * len(row))
            books.write(f"INSERT INTO {name} ({named}) VALUES ({marks})", *row)


def tables_of(subject: Subject) -> tuple[str, ...]:
    """Names of the tables a subject makes."""
    return tuple(each.split("(")[0].split()[-1] for each in subject.tables if each.startswith("CREATE TABLE"))


def projection_tables() -> list[str]:
    """Names of all projection tables."""
    return [table for subject in SUBJECTS for table in tables_of(subject)]


def versions() -> dict[str, str]:
    """Of each subject: its version, and a digest of its tables and kinds, so that no change of them can be forgotten."""
    named = {}
    for name, subject in NAMED.items():
        told = "\n".join((*subject.tables, *subject.uses, *kinds_of((subject,))))
        named[name] = f"{subject.version}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return named


def together(names: Collection[str]) -> tuple[str, ...]:
    """These subjects and all that share a table with one of them: each must see what the others made of the same facts."""
    found = set(names)
    while True:
        shared = {table for name in found for table in (*tables_of(NAMED[name]), *NAMED[name].uses)}
        more = {name for name, each in NAMED.items() if shared & {*tables_of(each), *each.uses}}
        if more <= found:
            return tuple(name for name in NAMED if name in found)
        found |= more
