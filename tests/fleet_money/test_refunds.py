"""Refunds at the backend: once per number, never more than was paid, known at last whatever is lost."""

import random

import pytest

from fleet.acquirer.port import Reply
from fleet.money import CALL_MAX_MS
from rules.orders import order_no, refund_no
from tests.fleet_money.world import ORDER, REFUND, World, pay
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
from wire.messages import AnswerRefund, AskRefund, AskRefundQuery, AskReverse

pytestmark = pytest.mark.usefixtures("each_store")


def back(fen: int, index: int = 1, number: str = ORDER, asked: int = 0) -> AskRefund:
    return AskRefund(refund_no(number, index), number, fen, "质量问题", asked)


def paid_world() -> World:
    world = World()
    world.ask(pay())
    world.hear()
    return world


def states(answers: list[object]) -> list[tuple[str, int]]:
    return [(each.state, each.code) for each in answers if isinstance(each, AnswerRefund)]


def test_a_refund_is_made_once_however_often_it_is_asked_for() -> None:
    world = paid_world()
    assert world.ask(back(500)) == []
    assert states(world.ask(back(500))) == [("unknown", 0)], "somebody is about it"
    (answer,) = world.hear()
    assert answer == AnswerRefund(REFUND, "refunded", 0, "50" + REFUND)
    assert states(world.ask(back(500))) == [("refunded", 0)]
    assert world.channel.refunds == {REFUND: 500}


def test_several_parts_up_to_what_was_paid_and_not_one_fen_more() -> None:
    world = paid_world()
    for index, fen in ((1, 500), (2, 500), (3, 50)):
        world.ask(back(fen, index))
        world.settle()
    assert states(world.ask(back(1, 4))) == [("failed", 5015)]
    assert states(world.ask(back(1, 4))) == [("failed", 5015)], "asked again, answered alike"
    assert sum(world.channel.refunds.values()) == 1050


def test_a_failed_refund_frees_its_sum() -> None:
    world = paid_world()
    world.ask(back(1050))
    assert states(world.hear(reply=Reply("failed", 5017))) == [("failed", 5017)]
    world.ask(back(1050, 2))
    assert states(world.hear()) == [("refunded", 0)]


@pytest.mark.parametrize("code", [5013, 5014, 5017])
def test_what_is_refused_for_now_may_be_asked_for_again_under_its_number(code: int) -> None:
    world = paid_world()
    world.ask(back(500, asked=10))
    world.hear(reply=Reply("failed", code))
    calls = len(world.calls)
    assert states(world.ask(back(500, asked=10))) == [("failed", code)], "a copy of the ask that was refused"
    assert states(world.ask(AskRefundQuery(REFUND, ORDER))) == [("failed", code)]
    assert len(world.calls) == calls
    assert world.ask(back(500, asked=20)) == []
    assert states(world.hear(reply=Reply("failed", code))) == [("failed", code)], "still not"
    world.ask(back(500, asked=30))
    assert states(world.hear()) == [("refunded", 0)]
    assert states(world.ask(back(500, asked=40))) == [("refunded", 0)]
    assert world.channel.refunds == {REFUND: 500}


@pytest.mark.parametrize("code", [5015, 5016, 5019, 5011])
def test_what_is_refused_for_good_stays_refused(code: int) -> None:
    world = paid_world()
    world.ask(back(500, asked=10))
    world.hear(reply=Reply("failed", code))
    assert states(world.ask(back(500, asked=20))) == [("failed", code)]
    assert world.open == []


def test_asked_again_it_counts_against_what_went_back_meanwhile() -> None:
    world = paid_world()
    world.ask(back(600, 1, asked=10))
    world.hear(reply=Reply("failed", 5017))
    world.ask(back(600, 2, asked=20))
    world.hear()
    calls = len(world.calls)
    assert states(world.ask(back(600, 1, asked=30))) == [("failed", 5015)]
    assert len(world.calls) == calls


