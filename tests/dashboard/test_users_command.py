"""`posfleet user`: passwords come by standard input, never by the command line."""

import io
import json
from pathlib import Path

import pytest

from fleet.__main__ import main
from tests.dashboard.house import PASSWORD


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["--lang", "en", "user", *words, "--data", str(tmp_path)])


def test_users_come_change_and_go(tmp_path, monkeypatch, capsys) -> None:
    assert (
        run(tmp_path, monkeypatch, "add", "anna", "--role", "manager", "--password-stdin", typed=PASSWORD + "\n") == 0
    )
    assert run(tmp_path, monkeypatch, "role", "anna", "viewer") == 0
    assert run(tmp_path, monkeypatch, "password", "anna", typed="another good one\n") == 0
    capsys.readouterr()
    assert run(tmp_path, monkeypatch, "list", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["role"]) == ("anna", "viewer")
    assert "password" not in said
    assert run(tmp_path, monkeypatch, "list") == 0
    assert "anna" in capsys.readouterr().out
    assert run(tmp_path, monkeypatch, "remove", "anna") == 0
    assert run(tmp_path, monkeypatch, "remove", "anna") == 2


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("add", "anna"), "short\n", "too short"),
        (("add", "Anna B"), PASSWORD, "no name"),
        (("role", "nobody", "viewer"), "", "no such user"),
        (("add", "anna"), "", "too short"),
    ],
)
def test_what_is_wrong_is_said_with_the_next_step(tmp_path, monkeypatch, capsys, words, typed, said) -> None:
    assert run(tmp_path, monkeypatch, *words, typed=typed) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert PASSWORD not in errors


def test_no_option_takes_a_password(tmp_path, monkeypatch) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, "add", "anna", "--password", PASSWORD)
