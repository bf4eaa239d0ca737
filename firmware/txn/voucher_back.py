"""Which vouchers of a sale may go back with its goods, and why not (domain 3.8): whole, at their platform, in its time, by
who may; never in money. 3019: its time is over; 3020: it cannot be undone from here; 3027: not all goods it paid for are
chosen."""

from firmware.txn import voucher
from firmware.txn.books import Reading
from firmware.txn.command import Context, Refusal
from firmware.txn.original import Original
from firmware.txn.voucher import Use
from firmware.txn.voucher_rights import voucher_refusal
from firmware.view import Say, text
from rules.quantity import format_milli
from wire.facts import Refund, VoucherUndoSent, VoucherUse
from wire.vouchers import NEVER_UNDONE_MS

LATE, NOT_REVERSIBLE, NOT_ALL_ITS_GOODS = 3019, 3020, 3027
GOODS_NAMED = 2

_ASKED = ("registered", "sent", "unknown", "consumed")
"""The platform may hold it redeemed: it is asked to give it back."""

_GONE = ("rejected", "undone")
"""The shop has nothing of it any more, so it goes back without anybody being asked."""


def standing(ctx: Context, found: Original, vouchers: tuple[str, ...]) -> Refusal | None:
    """Why one of these vouchers cannot go back now; None: all can."""
    for use in found.uses():
        if use.request_no in vouchers and (refusal := _refusal(ctx, found, use)):
            return refusal
    return None


def returnable(ctx: Context, found: Original, chosen: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """The vouchers that go back with these goods, by their request numbers."""
    return tuple(number for number in found.whole_with(chosen) if standing(ctx, found, (number,)) is None)


def why_kept(ctx: Context, found: Original, chosen: tuple[tuple[int, int], ...]) -> Refusal:
    """Why nothing goes back for goods that vouchers paid: 3019, 3020, or 3027 with the goods to be chosen too: a voucher is
    given back whole, and goods that nothing else paid for are not taken back for nothing."""
    return hindrance(ctx, found, chosen) or Refusal(NOT_ALL_ITS_GOODS, _goods_too(found, dict(chosen)))


def _goods_too(found: Original, chosen: dict[int, int]) -> Say:
    """What else must come back with these goods, so that the vouchers that paid for them go back."""
    paying = (use for use in found.uses() if use.bears() & chosen.keys())
    borne = sorted({index for use in paying for index in use.bears()})
    left = [(found.line(index).name, found.left_milli(index) - chosen.get(index, 0)) for index in borne]
    goods = [f"{name} ×{format_milli(milli)}" for name, milli in left if milli > 0]
    if len(goods) > GOODS_NAMED:
        return text("voucherback__too_many", goods=", ".join(goods[:GOODS_NAMED]), count=len(goods))
    return text("voucherback__too", goods=", ".join(goods)) if goods else ""


def hindrance(ctx: Context, found: Original, chosen: tuple[tuple[int, int], ...]) -> Refusal | None:
    """What keeps vouchers that paid for these goods redeemed for good, 3019 or 3020; None: they go back with the last of
    their goods."""
    lines, given = {index for index, _ in chosen}, dict(found.by_tender)
    paying = (use for use in found.uses() if not given.get(use.request_no) and use.bears() & lines)
    return next((refusal for use in paying if (refusal := _refusal(ctx, found, use))), None)


def _refusal(ctx: Context, found: Original, use: VoucherUse) -> Refusal | None:
    known = voucher.standing(ctx.books, use.request_no) if found.local else None
    if known is None:
        return Refusal(NOT_REVERSIBLE, text("voucherback__elsewhere", terminal=found.origin.terminal))
    if known.state in _GONE:
        return None
    if known.state not in _ASKED:
        return Refusal(NOT_REVERSIBLE, _about(use))
    code = no_undo(ctx, known)
    return Refusal(code, _about(use)) if code else None


def _about(use: VoucherUse) -> Say:
    return use.title or f"*{use.last4}"


def no_undo(ctx: Context, known: Use) -> int:
    """3020 when the platform said that it cannot be undone, 3019 when the time it told is over, else 0: nobody knows before
    it is asked. Without a trusted clock the platform says."""
    if known.undo_until_ms == NEVER_UNDONE_MS:
        return NOT_REVERSIBLE
    return LATE if ctx.now.trusted and 0 < known.undo_until_ms < ctx.now.wall_ms else 0


def may_undo(ctx: Context, found: Original, vouchers: tuple[str, ...]) -> Refusal | None:
    """Why this operator may not give these vouchers back: 2005 or 2006 by platform and kind."""
    for use in found.uses():
        if use.request_no in vouchers and (refusal := voucher_refusal(ctx, "undo", use.platform, use.kind)):
            return refusal
    return None


def need_link(books: Reading, vouchers: tuple[str, ...]) -> bool:
    """Whether a platform must be asked: some only give a short time, so that nothing waits for a link."""
    known = (voucher.standing(books, number) for number in vouchers)
    return any(use is not None and use.state in ("sent", "unknown", "consumed") for use in known)


def undos(books: Reading, refund: Refund) -> tuple[VoucherUndoSent, ...]:
    """What asks the platforms, in the commit of the refund. Also for one that was refused and that its sale lacked: nothing
    is missing any more, and it is never to be verified again."""
    numbers = [part.voucher.request_no for part in refund.tenders if part.voucher is not None]
    known = [use for number in numbers if (use := voucher.standing(books, number)) is not None]
    return tuple(
        VoucherUndoSent(use.request_no, refund.way, refund.operator, refund.approver)
        for use in known
        if use.state in _ASKED or use.short_fen
    )
