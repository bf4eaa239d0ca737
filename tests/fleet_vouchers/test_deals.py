"""Deals, rules and platforms as a terminal is told them."""

import msgspec
import pytest

from firmware.drivers.uplink.incoming_vouchers import within_bounds
from fleet.vouchers.books import DealRow
from fleet.vouchers.deals import in_force, paged
from fleet.vouchers.script import VoucherStep
from rules.deals import Deal
from tests.fleet_vouchers.world import World
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
from wire.messages import AnswerDiagnose, AskDiagnose, Reach
from wire.vouchers import AnswerDeals, AskDeals

pytestmark = pytest.mark.usefixtures("each_store")


def asked(world: World, have: str = "", page: int = 0) -> AnswerDeals:
    found = world.ask(AskDeals(have, page))
    while world.open:
        found += world.hear()
    (answer,) = found
    assert isinstance(answer, AnswerDeals)
    assert within_bounds(answer)
    return answer


def test_the_first_answer_waits_for_the_platforms() -> None:
    world = World()
    answer = asked(world)
    assert {deal.platform for deal in answer.deals} >= {"meituan", "douyin", "wechat"}
    assert {each.platform: each.code for each in answer.platforms}["douyin"] == 0
    again = asked(world, answer.rev)
    assert (again.same, again.deals, again.rev) == (True, (), answer.rev)


def test_a_platform_without_authority_is_told_and_its_deals_stay() -> None:
    world = World()
    before = asked(world)
    world.now += 61_000
    world.script(VoucherStep("refuse", "deals", "douyin", ours=2010))
    asked(world, before.rev)
    after = asked(world, before.rev)
    assert {each.platform: each.code for each in after.platforms}["douyin"] == 2010
    assert len(after.deals) == len(before.deals)
    assert after.rev != before.rev


def test_a_platform_that_never_answers_does_not_hold_the_answer() -> None:
    world = World()
    world.script(VoucherStep("silent", "deals", "meituan"))
    assert {deal.platform for deal in asked(world).deals} >= {"douyin"}


def test_the_least_software_is_told() -> None:
    world = World()
    with world.books.begin() as pages:
        pages.mark("software_meituan", "9.0.0")
    assert {each.platform: each.software_min for each in asked(world).platforms}["meituan"] == "9.0.0"


def deal(number: int, title: str = "x") -> Deal:
    return Deal("meituan", f"D{number:05d}", title, "cash", face_fen=1_000)


def test_pages_fit_into_a_packet() -> None:
    pages = paged(tuple(deal(number, "长" * 80) for number in range(1_000)))
    assert sum(map(len, pages)) == 1_000
    assert max(len(msgspec.json.encode(AnswerDeals("r", 0, 1, page))) for page in pages) < 60_000
    assert paged(()) == [()]


@pytest.mark.parametrize("order", [1, -1])
def test_the_shops_own_file_counts_before_the_platforms_word(order: int) -> None:
    said = msgspec.json.encode(deal(1, "platform's"))
    ours = msgspec.json.encode(deal(1, "ours"))
    rows = [
        DealRow("meituan", "D00001", "0001", "platform", said, 0),
        DealRow("meituan", "D00001", "", "file", ours, 0),
    ]
    assert [each.title for each in in_force(rows[::order])] == ["ours"]


def test_a_diagnosis_is_told_how_the_platforms_stood_without_asking_them() -> None:
    world = World()
    before = {each.name: each.state for each in diagnosed(world)}
    assert before["voucher_meituan"] == "unknown"
    asked(world)
    world.now += 61_000
    world.script(VoucherStep("refuse", "deals", "douyin", ours=2010))
    asked(world)
    calls = len(world.calls)
    stood = {each.name: (each.state, each.code) for each in diagnosed(world)}
    assert (stood["voucher_meituan"], stood["voucher_douyin"]) == (("ok", 0), ("down", 2010))
    assert len(world.calls) == calls
    world.now += 2 * 3_600_000
    assert {each.state for each in diagnosed(world) if each.name.startswith("voucher")} == {"unknown"}


def diagnosed(world: World) -> tuple[Reach, ...]:
    (answer,) = world.ask(AskDiagnose("ab" * 8))
    assert isinstance(answer, AnswerDiagnose)
    return answer.platforms
