"""What happens on the board, told to whoever watches: the page's event stream, the log, and the settling calls."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

WATCHER_QUEUE_MAX = 512
LOG_MAX = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: what happened, as a text key with its arguments, and when (seconds since the epoch)."""

    number: int
    at: float
    key: str
    args: dict[str, str | int]


class Fallen(Exception):
    """A watcher did not keep up and was dropped; it has to look at the whole state again."""


class Over(Exception):
    """The emulator ends."""


class Watch:
    """One watcher's bounded queue."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WATCHER_QUEUE_MAX)
        self._fallen = False
        self._over = False

    def end(self) -> None:
        """Let the watcher go."""
        self._over = True
        self.put({"type": "over"})

    def put(self, happening: dict[str, Any]) -> None:
        try:
            self._queue.put_nowait(happening)
        except asyncio.QueueFull:
            self._fallen = True

    async def next(self) -> dict[str, Any]:
        """The next happening. Raises `Fallen` when some were lost, `Over` at the end."""
        if self._fallen:
            raise Fallen
        happening = await self._queue.get()
        if self._over:
            raise Over
        return happening


@dataclass(slots=True)
class Feed:
    """Happenings out to the watchers, and the log of what a person would want to read back."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    _watches: set[Watch] = field(default_factory=set)
    _count: int = 0

    def tell(self, kind: str, **values: Any) -> None:
        """Send `{"type": kind, …}` to every watcher."""
        for watch in self._watches:
            watch.put({"type": kind, **values})

    def log(self, key: str, /, **args: str | int) -> None:
        """Note a happening; `key` is a text of the room `emulator` under `[log]`."""
        self._count += 1
        entry = Entry(self._count, time.time(), key, args)
        self.entries.append(entry)
        self.tell("log", entry={"number": entry.number, "at": entry.at, "key": key, "args": args})

    def watch(self) -> Watch:
        watch = Watch()
        self._watches.add(watch)
        return watch

    def end(self) -> None:
        """The emulator ends: let all watchers go, so that nobody holds up its end."""
        for watch in self._watches:
            watch.end()

    def leave(self, watch: Watch) -> None:
        self._watches.discard(watch)
