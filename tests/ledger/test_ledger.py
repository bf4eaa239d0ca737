"""The ledger keeps every committed fact, in order, chained, and its tables are what the journal says."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.txn import ledger as module
from firmware.txn.ballast import BALLAST_BYTES
from firmware.txn.ledger import Ledger, LedgerDamaged, LedgerError, LedgerLocked, LedgerUnsure, Stamp
from tests.counter import APPLE_5_YUAN, COLA, Counter
from wire.facts import LanguageChosen, ShiftOpened, SignedOn
from wire.records import GENESIS, record_hash

STAMP = Stamp(1_795_305_600_000, "trusted")


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder / "ledger.db", "00010023", 4711)


def raw(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "ledger.db", isolation_level=None)


def test_committed_facts_survive_and_pending_ones_do_not(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((SignedOn("01", "cashier"),), STAMP)
    ledger.commit()
    ledger.append((LanguageChosen("en"),), STAMP)
    ledger.db.execute("ROLLBACK")  # the power goes
    ledger.db.close()
    again = opened(tmp_path)
    assert [entry.fact for entry in again.entries()] == [SignedOn("01", "cashier")]
    assert (again.next_seq, again.durable_seq) == (2, 1)


def test_records_chain_from_genesis_and_carry_the_exact_body(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    for n in range(5):
        ledger.append((SignedOn(f"{n:02d}", "cashier"),), STAMP)
    ledger.commit()
    records = ledger.records(0, 10)
    assert [record.seq for record in records] == [1, 2, 3, 4, 5]
    assert records[0].prev == GENESIS.hex()
    assert all(record_hash("00010023", record) == record.hash for record in records)
    assert [a.hash for a in records[:-1]] == [b.prev for b in records[1:]]
    assert [record.seq for record in ledger.records(3, 1)] == [4]


def test_pending_facts_are_not_handed_to_the_uplink(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((SignedOn("01", "cashier"),), STAMP)
    assert ledger.records(0, 10) == ()
    ledger.commit()
    assert len(ledger.records(0, 10)) == 1


def test_one_commit_is_one_sync_however_many_facts(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((SignedOn("01", "cashier"), ShiftOpened(1, "01", "2026-11-22", 0, {})), STAMP)
    ledger.note_acked(1)
    ledger.commit()
    ledger.commit()
    assert ledger.syncs == 1


def test_a_day_of_selling_rebuilds_to_the_same_tables(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(10):
        counter.scan(COLA).scan(APPLE_5_YUAN).scan(COLA).keys("3 * OK OK F2 OK")
    counter.keys("1 2 5 0 OK OK")
    assert counter.ledger.differences() == []
    counter.ledger.commit()
    counter.ledger.rebuild()
    assert counter.ledger.differences() == []


def test_a_table_that_lies_is_found(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan(COLA).keys("OK F2 OK")
    counter.ledger.commit()
    counter.ledger.db.execute("UPDATE shift SET cash_fen = cash_fen + 1")
    assert counter.ledger.differences() == ["shift"]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE journal SET body = x'7b7d' WHERE seq = 3", 3),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2", 2),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 4", 4),
        ("DELETE FROM journal WHERE seq = 2", 2),
    ],
)
def test_any_change_to_the_head_stops_the_terminal(tmp_path: Path, damage: str, found: int) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.ledger.close()
    db = raw(tmp_path)
    db.execute(damage)
    db.close()
    with pytest.raises(LedgerDamaged) as refused:
        opened(tmp_path)
    assert refused.value.code == 9003
    assert f"record {found} " in refused.value.detail


def test_damage_older_than_the_head_is_sold_over_and_alarmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOOT_VERIFY_RECORDS", 3)
    from firmware.events import Idle

    counter = Counter(tmp_path).open_for_business()
    counter.ledger.close()
    db = raw(tmp_path)
    db.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2")
    db.close()
    counter.boot()
    assert counter.terminal.idle_work
    counter.step(Idle())
    assert "[9012]" in counter.text()
    counter.keys("OK").sign_on().scan(COLA).keys("OK F2")
    assert counter.screen == "Sold"
    assert "trouble" in counter.facts()


def test_a_file_that_is_no_database_is_refused_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(os.urandom(8192))
    with pytest.raises(LedgerDamaged) as refused:
        opened(tmp_path)
    assert refused.value.code == 9003


def test_a_second_process_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    code = (
        "from pathlib import Path\nfrom firmware.txn.ledger import Ledger, LedgerLocked\n"
        f"try:\n    Ledger.open(Path({str(tmp_path / 'ledger.db')!r}), '00010023', 5)\n"
        "except LedgerLocked as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[9001]" in done.stdout
    assert "in use by another posd" in done.stdout
    ledger.close()


def test_a_ledger_of_another_terminal_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(LedgerError) as refused:
        Ledger.open(tmp_path / "ledger.db", "99999999", 1)
    assert refused.value.code == 2008


def test_a_ledger_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    db = raw(tmp_path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LedgerError) as refused:
        opened(tmp_path)
    assert refused.value.code == 9015


def test_other_projections_in_the_file_are_rebuilt_at_start(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.ledger.close()
    db = raw(tmp_path)
    db.execute("UPDATE meta SET value = '0' WHERE name = 'projections'")
    db.execute("DELETE FROM shift")
    db.close()
    assert opened(tmp_path).differences() == []


def test_acknowledged_is_a_mark_and_never_goes_back(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((SignedOn("01", "cashier"), SignedOn("02", "cashier")), STAMP)
    ledger.commit()
    ledger.note_acked(2)
    ledger.note_acked(1)
    ledger.commit()
    ledger.close()
    assert opened(tmp_path).acked_seq == 2


def test_the_ballast_is_laid_and_a_full_disk_releases_it(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ballast = tmp_path / "ballast"
    assert ballast.stat().st_size == BALLAST_BYTES
    pages = ledger.db.execute("PRAGMA page_count").fetchone()[0]
    ledger.db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite answers SQLITE_FULL as on a full disk

    def fill() -> None:
        for n in range(1000):
            ledger.append((SignedOn(f"{n:02d}", "cashier" * 20),), STAMP)
            ledger.commit()

    with pytest.raises(LedgerError) as refused:
        fill()
    assert refused.value.code == 9002
    assert not ballast.exists()
    assert ledger.low_storage


def test_after_a_refused_write_the_ledger_goes_on_where_it_was(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((SignedOn("01", "cashier"),), STAMP)
    pages = ledger.db.execute("PRAGMA page_count").fetchone()[0]
    ledger.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError):
        ledger.append((SignedOn("x" * 20_000, "cashier"),), STAMP)
    ledger.db.execute("PRAGMA max_page_count = 1000000")
    ledger.append((SignedOn("03", "cashier"),), STAMP)
    ledger.commit()
    assert [entry.fact for entry in ledger.entries()] == [SignedOn("01", "cashier"), SignedOn("03", "cashier")]
    assert ledger.broken_at(1, 2) is None


def test_checkpoints_fold_the_log_in_so_that_it_stops_growing(tmp_path: Path) -> None:
    ledger, log = opened(tmp_path), tmp_path / "ledger.db-wal"
    lengths = []
    for _ in range(4):
        for n in range(module.WAL_COMMITS_MAX):
            assert not ledger.checkpoint()
            ledger.append((SignedOn(f"{n:02d}", "cashier"),), STAMP)
            ledger.commit()
        lengths.append(log.stat().st_size)
        assert ledger.checkpoint()
    assert max(lengths) < 1.5 * lengths[0]


def test_the_mode_is_wal_full_exclusive(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    modes = {name: ledger.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert modes == {"journal_mode": "wal", "synchronous": 2}
    assert ledger.db.execute("PRAGMA locking_mode").fetchone()[0] == "exclusive"
    with pytest.raises(LedgerLocked):
        opened(tmp_path)


def aged(folder: Path, days: int = 40) -> Counter:
    """A terminal that sold 40 days ago (acknowledged) and again today."""
    counter = Counter(folder)
    counter.day_ms -= days * 24 * 3_600_000
    counter.open_for_business()
    for _ in range(12):
        counter.scan(COLA).keys("OK F2 OK")
    counter.ledger.commit()
    counter.ledger.note_acked(counter.ledger.durable_seq)
    counter.day_ms += days * 24 * 3_600_000
    return counter


def test_old_acknowledged_records_are_pruned_and_everything_still_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_RECORDS_MIN", 10)
    counter = aged(tmp_path)
    ledger = counter.ledger
    ledger.db.execute("UPDATE shift SET open = 0")  # as a closed shift leaves it
    ledger.commit()
    total = ledger.durable_seq
    trace_before = ledger.read("SELECT max(trace) FROM receipt")
    gone = ledger.prune(counter.day_ms)
    assert 10 <= gone < total
    assert ledger.first_seq == gone + 1
    assert ledger.broken_at(ledger.first_seq, ledger.durable_seq) is None
    assert ledger.read("SELECT max(trace) FROM receipt") == trace_before  # the trace number goes on
    first = ledger.records(gone, 1)[0]
    carried = ledger.carried()
    assert carried is not None
    assert (carried.upto, carried.hash) == (gone, first.prev)
    ledger.rebuild()
    assert ledger.differences() == []
    ledger.close()
    again = opened(tmp_path)
    assert (again.first_seq, again.next_seq) == (gone + 1, total + 2)


def test_nothing_is_pruned_that_the_backend_has_not_or_that_is_young(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_RECORDS_MIN", 1)
    counter = aged(tmp_path)
    counter.ledger.commit()
    assert counter.ledger.prune(counter.day_ms) == 4  # up to where the shift that is still open begins
    assert counter.ledger.prune(counter.day_ms - 41 * 24 * 3_600_000) == 0
    counter.ledger.acked_seq = 3
    counter.ledger.commit()
    assert counter.ledger.prune(counter.day_ms) == 0


def test_what_no_trusted_clock_dated_is_not_taken_for_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stood years back when the records were made says nothing of their age."""
    monkeypatch.setattr(module, "PRUNE_RECORDS_MIN", 1)
    counter = aged(tmp_path)
    counter.ledger.commit()
    counter.ledger.db.execute("UPDATE journal SET clock = 'floor'")
    assert counter.ledger.prune(counter.day_ms) == 0
    counter.ledger.db.execute("UPDATE journal SET clock = 'trusted' WHERE seq = 3")
    assert counter.ledger.prune(counter.day_ms) == 3, "the two before it are older still"


def test_a_refused_ledger_is_let_go_of(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(LedgerError):
        Ledger.open(tmp_path / "ledger.db", "99999999", 1)
    opened(tmp_path).close()


def test_pruning_goes_on_while_the_backend_acknowledges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRUNE_RECORDS_MIN", 1)
    counter = aged(tmp_path)
    assert counter.ledger.pending  # only the mark
    assert counter.ledger.prune(counter.day_ms) == 4


def test_a_failed_sync_stops_the_process_instead_of_refusing_the_sale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("OK")

    def unsynced(self: Ledger) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise error

    monkeypatch.setattr(Ledger, "_commit", unsynced)
    with pytest.raises(LedgerUnsure):
        counter.keys("F1")
