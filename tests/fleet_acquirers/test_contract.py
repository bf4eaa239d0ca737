"""What every way to take money by code owes, simulated or real, judged by the channel's own books: money moves once or not
at all, and a definite answer stands only where it is one."""

import pytest

from fleet.acquirer.port import Reply


def test_a_payment_takes_the_money_once_and_says_what_it_took(bench) -> None:
    reply = bench.pay(1050)
    assert (reply.state, reply.code, reply.paid_fen) == ("paid", 0, 1050)
    assert reply.number
    assert bench.query() == reply
    assert (bench.taken(), bench.held_fen()) == (1, 1050)


@pytest.mark.parametrize("fen", [1, 9, 10, 99, 100, 101, 999, 1999, 2_000_001, 99_999_999])
def test_amounts_arrive_to_the_fen(bench, fen) -> None:
    assert bench.pay(fen).paid_fen == fen
    assert bench.query().paid_fen == fen
    assert bench.held_fen() == fen


def test_a_number_nobody_knows_is_absent(bench) -> None:
    assert bench.query() == Reply("absent")
    assert bench.refund_query().state in ("absent", "unknown")


@pytest.mark.parametrize(
    ("kind", "code"), [("poor", 5004), ("expired", 5002), ("not enabled", 5014), ("limit", 5012), ("closed", 5011)]
)
def test_a_refusal_is_definite_says_why_and_takes_nothing(bench, kind, code) -> None:
    bench.refuse("pay", kind)
    assert bench.pay() == Reply("failed", code)
    assert bench.query() == Reply("absent")
    assert bench.taken() == 0


@pytest.mark.parametrize("kind", ["busy", "unheard"])
def test_a_system_error_or_a_code_nobody_knows_is_unknown(bench, kind) -> None:
    bench.refuse("pay", kind)
    assert bench.pay() == Reply("unknown", 5007)
    assert bench.query() == Reply("absent")


def test_a_customer_who_types_a_password_is_waited_for(bench) -> None:
    bench.customer_types()
    assert bench.pay() == Reply("paying", 5005)
    assert bench.query() == Reply("paying", 5005)
    assert bench.taken() == 0
    bench.customer_ends(pays=True)
    assert (bench.query().state, bench.query().paid_fen) == ("paid", 1050)


def test_a_customer_who_gives_up_has_not_paid(bench) -> None:
    bench.customer_types()
    bench.pay()
    bench.customer_ends(pays=False)
    assert bench.query().state in ("failed", "reversed")
    assert bench.taken() == 0


def test_a_lost_answer_is_unknown_and_found_by_a_query(bench) -> None:
    bench.misbehave("pay", "lost")
    assert bench.pay() == Reply("unknown", 5007)
    assert (bench.query().state, bench.taken()) == ("paid", 1)


def test_a_lost_request_is_unknown_and_found_absent(bench) -> None:
    bench.misbehave("pay", "dropped")
    assert bench.pay() == Reply("unknown", 5007)
    assert (bench.query(), bench.taken()) == (Reply("absent"), 0)


def test_the_same_number_never_pays_twice(bench) -> None:
    code = bench.code()
    bench.pay(code=code)
    assert bench.pay(code=code).state in ("paid", "unknown"), "never failed: it is paid"
    assert bench.pay(code=bench.code()).state in ("paid", "unknown")
    assert (bench.query().state, bench.taken()) == ("paid", 1)


def test_carried_out_twice_takes_once(bench) -> None:
    bench.misbehave("pay", "twice")
    assert bench.pay().state in ("paid", "unknown")
    assert (bench.query().state, bench.taken()) == ("paid", 1)


def test_a_paid_one_is_reversed_and_stays_so(bench) -> None:
    bench.pay()
    assert bench.reverse().state == "reversed"
    assert bench.query().state == "reversed"
    assert bench.reverse().state == "reversed", "asked again, answered alike"
    assert bench.pay() == Reply("failed", 5011), "a closed number takes nothing"
    assert (bench.taken(), bench.held_fen()) == (1, 0)


def test_one_the_customer_has_not_decided_is_closed_by_a_reversal(bench) -> None:
    bench.customer_types()
    bench.pay()
    assert bench.reverse(after_ms=15_000).state in ("reversed",)
    assert (bench.query().state, bench.taken()) == ("reversed", 0)


def test_one_that_never_arrived_is_reversed_when_its_code_is_dead(bench) -> None:
    bench.misbehave("pay", "dropped")
    bench.pay()
    assert bench.reverse().state == "reversed"
    assert bench.taken() == 0


def test_a_reversal_without_an_answer_is_repeated(bench) -> None:
    bench.pay()
    bench.misbehave("reverse", "lost")
    assert bench.reverse().state == "unknown"
    assert bench.reverse().state == "reversed"
    assert bench.held_fen() == 0


def test_a_reversal_the_channel_refuses_leaves_it_paid(bench) -> None:
    bench.pay()
    bench.refuse("reverse", "not reversible")
    assert bench.reverse() == Reply("refused", 5016)
    assert (bench.query().state, bench.held_fen()) == ("paid", 1050)


def test_a_reversal_comes_too_late_after_a_week(bench) -> None:
    bench.pay()
    assert bench.reverse(after_ms=8 * 86_400_000) == Reply("refused", 5016)
    assert bench.held_fen() == 1050


def test_a_system_error_to_a_reversal_is_asked_again(bench) -> None:
    bench.pay()
    bench.refuse("reverse", "busy")
    assert bench.reverse().state == "unknown"
    assert bench.reverse().state == "reversed"


def test_a_part_is_given_back_once_under_one_number(bench) -> None:
    bench.pay()
    first = bench.refund(300)
    assert (first.state, first.code) == ("refunded", 0)
    assert bench.refund(300) == first, "the same number is the same refund"
    assert bench.refund_query() == first
    assert bench.held_fen() == 750
    assert bench.refund(750, nth=2).state == "refunded"
    assert bench.held_fen() == 0


def test_never_more_is_given_back_than_was_paid(bench) -> None:
    bench.pay()
    bench.refund(1000)
    assert bench.refund(51, nth=2) == Reply("failed", 5015)
    assert bench.held_fen() == 50


def test_a_refund_without_an_answer_is_found_or_asked_again(bench) -> None:
    bench.pay()
    bench.misbehave("refund", "lost", "dropped")
    assert bench.refund(300).state == "unknown"
    assert bench.refund_query().state == "refunded"
    assert bench.refund(200, nth=2).state == "unknown"
    assert bench.refund_query(nth=2).state == "absent"
    assert bench.refund(200, nth=2).state == "refunded"
    assert bench.held_fen() == 550


def test_a_shop_without_money_cannot_give_back_for_now(bench) -> None:
    bench.pay()
    bench.refuse("refund", "merchant poor")
    assert bench.refund(300) == Reply("failed", 5017)
    assert bench.refund(300).state == "refunded"


def test_a_reversal_after_a_refund_is_refused(bench) -> None:
    bench.pay()
    bench.refund(300)
    assert bench.reverse().state == "refused"
    assert bench.held_fen() == 750


@pytest.mark.parametrize("call", ["query", "refund_query"])
def test_a_question_the_channel_refuses_answers_nothing(bench, call) -> None:
    bench.pay()
    bench.refund(300)
    bench.refuse("query" if bench.server_class is None else call, "not enabled")
    assert getattr(bench, call)().state == "unknown"
