"""`posfleet` as its users meet it: exit codes, both languages, JSON, and what `records verify` finds."""

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from fleet.__main__ import main
from fleet.core import Arrived, Core, Message
from fleet.home import DATABASE
from fleet.sql import SqlStore
from tests.backend import FLEET_KEY, Served, rows
from tests.bus import Bus, Publisher
from tests.journals import Journal, forged
from tests.mosquitto import broker  # noqa: F401 - the fixture
from texts import catalogue
from wire.facts import Seal, SignedOn
from wire.messages import State
from wire.records import Packet

NOW = 1_800_000_000_000
ROOT = Path(__file__).parents[2]
encode = msgspec.json.encode


def filled(data: Path, *journals: Journal, extra=()) -> Path:
    """A data folder that holds what the core made of these journals."""
    data.mkdir(exist_ok=True)
    store = SqlStore(data / DATABASE)
    core = Core(store, FLEET_KEY.sign)
    for journal in journals:
        messages = [Message(journal.terminal, "rec", packet) for packet in journal.packets()]
        core.step(Arrived(NOW, tuple(messages)))
    if extra:
        core.step(Arrived(NOW, tuple(extra)))
    store.close()
    return data


def sealed_journal() -> Journal:
    journal = Journal().fill(30)
    journal.seal()
    journal.fill(60)
    journal.seal()
    return journal


def run(capsys, data, *words, lang="en"):
    code = main([*words, "--data", str(data), "--lang", lang])
    return code, *capsys.readouterr()


def verify(capsys, data) -> tuple[int, dict[str, list[int]]]:
    """Exit code, and fault -> first seqs, of one terminal."""
    code, out, _ = run(capsys, data, "records", "verify", "--json")
    verdict = json.loads(out)
    faults: dict[str, list[int]] = {}
    for finding in verdict["findings"]:
        faults.setdefault(finding["fault"], []).append(finding["first"])
    return code, faults


def change(data: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(data / DATABASE) as db:
        assert db.execute(statement, values).rowcount == 1
    db.close()


# --- verify -----------------------------------------------------------------


def test_a_sound_journal_is_said_to_be_sound(tmp_path, capsys):
    data = filled(tmp_path / "fleet", sealed_journal())
    code, out, _ = run(capsys, data, "records", "verify", "T0001")
    assert code == 0
    assert "61 records are sound, 60 of them sealed" in out


@pytest.mark.parametrize(
    ("statement", "values", "faults"),
    [
        ("UPDATE records SET body = ? WHERE seq = 20", (b'{"lang":"zh","x":1}',), {"changed": [20]}),
        ("UPDATE records SET at_ms = at_ms + 1 WHERE seq = 20", (), {"changed": [20]}),
        ("UPDATE records SET hash = ? WHERE seq = 20", ("0" * 64,), {"changed": [20], "chain": [21]}),
        ("UPDATE records SET prev = ? WHERE seq = 20", ("0" * 64,), {"changed": [20], "chain": [20]}),
        ("DELETE FROM records WHERE seq = 20", (), {"gap": [20]}),
        ("UPDATE epochs SET journal_key = ?", ("ab" * 32,), {"seal": [31, 61], "key": [1]}),
        ("UPDATE epochs SET journal_key = ?", ("",), {"seal": [31, 61]}),
    ],
)
def test_what_was_changed_in_the_database_is_found(tmp_path, capsys, statement, values, faults):
    data = filled(tmp_path / "fleet", sealed_journal())
    change(data, statement, *values)
    code, found = verify(capsys, data)
    assert code == 1
    assert found == faults
    code, out, _ = run(capsys, data, "records", "verify", "T0001", lang="zh")
    assert code == 1
    assert "发现" in out


def test_a_whole_chain_computed_anew_breaks_on_its_seals(tmp_path, capsys):
    """Someone with the database but without the journal key rewrites a sale and everything after it."""
    honest, rewritten = sealed_journal(), Journal().fill(9)
    rewritten.add(SignedOn("99", "admin"))
    for record in honest.records[10:]:
        rewritten.add_raw(record.kind, record.version, bytes(record.body))
    code, found = verify(capsys, filled(tmp_path / "fleet", rewritten))
    assert code == 1
    assert found == {"seal": [31, 61]}


def test_a_seal_by_another_key_is_found(tmp_path, capsys):
    journal = Journal().fill(5)
    stranger = Journal(seed=3)
    last = journal.records[-1]
    journal.add(Seal(last.seq, last.hash, stranger.key.sign(b"anything").hex()))
    assert verify(capsys, filled(tmp_path / "fleet", journal)) == (1, {"seal": [6]})


def test_conflicts_and_quarantine_are_shown_and_an_unknown_kind_keeps_the_chain(tmp_path, capsys):
    journal = Journal().fill(4)
    journal.add_raw("from_the_future", 1, b"{}")
    journal.fill(8)
    spoilt = Message("T0001", "rec", Packet((forged(Journal(seed=2).fill(2).records[1], b"{}"),)))
    other = Message("T0001", "rec", Packet(tuple(Journal(seed=2).fill(3).records)))
    code, found = verify(capsys, filled(tmp_path / "fleet", journal, extra=(spoilt, other)))
    assert code == 1
    assert found == {"unreadable": [5], "conflict": [1, 2, 3], "quarantine": [2, 5]}


# --- lists -----------------------------------------------------------------


def test_records_as_json_lines_and_as_a_table(tmp_path, capsys):
    journal = Journal().fill(5)
    journal.add(SignedOn("张三\x1b[31m", "cashier"))
    data = filled(tmp_path / "fleet", journal)
    code, out, _ = run(capsys, data, "records", "T0001", "--json", "--after", "4")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(line["seq"], line["kind"]) for line in lines] == [(5, "language_chosen"), (6, "signed_on")]
    assert lines[1]["body"] == {"operator": "张三\x1b[31m", "role": "cashier"}
    code, out, _ = run(capsys, data, "records", "T0001", lang="zh")
    assert code == 0
    assert "序号" in out
    assert "\x1b[31m" not in out, "a record must not steer the reader's console"


