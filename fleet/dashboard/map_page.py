"""The fleet map: thousands of small tiles, or the same as a table; kept up to date by a small JSON."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from fleet.dashboard.app import Page
from fleet.dashboard.fleet_look import FleetLook, Watch
from fleet.dashboard.pages import HEADERS, PRIVATE, draw, moment
from fleet.dashboard.tiles import LEVELS, MARKS, SORTS, Level, Tile, Wanted, chosen
from fleet.dashboard.visit import Visit
from texts import Lang, t

TILES_MAX = 2_000
ROWS_MAX = 200
PAGES_MAX = 10_000
NAMED_TILES_MAX = 48
"""So few tiles have room for their names."""
TEXT_CHARS_MAX = 64

SYMBOLS: dict[Level, str] = {"bad": "✕", "watch": "!", "good": "✓", "away": "○"}
"""What a tile shows beside its colour."""
LOCKED = "⊘"
"""What a locked one shows instead, whatever its colour."""


class Shown(NamedTuple):
    """One page of what is wanted."""

    wanted: Wanted
    view: str
    page: int
    pages: int
    found: int
    tiles: list[Tile]

    @property
    def ids(self) -> str:
        """Tells one list of terminals from another."""
        return hashlib.sha256("\n".join(tile.terminal for tile in self.tiles).encode()).hexdigest()[:16]


class MapPages:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def all(self) -> list[Page]:
        return [Page("/", self.draws), Page("/live/map", self.live, quiet=True)]

    def draws(self, visit: Visit) -> Response:
        look = self._watch.look()
        shown = _shown(look, visit)
        named = {tile.terminal: label(tile, visit.lang) for tile in shown.tiles}
        return draw(
            visit, "map.html", look=look, shown=shown, labels=named, symbols=SYMBOLS, levels=LEVELS, marks=MARKS,
            sorts=SORTS, symbol=symbol, locked=LOCKED, lock_words=lock_words, named=len(shown.tiles) <= NAMED_TILES_MAX,
        )  # fmt: skip

    def live(self, visit: Visit) -> Response:
        """What has changed since look `since` of the tiles that `ids` named; a list that is another one says so."""
        look = self._watch.look()
        shown = _shown(look, visit)
        since = visit.number("since", 0, 0, 2**53)
        same = visit.query.get("ids", "") == shown.ids and since <= look.number
        fresh = [tile for tile in shown.tiles if same and look.changed[tile.terminal] > since]
        body = {
            "now": look.number,
            "at": moment(look.at_ms),
            "moved": not same,
            "counts": {**look.counts.levels, "locked": look.counts.marks.get("locked", 0)},
            "all": look.counts.all,
            "tiles": [[tile.terminal, tile.level, symbol(tile), label(tile, visit.lang)] for tile in fresh],
        }
        return as_json(body)


def as_json(body: Mapping[str, object]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json", headers={**HEADERS, **PRIVATE})


def _shown(look: FleetLook, visit: Visit) -> Shown:
    asked = {name: visit.query.get(name, "")[:TEXT_CHARS_MAX] for name in Wanted._fields}
    sort = asked["sort"] if asked["sort"] in SORTS else "terminal"
    wanted = Wanted(**{**asked, "sort": sort})
    view = "table" if visit.query.get("view") == "table" else "tiles"
    size = ROWS_MAX if view == "table" else TILES_MAX
    found = chosen(look.tiles, wanted)
    pages = max(1, -(-len(found) // size))
    page = min(pages, visit.number("page", 1, 1, PAGES_MAX))
    return Shown(wanted, view, page, pages, len(found), found[(page - 1) * size : page * size])


def symbol(tile: Tile) -> str:
    """What a tile shows beside its colour."""
    return LOCKED if tile.lock is not None else SYMBOLS[tile.level]


def lock_words(tile: Tile, lang: Lang) -> str:
    """By whom a terminal is locked, since when and why, as far as that is known; "" when it is not locked."""
    lock = tile.lock
    if lock is None:
        return ""
    said = [t("dashboard", lang, "mark__locked")]
    said += [t("dashboard", lang, "lock__by", name=lock.by)] if lock.by else []
    said += [t("dashboard", lang, "lock__since", at=moment(lock.since_ms))] if lock.since_ms else []
    words = t("dashboard", lang, "lock__between").join(said)
    return t("dashboard", lang, "lock__why", words=words, reason=lock.reason) if lock.reason else words


def label(tile: Tile, lang: Lang) -> str:
    """A tile in words: for whoever cannot see it, and as its hint."""

    def say(key: str, **arguments: object) -> str:
        return t("dashboard", lang, key, **arguments)

    words = [tile.terminal, *([tile.shop] if tile.shop else []), say(f"link__{tile.link}")]
    words += [mark_words(tile, mark, lang) for mark in tile.marks]
    return say("map__between").join(words)


def mark_words(tile: Tile, mark: str, lang: Lang) -> str:
    """One mark with its figure."""
    figures = {
        "battery": tile.battery, "backlog": tile.due, "holes": tile.holes, "drift": tile.drift, "version": tile.software,
        "errors": tile.errors, "aside": tile.aside,
    }  # fmt: skip
    if mark == "locked":
        return lock_words(tile, lang)
    if mark in ("paper", "printer"):
        return t("dashboard", lang, f"printer__{tile.printer}")
    return t("dashboard", lang, f"mark_of__{mark}", figure=figures.get(mark, ""))
