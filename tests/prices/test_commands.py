"""Prices, holds and ages at the counter: from the keys to the sale in the journal."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.txn import checkout, hold
from firmware.txn.command import Refusal
from firmware.txn.hold import HoldBasket, RecallHold
from firmware.txn.prices import ChangePrice, Discount, MarkMember, RoundOff, bill
from firmware.txn.removal import removals
from firmware.txn.sale import SetQuantity, TakeCash
from rules.pricing import nets
from rules.settings_counter import FullReduction, ItemPromotion
from tests.counter import APPLE_5_YUAN, BEER, COLA, TOBACCO, Counter
from tests.screens.ledgers import codes, having
from wire.facts import BasketHeld, BasketRecalled, HoldDropped, LineRemoved, OrderOpened, Sale


def till(folder: Path, **sections: dict) -> Counter:
    return Counter(folder, having(**sections)).open_for_business()


def facts(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def decided(counter: Counter, command, **changes):
    ctx = counter.terminal.context()
    return command.decide(replace(ctx, **changes))


def refused(counter: Counter, command, **changes) -> int:
    done = decided(counter, command, **changes)
    return done.code if isinstance(done, Refusal) else 0


def sold(counter: Counter) -> Sale:
    counter.keys("OK F1")
    sale = facts(counter, Sale)[-1]
    assert sale.total_fen - sum(each.amount_fen for each in sale.reductions) - sale.rounding_fen == sale.due_fen
    assert sum(nets(sale.lines, sale.reductions, sale.rounding_fen)) == sale.due_fen
    return sale


def test_a_member_with_a_discount_and_a_full_reduction_pays_what_the_screen_says(tmp_path):
    counter = till(tmp_path, prices={
        "item_promotions": (ItemPromotion("010002", 250),), "full_reductions": (FullReduction(1_000, 100),),
    })  # fmt: skip
    counter.scan(COLA).scan("6901100000119").keys("3 * OK").keys("F2 5 OK 1 F2 1 5 OK 2")
    # 3.50 - 0.20 member; 3 x 2.80 - 0.90 offer - 0.30 member (2.60 is dearer than 2.50: none) - 5 %
    steps = [(each.kind, each.amount_fen, each.line) for each in bill(counter.terminal.context()).reductions]
    assert steps == [
        ("member_price", 20, 0), ("item_promo", 90, 1), ("line_discount", 38, 1), ("full_reduction", 100, -1),
    ]  # fmt: skip
    assert "9.42" in counter.text()
    sale = sold(counter)
    assert (sale.total_fen, sale.due_fen, sale.rounding_fen) == (1190, 940, 2)
    by_hand = sale.reductions[2]
    assert (by_hand.operator, by_hand.reason, by_hand.rate_bp) == ("01", "破损", 500)
    slip = counter.printed()[-1].receipt
    assert [each.amount_fen for each in slip.reductions] == [-148, -100]
    assert [each.amount_fen for each in slip.lines[1].reductions] == [-90, -38]


def test_promotions_hold_on_their_days_only(tmp_path):
    late = ItemPromotion("010001", 100, valid_from="2026-11-23")
    counter = till(
        tmp_path,
        prices={"item_promotions": (late,), "full_reductions": (FullReduction(100, 50, valid_to="2026-11-21"),)},
    )
    assert bill(counter.scan(COLA).terminal.context()).reductions == ()


LIMITS = {
    "five per cent": (Discount(0, rate_bp=500), 0),
    "six per cent": (Discount(0, rate_bp=600), 2015),
    "an amount within five per cent": (Discount(0, amount_fen=18), 0),
    "an amount above": (Discount(0, amount_fen=19), 2015),
    "of the whole order": (Discount(-1, rate_bp=501), 2015),
    "nothing": (Discount(0), 5020),
    "a line that is not there": (Discount(7, rate_bp=100), 6008),
    "a price ten yuan lower at most": (ChangePrice(0, 100), 0),
    "a higher price": (ChangePrice(0, 351), 5020),
    "the same price": (ChangePrice(0, 350), 5020),
    "waiving a yuan": (RoundOff(100), 0),
    "waiving more": (RoundOff(101), 2015),
    "waiving nothing": (RoundOff(0), 5020),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_cashier_lowers_a_price_within_limits(tmp_path, case):
    command, code = LIMITS[case]
    assert refused(till(tmp_path).scan(COLA), command) == code


def test_a_supervisor_lifts_the_limit_up_to_her_own(tmp_path):
    counter = till(tmp_path).scan(COLA)
    assert refused(counter, Discount(0, rate_bp=3_000), approver="00") == 0
    assert refused(counter, Discount(0, rate_bp=3_001), approver="00") == 2015
    given = decided(counter, Discount(0, rate_bp=3_000, reason="临期"), approver="00").session.basket.given[0]
    assert (given.operator, given.approver, given.reason) == ("01", "00", "临期")
    assert refused(counter, RoundOff(340), approver="00") == 0


def test_a_limit_of_nothing_gives_nothing(tmp_path):
    counter = till(
        tmp_path, prices={"cashier_discount_bp": 0, "cashier_rounding_fen": 0, "cashier_price_change_fen": 0}
    )
    counter.scan(COLA)
    assert [refused(counter, each) for each in (Discount(0, rate_bp=1), RoundOff(1), ChangePrice(0, 349))] == [2015] * 3


def test_what_may_not_be_changed_needs_a_supervisor(tmp_path):
    counter = till(tmp_path).scan(TOBACCO).keys("OK")
    assert refused(counter, ChangePrice(0, 6_400)) == refused(counter, Discount(0, rate_bp=100)) == 6006
    assert refused(counter, ChangePrice(0, 6_400), approver="00") == 0
    assert refused(counter, MarkMember(True)) == 0


def test_a_shop_without_member_prices_has_none(tmp_path):
    assert refused(till(tmp_path, prices={"member_prices": False}).scan(COLA), MarkMember(True)) == 2005


def test_a_discount_never_outgrows_the_limit_when_the_basket_shrinks(tmp_path):
    counter = till(tmp_path)
    for code in codes()[:9]:
        counter.scan(code)
    counter.keys("F2 3 F1 1 5 0 OK 1")
    assert bill(counter.terminal.context()).off_line_fen(-1) == 150
    counter.keys(" ".join(["CLEAR"] * 8))
    costs = bill(counter.terminal.context())
    assert costs.off_line_fen(-1) * 20 <= costs.total_fen + 10


def test_twenty_orders_are_held_over_a_cut_and_the_twenty_first_is_not(tmp_path):
    counter = till(tmp_path)
    for code in codes()[:20]:
        counter.scan(code).keys("F2 6 OK")
    counter.scan(COLA).keys("F2 6")
    assert "[6007]" in counter.text()
    assert refused(counter, HoldBasket(), approver="00") == 6007, "twenty is the end for everybody"
    counter.cut()
    counter.boot().sign_on()
    assert len(hold.holds(counter.ledger)) == 20
    assert counter.ledger.differences() == []


def test_a_held_order_comes_back_as_it_was(tmp_path):
    counter = till(tmp_path).scan(COLA).scan(APPLE_5_YUAN).keys("F2 5 OK 1 F2 1 5 OK 1")
    basket = counter.terminal.session.basket
    counter.keys("F2 6")
    assert counter.screen == "Held"
    counter.keys("OK").keys("F2 OK")
    assert counter.terminal.session.basket == basket
    assert hold.holds(counter.ledger) == ()
    assert (len(facts(counter, BasketHeld)), len(facts(counter, BasketRecalled))) == (1, 1)
    counter.cut()
    counter.boot().sign_on()
    assert counter.screen == "KeptBasket", "a cut right after taking it back does not lose it"
    counter.keys("OK")
    assert counter.terminal.session.basket == basket


def test_an_open_order_is_put_aside_in_exchange(tmp_path):
    counter = till(tmp_path).scan(COLA).keys("F2 6 OK").scan(APPLE_5_YUAN)
    assert refused(counter, RecallHold(1)) == 6008
    counter.keys("MENU 2 OK OK")
    assert [line.sku for line in counter.terminal.session.basket.lines] == ["010001"]
    assert [each.first for each in hold.holds(counter.ledger)] == ["红富士苹果"]
    assert counter.ledger.differences() == []


def test_a_held_order_is_given_up_with_a_reason(tmp_path):
    counter = till(tmp_path).scan(COLA).keys("F2 6 OK F2 F2 2")
    assert [(each.hold, each.reason) for each in facts(counter, HoldDropped)] == [(1, "changed")]
    assert refused(counter, RecallHold(1)) == 6010


def test_a_cashier_takes_out_only_so_many_lines_in_a_shift(tmp_path):
    counter = till(tmp_path, prices={"removals_per_shift": 2}).scan(COLA)
    counter.keys("3 * OK 2 * OK CLEAR")
    assert removals(counter.ledger, "01") == 2
    counter.scan(COLA).keys("CLEAR")
    assert "[2006]" in counter.text()
    assert "删除明细 2/2" in counter.text()
    counter.keys("CANCEL CANCEL OK")
    assert "[2006]" in counter.text(), "nor is the whole order given up"
    assert counter.ledger.differences() == []


def test_beer_asks_once_and_the_sale_says_so(tmp_path):
    counter = till(tmp_path).scan(BEER)
    assert counter.screen == "AgeCheck"
    assert refused(counter, TakeCash(600)) == refused(counter, HoldBasket()) == 6013
    counter.keys("OK").scan(TOBACCO)
    assert counter.screen == "BasketScreen", "once for each order"
    assert sold(counter).age_checked
    counter.keys("OK").scan(COLA)
    assert not sold(counter).age_checked


def test_who_is_too_young_gets_no_beer_and_no_removal_is_counted(tmp_path):
    counter = till(tmp_path).scan(COLA).scan(BEER).keys("CANCEL")
    assert [line.sku for line in counter.terminal.session.basket.lines] == ["010001"]
    assert [each.reason for each in facts(counter, LineRemoved)] == ["age"]
    assert removals(counter.ledger, "01") == 0
    counter.scan(BEER)
    assert counter.screen == "AgeCheck", "it is asked again"


def test_beer_that_was_refused_is_not_back_after_a_cut(tmp_path):
    counter = till(tmp_path).scan(COLA).scan(BEER)
    counter.pass_time(5_000)
    counter.keys("CANCEL")
    counter.cut()
    counter.boot().sign_on().keys("OK")
    assert [line.sku for line in counter.terminal.session.basket.lines] == ["010001"]


def test_a_held_order_with_beer_that_nobody_checked_asks_when_a_cut_brings_it_back(tmp_path):
    counter = till(tmp_path).scan(BEER)
    counter.pass_time(10_000)
    counter.cut()
    counter.boot().sign_on().keys("OK")
    assert counter.screen == "AgeCheck"


def test_a_supervisor_lifts_the_shop_s_limits_but_not_the_record_s(tmp_path):
    counter = till(tmp_path, sale={"quantity_max": 10}).scan(COLA)
    assert refused(counter, SetQuantity(0, 11_000)) == 6007
    assert refused(counter, SetQuantity(0, 11_000), approver="00") == 0
    assert refused(counter, SetQuantity(0, 10_000_000), approver="00") == 6007


def test_an_order_being_paid_is_no_basket_and_comes_back_whole(tmp_path):
    counter = till(tmp_path).scan(COLA).scan(BEER).keys("OK F2 5 OK 1 F2 1 5 OK 1")
    before = counter.terminal.session.basket
    costs = bill(counter.terminal.context())
    opening = checkout.opening(counter.terminal.context())
    assert opening is not None
    frozen = opening.facts[0]
    assert isinstance(frozen, OrderOpened)
    assert (frozen.due_fen, frozen.reductions) == (costs.due_fen, costs.reductions)
    assert sum(nets(frozen.lines, frozen.reductions)) == frozen.due_fen
    back = checkout.thawed(counter.ledger, frozen)
    assert (back.lines, back.member, back.age_due) == (before.lines, True, 0)
    assert bill(counter.terminal.context(), back).due_fen == costs.due_fen
    counter.ledger.append((frozen,), counter.terminal._stamp())
    counter.ledger.commit()
    commands = (SetQuantity(0, 2_000), Discount(0, rate_bp=100), MarkMember(False), HoldBasket(), RecallHold(1))
    assert [refused(counter, each) for each in commands] == [5029] * len(commands)
