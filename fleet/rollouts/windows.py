"""Maintenance windows: whether a terminal may be changed now, by its shop's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fleet.admin import Policy, Window


def is_open(policy: Policy, shop: str, group: str, now_ms: int) -> bool:
    """The shop's window goes before the group's before the fleet's; none is always open."""
    scopes = ([f"shop:{shop}"] if shop else []) + ([f"group:{group}"] if group else []) + ["fleet"]
    window = next((policy.windows[scope] for scope in scopes if scope in policy.windows), None)
    return window is None or _is_within(window, now_ms)


def _is_within(window: Window, now_ms: int) -> bool:
    here = datetime.fromtimestamp(now_ms // 1_000, UTC).astimezone(ZoneInfo(window.zone))
    minute = here.hour * 60 + here.minute
    if window.from_min < window.to_min:
        return window.from_min <= minute < window.to_min and here.isoweekday() in window.days
    if minute >= window.from_min:
        return here.isoweekday() in window.days
    return minute < window.to_min and (here - timedelta(days=1)).isoweekday() in window.days  # since yesterday
