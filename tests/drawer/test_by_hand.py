"""The drawer by hand and by key: reasons, limits, cool-down, who must be there, and what is on record."""

from typing import get_args

import msgspec
import pytest

from firmware.desks import drawer as drawer_desk
from firmware.events import DrawerPulsed, DrawerSeen
from firmware.txn import drawer
from rules.settings_counter import DRAWER_RULES, DrawerEvent, DrawerRule
from tests.counter import COLA, Counter
from tests.screens import ledgers
from tests.screens.ledgers import having, supervised
from wire.columns import width
from wire.facts import Approved, DrawerMoved, DrawerRefused, DrawerReleased, NoSale, ReportPrinted, ShiftOpened, Trouble
from wire.facts import DrawerPulsed as DrawerPulsedFact
from wire.layout import layout, text_of

SUPERVISOR = "0 0 OK 4 8 2 9 1 7 OK"


def recorded(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def seq_of(counter: Counter, kind: type) -> int:
    return [entry.seq for entry in counter.ledger.entries() if isinstance(entry.fact, kind)][-1]


def by_hand(counter: Counter, digit: int = 5) -> Counter:
    counter.pass_time(20_000)
    return counter.keys(f"MENU 9 1 4 {digit}")


def test_a_reason_opens_it_and_is_on_record(tmp_path):
    counter = by_hand(Counter(tmp_path).open_for_business(), 1)
    assert recorded(counter, NoSale) == [NoSale(1, "01", "change", "", "exchange")]
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of(counter, NoSale)]
    assert counter.screen == "Opened"
    assert counter.keys("OK").screen == "Idle"


def test_what_did_not_open_is_said_at_once(tmp_path):
    counter = Counter(tmp_path, drawer="did_not_open").open_for_business()
    by_hand(counter)
    assert counter.screen == "Opened"
    assert "[8001]" in counter.text()
    assert drawer.drawer_log(counter.ledger, 1).failed == 1


def test_the_fourth_opening_of_a_shift_needs_a_supervisor(tmp_path):
    counter = supervised(tmp_path)
    for _ in range(3):
        by_hand(counter)
        counter.keys("OK")
    by_hand(counter)
    assert "[8005]" in counter.text()
    assert recorded(counter, DrawerRefused) == [DrawerRefused("no_sale", "01", 8005, 0, 10)]
    assert [fact.detail for fact in recorded(counter, Trouble) if fact.code == 8005] == ["no_sale 01"], "told at once"
    counter.keys(SUPERVISOR)
    assert counter.screen == "Opened"
    assert recorded(counter, NoSale)[-1].approver == "00"
    assert recorded(counter, Approved)[-1].code == 8005
    assert drawer.drawer_log(counter.ledger, 1).openings == {"shift_open": 1, "no_sale": 4}


def test_the_coil_must_rest_and_the_seconds_are_told(tmp_path):
    counter = by_hand(Counter(tmp_path).open_for_business())
    counter.keys("OK MENU 9 1 4 5")
    assert "[8006]" in counter.text()
    assert "请等 1 秒" in counter.text()
    counter.keys("OK")
    assert len(counter.pulses()) == 1


def test_six_pulses_a_minute_and_no_more(tmp_path):
    counter = Counter(tmp_path, having(drawer_use={"no_sale_per_shift": 100})).open_for_business()
    counter.pass_time(60_000)  # the float's was one too
    for _ in range(6):
        counter.pass_time(2_000)
        counter.keys("MENU 9 1 4 5 OK")
    counter.pass_time(2_000)
    counter.keys("MENU 9 1 4 5")
    assert "[8006]" in counter.text()
    assert len(counter.pulses()) == 6
    counter.keys("OK")
    counter.pass_time(60_000)
    assert counter.keys("5").screen == "Opened"


def test_a_shop_may_ask_for_a_supervisor_every_time(tmp_path):
    rules = (DrawerRule(event="no_sale", action="supervisor", reason_required=True),)
    counter = by_hand(supervised(tmp_path, having(drawer_use={"rules": rules})))
    assert counter.screen == "Override"
    assert "[8004]" in counter.text()
    counter.keys(SUPERVISOR)
    assert recorded(counter, NoSale) == [NoSale(1, "01", "other", "00")]


def test_what_no_rule_allows_nobody_gets(tmp_path):
    counter = by_hand(Counter(tmp_path, having(drawer_use={"rules": ()})).open_for_business())
    assert "[2005]" in counter.text()
    assert counter.pulses() == []


