"""A lunch hour of vouchers on the page, against the demonstration's platforms, with everything going wrong that may.

The test keeps its own book of vouchers; at the end it must agree with the terminal's sales at the backend and with the
platforms' own books, which no other room reads.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from fleet.vouchers.sim_books import PlatformLedgers, Redemption
from rules.money import yuan
from tests.browser.conftest import ROOT, WAIT_MS, Shop
from tests.browser.test_day import (
    APPLES,
    BREAD,
    CASHIER_PIN,
    COLA,
    PRICES,
    SPRITE,
    SUPERVISOR_PIN,
    WATER,
    Day,
    day_is_closed,
    open_the_shop,
    shift_is_closed_blind,
)  # fmt: skip
from tests.browser.test_stories import keep_picture, kinds, sign_on

DOUYIN = "https://v.douyin.com/i100000001"
CHINA = timezone(timedelta(hours=8))
FIRST = "100100000001"
LATE_MS = 8_000
SUPERVISOR = f"0 0 OK {' '.join(SUPERVISOR_PIN)} OK"

SHOWN = """([name, words, ms]) => new Promise((done, failed) => {
    const end = Date.now() + ms;
    const look = async () => {
        const screen = await (await fetch("/api/screen")).json();
        const lines = screen.lines.join("\\n");
        if (screen.name === name && lines.includes(words)) done(lines);
        else if (Date.now() > end) failed(new Error(`${name} with "${words}" never came: ${screen.name}\\n${lines}`));
        else setTimeout(look, 30);
    };
    look();
})"""


RECORDED = """([kind, wanted, ms]) => new Promise((done, failed) => {
    const end = Date.now() + ms;
    let after = 0;
    const fits = ([name, value], body) => body[name] === value;
    const look = async () => {
        const page = (await (await fetch(`/api/journal?after=${after}&limit=200`)).json()).records;
        if (page.some((record) => record.kind === kind && Object.entries(wanted).every((one) => fits(one, record.body)))) {
            return done();
        }
        after = page.length ? page[page.length - 1].seq : after;
        if (Date.now() > end) failed(new Error(`no ${kind} ${JSON.stringify(wanted)}`));
        else setTimeout(look, page.length ? 0 : 50);
    };
    look();
})"""


ONLINE = """(ms) => new Promise((done, failed) => {
    const end = Date.now() + ms;
    const look = async () => {
        if ((await (await fetch("/api/screen")).json()).status.link === "up") done();
        else if (Date.now() > end) failed(new Error("no link"));
        else setTimeout(look, 30);
    };
    look();
})"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A voucher of the open sale: whose it is and what it takes off."""

    platform: str
    fen: int
    count: int = 1


@dataclass
class Lunch(Day):
    """A cashier who takes vouchers; `redeemed` is what stands redeemed in the end, by platform."""

    redeemed: list[Taken] = field(default_factory=list)
    kept: list[Taken] = field(default_factory=list)  # redeemed without a sale: the platform would not undo it
    total_fen: int = 0
    off: list[Taken] = field(default_factory=list)

    def comes(self, name: str, words: str = "") -> str:
        """Wait until a screen says so: platforms, backend and desks take their time. Returns its lines."""
        return str(self.shop.page.evaluate(SHOWN, [name, words, WAIT_MS]))

    def goods(self, *codes: str) -> None:
        """Goods into the basket, and on to the payment screen."""
        self.total_fen, self.off = self.basket(list(codes)), []
        assert self.keys("OK")["name"] == "Cash", self.shop.screen()

    def card(self, name: str) -> None:
        """A click on a sample voucher of the page."""
        self.shop.page.click(f'#samples .card:has-text("{name}")')
        self.shop.settle()

    def coupon(self, platform: str, fen: int, keys: str = "") -> None:
        """The coupon that was found takes off what the test says; take it."""
        self.comes("CouponView")
        if keys:
            self.keys(keys)
        self.comes("CouponView", f"-{yuan(fen)}")
        self.keys("OK")
        self.off.append(Taken(platform, fen, int(keys or 1)))

    def refused(self, name: str, words: str) -> None:
        """A refusal with its code; F1 explains it and CANCEL gives the screen back; then it is read."""
        before = self.comes(name, words)
        while self.keys("F1")["name"] == "Refused":
            pass  # what comes by itself takes no key at once: the hand was on its way elsewhere
        assert words.split("\n")[0][:6] in self.shop.screen()["title"], self.shop.screen()
        assert "怎么办" in "\n".join(self.shop.screen()["lines"])
        assert "\n".join(self.keys("CANCEL")["lines"]) == before
        self.keys("OK")

    def recorded(self, kind: str, **wanted: object) -> None:
        """Wait until the journal has such a record."""
        self.shop.page.evaluate(RECORDED, [kind, wanted, WAIT_MS])

    def rest_fen(self) -> int:
        """What cash has to cover: the demonstration shop rounds it down to the jiao."""
        return (self.total_fen - sum(each.fen for each in self.off)) // 10 * 10

    def pay(self) -> None:
        """The exact sum in cash, or nothing where vouchers cover it all; the sale is booked when they are redeemed."""
        assert self.shop.screen()["name"] == "Cash", self.shop.screen()
        self.keys("F1")
        self.booked()

    def booked(self) -> None:
        self.comes("Sold")
        self.note()
        self.keys("OK")
        if self.rest_fen():
            self.close_drawer()

    def note(self) -> None:
        """Into the book."""
        self.book.sold.append(sum(each.fen for each in self.off) + self.rest_fen())
        self.book.cash_fen += self.rest_fen()
        self.redeemed += self.off


