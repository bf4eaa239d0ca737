"""Redemptions at the backend: whatever comes in whatever order, one number redeems once or not at all, and what a terminal
was told is not redeemed does not stay redeemed."""

import itertools
from pathlib import Path
from random import Random

import msgspec
import pytest

from fleet.core import Arrived, Message, PlatformAnswered, Spoilt
from fleet.vouchers.port import CALL_MAX_MS, EXPIRED, UseReply
from fleet.vouchers.script import VoucherStep
from fleet.vouchers.uses import EXPIRES_MAX_MS
from rules.orders import voucher_no
from tests.fleet_vouchers.world import CODE, HELD, NO, NOW, OTHER, TERMINAL, World, number, said
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401
from wire.vouchers import (
    NEVER_UNDONE_MS,
    AnswerDeals,
    AnswerVoucher,
    AnswerVoucherLook,
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
)

pytestmark = pytest.mark.usefixtures("each_store")


QUERY, UNDO = AskVoucherQuery(NO), AskVoucherUndo(NO)
OVER_MS = EXPIRES_MAX_MS + CALL_MAX_MS
CARD = "100300000001"
DOUYIN = "300100000000001"


def test_a_voucher_is_prepared_redeemed_and_given_back() -> None:
    world = World()
    coupon = world.coupon()
    assert (coupon.platform, coupon.deal_id, coupon.face_fen, coupon.last4) == ("meituan", "MT20", 2_000, "0001")
    ask = AskVoucherConsume(NO, "meituan", 1, 2_000, "01", coupon.ref)
    assert world.ask(ask) == []
    (answer,) = world.hear()
    assert isinstance(answer, AnswerVoucher)
    assert (answer.state, answer.paid_fen, answer.platform_fen, answer.merchant_fen) == ("consumed", 1_680, 200, 120)
    assert answer.raw["couponBuyPrice"] == 1_680
    assert world.redeemed() == {NO: 1}
    assert said(world.ask(ask)) == [("consume", "consumed", 0)], "asked again, answered alike"
    assert said(world.ask(QUERY)) == [("query", "consumed", 0)]
    assert len(world.calls) == 2
    world.ask(UNDO)
    assert said(world.hear()) == [("undo", "undone", 0)]
    assert world.redeemed() == {}
    assert said(world.ask(ask)) == [("consume", "rejected", 5011)], "closed for ever"
    assert world.coupon().count == 1, "the customer has it back"


@pytest.mark.parametrize(
    ("step", "told", "kept"),
    [
        (VoucherStep("refuse", ours=3014), ("consume", "rejected", 3014), "rejected"),
        (VoucherStep("refuse", text="券已退款"), ("consume", "rejected", 3004), "rejected"),
        (VoucherStep("error", ours=1010), ("consume", "unknown", 1010), "unknown"),
        (VoucherStep("silent"), ("consume", "unknown", 3022), "unknown"),
        (VoucherStep("lost"), ("consume", "unknown", 3022), "unknown"),
        (VoucherStep("outage", call="any"), ("consume", "unknown", 3022), "unknown"),
    ],
)
def test_what_the_platform_says_is_told(step: VoucherStep, told: tuple[str, str, int], kept: str) -> None:
    world = World()
    ask = world.consuming()
    world.script(step)
    world.ask(ask)
    assert said(world.hear()) == [told]
    row = world.use()
    assert row is not None
    assert row.state == kept


def test_a_lost_answer_is_found_by_a_query_and_never_redeemed_again() -> None:
    world = World()
    ask = world.consuming()
    world.script(VoucherStep("lost"))
    world.ask(ask)
    world.hear()
    world.ask(ask)
    assert said(world.hear()) == [("query", "consumed", 0)]
    assert [call.ticket.what for call in world.calls] == ["prepare", "consume", "query"]


def test_what_never_arrived_is_absent_and_redeemed_under_the_same_number() -> None:
    world = World()
    ask = world.consuming()
    world.script(VoucherStep("silent"))
    world.ask(ask)
    world.hear()
    world.ask(QUERY)
    assert said(world.hear()) == [("query", "absent", 0)]
    world.ask(ask)
    assert said(world.hear()) == [("consume", "consumed", 0)]
    assert world.redeemed() == {NO: 1}


def test_absent_is_answered_without_a_call_and_leaves_nothing_behind() -> None:
    world = World()
    assert said(world.ask(QUERY)) == [("query", "absent", 0)]
    assert (world.use(), world.calls) == (None, [])


