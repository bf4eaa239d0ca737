"""What the cashier notices of the paper desk: what is printed, on which printer, and what waits for her."""

from pathlib import Path

import pytest

from firmware.events import BatterySeen, DrawerPulsed, Printed, PrinterSeen
from firmware.txn import slip
from tests.counter import COLA, Counter
from tests.screens.ledgers import having
from wire.facts import Trouble


def selling(folder: Path, **changes: object) -> Counter:
    """Open for business with a printer that answers when the test says so."""
    return Counter(folder, prints="", **changes).open_for_business()  # type: ignore[arg-type]


def sell(counter: Counter) -> int:
    """One can of cola in cash; the seq of the sale."""
    counter.scan(COLA).keys("OK F2 OK")
    return int(counter.ledger.read("SELECT max(seq) FROM receipt")[0][0])


def marks(counter: Counter) -> list[tuple[int, int, str]]:
    """Job, printer and mark of everything given to a printer so far."""
    return [(each.job, each.printer, each.receipt.mark) for each in counter.printed()]


def states(counter: Counter) -> list[tuple[int, str, int]]:
    return counter.ledger.read("SELECT job, state, code FROM print_job ORDER BY job")


def test_a_slip_that_waited_too_long_is_offered_and_not_printed_by_itself(tmp_path):
    counter = selling(tmp_path, settings=having(slips={"expire_min": 5}))
    counter.step(PrinterSeen("paper_out"))
    job = sell(counter)
    counter.step(Printed(job, "not_printed", 4001))
    counter.pass_time(6 * 60_000)
    counter.out.clear()
    counter.sign_on()
    counter.step(PrinterSeen("ok"))
    assert counter.printed() == []
    assert counter.screen == "Unfinished"
    counter.keys("F1")
    assert marks(counter) == [(job, 0, "**续打**")]


def test_a_slip_interrupted_a_minute_ago_goes_on_by_itself(tmp_path):
    counter = selling(tmp_path)
    counter.step(PrinterSeen("paper_out"))
    job = sell(counter)
    counter.step(Printed(job, "not_printed", 4001))
    counter.pass_time(60_000)
    counter.step(PrinterSeen("ok"))
    assert marks(counter)[-1] == (job, 0, "**续打**")


def test_when_too_many_wait_new_ones_are_offered_and_the_result_says_so(tmp_path):
    counter = selling(tmp_path)
    jobs = [sell(counter) for _ in range(24)]
    assert len(counter.printed()) == 2
    assert states(counter)[-1] == (jobs[-1], "not_printed", 4014)
    counter.scan(COLA).keys("OK F2")
    assert "[4014]" in counter.text()
    assert "稍候" in counter.text()
    counter.keys("OK")
    counter.prints = "printed"
    counter.step(Printed(jobs[0], "printed"))
    counter.step(Printed(jobs[1], "printed"))
    printed = [job for job, _, mark in marks(counter) if not mark]
    assert printed == jobs[: len(printed)]
    assert len(printed) >= 22
    assert jobs[-1] not in printed


def test_an_offer_nobody_took_for_a_week_does_not_hold_up_the_journal(tmp_path):
    counter = selling(tmp_path)
    job = sell(counter)
    counter.step(Printed(job, "unknown", 4008))
    counter.pass_time(10_000)
    counter.cut()
    counter.day_ms += 8 * 24 * 3_600_000
    counter.boot()
    assert states(counter) == []
    assert "slip_dropped" in counter.facts()


@pytest.mark.parametrize(
    ("code", "words", "action"),
    [(4016, "小票模板错误", "已用默认模板"), (4009, "有字符无法打印", "已用□代替")],
)
def test_what_a_printed_slip_lacks_is_said_once_and_to_the_backend(tmp_path, code, words, action):
    counter = selling(tmp_path)
    said = 0
    for _ in range(2):
        counter.scan(COLA).keys("OK F1")
        counter.step(Printed(counter.printed()[-1].job, "printed", code))
        if counter.screen == "Refused":
            said += 1
            assert f"[{code}] {words}" in counter.text()
            assert action in counter.text()
            counter.keys("OK")
        counter.keys("OK")
    assert said == counter.facts().count("trouble") == 1
    assert states(counter) == []


