"""存入/取出: how much, and why (domain 11.5)."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Home, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.drawer import asked_for
from firmware.screens.widgets import Notice, Step, Wizard, refuse
from firmware.txn import shift
from firmware.txn.cash import REASONS, MoveCash, Way
from firmware.txn.command import Context
from firmware.view import Item, Items, Tint, View, text
from rules.money import yuan
from wire.facts import CashMoved

DIGITS_MAX = 8


def cash_in(ctx: Context) -> Move:
    """Put cash into the drawer."""
    return _asked("cashin", ctx) or Push(Wizard(text("cashin__title"), (_AMOUNT,), _in))


def cash_out(ctx: Context) -> Move:
    """Take cash out of it."""
    return _asked("cashout", ctx) or Push(Wizard(text("cashout__title"), (_AMOUNT,), _out))


_AMOUNT = Step(text("cashin__amount"), "amount", DIGITS_MAX)


def _asked(name: str, ctx: Context) -> Move | None:
    return None if shift.current(ctx.books) else refuse(2014)


def _in(values: tuple[str, ...], ctx: Context) -> Move:
    return Push(CashReason("in", int(values[0])))


def _out(values: tuple[str, ...], ctx: Context) -> Move:
    return Push(CashReason("out", int(values[0])))


@dataclass(frozen=True, slots=True)
class CashReason(Screen):
    """Why cash is moved: a digit, or UP, DOWN and OK."""

    way: Way
    amount_fen: int
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its reason at once."""
        count = len(REASONS[self.way])
        if key.digit and 1 <= int(key.digit) <= count:
            return self._take(int(key.digit) - 1)
        match key:
            case Key.OK:
                return self._take(self.row)
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % count))
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def _take(self, row: int) -> Move:
        return Do(MoveCash(self.way, self.amount_fen, REASONS[self.way][row]), moved)

    def view(self, ctx: Context) -> View:
        """The amount and the reasons."""
        items = tuple(Item(str(n), text(f"cashreason__{name}")) for n, name in enumerate(REASONS[self.way], 1))
        # the reasons and an amount in large digits would not fit: the amount stands in the title
        title = text(f"cashreason__{self.way}", yuan=yuan(self.amount_fen))
        return shown(self, ctx, title, (Items(items, self.row),), (OK_HINT, CANCEL_HINT))


def moved(done: Done, ctx: Context) -> Move:
    """`then`: say what was booked."""
    seq, fact = done.first(CashMoved)
    words = text(f"cash{fact.way}__done", yuan=yuan(fact.amount_fen))
    notice = Notice(text(f"cash{fact.way}__title"), (words,), Tint.GOOD)
    return Home(asked_for(seq, notice, ctx) or notice)
