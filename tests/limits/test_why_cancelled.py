"""An order of many goods is cancelled for a reason only (domain 10.3), by every way there is to cancel one."""

import pytest

from firmware.txn.command import Refusal
from firmware.txn.hold import DropKept
from firmware.txn.sale import CancelBasket
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.screens.ledgers import having, supervised
from wire.facts import BasketCancelled


def till(folder, above: int = 1) -> Counter:
    """Two goods are many here."""
    counter = Counter(folder, having(sale={"cancel_reason_above": above})).open_for_business()
    return counter.scan(COLA).scan(APPLE_5_YUAN)


def after_a_cut(counter: Counter) -> Counter:
    counter.pass_time(10_000)
    counter.cut()
    return counter.boot().sign_on()


def reasons(counter: Counter) -> list[str]:
    return [entry.fact.reason for entry in counter.ledger.entries() if isinstance(entry.fact, BasketCancelled)]


WAYS = {
    "cancel": (lambda counter: counter, "CANCEL OK", "Idle"),
    "close": (lambda counter: counter, "MENU 8 2 F2", "StillOpen"),
    "kept": (after_a_cut, "F2", "Idle"),
}
"""Name -> how one comes there, the keys, the screen after the reason (or without one to give)."""


@pytest.mark.parametrize("way", WAYS)
def test_the_reason_is_asked_and_on_record(tmp_path, way):
    come, keys, after = WAYS[way]
    counter = come(till(tmp_path)).keys(keys)
    assert counter.screen == "DropReason"
    assert "取消整单" in counter.text()
    assert reasons(counter) == []
    counter.keys("2")
    assert reasons(counter) == ["changed"]
    assert counter.screen == after


@pytest.mark.parametrize("way", WAYS)
def test_of_few_goods_none_is_asked(tmp_path, way):
    come, keys, after = WAYS[way]
    counter = come(till(tmp_path, above=2)).keys(keys)
    assert reasons(counter) == [""]
    assert counter.screen == after


def test_who_gives_no_reason_keeps_the_order(tmp_path):
    counter = till(tmp_path).keys("CANCEL OK CANCEL")
    assert counter.screen == "BasketScreen"
    assert len(counter.terminal.session.basket.lines) == 2
    assert reasons(counter) == []


def test_it_is_wanted_where_it_is_decided(tmp_path):
    counter = till(tmp_path)
    assert CancelBasket().decide(counter.terminal.context()) == Refusal(6008)
    after_a_cut(counter)
    assert DropKept().decide(counter.terminal.context()) == Refusal(6008)


def test_a_supervisor_is_asked_after_the_reason(tmp_path):
    """And the reason is not asked again."""
    settings = having(sale={"cancel_reason_above": 0}, rights={"cashier": {"basket_cancel": "supervisor"}})
    counter = supervised(tmp_path, settings).scan(COLA).keys("CANCEL OK 1")
    assert "[2006]" in counter.text()
    counter.keys("0 0 OK 4 8 2 9 1 7 OK")
    assert reasons(counter) == ["left"]
