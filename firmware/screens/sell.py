"""Selling: ready, amount, basket, search, cash, done."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import (
    CANCEL_HINT,
    OK_HINT,
    Do,
    Home,
    Move,
    Pop,
    Push,
    Replace,
    Screen,
    Stay,
    home,
    shown,
)  # fmt: skip
from firmware.screens.menu import Menu
from firmware.screens.widgets import AMOUNT_DIGITS_MAX, Confirm, amount_text, typed
from firmware.txn import product, sale, shift
from firmware.txn.command import Context, Decision
from firmware.txn.sale import (
    PIECE_MILLI,
    AddAmount,
    AddCode,
    AddProduct,
    CancelBasket,
    RemoveLine,
    SetQuantity,
    TakeCash,
)
from firmware.view import Big, Block, Field, Gap, Hint, Item, Items, Para, Row, Rule, Tint, View, text
from rules.catalogue import Product
from rules.money import quick_cash, yuan
from rules.quantity import format_milli
from texts import t
from wire.facts import Line, Sale

LINES_SHOWN = 4
QUANTITY_DIGITS_MAX = 4
CODE_DIGITS_MAX = 20


def scanned_in(scanned: Scanned, ctx: Context, times_milli: int = PIECE_MILLI) -> Move:
    """A scan puts goods into the basket from wherever selling goes on."""
    return Do(AddCode(scanned.text, scanned.symbology, times_milli), to_basket)


def to_basket(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    """`then`: show the basket, its newest line chosen."""
    return Home()


@dataclass(frozen=True, slots=True)
class Idle(Screen):
    """Ready to sell: a digit starts an amount, a scan starts a basket (domain 14.4)."""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits start an amount; MENU, F1 search, F2 language."""
        if key.digit:
            return Push(Amount(key.digit.lstrip("0")))
        match key:
            case Key.MENU:
                return Push(Menu())
            case Key.F1:
                return Push(Search())
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The basket begins."""
        return scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """The shop, what to do, and the shift so far."""
        open_shift = shift.current(ctx.books)
        shop = ctx.settings.shop.name + (f" {ctx.settings.shop.branch}" if ctx.settings.shop.branch else "")
        body: tuple[Block, ...] = (
            Gap(12),
            Para(text("idle__ready"), large=True),
            Gap(4),
            Para(text("idle__how"), rows=2),
        )
        if open_shift is not None:
            body += (
                Rule(),
                Row(text("idle__shift", batch=f"{open_shift.batch:06d}"), open_shift.business_date),
                Row(text("idle__sales", sales=open_shift.sales), yuan(open_shift.sales_fen)),
            )
        if ctx.safe_mode:
            body += (Row(text("idle__safe"), tint=Tint.UNSURE),)
        hints = (Hint("F1", text("hint__search")), Hint("MENU", text("hint__menu")))
        return shown(self, ctx, shop, body, hints)


@dataclass(frozen=True, slots=True)
class Amount(Screen):
    """An amount being typed for goods without a code; OK goes on to payment."""

    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits shift in from the right (domain 14.2)."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(Amount(digits.lstrip("0")))
        if key is Key.OK and self.digits:
            name = t("firmware", ctx.lang, "amount__line")
            return Do(AddAmount(int(self.digits), name), _amount_to_cash)
        return Pop() if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the amount."""
        return Stay(Amount()) if key is Key.CLEAR else Home()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Goods after all."""
        return scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """The amount, large."""
        body = (Gap(24), Big(text("amount__label"), amount_text(self.digits)))
        return shown(self, ctx, text("amount__title"), body, (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT))


def _amount_to_cash(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    return Replace(Cash())


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
            case Key.STAR if 0 < len(self.digits) <= QUANTITY_DIGITS_MAX and int(self.digits):
                return Stay(replace(self, digits="", times=int(self.digits)))
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
            case Key.MENU:
                return Push(Menu())
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Goods, `times` of them."""
        return scanned_in(scanned, ctx, (self.times or 1) * PIECE_MILLI)

    def back(self, result: object, ctx: Context) -> Move:
        """A confirmation said that the basket is to be given up."""
        return Do(CancelBasket(), home) if result is True else Stay(BasketScreen(self.row))

    def _ok(self, ctx: Context) -> Move:
        if self.times:
            return Do(SetQuantity(self.chosen(ctx), self.times * PIECE_MILLI), self._same_row(ctx))
        if self.digits:
            return Do(AddCode(self.digits), to_basket)
        return Push(Cash())

    def _same_row(self, ctx: Context) -> "_AtRow":
        return _AtRow(self.chosen(ctx))

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
        basket = ctx.session.basket
        chosen = self.chosen(ctx)
        first = max(0, chosen) // LINES_SHOWN * LINES_SHOWN
        items = tuple(
            line_item(index + 1, line) for index, line in enumerate(basket.lines[first : first + LINES_SHOWN], first)
        )
        pages = max(1, -(-len(basket.lines) // LINES_SHOWN))
        body: tuple[Block, ...] = (Items(items, chosen - first, first // LINES_SHOWN + 1, pages),)
        if self.times:
            body += (Row(text("basket__times", times=self.times), tint=Tint.UNSURE, strong=True),)
        elif self.digits:
            body += (Field(text("basket__typed"), self.digits),)
        body += (Big(text("basket__total", pieces=format_milli(basket.pieces_milli)), yuan(basket.total_fen)),)
        hints = (
            Hint("OK", text("hint__pay")),
            Hint("CLEAR", text("hint__remove")),
            Hint("*", text("hint__times")),
            Hint("F1", text("hint__search")),
        )
        return shown(self, ctx, text("basket__title", lines=len(basket.lines)), body, hints)


@dataclass(frozen=True, slots=True)
class _AtRow:
    """`then`: the basket with line `row` chosen."""

    row: int

    def __call__(self, decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
        return Stay(BasketScreen(self.row))


def line_item(number: int, line: Line) -> Item:
    """A basket line as a list entry: name and amount, quantity times price beneath."""
    note = f"{format_milli(line.quantity_milli)} × {yuan(line.price_fen)}"
    return Item(str(number), line.name, yuan(line.amount_fen), note)


@dataclass(frozen=True, slots=True)
class Search(Screen):
    """Find goods by number or by the keypad digits of their pinyin initials (可乐 = KL = 55)."""

    digits: str = ""
    row: int = 0
    page: int = 0
    times: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits narrow, UP and DOWN choose, OK takes."""
        digits = typed(self.digits, key, product.QUERY_MAX)
        if digits is not None:
            return Stay(Search(digits, times=self.times))
        if key is Key.CANCEL:
            return Pop()
        found = product.search(ctx.books, self.digits, self.page)
        rows = found[: product.PAGE_MAX]
        if key is Key.OK and rows:
            quantity = (self.times or 1) * PIECE_MILLI
            return Do(AddProduct(rows[min(self.row, len(rows) - 1)].sku, quantity), to_basket)
        return Stay(self._moved(key, len(rows), len(found) > product.PAGE_MAX))

    def _moved(self, key: Key, rows: int, more: bool) -> "Search":
        if key is Key.DOWN and self.row + 1 < rows:
            return replace(self, row=self.row + 1)
        if key is Key.DOWN and more:
            return replace(self, row=0, page=self.page + 1)
        if key is Key.UP and self.row > 0:
            return replace(self, row=self.row - 1)
        if key is Key.UP and self.page > 0:
            return replace(self, row=product.PAGE_MAX - 1, page=self.page - 1)
        return self

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Found by its code after all."""
        return scanned_in(scanned, ctx, (self.times or 1) * PIECE_MILLI)

    def view(self, ctx: Context) -> View:
        """What is being typed and what it finds."""
        found = product.search(ctx.books, self.digits, self.page)
        body: tuple[Block, ...] = (Field(text("search__label"), self.digits),)
        if found:
            items = tuple(found_item(ctx, goods) for goods in found[: product.PAGE_MAX])
            more = len(found) > product.PAGE_MAX
            body += (Items(items, self.row, self.page + 1, self.page + 1 + more),)
        else:
            body += (Gap(16), Para(text("search__none" if self.digits else "search__how"), Tint.QUIET, rows=4))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("search__title"), body, hints)


def found_item(ctx: Context, goods: Product) -> Item:
    """Goods as a list entry."""
    name = goods.name_en if ctx.lang == "en" and goods.name_en else goods.name
    return Item("", name, yuan(goods.price_fen))


@dataclass(frozen=True, slots=True)
class Cash(Screen):
    """Taking cash: type what was handed over, or choose a likely sum; F1 is exact, F2 the largest likely note."""

    digits: str = ""
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type, UP and DOWN choose a sum, OK takes it."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(Cash(digits.lstrip("0"), self.row))
        sums = self.sums(ctx)
        match key:
            case Key.OK:
                return self._take(int(self.digits) if self.digits else sums[self.row], ctx)
            case Key.F1:
                return self._take(sums[0], ctx)
            case Key.F2:
                return self._take(sums[-1], ctx)
            case Key.UP | Key.DOWN:
                return Stay(Cash("", (self.row + (1 if key is Key.DOWN else -1)) % len(sums)))
            case Key.CANCEL:
                return Home()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the sum."""
        return Stay(Cash()) if key is Key.CLEAR else Home()

    def sums(self, ctx: Context) -> tuple[int, ...]:
        """Likely sums, exact first; fen."""
        return quick_cash(sale.due_in_cash(ctx)[0], ctx.settings.cash.quick_steps_fen)

    def _take(self, paid_fen: int, ctx: Context) -> Move:
        due, _ = sale.due_in_cash(ctx)
        if paid_fen > due + ctx.settings.cash.overpay_guard_fen:
            return Push(Overpaid(paid_fen))
        return Do(TakeCash(paid_fen), sold)

    def back(self, result: object, ctx: Context) -> Move:
        """The cashier confirmed an unusually large sum."""
        return Do(TakeCash(result), sold) if type(result) is int else Stay()

    def view(self, ctx: Context) -> View:
        """What is due, what is given, the likely sums."""
        due, rounding = sale.due_in_cash(ctx)
        sums = self.sums(ctx)
        given = int(self.digits) if self.digits else sums[self.row]
        body: tuple[Block, ...] = (Big(text("cash__due"), yuan(due)),)
        if rounding:
            body += (Row(text("cash__rounding"), f"-{yuan(rounding)}", Tint.QUIET),)
        body += (Field(text("cash__given"), yuan(given)), Items(_chips(sums), -1 if self.digits else self.row))
        hints = (
            Hint("OK", text("cash__take")),
            Hint("F1", text("cash__exact")),
            Hint("F2", yuan(sums[-1])),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("cash__title"), body, hints)


def _chips(sums: tuple[int, ...]) -> tuple[Item, ...]:
    return tuple(Item("", yuan(fen)) for fen in sums[:3])


@dataclass(frozen=True, slots=True)
class Overpaid(Screen):
    """More than a hundred yuan above what is due: typed wrong? (domain 11.3)"""

    paid_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """OK takes it all the same."""
        if key is Key.OK:
            return Pop(self.paid_fen)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Both sums, and the change."""
        due, _ = sale.due_in_cash(ctx)
        body = (
            Para(text("overpaid__words"), Tint.UNSURE, rows=2, large=True),
            Row(text("cash__due"), yuan(due)),
            Row(text("cash__given"), yuan(self.paid_fen), strong=True),
            Row(text("done__change"), yuan(self.paid_fen - due)),
        )
        hints = (Hint("OK", text("hint__yes")), Hint("CANCEL", text("hint__no")))
        return shown(self, ctx, text("overpaid__title"), body, hints, Tint.UNSURE)


def sold(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    """`then` of a settled sale: its result."""
    settled = next(fact for fact in decision.facts if isinstance(fact, Sale))
    return Replace(Sold(settled.due_fen, settled.tenders[0].paid_fen, settled.tenders[0].change_fen))


@dataclass(frozen=True, slots=True)
class Sold(Screen):
    """Done: the change to give. Any key leads on; a scan starts the next basket at once."""

    due_fen: int
    paid_fen: int
    change_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit starts the next amount; any other key is done here."""
        return Replace(Amount(key.digit.lstrip("0"))) if key.digit else Home()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The next customer."""
        return scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """Change, large; what was due and given."""
        body = (
            Gap(8),
            Big(text("done__change"), yuan(self.change_fen), Tint.GOOD),
            Rule(),
            Row(text("cash__due"), yuan(self.due_fen)),
            Row(text("cash__given"), yuan(self.paid_fen)),
            Gap(8),
            Para(text("done__drawer"), Tint.QUIET),
        )
        return shown(self, ctx, text("done__title"), body, (Hint("OK", text("hint__next")),), Tint.GOOD)
