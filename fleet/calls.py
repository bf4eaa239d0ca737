"""Worker threads between the core's `CallAcquirer` and the acquirer's port: taking records in never waits for a channel.

The threads are named `acquirer-N`; a port must have time-outs of its own, below `fleet.money.CALL_MAX_MS`. A call that
would begin too late is not made: a customer's code is not kept for later (decisions 18).
"""

import logging
import queue
import threading
from collections.abc import Callable

from fleet.acquirer.port import EXPIRED, NO_ANSWER, Acquirer, Reply
from fleet.effects import CallAcquirer, Ticket

WORKERS = 8
CALLS_MAX = 1_000
STOP_S = 2.0

_log = logging.getLogger(__name__)


class Caller:
    """Makes calls and hands every answer to `answered`, from whichever thread."""

    def __init__(
        self, acquirer: Acquirer, answered: Callable[[Ticket, Reply], None], utc_ms: Callable[[], int]
    ) -> None:
        self._acquirer = acquirer
        self._answered = answered
        self._utc_ms = utc_ms
        self._due: queue.Queue[CallAcquirer | None] = queue.Queue(CALLS_MAX)
        self._threads = [
            threading.Thread(target=self._run, name=f"acquirer-{number}", daemon=True) for number in range(WORKERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def call(self, effect: CallAcquirer) -> None:
        """Make a call soon; never blocks. With too many waiting it was never made."""
        try:
            self._due.put_nowait(effect)
        except queue.Full:
            self._answered(effect.ticket, EXPIRED)

    def stop(self) -> None:
        """End the threads that are idle; one that is in a call takes nothing with it."""
        for _ in self._threads:
            try:
                self._due.put_nowait(None)
            except queue.Full:
                break
        for thread in self._threads:
            thread.join(STOP_S / WORKERS)

    def _run(self) -> None:
        while (effect := self._due.get()) is not None:
            self._make(effect)

    def _make(self, effect: CallAcquirer) -> None:
        if self._utc_ms() >= effect.start_by_ms:
            self._answered(effect.ticket, EXPIRED)
            return
        replies: list[Reply] = []

        def answer(reply: Reply) -> None:
            replies.append(reply)
            self._answered(effect.ticket, reply)

        try:
            self._acquirer.call(effect.call, answer)
        except Exception as trouble:  # any: whatever a channel's library raises is no answer, and no end of the thread
            _log.warning("call %s of %s failed: %s", effect.ticket.what, effect.ticket.key, type(trouble).__name__)
        if not replies:
            self._answered(effect.ticket, NO_ANSWER)
