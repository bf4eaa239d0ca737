"""What the screens about vouchers tell a cashier: which voucher, how much, why, and what is still to pay."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.render import Renderer, find_font
from firmware.render_text import speak
from firmware.screens.base import spoken
from firmware.screens.deals import Deals
from firmware.txn.voucher_hours import usable_when
from rules.settings_vouchers import PLATFORMS, VoucherPlatform
from tests.screens.voucher_codes import (
    CERTAIN_HOURS,
    DAY,
    RULES,
    another_registered,
    deal,
    given_up_asked,
    may_register,
    misfit,
    parked_and_refused,
    till_of_supervisor,
)
from tests.vouchers.till import MEITUAN, OWN, coupon, vouchers
from texts import LANGS, Lang
from wire.vouchers import AskVoucherPrepare

# --- results -----------------------------------------------------------------------------------------------------------


def test_a_result_says_why_and_what_its_order_still_needs(tmp_path: Path) -> None:
    till = parked_and_refused(tmp_path)
    assert "核销失败\n[3003] 券已使用\n单号 000001-000001\n金额 3.00\n还需收 7.00" in till.text()


def test_a_redeemed_one_leaves_less_to_pay(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher(face_fen=300).keys("OK OK F1").says("consumed")
    assert "已核销\n单号 000001-000001\n金额 3.00\n还需收 4.00" in till.text()


def test_a_refused_one_on_the_screen_says_the_rest_too(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher(face_fen=300).keys("OK OK").says("rejected", code=3003)
    assert "还需收 7.00" in till.text()


def test_fewer_than_asked_are_listed_with_the_rest(tmp_path: Path) -> None:
    """3035: which were redeemed, and which the customer still has."""
    till = vouchers(tmp_path).basket(2).code().prepared(coupon(face_fen=150, count=3)).keys("UP UP OK")
    till.keys("CANCEL CANCEL CANCEL OK OK").says("consumed", consumed=1)
    assert "部分已核销" in till.text()
    assert "已核销 1 张 -1.50\n未核销 2 张 3.00\n[3035]" in till.text()
    assert "还需收 5.50" in till.text()


@pytest.mark.parametrize(
    ("face_fen", "words"),
    [(200, "应收 7.00\n用券 1 张 -2.00\n实收 5.00"), (700, "应收 7.00\n用券 1 张 -7.00\n实收 0.00")],
)
def test_the_result_of_a_sale_names_its_vouchers(tmp_path: Path, face_fen: int, words: str) -> None:
    till = vouchers(tmp_path).basket(2).voucher(face_fen=face_fen).keys("OK OK").says("consumed")
    assert till.screen == "Sold"
    assert words in till.text()


def test_a_sale_without_vouchers_names_none(tmp_path: Path) -> None:
    assert "用券" not in vouchers(tmp_path).basket(2).keys("OK OK").text()


# --- questions ---------------------------------------------------------------------------------------------------------


def test_giving_up_is_asked_and_answered_like_everything(tmp_path: Path) -> None:
    """OK is yes, CANCEL is no, whichever of the two questions it is."""
    till = given_up_asked(tmp_path)
    assert "商品退回购物车?" in till.text()
    assert "美团 撤销 3.00" in till.text()
    till.keys("F2")
    assert "作废本单,商品不卖了?" in till.text()
    assert "order_dropped" not in till.facts(), "one key asks, it does not do it"
    till.keys("F2 F1")
    assert "order_dropped" not in till.facts()
    till.keys("CANCEL")
    assert "商品退回购物车?" in till.text()
    till.keys("F2 OK")
    assert till.one("order_dropped").again is False


# --- what stands in the way ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3005, "有效期至 2026-11-21"), (3006, "2026-11-23 起可用"), (3007, "仅限其他 2 家门店"),
        (3008, "2026-11-22 不可用"), (3010, "不能与 5元代金券 …9012 同享"), (3011, "本单最多 1 张"),
    ],
)  # fmt: skip
def test_a_fault_says_what_the_customer_has_to_know(tmp_path: Path, code: int, words: str) -> None:
    till = RULES[code](tmp_path)
    assert f"[{code}]" in till.text()
    assert words in till.text()
    assert "抵扣" not in till.text(), "what it will not take off is no number to read"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("code", "about", "zh", "en"),
    [
        (3005, "2025-12-31", "有效期至 2025-12-31", "Valid until 2025-12-31"),
        (3006, "2027-01-01", "2027-01-01 起可用", "Valid from 2027-01-01"),
        (3007, "1", "仅限其他 1 家门店", "Only for other shops: 1"), (3005, "", "仅限周末", "仅限周末"),
    ],
)  # fmt: skip
def test_a_refusal_before_it_is_taken_speaks_the_cashiers_language(
    tmp_path: Path, code: int, about: str, zh: str, en: str, lang: Lang
) -> None:
    """A platform's own words stand as they came."""
    till = vouchers(tmp_path).keys("MENU 9 5 CANCEL CANCEL" if lang == "en" else "")
    till.basket().code().prepared(code=code, about=about, detail="" if about else "仅限周末")
    assert (zh if lang == "zh" else en) in till.text()
    renderer = Renderer(find_font(), speak)
    assert renderer.overflow(till.terminal.stack[-1].view(till.terminal.context())) == []


