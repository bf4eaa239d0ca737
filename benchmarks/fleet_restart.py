"""The broker is killed and started again while 10 000 terminals are connected to it and sell.

Each comes back by itself after a back-off with full jitter, as the firmware does, without knowing of the others. Counted is
from the kill until 99 % are announced again; afterwards nothing may be lost that was sold meanwhile.
"""

import asyncio

from benchmarks.harness import Figure, Scale
from benchmarks.load import stand, workloads
from benchmarks.load.audit import audit_store
from benchmarks.load.fleet import LoadFleet, LoadPlan
from tests.mosquitto import PROGRAM

SHARE = 0.99
BACK_S = 120
WAIT_S = 240
SALES_PER_S = 100
WHY_BACK = (
    "the broker takes in so many links a second and no more, and who is refused waits up to 30 s before it tries again"
)
WHY_ONCE = "records sold while the broker was away that no acknowledgement covered in time, or that the store lacks"


def measure(scale: Scale) -> list[Figure]:
    """How long they take, and whether all they sold arrived."""
    name = "99 % of terminals back after a broker's restart"
    terminals = scale.pick(500, 10_000)
    if PROGRAM is None:
        return [Figure(name, 0, "s", detail="not measured: mosquitto is not installed")]
    try:
        with stand.plain(scale.folder, terminals) as here:
            back_s, fleet = asyncio.run(_restart(here, terminals, scale.pick(5, 20)))
            found = audit_store(here.store, fleet.expected)
    except stand.TooFewFiles as few:
        return [Figure(name, 0, "s", detail=f"not measured: {few}")]
    counts = fleet.counts
    once = found.clean and not fleet.outstanding and not counts.troubles
    said = "; ".join([*counts.troubles[:2], *found.examples[:2]]) or "nothing lost, nothing doubled"
    tries = f"{terminals} terminals, {counts.failures.total()} attempts failed, {fleet.resent} resends"
    return [
        Figure(name, min(back_s, WAIT_S), "s", BACK_S, "less", tries, WHY_BACK),
        Figure(
            "records kept exactly once over the restart",
            float(once),
            "×",
            1,
            "more",
            f"{found.stored}: {said}",
            WHY_ONCE,
        ),
    ]


async def _restart(here: stand.Stand, terminals: int, seconds: float) -> tuple[float, LoadFleet]:
    async with LoadFleet(LoadPlan(here.broker.host, here.broker.port, terminals)) as fleet:
        await fleet.switch_on(WAIT_S)
        await fleet.settled(WAIT_S)
        sales = asyncio.create_task(workloads.sell(fleet, SALES_PER_S, seconds))
        await asyncio.sleep(seconds / 4)
        began = fleet.now_s()
        await asyncio.to_thread(here.broker.kill)
        await fleet.until(lambda: fleet.online == 0, WAIT_S)
        await asyncio.to_thread(here.broker.start)
        back_s = await workloads.back(fleet, began, SHARE, WAIT_S)
        await sales
        await fleet.settled(WAIT_S)
    return back_s, fleet
