"""Lines of a kernel GPIO chip through gpiod 2. Hardware: not run; tested with a fake chip at the seam (decisions 5)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from firmware.drivers.drawer.lines import Changed, Line, Pull

CONSUMER = "posd"
DEBOUNCE_MS = 10

Request = Callable[..., Any]
"""`gpiod.request_lines`: the one function through which all our GPIO ioctls go."""


def gpiod_request() -> Request:
    """The real seam; imports gpiod."""
    import gpiod

    request: Request = gpiod.request_lines
    return request


class GpioChip:
    """A `LineSource` over `/dev/gpiochipN`."""

    def __init__(self, path: str, request: Request | None = None) -> None:
        self._path = path
        self._request = request or gpiod_request()

    def output(self, line: int, value: bool) -> Line:
        import gpiod
        from gpiod.line import Direction, Value

        first = Value.ACTIVE if value else Value.INACTIVE
        settings = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=first)
        return _ChipLine(self._ask(line, settings), line, None)

    def input(self, line: int, pull: Pull, changed: Changed) -> Line:
        import gpiod
        from gpiod.line import Bias, Direction, Edge

        settings = gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=Edge.BOTH,
            bias={"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}[pull],
            debounce_period=timedelta(milliseconds=DEBOUNCE_MS),
        )
        return _ChipLine(self._ask(line, settings), line, changed)

    def close(self) -> None:
        """Lines are released one by one."""

    def _ask(self, line: int, settings: Any) -> Any:
        return self._request(self._path, consumer=CONSUMER, config={line: settings})


class _ChipLine:
    def __init__(self, request: Any, offset: int, changed: Changed | None) -> None:
        self._request, self._offset, self._changed = request, offset, changed

    def get(self) -> bool:
        return bool(self._request.get_value(self._offset))

    def set(self, value: bool) -> None:
        from gpiod.line import Value

        self._request.set_value(self._offset, Value.ACTIVE if value else Value.INACTIVE)

    def fileno(self) -> int | None:
        if self._changed is None:
            return None
        fd: int = self._request.fd
        return fd

    def changes(self) -> None:
        assert self._changed is not None
        for event in self._request.read_edge_events():
            self._changed(event.event_type is event.Type.RISING_EDGE)

    def close(self) -> None:
        self._request.release()
