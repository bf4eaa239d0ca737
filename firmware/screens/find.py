"""Finding goods without a scanner: by number or pinyin initials, and by weight what has no label."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.goods import found_item, goods_name, scanned_in, to_basket
from firmware.screens.widgets import typed
from firmware.txn import product
from firmware.txn.command import Context
from firmware.txn.sale import PIECE_MILLI, AddProduct
from firmware.view import Big, Block, Field, Gap, Hint, Items, Para, Row, Tint, View, text
from rules.catalogue import Product
from rules.money import line_amount, yuan
from rules.quantity import format_milli

GRAMS_DIGITS_MAX = 6


@dataclass(frozen=True, slots=True)
class Search(Screen):
    """Find goods by number or by the keypad digits of their pinyin initials (可乐 = KL = 55)."""

    digits: str = ""
    row: int = 0
    page: int = 0
    times: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits narrow, UP and DOWN choose, `#` turns the page, OK takes."""
        digits = typed(self.digits, key, product.QUERY_MAX)
        if digits is not None:
            return Stay(Search(digits, times=self.times))
        if key is Key.CANCEL:
            return Pop()
        found = product.search(ctx.books, self.digits, self.page)
        rows = found[: product.PAGE_MAX]
        if key is Key.OK and rows:
            return taken(rows[min(self.row, len(rows) - 1)], self.times)
        more = len(found) > product.PAGE_MAX and self.page + 1 < product.PAGES_MAX
        return Stay(self._moved(key, len(rows), more))

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held starts over."""
        return Stay(Search(times=self.times)) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def _moved(self, key: Key, rows: int, more: bool) -> "Search":
        if key is Key.HASH:
            return replace(self, row=0, page=self.page + 1 if more else 0)
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
            pages = product.pages(ctx.books, self.digits)
            body += (Items(items, min(self.row, len(items) - 1), self.page + 1, pages),)
        else:
            body += (Gap(16), Para(text("search__none" if self.digits else "search__how"), Tint.QUIET, rows=4))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), Hint("#", text("hint__page")), CANCEL_HINT)
        return shown(self, ctx, text("search__title"), body, hints)


def taken(goods: Product, times: int) -> Move:
    """Goods chosen without a scan: into the basket, or first onto the scale."""
    if goods.weighable:
        return Push(Weight(goods.sku))
    return Do(AddProduct(goods.sku, (times or 1) * PIECE_MILLI), to_basket)


@dataclass(frozen=True, slots=True)
class Weight(Screen):
    """Grams read off the scale, for goods by weight that carry no label."""

    sku: str
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type grams, OK puts it into the basket."""
        digits = typed(self.digits, key, GRAMS_DIGITS_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits.lstrip("0")))
        if key is Key.OK and self.digits:
            return Do(AddProduct(self.sku, int(self.digits)), to_basket)
        return Pop() if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the weight; CANCEL held leads home."""
        return Stay(replace(self, digits="")) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """It has a label after all."""
        return scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """Name, price, weight, amount."""
        goods = product.by_sku(ctx.books, self.sku)
        assert goods is not None, "goods do not go while the terminal runs"
        grams = int(self.digits or "0")
        body = (
            Row(goods_name(ctx, goods), f"{yuan(goods.price_fen)}/kg", strong=True),
            Gap(4),
            Field(text("weight__grams"), self.digits),
            Row(text("weight__kilograms"), f"{format_milli(grams)} kg", Tint.QUIET),
            Gap(4),
            Big(text("amount__label"), yuan(line_amount(goods.price_fen, grams))),
        )
        hints = (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT)
        return shown(self, ctx, text("weight__title"), body, hints)
