"""A shop's day at the terminal: cash moved, X, the blind count, the verdict, Z. Said as the user would notice it."""

import re
from pathlib import Path

import pytest

from firmware.events import Acked, Answered, Ask, ClockSeen, DrawerSeen, LinkDown, LinkUp, Send, Signed
from firmware.txn import closing, day, original, till
from firmware.txn.ledger import Stamp
from firmware.txn.refund import VoidSale
from firmware.txn.slips import Sheet, slip_of, stored
from firmware.txn.slips.figures import groups
from rules.settings import Settings
from tests.counter import COLA, Counter
from tests.giving import shop
from tests.screens import ledgers
from tests.screens.ledgers import having, supervised
from wire.facts import (
    Approved,
    BatchSettled,
    CashMoved,
    CountTried,
    DayClosed,
    DayReopened,
    DrawerRefused,
    PaymentHeard,
    Refund,
    ReportPrinted,
    Sale,
    Seal,
    ShiftClosed,
    ShiftOpened,
    SignOnRefused,
    SlipPrinted,
    Trouble,
)
from wire.layout import layout, text_of
from wire.messages import AnswerTotals
from wire.records import Ack
from wire.seal import read_seal_words

CLOSE, X, SETTLE, Z, REOPEN = "MENU 8 2", "MENU 8 1", "MENU 8 3", "MENU 8 4", "MENU 8 5"


def opened(folder: Path, settings: Settings | None = None) -> Counter:
    """A shift of 01 with a float of 200.00, and supervisor 00 with the PIN 482917."""
    return supervised(folder, settings or having())


def sold(counter: Counter, times: int = 1) -> Counter:
    for _ in range(times):
        counter.scan(COLA).keys("OK OK OK")
    return counter


def approve(counter: Counter) -> Counter:
    """The supervisor is fetched."""
    assert counter.screen == "Override", counter.text()
    return counter.keys("0 0 OK 4 8 2 9 1 7 OK")


def count(counter: Counter, fen: int) -> Counter:
    """Type a count that makes `fen`: whole tens, the rest in jiao."""
    from rules.money import DENOMINATIONS_FEN, change_pieces

    pieces = dict(change_pieces(fen, DENOMINATIONS_FEN))
    for denomination in DENOMINATIONS_FEN:
        counter.keys(" ".join(str(pieces.get(denomination, ""))))
        counter.keys("OK")
    return counter


def last(counter: Counter, kind: type):
    """The newest fact of a kind."""
    return next(entry.fact for entry in reversed(list(counter.ledger.entries())) if isinstance(entry.fact, kind))


def paper(counter: Counter, seq: int) -> str:
    """The slip of the fact at `seq`, as it would be printed now."""
    fact, entry, trusted = stored(counter.ledger, seq)
    sheet = Sheet(counter.ledger.terminal, counter.settings, counter.ledger, trusted)
    return "\n".join(text_of(layout(slip_of(sheet, fact, entry), 32), 32))


def seq_of(counter: Counter, kind: type) -> int:
    return next(entry.seq for entry in reversed(list(counter.ledger.entries())) if isinstance(entry.fact, kind))


def closed(folder: Path, settings: Settings | None = None) -> Counter:
    counter = sold(opened(folder, settings))
    expected = till.expected_cash(closing.running(counter.ledger))
    count(counter.keys(CLOSE), expected)
    assert counter.screen == "ShiftDone", counter.text()
    return counter.keys("OK")


# --- cash in and out ---------------------------------------------------------------------------------


def test_a_cashier_fetches_a_supervisor_to_put_cash_in_and_the_slip_names_both(tmp_path):
    counter = opened(tmp_path).keys("MENU 9 1 1 5 0 0 0 OK 1")
    approve(counter)
    assert "50.00" in counter.text()
    fact = last(counter, CashMoved)
    assert (fact.way, fact.amount_fen, fact.reason, fact.operator, fact.approver) == ("in", 5_000, "float", "01", "00")
    slip = paper(counter, seq_of(counter, CashMoved))
    assert "补充备用金" in slip
    assert "50.00" in slip
    assert "授权人" in slip
    assert counter.pulses()
    assert till.expected_cash(closing.running(counter.ledger)) == 25_000


