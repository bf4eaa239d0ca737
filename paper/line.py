"""The line being composed: characters and graphics at dot positions, until something prints it."""

from dataclasses import replace

from paper.modes import Modes
from paper.rows import Graphic, Item, Row, Run, Style

ITEMS_MAX = 128
"""A line that was written over so often is printed: the memory of a printer is bounded."""


class Line:
    """Positions are dots from the left edge of the print area; margin and alignment come in when it is printed."""

    __slots__ = ("_items", "_modes", "x")

    def __init__(self, modes: Modes) -> None:
        self._modes = modes
        self._items: list[Item] = []
        self.x = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    @property
    def ink(self) -> int:
        """Height of the tallest thing on the line."""
        return max((item.height for item in self._items), default=0)

    def fits(self, width: int) -> bool:
        """Whether `width` more dots go on this line. On an empty line anything goes, or nothing would ever print."""
        room = self.x + width <= self._modes.usable() or self.x == 0
        return room and len(self._items) < ITEMS_MAX

    def put(self, char: str, cell: tuple[int, int], style: Style, gaps: tuple[int, int]) -> None:
        """Add one character in a cell of `cell` dots with `gaps` dots before and after it (both enlarged with it)."""
        room = max(0, self._modes.usable() - self.x - cell[0] * style.wide)  # no gap pushes a character off the paper
        before, after = min(gaps[0] * style.wide, room), gaps[1] * style.wide
        pitch = cell[0] * style.wide + before + after
        run = Run(self.x + before, char, cell[0], cell[1], pitch, style)
        last = self._items[-1] if self._items else None
        if isinstance(last, Run) and _continues(last, run):
            self._items[-1] = replace(last, text=last.text + char)
        else:
            self._items.append(run)
        self.x += pitch

    def place(self, graphic: Graphic) -> None:
        """Add a graphic at the position reached, cut off at the right edge as a print head does."""
        room = self._modes.usable() - self.x
        if room <= 0 or not graphic.width or not graphic.height:
            return
        kept = replace(_cropped(graphic, min(graphic.width, room)), x=self.x)
        self._items.append(kept)
        self.x += kept.width

    def clear(self) -> None:
        self._items.clear()
        self.x = 0

    def row(self, height: int) -> Row:
        """Take the line off as a row of at least `height` dots, aligned within the print area."""
        modes = self._modes
        if not self._items:
            self.clear()
            return Row((), 0, height, modes.align)
        used = max(item.x + item.width for item in self._items)
        slack = max(0, modes.usable() - used)
        shift = modes.margin() + {"left": 0, "centre": slack // 2, "right": slack}[modes.align]
        ink = self.ink
        items = tuple(replace(item, x=item.x + shift) for item in self._items)
        self.clear()
        return Row(items, ink, max(height, ink), modes.align)


def _continues(last: Run, run: Run) -> bool:
    alike = last.style == run.style and last.cell_dots == run.cell_dots and last.pitch_dots == run.pitch_dots
    return alike and last.x + last.width == run.x


def _cropped(graphic: Graphic, width: int) -> Graphic:
    if width == graphic.width:
        return graphic
    old, new = (graphic.width + 7) // 8, (width + 7) // 8
    rows = (graphic.bits[y * old : y * old + new] for y in range(graphic.height))
    return replace(graphic, width=width, bits=b"".join(rows))
