"""Giving back sales that vouchers paid in part: each goes back whole at its platform or not at all, and no fen of it is
ever paid out in money (domain 3.8)."""

from collections import Counter as Sums
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.events import Answered
from firmware.screens.base import spoken
from firmware.screens.refund import Confirmed, Plan
from firmware.txn import original, refund, till, voucher, voucher_back, voucher_figures
from firmware.txn.command import Refusal
from firmware.txn.original import Original
from firmware.txn.refund import RefundGoods, VoidSale
from firmware.txn.slips.figures import groups
from fleet.sql import SqlStore
from rules.pricing import allocate
from tests.fleet_money.test_lookup import HOME, OTHER, Shop
from tests.giving import shop
from tests.giving.voucher_shop import part, sold, use
from wire.facts import (
    Line,
    Origin,
    Refund,
    RefundLine,
    Sale,
    TenderPart,
    VoucherHeard,
    VoucherSent,
    VoucherUndoSent,
    VoucherUse,
)
from wire.messages import AskReserve, AskSale, tender_sums
from wire.vouchers import NEVER_UNDONE_MS, AnswerVoucher


@pytest.fixture
def counter(tmp_path):
    made = shop.as_supervisor(shop.online(shop.shop(tmp_path)))
    made.clock = "trusted"
    return made


LINES = (shop.line("火锅", price=6000), shop.line("啤酒", milli=2000, price=1000))
BOTH = ((0, 1000), (1, 2000))


def undo_facts(counter) -> list[tuple[str, str]]:
    return [(fact.request_no[-3:], fact.why) for fact in shop.of_kind(counter, VoucherUndoSent)]


def plan_of(counter) -> Refund:
    """What was booked, or is to be once the backend keeps the goods."""
    from firmware.txn.reserve import UseReservation, open_reservations

    for number in open_reservations(counter.ledger):
        assert counter.terminal.do(UseReservation(number)) is None
    return shop.refunds(counter)[-1]


def test_a_void_undoes_its_vouchers_whole_in_the_same_commit(counter):
    known = sold(counter, LINES, (3000, 0), (1500, 500))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    back = plan_of(counter)
    assert (back.way, back.total_fen) == ("void", 8000)
    assert [(each.kind, each.paid_fen) for each in back.tenders] == [
        ("voucher", 3000),
        ("voucher", 2000),
        ("cash", 3000),
    ]
    assert undo_facts(counter) == [("V01", "void"), ("V02", "void")]
    assert sum(each.amount_fen for each in back.lines) == 8000
    assert not any(each.voucher_fen for each in back.lines)


def test_what_the_platform_keeps_after_a_void_waits_for_a_person(counter):
    known = sold(counter, LINES, (3000, 0))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    number = plan_of(counter).tenders[0].voucher.request_no
    shop.journal(counter, VoucherHeard(number, "kept", "undo", 3020))
    assert [each.request_no for each in voucher.listed(counter.ledger)] == [number]


def test_what_the_platform_keeps_after_a_void_is_told_listed_and_still_owed(counter):
    """3020 at once; X: the platform is to pay for it although the sale is gone, and not any more when it gives it back."""
    known = sold(counter, LINES, (3000, 0))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    number = plan_of(counter).tenders[0].voucher.request_no
    counter.step(Answered(AnswerVoucher(number, "undo", "kept", 3020, "MT1", 1, 2800, 150)))
    assert "[3020]" in counter.text()
    assert "000001-000001" in counter.text()
    assert [each.request_no for each in voucher.listed(counter.ledger)] == [number]
    assert owed(counter) == ("1", 2950)
    assert "预计应收合计" in str(groups(figures(counter), "zh"))
    for _ in range(2):  # asked again, and kept again: still once
        shop.journal(counter, VoucherUndoSent(number, "void"))
        assert owed(counter) == ("1", 2950)
        counter.step(Answered(AnswerVoucher(number, "undo", "kept", 3020, "MT1", 1, 2800, 150)))
    shop.journal(counter, VoucherUndoSent(number, "void"))
    counter.step(Answered(AnswerVoucher(number, "undo", "undone")))
    assert owed(counter) == ("0", 0)
    assert voucher.listed(counter.ledger) == ()
    assert counter.ledger.differences() == []


