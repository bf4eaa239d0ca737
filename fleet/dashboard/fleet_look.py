"""The fleet as all visitors see it: looked at once every few seconds, however many watch."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fleet.dashboard.digest import Digest, Known
from fleet.dashboard.reading import Reading
from fleet.dashboard.tiles import Counts, Extra, Tile, counted, tiles
from fleet.desk.link import hearing
from fleet.events import Asked
from fleet.sql import SqlBooks
from fleet.sql_looks import Entry, TerminalLook, Told

FRESH_MS = 3_000
REST = 20
"""A look that took long is kept for so many times as long: looking never takes more than a twentieth of a processor."""
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

    def __init__(
        self, reading: Reading, digest: Digest, utc_ms: Callable[[], int], monotonic_s: Callable[[], float]
    ) -> None:
        self._reading = reading
        self._digest = digest
        self._utc_ms = utc_ms
        self._monotonic_s = monotonic_s
        self._guard = threading.Lock()
        self._look: FleetLook | None = None
        self._fresh_ms = FRESH_MS

    def find(self, terminal: str) -> Tile | None:
        """One terminal's tile; one that has just come is looked for anew."""
        found = self.look().by_id.get(terminal)
        return found if found is not None else self.look(self._fresh_ms // 3).by_id.get(terminal)

    def look(self, fresh_ms: int | None = None) -> FleetLook:
        """The look that is not older than `fresh_ms`."""
        with self._guard:
            now_ms = self._utc_ms()
            limit_ms = self._fresh_ms if fresh_ms is None else fresh_ms
            if self._look is None or not 0 <= now_ms - self._look.at_ms < limit_ms:
                began_s = self._monotonic_s()
                self._look = self._taken(now_ms, self._look)
                self._fresh_ms = max(FRESH_MS, int((self._monotonic_s() - began_s) * 1_000 * REST))
            return self._look

    def _taken(self, now_ms: int, before: FleetLook | None) -> FleetLook:
        with self._reading.begin() as books:
            entries = books.looks.registered()
            extras = self._extras(books, entries, now_ms)
            none = Extra()
            spoken = {each.terminal: each for each in books.looks.terminals(TERMINALS_MAX)}
            expected = {name: TerminalLook(name, b"", 0, 0) for name in entries}  # those that never spoke, too
            every = sorted((expected | spoken).items())[:TERMINALS_MAX]
            looks = [each for name, each in every if not extras.get(name, none).retired]
            journals = books.looks.journals(JOURNALS_MAX)
            heard = hearing(books, now_ms)
        found = tiles(looks, journals, extras, heard)
        number = before.number + 1 if before else 1
        known = {tile.terminal: tile for tile in before.tiles} if before else {}
        changed = {
            tile.terminal: before.changed[tile.terminal] if before and known.get(tile.terminal) == tile else number
            for tile in found
        }
        return FleetLook(
            number, now_ms, tuple(found), counted(found), changed, {tile.terminal: tile for tile in found}
        )  # fmt: skip

    def _extras(self, books: SqlBooks, entries: dict[str, Entry], now_ms: int) -> dict[str, Extra]:
        known = self._digest.known()
        told = books.looks.told()
        locks = self._digest.locks([terminal for terminal, each in told.items() if each.locked])
        nothing = Told()
        aside = books.fleet.faults.open()
        seen = books.events.sums("terminal", Asked(since_ms=now_ms - DAY_MS, until_ms=now_ms), DAY_MS)
        errors = {each.group: each.times for each in seen}
        return {
            terminal: Extra(
                shop=_shop(entries.get(terminal), known.get(terminal)),
                tags=_tags(entries.get(terminal)),
                drift=told.get(terminal, nothing).drift,
                told_rev=told.get(terminal, nothing).rev,
                told_ms=told.get(terminal, nothing).at_ms,
                lock=locks.get(terminal),
                retired=terminal in entries and entries[terminal].retired,
                errors=errors.get(terminal, 0),
                aside=sum(aside.get(terminal, (0, 0))),
            )
            for terminal in known.keys() | aside.keys() | errors.keys() | entries.keys() | told.keys()
        }


def _shop(entry: Entry | None, known: Known | None) -> str:
    """The shop as the register has it, else by the name on the terminal's slips."""
    if entry is not None and entry.shop:
        return entry.shop
    return known.shop if known is not None else ""


def _tags(entry: Entry | None) -> tuple[str, ...]:
    """Tags, and the group as one more."""
    return (*((f"group:{entry.group}",) if entry.group else ()), *entry.tags) if entry is not None else ()