def test_outside_business_hours_a_supervisor_is_wanted_and_it_is_told(tmp_path):
    use = {"opens_at": "08:00", "closes_at": "12:00"}  # the counter's day begins at 18:00 in China
    counter = supervised(tmp_path, having(drawer_use=use))
    assert counter.screen == "OpenByKey", "the float too is put in with a supervisor"
    by_hand(counter.keys("OK"))
    assert "[8007]" in counter.text()
    counter.keys(SUPERVISOR)
    assert counter.screen == "Opened"
    assert {fact.code for fact in recorded(counter, Trouble)} == {8007}
    counter.keys("OK").scan(COLA).keys("OK OK")
    assert counter.screen == "Sold"
    assert len(counter.pulses()) == 2, "cash is taken at any hour"


def test_the_test_opening_is_for_who_set_it_up(tmp_path):
    counter = Counter(tmp_path).open_for_business().keys("MENU 9 1 7")
    assert counter.screen == "Menu", "a cashier is not shown it"
    assert drawer.OpenDrawer("test", "test").decide(counter.terminal.context()).code == 2005
    other = Counter(tmp_path / "2")
    other.folder.mkdir()
    other = supervised(other.folder).keys("CANCEL MENU 9 9").keys(SUPERVISOR).keys("MENU 9 1 7")
    assert recorded(other, NoSale)[-1].event == "test"
    assert drawer.by_hand(other.ledger) == 0, "it counts towards no limit"


# --- by key on the result -----------------------------------------------------------------------------------------


def test_ask_waits_for_the_key(tmp_path):
    counter = ledgers.drawer_by_key(tmp_path)
    assert counter.screen == "Sold"
    assert counter.pulses() == []
    assert "F1 开钱箱" in counter.text()
    counter.keys("F1")
    assert recorded(counter, DrawerReleased) == [DrawerReleased(seq_of_sale(counter), "01")]
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of(counter, DrawerReleased)]
    assert "开钱箱" not in counter.text(), "once"


BY_KEY = {
    "sale": "5 0 0 OK OK",
    "refund": "5 0 0 OK OK OK MENU 5 1 OK OK 1 OK",
    "cash_in": "MENU 9 1 1 5 0 0 OK 1",
    "cash_out": "MENU 9 1 2 5 0 0 OK 1",
    "shift_open": "MENU 8 2 2 OK OK OK OK F1 OK 1 0 0 OK",
    "shift_close": "MENU 8 2 2 OK OK OK OK F1",
}
"""What a supervisor of a shop that asks for a key does, and stands before a result with it."""

BY_HAND = {"no_sale": "MENU 9 1 4 5", "exchange": "MENU 9 1 4 1", "test": "MENU 9 1 7", "count": "MENU 8 2 2 F2"}
ELSEWHERE = {
    "resume": "test_a_boot_opens_nothing_and_a_key_resumes",
    "reprint": "a copy opens nothing",
    "remote": "a command from afar is asked of nobody: tests/remote",
}


def asks_for(event: str, folder) -> Counter:
    counter = supervised(folder, having(drawer_use={"rules": (DrawerRule(event=event, action="ask"),)}))
    if event == "shift_open":
        assert counter.screen == "OpenByKey"
        counter.keys("OK")
    return counter.keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK")


def test_every_event_of_the_rules_can_be_asked_for():
    assert {*BY_KEY, *BY_HAND, *ELSEWHERE} == set(get_args(DrawerEvent))


@pytest.mark.parametrize("event", BY_KEY)
def test_what_a_rule_asks_a_key_for_has_the_key_on_its_result(tmp_path, event):
    counter = asks_for(event, tmp_path)
    counter.keys(BY_KEY[event])
    assert counter.pulses() == []
    assert "F1 开钱箱" in counter.text(), counter.text()
    screen = counter.screen
    counter.pass_time(1_000)
    counter.keys("F1")
    assert counter.screen == screen
    assert "F1 开钱箱" not in counter.text(), "once"
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of(counter, DrawerReleased)]
    counter.keys("OK")
    assert counter.screen in ("Idle", "Wizard"), counter.text()


@pytest.mark.parametrize("event", BY_KEY)
def test_the_key_may_be_left_alone(tmp_path, event):
    counter = asks_for(event, tmp_path)
    counter.keys(f"{BY_KEY[event]} OK")
    assert counter.screen in ("Idle", "Wizard"), counter.text()
    assert counter.pulses() == []
    assert recorded(counter, DrawerReleased) == []


