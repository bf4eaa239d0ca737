"""`posfleet serve` with real channels, as a process between a real broker and the channels' stand-ins."""

import msgspec

from fleet.doors.clock import SystemClock
from tests.backend import Served
from tests.bus import Bus, Publisher
from tests.fleet_acquirers.benches import TERMINAL, number
from tests.fleet_acquirers.test_registry import kept, servers, words  # noqa: F401 - the fixtures
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from wire.messages import Answer, AnswerPayment, AskPay, AskQuery

CODES = ("134567890123450001", "284567890123450002", "134567890123450003")


def test_customers_pay_by_code_and_nothing_of_it_is_said_aloud(tmp_path, broker: Broker, servers, words) -> None:  # noqa: F811
    wx, ali, _clock = servers
    for server in (wx, ali):
        server.reset(SystemClock())
    wx.misbehave("query", "forged")
    path = kept(tmp_path / "channels.toml", "".join(words))
    asks = f"pos/v1/{TERMINAL}/up/ask/"
    publisher = Publisher(broker)
    with Served(tmp_path / "fleet", broker.port, "--acquirer-credentials", str(path)) as served, Bus(broker) as bus:

        def answers() -> list[AnswerPayment]:
            return [msgspec.json.decode(each, type=Answer) for each in bus.on(f"pos/v1/{TERMINAL}/dn/answer")]

        def asked(name: str, ask: AskPay | AskQuery) -> AnswerPayment:
            heard = len(answers())
            publisher.send(asks + name, msgspec.json.encode(ask))
            bus.until(lambda: len(answers()) > heard)
            return answers()[-1]

        wx.customers.extend(["pays", "types"])
        paid = [
            asked("pay", AskPay(number(index), channel, code, 1050, "Shop", "01", 60_000))
            for index, channel, code in zip((1, 2, 3), ("wechat", "alipay", "wechat"), CODES, strict=True)
        ]
        assert [(each.state, each.code, each.paid_fen) for each in paid] == [
            ("paid", 0, 1050),
            ("paid", 0, 1050),
            ("paying", 5005, 0),
        ]
        assert asked("query", AskQuery(number(3))).state == "paying", "what a stranger says changes nothing"
        code, errors = served.end()
    publisher.close()
    assert code == 0
    assert "payment channel wechat was not signed by it" in errors
    assert "Next: look what stands between" in errors
    assert not (tmp_path / "fleet" / "acquirer.db").exists()
    for secret in (*CODES, "openid", "PRIVATE KEY"):
        assert secret not in errors
    assert (wx.books.count("taken"), ali.books.count("taken")) == (1, 1)
