"""What a screen shows, as a value: text keys and rows, never pixels; the vocabulary of screens and renderer.

A `Text` names a text of the room `firmware` with its arguments; a plain `str` is data (a name, a number), shown as
it is. A screen of 320 x 240 is a status bar of 20 px, a title row, the body's blocks from top to bottom, and a bar of
soft-key hints of 20 px (domain 14.4).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from wire.messages import PrinterLook
from wire.records import ClockState

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the catalogue: its key (`area__name`) and arguments, which may be texts themselves."""

    key: str
    args: tuple[tuple[str, "str | int | Text"], ...] = ()


Say = str | Text


def text(key: str, **args: "str | int | Text") -> Text:
    """`Text` with its arguments by name."""
    return Text(key, tuple(sorted(args.items())))


class Tint(StrEnum):
    """Colour with a meaning; always beside words or an icon, never alone."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"


# --- blocks of a body, drawn from top to bottom -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One row of 16 px text, left part cut with an ellipsis if the right part needs the room."""

    left: Say
    right: Say = ""
    tint: Tint = Tint.PLAIN
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Para:
    """Text of 16 px (or 24 px when `large`), wrapped, at most `rows` rows; more is an error the walk finds."""

    text: Say
    tint: Tint = Tint.PLAIN
    rows: int = 3
    large: bool = False


@dataclass(frozen=True, slots=True)
class Big:
    """An amount or result in digits of 32 px or more, with its label in front."""

    label: Say
    value: Say
    tint: Tint = Tint.PLAIN


@dataclass(frozen=True, slots=True)
class Field:
    """An entry field: label, what has been typed, `masked` as dots, and whether it has the cursor."""

    label: Say
    value: str
    masked: bool = False
    focus: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: a key number (or empty), text, and a right-aligned value; `note` is a second, quiet row."""

    number: str
    left: Say
    right: Say = ""
    note: Say = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A page of a list with one entry selected (-1: none). `page` counts from 1."""

    items: tuple[Item, ...]
    selected: int = -1
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Empty room of `px` pixels."""

    px: int = 8


@dataclass(frozen=True, slots=True)
class Chips:
    """Short choices in boxes, three to a row, one selected (-1: none)."""

    labels: tuple[Say, ...]
    selected: int = -1


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code for the customer's phone, in the middle; `words` stand below it."""

    data: str
    words: Say = ""


Block = Row | Para | Big | Field | Items | Chips | QrCode | Rule | Gap


@dataclass(frozen=True, slots=True)
class Hint:
    """What a key does here, for the bar at the bottom: `F1 帮助`."""

    key: str
    text: Say


LinkLook = Literal["up", "down", "connecting", "off"]


@dataclass(frozen=True, slots=True)
class StatusBar:
    """Time and its trust, link, records not yet acknowledged, printer, battery (None: no battery), operator."""

    time: str  # HH:MM, local
    clock: ClockState
    link: LinkLook
    backlog: int
    printer: PrinterLook
    battery: int | None
    operator: str
    training: Say = ""  # while practising: the bar says this instead, in a colour of its own


@dataclass(frozen=True, slots=True)
class View:
    """Everything there is to see."""

    name: str  # the Screen class, for tests and the diagnosis socket
    lang: Lang
    title: Say
    body: tuple[Block, ...]
    hints: tuple[Hint, ...]
    status: StatusBar
    tint: Tint = Tint.PLAIN  # colours the title bar: result screens