@pytest.mark.parametrize(
    ("way", "offered", "never"),
    [
        ("1", ("补充备用金", "换零", "其他"), ("上缴", "采购", "退款")),
        ("2", ("上缴", "采购", "退款", "其他"), ("补充备用金", "换零")),
    ],
)
def test_cash_in_and_cash_out_offer_the_reasons_of_their_way(tmp_path, way, offered, never):
    counter = opened(tmp_path).keys(f"MENU 9 1 {way} 5 0 0 OK")
    assert all(f"{number} {name}" in counter.text() for number, name in enumerate(offered, 1))
    assert not any(name in counter.text() for name in never)
    counter.keys(str(len(offered) + 1))
    assert counter.screen == "CashReason", "no reason stands behind this digit"
    approve(counter.keys(str(len(offered))))
    assert last(counter, CashMoved).reason == "other"


@pytest.mark.parametrize(("way", "reason", "words"), [("in", "deposit", "上缴"), ("out", "float", "补充备用金")])
def test_a_record_of_a_release_before_keeps_its_reason_on_its_copy(tmp_path, way, reason, words):
    counter = opened(tmp_path)
    shop.journal(counter, CashMoved(1, 99, way, 5_000, reason, "01"))
    assert words in paper(counter, seq_of(counter, CashMoved))


def test_no_more_is_taken_out_than_the_drawer_holds(tmp_path):
    counter = approve(opened(tmp_path).keys("MENU 9 1 2 2 0 0 0 1 OK 3"))
    assert "[8009]" in counter.text()
    assert CashMoved.KIND not in counter.facts()


def test_a_sum_above_the_shops_limit_is_refused(tmp_path):
    counter = opened(tmp_path, having(closing={"cash_out_max_fen": 10_000})).keys("MENU 9 1 1 1 0 0 0 1 OK 1")
    told = approve(counter).text()
    assert "[6007]" in told
    assert "最多 100.00 元" in told


# --- X -----------------------------------------------------------------------------------------------------


def test_x_is_shown_page_by_page_and_printed_and_changes_nothing(tmp_path):
    counter = sold(opened(tmp_path), 2).keys(X)
    before = closing.running(counter.ledger)
    first = counter.text()
    assert "销售" in first
    assert counter.keys("DOWN").text() != first
    counter.keys("F1")
    assert counter.printed()[-1].receipt.kind == "x"
    assert closing.running(counter.ledger) == before
    assert counter.ledger.differences() == []


def test_a_cashiers_x_does_not_tell_what_must_be_in_the_drawer(tmp_path):
    """Not even what she could add up to it: with the float she counted, sales in cash alone say it all."""
    counter = sold(opened(tmp_path), 3)
    assert till.expected_cash(closing.running(counter.ledger)) == 21_050
    counter.keys(X)
    seen = "".join(counter.keys("DOWN").text() for _ in range(8))
    counter.keys("F1")
    slip = paper(counter, counter.printed()[-1].job)
    for told in (seen, slip):
        assert "销售" in told
        for tells in ("应有现金", "10.50", "210.50", "200.00", "净销售额", "客单价"):
            assert tells not in told, tells
    figures = last(counter, ReportPrinted).figures
    assert [name for name in figures if figures[name] in (1_050, 20_000, 21_050)] == []
    assert figures["sales"] == 3
    counter.keys("CANCEL CANCEL CANCEL MENU 9 9 0 0 OK 4 8 2 9 1 7 OK").keys(X)
    assert "应有现金" in "".join(counter.keys("DOWN").text() for _ in range(8))


# --- closing the shift -----------------------------------------------------------------------------------------


def test_a_blind_count_that_fits_closes_the_shift_with_two_slips_and_the_next_batch(tmp_path):
    counter = sold(opened(tmp_path), 2)
    expected = till.expected_cash(closing.running(counter.ledger))
    counter.keys(CLOSE)
    assert f"{expected // 100}" not in counter.text(), "the count is blind"
    count(counter, expected)
    assert counter.screen == "ShiftDone"
    fact = last(counter, ShiftClosed)
    assert (fact.expected_fen, fact.difference_fen, fact.counts, fact.copies) == (expected, 0, 1, 2)
    assert [each.receipt.kind for each in counter.printed()[-2:]] == ["shift", "shift"]
    slip = paper(counter, seq_of(counter, ShiftClosed))
    for words in ("交班人签名", "接班人签名", "备用金", "应有现金", "实点现金", "净销售额"):
        assert words in slip, slip
    counter.keys("OK 2 0 0 0 0 OK")
    assert last(counter, ShiftOpened).batch == fact.batch + 1
    assert counter.ledger.differences() == []


