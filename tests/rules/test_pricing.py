"""The price is exact to the fen, only ever falls, and what comes back of it adds up (domain 3.6)."""

from dataclasses import dataclass
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.pricing import STEPS, Item, Step, Tier, allocate, net_of, nets, price
from wire.facts import Line, Reduction, ReductionKind


@dataclass(frozen=True)
class By:
    """A reduction by hand."""

    kind: str
    line: int = -1
    amount_fen: int = 0
    rate_bp: int = 0
    price_fen: int = 0
    cap_bp: int = 0
    cap_fen: int = 0


def pieces(price_fen: int, count: int = 1, **more) -> Item:
    return Item(price_fen, count * 1000, price_fen * count, **more)


def test_the_steps_are_those_of_the_facts():
    assert get_args(ReductionKind) == STEPS


ALLOCATIONS = {
    "even": (100, (50, 50), (50, 50)),
    "thirds: the rest goes to the first": (100, (1000, 1000, 1000), (34, 33, 33)),
    "largest remainder first": (10, (70, 20, 15), (7, 2, 1)),
    "a tie goes to the larger line": (1, (10, 30, 20), (0, 1, 0)),
    "a line that has nothing gets nothing": (7, (0, 10, 0), (0, 7, 0)),
    "all of it": (30, (10, 20), (10, 20)),
    "nothing": (0, (10, 0), (0, 0)),
    "nothing of nothing": (0, (), ()),
}


@pytest.mark.parametrize("case", ALLOCATIONS)
def test_an_amount_is_allocated_by_largest_remainder(case):
    amount, weights, shares = ALLOCATIONS[case]
    assert allocate(amount, weights) == shares


weights_of = st.lists(st.integers(0, 10_000_000), max_size=30)


@given(weights_of, st.integers(0, 1_000_000))
def test_shares_add_up_and_exceed_no_line(weights, part):
    amount = sum(weights) * part // 1_000_000
    shares = allocate(amount, weights)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))
    exact = [amount * weight / max(1, sum(weights)) for weight in weights]
    assert all(abs(share - about) < 1.01 for share, about in zip(shares, exact, strict=True))


TIERS = (Tier(5_000, 500, "满50减5"), Tier(10_000, 1_500, "满100减15"))
PRICES = {
    "nothing to lower": ([pieces(350, 2)], (), (), False, [], [700]),
    "price by hand": ([pieces(350, 2)], (By("price_override", 0, price_fen=300),), (), False,
                      [("price_override", 100, 0)], [600]),
    "a price by hand above the marked one changes nothing": ([pieces(350)], (By("price_override", 0, price_fen=400),), (),
                                                             False, [], [350]),
    "a promotion": ([pieces(350, 3, promo_price_fen=299)], (), (), False, [("item_promo", 153, 0)], [897]),
    "a promotion above the marked price": ([pieces(350, promo_price_fen=360)], (), (), False, [], [350]),
    "member price only for members": ([pieces(350, member_price_fen=320)], (), (), False, [], [350]),
    "member price": ([pieces(350, member_price_fen=320)], (), (), True, [("member_price", 30, 0)], [320]),
    "promotion, then the member's lower price": ([pieces(350, promo_price_fen=330, member_price_fen=320)], (), (), True,
                                                 [("item_promo", 20, 0), ("member_price", 10, 0)], [320]),
    "the promotion is lower: no member price": ([pieces(350, promo_price_fen=300, member_price_fen=320)], (), (), True,
                                                [("item_promo", 50, 0)], [300]),
    "per cent of a line": ([pieces(1000), pieces(333)], (By("line_discount", 1, rate_bp=500),), (), False,
                           [("line_discount", 17, 1)], [1000, 316]),
    "an amount off a line, never more than the line": ([pieces(300)], (By("line_discount", 0, amount_fen=500),), (),
                                                       False, [("line_discount", 300, 0)], [0]),
    "full reduction: the best that fits": ([pieces(6_000), pieces(6_000)], (), TIERS, False,
                                           [("full_reduction", 1_500, -1)], [5_250, 5_250]),
    "full reduction: not reached": ([pieces(4_999)], (), TIERS, False, [], [4_999]),
    "full reduction counts after promotions": ([pieces(5_200, promo_price_fen=4_900)], (), TIERS, False,
                                               [("item_promo", 300, 0)], [4_900]),
    "what may not be discounted counts for nothing": ([pieces(4_000), pieces(4_000, discountable=False)],
                                                      (By("order_discount", rate_bp=1_000),), TIERS, False,
                                                      [("order_discount", 400, -1)], [3_600, 4_000]),
    "per cent of the order after the full reduction": ([pieces(3_000), pieces(3_000)],
                                                       (By("order_discount", rate_bp=500),), TIERS, False,
                                                       [("full_reduction", 500, -1), ("order_discount", 275, -1)],
                                                       [2_612, 2_613]),
    "rounding by hand comes last": ([pieces(1_037)], (By("rounding_manual", amount_fen=37),
                                                     By("order_discount", amount_fen=30)), (), False,
                                    [("order_discount", 30, -1), ("rounding_manual", 37, -1)], [970]),
    "no discount outgrows the limit of who gave it": ([pieces(1_000)], (By("order_discount", amount_fen=400, cap_bp=500),),
                                                      (), False, [("order_discount", 50, -1)], [950]),
    "nor a price": ([pieces(1_000, 5)], (By("price_override", 0, price_fen=500, cap_fen=1_000),), (), False,
                    [("price_override", 1_000, 0)], [4_000]),
    "a scale's amount falls in proportion": ([Item(996, 502, 501, member_price_fen=498)], (), (), True,
                                             [("member_price", 250, 0)], [251]),
    "weight at a price": ([Item(996, 500, 498, member_price_fen=900)], (), (), True, [("member_price", 48, 0)], [450]),
}  # fmt: skip


