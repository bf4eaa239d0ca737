"""A whole day of a shop, on the page and by the API, against the demonstration's real broker and backend.

The test keeps its own book of what was sold and given back; at the end the terminal, its slips and the backend must agree
with it to the fen.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.browser.conftest import Shop
from tests.browser.test_stories import kinds, sign_on

COLA, WATER, APPLES, JUICE, BREAD = "6901234567892", "6951595000118", "2110001009419", "6921496000555", "6903410000117"
SPRITE = "6921166000113"
PRICES = {COLA: 350, WATER: 150, APPLES: 941, JUICE: 450, BREAD: 1090, SPRITE: 350}
SUPERVISOR_PIN, CASHIER_PIN = "482917", "3852"
FLOAT_FEN = 20_000
NUMBER = r"\b\d{6}-\d{6}\b"


@dataclass
class Book:
    """What the test knows was done: the third source beside terminal and backend."""

    sold: list[int] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)
    cash_fen: int = FLOAT_FEN
    by_code_fen: int = 0


@dataclass
class Day:
    """A cashier with a book."""

    shop: Shop
    book: Book = field(default_factory=Book)

    def keys(self, names: str) -> dict[str, Any]:
        """Keys by the API, each settled before the next."""
        self.post("press?timeout_ms=30000", {"keys": names.split()})
        return self.shop.screen()

    def scan(self, code: str) -> None:
        self.post("scan?timeout_ms=30000", {"text": code})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        page, address = self.shop.page, self.shop.demo.address
        answer = page.request.post(f"{address}/api/{path}", data=body, timeout=60_000)
        assert answer.ok, f"{path} {body}: {answer.status} {answer.text()}\n" + "\n".join(self.shop.demo.logs())
        return answer.json() if answer.text() else None

    def close_drawer(self) -> None:
        self.post("drawer", {"action": "close"})

    def basket(self, codes: list[str]) -> int:
        """Scan goods; what they cost, with what the till rounds off in cash."""
        for code in codes:
            self.scan(code)
        return sum(PRICES[code] for code in codes)

    def sell_for_cash(self, *codes: str, exact: bool = True) -> None:
        due = self.basket(list(codes)) // 10 * 10  # the demonstration shop rounds cash down to the jiao
        self.keys("OK F1" if exact else "OK F2")
        assert self.shop.screen()["name"] == "Sold", self.shop.screen()
        self.book.sold.append(due)
        self.book.cash_fen += due
        self.keys("OK")
        self.close_drawer()

    def sell_by_code(self, code: str, *codes: str) -> None:
        """The customer shows a code, the acquirer takes the money; nothing is rounded off, the drawer stays shut."""
        due = self.basket(list(codes))
        openings = self.shop.get("drawer")["openings"]
        self.keys("OK")
        self.scan(code)
        self.until("Sold")
        assert self.shop.get("drawer")["openings"] == openings
        self.book.sold.append(due)
        self.book.by_code_fen += due
        self.keys("OK")

    def sell_after_a_refused_code(self, *codes: str) -> None:
        """The customer's account is empty: the code is refused with what to do, and the goods are paid in cash."""
        due = self.basket(list(codes)) // 10 * 10
        self.keys("OK")
        self.scan("134000000070010004")
        self.until("CodePayment", "[5004]")
        self.keys("OK F1")
        assert self.shop.screen()["name"] == "Sold", self.shop.screen()
        self.book.sold.append(due)
        self.book.cash_fen += due
        self.keys("OK")
        self.close_drawer()

    def sell_by_a_code_nobody_answers(self, *codes: str) -> None:
        """The channel took the money and its answer was lost: unknown, until asking again under the same number finds it
        paid. The screen is not left, nothing is paid twice."""
        due = self.basket(list(codes))
        self.keys("OK")
        self.scan("134000000070020007")
        self.until("Sold", tries=4_000)
        sent = kinds(self.shop.journal_all(), "payment_sent")[-1]["body"]["order_no"]
        heard = [each["body"] for each in kinds(self.shop.journal_all(), "payment_heard")]
        states = [each["state"] for each in heard if each["order_no"] == sent]
        assert (states[0], states[-1]) == ("unknown", "paid"), states
        self.book.sold.append(due)
        self.book.by_code_fen += due
        self.keys("OK")

    def sell_by_card(self, *codes: str) -> None:
        """On the shop's own card terminal: its slip's reference and the card's last four digits are typed."""
        due = self.basket(list(codes))
        self.keys("OK # 2 0 2 6 1 1 2 2 0 0 0 1 OK 4 2 7 5 OK")
        assert self.shop.screen()["name"] == "Sold", self.shop.screen()
        self.book.sold.append(due)
        self.keys("OK")

    def sell_split(self, code: str, *codes: str) -> None:
        """2.00 by the customer's code, the rest in cash."""
        due = self.basket(list(codes))
        self.keys("OK * 2 0 0")
        self.scan(code)
        self.until("CodePayment", "还需收")
        self.keys("OK F1")
        assert self.shop.screen()["name"] == "Sold", self.shop.screen()
        self.book.sold.append(due)
        self.book.by_code_fen += 200
        self.book.cash_fen += due - 200
        self.keys("OK")
        self.close_drawer()

    def until(self, name: str, words: str = "", tries: int = 300) -> None:
        """Until a screen is shown and says so: the backend answers when it does."""
        for _ in range(tries):
            screen = self.shop.screen()
            if screen["name"] == name and words in "\n".join(screen["lines"]):
                return
        raise AssertionError(f"{name} never came: {self.shop.screen()}")

    def paper_is_out(self) -> None:
        """Until every slip asked for is on paper, as a queue of customers waits for theirs: the keys of this test are
        quicker than the printer's head, so many may be owed. Each slip that comes out is a reason to wait for the next;
        a printer that stands still for as long as one call waits is not."""
        page, address = self.shop.page, self.shop.demo.address
        finished = -1
        while True:
            answer = page.request.get(f"{address}/api/settle?until=printed&timeout_ms=15000", timeout=60_000)
            if answer.ok:
                return
            assert answer.status == 504, answer.text()
            before, finished = finished, self.slips_done()
            assert finished > before, f"{answer.text()}\n" + "\n".join(self.shop.demo.logs())

    def slips_done(self) -> int:
        """The journal's word, which forgets no slip: how many are proven printed."""
        done = kinds(self.shop.journal_all(), "slip_printed")
        return sum(record["body"]["outcome"] == "printed" for record in done)

    def home(self) -> None:
        """Whatever is said is read, until the ready screen is there."""
        for _ in range(6):
            if self.shop.screen()["name"] == "Idle":
                return
            self.keys("OK")
        raise AssertionError(self.shop.screen())


