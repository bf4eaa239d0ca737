"""The lamp: green ready, amber unknown, red trouble (domain 14.4, 14.5). What the screen says comes first, because that is
what the cashier acts on; then how the devices stand. Never the only sign: the screen and a tone say the same."""

from firmware.events import Colour
from firmware.screens.base import link_look
from firmware.txn.command import Context
from firmware.view import Tint, View
from wire.messages import PrinterLook

_PAPER_TROUBLE: frozenset[PrinterLook] = frozenset({"paper_out", "cover_open", "offline", "fault"})
BATTERY_EMPTY_PERCENT = 5


def lamp(ctx: Context, view: View) -> Colour:
    """The lamp's colour while `view` is shown.

    Red: a failure is on the screen, or something keeps the counter from working whole (printer, keypad, drawer left open,
    safe mode, an empty battery). Amber: a result is unknown, or the backend is out of reach, so that only cash is sure.
    Green: ready.
    """
    if view.tint is Tint.BAD:
        return "red"
    if view.tint is Tint.UNSURE:
        return "amber"
    if _broken(ctx):
        return "red"
    return "amber" if link_look(ctx) == "down" else "green"


def _broken(ctx: Context) -> bool:
    devices = ctx.devices
    empty = devices.battery is not None and devices.battery <= BATTERY_EMPTY_PERCENT and not devices.charging
    gone = not devices.keypad or devices.printer in _PAPER_TROUBLE
    return ctx.safe_mode or devices.drawer_warned or gone or empty