def test_terminals_with_state_and_backlog(tmp_path, capsys):
    birth = State(online=True, epoch=1, next_seq=11, software="0.1.0", printer="ok", battery=80)
    extra = (Message("T0001", "state", encode(birth)), Message("T0002", "state", encode(State(online=False))))
    data = filled(tmp_path / "fleet", Journal().fill(4), Journal("T0003"), extra=extra)
    code, out, _ = run(capsys, data, "terminals", "--json")
    first, second, third = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert (first["terminal"], first["backlog"], first["state"]["battery"]) == ("T0001", 6, 80)
    assert second["state"]["online"] is False
    assert third["state"] is None
    for lang, word in (("en", "not announced"), ("zh", "未报到")):
        code, out, _ = run(capsys, data, "terminals", lang=lang)
        assert code == 0
        assert word in " ".join(out.split())


# --- refusals -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "zh", "en"),
    [
        (("records", "T0009"), 2, "没有终端 T0009", "nothing is known of terminal T0009"),
        (("records", "T0001", "T0002"), 2, "多余的参数 T0002", "argument T0002 is one too many"),
        (("records", "verify", "T0009"), 2, "没有终端 T0009", "nothing is known of terminal T0009"),
        (("serve", "--broker", "nowhere"), 2, "地址 nowhere 不对", "nowhere is no address"),
        (("serve", "--broker", "host:70000"), 2, "70000", "70000"),
    ],
)
def test_every_refusal_says_cause_and_next_step_in_both_languages(tmp_path, capsys, words, code, zh, en):
    data = filled(tmp_path / "fleet", Journal())
    for lang, cause, step in (("zh", zh, "处理: "), ("en", en, "Next: ")):
        found, _, errors = run(capsys, data, *words, lang=lang)
        assert found == code
        assert cause in errors
        assert step in errors


def test_no_database_and_a_damaged_one(tmp_path, capsys):
    code, _, errors = run(capsys, tmp_path / "none", "terminals")
    assert (code, "there is no backend database" in errors) == (3, True)
    data = filled(tmp_path / "fleet", Journal())
    (data / DATABASE).write_bytes(b"this is no database, but long enough to be looked at as one" * 20)
    code, _, errors = run(capsys, data, "terminals")
    assert (code, "cannot be opened" in errors) == (3, True)


