"""The shop's own vouchers: a platform like the others, with codes nobody can guess and no code in the database."""

from pathlib import Path

import pytest

from fleet.vouchers.own import OwnBooks, OwnVouchers, is_valid_code, issue
from fleet.vouchers.port import (
    ConsumeCall,
    DealsCall,
    DealsReply,
    PrepareCall,
    PrepareReply,
    QueryCall,
    Reply,
    UndoCall,
    UseReply,
)
from fleet.vouchers.router import Router
from fleet.vouchers.vault import Vault
from rules.deals import Deal, Platform
from tests.fleet_vouchers.world import KEY, NO, NOW, number

DEAL = Deal("own", "OWN5", "¥5", "cash", face_fen=500, valid_from="2026-01-01", valid_to="2027-12-31", stores=("0001",))


class Shop:
    def __init__(self, path: Path | None = None) -> None:
        self.books = OwnBooks(path)
        self.vault = Vault(KEY.sign)
        self.now = NOW
        self.port = OwnVouchers(self.books, self.vault, lambda: self.now)

    def issue(self, number: int = 1, count: int = 1, deal: Deal = DEAL) -> list[str]:
        with self.books.begin() as pages:
            return issue(pages, self.vault, deal, number, count, 0, "b", self.now)

    def call(self, call: PrepareCall | ConsumeCall | QueryCall | UndoCall | DealsCall) -> Reply:
        said: list[Reply] = []
        self.port.call(call, said.append)
        (reply,) = said
        return reply

    def prepare(self, code: str, shop: str = "0001") -> PrepareReply:
        reply = self.call(PrepareCall("own", shop, code))
        assert isinstance(reply, PrepareReply)
        return reply

    def consume(self, handle: bytes, no: str = NO, count: int = 1) -> UseReply:
        reply = self.call(ConsumeCall(no, "own", "0001", handle, count, 500 * count))
        assert isinstance(reply, UseReply)
        return reply

    def undo(self, no: str = NO) -> UseReply:
        reply = self.call(UndoCall(no, "own", "0001", b""))
        assert isinstance(reply, UseReply)
        return reply


def test_codes_are_as_the_terminal_knows_them_and_never_twice() -> None:
    shop = Shop()
    codes = shop.issue(200)
    assert len(set(codes)) == 200
    assert all(len(code) == 16 and code.startswith("88") and is_valid_code(code) for code in codes)


def test_a_voucher_is_used_once_and_given_back() -> None:
    shop = Shop()
    (code,) = shop.issue()
    coupon = shop.prepare(code).coupons[0]
    assert (coupon.face_fen, coupon.last4, coupon.count) == (500, code[-4:], 1)
    assert shop.consume(coupon.handle).state == "consumed"
    assert shop.consume(coupon.handle).state == "consumed", "the same number is the same redemption"
    assert shop.consume(coupon.handle, number(9)) == UseReply("rejected", 3003)
    assert shop.prepare(code).code == 3003
    assert shop.undo().state == "undone"
    assert shop.consume(coupon.handle) == UseReply("rejected", 5011), "its number is closed"
    assert shop.consume(coupon.handle, number(10)).state == "consumed"


def test_an_undo_that_comes_first_closes_the_number() -> None:
    shop = Shop()
    (code,) = shop.issue()
    assert shop.undo().state == "undone"
    assert shop.consume(shop.prepare(code).coupons[0].handle) == UseReply("rejected", 5011)


def test_a_card_is_used_as_often_as_it_may_be() -> None:
    shop = Shop()
    (code,) = shop.issue(count=3)
    handle = shop.prepare(code).coupons[0].handle
    assert shop.consume(handle, count=2).consumed == 2
    assert shop.consume(handle, number(9), 2).code == 3011
    assert shop.consume(handle, number(9), 1).state == "consumed"


@pytest.mark.parametrize(
    ("code", "told"),
    [("8800000000000010", 3001), ("8800000000000015", 3002), ("100100000001", 3001), ("88", 3001), ("", 3001)],
)
def test_what_is_no_voucher_of_the_shop(code: str, told: int) -> None:
    assert Shop().prepare(code).code == told


def test_time_and_shop_are_the_deals() -> None:
    shop = Shop()
    (code,) = shop.issue()
    elsewhere = shop.prepare(code, "0002")
    assert (elsewhere.code, elsewhere.about) == (3007, "1")
    shop.now += 2 * 365 * 86_400_000
    late = shop.prepare(code)
    assert (late.code, late.about) == (3005, "2027-12-31")
    shop.now -= 4 * 365 * 86_400_000
    early = shop.prepare(code)
    assert (early.code, early.about) == (3006, "2026-01-01")


def test_deals_are_those_of_vouchers_that_are_left() -> None:
    shop = Shop()
    shop.issue(3)
    reply = shop.call(DealsCall("own", "0001"))
    assert reply == DealsReply("own", 0, (DEAL,))


def test_no_code_is_in_the_database(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "vouchers.db")
    codes = shop.issue(20)
    shop.consume(shop.prepare(codes[0]).coupons[0].handle)
    shop.books.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [code for code in codes if code.encode() in raw or code[2:-4].encode() in raw]


def test_the_router_finds_out_whose_a_code_is() -> None:
    shop = Shop()
    (code,) = shop.issue()

    class Other:
        def call(self, call: object, answer: object) -> None:
            assert callable(answer)
            answer(PrepareReply("meituan", 3003))

    adapters: dict[Platform, object] = {"own": shop.port, "meituan": Other()}
    router = Router(adapters, lambda terminal, platform: "0001")  # type: ignore[arg-type]
    said: list[Reply] = []
    for text in (code, "100100000001"):
        router.call(PrepareCall("", "", text), said.append)
    router.call(ConsumeCall(NO, "douyin", "", b""), said.append)
    first, second, third = said
    assert isinstance(first, PrepareReply)
    assert (first.platform, len(first.coupons)) == ("own", 1)
    assert second == PrepareReply("meituan", 3003)
    assert third == UseReply("rejected", 3025), "a platform nobody has set up"
