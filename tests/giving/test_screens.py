"""Giving back from the keypad: found, chosen, confirmed, and told how each part stands."""

from dataclasses import replace

import pytest

from firmware.events import AskFailed, LinkDown, Print
from firmware.txn.original import Original
from rules.slip_code import slip_code
from tests.counter import COLA, Counter
from tests.giving import shop
from wire.facts import Origin, Refund, RefundSent, RefundTurned, ReserveEnded, ReserveSent
from wire.messages import AnswerReserve, AnswerSale, AskReserve, AskSale


def till(tmp_path, **sections) -> Counter:
    return shop.as_supervisor(shop.shop(tmp_path, **sections))


def sold_cola(counter: Counter, pieces: int = 2) -> Counter:
    for _ in range(pieces):
        counter.scan(COLA)
    return counter.keys("OK OK OK")


def asked(counter: Counter, kind: type) -> list:
    return [effect.ask for effect in counter.out if type(effect).__name__ == "Ask" and isinstance(effect.ask, kind)]


def test_a_whole_sale_goes_back_by_slip_scan_in_five_keys(tmp_path):
    counter = sold_cola(till(tmp_path))
    counter.out.clear()
    counter.keys("MENU 5").scan(slip_code("00010023", 0, 1, 1)).keys("OK 2 OK")
    assert counter.screen == "GivenBack"
    assert "付现金 7.00" in counter.text()
    (back,) = shop.refunds(counter)
    assert (back.way, back.total_fen, back.reason) == ("void", 700, "买错")
    assert len(counter.pulses()) == 1
    (slip,) = [effect for effect in counter.out if isinstance(effect, Print)]
    assert (slip.receipt.kind, slip.receipt.due_fen, slip.receipt.number) == ("void", 700, "000001-000002")


@pytest.mark.parametrize(
    "typed",
    ["1 OK", "1 * 1 OK", "0 0 0 0 0 1 0 0 0 0 0 1 OK", "F1 OK", "OK OK"],
)
def test_a_sale_is_found_by_number_and_in_the_list(tmp_path, typed):
    counter = sold_cola(till(tmp_path)).keys(f"MENU 5 {typed}")
    assert counter.screen == "FoundSale"
    assert "000001-000001" in counter.text()
    assert "可退 7.00" in counter.text()


@pytest.mark.parametrize("scan", ["000001-000001", "R00010023000000010000010"])
def test_a_number_of_nowhere_is_not_found_without_a_link(tmp_path, scan):
    counter = till(tmp_path).keys("MENU 5").scan(scan)
    assert "[6015]" in counter.text()


SECRETS = [
    ("134567890123456789", 5001), ("281234567890123456789012", 5001), ("4111111111111111", 5030), ("6901234567892", 5030),
]  # fmt: skip


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize(("code", "refusal"), SECRETS)
def test_a_payment_code_or_a_card_number_finds_no_sale_and_is_neither_sent_nor_shown(
    tmp_path, code, refusal, by_hand, linked
):
    counter = till(tmp_path)
    counter = (shop.online(counter) if linked else counter).keys("MENU 5")
    counter.out.clear()
    if by_hand:
        counter.keys(" ".join(code) + " OK")
    else:
        counter.scan(code)
    assert counter.screen == "Refused"
    assert f"[{refusal}]" in counter.text()
    assert code not in counter.text()
    assert code not in repr(counter.terminal.stack)
    assert asked(counter, AskSale) == []
    assert code not in counter.keys("OK").text()


def test_lines_and_quantities_are_chosen(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line("可乐", 3000), shop.line("苹果", 735, 1280, 941))
    counter.keys(f"MENU 5 {known.sale.trace} OK F1")
    counter.keys("2 OK DOWN 2 0 0 OK")
    assert "退 2 / 可退 3" in counter.text()
    assert "退 0.2 / 可退 0.735" in counter.text()
    counter.keys("OK 1 OK")
    (back,) = shop.refunds(counter)
    assert [(x.index, x.quantity_milli, x.amount_fen) for x in back.lines] == [(0, 2000, 700), (1, 200, 256)]
    assert back.way == "refund"
    counter.keys(f"OK MENU 5 {known.sale.trace} OK F1 2 OK")
    assert "[6014]" in counter.text()
    counter.keys("OK F1 CLEAR DOWN F1 OK 1 OK")
    assert shop.refunds(counter)[1].lines[0].amount_fen == 941 - 256
    assert counter.ledger.differences() == []