def figures(counter) -> dict[str, int]:
    return till.folded(each.fact for each in counter.ledger.entries())


def owed(counter) -> tuple[str, int]:
    """How many vouchers are owed beside their sales, and what all platforms are to pay."""
    made = figures(counter)
    return str(made.get(voucher_figures.KEPT, 0)), voucher_figures.receivable_fen(made)


def test_a_registered_voucher_that_is_undone_with_its_sale_is_owed_no_more(counter):
    known = sold(counter, LINES, (3000, 0), registered=True)
    number = known.uses()[0].request_no
    shop.journal(counter, VoucherSent(1, known.sale.trace, known.uses()[0], "01"))
    counter.step(Answered(AnswerVoucher(number, "consume", "consumed", 0, "MT1", 1, 2800, 150)))
    assert owed(counter) == ("0", 2950)
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    plan_of(counter)
    counter.step(Answered(AnswerVoucher(number, "undo", "undone")))
    assert owed(counter) == ("0", 0)


def test_one_that_the_platform_said_cannot_be_undone_is_told_before_the_void(counter):
    known = sold(counter, LINES, (3000, 0), undo_until_ms=NEVER_UNDONE_MS)
    assert counter.terminal.do(VoidSale(known, "买错")).code == 3020
    assert shop.refund(counter, known, *BOTH) is None
    assert [(each.kind, each.paid_fen) for each in plan_of(counter).tenders] == [("cash", 5000)]
    assert undo_facts(counter) == []


def test_a_refund_of_all_goods_inside_the_time_gives_the_voucher_back(counter):
    known = sold(counter, LINES, (3000, 1000))
    assert shop.refund(counter, known, *BOTH) is None
    assert plan_of(counter).tenders[0].paid_fen == 4000
    assert undo_facts(counter) == [("V01", "refund")]


def test_the_goods_of_a_package_alone_bring_its_voucher_back(counter):
    """It paid for the hotpot only: the beer may stay with the customer."""
    known = sold(counter, LINES, (6000, 0))
    assert shop.refund(counter, known, (0, 1000)) is None
    back = plan_of(counter)
    assert [(each.kind, each.paid_fen) for each in back.tenders] == [("voucher", 6000)]
    assert undo_facts(counter) == [("V01", "refund")]


def test_part_of_the_goods_brings_only_their_money_and_the_last_of_them_the_voucher(counter):
    """The customer brings one bottle, and later the rest: nothing is lost to them as long as the platform takes it back."""
    known = sold(counter, LINES, (3000, 1000))
    assert shop.refund(counter, known, (1, 1000)) is None
    back = plan_of(counter)
    assert [(each.kind, each.paid_fen) for each in back.tenders] == [("cash", 500)]
    assert [(each.amount_fen, each.voucher_fen) for each in back.lines] == [(500, 500)]
    assert undo_facts(counter) == []
    now = original.fresh(counter.ledger, counter.ledger.terminal, known)
    assert now.whole_with(((1, 1000),)) == now.whole_with(((0, 1000),)) == (), "it never goes back in parts"
    assert shop.refund(counter, known, (0, 1000)) is None
    assert [(each.kind, each.paid_fen) for each in plan_of(counter).tenders] == [("cash", 3000)]
    assert undo_facts(counter) == []
    assert shop.refund(counter, known, (1, 1000)) is None
    last = plan_of(counter)
    assert [(each.kind, each.paid_fen) for each in last.tenders] == [("voucher", 4000), ("cash", 500)]
    assert [(each.amount_fen, each.voucher_fen, each.earlier_fen) for each in last.lines] == [(4500, 0, 3500)]
    assert undo_facts(counter) == [("V01", "refund")]
    assert sum(each.total_fen for each in shop.refunds(counter)) == known.sale.due_fen


