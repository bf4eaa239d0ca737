"""Redeeming vouchers as the last step before the sale, taking the backend's word on them, and giving them back
(domain 3.4). A use is journaled before it leaves and keeps its number on every try; one leaves at a time."""

from dataclasses import dataclass, replace

import msgspec

from firmware.txn import checkout, payment, sale, shift, voucher, voucher_back, voucher_figures
from firmware.txn.basket import Basket
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.prices import rounded
from firmware.txn.voucher import Use
from firmware.txn.voucher_judge import PARTLY, UNKNOWN, Verdict, judge
from firmware.txn.voucher_rights import voucher_refusal
from firmware.view import text
from rules.rights import Right
from rules.voucher_again import is_curable
from wire.facts import (
    Fact,
    OrderOpened,
    Sale,
    TenderPart,
    Trouble,
    VoucherHandled,
    VoucherHeard,
    VoucherSent,
    VoucherUndoSent,
)
from wire.vouchers import AnswerVoucher

OFFLINE, UNDO_FAILED = 3030, 3021
NOTE_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class CashKept:
    """Cash that was typed and waits in the screen until the last voucher is redeemed; `print_slip` as `TakeCash`. The order
    remembers the sum (`checkout.Order.cash_fen`): after a refusal, a pause or a power cut it is offered again."""

    paid_fen: int
    print_slip: bool | None = None


