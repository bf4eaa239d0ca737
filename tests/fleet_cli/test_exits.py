"""How commands end: one table in the code, the same in the documents, and every command keeps to it."""

import io
import re
from pathlib import Path

import pytest

from fleet import __main__ as posfleet
from fleet.admin import Plan, Policy, Refused, Window
from fleet.commands import exits, line
from tests.update import bundles
from texts import catalogue

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operating-a-fleet.md"
NOTHING = "nothing of the data folder"
"""Commands that need none."""

FRESH = "makes its folder"
"""Commands that begin one."""

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve --broker 127.0.0.1:1", FRESH),
    "records": ("records T0001", ""),
    "code": ("code T0001 00 --why x", FRESH),
    "seal check": ("seal check rubbish", NOTHING),
    "init": ("init", FRESH),
    "completion": ("completion bash", NOTHING),
    "terminals": ("terminals", ""),
    "show": ("show T0001", ""),
    "register": ("register T0001", FRESH),
    "tag": ("tag --all --add x", FRESH),
    "settings layers": ("settings layers", ""),
    "settings history": ("settings history fleet", ""),
    "settings get": ("settings get fleet", ""),
    "settings put": ("settings put fleet DOCUMENT", FRESH),
    "settings edit": ("settings edit fleet", ""),
    "settings file": ("settings file fleet help --remove", ""),
    "settings check": ("settings check DOCUMENT --layer fleet", FRESH),
    "settings diff": ("settings diff fleet", ""),
    "settings push": ("settings push --all --dry-run", ""),
    "rollout start": ("rollout start --all --why x", FRESH),
    "rollout update": (
        "rollout update --all --why x --version 2 --bundle BUNDLE --url https://a/b --back-version 1 "
        "--back-bundle BACK --back-url https://a/c",
        FRESH,
    ),
    "rollout list": ("rollout list", ""),
    "rollout status": ("rollout status 1", ""),
    **{
        f"rollout {act}": (f"rollout {act} 1 --yes", FRESH) for act in ("approve", "pause", "resume", "abort", "revert")
    },
    "policy get": ("policy get", ""),
    "policy put": ("policy put DOCUMENT", FRESH),
    **{
        f"cmd {name}": (f"cmd {name} T0001 --why x --yes {more}", FRESH)
        for name, more in {
            "identify": "",
            "selftest": "",
            "log": "",
            "lock": "",
            "unlock": "",
            "reboot": "",
            "drawer": "",
            "replay": "--epoch 1 --first 1 --last 2",
            "update": "--version 2 --bundle BUNDLE --url https://a/b",
        }.items()
    },
    "cmd list": ("cmd list", ""),
    "gaps": ("gaps", ""),
    "quarantine": ("quarantine", ""),
    "pushes": ("pushes", ""),
    "audit": ("audit", ""),
    "export": ("export sales", ""),
    "acquirer script": ("acquirer script --clear", FRESH),
    "acquirer books": ("acquirer books", ""),
    "acquirer statement": ("acquirer statement wechat 2026-11-23", ""),
    "vouchers deals load": ("vouchers deals load DEALS", FRESH),
    "vouchers deals list": ("vouchers deals list", ""),
    "vouchers deals show": ("vouchers deals show X", ""),
    "vouchers issue": ("vouchers issue DEALS OWN5", FRESH),
    "vouchers own": ("vouchers own", ""),
    "vouchers uses": ("vouchers uses", ""),
    "vouchers platforms": ("vouchers platforms", ""),
    "vouchers statement": ("vouchers statement meituan 2026-11-23", ""),
    "vouchers reconcile": ("vouchers reconcile STATEMENT --platform meituan --date 2026-11-23", ""),
    "vouchers script": ("vouchers script --clear", FRESH),
    "ca init": ("ca init", FRESH),
    "ca renew": ("ca renew", ""),
    "ca crl": ("ca crl", ""),
    "ca issue": ("ca issue T0001 --dir OUT", ""),
    "ca server": ("ca server broker --host h --dir OUT", ""),
    "ca backend": ("ca backend backend --dir OUT", ""),
    "ca revoke": ("ca revoke T0001", ""),
    "ca list": ("ca list", ""),
    "broker mosquitto": ("broker mosquitto --out OUT --name h", ""),
    "broker emqx": ("broker emqx --out OUT --name h", ""),
    "broker update": ("broker update --out OUT", ""),
    "broker kick": ("broker kick T0001 --broker 127.0.0.1:1", NOTHING),
    "user add": ("user add anna --password-stdin", FRESH),
    "user list": ("user list", FRESH),
    "user role": ("user role anna viewer", FRESH),
    "user password": ("user password anna --password-stdin", FRESH),
    "user remove": ("user remove anna", FRESH),
    "db init": ("db init", NOTHING),
    "db upgrade": ("db upgrade", NOTHING),
    "db check": ("db check", NOTHING),
    "db days": ("db days", NOTHING),
    "db forget": ("db forget --before 2026-01-01", NOTHING),
    "errors": ("errors", ""),
    "rights": ("rights DOCUMENT", NOTHING),
    "key": ("key", FRESH),
}
"""A line of every command that is whole, and what it needs of the data folder; empty: a database or an authority."""


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A command's line as words, with files that are there."""
    monkeypatch.setattr("sys.stdin", io.StringIO("several words are good\n"))
    (tmp_path / "document.json").write_text("{}")
    (tmp_path / "statement.csv").write_text("code,verify_time\n")
    (tmp_path / "2.tar").write_bytes(bundles.small("2"))
    (tmp_path / "1.tar").write_bytes(bundles.small("1", downgrade=True))
    places = {
        "DOCUMENT": tmp_path / "document.json", "STATEMENT": tmp_path / "statement.csv", "OUT": tmp_path / "out",
        "BUNDLE": tmp_path / "2.tar", "BACK": tmp_path / "1.tar", "DEALS": ROOT / "rules" / "catalogue" / "vouchers.toml",
    }  # fmt: skip
    return lambda name: [str(places.get(each, each)) for each in COMMANDS[name][0].split()]


