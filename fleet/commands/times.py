"""Days and spans as they are typed. A day is China's, from midnight to midnight; `7d` and `48h` count back from now."""

import re
from datetime import date, datetime

from fleet.china import CHINA
from fleet.commands import Wrong

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
FORMS = "YYYY-MM-DD|7d|48h"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPAN = re.compile(r"(\d{1,4})([dh])")


def typed_day(text: str) -> date:
    """A day. Raises `Wrong`."""
    day = _day(text)
    if day is None:
        raise Wrong("date", {"text": text})
    return day


def moment_ms(text: str, now_ms: int) -> int:
    """The first moment of a day, or so long before now. Raises `Wrong`."""
    day, span = _day(text), _SPAN.fullmatch(text)
    if span is not None:
        return now_ms - int(span[1]) * (DAY_MS if span[2] == "d" else HOUR_MS)
    if day is None:
        raise Wrong("time", {"text": text})
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp() * 1_000)


def span_ms(since: str, until: str, now_ms: int) -> tuple[int, int]:
    """From and to, the latter not included; 0 for one that was not given. Raises `Wrong`."""
    first, end = (moment_ms(text, now_ms) if text else 0 for text in (since, until))
    if since and until and end <= first:
        raise Wrong("time_order", {"since": since, "until": until})
    return first, end


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:  # the 31st of February
        return None