@pytest.mark.parametrize("event", BY_HAND)
def test_who_opens_by_hand_has_pressed_the_key_already(tmp_path, event):
    counter = asks_for(event, tmp_path).keys(BY_HAND[event])
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of(counter, NoSale)]


def test_the_drawer_opens_to_be_counted_without_a_no_sale_and_what_was_typed_stays(tmp_path):
    counter = supervised(tmp_path, having()).keys("MENU 8 2 2 OK 3")
    typed = counter.text()
    counter.pass_time(5_000)
    before = len(counter.pulses())
    assert counter.keys("F2").text() == typed
    assert [fact.event for fact in recorded(counter, NoSale)] == ["count"]
    assert drawer.by_hand(counter.ledger) == 0
    assert len(counter.pulses()) == before + 1


def test_cash_given_back_by_a_cashier_waits_for_the_supervisors_word_at_the_drawer(tmp_path):
    rules = (DrawerRule(event="cash_in", action="supervisor"),)
    rights = {"cashier": {"cash_in_out": "yes"}}
    counter = supervised(tmp_path, msgspec.structs.replace(having(drawer_use={"rules": rules}), rights=rights))
    counter.keys("MENU 9 1 1 5 0 0 OK 1 F1")
    assert "[2006]" in counter.text()
    counter.keys(SUPERVISOR)
    assert recorded(counter, DrawerReleased)[-1].approver == "00"


def test_a_shift_without_a_float_asks_for_no_key(tmp_path):
    counter = asks_for("shift_open", tmp_path).keys("MENU 8 2 2 OK OK OK OK F1 OK 0 OK")
    assert counter.screen == "Idle"


def seq_of_sale(counter: Counter) -> int:
    return [entry.seq for entry in counter.ledger.entries() if entry.fact.KIND == "sale"][-1]


def test_a_rule_that_wants_a_supervisor_never_blocks_the_sale(tmp_path):
    counter = ledgers.drawer_by_supervisor(tmp_path)
    assert counter.screen == "Sold"
    counter.keys("F1")
    assert "[2006]" in counter.text()
    counter.keys(SUPERVISOR)
    assert counter.screen == "Sold", "where the cashier was"
    assert recorded(counter, DrawerReleased)[-1].approver == "00"
    assert len(counter.pulses()) == 1


def test_an_old_sale_opens_nothing(tmp_path):
    counter = ledgers.drawer_by_key(tmp_path)
    first = seq_of_sale(counter)
    counter.keys("OK 6 0 0 OK OK")
    assert drawer.ReleaseDrawer(first).decide(counter.terminal.context()).code == 8004
    assert drawer.releasable(counter.terminal.context(), seq_of_sale(counter)) == "ask"


OPENED_BY = {**BY_KEY, **BY_HAND, "resume": "5"}
"""What is done at a till whose rules are the factory's, down to the key that opens the drawer."""

MONEY = {"sale": "sale", "refund": "refund", "cash_in": "cash_moved", "cash_out": "cash_moved"}
MONEY |= {"shift_open": "shift_opened", "shift_close": "shift_closed"}


def before_the_pulse(event: str, folder) -> tuple[Counter, str]:
    """All but the last key is pressed."""
    *keys, last = OPENED_BY[event].split()
    if event == "resume":
        return ledgers.cut_before_the_drawer(folder), last
    counter = supervised(folder, having()).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK").keys(" ".join(keys))
    counter.pass_time(5_000)
    return counter, last


def test_every_opening_has_its_faults_tried():
    assert set(OPENED_BY) == set(get_args(DrawerEvent)) - {"reprint", "remote"}


@pytest.mark.parametrize("outcome", drawer_desk.FAILED)
@pytest.mark.parametrize("event", OPENED_BY)
def test_whatever_it_was_for_a_drawer_that_fails_is_said_and_undoes_nothing(tmp_path, event, outcome):
    counter, last = before_the_pulse(event, tmp_path)
    before, pulses = counter.facts(), len(counter.pulses())
    failed = drawer.drawer_log(counter.ledger, 1).failed
    counter.drawer = outcome
    counter.keys(last)
    done = counter.facts()[len(before) :]
    assert f"[{drawer_desk.FAILED[outcome]}]" in counter.text(), counter.text()
    assert done.count(MONEY.get(event, "no_sale")) == 1, "booked, once"
    assert len(counter.pulses()) == pulses + 1, "nobody fires the coil again without a key"
    counter.ledger.commit()
    pulsed = recorded(counter, DrawerPulsedFact)[-1]
    assert (pulsed.cause, pulsed.outcome) == (counter.pulses()[-1].cause, outcome), "on record with what it was for"
    if event not in ("shift_open", "shift_close", "test"):  # the shift begins or is over; a test belongs to none
        assert drawer.drawer_log(counter.ledger, 1).failed == failed + 1
    counter.drawer = "opened"
    counter.keys("OK OK")
    assert f"[{drawer_desk.FAILED[outcome]}]" not in counter.text(), "it can be put aside"


