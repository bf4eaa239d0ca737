"""`python -m benchmarks.load`: a fleet of simulated terminals against a real Mosquitto and the real `posfleet serve`.

Exit code 0 when every record was acknowledged and the store holds each of them once, 1 when not.
"""

import argparse
import asyncio
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from benchmarks.harness import scratch
from benchmarks.load import stand, workloads
from benchmarks.load.audit import audit_store
from benchmarks.load.fleet import LoadFleet, LoadPlan
from benchmarks.load.report import Report, Run, report, table

DRAIN_S = 300


def main() -> int:
    """Run, print, write the JSON."""
    options = _parser().parse_args()
    with scratch() as folder, _stand(options, folder) as here:
        found = asyncio.run(_run(options, here))
    print(table(found))
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return 0 if found.clean else 1


def _stand(options: argparse.Namespace, folder: Path) -> AbstractContextManager[stand.Stand]:
    if options.tls == "mutual":
        return stand.encrypted(folder, LoadPlan("", 0, options.terminals).names)
    return stand.plain(folder, options.terminals)


async def _run(options: argparse.Namespace, here: stand.Stand) -> Report:
    plan = LoadPlan(
        here.broker.host, here.broker.port, options.terminals, tls=here.tls, connects_per_s=options.connects,
        seed=options.seed,
    )  # fmt: skip
    asked = workloads.Asked()
    async with LoadFleet(plan) as fleet:
        began = fleet.now_s()
        await fleet.switch_on()
        await fleet.settled(DRAIN_S)
        up_s, before = fleet.now_s() - began, fleet.counts.acknowledged
        workloads.listen(fleet, asked)
        began, cpu = fleet.now_s(), here.cpu_s()
        back_s = await _work(fleet, options, asked)
        await fleet.settled(DRAIN_S)
        await fleet.until(lambda: not asked.open, 15.0)
        took_s = fleet.now_s() - began
        used = {name: seconds - cpu[name] for name, seconds in here.cpu_s().items()}
        acknowledged = fleet.counts.acknowledged - before
        run = Run(options.tls, options.rate, options.seconds, acknowledged, took_s, up_s, used, back_s)
        expected = fleet.expected
    return report(fleet, run, audit_store(here.store, expected), asked)


async def _work(fleet: LoadFleet, options: argparse.Namespace, asked: workloads.Asked) -> float | None:
    """Sales and asks side by side, a storm in the middle; seconds until the fleet was back from it."""
    if options.backlog:
        await workloads.backlog(fleet, options.backlog)
    jobs = [asyncio.create_task(workloads.sell(fleet, options.rate, options.seconds))]
    if options.asks:
        jobs.append(asyncio.create_task(workloads.ask(fleet, options.asks, options.seconds, asked)))
    back_s = None
    if options.storm:
        await asyncio.sleep(options.seconds / 3)
        back_s = await workloads.storm(fleet, options.storm, DRAIN_S)
    await asyncio.gather(*jobs)
    return back_s


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--terminals", type=int, default=1_000, metavar="N")
    parser.add_argument("--tls", choices=("none", "mutual"), default="none", help="mutual: the broker as we ship it")
    parser.add_argument("--rate", type=float, default=200.0, metavar="R", help="sales a second, in all")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="how long the shops sell")
    parser.add_argument(
        "--asks", type=float, default=0.0, metavar="R", help="asks a second: reach and payments by turns"
    )
    parser.add_argument("--backlog", type=int, default=0, metavar="N", help="records each terminal begins with")
    parser.add_argument("--storm", type=float, default=0.0, metavar="SHARE", help="share of links cut after a third")
    parser.add_argument("--connects", type=int, default=1_000, metavar="R", help="terminals switched on in a second")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write all figures there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
