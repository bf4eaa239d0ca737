"""What a shift hands on: money that waits, by number and by a supervisor; and what becomes of it when no shift is open."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from firmware.txn import checkout, closing, original, reprint, shift, till
from firmware.txn.command import Session
from firmware.txn.day import CloseDay, ReopenDay
from firmware.txn.handover import CloseShift, OpenShift, RollShift
from tests.giving.shop import known_supervisor
from tests.payments import till as money
from tests.payments.test_states import assert_sound
from tests.payments.till import ALIPAY, WECHAT, Till
from wire.messages import AskQuery, AskRefundQuery

CLOSE = "MENU 8 2"


def read(counter: Till) -> Till:
    """Whatever the terminal has to say is read and put away."""
    while counter.screen in ("Notice", "Refused", "Sold"):
        counter.keys("OK")
    return counter


def shop(folder: Path, **sections: dict) -> Till:
    """On line, with supervisor 00 whose PIN is 385274."""
    counter = money.till(folder, **sections)
    known_supervisor(counter)
    return counter


def parked(folder: Path) -> Till:
    """One order put aside, its payment unknown."""
    return shop(folder).basket().pay().answer("unknown").keys("F1")


def full(folder: Path) -> Till:
    """One sale in cash, and the batch is full."""
    counter = shop(folder, shift={"batch_records_max": 1}).basket().keys("OK F1 OK")
    assert counter.screen == "BatchFull", counter.text()
    return counter.keys("CANCEL")


def processing(folder: Path) -> Till:
    """One refund that the channel still works on: of money that came twice."""
    counter = shop(folder).basket().pay().answer("failed", code=5002).keys("OK OK").answer("paid", "query").keys("OK")
    return read(counter.refund_answer("processing"))


def counted(counter: Till) -> Till:
    """Through the warning, and the drawer counted as it should be."""
    if counter.screen != "StillOpen":
        counter.keys(CLOSE)
    if counter.screen == "StillOpen":
        counter.keys("OK")
    expected = till.expected_cash(closing.running(counter.ledger))
    assert expected % 10_000 == 0 or expected == 20_700, "two pieces of hundred, and a five and two ones"
    return counter.keys("2 OK OK OK OK" + (" 1 OK 2" if expected % 10_000 else "") + " F1")


def approved(counter: Till) -> Till:
    assert counter.screen == "Override", counter.text()
    counter.keys("0 0 OK 3 8 5 2 7 4 OK")
    assert counter.screen == "ShiftDone", counter.text()
    return counter


def closed(counter: Till) -> Till:
    return approved(counted(counter)).keys("OK")


def reopened(counter: Till) -> Till:
    """The next shift; what covers the screen is read first."""
    read(counter).keys("2 0 0 0 0 OK")
    assert shift.current(counter.ledger) is not None, counter.text()
    return counter


def cut(counter: Till) -> Till:
    """The power goes and comes back; the cashier signs on."""
    counter.cut()
    counter.boot().sign_on()
    return counter.online()


# --- the warning and the supervisor ---


def test_an_unknown_payment_is_warned_of_and_carried_over_by_a_supervisor(tmp_path) -> None:
    counter = parked(tmp_path).keys(CLOSE)
    assert counter.screen == "StillOpen"
    assert "[8011]" in counter.text()
    assert "待确认的单 1" in counter.text()
    counted(counter)
    assert counter.screen == "Override"
    assert "[8011]" in counter.text()
    assert shift.current(counter.ledger) is not None
    approved(counter)
    fact = counter.one("shift_closed")
    assert (fact.carried, fact.approver) == ((counter.payment.order_no,), "00")
    assert counter.one("approved").code == 8011


def test_a_refund_under_way_is_carried_by_its_number(tmp_path) -> None:
    counter = processing(tmp_path).keys(CLOSE)
    assert "退款处理中 1" in counter.text()
    closed(counter)
    assert counter.one("shift_closed").carried == (counter.one("refund_sent").refund_no,)
    reopened(counter)
    before = len(counter.asks(AskRefundQuery))
    counter.pass_time(400_000)
    assert len(counter.asks(AskRefundQuery)) > before, "it is asked about in the next shift"


def test_an_order_nothing_is_asked_for_is_carried_by_its_own_number(tmp_path) -> None:
    counter = shop(tmp_path).basket().keys("OK * 2 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK CANCEL F1")
    assert [each.state for each in checkout.parked(counter.ledger)] == ["parked"]
    closed(counter)
    assert counter.one("shift_closed").carried == ("000001-000001",)


def test_a_refund_the_channel_refused_holds_nobody_up(tmp_path) -> None:
    counter = processing(tmp_path).refund_answer("failed", 5016)
    counted(read(counter))
    assert counter.screen == "ShiftDone"
    assert counter.one("shift_closed").carried == ()


def test_a_full_batch_takes_what_waits_along(tmp_path) -> None:
    counter = full(tmp_path).basket().pay().answer("unknown").keys("F1")
    assert counter.terminal.do(RollShift()) is None
    assert counter.one("shift_closed").carried == (counter.payment.order_no,)
    counter.answer("paid", "query")
    sale = counter.journal("sale")[-1]
    assert (sale.batch, sale.late) == (2, True)


def test_an_order_paid_in_a_later_batch_is_found_by_its_number(tmp_path) -> None:
    """The number on the customer's bill names the batch it was opened in."""
    counter = full(tmp_path).basket().pay().answer("unknown").keys("F1")
    number = counter.payment.order_no
    counter.terminal.do(RollShift())
    counter.answer("paid", "query")
    seq = original.recent(counter.ledger, 0)[0][0]
    found = original.by_order(counter.ledger, counter.ledger.terminal, number)
    assert found is not None
    assert (found.origin.seq, found.sale.batch) == (seq, 2)
    assert [each.seq for each in reprint.by_ending(counter.ledger, number)] == [seq]
    assert reprint.by_ending(counter.ledger, number[-4:]) == (), "by its end only what is on the bill"
    assert counter.ledger.differences() == []


