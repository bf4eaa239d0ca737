"""The event log on the device: what gets a row, what stands in it, how long it stays."""

from pathlib import Path

import msgspec
import pytest

from firmware.events import DeviceSeen, LinkDown, PrinterSeen
from firmware.txn import eventlog
from firmware.txn.eventlog import Wanted
from rules.settings_model import Log
from tests.counter import COLA, Counter
from tests.events.till import codes, open_till, rows


def test_a_refusal_is_a_row_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.scan("6999999999997")
    (row,) = rows(counter)
    assert (row.code, row.operator, row.attempt, row.clock, row.boot) == (6001, "01", 1, "trusted", "boot1")
    assert row.at_ms == counter.day_ms + counter.ms
    assert row.mono_ms == counter.ms
    assert row.steps[-2:] == ("Idle", "AddCode")


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (LinkDown(1003), 1003), (DeviceSeen("scanner", False), 9008), (DeviceSeen("keypad", False), 9009),
        (PrinterSeen("paper_out"), 4001), (PrinterSeen("cover_open"), 4003), (PrinterSeen("offline"), 4005),
    ],
)  # fmt: skip
def test_what_happens_to_devices_and_link_is_logged_once(tmp_path: Path, event: object, code: int) -> None:
    counter = open_till(tmp_path)
    counter.step(event)
    assert codes(counter) == [code]


def test_the_second_printers_trouble_is_logged_whatever_the_first_has(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok", printer=1))
    counter.pass_time(120_000)
    counter.step(PrinterSeen("paper_out", printer=1))
    assert codes(counter) == [4001, 4001]


def test_the_missing_right_stands_in_the_row_of_2005(tmp_path: Path) -> None:
    """A wrong configuration is found in a minute."""
    settings = msgspec.structs.replace(Counter(tmp_path).settings, rights={"cashier": {"basket_hold": "no"}})
    counter = Counter(tmp_path, settings=settings).open_for_business()
    counter.scan(COLA).keys("F2 6")
    assert "[2005]" in counter.text()
    (row,) = rows(counter)
    assert (row.code, row.reason) == (2005, "basket_hold")


def test_the_same_thing_again_within_a_minute_is_one_row_with_attempts(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    for _ in range(3):
        counter.scan("6999999999997").keys("CANCEL")
    (row,) = rows(counter)
    assert row.attempt == 3
    assert row.first_ms < row.at_ms
    counter.pass_time(61_000)
    counter.scan("6999999999997").keys("CANCEL")
    assert [row.attempt for row in rows(counter)] == [1, 3]


def test_a_log_survives_a_power_cut_as_what_rides_does(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.scan("6999999999997").keys("CANCEL")
    counter.pass_time(60_000)
    assert not counter.ledger.jotted()
    counter.cut()
    counter.boot()
    assert 6001 in codes(counter)
    counter.sign_on().scan("6999999999997")
    assert rows(counter)[0].boot == "boot2"
    assert len({row.id for row in rows(counter)}) == len(rows(counter))


def test_what_a_boot_itself_has_to_say_takes_no_earlier_row(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.scan("6999999999997").keys("CANCEL")
    counter.pass_time(60_000)
    counter.cut()
    counter.boot(notices=((9013, ""),))
    counter.pass_time(60_000)
    assert codes(counter)[-2:] == [6001, 9013]
    assert len({row.id for row in rows(counter)}) == len(rows(counter))


def test_another_reason_within_the_minute_is_another_row(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    for about in ("basket_hold", "voucher_look_up", "basket_hold"):
        counter.terminal.note(2005, about)
        counter.keys("CLEAR")
    assert [(row.reason, row.attempt) for row in reversed(rows(counter))] == [
        ("basket_hold", 2),
        ("voucher_look_up", 1),
    ]


def test_rows_and_days_are_bounded(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Counter(tmp_path).settings, log=Log(rows_max=100, days=2))
    counter = Counter(tmp_path, settings=settings).open_for_business()
    for _ in range(130):
        counter.scan("6999999999997").keys("CANCEL")
        counter.pass_time(61_000)
    assert len(rows(counter)) == 100
    counter.day_ms += 3 * 86_400_000
    for _ in range(6):
        counter.scan("6999999999997").keys("CANCEL")
        counter.pass_time(61_000)
    assert len(rows(counter)) == 6, "the old ones went, a few with each new row"


def test_days_are_not_counted_by_an_untrusted_clock(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Counter(tmp_path).settings, log=Log(days=2))
    counter = Counter(tmp_path, settings=settings).open_for_business()
    counter.scan("6999999999997").keys("CANCEL")
    counter.pass_time(61_000)
    counter.clock, counter.day_ms = "floor", counter.day_ms + 9 * 86_400_000
    counter.scan("6999999999997").keys("CANCEL")
    counter.pass_time(61_000)
    counter.scan("6999999999997").keys("CANCEL")
    assert len(rows(counter)) >= 2
    assert {row.clock for row in rows(counter)} == {"trusted", "floor"}


def test_a_card_that_is_full_loses_log_and_no_fact(tmp_path: Path) -> None:
    """The log gives way: what was decided is committed all the same, and the terminal sells on."""
    counter = open_till(tmp_path)
    before = len(counter.facts())
    broken = eventlog.INSERT.replace("INTO event(", "INTO no_such_table(")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eventlog, "INSERT", broken)
        counter.scan("6999999999997").keys("CANCEL")
    assert rows(counter) == ()
    counter.scan(COLA).keys("OK OK")
    assert "sale" in counter.facts()[before:]
    assert counter.ledger.differences() == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), 2), (Wanted(code=6001), 1), (Wanted(code=1003), 1), (Wanted(code=9999), 0),
        (Wanted(day="2026-11-22"), 2), (Wanted(day="2026-11-21"), 0), (Wanted(trace=1), 0),
    ],
)  # fmt: skip
def test_rows_are_found_by_code_and_day(tmp_path: Path, wanted: Wanted, found: int) -> None:
    counter = open_till(tmp_path)
    counter.scan("6999999999997").keys("CANCEL")
    counter.step(LinkDown(1003))
    assert eventlog.count(counter.ledger, wanted) == len(rows(counter, wanted)) == found


@pytest.mark.parametrize(
    "number",
    [
        "000001-000045",
        "20261122000100230100000100004502",
        "0001002301000001000045" + "02R01",
        "0001002301000001000045V01",
    ],
)
def test_an_order_is_found_by_its_trace_in_every_number(tmp_path: Path, number: str) -> None:
    counter = open_till(tmp_path)
    counter.terminal.note(5007, subject=number)
    counter.terminal.noted = frozenset()
    counter.terminal.note(5008, subject=number.replace("000045", "000046"))
    assert [row.code for row in rows(counter, Wanted(trace=45))] == [5007]
    assert rows(counter, Wanted(trace=45))[0].subject == number


def test_practice_is_not_reported(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.terminal.training = True
    counter.step(DeviceSeen("scanner", False))
    counter.pass_time(700_000)
    assert codes(counter)[:1] == [9008]
    assert counter.ledger.read("SELECT count(*) FROM event_report") == [(0,)]
