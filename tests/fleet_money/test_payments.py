"""Payments at the backend: whatever comes in whatever order, one order takes money once or not at all."""

import itertools
import random
from pathlib import Path

import msgspec
import pytest

from fleet.acquirer.port import EXPIRED, QueryCall, Reply
from fleet.core import Arrived, Message, Spoilt
from fleet.money import CALL_MAX_MS
from rules.orders import order_no
from tests.fleet_money.world import CODE, NOW, ORDER, TERMINAL, World, pay
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
from wire.messages import AnswerPayment, AskQuery, AskRefund, AskReverse

pytestmark = pytest.mark.usefixtures("each_store")


QUERY, REVERSE = AskQuery(ORDER), AskReverse(ORDER)
HELD = Reply("paid", 0, "42" + ORDER, 1050)


def said(answers: list[object]) -> list[tuple[str, str, int]]:
    return [(each.to, each.state, each.code) for each in answers if isinstance(each, AnswerPayment)]


def test_a_payment_is_answered_when_the_channel_has_answered() -> None:
    world = World()
    assert world.ask(pay()) == []
    (answer,) = world.hear()
    assert answer == AnswerPayment(ORDER, "pay", "paid", channel_no="42" + ORDER, paid_fen=1050)
    assert said(world.ask(pay())) == [("pay", "paid", 0)], "asked again, answered alike"
    assert said(world.ask(QUERY)) == [("query", "paid", 0)]
    assert len(world.calls) == 1


@pytest.mark.parametrize(
    ("reply", "told", "kept"),
    [
        (Reply("failed", 5004), ("pay", "failed", 5004), "failed"),
        (Reply("paying", 5005), ("pay", "paying", 5005), "paying"),
        (Reply("unknown", 5007), ("pay", "unknown", 0), "unknown"),
        (EXPIRED, ("pay", "failed", 5011), "reversed"),
    ],
)
def test_what_the_channel_says_is_told(reply: Reply, told: tuple[str, str, int], kept: str) -> None:
    world = World()
    world.ask(pay())
    assert said(world.hear(reply=reply)) == [told]
    row = world.payment()
    assert row is not None
    assert row.state == kept


def test_an_unknown_number_is_absent_and_leaves_nothing_behind() -> None:
    world = World()
    assert said(world.ask(QUERY)) == [("query", "absent", 0)]
    assert world.payment() is None


def test_a_reversal_of_an_unknown_number_closes_it_for_ever() -> None:
    world = World()
    assert said(world.ask(REVERSE)) == [("reverse", "reversed", 0)]
    assert said(world.ask(pay())) == [("pay", "failed", 5011)]
    assert said(world.ask(QUERY)) == [("query", "reversed", 0)]
    assert world.calls == [], "the channel is never called"


@pytest.mark.parametrize(("expires_ms", "age_ms"), [(0, 0), (8_000, 8_000), (8_000, 60_000)])
def test_an_ask_that_is_too_old_is_never_sent_to_the_channel(expires_ms: int, age_ms: int) -> None:
    world = World()
    assert said(world.ask(pay(expires_ms=expires_ms), age_ms=age_ms)) == [("pay", "failed", 5011)]
    assert world.calls == []


def test_a_call_may_begin_only_while_the_ask_is_fresh() -> None:
    world = World()
    world.ask(pay(expires_ms=8_000), age_ms=3_000)
    assert world.calls[0].start_by_ms == NOW + 5_000


def test_a_reversal_during_the_payment_follows_it_without_a_gap() -> None:
    world = World()
    world.ask(pay())
    assert said(world.ask(REVERSE)) == [("reverse", "unknown", 5008)]
    assert said(world.hear()) == [("pay", "unknown", 5008)]
    assert [call.ticket.what for call in world.calls] == ["pay", "reverse"]
    assert said(world.hear()) == [("reverse", "reversed", 0)]
    assert world.channel.paid == {}


def test_a_reversal_without_an_answer_is_repeated_until_it_is_known() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    assert said(world.lose()) == [("reverse", "unknown", 5009)]
    world.ask(REVERSE)
    assert said(world.hear()) == [("reverse", "reversed", 0)]


