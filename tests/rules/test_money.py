"""Money, quantities, rounding and tax: what a customer pays is exact to the fen and never rounded up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.money import (
    DENOMINATIONS_FEN,
    cash_rounding,
    change_pieces,
    counted_fen,
    line_amount,
    parse_yuan,
    quick_cash,
    rounding_unit,
    typed_fen,
    yuan,
)
from rules.quantity import format_milli, is_whole, parse_milli
from rules.rounding import divide_half_up, share_half_up
from rules.tax import LineTax, line_tax, taxes_by_rate

FEN = st.integers(-(10**10) + 1, 10**10 - 1)


@pytest.mark.parametrize(
    ("fen", "written"),
    [(1230, "12.30"), (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-650, "-6.50"), (10**9, "10000000.00")],
)
def test_amounts_are_written_with_two_decimals_and_their_sign(fen, written):
    assert yuan(fen) == written


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("12.30", 1230), ("12.3", 1230), ("12", 1200), ("1,234.50", 123450), ("¥12.00", 1200), ("￥0.05", 5),
        ("`81.41", 8141), ("-6.50", -650), ("+1.00", 100), ("１２．３４", 1234), (" 3.50 ", 350),
    ],
)  # fmt: skip
def test_written_amounts_are_read(written, fen):
    assert parse_yuan(written) == fen


@pytest.mark.parametrize(
    "written", ["", "1.234", "12,34", "1.2.3", "abc", "--1", "1e3", "12345678901", "٣.٥٠", ".", "-", "¥", "1,2345"]
)
def test_what_is_no_amount_is_refused(written):
    assert parse_yuan(written) is None


@given(FEN)
def test_an_amount_survives_writing_and_reading(fen):
    assert parse_yuan(yuan(fen)) == fen


@pytest.mark.parametrize(("digits", "fen"), [("", 0), ("1", 1), ("1230", 1230), ("0007", 7)])
def test_typed_digits_shift_in_from_the_right(digits, fen):
    assert typed_fen(digits) == fen


@pytest.mark.parametrize(
    ("milli", "written"),
    [(735, "0.735"), (2000, "2"), (1500, "1.5"), (-1500, "-1.5"), (0, "0"), (1, "0.001"), (10010, "10.01")],
)
def test_quantities_are_written_without_idle_zeros(milli, written):
    assert format_milli(milli) == written


@pytest.mark.parametrize(("typed", "milli"), [("3", 3000), ("0.735", 735), (".5", 500), ("2.10", 2100)])
def test_typed_quantities_are_read(typed, milli):
    assert parse_milli(typed) == milli


@pytest.mark.parametrize("typed", ["", ".", "1.2345", "-1", "1,5", "３", "1e3", "9" * 10])
def test_what_is_no_quantity_is_refused(typed):
    assert parse_milli(typed) is None


@given(st.integers(0, 10**12 - 1))
def test_a_quantity_survives_writing_and_reading(milli):
    assert parse_milli(format_milli(milli)) == milli
    assert is_whole(milli) == ("." not in format_milli(milli))


@pytest.mark.parametrize(
    ("price_fen", "milli", "amount_fen"),
    [
        (1280, 735, 941),
        (350, 2000, 700),
        (6500, 1000, 6500),
        (1, 500, 1),
        (1, 499, 0),
        (-1280, 735, -941),
        (1280, -735, -941),
    ],
)
def test_line_amounts_round_half_up_to_the_fen(price_fen, milli, amount_fen):
    assert line_amount(price_fen, milli) == amount_fen


@given(FEN, st.integers(1, 10**6))
def test_a_refund_is_the_exact_mirror_of_its_sale(numerator, denominator):
    rounded = divide_half_up(numerator, denominator)
    assert divide_half_up(-numerator, denominator) == -rounded
    assert 2 * abs(rounded * denominator - numerator) <= denominator


def test_a_half_goes_up():
    assert [divide_half_up(n, 2) for n in (1, 3, -1, -3)] == [1, 2, -1, -2]
    assert share_half_up(1000, 5, 100) == 50


@pytest.mark.parametrize(
    ("mode", "custom_fen", "due_fen", "waived_fen"),
    [
        ("none", 50, 5491, 0), ("fen", 50, 5491, 1), ("fen", 50, 5499, 9), ("jiao", 50, 5491, 91),
        ("jiao", 50, 100, 0), ("fen", 50, 8, 0), ("custom", 50, 49, 0),
        ("custom", 50, 5491, 41), ("custom", 50, 5450, 0), ("jiao", 50, 40, 0), ("fen", 50, 0, 0),
    ],
)  # fmt: skip
def test_cash_is_rounded_down_by_the_shops_mode(mode, custom_fen, due_fen, waived_fen):
    assert cash_rounding(due_fen, rounding_unit(mode, custom_fen)) == waived_fen


@given(st.integers(0, 10**9), st.integers(1, 100))
def test_rounding_never_raises_a_price(due_fen, unit_fen):
    waived = cash_rounding(due_fen, unit_fen)
    assert 0 <= waived < unit_fen
    assert (due_fen - waived) % unit_fen == 0 or (waived == 0 and due_fen < unit_fen)
    assert due_fen == 0 or due_fen - waived > 0, "cash is never refused"


@pytest.mark.parametrize(
    ("due_fen", "offered"),
    [
        (4120, (4120, 4500, 5000, 6000, 10000)),
        (5490, (5490, 5500, 6000, 10000)),
        (10000, (10000,)),
        (350, (350, 500, 1000, 2000, 5000, 10000)),
        (12_001, (12_001, 12_500, 13_000, 14_000, 15_000, 20_000)),
        (0, (0,)),
    ],
)
def test_quick_keys_offer_the_exact_sum_and_likely_notes(due_fen, offered):
    assert quick_cash(due_fen) == offered


@given(st.integers(0, 10**7))
def test_quick_keys_always_suffice_are_distinct_and_ascend(due_fen):
    offered = quick_cash(due_fen)
    assert offered[0] == due_fen
    assert all(low < high for low, high in pairwise(offered))


def test_change_is_suggested_in_notes_and_coins():
    assert change_pieces(4510) == ((2000, 2), (500, 1), (10, 1))
    assert change_pieces(0) == ()


@given(st.integers(0, 10**7))
def test_suggested_change_sums_up_exactly(change_fen):
    pieces = change_pieces(change_fen)
    assert sum(value * count for value, count in pieces) == change_fen
    assert all(count > 0 for _, count in pieces)
    assert all(count < 5 for value, count in pieces if value != DENOMINATIONS_FEN[0])


def test_a_count_by_denomination_sums_up_and_refuses_withdrawn_notes():
    assert counted_fen({10_000: 2, 50: 3, 10: 0}) == 20_150
    with pytest.raises(ValueError, match="not a count"):
        counted_fen({200: 1})
    with pytest.raises(ValueError, match="not a count"):
        counted_fen({100: -1})


@pytest.mark.parametrize(
    ("gross", "rate", "split"),
    [
        (10_000, 1300, LineTax(8850, 1150)), (-10_000, 1300, LineTax(-8850, -1150)), (700, 1300, LineTax(619, 81)),
        (941, 900, LineTax(863, 78)), (100, 0, LineTax(100, 0)), (1, 1300, LineTax(1, 0)),
        (10_000, 100, LineTax(9901, 99)),
    ],
)  # fmt: skip
def test_tax_inside_a_price(gross, rate, split):
    assert line_tax(gross, rate) == split


@given(st.integers(-200_000, 200_000), st.sampled_from([1300, 900, 600, 500, 300, 100, 0]))
def test_net_and_tax_make_up_the_price_and_tax_is_right_to_a_fen(gross, rate):
    split = line_tax(gross, rate)
    assert split.net_fen + split.tax_fen == gross
    assert abs(divide_half_up(split.net_fen * rate, 10_000) - split.tax_fen) <= 1
    assert line_tax(-gross, rate) == LineTax(-split.net_fen, -split.tax_fen)


def test_taxes_are_summed_from_lines_not_from_the_total():
    lines = [(350, 1300)] * 200 + [(941, 900)]
    sums = taxes_by_rate(lines)
    assert list(sums) == [900, 1300]
    assert sums[1300] == LineTax(200 * line_tax(350, 1300).net_fen, 200 * line_tax(350, 1300).tax_fen)
    assert sums[1300] != line_tax(350 * 200, 1300)