def test_a_stuck_drawer_is_tried_again_by_key(tmp_path):
    counter = Counter(tmp_path, drawer="did_not_open").open_for_business().keys("5 0 0 OK OK")
    counter.drawer = "opened"
    counter.pass_time(3_000)
    counter.keys("F1")
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of_sale(counter), seq_of(counter, DrawerReleased)]
    assert "[8001]" not in counter.text()


# --- boots, copies, continuations ------------------------------------------------------------------------------------


def test_a_boot_opens_nothing_and_a_key_resumes(tmp_path):
    counter = ledgers.cut_before_the_drawer(tmp_path)
    assert counter.pulses() == []
    counter.keys("5")
    assert recorded(counter, NoSale) == [NoSale(1, "01", "resume", "", "resume")]
    assert len(counter.pulses()) == 1
    assert drawer.by_hand(counter.ledger) == 0, "counted apart"
    counter.pass_time(3_000)
    counter.keys("OK MENU 9 1 5")
    assert "[8004]" in counter.text(), "once"


def test_a_continued_slip_opens_nothing(tmp_path):
    counter = ledgers.unfinished_after_a_cut(tmp_path).keys("F1 F1 F1 F1 F1 F1 F1")
    assert counter.printed()
    assert counter.pulses() == []


# --- the contact ------------------------------------------------------------------------------------------------------