def test_while_it_is_being_reversed_a_payment_is_never_told_to_be_paid() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    world.lose()
    world.ask(QUERY)
    assert said(world.hear(reply=Reply("paid", 0, "42", 1050))) == [("query", "unknown", 5008)]


def test_a_refused_reversal_leaves_it_paid_and_says_why() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    assert said(world.hear(reply=Reply("refused", 5016))) == []
    assert said(world.hear(reply=HELD)) == [("reverse", "paid", 5016)]
    assert said(world.ask(QUERY)) == [("query", "paid", 0)]


def test_a_copy_of_an_ask_whose_reversal_was_refused_is_answered_alike() -> None:
    """The terminal gives the money back by a refund then: reversed after all it would be given back twice."""
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    world.hear(reply=Reply("refused", 5016))
    world.hear(reply=HELD)
    world.ask(QUERY)
    before = len(world.calls)
    assert said(world.ask(REVERSE)) == [("reverse", "paid", 5016)]
    assert len(world.calls) == before


@pytest.mark.parametrize("answered", [True, False])
def test_a_refused_reversal_of_a_payment_nobody_heard_of_is_queried_and_can_be_refunded(answered: bool) -> None:
    world = World()
    world.ask(pay())
    world.lose()
    world.ask(REVERSE)
    world.hear(reply=Reply("refused", 5016))
    assert [call.ticket.what for call in world.calls] == ["pay", "reverse", "check"]
    if not answered:
        assert said(world.lose()) == [("reverse", "unknown", 5009)]
        world.ask(REVERSE)
        world.hear(reply=Reply("refused", 5016))
    assert said(world.hear(reply=HELD)) == [("reverse", "paid", 5016)]
    world.ask(AskRefund(ORDER[8:] + "R01", ORDER, 1050, ""))
    assert [answer.state for answer in world.hear()] == ["refunded"]


def test_a_reversal_refused_because_it_was_made_already_is_found_reversed() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    world.lose()  # the channel has done it
    world.ask(REVERSE)
    world.hear(reply=Reply("refused", 5016))
    assert said(world.hear()) == [("reverse", "reversed", 0)]
    assert world.payment().state == "reversed"
    (refused,) = world.ask(AskRefund(ORDER[8:] + "R01", ORDER, 1050, ""))
    assert (refused.state, refused.code) == ("failed", 5011), "it is back already"


def test_a_refused_reversal_that_comes_twice_undoes_nothing() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(REVERSE)
    world.hear(reply=Reply("refused", 5016), times=2)
    assert said(world.hear(reply=HELD)) == [("reverse", "paid", 5016)]
    assert world.payment().state == "paid"


def test_what_was_given_back_in_part_is_not_reversed() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    world.ask(AskRefund(ORDER[8:] + "R01", ORDER, 50, ""))
    world.hear()
    assert said(world.ask(REVERSE)) == [("reverse", "paid", 5015)]
    assert ORDER in world.channel.paid


def test_a_late_success_after_a_failure_is_believed() -> None:
    world = World()
    world.ask(pay())
    effect, _ = world.open[0]
    world.hear(reply=Reply("failed", 5004))
    world.open.append((effect, Reply("paid", 0, "42", 1050)))
    world.hear()
    assert said(world.ask(QUERY)) == [("query", "paid", 0)]


def test_a_doubled_answer_changes_nothing() -> None:
    world = World()
    world.ask(pay())
    assert said(world.hear(times=3)) == [("pay", "paid", 0)] * 3
    world.ask(REVERSE)
    world.hear(times=2)
    assert said(world.ask(QUERY)) == [("query", "reversed", 0)]


def test_after_a_crash_of_the_backend_the_channel_is_queried_and_never_paid_twice() -> None:
    world = World()
    world.ask(pay())
    world.open.clear()  # the process died with the call in its hands
    assert said(world.ask(pay())) == [("pay", "unknown", 0)], "somebody may still be about it"
    world.now += CALL_MAX_MS
    world.ask(pay())
    assert said(world.hear()) == [("query", "paid", 0)]
    assert world.channel.pays == [ORDER]


