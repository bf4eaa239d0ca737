"""操作员: one's own PIN, and what a supervisor does for cashiers or the administrator for supervisors."""

from dataclasses import dataclass

from firmware.events import Event, Key, PinChecked
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.pins import PIN_DIGITS_MAX, change_pin
from firmware.screens.widgets import Notice, Step, Wait, Wizard, refuse
from firmware.txn import staff
from firmware.txn.badge import IssueBadge, PrintBadge, RevokeBadge, kept
from firmware.txn.command import Context
from firmware.txn.operator import locked_about
from firmware.txn.staff import CheckOwnPin, OwnPinWrong, ResetPin, UnlockOperator
from firmware.view import Gap, Hint, Item, Items, Para, Row, Tint, View, text
from rules.badges import badge_text, fresh_token
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
    return refuse(2004, locked_about(ctx, ctx.session.operator)) if locked else refuse(2002)


def own_badge(ctx: Context) -> Move:
    """A new badge of one's own, after one's PIN: whoever finds the terminal signed on gets none."""
    step = Step(text("signon__pin"), "pin", PIN_DIGITS_MAX, 4)
    return Push(Wizard(text("menu__own_badge"), (step,), _try_badge_pin, words=text("badge__words")))


def _try_badge_pin(values: tuple[str, ...], ctx: Context) -> Move:
    return Do(CheckOwnPin(values[0]), _badge_pin_goes)


def _badge_pin_goes(done: Done, ctx: Context) -> Move:
    return Push(Wait(text("signon__checking"), _badge_pin_heard))


def _badge_pin_heard(event: Event, about: str, ctx: Context) -> Move | None:
    if not isinstance(event, PinChecked):
        return None
    return _issue(ctx.session.operator, ctx) if event.ok else Do(OwnPinWrong(), _old_wrong)


def _issue(number: str, ctx: Context) -> Move:
    return Do(IssueBadge(number, badge_text(number, fresh_token(ctx.chance))), issued)


def issued(done: Done, ctx: Context) -> Move:
    """`then` of a badge that was issued: it is printed, now or never."""
    assert isinstance(done.command, IssueBadge)
    return Do(PrintBadge(done.seqs[0], done.command.text), badge_comes)


def badge_comes(done: Done, ctx: Context) -> Move:
    """`then` of a badge on its way to the printer."""
    words = text("badge__issued"), text("badge__issued_how")
    return Replace(Notice(text("badge__title"), words, Tint.GOOD))


def revoked(done: Done, ctx: Context) -> Move:
    """`then` of a badge that was revoked."""
    assert isinstance(done.command, RevokeBadge)
    words = (text("badge__revoked", number=done.command.number),)
    return Replace(Notice(text("badge__title"), words, Tint.GOOD))


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
    """One operator: F1 lifts the lock, F2 gives the factory PIN back, 1 prints a new badge, 2 revokes it."""

    number: str

    def press(self, key: Key, ctx: Context) -> Move:
        """The command checks who may."""
        match key:
            case Key.F1:
                return Do(UnlockOperator(self.number), unlocked)
            case Key.F2:
                return Do(ResetPin(self.number), was_reset)
            case Key.D1:
                return _issue(self.number, ctx)
            case Key.D2:
                return Do(RevokeBadge(self.number), revoked)
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
            Row(text("badge__title"), text("badge__has" if kept(ctx.books, self.number) else "badge__has_none")),
            Gap(8),
            Para(text("operators__how"), Tint.QUIET),
            Row(text("badge__how")),
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
