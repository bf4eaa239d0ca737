"""The event log: every code that was shown or alarmed, when, to whom and about what (domain 4, issue "log and report").

It lies beside the journal in the same file and rides in the journal's commits, but is no part of it: most of it is sent
nowhere, all of it may be forgotten, and a refusal at a busy till must not cost a record of the chain (ADR 17).
`event` holds what is looked through on the screen, `event_sum` what has been counted and not reported yet, `event_report`
the reports the backend has not confirmed, as they will be sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from firmware.txn.books import Reading
from firmware.txn.slips.sheet import LOCAL
from wire.messages import EventReport, EventSeen
from wire.records import ClockState

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " clock TEXT NOT NULL, boot TEXT NOT NULL, mono_ms INTEGER NOT NULL, code INTEGER NOT NULL, operator TEXT NOT NULL,"
    " subject TEXT NOT NULL, attempt INTEGER NOT NULL, reason TEXT NOT NULL, steps TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS event_sum(code INTEGER PRIMARY KEY, held INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS event_report(number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
)
"""Additive: a release that does not know them passes them over."""

STEPS_MAX: Final = 12
"""Screens and commands remembered before an event, by name."""

_COLUMNS: Final = "id, first_ms, at_ms, clock, boot, mono_ms, code, operator, subject, attempt, reason, steps"

_TRACE: Final = (
    "CASE length(subject) WHEN 13 THEN substr(subject, 8, 6) WHEN 32 THEN substr(subject, 25, 6)"
    " WHEN 27 THEN substr(subject, 17, 6) WHEN 25 THEN substr(subject, 17, 6) ELSE '' END = ?"
)
"""Where a receipt's, a payment's and a refund's number have the trace number (`rules.orders`)."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One row: a code, seen `attempt` times in a row from `first_ms` to `at_ms` (UTC, by a clock of trust `clock`).

    `mono_ms` is the monotonic time within the boot `boot`: it orders rows of one boot whatever the clock did."""

    id: int
    first_ms: int
    at_ms: int
    clock: ClockState
    boot: str
    mono_ms: int
    code: int
    operator: str = ""
    subject: str = ""  # our number of the payment, refund, voucher's use or receipt it was about
    attempt: int = 1
    reason: str = ""
    steps: tuple[str, ...] = ()

    def seen(self, count: int = 1, first_ms: int | None = None) -> EventSeen:
        """As a report tells of it."""
        return EventSeen(
            self.code, count, self.at_ms if first_ms is None else first_ms, self.at_ms, self.operator, self.subject,
            self.attempt, self.reason, self.steps,
        )  # fmt: skip

    def row(self) -> tuple[int | str, ...]:
        """The values of `INSERT`."""
        return (
            self.id, self.first_ms, self.at_ms, self.clock, self.boot, self.mono_ms, self.code, self.operator,
            self.subject, self.attempt, self.reason, " ".join(self.steps),
        )  # fmt: skip


INSERT: Final = f"INSERT OR REPLACE INTO event({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to look at; 0 and "" mean all. `day`: China's date, `2026-11-22`; `trace`: the number of
    an order, which stands in receipt, payment and refund numbers alike."""

    code: int = 0
    day: str = ""
    trace: int = 0

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()


ALL: Final = Wanted()


def count(books: Reading, wanted: Wanted) -> int:
    """How many rows there are."""
    where, args = _where(wanted)
    return int(books.read(f"SELECT count(*) FROM event{where}", *args)[0][0])


def page(books: Reading, wanted: Wanted, first: int, limit: int) -> tuple[Logged, ...]:
    """Rows, the newest first."""
    where, args = _where(wanted)
    rows = books.read(f"SELECT {_COLUMNS} FROM event{where} ORDER BY id DESC LIMIT ? OFFSET ?", *args, limit, first)
    return tuple(map(_logged, rows))


def find(books: Reading, event: int) -> Logged | None:
    """One row; None when it is gone."""
    rows = books.read(f"SELECT {_COLUMNS} FROM event WHERE id = ?", event)
    return _logged(rows[0]) if rows else None


def last_id(books: Reading) -> int:
    """The newest row's number."""
    return int(books.read("SELECT coalesce(max(id), 0) FROM event")[0][0])


def open_sums(books: Reading) -> tuple[tuple[EventSeen, bool], ...]:
    """What has been counted and not reported, and whether it was held back from being reported at once."""
    rows = books.read("SELECT body, held FROM event_sum ORDER BY code")
    return tuple((msgspec.json.decode(body, type=EventSeen), bool(held)) for body, held in rows)


def due_reports(books: Reading) -> tuple[tuple[int, EventReport], ...]:
    """Reports that are not confirmed, by their number."""
    rows = books.read("SELECT number, body FROM event_report ORDER BY number")
    return tuple((int(number), msgspec.json.decode(body, type=EventReport)) for number, body in rows)


def day_range(day: str) -> tuple[int, int] | None:
    """The UTC milliseconds of a Chinese day, from and before; None when it is no date."""
    try:
        begin = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=LOCAL)
    except ValueError:
        return None
    first, last = (int(each.astimezone(UTC).timestamp() * 1000) for each in (begin, begin + timedelta(days=1)))
    return first, last


def _where(wanted: Wanted) -> tuple[str, tuple[int | str, ...]]:
    parts: list[str] = []
    args: list[int | str] = []
    if wanted.code:
        parts.append("code = ?")
        args.append(wanted.code)
    if wanted.day:
        first, last = day_range(wanted.day) or (0, 0)
        parts.append("at_ms >= ? AND at_ms < ?")
        args += [first, last]
    if wanted.trace:
        parts.append(_TRACE)
        args.append(f"{wanted.trace:06d}")
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), tuple(args)


def _logged(row: tuple[Any, ...]) -> Logged:
    *plain, steps = row
    fields: list[Any] = [*plain, tuple(str(steps).split())]
    return Logged(*fields)
