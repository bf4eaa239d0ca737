"""Deals, rules and platforms kept as the backend has them: when they are asked for, that they are taken whole or not at
all, how old they are said to be, and what follows from how a platform stands (domain 3.4)."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from firmware.events import Answered, AskFailed, LinkDown, LinkUp
from firmware.txn import deals, ledger
from firmware.txn.deals import RefreshDeals, age_ms, deal_of, head, older, platform_refusal, stale
from rules.deals import Deal
from rules.settings import defaults
from tests.vouchers.till import MEITUAN, VoucherTill, vouchers
from wire.facts import DealsLoaded, Trouble
from wire.vouchers import AnswerDeals, AskVoucherPrepare, AskVoucherQuery, PlatformState

MINUTE = 60_000


def deal(number: str, **more) -> Deal:
    return Deal("meituan", number, f"代金券{number}", "cash", 500, **more)


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    made = vouchers(tmp_path)
    made.pass_time(1_000)
    return made


def asked(till: VoucherTill) -> list[tuple[str, int]]:
    """(revision held, page) of every ask since the last call."""
    new, till.deals_asked = till.deals_asked, []
    return [(each.have, each.page) for each in new]


def told(till: VoucherTill, rev="r1", page=0, pages=1, *given: Deal, **more) -> None:
    till.step(Answered(AnswerDeals(rev, page, pages, given, **more)))


def loaded(till: VoucherTill) -> list[DealsLoaded]:
    till.pass_time(3_000)
    return [entry.fact for entry in till.ledger.entries() if isinstance(entry.fact, DealsLoaded)]


def test_they_are_asked_for_at_once_and_every_interval(till: VoucherTill) -> None:
    assert asked(till) == [("", 0)]
    told(till, "r1", 0, 1, deal("1"))
    till.pass_time(9 * MINUTE)
    assert asked(till) == []
    till.pass_time(MINUTE + 1_000)
    assert asked(till) == [("r1", 0)]
    told(till, "r1", same=True)
    till.step(LinkDown(1003))
    till.pass_time(30 * MINUTE)
    assert asked(till) == []
    till.step(LinkUp())
    till.pass_time(1_000)
    assert asked(till) == [("r1", 0)]
    assert len(loaded(till)) == 1, "the same revision is no news"


def test_the_interval_is_the_shops(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"sync_min": 1})
    till.pass_time(1_000)
    asked(till)
    told(till)
    till.pass_time(MINUTE + 1_000)
    assert asked(till) == [("r1", 0)]


def test_pages_are_taken_together_and_named_by_their_digest(till: VoucherTill) -> None:
    asked(till)
    told(till, "r1", 0, 3, deal("1"), platforms=(PlatformState("meituan"),))
    assert asked(till) == [("", 1)]
    assert deal_of(till.ledger, "meituan", "1") is None, "not before all are there"
    told(till, "r1", 1, 3, deal("2"))
    told(till, "r1", 2, 3, deal("3"))
    assert [deal_of(till.ledger, "meituan", each) for each in "123"] == [deal("1"), deal("2"), deal("3")]
    [fact] = loaded(till)
    assert (fact.rev, fact.deals, fact.digest) == ("r1", 3, head(till.ledger).digest)
    assert till.ledger.differences() == []


def test_a_page_of_another_revision_begins_anew(till: VoucherTill) -> None:
    told(till, "r1", 0, 2, deal("1"))
    asked(till)
    told(till, "r2", 1, 2, deal("9"))
    assert asked(till) == [("", 0)]
    told(till, "r2", 0, 2, deal("8"))
    told(till, "r2", 1, 2, deal("9"))
    assert deal_of(till.ledger, "meituan", "1") is None
    assert deal_of(till.ledger, "meituan", "8") == deal("8")
    for number in range(20):
        told(till, f"x{number}", 0, 2, deal("1"))
        told(till, f"y{number}", 1, 2, deal("1"))
    assert len(asked(till)) < 60
    assert head(till.ledger).rev == "r2", "what never came whole was never taken"


@pytest.mark.parametrize("page", [1, 2, 7])
def test_pages_out_of_turn_are_nobodys(till: VoucherTill, page: int) -> None:
    told(till, "r1", page, 8, deal("1"))
    assert head(till.ledger).rev == ""


def test_deals_that_are_gone_are_gone(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, deal("1"), deal("2"))
    told(till, "r2", 0, 1, deal("2"))
    assert deal_of(till.ledger, "meituan", "1") is None


def test_no_answer_is_asked_again_and_the_old_deals_hold(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, deal("1"))
    asked(till)
    till.pass_time(10 * MINUTE + 20_000)
    assert asked(till) == [("r1", 0)]
    till.pass_time(MINUTE + 1_000)
    assert asked(till) == [("r1", 0)]
    till.step(AskFailed("0", "deals"))
    till.pass_time(MINUTE + 1_000)
    assert asked(till) == [("r1", 0)]
    assert deal_of(till.ledger, "meituan", "1") == deal("1")


def test_a_disk_that_takes_nothing_leaves_the_old_deals(till: VoucherTill, monkeypatch: pytest.MonkeyPatch) -> None:
    told(till, "r1", 0, 1, deal("1"))

    def full(*_: object) -> None:
        raise ledger.LedgerError(9002, "the disk is full")

    monkeypatch.setattr(ledger, "_replace", full)
    told(till, "r2", 0, 1, deal("2"))
    assert head(till.ledger).rev == "r1"
    assert deal_of(till.ledger, "meituan", "1") == deal("1")


def test_one_transaction_holds_all_of_a_revision(till: VoucherTill) -> None:
    ledger.load_deals(till.ledger, "r1", [deal("1")], [])
    with pytest.raises(ValueError, match="twice"):  # the table takes no such code
        ledger.load_deals(till.ledger, "r2", [deal("2")], [PlatformState("meituan", "x")])  # type: ignore[arg-type]
    assert head(till.ledger).rev == "r1"
    assert not till.ledger.db.in_transaction


def test_a_cut_between_the_deals_and_their_record_is_made_up_for_at_boot(till: VoucherTill) -> None:
    ledger.load_deals(till.ledger, "r7", [deal("1")], [])
    till.cut()
    till.boot()
    assert [fact.rev for fact in loaded(till)] == ["r7"]


def test_a_ledger_of_the_release_before_gets_its_tables(tmp_path: Path) -> None:
    till = vouchers(tmp_path)
    till.ledger.close()
    db = sqlite3.connect(tmp_path / "ledger.db")
    for table in ("deal", "deal_platform", "deal_head"):
        db.execute(f"DROP TABLE {table}")
    db.commit()
    db.close()
    from tests.counter import open_ledger

    opened = open_ledger(tmp_path)
    assert head(opened).rev == ""
    opened.close()


# --- age -------------------------------------------------------------------------------------------------------------


def test_what_is_older_than_two_intervals_is_said_to_be(till: VoucherTill) -> None:
    assert stale(till.terminal.context()), "nobody ever told"
    told(till, "r1", 0, 1, deal("1"))
    assert not stale(till.terminal.context())
    till.step(LinkDown(1003))
    till.pass_time(19 * MINUTE)
    assert not stale(till.terminal.context())
    till.pass_time(2 * MINUTE)
    assert stale(till.terminal.context())
    assert 20 * MINUTE < age_ms(till.terminal.context()) < 22 * MINUTE


def test_the_age_outlives_a_boot(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, deal("1"))
    loaded(till)
    till.cut()
    till.boot()
    age = age_ms(till.terminal.context())
    assert age is not None
    assert 0 < age < 5 * MINUTE


# --- platforms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [2010, 2011, 1019, 3025])
def test_a_platform_that_stopped_is_told_of_at_once_and_asked_nothing(till: VoucherTill, code: int) -> None:
    told(till, "r1", 0, 1, platforms=(PlatformState("meituan", code), PlatformState("douyin")))
    troubles = [entry.fact for entry in till.ledger.entries() if isinstance(entry.fact, Trouble)]
    assert Trouble(code, "meituan") in troubles
    till.basket().code(MEITUAN)
    assert till.asks(AskVoucherPrepare) == []
    assert f"[{code}]" in till.text()
    assert platform_refusal(till.terminal.context(), "douyin") is None


def test_what_is_said_of_a_platform_long_ago_stands_in_nobodys_way(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, platforms=(PlatformState("meituan", 2011),))
    till.pass_time(21 * MINUTE)
    assert platform_refusal(till.terminal.context(), "meituan") is None


def test_a_release_that_is_too_old_for_a_platform_redeems_nothing_of_it(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, platforms=(PlatformState("meituan", 0, "99.1"),))
    till.basket().code(MEITUAN)
    assert "[9015]" in till.text()
    assert till.asks(AskVoucherPrepare) == []


@pytest.mark.parametrize(
    ("software", "least", "old"),
    [
        ("0.1.0", "0.1.0", False), ("0.1.0", "0.1", False), ("0.1", "0.1.1", True), ("0.9.0", "0.10.0", True),
        ("1.0.0", "0.99", False), ("", "1.0", False), ("1.0", "", False), ("0.2.0-rc1", "0.2.0", False),
        ("0.1.0+9", "0.1.1", True),
    ],
)  # fmt: skip
def test_releases_are_compared_by_their_numbers(software: str, least: str, old: bool) -> None:
    assert older(software, least) is old


# --- what follows ------------------------------------------------------------------------------------------------------


def test_a_coupon_without_rules_gets_those_that_are_known_here(till: VoucherTill) -> None:
    told(till, "r1", 0, 1, deal("4001", min_spend_fen=100_000))
    till.basket().code(MEITUAN)
    from tests.vouchers.till import coupon

    till.prepared(coupon())
    till.keys("OK")
    assert "3009" in till.text()


def test_uses_that_changed_at_the_platform_are_asked_about_under_their_numbers(till: VoucherTill) -> None:
    till.basket().voucher().keys("OK OK")
    till.says("consumed")
    number = till.one("sale").tenders[0].voucher.request_no
    told(till, "r1", 0, 1, changed=(number, "0001002307000009000009V01"))
    assert [each.request_no for each in till.asks(AskVoucherQuery)] == [number]


def test_by_key_and_without_a_link(till: VoucherTill) -> None:
    asked(till)
    assert till.terminal.do(RefreshDeals()) is None
    till.step(LinkDown(1003))
    assert till.terminal.do(RefreshDeals()).code == 1003
    off = msgspec.structs.replace(defaults().vouchers, enabled=False)
    till.terminal.settings = msgspec.structs.replace(till.terminal.settings, vouchers=off)
    assert till.terminal.do(RefreshDeals()).code == 2005
    assert deals.platform_state(till.ledger, "meituan") is None
