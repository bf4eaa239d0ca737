"""Whatever is typed or scanned where a voucher belongs gets its own code and loses nothing."""

import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.settings import defaults
from rules.voucher_codes import read_code
from tests.counter import COLA
from tests.vouchers.till import DOUYIN, DOUYIN_LINK, MEITUAN, OWN, VoucherTill, coupon, vouchers
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


def test_digits_that_might_be_goods_are_vouchers_at_once_on_the_voucher_screen_only(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).scan(MEITUAN)
    assert till.asks(AskVoucherPrepare) == []
    till.keys("CANCEL OK MENU").scan(MEITUAN)
    assert till.asks(AskVoucherPrepare)[0].code == MEITUAN


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("lines", [0, 2])
@pytest.mark.parametrize(
    ("code", "why"),
    [(MEITUAN, 6001), ("123456789013", 6004), ("1234567890", 6018), ("123456789012345", 6001)],
)
def test_digits_beside_the_goods_that_no_goods_have_may_be_a_voucher(
    tmp_path: Path, code: str, why: int, lines: int, typed: bool
) -> None:
    """One question, whatever goods would say of them; the code is not shown, and CANCEL loses nothing."""
    if typed and not lines:
        return  # there digits are an amount
    till = vouchers(tmp_path)
    till.basket(lines) if lines else None
    before = till.terminal.stack, till.terminal.session
    till.keys(" ".join(code) + " OK") if typed else till.scan(code)
    assert till.screen == "ToVoucher", till.text()
    assert f"[{why}]" in till.text()
    assert code not in till.text()
    till.keys("CANCEL")
    assert (till.screen, till.terminal.session) == ("BasketScreen" if lines else "Idle", before[1])
    till.scan(code).keys("OK")
    assert till.asks(AskVoucherPrepare)[-1].code == code


def test_what_is_taken_after_the_question_leads_back_to_the_goods(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).scan(MEITUAN).keys("OK").prepared(coupon()).keys("OK")
    assert till.screen == "BasketScreen"
    assert [each.coupon.last4 for each in till.terminal.session.basket.vouchers] == ["9012"]


def test_goods_with_the_digits_of_a_voucher_are_goods(tmp_path: Path) -> None:
    till = vouchers(tmp_path).scan("6901234567892").scan("6901100000119")
    assert till.screen == "BasketScreen"


def test_a_shop_without_vouchers_is_not_asked(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"enabled": False}).basket(2).scan(MEITUAN)
    assert till.screen == "Refused"


@pytest.mark.parametrize(
    ("scanned", "code", "words"),
    [
        ("ABC12", 3001, "券码只有数字"), ("团购券", 3001, "含有不可见字符,请重扫"),
        ("12345", 3001, "位数太少,券码是 8 到 20 位"),
        ("9" * 27, 3001, "位数太多,券码是 8 到 20 位"), ("12345678\x009012", 3001, "含有不可见字符,请重扫"),
        (COLA, 3001, "这是商品条码,请扫顾客的券码"), ("134567890123456789", 3001, "这是付款码,收款时再扫"),
        ("https://v.douyin.com/", 3001, "二维码不完整,请重扫"), ("https://example.com/c/1", 3024, "不是券平台的链接"),
        ("https://www.kuaishou.com/q/1", 3025, "该平台未启用"), ("HY0000001234567890", 3001, "这是付款码"),
        ("R0001002301000001000027", 3001, "这是本店小票的条码"),
        ("x" * 1_025, 3001, "位数太多,券码是 8 到 20 位"),
    ],
)  # fmt: skip
def test_what_is_no_voucher_is_said_to_be_what_it_is(tmp_path: Path, scanned: str, code: int, words: str) -> None:
    """Its code, what it is, and what to do; nobody is asked, nothing is lost."""
    till = vouchers(tmp_path).basket(2).keys("MENU 3 1").scan(scanned)
    assert f"[{code}]" in till.text()
    assert words in till.text()
    assert till.asks(AskVoucherPrepare) == []
    assert till.terminal.session.basket.lines


