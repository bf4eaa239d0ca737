"""What the subjects see of the ledger: rows by SQL, nothing of files, transactions or time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wire.facts import Fact


class Reading(Protocol):
    """Committed and pending rows, for commands and screens."""

    def read(self, sql: str, *args: int | str | bytes | None) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        ...


class Books(Reading, Protocol):
    """Rows that may be changed, for `apply` functions only, always inside the ledger's open transaction."""

    def write(self, sql: str, *args: int | str | bytes | None) -> None:
        """One INSERT, UPDATE or DELETE."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact at its place in the journal; `at_ms` is what the terminal's wall clock said."""

    seq: int
    at_ms: int
    fact: Fact


Apply = Callable[[Books, Any, Entry], None]
"""Projects one kind of fact into the tables: `apply(books, fact, entry)`. Knows no clock and no chance (decisions 16)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What one file of the business adds to the ledger: its projection tables and how facts change them."""

    tables: tuple[str, ...]  # CREATE TABLE statements, additive
    apply: dict[type[Fact], Apply]
    uses: tuple[str, ...] = ()  # tables of other subjects that `apply` reads or writes
    version: int = 1  # of what `apply` means; another one than the file has: its tables are filled anew
