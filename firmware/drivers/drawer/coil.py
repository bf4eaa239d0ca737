"""When the drawer's coil may be fired. Pure."""

from collections import deque

PULSE_MIN_MS, PULSE_MAX_MS, PULSE_DEFAULT_MS = 50, 200, 100
PAUSE_MS = 1_000
"""Least time between two pulses (domain 11.4)."""
PULSES_PER_MINUTE_MAX = 6


class Coil:
    """Remembers when it was fired, so that it never gets hot."""

    def __init__(self) -> None:
        self._ended_ms: deque[int] = deque(maxlen=PULSES_PER_MINUTE_MAX)

    def may_fire(self, now_ms: int) -> bool:
        """Whether a pulse at `now_ms` keeps the pause and the limit per minute."""
        if self._ended_ms and now_ms - self._ended_ms[-1] < PAUSE_MS:
            return False
        return len(self._ended_ms) < PULSES_PER_MINUTE_MAX or now_ms - self._ended_ms[0] >= 60_000

    def fired(self, ended_ms: int) -> None:
        """A pulse ended at `ended_ms`."""
        self._ended_ms.append(ended_ms)
