"""What only a real channel can do wrong: answers late, never, broken, or by somebody else."""

import logging
import ssl
import threading

import pytest

from fleet.acquirer.adapters.adapter import Adapter
from fleet.acquirer.codes import provided_table
from fleet.acquirer.port import NO_ANSWER, Reply
from tests.fleet_acquirers.benches import (
    IMPATIENT_MS,
    PATIENT_MS,
    AlipayBench,
    WeChatBench,
    number,
)
from tests.standins.pay_server import UNBELIEVED
from tests.standins.server import Fault

BEFORE = ("dropped", "http500", "http429", "garbage_before", "moved")
AFTER = ("lost", "garbage", "huge", "types", *UNBELIEVED)


@pytest.mark.parametrize("how", BEFORE + AFTER)
def test_a_bad_answer_to_a_payment_is_unknown_and_a_query_finds_out(real, how) -> None:
    real.misbehave("pay", how)
    assert real.pay() == NO_ANSWER
    found = real.query()
    assert found.state == ("absent" if how in BEFORE else "paid")
    assert real.taken() == (0 if how in BEFORE else 1)


@pytest.mark.parametrize("how", BEFORE + AFTER)
def test_a_bad_answer_to_a_query_answers_nothing(real, how) -> None:
    real.pay()
    real.misbehave("query", how)
    assert real.query() == NO_ANSWER
    assert real.query().state == "paid"


@pytest.mark.parametrize("how", [*BEFORE, "lost", "garbage", "huge", *UNBELIEVED])
def test_a_bad_answer_to_a_reversal_is_asked_again(real, how) -> None:
    real.pay()
    real.misbehave("reverse", how)
    assert real.reverse().state == "unknown"
    assert real.reverse().state == "reversed"
    assert (real.server.books.count("given back"), real.held_fen()) == (1, 0)


@pytest.mark.parametrize("how", BEFORE + AFTER)
def test_a_bad_answer_to_a_refund_gives_back_once(real, how) -> None:
    real.pay()
    real.misbehave("refund", how)
    assert real.refund(300).state == "unknown"
    assert real.refund(300).state == "refunded"
    assert (real.server.books.count("refunded"), real.held_fen()) == (1, 750)


@pytest.mark.parametrize("how", UNBELIEVED)
def test_an_answer_nobody_vouches_for_is_alarmed(real, caplog, how) -> None:
    real.misbehave("pay", how)
    real.pay()
    assert real.alarms == [real.channel]
    errors = [each for each in caplog.records if each.levelno == logging.ERROR and each.name.startswith("fleet")]
    assert len(errors) == 1
    assert "not believed" in errors[0].getMessage()


def test_a_forged_refusal_does_not_make_a_payment_fail(real) -> None:
    """Otherwise whoever stands in between could have goods paid twice."""
    real.customer_types()
    real.pay()
    real.misbehave("pay", "forged")
    real.refuse("query", "not enabled")
    assert real.pay() == NO_ANSWER
    assert real.query().state == "unknown"


def test_a_password_changed_into_a_success_is_not_believed(real) -> None:
    real.customer_types()
    real.misbehave("pay", "tampered")
    assert real.pay() == NO_ANSWER
    assert real.query().state == "paying"


def test_an_honest_outage_alarms_nobody(real) -> None:
    real.misbehave("pay", "http500", "dropped", "lost")
    for index in (1, 2, 3):
        real.pay(index=index)
    assert real.alarms == []


@pytest.mark.parametrize("how", ["hang", "late"])
def test_an_answer_that_does_not_come_is_waited_for_a_while_only(real, how) -> None:
    before = real.server.effects
    real.misbehave("pay", how)
    assert real.pay(patience_ms=IMPATIENT_MS) == NO_ANSWER
    real.server.wait_effects(before + 1)
    assert (real.query().state, real.taken()) == ("paid", 1), "done after we gave up, and found"


def test_a_channel_that_is_not_there_is_unknown(real) -> None:
    held, real.server.address = real.server.address, "http://127.0.0.1:1"
    try:
        real._made = {PATIENT_MS: Adapter(real.dialect(PATIENT_MS), provided_table(), real.clock, real.alarms.append)}
    finally:
        real.server.address = held
    assert real.pay() == NO_ANSWER
    assert real.alarms == []


