"""Looking after operators: waits that grow, locks somebody lifts, PINs that are forgotten or changed."""

import pytest

from firmware.txn import operator, staff
from firmware.txn.operator import FOR_GOOD_MS, LOCK_MS, NOBODY_LIFTS_MS, wait_ms
from rules.settings import defaults
from tests.counter import COLA, Counter
from tests.screens import ledgers
from wire.facts import OperatorUnlocked, PinChanged, PinReset

WRONG = "0 1 OK 9 9 9 9 OK OK"
RIGHT = "0 1 OK 3 8 5 2 OK"
SUPERVISOR = "0 0 OK 4 8 2 9 1 7 OK"


def recorded(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def wrong(counter: Counter, times: int) -> Counter:
    """So many wrong PINs of 01, each typed as soon as the terminal looks at one again."""
    for failures in range(1, times + 1):
        counter.keys(WRONG)
        counter.pass_time(min(wait_ms(counter.settings, "01", failures), 2 * LOCK_MS))
    return counter


def shop(folder) -> Counter:
    return ledgers.supervised(folder).keys("MENU 9 9")


@pytest.mark.parametrize(
    ("who", "failures", "wait"),
    [
        ("01", 1, 1_000), ("01", 2, 3_000), ("01", 3, LOCK_MS), ("01", 4, 2 * LOCK_MS), ("01", 5, FOR_GOOD_MS),
        ("01", 9, FOR_GOOD_MS), ("00", 5, FOR_GOOD_MS), ("99", 5, NOBODY_LIFTS_MS), ("99", 3, LOCK_MS),
    ],
)  # fmt: skip
def test_the_wait_grows_and_the_administrator_is_never_shut_out(who, failures, wait):
    assert wait_ms(defaults(), who, failures) == wait


def test_no_shop_locks_itself_out():
    alone = ledgers.having(operators=tuple(each for each in defaults().operators if each.number in ("01", "02")))
    assert wait_ms(alone, "01", 5) == NOBODY_LIFTS_MS


def test_a_pin_typed_too_soon_after_a_wrong_one_is_not_looked_at(tmp_path):
    counter = shop(tmp_path).keys(WRONG)
    counter.pass_time(1_000)
    counter.keys(WRONG).keys(RIGHT)
    assert "[2004]" in counter.text(), "right as it is"
    counter.keys("OK").pass_time(4_000)
    assert counter.keys(RIGHT).terminal.session.operator == "01"
    assert operator.standing(counter.ledger, "01").failures == 0


def test_the_fifth_waits_for_the_supervisor_over_boots_and_hours(tmp_path):
    counter = wrong(shop(tmp_path), 5)
    counter.ledger.commit()
    counter.cut()
    counter.boot().pass_time(24 * 3_600_000)
    assert "[2004]" in counter.keys(RIGHT).text()
    counter.keys("OK").keys(SUPERVISOR).keys("MENU 9 4")
    assert "已锁定" in counter.text()
    counter.keys("OK F1")
    assert recorded(counter, OperatorUnlocked) == [OperatorUnlocked("01", "00")]
    counter.keys("OK CANCEL CANCEL CANCEL CANCEL MENU 9 9").keys(RIGHT)
    assert counter.terminal.session.operator == "01"


def test_a_forgotten_pin_is_reset_and_a_new_one_must_be_chosen(tmp_path):
    counter = shop(tmp_path).keys(SUPERVISOR).keys("MENU 9 4 OK F2")
    assert recorded(counter, PinReset) == [PinReset("01", "00")]
    counter.keys("OK CANCEL CANCEL CANCEL CANCEL MENU 9 9").keys(RIGHT)
    assert "[2002]" in counter.text(), "the old one is gone"
    counter.keys("OK").pass_time(4_000)
    counter.keys("0 1 OK 0 0 0 0 OK")
    assert "请修改初始密码" in counter.text()
    counter.keys("7 3 5 1 OK 7 3 5 1 OK")
    assert recorded(counter, PinChanged)[-1] == PinChanged("01", "01")
    assert counter.screen == "Idle"


def test_ones_own_pin_is_changed_after_the_old_one(tmp_path):
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("MENU 9 3 9 9 9 9 OK")
    assert "[2002]" in counter.text()
    counter.keys("OK").pass_time(4_000)
    counter.keys("3 8 5 2 OK 7 3 5 1 OK 7 3 5 1 OK")
    assert recorded(counter, PinChanged)[-1] == PinChanged("01", "01")
    assert len(counter.terminal.session.basket.lines) == 1, "nothing is lost over it"
    counter.keys("MENU 9 9 0 1 OK 7 3 5 1 OK")
    assert counter.terminal.session.operator == "01"


@pytest.mark.parametrize(
    ("who", "role", "cares"),
    [("01", "cashier", ()), ("00", "supervisor", ("01", "02", "03")), ("99", "admin", ("00",)), ("", "", ())],
)
def test_who_looks_after_whom(tmp_path, who, role, cares):
    from dataclasses import replace

    ctx = Counter(tmp_path).open_for_business().terminal.context()
    ctx = replace(ctx, session=replace(ctx.session, operator=who, role=role))
    assert staff.in_care(ctx) == cares
    for number in ("00", "01", "77", "99"):
        for command in (staff.UnlockOperator(number), staff.ResetPin(number)):
            done = command.decide(ctx)
            assert hasattr(done, "facts")
            assert (number in cares) is (not hasattr(done, "code")), (who, number)


def test_the_idle_lock_keeps_basket_and_the_override_in_hand_is_gone(tmp_path):
    counter = ledgers.supervisor_wanted(tmp_path)
    counter.pass_time(301_000)
    assert counter.terminal.session.operator == ""
    counter.keys(RIGHT)
    assert counter.screen == "BasketScreen"
    assert len(counter.terminal.session.basket.lines) == 1
