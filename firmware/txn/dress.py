"""How the shop's slips looked, and since when: a copy is dressed as its original was, whatever the settings say by now
(domain 6.2: content from the journal, not made anew)."""

import msgspec

from firmware.txn.books import Books, Entry, Reading, Subject
from rules.settings import Settings
from wire.facts import Carried, Dress, SettingsApplied, ShiftOpened


def dress(settings: Settings) -> Dress:
    """What the slips say around their content by these settings."""
    shop, slips = settings.shop, settings.slips
    name = shop.name + (f"({shop.branch})" if shop.branch else "")
    return Dress(name, slips.header, slips.address, slips.phone, shop.footer, settings.terminal.lang)


def dress_at(books: Reading, seq: int) -> Dress | None:
    """How a slip of the record at `seq` was dressed; None where the journal does not say (an older release)."""
    rows = books.read("SELECT body FROM dress WHERE seq <= ? ORDER BY seq DESC LIMIT 1", seq)
    return msgspec.json.decode(rows[0][0], type=Dress) if rows else None


def _dressed(books: Books, fact: ShiftOpened | SettingsApplied, entry: Entry) -> None:
    if fact.dress is not None:
        books.write("INSERT INTO dress VALUES (?, ?)", entry.seq, msgspec.json.encode(fact.dress).decode())


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """The last of what was pruned stays: slips made after it were dressed by it."""
    books.write("DELETE FROM dress WHERE seq <= ?", fact.upto)
    if fact.dress is not None:
        books.write("INSERT INTO dress VALUES (?, ?)", fact.upto, msgspec.json.encode(fact.dress).decode())


SUBJECT = Subject(
    ("CREATE TABLE dress(seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",),
    {Carried: _carried, SettingsApplied: _dressed, ShiftOpened: _dressed},
    version=2,  # 2: the last one outlives its record, in what stands for it
)