@dataclass(frozen=True, slots=True)
class Redeem:
    """Redeem the vouchers of the order at the counter, or of the basket, which is frozen by it. `cash`: what is typed for
    the rest; None: nothing is left to be paid, or the shop redeems first (`vouchers.consume_first`)."""

    cash: CashKept | None = None

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherSent` of the first, with `OrderOpened` when it is new; or 2001, 2014, 5014, 5029, 6008, 2005, 3030, what
        stands in a voucher's way, 5020."""
        if refusal := checkout.cash_only(ctx):
            return refusal
        found = checkout.opening(ctx)
        left = checkout.to_redeem(ctx.books, found.opened(ctx.books)) if found is not None else ()
        offline = None if checkout.can_redeem(ctx) else OFFLINE
        if refusal := checkout.paying_refusal(ctx, found, None if left else 6008, offline):
            return refusal
        assert found is not None
        if not self._covers(ctx, found):
            return Refusal(5020)
        cash_fen = self.cash.paid_fen if self.cash is not None else 0
        facts = (*found.facts, checkout.sent(ctx, found.opened(ctx.books), left[0], cash_fen))
        return Decision(facts, replace(ctx.session, basket=Basket()))

    def _covers(self, ctx: Context, found: checkout.Opening) -> bool:
        """Whether nothing would be left to pay."""
        due, _ = rounded(ctx, found.rest_fen)
        if self.cash is None:
            return due == 0 or ctx.settings.vouchers.consume_first
        most = max(ctx.settings.sale.amount_max_fen * 2, due + sale.PAID_ABOVE_FEN_MAX)
        return due <= self.cash.paid_fen <= most


@dataclass(frozen=True, slots=True)
class RedeemNext:
    """Redeem the next voucher of an order that other money covers already, when the link is back or a shift is open."""

    trace: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherSent`, or 5014, 6008, 5029, 3030."""
        if refusal := checkout.cash_only(ctx):
            return refusal
        order = checkout.find(ctx.books, self.trace)
        if order is None or order not in checkout.paid_but_for_vouchers(ctx.books):
            return Refusal(6008)
        if code := checkout.busy(ctx.books, self.trace):
            return Refusal(code)
        opened = checkout.contents(ctx.books, order)
        left = checkout.to_redeem(ctx.books, opened)
        if not left:
            return Refusal(6008)
        return Decision((checkout.sent(ctx, opened, left[0]),)) if checkout.can_redeem(ctx) else Refusal(OFFLINE)


# --- what the backend says -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HearVoucher:
    """Take an answer about a use: what it means is `voucher_judge`'s. The last voucher of an order that is covered sells it
    in the same commit; one that is redeemed for nothing goes back in the same commit. `cash`: typed and kept. The code of a
    registered one is forgotten with the platform's last word: a refusal that can be cured is none (ADR 26)."""

    answer: AnswerVoucher
    cash: CashKept | None = None

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherHeard` and what follows; nothing when it says nothing new; 6009 for a use not ours, 1009 for an answer
        that contradicts what is known, 3022 for one the backend never saw: the desk asks for it again or closes it."""
        known = voucher.find(ctx.books, self.answer.request_no)
        if known is None:
            return Refusal(6009)
        verdict = judge(known, self.answer)
        if verdict.odd:
            return Refusal(1009, verdict.odd)
        if verdict.absent:
            return Refusal(UNKNOWN)
        if verdict.heard is None:
            return Decision()
        heard = _ended(ctx, known, verdict.heard)
        facts: tuple[Fact, ...] = (heard, *_alarms(known, heard))
        if verdict.heard.state in ("consumed", "kept"):
            facts += self._redeemed(ctx, known, verdict)
        return Decision(facts, secrets=voucher.forgotten(known) if _is_last_word(known, heard) else ())

    def _redeemed(self, ctx: Context, known: Use, verdict: Verdict) -> tuple[Fact, ...]:
        """It pays for its order, which may be complete by it; for none, it goes back."""
        heard = verdict.heard
        assert heard is not None
        if known.sold and known.why == "":
            return ()
        order = checkout.find(ctx.books, known.trace)
        stands = order is not None and order.state in ("open", "parked")
        if heard.state == "kept" and (not stands or known.why == "dropped"):
            return ()  # it stands on the list
        if order is None or not stands or verdict.back:
            why = known.why if known.why in ("void", "refund") else "dropped"
            return (VoucherUndoSent(known.request_no, why),)  # type: ignore[arg-type]
        use = voucher.contents(ctx.books, known)
        use = voucher.part_of(use, heard.count) if heard.count else use
        opened = checkout.contents(ctx.books, order)
        paid = checkout.parts(ctx.books, ctx.settings, known.trace)
        part = checkout.voucher_part(use, heard.record_no or known.record_no, known, heard)
        before = sum(each.kind == "voucher" for each in paid)
        return _next(ctx, order, opened, (*paid[:before], part, *paid[before:]), known, use.deduct_fen, self.cash)


def _next(
    ctx: Context, order: checkout.Order, opened: OrderOpened, paid: tuple[TenderPart, ...], known: Use, deduct_fen: int,
    cash: CashKept | None,
) -> tuple[Fact, ...]:  # fmt: skip
    """What follows a redeemed voucher: the next one, the sale, or nothing while other money is wanted."""
    before = known.deduct_fen if known.counts else 0
    rest = checkout.rest_fen(ctx.books, order) + before - deduct_fen
    due, rounding = rounded(ctx, rest)
    asked = any(
        each.is_open and each.request_no != known.request_no for each in voucher.uses_of(ctx.books, order.trace)
    )
    asked = asked or any(each.is_open for each in payment.of_order(ctx.books, order.trace))
    by_cash = cash is not None and rest > 0 and cash.paid_fen >= due and order.state == "open"
    left = checkout.to_redeem(ctx.books, opened, known.request_no)
    if asked:
        return ()
    if left:
        goes = rest == 0 or by_cash or ctx.settings.vouchers.consume_first
        cash_fen = cash.paid_fen if cash is not None else 0
        return (checkout.sent(ctx, opened, left[0], cash_fen),) if goes and checkout.can_redeem(ctx) else ()
    open_shift = shift.current(ctx.books)
    if open_shift is None or not (rest == 0 or by_cash):
        return ()
    late = order.state == "parked" or not ctx.session.operator or order.batch != open_shift.batch
    slip = None
    if by_cash:
        assert cash is not None
        paid, slip = (*paid, TenderPart("cash", cash.paid_fen, cash.paid_fen - due)), cash.print_slip
    return (checkout.settled(ctx, opened, paid, rounding if by_cash else 0, late, slip),)


def _is_last_word(known: Use, heard: VoucherHeard) -> bool:
    """Whether nobody will ask for it by its code any more."""
    if heard.state == "rejected" and not known.why:
        return not is_curable(heard.code)
    return heard.state != "unknown"


def _ended(ctx: Context, known: Use, heard: VoucherHeard) -> VoucherHeard:
    """With what it changes in the shift's figures beside its sale, now that the platform has spoken: what a registered
    voucher lacks or brings, what a platform is to pay for one that no sale stands for, or not any more."""
    heard = msgspec.structs.replace(heard, shortage_fen=_short_fen(known, heard) - known.short_fen)
    changed = _owed_fen(ctx, known, heard) - known.owed_fen
    if not changed:
        return heard
    if known.registered:
        return msgspec.structs.replace(heard, verified_fen=changed)
    return msgspec.structs.replace(heard, kept_fen=changed)


def _short_fen(known: Use, heard: VoucherHeard) -> int:
    """What its sale lacks: the amount of a registered one from its refusal until it is redeemed, or goes back with its
    sale."""
    if heard.state == "rejected" and known.registered and not known.why:
        return known.deduct_fen
    return known.short_fen if heard.state == "unknown" else 0


def _owed_fen(ctx: Context, known: Use, heard: VoucherHeard) -> int:
    """What the platform is to pay for it beside what the deals of sales say."""
    match heard.state:
        case "undone" | "rejected":
            return 0
        case "consumed" | "kept" if known.registered:
            return _worth_fen(known, heard) or known.deduct_fen
        case "kept" if not _pays(ctx, known):
            return _worth_fen(known, heard)
        case _:
            return known.owed_fen


def _pays(ctx: Context, known: Use) -> bool:
    """Whether a sale stands for it, or is still to come of its order."""
    if known.sold:
        return known.why not in ("void", "refund")
    order = checkout.find(ctx.books, known.trace)
    return order is not None and order.state in ("open", "parked") and known.why != "dropped"


def _worth_fen(known: Use, heard: VoucherHeard) -> int:
    """What the platform is to pay for it, before its commission."""
    told_fen = known.basis_fen * (heard.count or known.count) // known.count
    paid_fen, platform_fen = max(known.paid_fen, heard.paid_fen), max(known.platform_fen, heard.platform_fen)
    borne_fen = max(known.merchant_fen, heard.merchant_fen)
    return voucher_figures.price_basis_fen(told_fen, paid_fen, platform_fen, borne_fen) + platform_fen


def _alarms(known: Use, heard: VoucherHeard) -> tuple[Trouble, ...]:
    """What a person must know of at once: an unknown result, fewer redeemed than asked, one that cannot be given back, a
    registered one whose sale lacks its amount now."""
    number = known.request_no
    if heard.state == "unknown":
        return (Trouble(UNKNOWN, number),)
    if heard.code == PARTLY:
        return (Trouble(PARTLY, number),)
    if heard.state == "kept":
        return (Trouble(UNDO_FAILED, number),)
    if heard.shortage_fen > 0:
        return (Trouble(heard.code, number),)
    return (Trouble(3004, number),) if heard.state == "undone" and known.sold and not known.why else ()


@dataclass(frozen=True, slots=True)
class GiveUpWaiting:
    """Nobody answers: the result is unknown from now on."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherHeard` unknown with 3022, or 6008 when something is known of it already."""
        known = voucher.find(ctx.books, self.request_no)
        if known is None or known.state != "sent":
            return Refusal(6008)
        heard = VoucherHeard(self.request_no, "unknown", "", UNKNOWN)
        return Decision((heard, *_alarms(known, heard)))


@dataclass(frozen=True, slots=True)
class NeverLeft:
    """The first ask for a use surely never left the terminal: it was not redeemed, without anybody's word."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherHeard` rejected with 3030, or 6008 when something is known of it already."""
        known = voucher.find(ctx.books, self.request_no)
        if known is None or known.state != "sent" or known.registered:
            return Refusal(6008)
        return Decision((VoucherHeard(self.request_no, "rejected", "", OFFLINE),))