def test_a_batch_that_is_not_full_is_not_rolled(tmp_path) -> None:
    refusal = shop(tmp_path).basket().keys("OK F1 OK").terminal.do(RollShift())
    assert refusal is not None
    assert refusal.code == 6008


def test_only_a_supervisor_rolls_anothers_batch(tmp_path) -> None:
    counter = full(tmp_path)
    counter.terminal.session = Session("02", "cashier")
    refusal = counter.terminal.do(RollShift())
    assert refusal is not None
    assert refusal.code == 2006
    counter.terminal.session = Session("00", "supervisor")
    assert counter.terminal.do(RollShift()) is None


def test_a_day_before_the_one_opened_again_keeps_its_z(tmp_path) -> None:
    counter = shop(tmp_path)
    counter.terminal.session = Session("00", "supervisor")
    current = shift.current(counter.ledger)
    assert current is not None
    first = date.fromisoformat(current.business_date)
    second = (first + timedelta(days=1)).isoformat()
    till_ = counter.terminal
    for day in (first.isoformat(), second):
        if day == second:
            assert till_.do(OpenShift(20_000, day)) is None
        assert till_.do(CloseShift(((10_000, 2),))) is None
        assert till_.do(CloseDay()) is None
    assert till_.do(ReopenDay("other")) is None
    refusal = till_.do(OpenShift(20_000, first.isoformat()))
    assert refusal is not None
    assert refusal.code == 9011
    assert till_.do(OpenShift(20_000, second)) is None


def test_the_open_basket_is_held_from_here(tmp_path) -> None:
    counter = shop(tmp_path).basket().keys(CLOSE)
    assert "购物车未结" in counter.text()
    counter.keys("F1")
    assert counter.one("basket_held").hold == 1
    assert "挂单 1" in counter.text()
    counted(counter)
    assert counter.one("shift_closed").holds == 1


# --- the late result ---


def test_a_result_in_the_next_shift_is_booked_there_and_marked(tmp_path) -> None:
    counter = reopened(closed(parked(tmp_path)))
    before = len(counter.asks(AskQuery))
    counter.pass_time(6_000)
    assert len(counter.asks(AskQuery)) > before, "it is asked about in the next shift"
    counter.answer("paid", "query")
    sale = counter.one("sale")
    assert (sale.batch, sale.late, sale.trace) == (2, True, 1)
    figures = closing.running(counter.ledger)
    assert (figures[till.LATE], figures[till.LATE_FEN], figures["sales"]) == (1, 700, 1)
    assert closing.closings(counter.ledger)[0].ours["sales"] == 0, "not to the shift that is closed"
    assert_sound(counter)


def test_an_order_that_stands_at_the_counter_is_late_in_the_next_shift_too(tmp_path) -> None:
    counter = full(tmp_path).basket().pay().answer("unknown")
    assert counter.terminal.do(RollShift()) is None
    counter.answer("paid", "query")
    sale = counter.journal("sale")[-1]
    assert (sale.batch, sale.late) == (2, True)


