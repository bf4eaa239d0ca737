"""Event reports: taken once each, kept by code, and summed up by whoever looks (`posfleet errors`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from fleet.effects import Effect, SendAnswer
from wire.messages import AnswerEvent, EventReport

By = Literal["code", "terminal", "shop", "version"]
Trend = Literal["day", "hour"]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One code of one report. `when_ms`: when it was last seen there, by the terminal's clock if it is trusted, else when
    the report came; the count of a report is booked at that time. `lost`: reports the terminal gave up before this one,
    on its first row alone."""

    terminal: str
    id: str
    code: int
    mode: str
    count: int
    first_ms: int
    last_ms: int
    when_ms: int
    got_ms: int
    clock: str
    shop: str
    software: str
    settings_rev: int
    boot_id: str
    operator: str
    subject: str
    attempt: int
    reason: str
    steps: str
    lost: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the events to look at; empty means all. Times are UTC milliseconds, from and before."""

    terminal: str = ""
    shop: str = ""
    code: int = 0
    software: str = ""
    since_ms: int = 0
    until_ms: int = 2**62


class EventBooks(Protocol):
    """The part of the store that keeps events, within one transaction."""

    def add(self, rows: list[StoredEvent]) -> None:
        """The same code of the same report is kept once."""


def take(books: EventBooks, terminal: str, report: EventReport, now_ms: int) -> list[Effect]:
    """Keep a report, and say so: again, too, when it has been kept before."""
    books.add(list(_rows(terminal, report, now_ms)))
    return [SendAnswer(terminal, AnswerEvent(report.id))]


def _rows(terminal: str, report: EventReport, now_ms: int) -> Iterable[StoredEvent]:
    for place, seen in enumerate(report.events):
        believed = report.clock == "trusted" and seen.last_ms <= now_ms
        yield StoredEvent(
            terminal, report.id, seen.code, report.mode, seen.count, seen.first_ms, seen.last_ms,
            seen.last_ms if believed else now_ms, now_ms, report.clock, report.shop, report.software,
            report.settings_rev, report.boot_id, seen.operator, seen.subject, seen.attempt, seen.reason,
            " ".join(seen.steps), 0 if place else report.lost,
        )  # fmt: skip
