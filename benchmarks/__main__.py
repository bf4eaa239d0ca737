"""`python -m benchmarks`: every performance figure we claim, measured anew, with its goal beside it.

Each figure runs in a process of its own with a time limit, so that none spoils the next. Exit code 0 when everything
could be measured, also with missed goals; 1 when a figure broke.
"""

import argparse
import importlib
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.harness import ROOT, Figure, Scale, environment, filesystem, scratch

FIGURES = (
    "commit",
    "disk_bytes",
    "lookup",
    "lcd_bytes",
    "key_frame",
    "receipt",
    "printer_status",
    "first_screen",
    "memory",
    "backlog",
    "fleet_records",
    "fleet_settings",
    "fleet_restart",
    "keystrokes",
    "closing",
    "postgres",
    "handshake",
)
"""Modules of this package, each with `measure(scale) -> list[Figure]`."""

LIMIT_S = 900
"""No figure takes longer, or it is stopped and reported as broken."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one module."""

    name: str
    seconds: float
    figures: tuple[Figure, ...] = ()
    broke: str = ""


def main() -> int:
    """Measure, print, write the JSON."""
    options = _parser().parse_args()
    if options.inside:
        return _inside(options.inside, options.quick, options.json)
    print(_machine(), flush=True)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="pos-bench-cache-") as cache:
        for name in options.only or FIGURES:
            outcomes.append(_measured(name, options.quick, Path(cache)))
            print(_table(outcomes[-1]), flush=True)
    _write(options.json, outcomes)
    missed = [figure.name for each in outcomes for figure in each.figures if figure.verdict == "MISSED"]
    broken = [each.name for each in outcomes if each.broke]
    print(
        f"\n{sum(each.seconds for each in outcomes):.0f} s; missed: {', '.join(missed) or 'none'}; JSON: {options.json}"
    )
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Every performance figure we claim.")
    parser.add_argument("--only", nargs="+", choices=FIGURES, metavar="NAME", help=f"of: {', '.join(FIGURES)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: a look, no proof")
    parser.add_argument("--json", type=Path, default=ROOT / "reports" / "bench.json", help="where the JSON goes")
    parser.add_argument("--inside", choices=FIGURES, help=argparse.SUPPRESS)
    return parser


def _inside(name: str, quick: bool, into: Path) -> int:
    """In a figure's own process: measure, leave the figures as JSON."""
    module = importlib.import_module(f"benchmarks.{name}")
    with scratch() as folder:
        figures: list[Figure] = module.measure(Scale(quick, folder))
    into.write_bytes(msgspec.json.encode(figures))
    return 0


def _measured(name: str, quick: bool, cache: Path) -> Outcome:
    began, into = time.monotonic(), cache / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks", "--inside", name, "--json", str(into)]
    try:
        subprocess.run(
            [*command, *(["--quick"] if quick else [])],
            env=environment(cache), cwd=ROOT, stdout=sys.stderr, timeout=LIMIT_S, check=True,
        )  # fmt: skip
        figures = msgspec.json.decode(into.read_bytes(), type=tuple[Figure, ...])
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        return Outcome(name, time.monotonic() - began, broke=str(error))
    return Outcome(name, time.monotonic() - began, figures)


def _machine() -> str:
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{platform.machine()}, {python}, files on {filesystem(Path(tempfile.gettempdir()))}\n"


def _table(outcome: Outcome) -> str:
    rows = [f"{outcome.name} ({outcome.seconds:.0f} s)"]
    if outcome.broke:
        rows.append(f"  BROKEN: {outcome.broke}")
    for figure in outcome.figures:
        goal = f"{'≤' if figure.better == 'less' else '≥'} {figure.goal:g} {figure.unit}" if figure.goal else ""
        value = f"{figure.value:.4g} {figure.unit}"
        rows.append(f"  {figure.name:<46} {value:>12}  {goal:<10} {figure.verdict:<6}  {figure.detail}".rstrip())
        if figure.verdict == "MISSED":
            rows.append(f"      why: {figure.why}")
    return "\n".join(rows)


def _write(path: Path, outcomes: list[Outcome]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**msgspec.to_builtins(each)} for each in outcomes]
    for row, each in zip(rows, outcomes, strict=True):
        for shown, figure in zip(row["figures"], each.figures, strict=True):
            shown["verdict"] = figure.verdict
    machine = {"machine": platform.machine(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    path.write_bytes(msgspec.json.format(msgspec.json.encode({**machine, "figures": rows}), indent=1) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
