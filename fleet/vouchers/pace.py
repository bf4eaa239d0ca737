"""When the backend asks a platform by itself: pure sums over one use."""

from dataclasses import replace

from fleet.vouchers.books import Use

AFTER_CALL_MS = 1_000
OPEN_MS = (15_000, 60_000, 300_000, 900_000, 3_600_000)
"""Waits between questions about an open end; the last one goes on."""
OPEN_TRIES_MAX = 40
"""A day and a half: then only the terminal asks."""
DOUBT_MS = (60_000, 300_000, 3_600_000)
"""After this long a redemption nobody counts on is looked for: it may have happened late."""
STANDS_MS = (600_000, 3_600_000, 86_400_000)
"""After this long a redemption is looked at again: it may have been undone in the platform's own back office."""

FORGET_MS = 3_600_000
"""What is not redeemed keeps its handles for so long, should a late answer say that it was."""


def planned(row: Use, now_ms: int) -> Use:
    """The row with the time of the next question."""
    if row.busy_until_ms > now_ms:
        return replace(row, due_ms=row.busy_until_ms + AFTER_CALL_MS)  # should the answer be lost with this process
    waits = _waits(row)
    if not waits:
        return replace(row, due_ms=now_ms + FORGET_MS if row.handle else 0)
    if waits is not OPEN_MS and row.tries >= len(waits):
        return ended(row)
    return replace(row, due_ms=now_ms + waits[min(row.tries, len(waits) - 1)])


def is_over(row: Use) -> bool:
    """Whether the row has been asked about often enough."""
    waits = _waits(row)
    return row.tries >= (OPEN_TRIES_MAX if waits is OPEN_MS else len(waits))


def ended(row: Use) -> Use:
    """The row when nobody asks about it any more; what is not redeemed needs no handles."""
    bare = row.state in ("rejected", "undone")
    return replace(row, due_ms=0, handle=b"", undo_handle=b"") if bare else replace(row, due_ms=0)


def _waits(row: Use) -> tuple[int, ...]:
    if row.undo_wanted or row.state == "unknown":
        return OPEN_MS
    if row.state == "absent" or (row.doubt and row.state in ("rejected", "undone")):
        return DOUBT_MS
    return STANDS_MS if row.state == "consumed" else ()
