"""What is Meituan's and Dianping's own: amounts in yuan, who bore what, bulk deals, times cards, whose a redemption is."""

from decimal import Decimal

import pytest

from fleet.china import CHINA
from fleet.doors.answers import beijing_ms, fen, whole, yuan
from fleet.doors.trouble import Trouble
from fleet.vouchers.adapters.meituan_gateway import signature
from fleet.vouchers.adapters.meituan_money import BEARERS, Detail, details, split
from tests.fleet_adapters.benches import DianpingBench, DianpingHmacBench, DiningBench, ServicesBench
from tests.standins.books import Voucher


def made(kind, servers, folder):
    return kind(servers(kind.server_class), folder)


@pytest.fixture
def dining(servers, tmp_path):
    return made(DiningBench, servers, tmp_path)


@pytest.fixture(params=[ServicesBench, DianpingBench, DianpingHmacBench], ids=["meituan", "dianping", "dianping hmac"])
def services(request, servers, tmp_path):
    return made(request.param, servers, tmp_path)


def test_the_signature_is_sha1_over_the_key_and_what_is_not_empty_sorted_by_name() -> None:
    told = {"b": "2", "a": "1", "empty": "", "sign": "old"}
    assert signature("key", told) == "ac5aa52849092395d08bc91a1707ee1ef8af2631"  # of "keya1b2"


def test_a_package_names_its_goods_and_how_much(dining) -> None:
    coupon = dining.prepared(dining.issue().code)
    assert [(item.name, item.quantity_milli) for item in coupon.deal.package] == [("牛肉面", 2_000), ("酸梅汤", 1_000)]
    assert coupon.deal.valid_to == "2026-12-31"
    assert coupon.valid_to_ms == beijing_ms("2026-12-31 23:59:59")


def test_a_cash_voucher_of_which_two_must_go_at_once(dining) -> None:
    coupon = dining.prepared(dining.issue(count=4, kind="cash", min_count=2, value_fen=5_000).code)
    assert (coupon.kind, coupon.face_fen, coupon.count, coupon.min_count) == ("cash", 5_000, 4, 2)
    assert coupon.deal.min_per_order == 2


def test_where_the_price_paid_is_not_told_the_list_price_is_the_basis(dining) -> None:
    coupon = dining.prepared(dining.issue(price_fen=8_800, paid_fen=0).code)
    assert coupon.basis_fen == 8_800


def test_a_scanned_link_goes_raw_to_the_call_for_scans(dining) -> None:
    code = dining.issue().code
    assert dining.prepare(f"https://dpurl.cn/{code}", scanned=True).code == 0
    assert dining.server.asked[-1] == ("scan", {"code": f"https://dpurl.cn/{code}"})
    assert dining.prepare(f"https://dpurl.cn/{code}", scanned=False).code == 3001


@pytest.mark.parametrize("count", [1, 2, 3])
def test_payments_of_the_order_are_shared_and_never_summed_over_its_vouchers(dining, count) -> None:
    """The order holds three: 79.00 paid, 4.00 of Meituan, 5.00 of the shop each; its payments come with every voucher."""
    coupon = dining.prepared(dining.issue(count=3).code)
    reply = dining.consume(coupon, count)
    assert (reply.paid_fen, reply.platform_fen, reply.merchant_fen) == (7_900 * count, 400 * count, 500 * count)
    assert reply.raw["amountType_10"] == 7_900 * 3


def test_a_shop_that_authorised_nobody_is_told_before_anybody_is_asked(dining) -> None:
    dining.shop = "of somebody else"
    assert dining.prepare("123456789012").code == 2010
    assert dining.server.asked == []


def test_a_redemption_of_another_number_of_ours_is_not_ours(dining) -> None:
    """Two tills prepared the same voucher; the other one redeemed it."""
    coupon = dining.prepared(dining.issue().code)
    assert dining.consume(coupon, number="T000000220260501000009V01").state == "consumed"
    assert dining.query(coupon).state == "absent"
    assert dining.undo(coupon).state == "undone"
    assert dining.server.books.count("given back") == 0


def test_a_redemption_nobody_can_place_stays_unknown(dining) -> None:
    voucher = dining.issue()
    coupon = dining.prepared(voucher.code)
    dining.server.books.redeem("x", voucher, dining.clock.at_ms, account="", way=4)
    assert dining.query(coupon).state == "unknown"
    assert dining.undo(coupon).state == "unknown"
    assert dining.server.books.count("given back") == 0