def test_a_card_part_asks_for_the_reference_of_the_card_terminal(tmp_path):
    counter = till(tmp_path)
    known = shop.sold(counter, shop.line(price=1000), card=600)
    counter.keys(f"MENU 5 {known.sale.trace} OK OK 1")
    assert counter.screen == "CardBack"
    assert "6.00" in counter.text()
    assert "*8888" in counter.text()
    counter.keys("OK 1 2 3 4 5 6 OK OK")
    (back,) = shop.refunds(counter)
    assert [(p.kind, p.paid_fen, p.reference) for p in back.tenders] == [("card", 600, "123456"), ("cash", 400, "")]


def test_a_cashier_fetches_a_supervisor_at_the_end_and_loses_nothing(tmp_path):
    counter = shop.shop(tmp_path)
    shop.known_supervisor(counter)
    sold_cola(counter).keys("MENU 5 F1 OK OK 1 OK")
    assert "[2006]" in counter.text()
    counter.keys("OK 0 0 OK 3 8 5 2 7 4 OK")
    assert counter.screen == "GivenBack", counter.text()
    assert shop.refunds(counter)[0].approver == "00"


# --- by channel ---------------------------------------------------------------------------------------------------------


def by_code(tmp_path) -> tuple[Counter, Original]:
    counter = shop.online(till(tmp_path))
    return counter, shop.sold(counter, shop.line(price=1000), codes=(600,))


def give(counter: Counter, known: Original) -> Counter:
    """Whole, with the backend's leave."""
    counter.keys(f"MENU 5 {known.sale.trace} OK OK 1 OK")
    (ask,) = asked(counter, AskReserve)[-1:]
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))
    return counter


def test_each_part_shows_how_it_stands(tmp_path):
    counter, known = by_code(tmp_path)
    give(counter, known)
    assert counter.screen == "GivenBack"
    assert "退款处理中" in counter.text()
    assert "付现金 4.00" in counter.text()
    assert "微信 6.00 处理中" in counter.text()
    assert "勿重复退" in counter.text()
    (sent,) = shop.of_kind(counter, RefundSent)
    shop.heard(counter, sent.refund_no, "refunded")
    counter.step(LinkDown(1003))
    assert "微信 6.00 已退" in counter.text()


@pytest.mark.parametrize("code", [5015, 5016, 5017])
def test_what_a_channel_refuses_is_paid_in_cash_once(tmp_path, code):
    counter, known = by_code(tmp_path)
    give(counter, known)
    (sent,) = shop.of_kind(counter, RefundSent)
    shop.heard(counter, sent.refund_no, "failed", code)
    counter.keys("OK MENU 5")
    assert "有 1 笔退款未完成" in counter.text()
    counter.keys("F2 OK")
    assert counter.screen == "InCash"
    assert f"[{code}]" in counter.text()
    counter.keys("OK")
    (turned,) = shop.of_kind(counter, RefundTurned)
    assert (turned.amount_fen, turned.trace) == (600, shop.refunds(counter)[0].trace)
    assert "付现金 6.00" in counter.text()
    shop.heard(counter, sent.refund_no, "refunded")  # late: it stays paid in cash, and is told by the payments desk
    counter.keys("OK MENU 5 F2")
    assert "没有未完成的退款" in counter.text()
    assert len(shop.of_kind(counter, RefundTurned)) == 1
    assert counter.ledger.differences() == []


def test_a_refund_under_way_is_never_turned_into_cash(tmp_path):
    counter, known = by_code(tmp_path)
    give(counter, known).keys("OK MENU 5 F2 OK")
    assert "[5018]" in counter.text()
    from firmware.txn.refund_parts import TurnRefund

    (sent,) = shop.of_kind(counter, RefundSent)
    for state in ("unknown", "processing"):
        shop.heard(counter, sent.refund_no, state)
        assert counter.terminal.do(TurnRefund(sent.refund_no)).code == 5018
    shop.heard(counter, sent.refund_no, "refunded")
    assert counter.terminal.do(TurnRefund(sent.refund_no)).code == 4010


