"""Old records go, and nothing that anybody can still ask for goes with them."""

from pathlib import Path

import pytest

from firmware.txn import ledger as module
from firmware.txn.ledger import Ledger
from tests.ledger.everything import EPOCH, TERMINAL, Shop, must_survive, of_young_sales
from wire.facts import KINDS

SEEDS = range(8)
FOREVER_MS = 2**60


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRUNE_RECORDS_MIN", 5)
    monkeypatch.setattr(module, "PRUNE_RECORDS_MAX", 150)


def a_shop(folder: Path, seed: int) -> Shop:
    return Shop(Ledger.open(folder / "ledger.db", TERMINAL, EPOCH, synchronous="OFF"), seed)


def pruned(ledger: Ledger, before_ms: int) -> int:
    """As many slices as there are; how many records went."""
    ledger.note_acked(ledger.durable_seq)
    gone = 0
    while some := ledger.prune(before_ms):
        gone += some
        ledger.note_acked(ledger.durable_seq)
    return gone


def same_after(ledger: Ledger, before_ms: int) -> int:
    """Prune; live tables, tables rebuilt from the journal and what people can ask for are as before. How many went."""
    was, head = must_survive(ledger), ledger.durable_seq
    full = {seq for (seq,) in ledger.read("SELECT seq FROM journal ORDER BY seq")}
    gone = pruned(ledger, before_ms)
    assert ledger.differences() == []
    assert must_survive(ledger) == was
    assert ledger.broken_at(ledger.first_seq, ledger.durable_seq) is None
    left = {seq for (seq,) in ledger.read("SELECT seq FROM journal WHERE seq <= ? ORDER BY seq", head)}
    assert left == {seq for seq in full if seq >= ledger.first_seq}
    return gone


@pytest.mark.parametrize("seed", SEEDS)
def test_live_is_rebuilt_is_rebuilt_after_pruning(seed: int, tmp_path: Path) -> None:
    shop = a_shop(tmp_path, seed)
    ledger = shop.ledger
    gone = 0
    for part in range(4):
        shop.live(160)
        assert ledger.differences() == [], part
        if part % 2:
            shop.quiet()
        gone += same_after(ledger, shop.at_ms - 4_000_000)
    shop.live(120)
    assert ledger.differences() == []
    live = must_survive(ledger), of_young_sales(ledger, ledger.first_seq)
    ledger.rebuild()
    assert (must_survive(ledger), of_young_sales(ledger, ledger.first_seq)) == live
    assert gone > 100, "hardly anything was pruned"
    ledger.close()


def test_the_journals_hold_every_kind_of_fact(tmp_path: Path) -> None:
    """A kind that is added and never told here would prove nothing."""
    shop = a_shop(tmp_path, 1).live(2_000)
    assert shop.told | {"carried"} == set(KINDS)
