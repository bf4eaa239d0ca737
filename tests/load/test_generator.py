"""The generator against a real Mosquitto and the real backend; and a backend that loses or doubles is found out."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.load import stand, workloads
from benchmarks.load.audit import Audit, audit_store
from benchmarks.load.fleet import LoadFleet, LoadPlan
from benchmarks.load.journal import LoadJournal
from benchmarks.load.report import Run, report, table
from fleet.core import Arrived, Core, Effect, Event, Message
from fleet.reading import Good, read_packet
from fleet.sql import SqlStore
from tests.backend import FLEET_KEY, Backend
from tests.mosquitto import PROGRAM, Broker
from wire.records import PACKET_BYTES_MAX, PACKET_RECORDS_MAX

needs_broker = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
WAIT_S = 60


def journal(records: int, terminal: str = "L000001") -> LoadJournal:
    made = LoadJournal(terminal)
    made.born(0.0, 1_790_000_000_000)
    for number in range(records - 1):
        made.sell(float(number), 1_790_000_000_001 + number, fresh=True)
    return made


def test_its_packets_are_what_the_backend_takes() -> None:
    made = journal(100)
    after, seqs = 0, []
    while after < made.seq:
        payload, after = made.packet(after)
        arrivals = read_packet("L000001", payload)
        assert all(isinstance(each, Good) for each in arrivals)
        assert len(arrivals) <= PACKET_RECORDS_MAX
        assert len(payload) <= PACKET_BYTES_MAX + 100
        seqs += [each.seq for each in arrivals]
    assert seqs == list(range(1, 101))


def test_an_acknowledgement_forgets_and_an_old_one_changes_nothing() -> None:
    made = journal(10)
    assert [due.seq for due in made.acknowledge(4)] == [1, 2, 3, 4]
    assert made.acknowledge(2) == []
    assert (made.acked, made.packet(4)[1]) == (4, 10)


async def _shops(port: int, seconds: float = 2.0, **more: int) -> LoadFleet:
    async with LoadFleet(LoadPlan("127.0.0.1", port, 50, **more)) as fleet:
        asked = workloads.Asked()
        workloads.listen(fleet, asked)
        await fleet.switch_on()
        sales = asyncio.create_task(workloads.sell(fleet, 150, seconds))
        asks = asyncio.create_task(workloads.ask(fleet, 20, seconds, asked))
        back_s = await workloads.storm(fleet, 0.5, WAIT_S)
        await asyncio.gather(sales, asks)
        assert back_s < WAIT_S
        assert await fleet.settled(WAIT_S)
        assert await fleet.until(lambda: bool(asked.seconds["diagnose"]), WAIT_S)
    return fleet


@needs_broker
def test_fifty_terminals_lose_nothing_through_a_storm(tmp_path: Path) -> None:
    with stand.plain(tmp_path, 50) as here:
        fleet = asyncio.run(_shops(here.broker.port))
        found = audit_store(here.store, fleet.expected)
    assert (found.clean, found.expected, found.stored) == (True, fleet.committed, fleet.committed), found.examples
    assert not fleet.counts.troubles
    assert fleet.counts.losses == 25
    made = report(fleet, Run("none", 150, 2, fleet.committed, 2, 1), found, workloads.Asked())
    assert made.clean
    assert made.acknowledgement.count > 100
    assert "nothing lost, nothing doubled  yes" in table(made)


@needs_broker
def test_terminals_with_certificates_meet_the_broker_as_we_ship_it(tmp_path: Path) -> None:
    async def run(here: stand.Stand) -> LoadFleet:
        plan = LoadPlan(here.broker.host, here.broker.port, 10, tls=here.tls)
        async with LoadFleet(plan) as fleet:
            await fleet.switch_on()
            await workloads.backlog(fleet, 20)
            assert await fleet.settled(WAIT_S)
        return fleet

    with stand.encrypted(tmp_path, LoadPlan("", 0, 10).names) as here:
        fleet = asyncio.run(run(here))
        found = audit_store(here.store, fleet.expected)
    assert (found.clean, found.stored) == (True, 210), found.examples
    assert not fleet.counts.troubles


class Losing:
    """A core that acknowledges every tenth packet of sales without keeping it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._count = 0

    def step(self, event: Event) -> list[Effect]:
        effects = self._core.step(event)
        if isinstance(event, Arrived):
            self._lose(event)
        return effects

    def _lose(self, event: Event) -> None:
        assert isinstance(event, Arrived)
        for message in event.messages:
            self._count += message.rest == "rec"
            if message.rest == "rec" and self._count % 10 == 0:
                self._forget(message)

    def _forget(self, message: Message) -> None:
        last = read_packet(message.terminal, message.payload)[-1]
        with self._core._store.begin() as books:
            where = "DELETE FROM records WHERE terminal = ? AND seq = ?"
            books._db.exec_driver_sql(where, (message.terminal, last.seq))  # type: ignore[attr-defined]


@needs_broker
def test_a_backend_that_acknowledges_what_it_lost_is_found_out(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker, Backend(tmp_path / "fleet.db", broker.host, broker.port, wrap=Losing):
        fleet = asyncio.run(_shops(broker.port, seconds=1.0))
        found = audit_store(f"sqlite:///{tmp_path / 'fleet.db'}", fleet.expected)
    assert found.missing > 0
    assert not found.clean
    assert any(example.startswith("missing") for example in found.examples)


def _double(db: sa.Connection) -> None:
    row = "SELECT terminal, epoch + 1, seq, kind, version, at_ms, clock, body, prev, hash, got_ms FROM records WHERE seq = 3"
    db.exec_driver_sql(f"INSERT INTO records {row}")


def _double_elsewhere(db: sa.Connection) -> None:
    row = (
        "SELECT 'L000009', epoch, seq, kind, version, at_ms, clock, body, prev, hash, got_ms FROM records WHERE seq = 3"
    )
    db.exec_driver_sql(f"INSERT INTO records {row}")


def _foreign(db: sa.Connection) -> None:
    row = "SELECT terminal, epoch, 99, kind, version, at_ms, clock, body, prev, 'ff', got_ms FROM records WHERE seq = 3"
    db.exec_driver_sql(f"INSERT INTO records {row}")


def _change(db: sa.Connection) -> None:
    db.exec_driver_sql("UPDATE records SET body = CAST(replace(body, '250', '150') AS BLOB) WHERE seq = 3")


def _lose(db: sa.Connection) -> None:
    db.exec_driver_sql("DELETE FROM records WHERE seq = 3")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (_double, "doubled"),
        (_double_elsewhere, "doubled"),
        (_foreign, "foreign"),
        (_change, "changed"),
        (_lose, "missing"),
    ],
)
def test_the_audit_names_each_harm(tmp_path: Path, harm: Callable[[sa.Connection], None], name: str) -> None:
    made = journal(5)
    store = SqlStore(tmp_path / "fleet.db")
    core = Core(store, FLEET_KEY.sign)
    core.step(Arrived(1, (Message("L000001", "rec", made.packet(0)[0]),)))
    store.close()
    expected = {"L000001": (1, made.hashes)}
    assert audit_store(f"sqlite:///{tmp_path / 'fleet.db'}", expected) == Audit(expected=5, stored=5)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'fleet.db'}")
    with engine.begin() as db:
        harm(db)
    engine.dispose()
    found = audit_store(f"sqlite:///{tmp_path / 'fleet.db'}", expected)
    assert getattr(found, name) == 1
    assert not found.clean
    assert found.examples[0].startswith(name)
