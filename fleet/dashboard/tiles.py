"""The fleet at a glance, as values: one tile for each terminal with what there is to say about it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from fleet.admin import Link
from fleet.desk.in_force import in_force
from fleet.desk.link import Hearing
from fleet.sql_looks import TerminalLook
from fleet.store import Epoch
from wire.messages import State

BACKLOG_MANY = 50
BATTERY_LOW, BATTERY_EMPTY = 20, 8
ERRORS_MANY = 20
QUIET_MS = 24 * 3_600_000
"""A terminal that is not on line and was not heard of for so long is away; a shop closes at night."""

Level = Literal["good", "watch", "bad", "away"]
LEVELS: tuple[Level, ...] = ("bad", "watch", "good", "away")
Mark = Literal[
    "locked",
    "paper",
    "battery",
    "backlog",
    "holes",
    "drift",
    "version",
    "errors",
    "clock",
    "aside",
    "printer",
    "drawer",
]
MARKS: tuple[Mark, ...] = (
    "locked", "paper", "printer", "battery", "backlog", "holes", "drift", "version", "errors", "clock", "drawer", "aside",
)  # fmt: skip

_PASSING: frozenset[Mark] = frozenset(("drawer",))
"""Told, but nothing to look after: a drawer stands open at every sale."""
_PAPER = ("paper_out", "paper_low")
_PRINTER = ("cover_open", "offline", "fault")


class Lock(NamedTuple):
    """A terminal sells nothing until it is unlocked: by whose order, why, and since when, as far as its records tell."""

    by: str = ""
    reason: str = ""
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Extra:
    """What other parts of the store say of a terminal."""

    shop: str = ""
    tags: tuple[str, ...] = ()
    drift: int = 0
    errors: int = 0
    aside: int = 0
    retired: bool = False
    told_rev: int = 0  # in force by its word about settings, told at `told_ms`
    told_ms: int = 0
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """One terminal. `due`: records it has that are not here; `holes`: records missing between those that are;
    `errors`: seen within a day; `aside`: quarantined messages and conflicts."""

    terminal: str
    link: Link
    level: Level
    marks: tuple[Mark, ...]
    shop: str
    tags: tuple[str, ...]
    software: str
    settings_rev: int
    due: int
    holes: int
    printer: str
    drawer: str
    battery: int | None
    clock: str
    drift: int
    errors: int
    aside: int
    reason: str
    state_ms: int
    seen_ms: int
    lock: Lock | None = None


class Wanted(NamedTuple):
    """Which tiles to show, empty means all, and in which order."""

    text: str = ""
    shop: str = ""
    tag: str = ""
    version: str = ""
    level: str = ""
    mark: str = ""
    sort: str = "terminal"


SORTS = ("terminal", "level", "shop", "software", "due", "battery", "errors", "seen")


def tiles(
    looks: Iterable[TerminalLook], journals: Iterable[Epoch], extras: Mapping[str, Extra], hearing: Hearing
) -> list[Tile]:
    """A tile for each terminal, in the order they come."""
    rows: dict[str, dict[int, Epoch]] = {}
    for row in journals:
        rows.setdefault(row.terminal, {})[row.epoch] = row
    told = [(look, _state(look.state)) for look in looks]
    usual = usual_version(state.software for _, state in told if state is not None)
    none = Extra()
    return [
        _tile(look, state, rows.get(look.terminal, {}), extras.get(look.terminal, none), usual, hearing)
        for look, state in told
    ]


def usual_version(versions: Iterable[str]) -> str:
    """What most terminals run; of two alike the greater text."""
    counts = Counter(each for each in versions if each)
    return max(counts, key=lambda each: (counts[each], each), default="")


def _state(raw: bytes) -> State | None:
    return msgspec.json.decode(raw, type=State) if raw else None


def _tile(
    look: TerminalLook, state: State | None, journals: Mapping[int, Epoch], extra: Extra, usual: str, hearing: Hearing
) -> Tile:
    said = state or State(False)
    row = journals.get(said.epoch)
    due = max(0, said.next_seq - 1 - (row.upto if row else 0)) if said.next_seq else 0
    holes = sum(max(0, each.high - each.upto) for each in journals.values())
    link = hearing.link(state, look.state_ms, look.seen_ms)
    marks = tuple(_marks(said, extra, due, holes, usual)) if state is not None else ()
    level = _level(said, link, marks, hearing.now_ms - look.seen_ms)
    rev = in_force(state, look.state_ms, extra.told_rev, extra.told_ms)
    return Tile(
        look.terminal, link, level, marks, extra.shop, extra.tags, said.software,
        rev, due, holes, said.printer, said.drawer, said.battery, said.clock if state else "", extra.drift,
        extra.errors, extra.aside, said.reason, look.state_ms, look.seen_ms, extra.lock,
    )  # fmt: skip


def _marks(state: State, extra: Extra, due: int, holes: int, usual: str) -> Iterable[Mark]:
    found: dict[Mark, bool] = {
        "locked": extra.lock is not None,
        "paper": state.printer in _PAPER,
        "printer": state.printer in _PRINTER,
        "battery": state.battery is not None and state.battery <= BATTERY_LOW,
        "backlog": due >= BACKLOG_MANY,
        "holes": holes > 0,
        "drift": extra.drift > 0,
        "version": bool(state.software) and state.software != usual,
        "errors": extra.errors >= ERRORS_MANY,
        "clock": state.clock == "floor",
        "drawer": state.drawer == "open",
        "aside": extra.aside > 0,
    }
    return (mark for mark in MARKS if found[mark])


def _level(state: State, link: Link, marks: Sequence[Mark], quiet_ms: int) -> Level:
    """Gone without a word, halted, or in need of a hand: bad. Not on line and not heard of for long: away. Anything to say:
    watch."""
    if state.reason.startswith("halted") or _needs_a_hand(state, marks):
        return "bad"
    if link != "online" and quiet_ms > QUIET_MS:
        return "away"
    if link in ("lost", "silent"):
        return "bad"
    return "good" if link == "online" and not set(marks) - _PASSING else "watch"


def _needs_a_hand(state: State, marks: Sequence[Mark]) -> bool:
    empty = state.battery is not None and state.battery <= BATTERY_EMPTY
    return state.printer == "paper_out" or empty or bool({"printer", "holes", "aside"} & set(marks))


def chosen(all_tiles: Iterable[Tile], wanted: Wanted) -> list[Tile]:
    """Those that are wanted, sorted; the id decides between equals."""
    text = wanted.text.strip().casefold()
    found = [
        tile
        for tile in all_tiles
        if (not text or text in tile.terminal.casefold() or text in tile.shop.casefold())
        and (not wanted.shop or tile.shop == wanted.shop)
        and (not wanted.tag or wanted.tag in tile.tags)
        and (not wanted.version or tile.software == wanted.version)
        and (not wanted.level or tile.level == wanted.level)
        and (not wanted.mark or wanted.mark in tile.marks)
    ]
    return sorted(found, key=lambda tile: (_rank(tile, wanted.sort), tile.terminal))


def _rank(tile: Tile, sort: str) -> tuple[int, str]:
    match sort:
        case "level":
            return LEVELS.index(tile.level), ""
        case "shop":
            return 0 if tile.shop else 1, tile.shop
        case "software":
            return 0, tile.software
        case "due":
            return -tile.due, ""
        case "battery":
            return 101 if tile.battery is None else tile.battery, ""
        case "errors":
            return -tile.errors, ""
        case "seen":
            return -tile.seen_ms, ""
        case _:
            return 0, ""


class Counts(NamedTuple):
    """How many tiles there are of each; the names in order of how many."""

    all: int
    levels: dict[str, int]
    marks: dict[str, int]
    shops: dict[str, int]
    tags: dict[str, int]
    versions: dict[str, int]


def counted(all_tiles: Sequence[Tile]) -> Counts:
    """Counts of the whole fleet, for the filters and the headline."""
    levels = Counter(tile.level for tile in all_tiles)
    marks = Counter(mark for tile in all_tiles for mark in tile.marks)
    return Counts(
        len(all_tiles),
        {level: levels[level] for level in LEVELS},
        {mark: marks[mark] for mark in MARKS if marks[mark]},
        _by_count(tile.shop for tile in all_tiles),
        _by_count(tag for tile in all_tiles for tag in tile.tags),
        _by_count(tile.software for tile in all_tiles),
    )


def _by_count(names: Iterable[str]) -> dict[str, int]:
    counts = Counter(name for name in names if name)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
