"""18 000 terminals and 2 000 records a second, from the sale to the acknowledgement and into the store.

Generator, Mosquitto and `posfleet serve` share this machine, each a process of its own. A little more than 2 000 sales are
made in a second, so that 2 000 can be acknowledged in one; what counts as acknowledged is what `dn/ack` covers. Afterwards
every hash is looked for in the store.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from benchmarks.harness import Figure, Scale
from benchmarks.load import stand, workloads
from benchmarks.load.audit import Audit, audit_store
from benchmarks.load.fleet import LoadFleet, LoadPlan
from benchmarks.load.report import spread
from tests import postgres
from tests.mosquitto import PROGRAM

MORE = 1.03
ACK_P99_MS = 250
WAIT_S = 240
SETTLE_S = 5.0
"""Between the terminals' coming up and the first counted sale."""

WHY_RATE = (
    "what of the two cores the generator and the broker take, the backend lacks: see the processor time beside it"
)
WHY_P99 = (
    "a commit waits for the disk, and a record for the commit before its own: see the processor time beside the rate"
)
WHY_ONLINE = "links that were not up within the time: refused, or slower than the time allows on this machine"
WHY_ONCE = "records that no acknowledgement covered within the time, or that the store lacks, has twice or has changed"


def measure(scale: Scale) -> list[Figure]:
    """The figures of SQLite, and of PostgreSQL where it is installed."""
    if PROGRAM is None:
        return [Figure("terminals online", 0, "", detail="not measured: mosquitto is not installed")]
    try:
        figures = _on(scale, scale.folder / "sqlite", "SQLite", "")
        if postgres.binaries() is None:
            return [*figures, Figure("on PostgreSQL", 0, "", detail="not measured: postgresql is not installed")]
        with ExitStack() as running:
            scale.folder.chmod(0o711)  # the server may be another user
            server = running.enter_context(postgres.Server(scale.folder / "postgres", durable=True))
            return figures + _on(scale, scale.folder / "worker", "PostgreSQL", server.database())
    except stand.TooFewFiles as few:
        return [Figure("terminals online", 0, "", detail=f"not measured: {few}")]


def _on(scale: Scale, folder: Path, store: str, database: str) -> list[Figure]:
    terminals, rate, seconds = scale.pick(500, 18_000), scale.pick(200, 2_000), scale.pick(4, 30)
    with stand.plain(folder, terminals, database) as here:
        run = asyncio.run(_sell(here, terminals, rate * MORE, seconds))
        found = audit_store(here.store, run.fleet.expected)
    return _figures(run, found, store, terminals, rate)


class _Run:
    """What one run found."""

    def __init__(self, fleet: LoadFleet) -> None:
        self.fleet = fleet
        self.online = 0
        self.up_s = self.per_s = 0.0
        self.cpu_s: dict[str, float] = {}
        self.counted = 0


async def _sell(here: stand.Stand, terminals: int, rate: float, seconds: float) -> _Run:
    async with LoadFleet(LoadPlan(here.broker.host, here.broker.port, terminals)) as fleet:
        run = _Run(fleet)
        began = fleet.now_s()
        await fleet.switch_on(WAIT_S)
        await fleet.settled(WAIT_S)
        run.online, run.up_s = fleet.online, fleet.now_s() - began
        await asyncio.sleep(SETTLE_S)
        cpu, before, began = here.cpu_s(), fleet.counts.acknowledged, fleet.now_s()
        await workloads.sell(fleet, rate, seconds)
        run.per_s = (fleet.counts.acknowledged - before) / (fleet.now_s() - began)
        await fleet.settled(WAIT_S)
        run.counted = fleet.counts.acknowledged - before
        run.cpu_s = {name: used - cpu[name] for name, used in here.cpu_s().items()}
        run.online = min(run.online, fleet.online)
    return run


def _figures(run: _Run, found: Audit, store: str, terminals: int, rate: int) -> list[Figure]:
    fleet, spent = run.fleet, spread(run.fleet.latencies_s)
    once = (found.stored - found.changed - found.doubled - found.foreign) / max(1, found.expected)
    once = once if found.clean and not fleet.outstanding and not fleet.counts.troubles else min(once, 0.999999)
    each = ", ".join(f"{name} {used * 1e6 / max(1, run.counted):.0f}" for name, used in run.cpu_s.items())
    lost = f"{found.missing} missing, {found.doubled} doubled, {found.changed} changed, {found.aside} put aside"
    troubles = "; ".join([*fleet.counts.troubles[:2], *found.examples[:2]])
    return [
        Figure(
            f"terminals online ({store})", run.online, "", terminals, "more",
            f"up and announced after {run.up_s:.0f} s, {fleet.counts.losses} links lost", WHY_ONLINE,
        ),
        Figure(
            f"records acknowledged a second ({store})", run.per_s, "/s", rate, "more",
            f"µs of processor a record: {each}; {fleet.packets} packets, {fleet.resent} resends", WHY_RATE,
        ),
        Figure(
            f"records kept exactly once ({store})", once, "×", 1, "more",
            f"{found.stored} of {found.expected}: {lost}{'; ' + troubles if troubles else ''}", WHY_ONCE,
        ),
        Figure(
            f"commit to acknowledgement, p99 ({store})", spent.p99_ms, "ms", ACK_P99_MS, "less",
            f"p50 {spent.p50_ms:.0f} ms, longest {spent.max_ms:.0f} ms; generator late by ≤ {fleet.late_s * 1e3:.0f} ms",
            WHY_P99,
        ),
    ]  # fmt: skip