def test_a_wrong_key_opens_nothing_and_is_said(real, caplog) -> None:
    real.adapter()
    real.server.callers, held = real.server.strangers, real.server.callers
    try:
        reply = real.pay()
    finally:
        real.server.callers = held
    assert (reply.state, reply.code) in (("failed", 5014), ("failed", 1009)), (
        "the channel said, signed, that it did nothing"
    )
    assert real.server.turned_away
    assert real.taken() == 0


def test_somebody_elses_order_is_no_answer(real) -> None:
    real.pay()
    real.pay(index=2)
    trades = real.server.books.trades
    trades[number(1)], trades[number(2)] = trades[number(2)], trades[number(1)]
    assert real.query() == NO_ANSWER
    assert real.query(2) == NO_ANSWER


def test_paid_with_another_amount_is_not_taken_for_paid(real) -> None:
    told = real.server._told

    def other(trade):
        trade.fen += 1
        return told(trade)

    real.server._told = other
    try:
        assert real.pay(index=2) == NO_ANSWER
        assert real.pay(index=3) == NO_ANSWER
    finally:
        del real.server._told


def test_what_a_customer_is_not_seen_with_yet_is_not_reversed_before_its_code_is_dead(real) -> None:
    """A payment still on its way must not come after its reversal."""
    real.misbehave("pay", "dropped")
    real.pay()
    assert real.reverse(after_ms=20_000) == Reply("unknown", 5009)
    assert real.reverse(after_ms=60_000).state == "reversed"


def test_a_channel_that_wants_a_reversal_repeated_gets_it_repeated(real) -> None:
    real.pay()
    real.server.wants_recall = True
    assert real.reverse() == Reply("unknown", 5009)
    assert real.reverse().state == "reversed"


def test_order_numbers_travel_as_they_are_and_codes_in_no_address(real) -> None:
    code = real.code()
    real.pay(code=code)
    real.query()
    real.refund(300)
    real.refund_query()
    real.reverse()
    asked = dict(real.server.asked)
    assert asked["pay"]["out_trade_no"] == number()
    assert asked["query"]["out_trade_no"] == number()
    assert not any(code in address for address in real.server.addresses)


@pytest.mark.parametrize("subject", ["", "可乐,薯片" * 60, 'a"}{', "“&=%+ 引号", "\\"])
def test_any_subject_is_carried(real, subject) -> None:
    assert real.pay(subject=subject).state == "paid"
    assert real.server.turned_away == []


def test_no_log_and_no_stream_holds_a_code_a_key_or_a_person(real, caplog, capfd) -> None:
    caplog.set_level(logging.DEBUG)
    codes = [real.code() for _ in range(8)]
    hows = ("", *UNBELIEVED, "lost", "garbage", "types", "http500")
    replies = []
    for index, (code, how) in enumerate(zip(codes, hows, strict=True), 1):
        if how:
            real.misbehave("pay", how)
        replies += [real.pay(code=code, index=index), real.query(index)]
    real.misbehave("refund", "forged", "types")
    replies += [real.refund(10), real.refund(10), real.refund(10), real.refund_query(), real.reverse(2)]
    seen = "".join(
        each.getMessage() + (each.exc_text or "")
        for each in caplog.records
        if not each.name.startswith(("uvicorn", "asyncio"))
    )
    streams = capfd.readouterr()
    seen += streams.out + streams.err + repr(replies)
    assert "not believed" in seen
    for secret in (*codes, *real.secrets):
        assert secret not in seen