@pytest.mark.parametrize("cuts", ["none", "before", "after", "both"])
def test_paid_while_no_shift_is_open_is_booked_once_in_the_next(tmp_path, cuts) -> None:
    counter = closed(parked(tmp_path))
    number = counter.payment.order_no
    if cuts in ("before", "both"):
        cut(counter)
    counter.answer("paid", "query", number=number)
    assert counter.journal("sale") == [], "there is no shift to book it in"
    assert [each.trace for each in checkout.covered(counter.ledger)] == [1]
    if cuts in ("after", "both"):
        cut(counter)
    assert counter.journal("sale", "refund_sent") == []
    reopened(counter)
    sale = counter.one("sale")
    assert (sale.batch, sale.late, [part.order_no for part in sale.tenders]) == (2, True, [number])
    counter.answer("paid", "query", number=number)
    cut(counter)
    assert len(counter.journal("sale")) == 1
    assert counter.journal("refund_sent", "reversal_sent") == []
    assert_sound(counter)


def test_also_after_the_z(tmp_path) -> None:
    counter = closed(parked(tmp_path)).keys("CANCEL 0 0 OK 3 8 5 2 7 4 OK MENU 8 4 OK F1")
    assert counter.journal("day_closed") != [], counter.text()
    counter.answer("paid", "query").keys("OK")
    cut(counter)
    assert counter.journal("sale") == []
    counter.keys("2 0 0 0 0 OK F1")
    assert shift.current(counter.ledger) is not None, counter.text()
    sale = counter.one("sale")
    assert (sale.batch, sale.late) == (2, True)
    assert sale.business_date == shift.current(counter.ledger).business_date != counter.one("day_closed").business_date


@pytest.mark.parametrize("cuts", [False, True])
def test_paid_while_no_shift_is_open_for_an_order_that_was_dropped_goes_back(tmp_path, cuts) -> None:
    counter = shop(tmp_path).basket().pay().answer("failed", code=5004).keys("OK CANCEL F2 OK")
    assert counter.journal("order_dropped") != []
    counted(counter)
    assert counter.screen == "ShiftDone", counter.text()
    counter.keys("OK").answer("paid", "query")
    back = counter.one("refund_sent")
    assert (back.order_no, back.amount_fen, back.why) == (counter.payment.order_no, 700, "late")
    if cuts:
        cut(counter)
    counter.refund_answer("refunded")
    reopened(counter.keys("OK"))
    assert counter.journal("sale") == []
    assert len(counter.journal("refund_sent")) == 1
    assert_sound(counter)


def test_what_covers_an_order_between_shifts_ends_what_may_still_pay_for_it(tmp_path) -> None:
    """The first code of an order failed and is then called paid, while its second is unknown: only one of them stays."""
    counter = shop(tmp_path).basket().pay(WECHAT).answer("failed", code=5004).keys("OK")
    first = counter.payment.order_no
    counter.scan(ALIPAY).answer("unknown").keys("F1")
    second = counter.payment.order_no
    closed(counter)
    counter.answer("paid", "query", number=first)
    reopened(counter)
    assert [part.order_no for part in counter.one("sale").tenders] == [first]
    assert counter.one("reversal_sent").order_no == second


# --- the slip of a late sale ---


def test_a_late_sale_prints_when_somebody_is_there(tmp_path) -> None:
    counter = parked(tmp_path)
    assert counter.printed() == [], "never a slip from an unknown"
    counter.answer("paid", "query")
    assert counter.one("sale").late
    assert [each.receipt.kind for each in counter.printed()] == ["sale"]
    assert "小票随后打印" in counter.text()


def test_a_sale_booked_when_the_shift_opens_prints_then(tmp_path) -> None:
    counter = closed(parked(tmp_path)).answer("paid", "query")
    assert "开班后自动入账" in counter.text()
    counter.out.clear()
    reopened(counter)
    assert [each.receipt.kind for each in counter.printed()] == ["sale"]


def test_with_nobody_there_no_slip_lies_about_and_it_is_to_be_had_later(tmp_path) -> None:
    counter = parked(tmp_path).keys("MENU 9 9")
    assert not counter.terminal.session.operator
    counter.answer("paid", "query")
    assert (counter.one("sale").late, counter.one("sale").print_slip) == (True, False)
    assert counter.printed() == []
    assert "小票可补打" in counter.text()
    read(counter).sign_on().keys("# 1 OK")
    read(counter)
    assert [each.receipt.kind for each in counter.printed()] == ["sale"], counter.text()
