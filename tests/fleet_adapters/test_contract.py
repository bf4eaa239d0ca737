"""What every platform's adapter owes, judged by the platform's own books: nothing redeemed twice, nothing given back that
nobody asked for, and a definite answer only where it is one."""

import logging

import pytest

from fleet.vouchers.port import CALL_MAX_MS
from tests.fleet_adapters.benches import IMPATIENT, NUMBER
from tests.standins.server import Fault

WITH_EFFECT = ("lost", "garbage", "list", "types", "huge", "twice")
WITHOUT = ("dropped", "http500", "http429", "garbage_before", "moved")
ALWAYS = 40
"""Misdeeds in a row: more than any plan of retries."""


def settle(bench, coupon, reply, count=1):
    """What the backend does with an unknown use: query, and redeem again under the same number when it is absent."""
    for _time in range(3):
        if reply.state != "unknown":
            return reply
        reply = bench.query(coupon, count=count)
        if reply.state == "absent":
            reply = bench.consume(coupon, count)
    return reply


def redeemed(bench) -> int:
    return bench.server.books.count("redeemed")


def given_back(bench) -> int:
    return bench.server.books.count("given back")


def test_a_preparation_shows_what_a_code_is_worth_and_changes_nothing(bench) -> None:
    voucher = bench.issue(title="四人套餐", value_fen=20_000, price_fen=16_000, paid_fen=15_000)
    reply = bench.prepare(voucher.code)
    assert (reply.code, reply.platform, len(reply.coupons)) == (0, bench.platform, 1)
    coupon = reply.coupons[0]
    assert (coupon.title, coupon.kind, coupon.count, coupon.face_fen) == ("四人套餐", "package", 1, 20_000)
    assert coupon.basis_fen == 15_000
    assert coupon.last4 == voucher.code[-4:]
    assert coupon.deal is not None
    assert coupon.deal.deal_id == coupon.deal_id == voucher.deal
    assert bench.server.books.history == []


