"""Shop days: nothing is found by the auditor, and the same seed is the same day wherever it is lived."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.verdict import judge
from simulation.world import Plan

HOURS = 1.5
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from simulation.verdict import *; print(judge(5, plan=Plan(0.5)).trace_hash)"


@pytest.mark.parametrize("seed", range(20, 34))
def test_a_troubled_day_leaves_all_witnesses_agreed(seed: int) -> None:
    verdict = judge(seed, plan=Plan(HOURS))
    assert verdict.findings == (), "\n".join((*verdict.findings, *verdict.tail[-40:]))
    assert verdict.sales > 10, "a day without sales proves nothing"


@pytest.mark.parametrize("seed", range(40, 48))
def test_a_troubled_day_of_the_clerk_leaves_all_witnesses_agreed(seed: int) -> None:
    verdict = judge(seed, plan=Plan(HOURS, staff="clerk"))
    assert verdict.findings == (), "\n".join((*verdict.findings, *verdict.tail[-40:]))
    assert verdict.sales > 3, "a day without sales proves nothing"


def test_the_same_seed_is_the_same_day_under_another_hash_seed() -> None:
    hashes = set()
    for hash_seed in ("1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        hashes.add(done.stdout.strip())
    assert len(hashes) == 1


def test_another_seed_is_another_day() -> None:
    assert judge(5, plan=Plan(0.2)).trace_hash != judge(6, plan=Plan(0.2)).trace_hash


DISK_AND_PRINTER = (
    *("disk_brim", "disk_read_only", "disk_full", "disk_commit_full") * 2,
    "printer_paper_out_mid_slip", "printer_silent", "printer_fence_lost",
)  # fmt: skip


@pytest.mark.parametrize("seed", [3, 9, 13, 17])
def test_a_slip_whose_outcome_found_no_room_on_the_disk_is_not_printed_again_unmarked(seed: int) -> None:
    assert judge(seed, plan=Plan(1.0, DISK_AND_PRINTER)).findings == ()


def test_a_rotten_old_record_is_noticed_and_selling_goes_on() -> None:
    verdict = judge(2, plan=Plan(5.0, ("journal_damaged",) * 4 + ("ack_wants_again",) * 3))
    assert verdict.findings == ()
    assert verdict.met.faults.get("record_damaged"), "no record was old enough: this day proves nothing"
    assert verdict.met.codes.get("9012"), "nobody was told"
