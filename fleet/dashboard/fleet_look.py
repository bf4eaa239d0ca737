"""The fleet as all visitors see it: looked at once every few seconds, however many watch."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fleet.dashboard.digest import Digest
from fleet.dashboard.reading import Reading
from fleet.dashboard.tiles import Counts, Extra, Tile, counted, tiles
from fleet.events import Asked
from fleet.sql import SqlBooks

FRESH_MS = 3_000
DAY_MS = 24 * 3_600_000
TERMINALS_MAX = 50_000
JOURNALS_MAX = 200_000


@dataclass(frozen=True, slots=True)
class FleetLook:
    """`number` counts the looks; `changed` says for each terminal in which look its tile became what it is."""

    number: int
    at_ms: int
    tiles: tuple[Tile, ...]
    counts: Counts
    changed: dict[str, int]
    by_id: dict[str, Tile]


class Watch:
    """The newest look. Safe to use from several threads; raises `StoreTrouble`."""

    def __init__(self, reading: Reading, digest: Digest, utc_ms: Callable[[], int]) -> None:
        self._reading = reading
        self._digest = digest
        self._utc_ms = utc_ms
        self._guard = threading.Lock()
        self._look: FleetLook | None = None

    def look(self) -> FleetLook:
        with self._guard:
            now_ms = self._utc_ms()
            if self._look is None or not 0 <= now_ms - self._look.at_ms < FRESH_MS:
                self._look = self._taken(now_ms, self._look)
            return self._look

    def _taken(self, now_ms: int, before: FleetLook | None) -> FleetLook:
        with self._reading.begin() as books:
            looks = books.looks.terminals(TERMINALS_MAX)
            journals = books.looks.journals(JOURNALS_MAX)
            extras = self._extras(books, now_ms)
        found = tiles(looks, journals, extras, now_ms)
        number = before.number + 1 if before else 1
        known = {tile.terminal: tile for tile in before.tiles} if before else {}
        changed = {
            tile.terminal: before.changed[tile.terminal] if before and known.get(tile.terminal) == tile else number
            for tile in found
        }
        return FleetLook(
            number, now_ms, tuple(found), counted(found), changed, {tile.terminal: tile for tile in found}
        )  # fmt: skip

    def _extras(self, books: SqlBooks, now_ms: int) -> dict[str, Extra]:
        known = self._digest.known()
        aside = books.looks.aside()
        seen = books.events.sums("terminal", Asked(since_ms=now_ms - DAY_MS, until_ms=now_ms), DAY_MS)
        errors = {each.group: each.times for each in seen}
        return {
            terminal: Extra(
                shop=known[terminal].shop if terminal in known else "",
                errors=errors.get(terminal, 0),
                aside=sum(aside.get(terminal, (0, 0))),
            )
            for terminal in known.keys() | aside.keys() | errors.keys()
        }
