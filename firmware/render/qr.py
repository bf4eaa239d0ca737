"""QR codes for the LCD: modules as boxes, big enough for a phone held over the counter."""

from functools import lru_cache
from itertools import groupby

QR_PX_MAX = 148
"""So much of the body is left for it beside a title and a row of words."""

MODULE_PX_MIN, MODULE_PX_MAX = 2, 6
QUIET = 2
"""Modules of margin inside the square; the paper-white body around it is the rest of the quiet zone."""

Box = tuple[int, int, int, int]


@lru_cache(maxsize=2)
def runs(data: str) -> tuple[int, tuple[Box, ...]] | None:
    """Pixels across, and the dark boxes (x, y, wide, high); None when the content does not fit. segno is loaded with the
    first code."""
    import segno

    try:
        code = segno.make(data, error="l", micro=False, boost_error=False)
    except segno.encoder.DataOverflowError:
        return None
    modules = int(code.symbol_size(border=QUIET)[0])
    dots = min(MODULE_PX_MAX, QR_PX_MAX // modules)
    if dots < MODULE_PX_MIN:
        return None
    boxes: list[Box] = []
    for y, row in enumerate(code.matrix_iter(border=QUIET)):
        x = 0
        for dark, run in groupby(row):
            count = len(list(run))
            if dark:
                boxes.append((x * dots, y * dots, count * dots, dots))
            x += count
    return modules * dots, tuple(boxes)
