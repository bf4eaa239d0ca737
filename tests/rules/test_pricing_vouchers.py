"""Vouchers in the order of the price's steps: after the full reduction, before what is taken off the whole order."""

from dataclasses import dataclass

from rules.pricing import Item, Tier, price


@dataclass(frozen=True)
class Hand:
    kind: str
    amount_fen: int = 0
    line: int = -1
    rate_bp: int = 0
    price_fen: int = 0
    cap_bp: int = 0
    cap_fen: int = 0


ITEMS = (Item(6_000, 1000, 6_000), Item(4_000, 1000, 4_000))


def test_a_voucher_sees_the_price_after_the_full_reduction_and_before_the_order_discount() -> None:
    seen: list[tuple[int, ...]] = []

    def bears(nets: tuple[int, ...]) -> tuple[int, ...]:
        seen.append(nets)
        return (3_000, 0)

    priced = price(ITEMS, (Hand("order_discount", rate_bp=1_000),), (Tier(10_000, 1_000),), vouchers=bears)
    assert seen == [(5_400, 3_600)]
    assert [step.amount_fen for step in priced.steps] == [1_000, 600], "a tenth of what the voucher leaves"
    assert priced.borne == (3_000, 0)
    assert priced.due_fen == 8_400 == sum(priced.nets)


def test_without_vouchers_nothing_changes() -> None:
    assert price(ITEMS, vouchers=lambda nets: (0, 0)) == price(ITEMS)


def test_no_discount_reaches_below_what_a_voucher_pays() -> None:
    priced = price(ITEMS, (Hand("rounding_manual", amount_fen=99_999),), vouchers=lambda nets: (5_999, 4_000))
    assert priced.nets == (5_999, 4_000)
    assert priced.steps[0].amount_fen == 1