class TestNeverBegun:
    """A slip of which no printer took a byte is on no paper: it comes out as the first one, however often it had to wait."""

    def test_after_paper_in_it_carries_no_mark(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("paper_out"))
        job = sell(counter)
        counter.step(Printed(job, "not_printed", 4001, begun=False))
        counter.step(PrinterSeen("ok"))
        assert marks(counter) == [(job, 0, ""), (job, 0, "")]
        assert states(counter) == [(job, "queued", 4001)], "cut now, nobody knows whether it came out"
        counter.step(Printed(job, "printed"))
        assert states(counter) == []

    def test_it_is_tried_as_often_as_there_is_paper_again(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("paper_out"))
        job = sell(counter)
        for _ in range(5):
            counter.step(Printed(job, "not_printed", 4001, begun=False))
            counter.step(PrinterSeen("ok"))
            counter.step(PrinterSeen("paper_out"))
        assert marks(counter) == [(job, 0, "")] * 6

    def test_what_was_begun_keeps_its_mark_though_the_next_try_did_not_begin(self, tmp_path):
        counter = selling(tmp_path)
        job = sell(counter)
        for begun in (True, False):
            counter.step(PrinterSeen("paper_out"))
            counter.step(Printed(job, "unknown" if begun else "not_printed", 4001, begun=begun))
            counter.step(PrinterSeen("ok"))
        assert [mark for _, _, mark in marks(counter)] == ["", "**续打**", "**续打**"]

    def test_an_offer_of_it_by_key_carries_no_mark(self, tmp_path):
        counter = selling(tmp_path, settings=having(slips={"expire_min": 5}))
        counter.step(PrinterSeen("paper_out"))
        job = sell(counter)
        counter.step(Printed(job, "not_printed", 4001, begun=False))
        counter.pass_time(6 * 60_000)
        counter.sign_on()
        counter.step(PrinterSeen("ok"))
        counter.out.clear()
        counter.keys("F1")
        assert marks(counter) == [(job, 0, "")]

    def test_after_a_cut_it_carries_the_mark_for_nobody_knows_any_more(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("paper_out"))
        job = sell(counter)
        counter.step(Printed(job, "not_printed", 4001, begun=False))
        counter.ledger.commit()
        counter.cut()
        counter.boot()
        counter.sign_on()
        counter.out.clear()
        counter.keys("F1")
        assert marks(counter) == [(job, 0, "**续打**")]


def test_a_queue_that_ran_out_of_paper_comes_out_whole_in_order_and_each_slip_once(tmp_path):
    counter = selling(tmp_path)
    jobs = [sell(counter) for _ in range(8)]
    counter.step(PrinterSeen("paper_out"))
    counter.step(Printed(jobs[0], "unknown", 4001))
    counter.step(Printed(jobs[1], "not_printed", 4001, begun=False))
    jobs.append(sell(counter))
    counter.step(Printed(jobs[8], "not_printed", 4001, begun=False))
    counter.out.clear()
    counter.step(PrinterSeen("ok"))
    for job in jobs:
        assert len(marks(counter)) <= jobs.index(job) + 2, "one in hand, one to follow"
        counter.step(Printed(job, "printed"))
    assert marks(counter) == [(jobs[0], 0, "**续打**"), *((job, 0, "") for job in jobs[1:])]
    assert states(counter) == []


