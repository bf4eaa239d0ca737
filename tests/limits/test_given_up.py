"""Goods that leave without being sold are counted whatever way they go, and a cashier's number of them is limited."""

import pytest

from firmware.txn import closing
from firmware.txn.approve import Approve
from firmware.txn.checkout import DropOrder, at_counter
from firmware.txn.hold import DropHold, HoldBasket
from firmware.txn.removal import removals
from tests.giving.shop import known_supervisor
from tests.limits.tills import done
from tests.payments.till import WECHAT, Till, till


def order(counter: Till) -> DropOrder:
    counter.basket(2).keys("OK").scan(WECHAT)
    counter.answer("failed", code=5002).keys("OK")
    at = at_counter(counter.ledger)
    assert at is not None
    return DropOrder(at.trace)


def hold(counter: Till) -> DropHold:
    assert done(counter.basket(2), HoldBasket()) is None
    return DropHold(1, "mistake")


WAYS = {"order": order, "hold": hold}


@pytest.mark.parametrize("way", WAYS)
def test_giving_up_counts_and_is_in_the_figures(tmp_path, way):
    counter = till(tmp_path)
    assert done(counter, WAYS[way](counter)) is None
    figures = closing.running(counter.ledger)
    assert (figures["cancelled"], figures["cancelled_fen"]) == (1, 700)
    assert removals(counter.ledger, "01") == 1
    assert counter.ledger.differences() == []


@pytest.mark.parametrize("way", WAYS)
def test_at_the_limit_a_supervisor_is_needed(tmp_path, way):
    counter = till(tmp_path, prices={"removals_per_shift": 0})
    known_supervisor(counter)
    command = WAYS[way](counter)
    assert done(counter, command).code == 2006
    assert done(counter, Approve(command, "00", 2006)) is None
    assert counter.journal("order_dropped", "hold_dropped")[-1].approver == "00"
    assert removals(counter.ledger, "01") == 0


def test_goods_that_go_back_into_the_basket_are_not_given_up(tmp_path):
    counter = till(tmp_path, prices={"removals_per_shift": 0})
    trace = order(counter).trace
    assert done(counter, DropOrder(trace, again=True)) is None
    assert "cancelled" not in closing.running(counter.ledger)
    assert len(counter.terminal.session.basket.lines) == 1


def test_by_keys_the_limit_asks_for_a_supervisor(tmp_path):
    counter = till(tmp_path, prices={"removals_per_shift": 0})
    order(counter)
    counter.keys("CANCEL F2 OK")
    assert "[2006]" in counter.text()