def test_a_late_copy_of_the_refusal_does_not_end_the_second_try() -> None:
    world = paid_world()
    world.ask(back(500, asked=10))
    effect, _ = world.open[0]
    world.hear(reply=Reply("failed", 5017))
    world.ask(back(500, asked=20))
    world.open.insert(0, (effect, Reply("failed", 5017)))
    assert states(world.hear()) == [("unknown", 0)]
    assert states(world.hear()) == [("refunded", 0)]


def test_two_refunds_under_way_count_against_each_other() -> None:
    world = paid_world()
    world.ask(back(600, 1))
    assert states(world.ask(back(600, 2))) == [("failed", 5015)]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("nothing", ("failed", 6009)),
        ("failed", ("failed", 5011)),
        ("reversed", ("failed", 5011)),
        ("open", ("unknown", 5007)),
    ],
)
def test_what_was_not_paid_is_not_given_back(before: str, told: tuple[str, int]) -> None:
    world = World()
    if before != "nothing":
        world.ask(pay())
    if before == "failed":
        world.hear(reply=Reply("failed", 5004))
    if before == "reversed":
        world.ask(AskReverse(ORDER))
        world.settle()
    assert states(world.ask(back(500))) == [told]
    assert world.channel.refunds == {}


def test_a_number_means_one_refund() -> None:
    world = paid_world()
    world.ask(back(500))
    world.hear()
    assert states(world.ask(back(501))) == [("failed", 5015)]
    assert states(world.ask(back(500), terminal="00010024")) == [("failed", 5015)], "another terminal's refund"
    assert world.channel.refunds == {REFUND: 500}


def test_another_terminal_may_give_back_a_part() -> None:
    world = paid_world()
    world.ask(back(500, 7), terminal="00010024")
    assert states(world.hear()) == [("refunded", 0)]


def test_processing_is_asked_about_until_it_is_done() -> None:
    world = paid_world()
    world.ask(back(500))
    assert states(world.hear(reply=Reply("processing"))) == [("processing", 5018)]
    world.ask(AskRefundQuery(REFUND, ORDER))
    assert states(world.hear(reply=Reply("processing"))) == [("processing", 5018)]
    world.ask(AskRefundQuery(REFUND, ORDER))
    assert states(world.hear()) == [("refunded", 0)]


def test_a_refund_the_channel_never_saw_is_asked_for_again_under_its_number() -> None:
    world = paid_world()
    world.ask(back(500))
    world.open.clear()  # the backend died before the call
    world.channel.refunds.clear()
    world.now += CALL_MAX_MS
    world.ask(AskRefundQuery(REFUND, ORDER))
    assert world.hear() == []
    assert states(world.hear()) == [("refunded", 0)]
    assert world.channel.refunds == {REFUND: 500}


def test_a_refund_that_never_arrived_is_unknown() -> None:
    assert states(World().ask(AskRefundQuery(REFUND, ORDER))) == [("unknown", 0)]


def test_what_is_refunded_stays_so_when_late_answers_know_less() -> None:
    world = paid_world()
    world.ask(back(500))
    effect, _ = world.open[0]
    world.hear()
    for late in (Reply("failed", 5017), Reply("processing"), Reply("unknown", 5007), Reply("absent")):
        world.open.append((effect, late))
        assert states(world.hear()) == [("refunded", 0)]


def test_races_of_two_terminals_never_give_back_more_than_was_paid() -> None:
    stores = World().stores
    for seed in range(60):
        rng = random.Random(seed)
        number = order_no("2026-11-22", "00010023", 1, 3, seed + 1, 1)
        world = World(workers=2, stores=stores)
        world.ask(pay(number))
        world.hear()
        for _ in range(20):
            match rng.randrange(4):
                case 0 | 1:
                    ask = back(rng.choice((100, 400, 1050)), rng.randint(1, 6), number)
                    world.ask(ask, rng.randrange(2), rng.choice(("00010023", "00010024")))
                case 2 if world.open:
                    world.hear(rng.randrange(2), times=rng.choice((1, 2)))
                case 3 if world.open:
                    world.lose(rng.randrange(2))
        world.settle()
        assert sum(world.channel.refunds.values()) <= 1050, seed
