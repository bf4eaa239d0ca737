"""Rights about vouchers: narrowed by rows, reported with the setting that decided, and rows that make no sense found."""

import json
from pathlib import Path

import msgspec
import pytest

from firmware.__main__ import main as posd
from fleet.__main__ import main as posfleet
from rules.rights import Right
from rules.rights_report import rights_of
from rules.rights_words import COLUMNS, words
from rules.settings import Settings, check, defaults
from rules.settings_vouchers import VoucherGrant
from rules.voucher_rights import ruling


def row(grant: str, **fits) -> VoucherGrant:
    return VoucherGrant(grant=grant, **{name: tuple(values) for name, values in fits.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "act", "role", "grant", "by"),
    [
        ((), "redeem", "cashier", "yes", ""),
        ((), "undo", "cashier", "supervisor", ""),
        ((row("no", acts=["redeem"], platforms=["douyin"]),), "redeem", "cashier", "yes", ""),
        ((row("no", acts=["redeem"], platforms=["meituan"]),), "redeem", "cashier", "no", "vouchers.grants[0]"),
        ((row("no", kinds=["cash"]),), "redeem", "supervisor", "no", "vouchers.grants[0]"),
        ((row("yes", roles=["supervisor"]), row("no")), "undo", "supervisor", "yes", ""),
        ((row("yes", roles=["supervisor"]), row("no")), "undo", "cashier", "no", "vouchers.grants[1]"),
        ((row("yes"),), "undo", "cashier", "supervisor", ""),  # a row never widens
        ((row("supervisor", operators=["01"]),), "redeem", "cashier", "supervisor", "vouchers.grants[0]"),
        ((row("supervisor", operators=["02"]),), "redeem", "cashier", "yes", ""),
        ((row("supervisor"),), "redeem", "supervisor", "yes", ""),
        ((row("yes"),), "redeem", "admin", "no", ""),
    ],
)
def test_a_right_is_the_roles_and_rows_narrow_it(rows, act, role, grant, by) -> None:
    found = ruling(rows, {}, act, "meituan", "cash", role, "01")
    assert (found.grant, found.by) == (grant, by)


def test_a_changed_grant_of_the_role_is_named() -> None:
    found = ruling((), {"cashier": {"voucher_undo": "no"}}, "undo", "meituan", "cash", "cashier", "01")
    assert (found.grant, found.by) == ("no", "rights.cashier.voucher_undo")


@pytest.mark.parametrize(
    ("rows", "path", "reason"),
    [
        ([{"grant": "no"}, {"acts": ["undo"]}], "vouchers.grants[1]", "never_reached"),
        # two rows together leave nothing for the third
        (
            [
                {"roles": ["cashier"], "grant": "no"}, {"roles": ["supervisor"], "grant": "yes"},
                {"platforms": ["meituan"], "grant": "no"},
            ],
            "vouchers.grants[2]", "never_reached",
        ),
        ([{"roles": ["cashier"], "operators": ["00"], "grant": "no"}], "vouchers.grants[0]", "never_reached"),
        ([{"operators": ["77"], "grant": "no"}], "vouchers.grants[0].operators[0]", "unknown"),
    ],
)  # fmt: skip
def test_rows_that_make_no_sense_are_problems_at_their_path(rows, path, reason) -> None:
    found = check({"vouchers": {"grants": rows}})
    assert isinstance(found, list)
    assert (path, reason) in {(each.path, each.reason) for each in found}


def test_a_row_for_a_right_nobody_has_does_nothing() -> None:
    nobody = {"cashier": {"voucher_undo": "no"}, "supervisor": {"voucher_undo": "no"}}
    found = check({"rights": nobody, "vouchers": {"grants": [{"acts": ["undo"], "grant": "yes"}]}})
    assert isinstance(found, list)
    assert [(each.path, each.reason) for each in found] == [("vouchers.grants[0]", "only_narrows")]


def test_rows_that_make_sense_are_taken() -> None:
    rows = [{"acts": ["undo"], "roles": ["cashier"], "grant": "no"}, {"platforms": ["own"], "grant": "supervisor"}]
    assert isinstance(check({"vouchers": {"grants": rows}}), Settings)


def shop() -> Settings:
    found = check({"vouchers": {"grants": [{"acts": ["redeem"], "platforms": ["douyin"], "kinds": ["times"],
                                            "roles": ["cashier"], "grant": "no"}]}})  # fmt: skip
    assert isinstance(found, Settings)
    return found


def test_the_report_has_every_right_of_everybody_and_says_who_decided() -> None:
    rows = rights_of(shop())
    for operator in defaults().operators:
        assert {each.right for each in rows if each.operator == operator.number} == {each.value for each in Right}
    cashier = next(each.number for each in defaults().operators if each.number == "01")
    mine = [each for each in rows if (each.operator, each.right) == (cashier, "voucher_redeem")]
    refused = [(each.platform, each.kind, each.by) for each in mine if each.grant == "no"]
    assert refused == [("douyin", "times", "vouchers.grants[0]")]
    assert [each.platform for each in mine if not each.kind] == [
        "meituan", "dianping", "koubei", "eleme", "kuaishou", "wechat", "own",
    ]  # fmt: skip
    assert {each.grant for each in rows if (each.operator, each.right) == ("00", "refund")} == {"limited"}
    assert all(len(cells) == len(COLUMNS) for cells in words(rows, "en"))


def test_posfleet_tells_it_of_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "00010023.json", tmp_path / "00010024.toml"
    one.write_text(json.dumps({"vouchers": {"grants": [{"acts": ["undo"], "grant": "no"}]}}))
    two.write_text('[rights.cashier]\nrefund = "no"\n')
    assert posfleet(["rights", str(one), str(two), "--operator", "01", "--json", "--lang", "en"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"00010023", "00010024"}
    undo = [each for each in found["00010023"] if each["right"] == "voucher_undo"]
    assert [(each["grant"], each["by"]) for each in undo] == [("no", "vouchers.grants[0]")]
    back = [each for each in found["00010024"] if each["right"] == "refund"]
    assert [(each["grant"], each["by"]) for each in back] == [("no", "rights.cashier.refund")]
    assert posfleet(["rights", str(one), "--lang", "en"]) == 0
    assert "vouchers.grants[0]" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[1]", '{"vouchers": {"grants": [{"grant": "maybe"}]}}'])
def test_posfleet_says_what_is_wrong_with_a_document(tmp_path: Path, text: str, capsys) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    assert posfleet(["rights", str(path), "--lang", "en"]) == 2
    assert str(path) in capsys.readouterr().err


def test_posd_tells_it_of_the_settings_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert posd(["rights", "--data", str(tmp_path), "--json", "--operator", "01"]) == 0
    rows = msgspec.json.decode(capsys.readouterr().out)
    assert {each["operator"] for each in rows} == {"01"}
    assert posd(["rights", "--data", str(tmp_path), "--lang", "en"]) == 0
    assert "Redeem vouchers" in capsys.readouterr().out
    assert posd(["rights", "--data", str(tmp_path), "--operator", "77"]) == 1
