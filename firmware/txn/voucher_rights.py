"""Who may do what with which vouchers: the role's right first, then the shop's closer rules (domain 12, issue: the user's
first cause of failures). One function, so that a wrong configuration is found in a minute."""

from typing import Literal

from firmware.txn.command import Context, Refusal, lacking
from firmware.txn.voucher_names import platform_name
from firmware.view import text
from rules.deals import Platform, VoucherKind
from rules.rights import Right
from rules.settings_vouchers import VoucherAct, VoucherGrant
from wire.facts import Trouble

RIGHTS: dict[VoucherAct, Right] = {
    "redeem": Right.VOUCHER_REDEEM,
    "undo": Right.VOUCHER_UNDO,
    "register": Right.VOUCHER_REGISTER,
    "look_up": Right.VOUCHER_LOOK_UP,
}


def voucher_refusal(
    ctx: Context, act: VoucherAct, platform: Platform | Literal[""] = "", kind: VoucherKind | Literal[""] = ""
) -> Refusal | None:
    """Why this operator may not, None: they may. 2005 names the missing right, platform and kind, on the screen and in an
    alarm; 2006 asks for a supervisor. Platform or kind "": not known yet, so rules for one of them do not speak yet."""
    if refusal := lacking(ctx, RIGHTS[act]):
        return _named(ctx, act, platform, kind) if refusal.code == 2005 else refusal
    row = granted(ctx, act, platform, kind)
    if row is None or row.grant == "yes":
        return None
    if row.grant == "supervisor":
        return None if ctx.approver or ctx.session.role == "supervisor" else Refusal(2006, RIGHTS[act].value)
    return _named(ctx, act, platform, kind)


def granted(
    ctx: Context, act: VoucherAct, platform: Platform | Literal[""], kind: VoucherKind | Literal[""]
) -> VoucherGrant | None:
    """The first of the shop's closer rules that fits; None: the role's right alone decides."""
    for row in ctx.settings.vouchers.grants:
        fits = (
            (not row.acts or act in row.acts)
            and (not row.platforms or platform in row.platforms)
            and (not row.kinds or kind in row.kinds)
            and (not row.roles or ctx.session.role in row.roles)
            and (not row.operators or ctx.session.operator in row.operators)
        )
        if fits:
            return row
    return None


def _named(ctx: Context, act: VoucherAct, platform: str, kind: str) -> Refusal:
    about = text(
        "voucher__lacks", right=text(f"voucheract__{act}"), platform=platform_name(ctx, platform),
        kind=text(f"voucherkind__{kind or 'any'}"),
    )  # fmt: skip
    detail = f"{RIGHTS[act].value} platform={platform or '-'} kind={kind or '-'} operator={ctx.session.operator}"
    return Refusal(2005, about, (Trouble(2005, detail),))