def test_an_undo_of_an_unknown_number_closes_it_for_ever() -> None:
    world = World()
    ask = world.consuming()
    calls = len(world.calls)
    assert said(world.ask(UNDO)) == [("undo", "undone", 0)]
    assert said(world.ask(ask)) == [("consume", "rejected", 5011)]
    assert said(world.ask(QUERY)) == [("query", "undone", 0)]
    assert said(world.ask(UNDO)) == [("undo", "undone", 0)]
    assert len(world.calls) == calls, "the platform is never called"


@pytest.mark.parametrize(("expires_ms", "age_ms"), [(0, 0), (8_000, 8_000), (8_000, 60_000)])
def test_an_ask_that_is_too_old_never_reaches_the_platform(expires_ms: int, age_ms: int) -> None:
    world = World()
    ask = msgspec.structs.replace(world.consuming(), expires_ms=expires_ms)
    assert said(world.ask(ask, age_ms=age_ms)) == [("consume", "rejected", 1004)]
    assert said(world.ask(ask)) == [("consume", "rejected", 1004)], "told once, told alike"
    assert len(world.calls) == 1


def test_a_call_may_begin_only_while_the_ask_is_fresh() -> None:
    world = World()
    world.ask(world.consuming(), age_ms=3_000)
    assert world.calls[-1].start_by_ms == world.now + 7_000
    assert said(world.hear(reply=EXPIRED)) == [("consume", "rejected", 1004)]


def test_a_preparation_holds_only_so_long() -> None:
    world = World()
    ask = world.consuming(code="https://v.douyin.com/i100000001")
    world.now += 60_000
    assert said(world.ask(ask)) == [("consume", "rejected", 3016)]
    assert world.redeemed() == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"platform": "douyin"}, 3027), ({"count": 2}, 3011), ({"ref": "x"}, 3016), ({"ref": ""}, 3001)],
)
def test_an_ask_that_does_not_fit_its_preparation(changes: dict[str, object], code: int) -> None:
    world = World()
    ask = msgspec.structs.replace(world.consuming(), **changes)
    assert said(world.ask(ask)) == [("consume", "rejected", code)]
    assert len(world.calls) == 1


def test_another_terminals_ref_is_as_good_as_none() -> None:
    world = World()
    ask = world.consuming(terminal=OTHER)
    assert said(world.ask(ask)) == [("consume", "rejected", 3016)]


# --- undo ---


def test_an_undo_during_the_redemption_follows_it_without_a_gap() -> None:
    world = World()
    world.ask(world.consuming())
    assert said(world.ask(UNDO)) == [("undo", "unknown", 3021)]
    assert said(world.hear()) == [("consume", "unknown", 3021)]
    assert said(world.hear()) == [("undo", "undone", 0)]
    assert world.redeemed() == {}


@pytest.mark.parametrize("play", ["lost", "silent"])
def test_an_undo_of_what_nobody_knows_asks_first(play: str) -> None:
    world = World()
    ask = world.consuming()
    world.script(VoucherStep(play))  # type: ignore[arg-type]
    world.ask(ask)
    world.hear()
    world.ask(UNDO)
    world.settle()
    assert said(world.answers)[-1] == ("undo", "undone", 0)
    assert world.redeemed() == {}
    assert said(world.ask(ask)) == [("consume", "rejected", 5011)]


def test_an_undo_without_an_answer_goes_on_by_itself() -> None:
    world = World()
    world.consumed()
    world.script(VoucherStep("silent", call="undo"))
    world.ask(UNDO)
    assert said(world.hear()) == [("undo", "unknown", 3021)]
    world.pass_time(60_000)
    assert world.redeemed() == {}
    assert said(world.ask(UNDO)) == [("undo", "undone", 0)]


def test_an_undo_whose_answer_was_lost_is_found_done() -> None:
    world = World()
    world.consumed()
    world.script(VoucherStep("lost", call="undo"))
    world.ask(UNDO)
    world.hear()
    world.ask(UNDO)
    assert said(world.hear()) == [("undo", "undone", 0)]


