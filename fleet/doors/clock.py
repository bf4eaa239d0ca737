"""Time as the adapters see it: a clock that tests can turn, the moment by which a call must be over, plans of retries."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

ATTEMPT_MIN_MS = 500
"""With less than this left another attempt is not begun: its answer would not be heard."""


class Clock(Protocol):
    def monotonic_ms(self) -> int: ...

    def wall_ms(self) -> int:
        """UTC, for signatures and tokens."""
        ...

    def wait(self, ms: int) -> None:
        """Let this much time pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, ms: int) -> None:
        time.sleep(ms / 1_000)


@dataclass(frozen=True, slots=True)
class Until:
    """The moment by which all that is done for one call is over."""

    clock: Clock
    at_ms: int

    @classmethod
    def within(cls, clock: Clock, ms: int) -> "Until":
        return cls(clock, clock.monotonic_ms() + ms)

    def left_ms(self) -> int:
        return max(0, self.at_ms - self.clock.monotonic_ms())


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How long to wait before each further attempt. It never goes on past the moment a call must be over: what is not
    known by then is asked about later, under the same number."""

    waits_ms: tuple[int, ...] = ()

    def attempts(self, until: Until) -> Iterator[int]:
        """0 for the first attempt, then 1, 2 … after its wait, as long as waiting leaves time for an attempt."""
        yield 0
        for number, wait_ms in enumerate(self.waits_ms, 1):
            if until.left_ms() < wait_ms + ATTEMPT_MIN_MS:
                return
            until.clock.wait(wait_ms)
            yield number


TWICE_MORE = RetryPlan((1_000, 2_000))
DOUYIN = RetryPlan((5_000,) * 5 + (40_000,) * 9)
"""What Douyin asks for after "server error" and "too frequent": 5 times every 5 s, then every 40 s, at most 14
(domain 3.3)."""
