"""A refund asked for while the payment is not known: it says to wait, and nobody is sent to look elsewhere."""

from pathlib import Path

import pytest

from tests.giving.shop import as_supervisor
from tests.payments.till import Till, till
from wire.messages import AskSale

GIVE_BACK = "MENU 5"


def unknown(folder: Path, how: str) -> Till:
    counter = till(folder).basket().pay()
    if how == "sent":
        return counter.keys("F1")
    counter.answer("unknown")
    if how == "reversing":
        counter.keys("F2")
        counter.pass_time(16_000)
    return counter.keys("F1")


@pytest.mark.parametrize("link", ["up", "down"])
@pytest.mark.parametrize("how", ["unknown", "reversing"])
@pytest.mark.parametrize("by", ["order number", "trace", "receipt number"])
def test_it_says_to_wait(tmp_path, how, by, link) -> None:
    counter = as_supervisor(unknown(tmp_path, how))
    number = counter.payment.order_no
    if link == "down":
        counter.offline()
    counter.keys(GIVE_BACK)
    assert counter.screen == "GiveBack", counter.text()
    if by == "order number":
        counter.scan(number)
    else:
        counter.keys("1 OK" if by == "trace" else "1 * 1 OK")
    assert "[5007]" in counter.text()
    assert "等待查询结果" in counter.text()
    assert counter.asks(AskSale) == []


def test_an_order_that_waits_to_be_paid_is_finished_first(tmp_path) -> None:
    counter = till(tmp_path).basket().keys("OK * 2 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK CANCEL F1")
    as_supervisor(counter).keys(GIVE_BACK + " 1 OK")
    assert "[5029]" in counter.text()


def test_once_it_is_paid_it_is_found(tmp_path) -> None:
    counter = as_supervisor(unknown(tmp_path, "unknown"))
    counter.answer("paid", "query").keys("OK").offline()
    counter.keys(GIVE_BACK + " 1 OK")
    assert counter.screen == "FoundSale", counter.text()
