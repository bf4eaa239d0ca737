"""Vouchers of an order being redeemed or given back: the full screen of each state (domain 3.4)."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import Do, Done, Home, Move, Push, Screen, Stay, home, shown
from firmware.screens.code import GiveUp, held_rows
from firmware.screens.voucher_scan import scanned_voucher
from firmware.screens.widgets import Notice, refuse
from firmware.txn import checkout, slip, voucher
from firmware.txn.checkout import ParkOrder
from firmware.txn.command import Context
from firmware.txn.slips.sheet import local
from firmware.txn.voucher import Use
from firmware.txn.voucher_judge import PARTLY
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_redeem import CashKept, Redeem, RedeemNext, TakeBackUse
from firmware.view import Big, Block, Gap, Hint, Para, Row, Say, Tint, View, text
from rules.money import yuan
from wire.facts import Sale

SECONDS_MAX = 999
STATES: dict[str, tuple[str, Tint]] = {
    "planned": ("voucherstate__planned", Tint.UNSURE),
    "registered": ("voucherstate__registered", Tint.UNSURE),
    "sent": ("voucherstate__sent", Tint.UNSURE),
    "unknown": ("voucherstate__unknown", Tint.UNSURE),
    "undoing": ("voucherstate__undoing", Tint.UNSURE),
    "consumed": ("voucherstate__consumed", Tint.GOOD),
    "rejected": ("voucherstate__rejected", Tint.BAD),
    "undone": ("voucherstate__undone", Tint.BAD),
    "kept": ("voucherstate__kept", Tint.BAD),
}
"""Each state of a use in at most thirteen characters, with its colour."""


@dataclass(frozen=True, slots=True)
class VoucherWait(Screen):
    """The vouchers of one order until they are decided, and their result until a key is pressed. Cash that was typed waits
    here and closes the order with the last voucher; a cut loses it, and the order asks for it again."""

    trace: int
    cash: CashKept | None = None
    ticks: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """While one is open or waits: F1 parks, F2 takes it back; otherwise OK goes on. CANCEL asks what is to become of
        it all."""
        if not self._order_stands(ctx):
            return Home() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()
        now = self._now(ctx)
        match key:
            case Key.F1 if now is not None and (now.is_open or self._waits(now, ctx)):
                return Do(ParkOrder(), home)
            case Key.F2 if now is not None and now.state in ("sent", "unknown"):
                return Do(TakeBackUse(now.request_no), _still_here)
            case Key.OK if now is not None and self._waits(now, ctx):
                return Do(RedeemNext(self.trace), _still_here)
            case Key.OK | Key.CANCEL if now is None or not (now.is_open or self._waits(now, ctx)):
                return Home()
            case Key.CANCEL:
                return Push(GiveUp(self.trace))
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Nothing else is taken before this is decided."""
        return scanned_voucher(scanned, ctx, paying=True) or refuse(5029)

    def back(self, result: object, ctx: Context) -> Move:
        """What was chosen about the order."""
        return result if isinstance(result, Do) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """The seconds count."""
        now = self._now(ctx)
        return 1000 if now is not None and now.is_open else 0

    def expired(self, ctx: Context) -> Move:
        """A second more."""
        return Stay(replace(self, ticks=self.ticks % SECONDS_MAX + 1))

    def _order_stands(self, ctx: Context) -> bool:
        order = checkout.find(ctx.books, self.trace)
        return order is not None and order.state == "open"

    def _covered(self, ctx: Context) -> bool:
        order = checkout.find(ctx.books, self.trace)
        return order is not None and checkout.rest_fen(ctx.books, order) == 0

    def _waits(self, now: Use, ctx: Context) -> bool:
        """Whether it could leave at once, were the backend there."""
        return now.state == "planned" and self._covered(ctx)

    def _now(self, ctx: Context) -> Use | None:
        """The use to speak of: the one under way, else the last that ended badly, else the next, else the last."""
        uses = voucher.uses_of(ctx.books, self.trace)
        for wanted in (lambda use: use.is_open, _bad, lambda use: use.state == "planned"):
            found = next((each for each in uses if wanted(each)), None)
            if found is not None:
                return found
        return uses[-1] if uses else None

    def view(self, ctx: Context) -> View:
        """Where the voucher stands, in large words; what it takes off; what to do."""
        now = self._now(ctx)
        if now is None:
            return shown(self, ctx, text("voucherwait__title"), (Gap(8), Para(text("voucherwait__gone"))), _ON)
        key, tint = STATES[now.state]
        key = "voucherstate__partly" if _partly(now) else key
        tint = Tint.UNSURE if _partly(now) else tint
        gap = () if len(self._left(now, ctx)) > 1 else (Gap(4),)
        body: tuple[Block, ...] = (
            *gap,
            Para(text(key), tint, large=True),
            *self._which(now, ctx, tint),
            *self._advice(now, ctx),
        )
        return shown(self, ctx, text("voucherwait__title"), body, self._hints(now, ctx), tint)

    def _which(self, now: Use, ctx: Context, tint: Tint) -> tuple[Block, ...]:
        """Whose voucher, how much it takes off, and which; of fewer redeemed than asked how many of each. The sum is large
        where it counts and nothing else needs the room."""
        name, amount = platform_name(ctx, now.platform), yuan(now.deduct_fen)
        which = Row(now.title or text("voucher__manual"), text("voucher__last4", digits=now.last4), Tint.QUIET)
        if _partly(now):
            return (which, *_counted(now, ctx))
        left = self._left(now, ctx)
        if _bad(now) or len(left) > 1 or (left and code_now(now, ctx)):
            return Row(name, amount, strong=True), which
        return Big(name, amount, tint), which

    def _advice(self, now: Use, ctx: Context) -> tuple[Block, ...]:
        """Code and action, and what is left to pay."""
        number = code_now(now, ctx)
        rows: tuple[Block, ...] = ()
        if now.state == "unknown":
            rows = (Row(text("voucherwait__asking", seconds=seconds(now, ctx)), tint=Tint.UNSURE),)
        left = self._left(now, ctx)
        if number:
            entry = ctx.error(number)
            rows += (
                Row(entry.line(ctx.lang), tint=Tint.BAD if _bad(now) else Tint.UNSURE, strong=True),
                Para(entry.action(ctx.lang), Tint.QUIET, rows=2),
            )
        return (*rows, *left)

    def _left(self, now: Use, ctx: Context) -> tuple[Block, ...]:
        """What is still to be taken, with the cash that may be in her hand: unless that cash waits here and is enough."""
        order = checkout.find(ctx.books, self.trace)
        if order is None or order.state != "open" or (self.cash is not None and now.is_open):
            return ()
        if now.is_open:
            return held_rows(order)
        rest = checkout.rest_fen(ctx.books, order)
        return rest_rows(order, rest) if rest and (_bad(now) or self.cash is None) else ()

    def _hints(self, now: Use, ctx: Context) -> tuple[Hint, ...]:
        if not self._order_stands(ctx):
            return _ON
        other = Hint("CANCEL", text("code__other"))
        if self._waits(now, ctx):
            return Hint("OK", text("voucherwait__again")), Hint("F1", text("code__park")), other
        if not now.is_open:
            return _ON
        back = (Hint("F2", text("code__take_back")),) if now.state in ("sent", "unknown") else ()
        return Hint("F1", text("code__park")), *back, other