def test_several_threads_may_call_at_once(real) -> None:
    replies: dict[int, Reply] = {}
    codes = {index: real.code() for index in range(1, 9)}
    threads = [
        threading.Thread(target=lambda at=index: replies.update({at: real.pay(100 + at, at, codes[at])}))
        for index in codes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {index: reply.paid_fen for index, reply in replies.items()} == {index: 100 + index for index in codes}


def test_every_row_of_the_table_of_codes_means_what_it_says(real) -> None:
    """Said by the channel to the call the row is for."""
    states = ("WAIT_BUYER_PAY",)  # of a trade: met in a query
    rows = [row for row in provided_table().code if row.channel == real.channel and row.code not in states]
    real.pay(index=200)
    for index, row in enumerate(rows, 1):
        call = row.call or "pay"
        real.server.misbehave(call, Fault("error", row.code, row.text))
        match call:
            case "refund":
                reply = real.refund(1, index=200)
            case "reverse":
                reply = real.reverse(index=200)
            case _:
                reply = real.pay(index=index)
        state = {"pay": "failed", "refund": "failed", "reverse": "refused"}[call] if row.definite else "unknown"
        if row.ours == 5005:
            state = "paying"
        assert (reply.state, reply.code) == (state, row.ours), row


# --- WeChat Pay alone ---


@pytest.fixture
def wx(channels, tmp_path):
    return WeChatBench(channels(WeChatBench.server_class), tmp_path)


def test_wechat_is_asked_to_reverse_no_sooner_than_it_wants(wx) -> None:
    wx.pay()
    assert wx.reverse(after_ms=14_999) == Reply("unknown", 5009)
    assert [name for name, _asked in wx.server.asked] == ["pay"], "it was not even asked"
    assert wx.reverse(after_ms=15_000).state == "reversed"


def test_a_clock_that_was_set_back_holds_up_no_reversal(wx) -> None:
    wx.pay()
    assert wx.reverse(after_ms=-3_600_000).state == "reversed"


def test_a_copy_of_an_old_answer_is_not_believed(wx) -> None:
    wx.misbehave("pay", "stale")
    assert wx.pay() == NO_ANSWER
    assert wx.alarms == ["wechat"]


@pytest.mark.parametrize(
    ("state", "told"),
    [("processing", ("processing", 5018)), ("odd", ("processing", 5018)), ("closed", ("failed", 5016))],
)
def test_a_refund_in_process_at_wechat_is_waited_for(wx, state, told) -> None:
    wx.pay()
    wx.server.slow_refunds = True
    assert wx.refund(300).state == "processing"
    (back,) = wx.server.books.backs.values()
    back.state = state
    reply = wx.refund_query()
    assert (reply.state, reply.code) == told
    wx.server.finish_refunds()
    assert wx.refund_query().state == "refunded"


@pytest.mark.parametrize(
    ("code", "words", "ours"),
    [
        ("AUTH_CODE_INVALID", "101 付款码已过期，请退出重试", 5002),
        ("AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试", 5003),
        ("AUTH_CODE_INVALID", "付款码无效", 5001),
        ("AUTH_CODE_ERROR", "", 5001),
        ("NOT_ENOUGH", "", 5004),
        ("NOTSUPORTCARD", "", 5021),
        ("TRADE_ERROR", "", 5019),
        ("SIGN_ERROR", "", 5014),
        ("PARAM_ERROR", "", 1009),
    ],
)
def test_wechats_refusals_in_our_codes(wx, code, words, ours) -> None:
    wx.server.misbehave("pay", Fault("error", code, words))
    assert wx.pay() == Reply("failed", ours)


# --- Alipay alone ---


@pytest.fixture
def ali(channels, tmp_path):
    return AlipayBench(channels(AlipayBench.server_class), tmp_path)


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("ACQ.SOUNDWAVE_PARSER_FAIL", Reply("failed", 5001)),
        ("ACQ.TRADE_HAS_SUCCESS", Reply("unknown", 5010)),
        ("ACQ.CONTEXT_INCONSISTENT", Reply("unknown", 5010)),
        ("ACQ.PAYMENT_REQUEST_HAS_RISK", Reply("failed", 5019)),
        ("ACQ.SYSTEM_ERROR", Reply("unknown", 5007)),
        ("aop.ACQ.SYSTEM_ERROR", Reply("unknown", 5007)),
        ("20000", Reply("unknown", 5007)),
        ("isv.invalid-signature", Reply("failed", 1009)),
    ],
)
def test_alipays_refusals_in_our_codes(ali, code, reply) -> None:
    ali.server.misbehave("pay", Fault("error", code, "…"))
    assert ali.pay() == reply


def test_alipay_given_back_whole_holds_nothing(ali) -> None:
    ali.pay()
    ali.refund(1050)
    assert ali.query().state == "reversed"


def test_alipay_cancels_at_once(ali) -> None:
    ali.pay()
    assert ali.reverse(after_ms=0).state == "reversed"


def test_importing_the_package_leaves_everybodys_logging_alone() -> None:
    import logging.config

    from fleet.acquirer.adapters import alipay_door

    logger = logging.getLogger("python-alipay-sdk")
    assert logger.handlers == []
    assert logger.disabled
    assert alipay_door.logging.config.dictConfig is logging.config.dictConfig
    assert logging.config.dictConfig.__module__ == "logging.config"


def test_a_certificate_of_nobody_is_refused(channels, tmp_path) -> None:
    """Over TLS, a server that cannot prove to be the channel is no channel; the trust store is httpx's."""
    from fleet.doors.web import _trusted

    assert _trusted().verify_mode is ssl.CERT_REQUIRED
    assert _trusted().check_hostname
