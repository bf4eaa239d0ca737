"""Ways to pay: limits, cards, split tender, rounding of the cash part only, dropping what was half paid."""

from pathlib import Path

import msgspec
import pytest

from firmware.events import ClockSeen, PrinterSeen
from firmware.txn import checkout
from firmware.txn.command import Refusal
from firmware.txn.numbers import next_trace
from rules.payment_codes import fee_fen, may_be_card
from rules.settings import defaults
from rules.settings_counter import DrawerRule
from tests.counter import APPLE_5_YUAN, COLA
from tests.payments.till import ALIPAY, CARD, ECNY, WECHAT, Till, till
from wire.messages import AskPay


def limited(folder: Path, **values: int) -> Till:
    channels = tuple(msgspec.structs.replace(each, **values) for each in defaults().tenders.channels)
    return till(folder, tenders={"channels": channels})


def test_above_the_limit_of_one_payment_it_is_refused_and_a_part_may_pass(tmp_path) -> None:
    counter = limited(tmp_path, payment_max_fen=500).basket().pay()
    assert "[5012]" in counter.text()
    assert counter.asked == []
    counter.keys("OK * 5 0 0").scan(WECHAT)
    assert counter.asks(AskPay)[-1].amount_fen == 500


def test_the_days_limit_counts_what_may_have_been_taken_and_not_what_failed(tmp_path) -> None:
    counter = limited(tmp_path, day_max_fen=1_400)
    counter.basket().pay().answer("failed", code=5004).scan(WECHAT).answer("paid").keys("OK")
    counter.basket().pay().answer("unknown").keys("F1")
    counter.basket().pay()
    assert "[5012]" in counter.text()
    counter.keys("OK").scan(ALIPAY)
    assert counter.screen == "CodePayment", "another channel has its own limit"


def test_a_channel_that_is_off_and_codes_that_are_off(tmp_path) -> None:
    counter = till(tmp_path).basket().pay(ECNY)
    assert "[5014]" in counter.text()
    other = tmp_path / "off"
    other.mkdir()
    counter = till(other, tenders={"codes": False}).basket().pay()
    assert "[5014]" in counter.text()
    assert counter.journal("order_opened") == []


def test_a_scan_that_is_no_code_is_5001(tmp_path) -> None:
    counter = till(tmp_path).basket().keys("OK").scan("123456")
    assert "[5001]" in counter.text()


# --- card ---


def test_a_card_slip_settles_the_sale(tmp_path) -> None:
    counter = till(tmp_path).basket().keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8 OK")
    assert counter.screen == "Sold"
    assert counter.facts()[-4:-1] == ["order_opened", "card_taken", "sale"]
    (part,) = counter.one("sale").tenders
    assert (part.kind, part.paid_fen, part.reference, part.last4) == ("card", 700, "123456789012", "5678")
    assert part.fee_fen == fee_fen(700, 6_000) == 4
    assert counter.pulses() == []


def test_a_card_works_offline_and_with_empty_fields_where_the_shop_allows_it(tmp_path) -> None:
    counter = till(tmp_path, tenders={"card_reference_required": False}).offline().basket().keys("OK # OK OK OK")
    assert counter.screen == "Sold"


@pytest.mark.parametrize(
    ("section", "keys", "code"),
    [
        ({"card": False}, "OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK", 5014),
        ({"card_reference_required": True}, "OK # OK", 5031),
        ({}, "OK # 1 2 3 OK", 5031),
        ({"card_reference_required": False}, "OK # OK 1 2 OK", 5031),
        ({"card_payment_max_fen": 100}, "OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK", 5012),
        ({"card_day_max_fen": 100}, "OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK", 5012),
        ({}, "OK * 8 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK", 5020),
    ],
)
def test_a_card_is_refused(tmp_path, section, keys, code) -> None:
    counter = till(tmp_path, tenders=section).basket().keys(keys)
    assert f"[{code}]" in counter.text()
    assert counter.journal("card_taken", "order_opened") == []
    assert len(counter.terminal.session.basket.lines) == 1


# --- split tender ---