def test_a_difference_is_counted_again_and_then_needs_a_supervisor(tmp_path):
    counter = sold(opened(tmp_path)).keys(CLOSE)
    count(counter, 10_000)
    assert counter.screen == "CountAgain"
    assert "[8008]" in counter.text()
    assert "-" not in counter.text().replace("UP/DOWN", ""), "it does not say by how much"
    count(counter.keys("OK"), 10_000)
    assert "[8008]" in counter.text()
    approve(counter)
    assert counter.screen == "ShiftDone"
    assert "[8014]" in counter.text()
    fact = last(counter, ShiftClosed)
    assert (fact.counts, fact.approver) == (2, "00")
    assert fact.difference_fen == 10_000 - fact.expected_fen
    assert 8014 in [entry.fact.code for entry in counter.ledger.entries() if isinstance(entry.fact, Trouble)]
    assert "短款" in paper(counter, seq_of(counter, ShiftClosed))


def test_leaving_the_count_does_not_begin_it_anew(tmp_path):
    """Else whoever counts finds what is expected by trying."""
    counter = sold(opened(tmp_path)).keys(CLOSE)
    expected = till.expected_cash(closing.running(counter.ledger))
    count(counter, 10_000).keys("CANCEL")
    counter.cut()
    counter.boot().sign_on()
    count(counter.keys(CLOSE), 10_000)
    assert counter.screen == "Override", "the second was the last"
    counter.keys("CANCEL " * 20)
    assert counter.screen == "Idle"
    count(counter.keys(CLOSE), expected)
    assert counter.screen == "Override", "a right one after it says nothing either"
    approve(counter)
    fact = last(counter, ShiftClosed)
    assert (fact.difference_fen, fact.approver) == (0, "00")
    tried = [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, CountTried)]
    assert [each.count for each in tried] == [1, 2, 3]
    assert fact.tried_fen == (10_000, 10_000)
    slip = paper(counter, seq_of(counter, ShiftClosed))
    places = [slip.index(words) for words in ("第1次点钞", "第2次点钞", "第3次点钞")]
    assert places == sorted(places)
    assert re.search(r"第1次点钞 +100\.00", slip), "a wrong count is not hushed up"
    counter.keys("OK 2 0 0 0 0 OK")
    assert closing.counts_tried(counter.ledger) == 0, "the next shift begins anew"
    assert counter.ledger.differences() == []


