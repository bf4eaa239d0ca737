"""Every state of a use and whatever the backend says of it, however late, twice, damaged or never (decisions 18)."""

from pathlib import Path

import pytest

from firmware.events import AskFailed, LinkDown, LinkUp
from firmware.txn import checkout, voucher
from firmware.txn.voucher import Use
from firmware.txn.voucher_judge import judge
from tests.vouchers.till import OWN, VoucherTill, coupon, vouchers
from wire.vouchers import AnswerVoucher, AskVoucherConsume, AskVoucherQuery, Coupon

NO = "0001002307000001000001V01"
OPEN = ("sent", "unknown")


def use(state: str, **more: object) -> Use:
    said: dict[str, object] = {
        "request_no": NO, "seq": 5, "at_ms": 0, "batch": 1, "trace": 1, "place": 0, "platform": "meituan", "kind": "cash",
        "deal_id": "4001", "title": "5元券", "count": 3, "deduct_fen": 500, "basis_fen": 450, "face_fen": 500,
        "last4": "9012", "digest": "ab", "more": 0, "operator": "01", "approver": "", "date": "2026-11-22", "state": state,
        "code": 0, "record_no": "r1" if state in ("consumed", "kept") else "", "paid_fen": 0, "platform_fen": 0,
        "merchant_fen": 0, "undo_until_ms": 0, "registered": 0, "why": "", "sold": 0, "handled": 0,
        "owed_fen": 0, "sale_no": NO, "again": 0, "short_fen": 0,
    }  # fmt: skip
    return Use(**{**said, **more})  # type: ignore[arg-type]


TABLE: list[tuple[str, str, str, str]] = [
    # state, asked, answered, becomes ("": nothing new, "odd", "back": redeemed and given back, "absent")
    *[(state, to, "consumed", "consumed") for state in OPEN for to in ("consume", "query")],
    *[(state, "consume", "rejected", "rejected") for state in OPEN],
    *[(state, "query", "undone", "undone") for state in OPEN],
    *[(state, "query", "absent", "absent") for state in OPEN],
    ("sent", "query", "unknown", "unknown"), ("unknown", "query", "unknown", ""),
    ("undoing", "undo", "undone", "undone"), ("undoing", "undo", "kept", "kept"), ("undoing", "undo", "consumed", ""),
    ("undoing", "consume", "consumed", ""), ("undoing", "query", "unknown", ""), ("undoing", "query", "absent", ""),
    ("undoing", "consume", "rejected", "rejected"), ("undoing", "undo", "rejected", "rejected"),
    ("consumed", "consume", "consumed", ""), ("consumed", "consume", "rejected", "odd"),
    ("consumed", "query", "unknown", ""),
    ("consumed", "query", "absent", "odd"), ("consumed", "query", "undone", "undone"), ("consumed", "undo", "undone", "odd"),
    ("rejected", "consume", "consumed", "back"), ("rejected", "consume", "rejected", ""),
    ("rejected", "query", "undone", ""),
    ("undone", "consume", "consumed", "odd"), ("undone", "query", "consumed", "back"), ("undone", "undo", "undone", ""),
    ("undone", "undo", "kept", "back"), ("undone", "query", "kept", "back"), ("undone", "consume", "kept", ""),
    ("undone", "consume", "rejected", ""), ("kept", "undo", "kept", ""), ("kept", "undo", "undone", "undone"),
    ("kept", "consume", "rejected", "odd"), ("kept", "query", "absent", "odd"),
    ("planned", "consume", "consumed", "odd"), ("registered", "consume", "consumed", "odd"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "to", "answered", "becomes"), TABLE)
def test_what_an_answer_means(state: str, to: str, answered: str, becomes: str) -> None:
    verdict = judge(use(state), AnswerVoucher(NO, to, answered))  # type: ignore[arg-type]
    if becomes in ("", "odd", "absent"):
        assert verdict.heard is None
        assert (bool(verdict.odd), verdict.absent) == (becomes == "odd", becomes == "absent")
    else:
        assert verdict.heard is not None
        assert (verdict.heard.state, verdict.back) == ("consumed" if becomes == "back" else becomes, becomes == "back")


def test_a_refusal_that_comes_after_the_voucher_was_known_to_be_redeemed_says_nothing() -> None:
    assert judge(use("undoing", record_no="r1"), AnswerVoucher(NO, "consume", "rejected")).heard is None


def test_an_answer_for_another_number_is_put_aside() -> None:
    assert judge(use("sent"), AnswerVoucher(NO[:-2] + "02", "consume", "consumed")).odd