@pytest.mark.parametrize(("code", "wait_ms", "told"), [("100610000001", 0, 3020), (CODE, 11 * 60_000, 3019)])
def test_what_the_platform_does_not_let_be_undone_is_kept(code: str, wait_ms: int, told: int) -> None:
    world = World()
    world.consumed(code=code)
    world.now += wait_ms
    world.ask(UNDO)
    assert world.hear() == []
    assert said(world.hear()) == [("undo", "kept", told)], "after a query: it might have been done before"
    assert said(world.ask(QUERY)) == [("query", "kept", told)]
    world.ask(UNDO)
    world.settle()
    assert said(world.answers)[-1] == ("undo", "kept", told), "a person may ask again"
    assert world.redeemed() == {NO: 1}


def test_what_can_never_be_undone_is_told_when_it_is_redeemed() -> None:
    """So that a cashier learns it before she voids the sale; what may be undone for a time says nothing."""
    assert World().consumed(code="100610000001").undo_until_ms == NEVER_UNDONE_MS
    assert World().consumed().undo_until_ms == 0


def test_an_undo_refused_because_it_was_done_already_is_found_undone() -> None:
    world = World()
    world.consumed()
    world.platforms.undo_in_back_office(NO, world.now)
    world.ask(UNDO)
    world.hear(reply=UseReply("refused", 3019))
    assert said(world.hear()) == [("undo", "undone", 0)]


# --- late and doubled ---


@pytest.mark.parametrize("asked", [True, False])
def test_a_late_success_is_given_back_when_nobody_counts_on_it(asked: bool) -> None:
    """The platform carries the redemption out half a minute after the terminal gave it up."""
    world = World()
    ask = world.consuming()
    world.script(VoucherStep("late", after_ms=30_000))
    world.ask(ask)
    world.hear()
    world.ask(UNDO if asked else QUERY)
    world.settle()
    if asked:
        assert said(world.answers)[-1] == ("undo", "undone", 0)
    else:
        assert said(world.answers)[-1] == ("query", "absent", 0)
        world.ask(UNDO)
    world.pass_time(29_000)
    assert world.redeemed() == {}
    world.now += 2_000
    world.platforms.ripen(world.now)
    assert world.redeemed() == {NO: 1}, "it came late indeed"
    world.pass_time(10 * 60_000)
    assert world.redeemed() == {}
    assert said(world.ask(UNDO)) == [("undo", "undone", 0)]


@pytest.mark.parametrize("code", [CODE, "100530000001"], ids=["by script", "by its card"])
def test_asking_again_does_not_hasten_a_late_success(code: str) -> None:
    """The terminal asks for as long as it takes, by turns with a query and the same redemption."""
    world = World()
    ask = world.consuming(code=code)
    world.script(*[VoucherStep("late", after_ms=30_000)] * (code == CODE))
    world.ask(ask)
    world.hear()
    for _ in range(9):
        world.now += 3_000
        for each in (QUERY, ask):
            world.ask(each)
            world.hear()
        assert said(world.answers)[-2:] == [("query", "absent", 0), ("consume", "unknown", 3022)]
        assert world.redeemed() == {}
    world.now += 3_000
    world.ask(QUERY)
    world.hear()
    assert said(world.answers)[-1] == ("query", "consumed", 0)
    assert world.redeemed() == {NO: 1}


def test_a_late_answer_after_a_rejection_is_undone_again() -> None:
    world = World()
    world.ask(world.consuming())
    effect, _ = world.open[0]
    world.hear(reply=UseReply("rejected", 3014))
    world.take(PlatformAnswered(world.now, effect.ticket, HELD))
    world.settle()
    assert world.redeemed() == {}
    assert world.news() == [], "rejected or given back: nothing is redeemed"


def test_a_late_answer_after_an_undo_is_looked_into() -> None:
    world = World()
    world.ask(world.consuming())
    effect, (reply,) = world.open[0]
    world.hear()
    world.ask(UNDO)
    world.settle()
    world.take(PlatformAnswered(world.now, effect.ticket, reply))
    assert said(world.ask(QUERY)) == [("query", "undone", 0)]
    world.pass_time(2 * 60_000)
    assert [call.ticket.what for call in world.calls][-1] == "query"
    assert said(world.ask(QUERY)) == [("query", "undone", 0)]


def test_a_late_success_that_cannot_be_undone_is_told_as_news() -> None:
    world = World()
    ask = world.consuming(code="100610000001")
    world.script(VoucherStep("late", after_ms=30_000))
    world.ask(ask)
    world.hear()
    world.ask(UNDO)
    world.settle()
    world.pass_time(5 * 60_000)
    assert world.news() == [NO]
    world.ask(AskDeals(""))
    world.settle()
    deals = next(each for each in world.answers[::-1] if isinstance(each, AnswerDeals))
    assert deals.changed == (NO,)
    assert said(world.ask(QUERY)) == [("query", "kept", 3020)]
    assert world.news() == [], "told"


