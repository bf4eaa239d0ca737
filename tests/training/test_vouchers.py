"""Vouchers of practice: each code's story, and one redeemed at the practice counter with a slip that says so."""

import pytest

from firmware.training.bank import Bank
from firmware.training.vouchers import FACE_FEN, USES_MAX
from tests.counter import COLA
from tests.training.school import Classroom
from wire.vouchers import (
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
)

NO = "0001002301990001000001V01"


def consume(code: str, bank: Bank, number: str = NO):
    looked = bank.answer(AskVoucherPrepare("look", code, False))
    if looked.code:
        return looked.code
    [coupon] = looked.coupons
    assert (coupon.face_fen, coupon.last4) == (FACE_FEN, code[-4:])
    return bank.answer(AskVoucherConsume(number, coupon.platform, 1, FACE_FEN, "01", coupon.ref))


@pytest.mark.parametrize(("end", "code"), [("22", 3003), ("23", 3005), ("24", 3007)])
def test_a_code_that_is_refused_when_it_is_looked_at(end: str, code: int) -> None:
    assert consume(f"1234567890{end}", Bank()) == code


def test_redeemed_and_given_back_and_asked_again_alike() -> None:
    bank = Bank()
    first = consume("123456789000", bank)
    assert (first.state, first.record_no[:8]) == ("consumed", "TRAINING")
    assert consume("123456789000", bank) == first
    assert bank.answer(AskVoucherUndo(NO)).state == "undone"
    assert bank.answer(AskVoucherUndo(NO)).state == "undone"
    assert bank.answer(AskVoucherQuery(NO)).state == "undone"


def test_the_other_stories() -> None:
    bank = Bank()
    assert consume("123456789033", bank) is None
    assert bank.answer(AskVoucherQuery(NO)).state == "consumed"
    assert (consume("123456789044", Bank()).state, consume("123456789044", Bank()).code) == ("rejected", 3036)
    kept = Bank()
    consume("123456789055", kept)
    assert (kept.answer(AskVoucherUndo(NO)).state, kept.answer(AskVoucherUndo(NO)).code) == ("kept", 3020)


def test_what_was_never_asked_for() -> None:
    bank = Bank()
    assert bank.answer(AskVoucherQuery(NO)).state == "absent"
    assert bank.answer(AskVoucherUndo(NO)).state == "rejected"
    assert consume("123456789000", bank).state == "rejected", "closed for good"
    assert bank.answer(AskVoucherLook("l", "123456789000")).code == 3002
    assert bank.answer(AskDeals("", 0)).rev == "practice"
    assert bank.answer(AskDeals("practice", 0)).same


def test_practice_is_no_shop() -> None:
    bank = Bank()
    for number in range(USES_MAX + 10):
        consume("123456789000", bank, f"0001002301990001{number:06d}V01")
    assert len(bank.vouchers.uses) == USES_MAX


def test_a_voucher_is_redeemed_at_the_practice_counter_and_its_slip_says_training(tmp_path) -> None:
    room = Classroom(tmp_path)
    room.open_for_business()
    room.practise().scan(COLA)
    for _ in range(3):
        room.scan(COLA)
    room.keys("MENU 3 1 1 2 3 4 5 6 7 8 9 0 0 0 OK")
    room.pass_time(1_500)
    room.keys("OK CANCEL CANCEL CANCEL OK")
    assert "4.00" in room.text(), room.text()
    room.keys("OK")
    room.pass_time(2_000)
    sales = [entry.fact for entry in room.trainee.practice.ledger.entries() if entry.fact.KIND == "sale"]
    assert [part.kind for part in sales[-1].tenders] == ["voucher", "cash"], room.text()
    assert sales[-1].tenders[0].paid_fen == FACE_FEN
    assert "voucher_sent" not in room.facts(), "nothing of practice is in the live record"
    assert room.slips()[-1].receipt.training
    assert any("TRAINING" in detail for each in room.slips()[-1].receipt.tenders for detail in each.details)