@pytest.mark.parametrize("ask", [pay(), REVERSE])
def test_another_terminals_number_is_put_aside(ask: object) -> None:
    world = World()
    assert world.ask(ask, terminal="00010024") == []  # type: ignore[arg-type]
    assert world.calls == []
    with world.stores[0].begin() as books:
        (row,) = books.quarantine_of("00010024")
    assert "not this terminal's" in row.reason
    assert CODE.encode() not in row.raw


def test_a_number_with_another_amount_is_put_aside() -> None:
    world = World()
    world.ask(pay())
    world.hear()
    assert world.ask(pay(fen=1)) == []
    assert world.channel.paid == {ORDER: 1050}


def test_the_customers_code_is_nowhere_in_the_store(tmp_path: Path) -> None:
    world = World(tmp_path / "fleet.db")
    world.ask(pay())
    world.hear()
    bad = Message(TERMINAL, "ask/pay", msgspec.json.encode(pay())[:-1])
    world.take(Arrived(NOW, (bad, Message(TERMINAL, "ask/pay", msgspec.json.encode(pay()), retained=True))))
    for core in world.cores:
        core.step(Spoilt(NOW, bad, "broke"))
    assert CODE not in repr(bad) + repr(world.calls)
    world.close()
    for path in tmp_path.iterdir():
        assert CODE.encode() not in path.read_bytes(), path


# --- every order and doubling, over two workers -----------------------------------------------------------------

_STEPS = ("pay", "query", "reverse", "hear", "lose", "wait")


def play(steps: tuple[str, ...], rng: random.Random, world: World, number: str) -> None:
    """A run of steps, each at one of two workers, with every rule that must hold meanwhile."""
    closed = False
    for step in steps:
        worker = rng.randrange(2)
        match step:
            case "pay":
                world.ask(pay(number), worker)
            case "query":
                world.ask(AskQuery(number), worker)
            case "reverse":
                world.ask(AskReverse(number), worker)
            case "hear" if world.open:
                world.hear(worker, times=rng.choice((1, 1, 2)))
            case "lose" if world.open:
                world.lose(worker)
            case "wait":
                world.now += 4_000
        closed = closed or ("reverse", "reversed", 0) in said(world.answers)
        assert not (closed and world.channel.paid), f"{steps}: money taken after it was said to be closed"
        assert len(world.channel.pays) <= 1, steps


def ends_well(steps: tuple[str, ...], world: World, number: str) -> None:
    """After the trouble is over, one more question is answered with the truth."""
    world.settle()
    world.now += CALL_MAX_MS
    if "reverse" in steps:
        world.ask(AskReverse(number))
        world.settle()
        assert said(world.answers)[-1] == ("reverse", "reversed", 0), steps
        assert world.channel.paid == {}, steps
        assert said(world.ask(pay(number))) == [("pay", "failed", 5011)], steps
    elif "pay" in steps:
        world.ask(AskQuery(number))
        world.settle()
        assert said(world.answers)[-1] == ("query", "paid", 0), steps
        assert world.channel.paid == {number: 1050}, steps


def test_every_order_and_doubling_of_four_steps() -> None:
    stores = World().stores
    for run, steps in enumerate(itertools.product(_STEPS, repeat=4), 1):
        number = order_no("2026-11-22", TERMINAL, 1, 1, run, 1)
        world = World(workers=2, stores=stores)
        play(steps, random.Random(repr(steps)), world, number)
        ends_well(steps, world, number)


def test_long_runs() -> None:
    stores = World().stores
    for seed in range(1, 61):
        rng = random.Random(seed)
        steps = tuple(rng.choice(_STEPS) for _ in range(25))
        number = order_no("2026-11-22", TERMINAL, 1, 2, seed, 1)
        world = World(workers=2, stores=stores)
        play(steps, rng, world, number)
        ends_well(steps, world, number)


