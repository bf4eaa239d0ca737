"""Stretches of time that pages look at: whole hours and whole days of China, up to now."""

from dataclasses import dataclass
from typing import Literal

from fleet import china

HOUR_MS, DAY_MS = 3_600_000, 86_400_000

Name = Literal["day", "week", "month", "quarter"]
SPANS: dict[str, tuple[int, int]] = {
    "day": (24, HOUR_MS), "week": (7, DAY_MS), "month": (30, DAY_MS), "quarter": (90, DAY_MS),
}  # fmt: skip
"""How many slots, and how long each is."""


@dataclass(frozen=True, slots=True)
class Span:
    """`slots` of `slot_ms` each, from `since_ms` on; the last one is under way."""

    name: str
    since_ms: int
    slots: int
    slot_ms: int

    @property
    def until_ms(self) -> int:
        return self.since_ms + self.slots * self.slot_ms

    def label(self, slot: int) -> str:
        """The slot's beginning: an hour of the day, or a date."""
        at = china.at(self.since_ms + slot * self.slot_ms)
        return f"{at:%H:00}" if self.slot_ms == HOUR_MS else f"{at:%m-%d}"

    def full_label(self, slot: int) -> str:
        at = china.at(self.since_ms + slot * self.slot_ms)
        return f"{at:%Y-%m-%d %H:00}" if self.slot_ms == HOUR_MS else f"{at:%Y-%m-%d}"

    def until_label(self, now_ms: int) -> str:
        """Where it ends: now, or today."""
        return f"{china.at(now_ms):%Y-%m-%d %H:%M}" if self.slot_ms == HOUR_MS else self.full_label(self.slots - 1)


def span(name: str, now_ms: int, default: str = "day") -> Span:
    """The stretch of this name that ends with the present hour or day."""
    chosen = name if name in SPANS else default
    slots, slot_ms = SPANS[chosen]
    at = china.at(now_ms)
    start = at.replace(minute=0, second=0, microsecond=0)
    if slot_ms == DAY_MS:
        start = start.replace(hour=0)
    until_ms = int(start.timestamp() * 1_000) + slot_ms
    return Span(chosen, until_ms - slots * slot_ms, slots, slot_ms)
