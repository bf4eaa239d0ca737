"""How often a cash sale makes the card sync, counted by strace, and how many bytes it writes, by the kernel's own count."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from benchmarks.disk_bytes import RATIO_MAX, Sold
from tests.power import trace
from tests.power.disk import Op, Said, Sync, SyncFolder, Write

SALES = 70


def settling(ops: Sequence[Op]) -> list[tuple[int, bool]]:
    """Of every step that settles a sale: how often it synced, and whether the log had been folded since the one before."""
    counts: list[tuple[int, bool]] = []
    inside = folded = False
    syncs = 0
    for op in ops:
        match op:
            case Said(text) if "settling" in text:
                inside, syncs = True, 0
            case Said(text) if inside and "sold " in text:
                counts.append((syncs, folded))
                inside = folded = False
            case Write(name, 0, _) if name.endswith("-wal"):  # its header: the log begins anew
                folded = True
            case Sync() | SyncFolder():
                syncs += 1
    return counts


@pytest.mark.usefixtures("strace")
def test_a_sale_syncs_once_when_it_settles_and_twice_in_all(card: Path, figure: Callable[[str], None]) -> None:
    folder = card / "data"
    folder.mkdir()
    run = trace.run("tests.power.sell", str(folder), "busy", log=card / "log")
    assert run.code == 0, run.errors
    ops = trace.operations(run.log, folder)
    counts = settling(ops)
    assert len(counts) == SALES
    assert [syncs for syncs, folded in counts if not folded] == [1] * sum(not folded for _, folded in counts)
    again = [syncs for syncs, folded in counts if folded]
    assert again, "the log was never folded in"
    assert max(again) <= 2, "SQLite syncs the header of a folded log before its first commit"
    first = next(number for number, op in enumerate(ops) if isinstance(op, Said) and "settling" in op.text)
    each = sum(isinstance(op, Sync | SyncFolder) for op in ops[first:]) / SALES
    assert each <= 2
    figure(f"syncs: 1 in a settling step ({sum(again)} in the {len(again)} after a fold), {each:.2f} a sale in all")


def test_a_sale_writes_little(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """`benchmarks.sells` in a process of its own, folds included; a memory disk counts no writes."""
    command = [sys.executable, "-m", "benchmarks.sells", str(tmp_path), str(SALES), "1024"]
    done = subprocess.run(command, cwd=trace.ROOT, capture_output=True, text=True, check=True)
    sold = msgspec.json.decode(done.stdout, type=Sold)
    if not sold.write_bytes:
        pytest.skip("this file system counts no writes in /proc/self/io")
    each = sold.write_bytes / sold.sales
    figure(f"bytes to the card: {each:.0f} a sale, {each / sold.record_bytes:.1f} × its record of {sold.record_bytes}")
    assert each / sold.record_bytes <= RATIO_MAX
