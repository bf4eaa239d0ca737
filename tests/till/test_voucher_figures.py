"""Vouchers in X, shift slip and Z: by platform and deal, registered ones and what they lack, bounded however many deals
there are; the same figures whichever way they are made."""

import random

from firmware.txn import voucher_figures
from firmware.txn.till import expected_cash, fold, folded, merged, settled_names
from firmware.txn.voucher_figures import DEALS_MAX, deals
from rules import totals
from wire.facts import Fact, Origin, Refund, RefundLine, Sale, TenderPart, VoucherHeard, VoucherUse
from wire.totals import totals_of


def use(deal="61", fen=4000, count=1, platform="meituan", registered=False, **more) -> VoucherUse:
    told = {"basis_fen": 3200 * count, "platform_fen": 150, **more}
    return VoucherUse(
        "0001002301000001000002V01", "r", platform, deal, f"代金券{deal}", "cash", count, fen, (fen,), "4321", "d",
        registered=registered, **told,
    )  # fmt: skip


def part(each: VoucherUse) -> TenderPart:
    return TenderPart("voucher", each.deduct_fen, channel=each.platform, voucher=each)


def sold(*uses: VoucherUse, cash_fen=1000) -> Sale:
    due = cash_fen + sum(each.deduct_fen for each in uses)
    paid = (*map(part, uses), TenderPart("cash", cash_fen))
    return Sale(1, 2, "01", "2026-11-22", (), due, 0, due, paid, 0)


def voided(*uses: VoucherUse, cash_fen=1000) -> Refund:
    due = cash_fen + sum(each.deduct_fen for each in uses)
    paid = (*map(part, uses), TenderPart("cash", cash_fen))
    origin = Origin("00010023", 1, 1, 1, 1, 0)
    return Refund("void", 1, 3, "01", "2026-11-22", origin, (RefundLine(0, "1", "x", 1000, due),), due, paid, "x", 0)


def test_a_deal_is_told_by_count_deduction_basis_share_and_receivable():
    figures = folded([sold(use(fen=8000, count=2, basis_fen=6400)), sold(use())])
    [row] = deals(figures)
    assert (row.platform, row.deal_id, row.title, row.count, row.deduct_fen) == ("meituan", "61", "代金券61", 3, 12_000)
    assert (row.basis_fen, row.merchant_fen, row.receivable_fen) == (9_600, 2_400, 9_900)
    assert figures["paid_voucher_meituan"] == 3, "each voucher counts"
    assert figures["paid_voucher_meituan_fen"] == 12_000
    assert expected_cash(figures) == 2_000, "no fen of a voucher lies in the drawer"


def test_a_void_takes_its_vouchers_out_of_the_deals_and_the_platform_of_a_name_of_two_is_no_channel():
    each = use(platform="wechat")
    phone = Sale(1, 4, "01", "2026-11-22", (), 500, 0, 500, (TenderPart("code", 500, channel="wechat"),), 0)
    figures = folded([sold(each), phone, voided(each)])
    assert deals(figures) == ()
    assert (figures["paid_wechat_fen"], figures["paid_voucher_wechat_fen"]) == (500, 4000)
    assert figures["back_voucher_wechat"] == 1
    assert "back_wechat" not in figures


def test_a_registered_voucher_has_no_price_yet_and_its_end_is_told_apart():
    facts: list[Fact] = [sold(use(registered=True)), VoucherHeard("n", "rejected", "consume", 3003, shortage_fen=4000)]
    figures = folded(facts)
    assert deals(figures) == ()
    assert figures["voucher_registered_fen"] == figures["voucher_shortage_fen"] == 4000
    assert "trouble_3003" not in figures, "its alarm is counted itself"
    assert folded([VoucherHeard("n", "consumed", "consume", verified_fen=3350)])["voucher_verified_fen"] == 3350
    assert folded([VoucherHeard("n", "rejected", "consume", 3003)])["trouble_3003"] == 1


def test_a_shop_with_hundreds_of_deals_keeps_its_slip_short_and_its_sums_whole():
    rng = random.Random(4)
    facts: list[Fact] = [sold(use(f"{rng.randrange(200)}", rng.randrange(1, 9000))) for _ in range(400)]
    figures = folded(facts)
    rows = deals(figures)
    assert len(rows) == DEALS_MAX + 1
    assert (rows[-1].deal_id, rows[-1].title) == ("", "")
    assert sum(row.deduct_fen for row in rows) == figures["paid_voucher_meituan_fen"]
    day = merged(figures, folded([sold(use(f"other{number}")) for number in range(50)]))
    assert len(deals(day)) == DEALS_MAX + 1
    assert sum(row.count for row in deals(day)) == 450


def test_a_title_or_number_with_the_sign_that_parts_names_stays_one_deal():
    each = VoucherUse("n", "r", "own", "a|b", "x|y", "cash", 1, 5, (5,), "1", "d")
    [row] = deals(folded([sold(each)]))
    assert (row.deal_id, row.title) == ("a/b", "x/y")


def test_the_backend_computes_the_same_totals_and_settles_by_them():
    facts: list[Fact] = [sold(use()), sold(use(platform="douyin"), use()), voided(use())]
    figures = folded(facts)
    assert settled_names(figures) == totals_of(facts)
    assert totals.differing(settled_names(figures), totals_of(facts)) == ()
    assert totals.differing(settled_names(figures), totals_of(facts[:2])) != ()


def test_deals_are_the_same_one_by_one_and_from_scratch():
    facts: list[Fact] = [sold(use(f"{number}")) for number in range(DEALS_MAX + 5)]
    figures: dict[str, int] = {}
    for fact in facts:
        figures = fold(figures, fact)
    assert figures == folded(facts)
    assert voucher_figures.within(figures, {"sales": 1}) == {"sales": 1}
