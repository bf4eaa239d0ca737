"""What a hurried cashier does first at the counter, and what must come of it."""

from pathlib import Path

import pytest

from firmware.events import BatterySeen
from firmware.txn import reprint
from firmware.txn.command import Refusal
from firmware.txn.prices import MarkMember
from tests.counter import COLA
from tests.payments.till import ALIPAY, WECHAT, Till, till
from tests.screens.ledgers import day_done, supervised
from wire.facts import CardTaken, OrderOpened


def without_code(counter: Till, code: str) -> None:
    assert code not in counter.text()
    assert code not in "".join(repr(entry.fact) for entry in counter.ledger.entries())


# --- a customer's code out of place ---------------------------------------------------------------------


@pytest.mark.parametrize("code", [WECHAT, ALIPAY, "288000000000000035"])
@pytest.mark.parametrize("where", ["", "F1", "5 0 0 CLEAR CLEAR CLEAR"])
def test_a_payment_code_without_goods_is_called_one(where: str, code: str, tmp_path: Path) -> None:
    counter = till(tmp_path).keys(where)
    counter.scan(code)
    assert "这是顾客的付款码" in counter.text()
    without_code(counter, code)
    counter.keys("OK")
    assert not counter.asked


@pytest.mark.parametrize("code", [WECHAT, "288000000000000035"])
def test_an_amount_and_then_the_code_is_a_payment(code: str, tmp_path: Path) -> None:
    counter = till(tmp_path).keys("5 0 0")
    counter.scan(code)
    assert counter.screen == "CodePayment"
    assert "5.00" in counter.text()
    (opened,) = counter.journal("order_opened")
    assert isinstance(opened, OrderOpened)
    assert [line.amount_fen for line in opened.lines] == [500]
    without_code(counter, code)
    counter.answer("paid")
    assert counter.facts().count("sale") == 1


def test_an_amount_whose_code_cannot_be_taken_is_still_there(tmp_path: Path) -> None:
    counter = till(tmp_path).offline().keys("5 0 0")
    counter.scan(WECHAT)
    assert "[5022]" in counter.text()
    counter.keys("OK")
    assert counter.screen == "Amount"
    counter.keys("OK")
    assert counter.screen == "Cash"
    assert "5.00" in counter.text()
    assert counter.journal("order_opened") == []


def test_an_amount_above_the_limit_asks_for_a_supervisor_without_the_code(tmp_path: Path) -> None:
    counter = till(tmp_path).keys("5 0 0 1 1 1 1")
    counter.scan(WECHAT)
    assert "[6007]" in counter.text()
    assert WECHAT not in repr(counter.terminal.stack)
    assert not counter.asked


def test_an_amount_and_then_goods_is_goods(tmp_path: Path) -> None:
    counter = till(tmp_path).keys("5 0 0")
    counter.scan(COLA)
    assert counter.screen == "BasketScreen"


