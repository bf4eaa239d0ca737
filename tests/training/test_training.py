"""Practice: everything works, nothing is true, and the live counter is afterwards as it was before."""

import pytest

from firmware.events import (
    Ask,
    DrawerSeen,
    Exit,
    Key,
    KeyHeld,
    Light,
    LinkUp,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Send,
    Show,
    StopAsked,
)  # fmt: skip
from firmware.render import Renderer, find_font
from firmware.render_text import speak
from firmware.screens.training import PRACTICE_PIN
from firmware.txn.lessons import LESSONS
from firmware.txn.training import StartTraining
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.screens.ledgers import codes, having
from tests.training.school import Classroom, practice_files
from wire.facts import DrawerPulsed as DrawerPulsedFact
from wire.layout import Text, layout
from wire.messages import AskTotals


@pytest.fixture
def room(tmp_path) -> Classroom:
    room = Classroom(tmp_path)
    room.open_for_business()
    return room


def sell(room: Counter) -> None:
    room.scan(COLA).keys("OK F2")
    assert room.screen == "Sold", room.text()


def test_practice_begins_ready_to_sell_as_whom_one_is_with_a_shift_of_its_own(room) -> None:
    operator = room.trainee.live.session.operator
    room.practise()
    assert room.screen == "Idle"
    assert room.trainee.practice.session.operator == operator
    sell(room)
    assert room.facts()[-1] == "training_entered"


def test_what_is_practised_is_in_no_live_record_and_never_sent(room) -> None:
    room.practise()
    room.step(LinkUp())
    room.out.clear()
    sell(room)
    room.keys("OK")
    sent = [effect for effect in room.out if isinstance(effect, Send | Ask)]
    assert sent == []
    assert "sale" not in room.facts()
    assert room.trainee.live.ledger.differences() == []


def test_the_backlog_drains_while_somebody_practises(room) -> None:
    room.practise()
    assert any(isinstance(effect, Send) for effect in room.step(LinkUp()))


def test_a_practice_slip_says_so_at_both_ends_and_carries_no_code(room) -> None:
    room.practise()
    sell(room)
    (slip,) = room.printed()
    rows = [row.text.strip() for row in layout(slip.receipt, 32) if isinstance(row, Text) and row.text.strip()]
    assert rows[0] == rows[-1] == "***培训 TRAINING 不作凭证***"
    assert slip.receipt.qr == ""


def test_a_practice_slip_comes_out_of_the_stand_in_as_slips_do(room) -> None:
    room.step(PrinterSeen("ok", printer=1))
    room.step(PrinterSeen("paper_out"))
    room.practise()
    sell(room)
    assert [slip.printer for slip in room.printed()] == [1]


def test_a_cashiers_practice_leaves_the_drawer_shut_and_says_so(room) -> None:
    room.practise()
    sell(room)
    assert room.pulses() == []
    assert "钱箱不打开" in room.bar()
    room.keys("OK")
    assert "钱箱不打开" not in room.bar()


def test_every_screen_of_practice_says_that_it_is_practice(room) -> None:
    room.practise()
    for names in ("MENU", "CANCEL", "1 2", "CANCEL", "MENU 9 8"):
        room.keys(names)
        assert room.terminal.shown.status.training
    room.leave()
    assert room.terminal.shown.status.training == ""


@pytest.mark.parametrize("where", ["", "MENU 9 8", "1 2 3", "1 2 3 OK OK", "MENU 9 8 OK"])
def test_one_key_leaves_practice_from_anywhere(room, where) -> None:
    room.practise()
    room.keys(where)
    shown = room.terminal.shown
    room.leave()
    assert room.trainee.practice is None, shown
    assert room.screen == "Idle"
    assert practice_files(room.folder) == []
    assert room.facts()[-2:] == ["training_entered", "training_left"]


def test_the_tasks_page_leaves_too(room) -> None:
    room.practise().keys("MENU 9 8 F2")
    assert room.trainee.practice is None
    assert room.screen == "Idle"


