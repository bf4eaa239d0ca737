"""Every state of a payment × what the backend, the link and the power do (domain 1.4)."""

from pathlib import Path

import msgspec
import pytest

from firmware.events import Answered, Ask, AskFailed, LinkUp, ToneName
from firmware.txn import checkout, payment, refund_parts
from firmware.txn.command import Refusal
from rules.orders import order_no
from tests.payments.till import ALIPAY, BILL, UNIONPAY, WECHAT, Till, till
from wire.messages import AnswerPayment, AskPay, AskQuery, AskReverse


def sent(folder: Path) -> Till:
    return till(folder).basket().pay()


def unknown(folder: Path) -> Till:
    return sent(folder).answer("unknown")


def reversing(folder: Path) -> Till:
    counter = unknown(folder).keys("F2")
    counter.pass_time(16_000)
    assert counter.since()[-1] == "reverse"
    return counter


def paid(folder: Path) -> Till:
    return sent(folder).answer("paid")


def failed(folder: Path) -> Till:
    return sent(folder).answer("failed", code=5002)


def reversed_(folder: Path) -> Till:
    return reversing(folder).answer("reversed")


def parked(folder: Path) -> Till:
    return unknown(folder).keys("F1")


def dropped(folder: Path) -> Till:
    return unknown(folder).keys("CANCEL F2 OK")


STATES = {
    "sent": sent, "unknown": unknown, "reversing": reversing, "paid": paid, "failed": failed, "reversed": reversed_,
    "parked": parked, "dropped": dropped,
}  # fmt: skip
ANSWERS = {
    "paid": ("paid", None), "damaged": ("paid", 1), "failed": ("failed", None), "paying": ("paying", None),
    "unknown": ("unknown", None), "reversed": ("reversed", None), "absent": ("absent", None),
}  # fmt: skip

