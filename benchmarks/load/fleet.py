"""All simulated terminals of a process: their common clock, buffer and chance, and what is counted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.journal import Due
from benchmarks.load.terminal import Terminal
from benchmarks.load.tls import TlsFiles

BUFFER_BYTES = 256 * 1024
SWEEP_S = 5.0
"""Each terminal looks at its clock this often."""
SWEEP_PARTS = 50
LOOK_S = 0.01
TROUBLES_KEPT = 20


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """`sources`: loopback addresses 127.0.0.1… to come from, so that ports do not run out; 0: the system's choice.
    `connects_per_s`: how fast terminals are switched on, so that the beginning is no storm of its own. `shared`: a topic all
    of them hear, for the broker's own fan-out."""

    host: str
    port: int
    terminals: int
    prefix: str = "L"
    first: int = 1
    tls: TlsFiles | None = None
    sources: int = 8
    connects_per_s: int = 1_000
    seed: int = 1
    shared: str = ""

    @property
    def names(self) -> list[str]:
        return [f"{self.prefix}{number:06d}" for number in range(self.first, self.first + self.terminals)]


Heard = Callable[[Terminal, str, bytes], None]


@dataclass(slots=True)
class Counts:
    """What happened. `troubles`: what must not happen at all, the first few in words."""

    ups: int = 0
    losses: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    acknowledged: int = 0
    troubles: list[str] = field(default_factory=list)
    troubles_more: int = 0


class LoadFleet:
    """Use inside a running event loop: `async with LoadFleet(plan) as fleet: await fleet.switch_on(); …`."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.buffer = memoryview(bytearray(BUFFER_BYTES))  # one for all: nothing is left in it between two reads
        self.counts = Counts()
        self.latencies_s: list[float] = []
        self.packets = self.resent = 0
        self.late_s = 0.0  # the most this process was behind its own clock
        self.hears: dict[str, Heard] = {}
        self._chance = random.Random(plan.seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._up: set[Terminal] = set()
        self._committed = 0
        sources = [f"127.0.0.{n + 1}" for n in range(plan.sources)] or [""]
        self.terminals = [Terminal(self, name, sources[n % len(sources)]) for n, name in enumerate(plan.names)]

    async def __aenter__(self) -> "LoadFleet":
        self.spawn(self._sweep())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for terminal in self.terminals:
            terminal.cut(for_good=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what workloads ask for -------------------------------------------------------------------------------------------

    async def switch_on(self, timeout_s: float = 600.0) -> bool:
        """Give every journal its first record and connect all, at the plan's pace; whether all came up in time."""
        began = self.now_s()
        for number, terminal in enumerate(self.terminals):
            terminal.switch_on(wall_ms())
            ahead_s = number / self.plan.connects_per_s - (self.now_s() - began)
            if ahead_s > 0.005 or number % 50 == 0:
                await asyncio.sleep(max(0.0, ahead_s))
        return await self.until(lambda: self.online == len(self.terminals), timeout_s)

    async def until(self, true: Callable[[], bool], timeout_s: float = 600.0) -> bool:
        """Wait until it is so; whether it became so in time."""
        end_s = self.now_s() + timeout_s
        while not true():
            if self.now_s() >= end_s:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def settled(self, timeout_s: float) -> bool:
        """Wait until every record is acknowledged."""
        return await self.until(lambda: self.outstanding == 0, timeout_s)

    @property
    def online(self) -> int:
        return len(self._up)

    @property
    def committed(self) -> int:
        """Records in all journals."""
        return self._committed

    @property
    def outstanding(self) -> int:
        """Records no acknowledgement covers yet."""
        return self._committed - self.counts.acknowledged

    @property
    def expected(self) -> dict[str, tuple[int, list[bytes]]]:
        """What the store must hold: epoch and hashes by terminal."""
        return {each.name: (each.journal.epoch, each.journal.hashes) for each in self.terminals}

    # --- what terminals tell ----------------------------------------------------------------------------------------------

    @staticmethod
    def now_s() -> float:
        return time.monotonic()

    def jitter(self) -> float:
        return self._chance.random()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (raised := task.exception()) is not None:
            self.trouble(f"the generator broke: {raised!r}")

    def commits(self) -> None:
        """A terminal committed a record."""
        self._committed += 1

    def came_up(self, terminal: Terminal) -> None:
        self.counts.ups += 1
        self._up.add(terminal)

    def lost(self, terminal: Terminal, by_intent: bool) -> None:
        self.counts.losses += not by_intent
        self._up.discard(terminal)

    def failed(self, cause: str) -> None:
        self.counts.failures[cause] += 1

    def refused(self, terminal: Terminal, reason: int) -> None:
        self.counts.refusals[reason] += 1

    def broken(self, terminal: Terminal, trouble: Exception) -> None:
        self.trouble(f"{terminal.name}: {trouble!r}")

    def foreign(self, terminal: Terminal, what: str) -> None:
        self.trouble(f"{terminal.name}: {what}")

    def trouble(self, text: str) -> None:
        """Something that must not happen."""
        if len(self.counts.troubles) < TROUBLES_KEPT:
            self.counts.troubles.append(text)
        else:
            self.counts.troubles_more += 1

    def acked(self, terminal: Terminal, gone: list[Due], now_s: float) -> None:
        self.counts.acknowledged += len(gone)
        self.latencies_s += [now_s - due.at_s for due in gone if due.fresh]

    def heard(self, terminal: Terminal, rest: str, payload: bytes) -> None:
        hear = self.hears.get(rest.partition("/")[0])
        if hear is not None:
            hear(terminal, rest, payload)

    async def _sweep(self) -> None:
        while True:
            for part in range(SWEEP_PARTS):
                due_s = self.now_s() + SWEEP_S / SWEEP_PARTS
                await asyncio.sleep(SWEEP_S / SWEEP_PARTS)
                now_s = self.now_s()
                self.late_s = max(self.late_s, now_s - due_s)
                for terminal in self.terminals[part::SWEEP_PARTS]:
                    terminal.by_clock(now_s)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000