def test_the_last_of_the_goods_comes_too_late_for_the_voucher(counter):
    known = sold(counter, LINES, (3000, 1000), undo_after_ms=60_000)
    assert shop.refund(counter, known, (1, 2000)) is None
    plan_of(counter)
    counter.pass_time(120_000)
    assert shop.refund(counter, known, (0, 1000)) is None
    assert [(each.kind, each.paid_fen) for each in plan_of(counter).tenders] == [("cash", 3000)]
    assert undo_facts(counter) == []


def test_the_confirm_screen_says_when_the_voucher_goes_back(counter):
    """Not that it cannot be undone: it can, with the last of its goods."""
    known = sold(counter, LINES, (3000, 1000), undo_after_ms=60_000)
    plan = Plan(known, ((1, 1000),), reason="买错")

    def shown() -> str:
        counter.terminal.stack = (*counter.terminal.stack, Confirmed(plan.fixed(counter.terminal.context())))
        counter.keys("UP")
        return counter.text()

    assert "其余商品退齐后退券" in shown()
    assert "[30" not in counter.text()
    counter.pass_time(120_000)
    assert "[3019]" in shown()


def test_after_the_platforms_time_a_void_is_refused_and_a_refund_pays_money_alone(counter):
    known = sold(counter, LINES, (3000, 1000), undo_after_ms=-1)
    answer = counter.terminal.do(VoidSale(known, "买错"))
    assert answer.code == 3019
    assert shop.refund(counter, known, *BOTH) is None
    back = plan_of(counter)
    assert [(each.kind, each.paid_fen) for each in back.tenders] == [("cash", 4000)]
    assert sum(each.voucher_fen for each in back.lines) == 4000


def test_the_platform_decides_where_the_clock_cannot_be_trusted(counter):
    counter.clock = "set"
    counter.pass_time(1_000)
    known = sold(counter, LINES, (3000, 1000), undo_after_ms=-1)
    assert counter.terminal.do(VoidSale(known, "买错")) is None


def test_nothing_but_a_voucher_paid_and_its_time_is_over(counter):
    known = sold(counter, LINES, (6000, 2000), undo_after_ms=-1)
    assert shop.refund(counter, known, *BOTH).code == 3019
    assert shop.refund(counter, known, (0, 1000)).code == 3019
    known = sold(counter, LINES, (6000, 2000))
    refused = shop.refund(counter, known, (0, 1000))
    assert (refused.code, spoken(refused.about, "zh")) == (3027, "请一起选退 啤酒 ×2"), "there is no money in it alone"
    refused = shop.refund(counter, known, (0, 1000), (1, 500))
    assert spoken(refused.about, "zh") == "请一起选退 啤酒 ×1.5"
    assert shop.refund(counter, known, *BOTH) is None


def test_a_voucher_the_platform_keeps_is_told_before_anything_goes_back(counter):
    known = sold(counter, LINES, (6000, 2000), state="kept")
    assert counter.terminal.do(VoidSale(known, "买错")).code == 3020
    assert shop.refund(counter, known, *BOTH).code == 3020


def test_what_was_shown_to_go_back_is_done_or_nothing(counter):
    known = sold(counter, LINES, (3000, 1000), undo_after_ms=60_000)
    command = RefundGoods(known, BOTH, "买错", vouchers=(known.uses()[0].request_no,))
    counter.pass_time(120_000)
    assert counter.terminal.do(command).code == 3019
    assert shop.refunds(counter) == []


def test_a_registered_voucher_is_taken_out_before_it_is_ever_asked_for(counter):
    known = sold(counter, LINES, (3000, 0), registered=True)
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    plan_of(counter)
    assert undo_facts(counter) == [("V01", "void")]


def test_one_that_the_platform_gave_back_itself_is_not_asked_for_again(counter):
    known = sold(counter, LINES, (3000, 0))
    shop.journal(counter, VoucherHeard(known.uses()[0].request_no, "undone", "query"))
    assert counter.terminal.do(VoidSale(known, "买错")) is None
    assert plan_of(counter).total_fen == 8000
    assert undo_facts(counter) == []


def test_without_a_link_no_voucher_is_given_back(counter):
    known = sold(counter, LINES, (3000, 0))
    from firmware.events import LinkDown

    counter.step(LinkDown(1003))
    assert counter.terminal.do(VoidSale(known, "买错")).code == 1003


