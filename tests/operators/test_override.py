"""A supervisor lifts a refusal at the point of need: one action, both on record, nothing lost when nobody comes."""

import pytest

from firmware.screens.override import Override
from firmware.txn import approve
from firmware.txn.command import Refusal
from firmware.txn.sale import RemoveLine
from tests.counter import COLA, Counter
from tests.screens import ledgers
from wire.facts import Approved, LineRemoved, SignOnRefused

RIGHT = "0 0 OK 4 8 2 9 1 7 OK"
WRONG = "0 0 OK 9 9 9 9 9 9 OK"


@pytest.fixture
def wanted(tmp_path) -> Counter:
    return ledgers.supervisor_wanted(tmp_path)


def recorded(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def test_the_action_is_done_with_both_on_record_and_the_cashier_goes_on(wanted):
    wanted.keys(RIGHT)
    assert wanted.facts()[-2:] == ["line_removed", "approved"], "one commit"
    assert recorded(wanted, Approved) == [Approved("01", "00", 2006, "RemoveLine", "line_remove")]
    assert recorded(wanted, LineRemoved)[0].operator == "01"
    assert wanted.terminal.session.operator == "01"
    assert wanted.screen == "Idle", "where removing the last line leads"


def test_it_holds_for_one_action_only(wanted):
    wanted.keys(RIGHT).scan(COLA).keys("CLEAR")
    assert wanted.screen == "Override"


def test_cancel_leads_back_and_nothing_is_lost(wanted):
    wanted.keys("0 0 OK 4 8 CANCEL CANCEL CANCEL")
    assert wanted.screen == "BasketScreen"
    assert len(wanted.terminal.session.basket.lines) == 1
    assert not recorded(wanted, Approved)


def test_a_wrong_pin_is_2007_and_asks_again(wanted):
    wanted.keys(WRONG)
    assert "[2007]" in wanted.text()
    assert recorded(wanted, SignOnRefused) == [SignOnRefused("00", 1)]
    wanted.pass_time(10_000)
    wanted.keys("OK").keys(RIGHT)
    assert recorded(wanted, Approved)


@pytest.mark.parametrize("number", ["01", "02", "55", "99", "98"])
def test_who_is_no_supervisor_cannot_approve(wanted, number):
    wanted.keys(" ".join(number)).keys("OK 4 8 2 9 1 7 OK")
    assert "[2007]" in wanted.text()
    assert not recorded(wanted, SignOnRefused)


def test_the_third_wrong_pin_locks_the_supervisor_also_over_a_reboot(wanted):
    for _ in range(3):
        wanted.keys(WRONG)
        assert "[2004]" in wanted.text() or "[2007]" in wanted.text()
        wanted.pass_time(10_000)
        wanted.keys("OK")
    wanted.keys(RIGHT)
    assert "[2004]" in wanted.text()
    wanted.ledger.commit()
    wanted.cut()
    wanted.boot().keys("0 0 OK 4 8 2 9 1 7 OK")
    assert "[2004]" in wanted.text(), "the lock is the same at sign-on, and begins anew at a boot"
    wanted.keys("OK")
    wanted.pass_time(301_000)
    wanted.keys("0 0 OK 4 8 2 9 1 7 OK")
    assert wanted.terminal.session.operator == "00"


def test_a_supervisor_with_the_factory_pin_must_change_it_first(tmp_path):
    counter = ledgers.strict_shop_selling(tmp_path).keys("OK CANCEL CLEAR 0 0 OK 1 2 3 4 5 6 OK")
    assert "[2013]" in counter.text()


def test_no_supervisor_is_offered_where_none_is_listed(tmp_path):
    counter = ledgers.strict_shop_selling(tmp_path)
    ctx = counter.terminal.context()
    assert approve.helps(ctx, RemoveLine(0), 2006)
    counter.terminal.settings = ledgers.having(operators=tuple(o for o in ctx.settings.operators if o.number != "00"))
    assert not approve.helps(counter.terminal.context(), RemoveLine(0), 2006)
    assert not approve.helps(ctx, RemoveLine(0), 2005), "what nobody may do is not offered"


def test_approve_is_decided_again_not_taken_from_the_screen(wanted):
    """Whoever forges the move still meets `decide`."""
    ctx = wanted.terminal.context()
    command = approve.Approve(RemoveLine(0), "01", 2006)
    assert command.decide(ctx) == Refusal(2007, "01")
    assert approve.Approve(RemoveLine(7), "00", 2006).decide(ctx) == Refusal(6008)
    assert isinstance(wanted.terminal.stack[-1], Override)