def test_each_time_the_drawer_was_left_open_is_on_the_slip(tmp_path):
    counter = sold(opened(tmp_path))
    counter.step(DrawerSeen(False))
    for stood_ms in (118_000, 59_000, 61_000):
        counter.step(DrawerSeen(True))
        counter.pass_time(stood_ms)
        counter.step(DrawerSeen(False))
        counter.keys("OK")
    expected = till.expected_cash(closing.running(counter.ledger))
    if counter.screen != "Idle":
        counter.keys("CANCEL CANCEL")
    count(counter.keys(CLOSE), expected)
    assert [each.open_ms // 1000 for each in last(counter, ShiftClosed).left_open] == [118, 61]
    slip = paper(counter, seq_of(counter, ShiftClosed))
    assert "敞开超时" in slip
    assert re.search("11[89] 秒", slip), slip
    assert not re.search(" (59|60) 秒", slip)
    counter.keys("OK 2 0 0 0 0 OK")
    assert counter.ledger.differences() == []


def test_codes_are_counted_each_time(tmp_path):
    """Alarms, results of payments, wrong PINs and troubles of slips: each as often as it came, not once per kind."""
    facts = (
        PaymentHeard("1" * 32, "unknown", "", 5007), Trouble(5007, "1" * 32),
        PaymentHeard("2" * 32, "unknown", "query", 5007),
        PaymentHeard("3" * 32, "failed", "pay", 5004), PaymentHeard("3" * 32, "paid", "query", 0, "x", 5),
        SignOnRefused("01", 1), SignOnRefused("01", 5, locked=True), SlipPrinted(9, "unknown", 4001),
        Approved("01", "00", 2015, "Discount"), DrawerRefused("no_sale", "01", 8005), Trouble(5024), Trouble(5024),
    )  # fmt: skip
    counter = sold(opened(tmp_path))
    counter.ledger.append(facts, Stamp(counter.day_ms + counter.ms, "trusted"))
    counter.ledger.commit()
    figures = closing.running(counter.ledger)
    rows = next(group.rows for group in groups(figures, "zh") if group.name == "trouble")
    counts = {row[0].partition("]")[0][1:]: row[1] for row in rows}
    assert counts == {
        "5007": "2", "5004": "1", "2002": "1", "2004": "1", "4001": "1", "2015": "1", "8005": "1", "5024": "2",
    }  # fmt: skip
    assert counter.ledger.differences() == []


def test_a_surplus_is_told_apart_from_a_shortage(tmp_path):
    counter = sold(opened(tmp_path, having(closing={"counts_max": 1}))).keys(CLOSE)
    approve(count(counter, 90_000))
    assert "[8013]" in counter.text()


def test_an_open_basket_is_dropped_before_the_count(tmp_path):
    counter = opened(tmp_path).scan(COLA).keys(CLOSE)
    assert counter.screen == "StillOpen"
    counter.keys("OK")
    assert counter.screen == "StillOpen", "not before it is gone"
    count(counter.keys("F2 OK"), 20_000)
    assert counter.screen == "ShiftDone"


def test_somebody_elses_shift_needs_a_supervisor(tmp_path):
    counter = opened(tmp_path).keys("MENU 9 9 0 2 OK 0 0 0 0 OK 7 4 1 9 OK 7 4 1 9 OK").keys(CLOSE)
    approve(count(counter, 20_000))
    assert last(counter, ShiftClosed).operator == "02"


@pytest.mark.parametrize("trouble", ["paper", "drawer", "link", "clock"])
def test_it_closes_whatever_is_broken(tmp_path, trouble):
    counter = sold(opened(tmp_path))
    counter.prints = "not_printed" if trouble == "paper" else "printed"
    counter.drawer = "did_not_open" if trouble == "drawer" else "opened"
    if trouble == "link":
        counter.step(LinkDown(1003))
    if trouble == "clock":
        counter.day_ms -= 86_400_000
    expected = till.expected_cash(closing.running(counter.ledger))
    count(counter.keys(CLOSE), expected)
    assert last(counter, ShiftClosed).expected_fen == expected


def test_a_power_cut_while_counting_loses_no_shift_and_after_the_count_closes_none_twice(tmp_path):
    counter = sold(opened(tmp_path))
    expected = till.expected_cash(closing.running(counter.ledger))
    for typed in ("", "1", "1 OK 2", "1 OK 1 F1"):
        counter.ledger.commit()
        counter.keys(CLOSE).keys(typed)
        counter.cut()
        counter.boot().sign_on()
        counter.keys("CANCEL")
        assert ShiftClosed.KIND not in counter.facts()
        assert till.expected_cash(closing.running(counter.ledger)) == expected
    count(counter.keys(CLOSE), expected)
    counter.cut()
    counter.boot().sign_on()
    assert counter.facts().count(ShiftClosed.KIND) == 1
    assert closing.running(counter.ledger) == {}
    assert closing.closings(counter.ledger)[0].ours["sales"] == 1
    assert "[2014]" in counter.keys("MENU 8 2").text()


def test_a_full_batch_changes_with_one_key_and_never_blocks_cash(tmp_path):
    counter = sold(opened(tmp_path, having(shift={"batch_records_max": 5})), 4)
    assert "本批已用80%" in counter.text()
    sold(counter)
    assert counter.screen == "BatchFull"
    sold(counter.keys("CANCEL"))
    assert counter.screen == "BatchFull", "it asks again, and the sale was made"
    before = till.expected_cash(closing.running(counter.ledger))
    counter.keys("OK")
    assert counter.screen == "Idle"
    fact = last(counter, ShiftClosed)
    assert (fact.counts, fact.counted, fact.difference_fen) == (0, {}, 0)
    assert last(counter, ShiftOpened).float_fen == before
    assert till.expected_cash(closing.running(counter.ledger)) == before


# --- settlement -----------------------------------------------------------------------------------------


def linked(counter: Counter) -> Ask:
    """The link comes back, everything is acknowledged; what the desk asks."""
    counter.step(LinkUp())
    counter.ledger.commit()
    counter.out.clear()
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
    asks = [effect for effect in counter.out if isinstance(effect, Ask)]
    assert len(asks) == 1, counter.out
    return asks[0]


def answer(ask: Ask, totals: dict[str, int], whole: bool = True) -> Answered:
    return Answered(AnswerTotals(ask.ask.epoch, ask.ask.batch, ask.ask.upto, whole, totals))


def test_a_closed_batch_is_settled_when_the_link_is_back(tmp_path):
    counter = closed(tmp_path)
    ask = linked(counter)
    ours = closing.closings(counter.ledger)[0].ours
    counter.step(answer(ask, ours))
    fact = last(counter, BatchSettled)
    assert (fact.verdict, fact.differs) == ("balanced", ())
    slip = paper(counter, seq_of(counter, BatchSettled))
    assert "对账平" in slip
    assert "类型/TYPE" in slip
    assert "笔数/SUM" in slip
    counter.step(answer(ask, ours))
    assert counter.facts().count(BatchSettled.KIND) == 1


def test_an_uneven_batch_is_sent_once_more_and_asked_again_before_the_verdict(tmp_path):
    counter = closed(tmp_path)
    ask = linked(counter)
    theirs = {**closing.closings(counter.ledger)[0].ours, "sales": 0, "sales_fen": 0}
    counter.out.clear()
    counter.step(answer(ask, theirs))
    sent = [record.seq for effect in counter.out if isinstance(effect, Send) for record in effect.packet.records]
    known = closing.closings(counter.ledger)[0]
    assert sent == list(range(known.first_seq, known.closed_seq + 1))
    assert BatchSettled.KIND not in counter.facts()
    counter.out.clear()
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.acked_seq)))
    assert [effect for effect in counter.out if isinstance(effect, Ask)] == [ask]
    counter.step(answer(ask, theirs))
    fact = last(counter, BatchSettled)
    assert (fact.verdict, fact.differs) == ("uneven", ("sales", "sales_fen"))
    assert "对账不平" in paper(counter, seq_of(counter, BatchSettled))
    assert "[8012]" in counter.text()
    counter.keys("OK").keys(SETTLE)
    for words in ("退货 0  0.00", "撤销 0  0.00", "现金净额 3.50", "1  3.50 / 0  0.00", "对账不平"):
        assert words in counter.text(), counter.text()


