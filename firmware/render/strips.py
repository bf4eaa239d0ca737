"""The pieces a picture is laid out in: strips of the whole width, each a value that can be compared and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from firmware.render import icons
from firmware.render.palette import Colour
from firmware.view import Lang, Say, Text, Tint

WIDTH, HEIGHT = 320, 240
STATUS_PX, TITLE_PX, HINTS_PX = 20, 24, 20
BODY_TOP = STATUS_PX + TITLE_PX + 4
BODY_PX = HEIGHT - HINTS_PX - BODY_TOP
MARGIN = 8
ELLIPSIS = "…"

Speak = Callable[[Lang, Say], str]
"""A text in a language, such as `firmware.render_text.speak`."""


class Measure(Protocol):
    """Pixels that a text of a size takes in a line."""

    def __call__(self, text: str, size: int, strong: bool = False, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of a view that the screen cannot show whole.

    `cut`: a text is shortened though it is no data; `rows`: a paragraph has more rows than it may; `shrunk`: an amount
    had to be drawn smaller than 32 px; `body`: the blocks are higher than the body; `hints`: the bar is too narrow.
    """

    what: Literal["cut", "rows", "shrunk", "body", "hints"]
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A run of text; `x` is its left edge and `y` its baseline within the strip."""

    x: int
    y: int
    text: str
    size: int
    ink: Colour
    strong: bool = False
    ground: Colour | None = None  # None: the strip's


@dataclass(frozen=True, slots=True)
class Icon:
    x: int
    y: int
    name: icons.IconName
    ink: Colour


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled box; `round` leaves its four corner dots out."""

    x: int
    y: int
    wide: int
    high: int
    colour: Colour
    round: bool = False


Part = Word | Icon | Fill


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Rows of the screen from edge to edge. Compared by identity: layouts are cached, so the same piece is the same."""

    high: int
    ground: Colour
    parts: tuple[Part, ...] = ()
    problems: tuple[Problem, ...] = ()


def fit(text: str, size: int, room: int, width: Measure, strong: bool = False) -> str:
    """`text`, or as much of its start as fits into `room` pixels with an ellipsis."""
    if width(text, size, strong) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + ELLIPSIS, size, strong) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + ELLIPSIS


def fit_end(text: str, size: int, room: int, width: Measure) -> str:
    """As `fit`, but the end of the text is kept: what is being typed."""
    if width(text, size) <= room:
        return text
    for start in range(1, len(text)):
        if width(ELLIPSIS + text[start:], size) <= room:
            return ELLIPSIS + text[start:]
    return ELLIPSIS


def cut_problem(say: Say, shown: str, whole: str, where: str) -> tuple[Problem, ...]:
    """A problem if a text of the catalogue was shortened; plain data (names, numbers) may be."""
    return (Problem("cut", where, whole),) if shown != whole and isinstance(say, Text) else ()


TINT_ICONS: dict[Tint, icons.IconName] = {Tint.GOOD: "tick", Tint.BAD: "cross", Tint.UNSURE: "unsure"}

TINT_INKS = {
    Tint.PLAIN: Colour.INK,
    Tint.QUIET: Colour.QUIET,
    Tint.GOOD: Colour.GOOD,
    Tint.BAD: Colour.BAD,
    Tint.UNSURE: Colour.UNSURE,
}
