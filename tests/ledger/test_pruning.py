"""Old records go, and nothing that anybody can still ask for goes with them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.txn import ledger as module
from firmware.txn.dress import dress_at
from firmware.txn.ledger import Ledger, Stamp
from tests.ledger.everything import EPOCH, START_MS, TERMINAL, Shop, must_survive, of_young_sales
from wire.facts import KINDS, Dress, Fact, Sale, ShiftClosed, ShiftOpened

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


def test_a_slip_keeps_its_look_when_the_opening_of_its_shift_is_gone(tmp_path: Path) -> None:
    """One shift, and only its opening says how its slips look: a copy of its last sale is dressed by it to the end."""
    ledger = Ledger.open(tmp_path / "ledger.db", TERMINAL, EPOCH, synchronous="OFF")
    looks = Dress("好邻居便利店", footer=("谢谢",), lang="zh")
    sale = Sale(1, 1, "01", "2026-11-22", (), 0, 0, 0, (), 0, print_slip=False, open_drawer=False)
    told: list[Fact] = [ShiftOpened(1, "01", "2026-11-22", 0, {}, dress=looks)]
    told += [replace(sale, trace=trace) for trace in range(1, 41)]
    told.append(ShiftClosed(1, "01", "2026-11-22", 1, {}, 0, 0, 0, {}, print_slip=False, open_drawer=False))
    for at, fact in enumerate(told):
        ledger.append((fact,), Stamp(START_MS + at, "trusted"))
    ledger.commit()
    seqs = [seq for (seq,) in ledger.read("SELECT seq FROM receipt ORDER BY seq")]
    for gone in (seqs[15], seqs[30]):
        ledger.note_acked(ledger.durable_seq)
        (at_ms,) = ledger.read("SELECT at_ms FROM journal WHERE seq = ?", gone)[0]
        assert ledger.prune(at_ms) > 0
        assert ledger.first_seq > gone - 2
        assert dress_at(ledger, seqs[-1]) == looks
        assert ledger.differences() == []


def test_the_journals_hold_every_kind_of_fact(tmp_path: Path) -> None:
    """A kind that is added and never told here would prove nothing."""
    shop = a_shop(tmp_path, 1).live(2_000)
    assert shop.told | {"carried"} == set(KINDS)
