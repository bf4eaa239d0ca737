"""A one-use code comes out of the desk only for who may, with a reason, and stands in the audit without its digits."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Caller, CodeMade, MakeCode, Refused
from rules import one_use
from tests.fleet_settings.office import NOW, Office
from texts import LANGS, t

SECRET = "k7Qz_0aVb3xRw9TnLp2YdEfGh5JmUc8s"
LEFT = {"operators": [{"number": "00"}, {"number": "01"}, {"number": "90", "active": False}, {"number": "99"}]}


@pytest.fixture
def office():
    made = Office()
    made.register(("A1", "g", "s"), ("A2", "g", "s"), ("A3", "g", "s"))
    assert not isinstance(made.layer("fleet", LEFT), Refused)
    assert not isinstance(made.layer("terminal:A1", {"terminal": {"code_secret": SECRET}}), Refused)
    assert not isinstance(made.push(terminals=("A1", "A2")), Refused)
    return made


def test_it_is_the_code_the_terminal_expects(office):
    made = office.ask(MakeCode(terminal="A1", supervisor="00"))
    assert isinstance(made, CodeMade)
    key = one_use.key_of(SECRET, "A1", "00")
    assert one_use.step_of(key, made.code, office.now) == one_use.step_at(NOW)
    assert one_use.step_of(key, made.code, made.until_ms - 1) is not None
    assert one_use.step_of(key, made.code, made.until_ms) is None


@pytest.mark.parametrize(
    ("terminal", "supervisor", "reason"),
    [
        ("A9", "00", "unknown_terminal"), ("A3", "00", "no_settings"), ("A2", "00", "no_codes"),
        ("A1", "01", "no_supervisor"), ("A1", "90", "no_supervisor"), ("A1", "91", "no_supervisor"),
        ("A1", "99", "no_supervisor"),
    ],
)  # fmt: skip
def test_there_is_none_where_the_terminal_would_take_none(office, terminal, supervisor, reason):
    refused = office.ask(MakeCode(terminal=terminal, supervisor=supervisor))
    assert isinstance(refused, Refused)
    assert refused.reason == reason


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_it_takes_a_role_and_a_reason(office, role):
    request = MakeCode(terminal="A1", supervisor="00")
    assert office.ask(request, Caller(name="eva", role=role)).reason == "role"
    assert office.ask(request, why=" ").reason == "why_missing"
    assert isinstance(office.ask(request, Caller(name="eva", role="manager")), CodeMade)


def test_the_audit_says_who_for_whom_and_why_and_no_digits(office):
    made = office.ask(MakeCode(terminal="A1", supervisor="00"), why="boss on the road")
    [row] = office.ask(admin.Audit(what="make_code")).rows
    assert (row.who, row.subject, row.why, row.detail) == ("anna", "A1", "boss on the road", "supervisor 00")
    assert made.code not in repr(row)


def test_the_secret_is_masked_wherever_settings_are_shown(office):
    office.layer("terminal:A1", {"terminal": {"code_secret": SECRET[::-1]}})
    shown = [
        office.ask(admin.GetLayer(layer="terminal:A1")), office.ask(admin.ShowTerminal(terminal="A1")),
        office.ask(admin.DryRun(where=admin.Where(terminals=("A1",)))),
        office.ask(admin.DiffLayer(layer="terminal:A1", before=1)),
    ]  # fmt: skip
    for reply in shown:
        text = msgspec.json.encode(reply).decode()
        assert SECRET not in text
        assert SECRET[::-1] not in text
        assert "***" in text


@pytest.mark.parametrize("lang", LANGS)
def test_it_is_said_in_halves_and_until_when(lang):
    said = t("manager", lang, "code__made", code="1234 5678", until="12:00:30")
    assert "1234 5678" in said
    assert "12:00:30" in said
