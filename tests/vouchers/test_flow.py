"""From a code to a sale: prepare, other money, consume as the last step; and giving up."""

from pathlib import Path

import pytest

from firmware.txn import checkout, voucher
from tests.payments.till import WECHAT
from tests.vouchers.till import MEITUAN, OWN, VoucherTill, coupon, vouchers
from wire.vouchers import AskVoucherConsume, AskVoucherPrepare


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    return vouchers(tmp_path).basket(2)


def whole(till: VoucherTill) -> None:
    """The tables are what the journal says, and no code that may still be used stands in it."""
    till.ledger.commit()
    assert till.ledger.differences() == []
    rows = till.ledger.read("SELECT body FROM journal ORDER BY seq")
    assert not any(MEITUAN.encode() in row[0] for row in rows)


def test_a_cash_voucher_and_cash_for_the_rest(till: VoucherTill) -> None:
    till.voucher().keys("OK OK")
    assert till.kinds() == ["consume"]
    assert till.facts()[-2:] == ["order_opened", "voucher_sent"]
    till.says("consumed")
    sale = till.one("sale")
    assert [(part.kind, part.paid_fen) for part in sale.tenders] == [("voucher", 500), ("cash", 200)]
    assert sale.due_fen == 700
    assert till.screen == "Sold"
    assert till.facts().index("sale") == till.facts().index("voucher_heard") + 1
    whole(till)


def test_nothing_left_to_pay_leaves_at_once(till: VoucherTill) -> None:
    till.voucher(face_fen=700).keys("OK")
    assert "核销" in till.text()
    till.keys("OK").says("consumed")
    assert [part.kind for part in till.one("sale").tenders] == ["voucher"]
    assert not till.one("sale").open_drawer
    whole(till)


def test_a_payment_code_covers_the_rest_and_the_voucher_leaves_after_it(till: VoucherTill) -> None:
    till.voucher().pay(WECHAT)
    assert till.kinds() == []
    till.answer("paid")
    assert till.kinds() == ["consume"]
    assert "sale" not in till.facts()
    till.says("consumed")
    assert [part.kind for part in till.one("sale").tenders] == ["voucher", "code"]
    whole(till)


def test_two_vouchers_leave_one_after_the_other(till: VoucherTill) -> None:
    till.voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK")
    assert till.kinds() == ["consume"]
    till.says("consumed")
    assert till.kinds() == ["consume"]
    assert "sale" not in till.facts()
    till.says("consumed")
    assert [part.paid_fen for part in till.one("sale").tenders] == [300, 200, 200]
    assert len({ask.request_no for ask in till.asks(AskVoucherConsume)}) == 2
    whole(till)


def test_a_refused_voucher_leaves_the_order_open_with_its_rest(till: VoucherTill) -> None:
    till.voucher().keys("OK OK").says("rejected", code=3003)
    assert "[3003]" in till.text()
    till.keys("OK")
    assert till.screen == "Cash"
    assert checkout.whole_rest(till.terminal.context()) == 700
    till.keys("OK")
    assert [part.kind for part in till.one("sale").tenders] == ["cash"]
    whole(till)


def test_giving_the_order_up_gives_a_redeemed_voucher_back(till: VoucherTill) -> None:
    till.voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK").says("consumed")
    till.says("rejected", code=3005).kinds()
    till.keys("OK CANCEL F2 OK")
    assert till.kinds() == ["undo"]
    till.says("undone")
    assert [use.state for use in till.uses()] == ["undone", "rejected"]
    assert checkout.unfinished(till.ledger) == ()
    whole(till)


def test_what_the_platform_does_not_undo_stands_on_the_list_until_it_is_handled(till: VoucherTill) -> None:
    till.voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK").says("consumed")
    till.says("rejected", code=3005).keys("OK CANCEL F2 OK").says("kept", code=3019)
    assert "[3019] 超过撤销时限\n3.00  11-22 18:00  000001-000001\n到平台后台申请退款" in till.text(), (
        "why, which one, what to do"
    )
    assert [use.state for use in voucher.listed(till.ledger)] == ["kept"]
    till.keys("OK OK MENU 3 2")
    assert "已核销,不可撤销" in till.text()
    till.keys("OK")
    assert "[3019]" in till.text()
    whole(till)


