"""Inbox, timers and worker threads: the only file of the firmware that knows threads.

The main thread runs the core: it takes one event, steps the terminal, hands the effects to the drivers. Drivers run one
thread each and post events. The loop measures its own lateness, names the culprit, and feeds the watchdog only when every
worker is alive.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from firmware.events import (
    Effect,
    Event,
    Exit,
    Idle,
    KeyHeld,
    KeyPressed,
    Now,
    Scanned,
    SetTimer,
    Show,
    StopTimer,
    TimerFired,
)
from firmware.view import View
from wire.diag import Counts
from wire.messages import State
from wire.records import Record

KEYS_WAITING_MAX: Final = 32
"""More keys than this in the inbox are rejected audibly at the driver (decisions 14)."""

LATE_MS: Final = 100
"""A step that takes longer than this is named in the log."""

IDLE_AFTER_MS: Final = 50
"""The inbox has been empty for this long: time for a slice of idle work."""

STOP_WAIT_S: Final = 5.0
QUERY_WAIT_S: Final = 5.0
FEED_EVERY_MS: Final = 2_000

log = logging.getLogger("posd.loop")


def nothing_waits() -> tuple[str, ...]:
    """`waiting` of a worker that waits for nothing outside."""
    return ()


@dataclass(frozen=True, slots=True)
class Worker:
    """A driver in its thread: what the loop, the watchdog and the diagnosis socket need of it.

    `run` is the thread's body; `stop` makes it return soon, from any thread. `counts` gives bytes or messages read and
    written by endpoint, `busy` whether it is inside a job that will end by itself, `waiting` what it waits for from
    outside (decisions 2).
    """

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]
    counts: Callable[[], dict[str, Counts]] = dict
    busy: Callable[[], bool] = bool
    waiting: Callable[[], tuple[str, ...]] = nothing_waits
    alive: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Query:
    """A question from the diagnosis socket, answered in the core's thread between two events."""

    ask: Callable[[], object]
    answer: "queue.SimpleQueue[object]" = field(default_factory=queue.SimpleQueue)