@pytest.mark.parametrize("case", PRICES)
def test_a_basket_is_priced_step_by_step(case):
    items, by_hand, tiers, member, steps, left = PRICES[case]
    priced = price(items, by_hand, tiers, member)
    assert [(step.kind, step.amount_fen, step.line) for step in priced.steps] == steps
    assert list(priced.nets) == left
    assert priced.due_fen == sum(left)


fen = st.integers(0, 500_000)
maybe = st.none() | fen


@st.composite
def baskets(draw):
    items = []
    for _ in range(draw(st.integers(0, 8))):
        unit, milli = draw(fen), draw(st.integers(1, 20_000))
        exact = (unit * milli + 500) // 1000
        amount = exact if draw(st.booleans()) else draw(fen)
        items.append(Item(unit, milli, amount, draw(maybe), "特价", draw(maybe), draw(st.booleans())))
    by_hand = []
    for kind in draw(st.permutations([k for k in STEPS if k not in ("item_promo", "member_price", "full_reduction")])):
        line = draw(st.integers(0, max(0, len(items) - 1))) if kind in ("price_override", "line_discount") else -1
        by_hand.append(
            By(kind, line, draw(fen), draw(st.integers(0, 10_000)), draw(fen), draw(st.integers(0, 10_000)), draw(fen))
        )
    tiers = [Tier(*draw(st.tuples(st.integers(1, 500_000), fen))) for _ in range(draw(st.integers(0, 3)))]
    return items, by_hand if items else [], tiers, draw(st.booleans())


@settings(max_examples=300, deadline=None)
@given(baskets(), st.randoms())
def test_every_basket_adds_up_and_no_price_rises(basket, chance):
    items, by_hand, tiers, member = basket
    priced = price(items, by_hand, tiers, member)
    assert all(0 <= net <= item.amount_fen for net, item in zip(priced.nets, items, strict=True))
    assert all(step.amount_fen > 0 for step in priced.steps)
    assert priced.due_fen == sum(priced.nets)
    assert priced.due_fen == sum(i.amount_fen for i in items) - sum(s.amount_fen for s in priced.steps)
    order = [STEPS.index(step.kind) for step in priced.steps if step.line < 0]
    assert order == sorted(order)
    shuffled = list(by_hand)
    chance.shuffle(shuffled)
    assert price(items, shuffled, tiers, member).nets == priced.nets, "in whatever order they were given"
    assert not any(bound.cap_fen and step.amount_fen > bound.cap_fen for step, bound in _given(priced.steps, by_hand))


def _given(steps: tuple[Step, ...], by_hand: list[By]) -> list[tuple[Step, By]]:
    return [(step, by_hand[step.given]) for step in steps if step.given >= 0]


def line(amount_fen: int, quantity_milli: int = 1000, net_fen: int | None = None) -> Line:
    return Line("1", "x", quantity_milli, amount_fen, amount_fen, net_fen=net_fen)


def test_nets_of_a_sale_are_those_it_recorded():
    assert nets([line(100, net_fen=90), line(50, net_fen=40)], [Reduction("order_discount", 20)]) == (90, 40)


def test_nets_of_a_sale_from_before_are_computed():
    lines = [line(1000), line(500), line(300)]
    found = nets(lines, [Reduction("line_discount", 100, 0), Reduction("order_discount", 170)], 30)
    assert found == (794, 441, 265)
    assert sum(found) == 1800 - 100 - 170 - 30
    assert nets([line(1037)], [], 7) == (1030,)


@given(fen, st.lists(st.integers(1, 5_000), min_size=1, max_size=12))
def test_parts_of_a_line_add_up_to_its_net(net, parts):
    sold = line(net + 7, sum(parts), net)
    gone, back = 0, []
    for part in parts:
        back.append(net_of(sold, part, gone))
        gone += part
    assert sum(back) == net
    assert all(amount >= 0 for amount in back)


def test_a_third_of_a_line_floors_and_the_last_one_has_the_rest():
    sold = line(1000, 3000, 1000)
    assert [net_of(sold, 1000, gone) for gone in (0, 1000, 2000)] == [333, 333, 334]
    assert net_of(line(700, 2000), 1000) == 350, "a line without a net brings its amount"
