"""From a seed to a verdict: live the day, have it audited; many seeds in a few processes."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from simulation.auditor import audit, commits_per_sale, records_by_kind, sales_of
from simulation.counter_mutants import COUNTER
from simulation.machine import Met
from simulation.mutants import mutated
from simulation.voucher_mutants import VOUCHERS
from simulation.world import DAY, Plan, run_day


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one seed came to."""

    seed: int
    findings: tuple[str, ...]
    met: Met
    trace_hash: str
    tail: tuple[str, ...]
    sales: int
    commits: float


def judge(seed: int, mutant: str = "", plan: Plan = DAY) -> Verdict:
    """Live one day and have it audited."""
    with mutated(mutant):
        told = run_day(seed, plan)
    findings = tuple(audit(told.day))
    for kind, count in records_by_kind(told.day.rows).items():
        told.met.facts[kind] = count
    tail = told.tail if findings else ()
    return Verdict(seed, findings, told.met, told.trace_hash, tail, sales_of(told.day), commits_per_sale(told.day))


def judged(seeds: range, mutant: str, hours: float, jobs: int) -> Iterator[Verdict]:
    """Verdicts in the order of the seeds."""
    work = partial(_lived, mutant=mutant, hours=hours)
    if jobs == 1:
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, seeds)


def _lived(seed: int, mutant: str, hours: float) -> Verdict:
    """Odd seeds are the careful cashier's days, even ones the clerk's, and so are those of the counter's mistakes."""
    clerk = mutant in COUNTER | VOUCHERS or seed % 2 == 0
    return judge(seed, mutant, Plan(hours, staff="clerk" if clerk else "cashier"))
