"""Which boxes of a frame to send: the rows that changed, cut to the columns that changed. Pure.

A window costs 11 bytes of commands and five transfers; it is only split where that saves `SAVES_MIN_BYTES`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

WINDOW_BYTES = 11
"""CASET, RASET and RAMWR with their arguments."""

SAVES_MIN_BYTES = 256
"""A window more is worth it from here on: its five transfers take about as long as these bytes at 32 MHz."""

_PIXEL_BYTES = 2


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of a frame; `right` and `bottom` are the first beyond it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def pixels(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)


def changed_boxes(before: bytes, after: bytes, width: int) -> list[Box]:
    """Boxes that cover every pixel (one byte) in which two frames of `width` differ; they do not overlap."""
    if before == after:
        return []
    return [box for run in _runs(before, after, width) for group in _groups(run) for box in _columns(group, width)]


def span_bytes(before: bytes, after: bytes, width: int) -> int:
    """The measure for a panel's traffic: 2 bytes for every pixel of each run of changed rows, cut to its columns."""
    return sum(
        _PIXEL_BYTES * (max(row.right for row in run) - min(row.left for row in run)) * len(run)
        for run in _runs(before, after, width)
    )


@dataclass(frozen=True, slots=True)
class _Row:
    y: int
    left: int
    right: int
    bits: int  # the XOR of both rows as one big-endian number


def _runs(before: bytes, after: bytes, width: int) -> Iterator[list[_Row]]:
    """Changed rows, in runs of neighbours."""
    run: list[_Row] = []
    for y in range(len(after) // width):
        old, new = before[y * width : (y + 1) * width], after[y * width : (y + 1) * width]
        if old == new:
            if run:
                yield run
                run = []
            continue
        bits = int.from_bytes(old) ^ int.from_bytes(new)
        left = width - (bits.bit_length() + 7) // 8
        right = width - ((bits & -bits).bit_length() - 1) // 8
        run.append(_Row(y, left, right, bits))
    if run:
        yield run


def _groups(run: list[_Row]) -> Iterator[list[_Row]]:
    """A run cut where its width changes so much that one window for all would send a lot for nothing."""
    group = [run[0]]
    left, right = run[0].left, run[0].right
    for row in run[1:]:
        wider, further = min(left, row.left), max(right, row.right)
        apart = (right - left) * len(group) + row.right - row.left
        if _PIXEL_BYTES * ((further - wider) * (len(group) + 1) - apart) > SAVES_MIN_BYTES:
            yield group
            group, left, right = [row], row.left, row.right
        else:
            group.append(row)
            left, right = wider, further
    yield group


def _columns(group: list[_Row], width: int) -> Iterator[Box]:
    """A group cut at gaps of unchanged columns that are wide enough to pay for another window."""
    bits = 0
    for row in group:
        bits |= row.bits
    gap = SAVES_MIN_BYTES // (_PIXEL_BYTES * len(group)) + 1
    pattern = rb"[^\0](?:\0{0,%d}[^\0])*" % (gap - 1)
    for piece in re.finditer(pattern, bits.to_bytes(width), re.DOTALL):
        yield Box(piece.start(), group[0].y, piece.end(), group[-1].y + 1)
