"""A store that the release before wrote opens with this one: its sales are found, and it goes on taking records."""

import sqlite3
from pathlib import Path

import pytest

from fleet.sql import SCHEMA_VERSION, SqlStore
from tests.fleet_money.test_lookup import Shop
from tests.journals import Journal
from wire.facts import Sale
from wire.messages import AnswerSale, AnswerTotals, AskSale, AskTotals

OLD = Path(__file__).parent / "old" / "schema-1.sql"
HOME = "00010023"


def laid(folder: Path) -> Path:
    """The old file, as it lay on the disk."""
    path = folder / "fleet.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(OLD.read_text(encoding="utf-8"))
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return path


def test_a_store_of_schema_1_finds_its_sales_and_goes_on(tmp_path: Path) -> None:
    shop = Shop(SqlStore(laid(tmp_path)))
    found = shop.ask(AskSale("000001-000003"), HOME)
    assert isinstance(found, AnswerSale)
    assert isinstance(found.sale, Sale)
    assert (found.code, found.seq, found.sale.due_fen) == (0, 5, 1_050)
    totals = shop.ask(AskTotals(1, 1, 7), HOME)
    assert isinstance(totals, AnswerTotals)
    assert (totals.whole, totals.totals["sales"], totals.totals["sales_fen"]) == (True, 5, 350 * 15)
    with shop.store.begin() as books:
        (epoch,) = books.epochs_of(HOME)
        rows = books.records_after(HOME, 1, 0, 100)
        odd = books.quarantine_of(HOME)
    assert [row.seq for row in rows] == list(range(1, 9))
    assert len(odd) == 1, "what was put aside still is"
    journal = Journal(HOME)
    for row in rows[1:]:
        journal.add_raw(row.kind, row.version, row.body)
    assert journal.records[-1].hash == rows[-1].hash
    assert epoch.upto == 8
    shop.journals[HOME] = journal
    shop.book(found.sale, terminal=HOME)
    with shop.store.begin() as books:
        assert books.epochs_of(HOME)[0].upto == 9
    shop.store.close()


@pytest.mark.parametrize(
    ("version", "new"),
    [
        (8, ("TABLE fleet_dealt", "INDEX fleet_rollout_terminals_unreverted")),
        (9, ("INDEX payments_by_bill", "INDEX payments_open")),
    ],
)
def test_a_store_of_an_earlier_schema_gets_what_came_since(tmp_path: Path, version: int, new: tuple[str, ...]) -> None:
    """Also the indexes of tables that were there before."""
    path = tmp_path / "fleet.db"
    SqlStore(path).close()
    db = sqlite3.connect(path)
    db.executescript("; ".join([*(f"DROP {each}" for each in new), f"PRAGMA user_version = {version}"]))
    SqlStore(path).close()
    assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert {each.split()[1] for each in new} <= {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    db.close()


def test_a_cut_in_the_middle_leaves_the_old_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, sales and the number of the schema are one transaction."""
    path = laid(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("fleet.sql.SHELVED_AT_ONCE", 2)
        patch.setattr("fleet.sql.lookup.shelve", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            SqlStore(path)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert names == {"records", "conflicts", "quarantine", "terminals", "epochs"}
    shop = Shop(SqlStore(path))
    assert shop.ask(AskSale("000001-000003"), HOME).code == 0
    shop.store.close()
