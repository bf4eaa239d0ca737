"""Vouchers in X, shift slip and Z: by platform and deal, registered ones and what they lack, bounded however many deals
there are; the same figures whichever way they are made."""

import random

import pytest

from firmware.txn import voucher_figures
from firmware.txn.slips.figures import groups
from firmware.txn.till import expected_cash, fold, folded, merged, settled_names
from firmware.txn.voucher_figures import DEALS_MAX, deals
from rules import totals
from wire.facts import Fact, Origin, Refund, RefundLine, Sale, TenderPart, VoucherHeard, VoucherUse
from wire.layout import money
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
    assert (row.basis_fen, row.subsidy_fen) == (9_300, 300)
    assert (row.merchant_fen, row.receivable_fen) == (2_400, 9_600)
    assert figures["paid_voucher_meituan"] == 3, "each voucher counts"
    assert figures["paid_voucher_meituan_fen"] == 12_000
    assert expected_cash(figures) == 2_000, "no fen of a voucher lies in the drawer"


@pytest.mark.parametrize(
    ("deduct", "listed", "paid", "platform", "merchant", "basis", "share", "receivable"),
    [
        (5000, 4500, 0, 0, 0, 4500, 500, 4500),  # the platform tells nothing: the list price is all there is
        (5000, 4200, 4200, 0, 0, 4200, 800, 4200),  # what the customer paid
        (5000, 4500, 4200, 300, 0, 4200, 500, 4500),  # the platform bears a part of the price
        (5000, 4500, 4000, 200, 300, 4000, 800, 4200),  # and the shop another: nobody pays it that
        (5000, 4500, 0, 200, 300, 4000, 800, 4200),  # the same, where what was paid is not told
        (5000, 4500, 0, 4500, 0, 0, 500, 4500),  # a gift of the platform
        (2000, 4200, 4200, 0, 0, 4200, -2200, 4200),  # not used up: the shop is paid more than it gave
        (5000, 0, 0, 0, 0, 0, 5000, 0),  # nothing is told, nothing is expected
    ],
)
def test_what_a_voucher_takes_off_is_what_the_shop_gives_and_what_it_is_to_be_paid(
    deduct, listed, paid, platform, merchant, basis, share, receivable
):
    told = {"basis_fen": listed, "paid_fen": paid, "platform_fen": platform, "merchant_fen": merchant}
    figures = folded([sold(use(fen=deduct, **told))])
    [row] = deals(figures)
    assert (row.basis_fen, row.merchant_fen, row.receivable_fen) == (basis, share, receivable)
    assert row.deduct_fen == row.basis_fen + row.subsidy_fen + row.merchant_fen == row.receivable_fen + row.merchant_fen
    assert voucher_figures.receivable_fen(figures) == receivable
    shown = {name.strip(): amount for name, _, amount in groups(figures, "zh")[2].rows}
    assert shown["预计应收"] == money(receivable)
    assert shown["商家让利"] == money(share)


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
