"""Reservations: what is given up is told until it is heard, and what is granted is decided again when it is used."""

from dataclasses import replace

import msgspec
import pytest

from firmware.events import LinkDown, LinkUp
from firmware.txn import original, reserve, shift
from firmware.txn.approve import Approve
from firmware.txn.command import Session
from firmware.txn.refund import VoidSale
from firmware.txn.reserve import UseReservation
from rules.giving_back import DAY_MS
from tests.counter import Counter
from tests.giving import shop
from tests.giving.test_refund import till
from tests.giving.test_screens import asked
from wire.facts import Approved, Line, Reduction, ReserveFreed, ReserveSent, Sale, ShiftClosed, ShiftOpened, TenderPart
from wire.messages import AnswerReserve, AnswerSale, AskReserve


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
    counter.terminal.do(reserve.EndReservation(number, 6014))
    told(counter)
    counter.pass_time(60_000)
    assert told(counter) == 0


# --- used -------------------------------------------------------------------------------------------------------------


def code_of(counter: Counter, number: str) -> int:
    refusal = counter.terminal.do(UseReservation(number))
    return refusal.code if refusal else 0


def voiding(tmp_path) -> tuple[Counter, str]:
    """A void of a sale of the running batch waits for the backend."""
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line(milli=2000))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    (number,) = reserve.open_reservations(counter.ledger)
    return counter, number


def next_batch(counter: Counter) -> None:
    current = shift.current(counter.ledger)
    assert current is not None
    date = current.business_date
    shop.journal(counter, ShiftClosed(current.batch, "01", date, current.opened_seq, {}, 0, 0, 0, {}, 1))
    shop.journal(counter, ShiftOpened(current.batch + 1, "01", date, 0, {}))


def test_a_void_finished_in_the_next_batch_is_a_refund(tmp_path) -> None:
    counter, number = voiding(tmp_path)
    next_batch(counter)
    assert code_of(counter, number) == 0
    (back,) = shop.refunds(counter)
    assert (back.way, back.batch, back.origin.batch) == ("refund", 2, 1)


def test_nobody_who_may_not_give_back_finishes_it(tmp_path) -> None:
    counter, number = voiding(tmp_path)
    counter.terminal.session = Session()
    assert code_of(counter, number) == 2001
    counter.terminal.session = Session("01", "cashier")
    next_batch(counter)
    assert code_of(counter, number) in (2006, 2012)
    assert shop.refunds(counter) == []
    assert reserve.open_reservations(counter.ledger) == (number,)
    shop.as_supervisor(counter)
    assert code_of(counter, number) == 0


def test_whoever_finishes_it_is_on_record_as_having_done_it(tmp_path) -> None:
    """The approval names him: a refund in the name of whoever asked for it would stand there without one."""
    counter, number = voiding(tmp_path)
    counter.terminal.session = Session("02", "cashier")
    next_batch(counter)
    approve = Approve(UseReservation(number), "00", code_of(counter, number))
    assert counter.terminal.do(approve) is None
    (back,) = shop.refunds(counter)
    (approved,) = shop.of_kind(counter, Approved)
    assert (back.operator, back.approver) == (approved.operator, approved.approver) == ("02", "00")


def test_the_time_may_be_over_when_it_is_finished(tmp_path) -> None:
    counter, number = voiding(tmp_path)
    next_batch(counter)
    counter.terminal.now = replace(counter.terminal.now, wall_ms=counter.day_ms + 40 * DAY_MS)
    assert code_of(counter, number) == 5016


# --- by which means -----------------------------------------------------------------------------------------------------

MIXED = (TenderPart("card", 350, reference="1" * 12, last4="8888"), TenderPart("cash", 700))


def elsewhere(sale: Sale, **told) -> AnswerSale:
    return AnswerSale("k", 0, "00019999", 77, 30, 1_795_341_600_000, sale, **told)


def sale_elsewhere(*lines: Line, tenders: tuple[TenderPart, ...], **more) -> Sale:
    total, due = sum(x.amount_fen for x in lines), sum(part.paid_fen for part in tenders)
    return Sale(7, 1, "01", "2026-11-22", lines, total, 0, due, tenders, 0, **more)


def test_what_another_terminal_gave_back_by_a_means_is_not_given_back_by_it_again(tmp_path) -> None:
    counter = shop.online(till(tmp_path))
    sale = sale_elsewhere(*(shop.line() for _ in range(3)), tenders=MIXED)
    told = elsewhere(sale, given_back={"0": 1000}, given_back_fen=350, given_tenders={"cash": 350})
    known = original.told(counter.ledger, counter.ledger.terminal, told)
    assert known is not None
    assert [(part.kind, fen) for part, fen in known.tenders(known.left_fen)] == [("card", 350), ("cash", 350)]
    assert shop.refund(counter, known, (1, 1000)) is None
    (plan,) = shop.of_kind(counter, ReserveSent)
    assert reserve.ask_of(plan).tenders == {"card8888": 350}


def test_a_reduction_that_leaves_one_line_whole_adds_up(tmp_path) -> None:
    """A line without a net brings its amount."""
    counter = shop.online(till(tmp_path))
    lines = (shop.line(price=700, net=670), msgspec.structs.replace(shop.line(price=500), net_fen=None))
    cut = (Reduction("line_discount", 30, 0),)
    sale = sale_elsewhere(*lines, tenders=(TenderPart("cash", 1170),), reductions=cut)
    known = original.told(counter.ledger, counter.ledger.terminal, elsewhere(sale))
    assert known is not None
    assert [known.share_fen(index, 1000) for index in (0, 1)] == [670, 500]
    wrong = msgspec.structs.replace(sale, due_fen=1200, tenders=(TenderPart("cash", 1200),))
    assert original.told(counter.ledger, counter.ledger.terminal, elsewhere(wrong)) is None


def test_the_limit_of_a_supervisor_holds_for_a_sale_on_a_day_in_however_many_parts(tmp_path) -> None:
    counter = till(tmp_path, refunds={"supervisor_max_fen": 500})
    known = shop.sold(counter, shop.line(milli=2000))
    assert shop.refund(counter, known, (0, 1000)) is None
    refusal = shop.refund(counter, known, (0, 1000))
    assert refusal is not None
    assert refusal.code == 2016
    assert [back.total_fen for back in shop.refunds(counter)] == [350]