class TestTwoPrinters:
    def test_a_slip_the_first_never_began_comes_out_of_the_second_without_a_mark(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("ok", printer=1))
        job = sell(counter)
        counter.step(PrinterSeen("offline"))
        counter.step(Printed(job, "not_printed", 4005, begun=False))
        assert marks(counter) == [(job, 0, ""), (job, 1, "")]
        counter.step(Printed(job, "printed", printer=1))
        assert states(counter) == []

    def test_the_second_does_not_take_for_the_first_what_was_begun_before(self, tmp_path):
        counter = selling(tmp_path)
        job = sell(counter)
        counter.step(PrinterSeen("paper_out"))
        counter.step(Printed(job, "unknown", 4001))
        counter.step(PrinterSeen("ok"))
        counter.step(PrinterSeen("ok", printer=1))
        counter.step(PrinterSeen("offline"))
        counter.step(Printed(job, "not_printed", 4005, begun=False))
        assert marks(counter) == [(job, 0, ""), (job, 0, "**续打**"), (job, 1, "**续打**")]

    @pytest.mark.parametrize("outcome", ["unknown", "not_printed"])
    def test_a_slip_the_first_began_comes_out_of_the_second_as_continued(self, tmp_path, outcome):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("ok", printer=1))
        job = sell(counter)
        counter.step(PrinterSeen("paper_out"))
        counter.step(Printed(job, outcome, 4001))
        assert marks(counter) == [(job, 0, ""), (job, 1, "**续打**")]

    def test_the_stand_in_prints_while_the_first_is_out_and_rests_when_it_is_back(self, tmp_path):
        counter = selling(tmp_path)
        counter.prints = "printed"
        counter.step(PrinterSeen("ok", printer=1))
        counter.step(PrinterSeen("cover_open"))
        sell(counter)
        counter.step(PrinterSeen("ok"))
        sell(counter)
        assert [printer for _, printer, _ in marks(counter)] == [1, 0]

    def test_with_both_out_the_slip_waits_and_the_first_to_come_back_prints_it(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("paper_out", printer=1))
        counter.step(PrinterSeen("paper_out"))
        job = sell(counter)
        counter.step(Printed(job, "not_printed", 4001, begun=False))
        counter.step(PrinterSeen("ok", printer=1))
        assert [printer for _, printer, _ in marks(counter)] == [0, 1]

    def test_the_stand_in_takes_nothing_while_the_first_has_only_much_to_do(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("ok", printer=1))
        jobs = [sell(counter) for _ in range(4)]
        assert marks(counter) == [(job, 0, "") for job in jobs[:2]]
        counter.step(Printed(jobs[0], "printed"))
        assert marks(counter)[2:] == [(jobs[2], 0, "")]

    def test_a_sale_has_its_slip_though_the_first_printer_is_unplugged(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("none"))
        counter.step(PrinterSeen("ok", printer=1))
        job = sell(counter)
        assert marks(counter) == [(job, 1, "")]

    def test_the_drawer_on_an_unplugged_printer_is_opened_by_its_key_and_the_slip_comes_from_the_other(self, tmp_path):
        counter = selling(tmp_path)
        counter.step(PrinterSeen("ok", printer=1))
        counter.step(PrinterSeen("none"))
        counter.scan(COLA).keys("OK F1")
        [cause] = [effect.cause for effect in counter.pulses()]
        counter.step(DrawerPulsed(cause, "did_not_open"))
        assert counter.screen == "Sold"
        assert "[8001]" in counter.text()
        assert "用钥匙打开" in counter.text()
        assert marks(counter) == [(cause, 1, "")]


# --- a battery too low to print (4007, domain 6.3) --------------------------------------------------------------------


def low(folder: Path) -> Counter:
    """Sold on the last of the battery."""
    counter = Counter(folder).open_for_business()
    counter.step(BatterySeen(4, False))
    counter.out.clear()
    counter.keys("OK 5 0 0 OK OK")
    return counter


@pytest.mark.parametrize("power", [BatterySeen(4, True), BatterySeen(30, False), BatterySeen(None, False)])
def test_a_slip_waits_for_the_battery_and_is_then_printed_by_itself_as_the_original(tmp_path, power):
    counter = low(tmp_path)
    assert (counter.screen, counter.printed()) == ("Sold", [])
    assert "[4007]" in counter.text()
    counter.keys("OK")
    assert "[4007]" in counter.text()
    counter.step(power)
    (made,) = counter.printed()
    assert made.receipt.mark == ""
    assert "[4007]" not in counter.text()
    assert slip.open_jobs(counter.ledger) == ()


def test_the_low_battery_is_told_once_and_neither_a_printer_nor_time_prints_on_it(tmp_path):
    counter = low(tmp_path)
    counter.step(BatterySeen(3, False))
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    counter.keys("OK 5 0 0 OK OK OK")
    assert counter.printed() == []
    codes = [entry.fact.code for entry in counter.ledger.entries() if isinstance(entry.fact, Trouble)]
    assert codes.count(4007) == 1
    counter.step(BatterySeen(3, True))
    assert len(counter.printed()) == 2


def test_a_shop_may_print_to_the_end(tmp_path):
    counter = Counter(tmp_path, having(printer={"battery_min": 0})).open_for_business()
    counter.step(BatterySeen(1, False))
    counter.keys("OK 5 0 0 OK OK")
    assert len(counter.printed()) == 1
