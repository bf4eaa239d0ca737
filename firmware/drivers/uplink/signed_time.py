"""The backend's signed time: asked for with a nonce, believed only with the fleet's signature over it."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.drivers.uplink.signed import verifies
from wire.messages import Time, time_text

ROUND_TRIP_MAX_MS = 5_000
"""An answer that took longer says too little about the time it arrives at."""
RETRY_MS = 30_000
REFRESH_MS = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class Question:
    nonce: str
    asked_ms: int  # monotonic


class TimeKeeper:
    """One open question at most. `fleet_key`: Ed25519 public key in hex; empty: never asks. `nonce` makes 16 bytes."""

    def __init__(self, terminal: str, fleet_key: str, nonce: Callable[[], bytes]) -> None:
        self._terminal = terminal
        self._fleet_key = fleet_key
        self._nonce = nonce
        self._question: Question | None = None
        self._due_ms = 0

    @property
    def enabled(self) -> bool:
        return bool(self._fleet_key)

    @property
    def asking(self) -> bool:
        """Whether a question is open: its answer has not come, or was not believed."""
        return self._question is not None

    @property
    def due_ms(self) -> int:
        """When to ask next, monotonic."""
        return self._due_ms

    def ask(self, now_ms: int) -> Question:
        """A new question; the one before it is void."""
        nonce = self._nonce()
        assert len(nonce) == 16
        self._question = Question(nonce.hex(), now_ms)
        self._due_ms = now_ms + RETRY_MS
        return self._question

    def read(self, time: Time, now_ms: int) -> int | str:
        """UTC in ms at `now_ms`, or the reason why the answer is not believed."""
        question = self._question
        if question is None or time.nonce != question.nonce:
            return "time: no such question is open"
        if not self._signed(time):
            return "time: signature does not fit"
        self._question = None
        round_trip_ms = now_ms - question.asked_ms
        if round_trip_ms > ROUND_TRIP_MAX_MS:
            return f"time: answer took {round_trip_ms} ms"
        self._due_ms = now_ms + REFRESH_MS
        return time.utc_ms + round_trip_ms // 2

    def _signed(self, time: Time) -> bool:
        text = time_text(self._terminal, time.nonce, time.utc_ms)
        return verifies(self._fleet_key, time.signature, text)
