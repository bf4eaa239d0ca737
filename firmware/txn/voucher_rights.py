"""Who may do what with which vouchers: the role's right first, then the shop's closer rules (domain 12, issue: the user's
first cause of failures). One function, so that a wrong configuration is found in a minute."""

from typing import Literal

from firmware.txn.command import Context, Refusal, lacking
from firmware.txn.voucher_names import platform_name
from firmware.view import text
from rules.deals import Platform, VoucherKind
from rules.settings_vouchers import VoucherAct
from rules.voucher_rights import RIGHTS, role_ruling, ruling
from wire.facts import Trouble


def voucher_refusal(
    ctx: Context, act: VoucherAct, platform: Platform | Literal[""] = "", kind: VoucherKind | Literal[""] = ""
) -> Refusal | None:
    """Why this operator may not, None: they may. 2005 names the missing right, platform and kind, on the screen and in an
    alarm; 2006 asks for a supervisor. Platform or kind "": not known yet, so rules for one of them do not speak yet."""
    if refusal := lacking(ctx, RIGHTS[act]):
        by = role_ruling(RIGHTS[act], ctx.settings.rights, ctx.session.role).by
        return _named(ctx, act, platform, kind, by) if refusal.code == 2005 else refusal
    found = ruling(
        ctx.settings.vouchers.grants, ctx.settings.rights, act, platform, kind, ctx.session.role, ctx.session.operator
    )
    if found.grant == "no":
        return _named(ctx, act, platform, kind, found.by)
    return Refusal(2006, RIGHTS[act].value) if found.grant == "supervisor" and not ctx.approver else None


def _named(ctx: Context, act: VoucherAct, platform: str, kind: str, by: str) -> Refusal:
    """`by`: the setting that says so; without one it is the role's own grant, which `rights.ROLE.RIGHT` would change."""
    about = text(
        "voucher__lacks", right=text(f"voucheract__{act}"), platform=platform_name(ctx, platform),
        kind=text(f"voucherkind__{kind or 'any'}"),
    )  # fmt: skip
    where = by or f"rights.{ctx.session.role}.{RIGHTS[act].value}"
    detail = f"{RIGHTS[act].value} {platform or 'any'} {kind or 'any'} operator {ctx.session.operator} {where}"
    return Refusal(2005, about, (Trouble(2005, detail),))
