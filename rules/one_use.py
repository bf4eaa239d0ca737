"""授权码: a code that stands for the PIN of a supervisor who is away, said over the telephone, good for one action.

RFC 6238 with SHA-256, 30 s and eight digits, under a key of its own for each terminal and supervisor: a code said to one
till opens nothing at another, and says nothing of the secret that terminal and backend share (`terminal.code_secret`).
"""

import hashlib
import hmac
from typing import Final

STEP_MS: Final = 30_000
DIGITS: Final = 8
BEHIND_STEPS: Final = 4
"""So old a code may be: it is read out, written down and typed."""
AHEAD_STEPS: Final = 1
"""So far the clock of whoever made it may be ahead of the terminal's."""


def key_of(secret: str, terminal: str, supervisor: str) -> bytes:
    """The key under which codes for this supervisor at this terminal are made."""
    return hmac.digest(secret.encode(), f"code {terminal} {supervisor}".encode(), hashlib.sha256)


def step_at(wall_ms: int) -> int:
    """Number of the 30 s that `wall_ms` (UTC) lies in."""
    return wall_ms // STEP_MS


def code_at(key: bytes, step: int) -> str:
    """The code of one step: digits, `DIGITS` of them (RFC 4226, 5.3)."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha256)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(key: bytes, code: str, wall_ms: int) -> int | None:
    """The step whose code this is, among those that may be typed at `wall_ms`; None: it is the code of none of them."""
    now = step_at(wall_ms)
    fits = [
        step
        for step in range(max(0, now - BEHIND_STEPS), now + AHEAD_STEPS + 1)
        if hmac.compare_digest(code_at(key, step).encode(), code.encode())
    ]
    return fits[-1] if fits else None


def valid_until_ms(step: int) -> int:
    """When the code of `step` is taken no more, by the terminal's clock."""
    return (step + BEHIND_STEPS + 1) * STEP_MS
