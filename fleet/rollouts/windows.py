"""Maintenance windows: whether a terminal may be changed now, by its shop's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fleet.admin import Policy, Window

DAYS_AHEAD = 8
"""A week, and the same day of the next once more: its hour of today may have passed."""


def is_open(policy: Policy, shop: str, group: str, now_ms: int) -> bool:
    """The shop's window goes before the group's before the fleet's; none is always open."""
    window = _window(policy, shop, group)
    return window is None or _is_within(window, now_ms)


def opens_ms(policy: Policy, shop: str, group: str, now_ms: int) -> int:
    """When a window that is closed now opens next (UTC); 0: never, for it has no days."""
    window = _window(policy, shop, group)
    if window is None:
        return now_ms
    zone = ZoneInfo(window.zone)
    today = datetime.fromtimestamp(now_ms // 1_000, UTC).astimezone(zone).date()
    for days in range(DAYS_AHEAD):
        day = today + timedelta(days=days)
        start = datetime(day.year, day.month, day.day, window.from_min // 60, window.from_min % 60, tzinfo=zone)
        if day.isoweekday() in window.days and start.timestamp() * 1_000 > now_ms:
            return int(start.timestamp() * 1_000)
    return 0


def _window(policy: Policy, shop: str, group: str) -> Window | None:
    scopes = ([f"shop:{shop}"] if shop else []) + ([f"group:{group}"] if group else []) + ["fleet"]
    return next((policy.windows[scope] for scope in scopes if scope in policy.windows), None)


def _is_within(window: Window, now_ms: int) -> bool:
    here = datetime.fromtimestamp(now_ms // 1_000, UTC).astimezone(ZoneInfo(window.zone))
    minute = here.hour * 60 + here.minute
    if window.from_min < window.to_min:
        return window.from_min <= minute < window.to_min and here.isoweekday() in window.days
    if minute >= window.from_min:
        return here.isoweekday() in window.days
    return minute < window.to_min and (here - timedelta(days=1)).isoweekday() in window.days  # since yesterday
