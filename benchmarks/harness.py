"""What every figure shares: runs taken in turns, medians, ratios, a goal, and where files may lie.

A ratio to a limit or a peer taken in the same run holds on any machine; milliseconds alone do not. So both sides run
A/B/A/B, round after round, and what is compared are their medians.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

ROOT = Path(__file__).resolve().parent.parent
CHILD_TIMEOUT_S = 120

Timed = Callable[[], float]
"""One run of one side; its seconds. What it does before and after its own clock is not counted."""


class Figure(msgspec.Struct, frozen=True):
    """One line of the table. `goal` 0 means that the figure stands beside another one for comparison.

    `why` says what the figure consists of, for the case that the goal is missed.
    """

    name: str
    value: float
    unit: str
    goal: float = 0
    better: Literal["less", "more"] = "less"
    detail: str = ""
    why: str = ""

    @property
    def verdict(self) -> Literal["MET", "MISSED", ""]:
        """Whether the goal is met; empty without a goal."""
        if not self.goal:
            return ""
        met = self.value <= self.goal if self.better == "less" else self.value >= self.goal
        return "MET" if met else "MISSED"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to measure, and a folder of this run's own, removed after it."""

    quick: bool
    folder: Path

    def pick(self, quick: int, whole: int) -> int:
        """One of two sizes."""
        return quick if self.quick else whole


def in_turns(sides: dict[str, Timed], rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of every side, taken A/B/A/B; the first `warm_up` rounds are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + warm_up):
        for name, run in sides.items():
            seconds = run()
            if number >= warm_up:
                taken[name].append(seconds)
    return taken


def medians(taken: dict[str, list[float]]) -> dict[str, float]:
    """The median of each side."""
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def wall(act: Callable[[], object]) -> Timed:
    """`act` by the wall clock."""

    def run() -> float:
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return run


def cpu(act: Callable[[], object]) -> Timed:
    """`act` by this thread's processor time."""

    def run() -> float:
        began = time.thread_time()
        act()
        return time.thread_time() - began

    return run


def environment(cache: Path) -> dict[str, str]:
    """For child processes: compiled modules are kept in `cache`, as an installed device has them, whatever this shell
    says; modules are found from the root of the project."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**inherited, "PYTHONPYCACHEPREFIX": str(cache), "PYTHONPATH": os.pathsep.join(paths)}


def child(module: str, *arguments: str, cache: Path, prefix: tuple[str, ...] = ()) -> str:
    """Run `python -m module` to its end; what it printed. Raises `CalledProcessError`, `TimeoutExpired`."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", module, *arguments],
        env=environment(cache), cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=CHILD_TIMEOUT_S, check=True,
    )  # fmt: skip
    return done.stdout


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on a disk if there is one: `TMPDIR`, else `/var/tmp` when the former is memory."""
    wanted = Path(tempfile.gettempdir())
    if filesystem(wanted) == "tmpfs" and filesystem(Path("/var/tmp")) != "tmpfs":
        wanted = Path("/var/tmp")
    with tempfile.TemporaryDirectory(prefix="pos-bench-", dir=wanted) as made:
        yield Path(made)


def filesystem(path: Path) -> str:
    """Kind of the file system `path` lies on, by the longest mount point in `/proc/self/mounts`."""
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, point, found, *_ = line.split()
        inside = path.resolve().is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
