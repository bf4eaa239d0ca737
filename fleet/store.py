"""What the backend keeps, as values, and the protocol of the store that keeps it. Bodies stay exactly as they came."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from wire.messages import State
from wire.records import Record

if TYPE_CHECKING:
    from fleet.desk.sql import FleetBooks
    from fleet.events import EventBooks
    from fleet.money import MoneyBooks  # which speaks of stored records
    from fleet.vouchers.books import VoucherBooks


class StoreTrouble(Exception):
    """The store could not commit (disk full, file locked or damaged); nothing of the transaction was kept."""


class StoreAway(StoreTrouble):
    """The database's server gives no answer, or lets nobody in."""


class BadUrl(ValueError):
    """A database's address cannot be read, or carries a password."""


class StoreClash(StoreTrouble):
    """Another worker was about the same rows at the same time; nothing was kept, and the same event goes well again."""


class StoredRecord(NamedTuple):
    """A record as kept; `got_ms` is when it came (backend clock, UTC). A tuple, for it is what the database takes as it is:
    thousands a second are made."""

    terminal: str
    epoch: int
    seq: int
    kind: str
    version: int
    at_ms: int
    clock: str
    body: bytes
    prev: str
    hash: str
    got_ms: int

    @staticmethod
    def of(terminal: str, record: Record, got_ms: int) -> "StoredRecord":
        return StoredRecord(
            terminal, record.epoch, record.seq, record.kind, record.version, record.at_ms, record.clock,
            bytes(record.body), record.prev, record.hash, got_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """A second record under a key that is taken; kept for a person, never booked. `raw` is its JSON."""

    terminal: str
    epoch: int
    seq: int
    hash: str
    raw: bytes
    got_ms: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Something unreadable; `seq` 0 when its key could not be read, `terminal` "" when its topic was nobody's."""

    terminal: str
    epoch: int
    seq: int
    reason: str
    raw: bytes
    got_ms: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """One journal of a terminal. `upto`: all records up to and with it are kept or in quarantine; `high`: the highest
    seq seen; `number`: its granted two digits, 0 before; `asked_ms`: when its holes were asked for last."""

    terminal: str
    epoch: int
    journal_key: str = ""
    number: int = 0
    upto: int = 0
    high: int = 0
    asked_ms: int = 0


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """What is known of a terminal from `up/state`; `state_ms` and `seen_ms` are backend times."""

    terminal: str
    state: State | None
    state_ms: int
    seen_ms: int


class Books(Protocol):
    """The store within one transaction."""

    @property
    def money(self) -> "MoneyBooks":
        """Payments, refunds, and where to find a sale."""
        ...

    @property
    def vouchers(self) -> "VoucherBooks":
        """Redemptions, prepared coupons, deals and platforms."""
        ...

    @property
    def events(self) -> "EventBooks":
        """Event reports."""
        ...

    @property
    def fleet(self) -> "FleetBooks":
        """Register, settings, commands, roll-outs, audit: one class of portable statements for every database."""
        ...

    def epoch(self, terminal: str, epoch: int) -> Epoch | None: ...
    def epochs(self, terminals: list[str]) -> dict[tuple[str, int], Epoch]:
        """All journals of these terminals, by (terminal, epoch)."""
        ...

    def put_epochs(self, rows: list[Epoch]) -> None: ...
    def last_number(self, terminal: str) -> int: ...
    def hashes(self, terminal: str, epoch: int, seqs: list[int], upto: int = 0) -> dict[int, str]:
        """Hashes of those of the seqs that are kept; "" for one up to `upto` that was booked and has been given up since."""
        ...

    def add_records(self, rows: list[StoredRecord]) -> None: ...
    def add_conflicts(self, rows: list[Conflict]) -> None:
        """The same conflict twice is kept once."""

    def add_quarantine(self, rows: list[Quarantine]) -> None:
        """The same bytes under the same key are kept once."""

    def nameless(self, terminal: str) -> int:
        """How many unreadable messages without a key are kept for the terminal."""

    def covered(self, terminal: str, epoch: int, after: int, limit: int) -> list[int]:
        """The next seqs above `after` that are kept or in quarantine, ascending."""

    def lagging(self, asked_before_ms: int, limit: int) -> list[Epoch]:
        """Journals that are not whole up to what is known to exist and were not asked for since."""

    def holes(self, row: Epoch, older_than_ms: int, limit: int) -> list[tuple[int, int]]:
        """Inclusive ranges that are missing and whose right neighbour came before `older_than_ms`."""

    def put_state(self, terminal: str, state: State, body: bytes, now_ms: int, fresh: bool) -> None: ...
    def seen(self, names: list[str], now_ms: int) -> None: ...

    def hold(self, terminals: Iterable[str]) -> None:
        """Keep every other worker from these terminals until this transaction ends; said before anything of them is read.
        What is about one payment, refund, reservation or use of a voucher is held by reading it."""

    def hold_desk(self, alone: bool) -> None:
        """Keep other workers from what the desk keeps: `alone` from all of it; else only from deciding about it, while they
        may note what other terminals report."""

    def prepare(self, now_ms: int) -> None:
        """Make ready what the days to come need; said at every tick."""

    def lease(self, name: str, holder: str, now_ms: int, until_ms: int) -> bool:
        """Whether `holder` alone may do what `name` stands for until then: nobody else has it, or no longer."""
        ...


class Store(Protocol):
    """Something that gives transactions: leaving the context commits, an exception rolls back."""

    def begin(self) -> AbstractContextManager[Books]: ...
