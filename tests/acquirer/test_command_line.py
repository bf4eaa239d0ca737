"""`posfleet acquirer` and `posfleet serve` with the simulated acquirer, as a person and a broker use them."""

import json
from pathlib import Path

import msgspec
import pytest

from fleet.__main__ import main
from rules.orders import order_no
from tests.backend import Served
from tests.bus import Bus, Publisher
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.oracle import Oracle
from wire.messages import AnswerPayment, AskPay, AskQuery

TERMINAL = "00010023"
CODE = "134567890123450000"


def number(trace: int) -> str:
    return order_no("2026-11-22", TERMINAL, 1, 1, trace, 1)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["--lang", "en", "acquirer", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_steps_are_added_listed_and_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    code, out, _ = run(capsys, "script", "play=refuse", "code=NOTENOUGH", "amount_fen=1313", "times=0", *data)
    assert code == 0
    assert "play=refuse" in out
    assert "∞" in out
    code, out, _ = run(capsys, "script", "play=late", "after_ms=60000", "--json", *data)
    assert [json.loads(line)["step"]["play"] for line in out.splitlines()] == ["refuse", "late"]
    code, out, _ = run(capsys, "script", "--clear", "--json", *data)
    assert (code, out) == (0, "")


@pytest.mark.parametrize(
    "words", [["script", "play=dance"], ["script", "nonsense"], ["script", "--file", "/nowhere.toml"]]
)
def test_a_bad_step_is_refused_with_the_way_out(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = run(capsys, *words, "--data", str(tmp_path))
    assert code == 2
    assert "Next:" in error


def test_books_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, "books", "--data", str(tmp_path))
    assert code == 3
    assert "acquirer.db" in error
    code, _, error = run(capsys, "statement", "wechat", "22.11.2026", "--data", str(tmp_path))
    assert code == 2


def test_the_served_backend_takes_money_by_script_and_writes_the_statement(
    tmp_path: Path,
    broker: Broker,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    scenario = tmp_path / "day.toml"
    scenario.write_text('[[step]]\ncode_ends = "0004"\nplay = "refuse"\ncode = "NOTENOUGH"\n')
    data = tmp_path / "fleet"
    topic = f"pos/v1/{TERMINAL}/up/ask/"
    answers = f"pos/v1/{TERMINAL}/dn/answer"
    publisher = Publisher(broker)
    with Served(data, broker.port, "--scenario", str(scenario)) as served, Bus(broker) as bus:
        asks = [(1, CODE), (2, CODE[:-4] + "0004")]
        for trace, code in asks:
            ask = AskPay(number(trace), "wechat", code, 1050, "Shop", "01", 60_000)
            publisher.send(topic + "pay", msgspec.json.encode(ask))
        publisher.send(topic + "query", msgspec.json.encode(AskQuery(number(3))))
        bus.until(lambda: len(bus.on(answers)) == 3)
        got = {a.order_no: a for a in (msgspec.json.decode(raw, type=AnswerPayment) for raw in bus.on(answers))}
        assert [got[number(n)].state for n in (1, 2, 3)] == ["paid", "failed", "absent"]
        assert got[number(2)].code == 5004
        oracle = Oracle()
        assert [oracle.faults(*message) for message in bus.messages] == [[]] * len(bus.messages)
        code, out, _ = run(capsys, "books", "--json", "--data", str(data))
        (trade,) = [json.loads(line) for line in out.splitlines()]
        assert (trade["order_no"], trade["amount_fen"], trade["state"]) == (number(1), 1050, "success")
        assert served.end() == (0, "")
    publisher.close()
    for path in data.iterdir():
        assert CODE.encode() not in path.read_bytes(), path


def test_an_empty_statement_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "script", "play=late", "--data", str(tmp_path))
    for channel, suffix in (("wechat", "csv"), ("alipay", "zip")):
        path = tmp_path / f"bill.{suffix}"
        code, out, _ = run(capsys, "statement", channel, "2026-11-22", "--out", str(path), "--data", str(tmp_path))
        assert (code, str(path) in out, path.stat().st_size > 100) == (0, True, True)