def test_the_live_picture_and_lamp_come_back_and_stay_away_meanwhile(room) -> None:
    room.practise()
    shown = [effect for effect in room.step(LinkUp()) if isinstance(effect, Show | Light)]
    assert shown == []
    effects = room.step(KeyHeld(Key.F2))
    assert Show(room.trainee.live.shown) in effects
    assert Light("green") in effects


def test_a_basket_keeps_one_from_practising(room) -> None:
    room.scan(COLA)
    assert room.trainee.live.do(StartTraining()).code == 8011


@pytest.mark.parametrize("paid", [False, True])
def test_an_order_at_the_counter_keeps_one_from_practising(room, paid) -> None:
    room.scan(COLA).keys("OK * 1 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    assert room.screen == "Cash", "a part is paid by card, the rest is not"
    refusal = room.trainee.live.do(StartTraining())
    assert refusal is not None
    assert refusal.code == 5029
    assert room.trainee.practice is None
    if paid:
        room.keys("OK")
        assert room.trainee.live.do(StartTraining()) is None, "it is sold"


def test_a_power_cut_ends_practice_and_the_live_shift_is_as_it_was(room) -> None:
    sell(room)
    room.keys("OK").practise()
    sell(room)
    room.trainee.practice.ledger.db.close()
    room.cut()
    room.boot().sign_on()
    assert room.screen == "Idle"
    assert practice_files(room.folder) == []
    assert room.facts().count("sale") == 1
    assert "training_left" in room.facts()


def test_a_stop_ends_practice_first(room) -> None:
    room.practise()
    effects = room.step(StopAsked("SIGTERM"))
    assert Exit("SIGTERM") in effects
    assert practice_files(room.folder) == []
    assert room.facts()[-2:] == ["training_left", "stopped"]


def test_the_idle_lock_waits_from_the_last_key_of_practice_and_then_signs_off(room) -> None:
    room.practise()
    lock_ms = room.settings.terminal.idle_lock_min * 60_000
    room.pass_time(lock_ms - 1_000)
    room.keys("1")
    room.pass_time(lock_ms - 1_000)
    assert room.trainee.practice is not None
    room.pass_time(2_000)
    assert room.trainee.practice is None
    assert room.trainee.live.session.operator == ""


def test_a_slip_still_at_the_printer_when_practice_ends_is_nobodys(room) -> None:
    room.practise()
    room.prints = ""
    sell(room)
    job = next(effect for effect in room.out if isinstance(effect, Print)).job
    room.leave()
    before = room.facts()
    room.step(Printed(job, "printed"))
    assert room.facts() == before


def test_no_folder_for_practice_is_said_and_the_live_counter_goes_on(room) -> None:
    (room.folder / "training").write_text("in the way")
    room.keys("MENU 9 8 OK")
    assert room.trainee.practice is None
    assert "9002" in room.text() or "9013" in room.text()
    assert room.facts()[-1] == "training_left"


def test_practice_can_be_entered_again_and_begins_afresh(room) -> None:
    room.practise()
    sell(room)
    room.leave().practise()
    assert room.trainee.practice.ledger.read("SELECT count(*) FROM receipt") == [(0,)]
    assert room.bar().startswith(f"培训1/{len(LESSONS)}")


def test_the_bar_names_the_next_task_and_goes_on_when_it_is_done(room) -> None:
    room.practise()
    assert "培训1/" in room.bar()
    assert "三件商品收现金" in room.bar()
    for code in codes()[:3]:
        room.scan(code)
    room.keys("OK F2 OK")
    assert "培训2/" in room.bar()
    assert "同一商品卖多件" in room.bar()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_bar_and_page_of_practice_fits(room, lang) -> None:
    renderer = Renderer(find_font(), speak)
    room.practise()
    if lang == "en":
        room.keys("MENU 9 5 CANCEL CANCEL")
    room.keys("MENU 9 8")
    for lesson in LESSONS:
        assert renderer.overflow(room.terminal.shown) == []
        room.keys("OK")
        assert renderer.overflow(room.terminal.shown) == [], lesson
        room.keys("OK DOWN")
    room.keys("F1")
    assert renderer.overflow(room.terminal.shown) == []


def test_a_supervisors_practice_opens_the_drawer_by_the_live_rules_and_on_the_live_record(tmp_path) -> None:
    room = Classroom(tmp_path)
    room.boot().keys("0 0 OK 1 2 3 4 5 6 OK 4 8 2 9 1 7 OK 4 8 2 9 1 7 OK 2 0 0 0 0 OK")
    room.pass_time(2_000)  # the drawer opened for the float: the coil rests
    opened = len(room.pulses())
    room.practise()
    sell(room)
    cause = next(entry.seq for entry in room.ledger.entries() if entry.fact.KIND == "no_sale")
    assert room.pulses()[opened:] == [PulseDrawer(cause)]
    assert [fact for fact in room.facts() if fact.startswith("drawer")] == ["drawer_pulsed"] * 2
    mine = [entry.fact for entry in room.trainee.practice.ledger.entries()]
    assert DrawerPulsedFact(next(n for n, fact in enumerate(mine, 1) if fact.KIND == "sale"), "opened") in mine
    room.step(DrawerSeen(False))
    room.step(DrawerSeen(True))
    assert "8002" not in room.text()


def test_practice_may_be_closed_and_its_bank_agrees_with_it(room) -> None:
    room.practise()
    sell(room)
    practice = room.trainee.practice.ledger
    answer = room.trainee.bank.answer(AskTotals(practice.epoch, 990_001, practice.durable_seq))
    assert answer.whole
    assert answer.totals["sales"] == 1
    assert answer.totals["cash_fen"] == answer.totals["sales_fen"] == 350


def test_a_supervisors_approval_is_practised_with_the_practice_pin_that_is_shown(tmp_path) -> None:
    room = Classroom(tmp_path, having(rights={"cashier": {"line_remove": "supervisor"}}))
    room.open_for_business()
    room.practise().keys("MENU 9 8")
    assert PRACTICE_PIN in room.text()
    room.keys("CANCEL CANCEL CANCEL").scan(COLA).scan(APPLE_5_YUAN).keys("CLEAR 0 0 OK").keys(" ".join(PRACTICE_PIN))
    room.keys("OK")
    assert room.screen == "BasketScreen", room.text()
    assert len(room.trainee.practice.session.basket.lines) == 1
    kinds = [entry.fact.KIND for entry in room.trainee.practice.ledger.entries()]
    assert kinds[-2:] == ["line_removed", "approved"]
    assert "approved" not in room.facts()


def test_payments_by_code_go_every_way_with_nobody_asked(room) -> None:
    room.practise().scan(COLA).keys("OK").scan("134000000000000001")
    assert room.screen != "Sold"
    room.pass_time(2_000)
    assert room.screen == "Sold", room.text()
    assert not any(isinstance(effect, Ask) for effect in room.out)
    room.keys("OK 1 1 1 OK").scan("134000000000000002")
    room.pass_time(1_500)
    assert room.screen != "Sold", "the customer types a password"
    room.pass_time(20_000)
    assert room.screen == "Sold", room.text()
    room.keys("OK 1 2 2 OK").scan("134000000000000003")
    room.pass_time(2_000)
    assert "5004" in room.text()
    assert {"code", "password"} <= room.trainee.done


def test_a_practice_shift_is_closed_and_the_day_too(room) -> None:
    room.practise()
    sell(room)
    room.keys("OK MENU 8 1 F1")
    room.keys("CANCEL CANCEL CANCEL MENU 8 2 5 OK OK OK OK OK 3 OK 1 F1")
    assert room.screen == "ShiftDone", room.text()
    assert {"x_report", "close"} <= room.trainee.done
