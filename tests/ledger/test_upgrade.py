"""A ledger that another release wrote opens with this one: nothing of it is lost, and it sells on."""

import sqlite3
from pathlib import Path

import pytest

from firmware.txn import closing, life, numbers, original, renewal, replay, shift, slip, till
from firmware.txn import ledger as module
from firmware.txn.books import Entry, Subject
from firmware.txn.ledger import Ledger, LedgerDamaged, LedgerError, Stamp
from firmware.txn.refund import VoidSale
from firmware.txn.replay import project, projection_tables, tables_of, together
from firmware.txn.subjects import NAMED, SUBJECTS
from tests.counter import COLA, Counter
from tests.giving.shop import as_supervisor
from tests.ledger.everything import Shop
from wire.facts import Carried, LanguageChosen, SignedOn

OLD = Path(__file__).parent / "old"
STAMP = Stamp(1_798_797_700_000, "trusted")
SHOP = ("00010023", 4711)


def laid(folder: Path, release: str = "release-2") -> Path:
    """The old file, as it lay on the card."""
    path = folder / "ledger.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA page_size = 1024")
    db.executescript((OLD / f"{release}.sql").read_text(encoding="utf-8"))
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return path


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder / "ledger.db", *SHOP)


def rows(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    return {name: sorted(ledger.read(f"SELECT * FROM {name}"), key=repr) for name in projection_tables()}


def test_the_first_sold_release_opens_with_everything_it_knew(tmp_path: Path) -> None:
    laid(tmp_path)
    ledger = opened(tmp_path)
    assert ledger.differences() == []
    assert ledger.broken_at(ledger.first_seq, ledger.durable_seq) is None
    assert (ledger.first_seq, ledger.acked_seq, ledger.epoch) == (7, 37, 4711)
    open_shift = shift.current(ledger)
    assert open_shift is not None
    assert (open_shift.batch, open_shift.sales, open_shift.sales_fen, open_shift.cash_fen) == (1, 8, 5500, 5500)
    assert numbers.next_trace(ledger) == 9
    assert till.expected_cash(closing.running(ledger)) == 20_000 + 5_500
    assert closing.grand_total_fen(ledger) == 5_500
    assert [job.job for job in slip.open_jobs(ledger)] == [40]
    assert ledger.read("SELECT operator, failures FROM sign_on") == [("02", 1)]
    assert life.value(ledger, "journal_key") == "ab" * 32, "carried over what was pruned"
    assert len(ledger.read("SELECT 1 FROM secret")) == 1, "the PIN is the one chosen"


def test_it_sells_on_closes_the_shift_and_gives_an_old_sale_back(tmp_path: Path) -> None:
    laid(tmp_path)
    counter = Counter(tmp_path, boots=10, day_ms=STAMP.at_ms).boot()
    for _ in range(3):
        counter.keys("OK" if counter.screen == "Refused" else "CANCEL")
    counter.sign_on()
    assert counter.screen == "Unfinished", "the slip nobody saw is offered"
    counter.keys("CANCEL")
    assert counter.screen == "KeptBasket", "the basket that lay on the counter is offered"
    counter.keys("OK")
    assert "红富士苹果" in counter.text()
    counter.keys("OK F2 OK")
    counter.scan(COLA).keys("OK F2 OK")
    assert numbers.last_trace(counter.ledger) == 10
    assert closing.running(counter.ledger)["cash_sales"] == 10
    as_supervisor(counter)
    old = original.of_seq(counter.ledger, counter.ledger.terminal, 21)
    assert old is not None
    assert counter.terminal.do(VoidSale(old, "customer")) is None
    figures = closing.running(counter.ledger)
    assert (figures["voids_fen"], till.expected_cash(figures)) == (1_200, 20_000 + 5_500 + 850 + 350 - 1_200)
    counter.keys("MENU 8 2 OK")
    assert counter.screen == "CountDrawer", "and can be closed"
    assert counter.ledger.differences() == []


def test_an_upgraded_ledger_is_the_same_as_one_rebuilt_from_its_journal(tmp_path: Path) -> None:
    laid(tmp_path)
    ledger = opened(tmp_path)
    upgraded = rows(ledger)
    ledger.rebuild()
    assert rows(ledger) == upgraded
    assert upgraded["receipt"]
    assert upgraded["till"]


def test_a_cut_at_any_slice_is_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whole").mkdir()
    laid(tmp_path / "whole")
    ledger = opened(tmp_path / "whole")
    want = rows(ledger)
    ledger.close()
    monkeypatch.setattr(renewal, "SLICE_FACTS", 3)
    laid(tmp_path)
    boots, reached, at_once = 0, [], 0

    class Cut(Exception):
        pass

    def cut_after_two(done: int, of: int) -> None:
        nonlocal at_once
        assert of == 43
        reached.append(done)
        at_once += 1
        if at_once == 2:
            raise Cut

    while True:
        boots, at_once = boots + 1, 0
        try:
            ledger = Ledger.open(tmp_path / "ledger.db", *SHOP, renewing=cut_after_two)
        except Cut:
            continue
        break
    assert boots > 4
    assert reached[:-1] == sorted(set(reached)), "no slice is replayed twice; the last finds nothing more"
    assert rows(ledger) == want
    assert ledger.differences() == []


def test_a_slice_that_finds_the_disk_full_has_the_ballast_released(tmp_path: Path) -> None:
    laid(tmp_path)
    db = sqlite3.connect(tmp_path / "ledger.db")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.close()
    real, failed = module._configure, []

    def small(db: sqlite3.Connection, synchronous: str) -> None:
        real(db, synchronous)
        db.execute(f"PRAGMA max_page_count = {pages + 10}")

    released = module.Ballast.release

    def release(self: module.Ballast) -> bool:
        failed.append(True)
        ledgers[0].db.execute("PRAGMA max_page_count = 100000")
        return released(self) or True

    ledgers: list[Ledger] = []
    renew = Ledger._renew

    def remembered(self: Ledger, *heard: object) -> None:
        ledgers.append(self)
        renew(self, *heard)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_configure", small)
        patch.setattr(module.Ballast, "release", release)
        patch.setattr(Ledger, "_renew", remembered)
        ledger = opened(tmp_path)
    assert failed
    assert ledger.differences() == []


def test_only_what_changed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan(COLA).keys("OK F2 OK")
    counter.ledger.close()
    db = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    db.execute("UPDATE projection SET version = '0-of another release' WHERE subject = 'reprint'")
    db.execute("DROP TABLE slip_key")
    db.execute("CREATE TABLE left_alone(x)")
    db.execute("UPDATE receipt SET due_fen = 1")  # not of a subject that changed: nobody looks
    db.close()
    ledger = opened(tmp_path)
    assert ledger.differences() == ["receipt"]
    assert ledger.read("SELECT name FROM sqlite_master WHERE name IN ('slip_key', 'left_alone') ORDER BY 1") == [
        ("left_alone",), ("slip_key",),
    ]  # fmt: skip
    ledger.close()
    writes: list[str] = []
    monkeypatch.setattr(Ledger, "write", lambda self, sql, *args: writes.append(sql))
    opened(tmp_path).close()
    assert writes == [], "an ordinary boot changes nothing"


def test_a_release_that_comes_back_fills_its_own_tables_again(tmp_path: Path) -> None:
    """N+1 sells, N sells on, N+1 comes back: what only N+1 projects is not believed to be current."""
    counter = Counter(tmp_path).open_for_business()
    counter.ledger.commit()
    counter.ledger.db.execute("INSERT INTO projection VALUES ('loyalty', '1-abc', NULL)")
    counter.ledger.close()
    ledger = opened(tmp_path)
    assert ledger.read("SELECT 1 FROM projection WHERE subject = 'loyalty'") == []


def test_the_release_before_this_one_number_for_all_tables_makes_all_of_them_new(tmp_path: Path) -> None:
    """It throws its tables away and writes its number; what stands in `projection` counts no more."""
    counter = Counter(tmp_path).open_for_business()
    counter.scan(COLA).keys("OK F2 OK")
    counter.ledger.close()
    db = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    db.execute("UPDATE meta SET value = '1' WHERE name = 'projections'")
    db.execute("DELETE FROM shift")
    db.execute("DELETE FROM till")
    db.close()
    assert opened(tmp_path).differences() == []


def test_facts_of_a_newer_release_are_passed_over_when_tables_are_filled(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((LanguageChosen("en"),), STAMP)
    ledger.append((SignedOn("01", "cashier"),), STAMP)
    ledger.commit()
    ledger.db.execute("UPDATE journal SET kind = 'of_tomorrow' WHERE seq = 2")
    ledger.rebuild()
    assert life.value(ledger, "lang") == "en"
    ledger.db.execute("UPDATE journal SET version = 2 WHERE seq = 1")
    with pytest.raises(LedgerError) as refused:
        ledger.rebuild()
    assert refused.value.code == 9015


def test_a_record_that_cannot_be_read_stops_the_upgrade(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append((LanguageChosen("en"),), STAMP)
    ledger.commit()
    ledger.db.execute("UPDATE journal SET body = x'00' WHERE seq = 1")
    with pytest.raises(LedgerDamaged):
        ledger.rebuild()


def test_a_subject_touches_only_its_tables_and_those_it_names(tmp_path: Path) -> None:
    """Else it could not be filled anew by itself: SQLite tells which tables its statements read and write."""
    shop = Shop(Ledger.open(tmp_path / "ledger.db", *SHOP, synchronous="OFF"), 3).live(1_200)
    db = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)  # each statement is looked at anew
    memory = module.Replayed(db)
    for each in SUBJECTS:
        for statement in each.tables:
            db.execute(statement)
    seen: set[str] = set()
    acts = {sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}

    def look(act: int, table: str | None, *_: object) -> int:
        if act in acts and table is not None:
            seen.add(table)
        return sqlite3.SQLITE_OK

    db.set_authorizer(look)
    touched: dict[str, set[str]] = {name: set() for name in NAMED}
    for entry in (*shop.ledger.entries(), Entry(9_999, 0, Carried(1, "", {}, ""))):
        for name, each in NAMED.items():
            seen.clear()
            project(memory, entry, (each,))
            touched[name] |= seen - {"json_each", "sqlite_master"}
    for name, each in NAMED.items():
        assert touched[name] <= {*tables_of(each), *each.uses}, name
        assert touched[name] >= set(each.uses), f"{name} names a table that it never touches"


def test_subjects_that_share_a_table_are_filled_together() -> None:
    assert set(together({"numbers"})) == {"life", "numbers", "settings", "closing", "remote", "update"}
    assert "shift" in together({"drawer"})
    assert together({"reprint"}) == ("reprint",)
    assert all(isinstance(each, Subject) for each in NAMED.values())
    made = [table for each in SUBJECTS for table in tables_of(each)]
    assert len(set(made)) == len(made), "each table is made by one subject"


def test_columns_added_since_a_record_of_pruning_take_their_defaults() -> None:
    memory = module.Replayed.empty()
    memory.db.execute("ALTER TABLE sign_on ADD COLUMN badge TEXT NOT NULL DEFAULT 'none'")
    carried = Carried(1, "", {}, "", {"sign_on": [["02", 1, 5]]})
    replay.restore(memory, carried)
    assert memory.read("SELECT * FROM sign_on") == [("02", 1, 5, "none")]
