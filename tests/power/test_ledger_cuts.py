"""The power goes at any operation on the card: every acknowledged sale is there, and nothing that was never sold."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.power import trace
from tests.power.disk import Card, Op, SyncFolder
from tests.power.judge import Told, Truth, cut_everywhere, said

SHARES = {
    "first_start": 12,
    "day": 12,
    "whole_day": 20,
    "checkpoints": 10,
    "disk_full": 8,
    "full_and_folding": 8,
    "rebuild": 8,
    "pruning": 4,
    "pruning_on_a_full_disk": 4,
    "read_only_for_a_while": 4,
}
"""Percent of the cuts asked for; the settings have the rest."""

FAULTS = {
    "disk_full": ("pwrite64:error=ENOSPC:when=470+70",),
    "full_and_folding": ("pwrite64:error=ENOSPC:when=470+40",),
    "pruning_on_a_full_disk": ("pwrite64:error=ENOSPC:when=510",),
    "read_only_for_a_while": ("pwrite64:error=EROFS:when=470..475",),
}
SELL_ON_EVERY = 40
NORMAL_CUTS = 300

pytestmark = pytest.mark.usefixtures("strace")


def traced(card: Path, scenario: str, synchronous: str = "FULL") -> list[Op]:
    """Operations of one whole run of a scenario; the log is proven to hold all that reached the folder."""
    folder = card / "data"
    folder.mkdir()
    arguments = (str(folder), scenario, "--synchronous", synchronous)
    run = trace.run("tests.power.sell", *arguments, log=card / "log", inject=FAULTS.get(scenario, ()))
    assert run.code == 0, run.errors
    ops = trace.operations(run.log, folder)
    replayed = Card()
    for op in ops:
        replayed.take(op)
    real = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert replayed.whole() == real, "something was written that the trace did not see"
    assert said(ops) == Told().hear(run.output)
    (card / "cut").mkdir()
    return ops


@pytest.mark.parametrize("scenario", list(SHARES))
def test_no_cut_loses_an_acknowledged_sale(scenario: str, card: Path, cuts: int, figure: Callable[[str], None]) -> None:
    ops = traced(card, scenario)
    told = said(ops)
    assert len(told.sold) >= 2
    if scenario in FAULTS:
        assert "INJECTED" in (card / "log").read_text(encoding="ascii")
    if scenario in ("disk_full", "full_and_folding"):
        assert 9002 in told.refused, "the ballast was released, then a write failed again and a sale was refused"
    if scenario == "read_only_for_a_while":
        assert set(told.refused) == {9013}
        assert len(told.sold) > len(told.refused) > 1, "it was refused, and sold again when it could be written"
    truth = Truth.of(ops, card / "cut")
    began = time.process_time()
    tally = cut_everywhere(ops, truth, card / "cut", cuts * SHARES[scenario] // 100, SELL_ON_EVERY)
    seconds = time.process_time() - began
    assert tally.broken == []
    assert (tally.lost_cuts, tally.lost_sales) == (0, 0)
    figure(
        f"{scenario}: {tally.cuts} cuts in {len(ops)} operations, {len(told.sold)} sales, 0 lost,"
        f" {tally.cuts / seconds:.0f} cuts/s of CPU time"
    )


def test_the_proof_notices_a_ledger_that_does_not_sync(card: Path, figure: Callable[[str], None]) -> None:
    """The same day with synchronous=NORMAL: a commit without its sync."""
    ops = traced(card, "day", "NORMAL")
    tally = cut_everywhere(ops, Truth.of(ops, card / "cut"), card / "cut", NORMAL_CUTS)
    assert tally.lost_cuts > NORMAL_CUTS // 10
    figure(f"synchronous=NORMAL: {tally.lost_cuts} of {tally.cuts} cuts lost {tally.lost_sales} acknowledged sales")


def test_the_proof_notices_a_folder_that_is_never_synced(card: Path) -> None:
    """Without a sync of the folder the very names of the files may be gone."""
    ops = [op for op in traced(card, "first_start") if not isinstance(op, SyncFolder)]
    tally = cut_everywhere(ops, Truth.of(ops, card / "cut"), card / "cut", 150)
    assert tally.lost_cuts + len(tally.broken) > 5