def test_an_empty_merchant_account_may_be_asked_again_under_the_same_number(tmp_path):
    counter, known = by_code(tmp_path)
    give(counter, known)
    (sent,) = shop.of_kind(counter, RefundSent)
    shop.heard(counter, sent.refund_no, "failed", 5017)
    counter.keys("OK MENU 5 F2 F2")
    again = shop.of_kind(counter, RefundSent)
    assert [each.refund_no for each in again] == [sent.refund_no] * 2
    assert "处理中" in counter.text()


# --- sales of another terminal ---------------------------------------------------------------------------------------------


def foreign(counter: Counter, **told) -> AnswerSale:
    known = shop.sold(counter, shop.line("可乐", 3000))
    import msgspec

    sale = msgspec.structs.replace(known.sale, batch=7, trace=1)
    return AnswerSale("00019999-000007-000001", 0, "00019999", 77, 30, known.origin.at_ms, sale, **told)


def found_elsewhere(tmp_path, **told) -> Counter:
    counter = shop.online(till(tmp_path))
    answer = foreign(counter, **told)
    counter.keys("MENU 5").scan(slip_code("00019999", 3, 7, 1))
    assert counter.screen == "Looking"
    assert [ask.key for ask in asked(counter, AskSale)] == [answer.key]
    shop.answer(counter, answer)
    assert counter.screen == "FoundSale"
    return counter


def test_a_sale_of_another_terminal_is_looked_up_and_reserved_before_it_goes_back(tmp_path):
    counter = found_elsewhere(tmp_path, given_back={"0": 1000}, given_back_fen=350)
    assert "原单终端 00019999" in counter.text()
    assert "可退 7.00" in counter.text()
    counter.keys("OK 1 OK")
    assert counter.screen == "Reserving"
    assert shop.refunds(counter) == []
    (reserve,) = shop.of_kind(counter, ReserveSent)
    (ask,) = asked(counter, AskReserve)
    assert (ask.refund_no, ask.terminal, ask.seq, ask.quantities) == (reserve.reserve_no, "00019999", 30, {"0": 2000})
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))
    (back,) = shop.refunds(counter)
    assert (back.way, back.total_fen, back.reserve_no) == ("refund", 700, ask.refund_no)
    assert back.origin == Origin("00019999", 77, 30, 7, 1, back.origin.at_ms)
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))  # a second answer
    assert len(shop.refunds(counter)) == 1
    assert counter.ledger.differences() == []


@pytest.mark.parametrize("code", [6014, 5015])
def test_what_another_terminal_gave_back_first_is_refused(tmp_path, code):
    counter = found_elsewhere(tmp_path).keys("OK 1 OK")
    (ask,) = asked(counter, AskReserve)
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=False, code=code))
    assert f"[{code}]" in counter.text()
    assert shop.refunds(counter) == []
    assert [end.code for end in shop.of_kind(counter, ReserveEnded)] == [code]


def test_a_lost_answer_is_asked_for_again_under_the_same_number_even_after_a_power_cut(tmp_path):
    counter = found_elsewhere(tmp_path).keys("OK 1 OK")
    (first,) = asked(counter, AskReserve)
    counter.pass_time(4_100)
    assert asked(counter, AskReserve) == [first, first]
    counter.cut()
    counter.boot().sign_on()
    shop.as_supervisor(shop.online(counter))
    counter.keys("MENU 5 F2")
    assert "等待后台核对" in counter.text()
    counter.keys("OK")
    assert asked(counter, AskReserve) == [first]
    shop.answer(counter, AnswerReserve(first.refund_no, granted=True))
    (back,) = shop.refunds(counter)
    assert (back.total_fen, back.reserve_no) == (1050, first.refund_no)


def test_an_answer_nobody_waits_for_pays_nobody(tmp_path):
    counter = found_elsewhere(tmp_path).keys("OK 1 OK CANCEL")
    (ask,) = asked(counter, AskReserve)
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))
    assert shop.refunds(counter) == []
    counter.keys("MENU 5 F2 F2")
    (_, released) = asked(counter, AskReserve)
    assert (released.refund_no, released.quantities) == (ask.refund_no, {})
    assert counter.ledger.read("SELECT * FROM reservation") == []


def test_no_answer_at_all_says_where_to_look(tmp_path):
    counter = shop.online(till(tmp_path)).keys("MENU 5").scan("4200001234202611221234567890")
    counter.pass_time(6_000)
    assert "[6015]" in counter.text()
    counter.keys("OK").scan("4200001234202611221234567890")
    counter.step(AskFailed("4200001234202611221234567890", "sale"))
    assert "[6015]" in counter.text()
    counter.keys("OK").scan("4200001234202611221234567890")
    shop.answer(counter, AnswerSale("4200001234202611221234567890", 6009))
    assert "[6009]" in counter.text()


