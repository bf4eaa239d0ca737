"""Reservations: what is given up is told until it is heard, and what is granted is decided again when it is used."""

import pytest

from firmware.events import LinkDown, LinkUp
from firmware.txn import reserve
from firmware.txn.reserve import EndReservation
from tests.counter import Counter
from tests.giving import shop
from tests.giving.test_refund import till
from tests.giving.test_screens import asked
from wire.facts import ReserveFreed
from wire.messages import AnswerReserve, AskReserve


def reserved(tmp_path) -> tuple[Counter, str]:
    """Goods of a sale of our own are kept for a refund."""
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line(milli=2000))
    assert shop.refund(counter, known) is None
    (number,) = reserve.open_reservations(counter.ledger)
    return counter, number


def told(counter: Counter) -> int:
    """How often the backend was told that goods are given up, since the last look."""
    count = sum(not ask.quantities for ask in asked(counter, AskReserve))
    counter.out.clear()
    return count


# --- given up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 6008])
def test_what_is_given_up_is_told_until_it_is_heard(tmp_path, code) -> None:
    counter, number = reserved(tmp_path)
    counter.keys("MENU 5 F2 F2")
    assert reserve.open_reservations(counter.ledger) == ()
    told(counter)
    counter.pass_time(60_000)
    assert told(counter) >= 3, "the first was lost"
    counter.step(LinkDown(1003))
    counter.pass_time(60_000)
    assert told(counter) == 0
    counter.step(LinkUp())
    assert told(counter) == 1
    counter.cut()
    counter.boot().sign_on()
    counter.step(LinkUp())
    assert told(counter) == 1, "after a power cut too"
    shop.answer(counter, AnswerReserve(number, granted=False, code=code))
    assert [fact.reserve_no for fact in shop.of_kind(counter, ReserveFreed)] == [number]
    counter.pass_time(600_000)
    counter.step(LinkDown(1003))
    counter.step(LinkUp())
    assert told(counter) == 0
    assert counter.ledger.differences() == []


@pytest.mark.parametrize("late", [AnswerReserve("", granted=True), AnswerReserve("", granted=False, code=6014)])
def test_a_late_answer_about_the_goods_is_no_answer_about_giving_them_up(tmp_path, late) -> None:
    counter, number = reserved(tmp_path)
    counter.keys("MENU 5 F2 F2")
    shop.answer(counter, AnswerReserve(number, late.granted, late.code))
    told(counter)
    counter.pass_time(60_000)
    assert told(counter) > 0
    assert shop.of_kind(counter, ReserveFreed) == []


def test_what_the_backend_refused_it_does_not_keep(tmp_path) -> None:
    counter, number = reserved(tmp_path)
    counter.terminal.do(EndReservation(number, 6014))
    told(counter)
    counter.pass_time(60_000)
    assert told(counter) == 0
