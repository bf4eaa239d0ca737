"""The only engine of the simulated world: a heap of (time, event), one source of chance, and a trace of what happened."""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from random import Random

TAIL_MAX = 2_000
"""Lines of the trace kept for a report."""


class Clockwork:
    """Time in milliseconds since the morning; things to come, in order."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now_ms = 0
        self.tail: deque[str] = deque(maxlen=TAIL_MAX)
        self.steps = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._digest = hashlib.sha256()

    def after(self, wait_ms: int, what: Callable[[], None]) -> None:
        """Have `what` done in `wait_ms`; things of the same moment come in the order they were asked for."""
        assert wait_ms >= 0
        self._count += 1
        heapq.heappush(self._heap, (self.now_ms + wait_ms, self._count, what))

    def run_until(self, end_ms: int, enough: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until `end_ms`, or until it is `enough`."""
        while self._heap and self._heap[0][0] <= end_ms and not enough():
            self.now_ms, _, what = heapq.heappop(self._heap)
            what()
        if not enough():
            self.now_ms = max(self.now_ms, end_ms)

    def note(self, line: str) -> None:
        """One line of the trace."""
        seconds, ms = divmod(self.now_ms, 1000)
        text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d} {line}"
        self.tail.append(text)
        self._digest.update(text.encode())

    @property
    def trace_hash(self) -> str:
        """Digest of everything that happened so far; the same for the same seed, always."""
        return self._digest.hexdigest()

    def mix(self, data: bytes) -> None:
        """Put bytes that are not worth a line into the digest."""
        self._digest.update(data)

    def soon_ms(self, low: int, high: int) -> int:
        """A random time span."""
        return self.rng.randint(low, high)
