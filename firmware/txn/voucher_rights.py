"""Who may do what with which vouchers: the role's right first, then the shop's closer rules (domain 12, issue: the user's
first cause of failures). One function, so that a wrong configuration is found in a minute."""

from typing import Literal

from firmware.txn.command import Context, Refusal, lacking
from firmware.txn.voucher_names import platform_name
from firmware.view import text
from rules.deals import Platform, VoucherKind
from rules.rights import role_of
from rules.settings_vouchers import VoucherAct
from rules.voucher_rights import RIGHTS, Ruling, role_ruling, ruling
from wire.facts import Trouble


def voucher_refusal(
    ctx: Context, act: VoucherAct, platform: Platform | Literal[""] = "", kind: VoucherKind | Literal[""] = ""
) -> Refusal | None:
    """Why this operator may not, None: they may. 2005 names the missing right, platform and kind, on the screen and in an
    alarm, also where it is the supervisor's who was asked; 2006 asks for one. Platform or kind "": not known yet, so rules
    for one of them do not speak yet."""
    asked = (act, platform, kind)
    if refusal := lacking(ctx, RIGHTS[act]):
        by = role_ruling(RIGHTS[act], ctx.settings.rights, ctx.session.role).by
        return _named(ctx, *asked, ctx.session.operator, by) if refusal.code == 2005 else refusal
    own = _of(ctx, *asked, ctx.session.operator)
    if own.grant != "supervisor":
        return _named(ctx, *asked, ctx.session.operator, own.by) if own.grant == "no" else None
    if not ctx.approver:
        return Refusal(2006, RIGHTS[act].value)
    theirs = _of(ctx, *asked, ctx.approver)
    return _named(ctx, *asked, ctx.approver, theirs.by) if theirs.grant == "no" else None


def _of(ctx: Context, act: VoucherAct, platform: str, kind: str, operator: str) -> Ruling:
    """What somebody may do by themselves: nobody approves what they may not do."""
    settings = ctx.settings
    return ruling(settings.vouchers.grants, settings.rights, act, platform, kind, role_of(operator) or "", operator)


def _named(ctx: Context, act: VoucherAct, platform: str, kind: str, who: str, by: str) -> Refusal:
    """`by`: the setting that says so; without one it is the role's own grant, which `rights.ROLE.RIGHT` would change."""
    about = text(
        "voucher__lacks", right=text(f"voucheract__{act}"), platform=platform_name(ctx, platform),
        kind=text(f"voucherkind__{kind or 'any'}"),
    )  # fmt: skip
    where = by or f"rights.{role_of(who)}.{RIGHTS[act].value}"
    detail = f"{RIGHTS[act].value} {platform or 'any'} {kind or 'any'} operator {who} {where}"
    return Refusal(2005, about, (Trouble(2005, detail),))