def test_a_cashier_needs_the_right_to_undo_of_that_platform_and_kind(counter):
    from rules.settings_vouchers import VoucherGrant

    known = sold(counter, LINES, (3000, 0))
    rows = (VoucherGrant(acts=("undo",), platforms=("meituan",), kinds=("cash",), grant="no"),)
    vouchers = msgspec.structs.replace(counter.terminal.settings.vouchers, grants=rows)
    counter.terminal.settings = msgspec.structs.replace(counter.terminal.settings, vouchers=vouchers)
    answer = counter.terminal.do(VoidSale(known, "买错"))
    assert isinstance(answer, Refusal)
    assert answer.code == 2005


# --- any sequence ------------------------------------------------------------------------------------------------------

GOODS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 90_000)), min_size=1, max_size=5).map(
    lambda rows: tuple(shop.line(milli=n * 1000, price=p) for n, p in rows)
)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(lines=GOODS, data=st.data())
def test_no_fen_of_a_voucher_is_paid_out_whatever_comes_back_in_which_order(lines, data):
    """Vouchers of one line, of several, of all; refunds of parts, of lines, of the rest; undone where all allows it."""
    nets = [each.net_fen for each in lines]
    uses: list[VoucherUse] = []
    left = list(nets)
    for place in range(data.draw(st.integers(1, 3))):
        bears = [fen if data.draw(st.booleans()) else 0 for fen in left]
        fen = data.draw(st.integers(0, sum(bears)))
        if fen:
            shares = allocate(fen, bears)
            left = [rest - share for rest, share in zip(left, shares, strict=True)]
            uses.append(use(f"V{place}", shares))
    rest = sum(left)
    code = data.draw(st.integers(0, rest))
    paid = [*map(part, uses)]
    paid += [TenderPart("code", code, channel="wechat", order_no="O")] if code else []
    paid += [TenderPart("cash", rest - code)] if rest - code else []
    due = sum(nets)
    sale = Sale(1, 1, "01", "2026-11-22", lines, due, 0, due, tuple(paid), 0)
    known = Original(Origin("T", 1, 1, 1, 1, 0), sale, (0,) * len(lines))
    allowed = {each.request_no for each in uses if data.draw(st.booleans())}
    money: Sums[str] = Sums()
    undone: Sums[str] = Sums()
    by_lines = kept = earlier = 0
    for _ in range(20):
        if not (every := known.everything()):
            break
        chosen = (
            tuple(
                (index, most if data.draw(st.booleans()) else data.draw(st.integers(1, most)))
                for index, most in every
                if data.draw(st.booleans())
            )
            or every[:1]
        )
        going = [number for number in known.whole_with(chosen) if number in allowed]
        back = known.back(chosen, going)
        assert back.total_fen == sum(fen for _, fen in back.tenders) <= known.left_fen
        for each, fen in back.tenders:
            if each.kind == "voucher":
                assert fen == each.voucher.deduct_fen, "whole"
                undone[each.voucher.request_no] += 1
            else:
                money[each.kind] += fen
        by_lines += back.total_fen
        kept += back.kept_fen
        earlier += sum(each.earlier_fen for each in back.lines)
        told = tender_sums([msgspec.structs.replace(each, paid_fen=fen, change_fen=0) for each, fen in back.tenders])
        before = dict(known.by_tender)
        known = replace(
            known,
            given_milli=tuple(gone + dict(chosen).get(index, 0) for index, gone in enumerate(known.given_milli)),
            by_tender=tuple((before | {name: before.get(name, 0) + fen for name, fen in told.items()}).items()),
        )
        assert known.given_fen == by_lines
    else:
        back = known.back(known.everything(), ())
        kept, by_lines = kept + back.kept_fen, by_lines + back.total_fen
        money.update({each.kind: fen for each, fen in back.tenders})
    assert set(undone.values()) <= {1}, "nothing twice"
    assert money["code"] <= code
    assert money["cash"] <= rest - code
    assert sum(money.values()) == rest, "all the money, and not one fen of a voucher"
    stays = sum(each.deduct_fen for each in uses if each.request_no not in undone)
    assert stays == due - by_lines
    assert 0 <= earlier <= kept, "what goes back late was kept before"
    assert kept == stays or undone


