"""Charts as values: where each bar stands and how high it is; the template only writes them down as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 960, 240
LEFT, BOTTOM, TOP = 64, 24, 12
LABELS_MAX = 12
_STEPS = (1, 2, 5)


class Bar(NamedTuple):
    """In units of the drawing; `series` 1 or 2; `words` say it to who cannot see it."""

    x: float
    y: float
    width: float
    height: float
    series: int
    words: str


class Grid(NamedTuple):
    y: float
    text: str


class Label(NamedTuple):
    x: float
    text: str


class Chart(NamedTuple):
    bars: tuple[Bar, ...]
    grid: tuple[Grid, ...]
    labels: tuple[Label, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


class Slot(NamedTuple):
    """One place on the axis: its name, and what each series has there with words for it."""

    name: str
    values: tuple[int, ...]
    words: tuple[str, ...]


def bars(slots: Sequence[Slot]) -> Chart:
    """Bars of one or two series over their slots, from 0 to a round top."""
    most = max((value for slot in slots for value in slot.values), default=0)
    step = round_step(max(most, 1))
    top = step * max(1, -(-most // step))
    room = HEIGHT - BOTTOM - TOP
    width = (WIDTH - LEFT) / max(1, len(slots))
    series = max((len(slot.values) for slot in slots), default=1)
    each = width * 0.8 / series
    drawn = [
        Bar(
            round(LEFT + place * width + width * 0.1 + number * each, 1), round(HEIGHT - BOTTOM - room * value / top, 1),
            round(each, 1), round(room * value / top, 1), number + 1, slot.words[number],
        )
        for place, slot in enumerate(slots)
        for number, value in enumerate(slot.values)
        if value > 0
    ]  # fmt: skip
    every = max(1, -(-len(slots) // LABELS_MAX))
    labels = [
        Label(round(LEFT + (place + 0.5) * width, 1), slot.name)
        for place, slot in enumerate(slots)
        if place % every == 0
    ]
    grid = [Grid(round(HEIGHT - BOTTOM - room * value / top, 1), str(value)) for value in range(0, top + 1, step)]
    return Chart(tuple(drawn), tuple(grid), tuple(labels))


def round_step(most: int) -> int:
    """The step of a grid with about four lines: 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * 5 >= most:
                return step * power
        power *= 10


class Spark(NamedTuple):
    """A small row of bars: x, y, width, height of each, in a drawing of 130 by 26."""

    rects: tuple[tuple[float, float, float, float], ...]


def spark(numbers: Sequence[int]) -> Spark:
    most = max(numbers, default=0) or 1
    width = 130 / max(1, len(numbers))
    heights = [1 + 23 * number / most for number in numbers]
    return Spark(
        tuple(
            (round(place * width, 1), round(26 - height, 1), round(max(1.0, width - 1), 1), round(height, 1))
            for place, height in enumerate(heights)
            if numbers[place]
        )
    )