def test_what_the_backend_cannot_compare_is_an_error_and_not_a_difference(tmp_path):
    """It still lacks records after every try: nobody is to look for money that is not missing."""
    counter = closed(tmp_path)
    ask = linked(counter)
    theirs = {**closing.closings(counter.ledger)[0].ours, "sales": 0}
    for _ in range(4):
        counter.step(answer(ask, theirs, whole=False))
        counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.acked_seq)))
    counter.step(answer(ask, theirs, whole=False))
    fact = last(counter, BatchSettled)
    assert (fact.verdict, fact.differs) == ("error", ())
    assert last(counter, Trouble).code == 8012
    words = paper(counter, seq_of(counter, BatchSettled))
    assert "对账错误" in words
    assert "对账不平" not in words
    assert "[8012]" not in counter.text()
    assert "对账错误" in counter.keys(SETTLE).text()
    counter.keys("OK").step(answer(ask, closing.closings(counter.ledger)[0].ours))
    assert last(counter, BatchSettled).verdict == "balanced", "asked again when it has all"


def test_ok_on_the_settlement_says_what_came_of_it(tmp_path):
    counter = closed(tmp_path)
    ask = linked(counter)
    ours = closing.closings(counter.ledger)[0].ours
    counter.keys(SETTLE).out.clear()
    counter.keys("OK")
    assert [effect for effect in counter.out if isinstance(effect, Ask)] == [ask]
    assert "正在核对" in counter.text()
    counter.step(answer(ask, ours))
    assert "已核对:结果已更新" in counter.text()
    counter.keys("OK")
    counter.step(answer(ask, ours))
    assert "对账平" in counter.text()
    assert "已核对:结果没有变化" in counter.text()
    assert len([kind for kind in counter.facts() if kind == BatchSettled.KIND]) == 1
    counter.keys("#")
    assert "已核对" not in counter.text(), "it is old news"


def test_records_the_backend_lacks_and_its_silence_are_said_to_who_asked(tmp_path):
    counter = closed(tmp_path)
    ask = linked(counter)
    counter.keys(SETTLE).keys("OK")
    counter.step(answer(ask, {}, whole=False))
    assert "后台记录未到齐" in counter.text()
    counter.keys("OK")
    counter.pass_time(11_000)
    assert "后台没有回应" in counter.text()
    assert counter.screen == "Settlement"


