"""A simulator behind its port: replies come in their time, in the thread that called."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")


class Simulated(Generic[C, R]):
    """`plan`: which replies come to a call at a time, and after how many milliseconds each."""

    def __init__(
        self,
        plan: Callable[[C, int], tuple[tuple[int, R], ...]],
        utc_ms: Callable[[], int],
        wait_ms: Callable[[int], None],
    ) -> None:
        self._plan = plan
        self._utc_ms = utc_ms
        self._wait_ms = wait_ms
        self._lock = threading.Lock()

    def call(self, call: C, answer: Callable[[R], None]) -> None:
        """See `fleet.acquirer.port.Acquirer` and `fleet.vouchers.port.Platforms`."""
        with self._lock:
            plan = self._plan(call, self._utc_ms())
        waited = 0
        for after_ms, reply in plan:
            self._wait_ms(after_ms - waited)
            waited = after_ms
            answer(reply)
