"""Whatever is typed or scanned where a voucher belongs gets its own code and loses nothing."""

import random
import string
from pathlib import Path

import pytest

from rules.settings import defaults
from rules.voucher_codes import read_code
from tests.counter import COLA
from tests.vouchers.till import DOUYIN_LINK, MEITUAN, VoucherTill, vouchers
from wire.vouchers import AskVoucherPrepare

INPUTS = 1_000
SIGNS = string.ascii_letters + string.digits + string.punctuation + " \t\x00\x1b\x7f测"


def any_text(chance: random.Random) -> str:
    """Digits of any length, links whole and half, other signs, and what else is scanned at a till."""
    digits = "".join(chance.choices(string.digits, k=chance.randrange(1, 30)))
    return chance.choice(
        [
            digits,
            "".join(chance.choices(SIGNS, k=chance.randrange(1, 60))),
            f"https://v.douyin.com/{digits}",
            "https://" + "".join(chance.choices(SIGNS, k=20)),
            COLA,
            "134567890123456789",
            "4111111111111111",
            "x" * chance.choice([1_024, 1_025, 3_000]),
            DOUYIN_LINK[: chance.randrange(1, len(DOUYIN_LINK))],
        ]
    )


def test_a_thousand_inputs_are_asked_about_or_refused_with_a_code(tmp_path: Path) -> None:
    till, chance = vouchers(tmp_path).basket(2), random.Random(7)
    settings = defaults()
    till.keys("OK MENU")
    for _ in range(INPUTS):
        raw = any_text(chance)
        asked = len(till.asks(AskVoucherPrepare))
        till.scan(raw)
        till.pass_time(300)
        new = till.asks(AskVoucherPrepare)[asked:]
        if new:
            assert new[0].code, "something is asked about"
        elif till.screen == "VoucherEntry":
            assert read_code(raw, True, settings.vouchers.platforms).fault, "rejected like a badge or a bounce"
        else:
            assert till.screen in ("Refused", "PlatformChoice"), (till.screen, till.text())
            assert raw not in till.text() or len(raw) < 8
        while till.screen not in ("VoucherEntry", "Cash"):
            till.keys("CANCEL")
        if till.screen == "Cash":
            till.keys("MENU")
    assert len(till.terminal.session.basket.lines) == 1, "nothing is lost"
    assert "voucher_sent" not in till.facts()
    assert len(till.asks(AskVoucherPrepare)) > 100


@pytest.mark.parametrize("digits", ["123456789012", "1234567890", "123456789012345"])
def test_typed_digits_are_shown_in_groups_of_four(tmp_path: Path, digits: str) -> None:
    till = vouchers(tmp_path).keys("MENU 3 1 " + " ".join(digits))
    assert f"{digits[:4]} {digits[4:8]} {digits[8:]}"[:14] in till.text()


def test_a_long_link_is_sent_raw_and_whole(tmp_path: Path) -> None:
    link = DOUYIN_LINK + "a" * (1_024 - len(DOUYIN_LINK))
    till = vouchers(tmp_path).basket(2).scan(link)
    assert till.asks(AskVoucherPrepare)[0].code == link
    assert till.asks(AskVoucherPrepare)[0].platform == "douyin"


@pytest.mark.parametrize("start", ["", "OK"])
def test_a_link_is_a_voucher_wherever_selling_goes_on(tmp_path: Path, start: str) -> None:
    till = vouchers(tmp_path).basket(2).keys(start) if start else vouchers(tmp_path)
    till.scan(DOUYIN_LINK)
    assert till.screen == "VoucherCheck"


def test_digits_that_might_be_goods_are_vouchers_on_the_voucher_screen_only(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).scan(MEITUAN)
    assert till.asks(AskVoucherPrepare) == []
    till.keys("OK OK MENU").scan(MEITUAN)
    assert till.asks(AskVoucherPrepare)[0].code == MEITUAN


def test_no_voucher_is_added_once_money_was_taken(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).keys("OK * 1 0 0").scan("134567890123456789")
    till.answer("paid", paid=100).keys("OK MENU")
    assert "[5029]" in till.text()
    assert "已收款" in till.text()


def test_without_money_taken_the_goods_go_back_first(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).keys("OK").scan("134567890123456789")
    till.answer("failed", code=5002).keys("OK MENU")
    assert till.screen == "VoucherEntry"
    assert till.terminal.session.basket.lines
    assert "order_dropped" in till.facts()


def a_till(folder: Path) -> VoucherTill:
    return vouchers(folder)


def test_silence_says_so_and_nothing_was_redeemed(tmp_path: Path) -> None:
    till = a_till(tmp_path).basket(2).code()
    till.pass_time(11_000)
    assert "[1004]" in till.text()
    till.prepared()  # too late, and for nobody's screen any more
    assert "voucher_sent" not in till.facts()
