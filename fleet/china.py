"""China's time, by which shops, channels and platforms count their days."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def at(utc_ms: int) -> datetime:
    """A moment as a clock in China shows it."""
    return datetime.fromtimestamp(utc_ms / 1_000, UTC).astimezone(CHINA)


def day_of(utc_ms: int) -> date:
    """The day of a moment."""
    return at(utc_ms).date()


def written(utc_ms: int) -> str:
    """As statements write it: `2026-11-22 18:00:00`."""
    return f"{at(utc_ms):%Y-%m-%d %H:%M:%S}"
