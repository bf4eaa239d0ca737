"""Who is told 6007 is told the limit, too."""

import pytest

from firmware.txn.limits import above_weight
from firmware.view import Text
from tests.counter import COLA
from tests.payments.till import Till, till

SMALL = {
    "pieces": ({"quantity_max": 10}, "1 1 * OK", "每行最多 10 件"),
    "lines": ({"lines_max": 1}, "", "最多 1 行"),
    "money": ({"amount_max_fen": 600}, "3 * OK", "最多 6.00 元"),
}


def too_much(counter: Till, keys: str) -> Till:
    return counter.keys(keys) if keys else counter.scan("6951595000118")


@pytest.mark.parametrize("limit", SMALL)
def test_an_order_above_a_limit_names_it(tmp_path, limit):
    sale, keys, words = SMALL[limit]
    counter = too_much(till(tmp_path, sale=sale).scan(COLA), keys)
    assert "[6007]" in counter.text()
    assert words in counter.text()


def test_the_limit_of_a_weight_is_told_to_the_gram():
    words = above_weight(1_234_567).about
    assert isinstance(words, Text)
    assert dict(words.args)["most"] == "1234.567"
