"""查券: where a code was used, as far as the backend knows; and 券待处理: what waits for a platform or a person."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.slips import trouble_rows
from firmware.screens.voucher_wait import STATES, code_now, is_short, state_of
from firmware.screens.widgets import Confirm, typed
from firmware.txn import voucher
from firmware.txn.command import Context
from firmware.txn.slips.sheet import local, receipt_number
from firmware.txn.voucher import Use
from firmware.txn.voucher_again import VerifyAgain, may_again
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_redeem import HandleVoucher, UndoVoucher
from firmware.txn.voucher_take import AskLook
from firmware.view import Block, Field, Gap, Hint, Item, Items, Para, Row, Tint, View, text
from rules.money import yuan
from rules.voucher_codes import TYPED_DIGITS_MAX, grouped
from wire.facts import VoucherSent
from wire.vouchers import AnswerVoucherLook, AskVoucherLook

ANSWER_MS = 10_000
ROWS_MAX, USES_SHOWN = 4, 3


def look_up(ctx: Context) -> Move:
    """From the menu."""
    return Push(VoucherLook())


def pending(ctx: Context) -> Move:
    """What waits, from the menu."""
    return Push(VoucherList())


def pending_count(ctx: Context) -> int:
    """How much waits."""
    return len(waiting(ctx))


def waiting(ctx: Context) -> tuple[Use, ...]:
    """Uses whose result is wanted, and those on the list, oldest first."""
    return tuple(
        sorted((*voucher.open_uses(ctx.books), *voucher.listed(ctx.books)), key=lambda use: (use.seq, use.place))
    )


@dataclass(frozen=True, slots=True)
class VoucherLook(Screen):
    """A code to look up, typed or scanned."""

    TAKES_VOUCHERS: ClassVar[bool] = True
    digits: str = field(default="", repr=False)

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type, OK asks."""
        digits = typed(self.digits, key, TYPED_DIGITS_MAX + 1)
        if digits is not None:
            return Stay(VoucherLook(digits))
        if key is Key.OK and self.digits:
            return Do(AskLook(self.digits), _asked)
        return Pop() if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the code."""
        return Stay(VoucherLook()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The code itself."""
        return Do(AskLook(scanned.text, True), _asked)

    def back(self, result: object, ctx: Context) -> Move:
        """The next."""
        return Stay(VoucherLook())

    def view(self, ctx: Context) -> View:
        """The code in groups of four."""
        body = (
            Gap(8),
            Field(text("voucherentry__code"), grouped(self.digits)),
            Gap(8),
            Para(text("voucherlook__how"), Tint.QUIET),
        )
        return shown(
            self, ctx, text("voucherlook__title"), body, (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT)
        )


def _asked(done: Done, ctx: Context) -> Move:
    ask = done.decision.effects[0].ask  # type: ignore[union-attr]
    assert isinstance(ask, AskVoucherLook)
    return Push(VoucherLooked(ask.look_no))


@dataclass(frozen=True, slots=True)
class VoucherLooked(Screen):
    """Where it was used: waiting, the answer, or none."""

    look_no: str
    answer: AnswerVoucherLook | None = None
    silent: bool = False

    def told(self, answer: AnswerVoucherLook) -> "VoucherLooked":
        """The screen with the answer, if it is the one asked for."""
        return replace(self, answer=answer, silent=False) if answer.look_no == self.look_no else self

    def failed(self, look_no: str) -> "VoucherLooked":
        """The ask never left."""
        return replace(self, silent=True) if look_no == self.look_no else self

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """The backend has ten seconds."""
        return 0 if self.answer is not None or self.silent else ANSWER_MS

    def expired(self, ctx: Context) -> Move:
        """No answer."""
        return Stay(replace(self, silent=True))

    def view(self, ctx: Context) -> View:
        """When, where, on which receipt."""
        body: tuple[Block, ...] = (Gap(24), Para(text("voucherlook__asking"), Tint.UNSURE, large=True))
        if self.silent:
            body = (Gap(8), *trouble_rows(1004, ctx))
        elif self.answer is not None and (self.answer.code or not self.answer.uses):
            body = (Gap(8), *trouble_rows(self.answer.code or 3002, ctx))
        elif self.answer is not None:
            items = tuple(
                Item(
                    "", text(f"lookedstate__{_state(each.state)}"), local(each.at_ms, "%m-%d %H:%M"),
                    f"{each.terminal} {receipt_number(each.batch, each.trace)}",
                )
                for each in self.answer.uses[:USES_SHOWN]
            )  # fmt: skip
            body = (Gap(4), Items(items))
        return shown(self, ctx, text("voucherlook__title"), body, (OK_HINT,))


