"""Which lines of a sale come back, and how much of each: pieces, or grams of what was weighed."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Move, Pop, Screen, Stay, shown
from firmware.screens.refund import Plan, checked
from firmware.screens.widgets import refuse, typed
from firmware.txn.command import Context
from firmware.txn.original import Original
from firmware.txn.refund import Chosen
from firmware.view import Block, Field, Hint, Item, Items, Row, Tint, View, text
from rules.money import yuan
from rules.quantity import format_milli

SHOWN = 3
DIGITS_MAX = 6
PIECE_MILLI = 1_000


@dataclass(frozen=True, slots=True)
class ChooseLines(Screen):
    """Lines of the sale with how much of each comes back. `picked`: (line, thousandths)."""

    about: Original
    picked: Chosen = ()
    row: int = 0
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type a quantity for the line, F1 takes all that is left of it or none; OK goes on."""
        digits = typed(self.digits, key, DIGITS_MAX)
        if digits is not None and (key.digit or self.digits):
            return Stay(replace(self, digits=digits.lstrip("0")))
        match key:
            case Key.OK if self.digits:
                return self._type()
            case Key.OK if self.picked:
                return checked(Plan(self.about, self.picked), ctx)
            case Key.OK:  # nothing chosen yet: this line, whole
                return Stay(self._with(self.about.left_milli(self.row)))
            case Key.F1:
                left = self.about.left_milli(self.row)
                return Stay(self._with(0 if self._milli(self.row) else left))
            case Key.CLEAR:
                return Stay(self._with(0))
            case Key.UP | Key.DOWN if not self.digits:
                step = 1 if key is Key.DOWN else -1
                return Stay(replace(self, row=(self.row + step) % len(self.about.sale.lines)))
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held takes every choice back."""
        return Stay(ChooseLines(self.about, row=self.row)) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def _milli(self, index: int) -> int:
        return next((milli for line, milli in self.picked if line == index), 0)

    def _with(self, milli: int) -> "ChooseLines":
        """The line on the row with another quantity."""
        rest = tuple(each for each in self.picked if each[0] != self.row)
        return replace(self, picked=tuple(sorted((*rest, *(((self.row, milli),) if milli else ())))), digits="")

    def _type(self) -> Move:
        weighed = self.about.sale.lines[self.row].weighed
        milli = int(self.digits) * (1 if weighed else PIECE_MILLI)
        if milli > self.about.left_milli(self.row):
            return refuse(6014, self.about.sale.lines[self.row].name)
        return Stay(self._with(milli))

    def back(self, result: object, ctx: Context) -> Move:
        """After a refusal the number is typed anew."""
        return Stay(replace(self, digits=""))

    def view(self, ctx: Context) -> View:
        """A page of lines with what comes back of each, and the sum."""
        lines = self.about.sale.lines
        first = self.row // SHOWN * SHOWN
        items = tuple(self._item(index) for index in range(first, min(first + SHOWN, len(lines))))
        pages = -(-len(lines) // SHOWN)
        total = Plan(self.about, self.picked).back(ctx).total_fen if self.picked else 0
        body: tuple[Block, ...] = (Items(items, self.row - first, first // SHOWN + 1, pages),)
        if self.digits:
            body += (Field(text("lines__grams" if lines[self.row].weighed else "lines__pieces"), self.digits),)
        elif self.picked:
            body += (Row(text("why__sum"), yuan(total), strong=True),)
        else:
            body += (Row(text("lines__how"), tint=Tint.QUIET),)
        hints = (
            OK_HINT,
            Hint("F1", text("lines__none" if self._milli(self.row) else "lines__all")),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("lines__title"), body, hints)

    def _item(self, index: int) -> Item:
        line, milli = self.about.sale.lines[index], self._milli(index)
        left = self.about.left_milli(index)
        value = yuan(self.about.share_fen(index, milli)) if milli else ""
        note = text("lines__note", back=shown_milli(milli), left=shown_milli(left)) if left else text("lines__gone")
        return Item("", line.name, value, note)


def shown_milli(milli: int) -> str:
    """2 of pieces, 0.385 of what was weighed."""
    return format_milli(milli)