_ON = (Hint("OK", text("hint__on")),)


def _counted(now: Use, ctx: Context) -> tuple[Block, ...]:
    """How many of them were redeemed, and how many the customer still has (3035)."""
    asked = voucher.asked_for(ctx.books, now)
    left_fen = asked.deduct_fen - now.deduct_fen
    return (
        Row(text("voucherwait__redeemed", count=now.count), f"-{yuan(now.deduct_fen)}", Tint.GOOD, strong=True),
        Row(text("voucherwait__left", count=asked.count - now.count), yuan(left_fen), Tint.BAD, strong=True),
    )


def _partly(use: Use) -> bool:
    return (use.state, use.code) == ("consumed", PARTLY)


def _bad(use: Use) -> bool:
    return use.state in ("rejected", "undone", "kept") or use.code == PARTLY


def code_now(use: Use, ctx: Context) -> int:
    """The code of the error table that fits a use's state; 0: all is well."""
    match use.state:
        case "unknown":
            return use.code or 3022
        case "registered":
            return 3031
        case "planned":
            return 0 if checkout.can_redeem(ctx) else 3030
        case "undone" if use.listed:
            return 3004
        case "undoing":
            return 3021 if seconds(use, ctx) > 60 else 0
        case _:
            return use.code


def seconds(use: Use, ctx: Context) -> int:
    """How long ago it was sent."""
    return max(0, min((ctx.now.wall_ms - use.at_ms) // 1000, SECONDS_MAX))


def start(cash: CashKept | None) -> Move:
    """Redeem the order's vouchers now, with the cash that was typed."""
    return Do(Redeem(cash), waits)


def waits(done: Done, ctx: Context) -> Move:
    """`then` of vouchers that left: their screen."""
    assert isinstance(done.command, Redeem)
    order = checkout.here(ctx)
    return Home() if order is None else Home(VoucherWait(order.trace, done.command.cash))


def _still_here(done: Done, ctx: Context) -> Move:
    return Stay()


def of_trace(stack: tuple[Screen, ...], trace: int) -> VoucherWait | None:
    """The screen that shows this order's vouchers."""
    return next((each for each in reversed(stack) if isinstance(each, VoucherWait) and each.trace == trace), None)


def unknown(stack: tuple[Screen, ...], ctx: Context) -> bool:
    """Whether a voucher on the screen, or of the order a locked screen hides, is unknown: it calls."""
    traces = [each.trace for each in stack if isinstance(each, VoucherWait)]
    hidden = checkout.here(ctx) if not ctx.session.operator else None
    traces += [hidden.trace] if hidden is not None else []
    return any(use.state == "unknown" for trace in traces for use in voucher.uses_of(ctx.books, trace))


def rest_rows(order: checkout.Order | None, rest_fen: int) -> tuple[Block, ...]:
    """What is still to be taken for an order, and the cash that may have been taken for it."""
    return (Row(text("code__rest"), yuan(rest_fen), Tint.UNSURE, strong=True), *held_rows(order))


def about(use: Use) -> Say:
    """What a refusal about a voucher is about: how much, when, of which sale; a registered one lacks there."""
    words = "voucher__short" if is_short(use) else "voucher__of_sale"
    when, number = local(use.at_ms, "%m-%d %H:%M"), slip.receipt_number(use.batch, use.trace)
    return text(words, amount=yuan(use.deduct_fen), when=when, number=number)


def is_short(use: Use) -> bool:
    """Whether its sale lacks its amount: it was registered, and its platform refuses it."""
    return bool(use.registered) and use.state == "rejected" and not use.why and not use.again


def state_of(use: Use) -> str:
    """The text of its state where several stand in a list."""
    return "voucheruse__short" if is_short(use) else STATES[use.state][0]


def told(use: Use, sale: Sale | None, ctx: Context) -> Notice:
    """What became of a voucher whose customer does not stand at this screen, why, and what its order still wants."""
    key, tint = STATES[use.state]
    order = checkout.find(ctx.books, use.trace)
    words: tuple[Say, ...] = (
        text(key),
        text("told__order", number=slip.receipt_number(use.batch, use.trace)),
        text("told__amount", amount=yuan(use.deduct_fen)),
    )
    if sale is not None:
        words += (text("told__booked" if sale.print_slip else "told__unprinted"),)
        tint = Tint.GOOD
    elif order is not None and order.state in ("open", "parked") and (rest := checkout.rest_fen(ctx.books, order)):
        words += (text("told__rest", amount=yuan(rest)),)
        words += (text("told__held", amount=yuan(order.cash_fen)),) if order.cash_fen else ()
        tint = tint if tint is Tint.BAD else Tint.UNSURE
    return Notice(text("voucherwait__title"), words, tint, code_now(use, ctx))
