"""Looks the broker's name up for the diagnosis: a resolver may take half a minute, so it has a thread of its own then."""

import socket
import threading
from collections.abc import Callable

from firmware.events import Event, NameFound

NO_NAME = 1002


class Names:
    """One look-up at a time; `post` hands its outcome to the core."""

    def __init__(self, host: str, post: Callable[[Event], None]) -> None:
        self._host, self._post = host, post
        self._busy = threading.Lock()

    def carry_out(self) -> None:
        """Look up, unless that is under way already: its answer is the same."""
        if self._busy.acquire(blocking=False):
            threading.Thread(target=self._look_up, name="names", daemon=True).start()

    def _look_up(self) -> None:
        try:
            found = bool(socket.getaddrinfo(self._host, None))
        except OSError:
            found = False
        finally:
            self._busy.release()
        self._post(NameFound(0 if found else NO_NAME))
