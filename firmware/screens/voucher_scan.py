"""A voucher's code where none belongs: beside goods, while money is taken, and after it was."""

from dataclasses import dataclass, field

from firmware.events import Key, Scanned
from firmware.screens.base import Do, Done, Home, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.voucher import VoucherEntry, prepare
from firmware.screens.widgets import refuse
from firmware.txn import checkout
from firmware.txn.checkout import DropOrder
from firmware.txn.command import Context, Refusal
from firmware.txn.sale import AddCode
from firmware.txn.voucher_take import reading_of
from firmware.view import Block, Gap, Hint, Para, Row, Tint, View, text
from rules.payment_codes import recognised
from rules.voucher_codes import could_be_voucher

KEPT_MS_MAX = 60_000
"""A code is as good as money: a question nobody answers keeps it no longer."""

NO_GOODS = frozenset({6001, 6004, 6018})
"""Refusals of goods after which digits in a platform's form are more likely a voucher (domain 1.2, case 3)."""


def entry(ctx: Context) -> Move:
    """To the voucher screen, from the menu or while money is taken."""
    return _frozen(ctx) or Push(VoucherEntry())


def scanned_voucher(scanned: Scanned, ctx: Context, paying: bool = False) -> Move | None:
    """A scan outside the voucher screen that is surely a voucher; None: something else. `paying`: where no goods are
    scanned, digits in the form of a platform's codes are one too."""
    if not ctx.settings.vouchers.enabled:
        return None
    if could_be_voucher(scanned.text, ctx.settings.vouchers.platforms) or (
        paying and _in_form(scanned.text, True, ctx)
    ):
        return _frozen(ctx) or prepare(scanned.text, True, ctx)
    return None


def no_goods(scanned: Scanned, times_milli: int, ctx: Context, is_scan: bool = True) -> Move | None:
    """Digits beside the goods that no goods have, but a platform's vouchers do: whether to look at them as one. None:
    goods, or nothing of the kind."""
    if not ctx.settings.vouchers.enabled or not _in_form(scanned.text, is_scan, ctx):
        return None
    goods = AddCode(scanned.text, scanned.symbology, times_milli).decide(ctx)
    if not isinstance(goods, Refusal) or goods.code not in NO_GOODS:
        return None
    return Push(ToVoucher(scanned.text, is_scan, goods.code))


def _frozen(ctx: Context) -> Move | None:
    """One answer for all screens: once money has been taken no voucher is added; before that the goods of a frozen order go
    back into the basket, and the voucher screen opens."""
    order = checkout.here(ctx)
    if order is None:
        return None
    if checkout.parts(ctx.books, ctx.settings, order.trace) or checkout.busy(ctx.books, order.trace):
        return refuse(5029, text("voucher__money_taken"))
    return Do(DropOrder(order.trace, again=True), _thawed)


def _thawed(done: Done, ctx: Context) -> Move:
    """The voucher's screen, with the cash that may be in the cashier's hand: the order that knew of it is gone."""
    assert isinstance(done.command, DropOrder)
    order = checkout.find(ctx.books, done.command.trace)
    return Home(VoucherEntry(held_fen=order.cash_fen if order is not None else 0))


def _in_form(code: str, is_scan: bool, ctx: Context) -> bool:
    """Digits as a platform has them, neither goods nor a payment code."""
    read = reading_of(ctx, code, is_scan)
    return bool(read.platform and not read.fault) and recognised(code, ctx.settings.tenders.channels) is None


@dataclass(frozen=True, slots=True)
class ToVoucher(Screen):
    """What was scanned or typed is no goods, but has the form of a voucher: look at it as one? The code goes with this
    screen. `code_no`: why it is no goods."""

    code: str = field(repr=False)
    is_scan: bool
    code_no: int

    def press(self, key: Key, ctx: Context) -> Move:
        """OK looks at it; CANCEL drops it."""
        if key is Key.OK:
            return prepare(self.code, self.is_scan, ctx)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """It was taken, or what was said of it was read: the goods again."""
        return Pop(result)

    def stays_ms(self, ctx: Context) -> int:
        """As long as a code may be kept."""
        return KEPT_MS_MAX

    def expired(self, ctx: Context) -> Move:
        """Nobody answered."""
        return Pop()

    def view(self, ctx: Context) -> View:
        """The question, and why it is asked; nothing of the code but its last signs."""
        body: tuple[Block, ...] = (
            Gap(8),
            Para(text("tovoucher__words"), Tint.UNSURE, large=True),
            Gap(8),
            Row(ctx.error(self.code_no).line(ctx.lang), text("voucher__last4", digits=self.code[-4:]), Tint.QUIET),
        )
        hints = (Hint("OK", text("tovoucher__yes")), Hint("CANCEL", text("hint__no")))
        return shown(self, ctx, text("topayment__title"), body, hints, Tint.UNSURE)
