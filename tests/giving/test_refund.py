"""Nothing goes back twice, and everything goes back exactly: by line, by tender, to the fen."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.txn import numbers, original
from firmware.txn.approve import Approve
from firmware.txn.command import Refusal
from firmware.txn.original import Original
from firmware.txn.refund import RefundGoods, VoidSale, records_kept_ms
from rules.giving_back import DAY_MS, split
from rules.orders import refund_of
from rules.settings import defaults
from tests.counter import COLA, Counter
from tests.giving import shop
from wire.facts import Approved, Origin, Refund, RefundSent, Sale, TenderPart


def code_of(refusal: Refusal | None) -> int:
    return refusal.code if refusal else 0


def by_kind(refund: Refund) -> dict[str, int]:
    return {part.kind: part.paid_fen for part in refund.tenders}


def till(tmp_path, **sections) -> Counter:
    return shop.as_supervisor(shop.shop(tmp_path, **sections))


# --- whole, partial, several ---------------------------------------------------------------------------------------------


def test_a_void_gives_all_of_a_cash_sale_back_and_opens_the_drawer(tmp_path):
    counter = shop.shop(tmp_path)
    counter.scan(COLA).scan(COLA).keys("OK OK OK")
    shop.as_supervisor(counter)
    seq = original.recent(counter.ledger, 0)[0][0]
    known = original.of_seq(counter.ledger, counter.ledger.terminal, seq)
    counter.out.clear()
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    (back,) = shop.refunds(counter)
    assert (back.way, back.total_fen, by_kind(back)) == ("void", known.sale.due_fen, {"cash": known.sale.due_fen})
    assert (back.batch, back.trace) == (known.sale.batch, known.sale.trace + 1)
    assert back.origin.seq == seq
    assert back.open_drawer
    assert numbers.last_trace(counter.ledger) == back.trace
    assert counter.ledger.differences() == []


@pytest.mark.parametrize("again", [VoidSale, RefundGoods])
def test_after_a_void_nothing_is_left(tmp_path, again):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line(milli=2000))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    args = ("买错",) if again is VoidSale else (((0, 1000),), "买错")
    assert code_of(counter.terminal.do(again(known, *args))) == 6014
    assert len(shop.refunds(counter)) == 1


def test_two_refunds_of_the_same_line_in_a_row_give_it_back_once(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line(milli=1000), shop.line("茶", price=500))
    command = RefundGoods(known, ((0, 1000),), "买错")
    assert counter.terminal.do(command) is None
    assert code_of(counter.terminal.do(command)) == 6014


def test_partial_partial_whole(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line(milli=3000, price=100, net=100))  # 0.333… each
    for _ in range(2):
        assert shop.refund(counter, known, (0, 1000)) is None
    assert code_of(counter.terminal.do(VoidSale(known, "买错"))) == 6014, "a void is whole or not at all"
    assert shop.refund(counter, known) is None
    assert [back.total_fen for back in shop.refunds(counter)] == [33, 33, 34]
    assert code_of(shop.refund(counter, known, (0, 1))) == 6014


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (((0, 3000),), 6014),
        (((0, 0),), 6014),
        (((0, -1000),), 6014),
        (((9, 1000),), 6014),
        (((0, 1000), (0, 1000)), 6014),
        ((), 5020),
    ],
)
def test_what_cannot_come_back_is_refused(tmp_path, chosen, code):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line(milli=2000))
    assert code_of(counter.terminal.do(RefundGoods(known, chosen, "买错"))) == code


def test_a_line_sold_before_there_were_nets_gives_back_what_was_paid_not_what_it_cost(tmp_path):
    """The cash rounding is part of the price: 10.05 paid as 10.00."""
    import msgspec

    counter = till(tmp_path)
    lines = (shop.line(price=505), shop.line("茶", price=500))
    known = shop.sold(counter, *lines)
    old = tuple(msgspec.structs.replace(each, net_fen=None) for each in lines)
    sale = msgspec.structs.replace(
        known.sale, trace=2, lines=old, rounding_fen=5, due_fen=1000, tenders=(TenderPart("cash", 1000),)
    )
    seq = shop.journal(counter, sale)
    assert shop.refund(counter, original.of_seq(counter.ledger, counter.ledger.terminal, seq)) is None
    assert shop.refunds(counter)[0].total_fen == 1000


LINES = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 100_000), st.integers(0, 100)), min_size=1, max_size=5
).map(lambda rows: tuple(shop.line(milli=n * 1000, price=p, net=p * n * keep // 100) for n, p, keep in rows))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(lines=LINES, shares=st.tuples(st.integers(0, 100), st.integers(0, 100)), data=st.data())
def test_any_sequence_of_refunds_adds_up_to_every_line_and_every_tender(lines, shares, data):
    due = sum(x.net_fen for x in lines)
    code = due * shares[0] // 100
    card = (due - code) * shares[1] // 100
    parts = tuple(
        TenderPart(kind, fen) for kind, fen in (("cash", due - code - card), ("card", card), ("code", code)) if fen
    )
    sale = Sale(1, 1, "01", "2026-11-22", lines, due, 0, due, parts, 0)
    known = Original(Origin("T", 1, 1, 1, 1, 0), sale, (0,) * len(lines))
    by_line, by_tender, order = [0] * len(lines), {"code": 0, "card": 0, "cash": 0}, []
    for step in range(24):
        if not (left := known.everything()):
            break
        index, most = data.draw(st.sampled_from(left)) if step < 8 else left[0]
        milli = data.draw(st.integers(1, most)) if step < 8 else most
        fen = known.share_fen(index, milli)
        for part, share in known.tenders(fen):
            by_tender[part.kind] += share
            order.append(part.kind)
        by_line[index] += fen
        gone = list(known.given_milli)
        gone[index] += milli
        known = replace(known, given_milli=tuple(gone))
        assert known.given_fen == sum(by_line)
    assert by_line == [x.net_fen for x in lines]
    assert by_tender == {"code": code, "card": card, "cash": due - code - card}
    assert order == sorted(order, key=("code", "card", "cash").index), "the channel first, cash last"


@settings(deadline=None, derandomize=True)
@given(paid=st.lists(st.integers(0, 10_000), min_size=1, max_size=6), data=st.data())
def test_no_tender_gives_more_than_it_brought(paid, data):
    given_fen = data.draw(st.integers(0, sum(paid)))
    amount = data.draw(st.integers(0, sum(paid) - given_fen))
    before, now = split(paid, 0, given_fen), split(paid, given_fen, amount)
    assert all(x + y <= z for x, y, z in zip(before, now, paid, strict=True))
    assert tuple(x + y for x, y in zip(before, now, strict=True)) == split(paid, 0, given_fen + amount)


# --- by which means --------------------------------------------------------------------------------------------------


def test_money_goes_back_by_code_then_card_then_cash(tmp_path):
    known = shop.sold(till(tmp_path), shop.line(milli=10_000, price=100), codes=(300, 200), card=200)
    ways = []
    for milli in (2000, 4000, 4000):
        parts = known.tenders(known.share_fen(0, milli))
        ways.append([(part.kind, part.order_no[-2:], fen) for part, fen in parts])
        known = replace(known, given_milli=(known.given_milli[0] + milli,))
    assert ways == [
        [("code", "01", 200)],
        [("code", "01", 100), ("code", "02", 200), ("card", "", 100)],
        [("card", "", 100), ("cash", "", 300)],
    ]


def test_a_code_part_is_asked_of_its_channel_in_the_commit_of_the_refund(tmp_path):
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line(milli=2000, price=500), codes=(700,))
    booked(counter, known, ((0, 1000),))
    booked(counter, known, ((0, 1000),))
    first, second = shop.refunds(counter)
    sent = shop.of_kind(counter, RefundSent)
    assert [by_kind(first), by_kind(second)] == [{"code": 500}, {"code": 200, "cash": 300}]
    assert [each.refund_no for each in sent] == [first.tenders[0].refund_no, second.tenders[0].refund_no]
    assert [each.refund_no[-3:] for each in sent] == ["R01", "R02"]
    assert all(refund_of(each.refund_no, known.sale.tenders[0].order_no) for each in sent)
    assert [each.trace for each in sent] == [first.trace, second.trace]
    assert counter.ledger.differences() == []


def booked(counter: Counter, known: Original, chosen) -> None:
    """The refund, whatever the backend would have said."""
    from firmware.txn import refund as subject
    from rules.rights import Right

    now = original.fresh(counter.ledger, counter.ledger.terminal, known)
    ctx = counter.terminal.context()
    plan = subject._refund(ctx, Right.REFUND, now, now.back(chosen, ()), "买错", "")
    shop.journal(counter, *subject.booked(ctx, plan))


def _down():
    from firmware.events import LinkDown

    return LinkDown(1003)


def test_without_a_link_no_refund_by_code_is_promised(tmp_path):
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line(milli=2000, price=500), codes=(500,))
    counter.step(_down())
    assert code_of(shop.refund(counter, known)) == 1003
    assert code_of(counter.terminal.do(VoidSale(known, "买错"))) == 1003


def test_goods_whose_money_is_on_its_way_are_not_given_back_again(tmp_path):
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line(milli=2000, price=500), codes=(1000,))
    booked(counter, known, ((0, 2000),))
    (number,) = [each.refund_no for each in shop.of_kind(counter, RefundSent)]
    for state in ("unknown", "processing"):
        shop.heard(counter, number, state)
        assert code_of(counter.terminal.do(RefundGoods(known, ((0, 1000),), "买错"))) == 5018
        assert code_of(counter.terminal.do(VoidSale(known, "买错"))) == 5018
    shop.heard(counter, number, "refunded")
    assert code_of(counter.terminal.do(RefundGoods(known, ((0, 1000),), "买错"))) == 6014


# --- rights, limits, time ----------------------------------------------------------------------------------------------


def test_a_cashier_needs_a_supervisor_and_both_are_on_record(tmp_path):
    counter = shop.shop(tmp_path)
    known = shop.sold(counter, shop.line())
    command = RefundGoods(known, ((0, 1000),), "买错")
    assert code_of(counter.terminal.do(command)) == 2006
    assert counter.terminal.do(Approve(command, "00", 2006)) is None
    (back,) = shop.refunds(counter)
    assert (back.operator, back.approver) == ("01", "00")
    assert shop.of_kind(counter, Approved)[0].action == "RefundGoods"


@pytest.mark.parametrize("who", ["01", "90"])
def test_above_the_limit_two_supervisors_are_needed(tmp_path, who):
    counter = shop.shop(tmp_path)
    known = shop.sold(counter, shop.line(price=200_001))
    counter.terminal.session = replace(
        counter.terminal.session, operator=who, role="supervisor" if who == "90" else "cashier"
    )
    command = RefundGoods(known, ((0, 1000),), "买错")
    assert code_of(counter.terminal.do(command)) == (2016 if who == "90" else 2006)
    assert code_of(counter.terminal.do(Approve(command, "00", 2016))) == (0 if who == "90" else 2016)


def test_a_cashier_whom_the_shop_trusts_stays_in_the_running_shift(tmp_path):
    import msgspec

    counter = shop.shop(tmp_path)
    counter.terminal.settings = msgspec.structs.replace(
        counter.settings, rights={"cashier": {"refund": "limited", "sale_void": "limited"}}
    )
    known = shop.sold(counter, shop.line(milli=2000))
    assert shop.refund(counter, known, (0, 1000)) is None
    next_shift(counter)
    command = RefundGoods(known, ((0, 1000),), "买错")
    assert code_of(counter.terminal.do(command)) == 2012
    assert counter.terminal.do(Approve(command, "00", 2012)) is None


def next_shift(counter: Counter, date: str = "2026-11-23") -> None:
    from firmware.txn import shift
    from wire.facts import ShiftOpened

    batch = shift.next_batch(counter.ledger)
    shop.journal(counter, ShiftOpened(batch, "01", date, 0, {}))


def test_a_sale_of_an_earlier_shift_is_refunded_not_voided(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line())
    next_shift(counter)
    assert code_of(counter.terminal.do(VoidSale(known, "买错"))) == 2012
    assert shop.refund(counter, known) is None
    assert shop.refunds(counter)[0].way == "refund"
    assert shop.refunds(counter)[0].batch == known.sale.batch + 1


def test_the_time_for_giving_back_ends_by_a_trusted_clock(tmp_path):
    counter = till(tmp_path, refunds={"days_max": 7})
    known = shop.sold(counter, shop.line(milli=2000))
    next_shift(counter)
    counter.day_ms += 8 * DAY_MS - 10_000
    counter.pass_time(100)
    counter.keys("F2")
    assert shop.refund(counter, known, (0, 1000)) is None
    counter.day_ms += 20_000
    counter.keys("F2")
    assert code_of(shop.refund(counter, known, (0, 1000))) == 5016


BY_DATE = [((), "2026-11-29", 0), ((), "2026-12-30", 5016), ((350,), "2026-11-23", 5016)]


@pytest.mark.parametrize(("codes", "date", "code"), BY_DATE)
def test_without_a_trusted_clock_only_this_shift_is_certain_and_cash_goes_by_the_business_date(
    tmp_path, codes, date, code
):
    counter = shop.online(till(tmp_path))
    counter.terminal.devices = replace(counter.terminal.devices, link="down")
    known = shop.sold(counter, shop.line(), codes=codes)
    next_shift(counter, date)
    counter.clock = "floor"
    counter.keys("F2")
    assert code_of(shop.refund(counter, known)) == code


def test_no_sale_and_no_shift(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line())
    gone = replace(known, origin=Origin("00010023", 4711, 9_999, 1, 1, 0))
    assert code_of(counter.terminal.do(RefundGoods(gone, ((0, 1000),), "买错"))) == 4010


def test_sales_that_can_still_be_given_back_are_never_pruned():
    long = shop.settings(refunds={"days_max": 180})
    assert records_kept_ms(long) == 181 * DAY_MS
    assert records_kept_ms(defaults()) == 35 * DAY_MS
