"""`python -m simulation`: many shop days; each seed is a day and, when something is found, the whole bug report."""

import argparse
import sys
import time

from simulation.coverage import missing, report
from simulation.machine import Met
from simulation.mutants import MUTANTS
from simulation.verdict import Verdict, judged
from simulation.world import HOURS

COVERAGE_SEEDS_MIN = 50
"""Fewer days than this need not meet everything."""

COMMITS_GOAL = 2.0
FINDINGS_SHOWN = 8
TAIL_SHOWN = 60


def main(argv: list[str] | None = None) -> int:
    """0 when nothing was found and everything was met; with `--mutant`, when the mutant was caught."""
    options = _options(argv)
    began = time.monotonic()
    total, bad, sales, commits = Met(), 0, 0, 0.0
    seeds = range(options.first, options.first + options.seeds)
    for verdict in judged(seeds, options.mutant, options.hours, options.jobs):
        total.add(verdict.met)
        sales += verdict.sales
        commits += verdict.commits * verdict.sales
        if options.verbose or verdict.findings:
            _tell(verdict, options.tail)
        bad += bool(verdict.findings)
        if options.mutant and bad:
            print(
                f"mutant {options.mutant} caught by seed {verdict.seed} after {verdict.seed - options.first + 1} seeds"
            )
            return 0
    if options.mutant:
        print(f"mutant {options.mutant} was NOT caught in {options.seeds} seeds")
        return 1
    print(report(total))
    per_sale = commits / max(1, sales)
    print(f"{options.seeds} days, {sales} sales, {time.monotonic() - began:.0f} s; days with findings: {bad}")
    print(
        f"commits per cash sale: {per_sale:.2f} (goal <= {COMMITS_GOAL:g}{'' if per_sale <= COMMITS_GOAL else ', MISSED'})"
    )
    never = missing(total)
    for line in never:
        print(f"never met: {line}")
    return 1 if bad or (never and options.seeds >= COVERAGE_SEEDS_MIN) else 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many days")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, default=HOURS, help="how long a shop day is")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--mutant", default="", choices=["", *MUTANTS], help="a mistake on purpose that must be caught")
    parser.add_argument("--tail", type=int, default=TAIL_SHOWN, help="lines of the trace shown for a finding")
    parser.add_argument("--verbose", action="store_true", help="one line for every seed")
    return parser.parse_args(argv)


def _tell(verdict: Verdict, tail: int) -> None:
    print(
        f"seed {verdict.seed}: {verdict.sales} sales, trace {verdict.trace_hash[:16]}, {len(verdict.findings)} findings"
    )
    for finding in verdict.findings[:FINDINGS_SHOWN]:
        print(f"  {finding}")
    if verdict.findings:
        first = next((i for i, line in enumerate(verdict.tail) if "!!!" in line), len(verdict.tail) - 1)
        print("  ...", *verdict.tail[max(0, first - tail) : first + 10], sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
