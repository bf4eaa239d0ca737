"""When a deal may be used, in words for whoever tells the customer (3008)."""

from collections.abc import Sequence
from functools import reduce

from firmware.view import Say, text
from rules.deals import Deal

SPANS_SHOWN = 3
"""As many spans of a day as two rows of the screen hold beside the days."""


def usable_when(deal: Deal, blackout: str = "") -> Say:
    """Its days of the week and times; `blackout`: the day on which it may not be used although it is one of those."""
    when = _when(deal)
    if not blackout:
        return text("voucherabout__usable", when=when)
    return (
        text("voucherabout__not_on", when=when, day=blackout)
        if when
        else text("voucherabout__not_that_day", day=blackout)
    )


def _when(deal: Deal) -> Say:
    times = " ".join(f"{first}-{last}" for first, last in deal.times[:SPANS_SHOWN])
    times += " …" if len(deal.times) > SPANS_SHOWN else ""
    runs = _runs(sorted(set(deal.weekdays)))
    if not runs:
        return times
    days = reduce(lambda one, more: text("voucherabout__day_and_day", one=one, more=more), map(_run, runs))
    return text("voucherabout__days_and_times", days=days, times=times) if times else days


def _runs(days: Sequence[int]) -> list[list[int]]:
    """Days that follow each other, together."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _run(days: list[int]) -> Say:
    first, last = text(f"voucherabout__day_{days[0]}"), text(f"voucherabout__day_{days[-1]}")
    return first if len(days) == 1 else text("voucherabout__day_to_day", first=first, last=last)
