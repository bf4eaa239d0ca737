"""操作员: one's own PIN, and what a supervisor does for cashiers or the administrator for supervisors."""

from dataclasses import dataclass

from firmware.events import Event, Key, PinChecked
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.pins import PIN_DIGITS_MAX, change_pin
from firmware.screens.widgets import Notice, Step, Wait, Wizard, refuse
from firmware.txn import staff
from firmware.txn.command import Context
from firmware.txn.staff import CheckOwnPin, OwnPinWrong, ResetPin, UnlockOperator
from firmware.view import Gap, Hint, Item, Items, Para, Row, Tint, View, text
from wire.facts import SignOnRefused

ROWS = 6


def own_pin(ctx: Context) -> Move:
    """Change one's own PIN: the old one first."""
    step = Step(text("ownpin__old"), "pin", PIN_DIGITS_MAX, 4)
    return Push(Wizard(text("ownpin__title"), (step,), _try_old))


def _try_old(values: tuple[str, ...], ctx: Context) -> Move:
    return Do(CheckOwnPin(values[0]), _old_goes)


def _old_goes(done: Done, ctx: Context) -> Move:
    return Push(Wait(text("signon__checking"), _old_heard))


def _old_heard(event: Event, about: str, ctx: Context) -> Move | None:
    if not isinstance(event, PinChecked):
        return None
    return Replace(change_pin()) if event.ok else Do(OwnPinWrong(), _old_wrong)


def _old_wrong(done: Done, ctx: Context) -> Move:
    locked = any(isinstance(fact, SignOnRefused) and fact.locked for fact in done.decision.facts)
    return refuse(2004 if locked else 2002)


def operators(ctx: Context) -> Move:
    """The operators one looks after."""
    return Push(Operators())


@dataclass(frozen=True, slots=True)
class Operators(Screen):
    """Whom one looks after, and how they stand."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP, DOWN and OK choose."""
        numbers = staff.in_care(ctx)
        if key in (Key.UP, Key.DOWN) and numbers:
            return Stay(Operators((self.row + (1 if key is Key.DOWN else -1)) % len(numbers)))
        if key is Key.OK and numbers:
            return Push(OneOperator(numbers[min(self.row, len(numbers) - 1)]))
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """Numbers with names."""
        numbers = staff.in_care(ctx)
        first = self.row // ROWS * ROWS
        names = {entry.number: entry.name for entry in ctx.settings.operators}
        items = tuple(
            Item("", f"{number} {names[number]}", text(f"operators__{staff.standing(ctx.books, number)}"))
            for number in numbers[first : first + ROWS]
        )
        body = (Items(items, self.row - first, first // ROWS + 1, max(1, -(-len(numbers) // ROWS))),)
        hints = (Hint("OK", text("hint__ok")), Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("menu__operators"), body, hints)


@dataclass(frozen=True, slots=True)
class OneOperator(Screen):
    """One operator: F1 lifts the lock, F2 gives the factory PIN back."""

    number: str

    def press(self, key: Key, ctx: Context) -> Move:
        """The command checks who may."""
        match key:
            case Key.F1:
                return Do(UnlockOperator(self.number), unlocked)
            case Key.F2:
                return Do(ResetPin(self.number), was_reset)
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """How they stand, and what the keys do."""
        state = staff.standing(ctx.books, self.number)
        tint = Tint.UNSURE if state == "locked" else Tint.PLAIN
        body = (
            Gap(8),
            Row(text("signon__number"), self.number, strong=True),
            Row(text("operators__state"), text(f"operators__{state}"), tint),
            Gap(8),
            Para(text("operators__how"), Tint.QUIET),
        )
        hints = (Hint("F1", text("operators__unlock")), Hint("F2", text("operators__reset")), CANCEL_HINT)
        return shown(self, ctx, text("menu__operators"), body, hints)


def unlocked(done: Done, ctx: Context) -> Move:
    """`then` of a lock that was lifted."""
    assert isinstance(done.command, UnlockOperator)
    number = done.command.number
    return Replace(Notice(text("menu__operators"), (text("operators__unlocked", number=number),), Tint.GOOD))


def was_reset(done: Done, ctx: Context) -> Move:
    """`then` of a PIN that was reset."""
    assert isinstance(done.command, ResetPin)
    words = text("operators__was_reset", number=done.command.number), text("operators__was_reset_how")
    return Replace(Notice(text("menu__operators"), words, Tint.GOOD))
