"""The idle lock while an order is at the counter: nothing is lost, and whoever signs on next lands on it."""

import pytest

from firmware.txn import checkout
from tests.payments import till as money
from tests.payments.till import Till
from wire.facts import PaymentHeard, Sale, SignedOff

OTHER = "0 2 OK 0 0 0 0 OK 7 4 1 9 OK 7 4 1 9 OK"  # 02's first sign-on


def recorded(counter: Till, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def locked(folder, state: str) -> Till:
    """A customer's code was sent and answered so; then nobody touched the terminal for five minutes."""
    counter = money.till(folder).basket().pay()
    if state:
        counter.answer(state)
    counter.pass_time(301_000)
    assert recorded(counter, SignedOff) == [SignedOff("01", "idle")]
    assert counter.screen == "Wizard", "the sign-on"
    return counter


@pytest.mark.parametrize("who", ["0 1 OK 3 8 5 2 OK", OTHER], ids=["the same", "another"])
@pytest.mark.parametrize("state", ["", "paying", "unknown"])
def test_whoever_signs_on_next_lands_on_the_payment(tmp_path, state, who):
    counter = locked(tmp_path, state)
    order = checkout.here(counter.terminal.context())
    assert order is not None
    counter.keys(who)
    assert counter.screen == "CodePayment"
    assert checkout.here(counter.terminal.context()) == order
    assert recorded(counter, Sale) == []
    counter.answer("paid", number=counter.payment.order_no)
    [sale] = recorded(counter, Sale)
    assert sale.due_fen == 700
    assert sale.tenders[0].order_no == counter.payment.order_no


@pytest.mark.parametrize("state", ["", "unknown"])
def test_the_customers_money_is_heard_of_while_nobody_is_there(tmp_path, state):
    counter = locked(tmp_path, state)
    counter.answer("paid", number=counter.payment.order_no)
    assert [fact.state for fact in recorded(counter, PaymentHeard)][-1] == "paid"
    assert counter.terminal.session.operator == ""
    counter.keys(OTHER)
    assert [sale.operator for sale in recorded(counter, Sale)] == ["01"], "once, for who began it"
    assert counter.ledger.read("SELECT count(*) FROM pay_order WHERE state = 'open'") == [(0,)]


def test_a_basket_in_the_middle_of_paying_by_parts_is_kept_over_a_cut_too(tmp_path):
    counter = money.till(tmp_path).basket().keys("OK * 5 0 0").scan(money.WECHAT)
    counter.answer("paid")
    order = checkout.here(counter.terminal.context())
    counter.pass_time(301_000)
    counter.ledger.commit()
    counter.cut()
    counter.boot()
    counter.keys("0 1 OK 3 8 5 2 OK")
    now = checkout.here(counter.terminal.context())
    assert now is not None
    assert order is not None
    assert now == order
    assert recorded(counter, Sale) == []
