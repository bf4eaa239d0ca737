"""A customer's code is in the one ask and nowhere else; a full card number is nowhere at all."""

import json
from pathlib import Path

import pytest

from firmware.events import Ask, Scanned, Show
from firmware.screens.code import ToPayment
from firmware.txn.collect import SendCode
from rules.payment_codes import last4, luhn, may_be_card, pattern_fits, recognised
from rules.settings import check, defaults, document
from tests.payments.till import ALIPAY, BILL, CARD, CODES, ECNY, UNIONPAY, WECHAT, Till
from wire.messages import AskPay

CHANNELS = defaults().tenders.channels


class Watched(Till):
    """Remembers everything the terminal ever showed or let out, as text."""

    def said(self) -> str:
        self.ledger.commit()
        rows = self.ledger.read("SELECT kind, body FROM journal ORDER BY seq")
        effects = [repr(effect) for effect in self.out]
        views = [repr(effect.view) for effect in self.out if isinstance(effect, Show)]
        state = repr(self.terminal)
        return "\n".join([*(str(row) for row in rows), *effects, *views, state, self.text()])


def watched(folder: Path) -> Watched:
    counter = Watched(folder)
    counter.open_for_business()
    counter.online()
    return counter


@pytest.mark.parametrize("code", [WECHAT, ALIPAY, UNIONPAY])
@pytest.mark.parametrize(
    "way",
    [
        lambda till, code: till.basket().pay(code).answer("paid"),
        lambda till, code: till.basket().pay(code).answer("failed", code=5003).scan(code),
        lambda till, code: till.basket().offline().pay(code),
        lambda till, code: till.basket().scan(code).keys("CANCEL"),
        lambda till, code: till.basket().scan(code).keys("OK"),
        lambda till, code: till.scan(code),  # nothing to pay
        lambda till, code: till.basket().pay(code).keys("F1").scan(code),
        lambda till, code: till.keys("MENU 1").scan(code),
        lambda till, code: till.basket().keys("OK #").scan(code),
        lambda till, code: till.basket().pay(code).scan(code),
    ],
)
def test_the_code_is_in_no_record_view_log_or_effect_but_its_ask(tmp_path, way, code) -> None:
    counter = watched(tmp_path)
    way(counter, code)
    said = counter.said()
    assert code not in said
    asks = [effect for effect in counter.out if isinstance(effect, Ask) and isinstance(effect.ask, AskPay)]
    assert all(ask.ask.auth_code == code for ask in asks)
    assert code not in repr(Scanned(code))
    assert code not in repr(SendCode(code))
    assert code not in repr(ToPayment(code))


def test_a_code_on_the_baskets_screen_asks_and_is_kept_no_longer_than_a_minute(tmp_path) -> None:
    counter = watched(tmp_path).basket().scan(WECHAT)
    assert counter.screen == "ToPayment"
    assert "转到收款" in counter.text()
    counter.pass_time(59_000)
    assert counter.screen == "ToPayment"
    counter.pass_time(2_000)
    assert counter.screen == "BasketScreen"
    assert counter.asked == []


def test_also_when_something_covers_the_question(tmp_path) -> None:
    from firmware.events import DeviceSeen

    counter = watched(tmp_path).basket().scan(WECHAT)
    counter.step(DeviceSeen("scanner", False))
    assert counter.screen == "Refused"
    counter.pass_time(61_000)
    assert not any(isinstance(screen, ToPayment) for screen in counter.terminal.stack)


def test_one_key_takes_the_money(tmp_path) -> None:
    counter = watched(tmp_path).basket().scan(WECHAT).keys("OK")
    assert counter.screen == "CodePayment"
    assert len(counter.asks(AskPay)) == 1


def test_goods_come_first_on_the_baskets_screen(tmp_path) -> None:
    """An 18-digit scale code of goods that are known is inside Alipay's range."""
    counter = watched(tmp_path).basket()
    lines = counter.terminal.session.basket.pieces_milli
    counter.scan("6901234567892")
    assert counter.screen == "BasketScreen"
    assert counter.terminal.session.basket.pieces_milli > lines


