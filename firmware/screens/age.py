"""Goods for adults: somebody looks at the customer before selling goes on (6013)."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import Do, Move, Screen, Stay, home, shown
from firmware.txn.age import ConfirmAge, RefuseAge
from firmware.txn.command import Context
from firmware.view import Gap, Hint, Para, Tint, View, text

AGE_CODE = 6013


@dataclass(frozen=True, slots=True)
class AgeCheck(Screen):
    """Once per order: is the customer old enough? CANCEL takes what they may not have out of the basket again."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK: old enough. CANCEL or CLEAR: not."""
        if key is Key.OK:
            return Do(ConfirmAge(), home)
        return Do(RefuseAge(), home) if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The age, and what becomes of the goods."""
        entry = ctx.error(AGE_CODE)
        body = (
            Gap(4),
            Para(text("age__years", years=ctx.session.basket.age_due), Tint.UNSURE, large=True, rows=2),
            Gap(4),
            Para(entry.line(ctx.lang), Tint.UNSURE),
            Para(entry.action(ctx.lang)),
            Para(text("age__else"), Tint.QUIET),
        )
        hints = (Hint("OK", text("age__old_enough")), Hint("CANCEL", text("age__too_young")))
        return shown(self, ctx, text("age__title"), body, hints, Tint.UNSURE)
