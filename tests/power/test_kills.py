"""The process is killed at an exact write, sync, rename or unlink: the next start finds all that was acknowledged.

A kill keeps what the kernel has; it proves the order of the calls, where the cuts prove their syncs (decisions 6).
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.power import test_settings_cuts, trace
from tests.power.judge import Told, Truth, sells_on

LEDGER_CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "write")
STORE_CALLS = ("write", "fsync", "rename")
LEDGER_SHARE = 86
SELLERS = ("checkpoints", "first_start", "whole_day")
STORE_COUNT = "4"

pytestmark = pytest.mark.usefixtures("strace")


def spread(counts: dict[str, int], kills: int) -> tuple[tuple[str, int], ...]:
    """Where to kill: every kind of call at its first and last, rare ones more densely, the commonest takes what is left."""
    total = sum(count**0.5 for count in counts.values())
    wanted = {call: min(count, max(2, round(kills * count**0.5 / total))) for call, count in counts.items()}
    common = max(counts, key=lambda call: counts[call])
    wanted[common] = min(counts[common], wanted[common] + max(0, kills - sum(wanted.values())))
    points = {
        (call, 1 + n * (counts[call] - 1) // max(1, many - 1)) for call, many in wanted.items() for n in range(many)
    }
    return tuple(sorted(points))


def counted(log: Path) -> dict[str, int]:
    """How often each call came in a whole run, as strace's `when` counts them."""
    return Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(encoding="ascii"), re.MULTILINE))


def killed(
    card: Path, module: str, argument: str, calls: tuple[str, ...], kills: int
) -> tuple[tuple[tuple[str, int], ...], Path]:
    """The points where runs were killed, and the folder with what each left; the whole run is in `card / "data"`."""
    (card / "data").mkdir()
    whole = trace.run(f"tests.power.{module}", str(card / "data"), argument, log=card / "log")
    assert whole.code == 0, whole.errors
    count = counted(card / "log")
    counts = {call: count[call] for call in calls}
    points = spread(counts, kills)
    (card / "killed").mkdir()
    run = trace.run_killed(f"tests.power.{module}", card / "killed", argument, points, counts)
    assert run.code == 0, run.errors
    return points, card / "killed"


@pytest.mark.parametrize("scenario", SELLERS)
def test_a_kill_at_a_write_loses_no_sale(scenario: str, card: Path, kills: int, figure: Callable[[str], None]) -> None:
    points, left = killed(card, "sell", scenario, LEDGER_CALLS, kills * LEDGER_SHARE // 100 // len(SELLERS))
    (card / "look").mkdir()
    truth = Truth.of(trace.operations(card / "log", card / "data"), card / "look")
    for number, point in enumerate(points):
        told = Told().hear((left / f"{number}.said").read_text())
        assert truth.judge(left / str(number), told) == 0, point
        sells_on(left / str(number))
    figure(f"kills, {scenario}: {len(points)} at {', '.join(sorted({call for call, _ in points}))}: 0 sales lost")


def test_a_kill_at_a_write_leaves_whole_documents(card: Path, kills: int, figure: Callable[[str], None]) -> None:
    points, left = killed(card, "set_up", STORE_COUNT, STORE_CALLS, kills * (100 - LEDGER_SHARE) // 100)
    for number, point in enumerate(points):
        kept = test_settings_cuts.Kept().hear((left / f"{number}.said").read_text())
        assert test_settings_cuts.fault(left / str(number), kept) == "", point
    figure(f"kills, settings: {len(points)} at {', '.join(STORE_CALLS)}: whole")