def test_fewer_redeemed_than_asked_are_worth_less() -> None:
    heard = judge(use("sent"), AnswerVoucher(NO, "consume", "consumed", consumed=2)).heard
    assert heard is not None
    assert (heard.code, heard.count) == (3035, 2)


# --- at the counter ---------------------------------------------------------------------------------------------------


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    """A voucher of 5.00 leaves for a sale of 7.00, with cash kept."""
    made = vouchers(tmp_path).basket(2).voucher().keys("OK OK")
    assert made.kinds() == ["consume"]
    return made  # type: ignore[return-value]


def test_without_an_answer_it_is_asked_about_under_its_one_number(till: VoucherTill) -> None:
    till.pass_time(10_500)
    assert till.uses()[0].state == "unknown"
    assert "[3022]" in till.text()
    assert "结果未知" in till.text()
    till.pass_time(120_000)
    queries = till.asks(AskVoucherQuery)
    assert 4 <= len(queries) <= 14, "with longer and longer pauses"
    assert {ask.request_no for ask in queries} == {till.asks(AskVoucherConsume)[0].request_no}
    till.says("consumed", to="query")
    assert till.screen == "Sold"
    assert [part.kind for part in till.one("sale").tenders] == ["voucher", "cash"]


def test_pauses_between_queries_that_are_answered_double(till: VoucherTill) -> None:
    till.says("unknown")
    seen: list[int] = []
    for _ in range(5):
        before, asked = till.ms, len(till.asked)
        while len(till.asked) == asked:
            till.pass_time(100)
        seen.append((till.ms - before) // 1_000)
        till.says("unknown", to="query")
    assert seen == sorted(seen)
    assert seen[0] <= 1
    assert seen[-1] >= 8


def test_a_number_the_backend_never_saw_is_redeemed_again_under_it(till: VoucherTill) -> None:
    till.pass_time(12_000)
    till.kinds()
    till.says("absent", to="query")
    assert till.kinds() == ["consume"]
    first, again = till.asks(AskVoucherConsume)
    assert first == again
    till.says("consumed")
    assert "sale" in till.facts()
    assert till.facts().count("voucher_sent") == 1


@pytest.mark.parametrize("times", [2, 5])
def test_a_doubled_answer_changes_nothing(till: VoucherTill, times: int) -> None:
    number = till.asks(AskVoucherConsume)[0].request_no
    for _ in range(times):
        till.says("consumed", to="consume", number=number)
    assert till.facts().count("sale") == till.facts().count("voucher_heard") == 1


def test_an_answer_that_contradicts_goes_to_the_journal_only(till: VoucherTill) -> None:
    number = till.asks(AskVoucherConsume)[0].request_no
    till.says("consumed").says("rejected", to="consume", number=number)
    assert till.screen == "Sold"
    assert till.facts().count("voucher_heard") == 1
    assert "quarantined" in till.facts()


def test_an_ask_that_surely_never_left_was_not_redeemed(till: VoucherTill) -> None:
    till.step(AskFailed(till.asks(AskVoucherConsume)[0].request_no, "voucher_consume"))
    assert till.uses()[0].state == "rejected"
    assert "[3030]" in till.text()


def test_an_ask_that_never_left_shows_no_earlier_customers_sale(tmp_path: Path) -> None:
    till = vouchers(tmp_path)
    till.basket(1).keys("OK OK")
    assert till.screen == "Sold"
    till.keys("OK").basket(2)
    till.voucher().keys("OK OK").kinds()
    till.step(AskFailed(till.asks(AskVoucherConsume)[0].request_no, "voucher_consume"))
    assert till.screen == "VoucherWait"
    assert till.facts().count("sale") == 1


def test_the_second_ask_that_never_left_proves_nothing(till: VoucherTill) -> None:
    till.pass_time(12_000)
    till.says("absent", to="query")
    till.step(AskFailed(till.asks(AskVoucherConsume)[0].request_no, "voucher_consume"))
    assert till.uses()[0].is_open


def test_redeemed_after_it_was_refused_goes_back(till: VoucherTill) -> None:
    number = till.asks(AskVoucherConsume)[0].request_no
    till.says("rejected", code=3014).keys("OK OK").kinds()
    till.says("consumed", to="consume", number=number)
    assert till.kinds() == ["undo"]
    assert till.facts().count("sale") == 1


def test_the_cut_in_between_asks_and_the_order_asks_for_its_cash_again(till: VoucherTill) -> None:
    till.cut()
    till.boot().sign_on()
    assert till.screen == "VoucherWait"
    till.asked, till.handed = [], 0
    till.step(LinkUp())
    till.pass_time(1_000)
    assert till.kinds() == ["query"]
    till.says("consumed")
    assert "sale" not in till.facts()
    till.keys("OK")
    assert till.screen == "Cash"
    assert checkout.whole_rest(till.terminal.context()) == 200
    till.keys("OK")
    assert [part.kind for part in till.one("sale").tenders] == ["voucher", "cash"]
    till.ledger.commit()
    assert till.ledger.differences() == []


def test_the_link_goes_and_comes_back(till: VoucherTill) -> None:
    till.step(LinkDown(1003))
    till.pass_time(30_000)
    assert till.kinds() == []
    assert till.uses()[0].state == "unknown"
    till.step(LinkUp())
    till.pass_time(1_000)
    assert till.kinds() == ["query"]
    till.says("consumed")
    assert till.screen == "Sold"


def test_taken_back_while_unknown_the_order_is_paid_otherwise(till: VoucherTill) -> None:
    till.says("unknown").keys("F2")
    assert till.kinds()[-1] == "undo"
    till.says("undone").keys("OK OK")
    assert [part.kind for part in till.one("sale").tenders] == ["cash"]


def test_taken_back_and_not_undone_it_pays_after_all(till: VoucherTill) -> None:
    till.says("unknown").keys("F2").says("kept")
    assert [part.kind for part in till.one("sale").tenders] == ["voucher", "cash"]
    assert voucher.listed(till.ledger) == ()


def test_parked_it_goes_on_by_itself(till: VoucherTill) -> None:
    till.says("unknown").keys("F1")
    assert till.screen == "Idle"
    till.pass_time(5_000)
    till.says("consumed", to="query")
    assert "sale" not in till.facts(), "the cash was given back"
    assert [each.state for each in checkout.parked(till.ledger)] == ["parked"]


def test_given_up_while_unknown_is_closed_by_an_undo_that_is_asked_until_it_is_answered(till: VoucherTill) -> None:
    till.says("unknown").keys("CANCEL F2 OK")
    till.kinds()
    till.pass_time(90_000)
    assert set(till.kinds()) == {"undo"}
    assert [each.what for each in checkout.unfinished(till.ledger)] == ["voucher"]
    till.says("undone")
    assert checkout.unfinished(till.ledger) == ()


def test_some_of_several_are_redeemed_and_the_rest_is_asked_for(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).code().prepared(coupon_of(200, 2))
    till.keys("UP OK CANCEL CANCEL CANCEL OK OK").says("consumed", consumed=1)
    assert "[3035]" in till.text()
    assert "sale" not in till.facts(), "the cash that was typed does not cover the rest any more"
    till.keys("OK")
    assert checkout.whole_rest(till.terminal.context()) == 500
    till.keys("OK")
    parts = till.one("sale").tenders
    assert [(part.kind, part.paid_fen) for part in parts] == [("voucher", 200), ("cash", 500)]
    assert parts[0].voucher is not None
    assert (parts[0].voucher.count, sum(parts[0].voucher.shares)) == (1, 200)


def coupon_of(face_fen: int, count: int) -> Coupon:
    """So many cash vouchers under one code."""
    return coupon(face_fen=face_fen, count=count)


def test_used_elsewhere_after_it_was_prepared(till: VoucherTill) -> None:
    till.says("rejected", code=3003)
    assert "[3003]" in till.text()
    assert "sale" not in till.facts()


def test_a_preparation_that_ran_out_is_refused_when_the_order_is_frozen(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).code().prepared(coupon_of(500, 1), valid_ms=60_000)
    till.keys("OK CANCEL CANCEL CANCEL").pass_time(61_000)
    till.keys("OK OK")
    assert "[3016]" in till.text()
    till.keys("OK CANCEL").voucher().keys("OK OK")  # the same code again is no second scan then
    assert till.kinds() == ["consume"]


def test_no_money_is_taken_while_a_voucher_is_not_decided(till: VoucherTill) -> None:
    till.scan("134567890123456789")
    assert "[5029]" in till.text()


def test_given_back_by_the_platform_itself_a_sold_one_stands_on_the_list(till: VoucherTill) -> None:
    number = till.asks(AskVoucherConsume)[0].request_no
    till.says("consumed").says("undone", to="query", number=number)
    assert [each.state for each in voucher.listed(till.ledger)] == ["undone"]
    till.keys("OK OK MENU 3 2 OK")
    assert "[3004]" in till.text()


def test_the_shop_redeems_first(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"consume_first": True}).basket(2).voucher(OWN).keys("OK OK")
    assert till.kinds() == ["consume"]
    till.says("consumed").keys("OK")
    assert till.screen == "Cash"
    till.keys("OK")
    assert [part.kind for part in till.one("sale").tenders] == ["voucher", "cash"]
