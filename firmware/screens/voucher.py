"""验券: a voucher's code typed or scanned, the platform chosen where nobody can tell, and what the backend says of it.

The code stands in these screens only as long as they are up; no view, log or repr shows more than what is being typed."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.deals import Deals, age_row
from firmware.screens.slips import trouble_rows
from firmware.screens.voucher_coupon import Coupons, CouponView
from firmware.screens.voucher_register import RegisterAmount
from firmware.screens.widgets import refuse, typed
from firmware.txn import checkout
from firmware.txn.command import Context
from firmware.txn.slips.sheet import local, receipt_number
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_offer import offers
from firmware.txn.voucher_take import AskPrepare, TakeVoucherOff, digest_of, reading_of, register_refusal
from firmware.view import Block, Field, Gap, Hint, Item, Items, Para, Row, Say, Tint, View, text
from rules.deals import Platform
from rules.money import yuan
from rules.voucher_codes import TYPED_DIGITS_MAX, grouped
from wire.vouchers import AnswerVoucherPrepare, AskVoucherPrepare, Used

ANSWER_MS = 10_000
ROWS_MAX = 3
PLATFORMS_SHOWN, PLATFORMS_MAX = 7, 9
"""As many rows fit on the screen; each has a digit of its own."""


def prepare(raw: str, is_scan: bool, ctx: Context) -> Move:
    """Ask what it is worth; first whose it is, when nobody can tell and the backend is there."""
    read = reading_of(ctx, raw, is_scan)
    if not read.fault and not read.platform and not read.link:
        return Push(PlatformChoice(raw, is_scan))
    return Do(AskPrepare(raw, is_scan), checking)


def checking(done: Done, ctx: Context) -> Move:
    """`then` of an ask: wait for its answer."""
    assert isinstance(done.command, AskPrepare)
    ask = done.decision.effects[0].ask  # type: ignore[union-attr]
    assert isinstance(ask, AskVoucherPrepare)
    return Push(VoucherCheck(ask.look_no, ask.code, digest_of(ctx, ask.code)))


@dataclass(frozen=True, slots=True)
class VoucherEntry(Screen):
    """Type a code in groups of four, or scan it; beneath it the vouchers of the open sale. `held_fen`: cash that was typed
    before the goods went back into the basket."""

    TAKES_VOUCHERS: ClassVar[bool] = True
    digits: str = field(default="", repr=False)
    row: int = 0
    held_fen: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type, OK asks; F1 registers where there is no link and the shop allows it. With nothing typed UP
        and DOWN choose a voucher, CLEAR takes it off, F2 leads to how old the deals are and the key that refreshes them."""
        taken = ctx.session.basket.vouchers
        digits = typed(self.digits, key, TYPED_DIGITS_MAX + 1)
        if digits is not None and (key.digit or self.digits):
            return Stay(replace(self, digits=digits))
        match key:
            case Key.OK if self.digits:
                return prepare(self.digits, False, ctx)
            case Key.F1 if registers(ctx):
                return register(self.digits, False, ctx)
            case Key.F2 if not self.digits:
                return Push(Deals())
            case Key.UP | Key.DOWN if taken:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(taken)))
            case Key.CLEAR if taken:
                return Do(TakeVoucherOff(min(self.row, len(taken) - 1)), _taken_off)
            case Key.OK | Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the code."""
        return Stay(VoucherEntry()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The code of a voucher; without a link, where the shop allows it, to be registered."""
        read = reading_of(ctx, scanned.text, True)
        if registers(ctx) and not read.fault:
            return register(scanned.text, True, ctx)
        return prepare(scanned.text, True, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """A voucher was added, or its code refused: the next."""
        return Stay(VoucherEntry())

    def view(self, ctx: Context) -> View:
        """The code in groups of four, and what is taken already."""
        body: tuple[Block, ...] = (Gap(4), Field(text("voucherentry__code"), grouped(self.digits)))
        taken = ctx.session.basket.vouchers
        if taken:
            body += (_taken_items(ctx, min(self.row, len(taken) - 1)),)
        elif self.held_fen:
            held = Row(text("held__cash"), yuan(self.held_fen), Tint.UNSURE, strong=True)
            body += (Gap(8), held, Para(text("voucherentry__how"), Tint.QUIET, rows=2))
        else:
            body += (Gap(8), Para(text("voucherentry__how"), Tint.QUIET, rows=3))
        if ctx.settings.vouchers.register_later and not self.digits:
            tint = Tint.UNSURE if registers(ctx) else Tint.QUIET
            body += (Row(text("voucherentry__may_register"), tint=tint),)
        crowded = bool(taken) and not self.digits and registers(ctx)  # three keys do more than OK, which only leaves
        hints: tuple[Hint, ...] = () if crowded else (OK_HINT,)
        if not self.digits:
            body += (age_row(ctx),)
            hints += () if taken or registers(ctx) else (Hint("F2", text("deals__refresh")),)
        if registers(ctx):
            hints += (Hint("F1", text("voucherentry__register")),)
        if self.digits or taken:
            hints += (Hint("CLEAR", text("hint__clear" if self.digits else "voucherentry__off")),)
        return shown(self, ctx, text("voucherentry__title"), body, (*hints, CANCEL_HINT))


def _taken_off(done: Done, ctx: Context) -> Move:
    return Stay(VoucherEntry())


def _taken_items(ctx: Context, row: int) -> Items:
    """The vouchers of the open sale, with what each takes off, or the code that stands in its way now."""
    first = row // ROWS_MAX * ROWS_MAX
    found = offers(ctx, ctx.session.basket)
    items = []
    for each in found[first : first + ROWS_MAX]:
        coupon, count = each.prepared.coupon, each.prepared.count
        note: Say = text("voucher__last4", digits=coupon.last4)
        if each.prepared.registered:
            note = text("voucherstate__registered")
        worth = f"-{yuan(each.amount.deduct_fen)}" if each.fault is None else f"[{each.fault.code}]"
        name = coupon.title or text("voucher__manual")
        left: Say = f"{name} ×{count}" if isinstance(name, str) and count > 1 else name
        items.append(Item("", left, worth, note))
    return Items(tuple(items), row - first, first // ROWS_MAX + 1, max(1, -(-len(found) // ROWS_MAX)))


def registers(ctx: Context) -> bool:
    """Whether a voucher could only be registered now: no link, and the shop allows it."""
    return ctx.settings.vouchers.register_later and not checkout.can_redeem(ctx)


def register(code: str, is_scan: bool, ctx: Context) -> Move:
    """On to the amount; what can be refused without it is refused before anybody types one."""
    refusal = register_refusal(ctx, reading_of(ctx, code, is_scan))
    return Push(RegisterAmount(code, is_scan)) if refusal is None else refuse(refusal.code, refusal.about)


@dataclass(frozen=True, slots=True)
class PlatformChoice(Screen):
    """Whose voucher it is, when the terminal's table cannot tell: a digit, or OK to let the backend find out."""

    code: str = field(repr=False)
    is_scan: bool = False
    page: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit chooses, on whichever page it stands; UP and DOWN turn pages where there is more than one."""
        rows = _platforms(ctx)
        if key.digit and int(key.digit) <= len(rows):
            return self._ask(rows[int(key.digit) - 1] if key.digit != "0" else "")
        if key is Key.OK:
            return self._ask("")
        if key in (Key.UP, Key.DOWN):
            return Stay(replace(self, page=(self.page + (1 if key is Key.DOWN else -1)) % _pages(rows)))
        return Pop() if key is Key.CANCEL else Stay()

    def _ask(self, platform: Platform | Literal[""]) -> Move:
        return Do(AskPrepare(self.code, self.is_scan, platform), _chosen)

    def back(self, result: object, ctx: Context) -> Move:
        """A refusal was read: the code is to be given again."""
        return Pop()

    def view(self, ctx: Context) -> View:
        """The platforms of this shop."""
        every = _platforms(ctx)
        rows = tuple(Item(str(n), platform_name(ctx, each)) for n, each in enumerate(every, 1))
        pages, page = _pages(every), min(self.page, _pages(every) - 1)
        block = Items(rows[page * PLATFORMS_SHOWN : (page + 1) * PLATFORMS_SHOWN], page=page + 1, pages=pages)
        more = (Hint("DOWN", text("report__next")),) if pages > 1 else ()
        hints = (Hint("OK", text("platformchoice__any")), *more, CANCEL_HINT)
        return shown(self, ctx, text("platformchoice__title"), (block,), hints)


def _chosen(done: Done, ctx: Context) -> Move:
    move = checking(done, ctx)
    assert isinstance(move, Push)
    return Replace(move.screen)


def _platforms(ctx: Context) -> tuple[Platform, ...]:
    return tuple(row.platform for row in ctx.settings.vouchers.platforms if row.enabled)[:PLATFORMS_MAX]


def _pages(platforms: tuple[Platform, ...]) -> int:
    return max(1, -(-len(platforms) // PLATFORMS_SHOWN))


@dataclass(frozen=True, slots=True)
class VoucherCheck(Screen):
    """验券中: waiting for what the code is worth, or why it is not. Nothing is redeemed whatever happens here."""

    look_no: str
    code: str = field(repr=False)
    digest: str
    answer: AnswerVoucherPrepare | None = None
    silent: bool = False

    def told(self, answer: AnswerVoucherPrepare, ctx: Context) -> Screen:
        """The screen with the answer, if it is the one asked for: the coupons, or why not."""
        if answer.look_no != self.look_no:
            return self
        if answer.code or not answer.coupons:
            return replace(self, answer=answer, silent=False)
        until_ms = ctx.now.monotonic_ms + max(1, answer.valid_ms)
        if len(answer.coupons) == 1:
            return CouponView.of(answer.coupons[0], self.digest, until_ms)
        return Coupons(answer.coupons, self.digest, until_ms)

    def failed(self, look_no: str) -> "VoucherCheck":
        """The ask never left."""
        return replace(self, silent=True) if look_no == self.look_no else self

    @property
    def refused(self) -> int:
        """The code it shows, for the event log too; 0: none, or still waiting."""
        if self.silent:
            return 1004
        return (self.answer.code or 3002) if self.answer is not None else 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave; nothing was redeemed. While it waits OK does nothing: a second press in haste drops no answer."""
        waits = self.answer is None and not self.silent
        return Pop() if key in (Key.CANCEL, Key.CLEAR) or (key is Key.OK and not waits) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """The backend has ten seconds."""
        return 0 if self.answer is not None or self.silent else ANSWER_MS

    def expired(self, ctx: Context) -> Move:
        """No answer."""
        return Stay(replace(self, silent=True))

    def view(self, ctx: Context) -> View:
        """Waiting, or the code and what to do."""
        if self.silent:
            body: tuple[Block, ...] = (
                Gap(8),
                *_large(self.refused, ctx),
                Para(text("vouchercheck__nothing"), Tint.QUIET),
            )
            return shown(self, ctx, text("vouchercheck__title"), body, (OK_HINT,), Tint.BAD)
        if self.answer is None:
            body = (Gap(32), Para(text("vouchercheck__asking"), Tint.UNSURE, large=True))
            return shown(self, ctx, text("vouchercheck__title"), body, (CANCEL_HINT,), Tint.UNSURE)
        body = (Gap(8), *_large(self.refused, ctx))
        if self.answer.used is not None:
            body += (Row(used_where(self.answer.used), tint=Tint.QUIET),)
        elif why := _why(self.answer):
            body += (Para(why, Tint.QUIET, rows=2),)
        return shown(self, ctx, text("vouchercheck__title"), body, (OK_HINT,), Tint.BAD)


def _large(code: int, ctx: Context) -> tuple[Block, ...]:
    line, action = trouble_rows(code, ctx)
    assert isinstance(line, Row)
    return Para(line.left, Tint.BAD, large=True), Para(action.left, rows=2)  # type: ignore[union-attr]


def _why(answer: AnswerVoucherPrepare) -> Say | str:
    """What a refusal is about in this terminal's words, else in the platform's own; "" when nobody said."""
    match answer.code:
        case 3005 if answer.about:
            return text("voucherabout__until", day=answer.about)
        case 3006 if answer.about:
            return text("voucherabout__from", day=answer.about)
        case 3007 if answer.about:
            return text("voucherabout__stores", count=answer.about)
        case _:
            return answer.detail


def used_where(used: Used) -> Say:
    """When and on which receipt of which terminal."""
    return text(
        "voucher__used_where", when=local(used.at_ms, "%m-%d %H:%M"), terminal=used.terminal,
        number=receipt_number(used.batch, used.trace),
    )  # fmt: skip


def voucher_rows(ctx: Context) -> tuple[Block, ...]:
    """What the open basket's vouchers take off, for the screens that sell."""
    vouchers = ctx.session.basket.vouchers
    if not vouchers:
        return ()
    found = offers(ctx, ctx.session.basket)
    off_fen = sum(each.amount.deduct_fen for each in found)
    fault = next((each.fault for each in found if each.fault is not None), None)
    words = text("voucher__in_sale", count=sum(each.count for each in vouchers))
    tint = Tint.GOOD if fault is None else Tint.BAD
    return (Row(words, f"[{fault.code}]" if fault is not None else f"-{yuan(off_fen)}", tint),)
