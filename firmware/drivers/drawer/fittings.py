"""What a drawer is fitted with: gpiozero's output for the coil and its input for the contact, over a pin factory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.drivers.drawer.boardlines import PULSE_LINE, SENSOR_LINE, BoardLines
from firmware.drivers.drawer.gpiochip import GpioChip, Request
from firmware.drivers.drawer.lines import Line, LineFactory
from firmware.hardware import GpioDrawer


class NoDrawer(Exception):
    """The drawer's lines cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Fittings:
    """The drawer's devices. `coil` and `contact` are gpiozero's; closing `factory` gives the lines back."""

    coil: Any
    contact: Any
    factory: Any
    wired: Callable[[], bool]
    """Whether a contact is wired; the virtual board may say so only later."""
    on_change: Callable[[Callable[[], None]], None]
    """Registers who is woken when the contact or its wiring changes."""

    def lines(self) -> list[Line]:
        """The lines whose edges the worker must read; gpiozero's own factories read theirs in threads."""
        return self.factory.lines() if isinstance(self.factory, LineFactory) else []


def fit(factory: Any, wiring: GpioDrawer) -> Fittings:
    """The drawer wired as the profile says, on any gpiozero pin factory (also gpiozero's MockFactory)."""
    from gpiozero import DigitalInputDevice, DigitalOutputDevice

    coil = DigitalOutputDevice(
        wiring.pulse_line, active_high=wiring.active_high, initial_value=False, pin_factory=factory
    )
    contact = None
    if wiring.sensor_line is not None:
        pull_up = {"up": True, "down": False, "floating": None}[wiring.sensor_pull]
        state = wiring.sensor_open_high if pull_up is None else None
        contact = DigitalInputDevice(wiring.sensor_line, pull_up=pull_up, active_state=state, pin_factory=factory)

    def on_change(wake: Callable[[], None]) -> None:
        if contact is not None:
            contact.when_activated = contact.when_deactivated = wake

    return Fittings(coil, _by_level(contact, wiring), factory, lambda: contact is not None, on_change)


class _Contact:
    """Whether the drawer is open: gpiozero's active state says only whether the pull was overcome."""

    def __init__(self, device: Any, open_when_active: bool) -> None:
        self._device, self._open_when_active = device, open_when_active

    @property
    def open(self) -> bool:
        return bool(self._device.is_active) is self._open_when_active

    def close(self) -> None:
        self._device.close()


def _by_level(device: Any, wiring: GpioDrawer) -> _Contact | None:
    if device is None:
        return None
    active_is_high = {"up": False, "down": True, "floating": wiring.sensor_open_high}[wiring.sensor_pull]
    return _Contact(device, open_when_active=wiring.sensor_open_high == active_is_high)


def fit_gpio(wiring: GpioDrawer, request: Request | None = None) -> Fittings:
    """The drawer on a kernel GPIO chip. Raises NoDrawer."""
    try:
        factory = LineFactory(GpioChip(wiring.chip, request))
    except ImportError as missing:
        raise NoDrawer(str(missing)) from missing
    try:
        return fit(factory, wiring)
    except (ImportError, OSError) as wrong:
        factory.close()
        raise NoDrawer(str(wrong)) from wrong


def fit_board(lines: BoardLines) -> Fittings:
    """The drawer of the virtual board."""
    wiring = GpioDrawer(pulse_line=PULSE_LINE, sensor_line=SENSOR_LINE, sensor_pull="down")
    fitted = fit(LineFactory(lines), wiring)

    def on_change(wake: Callable[[], None]) -> None:
        lines.contact_changed = wake

    return Fittings(fitted.coil, fitted.contact, fitted.factory, lambda: bool(lines.wired), on_change)


def output(chip: str, line: int, active_high: bool = True, request: Request | None = None) -> Any:
    """A plain output line that is off now (gpiozero's DigitalOutputDevice), for lamps and the like."""
    from gpiozero import DigitalOutputDevice

    factory = LineFactory(GpioChip(chip, request))
    return DigitalOutputDevice(line, active_high=active_high, initial_value=False, pin_factory=factory)