@pytest.mark.parametrize(
    ("typed", "words"), [("12345", "位数太少,券码是 8 到 20 位"), ("9" * 21, "位数太多,券码是 8 到 20 位")]
)
def test_typed_digits_of_a_wrong_length(tmp_path: Path, typed: str, words: str) -> None:
    till = vouchers(tmp_path).basket(2).keys("MENU 3 1 " + " ".join(typed) + " OK")
    assert f"[3001] 券码格式不对\n{words}" in till.text()


PAYING, ALL_OF_IT = "134567890123456789", "OK * 1 0 0"


def paying(till: VoucherTill) -> VoucherTill:
    """A part by code is under way."""
    return till.basket(2).keys(ALL_OF_IT).scan(PAYING)  # type: ignore[return-value]


def part_paid(till: VoucherTill) -> VoucherTill:
    """Its result is on the screen."""
    return paying(till).answer("paid", paid=100)  # type: ignore[return-value]


def rest_asked_for(till: VoucherTill) -> VoucherTill:
    """The rest is asked for."""
    return part_paid(till).keys("OK")  # type: ignore[return-value]


def redeeming(till: VoucherTill) -> VoucherTill:
    """A voucher is under way."""
    return till.basket(2).voucher(OWN, face_fen=200).keys("OK OK")  # type: ignore[return-value]


def one_refused(till: VoucherTill) -> VoucherTill:
    """One voucher is redeemed, the other refused; the rest is asked for."""
    till.basket(2).voucher(OWN, face_fen=300).voucher(DOUYIN, ref="p2", face_fen=200).keys("OK OK")
    return till.says("consumed").says("rejected", code=3005).keys("OK")  # type: ignore[return-value]


@pytest.mark.parametrize("asked", [MEITUAN, DOUYIN_LINK, ""])
@pytest.mark.parametrize("state", [paying, part_paid, rest_asked_for, redeeming, one_refused])
def test_no_voucher_is_added_once_money_was_taken(
    tmp_path: Path, state: Callable[[VoucherTill], VoucherTill], asked: str
) -> None:
    """One answer wherever it is scanned, and on the way to the voucher screen."""
    till = state(vouchers(tmp_path))
    if not asked and till.screen != "Cash":
        return  # MENU leads there from the sum only
    calls = len(till.asks(AskVoucherPrepare))
    till.scan(asked) if asked else till.keys("MENU")
    assert "[5029] 还有未完成的收款\n已收款,不能再加券\n" in till.text(), till.text()
    assert len(till.asks(AskVoucherPrepare)) == calls


@pytest.mark.parametrize("code", [MEITUAN, DOUYIN_LINK])
def test_a_scan_before_money_is_taken_gives_the_goods_back_first(tmp_path: Path, code: str) -> None:
    till = vouchers(tmp_path).basket(2).keys("OK").scan(PAYING).answer("failed", code=5002)
    till.scan(code)
    assert till.screen == "VoucherEntry"
    assert till.terminal.session.basket.lines
    assert "order_dropped" in till.facts()


def test_a_link_scanned_on_the_result_is_the_next_customers(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).keys("OK OK")
    assert till.screen == "Sold"
    till.scan(DOUYIN_LINK)
    assert till.screen == "VoucherCheck"


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


@pytest.mark.parametrize("code", ["371449635398431", "371449635398432"])
@pytest.mark.parametrize("keys", ["", "OK", "MENU 3 1"])
def test_a_voucher_is_one_on_every_screen_whether_it_passes_the_check_of_cards_or_not(
    tmp_path: Path, keys: str, code: str
) -> None:
    till = vouchers(tmp_path).basket(2).keys(keys).scan(code)
    assert till.screen in ("VoucherCheck", "ToVoucher"), till.text()
