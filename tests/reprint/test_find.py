"""Finding a slip by what the customer's phone or the card terminal's slip says."""

import msgspec
import pytest

from firmware.txn import reprint
from tests.counter import Counter
from tests.paperdesk.test_trouble import Write
from tests.slips.journal import CHANNEL_NO, ORDER_NO, sale


@pytest.fixture
def counter(tmp_path):
    """A sale paid by phone, card and cash, under the number its order has."""
    made = Counter(tmp_path).open_for_business()
    assert made.terminal.do(Write(msgspec.structs.replace(sale(), open_drawer=False))) is None
    return made.keys("MENU 4 2 UP")


@pytest.mark.parametrize(
    "typed",
    [CHANNEL_NO[-4:], CHANNEL_NO[-10:], "9012", "6222", "8821"],
    ids=["bill", "bill10", "reference", "card", "code"],
)
def test_by_the_last_digits(counter, typed):
    counter.keys(" ".join(typed) + " OK")
    assert counter.screen == "ReprintSlip"
    assert "000123-000045" in counter.text()


@pytest.mark.parametrize("typed", ["5 5 5 5", "2 2"], ids=["nobody's", "too short"])
def test_other_digits_find_nothing(counter, typed):
    counter.keys(f"{typed} OK")
    assert "[4010]" in counter.text()


@pytest.mark.parametrize("scanned", [CHANNEL_NO, ORDER_NO], ids=["the customer's bill", "our number on it"])
def test_by_scanning_the_bill(counter, scanned):
    counter.scan(scanned)
    assert counter.screen == "ReprintSlip"


def test_goods_scanned_by_mistake_are_no_slip(counter):
    counter.scan("6901234567892")
    assert "[4010]" in counter.text()


def test_the_index_holds_nothing_of_a_cash_sale(tmp_path):
    made = Counter(tmp_path).open_for_business().keys("5 0 0 OK OK OK")
    assert made.ledger.read("SELECT * FROM slip_key UNION ALL SELECT kind, seq FROM slip_made") == []
    assert reprint.last_slip(made.ledger) is not None
