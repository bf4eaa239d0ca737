"""How long a scan takes to be seen: from its arrival in the inbox until the picture that answers it is on the panel."""

import threading
import time
from collections import deque
from typing import Final

TIMES_MAX: Final = 1_000
"""Scans remembered between two looks; the oldest go."""

WAITING_MAX: Final = 16
"""Pictures on their way; a panel that is away delivers none."""


def monotonic_ms() -> int:
    """Milliseconds of the monotonic clock."""
    return time.monotonic_ns() // 1_000_000


class ScanTimes:
    """Any thread may call any of it. A picture that was replaced before it was drawn counts with the one that was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, int]] = deque(maxlen=WAITING_MAX)  # frame, when the scan came
        self._times_ms: deque[int] = deque(maxlen=TIMES_MAX)

    def answered(self, came_ms: int, frame: int) -> None:
        """The picture that answers a scan has been handed to the display as `frame`."""
        with self._lock:
            self._waiting.append((frame, came_ms))

    def delivered(self, frame: int) -> None:
        """This frame is on the panel."""
        now_ms = monotonic_ms()
        with self._lock:
            while self._waiting and self._waiting[0][0] <= frame:
                self._times_ms.append(now_ms - self._waiting.popleft()[1])

    def p95_ms(self) -> int | None:
        """What 95 of 100 scans since the last look took at most; None: there was none. Begins anew."""
        with self._lock:
            times = sorted(self._times_ms)
            self._times_ms.clear()
        return times[max(0, -(-len(times) * 95 // 100) - 1)] if times else None