def test_no_answer_leaves_the_batch_due_and_it_is_asked_for_again(tmp_path):
    counter = closed(tmp_path)
    linked(counter)
    counter.out.clear()
    counter.pass_time(31_000)
    assert [effect for effect in counter.out if isinstance(effect, Ask)]
    assert closing.unsettled(counter.ledger) is not None
    counter.keys(SETTLE)
    assert "待对账" in counter.text()
    counter.step(LinkDown(1003))
    assert "[1003]" in counter.keys("OK").text()


def test_the_details_of_a_batch_are_printed_on_request(tmp_path):
    counter = closed(tmp_path).keys(SETTLE).keys("F1")
    assert counter.printed()[-1].receipt.kind == "settlement_detail"
    assert "000001-000001" in paper(counter, counter.printed()[-1].job)


def test_the_details_name_what_took_money_out_again_and_say_how_much_is_not_listed(tmp_path, monkeypatch):
    counter = sold(opened(tmp_path), 2).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK")
    counter.keys("MENU 5 1 OK OK 1 OK OK CANCEL MENU 9 1 1 5 0 0 OK 1")
    count(counter.keys("OK MENU 8 2 2"), till.expected_cash(closing.running(counter.ledger)))
    monkeypatch.setattr(day, "DETAIL_ROWS_MAX", 3)
    counter.keys("OK").keys(SETTLE).keys("F1")
    rows = last(counter, ReportPrinted).moved
    price = last(counter, Sale).due_fen / 100
    assert rows == (
        ("000001-000001", "sale", f"{price:.2f}"), ("000001-000002", "sale", f"{price:.2f}"),
        ("000001-000003", "void", f"{-price:.2f}"), ("", "more", "1"),
    )  # fmt: skip
    slip = paper(counter, seq_of(counter, ReportPrinted))
    assert "撤销" in slip
    assert "其余 1 笔见后台" in slip


# --- the day ---------------------------------------------------------------------------------------------------


def as_supervisor(counter: Counter) -> Counter:
    return counter.keys("CANCEL 0 0 OK 4 8 2 9 1 7 OK")


def test_z_closes_the_day_with_the_signed_head_as_qr_code(tmp_path):
    counter = as_supervisor(closed(tmp_path)).keys(Z)
    assert "2026-11" in counter.text()
    counter.keys("OK OK OK OK")
    assert counter.screen == "SureOfDay", "no key that one hits out of habit closes a day"
    assert DayClosed.KIND not in counter.facts()
    counter.keys("F1")
    assert counter.screen == "DayDone", counter.text()
    fact, seal = last(counter, DayClosed), last(counter, Seal)
    assert fact.number == 1
    assert fact.batches == (1,)
    assert fact.grand_total_fen == fact.totals["sales_fen"] == closing.grand_total_fen(counter.ledger)
    assert (seal.upto, seal.hash) == (fact.head_seq, fact.head_hash)
    slip = next(each.receipt for each in counter.printed() if each.receipt.kind == "day")
    seen = read_seal_words(slip.qr)
    assert seen is not None
    assert (seen.upto, seen.hash, seen.signature) == (fact.head_seq, fact.head_hash, seal.signature)
    assert counter.ledger.differences() == []


def test_z_waits_for_no_signature_that_never_comes(tmp_path):
    counter = as_supervisor(closed(tmp_path)).keys(Z)
    counter.signs = False
    counter.keys("OK F1")
    assert counter.screen == "SealingDay"
    counter.pass_time(5_500)
    assert last(counter, DayClosed).number == 1
    assert counter.printed()[-1].receipt.qr == ""


def test_a_signature_of_another_record_does_not_close_the_day(tmp_path):
    counter = as_supervisor(closed(tmp_path)).keys(Z)
    counter.signs = False
    counter.keys("OK F1")
    counter.step(Signed(1, "00" * 32, "5e" * 64))
    assert counter.screen == "SealingDay"
    assert DayClosed.KIND not in counter.facts()


def test_no_z_while_a_shift_is_open_and_none_without_a_shift(tmp_path):
    counter = opened(tmp_path).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK").keys(Z)
    assert "[8010]" in counter.text()
    fresh = supervised(tmp_path / "other") if (tmp_path / "other").mkdir() is None else counter
    assert fresh.screen == "Idle"


