"""From events to slips: where one ends, how much of it is out, whether it was torn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from paper.events import Cut, FenceAsked, LineDone, PaperEvent, SensorAsked
from paper.interpreter import Interpreter
from paper.profile import PAPER_58, PaperProfile
from paper.rows import Row, text_of

SlipState = Literal["printing", "finished", "torn"]

TEAR_FEED_DOTS = 72
"""A hand tears where at least 9 mm of empty paper came out at once (`PaperProfile.slip_end` "feed")."""

SLIP_DOTS_MAX = 24_000
"""Three metres: a longer slip is ended there, so that no picture or list grows without bound."""

SLIP_ITEMS_MAX = 5_000
"""Rows and what stands in them, together; the longest sale has a tenth of it."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper. `dots` of its rows are out; rows that are not wholly printed are in `rows` all the same, as
    a picture needs them, but not in `text`. `number` counts from 1 per printer."""

    number: int
    state: SlipState
    rows: tuple[Row, ...]
    dots: int

    @property
    def text(self) -> str:
        """The lines whose ink is wholly on the paper."""
        return text_of(self.printed)

    @property
    def printed(self) -> tuple[Row, ...]:
        out: list[Row] = []
        top = 0
        for row in self.rows:
            if top + row.ink > self.dots:
                break
            out.append(row)
            top += row.height
        return tuple(out)


class Roll:
    """The paper coming out of one printer. Rows are added when their printing begins, `reach` says how far it got."""

    def __init__(self, profile: PaperProfile = PAPER_58) -> None:
        self._profile = profile
        self._number = 1
        self._rows: list[Row] = []
        self._length = self._dots = self._items = 0
        self._ink_top: int | None = None

    def take(self, events: Iterable[PaperEvent]) -> list[Slip]:
        """Print all of the events' rows at once; the slips they ended."""
        ended = []
        for event in events:
            if isinstance(event, LineDone):
                self.add(event.row)
                self.reach(self._length)
            if self.ends(event):
                ended.extend(self.end("finished"))
        return ended

    def add(self, row: Row) -> None:
        if not row.height:
            return
        if row.items and self._ink_top is None:
            self._ink_top = self._length
        self._rows.append(row)
        self._items += 1 + len(row.items)
        self._length += row.height

    def reach(self, dots: int) -> None:
        """So many dot rows of this slip are out."""
        assert self._dots <= dots <= self._length, "paper goes forward, and no further than was asked"
        self._dots = dots

    def ends(self, event: PaperEvent) -> bool:
        """Whether the slip ends after `event`, by the rule of the profile. Empty paper is no slip."""
        if self._length >= SLIP_DOTS_MAX or self._items >= SLIP_ITEMS_MAX:
            return True
        if not self.inked:
            return False
        if isinstance(event, Cut):
            return True
        if isinstance(event, FenceAsked | SensorAsked):
            return self._profile.slip_end == "fence"
        fed = isinstance(event, LineDone) and event.row.height - event.row.ink >= TEAR_FEED_DOTS
        return fed and self._profile.slip_end == "feed"

    def end(self, state: SlipState) -> list[Slip]:
        """Take the slip off the printer: one, or none when nothing is printed on it."""
        slips = [self.slip(state)] if self.inked else []
        self._number += len(slips)
        self._rows.clear()
        self._length = self._dots = self._items = 0
        self._ink_top = None
        return slips

    @property
    def inked(self) -> bool:
        """Whether anything of what is printed is out."""
        return self._ink_top is not None and self._dots > self._ink_top

    @property
    def dots(self) -> int:
        return self._dots

    def slip(self, state: SlipState = "printing") -> Slip:
        """The slip as it is now."""
        return Slip(self._number, state, tuple(self._rows), self._dots)


def slips_of(data: bytes, profile: PaperProfile = PAPER_58) -> list[Slip]:
    """The slips of a whole job: the last is "printing" when nothing ended it, "torn" never."""
    interpreter, roll = Interpreter(profile), Roll(profile)
    slips = roll.take(interpreter.feed(data) + interpreter.finish())
    return [*slips, roll.slip()] if roll.inked else slips