def test_two_processes_on_one_file(tmp_path: Path) -> None:
    world = World(tmp_path / "fleet.db", workers=2)
    assert world.ask(pay(), 0) == []
    assert said(world.ask(pay(), 1)) == [("pay", "unknown", 0)], "one worker at a time"
    assert said(world.ask(REVERSE, 1)) == [("reverse", "unknown", 5008)]
    world.hear(0)
    world.hear(1)
    assert said(world.ask(QUERY, 1)) == [("query", "reversed", 0)]
    world.close()


@pytest.mark.parametrize("seed", range(20))
def test_damaged_asks_break_nothing(seed: int) -> None:
    rng = random.Random(seed)
    world = World()
    for _ in range(60):
        ask = rng.choice((pay(), QUERY, REVERSE))
        raw = bytearray(msgspec.json.encode(ask))
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        rest = rng.choice(("ask/pay", "ask/query", "ask/reverse", "ask/refund", "ask/nothing", "ask/totals"))
        world.take(Arrived(NOW, (Message(TERMINAL, rest, bytes(raw)),)))
        if world.open:
            world.hear()
    other = order_no("2026-11-22", TERMINAL, 1, 1, 46, 1)
    world.ask(pay(other))
    world.settle()
    assert said(world.ask(AskQuery(other))) == [("query", "paid", 0)]
    world.close()


# --- the number on the customer's bill --------------------------------------------------------------------------------

BILL = "4200001234202611221234567890"
OTHER = order_no("2026-11-22", TERMINAL, 1, 1, 46, 1)


def told(answers: list[object]) -> list[AnswerPayment]:
    return [each for each in answers if isinstance(each, AnswerPayment)]


@pytest.mark.parametrize("terminal", [TERMINAL, "00010024"])
def test_a_payment_is_found_by_the_customers_bill(terminal: str) -> None:
    """The answer went astray, the customer shows that she has paid: the bill leads to the payment and its order number."""
    world = World()
    world.ask(pay())
    world.hear(reply=Reply("paid", 0, BILL, 1050))
    (answer,) = told(world.ask(AskQuery(BILL), terminal=terminal))
    assert answer == AnswerPayment(ORDER, "query", "paid", 0, BILL, 1050, bill=BILL)
    assert len(world.calls) == 1, "what is known is not asked again"


def test_a_bill_nobody_knows_is_absent_once_nothing_is_open() -> None:
    world = World()
    world.ask(pay())
    world.hear(reply=Reply("failed", 5004))
    assert told(world.ask(AskQuery(BILL))) == [AnswerPayment(BILL, "query", "absent", bill=BILL)]
    assert len(world.calls) == 1


def test_a_bill_of_a_payment_not_decided_is_unknown_and_the_channel_is_asked() -> None:
    """Not absent: the number may be that of the payment that is still open, and the channel's answer brings it along."""
    world = World()
    world.ask(pay())
    world.lose()
    world.ask(pay(OTHER))
    world.hear(reply=Reply("paid", 0, "43" + BILL[2:], 1050))
    assert told(world.ask(AskQuery(BILL))) == [AnswerPayment(BILL, "query", "unknown", 5007, bill=BILL)]
    assert [each.call for each in world.calls[2:]] == [QueryCall(ORDER, "wechat")]
    (answer,) = told(world.hear(reply=Reply("paid", 0, BILL, 1050)))
    assert (answer.order_no, answer.state, answer.channel_no) == (ORDER, "paid", BILL)


def test_of_another_terminals_open_payments_a_bill_asks_nothing() -> None:
    world = World()
    world.ask(pay())
    world.lose()
    assert [each.state for each in told(world.ask(AskQuery(BILL), terminal="00010024"))] == ["absent"]
    assert len(world.calls) == 1


def test_a_bill_of_a_payment_somebody_is_about_is_answered_at_once_without_a_second_call() -> None:
    world = World()
    world.ask(pay())
    world.hear(reply=Reply("paid", 0, BILL, 1050))
    world.ask(REVERSE)
    (answer,) = told(world.ask(AskQuery(BILL)))
    assert (answer.order_no, answer.state, answer.code, answer.bill) == (ORDER, "unknown", 5008, BILL)
    assert len(world.calls) == 2, "one worker at a time for each order"
