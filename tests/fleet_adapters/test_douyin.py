"""What is Douyin's own: links, pairs, the second call, times cards, one hour."""

import threading

import pytest

from fleet.doors.clock import DOUYIN, RetryPlan, Until
from fleet.vouchers.port import HANDLE_BYTES_MAX
from tests.fleet_adapters.benches import DouyinBench, TurnedClock
from tests.standins import douyin as douyin_server
from tests.standins.books import Voucher
from tests.standins.server import Fault


@pytest.fixture
def bench(servers, tmp_path):
    return DouyinBench(servers(douyin_server.Douyin), tmp_path)


def link_to(bench, *targets: str) -> str:
    """A short link that leads over these; `{base}` is the server's own address, `{next}` the next link."""
    for number, target in enumerate(targets):
        following = f"{bench.server.address}/s/{number + 1}"
        bench.server.links[str(number)] = target.format(base=bench.server.address, next=following)
    return f"{bench.server.address}/s/0"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_short_link_is_followed_and_only_its_object_id_taken(bench, slash) -> None:
    voucher = bench.issue()
    link = link_to(bench, f"{{base}}/share?object_id=obj-{voucher.code}&poi_id=1&code=999&verify_token=x{slash}")
    reply = bench.prepare(link, scanned=True)
    assert (reply.code, reply.valid_ms) == (0, 60_000)
    name, asked = bench.server.asked[-1]
    assert name == "prepare"
    assert set(asked) == {"poi_id", "encrypted_data"}
    assert asked["poi_id"] == douyin_server.POI


def test_a_link_of_a_thousand_signs_is_not_cut(bench) -> None:
    voucher = bench.issue()
    link = f"{bench.server.address}/long?x={'y' * 900}&object_id=obj-{voucher.code}"
    assert bench.prepare(link, scanned=True).code == 0
    assert bench.server.opened == []  # it holds the id itself: nobody is asked


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest?object_id=1",
        "https://v.douyin.com.evil.example/?object_id=1",
        "https://evil.example/?object_id=1",
        "ftp://127.0.0.1/?object_id=1",
        "{base}@evil.example/?object_id=1",
        "http://127.0.0.1:1/?object_id=1",
        "//evil.example/?object_id=1",
        "",
        "{base}/share?object_id=",
        "{base}/share?object_id=1&object_id=2",
    ],
)
def test_a_link_that_leads_elsewhere_or_nowhere_is_no_code(bench, target) -> None:
    link = link_to(bench, target, "")
    bench.server.links |= {"1": ""}
    assert bench.prepare(link, scanned=True).code in (3001, 1009)
    assert bench.server.asked == []


def test_a_link_without_end_is_left(bench) -> None:
    assert bench.prepare(link_to(bench, *["{next}"] * 9), scanned=True).code == 3001
    assert len(bench.server.opened) == 5


@pytest.mark.parametrize("result", ["late first", "first"])
def test_a_second_call_that_says_already_is_success_a_first_one_is_not(bench, result) -> None:
    voucher = bench.issue()
    coupon = bench.prepared(voucher.code)
    if result == "late first":
        bench.server.misbehave("consume", "lost")  # carried out; asked again after 5 s: 1208
        reply = bench.consume(coupon)
        assert (reply.state, reply.consumed) == ("consumed", 1)
        assert bench.clock.waits == [5_000]
        assert bench.undo(coupon, reply).state == "undone"
        assert bench.server.books.count("given back") == 1
    else:
        bench.elsewhere(voucher)
        assert (bench.consume(coupon).state, bench.consume(coupon).code) == ("rejected", 3003)


def test_the_plan_asks_five_times_every_5_s_then_every_40_s_fourteen_times_at_most() -> None:
    clock = TurnedClock()
    assert len(list(DOUYIN.attempts(Until.within(clock, 3_600_000)))) == 15
    assert clock.waits == [5_000] * 5 + [40_000] * 9


@pytest.mark.parametrize(("within_ms", "attempts"), [(0, 1), (5_499, 1), (5_500, 2), (20_000, 4), (70_000, 7)])
def test_a_plan_ends_with_the_call(within_ms, attempts) -> None:
    clock = TurnedClock()
    assert len(list(DOUYIN.attempts(Until.within(clock, within_ms)))) == attempts
    assert sum(clock.waits) <= within_ms


def test_no_plan_is_one_attempt() -> None:
    assert list(RetryPlan().attempts(Until.within(TurnedClock(), 9_999))) == [0]


