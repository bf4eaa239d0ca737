"""The practice bank: each amount's story, from the ask to its end."""

import pytest

from firmware.training.bank import Bank
from wire.messages import AnswerPayment, AskPay, AskQuery, AskRefund, AskRefundQuery, AskReverse, AskSale

ORDER = "20261122000100230199000100000101"


def pay(fen: int) -> AskPay:
    return AskPay(ORDER, "wechat", "134000000000000000", fen, "shop", "01", 0)


def states(bank: Bank, *asks) -> list[str]:
    answers = [bank.answer(ask) for ask in asks]
    return [answer.state if isinstance(answer, AnswerPayment) else "silence" for answer in answers]


@pytest.mark.parametrize(
    ("fen", "told"),
    [
        (350, ["paid", "paid", "paid", "paid"]),
        (111, ["paying", "paying", "paying", "paid"]),
        (1022, ["failed", "failed", "failed", "failed"]),
        (133, ["unknown", "unknown", "unknown", "unknown"]),
        (144, ["silence", "silence", "silence", "silence"]),
    ],
)
def test_the_last_two_digits_tell_the_story(fen: int, told: list[str]) -> None:
    assert states(Bank(), pay(fen), *[AskQuery(ORDER)] * 3) == told


@pytest.mark.parametrize("fen", [350, 111, 133, 144])
def test_every_story_can_be_reversed_and_stays_so(fen: int) -> None:
    assert states(Bank(), pay(fen), AskReverse(ORDER), AskQuery(ORDER), pay(fen))[1:] == ["reversed"] * 3


def test_asked_again_a_payment_is_answered_alike() -> None:
    bank = Bank()
    assert bank.answer(pay(350)) == bank.answer(pay(350))
    assert bank.answer(pay(350)).paid_fen == 350


def test_a_number_never_seen_is_absent_and_reversed_for_good() -> None:
    assert states(Bank(), AskQuery(ORDER), AskReverse(ORDER), pay(350)) == ["absent", "reversed", "reversed"]


def test_money_goes_back_and_other_terminals_sales_are_not_known() -> None:
    bank = Bank()
    assert bank.answer(AskRefund("R" + ORDER[1:], ORDER, 350, "test")).state == "refunded"
    assert bank.answer(AskSale("R0001002301990001000001")).code == 6009


def test_a_refund_that_ends_in_55_is_processed_for_a_while() -> None:
    bank, number = Bank(), "R" + ORDER[1:]
    ask, poll = AskRefund(number, ORDER, 155, "test"), AskRefundQuery(number, ORDER)
    assert [bank.answer(each).state for each in (ask, ask, poll, poll)] == ["processing"] * 3 + ["refunded"]
    assert bank.answer(ask).state == "refunded", "asked again it stays so"
