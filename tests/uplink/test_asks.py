"""Asks about money on a real broker: published as the table says, never late, never seen, answers read or put aside."""

import logging

import msgspec
import pytest

from firmware.drivers.uplink import incoming
from firmware.events import Answered, Ask, AskFailed, LinkDown, LinkUp, WireGarbage
from rules.errors import error
from tests.bus import Bus, Publisher
from tests.journals import Journal
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.oracle import Oracle
from tests.uplink.pump import Pump
from wire.channels import money_channel
from wire.facts import Line, Sale, TenderPart
from wire.messages import (
    AnswerPayment,
    AnswerRefund,
    AnswerReserve,
    AnswerSale,
    AnswerTotals,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskReserve,
    AskReverse,
    AskSale,
    AskTotals,
    MoneyAnswer,
    MoneyAsk,
    ask_key,
    ask_kind,
)

ORDER, REFUND = "20261122000100230100000100004501", "000100230100000100004501R01"
SECRET = "134567890123456789"
PAY = AskPay(ORDER, "wechat", SECRET, 1050, "Shop", "01", 8_000)
ASKS: list[MoneyAsk] = [
    PAY,
    AskQuery(ORDER),
    AskReverse(ORDER),
    AskRefund(REFUND, ORDER, 500, "wrong"),
    AskRefundQuery(REFUND, ORDER),
    AskSale("000100-000045"),
    AskReserve(REFUND, "00010024", 4711, 9, {"0": 1000}, 500),
    AskTotals(4711, 100, 17),
]
SALE = Sale(
    1, 1, "01", "2026-11-22", (Line("1", "Cola", 2000, 525, 1050),), 1050, 0, 1050,
    (TenderPart("cash", 2000, 950),), 0,
)  # fmt: skip
ANSWERS: list[MoneyAnswer] = [
    AnswerPayment(ORDER, "pay", "paid", channel_no="4200001", paid_fen=1050),
    AnswerRefund(REFUND, "processing"),
    AnswerSale("000100-000045", 0, "00010024", 4711, 9, 1, SALE, {"0": 1000}, 525),
    AnswerSale("nothing", 6009),
    AnswerReserve(REFUND, True),
    AnswerTotals(4711, 100, 17, True, {"sales": 3}),
]


def pump_to(it: Broker) -> Pump:
    return Pump(Journal(), it.host, it.port)


def up(pump: Pump) -> None:
    pump.until(lambda: pump.met(LinkUp), "LinkUp")


def test_every_ask_is_published_on_its_channel_and_is_valid(broker: Broker) -> None:  # noqa: F811
    with Bus(broker) as bus, pump_to(broker) as pump:
        up(pump)
        for ask in ASKS:
            pump.uplink.carry_out(Ask(0, ask))
        topics = [money_channel(ask).topic("T0001") for ask in ASKS]
        bus.until(lambda: all(bus.on(topic) for topic in topics))
        oracle = Oracle()
        for topic, ask in zip(topics, ASKS, strict=True):
            (payload,) = bus.on(topic)
            assert msgspec.json.decode(payload, type=type(ask)) == ask
            assert oracle.faults(topic, payload) == []
        assert "answer" in pump.uplink.waiting()


def test_every_answer_reaches_the_core(broker: Broker) -> None:  # noqa: F811
    publisher = Publisher(broker)
    with pump_to(broker) as pump:
        up(pump)
        for answer in ANSWERS:
            publisher.send("pos/v1/T0001/dn/answer", msgspec.json.encode(answer))
        pump.until(lambda: len(pump.met(Answered)) == len(ANSWERS), "answers")
        assert [event.answer for event in pump.met(Answered)] == ANSWERS
    publisher.close()


def test_an_answered_ask_is_waited_for_no_longer(broker: Broker) -> None:  # noqa: F811
    publisher = Publisher(broker)
    with Bus(broker) as bus, pump_to(broker) as pump:
        up(pump)
        pump.uplink.carry_out(Ask(0, PAY))
        bus.until(lambda: bus.on("pos/v1/T0001/up/ask/pay"))
        publisher.send("pos/v1/T0001/dn/answer", msgspec.json.encode(ANSWERS[0]))
        pump.until(lambda: pump.met(Answered) and "answer" not in pump.uplink.waiting(), "nothing waits")
    publisher.close()


def test_without_a_session_an_ask_fails_at_once_and_never_leaves(broker: Broker) -> None:  # noqa: F811
    with pump_to(broker) as pump:
        up(pump)
        broker.kill()
        pump.until(lambda: pump.met(LinkDown), "LinkDown")
        for ask in ASKS:
            pump.uplink.carry_out(Ask(0, ask))
        pump.until(lambda: len(pump.met(AskFailed)) == len(ASKS), "failures")
        assert pump.met(AskFailed) == [AskFailed(ask_key(ask), ask_kind(ask)) for ask in ASKS]
        broker.start()
        with Bus(broker) as bus:
            pump.until(lambda: len(pump.met(LinkUp)) == 2, "the link again")
            pump.uplink.carry_out(Ask(0, AskQuery(ORDER)))
            bus.until(lambda: bus.on("pos/v1/T0001/up/ask/query"))
            assert not bus.on("pos/v1/T0001/up/ask/pay"), "an ask of before the break left after it"


