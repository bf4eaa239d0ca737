"""`posfleet vouchers` and `posfleet serve` with simulated platforms, as a person and a broker use them."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from fleet.__main__ import main
from fleet.china import day_of
from fleet.commands.vouchers import ROWS_SHOWN_MAX
from fleet.home import DATABASE, VOUCHERS
from fleet.sql import SqlStore
from fleet.vouchers.statement import written
from rules.demo_vouchers import demo_path
from rules.orders import voucher_no
from tests.backend import Served
from tests.bus import Bus, Publisher
from tests.fleet_vouchers.world import World, number
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from wire.vouchers import AnswerVoucher, AnswerVoucherPrepare, AskVoucherConsume, AskVoucherPrepare

TERMINAL = "00010023"
CODE = "100100000001"
NO = voucher_no(TERMINAL, 1, 1, 45, 1)


def run(capsys: pytest.CaptureFixture[str], *words: str, lang: str = "en") -> tuple[int, str, str]:
    code = main(["--lang", lang, "vouchers", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def at_noon(database: Path, day: str) -> None:
    """As if it had been redeemed at noon: about what lies within minutes of a midnight nobody can say whose day it is."""
    noon_ms = int(datetime.fromisoformat(f"{day}T12:00:00+08:00").timestamp() * 1_000)
    with closing(sqlite3.connect(database)) as books, books:
        books.execute("UPDATE voucher_uses SET used_ms = ?", (noon_ms,))


def test_deals_are_loaded_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    path = tmp_path / "deals.toml"
    path.write_text('[[deal]]\nplatform="own"\ndeal_id="A"\ntitle="five off"\nkind="cash"\nface_fen=500\n')
    assert run(capsys, "deals", "load", str(path), *data)[0] == 0
    code, out, _ = run(capsys, "deals", "list", *data)
    assert (code, "five off" in out, "5.00" in out) == (0, True, True)
    code, out, _ = run(capsys, "deals", "show", "A", *data)
    assert json.loads(out)["face_fen"] == 500
    assert run(capsys, "deals", "show", "B", *data)[0] == 2
    path.write_text("")
    run(capsys, "deals", "load", str(path), *data)
    assert run(capsys, "deals", "list", "--json", *data) == (0, "", "")


@pytest.mark.parametrize("text", ["[[deal]]\nx=1", "deal = 1", '[[deal]]\nplatform="own"\ndeal_id="A"', "\x00"])
def test_a_bad_file_of_deals_is_refused_with_the_way_out(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deals.toml"
    path.write_text(text)
    code, _, error = run(capsys, "deals", "load", str(path), "--data", str(tmp_path))
    assert (code, "Next:" in error) == (2, True)


def test_own_vouchers_are_issued_once_and_listed_without_their_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", str(tmp_path))
    path = tmp_path / "deals.toml"
    path.write_text('[[deal]]\nplatform="own"\ndeal_id="A"\ntitle="five off"\nkind="cash"\nface_fen=500\n')
    code, out, _ = run(capsys, "issue", str(path), "A", "--number", "3", "--batch", "spring", *data)
    codes = out.split()
    assert (code, len(codes), {len(each) for each in codes}) == (0, 3, {16})
    code, out, _ = run(capsys, "own", "--json", *data)
    rows = [json.loads(line) for line in out.splitlines()]
    assert {row["last4"] for row in rows} == {each[-4:] for each in codes}
    assert not any(each in out for each in codes)
    assert run(capsys, "issue", str(path), "B", *data)[0] == 2
    assert run(capsys, "issue", str(path), "A", "--number", "0", *data)[0] == 2
    assert codes[0].encode() not in (tmp_path / VOUCHERS).read_bytes()


def test_the_served_backend_redeems_and_reconciles(
    tmp_path: Path,
    broker: Broker,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "fleet"
    topic, answers = f"pos/v1/{TERMINAL}/up/ask/", f"pos/v1/{TERMINAL}/dn/answer"
    publisher = Publisher(broker)
    with Served(data, broker.port, "--voucher-deals", str(demo_path())) as served, Bus(broker) as bus:
        publisher.send(topic + "voucher_prepare", msgspec.json.encode(AskVoucherPrepare("l1", CODE, False)))
        bus.until(lambda: len(bus.on(answers)) == 1)
        prepared = msgspec.json.decode(bus.on(answers)[0], type=AnswerVoucherPrepare)
        ask = AskVoucherConsume(NO, "meituan", 1, 2_000, "01", prepared.coupons[0].ref)
        publisher.send(topic + "voucher_consume", msgspec.json.encode(ask))
        bus.until(lambda: len(bus.on(answers)) == 2)
        answer = msgspec.json.decode(bus.on(answers)[1], type=AnswerVoucher)
        assert (answer.state, answer.request_no) == ("consumed", NO)
        code, out, _ = run(capsys, "uses", "--json", "--data", str(data))
        (row,) = [json.loads(line) for line in out.splitlines()]
        assert (row["request_no"], row["state"], row["last4"]) == (NO, "consumed", "0001")
        assert CODE not in out
        assert run(capsys, "uses", "--state", "undone", "--json", "--data", str(data))[1] == ""
        assert served.end() == (0, "")
    publisher.close()
    day = day_of(row["used_ms"]).isoformat()
    path = tmp_path / "bill.csv"
    assert run(capsys, "statement", "meituan", day, "--out", str(path), "--data", str(data))[0] == 0
    code, out, _ = run(capsys, "reconcile", str(path), "--platform", "meituan", "--json", "--data", str(data))
    head, difference = [json.loads(line) for line in out.splitlines()]
    assert (code, head["pairs"], difference["code"], difference["what"]) == (1, 1, 8018, "no_sale")
    code, out, _ = run(capsys, "reconcile", str(path), "--platform", "meituan", "--data", str(data))
    assert "[8018]" in out
    whole = path.read_bytes()
    at_noon(data / DATABASE, day)
    path.write_bytes(written([]))
    code, out, _ = run(
        capsys, "reconcile", str(path), "--platform", "meituan", "--date", day, "--json", "--data", str(data)
    )
    head, difference = [json.loads(line) for line in out.splitlines()]
    assert (code, difference["code"], difference["what"]) == (1, 8014, "not_there")
    code, _, told = run(capsys, "reconcile", str(path), "--platform", "meituan", "--data", str(data))
    assert (code, "[8015]" in told, "--date" in told) == (2, True, True), "an empty file of no day is not in order"
    path.write_bytes(whole.replace("已核销".encode(), "随便".encode()))
    code, _, told = run(capsys, "reconcile", str(path), "--platform", "meituan", "--data", str(data))
    assert (code, "line 2" in told, "随便" in told) == (2, True, True), told
    path.write_bytes(b"nonsense")
    code, _, told = run(capsys, "reconcile", str(path), "--platform", "meituan", "--data", str(data))
    assert (code, "[8015]" in told) == (2, True), told
    raw = b"".join(each.read_bytes() for each in data.iterdir() if each.name.startswith("fleet."))
    assert CODE.encode() not in raw


def test_a_file_that_cannot_be_read_is_no_bad_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "missing.csv"
    code, _, told = run(capsys, "reconcile", str(path), "--platform", "meituan", "--data", str(tmp_path))
    assert code == 2
    assert str(path) in told
    assert "cannot be read" in told
    assert "[8015]" not in told
    assert "Errno" not in told


def test_of_very_many_differences_the_first_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, many = tmp_path / "many.csv", ROWS_SHOWN_MAX + 7
    path.write_text("券码,验券时间\n" + "".join(f"{10**11 + each},2026-11-22 10:00:00\n" for each in range(many)))
    SqlStore(tmp_path / DATABASE).close()
    line = ("reconcile", str(path), "--platform", "meituan", "--data", str(tmp_path))
    code, out, _ = run(capsys, *line)
    assert (code, out.count("[8017]")) == (1, ROWS_SHOWN_MAX)
    assert f"{many} differences" in out
    assert "7 more" in out
    assert len(run(capsys, *line, "--json")[1].splitlines()) == 1 + many


def test_uses_are_listed_in_the_readers_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A registered voucher the platform refuses never had a title; its last four are those of what was typed."""
    world = World(tmp_path / DATABASE)
    world.consumed()
    world.ask(AskVoucherConsume(number(46), "meituan", 1, 2_000, "01", code="100410008405"))
    world.settle()
    world.close()
    line = ("uses", "--data", str(tmp_path))
    for lang, title, head, states in (
        ("en", "registered without", ("Code", "Last four"), ("consumed", "rejected")),
        ("zh", "登记的券", ("错误码", "券码尾号"), ("已核销", "被拒绝")),
    ):
        code, out, _ = run(capsys, *line, lang=lang)
        assert (code, "8405" in out, title in out) == (0, True, True), out
        assert [out.splitlines()[1].count(each) for each in head] == [1, 1]
        assert [out.count(each) for each in states] == [1, 1]
    assert run(capsys, *line, "--state", "rejected", lang="zh")[1].count(number(46)) == 1
    with pytest.raises(SystemExit):
        run(capsys, *line, "--state", "dance")


def test_the_script_of_the_platforms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    assert run(capsys, "script", "play=refuse", "ours=3014", "times=0", *data)[0] == 0
    _, out, _ = run(capsys, "script", "play=lost", "--json", *data)
    assert [json.loads(line)["step"]["play"] for line in out.splitlines()] == ["refuse", "lost"]
    assert run(capsys, "script", "--clear", "--json", *data) == (0, "", "")
    assert run(capsys, "script", "play=dance", *data)[0] == 2