def numbers(texts: Iterable[str]) -> list[str]:
    """The number each slip carries; none is on what remained of one that was torn."""
    return [found[0] for text in texts if (found := re.search(NUMBER, text))]


def open_the_shop(day: Day) -> None:
    """The supervisor and the cashier choose PINs; the cashier opens the shift."""
    day.keys(f"0 0 OK 1 2 3 4 5 6 OK {' '.join(SUPERVISOR_PIN)} OK {' '.join(SUPERVISOR_PIN)} OK CANCEL")
    sign_on(day.shop, "0000")
    day.keys(f"{' '.join(CASHIER_PIN)} OK {' '.join(CASHIER_PIN)} OK 2 0 0 0 0 OK")
    day.home()
    day.close_drawer()


def morning(day: Day) -> None:
    """Cash, one good and many, exact and with change."""
    for number, codes in enumerate(((COLA,), (WATER, WATER), (COLA, APPLES), (JUICE, BREAD, COLA), (BREAD,), (WATER,))):
        day.sell_for_cash(*codes, exact=number % 2 == 0)


def customers_show_codes(day: Day) -> None:
    """WeChat, Alipay and UnionPay, each code once; one is refused, and one's answer is lost; cash between."""
    for number, codes in enumerate(((COLA,), (BREAD, WATER), (JUICE,), (COLA, JUICE), (WATER,))):
        start, digits = (("134", 18), ("288", 18), ("622", 19))[number % 3]
        day.sell_by_code(start + f"{number + 7001:0{digits - 3}d}", *codes)  # those that end in 0001 to 0010 are odd
        if number % 2:
            day.sell_for_cash(WATER)
    day.sell_after_a_refused_code(WATER)
    day.sell_by_a_code_nobody_answers(BREAD)


