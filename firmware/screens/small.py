"""Small cash sales: the shop's amounts (`drawer_use.small_amounts_fen`) as large choices; one key, and it is settled."""

from dataclasses import dataclass

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, Home, Move, Push, Replace, Screen, Stay, shown
from firmware.screens.code import not_goods, pay_by
from firmware.screens.goods import scanned_in
from firmware.screens.pay import Cash, Overpaid, settle
from firmware.screens.voucher_scan import scanned_voucher
from firmware.txn import sale
from firmware.txn.command import Context
from firmware.txn.sale import PIECE_MILLI
from firmware.view import Big, Chips, Gap, Hint, View, text
from rules.money import yuan

CHOICES_MAX = 8


def choices(ctx: Context) -> tuple[int, ...]:
    """The shop's amounts that cover what is due, in its order; none when the sale is not a small one. Fen."""
    due = sale.due_in_cash(ctx)[0]
    use = ctx.settings.drawer_use
    if not 0 < due <= use.small_amount_max_fen:
        return ()
    return tuple(fen for fen in use.small_amounts_fen if fen >= due)[:CHOICES_MAX]


def cash_screen(ctx: Context) -> Screen:
    """Where cash is taken: the small amounts where the shop has some for this sum, else the sum as it is typed."""
    return SmallAmounts() if choices(ctx) and not ctx.session.basket.vouchers else Cash()


@dataclass(frozen=True, slots=True)
class SmallAmounts(Screen):
    """What the customer hands over, as keys 1 to 8; OK is the exact sum. Other tenders are taken as on the screen it stands
    for: a scanned code or voucher, `#` for the card terminal, `*` for a part, MENU for a voucher."""

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its amount; CLEAR or F2 goes to typing one."""
        amounts = choices(ctx)
        match key:
            case Key.OK:
                return settle(sale.due_in_cash(ctx)[0], ctx)
            case Key.CLEAR | Key.F2:
                return Replace(Cash())
            case Key.HASH | Key.STAR | Key.MENU:
                return Cash().press(key, ctx)
            case Key.CANCEL:
                return Home()
            case _ if key.digit and 1 <= int(key.digit) <= len(amounts):
                return self._take(amounts[int(key.digit) - 1], ctx)
            case _:
                return Stay()

    def _take(self, paid_fen: int, ctx: Context) -> Move:
        if paid_fen > sale.due_in_cash(ctx)[0] + ctx.settings.cash.overpay_guard_fen:
            return Push(Overpaid(paid_fen))
        return settle(paid_fen, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """The cashier confirmed the sum, or said whether a slip is wanted; with a voucher taken the sum is another."""
        return Replace(Cash()) if ctx.session.basket.vouchers else Cash().back(result, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """A customer's code or voucher pays; anything else is one more article after all."""
        voucher = scanned_voucher(scanned, ctx, paying=True)
        if voucher is None and not_goods(scanned, PIECE_MILLI, ctx) is not None:
            return pay_by(scanned, ctx)
        return voucher or scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """What is due, and the amounts."""
        due, _ = sale.due_in_cash(ctx)
        labels = tuple(f"{at}  ¥{yuan(fen).removesuffix('.00')}" for at, fen in enumerate(choices(ctx), 1))
        body = (Big(text("cash__due"), yuan(due)), Gap(8), Chips(labels))
        hints = (
            Hint("OK", text("cash__exact")),
            Hint("#", text("cash__card")),
            Hint("F2", text("small__other")),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("small__title"), body, hints)
