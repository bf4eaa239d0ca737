"""The shop's own slip of a payment (商户联), signatures and the box for a stamp: what comes out with which settings."""

from pathlib import Path

import msgspec
import pytest

from firmware.events import Printed, PrinterSeen
from firmware.txn import slip
from firmware.txn.slips import Sheet, slip_of
from firmware.txn.slips.registry import stored
from tests.counter import Counter
from tests.payments.till import WECHAT, Till, till
from tests.screens.ledgers import having
from tests.slips.journal import FACTS, book
from wire.layout import layout, text_of

WITH_COPY = {"merchant_copy": True}


def shop(folder: Path, slips: str = "always", **changes: bool) -> Till:
    """Two colas in the basket of a shop that keeps a copy of payments."""
    return till(folder, slips=WITH_COPY | changes, printer={"print_slip": slips}).basket()


def kinds(counter: Counter) -> list[tuple[str, str]]:
    """Kind and copy of everything given to the printer."""
    return [(each.receipt.kind, each.receipt.copy) for each in counter.printed()]


SLIP, COPY = ("sale", ""), ("payment", "merchant")


@pytest.mark.parametrize("by", ["code", "card", "both", "cash and code"])
def test_a_payment_by_code_or_card_prints_the_merchants_copy_after_the_slip(tmp_path, by) -> None:
    counter = shop(tmp_path)
    match by:
        case "code":
            counter.pay().answer("paid")
        case "card":
            counter.keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8 OK")
        case "both":
            counter.keys("OK * 2 0 0").scan(WECHAT).answer("paid").keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8 OK")
        case _:
            counter.keys("OK * 2 0 0").scan(WECHAT).answer("paid").keys("OK OK")
    assert kinds(counter) == [SLIP, COPY]
    words = "\n".join(text_of(layout(counter.printed()[1].receipt, 32), 32))
    assert "(商户存根)" in words
    assert "顾客签名" in words
    assert "补打" not in words
    assert "DUPLICATED" not in words
    assert slip.open_jobs(counter.ledger) == ()
    assert "reprinted" not in counter.facts(), "it is no copy that counts"


def test_cash_alone_and_a_shop_that_wants_none_print_none(tmp_path) -> None:
    assert kinds(shop(tmp_path).keys("OK F2 OK")) == [SLIP]
    other = tmp_path / "other"
    other.mkdir()
    assert kinds(till(other).basket().pay().answer("paid")) == [SLIP], "nothing changes by itself"


def test_without_a_slip_for_the_customer_the_merchants_copy_still_comes(tmp_path) -> None:
    assert kinds(shop(tmp_path, "never").pay().answer("paid")) == [COPY]
    other = tmp_path / "asked"
    other.mkdir()
    counter = shop(other, "ask").pay().answer("paid")
    assert (counter.screen, kinds(counter)) == ("AskSlip", [])
    assert kinds(counter.keys("F2")) == [COPY]
    assert slip.open_jobs(counter.ledger) == ()
    assert counter.ledger.differences() == []


def test_who_wants_a_slip_when_asked_gets_it_first(tmp_path) -> None:
    assert kinds(shop(tmp_path, "ask").pay().answer("paid").keys("OK")) == [SLIP, COPY]


def test_each_of_the_two_is_proven_by_itself(tmp_path) -> None:
    counter = shop(tmp_path)
    counter.prints = ""
    counter.pay().answer("paid")
    [first] = counter.printed()
    counter.out.clear()
    counter.step(Printed(first.job, "printed"))
    [second] = counter.printed()
    assert (second.receipt.copy, second.receipt.mark, second.copy) == ("merchant", "", 1)
    counter.out.clear()
    counter.step(Printed(first.job, "unknown", 4001))
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    [again] = counter.printed()
    assert (again.receipt.copy, again.receipt.mark) == ("merchant", "**续打**"), (
        "the customer's slip is not printed twice"
    )
    counter.step(Printed(first.job, "printed"))
    assert slip.open_jobs(counter.ledger) == ()
    assert counter.ledger.differences() == []


@pytest.mark.parametrize("wanted", [True, False])
def test_who_signs_and_where_is_stamped_is_the_shops_choice(tmp_path, wanted) -> None:
    sheet, seqs = book(tmp_path, "zh")
    settings = having(slips={"signature": wanted, "stamp": wanted})
    sheet = Sheet(sheet.terminal, settings, sheet.books)
    for name in FACTS:
        fact, entry, _ = stored(sheet.books, seqs[name])
        words = "\n".join(text_of(layout(slip_of(sheet, fact, entry), 32), 32))
        assert ("盖章处" in words) == (wanted and name in ("refund", "void", "turned", "shift", "day")), name
        assert ("顾客签名" in words) == (wanted and name in ("refund", "void", "turned")), name


def test_the_customer_signs_and_nothing_is_stamped_unless_the_shop_says_so() -> None:
    slips = having().slips
    assert (slips.signature, slips.stamp, slips.merchant_copy) == (True, False, False)


def test_a_copy_asks_the_journal_for_its_look_once(tmp_path) -> None:
    """Its original's; and what continues it is said in the same language."""
    sheet, seqs = book(tmp_path, "zh")
    asked: list[str] = []

    class Listening:
        def read(self, sql: str, *args: int | str | bytes | None) -> list[tuple[object, ...]]:
            asked.extend(["dress"] if "FROM dress" in sql else [])
            return sheet.books.read(sql, *args)

    books = Listening()
    fact, entry, _ = stored(books, seqs["copy"])
    in_english = msgspec.structs.replace(having(), terminal=msgspec.structs.replace(having().terminal, lang="en"))
    made = slip_of(Sheet(sheet.terminal, in_english, books), fact, entry, "mark__continued")
    assert asked == ["dress"]
    assert (made.lang, made.mark.splitlines()[0]) == ("en", "**CONTINUED**")