def test_the_same_code_costs_no_call(till: VoucherTill) -> None:
    till.voucher().code()
    assert "[3023]" in till.text()
    till.keys("OK CANCEL CANCEL CANCEL OK OK").says("consumed").keys("OK").basket()
    till.code()
    assert "[3023]" in till.text()
    assert "000001-000001" in till.text()
    assert len(till.asks(AskVoucherPrepare)) == 1


def test_digits_of_a_platform_are_a_voucher_where_money_is_taken_and_no_goods_where_they_are_sold(
    till: VoucherTill,
) -> None:
    till.scan(MEITUAN)
    assert till.screen == "ToVoucher"
    assert till.asks(AskVoucherPrepare) == [], "in the basket twelve digits are goods first: the rest is asked"
    till.keys("CANCEL OK")
    assert till.screen == "Cash", till.text()
    till.scan(MEITUAN).prepared(coupon()).keys("OK")
    assert till.screen == "Cash"
    assert len(till.terminal.session.basket.vouchers) == 1


def test_what_a_platform_refuses_stands_in_the_event_log(till: VoucherTill) -> None:
    till.code().prepared(code=3005)
    assert "[3005]" in till.text()
    till.keys("OK CANCEL CANCEL CANCEL")
    till.voucher().keys("OK OK").says("rejected", code=3014)
    assert [row[0] for row in till.ledger.read("SELECT code FROM event ORDER BY id")] == [3005, 3014]


def test_ok_pressed_twice_in_haste_drops_no_answer(till: VoucherTill) -> None:
    till.code().keys("OK OK").prepared(coupon())
    assert till.screen == "CouponView"


def test_the_basket_changed_after_the_voucher_was_added(tmp_path: Path) -> None:
    from rules.deals import Deal

    deal = Deal("meituan", "4001", "满7减5", "cash", face_fen=500, min_spend_fen=700)
    till = vouchers(tmp_path).basket(2).voucher(deal=deal)
    till.keys("1 * OK OK")
    till.keys("OK")
    assert "[3009]" in till.text()
    assert till.asks(AskVoucherConsume) == []
    assert till.terminal.session.basket.lines
    assert till.terminal.session.basket.vouchers


def test_the_code_is_in_no_record_view_or_effect_but_its_ask(till: VoucherTill) -> None:
    till.code().prepared(coupon())
    said = [repr(effect) for effect in till.out] + [repr(till.terminal.stack), repr(till.terminal.session), till.text()]
    assert not any(MEITUAN in each for each in said)
    assert [ask.code for ask in till.asks(AskVoucherPrepare)] == [MEITUAN]


def test_a_voucher_scanned_at_the_small_amounts_leaves_the_rest_to_be_taken(tmp_path: Path) -> None:
    use = {"small_amounts_fen": (500, 1_000, 2_000), "small_amount_max_fen": 2_000}
    till = vouchers(tmp_path, drawer_use=use).basket(2).keys("OK")
    assert till.screen == "SmallAmounts"
    till.scan(MEITUAN)
    till.prepared(coupon()).keys("OK")
    assert till.screen == "Cash"
    assert "2.00" in till.text()
    till.keys("OK").says("consumed")
    assert [(part.kind, part.paid_fen) for part in till.one("sale").tenders] == [("voucher", 500), ("cash", 200)]


@pytest.mark.parametrize(("key", "slips"), [("OK", 1), ("F2", 0)])
def test_a_sale_that_vouchers_cover_asks_for_the_slip_once_they_are_redeemed(
    tmp_path: Path, key: str, slips: int
) -> None:
    till = vouchers(tmp_path, printer={"print_slip": "ask"}).basket(2).voucher(face_fen=700).keys("OK OK")
    till.says("consumed")
    assert (till.screen, till.printed()) == ("AskSlip", [])
    assert (till.keys(key).screen, len(till.printed())) == ("Sold", slips)