def test_the_language_comes_from_the_environment(tmp_path, capsys, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for value, word in (("zh_CN.UTF-8", "错误"), ("en_GB.UTF-8", "Error"), ("de_DE", "Error"), ("", "错误")):
        monkeypatch.setenv("LANG", value)
        assert main(["terminals", "--data", str(tmp_path)]) == 3
        assert word in capsys.readouterr().err


def test_both_catalogues_have_the_same_texts_with_the_same_arguments():
    import re

    zh, en = catalogue("fleet", "zh"), catalogue("fleet", "en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert set(re.findall(r"{\w+}", zh[key])) == set(re.findall(r"{\w+}", en[key])), key
    assert {key.removeprefix("wrong__") for key in zh if key.startswith("wrong__")} - {"line"} == {
        key.removeprefix("step__") for key in zh if key.startswith("step__")
    }


def test_the_fleet_key_is_made_once_and_kept_secret(tmp_path, capsys):
    code, first, _ = run(capsys, tmp_path / "fleet", "key")
    _, second, _ = run(capsys, tmp_path / "fleet", "key")
    assert code == 0
    assert first == second
    assert len(bytes.fromhex(first)) == 32
    assert (tmp_path / "fleet" / "fleet.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "fleet" / "fleet.pub").read_text() == first


# --- serve -----------------------------------------------------------------


def test_serve_stores_and_acknowledges_and_may_be_looked_at_meanwhile(broker, tmp_path, capsys):  # noqa: F811
    data = tmp_path / "fleet"
    journal = Journal().fill(40)
    with Served(data, broker.port) as served, Bus(broker) as bus:
        sender = Publisher(broker)
        for packet in journal.packets():
            sender.send("pos/v1/T0001/up/rec", encode(packet))
        bus.until(lambda: any(b'"upto":40' in payload for payload in bus.on("pos/v1/T0001/dn/ack")))
        sender.close()
        assert run(capsys, data, "records", "verify")[0] == 0
        second = Served(data, broker.port)
        assert second.wait_ready() == ""
        code, errors = second.end()
        assert code == 3
        assert "another posfleet serve" in errors
        code, errors = served.end()
    assert (code, errors) == (0, "")
    assert [row.seq for row in rows(data / DATABASE)] == list(range(1, 41))


def test_serve_killed_between_packets_loses_nothing_it_acknowledged(broker, tmp_path):  # noqa: F811
    data = tmp_path / "fleet"
    journal = Journal().fill(200)
    packets = journal.packets(size=2)
    acked = 0
    with Bus(broker) as bus:
        sender = Publisher(broker)
        for part in range(2):
            with Served(data, broker.port) as served:
                for packet in packets[: part * 50 + 50]:  # what was not acknowledged comes again
                    sender.send("pos/v1/T0001/up/rec", encode(packet))
                bus.until(lambda old=acked: _upto(bus) > old)
                served.process.kill()
                served.process.wait()
            acked = _upto(bus)
            assert set(range(1, acked + 1)) <= {row.seq for row in rows(data / DATABASE)}
        with Served(data, broker.port):
            for packet in packets:
                sender.send("pos/v1/T0001/up/rec", encode(packet))
            bus.until(lambda: _upto(bus) == 200)
        sender.close()
    assert [row.hash for row in rows(data / DATABASE)] == [record.hash for record in journal.records]


def _upto(bus: Bus) -> int:
    return max((json.loads(payload)["upto"] for payload in bus.on("pos/v1/T0001/dn/ack")), default=0)


def test_serve_says_that_the_broker_is_gone_and_goes_on(broker, tmp_path):  # noqa: F811
    with Served(tmp_path / "fleet", broker.port) as served:
        broker.kill()
        assert served.process.stderr is not None
        line = served.process.stderr.readline()
        assert "the connection to the broker" in line
        assert "Next: " in served.process.stderr.readline()
        broker.start()
        assert served.wait_ready().startswith("posfleet ready ")
        code, _ = served.end()
    assert code == 0


def test_a_full_disk_elsewhere_is_not_told_as_standard_output(capsys, monkeypatch):
    def full(_given, _lang):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fleet.__main__._run", full)
    before = sys.stdout
    with pytest.raises(OSError, match="No space left"):
        main(["errors", "--lang", "en"])
    assert (capsys.readouterr().err, sys.stdout is before) == ("", True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this kernel has no /dev/full")
@pytest.mark.parametrize("words", [("completion", "bash"), ("errors",), ("terminals",)])
def test_an_output_that_takes_nothing_more_is_told_and_ends_with_three(tmp_path, words):
    SqlStore(tmp_path / DATABASE).close()
    line = [sys.executable, "-m", "fleet", "--lang", "en", *words, "--data", str(tmp_path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, "standard output" in done.stderr, "Next: " in done.stderr) == (3, True, True), done.stderr
    assert "Traceback" not in done.stderr
