"""Whole payments through the backend's core, with a real channel's adapter at its end: whatever comes in whatever order,
what the terminal is told in the end is what the channel's books hold."""

import random

import pytest

from rules.orders import order_no, refund_no
from tests.fleet_acquirers.benches import PLAIN
from tests.fleet_money.world import NOW, TERMINAL, World
from wire.messages import AnswerPayment, AskPay, AskQuery, AskRefund, AskReverse

SEEDS = range(6)
STEPS = ("pay", "query", "reverse", "hear", "lose", "wait", "customer")


class Shop:
    """A world whose channel is a bench."""

    def __init__(self, bench) -> None:
        self.bench = bench
        bench.clock.at_ms = NOW
        self.world = World(channel=self)

    def make(self, call):
        self.bench.clock.at_ms = self.world.now
        return self.bench.one(call)

    def pay(self, number: str, code: str, fen: int = 1050) -> list:
        return self.world.ask(AskPay(number, self.bench.channel, code, fen, "Shop", "01", 8_000))

    def wait(self, ms: int) -> None:
        self.world.now += ms
        self.bench.clock.at_ms = self.world.now

    def settle(self, number: str) -> str:
        """Ask until it is known, and reverse what stays open, as a terminal does."""
        for turn in range(12):
            self.world.settle()
            self.wait(20_000)
            self.world.ask(AskQuery(number))
            self.world.settle()
            row = self.world.payment(number)
            if row is None or row.state in ("paid", "failed", "reversed"):
                return row.state if row is not None else "absent"
            if turn >= 3:
                self.world.ask(AskReverse(number))
        raise AssertionError(f"never known: {row}")


@pytest.fixture(params=PLAIN, ids=[each.__name__.removesuffix("Bench") for each in PLAIN])
def shop(request, channels, tmp_path):
    return Shop(request.param(channels(request.param.server_class), tmp_path))


def number_of(index: int) -> str:
    return order_no("2026-11-22", TERMINAL, 1, 1, index, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_every_order_the_terminal_is_told_what_the_books_hold(shop, seed) -> None:
    rng = random.Random(seed)
    bench, world = shop.bench, shop.world
    for index in range(1, 5):
        number, code = number_of(index), bench.code()
        if rng.random() < 0.4:
            bench.customer_types()
        if rng.random() < 0.5:
            bench.misbehave("pay", rng.choice(("twice", "lost", "dropped")))
        for step in rng.choices(STEPS, k=7):
            match step:
                case "pay":
                    shop.pay(number, code)
                case "query":
                    world.ask(AskQuery(number))
                case "reverse":
                    world.ask(AskReverse(number))
                case "hear" if world.open:
                    world.hear(times=rng.choice((1, 2)))
                case "lose" if world.open:
                    world.lose()
                case "wait":
                    while world.open:  # a call is over before the next may begin
                        world.hear()
                    shop.wait(rng.choice((1_000, 16_000, 30_000)))
                case "customer" if bench.waits(index):
                    bench.customer_ends(pays=rng.random() < 0.7, index=index)
                    world.now = bench.clock.at_ms
                case _:
                    pass
        end = shop.settle(number)
        held = bench.held_fen(index)
        assert held == (1050 if end == "paid" else 0), (end, held)
        assert bench.taken() <= index
        last = [each for each in world.answers if isinstance(each, AnswerPayment) and each.order_no == number][-1:]
        assert all(each.state != "paid" or held for each in last)


def test_a_refund_through_the_core_is_given_once_and_repeated_alike(shop) -> None:
    number = number_of(1)
    shop.pay(number, shop.bench.code())
    shop.world.hear()
    ask = AskRefund(refund_no(number, 1), number, 300, "退货", 1)
    shop.world.ask(ask)
    (answer,) = shop.world.hear()
    assert (answer.state, answer.code) == ("refunded", 0)
    assert shop.world.ask(ask) == [answer]
    assert shop.bench.held_fen() == 750


def test_a_refused_reversal_is_looked_into_and_refunded(shop) -> None:
    number = number_of(1)
    shop.pay(number, shop.bench.code())
    shop.world.hear()
    shop.wait(20_000)
    shop.bench.refuse("reverse", "not reversible")
    shop.world.ask(AskReverse(number))
    shop.world.settle()
    answer = shop.world.answers[-1]
    assert (answer.to, answer.state, answer.code) == ("reverse", "paid", 5016)
    shop.world.ask(AskRefund(refund_no(number, 1), number, 1050, "", 1))
    shop.world.settle()
    assert shop.bench.held_fen() == 0


def test_a_reversal_that_comes_too_soon_goes_on_until_it_is_done(shop) -> None:
    number = number_of(1)
    shop.bench.customer_types()
    shop.pay(number, shop.bench.code())
    shop.world.hear()
    shop.world.ask(AskReverse(number))
    shop.world.settle()
    assert shop.settle(number) == "reversed"
    assert shop.bench.held_fen() == 0