def stands(ctx: Context, known: Use) -> bool:
    """Whether a use is still wanted: its order is neither sold without it nor given up, or it was registered."""
    order = checkout.find(ctx.books, known.trace)
    return bool(known.registered) or (order is not None and order.state in ("open", "parked"))


# --- registered ones ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifyRegistered:
    """Redeem a voucher now that a supervisor took without a link; the terminal's own."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherSent`, or 6008, 3030."""
        known = voucher.find(ctx.books, self.request_no)
        if known is None or known.state != "registered":
            return Refusal(6008)
        if not checkout.can_redeem(ctx):
            return Refusal(OFFLINE)
        use = voucher.contents(ctx.books, known)
        return Decision((VoucherSent(known.batch, known.trace, use, known.operator, known.approver),))


# --- by hand ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakeBackUse:
    """The cashier takes a voucher back whose result nobody knows; its order stays to be paid otherwise."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherUndoSent`, or 2001, 6008, 2005."""
        known = voucher.find(ctx.books, self.request_no)
        fits = known is not None and known.state in ("sent", "unknown") and not known.registered
        if refusal := lacking(ctx, Right.SALE, None if fits else 6008):
            return refusal
        return Decision((VoucherUndoSent(self.request_no, "cashier", ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class UndoVoucher:
    """Give a redeemed voucher back by hand: one whose order is not sold, or one on the list. A voucher that a sale holds is
    given back by voiding or refunding that sale."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherUndoSent`, or 2001, 6008, 2005, 2006, 3030, 3019 after the time the platform told,
        3020 where it said that it cannot."""
        known = voucher.find(ctx.books, self.request_no)
        if refusal := lacking(ctx, Right.SALE):
            return refusal
        if known is None or not known.redeemed:
            return Refusal(6008)
        if known.sold and not known.listed:
            return Refusal(6008, text("voucher__void_first"))
        if refusal := voucher_refusal(ctx, "undo", known.platform, known.kind):
            return refusal
        if not checkout.can_redeem(ctx):
            return Refusal(OFFLINE)
        if code := voucher_back.no_undo(ctx, known):
            return Refusal(code)
        why = known.why if known.why in ("void", "refund") else "cashier"
        return Decision((VoucherUndoSent(self.request_no, why, ctx.session.operator, ctx.approver),))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class HandleVoucher:
    """A person has dealt with a use on the list (券待处理): asked the platform, or booked the loss."""

    request_no: str
    note: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherHandled`, or 2001, 6008, 2005, 2006."""
        known = voucher.find(ctx.books, self.request_no)
        if refusal := lacking(ctx, Right.SALE, None if known is not None and known.listed else 6008):
            return refusal
        assert known is not None
        if refusal := voucher_refusal(ctx, "undo", known.platform, known.kind):
            return refusal
        handled = VoucherHandled(self.request_no, ctx.session.operator, self.note[:NOTE_CHARS_MAX], ctx.approver)
        return Decision((handled,), secrets=voucher.forgotten(known))


def sold_by(facts: tuple[Fact, ...]) -> Sale | None:
    """The sale among the facts of a decision."""
    return next((fact for fact in facts if isinstance(fact, Sale)), None)
