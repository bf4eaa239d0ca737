"""Numbers are never used twice: payments, refunds, and the one trace counter behind them."""

import sqlite3
from pathlib import Path

import pytest

from firmware.txn.ledger import Replayed, Stamp
from firmware.txn.numbers import TRACE_MAX, last_trace, next_trace
from firmware.txn.replay import restore, snapshot
from rules import orders
from tests.counter import Counter, open_ledger
from wire.facts import Carried, CashMoved, OrderOpened, RefundSent, Sale, TenderPart

STAMP = Stamp(1_800_000_000_000, "trusted")


def order(trace: int) -> OrderOpened:
    return OrderOpened(1, trace, "01", "2026-11-22", (), (), 100, 100, 1)


def sale(trace: int) -> Sale:
    return Sale(1, trace, "01", "2026-11-22", (), 100, 0, 100, (TenderPart("cash", 100),), 1)


def moved(trace: int) -> CashMoved:
    return CashMoved(1, trace, "in", 100, "change", "01")


def sent(trace: int) -> RefundSent:
    return RefundSent("x", "y", "wechat", 100, trace, "01")


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ((), 0),
        ((sale(1), sale(2)), 2),
        ((sale(1), order(2), moved(3)), 3),
        ((order(1), sale(2), sale(1)), 2),  # a parked order is sold under the number it was opened with
        ((sale(1), sent(0)), 1),  # the terminal's own refund has no number of its own
        ((sale(1), sent(2)), 2),
        ((sale(TRACE_MAX),), 0),
    ],
)
def test_the_counter_knows_the_last_number_whoever_used_it(tmp_path: Path, facts, last) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(facts, STAMP)
    ledger.commit()
    assert last_trace(ledger) == last
    assert next_trace(ledger) == last + 1
    assert ledger.differences() == []


def test_after_999999_it_begins_again_and_an_old_order_does_not_turn_it_back(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for trace in (400_000, 800_000, TRACE_MAX - 1, TRACE_MAX):
        ledger.append((order(trace),), STAMP)
    assert next_trace(ledger) == 1
    ledger.append((sale(1), sale(TRACE_MAX - 1)), STAMP)
    assert last_trace(ledger) == 1


def test_the_counter_survives_pruning_without_any_receipt_left(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().keys("5 0 0 OK OK OK 5 0 0 OK OK OK")
    tables, _ = snapshot(counter.ledger, None)
    books = Replayed.empty()
    restore(books, Carried(99, "00", {}, "", tables))
    assert next_trace(books) == next_trace(counter.ledger) == 3


def test_a_file_of_a_release_without_a_table_gets_it_at_the_next_start(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business().keys("5 0 0 OK OK OK")
    counter.ledger.close()
    db = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    db.execute("DROP TABLE kept_basket")
    db.execute("DROP TABLE receipt")
    db.execute("CREATE TABLE receipt(seq INTEGER PRIMARY KEY) STRICT")
    db.execute("UPDATE meta SET value = '1' WHERE name = 'projections'")
    db.close()
    ledger = open_ledger(tmp_path)
    assert ledger.differences() == []
    assert ledger.read("SELECT trace, due_fen FROM receipt") == [(1, 500)]


# --- payments and refunds ---------------------------------------------------------------------------------------------


def test_a_payments_number_has_32_characters_and_reads_back() -> None:
    number = orders.order_no("2026-11-22", "00010023", 7, 123, 45, 1)
    assert number == "20261122000100230700012300004501"
    assert orders.read_order_no(number) == ("20261122", "00010023", 7, 123, 45, 1)


def test_a_refunds_number_is_the_payments_without_its_date() -> None:
    number = orders.order_no("2026-11-22", "00010023", 7, 123, 45, 1)
    refund = orders.refund_no(number, 3)
    assert refund == "000100230700012300004501R03"
    assert len(refund) <= 32
    assert orders.read_refund_no(refund) == (number[8:], 3)
    assert orders.refund_of(refund, number)
    assert not orders.refund_of(refund, orders.order_no("2026-11-22", "00010023", 7, 123, 45, 2))


@pytest.mark.parametrize("text", ["", "1" * 28, "x" * 32, "2026112200010023070001230000450", "4200" * 7])
def test_what_is_no_number_of_ours_does_not_read(text) -> None:
    assert orders.read_order_no(text) is None
    assert orders.read_refund_no(text) is None


@pytest.mark.parametrize(("terminal", "number"), [("00010023", "00010023"), ("7", "_______7"), ("pos1", "____pos1")])
def test_every_terminal_has_eight_characters(terminal, number) -> None:
    assert orders.terminal_no(terminal) == number


def test_ids_that_are_not_alike_do_not_meet() -> None:
    ids = ["1", "01", "00000001", "a-1", "a_1", "a" * 9, "a" * 32, "A", "a"]
    numbers = {orders.terminal_no(each) for each in ids}
    assert len(numbers) == len(ids)
    assert all(len(number) == 8 for number in numbers)
