"""How often somebody may try a password: free tries, then waits that double, counted for an address, and for a name.

A wait can never lock everybody out: a browser that has signed in as a user before carries a proof of it (`Proof`), and is
counted by itself instead of with the strangers who guess at that name; and no wait is longer than `WAIT_MAX_S`.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
FREE_TRIES_NAME = 20
"""At one name, by strangers from anywhere."""
WAIT_S = 2.0
WAIT_MAX_S = 300.0
FORGET_S = 3_600.0
KEPT_MAX = 20_000
PROOF_LIFE_S = 180 * 24 * 3_600
PROOF_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class _Count:
    failures: int
    last_s: float
    until_s: float


class Throttle:
    """Failed sign-ins, in memory. Safe to use from several threads."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._counts: dict[str, _Count] = {}
        self._guard = threading.Lock()

    def wait_s(self, address: str, name: str, proven: str) -> float:
        """Seconds to wait before the next try; 0: it may be made. `proven`: id of the browser's proof for this name."""
        now_s = self._monotonic_s()
        with self._guard:
            waits = [self._counts[key].until_s - now_s for key in _keys(address, name, proven) if key in self._counts]
        return max(0.0, *waits) if waits else 0.0

    def failed(self, address: str, name: str, proven: str) -> None:
        now_s = self._monotonic_s()
        with self._guard:
            self._make_room(now_s)
            for key, free in _keys(address, name, proven).items():
                before = self._counts.get(key)
                fresh = before is None or now_s - before.last_s > FORGET_S
                failures = 1 if fresh or before is None else before.failures + 1
                over = failures - free
                wait_s = min(WAIT_MAX_S, WAIT_S * 2 ** min(over, 20)) if over >= 0 else 0.0
                self._counts[key] = _Count(failures, now_s, now_s + wait_s)

    def succeeded(self, address: str, name: str, proven: str) -> None:
        """A good password makes earlier typos of this address or browser forgotten; the strangers' count stays."""
        with self._guard:
            for key in (f"address {address}", f"proven {proven}"):
                self._counts.pop(key, None)

    def _make_room(self, now_s: float) -> None:
        if len(self._counts) < KEPT_MAX:
            return
        kept = {key: count for key, count in self._counts.items() if now_s - count.last_s <= FORGET_S}
        newest = sorted(kept.items(), key=lambda item: item[1].last_s)[-(KEPT_MAX // 2) :]
        self._counts = dict(newest)


def _keys(address: str, name: str, proven: str) -> dict[str, int]:
    """What one try counts for, and how many are free there."""
    if proven:
        return {f"proven {proven}": FREE_TRIES}
    return {f"address {address}": FREE_TRIES, f"name {name}": FREE_TRIES_NAME}


class Proof:
    """What a browser keeps of a good sign-in: a number, whose it was and until when, under a key of the server's. It lets
    nobody in; it only tells known browsers from strangers."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def give(self, name: str, now_s: int) -> str:
        head = f"{secrets.token_hex(8)}.{now_s + PROOF_LIFE_S}"
        return f"{head}.{self._mac(head, name)}"

    def read(self, text: str, name: str, now_s: int) -> str:
        """The proof's own number, empty when it is none for this name, or too old."""
        head, _, mac = text[:PROOF_CHARS_MAX].rpartition(".")
        number, _, until = head.partition(".")
        if not (number and until.isdigit() and hmac.compare_digest(mac.encode(), self._mac(head, name).encode())):
            return ""
        return number if now_s < int(until) else ""

    def _mac(self, head: str, name: str) -> str:
        return hmac.new(self._key, f"{head}\n{name}".encode(), hashlib.sha256).hexdigest()