def test_after_the_z_the_next_shift_belongs_to_the_next_day_unless_the_day_is_opened_again(tmp_path):
    counter = as_supervisor(closed(tmp_path)).keys(Z).keys("OK F1 OK")
    first = last(counter, DayClosed)
    counter.keys("2 0 0 0 0 OK")
    assert counter.screen == "DayIsClosed"
    counter.keys("CANCEL").keys(REOPEN).keys("1 OK")
    assert last(counter, DayReopened).reason == "late_sale"
    counter.keys("2 0 0 0 0 OK")
    assert last(counter, ShiftOpened).business_date == first.business_date
    sold(counter)
    count(counter.keys(CLOSE), till.expected_cash(closing.running(counter.ledger)))
    counter.keys("OK").keys(Z).keys("OK F1")
    second = last(counter, DayClosed)
    assert (second.number, second.batches, second.business_date) == (2, (1, 2), first.business_date)
    assert second.totals["sales"] == 2
    assert second.grand_total_fen == 2 * first.grand_total_fen
    counter.keys("OK 2 0 0 0 0 OK OK")
    assert counter.screen == "DayIsClosed", "the next day is never begun by a second OK"
    counter.keys("F1")
    assert last(counter, ShiftOpened).business_date > first.business_date
    assert counter.ledger.differences() == []


def test_the_grand_total_and_due_batches_survive_pruning(tmp_path):
    counter = closed(tmp_path)
    for _ in range(3):
        counter.keys("2 0 0 0 0 OK")
        sold(counter, 40)
        count(counter.keys(CLOSE), till.expected_cash(closing.running(counter.ledger)))
        counter.keys("OK")
    counter.ledger.commit()
    grand, due = closing.grand_total_fen(counter.ledger), closing.closings(counter.ledger)
    counter.ledger.note_acked(counter.ledger.durable_seq)
    counter.ledger.commit()
    assert counter.ledger.prune(counter.day_ms + 10**10) > 0
    assert closing.grand_total_fen(counter.ledger) == grand
    assert closing.closings(counter.ledger) == due
    assert counter.ledger.differences() == []
    assert counter.ledger.carried().balances["grand_total_fen"] > 0


# --- a clock that is set back in the middle of a shift (decisions 17) -------------------------------------------------

DAY_MS = 24 * 3_600_000


def set_back(counter: Counter, ms: int = DAY_MS + 2 * 3_600_000) -> Counter:
    """A dead clock battery: it is more than a day ago, and the terminal says so (9011)."""
    counter.day_ms, counter.clock = counter.day_ms - ms, "floor"
    counter.step(ClockSeen("floor", -ms))
    assert "[9011]" in counter.text()
    return counter.keys("OK")


def test_a_clock_set_back_moves_no_business_date_and_the_shift_goes_on(tmp_path):
    counter = set_back(sold(opened(tmp_path)))
    sold(counter)
    sales = [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, Sale)]
    assert [(each.trace, each.business_date) for each in sales] == [
        (1, sales[0].business_date),
        (2, sales[0].business_date),
    ]
    expected = till.expected_cash(closing.running(counter.ledger))
    assert expected == 20_000 + 700
    count(counter.keys(CLOSE), expected)
    assert last(counter, ShiftClosed).counted_fen == expected
    counter.ledger.commit()
    assert counter.ledger.differences() == []


@pytest.mark.parametrize(
    ("ledger", "keys", "code"),
    [(ledgers.drawer_page, "4 5", 8005), (ledgers.copied, "# 1 OK", 4011)],
)
def test_a_clock_set_back_frees_no_limit_of_the_shift(tmp_path, ledger, keys, code):
    """Openings by hand and copies are counted by shift and slip, not by the clock."""
    counter = set_back(ledger(tmp_path))
    assert f"[{code}]" in counter.keys(keys).text()


def test_a_clock_set_back_gives_nothing_back_twice_and_refuses_no_refund(tmp_path):
    """A sale that seems to be of tomorrow is in time; what came back of it stays back."""
    counter = set_back(shop.as_supervisor(sold(shop.shop(tmp_path), 2)))
    seq = original.recent(counter.ledger, 0)[0][0]
    known = original.of_seq(counter.ledger, counter.ledger.terminal, seq)
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    again = counter.terminal.do(VoidSale(known, "买错"))
    assert again is not None
    assert again.code == 6014
    back = next(entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, Refund))
    assert back.business_date == known.sale.business_date
