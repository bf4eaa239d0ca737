"""登记待补验: without a link a supervisor takes a voucher at the shop's risk; whose it is and how much it is for."""

from dataclasses import dataclass, field, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Screen, Stay, shown
from firmware.screens.voucher_coupon import TAKEN
from firmware.screens.widgets import AMOUNT_DIGITS_MAX, amount_text, typed
from firmware.txn.command import Context
from firmware.txn.prices import bill
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_offer import rest_fen
from firmware.txn.voucher_take import RegisterVoucher, reading_of, register_room
from firmware.view import Big, Block, Hint, Para, Row, Tint, View, text
from rules.deals import Platform
from rules.money import yuan


@dataclass(frozen=True, slots=True)
class RegisterAmount(Screen):
    """How much the voucher is for; UP and DOWN choose the platform where its code does not say it."""

    code: str = field(repr=False)
    is_scan: bool
    digits: str = ""
    place: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits shift in from the right; OK registers."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits.lstrip("0")))
        platforms = self._platforms(ctx)
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, place=(self.place + (1 if key is Key.DOWN else -1)) % len(platforms)))
            case Key.OK if self.digits:
                platform = platforms[self.place % len(platforms)]
                return Do(RegisterVoucher(self.code, self.is_scan, platform, int(self.digits)), _registered)
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def _platforms(self, ctx: Context) -> tuple[Platform, ...]:
        read = reading_of(ctx, self.code, self.is_scan).platform
        rows = tuple(row.platform for row in ctx.settings.vouchers.platforms if row.enabled)
        return (read,) if read else rows or ("own",)

    def back(self, result: object, ctx: Context) -> Move:
        """A refusal was read."""
        return Stay(replace(self, digits=""))

    def view(self, ctx: Context) -> View:
        """The amount, large; whose it is; at whose risk."""
        platforms = self._platforms(ctx)
        name = platform_name(ctx, platforms[self.place % len(platforms)])
        count, fen = register_room(ctx)
        body: tuple[Block, ...] = (
            Row(text("register__platform"), name, strong=True),
            Row(text("cash__due"), yuan(rest_fen(ctx, ctx.session.basket, bill(ctx))), Tint.QUIET),
            Row(text("register__room"), text("register__left", count=count, amount=yuan(fen)), Tint.QUIET),
            Big(text("register__amount"), amount_text(self.digits)),
            Para(text("register__risk"), Tint.UNSURE, rows=2),
        )
        more = (Hint("UP", text("hint__choose")),) if len(platforms) > 1 else ()
        return shown(self, ctx, text("register__title"), body, (OK_HINT, *more, CANCEL_HINT), Tint.UNSURE)


def _registered(done: Done, ctx: Context) -> Move:
    return Pop(TAKEN)
