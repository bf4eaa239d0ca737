"""What the terminal decides: nothing leaves before its commit, a boot opens no drawer, records stream under credit."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from firmware.events import (
    Acked,
    Announce,
    AskEpoch,
    DeviceSeen,
    DrawerSeen,
    EpochAnswered,
    Idle,
    Key,
    KeyPressed,
    LinkDown,
    LinkUp,
    PacketRefused,
    PinChecked,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    ScanRejected,
    Send,
    Signed,
    SignSeal,
    Sound,
    StopAsked,
    TimerFired,
    ToneName,
)  # fmt: skip
from firmware.screens.base import typed_text
from firmware.txn import life
from firmware.txn.ledger import Ledger, LedgerError
from rules.settings import defaults
from tests.counter import APPLE_5_YUAN, COLA, Counter
from wire.facts import Booted, Sale, SlipPrinted
from wire.records import PACKETS_IN_FLIGHT_MAX, Ack


def sales(counter: Counter) -> list[Sale]:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, Sale)]


def test_a_cash_sale_prints_and_opens_the_drawer_after_its_commit(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA).scan(APPLE_5_YUAN)
    syncs = counter.ledger.syncs
    counter.keys("OK F2")
    [sale] = sales(counter)
    [job], [pulse] = counter.printed(), counter.pulses()
    assert job.job == pulse.cause == job.because
    assert counter.ledger.fact(job.job) == sale
    assert (sale.total_fen, sale.due_fen, sale.tenders[0].change_fen) == (850, 850, 9150)
    assert counter.ledger.syncs == syncs + 1  # one sync settles a sale
    assert job.receipt.number == "000001-000001"


def test_printing_is_settled_by_a_soon_fact_not_by_a_commit_of_its_own(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("OK F2")
    assert counter.ledger.pending
    counter.pass_time(10_000)
    assert not counter.ledger.pending
    assert SlipPrinted.KIND in counter.facts()


def test_a_cut_between_commit_and_paper_leaves_the_sale_and_offers_its_slip(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="").open_for_business().scan(COLA).keys("OK F2")
    counter.cut()
    counter.boot()
    assert len(sales(counter)) == 1
    assert (counter.pulses(), counter.printed()) == ([], [])  # a boot opens no drawer and prints nothing by itself
    counter.sign_on()
    assert counter.screen == "Unfinished"
    assert "000001-000001" in counter.text()
    counter.prints = "printed"
    counter.keys("F1")
    [job] = counter.printed()
    assert job.receipt.mark == "**续打**"
    assert counter.screen == "Idle"
    assert counter.pulses() == []


def test_a_slip_that_is_complete_on_the_paper_is_not_printed_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="").open_for_business().scan(COLA).keys("OK F2")
    counter.cut()
    counter.boot().sign_on().keys("F2")
    assert counter.screen == "Idle"
    assert counter.printed() == []
    counter.cut()
    assert counter.boot().sign_on().screen == "Idle"  # not offered again


def test_what_was_not_committed_never_happened(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.cut()
    counter.boot().sign_on()
    assert counter.screen == "Idle"
    assert sales(counter) == []


def test_an_open_basket_survives_a_cut_and_is_offered(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA).scan(APPLE_5_YUAN)
    counter.pass_time(5_000)
    counter.cut()
    counter.boot().sign_on()
    assert counter.screen == "KeptBasket"
    assert "8.50" in counter.text()
    counter.keys("OK OK F1")
    [sale] = sales(counter)
    assert [line.name for line in sale.lines] == ["可口可乐500ml", "红富士苹果"]
    counter.pass_time(10_000)
    counter.cut()
    assert counter.boot().sign_on().screen == "Idle"


@pytest.mark.parametrize(("keys", "rest"), [("CLEAR", "5.00"), ("1 * OK", "8.50")])
def test_what_was_taken_out_is_not_offered_again_after_a_cut(tmp_path: Path, keys: str, rest: str) -> None:
    counter = Counter(tmp_path).open_for_business().scan(APPLE_5_YUAN).keys("2 *").scan(COLA)
    counter.pass_time(5_000)
    counter.keys(keys)
    counter.cut()
    counter.boot().sign_on()
    assert (counter.screen, rest in counter.text()) == ("KeptBasket", True), counter.text()


def test_a_kept_basket_that_is_given_up_is_recorded(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.pass_time(5_000)
    counter.cut()
    counter.boot().sign_on().keys("F2")
    assert counter.screen == "Idle"
    assert counter.facts().count("basket_cancelled") == 1


def test_paper_out_resumes_by_itself_marked_and_without_the_drawer(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="").open_for_business().scan(COLA).keys("OK F2")
    [job] = counter.printed()
    counter.step(PrinterSeen("paper_out"))
    counter.step(Printed(job.job, "unknown", 4001))
    counter.prints, counter.out = "printed", []
    counter.step(PrinterSeen("ok"))
    assert [(again.job, again.receipt.mark) for again in counter.printed()] == [(job.job, "**续打**")]
    assert counter.pulses() == []
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    assert len(counter.printed()) == 1  # only what is still owed


def test_records_stream_under_credit_and_only_the_backend_moves_the_mark(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(400):
        counter.keys("1 0 OK OK")
    counter.out = []
    counter.step(LinkUp())
    sent = [effect.packet for effect in counter.out if isinstance(effect, Send)]
    assert len(sent) == PACKETS_IN_FLIGHT_MAX
    assert [record.seq for packet in sent for record in packet.records] == list(range(1, 16 * 16 + 1))
    assert counter.ledger.acked_seq == 0
    counter.out = []
    counter.step(Acked(Ack(counter.ledger.epoch, 32)))
    assert counter.ledger.acked_seq == 32
    assert [packet.packet.records[0].seq for packet in counter.out if isinstance(packet, Send)] == [257, 273]


def test_everything_unacknowledged_is_sent_again_after_a_lost_link_or_a_silent_backend(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.step(Acked(Ack(counter.ledger.epoch, 2)))
    counter.out = []
    counter.step(TimerFired("link:ack"))
    assert [e.packet.records[0].seq for e in counter.out if isinstance(e, Send)] == [3]
    counter.step(LinkDown(1003))
    counter.out = []
    counter.step(LinkUp())
    assert [e.packet.records[0].seq for e in counter.out if isinstance(e, Send)] == [3]


def test_a_backend_that_stays_silent_gets_everything_again_less_and_less_often(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.keys("1 0 OK OK")

    def times(within_ms: int) -> int:
        counter.out = []
        counter.pass_time(within_ms)
        return sum(isinstance(effect, Send) and effect.packet.records[0].seq == 1 for effect in counter.out)

    assert times(35_000) >= 1
    assert times(300_000) <= 4
    counter.step(Acked(Ack(counter.ledger.epoch, 1)))
    counter.out = []
    counter.pass_time(11_000)
    assert any(isinstance(effect, Send) for effect in counter.out), "once it speaks again, all is as before"


@pytest.mark.parametrize("ack", [Ack(99, 1), Ack(4711, 10_000), Ack(4711, -1)])
def test_an_acknowledgement_that_cannot_be_is_quarantined(tmp_path: Path, ack: Ack) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.step(Acked(ack))
    assert counter.ledger.acked_seq == 0
    assert "quarantined" in counter.facts()


def test_wanted_records_are_sent_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.out = []
    counter.step(Acked(Ack(counter.ledger.epoch, 1, wanted=((2, 2),))))
    assert [e.packet.records[0].seq for e in counter.out if isinstance(e, Send)] == [2]


def test_the_epoch_is_asked_for_until_it_is_granted_and_then_never_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path).boot()
    counter.step(LinkUp())
    assert AskEpoch(4711, "ab" * 32) in counter.out
    counter.step(EpochAnswered(4711, 7))
    assert life.value(counter.ledger, "epoch_number") == "7"
    counter.out = []
    counter.step(LinkDown(1003))
    counter.step(LinkUp())
    assert not any(isinstance(effect, AskEpoch) for effect in counter.out)
    counter.step(EpochAnswered(4711, 8))
    assert life.value(counter.ledger, "epoch_number") == "7"


def test_a_seal_is_signed_every_hundred_records(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(60):
        counter.keys("1 0 OK OK")
    [asked] = [effect for effect in counter.out if isinstance(effect, SignSeal)]
    assert asked.hash == counter.ledger.hash_at(asked.upto)
    counter.step(Signed(asked.upto, asked.hash, "00" * 64))
    assert "seal" in counter.facts()
    assert life.value(counter.ledger, "sealed") == str(asked.upto)


def test_a_seal_the_full_disk_does_not_take_is_not_tried_again_in_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.signs = False
    for _ in range(60):
        counter.keys("1 0 OK OK")
    [asked] = [effect for effect in counter.out if isinstance(effect, SignSeal)]
    counter.out = []

    def full(*_: object) -> None:
        raise LedgerError(9002, "full")

    with monkeypatch.context() as patch:
        patch.setattr(type(counter.ledger), "append", full)
        counter.step(Signed(asked.upto, asked.hash, "00" * 64))
        counter.step(Idle())
    assert not any(isinstance(effect, SignSeal) for effect in counter.out)
    counter.pass_time(11 * 60_000)
    assert any(isinstance(effect, SignSeal) for effect in counter.out), "tried again when there may be room"


def test_a_drawer_opened_by_force_is_told_and_our_own_pulse_is_not(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(DrawerSeen(False))
    counter.scan(COLA).keys("OK F2")
    counter.step(DrawerSeen(True))
    counter.step(DrawerSeen(False))
    counter.step(DrawerSeen(True), after_ms=60_000)
    moved = [entry.fact for entry in counter.ledger.entries() if entry.fact.KIND == "drawer_moved"]
    assert [(fact.open, fact.forced) for fact in moved] == [(True, False), (False, False), (True, True)]  # type: ignore[attr-defined]
    assert Sound(ToneName.ATTENTION) in counter.out


def test_a_clean_stop_is_known_at_the_next_boot(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(StopAsked("SIGTERM"))
    assert any(isinstance(effect, Announce) and not effect.state.online for effect in counter.out)
    counter.ledger.close()
    counter.boot()
    counter.cut()
    counter.boot()
    counter.ledger.commit()
    ends = [entry.fact.end for entry in counter.ledger.entries() if isinstance(entry.fact, Booted)]
    assert ends == ["first", "clean", "cut"]


def test_rounding_is_down_only_and_on_the_slip(tmp_path: Path) -> None:
    settings = defaults()
    settings = msgspec.structs.replace(settings, cash=msgspec.structs.replace(settings.cash, rounding="jiao"))
    counter = Counter(tmp_path, settings).open_for_business().keys("1 2 9 9 OK F1")
    [sale] = sales(counter)
    assert (sale.total_fen, sale.rounding_fen, sale.due_fen) == (1299, 99, 1200)
    assert counter.printed()[0].receipt.rounding_fen == 99


def test_an_unreadable_scan_is_refused_aloud_and_nothing_is_lost(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.step(ScanRejected("too_long"))
    assert "[6018]" in counter.text()
    counter.keys("OK")
    assert counter.screen == "BasketScreen"
    assert len(counter.terminal.session.basket.lines) == 1


def test_an_answer_nobody_waits_for_changes_nothing(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    before = counter.terminal.stack
    counter.step(PinChecked(12345, True))
    assert counter.terminal.stack == before


def test_effects_before_their_commit_stop_the_process(tmp_path: Path) -> None:
    """The assertion that guards every sale: an effect that names a seq not yet durable."""
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("OK F2")
    [job] = counter.printed()
    with pytest.raises(AssertionError, match="before its commit"):
        counter.terminal._assert_justified(replace(job, because=counter.ledger.durable_seq + 1))
    with pytest.raises(AssertionError, match="before its commit"):
        counter.terminal._assert_justified(PulseDrawer(counter.ledger.durable_seq + 1))
    assert isinstance(job, Print)


def test_three_commits_are_enough_for_a_leisurely_cash_sale(tmp_path: Path) -> None:
    """Scans 1.2 s apart, five seconds to take the cash, the drawer closed after six, the backend acknowledging."""
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.pass_time(20_000)
    syncs, count = counter.ledger.syncs, 20
    for _ in range(count):
        for _ in range(3):
            counter.scan(COLA)
            counter.pass_time(1_200)
        counter.keys("OK")
        counter.pass_time(5_000)
        counter.keys("F2")
        counter.step(DrawerSeen(True))
        counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
        counter.pass_time(6_000)
        counter.step(DrawerSeen(False))
        counter.pass_time(8_000)
    assert (counter.ledger.syncs - syncs) / count <= 3


def test_a_basket_being_filled_is_never_more_than_five_seconds_off_the_disk(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(4):
        counter.scan(COLA)
        counter.pass_time(1_500)
    counter.cut()
    assert counter.boot().sign_on().screen == "KeptBasket"


def test_a_checkpoint_that_finds_the_disk_full_loses_nothing_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path).open_for_business()

    def full() -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    for _ in range(70):
        counter.keys("1 0 OK OK")
    monkeypatch.setattr(type(counter.ledger), "_fold_log", lambda self: full())
    counter.pass_time(10_000)
    assert counter.terminal.idle_work
    counter.step(Idle())
    assert "trouble" in counter.facts()
    assert not counter.ledger.wants_checkpoint
    assert "[9002]" in counter.text()
    counter.keys("OK 1 0 OK OK")
    assert counter.screen == "Sold"


def test_a_slip_that_fails_while_selling_never_covers_the_next_sale(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="not_printed").open_for_business().scan(COLA).keys("OK F2")
    counter.scan(COLA)
    assert counter.screen == "BasketScreen"
    counter.keys("OK F2 OK")
    assert counter.screen == "Idle"


def test_three_wrong_pins_lock_for_five_minutes_and_a_boot_begins_them_anew(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().keys("MENU 9 9")
    for _ in range(3):
        counter.keys("0 1 OK 9 9 9 9 OK OK").pass_time(4_000)
    assert "[2004]" in counter.keys("0 1 OK 3 8 5 2 OK").text()
    counter.keys("OK").pass_time(4 * 60_000)
    counter.ledger.commit()
    counter.cut()
    counter.boot()
    counter.pass_time(4 * 60_000)
    assert "[2004]" in counter.sign_on().text()
    counter.keys("OK").pass_time(61_000)
    assert counter.sign_on().screen == "Idle"


@pytest.mark.parametrize(("name", "code"), [("SQLITE_FULL", 9002), ("SQLITE_READONLY", 9013)])
def test_a_disk_that_takes_nothing_at_the_boot_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    Counter(tmp_path).open_for_business().ledger.close()

    def refuse(self: Ledger, step: object) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorname = name
        raise error

    monkeypatch.setattr(Ledger, "_write", refuse)
    counter = Counter(tmp_path).boot()
    assert f"[{code}]" in counter.text()
    assert counter.keys("OK").screen == "Wizard"


def test_a_broker_that_refuses_every_packet_does_not_fill_the_journal_with_alarms(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    for n in range(50):
        counter.step(PacketRefused(n, n, 0x87))
        counter.step(Acked(Ack(99, n)))
        counter.pass_time(2_000)
    assert (counter.facts().count("trouble"), counter.facts().count("quarantined")) == (1, 1)
    counter.pass_time(600_000)
    counter.step(PacketRefused(1, 1, 0x87))
    assert counter.facts().count("trouble") == 2


def test_a_lost_answer_about_the_epoch_is_asked_for_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    counter.pass_time(95_000)
    assert counter.out.count(AskEpoch(4711, "ab" * 32)) == 4
    counter.step(EpochAnswered(4711, 3))
    counter.pass_time(95_000)
    assert counter.out.count(AskEpoch(4711, "ab" * 32)) == 4


def test_a_slow_printer_is_given_two_slips_at_a_time_and_gets_the_others_unmarked(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="").open_for_business()
    for _ in range(5):
        counter.keys("1 0 0 OK OK OK")
    first, second = counter.printed()
    counter.step(Printed(first.job, "printed"))
    counter.step(Printed(second.job, "printed"))
    counter.prints = "printed"
    for job in counter.printed()[2:]:
        counter.step(Printed(job.job, "printed"))
    jobs = counter.printed()
    assert [job.receipt.number[-6:] for job in jobs] == ["000001", "000002", "000003", "000004", "000005"]
    assert {job.receipt.mark for job in jobs} == {""}  # none of them had been tried before


def test_a_scanner_that_is_plugged_in_again_takes_its_notice_away(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.step(DeviceSeen("scanner", False))
    assert "[9008]" in counter.text()
    counter.step(DeviceSeen("scanner", True))
    assert counter.screen == "BasketScreen"


def test_of_a_number_typed_as_a_notice_goes_nothing_is_taken_rather_than_a_part(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.step(DeviceSeen("scanner", False))
    counter.step(DeviceSeen("scanner", True))
    counter.looks = False
    for digit in "010001":
        counter.step(KeyPressed(Key(digit)), after_ms=300)
    counter.step(KeyPressed(Key.OK), after_ms=300)
    assert (counter.screen, counter.terminal.session.basket.pieces_milli) == ("BasketScreen", 1_000)
    counter.step(KeyPressed(Key("1")), after_ms=100)
    assert typed_text(counter.terminal.stack[-1]) == "1", "the next number is taken"


def test_whoever_presses_ok_again_and_again_is_heard(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA)
    counter.step(DeviceSeen("scanner", False))
    counter.looks = False
    for _ in range(3):
        counter.step(KeyPressed(Key.OK), after_ms=200)
    assert counter.screen == "BasketScreen", "the notice is read"


def test_an_outcome_that_could_not_be_written_down_prints_no_second_unmarked_slip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, prints="").open_for_business().scan(COLA).keys("OK F2")
    [job] = counter.printed()
    write = Ledger._write

    def refuse(self: Ledger, step: object) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorname = "SQLITE_READONLY"
        raise error

    monkeypatch.setattr(Ledger, "_write", refuse)
    counter.step(Printed(job.job, "printed"))
    monkeypatch.setattr(Ledger, "_write", write)
    counter.prints = "printed"
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    assert [again.receipt.mark for again in counter.printed()[1:]] in ([], ["**续打**"])


def test_a_notice_never_eats_the_rest_of_a_number_being_typed(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().keys("1 2")
    counter.step(DeviceSeen("scanner", False))
    assert counter.keys("5 0").screen == "Amount"
    assert "12.50" in counter.text()
    assert "[9008]" in counter.keys("OK").text()
    assert counter.keys("OK").screen == "Cash"