class Core(Protocol):
    """What decides: the terminal, or what stands in for it when it must not sell."""

    shown: View | None

    @property
    def idle_work(self) -> bool:
        """Whether an `Idle` event would find something to do."""
        ...

    @property
    def terminal_id(self) -> str:
        """Whose journal this is."""
        ...

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """Take one event; what is to be done about it."""
        ...

    def seqs(self) -> tuple[int, int, int]:
        """Next, durable and acknowledged seq."""
        ...

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        """Committed records with seq > after."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """What is waited for from outside."""
        ...

    def state(self) -> State:
        """What `up/state` says."""
        ...


def _answered(query: Query) -> object:
    """The answer, or what went wrong: a question must never end the core."""
    try:
        return query.ask()
    except Exception as error:
        log.exception("a question from the diagnosis socket failed")
        return error


@dataclass(slots=True)
class Lateness:
    """The slowest step so far."""

    worst_ms: int = 0
    by: str = ""

    def note(self, took_ms: int, event: Event) -> None:
        """Remember and log a slow step."""
        if took_ms > self.worst_ms:
            self.worst_ms, self.by = took_ms, type(event).__name__
        if took_ms > LATE_MS:
            log.warning("step of %s took %d ms", type(event).__name__, took_ms)


@dataclass(slots=True)
class Loop:
    """Runs one terminal with its drivers until it exits."""

    terminal: Core
    clock: Callable[[], Now]
    carry: Callable[[Effect], None]  # everything but timers and Exit
    workers: tuple[Worker, ...]
    feed_watchdog: Callable[[], None]
    lateness: Lateness = field(default_factory=Lateness)
    scan_shown: Callable[[int], None] = lambda came_ms: None  # a scan that came then has been answered by a picture
    _scans_ms: "deque[int]" = field(default_factory=deque)  # when the scans in the inbox came, in order
    _inbox: "queue.SimpleQueue[Event | Query]" = field(default_factory=queue.SimpleQueue)
    _timers: dict[str, int] = field(default_factory=dict)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _keys: int = 0
    _choked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failed: BaseException | None = None
    _fed_ms: int = 0
    last_event: str = ""

    # --- from any thread ----------------------------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        """Put an event into the inbox."""
        if isinstance(event, KeyPressed | KeyHeld):
            with self._lock:
                self._keys += 1
        if isinstance(event, Scanned):
            self._scans_ms.append(time.monotonic_ns() // 1_000_000)
        self._inbox.put(event)

    def key_credit(self) -> int:
        """How many more keys the inbox takes. Once it was full, none until all are taken: a burst loses its end, never
        keys out of its middle, which would make another amount."""
        with self._lock:
            self._choked = self._keys >= KEYS_WAITING_MAX or (self._choked and self._keys > 0)
            return 0 if self._choked else KEYS_WAITING_MAX - self._keys

    def ask(self, question: Callable[[], object]) -> object:
        """Have `question` answered by the core's thread. Raises `TimeoutError` when the core is stuck or gone."""
        query = Query(question)
        self._inbox.put(query)
        try:
            answer = query.answer.get(timeout=QUERY_WAIT_S)
        except queue.Empty:
            raise TimeoutError("the core did not answer") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    # --- the core's thread --------------------------------------------------------------------------------------------

    @property
    def inbox_size(self) -> int:
        """Events not yet taken."""
        return self._inbox.qsize()

    def timer_due_ms(self) -> int | None:
        """Milliseconds until the next timer; None when none runs."""
        return min(self._timers.values()) - self.clock().monotonic_ms if self._timers else None

    def run(self, first: Event) -> str:
        """Start the workers, take events until the terminal exits; the reason. Re-raises what killed a worker."""
        for worker in self.workers:
            self._start(worker)
        try:
            reason = self._take(first)
            while reason is None:
                reason = self._turn()
            return reason
        finally:
            self._end()

    def _turn(self) -> str | None:
        self._check_workers()
        item = self._next()
        if item is None:
            return None
        if isinstance(item, Query):
            item.answer.put(_answered(item))
            return None
        return self._take(item)

    def _next(self) -> Event | Query | None:
        """The next event: from the inbox, a timer that is due, or a slice of idle work."""
        due = self.timer_due_ms()
        if due is not None and due <= 0:
            name = min(self._timers, key=lambda each: (self._timers[each], each))
            del self._timers[name]
            return TimerFired(name)
        idle = self.terminal.idle_work
        wait_ms = min(1_000 if due is None else due, IDLE_AFTER_MS if idle else 1_000)
        try:
            item = self._inbox.get(timeout=wait_ms / 1000)
        except queue.Empty:
            return Idle() if idle and wait_ms == IDLE_AFTER_MS else None
        if isinstance(item, KeyPressed | KeyHeld):
            with self._lock:
                self._keys -= 1
        return item

    def _take(self, event: Event) -> str | None:
        self.last_event = repr(event)[:200]
        began = time.monotonic_ns()
        effects = self.terminal.step(event, self.clock())
        self.lateness.note((time.monotonic_ns() - began) // 1_000_000, event)
        reason = None
        came_ms = self._scans_ms.popleft() if isinstance(event, Scanned) and self._scans_ms else None
        for effect in effects:
            match effect:
                case SetTimer(name, after_ms):
                    self._timers[name] = self.clock().monotonic_ms + after_ms
                case StopTimer(name):
                    self._timers.pop(name, None)
                case Exit(why):
                    reason = why
                case _:
                    self.carry(effect)
                    if came_ms is not None and isinstance(effect, Show):
                        self.scan_shown(came_ms)
        return reason

    # --- workers ------------------------------------------------------------------------------------------------------

    def _start(self, worker: Worker) -> None:
        def body() -> None:
            try:
                worker.run()
            except BaseException as error:
                log.exception("worker %s died", worker.name)
                self._failed = error

        thread = threading.Thread(target=body, name=worker.name, daemon=True)
        self._threads[worker.name] = thread
        thread.start()

    def _check_workers(self) -> None:
        """A dead worker stops the process: systemd starts it again, the journal is there."""
        if self._failed is not None:
            raise self._failed
        now_ms = time.monotonic_ns() // 1_000_000
        if now_ms - self._fed_ms >= FEED_EVERY_MS and self._all_alive():
            self._fed_ms = now_ms
            self.feed_watchdog()

    def _all_alive(self) -> bool:
        threads = all(thread.is_alive() for thread in self._threads.values())
        return threads and all(worker.alive() for worker in self.workers)

    def _end(self) -> None:
        for worker in self.workers:
            worker.stop()
        for name, thread in self._threads.items():
            thread.join(STOP_WAIT_S)
            if thread.is_alive():
                log.warning("worker %s did not stop", name)