def test_what_is_undone_in_the_platforms_back_office_is_news() -> None:
    world = World()
    world.consumed()
    world.platforms.undo_in_back_office(NO, world.now + 1_000)
    world.pass_time(11 * 60_000)
    assert world.news() == [NO]
    assert said(world.ask(QUERY)) == [("query", "undone", 0)]
    assert world.news() == []


def test_a_doubled_answer_changes_nothing() -> None:
    world = World()
    world.ask(world.consuming())
    assert said(world.hear(times=3)) == [("consume", "consumed", 0)] * 3
    world.ask(UNDO)
    world.hear(times=2)
    assert said(world.ask(QUERY)) == [("query", "undone", 0)]


def test_partly_redeemed_is_said_so() -> None:
    world = World()
    answer = world.consumed(code="300300000000001", count=3)
    assert (answer.state, answer.code, answer.consumed) == ("consumed", 3035, 2)


# --- the same code in two hands ---


def test_two_terminals_with_the_same_code_redeem_it_once() -> None:
    world = World()
    mine, theirs = world.consuming(), world.consuming(number(9, OTHER), terminal=OTHER)
    world.ask(mine)
    (answer,) = world.ask(theirs, terminal=OTHER)
    assert isinstance(answer, AnswerVoucher)
    assert (answer.state, answer.code) == ("rejected", 3023)
    assert answer.used is not None
    assert (answer.used.terminal, answer.used.batch, answer.used.trace) == (TERMINAL, 1, 45)
    world.settle()
    assert world.redeemed() == {NO: 1}
    assert len(world.calls) == 3, "the platform was asked once"


def test_a_second_use_is_told_with_its_place() -> None:
    world = World()
    world.consumed()
    answer = world.prepared(terminal=OTHER)
    assert (answer.code, answer.used.trace if answer.used else 0) == (3023, 45)
    world.now += 25 * 3_600_000
    assert world.prepared(terminal=OTHER).code == 3003
    looked = world.ask(AskVoucherLook("l1", " ".join((CODE[:4], CODE[4:8], CODE[8:]))), terminal=OTHER)
    assert isinstance(looked[0], AnswerVoucherLook)
    assert [each.state for each in looked[0].uses] == ["consumed"]
    (none,) = world.ask(AskVoucherLook("l2", CODE), terminal="00990001")
    assert isinstance(none, AnswerVoucherLook)
    assert none.code == 3002, "another shop's"


def test_a_card_is_used_at_two_terminals_as_often_as_it_may_be() -> None:
    world = World()
    mine, theirs = world.consuming(code=CARD, count=3), world.consuming(number(9, OTHER), CARD, 3, OTHER)
    world.ask(mine)
    world.settle()
    assert said(world.ask(theirs, terminal=OTHER)) == [("consume", "rejected", 3023)], "two are left"
    assert world.consumed(number(10, OTHER), CARD, 2, OTHER).state == "consumed"
    assert sum(world.redeemed().values()) == 5
    assert world.prepared(CARD).code == 3023


def test_a_card_in_other_hands_is_asked_for_again() -> None:
    world = World()
    mine, theirs = world.consuming(code=CARD), world.consuming(number(9, OTHER), CARD, 1, OTHER)
    world.ask(mine)
    assert said(world.ask(theirs, terminal=OTHER)) == [("consume", "rejected", 1010)]


# --- refused before anything is redeemed ---


@pytest.mark.parametrize(("code", "about"), [("100420000001", (3005, "2025-12-31")), ("100430000001", (3007, "1"))])
def test_what_a_refusal_is_about_is_told_without_words(code: str, about: tuple[int, str]) -> None:
    answer = World().prepared(code)
    assert ((answer.code, answer.about), answer.detail) == (about, "")


# --- registered without a link ---


def registered(no: str = NO, code: str = CODE) -> AskVoucherConsume:
    return AskVoucherConsume(no, "meituan", 1, 2_000, "01", code=code)


