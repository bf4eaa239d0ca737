"""How long to wait before the next attempt to connect: exponential back-off with full jitter, at both ends."""

BACKOFF_BASE_MS = 1_000
BACKOFF_CAP_MS = 30_000
_DOUBLINGS_MAX = 16


def backoff_ms(failures: int, jitter: float, cap_ms: int = BACKOFF_CAP_MS) -> int:
    """Milliseconds to wait after `failures` attempts in a row; `jitter` in [0, 1) is given in, so chance stays outside.

    Full jitter (anything between nothing and the whole delay) spreads a fleet whose broker restarts.
    """
    assert failures >= 0
    assert 0 <= jitter < 1
    return int(min(cap_ms, BACKOFF_BASE_MS << min(failures, _DOUBLINGS_MAX)) * jitter)
