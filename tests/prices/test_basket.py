"""Reductions by hand stay with the line they were given to, whatever becomes of the basket."""

import pytest

from firmware.txn.basket import Basket, requantified
from wire.facts import Line, Reduction

COLA, TEA, SOUP = (Line(sku, sku, 1000, fen, fen) for sku, fen in (("cola", 350), ("tea", 400), ("soup", 900)))
OFF_TEA = Reduction("line_discount", 50, 1)
OFF_ALL = Reduction("order_discount", 100)
BOTH = {("line_discount", "tea"), ("order_discount", "all")}
THREE = Basket((COLA, TEA, SOUP)).giving(OFF_TEA).giving(OFF_ALL)


def given(basket: Basket) -> set[tuple[str, str]]:
    """Kind and goods of every reduction by hand."""
    return {(each.kind, basket.lines[each.line].sku if each.line >= 0 else "all") for each in basket.given}


CHANGES = {
    "goods before it go": (THREE.without(0), BOTH),
    "goods after it go": (THREE.without(2), BOTH),
    "it goes itself": (THREE.without(1), {("order_discount", "all")}),
    "a line before it moves to the end": (THREE.add(COLA), BOTH),
    "other goods come": (THREE.add(Line("rice", "rice", 1000, 1, 1)), BOTH),
    "its quantity changes": (THREE.with_line(1, requantified(TEA, 3000)), BOTH),
    "the last line goes": (THREE.without(0).without(0).without(0), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_reduction_follows_its_line(case):
    basket, wanted = CHANGES[case]
    assert given(basket) == wanted


def test_more_of_reduced_goods_make_a_line_of_their_own():
    basket = THREE.add(TEA)
    assert [line.sku for line in basket.lines] == ["cola", "tea", "soup", "tea"]
    assert given(basket) == given(THREE)


def test_a_second_discount_of_a_kind_takes_the_place_of_the_first():
    basket = THREE.giving(Reduction("line_discount", 80, 1))
    assert [each.amount_fen for each in basket.given if each.line == 1] == [80]
    assert THREE.taking_back("line_discount", 1).given == (OFF_ALL,)


def test_an_emptied_basket_forgets_the_member_and_the_age():
    assert Basket((COLA,), member=True, age_years=18).without(0) == Basket()
