"""Worker threads between the core's calls and a port (acquirer, voucher platforms): taking records in never waits for one.

The threads are named `NAME-N`; a port must have time-outs of its own, below the `CALL_MAX_MS` of its kind. A call that
would begin too late is not made: a customer's code is not kept for later (decisions 18).
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from fleet.acquirer.port import EXPIRED, NO_ANSWER, Acquirer, Call, Reply
from fleet.effects import Ticket, VoucherTicket
from fleet.vouchers import port as vouchers

WORKERS = 8
CALLS_MAX = 1_000
STOP_S = 2.0

_log = logging.getLogger(__name__)


K = TypeVar("K")
C = TypeVar("C")
R = TypeVar("R")
K_co = TypeVar("K_co", covariant=True)
C_co = TypeVar("C_co", covariant=True)
C_contra = TypeVar("C_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Effect(Protocol[K_co, C_co]):
    """A call the core wants made."""

    @property
    def ticket(self) -> K_co: ...
    @property
    def call(self) -> C_co: ...
    @property
    def start_by_ms(self) -> int: ...


class Port(Protocol[C_contra, R_co]):
    """Whoever makes calls and answers them, in the thread that calls."""

    def call(self, call: C_contra, answer: Callable[[R_co], None]) -> None: ...


class Caller(Generic[K, C, R]):
    """Makes calls and hands every answer to `answered`, from whichever thread. `no_answer` and `expired`: what is answered
    when the port says nothing, and when the call was never made."""

    def __init__(
        self,
        port: Port[C, R],
        answered: Callable[[K, R], None],
        utc_ms: Callable[[], int],
        name: str,
        no_answer: R,
        expired: R,
    ) -> None:
        self._port = port
        self._no_answer, self._expired = no_answer, expired
        self._answered = answered
        self._utc_ms = utc_ms
        self._due: queue.Queue[Effect[K, C] | None] = queue.Queue(CALLS_MAX)
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(WORKERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def call(self, effect: Effect[K, C]) -> None:
        """Make a call soon; never blocks. With too many waiting it was never made."""
        try:
            self._due.put_nowait(effect)
        except queue.Full:
            self._answered(effect.ticket, self._expired)

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

    def _make(self, effect: Effect[K, C]) -> None:
        if self._utc_ms() >= effect.start_by_ms:
            self._answered(effect.ticket, self._expired)
            return
        replies: list[R] = []

        def answer(reply: R) -> None:
            replies.append(reply)
            self._answered(effect.ticket, reply)

        try:
            self._port.call(effect.call, answer)
        except Exception as trouble:  # any: whatever a channel's library raises is no answer, and no end of the thread
            _log.warning("call %s failed: %s", effect.ticket, type(trouble).__name__)
        if not replies:
            self._answered(effect.ticket, self._no_answer)


def acquirer_caller(
    acquirer: Acquirer, answered: Callable[[Ticket, Reply], None], utc_ms: Callable[[], int]
) -> Caller[Ticket, Call, Reply]:
    """Threads that call the acquirer."""
    return Caller(acquirer, answered, utc_ms, "acquirer", NO_ANSWER, EXPIRED)


def platform_caller(
    platforms: vouchers.Platforms, answered: Callable[[VoucherTicket, vouchers.Reply], None], utc_ms: Callable[[], int]
) -> Caller[VoucherTicket, vouchers.Call, vouchers.Reply]:
    """Threads that call the voucher platforms."""
    return Caller(platforms, answered, utc_ms, "platform", vouchers.NO_ANSWER, vouchers.EXPIRED)