def _state(state: str) -> str:
    return state if state in ("consumed", "undone", "kept", "unknown", "rejected") else "unknown"


@dataclass(frozen=True, slots=True)
class VoucherList(Screen):
    """券待处理: results that are wanted, vouchers redeemed without a sale, and registered ones."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN choose, OK looks at one."""
        waits = waiting(ctx)
        row = min(self.row, max(0, len(waits) - 1))
        match key:
            case Key.UP | Key.DOWN if waits:
                return Stay(VoucherList((row + (1 if key is Key.DOWN else -1)) % len(waits)))
            case Key.OK if waits:
                return Push(VoucherUseView(waits[row].request_no))
            case Key.OK | Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """A page of them, with what each waits for."""
        waits = waiting(ctx)
        row = min(self.row, max(0, len(waits) - 1))
        first = row // ROWS_MAX * ROWS_MAX
        items = tuple(
            Item("", text("voucherlist__of", trace=f"{use.trace:06d}"), yuan(use.deduct_fen), text(state_of(use)))
            for use in waits[first : first + ROWS_MAX]
        )
        body: tuple[Block, ...] = (
            Items(items, row - first, first // ROWS_MAX + 1, max(1, -(-len(waits) // ROWS_MAX))),
        )
        if not waits:
            body = (Gap(8), Para(text("voucherlist__none"), large=True))
        return shown(
            self, ctx, text("voucherlist__title"), body, (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        )


@dataclass(frozen=True, slots=True)
class VoucherUseView(Screen):
    """One use: how it stands, with its code and what to do about it."""

    request_no: str

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 tries to give it back, or to verify it once more; F2 says that a person has dealt with it."""
        use = voucher.find(ctx.books, self.request_no)
        match key:
            case Key.F1 if use is not None and use.redeemed:
                return Do(UndoVoucher(self.request_no), _still_here)
            case Key.F1 if use is not None and may_again(ctx.books, use):
                return Do(VerifyAgain(self.request_no), _sent_again)
            case Key.F2 if use is not None and use.listed:
                return Push(Confirm(text("voucheruse__handled"), (text("voucheruse__handled_words"),)))
            case Key.OK | Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """Dealt with."""
        return Do(HandleVoucher(self.request_no), _handled) if result is True else Stay()

    def view(self, ctx: Context) -> View:
        """State, sum, where it belongs, code and action."""
        use = voucher.find(ctx.books, self.request_no)
        if use is None:
            return shown(self, ctx, text("voucherlist__title"), (Para(text("voucherlist__none")),), (CANCEL_HINT,))
        key, tint = STATES[use.state]
        number = code_now(use, ctx)
        body: tuple[Block, ...] = (
            Para(text(key), tint, large=True),
            Row(platform_name(ctx, use.platform), yuan(use.deduct_fen), strong=True),
            Row(use.title or text("voucher__manual"), text("voucher__last4", digits=use.last4), Tint.QUIET),
            Row(receipt_number(use.batch, use.trace), local(use.at_ms, "%m-%d %H:%M"), Tint.QUIET),
            *((Row(text("voucheruse__short"), yuan(use.deduct_fen), tint, strong=True),) if is_short(use) else ()),
            *(trouble_rows(number, ctx, tint) if number else ()),
        )
        hints: tuple[Hint, ...] = (Hint("F1", text("voucheruse__undo")),) if use.redeemed else ()
        hints += (Hint("F1", text("voucheruse__again")),) if may_again(ctx.books, use) else ()
        hints += (Hint("F2", text("voucheruse__done")),) if use.listed else ()
        return shown(self, ctx, text("voucherlist__title"), body, (*hints, CANCEL_HINT), tint)


def _still_here(done: Done, ctx: Context) -> Move:
    return Stay()


def _sent_again(done: Done, ctx: Context) -> Move:
    """`then` of one that is tried once more: how it stands under its new number."""
    return Replace(VoucherUseView(done.first(VoucherSent)[1].use.request_no))


def _handled(done: Done, ctx: Context) -> Move:
    return Pop()
