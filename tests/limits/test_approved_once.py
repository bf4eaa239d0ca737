"""A supervisor's approval holds for what it was given for, not for whatever is added afterwards (domain 12)."""

import pytest

from firmware.txn.approve import Approve
from firmware.txn.prices import ChangePrice, Discount, bill
from firmware.txn.sale import SetQuantity
from tests.giving.shop import known_supervisor
from tests.limits.tills import done
from tests.payments.till import Till, till

APPROVED = {
    "price": (ChangePrice(0, 10, "x"), 340),
    "line by rate": (Discount(0, rate_bp=2_000, reason="x"), 70),
    "order by rate": (Discount(-1, rate_bp=3_000, reason="x"), 105),
    "order by amount": (Discount(-1, amount_fen=105, reason="x"), 105),
}


def off(counter: Till) -> int:
    costs = bill(counter.terminal.context())
    return costs.total_fen - costs.due_fen


def approved(folder, case: str) -> tuple[Till, int]:
    counter = till(folder, prices={"cashier_price_change_fen": 100})
    known_supervisor(counter)
    command, fen = APPROVED[case]
    counter.basket(1)
    assert done(counter, command).code == 2015
    assert done(counter, Approve(command, "00", 2015)) is None
    assert off(counter) == fen
    return counter, fen


@pytest.mark.parametrize("case", APPROVED)
def test_more_pieces_get_no_more_off(tmp_path, case):
    counter, fen = approved(tmp_path, case)
    assert done(counter, SetQuantity(0, 99_000)) is None
    assert off(counter) == fen
    assert done(counter, SetQuantity(0, 1_000)) is None
    assert off(counter) == fen


@pytest.mark.parametrize("case", APPROVED)
def test_a_larger_basket_gets_no_more_off(tmp_path, case):
    counter, fen = approved(tmp_path, case)
    counter.basket(50)
    assert off(counter) == fen
    counter.pass_time(10_000)
    counter.keys("OK F1")
    sale = counter.one("sale")
    assert sum(each.amount_fen for each in sale.reductions) == fen


def test_a_share_that_was_outgrown_is_not_named_on_paper(tmp_path):
    counter, _ = approved(tmp_path, "order by rate")
    assert bill(counter.terminal.context()).reductions[0].name.endswith("30%")
    counter.basket(1)
    assert "%" not in bill(counter.terminal.context()).reductions[0].name


def test_the_operators_own_share_grows_with_the_basket(tmp_path):
    counter = till(tmp_path).basket(1)
    assert done(counter, Discount(-1, rate_bp=500, reason="x")) is None
    counter.basket(9)
    assert off(counter) == 175
