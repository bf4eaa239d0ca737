"""Automatic reports: at once, counted, or never; each kept by the backend exactly once."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from firmware.desks.events import NOW_MAX
from firmware.events import DeviceSeen, Event, EventReported, Idle, LinkDown, LinkUp
from firmware.terminal import Terminal
from fleet.core import Arrived, Message
from fleet.events import Asked
from rules.errors import errors
from rules.settings_model import Log
from tests.counter import Counter
from tests.events.till import Fleet, open_till, reports
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
from wire.facts import Fact
from wire.messages import EventReport

pytestmark = pytest.mark.usefixtures("each_store")


DAY_MS = 86_400_000


def total(fleet: Fleet) -> dict[str, int]:
    """Times by code, as the backend has them."""
    with fleet.store.begin() as books:
        return {each.group: each.times for each in books.events.sums("code", Asked(), 2**60)}


def gone(counter: Counter) -> None:
    """The scanner is pulled out and back: 9008, reported at once."""
    counter.step(DeviceSeen("scanner", False))
    counter.step(DeviceSeen("scanner", True))


def test_now_leaves_at_once(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    gone(counter)
    (report,) = reports(counter)
    (seen,) = report.events
    assert (report.mode, seen.code, seen.count, seen.operator) == ("now", 9008, 1, "01")
    assert seen.steps[-1] == "Idle"
    assert report.shop == "好邻居便利店人民路店"


def test_count_is_summed_up_over_ten_minutes(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    for _ in range(7):
        counter.scan("6999999999997").keys("CANCEL")
        counter.pass_time(60_000)
    assert reports(counter) == []
    counter.pass_time(200_000)
    (report,) = reports(counter)
    (seen,) = report.events
    assert (report.mode, seen.code, seen.count) == ("count", 6001, 7)
    assert seen.last_ms - seen.first_ms > 6 * 60_000


def test_no_is_never_sent(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    assert errors()[6004].report == "no"
    counter.scan("6999999999999").keys("CANCEL")
    counter.pass_time(1_300_000)
    assert reports(counter) == []


def test_the_same_now_code_leaves_once_a_minute_and_is_then_counted(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path), Fleet()
    for _ in range(30):
        gone(counter)
        counter.pass_time(1_000)
    fleet.hear(counter)
    assert total(fleet) == {"9008": 1}
    counter.pass_time(70_000)
    fleet.hear(counter)
    assert len({report.id for report in reports(counter)}) == 2
    assert total(fleet) == {"9008": 30}


def test_offline_it_waits_in_order_and_survives_a_cut(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path, link=False), Fleet()
    counter.step(DeviceSeen("scanner", False))
    counter.pass_time(3_000)
    counter.step(DeviceSeen("keypad", False))
    counter.pass_time(60_000)
    assert reports(counter) == []
    counter.cut()
    counter.boot().step(LinkUp())
    assert [report.events[0].code for report in reports(counter)[:2]] == [9008, 9009]
    fleet.hear(counter)
    assert total(fleet) == {"9008": 1, "9009": 1}


def test_a_report_of_the_boot_itself_takes_no_waiting_ones_place(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path, link=False), Fleet()
    counter.step(DeviceSeen("scanner", False))
    counter.pass_time(60_000)
    counter.cut()
    counter.boot(notices=((9013, ""),))
    counter.pass_time(60_000)
    counter.cut()
    counter.boot().step(LinkUp())
    fleet.hear(counter)
    assert total(fleet) == {"9008": 1, "9013": 1}


def test_a_sum_survives_a_cut_and_is_reported_at_the_next_boot(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.scan("6999999999997").keys("CANCEL")
    counter.pass_time(60_000)
    counter.cut()
    counter.boot().step(LinkUp())
    counter.pass_time(2_500)
    assert [(report.mode, report.events[0].code) for report in reports(counter)] == [("count", 6001)]
    assert counter.ledger.read("SELECT count(*) FROM event_sum") == [(0,)]


def test_unconfirmed_it_comes_again_and_counts_once(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path), Fleet()
    gone(counter)
    counter.pass_time(100_000)
    sent = reports(counter)
    assert len(sent) >= 2
    assert len({report.id for report in sent}) == 1
    fleet.hear(counter)
    assert total(fleet) == {"9008": 1}
    counter.pass_time(100_000)
    assert len(reports(counter)) == len(sent), "confirmed: not sent again"
    counter.step(LinkDown(1003))
    counter.step(LinkUp())
    assert len(reports(counter)) == len(sent)


def test_it_is_asked_less_and_less_often_of_a_backend_that_stays_silent(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    gone(counter)
    counter.pass_time(DAY_MS // 24)
    assert 5 < len(reports(counter)) < 14


def test_the_line_is_bounded_and_what_was_given_up_is_said(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Counter(tmp_path).settings, log=Log(reports_max=10))
    counter = Counter(tmp_path, settings=settings).open_for_business()
    for _ in range(25):
        counter.step(DeviceSeen("scanner", False))
        counter.step(DeviceSeen("scanner", True))
        counter.pass_time(61_000)
    assert counter.ledger.read("SELECT count(*) FROM event_report")[0][0] <= 10
    fleet = Fleet()
    counter.step(LinkUp())
    fleet.hear(counter)
    with fleet.store.begin() as books:
        lost = books.events.lost(Asked())
    assert lost >= 10


@dataclass
class Storm:
    """A desk that has codes noted, as many as it is given, whenever the core is idle."""

    name: str = "storm"
    codes: list[int] = field(default_factory=list)

    def booted(self, till: Terminal) -> None: ...
    def fired(self, till: Terminal, what: str) -> None: ...
    def follow(self, till: Terminal, fact: Fact, seq: int) -> None: ...
    def hear(self, till: Terminal, event: Event) -> None:
        if isinstance(event, Idle):
            for code in self.codes:
                till.note(code, reason="storm")


def test_storms_of_every_code_keep_rows_and_messages_bounded(tmp_path: Path) -> None:
    """1 000 storms of random codes in three hours: at most `NOW_MAX` messages a minute and one for the sums, and no more
    commits than soon facts make; and every single one is counted, once."""
    counter, fleet, chance, storm = open_till(tmp_path), Fleet(), random.Random(4), Storm()
    counter.terminal.desks = (storm, *counter.terminal.desks)
    told: dict[str, int] = {}
    before, known = counter.ledger.syncs, sorted(errors())
    for _ in range(1_000):
        storm.codes = chance.sample(known, k=chance.randint(1, 12))
        counter.step(Idle())
        for code in storm.codes:
            if errors()[code].report != "no":
                told[str(code)] = told.get(str(code), 0) + 1
        fleet.hear(counter)
        counter.pass_time(chance.randint(100, 20_000))
    for _ in range(200):
        counter.pass_time(10_000)
        fleet.hear(counter)
    assert total(fleet) == told
    assert len({report.id for report in reports(counter)}) <= (NOW_MAX + 3) * (counter.ms // 60_000 + 1)
    assert counter.ledger.read("SELECT count(*) FROM event")[0][0] <= counter.settings.log.rows_max
    assert counter.ledger.read("SELECT count(*) FROM event_report") == [(0,)]
    assert counter.ledger.syncs - before <= counter.ms // 2_000


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"id":"b1-1"}', b'{"id":"b1-1","mode":"never"}', b"\xff" * 70_000])
def test_what_cannot_be_read_is_put_aside_and_confirmed(payload: bytes) -> None:
    """Confirmed, if it has an id: its terminal would send it for ever."""
    fleet = Fleet()
    answers = fleet.core.step(Arrived(1, (Message("00010023", "event", payload),)))
    assert len(answers) == (b"b1-1" in payload)
    with fleet.store.begin() as books:
        assert len(books.quarantine_of("00010023")) == 1
    assert total(fleet) == {}


def test_a_report_of_an_untrusted_clock_is_booked_when_it_comes(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path), Fleet()
    counter.clock = "floor"
    gone(counter)
    counter.pass_time(2_500)
    (report,) = reports(counter)
    fleet.take(report, 1_900_000_000_000)
    with fleet.store.begin() as books:
        (row,) = books.events.latest(Asked(), 5)
    assert row.when_ms == 1_900_000_000_000
    assert (row.clock, row.last_ms) == ("floor", report.events[0].last_ms)


def test_two_terminals_may_use_the_same_id(tmp_path: Path) -> None:
    counter, fleet = open_till(tmp_path), Fleet()
    gone(counter)
    counter.pass_time(2_500)
    report: EventReport = reports(counter)[0]
    for terminal in ("00010023", "00010024", "00010023"):
        assert fleet.take(report, 1, terminal) == report.id
    assert total(fleet) == {"9008": 2}
    counter.step(EventReported("somebody-1"))
    counter.step(EventReported(report.id))
    counter.step(EventReported(report.id))
    assert counter.ledger.read("SELECT count(*) FROM event_report") == [(0,)]
