"""The terminal's own life: language, the journal's number at the backend, how the last run ended, seals."""

from dataclasses import dataclass
from typing import Literal

from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right
from wire.facts import (
    Booted,
    Born,
    CatalogueLoaded,
    DealsLoaded,
    EpochGranted,
    LanguageChosen,
    Seal,
    SettingsApplied,
    Stopped,
    TrainingEntered,
    TrainingLeft,
)  # fmt: skip

SEAL_EVERY_RECORDS = 100


def value(books: Reading, name: str, default: str = "") -> str:
    """A small fact about the terminal: `lang`, `epoch_number`, `sealed`, `running`, `training` (who practises), `lock` and
    `update` (as JSON: `txn.lock`, `txn.update`)."""
    rows = books.read("SELECT value FROM life WHERE name = ?", name)
    return str(rows[0][0]) if rows else default


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Speak the other language from now on; survives a boot. Before anybody has signed on, everybody may."""

    lang: Literal["zh", "en"]

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`LanguageChosen`, or 2005, 2006."""
        if ctx.session.operator and (refusal := lacking(ctx, Right.LANGUAGE)):
            return refusal
        return Decision((LanguageChosen(self.lang),))


def keep(books: Books, name: str, text: str) -> None:
    """For `apply` functions: a small fact about the terminal from now on."""
    books.write("INSERT OR REPLACE INTO life VALUES (?, ?)", name, text)


def _born(books: Books, fact: Born, entry: Entry) -> None:
    keep(books, "journal_key", fact.journal_key)


def _booted(books: Books, fact: Booted, entry: Entry) -> None:
    keep(books, "running", fact.boot_id)


def _stopped(books: Books, fact: Stopped, entry: Entry) -> None:
    keep(books, "running", "")


def _language(books: Books, fact: LanguageChosen, entry: Entry) -> None:
    keep(books, "lang", fact.lang)


def _granted(books: Books, fact: EpochGranted, entry: Entry) -> None:
    keep(books, "epoch_number", str(fact.number))


def _sealed(books: Books, fact: Seal, entry: Entry) -> None:
    keep(books, "sealed", str(fact.upto))


def _catalogue(books: Books, fact: CatalogueLoaded, entry: Entry) -> None:
    keep(books, "catalogue", fact.digest)


def _deals(books: Books, fact: DealsLoaded, entry: Entry) -> None:
    keep(books, "deals", fact.digest)
    keep(books, "deals_ms", str(entry.at_ms))


def _settings(books: Books, fact: SettingsApplied, entry: Entry) -> None:
    keep(books, "settings", fact.digest)


def _practises(books: Books, fact: TrainingEntered, entry: Entry) -> None:
    keep(books, "training", fact.operator)


def _sells_again(books: Books, fact: TrainingLeft, entry: Entry) -> None:
    keep(books, "training", "")


SUBJECT = Subject(
    ("CREATE TABLE life(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",),
    {
        Born: _born,
        Booted: _booted,
        Stopped: _stopped,
        LanguageChosen: _language,
        EpochGranted: _granted,
        Seal: _sealed,
        CatalogueLoaded: _catalogue,
        DealsLoaded: _deals,
        SettingsApplied: _settings,
        TrainingEntered: _practises,
        TrainingLeft: _sells_again,
    },
)
