"""When the drawer's coil may be fired. Pure."""

from collections import deque

PULSE_MIN_MS, PULSE_MAX_MS, PULSE_DEFAULT_MS = 50, 200, 100
PAUSE_MS = 1_000
"""Least time between two pulses (domain 11.4)."""
PULSES_PER_MINUTE_MAX = 6
MINUTE_MS = 60_000


class Coil:
    """Remembers when it was fired, so that it never gets hot. Settings may only make its limits stricter."""

    def __init__(self) -> None:
        self._ended_ms: deque[int] = deque(maxlen=PULSES_PER_MINUTE_MAX)
        self.limit(PAUSE_MS, PULSES_PER_MINUTE_MAX)

    def limit(self, pause_ms: int, per_minute: int) -> None:
        """At least `pause_ms` between pulses, at most `per_minute` of them."""
        assert pause_ms >= PAUSE_MS
        assert 1 <= per_minute <= PULSES_PER_MINUTE_MAX
        self._pause_ms, self._per_minute = pause_ms, per_minute

    def may_fire(self, now_ms: int) -> bool:
        """Whether a pulse at `now_ms` keeps the pause and the limit per minute."""
        if self._ended_ms and now_ms - self._ended_ms[-1] < self._pause_ms:
            return False
        return sum(now_ms - ended_ms < MINUTE_MS for ended_ms in self._ended_ms) < self._per_minute

    def fired(self, ended_ms: int) -> None:
        """A pulse ended at `ended_ms`."""
        self._ended_ms.append(ended_ms)