LUNCH, DINNER = ("11:00", "14:00"), ("17:00", "21:00")


@pytest.mark.parametrize(
    ("rules", "zh", "en"),
    [
        ({"weekdays": (1, 2, 3, 4, 5)}, "可用 周一至周五", "Usable Mon-Fri"),
        ({"weekdays": (5, 1, 3)}, "可用 周一、周三、周五", "Usable Mon, Wed, Fri"),
        ({"times": (LUNCH, DINNER)}, "可用 11:00-14:00 17:00-21:00", "Usable 11:00-14:00 17:00-21:00"),
        (
            {"weekdays": (1, 2, 3, 4, 5), "times": (LUNCH, DINNER)},
            "可用 周一至周五 11:00-14:00 17:00-21:00",
            "Usable Mon-Fri 11:00-14:00 17:00-21:00",
        ),
        (
            {"times": (LUNCH,), "blackout_dates": (DAY,)},
            f"11:00-14:00 可用,{DAY} 除外",
            f"Usable 11:00-14:00, not {DAY}",
        ),
        ({"times": (LUNCH,) * 4}, "可用 11:00-14:00 11:00-14:00 11:00-14:00 …", ""),
    ],
)
def test_a_deal_of_certain_hours_says_when(rules: dict[str, Any], zh: str, en: str) -> None:
    said = usable_when(deal(**rules), DAY if "blackout_dates" in rules else "")
    assert spoken(said, "zh") == zh
    assert spoken(said, "en") == (en or spoken(said, "en"))


@pytest.mark.parametrize("keys", ["", "OK"])
def test_the_longest_hours_have_their_room(tmp_path: Path, keys: str) -> None:
    """On the coupon, and on the refusal of whoever takes it all the same; 2026-11-22 is a Sunday."""
    till = CERTAIN_HOURS(tmp_path).keys(keys) if keys else CERTAIN_HOURS(tmp_path)
    assert "可用 周一、周三、周五至周六 11:00-14:00 17:00-21:00 22:00-23:30" in till.text()
    renderer, context = Renderer(find_font(), speak), till.terminal.context()
    for lang in LANGS:
        assert renderer.overflow(till.terminal.stack[-1].view(replace(context, lang=lang))) == []


def test_of_several_vouchers_the_refusal_names_the_one_it_is_about(tmp_path: Path) -> None:
    """Both fitted when they were taken; then goods went out."""
    till = misfit(tmp_path).keys("CANCEL CANCEL CANCEL OK OK")
    assert till.screen == "Refused", till.text()
    assert "[3009]" in till.text()
    assert "尾号 9012: 还差 1.00" in till.text()


def test_one_that_does_not_fit_any_more_takes_nothing_off_in_list_and_basket(tmp_path: Path) -> None:
    till = misfit(tmp_path)
    assert "5元代金券 [3009]\n尾号 9012\n5元代金券 -1.00" in till.text()
    till.keys("CANCEL CANCEL CANCEL")
    assert till.screen == "BasketScreen"
    assert "用券 2 张 [3009]" in till.text()
    assert "2件 6.00" in till.text(), "one of 1.00 fits still"
    assert "应收 6.00" in till.keys("OK").text()


def test_at_most_is_of_the_sale_and_never_none(tmp_path: Path) -> None:
    rules = deal(face_fen=200, max_per_order=1)
    till = vouchers(tmp_path).basket(2).voucher(face_fen=200, deal=rules)
    till.code(OWN).prepared(coupon(ref="p2", face_fen=200, deal=rules))
    assert "[3011]" in till.text()
    assert "本单最多 1 张" in till.text()


