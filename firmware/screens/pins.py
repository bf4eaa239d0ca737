"""Choosing a PIN of one's own: typed twice, hashed by the system worker."""

from firmware.events import Event, PinHashed
from firmware.screens.base import Do, Done, Move, Push, home
from firmware.screens.widgets import Step, Wait, Wizard, refuse
from firmware.txn.command import Context
from firmware.txn.operator import ChangePin, KeepPin
from firmware.view import text

PIN_DIGITS_MAX = 8


def change_pin() -> Wizard:
    """A new PIN instead of the old one; CANCEL keeps it."""
    return Wizard(
        text("ownpin__title"),
        (
            Step(text("newpin__new"), "pin", PIN_DIGITS_MAX, 4),
            Step(text("newpin__again"), "pin", PIN_DIGITS_MAX, 4),
        ),
        _try_pin,
        words=text("newpin__words"),
    )


def _try_pin(values: tuple[str, ...], ctx: Context) -> Move:
    if values[0] != values[1]:
        return refuse(2022)
    return Do(ChangePin(values[0]), _pin_goes)


def _pin_goes(done: Done, ctx: Context) -> Move:
    return Push(Wait(text("newpin__keeping"), _pin_heard))


def _pin_heard(event: Event, about: str, ctx: Context) -> Move | None:
    return Do(KeepPin(event.hash, event.salt), home) if isinstance(event, PinHashed) else None
