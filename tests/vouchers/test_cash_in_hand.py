"""Cash that was typed before a voucher left is money in the cashier's hand: whatever becomes of the voucher, she is told of
it, it is offered again, and nothing of it is booked before the sale is."""

from pathlib import Path

import pytest

from firmware.events import LinkUp
from firmware.txn import checkout
from tests.payments.till import WECHAT
from tests.vouchers.till import VoucherTill, vouchers


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    """Two colas of 7.00 in all, a voucher of 5.00, and a note of 20.00 for the rest."""
    return vouchers(tmp_path).basket(2).voucher().keys("OK 2 0 0 0 OK")  # type: ignore[return-value]


def sold_for_the_note(till: VoucherTill, due_fen: int) -> None:
    assert till.screen == "Cash", till.text()
    assert "可能已收现金\n20.00" in till.text() or "可能已收现金 20.00" in till.text(), till.text()
    till.keys("OK")
    assert till.screen == "Sold", till.text()
    [cash] = [part for part in till.one("sale").tenders if part.kind == "cash"]
    assert (cash.paid_fen, cash.paid_fen - cash.change_fen) == (2_000, due_fen)
    till.ledger.commit()
    assert till.ledger.differences() == []


def again(till: VoucherTill, signed_on: bool = False) -> None:
    """The power goes while the voucher is on its way, and comes back."""
    till.cut()
    till.boot()
    if signed_on:
        till.sign_on()
    till.step(LinkUp())
    till.pass_time(1_000)


def test_it_closes_the_sale_with_the_last_voucher_and_nobody_is_asked_again(till: VoucherTill) -> None:
    assert "可能已收现金" not in till.text(), "it waits here"
    till.says("consumed")
    assert till.screen == "Sold"
    assert "退还" not in till.text()


def test_a_refused_voucher_leaves_it_one_key_away(till: VoucherTill) -> None:
    till.says("rejected", code=3003)
    assert "还需收" in till.text()
    assert "可能已收现金" in till.text()
    till.keys("OK")
    sold_for_the_note(till, 700)


def test_what_is_not_enough_any_more_is_shown_and_never_taken_for_enough(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher().keys("OK OK")
    till.says("rejected", code=3003).keys("OK")
    assert "可能已收现金" in till.text()
    assert till.terminal.stack[-1].given(till.terminal.context()) == 700  # type: ignore[attr-defined]


def test_exact_stays_exact(till: VoucherTill) -> None:
    till.says("rejected", code=3003).keys("OK F1")
    [cash] = till.one("sale").tenders
    assert cash.paid_fen == 700


def test_put_aside_as_unknown_it_comes_back_with_the_order(till: VoucherTill) -> None:
    till.says("unknown").keys("F1").says("consumed", to="query")
    assert "还需收 2.00" in till.text()
    assert "可能已收现金 20.00" in till.text()
    till.keys("OK MENU 1 OK")
    assert "可能已收现金" in till.text()
    till.keys("F1")
    sold_for_the_note(till, 200)


def test_taken_back_by_the_cashier(till: VoucherTill) -> None:
    till.says("unknown").keys("F2").says("undone")
    assert "还需收" in till.text()
    till.keys("OK")
    sold_for_the_note(till, 700)


def test_a_power_cut_in_the_last_step_keeps_the_sum_on_record(till: VoucherTill) -> None:
    """The screen after the boot says that it may have been taken, and does not call an unpaid order done."""
    again(till, signed_on=True)
    assert "可能已收现金" in till.text()
    till.says("consumed", to="query")
    assert "还需收" in till.text()
    till.keys("OK")
    sold_for_the_note(till, 200)


def test_the_answer_that_comes_while_nobody_is_signed_on_names_the_rest(till: VoucherTill) -> None:
    again(till)
    till.says("consumed", to="query")
    assert "已核销" in till.text()
    assert "还需收 2.00" in till.text()
    assert "可能已收现金 20.00" in till.text()


def test_given_up_the_customer_gets_it_back(till: VoucherTill) -> None:
    till.says("rejected", code=3003).keys("OK CANCEL")
    assert "可能已收现金" in till.text()
    till.keys("F2 OK")
    assert "如已收现金,退还 20.00" in till.text()
    till.keys("OK")
    assert till.screen == "Idle"


def test_paid_otherwise_the_result_says_that_it_goes_back(till: VoucherTill) -> None:
    till.says("rejected", code=3003).keys("OK").scan(WECHAT)
    till.answer("paid")
    assert till.screen == "Sold"
    assert "如已收现金,退还 20.00" in till.text()


def test_an_order_without_it_says_nothing_of_cash(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).voucher().pay(WECHAT)
    till.answer("paid")
    till.says("rejected", code=3003)
    order = checkout.here(till.terminal.context())
    assert order is not None
    assert order.cash_fen == 0
    assert "可能已收现金" not in till.text()


def test_it_is_not_forgotten_while_the_customer_shows_another_voucher(till: VoucherTill) -> None:
    till.says("rejected", code=3003).keys("OK MENU")
    assert till.screen == "VoucherEntry"
    assert "可能已收现金\n20.00" in till.text() or "可能已收现金 20.00" in till.text(), till.text()