def test_a_registered_voucher_is_prepared_and_redeemed_in_one() -> None:
    world = World()
    world.ask(registered())
    assert world.hear() == []
    assert said(world.hear()) == [("consume", "consumed", 0)]
    row = world.use()
    assert row is not None
    assert (row.deal_id, row.last4, row.basis_fen, row.code_sealed) == ("MT20", "0001", 1_680, b"")


@pytest.mark.parametrize(("code", "told"), [("100410000001", 3004), ("100420000001", 3005), ("999999999999", 3002)])
def test_a_registered_voucher_is_refused(code: str, told: int) -> None:
    world = World()
    world.ask(registered(code=code))
    assert said(world.hear()) == [("consume", "rejected", told)]


@pytest.mark.parametrize("step", [VoucherStep("silent", "prepare"), VoucherStep("refuse", "prepare", ours=2011)])
def test_a_registered_voucher_waits_for_the_platform(step: VoucherStep) -> None:
    """Trouble on the way says nothing of the voucher: it is asked for again under the same number."""
    world = World()
    world.script(step)
    world.ask(registered())
    assert [each[:2] for each in said(world.hear())] == [("consume", "unknown")]
    assert said(world.ask(QUERY)) == [("query", "absent", 0)]
    world.ask(registered())
    world.settle()
    assert world.redeemed() == {NO: 1}


def test_an_undo_while_a_registered_voucher_is_prepared_closes_it() -> None:
    world = World()
    world.ask(registered())
    assert said(world.ask(UNDO)) == [("undo", "undone", 0)]
    world.settle()
    assert world.redeemed() == {}
    assert [call.ticket.what for call in world.calls] == ["code"]


# --- crashes, secrets, hostile asks ---


def test_after_a_crash_the_platform_is_queried_and_never_asked_twice() -> None:
    world = World()
    ask = world.consuming()
    world.ask(ask)
    world.restart()
    assert said(world.ask(ask)) == [("consume", "unknown", 3022)], "somebody may still be about it"
    world.now += OVER_MS
    world.ask(ask)
    assert said(world.hear()) == [("query", "consumed", 0)]
    assert [call.ticket.what for call in world.calls].count("consume") == 1


def test_after_a_crash_the_backend_finds_out_by_itself() -> None:
    world = World()
    world.ask(world.consuming())
    world.restart()
    world.pass_time(2 * OVER_MS)
    row = world.use()
    assert row is not None
    assert row.state == "consumed"


@pytest.mark.parametrize("ask", [AskVoucherConsume(NO, "meituan", 1, 1, "01", "r"), QUERY, UNDO, registered()])
def test_another_terminals_number_is_put_aside(ask: AskVoucherConsume | AskVoucherQuery | AskVoucherUndo) -> None:
    world = World()
    assert world.ask(ask, terminal=OTHER) == []
    assert world.calls == []
    with world.stores[0].begin() as books:
        (row,) = books.quarantine_of(OTHER)
    assert "not this terminal's" in row.reason
    assert CODE.encode() not in row.raw


def test_a_number_with_other_contents_is_put_aside() -> None:
    world = World()
    ask = world.consuming()
    world.ask(ask)
    world.hear()
    assert world.ask(msgspec.structs.replace(ask, amount_fen=1)) == []
    assert said(world.ask(QUERY)) == [("query", "consumed", 0)]


@pytest.mark.parametrize("text", ["", "   ", "\x1b[2J", "券码一二三四", "\u202e123456789012"])
def test_a_code_that_is_none_costs_no_call(text: str) -> None:
    world = World()
    (answer,) = world.ask(AskVoucherPrepare("l", text, False))
    assert answer.code == 3001  # type: ignore[union-attr]
    assert world.calls == []


def test_the_code_is_nowhere_in_the_store_and_in_no_repr(tmp_path: Path) -> None:
    world = World(tmp_path / "fleet.db")
    link = "https://v.douyin.com/i100000001"
    world.consumed()
    world.consumed(number(46), link)
    world.ask(registered(number(47), "100100000002"))
    bad = [
        Message(TERMINAL, "ask/voucher_prepare", msgspec.json.encode(AskVoucherPrepare("l", CODE, False))[:-1]),
        Message(TERMINAL, "ask/voucher_look", msgspec.json.encode(AskVoucherLook("l", CODE)), retained=True),
        Message(TERMINAL, "ask/voucher_consume", msgspec.json.encode(registered())[:-1]),
    ]
    world.take(Arrived(NOW, tuple(bad)))
    for each in bad:
        world.cores[0].step(Spoilt(NOW, each, "broke"))
    rows = [world.use(number(trace)) for trace in (45, 46, 47)]
    shown = repr((bad, world.calls, world.open, rows, registered()))
    for secret in (CODE, link, "100100000002"):
        assert secret not in shown
    world.close()
    for path in tmp_path.iterdir():
        for secret in (CODE, link, "100100000002"):
            assert secret.encode() not in path.read_bytes(), path


