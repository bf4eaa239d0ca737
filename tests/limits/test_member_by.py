"""Whoever lets member prices hold is on record, through a cut, a hold and an order, until members identify themselves."""

from firmware.txn import closing
from firmware.txn.hold import HoldBasket, KeepBasket, RecallHold, kept
from firmware.txn.prices import MarkMember
from tests.attacks.test_money_path import goods, sell_own
from tests.limits.tills import done
from tests.payments.till import WECHAT, Till, till


def marked(folder) -> Till:
    counter = till(folder)
    sell_own(counter, [goods(1, member_price_fen=100)])
    counter.scan("SHOP000001")
    assert done(counter, MarkMember(True)) is None
    return counter


def test_a_sale_says_who_gave_member_prices_and_the_shift_counts_them(tmp_path):
    counter = marked(tmp_path)
    counter.keys("OK F1")
    sale = counter.one("sale")
    assert [(each.kind, each.amount_fen, each.operator) for each in sale.reductions] == [("member_price", 250, "01")]
    figures = closing.running(counter.ledger)
    assert (figures["off_member_price"], figures["off_member_price_fen"]) == (1, 250)


def test_the_name_goes_with_the_basket(tmp_path):
    counter = marked(tmp_path)
    done(counter, KeepBasket())
    assert kept(counter.ledger).member_by == "01"
    assert done(counter, HoldBasket()) is None
    assert done(counter, RecallHold(1)) is None
    counter.keys("OK").scan(WECHAT)
    assert counter.one("order_opened").member_by == "01"
    counter.answer("failed", code=5002).keys("OK CANCEL OK")
    assert counter.terminal.session.basket.member_by == "01"
    assert done(counter, MarkMember(False)) is None
    assert counter.terminal.session.basket.member_by == ""