def test_an_ask_the_broker_refuses_has_failed(tmp_path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite pos/v1/T0001/dn/#\ntopic readwrite pos/v1/T0001/up/state\n")
    acl.chmod(0o644)
    with Broker(tmp_path, f"acl_file {acl}") as denying, pump_to(denying) as pump:
        up(pump)
        pump.uplink.carry_out(Ask(0, AskQuery(ORDER)))
        pump.until(lambda: pump.met(AskFailed), "AskFailed")
        assert pump.met(AskFailed)[0] == AskFailed(ORDER, "query")


def test_the_customers_code_is_nowhere_to_be_read(broker: Broker, caplog) -> None:  # noqa: F811
    caplog.set_level(logging.DEBUG)
    with Bus(broker) as bus, pump_to(broker) as pump:
        up(pump)
        pump.uplink.carry_out(Ask(0, PAY))
        bus.until(lambda: bus.on("pos/v1/T0001/up/ask/pay"))
        link = pump.uplink._link
        assert SECRET not in repr(link) + repr(Ask(0, PAY)) + str(PAY) + repr(pump.events) + caplog.text
        broker.kill()
        pump.until(lambda: pump.met(LinkDown), "LinkDown")
        pump.uplink.carry_out(Ask(0, PAY))
        pump.until(lambda: pump.met(AskFailed), "AskFailed")
        assert SECRET not in repr(pump.events) + caplog.text


def _changed(answer: MoneyAnswer, **fields: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(answer) | fields)


@pytest.mark.parametrize(
    "payload",
    [
        _changed(ANSWERS[0], order_no="short"),
        _changed(ANSWERS[0], state="perhaps"),
        _changed(ANSWERS[0], paid_fen=-1),
        _changed(ANSWERS[0], paid_fen=10**15),
        _changed(ANSWERS[0], code=70_000),
        _changed(ANSWERS[0], channel_no="x" * 65),
        _changed(ANSWERS[0], channel_no="\x1b[2J"),
        _changed(ANSWERS[1], state="paid"),
        _changed(ANSWERS[2], given_back={"7": 1}),
        _changed(ANSWERS[2], given_back={"0": 2001}),
        _changed(ANSWERS[3], given_back={"0": 1}),
        _changed(ANSWERS[4], granted="yes"),
        _changed(ANSWERS[5], totals={"x" * 65: 1}),
        _changed(ANSWERS[5], totals={str(n): n for n in range(201)}),
        _changed(ANSWERS[5], upto=2**60),
        b'{"type":"nobody"}',
        b'{"type":"payment"}',
        b"[" * 5_000,
        b"",
    ],
)
def test_a_damaged_answer_is_put_aside(payload: bytes) -> None:
    assert isinstance(incoming.read("T0001", "pos/v1/T0001/dn/answer", payload), incoming.Unreadable)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (ANSWERS[0], {"state": "failed", "code": 5098}),
        (ANSWERS[1], {"state": "failed", "code": 5099}),
        (ANSWERS[3], {"code": 6099}),
        (ANSWERS[4], {"granted": False, "code": 9999}),
    ],
)
def test_a_code_of_a_newer_backend_is_one_that_can_be_shown(answer: MoneyAnswer, fields: dict[str, object]) -> None:
    read = incoming.read("T0001", "pos/v1/T0001/dn/answer", _changed(answer, **fields))
    assert isinstance(read, incoming.Money)
    assert not isinstance(read.answer, AnswerTotals)
    assert read.unknown_code == fields["code"]
    assert read.answer.code == 1009
    assert error(read.answer.code).zh
    same = msgspec.structs.replace(read.answer, code=fields["code"])
    assert same == msgspec.json.decode(_changed(answer, **fields), type=type(answer))


def test_the_unknown_code_itself_is_put_on_record(broker: Broker) -> None:  # noqa: F811
    publisher = Publisher(broker)
    with pump_to(broker) as pump:
        up(pump)
        publisher.send("pos/v1/T0001/dn/answer", _changed(ANSWERS[0], state="failed", code=5098))
        pump.until(lambda: pump.met(Answered), "the answer")
        assert [event.reason for event in pump.met(WireGarbage)] == ["code 5098 is not known here"]
    publisher.close()


@pytest.mark.parametrize("at_ms", [2**62, 4_102_444_800_001, -1])
def test_a_sale_of_no_time_is_put_aside(at_ms: int) -> None:
    payload = _changed(ANSWERS[2], at_ms=at_ms)
    assert isinstance(incoming.read("T0001", "pos/v1/T0001/dn/answer", payload), incoming.Unreadable)


def test_an_answer_to_another_terminal_is_put_aside(broker: Broker) -> None:  # noqa: F811
    payload = msgspec.json.encode(ANSWERS[0])
    assert isinstance(incoming.read("T0001", "pos/v1/T0002/dn/answer", payload), incoming.Unreadable)
    publisher = Publisher(broker)
    with pump_to(broker) as pump:
        up(pump)
        publisher.send("pos/v1/T0001/dn/answer", payload[:-3])
        pump.until(lambda: pump.met(WireGarbage), "WireGarbage")
        assert not pump.met(Answered)
    publisher.close()