def test_code_card_and_cash_make_one_sale(tmp_path) -> None:
    counter = till(tmp_path).basket(1).scan(APPLE_5_YUAN)  # 3.50 + 5.00
    counter.keys("OK * 2 0 5").scan(WECHAT).answer("paid").keys("OK")
    assert "已付 微信 2.05" in counter.text().replace("  ", " ")
    counter.keys("* 3 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    assert "应收 3.40" in counter.text(), "3.45 less 0.05: only the cash part is rounded, and down"
    counter.keys("4 0 0 OK")
    sale = counter.one("sale")
    assert [(part.kind, part.paid_fen, part.change_fen) for part in sale.tenders] == [
        ("code", 205, 0), ("card", 300, 0), ("cash", 400, 60),
    ]  # fmt: skip
    assert (sale.total_fen, sale.rounding_fen, sale.due_fen) == (850, 5, 845)
    assert sum(line.net_fen or 0 for line in sale.lines) == sale.due_fen
    assert counter.screen == "Sold"
    assert "找零 0.60" in counter.text()
    assert len(counter.pulses()) == 1


def test_a_code_pays_to_the_fen(tmp_path) -> None:
    counter = till(tmp_path, cash={"rounding": "jiao"}).keys("1 2 3 OK").scan(WECHAT).answer("paid")
    assert counter.one("sale").due_fen == 123
    assert counter.one("sale").rounding_fen == 0


def test_two_codes_each_pay_a_part_and_neither_goes_back(tmp_path) -> None:
    counter = till(tmp_path).basket().keys("OK * 2 0 0").scan(WECHAT).answer("paid").keys("OK")
    counter.scan(ALIPAY).answer("paid")
    sale = counter.one("sale")
    assert [(part.channel, part.paid_fen) for part in sale.tenders] == [("wechat", 200), ("alipay", 500)]
    assert counter.since() == ["pay", "pay"]
    assert counter.journal("reversal_sent") == []


def test_a_card_slip_whose_numbers_look_like_a_card_by_chance_is_taken(tmp_path) -> None:
    reference, last4 = CARD[:12], CARD[12:]
    assert may_be_card(reference + last4), "the check of card numbers, over two fields that have nothing in common"
    counter = till(tmp_path).basket().keys(f"OK # {' '.join(reference)} OK {' '.join(last4)} OK")
    assert counter.screen == "Sold", counter.text()
    assert (counter.one("sale").tenders[0].reference, counter.one("sale").tenders[0].last4) == (reference, last4)


@pytest.mark.parametrize(("mode", "price", "due"), [("fen", "8", 8), ("jiao", "8 0", 80), ("custom", "4 0", 40)])
def test_a_sum_below_the_rounding_unit_is_paid_in_cash_as_it_is(tmp_path, mode, price, due) -> None:
    counter = till(tmp_path, cash={"rounding": mode}).keys(f"{price} OK OK")
    assert counter.screen == "Sold", counter.text()
    sale = counter.one("sale")
    assert (sale.due_fen, sale.rounding_fen, sale.tenders[0].change_fen) == (due, 0, 0)


def test_a_rest_below_the_rounding_unit_is_paid_in_cash_as_it_is(tmp_path) -> None:
    counter = till(tmp_path, cash={"rounding": "jiao"}).basket(1).keys("OK * 3 0 0").scan(WECHAT).answer("paid")
    counter.keys("OK OK")
    assert counter.screen == "Sold", counter.text()
    sale = counter.one("sale")
    assert (sale.due_fen, sale.rounding_fen) == (350, 0)
    assert [part.paid_fen for part in sale.tenders] == [300, 50]


@pytest.mark.parametrize("action", ["open", "ask", "supervisor", "deny"])
def test_the_drawers_rules_hold_for_a_split_sale_as_for_a_plain_one(tmp_path, action) -> None:
    rules = (DrawerRule(event="sale", action=action),)
    counter = till(tmp_path, drawer_use={"rules": rules}).basket().keys("OK OK OK")
    counter.basket().keys("OK * 3 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK OK")
    plain, split = counter.journal("sale")
    assert [part.kind for part in split.tenders] == ["card", "cash"]
    assert plain.open_drawer == split.open_drawer == (action == "open")


@pytest.mark.parametrize("part", ["8 0 0", "0"])
def test_a_part_must_be_between_nothing_and_what_is_left(tmp_path, part) -> None:
    counter = till(tmp_path).basket().keys(f"OK * {part}").scan(WECHAT)
    if part == "0":
        assert counter.asks(AskPay)[-1].amount_fen == 700, "nothing typed is all of it"
    else:
        assert "[5020]" in counter.text()


def test_half_paid_and_given_up_goes_back_and_the_card_slip_must_be_voided(tmp_path) -> None:
    counter = (
        till(tmp_path)
        .basket()
        .keys("OK * 2 0 0")
        .scan(WECHAT)
        .answer("paid")
        .keys("OK * 1 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    )
    counter.keys("CANCEL")
    assert counter.screen == "GiveUp"
    assert "刷卡机撤销 1.00" in counter.text()
    counter.since()
    counter.keys("F2 OK")
    assert "请在刷卡机上撤销" in counter.text()
    assert counter.one("order_dropped").again is False
    assert counter.one("reversal_sent").why == "dropped"
    assert counter.since() == ["reverse"], "it was paid long ago: no wait" if counter.ms > 20_000 else ""
    counter.answer("reversed", "reverse")
    assert counter.journal("sale") == []
    assert checkout.unfinished(counter.ledger) == ()


def test_goods_go_back_into_the_basket_to_be_paid_otherwise(tmp_path) -> None:
    counter = till(tmp_path).basket().pay().answer("failed", code=5004).keys("OK CANCEL OK")
    assert counter.screen == "BasketScreen"
    assert counter.one("order_dropped").again
    assert counter.terminal.session.basket.total_fen == 700
    counter.scan("6901234567892").keys("OK OK")
    sale = counter.one("sale")
    assert (sale.trace, sale.due_fen) == (2, 1050)


def test_what_is_frozen_cannot_change(tmp_path) -> None:
    counter = till(tmp_path).basket().pay()
    assert counter.terminal.session.basket.lines == ()
    before = counter.ledger.durable_seq
    counter.scan("6901234567892").keys("OK 1 2 * MENU")
    assert counter.journal("order_opened")[0].lines[0].quantity_milli == 2_000
    assert counter.terminal.session.basket.lines == ()
    assert [fact.KIND for fact in counter.journal("sale")] == []
    assert counter.ledger.durable_seq == before


def test_numbers_stay_in_order_over_everything(tmp_path) -> None:
    counter = till(tmp_path)
    counter.basket().pay().answer("unknown").keys("F1")
    counter.basket(1).keys("OK OK OK")
    counter.basket(1).keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK OK")
    assert next_trace(counter.ledger) == 4
    assert [sale.trace for sale in counter.journal("sale")] == [2, 3]


def test_paid_when_no_shift_is_open_is_booked_in_the_next(tmp_path) -> None:
    counter = till(tmp_path).basket().pay().answer("unknown").keys("F1")
    number = counter.payment.order_no
    from wire.facts import ShiftClosed

    counter.terminal.append(ShiftClosed(1, "01", "2026-11-22", 1, {}, 0, 0, 0, {}, carried=(number,)))
    counter.terminal.commit()
    counter.answer("paid", "query", number=number)
    assert counter.journal("sale") == []
    assert checkout.covered(counter.ledger) != ()
    from firmware.txn.handover import OpenShift

    assert counter.terminal.do(OpenShift(20_000, "2026-11-22")) is None
    sale = counter.one("sale")
    assert (sale.batch, sale.trace, sale.late) == (2, 1, True)
    assert sale.tenders[0].order_no == number
    assert "000001" in number


# --- right and state (decisions 23) ---


def test_precedence_of_a_payment(tmp_path) -> None:
    from dataclasses import replace

    from firmware.txn.collect import SendCode

    counter = till(tmp_path).basket()
    ctx = counter.terminal.context()
    nobody = replace(ctx, session=replace(ctx.session, operator="", role=""))
    admin = replace(ctx, session=replace(ctx.session, operator="99", role="admin"))
    empty = replace(ctx, session=replace(ctx.session, basket=type(ctx.session.basket)()))
    away = replace(ctx, devices=replace(ctx.devices, link="down"))
    cases = [
        (nobody, "junk", 0, 2001), (empty, WECHAT, 0, 6008), (empty, "junk", 0, 5001), (away, "junk", 0, 5001),
        (away, ECNY, 0, 5014), (away, WECHAT, 0, 5022), (admin, "junk", 0, 5001), (admin, WECHAT, 0, 2005),
        (ctx, WECHAT, 0, 5020), (ctx, WECHAT, 701, 5020), (ctx, WECHAT, -5, 5020),
    ]  # fmt: skip
    for where, code, amount, wanted in cases:
        refusal = SendCode(code, amount).decide(where)
        assert isinstance(refusal, Refusal)
        assert refusal.code == wanted, (code, amount, wanted)


# --- the small amounts are cash's own choice, never the only one ---


def small(folder: Path) -> Till:
    """A basket of 7.00 where the shop has set amounts for small cash sales."""
    use = {"small_amounts_fen": (500, 1_000, 2_000), "small_amount_max_fen": 2_000}
    counter = till(folder, drawer_use=use).basket().keys("OK")
    assert counter.screen == "SmallAmounts"
    return counter


@pytest.mark.parametrize("code", [WECHAT, ALIPAY])
def test_a_customers_code_is_taken_where_small_amounts_are_offered(tmp_path, code) -> None:
    """Whoever was told to press OK first booked it as cash that nobody had handed over."""
    counter = small(tmp_path).scan(code)
    assert (counter.screen, counter.asks(AskPay)[-1].amount_fen) == ("CodePayment", 700)
    counter.answer("paid")
    assert [part.kind for part in counter.one("sale").tenders] == ["code"]
    assert counter.pulses() == []


@pytest.mark.parametrize(("keys", "screen"), [("#", "Card"), ("*", "Cash"), ("MENU", "VoucherEntry"), ("F2", "Cash")])
def test_every_other_way_to_pay_is_one_key_from_the_small_amounts(tmp_path, keys, screen) -> None:
    assert small(tmp_path).keys(keys).screen == screen


def test_a_part_by_code_after_the_small_amounts_leaves_the_rest(tmp_path) -> None:
    counter = small(tmp_path).keys("* 2 0 0").scan(WECHAT)
    assert counter.asks(AskPay)[-1].amount_fen == 200


def test_goods_scanned_at_the_small_amounts_are_one_more_article_and_a_card_number_is_refused(tmp_path) -> None:
    counter = small(tmp_path).scan(COLA)
    assert (counter.screen, len(counter.terminal.session.basket.lines)) == ("BasketScreen", 1)
    counter.keys("OK").scan(CARD)
    assert "[5030]" in counter.text()
    assert counter.asked == []


# --- a slip only for whom wants one, whatever paid ---


def asking(folder: Path, by: str) -> Till:
    """The question after a sale by code, by card, or by both."""
    counter = till(folder, printer={"print_slip": "ask"}).basket()
    match by:
        case "code":
            counter.pay().answer("paid")
        case "card":
            counter.keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8 OK")
        case "both":
            counter.keys("OK * 2 0 0").scan(WECHAT).answer("paid").keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8 OK")
    assert counter.screen == "AskSlip", counter.text()
    assert "7.00" in counter.text()
    assert counter.printed() == [], "nothing is printed before the answer"
    return counter


@pytest.mark.parametrize("by", ["code", "card", "both"])
@pytest.mark.parametrize(("key", "slips"), [("OK", 1), ("F2", 0), ("CANCEL", 0)])
def test_who_asks_for_slips_is_asked_after_a_sale_without_cash_too(tmp_path, by, key, slips) -> None:
    counter = asking(tmp_path, by).keys(key)
    assert (counter.screen, len(counter.printed())) == ("Sold", slips)
    if slips:
        assert not counter.printed()[0].receipt.mark, "it is the original"
    assert ("slip_dropped" in counter.facts()) == (not slips)
    counter.keys("OK")
    assert (counter.screen, len(counter.printed())) == ("Idle", slips)


def test_a_question_that_went_away_unanswered_prints_the_slip(tmp_path) -> None:
    """Nobody came back: the money is taken, and the slip with the channel's number lies there."""
    counter = asking(tmp_path, "code")
    counter.pass_time(301_000)
    assert (counter.terminal.session.operator, len(counter.printed())) == ("", 1)


def test_a_printer_that_comes_back_does_not_print_what_is_still_asked(tmp_path) -> None:
    counter = asking(tmp_path, "code")
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    assert counter.printed() == []
    assert len(counter.keys("OK").printed()) == 1


def test_with_cash_in_it_the_question_comes_once_before_the_sale(tmp_path) -> None:
    counter = till(tmp_path, printer={"print_slip": "ask"}).basket().keys("OK * 2 0 0").scan(WECHAT).answer("paid")
    assert counter.keys("OK OK").screen == "AskSlip"
    assert counter.journal("sale") == []
    assert (counter.keys("OK").screen, len(counter.printed())) == ("Sold", 1)


def test_after_a_cut_in_the_question_the_slip_is_offered(tmp_path) -> None:
    counter = asking(tmp_path, "code")
    counter.cut()
    counter.boot().sign_on()
    assert counter.screen == "Unfinished"


def test_a_parked_order_that_is_paid_later_prints_without_a_question(tmp_path) -> None:
    """Its customer does not stand here; the notice says that the slip is being printed."""
    counter = till(tmp_path, printer={"print_slip": "ask"}).basket().pay().answer("unknown").keys("F1")
    counter.answer("paid", "query")
    assert (counter.screen, len(counter.printed())) == ("Notice", 1)


def test_a_clock_set_back_frees_no_days_limit(tmp_path) -> None:
    """The day is the shift's business date, which no clock moves (decisions 17)."""
    counter = limited(tmp_path, day_max_fen=1_000).basket().pay().answer("paid").keys("OK")
    counter.day_ms -= 26 * 3_600_000
    counter.step(ClockSeen("trusted", -26 * 3_600_000))
    counter.keys("OK").basket().pay()
    assert "[5012]" in counter.text()
    assert len(counter.asks(AskPay)) == 1