def noon(day: Day) -> None:
    """Cards and split payments, in turns."""
    for number, codes in enumerate(((COLA, JUICE), (BREAD,), (WATER, WATER, COLA))):
        day.sell_by_card(*codes)
        day.sell_split(f"134{number + 50:015d}", *codes)
        day.sell_for_cash(*codes, exact=False)


def paper_runs_out(day: Day) -> None:
    """Slips wait for paper and come by themselves when it is there: those of the customers before, then the one sold
    meanwhile, of which nothing was on paper and which is the first one."""
    day.shop.trouble("printer", "paper_out")
    day.sell_for_cash(COLA, WATER)
    day.home()
    assert "slip" in day.shop.get("settle")["waiting"]
    day.shop.trouble("printer", "ok")
    day.paper_is_out()
    assert "slip" not in day.shop.get("settle")["waiting"], "each is proven to be on paper"
    slips = day.shop.slips()
    assert (slips[-1]["state"], "5.00" in slips[-1]["text"]) == ("finished", True), slips[-1]
    sales = [record["body"] for record in kinds(day.shop.journal_all(), "sale")]
    whole = numbers(slip["text"] for slip in slips if slip["state"] == "finished")
    assert set(whole) == {f"{sale['batch']:06d}-{sale['trace']:06d}" for sale in sales}
    unmarked = numbers(slip["text"] for slip in slips if "续打" not in slip["text"])
    assert len(unmarked) == len(set(unmarked)), "no sale has two slips without a mark"
    day.home()


def link_is_cut(day: Day) -> None:
    """Selling goes on; everything is sent afterwards."""
    day.shop.trouble("link", "down")
    for codes in ((WATER,), (COLA, JUICE), (APPLES,)):
        day.sell_for_cash(*codes)
    assert day.shop.screen()["status"]["backlog"] > 0
    day.shop.trouble("link", "up")
    day.shop.settle("acked")


def power_is_cut(day: Day) -> None:
    """In the middle of a basket; it is there again."""
    fen = day.basket([COLA, BREAD])
    day.shop.get("settle?until=idle&timeout_ms=30000")
    openings = day.shop.get("drawer")["openings"]
    day.shop.trouble("power", "cut")
    assert day.shop.get("drawer")["openings"] == openings, "no boot opens the drawer"
    sign_on(day.shop, CASHIER_PIN)
    while day.shop.screen()["name"] == "Unfinished":
        day.keys("F2")  # the paper shows that they came out; only the note of it was lost with the power
    if day.shop.screen()["name"] == "KeptBasket":
        day.keys("OK")
    else:
        day.basket([COLA, BREAD])  # cut before the basket was written down: five seconds at most are lost
    day.keys("OK F1")
    assert day.shop.screen()["name"] == "Sold", day.shop.screen()
    day.book.sold.append(fen)
    day.book.cash_fen += fen
    day.keys("OK")
    day.close_drawer()


