"""Our pin factory for gpiozero: works on every board with gpiod 2, and on the virtual one.

gpiozero's own factories refuse boards that are no Raspberry Pi. Its devices ask a factory for little, by duck typing,
so these classes inherit nothing and importing them imports no vendor package. A pin is opened once, when its direction
and first value are known: an output line never blips.
"""

from collections.abc import Callable
from time import monotonic
from typing import Literal, Protocol

Pull = Literal["up", "down", "floating"]
Changed = Callable[[bool], None]


class Line(Protocol):
    """One open line; values are electrical levels."""

    def get(self) -> bool: ...
    def set(self, value: bool) -> None: ...
    def fileno(self) -> int | None:
        """Readable when `changes` has something to say; None when changes come by themselves."""

    def changes(self) -> None:
        """Read the edges that happened and tell them."""

    def close(self) -> None: ...


class LineSource(Protocol):
    """Opens lines: gpiod's chip, or the virtual board."""

    def output(self, line: int, value: bool) -> Line: ...
    def input(self, line: int, pull: Pull, changed: Changed) -> Line: ...
    def close(self) -> None: ...


class Info:
    """What gpiozero asks of `pin.info`."""

    def __init__(self, number: int) -> None:
        self.name = f"LINE{number}"
        self.pull = ""


class LinePin:
    """What gpiozero asks of a pin."""

    def __init__(self, source: LineSource, number: int) -> None:
        self.info = Info(number)
        self.bounce: float | None = None
        self.edges = "none"
        self._source, self._number = source, number
        self._function, self._pull = "input", "floating"
        self._when_changed: Callable[[float, int], None] | None = None
        self._line: Line | None = None

    def __repr__(self) -> str:
        return self.info.name

    def output_with_state(self, state: object) -> None:
        self.close()
        self._function = "output"
        self._line = self._source.output(self._number, bool(state))

    @property
    def function(self) -> str:
        return self._function

    @function.setter
    def function(self, value: str) -> None:
        assert value in ("input", "output"), value
        self.close()
        self._function = value

    @property
    def pull(self) -> str:
        return self._pull

    @pull.setter
    def pull(self, value: str) -> None:
        assert self._function == "input"
        assert value in ("up", "down", "floating"), value
        self.close()
        self._pull = value

    @property
    def state(self) -> int:
        return int(self._opened().get())

    @state.setter
    def state(self, value: object) -> None:
        assert self._function == "output"
        self._opened().set(bool(value))

    @property
    def when_changed(self) -> Callable[[float, int], None] | None:
        return self._when_changed

    @when_changed.setter
    def when_changed(self, value: Callable[[float, int], None] | None) -> None:
        self._when_changed = value
        if value is not None:
            self._opened()

    @property
    def line(self) -> Line | None:
        return self._line

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _opened(self) -> Line:
        if self._line is None:
            assert self._function == "input", "an output is opened with its first state"
            pull: Pull = "up" if self._pull == "up" else "down" if self._pull == "down" else "floating"
            self._line = self._source.input(self._number, pull, self._changed)
        return self._line

    def _changed(self, level: bool) -> None:
        if self._when_changed is not None:
            self._when_changed(monotonic(), int(level))


class LineFactory:
    """What gpiozero asks of a pin factory. The owner watches `lines()` and calls `changes` of what is ready."""

    def __init__(self, source: LineSource) -> None:
        self._source = source
        self._pins: dict[str, LinePin] = {}
        self._owners: dict[str, object] = {}

    def reserve_pins(self, requester: object, *names: object) -> None:
        for name in names:
            if self._owners.setdefault(_key(name), requester) is not requester:
                raise ValueError(f"{name} is in use by {self._owners[_key(name)]!r}")

    def release_pins(self, reserver: object, *names: object) -> None:
        for name in names:
            if self._owners.get(_key(name)) is reserver:
                del self._owners[_key(name)]

    def pin(self, name: object) -> LinePin:
        key = _key(name)
        if key not in self._pins:
            self._pins[key] = LinePin(self._source, int(key.removeprefix("LINE")))
        return self._pins[key]

    def lines(self) -> list[Line]:
        """The open lines."""
        return [pin.line for pin in self._pins.values() if pin.line is not None]

    @staticmethod
    def ticks() -> float:
        return monotonic()

    @staticmethod
    def ticks_diff(later: float, earlier: float) -> float:
        return later - earlier

    def close(self) -> None:
        """Close all lines: the kernel gives them back only then."""
        for pin in self._pins.values():
            pin.close()
        self._pins.clear()
        self._source.close()


def _key(name: object) -> str:
    text = str(name)
    return text if text.startswith("LINE") else f"LINE{int(text)}"