def ended(words):
    try:
        return posfleet.main([*words, "--lang", "en"])
    except SystemExit as left:
        return left.code


def test_every_command_is_in_the_table():
    leaves = [each for each in line.parsers_of(posfleet._parser("en")) if each._subparsers is None]
    assert sorted(each.prog.removeprefix("posfleet ") for each in leaves) == sorted(COMMANDS)


@pytest.mark.parametrize("kind", [Plan, Policy, Window])
def test_the_guide_names_every_key_of_a_plan_and_of_the_policy(kind):
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in kind.__struct_fields__ if f"`{name}`" not in text] == []


def test_every_command_that_shows_or_changes_something_takes_json():
    """Left out: what goes on running, asks an editor, or prints a script."""
    without = {"serve", "completion", "settings edit"}
    leaves = [each for each in line.parsers_of(posfleet._parser("en")) if each._subparsers is None]
    lacking = {each.prog.removeprefix("posfleet ") for each in leaves if "--json" not in each._option_string_actions}
    assert lacking == without


@pytest.mark.parametrize("name", COMMANDS)
def test_a_word_no_command_knows_is_wrong_use(words, name, capsys):
    assert ended([*words(name), "--no-such-option"]) == exits.USAGE
    said = capsys.readouterr().err
    assert "--no-such-option is not known here" in said
    assert f"Next: see posfleet {name} --help" in said or "Next: see posfleet --help" in said


@pytest.mark.parametrize("name", [name for name, (_, needs) in COMMANDS.items() if not needs])
def test_without_database_or_authority_every_command_says_it_could_not(words, name, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert ended([*words(name), "--data", str(tmp_path / "empty")]) == exits.TROUBLE
    assert "Next: " in capsys.readouterr().err
    assert list((tmp_path / "empty").iterdir()) == [], "looking made something"


@pytest.mark.parametrize("name", [name for name, (_, needs) in COMMANDS.items() if needs != NOTHING])
def test_a_data_folder_that_cannot_be_used_is_trouble_for_every_command(words, name, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert ended([*words(name), "--data", str(tmp_path / "file")]) == exits.TROUBLE
    said = capsys.readouterr().err
    assert "Next: " in said
    assert "Traceback" not in said


def used_names():
    """Every name of a failure in the code of the commands."""
    for path in (ROOT / "fleet" / "commands").rglob("*.py"):
        yield from re.findall(r'Wrong\(\s*"(\w+)"', path.read_text(encoding="utf-8"))


def test_every_failure_has_its_place_in_one_table_and_its_texts():
    used = set(used_names())
    assert used - exits.MEANT_WRONG - exits.MEANT == set()
    assert set() == exits.MEANT_WRONG & exits.MEANT
    known = catalogue("fleet", "en") | catalogue("manager", "en")
    for name in exits.MEANT_WRONG | exits.MEANT:
        assert f"wrong__{name}" in known, name
        assert f"step__{name}" in known, name


def test_every_refusal_in_the_table_is_one_the_backend_knows():
    reasons = Refused.__annotations__["reason"].__args__
    assert set(reasons) >= exits.REFUSED_WRONG


def test_the_guide_shows_the_same_table():
    rows = re.findall(r"^\| (\d+) \| \*\*", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(map(int, rows)) == [exits.DONE, exits.FOUND, exits.USAGE, exits.TROUBLE, exits.STOPPED]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_folder_is_named_before_a_command_within_it_and_after_it(tmp_path, capsys, place):
    line_of = ["settings", "layers"]
    line_of[place:place] = ["--data", str(tmp_path / "here")]
    assert ended(line_of) == exits.TROUBLE
    assert str(tmp_path / "here" / "fleet.db") in capsys.readouterr().err


def test_ctrl_c_ends_without_a_traceback(monkeypatch, tmp_path, capsys):
    def tired(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fleet.commands.manager.terminals.ask", tired)
    assert ended(["terminals", "--data", str(tmp_path)]) == exits.STOPPED
    assert "Traceback" not in capsys.readouterr().err
