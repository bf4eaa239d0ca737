"""The electronic receipt: found by its token in both languages, closed to everybody else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from fleet import page
from fleet.sql import SqlStore
from rules.receipt_token import receipt_token
from tests.backend import Served
from tests.fleet_money.test_lookup import HOME, OTHER, Shop, refund
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from wire.facts import (
    Dress,
    Line,
    Origin,
    Reduction,
    Refund,
    RefundLine,
    Sale,
    SettingsApplied,
    ShiftOpened,
    TenderPart,
    VoucherUse,
)

LINES = (
    Line("1", "可口可乐 330ml 罐装", 2000, 300, 600),
    Line("2", "<b>特仑苏</b>纯牛奶 250ml*12 礼盒", 1000, 450, 450),
    Line("3", "苹果", 735, 500, 368, weighed=True),
)
TENDERS = (
    TenderPart("code", 1000, channel="wechat", order_no="20261122000100230100000100004501", channel_no="4200001234"),
    TenderPart("cash", 500, 182),
)
SALE = Sale(
    1, 45, "01", "2026-11-22", LINES, 1418, 0, 1318, TENDERS, 0, reductions=(Reduction("order_discount", 100),)
)  # fmt: skip


class Site:
    def __init__(self, path: Path) -> None:
        self.shop = Shop(SqlStore(path)).book(SALE)
        self.hash = bytes.fromhex(self.shop.journals[HOME].records[0].hash)
        self.token = receipt_token(HOME, 1, 45, 1318, self.hash)
        self.seconds = 0.0
        self.reading = SqlStore(path, read_only=True)
        made = page.app(self.reading, "阳光便利店", lambda: self.seconds)
        self.client = TestClient(made)

    def close(self) -> None:
        self.reading.close()
        self.shop.store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "fleet.db")
    yield made
    made.close()


def plain(text: str) -> str:
    """What a reader sees, without the spans that make wide characters wide."""
    return text.replace('<span class="w">', "").replace("<span>", "").replace("</span>", "")


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("销售小票", "微信", "阳光便利店", "苹果")), ("en", ("WeChat", "苹果"))]
)
def test_a_receipt_is_shown_in_both_languages(site: Site, lang: str, words: tuple[str, ...]) -> None:
    answer = site.client.get(f"/r/{site.token}?lang={lang}")
    assert answer.status_code == 200
    text = plain(answer.text)
    for word in (*words, "000001-000045", "13.18", "4200001234"):
        assert word in text, word
    assert f'lang="{"en" if lang == "en" else "zh-CN"}"' in text
    assert "<b>" not in text, "a good's name is no markup"


def test_the_browsers_language_counts_when_none_is_asked_for(site: Site) -> None:
    for said, lang in (("en-GB,en;q=0.9", "en"), ("zh-CN", "zh-CN"), ("", "zh-CN")):
        answer = site.client.get(f"/r/{site.token}", headers={"Accept-Language": said})
        assert f'<html lang="{lang}">' in answer.text


def test_what_was_given_back_is_said(site: Site) -> None:
    site.shop.book(refund({0: 1000}, 300), terminal=OTHER)
    assert "已退：3.00" in plain(site.client.get(f"/r/{site.token}?lang=zh").text)


DRESS = Dress("好邻居便利店(人民路店)", ("天天平价",), "人民路 88 号", "025-88886666", ("谢谢惠顾 欢迎再次光临",))
BACK = Refund(
    "refund", 1, 46, "01", "2026-11-22", Origin(HOME, 1, 2, 1, 45, 0),
    (RefundLine(0, "1", LINES[0].name, 1000, 300),), 300,
    (TenderPart("code", 300, channel="wechat", order_no=TENDERS[0].order_no, refund_no="00010023010000010000450101R01"),),
    "质量问题", 0, approver="00",
)  # fmt: skip


@pytest.fixture
def dressed(tmp_path: Path) -> Iterator[tuple[Shop, TestClient]]:
    """A terminal that says how its slips look, its sale, and what came back of it."""
    shop = Shop(SqlStore(tmp_path / "fleet.db"))
    shop.book(ShiftOpened(1, "01", "2026-11-22", 0, {}, dress=DRESS), SALE, BACK)
    reading = SqlStore(tmp_path / "fleet.db", read_only=True)
    yield shop, TestClient(page.app(reading, "an other name"))
    reading.close()
    shop.store.close()


def page_of(dressed: tuple[Shop, TestClient], seq: int, trace: int, amount_fen: int) -> tuple[int, str]:
    shop, client = dressed
    digest = bytes.fromhex(shop.journals[HOME].records[seq - 1].hash)
    answer = client.get(f"/r/{receipt_token(HOME, 1, trace, amount_fen, digest)}?lang=zh")
    return answer.status_code, plain(answer.text)


def test_the_copy_says_what_the_paper_says(dressed: tuple[Shop, TestClient]) -> None:
    status, text = page_of(dressed, 2, 45, 1318)
    assert status == 200
    words = (DRESS.shop, *DRESS.header, DRESS.address, DRESS.phone, *DRESS.footer, "商户单号", TENDERS[0].order_no)
    for word in words:
        assert word in text, word
    assert "an other name" not in text


def test_the_copy_is_dressed_as_the_terminal_was_when_it_sold(dressed: tuple[Shop, TestClient]) -> None:
    """The shop changed its name in mid-shift: what it sold before keeps the old one, on the page as on paper."""
    shop, _ = dressed
    later = replace(DRESS, shop="新名超市", footer=("欢迎光临",))
    newest = replace(DRESS, shop="再改名超市")
    shop.book(
        SettingsApplied(2, "aa", "fleet", later), replace(SALE, trace=47), SettingsApplied(3, "bb", "fleet", newest)
    )
    shop.book(ShiftOpened(2, "01", "2026-11-22", 0, {}, dress=newest), replace(SALE, trace=48, batch=2))
    for seq, trace, name in ((2, 45, DRESS.shop), (5, 47, later.shop)):
        text = page_of(dressed, seq, trace, 1318)[1]
        assert name in text, trace
        assert newest.shop not in text, trace
    assert later.footer[0] in page_of(dressed, 5, 47, 1318)[1]


def test_a_refund_has_a_page_of_its_own(dressed: tuple[Shop, TestClient]) -> None:
    status, text = page_of(dressed, 3, 46, 300)
    assert status == 200
    for word in (
        "退货",
        "000001-000046",
        "000001-000045",
        "质量问题",
        "3.00",
        DRESS.shop,
        "00010023010000010000450101R01",
    ):
        assert word in text, word
    assert DRESS.footer[0] not in text, "no thanks for coming on what was given back"
    assert page_of(dressed, 3, 46, 301)[0] == 404
    assert page_of(dressed, 2, 46, 300)[0] == 404, "the hash of another record proves nothing"


VOUCHER = VoucherUse(
    "0001002301000001000047V01", "r", "meituan", "61", "代金券<i>", "cash", 2, 1000, (600, 400, 0), "4321", "digest"
)
VOUCHER_SALE = Sale(
    1, 47, "01", "2026-11-22", LINES, 1418, 0, 1418,
    (TenderPart("voucher", 1000, channel="meituan", channel_no="MT99", voucher=VOUCHER), TenderPart("cash", 418)), 0,
)  # fmt: skip
PART_BACK = Refund(
    "refund", 1, 48, "01", "2026-11-22", Origin(HOME, 1, 4, 1, 47, 0),
    (RefundLine(1, "2", "牛奶", 1000, 50, voucher_fen=400),), 50, (TenderPart("cash", 50),), "买错", 0,
)  # fmt: skip


@pytest.mark.parametrize(("lang", "name", "ask"), [("zh", "美团券", "不退现金"), ("en", "Meituan", "ask the platform")])
def test_a_sale_with_vouchers_says_whose_which_and_the_platforms_number(tmp_path, lang, name, ask) -> None:
    shop = Shop(SqlStore(tmp_path / "fleet.db")).book(VOUCHER_SALE, PART_BACK)
    reading = SqlStore(tmp_path / "fleet.db", read_only=True)
    client = TestClient(page.app(reading, "阳光便利店"))
    pages = []
    for index, (trace, fen) in enumerate([(47, 1418), (48, 50)]):
        digest = bytes.fromhex(shop.journals[HOME].records[index].hash)
        pages.append(plain(client.get(f"/r/{receipt_token(HOME, 1, trace, fen, digest)}?lang={lang}").text))
    for word in (name, "代金券&lt;i&gt; x2", "4321", "MT99"):
        assert word in pages[0], word
    assert "digest" not in pages[0], "the code's digest is the terminal's"
    assert "4.00" in pages[1]
    assert ask in pages[1]
    reading.close()
    shop.store.close()


def test_a_refund_is_no_sale_to_whoever_asks_for_one(dressed: tuple[Shop, TestClient]) -> None:
    shop, _ = dressed
    for key in ("000001-000046", f"{HOME}-000001-000046", f"refund-{HOME}-000001-000046", f"shift-{HOME}-000001"):
        assert shop.found(key).code == 6009, key


def test_everybody_else_finds_nothing_and_cannot_tell_why(site: Site) -> None:
    other = bytes(32)
    wrong = [
        "x", "A" * 50, site.token[:-2] + "AA", receipt_token(HOME, 1, 45, 1318, other),
        receipt_token(HOME, 1, 46, 1318, site.hash), receipt_token(HOME, 1, 45, 1319, site.hash),
        receipt_token(OTHER, 1, 45, 1318, site.hash), "..%2F..%2Fetc%2Fpasswd",
    ]  # fmt: skip
    bodies = set()
    for token in wrong:
        answer = site.client.get(f"/r/{token}?lang=zh")
        assert answer.status_code == 404, token
        bodies.add(answer.text)
    assert len(bodies) == 1
    assert "13.18" not in bodies.pop()


def test_headers_leave_no_door_open(site: Site) -> None:
    for path in (f"/r/{site.token}", "/r/nothing", "/elsewhere"):
        answer = site.client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers
    assert site.client.post(f"/r/{site.token}").status_code == 405


def test_tries_are_counted_and_the_count_ends(site: Site) -> None:
    for _ in range(page.TRIES_MAX):
        assert site.client.get("/r/guess").status_code == 404
    late = site.client.get(f"/r/{site.token}")
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    site.seconds += page.TRIES_WINDOW_S
    assert site.client.get(f"/r/{site.token}").status_code == 200


def test_one_client_that_asks_without_end_keeps_nobody_out() -> None:
    tries = page.Tries(lambda: 0.0)
    assert sum(tries.allowed("greedy") for _ in range(2 * page.TRIES_ALL_MAX)) == page.TRIES_MAX
    assert tries.allowed("honest")


def test_it_is_served_beside_the_backend(tmp_path: Path, broker: Broker) -> None:  # noqa: F811
    site = Site(tmp_path / "fleet.db")
    site.close()
    served = Served(tmp_path, broker.port, "--http", "0", "--shop", "阳光便利店")
    line = served.wait_ready()
    try:
        address = line.split("http=", 1)[1].strip()
        answer = httpx.get(f"{address}/r/{site.token}?lang=zh")
        assert answer.status_code == 200
        assert "13.18" in plain(answer.text)
        assert "server" not in answer.headers
        assert served.end() == (0, "")
    finally:
        served.__exit__()