def test_a_renewed_token_brings_a_new_refresh_token_that_is_kept(dining) -> None:
    code = dining.issue().code
    for _time in range(3):
        dining.expire_tokens()
        dining.prepared(code)
        dining._made.clear()  # a new process
    assert dining.server.renewals == 3


def test_a_times_card_goes_and_comes_back_by_the_batch_calls(services) -> None:
    services.server.books.issue(Voucher("880000000001", "o", kind="times", times=6, times_used=1))
    coupon = services.prepared("880000000001")
    assert (coupon.kind, coupon.count) == ("times", 5)
    reply = services.consume(coupon, 3)
    assert (reply.state, reply.consumed) == ("consumed", 3)
    assert services.prepared("880000000001").count == 2
    assert services.undo(coupon, reply, 3).state == "undone"
    assert services.server.books.count("given back") == 3


def test_a_scanned_order_shows_its_list(services) -> None:
    code = services.issue(count=2).code
    reply = services.prepare(f"https://m.dianping.com/q/{code}", scanned=True)
    assert (reply.code, [coupon.count for coupon in reply.coupons]) == (0, [2])
    assert services.server.asked[-1][1]["qr_code"] == f"https://m.dianping.com/q/{code}"


def test_what_both_doors_sign_is_checked(services) -> None:
    coupon = services.prepared(services.issue().code)
    assert services.consume(coupon).state == "consumed"
    assert services.query(coupon).state == "consumed"
    assert services.server.turned_away == []


def test_a_clock_that_is_wrong_by_an_hour_is_turned_away(dining) -> None:
    code = dining.issue().code
    dining.server.clock = type(dining.clock)(dining.clock.at_ms + 3_600_000)
    assert dining.prepare(code).code == 1009
    assert dining.server.turned_away != []


@pytest.mark.parametrize("kind", [8, 17, 18, 28])
def test_the_merchant_bears_what_the_table_says(kind) -> None:
    assert BEARERS[kind] == "merchant"
    shared = split((Detail("a", kind, 600), Detail("b", 10, 1_400)), 1_000, 1)
    assert (shared.merchant_fen, shared.customer_fen, shared.platform_fen) == (300, 700, 0)


def test_a_type_nobody_knows_is_kept_raw_and_borne_by_nobody() -> None:
    shared = split((Detail("a", 99, 500),), 500, 1)
    assert (shared.customer_fen, shared.platform_fen, shared.merchant_fen) == (0, 0, 0)
    assert shared.raw == {"amountType_99": 500}


def test_the_same_payment_told_twice_is_one() -> None:
    rows = [{"id": "p1", "amount": "8.80", "amountType": 10}] * 3
    assert details(rows, ("id", "amount", "amountType")) == (Detail("p1", 10, 880),)


@pytest.mark.parametrize(
    ("told", "fen_"), [(Decimal("0.29"), 29), ("19.90", 1_990), (7, 700), ("0", 0), (Decimal("1E+2"), 10_000)]
)
def test_yuan_become_fen_exactly(told, fen_) -> None:
    assert yuan({"x": told}, "x") == fen_


@pytest.mark.parametrize(
    "told", [None, True, "", "a", "1.234", "-2", -1, [1], {"a": 1}, "NaN", "Infinity", "1e99", Decimal("0.001")]
)
def test_what_is_no_money_is_not_understood(told) -> None:
    with pytest.raises(Trouble, match="1009"):
        yuan({"x": told}, "x")


@pytest.mark.parametrize(("read", "told"), [(whole, True), (whole, "1.5"), (whole, 2**70), (fen, -1), (fen, 10**11)])
def test_what_is_no_number_is_not_understood(read, told) -> None:
    with pytest.raises(Trouble, match="1009"):
        read({"x": told}, "x")


def test_moments_are_read_in_chinas_time() -> None:
    assert beijing_ms("1970-01-01 08:00:01") == 1_000
    assert beijing_ms("1970-01-01 08:01") == 60_000
    assert beijing_ms("1970-01-01") == (16 * 3_600 - 1) * 1_000
    assert beijing_ms("soon") == 0
    assert CHINA.utcoffset(None).total_seconds() == 28_800
