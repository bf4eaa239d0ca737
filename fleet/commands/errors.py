"""`posfleet errors`: error codes by how often they were met, with what they did before and how they are going."""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from fleet import china
from fleet.commands import Wrong
from fleet.commands.look import moment, opened, say, show
from fleet.commands.times import DAY_MS, HOUR_MS, moment_ms
from fleet.events import Asked, By, StoredEvent
from fleet.sql_events import Sum
from rules.errors import errors
from texts import Lang, t

SLOTS_MAX = 400
LATEST = 20
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Group:
    """One line: how often in the time asked for, and in as long a time before it."""

    name: str
    times: int
    before: int
    reports: int
    last_ms: int
    slots: tuple[int, ...]


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Show groups with counts and trend, or with `--latest` single events."""
    slot_ms = HOUR_MS if options.trend == "hour" else DAY_MS
    until_ms = options.now_ms if options.now_ms is not None else time.time_ns() // 1_000_000
    since_ms = _since(options.since, until_ms, slot_ms)
    count = -(-(until_ms - since_ms) // slot_ms)
    if not 0 < count <= SLOTS_MAX:
        raise Wrong("slots", {"text": options.since, "most": str(SLOTS_MAX)})
    asked = Asked(options.terminal, options.shop, options.code, options.version, since_ms, until_ms)
    earlier = replace(asked, since_ms=since_ms - count * slot_ms, until_ms=since_ms)
    with opened(options.data) as books:
        if options.latest:
            return _latest(books.events.latest(asked, options.latest), since_ms, options.json, lang)
        found = groups(
            books.events.sums(options.by, asked, slot_ms), books.events.sums(options.by, earlier, slot_ms), count
        )
        lost = books.events.lost(asked)
    if options.json:
        for group in found:
            head = {_key(options.by): int(group.name) if options.by == "code" else group.name}
            span = {"since_ms": since_ms, "until_ms": until_ms, "slot_ms": slot_ms}
            fields = {name: each for name, each in msgspec.to_builtins(group).items() if name != "name"}
            print(msgspec.json.encode(head | span | fields).decode())
        return 0
    if not found:
        say(lang, "errors__none", since=_day(since_ms))
        return 0
    columns: tuple[str, ...] = (options.by, "meaning", "times", "before", "trend", "reports", "last")
    if options.by != "code":
        columns = (options.by, *columns[2:])
    show(lang, columns, (_cells(group, options.by, lang) for group in found))
    say(lang, "errors__range", since=_day(since_ms), slots=count, slot=t("fleet", lang, f"errors__{options.trend}"))
    if lost:
        say(lang, "errors__lost", lost=lost)
    return 0


def groups(now: Iterable[Sum], before: Iterable[Sum], count: int) -> list[Group]:
    """Groups of this time, the most frequent first, with what the time before had of them."""
    slots: defaultdict[str, dict[int, int]] = defaultdict(dict)
    reports: defaultdict[str, int] = defaultdict(int)
    last_ms: defaultdict[str, int] = defaultdict(int)
    earlier: defaultdict[str, int] = defaultdict(int)
    for each in now:
        slots[each.group][each.slot] = each.times
        reports[each.group] += each.reports
        last_ms[each.group] = max(last_ms[each.group], each.last_ms)
    for each in before:
        earlier[each.group] += each.times
    found = [
        Group(
            name, sum(own.values()), earlier[name], reports[name], last_ms[name],
            tuple(own.get(slot, 0) for slot in range(count)),
        )
        for name, own in slots.items()
    ]  # fmt: skip
    return sorted(found, key=lambda group: (-group.times, group.name))


def sparkline(numbers: tuple[int, ...]) -> str:
    """One bar for each number, as high as it is beside the highest; nothing at all is a dot."""
    most = max(numbers, default=0)
    return "".join("·" if not n else _BARS[(n * len(_BARS) - 1) // most] for n in numbers)


def change(times: int, before: int) -> str:
    """Against the time before: `+50 %`; a plus sign alone when there was none."""
    if not before:
        return "+" if times else ""
    return f"{round(100 * (times - before) / before):+d} %"


def _cells(group: Group, by: By, lang: Lang) -> list[str]:
    entry = errors().get(int(group.name)) if by == "code" else None
    meaning = [entry.title(lang) if entry else ""] if by == "code" else []
    before = f"{group.before} ({change(group.times, group.before)})"
    return [
        group.name, *meaning, str(group.times), before, sparkline(group.slots), str(group.reports), moment(group.last_ms),
    ]  # fmt: skip


def _latest(rows: list[StoredEvent], since_ms: int, as_json: bool, lang: Lang) -> int:
    if as_json:
        for row in rows:
            print(msgspec.json.encode(_named(row)).decode())
        return 0
    if not rows:
        say(lang, "errors__none", since=_day(since_ms))
        return 0
    columns = ("at", "clock", "terminal", "shop", "code", "times", "operator", "subject", "reason", "steps", "version")
    show(lang, columns, (_event(row) for row in rows))
    return 0


def _key(by: By) -> str:
    return "software" if by == "version" else by


def _named(row: StoredEvent) -> dict[str, object]:
    """As groups and records name it."""
    fields: dict[str, object] = msgspec.to_builtins(row)
    return {"at_ms": fields.pop("when_ms"), "times": fields.pop("count")} | fields


def _event(row: StoredEvent) -> list[str]:
    return [
        moment(row.when_ms), row.clock, row.terminal, row.shop, str(row.code), str(row.count), row.operator, row.subject,
        row.reason, row.steps, row.software,
    ]  # fmt: skip


def _since(text: str, until_ms: int, slot_ms: int) -> int:
    """Where the first slot begins; whole days and hours. Raises `Wrong`."""
    start_ms = moment_ms(text, until_ms)
    if text[-1] in "dh":  # of seven days this one is the last
        start_ms = min(start_ms + (slot_ms if slot_ms == DAY_MS else 0), until_ms)
    offset_ms = 8 * HOUR_MS
    return (start_ms + offset_ms) // slot_ms * slot_ms - offset_ms


def _day(utc_ms: int) -> str:
    return china.at(utc_ms).strftime("%Y-%m-%d %H:%M")
