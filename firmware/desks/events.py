"""The events desk: keeps the event log, and tells the backend of codes as the error table wants it (domain 4).

`now`: at once, the same code at most once a minute and at most `NOW_MAX` messages a minute of all codes; what is held back
by that is counted and sent together when the minute is over. `count`: summed up every `log.sums_min` minutes. `no`: never.
A report leaves at once, and again until the backend says that it has kept it (`EventReported`); offline it waits in line.
Its id is unique for ever, so that one that comes twice counts once: it alone need not wait for its commit (ADR 17).
"""

from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from firmware.desks import Till
from firmware.desks.patience import doubled_ms
from firmware.events import Event, EventReported, LinkDown, LinkUp, Report
from firmware.txn import eventlog
from firmware.txn.eventlog import Logged
from rules.errors import error
from wire.facts import Fact
from wire.messages import EVENTS_MAX, EventReport, EventSeen

DESK: Final = "events"
AGAIN_MS: Final = 60_000
"""The same code, operator, subject and reason within this time is the same row, with one attempt more; also how long a `now`
code is held back after it was sent."""

NOW_MAX: Final = 10
"""Messages a minute about single codes, over all codes."""

IN_FLIGHT_MAX: Final = 4
RESEND_MS, RESEND_MS_MAX = 30_000, 600_000
RECENT_MAX: Final = 64
OLD_AT_ONCE: Final = 20
"""Rows too old that go with each new one."""

DAY_MS: Final = 86_400_000