def customer_brings_back(day: Day) -> None:
    """The slip is scanned, the supervisor approves, cash goes back."""
    day.sell_for_cash(BREAD)
    day.paper_is_out()
    sale = kinds(day.shop.journal_all(), "sale")[-1]["body"]
    slip = day.shop.slips()[-1]["text"]
    code = next(word for word in slip.replace("]", " ").split() if word.startswith("R0001002"))
    assert f"{sale['trace']:06d}" in code
    day.keys("MENU 5")
    day.scan(code)
    day.keys(f"OK OK OK OK 0 0 OK {' '.join(SUPERVISOR_PIN)} OK")
    day.paper_is_out()
    refund = kinds(day.shop.journal_all(), "refund")[-1]["body"]
    assert (refund["total_fen"], refund["approver"]) == (1090, "00")
    day.book.given_back.append(1090)
    day.book.cash_fen -= 1090
    day.home()
    day.close_drawer()


def slip_again(day: Day) -> None:
    """The last slip once more: marked, and the drawer stays shut."""
    openings = day.shop.get("drawer")["openings"]
    day.keys("# 1 OK")
    day.paper_is_out()
    assert "补打" in day.shop.slips()[-1]["text"]
    assert day.shop.get("drawer")["openings"] == openings
    day.home()


def by_pieces(fen: int) -> str:
    """The keys that count so much cash, from the largest note down."""
    counts = []
    for worth in (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10):
        pieces, fen = divmod(fen, worth)
        counts.append(f"{' '.join(str(pieces))} OK" if pieces else "OK")
    assert fen == 0
    return " ".join(counts)


def first_count_is_off(day: Day) -> None:
    """A note of 10 was overlooked: it is to be counted again, and by how much it was off is not said."""
    day.home()
    day.keys(f"MENU 8 2 {by_pieces(day.book.cash_fen - 1_000)} F1")
    screen = day.shop.screen()
    assert (screen["name"], "[8008]" in "\n".join(screen["lines"])) == ("CountAgain", True), screen
    assert "10.00" not in "\n".join(screen["lines"])
    (tried,) = kinds(day.shop.journal_all(), "count_tried")
    assert tried["body"]["counted_fen"] == day.book.cash_fen - 1_000
    day.keys("CANCEL MENU")


def shift_is_closed_blind(day: Day) -> None:
    """Counted by notes and coins without seeing what should be there; it is what the test knows."""
    day.home()
    day.keys(f"MENU 8 2 {by_pieces(day.book.cash_fen)} F1")
    assert day.shop.screen()["name"] == "ShiftDone", day.shop.screen()
    closed = kinds(day.shop.journal_all(), "shift_closed")[-1]["body"]
    assert closed["counted_fen"] == closed["expected_fen"] == day.book.cash_fen


def day_is_closed(day: Day) -> None:
    """The supervisor closes the day; the Z slip carries the grand total."""
    day.close_drawer()
    day.keys("OK MENU 9 9")
    day.keys(f"0 0 OK {' '.join(SUPERVISOR_PIN)} OK")
    day.keys("MENU 8 4 OK F1")
    day.paper_is_out()
    closed = kinds(day.shop.journal_all(), "day_closed")
    assert len(closed) == 1
    assert "日结" in day.shop.slips()[-1]["text"]


def books_agree(day: Day) -> None:
    """The backend has every record once, and what it booked is what the test knows."""
    day.shop.settle("acked")
    stored = day.shop.at_backend()
    assert [record["seq"] for record in stored] == list(range(1, len(stored) + 1))
    assert [sale["body"]["due_fen"] for sale in kinds(stored, "sale")] == day.book.sold
    parts = [part for sale in kinds(stored, "sale") for part in sale["body"]["tenders"]]
    assert sum(part["paid_fen"] for part in parts if part["kind"] == "code") == day.book.by_code_fen
    assert [refund["body"]["total_fen"] for refund in kinds(stored, "refund")] == day.book.given_back


def test_a_shop_day(shop: Shop) -> None:
    day = Day(shop)
    open_the_shop(day)
    morning(day)
    customers_show_codes(day)
    noon(day)
    paper_runs_out(day)
    link_is_cut(day)
    power_is_cut(day)
    customer_brings_back(day)
    slip_again(day)
    assert len(day.book.sold) == 30
    first_count_is_off(day)
    shift_is_closed_blind(day)
    day_is_closed(day)
    books_agree(day)