def test_how_long_it_stood_open_and_for_what(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    counter.step(DrawerSeen(False))
    counter.keys("5 0 0 OK OK")
    counter.step(DrawerSeen(True))
    counter.pass_time(7_000)
    counter.step(DrawerSeen(False))
    opened, closed = recorded(counter, DrawerMoved)
    assert opened == DrawerMoved(True, False, 0, seq_of_sale(counter))
    assert (closed.open, closed.cause, closed.open_ms // 1000) == (False, seq_of_sale(counter), 7)
    log = drawer.drawer_log(counter.ledger, 1)
    assert (log.openings, log.longest_ms // 1000) == ({"shift_open": 1, "sale": 1}, 7)


def test_a_forced_opening_alarms_once_and_is_listed_each_time(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    counter.pass_time(3_000)
    for _ in range(3):
        counter.step(DrawerSeen(False))
        counter.step(DrawerSeen(True))
    assert "[8002]" in counter.text()
    assert [fact.detail for fact in recorded(counter, Trouble)] == ["forced"]
    assert drawer.drawer_log(counter.ledger, 1).forced == 3


def test_a_contact_that_is_gone_counts_as_closed(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    counter.step(DrawerSeen(False))
    counter.step(DrawerSeen(True))
    counter.keys("OK")
    counter.step(DrawerSeen(None))
    counter.pass_time(200_000)
    assert counter.screen != "Refused"
    counter.step(DrawerSeen(True))
    assert [fact.open for fact in recorded(counter, DrawerMoved)] == [True]


def test_the_log_is_the_same_when_it_is_rebuilt(tmp_path):
    counter = ledgers.drawer_page(tmp_path)
    counter.step(DrawerPulsed(seq_of(counter, NoSale), "opened"))
    counter.ledger.commit()
    before = drawer.drawer_log(counter.ledger, 1)
    assert before.entries
    counter.ledger.rebuild()
    assert drawer.drawer_log(counter.ledger, 1) == before


@pytest.mark.parametrize(
    ("due", "keys", "paid"),
    [("5 0 0", "1", 500), ("5 0 0", "3", 2_000), ("5 1 0", "1", 1_000), ("5 0 0", "OK", 500)],
)
def test_a_small_sum_is_one_key(tmp_path, due, keys, paid):
    use = {"small_amounts_fen": (500, 1_000, 2_000), "small_amount_max_fen": 1_000}
    counter = Counter(tmp_path, having(drawer_use=use)).open_for_business().keys(f"{due} OK")
    assert counter.screen == "SmallAmounts"
    counter.keys(keys)
    assert counter.screen == "Sold"
    assert counter.ledger.fact(seq_of_sale(counter)).tenders[0].paid_fen == paid
    assert len(counter.pulses()) == 1


def test_above_the_small_sums_it_is_typed(tmp_path):
    use = {"small_amounts_fen": (500, 1_000, 2_000), "small_amount_max_fen": 1_000}
    counter = Counter(tmp_path, having(drawer_use=use)).open_for_business()
    assert counter.keys("1 0 1 0 OK").screen == "Cash"
    assert counter.keys("CANCEL CANCEL OK CLEAR").screen != "SmallAmounts"


def test_a_shift_opens_the_drawer_for_its_float_by_the_rules(tmp_path):
    counter = Counter(tmp_path).boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK 2 0 0 0 0 OK")
    assert [pulse.cause for pulse in counter.pulses()] == [seq_of(counter, ShiftOpened)]
    assert drawer.drawer_log(counter.ledger, 1).openings == {"shift_open": 1}


@pytest.mark.parametrize(("float_fen", "rules"), [("0", DRAWER_RULES), ("2 0 0 0 0", ())])
def test_without_a_float_or_a_rule_a_shift_opens_nothing(tmp_path, float_fen, rules):
    counter = Counter(tmp_path, having(drawer_use={"rules": rules})).boot()
    counter.keys(f"0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK {float_fen} OK")
    assert counter.terminal.ledger.read("SELECT open FROM shift") == [(1,)]
    assert counter.pulses() == []


LOG = {
    "zh": (
        ("换零", "1"), ("开班开箱", "1"), ("拒绝开箱", "1"), ("未能打开", "1"), ("强行打开", "1"), ("最长敞开", "0 秒"),
        ("18:01 强行打开", ""), ("18:00 换零 01", "[8005]"), ("18:00 换零 01", "未打开"),
    ),
    "en": (
        ("Small change", "1"), ("Shift opened", "1"), ("Refused", "1"), ("Did not open", "1"), ("Forced open", "1"),
        ("Longest open", "0 s"), ("18:01 Forced open", ""), ("18:00 Small change 01", "[8005]"),
        ("18:00 Small change 01", "stuck"),
    ),
}  # fmt: skip


def logged(folder, lang: str) -> Counter:
    """An opening by hand that stuck, one that was refused, one by force; at the log."""
    counter = Counter(folder, having(terminal={"lang": lang}, drawer_use={"no_sale_per_shift": 1})).open_for_business()
    counter.pass_time(5_000)
    counter.drawer = "did_not_open"
    counter.keys("MENU 9 1 4 1")
    counter.pass_time(5_000)
    counter.keys("OK MENU 9 1 4 1 CANCEL CANCEL CANCEL CANCEL CANCEL")
    counter.pass_time(60_000)
    counter.step(DrawerSeen(False))
    counter.step(DrawerSeen(True))
    return counter.keys("OK MENU 9 1 6")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_log_is_printed_in_the_shops_language(tmp_path, lang):
    counter = logged(tmp_path, lang)
    assert counter.screen == "OpeningLog"
    counter.keys("F1")
    [report] = recorded(counter, ReportPrinted)
    assert (report.report, report.batch, report.operator) == ("drawer", 1, "01")
    assert report.rows == LOG[lang]
    slip = counter.printed()[-1].receipt
    assert slip.kind == "drawer_log"
    for columns in (32, 48):
        lines = text_of(layout(slip, columns), columns)
        assert any("8005" in line for line in lines)
        assert max(map(width, lines)) <= columns
        assert not any("…" in line for line in lines)


def test_somebody_elses_log_is_a_supervisors(tmp_path):
    counter = supervised(tmp_path).keys("MENU 9 9 0 2 OK 0 0 0 0 OK 7 4 1 9 OK 7 4 1 9 OK MENU 9 1 6 F1")
    assert recorded(counter, ReportPrinted) == []
    assert "[2006]" in counter.text() or "[2005]" in counter.text()


def test_a_log_as_long_as_can_be_is_a_record(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    for _ in range(150):
        counter.terminal.append(DrawerRefused("no_sale", "01", 8005, 0, 10))
    counter.keys("MENU 9 1 6 F1")
    [report] = recorded(counter, ReportPrinted)
    assert len(report.rows) < 110
    assert ("拒绝开箱", "150") in report.rows