def test_two_goods_in_one_scan_are_glued_and_no_payment_code(tmp_path) -> None:
    counter = watched(tmp_path).basket().scan("9638507496385074")
    assert counter.screen == "Refused"
    assert counter.asked == []


def test_without_a_basket_nothing_is_asked_for(tmp_path) -> None:
    counter = watched(tmp_path).scan(WECHAT)
    assert counter.screen == "Notice"
    assert WECHAT not in counter.text()


# --- card numbers ---


@pytest.mark.parametrize("keys", ["", "1 2 3 4 5 6 7 8 9 0 1 2 OK "])
def test_a_card_number_typed_into_the_card_fields_is_wiped(tmp_path, keys) -> None:
    counter = watched(tmp_path).basket().keys("OK # " + keys + " ".join(CARD))
    assert "[5030]" in counter.text()
    card = counter.terminal.stack[-1]
    assert CARD[:6] not in (card.reference + card.last4)
    counter.keys("OK CANCEL CANCEL")
    assert CARD not in counter.said()


def test_a_card_number_scanned_where_money_is_asked_for_is_refused(tmp_path) -> None:
    counter = watched(tmp_path).basket().keys("OK").scan(CARD)
    assert "[5030]" in counter.text()
    counter.keys("OK #").scan(CARD)
    assert "[5030]" in counter.text()
    assert CARD not in counter.said()


def test_a_code_of_a_payment_cannot_be_typed(tmp_path) -> None:
    counter = watched(tmp_path).basket().keys("OK " + " ".join(WECHAT) + " OK")
    assert counter.asked == []


# --- the table ---


@pytest.mark.parametrize(
    ("code", "channel"),
    [
        (WECHAT, "wechat"), (ALIPAY, "alipay"), (UNIONPAY, "unionpay"), (ECNY, "ecny"), ("HY0123456789ABCDEF", "member"),
        ("160000000000000000", None), (WECHAT + "1", None), (WECHAT[:-1], None), ("25" + "0" * 14, "alipay"),
        ("30" + "0" * 22, "alipay"), ("30" + "0" * 23, None), ("31" + "0" * 16, None), ("", None), (BILL, None),
        (WECHAT + "\n", None), (WECHAT[:-1] + "٣", None), ("1" * 400, None),
    ],
)  # fmt: skip
def test_only_the_whole_code_counts(code, channel) -> None:
    found = recognised(code, CHANNELS)
    assert (found.channel if found else None) == channel


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+", r"(\d+)*x", "(", r"\d{18}$(?=x)", "a.b", r"(ab){2,}", "(1", "1)", "((1)|2)3", r"\w{18}", "1$2", "[9-0]1",
        r"\d{1,60}\d{1,60}x", r"\d{1,60}" * 6 + "x", r"\d{1,9}[0-9]{1,9}1{1,9}0{1,9}x", "(1|1)" * 23 + "x",
        "(1{1,9}|1{1,9})" * 4, r"\d{5,2}",
    ],
)  # fmt: skip
def test_a_pattern_that_could_hang_the_till_is_no_setting(pattern) -> None:
    assert not pattern_fits(pattern)
    doc = json.loads(json.dumps(document(defaults())))
    doc["tenders"]["channels"][0]["pattern"] = pattern
    problems = check(doc)
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == ["tenders.channels[0].pattern"]


def test_the_tables_own_patterns_fit() -> None:
    assert all(pattern_fits(channel.pattern) for channel in CHANNELS)
    assert all(
        pattern_fits(each)
        for each in (r"^(2[5-9]|30)\d{14,22}$", r"1[0-5]\d{16}|62\d{17}", r"[^0]\d{1,9}\d{1,9}", "AB-1")
    )


def test_what_may_be_a_card() -> None:
    assert may_be_card(CARD)
    assert may_be_card("4111 1111 1111 1111")
    assert not may_be_card("4111111111111112")
    assert not may_be_card("59")
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert last4(WECHAT) == "6789"
    assert [last4(code) for code in CODES] != CODES
