"""The stack of screens and how a move changes it. A tuple of frozen screens, the top one last."""

from firmware.screens.age import AgeCheck
from firmware.screens.base import Home, Move, Pop, Push, Reject, Replace, Screen, Stay
from firmware.screens.handover import BatchFull
from firmware.screens.pay import order_screen
from firmware.screens.remote import Locked
from firmware.screens.sell import BasketScreen, Idle
from firmware.screens.shift import open_shift
from firmware.screens.slips import Unfinished, owed
from firmware.screens.start import KeptBasket, new_pin, sign_on
from firmware.screens.widgets import Wait
from firmware.txn import checkout, hold, lock, shift
from firmware.txn.command import Context
from firmware.txn.handover import full_percent
from firmware.txn.operator import must_change_pin

Stack = tuple[Screen, ...]
DEPTH_MAX = 12


def home(ctx: Context) -> Stack:
    """Where the session belongs: sign-on, new PIN, what says that the terminal is locked, open shift, the order being
    paid, the basket, what a power cut left, or ready to sell."""
    if not ctx.session.operator:
        return (sign_on(),)
    if must_change_pin(ctx.books, ctx.session.operator):
        return (new_pin(),)
    order = checkout.here(ctx)
    running = shift.current(ctx.books)
    if lock.locked(ctx.books) and (order is None or running is None):
        return (Locked(),)
    if running is None:
        return (open_shift(ctx),)
    if order is not None:
        return (Idle(), order_screen(order, ctx))
    if ctx.session.basket.age_due:
        return (Idle(), BasketScreen(), AgeCheck())
    if ctx.session.basket.lines:
        return (Idle(), BasketScreen())
    if full_percent(ctx) >= 100:
        return (Idle(), BatchFull())
    if hold.kept(ctx.books).lines:
        return (Idle(), KeptBasket())
    return (Idle(),)


def offered(stack: Stack, ctx: Context) -> Stack:
    """`stack` with unfinished slips on top, once a shift is open and somebody is there to look at the paper."""
    selling = isinstance(stack[0], Idle)
    return (*stack, Unfinished()) if selling and owed(ctx) else stack


def moved(stack: Stack, move: Move, ctx: Context) -> tuple[Stack, Move | None]:
    """The stack after a move, and the move the screen beneath answers with when one was popped.

    `Do` is the terminal's to carry out; it must not come here.
    """
    match move:
        case Stay(screen):
            return (stack if screen is None else (*stack[:-1], screen)), None
        case Push(screen):
            assert len(stack) < DEPTH_MAX, "screens pushed without end"
            return (*stack, screen), None
        case Replace(screen):
            return (*stack[:-1], screen), None
        case Pop(result):
            beneath = stack[:-1] or home(ctx)
            if stack[-1].OVERLAY:
                return beneath, None
            return beneath, beneath[-1].back(result, ctx)
        case Home(above):
            return _homeward(home(ctx), above), None
        case Reject():
            return stack, None
        case _:
            raise AssertionError(move)


def _homeward(stack: Stack, above: Screen | None) -> Stack:
    """Home with a screen on it; in place of home's own when that is of the same kind, and knows less."""
    if above is None:
        return stack
    return (*stack[:-1], above) if type(stack[-1]) is type(above) else (*stack, above)


def waiting(stack: Stack) -> int | None:
    """Where in the stack a `Wait` stands, perhaps beneath notices; None when nothing is waited for."""
    return next((index for index, screen in enumerate(stack) if isinstance(screen, Wait)), None)
