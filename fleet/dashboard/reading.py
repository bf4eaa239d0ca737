"""The dashboard's way to the store: a few read-only connections of its own, so that no page waits for the thread that
writes and no two threads share a transaction."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fleet.sql import AnyStore, SqlBooks
from fleet.store import StoreTrouble

READERS = 2
WAIT_S = 10.0


class Reading:
    """`open_store` gives a read-only store each time. Raises `StoreTrouble`."""

    def __init__(self, open_store: Callable[[], AnyStore], readers: int = READERS) -> None:
        self._stores: queue.Queue[AnyStore] = queue.Queue()
        self._all = [open_store() for _ in range(readers)]
        for store in self._all:
            self._stores.put(store)

    @contextmanager
    def begin(self) -> Iterator[SqlBooks]:
        """One look at the books as they are now. Raises `StoreTrouble`, also when all readers stay busy."""
        try:
            store = self._stores.get(timeout=WAIT_S)
        except queue.Empty:
            raise StoreTrouble("all readers are busy") from None
        try:
            with store.begin() as books:
                yield books
        finally:
            self._stores.put(store)

    def close(self) -> None:
        for store in self._all:
            store.close()