def test_a_voucher_is_redeemed_once_and_told_alike_when_asked_again(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    first = bench.consume(coupon)
    assert (first.state, first.consumed) == ("consumed", 1)
    assert first.record_no
    assert first.paid_fen == 7_900
    query = bench.query(coupon, first)
    assert (query.state, query.consumed, query.record_no) == ("consumed", 1, first.record_no)
    assert redeemed(bench) == 1


@pytest.mark.parametrize("fault", WITH_EFFECT + WITHOUT)
def test_one_bad_answer_costs_an_attempt_not_a_voucher(bench, fault) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", fault)
    reply = settle(bench, coupon, bench.consume(coupon))
    assert reply.state == "consumed"
    assert redeemed(bench) == 1


@pytest.mark.parametrize("fault", WITH_EFFECT[:-1] + WITHOUT)
def test_bad_answers_without_end_are_unknown_and_found_by_a_query(bench, fault) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", *[fault] * ALWAYS)
    reply = bench.consume(coupon)
    assert reply.state == "unknown"
    bench.server.reset_faults()
    stands = bench.query(coupon)
    assert stands.state == ("consumed" if fault in WITH_EFFECT else "absent")
    assert settle(bench, coupon, stands if stands.state == "consumed" else bench.consume(coupon)).state == "consumed"
    assert redeemed(bench) == 1


def test_an_answer_that_does_not_come_is_waited_for_a_while_only(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", *["hang"] * ALWAYS)
    reply = bench.consume(coupon, adapter=bench.adapter(IMPATIENT))
    assert reply.state in ("unknown", "consumed")
    bench.server.reset_faults()
    assert bench.query(coupon).state == "consumed"
    assert redeemed(bench) == 1


def test_an_effect_that_comes_after_all_gave_up_is_found_later(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    before = bench.server.effects
    bench.server.misbehave("consume", *["late"] * ALWAYS)
    assert bench.consume(coupon, adapter=bench.adapter(IMPATIENT), within_ms=1_000).state == "unknown"
    bench.server.wait_effects(before + 1)
    bench.server.reset_faults()
    assert bench.query(coupon).state == "consumed"
    assert redeemed(bench) == 1


def test_redeemed_elsewhere_in_between_is_refused_and_stays_theirs(bench) -> None:
    voucher = bench.issue()
    coupon = bench.prepared(voucher.code)
    bench.elsewhere(voucher)
    reply = bench.consume(coupon)
    assert (reply.state, reply.code) == ("rejected", 3003)
    assert bench.query(coupon).state == "absent"
    assert bench.undo(coupon).state == "undone"  # nothing of ours: nothing to give back
    assert (redeemed(bench), given_back(bench)) == (1, 0)


@pytest.mark.parametrize(("state", "code"), [("refunded", 3004), ("expired", 3005), ("frozen", 3014), ("used", 3003)])
def test_a_code_that_cannot_be_used_says_why(bench, state, code) -> None:
    voucher = bench.issue(state=state)
    reply = bench.prepare(voucher.code)
    assert (reply.code, reply.coupons) == (code, ())


def test_an_unknown_code_is_not_found(bench) -> None:
    assert bench.prepare("9" * bench.digits).code == 3002


@pytest.mark.parametrize(
    "code", ["", "abc", "12345678901234567890123", "６６６６６６６６６６６６", "1234\n5678", "DROP TABLE"]
)
def test_what_is_no_code_is_refused_before_anybody_is_asked(bench, code) -> None:
    assert bench.prepare(code).code == 3001
    assert bench.server.asked == []


def test_a_code_is_taken_with_its_blanks_and_hyphens(bench) -> None:
    code = bench.issue().code
    assert bench.prepare(f"{code[:4]} {code[4:8]}-{code[8:]}").code == 0


@pytest.mark.parametrize(
    ("name", "code"), [("retired", 1019), ("unauthorised", 2010), ("busy", 1010), ("malformed", 1009)]
)
def test_what_a_platform_says_of_itself_is_told_in_our_codes(bench, name, code) -> None:
    said = getattr(bench, name)
    bench.server.misbehave("prepare", *[Fault("error", *said)] * ALWAYS)
    assert bench.prepare(bench.issue().code).code == code


def test_a_busy_platform_is_asked_again_by_its_plan_under_the_same_number(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", *[Fault("error", *bench.busy)] * 2)
    assert bench.consume(coupon).state == "consumed"
    assert tuple(bench.clock.waits) == bench.plan.waits_ms[:2]
    assert redeemed(bench) == 1


@pytest.mark.parametrize("within_ms", [0, 300, 1_500, 6_000, 20_000, 10 * CALL_MAX_MS])
def test_nothing_is_begun_after_the_calls_own_bound(bench, within_ms) -> None:
    coupon = bench.prepared(bench.issue().code)
    started = bench.clock.at_ms
    bench.server.misbehave("consume", *[Fault("error", *bench.busy)] * ALWAYS)
    assert bench.consume(coupon, within_ms=within_ms).state == "unknown"
    assert bench.clock.at_ms - started <= min(within_ms, CALL_MAX_MS)
    assert redeemed(bench) == 0


def test_an_expired_token_is_renewed_once_and_the_cashier_sees_nothing_of_it(bench) -> None:
    if not bench.has_tokens:
        pytest.skip("this platform knows no tokens: it is signed with a key")
    voucher = bench.issue()
    adapter = bench.adapter()
    assert bench.prepare(voucher.code, adapter).code == 0
    bench.expire_tokens()
    coupon = bench.prepare(voucher.code, adapter).coupons[0]
    bench.expire_tokens()
    assert bench.consume(coupon, adapter=adapter).state == "consumed"
    assert redeemed(bench) == 1


def test_a_token_that_is_not_renewed_is_said(bench) -> None:
    if not bench.has_tokens:
        pytest.skip("this platform knows no tokens: it is signed with a key")
    voucher = bench.issue()
    bench.expire_tokens()
    bench.server.misbehave("token", *[Fault("error", *bench.unrenewed)] * ALWAYS)
    assert bench.prepare(voucher.code).code == 2011


def test_a_wrong_secret_opens_nothing(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.wrong_secret()
    assert bench.prepare(bench.issue().code).code in (1009, 2010, 2011)
    assert bench.consume(coupon).state in ("rejected", "unknown")
    assert bench.server.turned_away != []
    assert redeemed(bench) == 0


def test_undone_is_undone_once(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    reply = bench.consume(coupon)
    assert bench.query(coupon, reply).undoable is not False
    assert bench.undo(coupon, reply).state == "undone"
    assert bench.undo(coupon, reply).state == "undone"
    assert given_back(bench) == 1
    assert bench.query(coupon, reply).state in ("undone", "absent")


@pytest.mark.parametrize("fault", [*WITH_EFFECT, *WITHOUT])
def test_an_undo_with_a_bad_answer_gives_back_once(bench, fault) -> None:
    coupon = bench.prepared(bench.issue().code)
    reply = bench.consume(coupon)
    bench.server.misbehave("undo", fault)
    assert bench.undo(coupon, reply).state == "undone"
    assert given_back(bench) == 1


def test_an_undo_without_any_good_answer_is_unknown(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    reply = bench.consume(coupon)
    bench.server.misbehave("undo", *["lost"] * ALWAYS)
    assert bench.undo(coupon, reply).state in ("unknown", "undone")
    bench.server.reset_faults()
    assert bench.undo(coupon, reply).state == "undone"
    assert given_back(bench) == 1


def test_what_was_redeemed_unheard_is_given_back_by_the_undo(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", *["lost"] * ALWAYS)
    bench.consume(coupon)
    assert bench.undo(coupon).state == "undone"
    assert (redeemed(bench), given_back(bench)) == (1, 1)


def test_what_was_never_redeemed_is_undone_without_a_word_to_the_books(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    assert bench.undo(coupon).state == "undone"
    assert bench.server.books.history == []


def test_what_the_platform_will_not_undo_stays_redeemed(bench) -> None:
    voucher = bench.issue(undoable=False)
    coupon = bench.prepared(voucher.code)
    reply = bench.consume(coupon)
    assert bench.query(coupon, reply).undoable is (False if bench.tells_undoable else None)
    refused = bench.undo(coupon, reply)
    assert (refused.state, refused.code) in (("refused", 3019), ("refused", 3020))
    assert given_back(bench) == 0


def test_several_of_one_order_are_redeemed_and_undone_together(bench) -> None:
    coupon = bench.prepared(bench.issue(count=3).code)
    assert coupon.count == 3
    reply = bench.consume(coupon, 2)
    assert (reply.state, reply.consumed) == ("consumed", 2)
    assert reply.paid_fen == 2 * 7_900
    assert redeemed(bench) == 2
    assert bench.query(coupon, reply, 2).consumed == 2
    assert bench.undo(coupon, reply, 2).state == "undone"
    assert given_back(bench) == 2


def test_more_than_there_are_is_refused(bench) -> None:
    coupon = bench.prepared(bench.issue(count=2).code)
    reply = bench.consume(coupon, 3)
    assert (reply.state, reply.code) == ("rejected", 3011)
    assert redeemed(bench) == 0


def test_the_number_is_the_same_at_every_attempt(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    bench.server.misbehave("consume", "lost", "lost")
    settle(bench, coupon, bench.consume(coupon))
    assert len({bench.number_in(asked) for name, asked in bench.server.asked if name == "consume"}) == 1
    assert redeemed(bench) == 1


def test_no_log_holds_a_code_a_handle_or_a_secret(bench, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    voucher = bench.issue()
    coupon = bench.prepared(voucher.code)
    bench.server.misbehave("consume", "lost", "garbage", "http500")
    reply = settle(bench, coupon, bench.consume(coupon))
    bench.server.misbehave("prepare", *[Fault("error", 77, f"券{voucher.code}有误")] * ALWAYS)
    refused = bench.prepare(voucher.code)
    logged = "".join(each.getMessage() for each in caplog.records if not each.name.startswith(("uvicorn", "asyncio")))
    seen = logged + repr(reply) + repr(coupon) + repr(refused) + refused.detail
    for secret in (voucher.code, coupon.handle.decode(), *bench.secrets):
        assert secret not in seen
    assert NUMBER not in refused.detail


def test_the_shop_is_told_whether_the_platform_lets_it_in(bench) -> None:
    from fleet.vouchers.port import DealsCall
    from tests.fleet_adapters.benches import asked

    assert asked(bench.adapter(), DealsCall(bench.platform, bench.shop)).code == 0