def every_kind(lunch: Lunch) -> None:
    """Typed in groups of four, a scanned link, a package, a percentage, the shop's own, several in one sale."""
    lunch.goods(BREAD, BREAD, BREAD)
    lunch.keys("MENU " + " ".join(FIRST))
    assert "1001 0000 0001" in lunch.shop.lines()
    lunch.keys("OK")
    lunch.coupon("meituan", 2000)
    assert "20元代金券" in lunch.shop.lines()
    keep_picture(lunch.shop, "voucher")
    lunch.keys("CANCEL")
    assert "用券 1 张 -20.00" in lunch.shop.lines()
    lunch.pay()

    lunch.goods(BREAD, BREAD)
    lunch.scan(DOUYIN)  # 15 % off 21.80, half up; straight from the payment screen
    lunch.coupon("douyin", 327)
    lunch.pay()

    lunch.goods(COLA, SPRITE, SPRITE)
    lunch.keys("MENU")
    lunch.card("美团套餐")
    lunch.coupon("meituan", 1050)
    lunch.keys("CANCEL")
    openings = lunch.shop.get("drawer")["openings"]
    lunch.pay()
    assert lunch.shop.get("drawer")["openings"] == openings, "nothing was paid in cash"

    lunch.goods(BREAD)
    lunch.card("本店九折")
    lunch.coupon("own", 109)
    lunch.pay()

    lunch.goods(BREAD, BREAD, BREAD, BREAD, APPLES)
    lunch.card("美团二维码")
    lunch.coupon("meituan", 4000, "2")
    lunch.keys("MENU")
    lunch.card("美团20元券")
    lunch.comes("CouponView", "[3009]")  # one for each 20.00
    lunch.keys("CANCEL CANCEL")
    lunch.pay()


def what_is_no_voucher(lunch: Lunch) -> None:
    """Each with its code, the reason in words and help; nothing is redeemed, and the customer pays in cash."""
    lunch.goods(COLA, COLA)
    lunch.keys("MENU")
    lunch.scan(COLA)
    lunch.refused("Refused", "[3001] 券码格式不对\n这是商品条码")
    lunch.scan("134123456789012345")
    lunch.refused("Refused", "[3001] 券码格式不对\n这是付款码")
    lunch.card("已过期")
    lunch.refused("VoucherCheck", "[3005] 券已过期")
    lunch.card("本店不可用")
    lunch.refused("VoucherCheck", "[3007] 本店不可用")
    lunch.card("已退款")
    lunch.refused("VoucherCheck", "[3004]")
    sale = kinds(lunch.shop.journal_all(), "sale")[0]["body"]
    number = f"{sale['batch']:06d}-{sale['trace']:06d}"
    lunch.scan(FIRST)
    assert number in lunch.comes("Refused", "[3023]"), "the second scan says where the first one went"
    lunch.refused("Refused", "[3023]")
    lunch.keys("CANCEL")
    lunch.pay()
    lunch.keys(f"MENU 3 3 {' '.join(FIRST)} OK")
    lunch.comes("VoucherLooked", number)
    lunch.keys("OK CANCEL CANCEL CANCEL")


def late(lunch: Lunch, code: str) -> None:
    """Scan a voucher whose redemption nobody answers: it happens seconds later, as the platforms' script says."""
    words = ("play=late", f"code_ends={code}", f"after_ms={LATE_MS}")
    assert tool(lunch.shop, "vouchers", "script", *words).returncode == 0
    lunch.scan(code)


