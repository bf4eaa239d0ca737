"""Each thing done with vouchers is a right of its own, per platform and kind; a missing one is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.txn.voucher_rights import voucher_refusal
from rules.settings_vouchers import VoucherGrant
from tests.vouchers.till import MEITUAN, OWN, VoucherTill, coupon, vouchers
from wire.facts import Trouble


def refused(till: VoucherTill, *args: str) -> int:
    found = voucher_refusal(till.terminal.context(), *args)  # type: ignore[arg-type]
    return found.code if found else 0


@pytest.mark.parametrize(
    ("grant", "act", "platform", "kind", "code"),
    [
        (VoucherGrant(grant="no"), "redeem", "meituan", "cash", 2005),
        (VoucherGrant(platforms=("douyin",), grant="no"), "redeem", "meituan", "cash", 0),
        (VoucherGrant(platforms=("douyin",), grant="no"), "redeem", "douyin", "cash", 2005),
        (VoucherGrant(kinds=("package",), grant="supervisor"), "redeem", "douyin", "package", 2006),
        (VoucherGrant(kinds=("package",), grant="supervisor"), "redeem", "douyin", "", 0),
        (VoucherGrant(roles=("supervisor",), grant="no"), "redeem", "meituan", "cash", 0),
        (VoucherGrant(operators=("01",), acts=("look_up",), grant="no"), "look_up", "", "", 2005),
        (VoucherGrant(acts=("undo",), grant="yes"), "undo", "meituan", "cash", 2006),  # it only narrows
    ],
)
def test_the_first_row_that_fits_decides(
    tmp_path: Path, grant: VoucherGrant, act: str, platform: str, kind: str, code: int
) -> None:
    till = vouchers(tmp_path, vouchers={"grants": (grant, VoucherGrant(acts=("register",), grant="no"))})
    assert refused(till, act, platform, kind) == code


def test_nobody_approves_what_they_may_not_do(tmp_path: Path) -> None:
    asks = VoucherGrant(kinds=("cash",), roles=("cashier",), grant="supervisor")
    theirs = VoucherGrant(kinds=("cash",), roles=("supervisor",), grant="no")
    for grants, code in (((asks,), 0), ((asks, theirs), 2005)):
        folder = tmp_path / str(code)
        folder.mkdir()
        ctx = vouchers(folder, vouchers={"grants": grants}).terminal.context()
        found = voucher_refusal(replace(ctx, approver="00"), "redeem", "meituan", "cash")
        assert (found.code if found else 0) == code
    assert found is not None
    assert found.facts == (Trouble(2005, "voucher_redeem meituan cash operator 00 vouchers.grants[1]"),)


def test_what_is_missing_is_named_on_the_screen_and_in_the_alarm(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"grants": (VoucherGrant(kinds=("package",), grant="no"),)})
    till.basket(2).code().prepared(coupon(kind="package", face_fen=500)).keys("F1 OK F1 OK")
    assert "[2005]" in till.text()
    assert "核销权限" in till.text()
    assert "美团" in till.text()
    assert "套餐券" in till.text()
    till.ledger.commit()
    told = [fact for fact in till.journal("trouble") if isinstance(fact, Trouble)]
    assert [fact.detail for fact in told] == ["voucher_redeem meituan package operator 01 vouchers.grants[0]"]
    rows = till.ledger.read("SELECT reason FROM event WHERE code = 2005")
    assert rows == [("voucher_redeem meituan package operator 01 vouchers.grants[0]",)]


def test_a_platform_that_is_forbidden_costs_no_call(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers={"grants": (VoucherGrant(platforms=("meituan",), grant="no"),)})
    till.basket(2).code(MEITUAN)
    assert "[2005]" in till.text()
    assert till.asked == []
    till.keys("OK CANCEL CANCEL CANCEL").code(OWN)
    assert till.screen == "VoucherCheck"


def test_an_unmapped_package_needs_a_supervisor_and_pays_for_the_chosen_lines(tmp_path: Path) -> None:
    till = vouchers(tmp_path).basket(2).code().prepared(coupon(kind="package", face_fen=500))
    assert "[3034]" in till.text()
    till.keys("F1 OK F1")
    assert "[3034]" not in till.text()
    till.keys("OK")
    assert till.screen == "Override"