def test_a_payment_code_on_the_card_screen_is_no_card(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK #")
    counter.scan(WECHAT)
    assert "这是顾客的付款码" in counter.text()
    counter.keys("OK")
    assert counter.screen == "Card"


# --- a slip out of place --------------------------------------------------------------------------------


def sold(counter: Till) -> str:
    """The code of the slip of one sale."""
    counter.scan(COLA).keys("OK OK OK")
    counter.pass_time(10_000)
    return f"R0001002307{1:06d}{1:06d}"


def test_a_slip_scanned_while_idle_asks_what_to_do_with_it(tmp_path: Path) -> None:
    counter = till(tmp_path)
    code = sold(counter)
    counter.scan(code)
    assert counter.screen == "SlipScanned"
    assert "000001-000001" in counter.text()
    assert "3.50" in counter.text()
    counter.keys("F1")
    assert counter.screen == "ReprintSlip"


def test_a_slip_scanned_while_idle_can_be_given_back(tmp_path: Path) -> None:
    counter = till(tmp_path).offline()
    code = sold(counter)
    counter.scan(code).keys("OK")
    assert counter.screen == "FoundSale"


def test_a_slip_of_another_terminal_is_looked_up(tmp_path: Path) -> None:
    counter = till(tmp_path)
    counter.scan("R0001009901000001000002")
    assert "不是本机的票" in counter.text()
    counter.keys("F1")
    assert counter.screen == "SlipScanned", "there is nothing here to print again"
    counter.keys("OK")
    assert counter.screen == "Looking"


def test_a_slip_of_cash_moved_gives_nothing_back(tmp_path: Path) -> None:
    counter = supervised(tmp_path).keys("MENU 9 1 1 1 0 0 0 OK 1 OK 0 0 OK 4 8 2 9 1 7 OK OK")
    assert "cash_moved" in counter.facts(), counter.text()
    counter.scan("R0001002300000001000001")
    assert counter.screen == "SlipScanned"
    counter.keys("OK")
    assert counter.screen == "SlipScanned"


# --- a card without anything typed ----------------------------------------------------------------------


def bare(folder: Path) -> Till:
    return till(folder, tenders={"card_reference_required": False}).basket()


def test_a_card_without_a_reference_is_asked_about_and_recorded_as_such(tmp_path: Path) -> None:
    counter = bare(tmp_path).keys("OK # OK OK")
    assert "没有参考号,已刷卡?" in counter.text()
    assert counter.journal("card_taken") == []
    counter.keys("OK")
    assert counter.screen == "Sold"
    taken = counter.one("card_taken")
    assert isinstance(taken, CardTaken)
    assert taken.unreferenced


def test_as_delivered_a_card_needs_its_reference(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK # OK OK OK OK OK")
    assert "[5031]" in counter.text() or counter.screen == "Card"
    assert counter.journal("card_taken") == []


def test_no_is_no_card(tmp_path: Path) -> None:
    counter = bare(tmp_path).keys("OK # OK OK CANCEL")
    assert counter.screen == "Card"
    counter.keys("CANCEL CANCEL CANCEL")
    assert counter.journal("card_taken") == []


def test_a_reference_is_enough(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    assert counter.screen == "Sold"
    taken = counter.one("card_taken")
    assert isinstance(taken, CardTaken)
    assert not taken.unreferenced


@pytest.mark.parametrize("keys", ["5 5 5 5 OK", "1 2 3 OK", "1 2 3 4 5 6 7 8 9 0 1 2 OK 1 2 OK"])
def test_a_short_reference_is_no_card_number_and_is_not_lost(keys: str, tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK #").keys(keys)
    assert "[5031]" in counter.text()
    assert "[5030]" not in counter.text()
    counter.keys("OK")
    assert counter.screen == "Card"
    assert "".join(keys.split()[:3]) in counter.text(), "what was typed stands"


# --- cash that is not enough ----------------------------------------------------------------------------


def test_cash_that_is_not_enough_says_how_much_is_missing_and_what_splits(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK 5 0 0 OK")
    assert "[5020]" in counter.text()
    assert "还差 2.00" in counter.text()
    assert "*" in counter.text()


def test_the_screen_of_a_part_is_called_so(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("OK *")
    assert "分笔收款" in counter.text()
    assert "现金收款" not in counter.text()


# --- member prices, discounts nobody may give -----------------------------------------------------------


def test_one_digit_too_many_changes_no_price(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("F2 5")
    assert counter.screen == "MemberPrices"
    assert "-0.40" in counter.text()
    counter.keys("CANCEL")
    assert not counter.terminal.session.basket.member


def test_member_prices_are_given_for_a_reason_that_is_recorded(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("F2 5 OK 4 OK OK")
    (off,) = counter.one("sale").reductions
    assert (off.kind, off.reason, off.operator) == ("member_price", "老顾客", "01")


def test_member_prices_have_a_limit_by_role_and_a_right(tmp_path: Path) -> None:
    counter = till(tmp_path, prices={"cashier_member_off_fen": 39}).basket()
    refusal = MarkMember(True).decide(counter.terminal.context())
    assert isinstance(refusal, Refusal)
    assert refusal.code == 2015
    (tmp_path / "b").mkdir()
    counter = till(tmp_path / "b", rights={"cashier": {"member_price": "supervisor"}}).basket()
    refusal = MarkMember(True).decide(counter.terminal.context())
    assert isinstance(refusal, Refusal)
    assert refusal.code == 2006


def test_a_discount_nobody_may_give_is_refused_before_the_reason_and_names_the_most(tmp_path: Path) -> None:
    counter = supervised(tmp_path).scan(COLA)
    counter.keys("F2 1 5 0 OK")
    assert "[5020]" in counter.text()
    assert "30%" in counter.text()
    counter.keys("OK CLEAR CLEAR 2 0 OK")
    assert counter.screen == "Reason", "a supervisor may give as much"
    counter.keys("1")
    assert "[2015]" in counter.text()


# --- the last customer's slip ---------------------------------------------------------------------------


def test_the_last_slip_is_the_last_customers(tmp_path: Path) -> None:
    counter = till(tmp_path)
    counter.scan(COLA).keys("OK OK OK")
    counter.scan(COLA).keys("F2 6 OK #")
    assert counter.screen == "ReprintSlip"
    assert "000001-000001" in counter.text()


def test_slips_go_by_the_number_that_stands_on_them(tmp_path: Path) -> None:
    counter = day_done(tmp_path)
    (z,) = (found for found in reprint.latest(counter.ledger) if found.kind == "day_closed")
    assert z.number == "1"
    last = reprint.last_slip(counter.ledger)
    assert last is not None
    assert last.kind in ("sale", "refund")


# --- a supervisor who never signed on -------------------------------------------------------------------


def asked_for_a_supervisor(folder: Path) -> Till:
    return till(folder, rights={"cashier": {"cash_in_out": "supervisor"}}).keys("MENU 9 1 1 1 0 0 OK 1")


def test_what_is_missing_is_said_in_words(tmp_path: Path) -> None:
    counter = asked_for_a_supervisor(tmp_path)
    assert "[2006]" in counter.text()
    assert "cash_in_out" not in counter.text()
    assert "cash_in_out" not in counter.keys("OK 0 0 OK").text()


def test_a_supervisor_with_the_factory_pin_is_told_to_sign_on_first(tmp_path: Path) -> None:
    counter = asked_for_a_supervisor(tmp_path).keys("OK 0 0 OK 1 2 3 4 5 6 OK")
    assert "[2013]" in counter.text()
    assert "00 先自己签到改密码" in counter.text()


def test_nobody_learns_from_a_wrong_pin_that_the_factory_pin_holds(tmp_path: Path) -> None:
    counter = asked_for_a_supervisor(tmp_path).keys("OK 0 0 OK 0 0 0 0 OK")
    assert "[2007]" in counter.text()
    assert "[2013]" not in counter.text()
    counter.keys("OK 0 0 OK 0 0 0 0 OK").pass_time(2_000)
    counter.keys("OK 0 0 OK 0 0 0 1 OK")
    assert counter.facts().count("sign_on_refused") >= 2, "wrong PINs count towards the lock"


# --- screens that come by themselves --------------------------------------------------------------------


def test_a_key_meant_for_the_screen_beneath_is_not_taken_by_the_one_that_just_came(tmp_path: Path) -> None:
    counter = till(tmp_path).basket().keys("F2")
    counter.terminal.refused(Refusal(8002))
    counter.step(BatterySeen(80, False))
    assert "[8002]" in counter.text()
    counter.looks = False
    counter.keys("CANCEL 5")
    assert "[8002]" in counter.text()
    counter.pass_time(1_000)
    counter.keys("OK")
    assert counter.screen == "PriceMenu"


def test_a_scan_before_signing_on_says_so(tmp_path: Path) -> None:
    counter = till(tmp_path).keys("MENU 9 9")
    counter.scan(COLA)
    assert "先签到" in counter.text()
    counter.keys("0 1 OK 3 8 5 2 OK")
    assert counter.screen == "Idle"