def answer_is_lost(lunch: Lunch) -> None:
    """Unknown: put aside for the next customer, found redeemed by asking, and booked when the rest is paid."""
    lunch.goods(BREAD, BREAD)
    late(lunch, "100100000888")
    lunch.coupon("meituan", 2000)
    lunch.keys("F1")
    lunch.comes("VoucherWait", "[3022]")
    lunch.keys("F1")
    parked, lunch.total_fen, lunch.off = lunch.off, 0, []
    number = kinds(lunch.shop.journal_all(), "voucher_sent")[-1]["body"]["use"]["request_no"]
    assert lunch.shop.screen()["name"] == "Idle"
    lunch.recorded("voucher_heard", request_no=number, state="consumed")
    lunch.home()  # what became of it was said above whatever went on
    assert "待处理订单" in lunch.shop.lines(), "it waits for the rest of its money"
    lunch.sell_for_cash(WATER)
    lunch.home()
    lunch.keys("MENU 1 OK F1")
    lunch.total_fen, lunch.off = 2 * PRICES[BREAD], parked
    lunch.pay()


def refused_when_redeemed(lunch: Lunch) -> None:
    """The platform refuses in the middle of the sale: the customer pays all of it in cash."""
    lunch.goods(BREAD, BREAD)
    lunch.keys("MENU")
    lunch.card("核销时被拒")
    lunch.coupon("meituan", 2000)
    lunch.keys("CANCEL F1")
    lunch.comes("VoucherWait", "[3014]")
    lunch.off = []
    lunch.keys("OK")
    lunch.pay()


def link_is_cut(lunch: Lunch) -> None:
    """No voucher without a link; with it again, the same one is good."""
    lunch.goods(BREAD, BREAD)
    lunch.shop.trouble("link", "down")
    lunch.keys("MENU")
    lunch.scan("100100000777")
    lunch.refused("Refused", "[3030]")
    lunch.shop.trouble("link", "up")
    lunch.shop.page.evaluate(ONLINE, WAIT_MS)
    lunch.scan("100100000777")
    lunch.coupon("meituan", 2000)
    lunch.keys("CANCEL")
    lunch.pay()


def power_is_cut(lunch: Lunch) -> None:
    """While a voucher that covers it all is being redeemed: asked about after the boot, and booked once."""
    lunch.goods(*[COLA] * 4, *[WATER] * 4)
    late(lunch, "100100000999")
    lunch.coupon("meituan", 2000)
    lunch.keys("F1")
    lunch.comes("VoucherWait")
    trace = kinds(lunch.shop.journal_all(), "order_opened")[-1]["body"]["trace"]
    lunch.shop.trouble("power", "cut")
    lunch.recorded("sale", trace=trace)
    while lunch.shop.screen()["name"] != "Wizard":
        lunch.keys("OK")  # what became of it is told, even before somebody signs on
    sign_on(lunch.shop, CASHIER_PIN)
    while lunch.shop.screen()["name"] == "Unfinished":
        lunch.keys("F2")  # the slip before is on paper
    lunch.note()
    lunch.home()


def sale_is_given_up(lunch: Lunch) -> None:
    """One is redeemed, the other refused, the customer leaves: the platform takes the first back by itself. What it will not
    take back goes on the list, until a supervisor says that it is dealt with."""
    for first, undone in (("美团20元券", True), ("不可撤销", False)):
        lunch.goods(*[BREAD] * 4)
        lunch.keys("MENU")
        lunch.card(first)
        lunch.coupon("meituan", 2000)
        lunch.card("核销时被拒")
        lunch.coupon("meituan", 2000)
        lunch.keys("CANCEL F1")
        lunch.comes("VoucherWait", "[3014]")
        lunch.keys("OK CANCEL F2 OK")
        lunch.comes("Notice", "退还 3.60")  # the cash that was typed before the voucher was refused
        lunch.keys("OK")
        if not undone:
            lunch.refused("Refused", "[3020]")
            lunch.kept.append(lunch.off[0])
    lunch.home()
    lunch.keys("MENU 3 2")
    assert "已核销,不可撤销" in lunch.shop.lines()
    lunch.keys("OK")
    assert "[3020]" in lunch.shop.lines()
    lunch.keys("F2 OK")
    lunch.keys(f"OK {SUPERVISOR}")
    lunch.comes("VoucherList", "没有")
    lunch.keys("CANCEL CANCEL CANCEL")


def sale_is_voided(lunch: Lunch) -> None:
    """The cash goes back from the drawer, the voucher at its platform."""
    lunch.goods(BREAD, BREAD)
    lunch.keys("MENU")
    lunch.card("点评10元券")
    lunch.coupon("dianping", 1000)
    lunch.keys("CANCEL")
    lunch.pay()
    lunch.keys("MENU 5 F1 OK OK OK")
    assert "团购券 10.00" in lunch.shop.lines()
    lunch.keys(f"OK OK {SUPERVISOR}")
    lunch.comes("GivenBack", "团购券 10.00 已退")
    lunch.redeemed.pop()
    lunch.book.cash_fen -= lunch.rest_fen()
    lunch.home()
    lunch.close_drawer()