def test_the_minimum_spend_comes_before_the_count(tmp_path: Path) -> None:
    rules = deal(face_fen=200, min_spend_fen=600, max_per_order=5)
    till = vouchers(tmp_path).basket(2).voucher(face_fen=200, deal=rules)
    till.code(OWN).prepared(coupon(ref="p2", face_fen=200, deal=rules))
    assert "[3009]" in till.text()
    assert "还差 5.00" in till.text()


# --- registering -------------------------------------------------------------------------------------------------------


def test_a_supervisor_finds_how_to_register(tmp_path: Path) -> None:
    till = may_register(tmp_path)
    assert "断网时按 F1 登记" in till.text()
    assert "F1 登记" in till.text().splitlines()
    till.keys(" ".join(MEITUAN) + " OK")
    assert "[3030] 离线不能验券\n可在验券屏按 F1 登记" in till.text()
    till.keys("OK").keys(" ".join(MEITUAN) + " F1")
    assert "今日还可登记 1 张 200.00" in till.text()


def test_where_it_is_off_nothing_speaks_of_it(tmp_path: Path) -> None:
    till = vouchers(tmp_path).offline().basket(2).keys("OK MENU")
    assert "登记" not in till.text()
    till.keys(" ".join(MEITUAN) + " OK")
    assert "登记" not in till.text()


def test_the_days_count_is_said_before_an_amount_is_typed(tmp_path: Path) -> None:
    till = another_registered(tmp_path)
    assert till.screen == "Refused"
    assert "[3033] 超过每日限用\n今日还可登记 0 张 195.00" in till.text()


@pytest.mark.parametrize("caps", [{"register_fen_max": 400}, {"register_per_day": 0}])
def test_a_cap_is_said_before_a_supervisor_types_a_pin(tmp_path: Path, caps: dict[str, int]) -> None:
    till = vouchers(tmp_path, vouchers={"register_later": True, **caps}).offline().basket(2)
    till.keys("OK MENU " + " ".join(MEITUAN) + " F1")
    till.keys("5 0 0 OK") if till.screen == "RegisterAmount" else None
    assert till.screen == "Refused", "no supervisor is sent for"
    assert "[3033]" in till.text()


def test_a_right_that_is_missing_comes_before_the_amount(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"register_later": True}, rights={"cashier": {"voucher_register": "no"}})
    till.offline().basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1 9 0 0 OK")
    assert "[2005]" in till.text()


# --- platforms -----------------------------------------------------------------------------------------------------------


def test_every_platform_stands_on_a_page_of_the_synchronisation(tmp_path: Path) -> None:
    rows = tuple(VoucherPlatform(row.platform, row.name, row.name_en) for row in PLATFORMS)
    till = till_of_supervisor(tmp_path, vouchers={"platforms": rows}).keys("MENU 3 4")
    seen: set[str] = set()
    for _ in range(3):
        seen |= {row.name for row in rows if row.name in till.text()}
        till.keys("DOWN")
    assert seen == {row.name for row in rows}
    till.keys("OK")
    assert isinstance(till.terminal.stack[-1], Deals)


def test_each_platform_can_be_chosen_where_nobody_can_tell(tmp_path: Path) -> None:
    rows = tuple(VoucherPlatform(row.platform, row.name, row.name_en) for row in PLATFORMS)
    till = vouchers(tmp_path, vouchers={"platforms": rows}).basket(2).keys("MENU 3 1 1 2 3 4 5 6 7 8 9 OK")
    assert till.screen == "PlatformChoice"
    first = till.text()
    last = till.keys("DOWN").text()
    assert all(row.name in first + last for row in rows)
    till.keys(str(len(rows)))
    assert till.asks(AskVoucherPrepare)[-1].platform == rows[-1].platform  # type: ignore[attr-defined]


def test_the_keys_that_count_are_named_where_there_is_something_to_count(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher(count=5, face_fen=100)
    assert "UP 张数" not in till.text()
    till.code(OWN).prepared(coupon(ref="p2", count=5, face_fen=100))
    assert "UP 张数" in till.text()


def test_a_parked_order_says_what_its_voucher_waits_for(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher().keys("OK OK")
    till.pass_time(11_000)
    till.keys("F1 MENU 1 OK")
    assert till.screen == "OrderView"
    assert "结果未知" in till.text()
    assert "[3022]" in till.text()


def test_a_refusal_puts_no_order_aside_and_has_its_help(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher().keys("OK OK").says("rejected", code=3014)
    assert till.keys("F1").screen == "Help"
    assert till.keys("CANCEL").screen == "VoucherWait"
    assert "F1 帮助" in till.text()
