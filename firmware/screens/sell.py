"""Selling: ready, and the basket."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens import orders
from firmware.screens.base import Do, Done, Move, Push, Screen, Stay, home, shown
from firmware.screens.code import not_goods, out_of_place
from firmware.screens.find import Search, taken
from firmware.screens.goods import line_item, scanned_in, to_basket
from firmware.screens.holds import Because, holds, holds_count, why_first
from firmware.screens.menu import Menu
from firmware.screens.pay import Amount
from firmware.screens.prices import PriceMenu
from firmware.screens.reprint import reprint_last
from firmware.screens.slips import paper_rows, trouble_rows
from firmware.screens.small import cash_screen
from firmware.screens.voucher import voucher_rows
from firmware.screens.voucher_scan import no_goods, scanned_voucher
from firmware.screens.widgets import Confirm, refuse
from firmware.txn import product, shift
from firmware.txn.command import Context
from firmware.txn.day import sees_expected
from firmware.txn.handover import FULL_SOON_PERCENT, full_percent
from firmware.txn.link import BACKLOG
from firmware.txn.prices import Bill, bill
from firmware.txn.sale import PIECE_MILLI, AddCode, CancelBasket, RemoveLine, SetQuantity
from firmware.txn.voucher_offer import rest_fen
from firmware.view import Big, Block, Field, Gap, Hint, Items, Para, Row, Rule, Tint, View, text
from rules.money import yuan
from rules.pricing import WHOLE_ORDER
from rules.quantity import format_milli

LINES_SHOWN, LINES_SHOWN_TYPING = 4, 3
QUANTITY_DIGITS_MAX = 4
CODE_DIGITS_MAX = 20


@dataclass(frozen=True, slots=True)
class Idle(Screen):
    """Ready to sell: a digit starts an amount, a scan starts a basket (domain 14.4)."""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits start an amount, or a search where the shop takes no amounts; F1 search, MENU."""
        if key.digit:
            typed_amounts = ctx.settings.sale.amount_lines
            return Push(Amount(key.digit.lstrip("0")) if typed_amounts else Search(key.digit))
        match key:
            case Key.MENU:
                return Push(Menu())
            case Key.F1:
                return Push(Search())
            case Key.HASH:
                return reprint_last(ctx)
            case Key.F2 if holds_count(ctx):
                return holds(ctx)
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The basket begins; what is surely a voucher is looked at."""
        return scanned_voucher(scanned, ctx) or no_goods(scanned, PIECE_MILLI, ctx) or scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """The shop, what to do, the shift so far, and what needs a hand meanwhile."""
        shop = ctx.settings.shop.name + (f" {ctx.settings.shop.branch}" if ctx.settings.shop.branch else "")
        troubles = paper_rows(ctx)
        if ctx.safe_mode:
            troubles += (Row(text("idle__safe"), tint=Tint.UNSURE),)
        elif not troubles and ctx.backlog >= ctx.settings.network.backlog_alarm:
            troubles = trouble_rows(BACKLOG, ctx, Tint.UNSURE)
        else:
            troubles += orders.waiting_rows(ctx)
        kind = "" if ctx.settings.sale.amount_lines else "_number"
        ready = Para(text(f"idle__ready{kind}"), large=True, rows=1)
        body: tuple[Block, ...] = (Gap(4), ready, *troubles)
        if not troubles:
            body = (Gap(16), ready, Gap(4), Para(text(f"idle__how{kind}"), Tint.QUIET, rows=2))
        held = (Hint("F2", text("idle__holds", holds=holds_count(ctx))),) if holds_count(ctx) else ()
        open_shift = shift.current(ctx.books)
        copy = (Hint("#", text("idle__copy")),) if open_shift is not None and open_shift.sales else ()
        hints = (Hint("F1", text("hint__search")), *held, *copy, Hint("MENU", text("hint__menu")))
        return shown(self, ctx, shop, (*body, *_shift_rows(ctx, open_shift)), hints)


def _shift_rows(ctx: Context, open_shift: shift.Shift | None) -> tuple[Block, ...]:
    if open_shift is None:
        return ()
    percent = full_percent(ctx)
    full = (Row(text("idle__full", percent=percent), tint=Tint.UNSURE),) if percent >= FULL_SOON_PERCENT else ()
    return (
        *full,
        Rule(),
        Row(text("idle__shift", batch=f"{open_shift.batch:06d}"), open_shift.business_date),
        Row(text("idle__sales", sales=open_shift.sales), yuan(open_shift.sales_fen) if sees_expected(ctx) else ""),
    )


@dataclass(frozen=True, slots=True)
class BasketScreen(Screen):
    """The open basket. Digits collect: `3*` waits for a scan or OK; digits and OK look up goods by number."""

    row: int = -1  # -1: the newest line
    digits: str = ""
    times: int = 0  # from `3*`; 0: none

    def chosen(self, ctx: Context) -> int:
        """Index of the chosen line."""
        last = len(ctx.session.basket.lines) - 1
        return last if self.row < 0 else min(self.row, last)

    def press(self, key: Key, ctx: Context) -> Move:
        """Keys of the basket, see the hints."""
        if key.digit and not self.times:
            return Stay(replace(self, digits=(self.digits + key.digit)[:CODE_DIGITS_MAX]))
        match key:
            case Key.STAR if self.digits:
                return self._star()
            case Key.OK:
                return self._ok(ctx)
            case Key.CLEAR:
                return self._clear(ctx)
            case Key.CANCEL:
                return self._cancel(ctx)
            case Key.UP | Key.DOWN:
                return Stay(BasketScreen(self._moved(key, ctx)))
            case Key.F1:
                return Push(Search(times=self.times))
            case Key.F2 if not self.digits and not self.times:
                return Push(PriceMenu(self.chosen(ctx)))
            case Key.MENU:
                return Push(Menu())
            case _:
                return Stay()

    def _star(self) -> Move:
        """`3*`; a quantity of nothing or of five digits is refused there and then."""
        if len(self.digits) > QUANTITY_DIGITS_MAX or not int(self.digits):
            return refuse(6007)
        return Stay(replace(self, digits="", times=int(self.digits)))

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held: all of what is typed, or the whole basket after asking (domain 14.1)."""
        return self._cancel(ctx) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Goods, `times` of them; what is none but looks like a customer's code asks whether to take the money."""
        times_milli = (self.times or 1) * PIECE_MILLI
        return (
            scanned_voucher(scanned, ctx)
            or out_of_place(scanned, times_milli, ctx)
            or no_goods(scanned, times_milli, ctx)
            or scanned_in(scanned, ctx, times_milli)
        )

    def back(self, result: object, ctx: Context) -> Move:
        """A confirmation said that the basket is to be given up; a customer's code was taken for the payment."""
        if isinstance(result, Do):
            return result
        if isinstance(result, Because):
            return Do(CancelBasket(result.reason), home)
        if result is True:
            return why_first(ctx.session.basket, ctx) or Do(CancelBasket(), home)
        return Stay(BasketScreen(self.row))

    def _ok(self, ctx: Context) -> Move:
        if self.times:
            return Do(SetQuantity(self.chosen(ctx), self.times * PIECE_MILLI), _at_its_row)
        if not self.digits:
            return Push(cash_screen(ctx))
        goods = product.by_number(ctx.books, self.digits)
        if goods is None and not_goods(Scanned(self.digits), PIECE_MILLI, ctx) is not None:
            return refuse(5001)  # a customer's code is only ever scanned, and never shown
        if goods is not None:
            return taken(goods, 1)
        return no_goods(Scanned(self.digits), PIECE_MILLI, ctx, is_scan=False) or Do(AddCode(self.digits), to_basket)

    def _clear(self, ctx: Context) -> Move:
        if self.times:
            return Stay(BasketScreen(self.row))
        if self.digits:
            return Stay(replace(self, digits=self.digits[:-1]))
        return Do(RemoveLine(self.chosen(ctx)), home)

    def _cancel(self, ctx: Context) -> Move:
        if self.digits or self.times:
            return Stay(BasketScreen(self.row))
        lines = len(ctx.session.basket.lines)
        return Push(Confirm(text("basket__cancel_title"), (text("basket__cancel_words", lines=lines),)))

    def _moved(self, key: Key, ctx: Context) -> int:
        count = len(ctx.session.basket.lines)
        return (self.chosen(ctx) + (1 if key is Key.DOWN else -1)) % count if count else -1

    def view(self, ctx: Context) -> View:
        """A page of lines, what is being typed, the total."""
        basket, chosen = ctx.session.basket, self.chosen(ctx)
        costs = bill(ctx)
        off = self._off(costs, ctx)
        typing = bool(self.digits or self.times)
        page = LINES_SHOWN_TYPING if typing or off else LINES_SHOWN
        first = max(0, chosen - page + 1) if typing else max(0, chosen) // page * page
        items = tuple(
            line_item(ctx, index + 1, line, index == chosen, costs)
            for index, line in enumerate(basket.lines[first : first + page], first)
        )
        pages = 1 if typing else max(1, -(-len(basket.lines) // page))
        body: tuple[Block, ...] = (Items(items, chosen - first, first // page + 1, pages), *self._typing())
        body += () if typing else off
        total = text("basket__total", pieces=format_milli(basket.pieces_milli))
        body += (Big(total, yuan(rest_fen(ctx, basket, costs))),)
        return shown(self, ctx, text("basket__title", lines=len(basket.lines)), body, self._hints())

    def _off(self, costs: Bill, ctx: Context) -> tuple[Block, ...]:
        """What came off altogether, and what of it off the whole order; vouchers instead, when there are any."""
        basket = ctx.session.basket
        if basket.vouchers:
            return voucher_rows(ctx)
        off_fen = costs.total_fen - costs.due_fen
        if not off_fen and not basket.member:
            return ()
        whole_fen = costs.off_line_fen(WHOLE_ORDER)
        key = "basket__off_member" if basket.member else "basket__off"
        words = text("basket__off_order", amount=yuan(whole_fen)) if whole_fen else text(key)
        return (Row(words, f"-{yuan(off_fen)}", Tint.GOOD),)

    def _typing(self) -> tuple[Block, ...]:
        if self.times:
            return (Row(text("basket__times", times=self.times), tint=Tint.UNSURE, strong=True), Gap(16))
        return (Field(text("basket__typed"), self.digits),) if self.digits else ()

    def _hints(self) -> tuple[Hint, ...]:
        if self.times:
            return Hint("OK", text("hint__times")), Hint("CLEAR", text("hint__back")), Hint("F1", text("hint__search"))
        if self.digits:
            return Hint("OK", text("hint__number")), Hint("*", text("hint__times")), Hint("CLEAR", text("hint__clear"))
        return (
            Hint("OK", text("hint__pay")),
            Hint("CLEAR", text("hint__remove")),
            Hint("F1", text("hint__search")),
            Hint("F2", text("hint__price")),
        )


def _at_its_row(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, SetQuantity)
    return Stay(BasketScreen(done.command.index))
