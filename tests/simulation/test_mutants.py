"""Every mistake made on purpose is caught within a few days: otherwise the auditor proves nothing.

`python -m simulation --mutant NAME --seeds 200` looks for each in ordinary days; here the days hold the trouble that
brings it out, so that it does not take long.
"""

import pytest

from simulation.counter_mutants import COUNTER
from simulation.mutants import MUTANTS, mutated
from simulation.verdict import judge
from simulation.voucher_mutants import VOUCHERS
from simulation.world import Plan

DAYS_MAX = 8
CUTS = ("power_cut_in_basket",) * 8
BROKEN = ("TypeError", "AttributeError", "NameError", "KeyError")
"""A mutant that does not fit the code any more dies instead of lying; that is no catch."""

TORN = ("power_cut_printing", "printer_paper_out_mid_slip", "printer_cover_open_mid_slip") * 2

BESIDE = ("torn_beside_the_second", "fence_lost_beside_the_second", "printer2_offline_mid_slip", "printers_out") * 3


def clerk(*wishes: str) -> Plan:
    """A short day on which her customers ask for this only."""
    return Plan(0.7, (), staff="clerk", wishes=wishes)


MENDED = Plan(0.8, ("link_down",) * 8, staff="clerk", wishes=("voucher_mended", "voucher_mended", "voucher_list"))
"""Platforms refuse the shop what was registered without a link, and take it the next time."""

DAYS: dict[str, Plan] = {
    "lost_ack_taken_for_ack": Plan(1.0, ("link_lossy",) * 3),
    "right_forgotten": Plan(1.0, (), ("admin", "admin")),
    "continuation_unmarked": Plan(1.0, TORN),
    "stand_in_unmarked": Plan(1.0, BESIDE, printers=2),
    "pulse_at_boot": Plan(1.0, TORN),
    "kept_basket_dropped": Plan(1.0, CUTS),
    "soon_never": Plan(1.0, ("power_cut_between",) * 8),
    "resend_skips_one": Plan(0.5, ("link_slow", "link_down", "link_flapping")),
    "unknown_taken_for_printed": Plan(1.0, TORN),
    "lock_forgotten": Plan(0.7, (), ("lock",)),
    "pulse_on_continuation": Plan(1.0, TORN),
    **{name: Plan(1.5, (), staff="clerk") for name in sorted(COUNTER)},
    **{name: clerk("voucher") for name in sorted(VOUCHERS)},
    "copy_uncounted": clerk("cash", "copy", "copy", "copy"),
    "dropped_order_not_reversed": clerk("abandon"),
    "late_money_kept": clerk("abandon"),
    "refund_not_sent": clerk("regret"),
    "refund_by_anybody": clerk("regret", "give_back"),
    "given_back_twice": clerk("cash", "give_back", "give_back"),
    "hold_recalled_twice": clerk("hold", "recall"),
    "expected_cash_without_refunds": clerk("cash", "cash", "give_back", "close"),
    "a_fen_lost_in_the_lines": clerk("cheaper"),
    "deadline_without_reversal": Plan(2.5, (), staff="clerk", wishes=("code",)),
    "earlier_sale_shown_as_done": clerk("code"),
    "grand_total_of_the_day": clerk("cash"),
    "shift_from_its_middle": clerk("cash"),
    "dropped_voucher_stays_redeemed": clerk("voucher", "voucher_regret"),
    "undo_taken_for_done": clerk("voucher", "voucher_regret", "give_back"),
    "registered_voucher_never_verified": Plan(1.0, ("link_down",) * 6, staff="clerk", wishes=("voucher",)),
    "tried_again_under_a_used_number": MENDED,
    "shortage_stays_though_redeemed": MENDED,
    "code_kept_after_it_is_redeemed": MENDED,
    "voided_voucher_stays_redeemed": clerk("voucher", "give_back"),
    "voucher_back_with_part_of_its_goods": clerk("voucher", "give_back", "give_back", "give_back"),
    "kept_voucher_on_no_list": Plan(2.5, (), staff="clerk", wishes=("voucher", "voucher_regret", "give_back")),
    "kept_voucher_in_no_figure": Plan(2.5, (), staff="clerk", wishes=("voucher", "voucher_regret", "give_back")),
    "refused_voucher_pays": Plan(2.5, (), staff="clerk", wishes=("voucher",)),
    "voucher_asked_anew_under_another_number": Plan(1.0, ("link_lossy",) * 6, staff="clerk", wishes=("voucher",)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_on_purpose_is_caught(name: str) -> None:
    plan = DAYS.get(name, Plan(1.0))
    findings = next((found for seed in range(1, 1 + DAYS_MAX) if (found := judge(seed, name, plan).findings)), ())
    assert findings, f"{name} lived for {DAYS_MAX} days"
    assert not any(trouble in finding for finding in findings for trouble in BROKEN), findings


@pytest.mark.parametrize("plan", sorted(set(DAYS.values()), key=str))
def test_the_same_days_without_a_mistake_are_clean(plan: Plan) -> None:
    assert judge(1, plan=plan).findings == ()


def test_the_counter_has_twelve_mistakes_of_its_own_and_more() -> None:
    assert len(COUNTER) >= 12


def test_vouchers_have_twelve_mistakes_of_their_own_and_more() -> None:
    assert len(VOUCHERS) >= 12


def test_there_are_twelve_mistakes_and_more_and_each_leaves_the_code_as_it_was() -> None:
    assert len(MUTANTS) >= 12
    before = judge(3, plan=Plan(0.3)).trace_hash
    for name in MUTANTS:
        with mutated(name):
            pass
    assert judge(3, plan=Plan(0.3)).trace_hash == before
