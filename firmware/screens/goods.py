"""What every selling screen shares: a scan puts goods into the basket, and how goods and lines are listed."""

from firmware.events import Scanned
from firmware.screens.base import Do, Done, Home, Move, Push, Reject
from firmware.screens.code import code_elsewhere, not_goods
from firmware.screens.slip_scan import scanned_here
from firmware.txn import product
from firmware.txn.command import Context
from firmware.txn.prices import Bill
from firmware.txn.sale import PIECE_MILLI, AddCode
from firmware.view import Item
from rules.catalogue import Product
from rules.money import yuan
from rules.quantity import format_milli
from texts import t
from wire.facts import Line, Reduction


def scanned_in(scanned: Scanned, ctx: Context, times_milli: int = PIECE_MILLI) -> Move:
    """A scan puts goods into the basket from wherever selling goes on; a customer's code or a slip is said to be one."""
    if not_goods(scanned, times_milli, ctx) is not None:
        return Reject(above=code_elsewhere("basket" if ctx.session.basket.lines else "idle"))
    if (slip := scanned_here(scanned, times_milli, ctx)) is not None:
        return Push(slip)
    return Do(AddCode(scanned.text, scanned.symbology, times_milli), to_basket)


def to_basket(done: Done, ctx: Context) -> Move:
    """`then`: show the basket, its newest line chosen."""
    return Home()


def line_item(ctx: Context, number: int, line: Line, chosen: bool, costs: Bill) -> Item:
    """A basket line as a list entry, with what it costs after its own reductions and what came off; its quantity unless it
    is one piece. The chosen one with its price beneath, and what its reductions are called."""
    steps = tuple(each for each in costs.reductions if each.line == number - 1)
    off_fen = costs.off_line_fen(number - 1)
    amount, name = yuan(line.amount_fen - off_fen), line_name(ctx, line)
    off = f"-{yuan(off_fen)}  " if steps else ""
    if chosen:
        called = f"  {reduction_names(ctx, steps)} {off}" if steps else ""
        return Item(str(number), name, amount, f"{quantity(line)} × {yuan(line.price_fen)}{called}".rstrip())
    plain = line.quantity_milli == PIECE_MILLI and not line.weighed
    return Item(str(number), name, off + (amount if plain else f"{quantity(line, '×')}  {amount}"))


def reduction_names(ctx: Context, steps: tuple[Reduction, ...]) -> str:
    """What a line's reductions are called, in the language of the screen; more than one in short."""
    if len(steps) > 1:
        return t("firmware", ctx.lang, "basket__several", steps=len(steps))
    return t("receipt", ctx.lang, f"reduction__{steps[0].kind}")


def line_name(ctx: Context, line: Line) -> str:
    """The record's name is the slip's, in the shop's language; a screen in the other language says it its own way."""
    if ctx.lang == ctx.settings.terminal.lang:
        return line.name
    goods = product.by_sku(ctx.books, line.sku) if line.sku else None
    return goods_name(ctx, goods) if goods else t("firmware", ctx.lang, "amount__line") if not line.sku else line.name


def quantity(line: Line, sign: str = "") -> str:
    """`0.845kg`, or pieces with `sign` in front."""
    count = format_milli(line.quantity_milli)
    return f"{count}kg" if line.weighed else f"{sign}{count}"


def found_item(ctx: Context, goods: Product) -> Item:
    """Goods as a list entry: name in the language of the screen, price, and that it is by weight."""
    return Item("", goods_name(ctx, goods), yuan(goods.price_fen) + ("/kg" if goods.weighable else ""))


def goods_name(ctx: Context, goods: Product) -> str:
    """The name in the language of the screen."""
    return goods.name_en if ctx.lang == "en" and goods.name_en else goods.name