def test_a_sale_that_does_not_add_up_is_not_believed(tmp_path):
    import msgspec

    counter = shop.online(till(tmp_path))
    answer = foreign(counter)
    counter.keys("MENU 5").scan(slip_code("00019999", 3, 7, 1))
    shop.answer(counter, msgspec.structs.replace(answer, sale=msgspec.structs.replace(answer.sale, due_fen=99_999)))
    assert "[6009]" in counter.text()
    assert "quarantined" in counter.facts()


# --- our own sale, known elsewhere ------------------------------------------------------------------------------------


def test_online_the_backend_is_asked_about_our_own_sale_too(tmp_path):
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line("可乐", 3000))
    counter.keys(f"MENU 5 {known.sale.trace} OK")
    assert "可退 10.50" in counter.text()
    key = asked(counter, AskSale)[0].key
    shop.answer(counter, AnswerSale(
        key, 0, "00010023", known.origin.epoch, known.origin.seq, known.origin.at_ms, known.sale, {"0": 1000}, 350,
    ))  # fmt: skip
    assert "可退 7.00" in counter.text()


@pytest.mark.parametrize("how", ["silence", "never left", "not there yet"])
def test_our_own_sale_goes_back_by_what_we_know_when_the_backend_cannot_say(tmp_path, how):
    counter = shop.online(till(tmp_path))
    known = shop.sold(counter, shop.line("可乐", 3000))
    counter.keys(f"MENU 5 {known.sale.trace} OK OK 1 OK")
    (ask,) = asked(counter, AskReserve)
    assert counter.screen == "Reserving"
    match how:
        case "silence":
            counter.pass_time(4_100)
        case "never left":
            counter.step(AskFailed(ask.refund_no, "reserve"))
        case _:
            shop.answer(counter, AnswerReserve(ask.refund_no, granted=False, code=6009))
    assert counter.screen == "GivenBack"
    assert shop.refunds(counter)[0].reserve_no == ask.refund_no


def test_a_power_cut_at_any_record_loses_nothing_and_gives_nothing_twice(tmp_path):
    """After each fact of a refund by code, as the journal lies on the card then: the whole of it or the whole of nothing."""
    counter, known = by_code(tmp_path)
    counter.keys(f"MENU 5 {known.sale.trace} OK OK 1 OK")
    counter.cut()  # after the reservation
    counter.boot().sign_on()
    shop.as_supervisor(shop.online(counter))
    assert shop.refunds(counter) == []
    counter.keys(f"MENU 5 {known.sale.trace} OK OK")
    assert "[5018]" in counter.text(), "it is not begun a second time"
    counter.keys("OK CANCEL F2 OK")
    (ask,) = asked(counter, AskReserve)
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))
    counter.cut()  # after the refund
    counter.boot()
    assert [len(shop.of_kind(counter, kind)) for kind in (Refund, RefundSent)] == [1, 1]
    assert counter.pulses() == [], "a boot opens no drawer"
    assert counter.ledger.differences() == []


def test_switching_off_cash_for_codes_leaves_it_on_the_list(tmp_path):
    counter = shop.online(till(tmp_path, refunds={"cash_for_codes": False}))
    known = shop.sold(counter, shop.line(price=1000), codes=(600,))
    give(counter, known)
    (sent,) = shop.of_kind(counter, RefundSent)
    shop.heard(counter, sent.refund_no, "failed", 5016)
    counter.keys("OK MENU 5 F2 OK OK")
    assert "[2005]" in counter.text()
    assert shop.of_kind(counter, RefundTurned) == []


def test_in_english(tmp_path):
    counter = sold_cola(till(tmp_path)).keys("MENU 9 5 CANCEL CANCEL MENU 5 1 OK")
    assert "Void all" in counter.text()
    assert replace(counter.terminal.context()).lang == "en"


def test_a_refund_slip_that_was_not_printed_waits_among_the_unfinished(tmp_path):
    counter = sold_cola(till(tmp_path))
    counter.prints = "not_printed"
    counter.keys("MENU 5 1 OK OK 1 OK OK MENU 4 9")
    assert "000001-000002" in counter.text()
    assert "7.00" in counter.text()
