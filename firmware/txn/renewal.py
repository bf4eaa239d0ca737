"""Projections brought up to what this release wants, when another one wrote the file (decisions 10).

`projection` says of every subject which version of it the file holds. Another version, other tables or other kinds of
fact: its tables, and those of the subjects that share one with it, are made anew and filled from the facts they care for.
That happens before the first step, in slices of one transaction each: a power cut in between is gone on from, and the
write-ahead log stays short however long the journal is.
"""

from typing import Final

from firmware.txn.books import Books, Reading
from firmware.txn.replay import entries, kinds_of, project, restore, tables_of, together, versions
from firmware.txn.subjects import NAMED
from wire.facts import Carried

TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS projection(subject TEXT PRIMARY KEY, version TEXT NOT NULL, upto INTEGER)"
    " STRICT, WITHOUT ROWID"
)
"""`upto`: how far the journal has been replayed; NULL: to its end, and kept there by every fact since."""

BY_SUBJECT: Final = "by subject"
"""What `meta` says where `projection` counts. A release that knows one number for all of them overwrites it."""

SLICE_FACTS: Final = 1_000


def begin(books: Books, carried: Carried | None) -> None:
    """Make the tables anew that are not as this release wants them, with what was carried over pruned records in them.

    What only another release knows is forgotten, so that it fills its own tables again when it comes back.
    """
    wanted, held = versions(), _held(books)
    for name in held.keys() - wanted.keys():
        books.write("DELETE FROM projection WHERE subject = ?", name)
    stale = {name for name, version in wanted.items() if held.get(name) != version}
    if not stale:
        return
    group = together(stale | set(_unfinished(books)))
    tables = [table for name in group for table in tables_of(NAMED[name])]
    for table in tables:
        books.write(f"DROP TABLE IF EXISTS {table}")
    for name in group:
        for statement in NAMED[name].tables:
            books.write(statement)
        upto = carried.upto if carried else 0
        books.write("INSERT OR REPLACE INTO projection VALUES (?, ?, ?)", name, wanted[name], upto)
    if carried is not None:
        restore(books, carried, tables)
    books.write("INSERT OR REPLACE INTO meta VALUES ('projections', ?)", BY_SUBJECT)


def due(books: Reading) -> bool:
    """Whether `begin` would change anything."""
    return _held(books) != versions()


def unfinished(books: Reading) -> bool:
    """Whether a slice is still to be replayed."""
    return bool(_unfinished(books))


def go_on(books: Books) -> int:
    """Replay one slice of the facts that the unfinished subjects care for; up to which record that came. Raises
    `ValueError` for a record that is damaged or too new."""
    behind = _unfinished(books)
    subjects = [NAMED[name] for name in behind]
    after = last = min(behind.values())
    facts = 0
    for entry in entries(books, kinds_of(subjects), after, SLICE_FACTS):
        project(books, entry, subjects)
        last, facts = entry.seq, facts + 1
    upto = last if facts == SLICE_FACTS else None
    books.write("UPDATE projection SET upto = ? WHERE upto IS NOT NULL", upto)
    return last


def _held(books: Reading) -> dict[str, str]:
    marks = books.read("SELECT value FROM meta WHERE name = 'projections'")
    if marks != [(BY_SUBJECT,)]:
        return {}
    return dict(books.read("SELECT subject, version FROM projection ORDER BY subject"))


def _unfinished(books: Reading) -> dict[str, int]:
    """The subjects, in the order they are projected, and how far each is."""
    upto = dict(books.read("SELECT subject, upto FROM projection WHERE upto IS NOT NULL ORDER BY subject"))
    return {name: int(upto[name]) for name in NAMED if name in upto}
