"""What is done beside the backend stands in its audit, too."""

import json

import pytest

from fleet import __main__ as posfleet
from fleet.home import DATABASE, held
from fleet.sql import SqlStore


def run(capsys, data, *words, lang="en"):
    code = posfleet.main([*map(str, words), "--data", str(data), "--lang", lang])
    return code, *capsys.readouterr()


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "fleet"
    folder.mkdir()
    SqlStore(folder / DATABASE).close()
    return folder


@pytest.fixture
def typed(monkeypatch):
    """What is asked for at a terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "bright lanterns over the harbour")


def audit(capsys, data):
    code, out, _ = run(capsys, data, "audit", "--json")
    assert code == 0
    rows = [json.loads(each) for each in out.splitlines()]
    return [(row["what"], row["subject"], row["detail"]) for row in reversed(rows)]


def test_each_deed_leaves_a_line_and_a_look_or_a_refusal_leaves_none(capsys, data, typed, tmp_path):
    deeds = [
        (("ca", "init"), ("ca_init", "POS Fleet", "1 done")),
        (("ca", "issue", "T0001", "--dir", tmp_path / "T0001", "--days", 30), ("ca_issue", "T0001", "days=30; 1 done")),
        (("ca", "list"), None),
        (("ca", "crl"), None),
        (("ca", "issue", "T0001", "--dir", tmp_path / "T0001"), None),  # the folder is taken
        (("ca", "revoke", "T0001", "--reason", "stolen"), ("ca_revoke", "T0001", "reason=stolen; 1 done")),
        (("user", "add", "anna", "--role", "manager"), ("user_add", "anna", "role=manager; 1 done")),
        (("user", "add", "anna"), None),  # there already
        (("user", "role", "anna", "viewer"), ("user_role", "anna", "role=viewer; 1 done")),
        (("user", "password", "anna"), ("user_password", "anna", "1 done")),
        (("user", "list"), None),
        (("user", "remove", "anna"), ("user_remove", "anna", "1 done")),
    ]
    wanted = []
    for words, line in deeds:
        run(capsys, data, *words)
        wanted += [line] if line else []
        assert audit(capsys, data) == wanted, words
    assert "lanterns" not in (data / DATABASE).read_bytes().decode(errors="replace")


def test_without_a_backend_there_is_no_audit_and_nothing_is_made_for_it(capsys, tmp_path, typed):
    folder = tmp_path / "offline"
    code, _, errors = run(capsys, folder, "ca", "init")
    assert (code, errors) == (0, "")
    assert not (folder / DATABASE).exists()


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "Done, but ca_init is not in the audit: "), ("zh", "已完成，但 ca_init 未能记入审计")]
)
def test_a_deed_that_cannot_be_entered_stands_and_says_so(capsys, data, typed, lang, said):
    with held(data):  # somebody writes there, and answers nobody
        code, _, errors = run(capsys, data, "ca", "init", lang=lang)
    assert code == 0
    assert errors.startswith(said)
    assert (data / "ca").is_dir()
