"""A full card number goes in nowhere: not scanned, not typed, on no screen; goods whose code looks like one do."""

from pathlib import Path

import pytest

from firmware.events import Show, Sound, ToneName
from rules.barcodes import with_check
from rules.payment_codes import luhn
from tests.attacks.test_money_path import goods, sell_own
from tests.payments.till import CARD, Till, till

PLACES = {
    "idle": "",
    "search": "F1",
    "give back": "MENU 5",
    "find slip": "MENU 4 2",
    "payments": "MENU 1 F1",
    "cash in": "MENU 9 1 1",
    "own PIN": "MENU 9 3",
    "sign on": "MENU 9 9",
}
IN_A_BASKET = {
    "basket": "",
    "cash": "OK",
    "part": "OK *",
    "card": "OK #",
    "discount": "F2 1",
    "price": "F2 2",
    "weight": "F1",
}


def kept(counter: Till) -> str:
    """All that left the terminal or is in it, but for what the display showed while it was typed."""
    left = (each for each in counter.out if not isinstance(each, Show))
    return "".join(repr(each) for each in (*left, *counter.ledger.entries(), counter.terminal.stack))


def refused(counter: Till) -> None:
    shown = counter.text()
    assert "[5030]" in shown, shown
    assert CARD[:12] not in shown
    assert CARD[:6] not in shown.replace(" ", "")
    assert not counter.asked
    assert CARD[:12] not in kept(counter)


@pytest.mark.parametrize("place", PLACES)
def test_a_card_number_scanned_anywhere_is_refused(place: str, tmp_path: Path) -> None:
    counter = till(tmp_path).keys(PLACES[place])
    counter.scan(CARD)
    refused(counter)
    assert "**** 1111" in counter.text()
    counter.keys("OK")
    assert CARD[:6] not in counter.text()


@pytest.mark.parametrize("place", IN_A_BASKET)
def test_a_card_number_scanned_over_a_basket_is_refused(place: str, tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys(IN_A_BASKET[place])
    counter.scan(CARD)
    refused(counter)


@pytest.mark.parametrize("place", ["idle", "search", "give back", "find slip", "cash in"])
def test_a_card_number_typed_anywhere_is_refused_and_wiped(place: str, tmp_path: Path) -> None:
    counter = till(tmp_path).keys(PLACES[place]).keys(" ".join(CARD)).keys("OK")
    refused(counter)
    counter.keys("OK")
    assert CARD[:6] not in counter.text().replace(",", "").replace(".", "")


@pytest.mark.parametrize("place", IN_A_BASKET)
def test_a_card_number_typed_over_a_basket_is_refused(place: str, tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys(IN_A_BASKET[place])
    counter.keys(" ".join(CARD))
    if place == "card":
        assert "[5030]" in counter.text(), "said while it is typed"
        return
    if place == "discount":
        return  # two digits of per cent are all that is taken; nothing is shown or kept
    counter.keys("OK")
    refused(counter)


def test_a_typed_payment_code_is_not_shown(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys(" ".join("134567890123456789")).keys("OK")
    assert "[5001]" in counter.text()
    assert "134567890123456789" not in counter.text()


def test_goods_whose_own_number_looks_like_a_card_still_sell(tmp_path: Path) -> None:
    counter = till(tmp_path)
    sell_own(counter, [goods(1, barcodes=(CARD,))])
    counter.scan(CARD)
    assert counter.screen == "BasketScreen"
    assert "3.50" in counter.text()
    counter.keys(" ".join(CARD)).keys("OK")
    assert "7.00" in counter.text()


def test_barcodes_that_pass_the_check_of_card_numbers_still_sell(tmp_path: Path) -> None:
    counter = till(tmp_path)
    code = next(c for n in range(1000) if luhn(c := with_check(f"456789{n:06d}")))
    sell_own(counter, [goods(1, barcodes=(code,))])
    counter.scan(code)
    assert counter.screen == "BasketScreen"
    counter.scan(next(c for n in range(1000) if luhn(c := with_check(f"455789{n:06d}"))))
    assert "[6001]" in counter.text(), "goods nobody listed are unknown goods"


def test_the_refusal_is_heard(tmp_path: Path) -> None:
    counter = till(tmp_path)
    counter.scan(CARD)
    assert Sound(ToneName.FAILURE) in counter.out


def test_two_fields_are_never_read_as_one_number(tmp_path: Path) -> None:
    reference = next(f"4{n:011d}" for n in range(100) if luhn(f"4{n:011d}" + "1111"))
    counter = till(tmp_path).basket().keys("OK #").keys(" ".join(reference)).keys("OK 1 1 1 1 OK")
    assert counter.screen == "Sold"
