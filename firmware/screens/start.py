"""Before selling: sign on, choose a PIN of one's own; and the basket a power cut left."""

from dataclasses import dataclass, replace

from firmware.events import Event, Key, PinChecked
from firmware.screens.base import Do, Done, Home, Move, Push, Screen, Stay, home, other_language, shown
from firmware.screens.holds import Because, why_first
from firmware.screens.orders import waiting_rows
from firmware.screens.pins import PIN_DIGITS_MAX, change_pin
from firmware.screens.shift import SIGN_OFF, menu
from firmware.screens.slips import trouble_rows
from firmware.screens.widgets import Soft, Step, Wait, Wizard, refuse
from firmware.txn import hold
from firmware.txn.badge import ReadBadge
from firmware.txn.command import Context
from firmware.txn.operator import SignOn, SignOnAnswered, locked_about
from firmware.txn.prices import bill
from firmware.view import Block, Gap, Hint, Para, Tint, View, text
from rules.badges import read_badge
from rules.money import yuan
from wire.facts import SignOnRefused

NUMBER_DIGITS = 2
LANGUAGE = Soft(Key.F2, text("menu__language"), other_language)


def sign_on() -> Wizard:
    """Operator number, then PIN; F2 speaks the other language."""
    return Wizard(
        text("signon__title"),
        (
            Step(text("signon__number"), "number", NUMBER_DIGITS, NUMBER_DIGITS),
            Step(text("signon__pin"), "pin", PIN_DIGITS_MAX, 4),
        ),
        _try_sign_on,
        out=None,
        soft=(LANGUAGE,),
        badge=_try_badge,
        no_scan=2001,
        above=_left_behind,
    )


def _left_behind(said: int, ctx: Context) -> tuple[Block, ...]:
    """What whoever comes must see before signing on: that the terminal locked itself (2017) or why it takes nothing yet
    (`said`), and what waits."""
    code = said or (2017 if ctx.session.timed_out else 0)
    return (*(trouble_rows(code, ctx, Tint.UNSURE) if code else ()), *waiting_rows(ctx))


def _try_badge(scanned: str, ctx: Context) -> Move:
    return Do(ReadBadge(scanned), _badge_read)


def _badge_read(done: Done, ctx: Context) -> Move:
    """The badge says who; the PIN is asked all the same."""
    assert isinstance(done.command, ReadBadge)
    badge = read_badge(done.command.text)
    assert badge is not None
    return Stay(replace(sign_on(), values=(badge.operator,)))


def _try_sign_on(values: tuple[str, ...], ctx: Context) -> Move:
    return Do(SignOn(values[0], values[1]), _sign_on_goes)


def _sign_on_goes(done: Done, ctx: Context) -> Move:
    """Either the answer is there already (factory PIN), or the worker is asked."""
    assert isinstance(done.command, SignOn)
    if done.decision.effects:
        return Push(Wait(text("signon__checking"), _sign_on_heard, done.command.operator))
    return after_sign_on(done, ctx)


def _sign_on_heard(event: Event, operator: str, ctx: Context) -> Move | None:
    return Do(SignOnAnswered(operator, event.ok), after_sign_on) if isinstance(event, PinChecked) else None


def after_sign_on(done: Done, ctx: Context) -> Move:
    """Home when the PIN was right; otherwise the refusal, above an empty form: 2004 when it locks."""
    wrong = next((fact for fact in done.decision.facts if isinstance(fact, SignOnRefused)), None)
    if wrong is None:
        return Home()
    return refuse(2004, locked_about(ctx, wrong.operator)) if wrong.locked else refuse(2002)


def new_pin() -> Wizard:
    """A PIN of one's own instead of the factory's (2013), typed twice."""
    return replace(change_pin(), title=text("newpin__title"), out=SIGN_OFF, soft=(LANGUAGE,))


@dataclass(frozen=True, slots=True)
class KeptBasket(Screen):
    """The basket that was open when the power went: take it up again, or give it up."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK takes it up, F2 gives it up; who may do neither signs off from the menu."""
        if key is Key.OK:
            return Do(hold.RecallKept(), home)
        if key is Key.F2:
            return why_first(hold.kept(ctx.books), ctx) or Do(hold.DropKept(), home)
        return menu(ctx) if key is Key.MENU else Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """It was said why it is given up."""
        return Do(hold.DropKept(result.reason), home) if isinstance(result, Because) else Stay()

    def view(self, ctx: Context) -> View:
        """How much is in it."""
        basket = hold.kept(ctx.books)
        total = yuan(bill(ctx, basket).due_fen)
        body = (Gap(16), Para(text("kept__words", lines=len(basket.lines), total=total), large=True, rows=4))
        hints = (Hint("OK", text("kept__take")), Hint("F2", text("kept__drop")), Hint("MENU", text("hint__menu")))
        return shown(self, ctx, text("kept__title"), body, hints, Tint.UNSURE)
