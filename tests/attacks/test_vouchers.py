"""Attacks on the vouchers' money: a thief at the till, a tired cashier, a power cut, a platform that changes its mind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.events import PrinterSeen
from firmware.txn import checkout, voucher
from firmware.txn.basket import Basket
from firmware.txn.checkout import TakeCard, TakeRest
from firmware.txn.command import Refusal
from firmware.txn.sale import SetQuantity, TakeCash, put
from firmware.txn.voucher_prepared import Prepared
from firmware.txn.voucher_redeem import Redeem, TakeBackUse
from firmware.txn.voucher_take import AddVoucher, RegisterVoucher, TakeVoucherOff
from rules.deals import Deal, PackageItem
from tests.giving.shop import as_supervisor
from tests.payments.till import WECHAT
from tests.vouchers.till import DOUYIN, MEITUAN, VoucherTill, coupon, vouchers
from wire import facts
from wire.facts import Line, VoucherRegistered, VoucherUse
from wire.records import RECORD_BYTES_MAX
from wire.vouchers import AskVoucherConsume, AskVoucherQuery


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    return vouchers(tmp_path).basket(2)


def prepared(till: VoucherTill, digest: str = "d1", count: int = 1, **more: Any) -> Prepared:
    made = coupon(**{"ref": digest, **more})
    return Prepared(made, count, till.ms + 300_000, digest)


def do(till: VoucherTill, command: Any) -> Any:
    """Decide, and let leave what follows."""
    refusal = till.terminal.do(command)
    till.step(PrinterSeen("ok"))
    return refusal


def add(till: VoucherTill, digest: str = "d1", count: int = 1, **more: Any) -> Any:
    return do(till, AddVoucher(prepared(till, digest, count, **more)))


def sku(till: VoucherTill) -> str:
    return till.terminal.session.basket.lines[0].sku


def package(till: VoucherTill, milli: int = 1000, **more: Any) -> dict[str, Any]:
    deal = Deal("meituan", "77", "可乐套餐", "package", package=(PackageItem("可乐", milli, (sku(till),)),), **more)
    return {"kind": "package", "deal_id": "77", "title": "可乐套餐", "face_fen": 900, "deal": deal}


def rest(till: VoucherTill) -> int:
    return checkout.whole_rest(till.terminal.context())


# --- what a basket owes -----------------------------------------------------------------


def test_goods_a_package_lacked_are_not_free_once_its_voucher_is_taken_off(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"add_missing": True}).basket(1)
    assert add(till, **package(till, 3000)) is None
    assert rest(till) == 0
    assert do(till, TakeVoucherOff(0)) is None
    pieces = till.terminal.session.basket.pieces_milli
    assert rest(till) == 350 * pieces // 1000


def test_goods_a_package_lacked_are_owed_when_the_platform_refuses_it(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"add_missing": True}).basket(1)
    assert add(till, **package(till, 3000)) is None
    till.keys("OK OK").says("rejected", code=3003)
    assert rest(till) == 1050


def test_two_packages_pay_for_one_piece_each(till: VoucherTill) -> None:
    assert add(till, "d1", **package(till)) is None
    assert add(till, "d2", **package(till)) is None
    assert rest(till) == 0


def test_a_third_package_finds_no_goods_left(till: VoucherTill) -> None:
    for digest in ("d1", "d2"):
        assert add(till, digest, **package(till)) is None
    assert add(till, "d3", **package(till)) is not None


def test_codes_of_one_deal_do_not_get_round_its_bound_per_order(till: VoucherTill) -> None:
    deal = Deal("meituan", "4001", "x", "cash", face_fen=200, max_per_order=1)
    assert add(till, "d1", face_fen=200, deal=deal) is None
    refusal = add(till, "d2", face_fen=200, deal=deal)
    assert refusal is not None
    assert refusal.code == 3011


def test_codes_of_one_deal_each_need_its_least_spend(till: VoucherTill) -> None:
    deal = Deal("meituan", "4001", "满5减2", "cash", face_fen=200, min_spend_fen=500)
    assert add(till, "d1", face_fen=200, deal=deal) is None
    refusal = add(till, "d2", face_fen=200, deal=deal)
    assert refusal is not None
    assert refusal.code == 3009


def test_a_second_percentage_voucher_is_not_redeemed_for_nothing(till: VoucherTill) -> None:
    one = Prepared(coupon(kind="percent", percent=80, count=2, face_fen=0), 2, till.ms + 300_000, "d1")
    refusal = do(till, AddVoucher(one))
    assert refusal is not None
    assert refusal.code == 3011
    assert do(till, AddVoucher(replace(one, count=1))) is None


def test_what_a_customer_agreed_to_lose_does_not_grow_with_the_basket(till: VoucherTill) -> None:
    one = replace(prepared(till, face_fen=800), lost_agreed_fen=100)
    assert do(till, AddVoucher(one)) is None
    assert do(till, SetQuantity(0, 1000)) is None
    refusal = do(till, Redeem())
    assert refusal is not None
    assert refusal.code == 3032


def test_many_lines_and_vouchers_fit_into_the_record_that_sells_them(till: VoucherTill) -> None:
    """As many lines as the terminal takes beside ten vouchers; then the platform tells of its money, with long numbers."""
    till.terminal.session = replace(till.terminal.session, basket=Basket(tuple(goods(index) for index in range(50))))
    for number in range(10):
        more = {"face_fen": 12_345, "ref": f"{number:064d}", "title": "券" * 40, "deal_id": "9" * 64}
        assert add(till, f"{number:064d}", **more) is None
    for index in range(50, 200):
        done = put(till.terminal.context(), goods(index))
        if isinstance(done, Refusal):
            break
        assert done.session is not None
        till.terminal.session = done.session
    else:
        pytest.fail("everything fits: nothing is attacked")
    till.pay(WECHAT).answer("paid")
    for _ in range(10):
        till.says("consumed", record_no="R" * 64, paid_fen=1_234_567, platform_fen=1_234_567, merchant_fen=1_234_567)
    assert len(facts.encode(till.one("sale"))) <= RECORD_BYTES_MAX


def goods(index: int) -> Line:
    return Line("010001", f"冰镇可乐大瓶装{index}", 1000, 9_999 - index, 9_999 - index)


# --- what the platform says -----------------------------------------------------------------


def started(till: VoucherTill, **more: Any) -> str:
    """A voucher and cash for the rest; it has left. Its number."""
    assert add(till, **more) is None
    till.keys("OK OK")
    return till.asks(AskVoucherConsume)[-1].request_no


def test_a_refused_voucher_the_platform_keeps_after_all_is_listed(till: VoucherTill) -> None:
    number = started(till)
    till.says("rejected", code=3003)
    assert do(till, TakeRest(700)) is None
    till.says("kept", to="query", number=number, code=3019, record_no="r1", paid_fen=450)
    till.says("kept", to="undo", number=number, code=3019)
    assert [each.request_no for each in voucher.listed(till.ledger)] == [number]


def test_of_two_kept_ones_only_the_redeemed_one_pays(till: VoucherTill) -> None:
    one = Prepared(coupon(face_fen=250, count=2), 2, till.ms + 300_000, "d")
    assert do(till, AddVoucher(one)) is None
    till.keys("OK OK")
    number = till.asks(AskVoucherConsume)[-1].request_no
    till.says("unknown", code=3022)
    assert do(till, TakeBackUse(number)) is None
    till.says("kept", to="undo", number=number, code=3020, consumed=1, record_no="r1", paid_fen=200)
    assert rest(till) == 450


def test_a_late_kept_voucher_does_not_overpay_an_order(till: VoucherTill) -> None:
    number = started(till)
    till.says("unknown", code=3022)
    assert do(till, TakeBackUse(number)) is None
    till.says("undone", to="undo", number=number)
    assert do(till, TakeCard(300, "123456789012", "1234")) is None
    till.says("consumed", to="query", number=number)
    till.says("kept", to="undo", number=number, code=3020)
    assert rest(till) == 400
    assert [each.request_no for each in voucher.listed(till.ledger)] == [number]
    assert do(till, TakeRest(400)) is None
    assert [part.kind for part in till.one("sale").tenders] == ["card", "cash"]


def test_the_rest_of_a_code_can_be_used_when_fewer_were_redeemed(till: VoucherTill) -> None:
    till.code().prepared(coupon(face_fen=100, count=2))
    till.keys("2 OK CANCEL CANCEL CANCEL")
    till.keys("OK OK").says("consumed", consumed=1)
    till.keys("OK OK OK OK")
    assert "sale" in till.facts()
    till.keys("OK").basket()
    till.code()
    assert "[3023]" not in till.text()


def out_of_order(till: VoucherTill) -> None:
    """The backend's word when the platform cannot be asked: nothing was redeemed, and may be asked for again."""
    match till.asked[-1].ask if till.asked else None:
        case AskVoucherConsume():
            till.says("unknown", code=2010)
        case AskVoucherQuery():
            till.says("absent")


def test_a_platform_out_of_order_is_not_hammered(till: VoucherTill) -> None:
    started(till)
    for _ in range(600):
        out_of_order(till)
        till.pass_time(1_000)
    assert len(till.asks(AskVoucherConsume)) < 20


def test_a_registered_voucher_of_a_closed_platform_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"register_later": True})
    as_supervisor(till)
    till.basket().offline()
    assert do(till, RegisterVoucher(MEITUAN, False, "meituan", 200)) is None
    assert do(till, RegisterVoucher(DOUYIN, False, "douyin", 200)) is None
    assert do(till, TakeCash(300)) is None
    till.online()
    for _ in range(200):
        till.pass_time(1_000)
        out_of_order(till)
    assert {ask.platform for ask in till.asks(AskVoucherConsume)} == {"meituan", "douyin"}


def test_a_registered_code_is_in_no_repr() -> None:
    use = VoucherUse("n", "", "meituan", "", "", "cash", 1, 1, (1,), "9012", "d")
    assert MEITUAN not in repr(VoucherRegistered(1, 1, use, MEITUAN, "01", "00"))