def looked_through(lunch: Lunch) -> None:
    """The event log knows what went wrong, and the diagnosis finds all well again."""
    lunch.keys("MENU 8 6")
    assert "[3021]" in lunch.shop.lines()
    lunch.keys("CANCEL CANCEL CANCEL MENU 8 7 OK")
    lunch.comes("Diagnosis", "全部正常")
    lunch.keys("CANCEL CANCEL CANCEL")


def figures(lunch: Lunch) -> None:
    """X names each platform with how many and how much; so does the Z slip, and the count is what the test knows."""
    lunch.keys("MENU 8 1 DOWN")
    shown = lunch.shop.lines()
    for name, platform in (("美团券", "meituan"), ("抖音券", "douyin"), ("本店券", "own")):
        theirs = [each for each in lunch.redeemed if each.platform == platform]
        number, fen = sum(each.count for each in theirs), sum(each.fen for each in theirs)
        assert f"{name} {number}  {yuan(fen)}" in shown, shown
    lunch.keys("CANCEL CANCEL CANCEL")
    shift_is_closed_blind(lunch)
    day_is_closed(lunch)
    assert "美团券" in lunch.shop.slips()[-1]["text"]


def books_agree(lunch: Lunch) -> None:
    """Sales at the backend, uses at the backend, and the platforms' books: one redemption for each voucher, no other."""
    lunch.shop.settle("acked")
    stored = lunch.shop.at_backend()
    assert [sale["body"]["due_fen"] for sale in kinds(stored, "sale")] == lunch.book.sold
    voided = {refund["body"]["origin"]["trace"] for refund in kinds(stored, "refund")}
    parts = [
        part
        for sale in kinds(stored, "sale")
        for part in sale["body"]["tenders"]
        if part["kind"] == "voucher" and sale["body"]["trace"] not in voided
    ]
    assert Counter((part["channel"], part["paid_fen"]) for part in parts) == Counter(
        (each.platform, each.fen) for each in lunch.redeemed
    )
    theirs = {each.record_no: each for each in redemptions(lunch.shop) if each.state == "consumed"}
    sold = [part["channel_no"] for part in parts if part["channel"] != "own"]
    assert len(set(sold)) == len(sold)
    assert set(sold) <= set(theirs)
    assert len(theirs) == len(sold) + len(lunch.kept), "what was redeemed without a sale was on the list, nothing else"
    assert tool(lunch.shop, "records", "verify").returncode == 0
    for platform in ("meituan", "dianping", "douyin"):
        statement_agrees(lunch, platform)
    logged = map(json.loads, tool(lunch.shop, "errors", "--json").stdout.splitlines())
    assert 3021 in {group["code"] for group in logged}, "the event log told the fleet of the undo that failed"


def redemptions(shop: Shop) -> list[Redemption]:
    ledgers = PlatformLedgers(shop.demo.data / "fleet" / "platforms.db", read_only=True)
    try:
        with ledgers.begin() as pages:
            return pages.redemptions()
    finally:
        ledgers.close()


def statement_agrees(lunch: Lunch, platform: str) -> None:
    """The platform's record of the day against the backend's."""
    path = lunch.shop.demo.data / f"{platform}.csv"
    today = datetime.now(CHINA).strftime("%Y-%m-%d")
    assert tool(lunch.shop, "vouchers", "statement", platform, today, "--out", str(path)).returncode == 0
    done = tool(lunch.shop, "vouchers", "reconcile", str(path), "--platform", platform, "--json")
    whole, *differences = map(json.loads, done.stdout.splitlines())
    kept = [8018 for each in lunch.kept if each.platform == platform]
    assert [each["code"] for each in differences] == kept, "but for what was redeemed without a sale"
    assert whole["pairs"] == whole["lines"] > 0


def tool(shop: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    """`posfleet` beside the running backend."""
    argv = [sys.executable, "-m", "fleet", *words, "--data", str(shop.demo.data / "fleet")]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)


def test_a_lunch_hour_with_vouchers(shop: Shop) -> None:
    lunch = Lunch(shop)
    open_the_shop(lunch)
    every_kind(lunch)
    what_is_no_voucher(lunch)
    answer_is_lost(lunch)
    refused_when_redeemed(lunch)
    link_is_cut(lunch)
    power_is_cut(lunch)
    sale_is_given_up(lunch)
    looked_through(lunch)
    sale_is_voided(lunch)
    figures(lunch)
    books_agree(lunch)