def test_a_times_card_goes_as_often_as_it_has_uses_left(bench) -> None:
    bench.server.books.issue(Voucher("990000000000001", "o", kind="times", times=5, times_used=2, paid_fen=10_000))
    coupon = bench.prepared("990000000000001")
    assert (coupon.kind, coupon.count, coupon.basis_fen) == ("times", 3, 2_000)
    reply = bench.consume(coupon, 2)
    assert (reply.state, reply.consumed, reply.paid_fen) == ("consumed", 2, 4_000)
    assert bench.prepared("990000000000001").count == 1


def test_an_order_of_very_many_shows_as_many_as_a_handle_holds(bench) -> None:
    coupon = bench.prepared(bench.issue(count=90).code)
    assert 1 < coupon.count < 90
    assert len(coupon.handle) <= HANDLE_BYTES_MAX
    assert bench.consume(coupon, coupon.count).consumed == coupon.count
    assert bench.server.books.count("redeemed") == coupon.count


def test_many_tills_that_find_the_token_expired_renew_it_once(bench) -> None:
    adapter, code = bench.adapter(), bench.issue().code
    bench.prepare(code, adapter)
    bench.expire_tokens()
    tills = [threading.Thread(target=bench.prepare, args=(code, adapter)) for _till in range(6)]
    for till in tills:
        till.start()
    for till in tills:
        till.join()
    assert bench.server.handed_out == 2


def test_a_cash_voucher_has_its_face_value_and_who_bore_what(bench) -> None:
    coupon = bench.prepared(bench.issue(kind="cash", value_fen=10_000, price_fen=9_000, paid_fen=8_100).code)
    assert (coupon.kind, coupon.face_fen, coupon.deal.face_fen) == ("cash", 10_000, 10_000)
    reply = bench.consume(coupon)
    assert (reply.paid_fen, reply.platform_fen, reply.merchant_fen) == (8_100, 400, 500)
    assert reply.raw == {"pay_amount": 8_100, "payment_discount_amount": 400, "merchant_ticket_amount": 500}


def test_the_hour_for_undoing_is_told_and_kept(bench) -> None:
    coupon = bench.prepared(bench.issue().code)
    reply = bench.consume(coupon)
    assert reply.undo_until_ms == bench.clock.at_ms + 3_600_000
    bench.clock.at_ms += 3_600_000
    assert bench.query(coupon, reply).undoable is False
    refused = bench.undo(coupon, reply)
    assert (refused.state, refused.code) == ("refused", 3019)
    assert bench.server.books.count("given back") == 0


def test_prepared_again_is_a_pair_of_its_own_for_the_same_voucher(bench) -> None:
    code = bench.issue().code
    first, second = bench.prepared(code), bench.prepared(code)
    assert first.handle != second.handle
    assert first.code == second.code  # the books know it by its certificate
    assert bench.consume(second).state == "consumed"
    assert bench.consume(first, number="T000000120260501000002V01").state == "rejected"
    assert bench.server.books.count("redeemed") == 1


TABLE = {
    3002: (1212,),
    3036: (1250, 1265),
    3007: (3000002,),
    3026: (2119007,),
    3016: (45005117,),
    3018: (1229,),
    3015: (2119006,),
    3017: (1241,),
    6009: (3100101,),
    2010: (1508, 2119005),
    3025: (2190004, 2119008),
    1010: (2100001, 2100004, 2119002, 2119003, 6001001),
    1019: (2119010,),
    1009: (2100005, 2119001, 1502, 4000001, 200002),
}


@pytest.mark.parametrize(("code", "ours"), [(code, ours) for ours, codes in TABLE.items() for code in codes])
def test_each_documented_failure_has_our_code(bench, code, ours) -> None:
    voucher = bench.issue()
    coupon = bench.prepared(voucher.code)
    bench.server.misbehave("prepare", *[Fault("error", code, "说明")] * 20)
    assert bench.prepare(voucher.code).code == ours
    bench.server.misbehave("consume", *[Fault("error", code, "说明")] * 20)
    reply = bench.consume(coupon)
    assert (reply.state, reply.code) == (("unknown", 3022) if ours == 1010 else ("rejected", ours))
    assert bench.server.books.history == []


@pytest.mark.parametrize("code", [2190002, 2190008])
def test_an_expired_token_that_stays_expired_is_said(bench, code) -> None:
    voucher = bench.issue()
    bench.server.misbehave("prepare", *[Fault("error", code, "token")] * 3)
    assert bench.prepare(voucher.code).code == 2011
    assert bench.server.handed_out == 2  # the first one, and one renewal
