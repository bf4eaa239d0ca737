"""Time from the daemon's start to its first picture ÷ an interpreter that imports a fixed list (decisions 32).

The real `posd run --virtual` on the emulator's board, booting a shop that exists; once with the demonstration goods, once
with many more, because a start must not depend on how much there is to sell.
"""

import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.harness import ROOT, Figure, Scale, environment, in_turns, medians
from benchmarks.posd import Rig

FIXED = "import os, msgspec, sqlite3, PIL.Image, luma.core.device; os._exit(0)"
RATIO_MAX = 2.0
"""300 ms for the first screen ÷ 150 ms that the fixed list takes on the reference machine (2 cores of x86)."""

GOODS_RATIO_MAX = 1.1
WORST = 6


def measure(scale: Scale) -> list[Figure]:
    """Few goods against the fixed list, many goods against few."""
    cache = scale.folder / "cache"
    few_folder, many_folder = scale.folder / "few", scale.folder / "many"
    for folder in (few_folder, many_folder):
        folder.mkdir()
    goods = scale.pick(5_000, 100_000)
    with Rig(few_folder, cache) as few, Rig(many_folder, cache, goods) as many:
        cpu_s: list[float] = []
        sides = {"fixed": lambda: _fixed(cache), "few": lambda: _boot(few, cpu_s), "many": lambda: _boot(many, [])}
        taken = medians(in_turns(sides, scale.pick(2, 5)))
    ratio, more = taken["few"] / taken["fixed"], taken["many"] / taken["few"]
    detail = f"{taken['few'] * 1000:.0f} ms ÷ {taken['fixed'] * 1000:.0f} ms"
    worked = f"; {statistics.median(cpu_s) * 1000:.0f} ms of processor" if cpu_s else ""
    why_more = "the catalogue's file is read, decoded and hashed at every start to see whether it changed"
    return [
        Figure("first screen ÷ importing a fixed list", ratio, "×", RATIO_MAX, detail=detail + worked, why=why(cache)),
        Figure("first screen", taken["few"] * 1000, "ms", detail="300 ms is the aim on the reference machine"),
        Figure(
            f"first screen with {goods} goods ÷ with 360", more, "×", GOODS_RATIO_MAX,
            detail=f"{taken['many'] * 1000:.0f} ms", why=why_more,
        ),
    ]  # fmt: skip


def _fixed(cache: Path) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIXED], env=environment(cache), cwd=ROOT, check=True)
    return time.perf_counter() - began


def _boot(rig: Rig, cpu_s: list[float]) -> float:
    with rig.posd() as posd:
        took_s = posd.first_screen_s()
        cpu_s.append(posd.cpu_s())
        return took_s


def why(cache: Path) -> str:
    """Where the time goes, by `-X importtime`: whose modules, and the slowest ones by themselves."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import firmware.__main__"],
        env=environment(cache), cwd=ROOT, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    selfs = {name.strip(): int(us) for us, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|(.*)", done.stderr)}
    ours: Counter[str] = Counter()
    for name, us in selfs.items():
        room = name.split(".")[0]
        ours[room if (ROOT / room).is_dir() else "packages and the standard library"] += us
    rooms = ", ".join(f"{name} {us / 1000:.0f} ms" for name, us in ours.most_common())
    worst = ", ".join(f"{name} {us / 1000:.0f}" for name, us in Counter(selfs).most_common(WORST))
    return f"imports: {rooms}; slowest by themselves: {worst}"