def test_what_is_given_back_keeps_no_handle() -> None:
    world = World()
    world.consumed()
    world.ask(UNDO)
    world.settle()
    world.pass_time(2 * 3_600_000, 600_000)
    row = world.use()
    assert row is not None
    assert (row.handle, row.undo_handle, row.due_ms) == (b"", b"", 0)


def test_a_redemption_is_looked_at_three_times_and_then_left_alone() -> None:
    world = World()
    world.consumed()
    before = len(world.calls)
    world.pass_time(40 * 3_600_000, 600_000)
    assert len(world.calls) - before == 3


# --- every order and doubling, over two workers -----------------------------------------------------------------

_STEPS = ("consume", "query", "undo", "hear", "lose", "wait")


def play(steps: tuple[str, ...], rng: Random, world: World, ask: AskVoucherConsume) -> None:
    """A run of steps, each at one of two workers, with every rule that must hold meanwhile."""
    no = ask.request_no
    for at, step in enumerate(steps):
        worker, before = rng.randrange(2), len(world.answers)
        match step:
            case "consume":
                world.ask(ask, worker)
            case "query":
                world.ask(AskVoucherQuery(no), worker)
            case "undo":
                world.ask(AskVoucherUndo(no), worker)
            case "hear" if world.open:
                world.hear(worker, times=rng.choice((1, 1, 2)))
            case "lose" if world.open:
                world.lose(worker)
            case "wait":
                world.now += 11_000
                while world.open and world.open[0][0].start_by_ms + CALL_MAX_MS <= world.now:
                    world.lose(worker)  # as the edge does
        told = {state for _, state, _ in said(world.answers[before:])}
        if "consumed" in told and "undo" not in steps[: at + 1]:
            assert world.redeemed() == {no: 1}, f"{steps}: told to be redeemed, and it is not"
        if told & {"undone", "rejected"}:
            assert world.redeemed() == {}, f"{steps}: told to be given back, and it is redeemed"


def ends_well(steps: tuple[str, ...], world: World, ask: AskVoucherConsume) -> None:
    """After the trouble is over, one more question is answered with the truth."""
    no = ask.request_no
    world.settle()
    world.now += 2 * OVER_MS
    world.ask(AskVoucherUndo(no) if "undo" in steps else AskVoucherQuery(no))
    world.settle()
    last = said(world.answers)[-1]
    if "undo" in steps:
        assert last == ("undo", "undone", 0), steps
        assert said(world.ask(ask)) == [("consume", "rejected", 5011)], steps
        assert world.redeemed() == {}, steps
    elif "consume" in steps:
        assert (last[1], world.redeemed()) in (("consumed", {no: 1}), ("rejected", {})), steps
    else:
        assert (last, world.redeemed()) == (("query", "absent", 0), {}), steps
    assert sum(call.ticket.what == "consume" for call in world.calls) <= 1, steps


def _run(steps: tuple[str, ...], run: int, world: World) -> None:
    no = voucher_no(TERMINAL, 1, 1 + run // 900_000, 1 + run % 900_000, 1)
    fresh = World(workers=2, stores=world.stores, books=world.books, demo=None)
    ask = fresh.consuming(no, f"10010{run:07d}")
    with world.books.begin() as pages:  # each run has books of its own
        for row in pages.redemptions():
            pages._db.exec_driver_sql("DELETE FROM redemptions WHERE request_no = ?", (row.request_no,))
    play(steps, Random(repr(steps)), fresh, ask)
    ends_well(steps, fresh, ask)


def test_every_order_and_doubling_of_four_steps() -> None:
    world = World(workers=2)
    for run, steps in enumerate(itertools.product(_STEPS, repeat=3), 1):
        _run(("consume" if run % 4 else "undo", *steps), run, world)


def test_long_runs() -> None:
    world = World(workers=2)
    rng = Random(7)
    for run in range(1, 60):
        _run(tuple(rng.choices(_STEPS, k=12)), run, world)
