"""Lines of the virtual board: the drawer's solenoid and contact over `board.sock`."""

import time
from collections.abc import Callable

from firmware.drivers.drawer.lines import Changed, Line, Pull
from wire.board import LineSet, Sensor

PULSE_LINE, SENSOR_LINE = 0, 1


class BoardLines:
    """A `LineSource` over the board's link. `hear` is registered with the link for `Sensor`, `lost` for its end."""

    def __init__(self, send: Callable[[LineSet], bool]) -> None:
        self._send = send
        self._open = False
        self._changed: Changed | None = None
        self.contact_changed: Callable[[], None] = lambda: None
        self.wired: bool | None = None
        """Whether the drawer has a contact; None before the board has said so."""

    def hear(self, sensor: Sensor) -> None:
        """The board's word about the contact; called in the link's thread."""
        self._say(wired=sensor.state != "absent", is_open=sensor.state == "open")

    def lost(self) -> None:
        """The board is gone, and its contact with it."""
        self._say(wired=False, is_open=False)

    def output(self, line: int, value: bool) -> Line:
        assert line == PULSE_LINE
        opened = _Pulse(self._send)
        opened.set(value)
        return opened

    def input(self, line: int, pull: Pull, changed: Changed) -> Line:
        assert line == SENSOR_LINE
        self._changed = changed
        return _Contact(lambda: self._open)

    def close(self) -> None:
        self._changed = None

    def _say(self, wired: bool, is_open: bool) -> None:
        moved, self.wired, self._open = is_open != self._open, wired, is_open
        if moved and self._changed is not None:
            self._changed(is_open)
        self.contact_changed()


class _Pulse:
    def __init__(self, send: Callable[[LineSet], bool]) -> None:
        self._send = send
        self._value = False

    def get(self) -> bool:
        return self._value

    def set(self, value: bool) -> None:
        """Only changes travel; a board that is not there holds its own line low."""
        if value != self._value and not self._send(LineSet("drawer", value, time.monotonic_ns())) and value:
            raise OSError("the board is not connected")
        self._value = value

    def fileno(self) -> int | None:
        return None

    def changes(self) -> None:
        raise AssertionError("an output has no edges")

    def close(self) -> None:
        self.set(False)


class _Contact:
    def __init__(self, read: Callable[[], bool]) -> None:
        self._read = read

    def get(self) -> bool:
        return self._read()

    def set(self, value: bool) -> None:
        raise AssertionError("an input cannot be driven")

    def fileno(self) -> int | None:
        return None

    def changes(self) -> None:
        raise AssertionError("the board tells changes by itself")

    def close(self) -> None:
        """Nothing is held."""
