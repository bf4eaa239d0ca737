"""A counter with its event log, and a backend that takes its reports."""

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.events import EventReported, LinkUp, Report
from firmware.txn import eventlog
from firmware.txn.eventlog import Logged, Wanted
from fleet.core import Arrived, Core, Message, SendAnswer
from tests.counter import Counter
from tests.stores import new_store
from wire.channels import EVENT
from wire.messages import AnswerEvent, EventReport

EVERYTHING = Wanted()
NEVER_SOLD = "6999999999999"[:12] + "8"
KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)


def open_till(folder: Path, link: bool = True) -> Counter:
    """Open for business, online."""
    counter = Counter(folder).open_for_business()
    counter.pass_time(11_000)
    if link:
        counter.step(LinkUp())
    return counter


def rows(counter: Counter, wanted: Wanted = EVERYTHING) -> tuple[Logged, ...]:
    """The log, the newest first."""
    return eventlog.page(counter.ledger, wanted, 0, 30_000)


def codes(counter: Counter) -> list[int]:
    """Codes of the log, the oldest first."""
    return [row.code for row in reversed(rows(counter))]


def reports(counter: Counter) -> list[EventReport]:
    """Every report that left in this boot, doublings too."""
    return [effect.report for effect in counter.out if isinstance(effect, Report)]


class Fleet:
    """The backend's core over a store in memory, or in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.store = new_store(path)
        self.core = Core(self.store, KEY.sign)
        self.heard = 0

    def take(self, report: EventReport, now_ms: int, terminal: str = "00010023") -> str:
        """Give it a report; the id it confirms."""
        message = Message(terminal, EVENT.rest, msgspec.json.encode(report))
        (answer,) = self.core.step(Arrived(now_ms, (message,)))
        assert isinstance(answer, SendAnswer)
        assert isinstance(answer.answer, AnswerEvent)
        return answer.answer.id

    def hear(self, counter: Counter) -> int:
        """Take what the counter has sent and confirm it, until nothing more comes; how many reports came in all."""
        while len(sent := reports(counter)) > self.heard:
            news, self.heard = sent[self.heard :], len(sent)
            for report in news:
                counter.step(EventReported(self.take(report, counter.day_ms + counter.ms)))
        return self.heard