@dataclass(slots=True)
class EventsDesk:
    """What this boot remembers of the log; the rest is in its tables."""

    name: str = DESK
    next_id: int = 1
    next_number: int = 1
    read: bool = False  # where the last boot was is known
    recent: dict[tuple[int, str, str, str], Logged] = field(default_factory=dict)
    sums: dict[int, EventSeen] = field(default_factory=dict)  # of codes that are only counted
    held: dict[int, EventSeen] = field(default_factory=dict)  # of codes that were sent less than a minute ago
    sent_ms: dict[int, int] = field(default_factory=dict)  # `now` codes by when they were sent last
    queue: dict[int, EventReport] = field(default_factory=dict)
    in_flight: frozenset[int] = frozenset()
    tries: int = 0
    lost: int = 0

    def booted(self, till: Till) -> None:
        """The last boot's sums are reported, its reports are due."""
        self._go_on(till)
        self._flush(till, self.held, "now")
        self._flush(till, self.sums, "count")

    def _go_on(self, till: Till) -> None:
        """Go on where the last boot was, before the first row of this one: a boot has codes of its own to tell, earlier
        than any desk is booted, and they must take no row or report that stands there."""
        if self.read:
            return
        self.read = True
        self.next_id = eventlog.last_id(till.ledger) + 1
        self.queue = dict(eventlog.due_reports(till.ledger))
        self.next_number = max(self.queue, default=0) + 1
        for seen, held in eventlog.open_sums(till.ledger):
            (self.held if held else self.sums)[seen.code] = seen

    def hear(self, till: Till, event: Event) -> None:
        """The link, and the backend's word that a report is kept; then send what is due."""
        match event:
            case LinkUp() | LinkDown():
                self.in_flight, self.tries = frozenset(), 0
                till.stop_timer("events:again")
            case EventReported(report_id):
                self._kept(till, report_id)
            case _:
                pass
        self._send(till)

    def fired(self, till: Till, what: str) -> None:
        """`sums`: the ten minutes are over; `held`: the minute is; `again`: nothing was heard, send again."""
        match what:
            case "sums":
                self._flush(till, self.sums, "count")
            case "held":
                self._flush(till, self.held, "now")
            case "again":
                self.in_flight, self.tries = frozenset(), self.tries + 1
            case _:
                raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Nothing: codes come by `take`."""

    # --- the log ---

    def take(
        self, till: Till, code: int, subject: str, reason: str, steps: tuple[str, ...], urgent: bool = False
    ) -> None:  # fmt: skip
        """A code was shown or alarmed, now. `subject` and `reason` hold nothing a customer showed (`rules.discreet`).
        `urgent`: reported at once, whatever the table says of the code."""
        self._go_on(till)
        row = self._row(till, code, subject, reason, steps)
        self._keep(till, row)
        report = "now" if urgent else error(code).report
        if report == "no" or till.training:
            return
        if report == "count":
            self._count(till, self.sums, row, till.settings.log.sums_min * 60_000, "sums")
        elif self._may_send(till, code):
            self._report(till, "now", (row.seen(),))
        else:
            self._count(till, self.held, row, AGAIN_MS, "held")

    def _row(self, till: Till, code: int, subject: str, reason: str, steps: tuple[str, ...]) -> Logged:
        """A new row, or the one of the same thing a moment ago once more."""
        now, operator = till.now, till.session.operator
        key = (code, operator, subject, reason)
        last = self.recent.pop(key, None)
        if last is not None and now.monotonic_ms - last.mono_ms < AGAIN_MS:
            row = replace(
                last, at_ms=now.wall_ms, clock=now.clock, mono_ms=now.monotonic_ms, attempt=last.attempt + 1,
                steps=steps,
            )  # fmt: skip
        else:
            row = Logged(
                self.next_id, now.wall_ms, now.wall_ms, now.clock, till.boot_id, now.monotonic_ms, code, operator,
                subject, 1, reason, steps,
            )  # fmt: skip
            self.next_id += 1
        while len(self.recent) >= RECENT_MAX:
            del self.recent[next(iter(self.recent))]
        self.recent[key] = row
        return row

    def _keep(self, till: Till, row: Logged) -> None:
        limits = till.settings.log
        till.jot(f"event {row.id}", eventlog.INSERT, *row.row())
        if row.attempt > 1:
            return
        till.jot("event rows", "DELETE FROM event WHERE id <= ?", row.id - limits.rows_max)
        if till.now.trusted:
            oldest = "DELETE FROM event WHERE at_ms < ? AND id IN (SELECT id FROM event ORDER BY id LIMIT ?)"
            till.jot("event days", oldest, till.now.wall_ms - limits.days * DAY_MS, OLD_AT_ONCE)

    # --- counting ---

    def _count(self, till: Till, sums: dict[int, EventSeen], row: Logged, window_ms: int, timer: str) -> None:
        known = sums.get(row.code)
        if not sums:
            till.timer(f"events:{timer}", window_ms)
        seen = row.seen(known.count + 1, known.first_ms) if known else row.seen()
        sums[row.code] = seen
        held = int(sums is self.held)
        keep = "INSERT OR REPLACE INTO event_sum(code, held, body) VALUES (?, ?, ?)"
        till.jot(f"sum {row.code}", keep, row.code, held, msgspec.json.encode(seen))

    def _flush(self, till: Till, sums: dict[int, EventSeen], mode: str) -> None:
        """Report what has been counted, the codes in order, in as many messages as it takes."""
        seen = [sums[code] for code in sorted(sums)]
        for first in range(0, len(seen), EVENTS_MAX):
            self._report(till, mode, tuple(seen[first : first + EVENTS_MAX]))
        for each in seen:
            till.jot(f"sum {each.code}", "DELETE FROM event_sum WHERE code = ?", each.code, within_ms=0)
        sums.clear()

    def _may_send(self, till: Till, code: int) -> bool:
        """Whether a code may be reported by itself now."""
        since_ms = till.now.monotonic_ms - AGAIN_MS
        self.sent_ms = {each: at_ms for each, at_ms in self.sent_ms.items() if at_ms > since_ms}
        return code not in self.sent_ms and len(self.sent_ms) < NOW_MAX

    # --- reports ---

    def _report(self, till: Till, mode: str, seen: tuple[EventSeen, ...]) -> None:
        """Put a report in line, and send it if its turn has come."""
        assert mode in ("now", "count"), mode
        number, settings = self.next_number, till.settings
        self.next_number += 1
        report = EventReport(
            f"{till.boot_id}-{number}", "now" if mode == "now" else "count", till.boot_id, till.now.wall_ms,
            till.now.monotonic_ms, till.now.clock, till.software, settings.revision,
            f"{settings.shop.name}{settings.shop.branch}", seen, self.lost,
        )  # fmt: skip
        self.lost = 0
        if mode == "now":
            self.sent_ms |= {each.code: till.now.monotonic_ms for each in seen}
        self.queue[number] = report
        keep = "INSERT OR REPLACE INTO event_report(number, body) VALUES (?, ?)"
        till.jot(f"report {number}", keep, number, msgspec.json.encode(report))
        while len(self.queue) > settings.log.reports_max:
            oldest = min(self.queue)
            self.lost += 1 + self.queue[oldest].lost
            self._forget(till, oldest)
        self._send(till)

    def _kept(self, till: Till, report_id: str) -> None:
        number = next((number for number, report in self.queue.items() if report.id == report_id), None)
        if number is None:
            return  # confirmed before, or given up
        self._forget(till, number)
        self.tries = 0
        if not self.in_flight:
            till.stop_timer("events:again")

    def _forget(self, till: Till, number: int) -> None:
        """Nobody waits for this to be durable: sent once more after a power cut, it counts once."""
        del self.queue[number]
        self.in_flight -= {number}
        till.jot(f"report {number}", "DELETE FROM event_report WHERE number = ?", number, within_ms=0)

    def _send(self, till: Till) -> None:
        if till.devices.link != "up" or till.safe_mode:
            return
        for number in sorted(self.queue):
            if len(self.in_flight) >= IN_FLIGHT_MAX:
                return
            if number not in self.in_flight:
                self.in_flight |= {number}
                till.emit(Report(self.queue[number]))
                till.timer("events:again", doubled_ms(RESEND_MS, self.tries, RESEND_MS_MAX))