AFTER = {
    # state: what it becomes by each answer, to the pay ask or a query; the same for most answers to a reversal
    "sent": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "unknown": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "parked": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "reversing": {"failed": "failed", "reversed": "reversed", "": "reversing"},
    "dropped": {"failed": "failed", "reversed": "reversed", "": "reversing"},
    "paid": {"": "paid"},
    "failed": {"paid": "paid", "damaged": "failed", "": "failed"},
    "reversed": {"": "reversed"},
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("to", ["pay", "query"])
@pytest.mark.parametrize("state", STATES)
def test_what_an_answer_makes_of_a_payment(tmp_path, state, to, answer) -> None:
    counter = STATES[state](tmp_path)
    word, amount = ANSWERS[answer]
    counter.answer(word, to, 5002 if word == "failed" else 0, amount)
    wanted = AFTER[state].get(answer, AFTER[state][""])
    if (state, to, answer) == ("reversed", "query", "paid"):
        wanted = "paid"  # asked again after the reversal: money is there after all
    if (state, to, answer) == ("reversed", "query", "damaged"):
        wanted = "failed"
    assert counter.payment.state == wanted
    assert_sound(counter)
    counter.answer(word, to, 5002 if word == "failed" else 0, amount)  # the same word twice changes nothing
    assert counter.payment.state == wanted
    assert_sound(counter)


REVERSED = {
    # state: what it becomes by each answer to a reversal, in time, late or doubled
    "sent": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "unknown": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "parked": {"paid": "paid", "damaged": "unknown", "failed": "failed", "reversed": "reversed", "": "unknown"},
    "reversing": {"paid": "paid", "damaged": "failed", "failed": "failed", "reversed": "reversed", "": "reversing"},
    "dropped": {"paid": "paid", "damaged": "failed", "failed": "failed", "reversed": "reversed", "": "reversing"},
    "paid": {"": "paid"},
    "failed": {"paid": "paid", "damaged": "failed", "": "failed"},
    "reversed": {"": "reversed"},
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("state", STATES)
def test_what_an_answer_to_a_reversal_makes_of_a_payment(tmp_path, state, answer) -> None:
    """Once and again; a second word that says the opposite moves no money either."""
    counter = STATES[state](tmp_path)
    word, amount = ANSWERS[answer]
    wanted = REVERSED[state].get(answer, REVERSED[state][""])
    for _ in range(2):
        counter.answer(word, "reverse", 5016 if word == "failed" else 0, amount)
        assert counter.payment.state == wanted
        assert_sound(counter)
    sold = len(counter.journal("sale"))
    counter.answer("paid" if word == "reversed" else "reversed", "reverse")
    assert_sound(counter)
    if wanted in ("paid", "reversed"):
        assert (counter.payment.state, len(counter.journal("sale"))) == (wanted, sold), "what is decided stays"


def assert_sound(counter: Till) -> None:
    """No sale from anything but money heard to be there; no money kept that bought nothing and is not on its way back."""
    counter.ledger.commit()
    assert counter.ledger.differences() == []
    sold = {part.order_no: part.paid_fen for sale in counter.journal("sale") for part in sale.tenders if part.order_no}
    for number, fen in sold.items():
        known = payment.find(counter.ledger, number)
        assert known is not None
        assert (known.state in ("paid", "reversing"), known.paid_fen) == (True, fen)
    for each in counter.journal("payment_sent"):
        known = payment.find(counter.ledger, each.order_no)
        order = checkout.find(counter.ledger, each.trace)
        assert known is not None
        assert order is not None
        if known.state == "paid" and each.order_no not in sold and order.state not in ("open", "parked"):
            assert refund_parts.of_payment(counter.ledger, each.order_no), "money kept for nothing"
    assert len(counter.journal("refund_sent")) <= 1


def test_paid_at_once_is_sold_in_the_same_commit_with_the_channels_number(tmp_path) -> None:
    counter = sent(tmp_path)
    syncs = counter.ledger.syncs
    counter.answer("paid")
    assert counter.ledger.syncs == syncs + 1
    assert counter.screen == "Sold"
    assert "收款成功 7.00" in counter.text()
    sale = counter.one("sale")
    (part,) = sale.tenders
    assert (part.kind, part.channel, part.paid_fen, part.channel_no, part.fee_fen) == ("code", "wechat", 700, BILL, 4)
    assert part.order_no == "20261122000100230700000100000101"
    assert (sale.trace, sale.due_fen, sale.rounding_fen, sale.open_drawer, sale.late) == (1, 700, 0, False, False)
    assert len(counter.printed()) == 1
    assert counter.pulses() == []
    assert counter.tones(ToneName.SUCCESS) == 1


def test_it_is_journaled_before_it_leaves_and_the_ask_names_its_record(tmp_path) -> None:
    counter = sent(tmp_path)
    (ask,) = [each for each in counter.asked if isinstance(each.ask, AskPay)]
    fact = counter.ledger.fact(ask.because)
    assert (fact.KIND, fact.order_no, fact.last4) == ("payment_sent", ask.ask.order_no, "6789")
    assert ask.because <= counter.ledger.durable_seq
    assert counter.facts()[-2:] == ["order_opened", "payment_sent"]
    assert (ask.ask.auth_code, ask.ask.amount_fen, ask.ask.channel) == (WECHAT, 700, "wechat")


def test_a_silent_backend_is_queried_after_5_s_then_every_5_s_until_the_deadline_and_then_reversed(tmp_path) -> None:
    counter = sent(tmp_path)
    assert "正在收款" in counter.text()
    counter.pass_time(5_000)
    assert counter.since() == ["pay", "query"]
    assert counter.payment.state == "unknown"
    assert "结果查询中(5s)" in counter.text()
    counter.pass_time(38_000)
    assert set(counter.since()) == {"query"}
    assert "结果查询中(43s)" in counter.text()
    counter.pass_time(3_000)
    assert "结果未知,请勿放行" in counter.text()
    assert "reverse" not in counter.since()
    counter.pass_time(5_000)
    assert counter.since()[-1] == "reverse"
    assert counter.payment.state == "reversing"
    assert "结果未知,请勿放行" in counter.text()
    assert "[5008]" in counter.text()
    assert counter.journal("sale") == []


def test_the_reversal_follows_the_last_query_without_a_gap(tmp_path) -> None:
    counter = sent(tmp_path).answer("paying")
    while counter.payment.state == "unknown":
        counter.pass_time(3_000)
        if counter.payment.state == "unknown":
            counter.answer("paying", "query")
    assert counter.payment.state == "reversing"
    kinds = [type(each.ask).__name__ for each in counter.asked]
    assert kinds[-2:] == ["AskQuery", "AskReverse"]
    assert kinds.count("AskReverse") == 1


def test_a_customer_who_types_the_password_is_waited_for(tmp_path) -> None:
    counter = sent(tmp_path).answer("paying")
    assert "请顾客输入密码" in counter.text()
    counter.pass_time(3_000)
    assert counter.since() == ["pay", "query"]
    counter.answer("paid", "query")
    assert counter.screen == "Sold"


def test_all_asks_of_one_payment_carry_its_number(tmp_path) -> None:
    counter = reversing(tmp_path)
    assert len({each.ask.order_no for each in counter.asked}) == 1


def test_no_reversal_before_15_s(tmp_path) -> None:
    counter = sent(tmp_path).keys("F2")
    assert counter.payment.state == "reversing"
    counter.pass_time(14_000)
    assert "reverse" not in counter.since()
    counter.pass_time(1_000)
    assert counter.since() == ["reverse"]


def test_a_reversal_is_repeated_with_growing_pauses_until_it_is_answered(tmp_path) -> None:
    counter = reversing(tmp_path)
    counter.pass_time(200_000)
    times = counter.since()
    assert set(times) == {"reverse"}
    assert 4 <= len(times) <= 6  # 5, 10, 20, 40, 60, 60 s
    assert "[5009]" in counter.text()
    assert [fact.code for fact in counter.journal("trouble")].count(5009) == 1
    counter.answer("unknown", "reverse")
    counter.pass_time(61_000)
    assert counter.since() == ["reverse"]
    counter.answer("reversed")
    assert "已撤销,未收款" in counter.text()
    counter.pass_time(200_000)
    assert counter.since() == []


def test_after_a_reversal_the_screen_says_so_and_the_rest_can_be_paid_otherwise(tmp_path) -> None:
    counter = reversed_(tmp_path)
    assert "已撤销,未收款" in counter.text()
    assert "查单" in counter.text()
    counter.pass_time(120_000)
    assert counter.screen == "CodePayment", "it stands until somebody has read it"
    counter.keys("OK OK")
    assert counter.screen == "Sold"
    assert [part.kind for part in counter.one("sale").tenders] == ["cash"]
    assert counter.one("sale").trace == 1, "the order's own number"


def test_a_refused_reversal_of_an_order_given_up_is_refunded(tmp_path) -> None:
    counter = dropped(tmp_path)
    counter.pass_time(16_000)
    assert counter.since()[-1] == "reverse"
    counter.answer("paid", "reverse", code=5016)
    assert counter.one("refund_sent").amount_fen == 700
    assert counter.since() == ["refund"]
    assert counter.journal("sale") == []


def test_a_reversal_that_finds_the_money_booked_for_good_books_it(tmp_path) -> None:
    counter = reversing(tmp_path).answer("paid", "reverse")
    assert counter.screen == "Sold"
    assert counter.one("sale").tenders[0].order_no == counter.payment.order_no


@pytest.mark.parametrize("code", [5007, 5008, 5009])
def test_a_reversal_that_is_only_pending_goes_on(tmp_path, code) -> None:
    counter = reversing(tmp_path).answer("failed", "reverse", code)
    assert counter.payment.state == "reversing"
    counter.pass_time(6_000)
    assert counter.since()[-1] == "reverse"


def test_a_new_code_after_a_failure_is_a_new_attempt(tmp_path) -> None:
    counter = failed(tmp_path)
    assert "[5002]" in counter.text()
    counter.scan(ALIPAY)
    numbers = [ask.order_no for ask in counter.asks(AskPay)]
    assert numbers[0][:-2] == numbers[1][:-2]
    assert [number[-2:] for number in numbers] == ["01", "02"]
    counter.answer("paid")
    assert counter.one("sale").tenders[0].channel == "alipay"


def test_absent_is_reversed_so_that_it_can_never_be_paid_later(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.pass_time(5_000)
    counter.answer("absent", "query")
    assert counter.payment.state == "unknown", "the ask may still be on its way"
    for _ in range(4):
        counter.pass_time(3_000)
        if counter.payment.state == "unknown":
            counter.answer("absent", "query")
    assert counter.payment.state == "reversing"
    assert counter.since()[-1] == "reverse"


# --- an amount that is not what was asked for ---


def test_a_wrong_amount_is_no_success_and_goes_back(tmp_path) -> None:
    counter = sent(tmp_path).answer("paid", paid=699)
    assert "[5023]" in counter.text()
    assert "请勿放行" in counter.text()
    assert counter.journal("sale") == []
    assert 5023 in [fact.code for fact in counter.journal("trouble")]
    counter.pass_time(15_000)
    assert counter.since()[-1] == "reverse"
    counter.answer("paid", "reverse", paid=699)
    (back,) = counter.journal("refund_sent")
    assert (back.amount_fen, back.why, back.trace) == (699, "late", 0)
    assert_sound(counter)


# --- money that comes late ---


def test_a_late_success_of_a_failed_payment_still_pays_for_the_order_that_waits(tmp_path) -> None:
    counter = failed(tmp_path).answer("paid", "query")
    assert len(counter.journal("sale")) == 1
    assert counter.journal("refund_sent") == []


def test_a_late_success_on_an_order_settled_in_cash_goes_back_by_itself(tmp_path) -> None:
    counter = failed(tmp_path).keys("OK OK")
    assert counter.one("sale").tenders[0].kind == "cash"
    counter.since()
    counter.answer("paid", "query")
    (back,) = counter.journal("refund_sent")
    assert (back.amount_fen, back.why, back.trace) == (700, "duplicate", 0)
    assert back.refund_no == counter.payment.order_no[8:] + "R01"
    assert "[5024]" in counter.text()
    assert counter.since() == ["refund"]
    assert [fact.code for fact in counter.journal("trouble")] == [5024]
    counter.answer("paid", "query")
    assert counter.since() == [], "once"
    counter.refund_answer("refunded")
    assert counter.one("refund_heard").state == "refunded"
    assert checkout.unfinished(counter.ledger) == ()


def test_a_refund_of_what_the_channel_had_reversed_is_nobodys_to_pay_again(tmp_path) -> None:
    """An answer that came late said paid; the customer has the money by the reversal, and must not get cash besides."""
    counter = dropped(tmp_path)
    counter.pass_time(15_000)
    counter.answer("reversed", "reverse").answer("paid", "query")
    assert counter.one("refund_sent").why == "late"
    counter.refund_answer("failed", 5011)
    assert counter.one("refund_heard").state == "refunded"
    assert counter.payment.state == "reversed"
    assert checkout.unfinished(counter.ledger) == (), "there is nothing to be turned into cash"


def test_a_dropped_orders_money_comes_back_by_reversal(tmp_path) -> None:
    counter = dropped(tmp_path)
    assert counter.screen == "Idle"
    assert counter.one("reversal_sent").why == "dropped"
    counter.pass_time(15_000)
    assert counter.since()[-1] == "reverse"
    counter.answer("paid", "query")
    assert counter.journal("refund_sent") == [], "the reversal gives it back"
    counter.answer("paid", "reverse")
    (back,) = counter.journal("refund_sent")
    assert back.why == "late"


def test_two_codes_that_both_pay_are_one_sale_and_one_refund(tmp_path) -> None:
    counter = failed(tmp_path).scan(ALIPAY)
    first, second = (ask.order_no for ask in counter.asks(AskPay))
    counter.answer("paid", "query", number=first)
    (sale,) = counter.journal("sale")
    assert sale.tenders[0].order_no == first
    assert counter.one("reversal_sent").order_no == second
    counter.pass_time(15_000)
    counter.answer("paid", "reverse", number=second)
    (back,) = counter.journal("refund_sent")
    assert (back.order_no, back.why) == (second, "duplicate")


def test_called_paid_after_the_reversal_is_asked_once_more(tmp_path) -> None:
    counter = reversed_(tmp_path)
    counter.since()
    counter.answer("paid", "pay")
    assert counter.since() == ["query"]
    counter.answer("paid", "pay")
    assert counter.since() == []
    counter.answer("reversed", "query")
    assert counter.journal("refund_sent") == []
    counter.answer("paid", "query")
    assert counter.one("refund_sent").why == "late"
    assert_sound(counter)


# --- the link ---


def test_offline_nothing_is_asked_and_nothing_is_queued(tmp_path) -> None:
    counter = till(tmp_path).basket().offline().pay()
    assert "[5022]" in counter.text()
    counter.online()
    counter.pass_time(60_000)
    assert counter.asked == []
    assert counter.journal("order_opened", "payment_sent") == []
    assert len(counter.terminal.session.basket.lines) == 1


def test_a_silent_backend_counts_as_offline(tmp_path) -> None:
    counter = till(tmp_path)
    counter.acks = False
    counter.keys("5 0 0 OK OK OK")
    counter.pass_time(11_000)
    counter.basket().pay()
    assert "[5022]" in counter.text()


def test_no_number_leaves_before_the_backend_has_granted_the_epoch(tmp_path) -> None:
    counter = Till(tmp_path)
    counter.open_for_business()
    counter.step(LinkUp())
    counter.basket().pay()
    assert "[5022]" in counter.text()
    assert "编号" in counter.text()
    assert counter.asked == []
    assert counter.journal("payment_sent") == []


def test_an_ask_that_never_left_has_surely_failed(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.step(AskFailed(counter.payment.order_no, "pay"))
    assert counter.payment.state == "failed"
    assert "[5022]" in counter.text()
    counter.keys("OK").scan(WECHAT)
    assert counter.payment.attempt == 2


def test_an_ask_that_never_left_shows_no_earlier_customers_sale(tmp_path) -> None:
    counter = till(tmp_path).basket().keys("OK OK")
    assert counter.screen == "Sold"
    counter.keys("OK").basket().pay()
    counter.step(AskFailed(counter.payment.order_no, "pay"))
    assert counter.screen == "CodePayment"
    assert "[5022]" in counter.text()
    assert len(counter.journal("sale")) == 1


def test_the_reversal_follows_the_last_query_without_a_gap_whatever_the_settings_say(tmp_path) -> None:
    counter = till(tmp_path, payment={"deadline_s": 30, "reverse_not_before_s": 60}).basket().pay().answer("paying")
    asked: list[tuple[str, int]] = []
    begun = counter.ms
    while counter.ms < begun + 70_000:
        counter.pass_time(500)
        for kind in counter.since():
            asked.append((kind, counter.ms - begun))
            if kind == "query":
                counter.answer("paying", "query")
    (*_, (before, query_ms), (last, reverse_ms)) = asked[: [kind for kind, _ in asked].index("reverse") + 1]
    assert (before, last) == ("query", "reverse")
    assert reverse_ms - query_ms <= 1_000
    assert reverse_ms >= 60_000 - 1_000


@pytest.mark.parametrize("kind", ["query", "sale", "refund"])
def test_a_look_up_that_never_left_says_nothing_of_the_payment(tmp_path, kind) -> None:
    counter = sent(tmp_path)
    counter.step(AskFailed(counter.payment.order_no, kind))
    assert counter.payment.state == "sent"
    assert counter.journal("payment_heard") == []
    counter.since()
    counter.pass_time(6_000)
    assert counter.since() == ["query"]


def test_a_query_or_reversal_that_never_left_is_asked_again(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.pass_time(5_000)
    counter.step(AskFailed(counter.payment.order_no, "query"))
    assert counter.payment.state == "unknown"
    counter.since()
    counter.pass_time(5_000)
    assert "query" in counter.since()
    counter.keys("F2")
    counter.pass_time(10_000)
    assert counter.since()[-1] == "reverse"
    counter.step(AskFailed(counter.payment.order_no, "reverse"))
    counter.pass_time(11_000)
    assert counter.since() == ["reverse"]


@pytest.mark.parametrize("before_s", [2, 20, 60])
def test_a_link_cut_asks_when_it_is_mended(tmp_path, before_s) -> None:
    counter = sent(tmp_path)
    counter.since()
    counter.pass_time(1_000)
    counter.offline()
    counter.pass_time(before_s * 1_000)
    assert counter.since() == []
    assert ("结果未知,请勿放行" in counter.text()) == (before_s >= 5)
    counter.online()
    assert counter.since() == ["query"]
    counter.answer("unknown", "query")
    assert counter.since() == (["reverse"] if before_s == 60 else [])


@pytest.mark.parametrize("before_s", [2, 20, 60])
@pytest.mark.parametrize("state", STATES)
def test_a_link_cut_in_any_state_asks_nothing_and_goes_on_where_it_was(tmp_path, state, before_s) -> None:
    """What is open is asked about once the link is back, by its own next step; what is decided is asked about no more."""
    counter = STATES[state](tmp_path)
    was = counter.payment.state
    counter.since()
    counter.offline()
    counter.pass_time(before_s * 1_000)
    assert counter.since() == [], "nothing can leave"
    assert counter.payment.state == ("unknown" if was == "sent" and before_s > 5 else was)
    number = counter.payment.order_no
    counter.online()
    due = {"sent": ["query"], "unknown": ["query"], "reversing": ["reverse"]}.get(was, [])
    counter.pass_time(15_000)
    asked = counter.since()
    assert asked[:1] == due
    counter.pass_time(70_000)
    if due:
        assert [*asked, *counter.since()][-1] == "reverse"
        counter.answer("reversed", "reverse", number=number)
        assert counter.payment.state == "reversed"
    counter.since()
    counter.pass_time(120_000)
    assert counter.since() == []
    assert_sound(counter)


# --- the power ---


@pytest.mark.parametrize("state", ["sent", "unknown", "reversing", "parked", "dropped"])
def test_after_a_cut_it_is_queried_once_and_reversed(tmp_path, state) -> None:
    counter = STATES[state](tmp_path)
    counter.pass_time(2_500)
    was = counter.payment
    number, asked = was.order_no, counter.asked
    counter.cut()
    counter.boot().sign_on()
    counter.asked, counter.handed = [*asked], len(asked)
    counter.online()
    assert counter.since() == []
    counter.pass_time(15_000)
    again = was.state == "reversing"
    assert counter.since() == ["reverse" if again else "query"]
    if not again:
        counter.answer("unknown", "query", number=number)
        assert counter.since() == ["reverse"]
        assert counter.journal("reversal_sent")[-1].why == "boot"
    counter.answer("reversed", "reverse", number=number)
    assert counter.payment.state == "reversed"
    assert_sound(counter)


def test_after_a_cut_the_order_stands_at_the_counter_again(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.cut()
    counter.boot()
    assert counter.screen != "CodePayment", "nobody is signed on"
    counter.sign_on()
    assert counter.screen == "CodePayment"
    assert counter.terminal.session.basket.lines == ()
    counter.online()
    counter.pass_time(15_000)
    counter.answer("paid", "query")
    assert counter.screen == "Sold"
    assert counter.journal("basket_cancelled") == []


def test_paid_while_nobody_is_signed_on_is_booked_and_told(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.cut()
    counter.boot().online()
    counter.pass_time(15_000)
    counter.answer("paid", "query")
    assert counter.one("sale").late
    assert "收款成功" in counter.text()


def test_nothing_is_resumed_in_safe_mode_and_cash_goes_on(tmp_path) -> None:
    counter = sent(tmp_path)
    number = counter.payment.order_no
    counter.cut()
    counter.boot(safe_mode=True).sign_on()
    assert counter.screen == "Idle"
    counter.online()
    counter.since()
    counter.pass_time(120_000)
    counter.step(Answered(AnswerPayment(number, "pay", "paid", 0, BILL, 700)))
    assert counter.since() == []
    assert counter.journal("payment_heard", "reversal_sent") == []
    counter.basket().keys("OK OK")
    assert counter.screen == "Sold"
    assert counter.one("sale").tenders[0].kind == "cash"
    counter.cut()
    counter.boot().sign_on()
    assert counter.screen == "CodePayment"


@pytest.mark.parametrize("paid", ["card", "code"])
def test_safe_mode_takes_no_part_of_an_order_it_could_not_show(tmp_path, paid) -> None:
    counter = till(tmp_path).basket()
    counter.keys("OK * 3 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    counter.cut()
    counter.boot(safe_mode=True).sign_on().online().basket()
    counter.keys("OK * 3 0 0")
    if paid == "card":
        counter.keys("# 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    else:
        counter.scan(WECHAT)
    assert "[5014]" in counter.text()
    assert "安全模式" in counter.text()
    assert len(counter.journal("order_opened")) == 1
    assert len(counter.terminal.session.basket.lines) == 1
    resumed = checkout.ResumeOrder(1).decide(counter.terminal.context())
    assert isinstance(resumed, Refusal)
    assert resumed.code == 5014
    counter.cut()
    assert counter.boot().sign_on().screen == "Cash"


def test_two_open_orders_of_an_old_journal_do_not_stop_the_boot(tmp_path) -> None:
    counter = till(tmp_path).basket()
    counter.keys("OK * 3 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    first = counter.journal("order_opened")[0]
    counter.terminal.append(msgspec.structs.replace(first, trace=77))
    counter.terminal.commit()
    counter.cut()
    counter.boot().sign_on()
    standing = checkout.at_counter(counter.ledger)
    assert standing is not None
    assert standing.trace == 77
    assert [each.trace for each in checkout.parked(counter.ledger)] == [first.trace]
    counter.ledger.db.execute("UPDATE pay_order SET state = 'open'")  # as an earlier release left its table
    counter.cut()
    counter.boot().sign_on()
    assert checkout.at_counter(counter.ledger) == standing


# --- the customer's bill ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["parked", "unknown"])
def test_the_customers_bill_settles_the_payment_whose_answer_was_lost(tmp_path, state) -> None:
    counter = STATES[state](tmp_path)
    counter.keys("F1 MENU 1" if state == "unknown" else "MENU 1").scan(BILL)
    assert counter.asked[-1].ask == AskQuery(BILL)
    number = counter.payment.order_no
    counter.step(Answered(AnswerPayment(number, "query", "paid", 0, BILL, 700, bill=BILL)))
    (sale,) = counter.journal("sale")
    assert (sale.tenders[0].order_no, sale.tenders[0].channel_no, sale.late) == (number, BILL, True)
    assert "收款成功" in counter.text()
    counter.keys("OK")
    assert counter.screen == "Looked"
    assert "后台显示已收款" in counter.text()
    assert checkout.unfinished(counter.ledger) == ()
    assert_sound(counter)


def test_a_bill_nobody_has_heard_of_yet_is_not_known_until_the_channel_says_whose_it_is(tmp_path) -> None:
    counter = parked(tmp_path).keys("MENU 1").scan(BILL)
    counter.step(Answered(AnswerPayment(BILL, "query", "unknown", 5007, bill=BILL)))
    assert "后台结果未知" in counter.text()
    assert "[5007]" in counter.text()
    assert counter.journal("sale", "quarantined") == []
    counter.answer("paid", "query")
    assert len(counter.journal("sale")) == 1
    assert "后台显示已收款" in counter.keys("OK").text()


def test_a_bill_of_another_terminals_payment_is_shown_and_books_nothing(tmp_path) -> None:
    counter = parked(tmp_path).keys("MENU 1").scan(BILL)
    other = order_no("2026-11-22", "00010024", 7, 1, 9, 1)
    counter.step(Answered(AnswerPayment(other, "query", "paid", 0, BILL, 1250, bill=BILL)))
    assert "后台显示已收款" in counter.text()
    assert "12.50" in counter.text()
    assert counter.journal("sale", "quarantined") == []
    assert counter.payment.state == "unknown"


# --- parked orders ---


def test_a_parked_order_goes_on_in_the_background_while_others_are_sold(tmp_path) -> None:
    counter = parked(tmp_path)
    first = counter.payment.order_no
    assert counter.screen == "Idle"
    assert "查单" in counter.text()
    counter.basket(1).keys("OK OK OK")
    assert [sale.trace for sale in counter.journal("sale")] == [2]
    counter.basket(1)
    counter.pass_time(6_000)
    assert counter.since()[-1] == "query"
    counter.answer("paid", "query", number=first)
    late = counter.journal("sale")[-1]
    assert (late.trace, late.late, late.print_slip) == (1, True, True)
    assert "收款成功" in counter.text()
    counter.keys("OK")
    assert counter.screen == "BasketScreen"
    assert checkout.unfinished(counter.ledger) == ()


def test_the_notice_waits_until_the_number_is_typed(tmp_path) -> None:
    counter = parked(tmp_path).keys("1 2")
    counter.answer("paid", "query")
    assert counter.screen == "Amount"
    counter.keys("3")
    assert "1.23" in counter.text()


def test_an_order_whose_payment_is_settled_is_no_open_question_on_idle(tmp_path) -> None:
    counter = parked(tmp_path)
    assert "待确认收款(菜单→查单) 1" in counter.text()
    assert "待处理订单" not in counter.text()
    counter.pass_time(60_000)
    counter.answer("reversed")
    counter.keys("OK")
    assert counter.screen == "Idle"
    assert "待确认收款" not in counter.text()
    assert "待处理订单(菜单→查单) 1" in counter.text(), "the cashier still has to take or drop it"
    counter.basket(1).pay(ALIPAY).answer("unknown").keys("F1")
    assert "待确认收款(菜单→查单) 1" in counter.text()
    assert "待处理订单(菜单→查单) 1" in counter.text()
    counter.keys("MENU")
    assert "1 查单/待确认 2" in counter.text()


def test_a_parked_order_that_is_reversed_is_told_and_can_be_taken_back(tmp_path) -> None:
    counter = parked(tmp_path)
    counter.pass_time(50_000)
    counter.answer("reversed", "reverse")
    assert "已撤销,未收款" in counter.text()
    counter.keys("OK MENU 1 OK F1")
    assert counter.screen == "Cash"
    counter.keys("OK")
    assert counter.screen == "Sold"


def test_one_order_is_not_asked_for_twice_at_once(tmp_path) -> None:
    counter = sent(tmp_path).scan(WECHAT)
    assert "[5029]" in counter.text()
    assert len(counter.asks(AskPay)) == 1


def test_several_orders_wait_each_for_its_own_answer(tmp_path) -> None:
    counter = till(tmp_path)
    for code in (WECHAT, ALIPAY, UNIONPAY):
        counter.basket(1).pay(code).answer("unknown").keys("F1")
    numbers = [ask.order_no for ask in counter.asks(AskPay)]
    counter.pass_time(60_000)
    assert {ask.order_no for ask in counter.asks(AskReverse)} == set(numbers)
    for number, state in zip(numbers, ("reversed", "paid", "failed"), strict=True):
        counter.answer(state, "reverse", number=number, code=5013)
    assert [payment.find(counter.ledger, number).state for number in numbers] == ["reversed", "paid", "failed"]
    assert [sale.trace for sale in counter.journal("sale")] == [2]
    assert_sound(counter)


def test_an_answer_for_nobody_is_put_aside(tmp_path) -> None:
    counter = sent(tmp_path)
    counter.step(Answered(AnswerPayment("2026112200010023070000010000990", "pay", "paid", 0, "", 700)))
    assert counter.payment.state == "sent"
    assert [fact.source for fact in counter.journal("quarantined")] == ["answer"]


def test_what_is_unknown_calls_every_five_seconds(tmp_path) -> None:
    counter = unknown(tmp_path)
    before = counter.tones(ToneName.ATTENTION)
    counter.pass_time(20_500)
    assert counter.tones(ToneName.ATTENTION) - before == 4
    counter.answer("paid", "query")
    before = counter.tones(ToneName.ATTENTION)
    counter.pass_time(20_000)
    assert counter.tones(ToneName.ATTENTION) == before


def test_every_ask_is_justified_by_a_record(tmp_path) -> None:
    counter = reversed_(tmp_path)
    for ask in counter.asked:
        assert isinstance(ask, Ask)
        assert counter.ledger.fact(ask.because).KIND in ("payment_sent", "reversal_sent")


# --- the idle lock ----------------------------------------------------------------------------------------------------


def locked(counter: Till) -> Till:
    """Nobody comes for longer than the idle lock waits, and the backend says nothing."""
    counter.offline()
    counter.pass_time(301_000)
    assert counter.terminal.session.operator == ""
    return counter


@pytest.mark.parametrize("state", ["unknown", "reversing"])
def test_the_idle_lock_hides_no_payment_that_is_unknown(tmp_path, state) -> None:
    counter = locked(STATES[state](tmp_path))
    assert "[2017]" in counter.text()
    assert "待确认收款(菜单→查单) 1" in counter.text()
    before = counter.tones(ToneName.ATTENTION)
    counter.pass_time(20_500)
    assert counter.tones(ToneName.ATTENTION) - before == 4, "it goes on calling"
    counter.sign_on()
    assert counter.screen == "CodePayment"
    assert "请勿放行" in counter.text()


@pytest.mark.parametrize(("state", "waits"), [("parked", True), ("paid", False), ("dropped", True)])
def test_a_payment_nobody_stands_before_does_not_call_at_the_locked_screen(tmp_path, state, waits) -> None:
    counter = locked(STATES[state](tmp_path))
    assert ("待确认收款" in counter.text()) is waits
    before = counter.tones(ToneName.ATTENTION)
    counter.pass_time(20_500)
    assert counter.tones(ToneName.ATTENTION) == before


def test_what_is_decided_while_the_screen_is_locked_is_told_and_calls_no_more(tmp_path) -> None:
    counter = locked(unknown(tmp_path)).online()
    counter.answer("paid", "query" if counter.payment.state == "unknown" else "reverse")
    assert "待确认收款" not in counter.text()
    before = counter.tones(ToneName.ATTENTION)
    counter.pass_time(20_500)
    assert counter.tones(ToneName.ATTENTION) == before


def test_who_signs_off_by_hand_is_told_of_no_time_out_but_of_what_waits(tmp_path) -> None:
    counter = unknown(tmp_path)
    counter.keys("F1 MENU 9 9")
    assert counter.terminal.session.operator == "", counter.text()
    assert "[2017]" not in counter.text()
    assert "待确认收款(菜单→查单) 1" in counter.text()
