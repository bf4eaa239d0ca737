"""Card numbers are told from goods by issuer, length and both check digits."""

import pytest

from rules.barcodes import is_valid
from rules.card_numbers import card_digits, masked
from rules.payment_codes import luhn

CARDS = (
    "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005", "30569309025904",
    "6011111111111117", "3530111333300000", "6212345678901232", "6212345678900000003", "4111 1111 1111 1111",
    "4111-1111-1111-1111", "]C04111111111111111", " 4111111111111111\r\n", ";4111111111111111=25121010000?",
    "%B4111111111111111^WANG/LI^2512101?",
)  # fmt: skip
NOT_CARDS = (
    "", "4111111111111112", "6901234567892", "1234567890123452", "4006381333931", "4901777018686", "40063813339310",
    "134567890123456789", "2110001005008", "4200001234202611221234567890", "x4111111111111111", "0" * 16,
    "41111111111111110000",
)  # fmt: skip


@pytest.mark.parametrize("text", CARDS)
def test_a_card_number_is_known_however_it_is_written(text: str) -> None:
    digits = card_digits(text)
    assert digits is not None
    assert digits.isdigit()


@pytest.mark.parametrize("text", NOT_CARDS)
def test_goods_bills_and_codes_are_no_card(text: str) -> None:
    assert card_digits(text) is None


def test_goods_with_a_right_check_digit_are_goods_even_when_the_other_check_fits_too() -> None:
    both = next(
        code for tail in range(10**6) if (code := f"456789{tail:07d}") and is_valid(code) and luhn(code)
    )  # a thirteen-digit Visa number and an EAN-13 at once
    assert card_digits(both) is None
    assert card_digits("4222222222222") is not None, "its check digit is none of goods"


def test_what_the_scanner_calls_an_ean_is_goods() -> None:
    assert card_digits("378282246310005", "E3") is None
    assert card_digits("378282246310005", "C0") is not None


def test_a_mask_leaves_the_last_four() -> None:
    assert masked("4111111111111111") == "**** 1111"