# --- at the backend ----------------------------------------------------------------------------------------------------

BACK_LINES = (Line("1", "Hotpot", 1000, 6000, 6000), Line("2", "Beer", 2000, 1000, 2000))
NUMBER = "0001002303000001000045V01"
BACK_SALE = Sale(
    1, 45, "01", "2026-11-22", BACK_LINES, 8000, 0, 8000, (part(use(NUMBER, (3000, 1000))), TenderPart("cash", 4000)), 0
)


def ask(quantities: dict[str, int], total: int, tenders: dict[str, int], number="R1") -> AskReserve:
    return AskReserve(f"00010024000000000000{number}", HOME, 1, 1, quantities, total, tenders)


@pytest.mark.parametrize(
    ("quantities", "tenders", "granted"),
    [
        ({"0": 1000, "1": 2000}, {"cash": 4000}, True),
        ({"0": 1000, "1": 2000}, {"cash": 4000, NUMBER: 4000}, True),
        ({"0": 1000}, {"cash": 3000}, True),
        ({"0": 1000}, {"cash": 3000, NUMBER: 1000}, False),  # a voucher in part
        ({"0": 1000, "1": 2000}, {"cash": 4001}, False),  # a fen of the voucher in cash
        ({"0": 1000, "1": 2000}, {}, False),  # of a release that knows no vouchers
    ],
)
def test_the_backend_reserves_by_the_same_rules(quantities, tenders, granted):
    backend = Shop(SqlStore()).book(BACK_SALE)
    total = sum(tenders.values()) or 8000
    answer = backend.ask(ask(quantities, total, tenders), HOME if NUMBER in tenders else OTHER)
    assert (answer.granted, answer.code) == (granted, 0 if granted else 5015)


def test_another_terminal_learns_that_the_voucher_is_gone_and_pays_no_money_for_it(tmp_path):
    whole = Refund(
        "refund", 1, 46, "01", "2026-11-22", Origin(HOME, 1, 1, 1, 45, 0),
        (RefundLine(0, "1", "Hotpot", 1000, 6000), RefundLine(1, "2", "Beer", 1000, 1500)), 7500,
        (*BACK_SALE.tenders[:1], TenderPart("cash", 3500)), "x", 0,
    )  # fmt: skip
    backend = Shop(SqlStore()).book(BACK_SALE, whole)
    answer = backend.ask(AskSale("000001-000045"))
    counter = shop.online(shop.shop(tmp_path))
    known = original.told(counter.ledger, counter.ledger.terminal + "X", answer)
    assert known.left_fen == known.left_money_fen == 500
    assert known.back(known.everything(), ()).total_fen == 500
    assert known.whole_with(known.everything()) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"shares": (3000,)}, {"shares": (3000, 999)}, {"shares": (7000, -3000)}, {"shares": (0, 4000)},
        {"deduct_fen": 3999},
    ],
)  # fmt: skip
def test_a_sale_from_outside_whose_vouchers_do_not_add_up_pays_nobody(tmp_path, broken):
    backend = Shop(SqlStore()).book(BACK_SALE)
    answer = backend.ask(AskSale("000001-000045"))
    wrong = msgspec.structs.replace(use(NUMBER, (3000, 1000)), **broken)
    tenders = (msgspec.structs.replace(BACK_SALE.tenders[0], voucher=wrong), BACK_SALE.tenders[1])
    answer = msgspec.structs.replace(answer, sale=msgspec.structs.replace(answer.sale, tenders=tenders))
    counter = shop.online(shop.shop(tmp_path))
    assert original.told(counter.ledger, "OTHER", answer) is None


def test_who_may_not_undo_elsewhere_is_told_where(counter):
    known = replace(sold(counter, LINES, (6000, 2000)), local=False)
    context = counter.terminal.context()
    assert voucher_back.returnable(context, known, BOTH) == ()
    assert voucher_back.why_kept(context, known, BOTH).code == 3020
    assert refund.voidable(context, known) is False
