"""Two `posfleet serve` on one PostgreSQL behind `$share` of a real Mosquitto; one is killed in the middle."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from fleet.acquirer.books import Ledgers
from fleet.pg import PgStore
from fleet.side_books import Schema
from rules.orders import order_no
from tests.backend import Served
from tests.bus import Bus, Publisher
from tests.fleet.test_core import encode
from tests.fleet_money.world import TERMINAL, pay
from tests.journals import Journal
from tests.mosquitto import Broker, broker  # noqa: F401
from tests.stores import PgStores, postgres_free, postgres_server  # noqa: F401
from wire.messages import AnswerPayment, AskQuery
from wire.records import Ack

TERMINALS, RECORDS = 5, 160


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    stores = PgStores(request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_free"))
    yield stores.url()
    stores.clear()


def worker(name: str, data: Path, port: int, url: str, *words: str) -> Served:
    return Served(data, port, "--database", url, "--share", "fleet", "--worker", name, "--vouchers", "own", *words)


def upto(bus: Bus, terminal: str) -> int:
    """How far the backend has said that the records are kept."""
    acks = (msgspec.json.decode(payload, type=Ack) for payload in bus.on(f"pos/v1/{terminal}/dn/ack"))
    return max((ack.upto for ack in acks), default=0)


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, broker: Broker, url: str) -> None:  # noqa: F811
    journals = [Journal(f"T{number:04d}", seed=number).fill(RECORDS) for number in range(TERMINALS)]

    def send(publisher: Publisher, bus: Bus, last: int) -> None:
        """As a terminal does: whatever is not acknowledged, again."""
        for journal in journals:
            known = upto(bus, journal.terminal)
            for packet in journal.packets(size=4):
                if packet.records[-1].seq > known and packet.records[0].seq <= last:
                    publisher.send(f"pos/v1/{journal.terminal}/up/rec", encode(packet))

    with ExitStack() as stack:
        one = stack.enter_context(worker("1", tmp_path / "data", broker.port, url, "--acquirer", "none"))
        stack.enter_context(worker("2", tmp_path / "data", broker.port, url, "--acquirer", "none"))
        bus = stack.enter_context(Bus(broker, "pos/v1/+/dn/ack"))
        publisher = Publisher(broker)
        stack.callback(publisher.close)
        send(publisher, bus, RECORDS // 2)
        bus.until(lambda: any(upto(bus, journal.terminal) for journal in journals))
        one.process.send_signal(signal.SIGKILL)  # with messages in its hands, acknowledged by nobody
        one.process.wait()
        for _ in range(10):
            send(publisher, bus, RECORDS)
            try:
                bus.until(lambda: all(upto(bus, journal.terminal) == RECORDS for journal in journals))
                break
            except AssertionError:  # what the dead worker held is lost with it: the terminals send again
                continue
    store = PgStore(url, read_only=True)
    with store.begin() as books:
        for journal in journals:
            kept = [row.hash for row in books.records_after(journal.terminal, 1, 0, 10_000)]
            assert kept == [record.hash for record in journal.records]
            assert books.conflicts_of(journal.terminal) == []
            assert books.quarantine_of(journal.terminal) == []
    store.close()


def test_a_payment_of_a_worker_that_died_is_known_to_the_other(tmp_path: Path, broker: Broker, url: str) -> None:  # noqa: F811
    """The simulated channel's books are shared too: asking again is told what was paid, and nothing is paid twice."""
    number = order_no("2026-11-22", TERMINAL, 1, 1, 45, 1)
    topic = f"pos/v1/{TERMINAL}/up/ask/"

    def answers(bus: Bus) -> list[AnswerPayment]:
        return [msgspec.json.decode(payload, type=AnswerPayment) for payload in bus.on(f"pos/v1/{TERMINAL}/dn/answer")]

    with ExitStack() as stack:
        bus = stack.enter_context(Bus(broker, "pos/v1/+/dn/answer"))
        publisher = Publisher(broker)
        stack.callback(publisher.close)
        one = stack.enter_context(worker("1", tmp_path / "data", broker.port, url))
        publisher.send(topic + "pay", encode(pay(number)))
        bus.until(lambda: [each.state for each in answers(bus)] == ["paid"])
        two = stack.enter_context(worker("2", tmp_path / "data", broker.port, url))
        one.process.send_signal(signal.SIGKILL)
        one.process.wait()
        for _ in range(5):
            publisher.send(topic + "query", encode(AskQuery(number)))
            try:
                bus.until(lambda: [each.state for each in answers(bus)] == ["paid", "paid"])
                break
            except (
                AssertionError
            ):  # shared out to the dead worker before the broker had noticed: the terminal asks again
                continue
        publisher.send(topic + "pay", encode(pay(number)))
        bus.until(lambda: [each.to for each in answers(bus)] == ["pay", "query", "pay"])
        assert two.process.poll() is None
    ledgers = Ledgers(Schema(url, "acquirer"), read_only=True)
    with ledgers.begin() as pages:
        assert [(trade.order_no, trade.state) for trade in pages.trades()] == [(number, "success")]
    ledgers.close()
