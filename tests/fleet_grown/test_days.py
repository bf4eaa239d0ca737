"""Records lie by the day they came, and a key is one key over all days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from fleet import pg_days, pg_schema
from fleet.core import HOLE_PATIENCE_MS, Arrived, Core, Message, SendAck, Tick
from fleet.pg import PgStore
from fleet.pg_records import partition
from fleet.pg_tables import DAY_MS, day_of
from fleet.store import StoredRecord, StoreTrouble
from tests.fleet.test_core import FLEET_KEY, NOW, encode, packet
from tests.journals import Journal
from tests.stores import PgStores, postgres_free, postgres_server  # noqa: F401
from wire.messages import State
from wire.records import Ack

YEAR_MS = 365 * DAY_MS


def day(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1_000, UTC).date()


class Backend:
    """A core over PostgreSQL whose day can be chosen."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = PgStore(url)
        self.core = Core(self.store, FLEET_KEY.sign, worker="1")

    def take(self, now_ms: int, *records, rest: str = "rec") -> list:
        payload = packet(*records) if rest == "rec" else records[0]
        return self.core.step(Arrived(now_ms, (Message("T0001", rest, payload),)))

    def look(self, question: str, *args):
        with self.store.begin() as books:
            return getattr(books, question)(*args)

    def kept(self) -> list[int]:
        return [row.seq for row in self.look("records_after", "T0001", 1, 0, 1_000)]


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[PgStores]:
    made = PgStores(request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_free"))
    yield made
    made.clear()


@pytest.fixture
def backend(databases: PgStores) -> Iterator[Backend]:
    made = Backend(databases.url())
    yield made
    for each in pg_days.days(made.store.engine):  # the database is another test's after this one
        with made.store.engine.begin() as connection:
            number = (each.day - date(1970, 1, 1)).days
            connection.exec_driver_sql(f"DROP TABLE records_d{number:05d}")
    made.store.close()


def test_a_journal_over_three_days_is_one_journal(backend: Backend) -> None:
    journal = Journal().fill(30)
    for start in (0, 10, 20):
        backend.take(NOW + start // 10 * DAY_MS, *journal.records[start : start + 10])
    assert [each.day for each in pg_days.days(backend.store.engine)] == [day(NOW + n * DAY_MS) for n in range(3)]
    assert backend.kept() == list(range(1, 31))
    with backend.store.begin() as books:
        assert books.money.record("T0001", 1, 15).hash == journal.records[14].hash
        assert [row.seq for row in books.looks.records_before("T0001", 1, 25, 10)] == list(range(24, 14, -1))
        assert [row.seq for row in books.looks.records_within("T0001", 1, 9, 21, ["language_chosen"])] == [
            *range(10, 22)
        ]
        assert books.hashes("T0001", 1, [5, 15, 25, 35]) == {n: journal.records[n - 1].hash for n in (5, 15, 25)}


def test_the_same_record_a_year_later_is_the_same_and_another_one_a_conflict(backend: Backend) -> None:
    mine, other = Journal().fill(5), Journal(seed=2).fill(5)
    backend.take(NOW, *mine.records)
    assert backend.take(NOW + YEAR_MS, *mine.records) == [SendAck("T0001", Ack(1, 5))]
    assert backend.kept() == [1, 2, 3, 4, 5]
    assert backend.look("conflicts_of", "T0001") == []
    backend.take(NOW + YEAR_MS, *other.records)
    assert backend.kept() == [1, 2, 3, 4, 5]
    assert [each.seq for each in backend.look("conflicts_of", "T0001")] == [1, 2, 3, 4, 5]


def test_a_record_under_a_key_that_is_taken_ends_the_transaction(backend: Backend) -> None:
    """Nobody gets there by what terminals send; whoever does has made a fault, and it must not pass for a record booked."""
    first, second = (StoredRecord.of("T0001", each, NOW) for each in Journal().fill(2).records)
    other = first._replace(body=b"{}")
    with backend.store.begin() as books:
        books.add_records([first])
    with pytest.raises(AssertionError, match="taken"), backend.store.begin() as books:
        books.add_records([second, other])
    assert backend.look("records_after", "T0001", 1, 0, 10) == [first]
    with backend.store.begin() as books:  # the connection is of use afterwards
        books.add_records([second])
    assert backend.kept() == [1, 2]


def test_a_day_that_is_not_there_any_more_is_the_stores_trouble(backend: Backend) -> None:
    """Nobody drops a day under a worker; but what COPY meets must be heard of as whatever else the database says."""
    first, second = (StoredRecord.of("T0001", each, NOW) for each in Journal().fill(2).records)
    with backend.store.begin() as books:
        books.add_records([first])
    with backend.store.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {partition(day_of(NOW))}")
    with pytest.raises(StoreTrouble, match="does not exist"), backend.store.begin() as books:
        books.add_records([second])


def test_a_hole_between_days_is_found_and_closes(backend: Backend) -> None:
    journal = Journal().fill(20)
    backend.take(NOW, *journal.records[:5])
    backend.take(NOW + DAY_MS, *journal.records[10:])
    later = NOW + DAY_MS + HOLE_PATIENCE_MS
    assert backend.core.step(Tick(later)) == [SendAck("T0001", Ack(1, 5, wanted=((6, 10),)))]
    assert backend.take(NOW + 3 * DAY_MS, *journal.records[5:10]) == [SendAck("T0001", Ack(1, 20))]


def test_the_server_makes_the_days_to_come(backend: Backend) -> None:
    backend.core.step(Tick(NOW))
    assert [each.day for each in pg_days.days(backend.store.engine)] == [day(NOW + n * DAY_MS) for n in range(8)]


def test_a_day_given_up_stays_booked(backend: Backend) -> None:
    journal = Journal().fill(10)
    backend.take(NOW, *journal.records)
    backend.take(NOW + DAY_MS, journal.add_raw("language_chosen", 1, b'{"lang":"en"}'))
    given = pg_days.give_up(backend.store.engine, day(NOW + DAY_MS))
    assert [(each.day, each.dropped) for each in given] == [(day(NOW), True)]
    assert backend.kept() == [11]
    assert backend.take(NOW + YEAR_MS, *journal.records) == [SendAck("T0001", Ack(1, 11))]
    assert backend.kept() == [11], "what was booked and given up is not booked again"
    assert backend.look("conflicts_of", "T0001") == []


def test_a_day_with_records_beyond_a_hole_is_kept_and_says_whose(backend: Backend) -> None:
    journal = Journal().fill(10)
    backend.take(NOW, *journal.records[:2], *journal.records[5:])
    (given,) = pg_days.give_up(backend.store.engine, day(NOW + DAY_MS))
    assert (given.dropped, given.blocking) == (False, ("T0001",))
    assert backend.take(NOW + DAY_MS, *journal.records) == [SendAck("T0001", Ack(1, 10))]


def test_a_database_restored_from_an_older_copy_asks_for_what_it_lost(databases: PgStores, backend: Backend) -> None:
    journal = Journal().fill(60)
    backend.take(NOW, *journal.records[:20])
    backend.store.close()
    older = databases.server.copy(backend.url)
    backend.take(NOW + 1_000, *journal.records[20:])
    restored = Backend(older)
    birth = encode(State(online=True, epoch=1, next_seq=61, acked_seq=60))
    assert restored.take(NOW + 2_000, birth, rest="state") == [SendAck("T0001", Ack(1, 20))]
    asked = restored.core.step(Tick(NOW + 2_000 + HOLE_PATIENCE_MS))
    assert asked == [SendAck("T0001", Ack(1, 20, wanted=((21, 60),)))]
    assert restored.take(NOW + DAY_MS, *journal.records[20:]) == [SendAck("T0001", Ack(1, 60))]
    assert restored.kept() == list(range(1, 61))
    restored.store.close()


# --- the schema ---


def test_the_steps_lead_to_this_releases_tables(backend: Backend) -> None:
    """Whoever adds a table adds a step: fleet/migrations/versions."""
    with backend.store.engine.connect() as connection:
        assert pg_schema.differences(connection) == []
        assert pg_schema.version(connection) == pg_schema.head()
    assert pg_schema.upgrade(backend.store.engine) == (pg_schema.head(), pg_schema.head())


def test_a_database_without_the_schema_or_of_a_later_release_is_refused(databases: PgStores) -> None:
    empty = databases.server.database()
    with pytest.raises(StoreTrouble, match="schema version none"):
        PgStore(empty)
    url = databases.url()
    store = PgStore(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTrouble, match="9999"):
        PgStore(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{pg_schema.head()}'")
    store.close()


def test_a_history_cannot_be_changed(backend: Backend) -> None:
    with backend.store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fleet_pushed VALUES ('T0001', 1, 'a', 'b')")
    with pytest.raises(Exception, match="only ever added to"), backend.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE fleet_pushed SET sha256 = 'c'")
