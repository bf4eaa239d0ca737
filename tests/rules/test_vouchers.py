"""What a voucher may be used for and what it takes off: the tables of domain 3.5 and 3.6, and properties of the shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.deals import Deal, PackageItem
from rules.vouchers import (
    Ahead,
    Beside,
    Fault,
    Goods,
    Outlook,
    Situation,
    amount,
    better_split,
    first_fault,
    usable,
    warnings,
)

CASH = Deal("meituan", "d1", "100元代金券", "cash", face_fen=10_000)
NOON = Situation("2026-11-23", 12 * 60, 1)
GOODS = (Goods("cola", 2000, 700), Goods("apple", 735, 941, category="fruit"), Goods("set", 1000, 19_800))
SET = Deal(
    "meituan", "d2", "双人餐", "package", face_fen=25_800, package_fen=19_800,
    package=(PackageItem("套餐", 1000, ("set",)), PackageItem("可乐", 2000, ("cola", "pepsi"))),
)  # fmt: skip


def deal(**fields: object) -> Deal:
    return Deal(**{**{name: getattr(CASH, name) for name in CASH.__struct_fields__}, **fields})  # type: ignore[arg-type]


def at(**fields: object) -> Situation:
    return Situation(**{**{name: getattr(NOON, name) for name in NOON.__slots__}, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "situation", "count", "held", "fault"),
    [
        (deal(), at(), 1, 1, None),
        (deal(valid_to="2026-11-22"), at(), 1, 1, Fault(3005, "2026-11-22")),
        (deal(valid_to="2026-11-23"), at(), 1, 1, None),
        (deal(valid_from="2026-11-24"), at(), 1, 1, Fault(3006, "2026-11-24")),
        (deal(stores=("s8", "s9")), at(store="s1"), 1, 1, Fault(3007, "s8 s9")),
        (deal(stores=("s9",)), at(), 1, 1, None),  # nobody told our number: the platform decides
        (deal(weekdays=(6, 7)), at(), 1, 1, Fault(3008)),
        (deal(times=(("11:00", "12:00"),)), at(), 1, 1, Fault(3008, "11:00-12:00")),
        (deal(times=(("11:00", "12:01"),)), at(), 1, 1, None),
        (deal(times=(("22:00", "02:00"),)), at(minute=60), 1, 1, None),
        (deal(times=(("22:00", "02:00"),)), at(minute=120), 1, 1, Fault(3008, "22:00-02:00")),
        (deal(blackout_dates=("2026-11-23",)), at(), 1, 1, Fault(3008, "2026-11-23")),
        (deal(weekdays=(1,)), at(clock_trusted=False), 1, 1, Fault(3008)),
        (deal(include_skus=("tea",)), at(), 1, 1, Fault(3013)),
        (deal(min_spend_fen=30_000), at(), 1, 1, Fault(3009, "8559")),
        (deal(min_spend_fen=20_000), at(), 2, 2, Fault(3011, "1")),
        (deal(min_spend_fen=20_000), at(same=1, same_fen=3_000), 1, 1, Fault(3009, "15559")),  # not 3011 "at most 0"
        (deal(max_per_order=1), at(), 2, 5, Fault(3011, "1")),
        (deal(), at(), 3, 2, Fault(3011, "2")),
        (deal(max_per_order=2), at(same=2, same_fen=6_000), 1, 5, Fault(3011, "2")),  # of the sale, not "at most 0"
        (deal(min_per_order=2), at(), 1, 2, Fault(3012, "2")),
        (deal(), at(others=(Beside("d9", "none", "B"),)), 1, 1, Fault(3010, "B")),
        (deal(stack="none"), at(others=(Beside("d9", "all", "B"),)), 1, 1, Fault(3010, "B")),
        (deal(stack="same"), at(others=(Beside("d9", "all", "B"),)), 1, 1, Fault(3010, "B")),
        (deal(stack="same"), at(others=(Beside("d1", "same", "A"),)), 1, 1, None),
        (deal(stack="same"), at(others=(Beside("d1", "same", "A"), Beside("d9", "all", "B"))), 1, 1, Fault(3010, "B")),
        (deal(exclude_promo=True), at(promoted_order=True), 1, 1, Fault(3010)),
        (deal(need_booking=True), at(), 1, 1, Fault(3028)),
        (deal(need_booking=True), at(booked=True), 1, 1, None),
        (deal(member_only=True), at(), 1, 1, Fault(3029, "member")),
        (deal(dine_in_only=True), at(), 1, 1, Fault(3029, "dine_in")),
        (deal(first_time_only=True), at(class_checked=True), 1, 1, None),
        (deal(per_day_max=2), at(used_today=2), 1, 1, Fault(3033, "2")),
        # the fixed order: what is named first is asked first
        (deal(valid_to="2026-11-01", stores=("s9",), weekdays=(7,)), at(store="s1"), 1, 1, Fault(3005, "2026-11-01")),
        (deal(stores=("s9",), weekdays=(7,)), at(store="s1"), 1, 1, Fault(3007, "s9")),
        (deal(weekdays=(7,), include_skus=("tea",)), at(), 1, 1, Fault(3008)),
        (deal(include_skus=("tea",), min_spend_fen=90_000), at(), 1, 1, Fault(3013)),
        (deal(min_spend_fen=90_000, max_per_order=1), at(), 2, 2, Fault(3009, "68559")),
        (deal(max_per_order=1, stack="none"), at(others=(Beside("d9", "all", "B"),)), 2, 2, Fault(3011, "1")),
        (deal(stack="none", need_booking=True), at(others=(Beside("d9", "all", "B"),)), 1, 1, Fault(3010, "B")),
    ],
)
def test_the_first_reason_in_the_fixed_order(
    rules: Deal, situation: Situation, count: int, held: int, fault: Fault | None
) -> None:
    assert first_fault(rules, GOODS, count, situation, held) == fault


@pytest.mark.parametrize(
    ("rules", "goods", "fault"),
    [
        (SET, GOODS, None),
        (SET, GOODS[:2], Fault(3027, "套餐")),
        (SET, GOODS[1:2], Fault(3013, "套餐")),
        (deal(kind="package", package=(PackageItem("套餐"),)), GOODS, Fault(3034)),
    ],
)
def test_a_package_must_be_in_the_basket(rules: Deal, goods: tuple[Goods, ...], fault: Fault | None) -> None:
    assert first_fault(rules, goods, 1, NOON, 1) == fault


def test_missing_goods_may_be_added_where_the_shop_wants_it() -> None:
    assert first_fault(SET, GOODS[:2], 1, NOON, 1, add_missing=True) is None
    assert amount(SET, GOODS[:2], 1).missing == ((SET.package[0], 1000),)


@pytest.mark.parametrize(
    ("rules", "count", "deduct", "shares", "lost"),
    [
        (deal(), 1, 10_000, (326, 439, 9_235), 0),
        (deal(), 3, 21_441, (700, 941, 19_800), 8_559),
        (deal(exclude_categories=("fruit",)), 1, 10_000, (341, 0, 9_659), 0),
        (deal(include_skus=("cola",)), 1, 700, (700, 0, 0), 9_300),
        (deal(kind="percent", percent=85), 1, 3_216, (105, 141, 2_970), 0),
        (deal(kind="percent", percent=85, max_discount_fen=1_000), 1, 1_000, (33, 44, 923), 0),
        (SET, 1, 20_500, (700, 0, 19_800), 0),
    ],
)
def test_what_a_voucher_takes_off(rules: Deal, count: int, deduct: int, shares: tuple[int, ...], lost: int) -> None:
    found = amount(rules, GOODS, count)
    assert (found.deduct_fen, found.shares, found.lost_fen) == (deduct, shares, lost)


def test_lines_chosen_by_hand_pay_at_most_what_the_package_is_worth() -> None:
    unmapped = deal(kind="package", package=(PackageItem("套餐"),), face_fen=5_000)
    assert first_fault(unmapped, GOODS, 1, at(by_hand=True), 1) is None
    assert amount(unmapped, GOODS, 1, chosen=((2, 1000),)).shares == (0, 0, 5_000)
    assert amount(unmapped, GOODS, 1, chosen=((0, 1000),)).shares == (350, 0, 0)


def test_a_better_split_is_told_when_the_last_voucher_would_be_lost_in_part() -> None:
    assert better_split(deal(), GOODS, 3) == (2, 1_441)
    assert better_split(deal(), GOODS, 2) is None
    assert better_split(deal(), GOODS, 3, min_count=3) is None


def test_how_many_could_be_used() -> None:
    assert usable(deal(), GOODS, 7) == 7
    assert usable(deal(min_spend_fen=10_000), GOODS, 7) == 2
    assert usable(deal(max_per_order=1), GOODS, 7) == 1


@given(
    st.lists(st.integers(0, 99_999), min_size=1, max_size=8).filter(any),
    st.integers(1, 5),
    st.integers(1, 30_000),
    st.sampled_from(["cash", "percent"]),
)
def test_shares_add_up_and_no_line_bears_more_than_it_brings(nets: list[int], count: int, face: int, kind: str) -> None:
    goods = tuple(Goods(f"s{place}", 1000, net) for place, net in enumerate(nets))
    found = amount(deal(kind=kind, face_fen=face, percent=face % 100), goods, count)
    assert sum(found.shares) == found.deduct_fen
    assert all(0 <= share <= line.net_fen for share, line in zip(found.shares, goods, strict=True))
    if kind == "cash":
        assert found.deduct_fen + found.lost_fen == face * count


@pytest.mark.parametrize(
    ("rules", "situation", "look", "said"),
    [
        (deal(), at(), Outlook(3, 15), ()),
        (deal(), at(), Outlook(3, 15, valid_to="2026-11-25"), (Ahead("expires", 2, "2026-11-25"),)),
        (
            deal(valid_to="2026-11-24"),
            at(),
            Outlook(3, 15, valid_to="2026-11-30"),
            (Ahead("expires", 1, "2026-11-24"),),
        ),
        (deal(times=(("11:00", "12:10"),)), at(), Outlook(3, 15), (Ahead("ends_soon", 10, "11:00-12:10"),)),
        (deal(times=(("11:00", "12:30"),)), at(), Outlook(3, 15), ()),
        (deal(times=(("22:00", "02:00"),)), at(minute=23 * 60 + 55), Outlook(3, 15), ()),
        (deal(), at(), Outlook(3, 15, used_lately=True, lost_fen=120), (Ahead("again", 0), Ahead("lost", 120))),
        (deal(extra_charge_fen=500), at(), Outlook(3, 15), (Ahead("extra_charge", 500),)),
    ],
)
def test_what_is_said_beforehand(rules: Deal, situation: Situation, look: Outlook, said: tuple[Ahead, ...]) -> None:
    assert warnings(rules, situation, look) == said
