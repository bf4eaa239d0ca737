"""`posfleet` as a fleet manager meets it: words, tables and JSON, refusals with cause and next step, in both languages."""

import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from fleet import __main__ as posfleet
from fleet import admin
from fleet.admin import Call, Caller
from fleet.commands.manager import orders, rollouts
from fleet.core import Arrived, Core, DeskTick, Message, Pump
from fleet.effects import SendDesired
from fleet.home import DATABASE, KEY, PUBLIC_KEY
from fleet.sql import SqlStore
from rules.errors import error
from tests.backend import FLEET_KEY
from tests.journals import Journal
from tests.update import bundles
from texts import catalogue
from wire.facts import Line, Sale, TenderPart
from wire.fleet import Desired, Reply, Reported, UpdateLook
from wire.messages import State

encode = msgspec.json.encode


@pytest.fixture
def data(tmp_path, capsys):
    """A fleet of three, entered in the register."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    SqlStore(folder / DATABASE).close()
    for name, shop, tag in (("T0001", "s1", "pilot"), ("T0002", "s1", "old"), ("T0003", "s2", "old")):
        assert run(capsys, folder, "register", name, "--shop", shop, "--tag", tag)[0] == 0
    return folder


def run(capsys, data, *words, lang="en"):
    code = posfleet.main([*words, "--data", str(data), "--lang", lang])
    return code, *capsys.readouterr()


def listed(capsys, data, *words):
    code, out, errors = run(capsys, data, *words, "--json")
    assert code in (0, 1), errors
    return [json.loads(line) for line in out.splitlines()]


def document(tmp_path, text, name="layer.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def heard(data, terminal, rest, message):
    """A terminal says something to the backend."""
    store = SqlStore(data / DATABASE)
    Core(store, FLEET_KEY.sign).step(Arrived(1_900_000_000_000, (Message(terminal, rest, encode(message)),)))
    store.close()


# --- the words themselves -----------------------------------------------------------------------------------------------


def _parsers(parser, path="posfleet"):
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from _parsers(inner, f"{path} {name}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_command_explains_itself_and_each_of_its_words(lang):
    for path, parser in _parsers(posfleet._parser(lang)):
        text = parser.format_help()
        assert "None" not in text, path
        for action in parser._actions:
            assert action.help or action.choices or action.metavar, f"{path} {action.dest}"


def test_both_languages_say_the_same_things():
    zh, en = catalogue("manager", "zh"), catalogue("manager", "en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert set(re.findall(r"{\w+}", zh[key])) == set(re.findall(r"{\w+}", en[key])), key


def test_every_refusal_of_the_backend_has_a_cause_and_a_step():
    reasons = next(field for field in msgspec.structs.fields(admin.Refused) if field.name == "reason").type.__args__
    known = catalogue("fleet", "en")
    assert [reason for reason in reasons if f"refused__{reason}" not in known] == []
    assert [reason for reason in reasons if f"refused_step__{reason}" not in known] == []


def test_the_completion_is_a_script_the_shell_takes(capsys):
    assert posfleet.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert "rollout" in script
    assert subprocess.run([shutil.which("bash"), "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("posfleet --da", ["--data", "--database"]),
        ("posfleet --data fl", ["fleet"]),
        ("posfleet --data fleet sett", ["settings"]),
        ("posfleet settings push --da", ["--data", "--database"]),
        ("posfleet settings push --data f", ["fleet"]),
        ("posfleet ca backend b --dir f", ["fleet"]),
        ("posfleet settings put fleet f", ["fleet", "footer.toml"]),
    ],
)
def test_the_shell_completes_the_data_folder_and_files(capsys, tmp_path, typed, offered):
    (tmp_path / "fleet").mkdir()
    (tmp_path / "footer.toml").touch()
    assert posfleet.main(["completion", "bash"]) == 0
    words = typed.split()
    asked = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _shtab_posfleet; printf '%s\n' \"${{COMPREPLY[@]}}\""
    script = capsys.readouterr().out + asked
    done = subprocess.run(
        [shutil.which("bash")], input=script, text=True, capture_output=True, cwd=tmp_path, check=True
    )
    assert sorted(set(done.stdout.split())) == offered


# --- terminals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), ["T0001", "T0002", "T0003"]),
        (("--shop", "s1"), ["T0001", "T0002"]),
        (("--shop", "s1", "--tag", "old"), ["T0002"]),
        (("--without-tag", "old"), ["T0001"]),
        (("T0003", "T0001"), ["T0001", "T0003"]),
        (("--online",), ["T0002"]),
        (("--sort", "backlog"), ["T0002", "T0001", "T0003"]),
        (("--unregistered",), []),
    ],
)
def test_terminals_are_filtered_and_sorted(data, capsys, words, found):
    heard(data, "T0002", "state", State(online=True, epoch=1, next_seq=9))
    assert [row["terminal"] for row in listed(capsys, data, "terminals", *words)] == found


def test_watching_ends_with_ctrl_c(data, capsys, monkeypatch):
    def tired(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("fleet.commands.manager.terminals.time.sleep", tired)
    code, out, _ = run(capsys, data, "terminals", "--watch")
    assert (code, "T0001" in out) == (0, True)


def test_tags_are_added_and_taken_away(data, capsys):
    assert run(capsys, data, "tag", "--shop", "s1", "--add", "night", "--remove", "old")[0] == 0
    assert {row["terminal"]: row.get("tags") for row in listed(capsys, data, "terminals")} == {
        "T0001": ["night", "pilot"],
        "T0002": ["night"],
        "T0003": ["old"],
    }


# --- settings -----------------------------------------------------------------------------------------------------------

FOOTER = '[shop]\nfooter = ["Thank you"]\n'


def test_a_footer_is_written_compared_tried_and_pushed(data, capsys, tmp_path):
    path = document(tmp_path, FOOTER)
    assert run(capsys, data, "settings", "check", path)[0] == 0
    assert run(capsys, data, "settings", "put", "shop:s1", path, "--why", "season")[0] == 0
    (change,) = json.loads(run(capsys, data, "settings", "diff", "shop:s1", "--json")[1])["changes"]
    assert (change["path"], change["after"]) == ("shop.footer", ["Thank you"])
    code, out, _ = run(capsys, data, "settings", "push", "--all", "--dry-run", "--json")
    dry = json.loads(out)
    assert (code, dry["groups"][0]["terminals"]) == (0, ["T0001", "T0002"])
    assert dry["groups"][0]["changes"][0]["path"] == "shop.footer"
    assert all(row["desired_rev"] == 0 for row in listed(capsys, data, "terminals")), "a dry run changes nothing"
    code, out, _ = run(capsys, data, "settings", "push", "--all", "--yes", "--why", "season", "--json")
    reach = {"registered": 3, "unregistered": 0, "left_out": 0}
    assert (code, json.loads(out)) == (0, {"rev": 1, "terminals": 3, "unchanged": 0, "reach": reach})
    assert [row["desired_rev"] for row in listed(capsys, data, "terminals")] == [1, 1, 1]
    (row,) = listed(capsys, data, "pushes")
    assert (row["rev"], row["why"]) == (1, "season")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_code_for_a_supervisor_who_is_away_is_shown_in_halves(data, capsys, tmp_path, lang):
    secret = "k7Qz_0aVb3xRw9TnLp2YdEfGh5JmUc8s"
    path = document(tmp_path, f'[terminal]\ncode_secret = "{secret}"\n')
    words = ("code", "T0001", "00", "--why", "on the road")
    code, _, errors = run(capsys, data, *words, lang=lang)
    assert (code, "T0001" in errors, "code_secret" in errors) == (3, True, True), "nothing was ever pushed to it"
    assert run(capsys, data, "settings", "put", "terminal:T0001", path, "--why", "by telephone")[0] == 0
    assert run(capsys, data, "settings", "push", "T0001", "--why", "by telephone", "--yes")[0] == 0
    code, out, errors = run(capsys, data, *words, lang=lang)
    assert code == 0, errors
    assert re.search(r"\b\d{4} \d{4}\b", out), out
    assert secret not in out + errors
    (made,) = listed(capsys, data, *words)
    assert re.fullmatch(r"\d{8}", made["code"])
    assert secret not in "".join(run(capsys, data, "settings", "get", "terminal:T0001")[1:])


def test_a_faulty_layer_is_refused_with_its_path_and_nothing_is_stored(data, capsys, tmp_path):
    path = document(tmp_path, '[shop]\nfooter = 5\n[cash]\nrounding = "up"\n')
    code, _, errors = run(capsys, data, "settings", "put", "fleet", path)
    assert code == 2
    assert "shop.footer" in errors
    assert "cash.rounding" in errors
    assert "Next:" in errors
    assert listed(capsys, data, "settings", "layers") == []
    for place in ((), ("--layer", "fleet")):
        code, out, _ = run(capsys, data, "settings", "check", path, *place)
        assert (code, "Wrong type or out of bounds" in out) == (1, True), out


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"terminal": {"volume": 1}, "shop": {}, "terminal": {"lang": "en"}}', "$.terminal"),
        ('{"shop": {"name": "\\ud800"}}', "shop.name"),
    ],
)
def test_json_that_may_mean_two_things_is_refused_with_its_path(data, capsys, tmp_path, text, path):
    code, _, errors = run(capsys, data, "settings", "put", "fleet", document(tmp_path, text, "layer.json"))
    assert (code, path.removeprefix("$.") in errors) == (2, True), errors
    assert listed(capsys, data, "settings", "layers") == []


def test_a_layer_is_edited_in_the_editor_and_not_over_somebody_elses_change(data, capsys, tmp_path, monkeypatch):
    editor = tmp_path / "editor.py"
    editor.write_text(
        'import sys, pathlib\np = pathlib.Path(sys.argv[1])\np.write_text(\'{"shop": {"branch": "East"}}\')\n'
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {editor}")
    monkeypatch.setenv("PYTHONPATH", str(Path(posfleet.__file__).parents[1]))
    assert run(capsys, data, "settings", "edit", "fleet", "--why", "branch")[0] == 0
    assert json.loads(run(capsys, data, "settings", "get", "fleet")[1]) == {"shop": {"branch": "East"}}
    meanwhile = document(tmp_path, FOOTER)
    editor.write_text(
        "import sys, pathlib\nfrom fleet.__main__ import main\n"
        f"main(['settings', 'put', 'fleet', {meanwhile!r}, '--data', {str(data)!r}, '--why', 'x'])\n"
        'p = pathlib.Path(sys.argv[1])\np.write_text(\'{"shop": {"branch": "West"}}\')\n'
    )
    code, _, errors = run(capsys, data, "settings", "edit", "fleet")
    assert (code, "somebody has changed this layer" in errors) == (3, True)
    assert json.loads(run(capsys, data, "settings", "get", "fleet")[1]) == {"shop": {"footer": ["Thank you"]}}


def test_a_date_of_toml_is_the_files_fault_and_not_a_text(data, capsys, tmp_path):
    path = document(tmp_path, "[shop]\nbranch = 2026-01-01\n")
    code, _, errors = run(capsys, data, "settings", "put", "fleet", path)
    assert (code, f"{path} cannot be read" in errors) == (2, True), errors


def test_a_file_of_windows_is_read_and_changes_are_named_by_their_paths(data, capsys, tmp_path):
    path = document(tmp_path, '\ufeff{"shop": {"branch": "West", "footer": ["Hi"]}}', "layer.json")
    (row,) = listed(capsys, data, "settings", "put", "fleet", path)
    assert [each["path"] for each in row["changes"]] == ["shop.branch", "shop.footer"], "not one blob of a section"
    assert listed(capsys, data, "settings", "get", "fleet") == [{"shop": {"branch": "West", "footer": ["Hi"]}}]
    (policy,) = listed(capsys, data, "policy", "get")
    assert policy["four_eyes"] is True


@pytest.mark.parametrize(
    ("typed", "ends", "said"),
    [
        ('[shop]\nbranch = "West"\n', 0, "shop.branch"),
        ("[shop\n", 2, "what was typed cannot be read: "),
        ("\n", 2, "what was typed cannot be read: "),
    ],
)
def test_an_editor_may_give_back_toml_and_an_empty_file_empties_no_layer(
    data, capsys, monkeypatch, tmp_path, typed, ends, said
):
    monkeypatch.setattr("fleet.commands.manager.settings._edited", lambda _text: typed)
    code, out, errors = run(capsys, data, "settings", "edit", "fleet")
    assert (code, said in out + errors) == (ends, True), errors


def test_a_file_is_named_pushed_with_its_digest_and_taken_away(data, capsys, tmp_path):
    goods = tmp_path / "goods.tsv"
    goods.write_bytes(b"sku\tname\n")
    url = "https://files.example/goods.tsv"
    assert run(capsys, data, "settings", "put", "fleet", document(tmp_path, FOOTER))[0] == 0
    assert run(capsys, data, "settings", "file", "fleet", "goods", str(goods), "--url", url, "--why", "prices")[0] == 0
    assert run(capsys, data, "settings", "push", "--all", "--yes", "--why", "prices")[0] == 0
    store = SqlStore(data / DATABASE)
    sent = [
        each
        for each in Core(store, FLEET_KEY.sign).step(Pump(2_000_000_000_000, (), 10))
        if isinstance(each, SendDesired)
    ]
    store.close()
    desired = msgspec.json.decode(sent[0].signed.text, type=Desired)
    (blob,) = desired.blobs
    assert (blob.name, blob.size, blob.url) == ("goods", 9, url)
    assert blob.sha256 == hashlib.sha256(goods.read_bytes()).hexdigest()
    assert desired.document["shop"]["footer"] == ["Thank you"]
    assert "files" not in desired.document, "a terminal knows no such setting"
    assert run(capsys, data, "settings", "file", "fleet", "goods", "--remove")[0] == 0
    assert json.loads(run(capsys, data, "settings", "get", "fleet")[1]) == {
        "files": {},
        "shop": {"footer": ["Thank you"]},
    }


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"firmware": {}}, "files.firmware"),
        ({"help": {"sha256": "ab", "size": 1, "url": "https://a/b"}}, "files.help.sha256"),
        ({"help": {"sha256": "ab" * 32, "size": 0, "url": "https://a/b"}}, "files.help.size"),
        ({"help": {"sha256": "ab" * 32, "size": 1, "url": "file:///etc/passwd"}}, "files.help.url"),
        ([], "files"),
    ],
)
def test_a_file_named_wrongly_is_refused_with_its_path(data, capsys, tmp_path, files, path):
    layer = document(tmp_path, json.dumps({"files": files}), "layer.json")
    code, _, errors = run(capsys, data, "settings", "put", "fleet", layer)
    assert (code, path in errors) == (2, True)


# --- commands -----------------------------------------------------------------------------------------------------------


def answering(folder, monkeypatch, status="done", **fields):
    """Terminals that answer as soon as the manager waits."""

    def answer(_seconds):
        store = SqlStore(folder / DATABASE)
        core = Core(store, FLEET_KEY.sign)
        call = Call(by=Caller(name="t"), request=admin.Commands(limit=100))
        with store.begin() as books:
            rows = core._desk.take(books, call, 1).rows
        for row in rows:
            if row.status == "waiting":
                body = encode(Reply(row.cid, row.name, status, 1, **fields))
                core.step(Arrived(row.issued_ms + 1, (Message(row.terminal, f"reply/{row.cid}", body),)))
        store.close()

    monkeypatch.setattr(orders.time, "sleep", answer)


def test_a_command_waits_for_every_answer(data, capsys, monkeypatch):
    answering(data, monkeypatch)
    rows = listed(capsys, data, "cmd", "identify", "--shop", "s1")
    assert sorted((row["terminal"], row["status"]) for row in rows) == [("T0001", "done"), ("T0002", "done")]


def test_a_refused_command_ends_with_one(data, capsys, monkeypatch):
    answering(data, monkeypatch, "refused", code=2005, reason="locked")
    code, out, errors = run(capsys, data, "cmd", "selftest", "T0001")
    assert "no posfleet serve runs here" in errors, "nothing was sent yet"
    assert (code, f"{error(2005).line('en')}: locked" in out) == (1, True), out
    assert "Next for [2005]: " in out


@pytest.mark.parametrize(("lang", "said"), [("en", "order it again at T0001"), ("zh", "对 T0001 重新下达")])
def test_an_order_that_a_trial_put_off_is_to_be_given_again(data, capsys, monkeypatch, lang, said):
    answering(data, monkeypatch, "refused", code=1018, reason="0.3.0 is on trial")
    code, out, _ = run(capsys, data, "cmd", "selftest", "T0001", lang=lang)
    assert (code, said in out, error(1018).action(lang) in out) == (1, True, False), out
    answering(data, monkeypatch, "refused", code=1018)
    out = run(capsys, data, "cmd", "selftest", "T0002", lang=lang)[1]
    assert (said in out, error(1018).action(lang) in out) == (False, True), out


def test_a_log_is_kept_as_a_file(data, capsys, monkeypatch, tmp_path):
    answering(data, monkeypatch, data=gzip.compress(b"line one\n"))
    code, _, errors = run(capsys, data, "cmd", "log", "T0001", "--out", str(tmp_path / "logs"))
    assert code == 0, errors
    (path,) = (tmp_path / "logs").iterdir()
    assert path.read_text() == "line one\n"


# --- roll-outs ----------------------------------------------------------------------------------------------------------


def test_a_rollout_waits_for_approval_and_is_watched(data, capsys, tmp_path, monkeypatch):
    assert run(capsys, data, "settings", "put", "fleet", document(tmp_path, FOOTER))[0] == 0
    code, out, errors = run(capsys, data, "rollout", "start", "--all", "--why", "season")
    assert (code, "posfleet rollout approve 1" in out) == (0, True), errors
    out = run(capsys, data, "rollout", "status", "1")[1]
    for words in ("shop.footer", "Thank you", "3 terminals: T000"):
        assert words in out, "who approves sees what changes, and where"
    code, _, errors = run(capsys, data, "rollout", "approve", "1")
    assert (code, "may not release it too" in errors) == (3, True)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):  # who can set these is nobody else for it
        monkeypatch.setenv(name, "boris")
    monkeypatch.setenv("SUDO_UID", "4242")
    assert run(capsys, data, "rollout", "approve", "1")[0] == 3
    (row,) = listed(capsys, data, "audit", "--limit", "1")
    me = pwd.getpwuid(os.getuid()).pw_name
    assert (row["who"], row["detail"]) == (me, "sudo boris; approve; refused: four_eyes")
    monkeypatch.setenv("SUDO_USER", "boris\x1b[2J; approved")
    assert run(capsys, data, "rollout", "approve", "1")[0] == 3
    assert "sudo" not in listed(capsys, data, "audit", "--limit", "1")[0]["detail"], "no remark of any other form"
    monkeypatch.setattr("fleet.accounts.account", lambda _uid: "boris")
    assert run(capsys, data, "rollout", "approve", "1")[0] == 0
    for number in range(6):
        for act in ("pause", "resume"):
            assert run(capsys, data, "rollout", act, "1", "--why", f"look {number}")[0] == 0
    out = run(capsys, data, "rollout", "status", "1")[1]
    earlier = re.search(r"… (\d+) earlier: posfleet rollout status 1 --json", out)
    history = listed(capsys, data, "rollout", "status", "1")[0]["history"]
    assert (earlier is not None and int(earlier[1]), "approved by boris" in out) == (len(history) - 10, True), out
    assert listed(capsys, data, "audit", "--subject", "rollout:1")[0]["what"] == "rollout_act"

    def tired(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(rollouts.time, "sleep", tired)
    code, out, _ = run(capsys, data, "rollout", "status", "1", "--watch")
    assert (code, "running" in out) == (0, True)
    assert run(capsys, data, "rollout", "abort", "1", "--yes", "--why", "no")[0] == 0
    assert run(capsys, data, "rollout", "status", "1")[0] == 1, "what was ended is to be looked at"
    assert [row["state"] for row in listed(capsys, data, "rollout", "list")] == ["aborted"]


@pytest.fixture
def releases(data, tmp_path):
    """Two bundles of this fleet in files: 0.3.0, and 0.2.0 to go back to."""
    (data / KEY).write_text(bundles.KEY.hex() + "\n")
    (data / PUBLIC_KEY).write_text(bundles.FLEET_KEY + "\n")
    written = {"new": bundles.small("0.3.0"), "back": bundles.small("0.2.0", downgrade=True)}
    for name, whole in written.items():
        (tmp_path / name).write_bytes(whole)
    return tmp_path


def update(folder, version="0.3.0", back_version="0.2.0"):
    url = "https://files.example.cn/"
    return (
        "rollout", "update", "--all", "--why", "new", "--version", version, "--back-version", back_version,
        "--bundle", str(folder / "new"), "--back-bundle", str(folder / "back"), "--url", url + "1", "--back-url", url + "2",
    )  # fmt: skip


def test_bundles_that_terminals_take_are_rolled_out(data, capsys, releases):
    (shown,) = listed(capsys, data, *update(releases))
    assert shown["look"]["release"]["bundle"]["sha256"] == hashlib.sha256((releases / "new").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "whole", "cause"),
    [
        ("new", b"print('no bundle')\n", "is no whole release bundle"),
        ("new", bundles.small("0.3.0")[:3_000], "is no whole release bundle"),
        ("new", bundles.small("0.3.0", key=bytes(32)), "is not signed by the key of this fleet"),
        ("new", bundles.small("0.4.0"), "holds release 0.4.0, not 0.3.0"),
        ("back", bundles.small("0.2.0"), "was not made to follow the newer 0.3.0"),
        ("back", bundles.small("0.1.0", downgrade=True), "holds release 0.1.0, not 0.2.0"),
        ("back", bundles.small("0.2.0", downgrade=True, key=bytes(32)), "is not signed"),
        ("back", bundles.small("0.2.0", downgrade=True, minimum="0.9"), "follows release 0.9 at the earliest"),
    ],
    ids=["python", "cut off", "foreign", "version", "no way back", "back version", "back foreign", "minimum"],
)
def test_a_bundle_that_terminals_would_refuse_is_refused_before_anything_is_planned(
    data, capsys, releases, name, whole, cause
):
    (releases / name).write_bytes(whole)
    code, _, errors = run(capsys, data, *update(releases))
    assert (code, cause in errors, "Next: " in errors, str(releases / name) in errors) == (2, True, True, True), errors
    assert listed(capsys, data, "rollout", "list") == []
    if name == "new":
        words = ("--version", "0.3.0", "--bundle", str(releases / "new"), "--url", "https://files.example.cn/1")
        assert run(capsys, data, "cmd", "update", "T0001", *words, "--why", "x", "--yes")[0] == 2
        assert listed(capsys, data, "cmd", "list") == []


def test_why_an_update_has_not_come_yet_is_shown_wherever_it_is_looked_for(data, capsys, releases):
    """The terminal tells it while it tries again; the roll-out says only "at work" of those that do not."""
    policy = document(releases, json.dumps({"four_eyes": False}), "policy.json")
    assert run(capsys, data, "policy", "put", policy)[0] == 0
    assert run(capsys, data, *update(releases))[0] == 0
    store = SqlStore(data / DATABASE)
    core = Core(store, FLEET_KEY.sign)
    core.step(DeskTick(2_000_000_000_000))
    core.step(DeskTick(2_000_000_020_000))
    store.close()
    (order,) = listed(capsys, data, "cmd", "list")
    terminal, cid = order["terminal"], order["cid"]
    heard(data, terminal, f"reply/{cid}", Reply(cid, "update", "accepted", 1))
    waits = UpdateLook(cid, "0.3.0", "pending", 1003, "no answer from files.example.cn")
    heard(data, terminal, "reported", Reported(0, 0, "applied", "a" * 64, 1, "trusted", update=waits))
    store = SqlStore(data / DATABASE)
    Core(store, FLEET_KEY.sign).step(DeskTick(2_000_000_060_000))
    store.close()
    title = error(1003).line("en")
    for words in (("cmd", "list"), ("show", terminal), ("rollout", "status", "1")):
        out = " ".join(run(capsys, data, *words)[1].split())
        assert (title in out, "no answer from" in out) == (True, True), out
    (order,) = listed(capsys, data, "cmd", "list")
    assert order["update"] == {
        "cid": cid, "version": "0.3.0", "status": "pending", "code": 1003, "reason": "no answer from files.example.cn",
    }  # fmt: skip
    (shown,) = listed(capsys, data, "rollout", "status", "1")
    assert [row["reason"] for row in shown["terminals"] if row["terminal"] == terminal] == [
        "pending 1003 no answer from files.example.cn"
    ]
    assert [row["what"] for row in shown["waits"]][:1] == ["pending"], "it is counted as before"


def test_a_fleet_without_a_key_yet_checks_what_it_can(data, capsys, releases):
    (data / PUBLIC_KEY).unlink()
    (releases / "back").write_bytes(bundles.small("0.2.0"))
    assert run(capsys, data, *update(releases))[0] == 2
    (releases / "back").write_bytes(bundles.small("0.2.0", downgrade=True))
    assert run(capsys, data, *update(releases))[0] == 0


def test_a_bundle_of_rauc_is_judged_by_the_device(data, capsys, releases):
    for name in ("new", "back"):
        (releases / name).write_bytes(b"hsqs" + bytes(100))
    assert run(capsys, data, *update(releases))[0] == 0


def test_the_policy_is_printed_changed_and_put_back(data, capsys, tmp_path):
    policy = json.loads(run(capsys, data, "policy", "get")[1])
    path = document(tmp_path, json.dumps(policy | {"four_eyes": False}), "policy.json")
    assert run(capsys, data, "policy", "put", path)[0] == 0
    assert json.loads(run(capsys, data, "policy", "get")[1])["four_eyes"] is False


def test_who_is_in_no_register_is_told_of(data, capsys, tmp_path):
    heard(data, "Z0009", "state", State(True))
    path = document(tmp_path, "[terminal]\nvolume = 1\n")
    code, out, _ = run(capsys, data, "settings", "put", "shop:s1", path, "--why", "loud")
    assert (code, "touches 2 terminals" in out, "1 terminals that speak are left out" in out) == (0, True, True), out
    code, out, _ = run(capsys, data, "settings", "push", "--all", "--dry-run")
    assert (code, "1 of them are in no register" in out) == (0, True), out
    assert "4 never had settings from here" in out
    code, out, _ = run(capsys, data, "settings", "push", "--shop", "s1", "--why", "loud", "--yes")
    assert (code, "after another push" in out) == (0, True), out


# --- lists and export ---------------------------------------------------------------------------------------------------


def test_gaps_quarantine_and_audit(data, capsys):
    journal = Journal("T0001").fill(10)
    store = SqlStore(data / DATABASE)
    core = Core(store, FLEET_KEY.sign)
    packets = journal.packets()
    first = msgspec.structs.replace(packets[0], records=packets[0].records[3:])
    core.step(Arrived(1_700_000_000_000, (Message("T0001", "rec", first), Message("T0001", "rec", b"rubbish"))))
    store.close()
    code, out, _ = run(capsys, data, "gaps", "--json")
    assert (code, [json.loads(line)["first"] for line in out.splitlines()]) == (1, [1])
    code, out, _ = run(capsys, data, "quarantine")
    assert (code, "unreadable" in out) == (1, True)
    (row,) = listed(capsys, data, "quarantine")
    assert row["id"][:12] in out
    assert run(capsys, data, "quarantine", "done", row["id"][:8])[0] == 2, "the note is missing"
    assert run(capsys, data, "quarantine", "done", "--why", "x")[0] == 2, "nothing is said to be dealt with"
    assert run(capsys, data, "quarantine", "done", "0" * 12, "--why", "x")[0] == 2
    code, out, errors = run(capsys, data, "quarantine", "done", row["id"][:8], "--why", "a loose cable")
    assert (code, "1 entered" in out) == (0, True), errors
    assert run(capsys, data, "quarantine")[0] == 0
    code, out, _ = run(capsys, data, "quarantine", "--all")
    assert (code, "a loose cable" in out.replace("\n", " ")) == (0, True), out
    code, out, _ = run(capsys, data, "quarantine", "done", "--all", "--why", "again")
    assert (code, "0 entered" in out) == (0, True)
    assert {row["what"] for row in listed(capsys, data, "audit")} == {"register", "deal_with"}


def test_sales_are_exported_as_csv_and_records_as_json_lines(data, capsys, tmp_path):
    line = Line("6901234567892", "Cola", 1_000, 350, 350)
    part = TenderPart("cash", 500, 150)
    journal = Journal("T0001")
    journal.add(Sale(1, 7, "01", "2026-11-23", (line,), 350, 0, 350, (part,), 3))
    store = SqlStore(data / DATABASE)
    Core(store, FLEET_KEY.sign).step(Arrived(1, tuple(Message("T0001", "rec", each) for each in journal.packets())))
    store.close()
    path = tmp_path / "sales.csv"
    assert run(capsys, data, "export", "sales", "--out", str(path))[0] == 0
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["receipt"], row["due"], row["cash"], row["change"]) == ("000001-000007", "3.50", "5.00", "1.50")
    code, out, _ = run(capsys, data, "export", "records", "--terminal", "T0001")
    assert (code, len(out.splitlines())) == (0, len(journal.records))
    assert list(tmp_path.glob(".sales*")) == []


def test_an_export_replaces_nothing_but_the_plain_file_it_is_to_write(data, capsys, tmp_path):
    """What is at the end of a link is written, the link stays, and so does whatever else lies there."""
    real, link, foreign = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "link.csv.part"
    real.write_text("old\n")
    real.chmod(0o640)
    link.symlink_to(real)
    foreign.write_text("somebody's own\n")
    (tmp_path / "new.csv").symlink_to(tmp_path / "not there yet.csv")
    for name in ("link.csv", "new.csv"):
        assert run(capsys, data, "export", "records", "--out", str(tmp_path / name))[0] == 0
        assert (tmp_path / name).is_symlink(), name
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("", 0o640)
    assert (tmp_path / "not there yet.csv").is_file()
    assert foreign.read_text() == "somebody's own\n"


def test_an_export_into_a_pipe_goes_through_it(data, capsys, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # so that nobody waits for the other
    heard(data, "T0001", "rec", *(Journal("T0001").fill(2).packets()))
    try:
        assert run(capsys, data, "export", "records", "--out", str(pipe))[0] == 0
        assert len(os.read(reader, 65_536).splitlines()) == 2
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_export_that_fails_leaves_the_old_file(data, capsys, tmp_path, monkeypatch):
    path = tmp_path / "old.csv"
    path.write_text("old\n")
    heard(data, "T0001", "rec", *(Journal("T0001").fill(2).packets()))

    def full(*_of):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fleet.commands.manager.export._write_record", full)
    code, _, errors = run(capsys, data, "export", "records", "--out", str(path))
    assert (code, "No space left" in errors, path.read_text()) == (3, True, "old\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["fleet", "old.csv"]
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    assert run(capsys, data, "export", "records", "--out", str(loop))[0] == 3


def test_a_fault_of_the_program_is_not_told_as_a_file_that_cannot_be_written(data, capsys, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no such step")

    monkeypatch.setattr("fleet.commands.manager.export._rows", broken)
    with pytest.raises(RuntimeError, match="no such step"):
        run(capsys, data, "export", "records", "--out", str(tmp_path / "out.jsonl"))


# --- JSON -----------------------------------------------------------------------------------------------------------------


def test_json_is_a_line_for_each_row_and_has_every_field(data, capsys, tmp_path):
    heard(data, "T0001", "state", State(online=True, epoch=1, next_seq=9))
    (row,) = listed(capsys, data, "terminals", "T0001")
    assert row["state"]["acked_seq"] == 0, "a field is there also when it has its default"
    (shown,) = listed(capsys, data, "show", "T0001")
    assert shown["look"] == row
    assert "type" not in shown, "which answer it is, is known from the command"
    assert run(capsys, data, "settings", "put", "fleet", document(tmp_path, FOOTER))[0] == 0
    (started,) = listed(capsys, data, "rollout", "start", "--all", "--why", "x")
    assert started["look"]["release"]["type"] == "settings", "what may be one of several says which"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("register", "T0009"), {"count": 1}),
        (("tag", "--all", "--add", "x"), {"count": 3}),
        (("export", "sales", "--out", "OUT"), {"count": 0, "path": "OUT"}),
    ],
)
def test_what_changes_or_writes_says_so_as_json_too(data, capsys, tmp_path, words, said):
    out = str(tmp_path / "out")
    named = {name: out if value == "OUT" else value for name, value in said.items()}
    assert listed(capsys, data, *(out if each == "OUT" else each for each in words)) == [named]


# --- wrong use ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "zh", "en"),
    [
        (("settings", "push", "--why", "x"), 2, "没有选择终端", "no terminal was chosen"),
        (("settings", "push", "--all"), 2, "原因", "needs a reason"),
        (("settings", "get", "nowhere"), 2, "没有 nowhere 这样的层", "nowhere is no layer"),
        (("settings", "get", "fleet"), 2, "fleet", "nothing was ever written"),
        (("settings", "put", "fleet", "/none.toml"), 2, "文件 /none.toml", "file /none.toml: No such file"),
        (("show", "T0009"), 2, "T0009", "not a terminal of this fleet: T0009"),
        (("rollout", "status", "9"), 2, "9", "there is no roll-out 9"),
        (("cmd", "lock", "T0001", "--why", "x"), 2, "无人可问", "nobody is there to be asked"),
        (("cmd", "identify"), 2, "没有选择终端", "no terminal was chosen"),
        (("cmd", "identify", "T0001", "--seconds", "0"), 2, "参数有误", "a value does not fit"),
        (("register", "T 1"), 2, "参数有误", "a value does not fit"),
        (("export", "sales", "--since", "yesterday"), 2, "不是时间", "yesterday is no time"),
        (("export", "sales", "--since", "2026-02-31"), 2, "不是时间", "2026-02-31 is no time"),
        (
            ("export", "sales", "--since", "2d", "--until", "3d"),
            2,
            "不晚于开始",
            "the end 3d is not after the beginning 2d",
        ),
        (("errors", "--since", "20261122"), 2, "不是时间", "20261122 is no time"),
        (("records", "T0009"), 2, "T0009", "nothing is known of terminal T0009"),
    ],
)
def test_wrong_use_says_cause_and_next_step_in_both_languages(data, capsys, words, code, zh, en):
    for lang, cause, step in (("zh", zh, "处理: "), ("en", en, "Next: ")):
        found, _, errors = run(capsys, data, *words, lang=lang)
        assert (found, step in errors) == (code, True), errors
        assert cause in errors


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--shop", ("cmd", "identify", "--shop", "s1", "--shop=s2", "--no-wait")),
        ("--group", ("settings", "push", "--group", "east", "--all", "--group", "west", "--dry-run")),
        ("--seconds", ("cmd", "identify", "T0001", "--seconds", "10", "--no-wait", "--seconds", "20")),
    ],
)
def test_an_option_of_one_value_said_twice_is_wrong_use_and_not_its_last_value(tmp_path, capsys, option, words):
    """Who writes --shop s1 --shop s2 means both: the first must not be lost without a word."""
    for lang, cause in (("en", f"{option} stands there twice"), ("zh", f"{option} 写了两次")):
        with pytest.raises(SystemExit) as end:
            run(capsys, tmp_path / "none", *words, lang=lang)
        assert end.value.code == 2
        assert cause in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_what_may_be_said_twice_is_taken_twice(data, capsys):
    rows = listed(capsys, data, "--data", "elsewhere", "terminals", "--tag", "old", "--tag", "old", "T0002", "T0003")
    assert [row["terminal"] for row in rows] == ["T0002", "T0003"]


UPDATE = (
    "rollout", "update", "T0001", "--why", "x", "--bundle", __file__, "--url", "https://x/y", "--back-bundle", __file__,
    "--back-url", "https://x/z",
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ((*UPDATE, "--version", "2 0", "--back-version", "1.0"), "version"),
        (
            ("cmd", "update", "T0001", "--why", "x", "--version", "2", "--bundle", __file__, "--url", "http://[::1/x"),
            "url",
        ),
        (("gaps", "--terminal", "T 1"), "terminal"),
        (("terminals", "--software", "x" * 201), "software"),
        (("tag", "T0001", "--add", "two words"), "add[0]"),
        (("rollout", "status", "99999999999999999999"), "rollout"),
        (("settings", "push", "--all", "--yes", "--why", "x" * 201), "why"),
    ],
)
def test_a_value_no_request_has_is_wrong_use_and_its_place_is_said(data, capsys, words, place):
    code, _, errors = run(capsys, data, *words)
    assert (code, f"{place}: " in errors) == (2, True), errors
    assert listed(capsys, data, "rollout", "list") == listed(capsys, data, "pushes") == []


@pytest.mark.parametrize("seconds", ["9", "518401", "-1", "soon"])
def test_an_order_that_expires_out_of_bounds_is_wrong_use_that_names_them(data, capsys, seconds):
    with pytest.raises(SystemExit) as end:
        run(capsys, data, "cmd", "identify", "T0001", f"--expires={seconds}")
    assert end.value.code == 2
    errors = capsys.readouterr().err
    assert f"--expires: '{seconds}' does not fit" in errors
    assert "write 10…518400" in errors
    assert listed(capsys, data, "cmd", "list") == []


@pytest.mark.parametrize(
    ("mode", "password", "said"),
    [(0o644, "several words are good\n", "can be read by others"), (0o600, "short\n", "too short")],
)
def test_init_makes_nothing_before_all_it_was_given_is_good(tmp_path, capsys, monkeypatch, mode, password, said):
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    (tmp_path / "P").write_text("correct horse\n")
    (tmp_path / "P").chmod(mode)
    words = ("--user", "anna", "--password-stdin", "--passphrase-file", str(tmp_path / "P"))
    code, _, errors = run(capsys, tmp_path / "new", "init", *words)
    assert (code, said in errors) == (2, True), errors
    assert not (tmp_path / "new").exists()


def test_init_twice_does_no_harm(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("several words are good\n"))
    data = tmp_path / "new"
    assert run(capsys, data, "init", "--user", "anna", "--password-stdin")[0] == 0
    before = {
        path.name: path.read_bytes() for path in data.iterdir() if path.is_file() and path.suffix in (".key", ".pub")
    }
    code, out, _ = run(capsys, data, "init", "--user", "anna", "--password-stdin")
    assert (code, "the certificate authority is there" in out) == (0, True)
    assert "anna is a user of the dashboard already" in out
    assert "several words" not in out
    assert before == {name: (data / name).read_bytes() for name in before}


def test_a_reported_fault_is_shown_with_its_path(data, capsys):
    report = Reported(2, 1, "rejected", "a" * 64, 1, "trusted", code=9004, path="shop.footer", reason="unknown")
    heard(data, "T0001", "reported", report)
    out = run(capsys, data, "show", "T0001")[1]
    assert f"shop.footer {error(9004).line('en')}: No such setting" in " ".join(out.split()), out
    assert "Next for [9004]: " in out
