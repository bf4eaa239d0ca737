"""What the backend takes in one commit: what a terminal sends in one go, without letting anybody wait for an answer."""

from collections import deque

import msgspec
import pytest

from fleet import ingest
from fleet.core import Core, Message
from fleet.effects import SendDesired
from fleet.ingest import BATCH_MESSAGES_MAX, Batch, Heard
from fleet.mqtt import Arrival, Came, Ended, IngestSettings, Taken
from tests.backend import Backend, rows
from tests.bus import Bus, Publisher
from tests.journals import Journal
from tests.mosquitto import broker  # noqa: F401 - the fixture
from tests.stores import new_store
from wire.fleet import Signed
from wire.messages import AnswerRenew
from wire.records import PACKETS_IN_FLIGHT_MAX, Packet


def batch(*messages: tuple[str, str]) -> Batch:
    made = Batch()
    for number, (terminal, rest) in enumerate(messages, 1):
        made.add(Heard(Came(f"pos/v1/{terminal}/up/{rest}", b"", False, number, 1), Message(terminal, rest, b"")))
    return made


RECORDS = ("T0001", "rec")
HALF = PACKETS_IN_FLIGHT_MAX // 2


@pytest.mark.parametrize(
    ("made", "may_grow", "why"),
    [
        (batch(), False, "there is nothing yet, and whoever waits for something waits anyhow"),
        (batch(RECORDS), True, "the first packet of a backlog is followed by more"),
        (batch(*[RECORDS] * (HALF - 1)), True, "and by more still"),
        (batch(*[RECORDS] * HALF), False, "a terminal sends the other half while this one is committed"),
        (batch(*[RECORDS] * HALF, ("T0002", "rec")), True, "the second terminal may have a backlog"),
        (batch(RECORDS, ("T0002", "ask/pay")), False, "a customer waits for the answer"),
        (batch(("T0001", "ask/pay"), RECORDS), False, "a customer still waits when records follow"),
        (batch(("T0001", "state")), False, "a terminal that announced itself waits for the word how far it is kept"),
    ],
)
def test_a_batch_waits_only_for_records_and_only_while_more_can_come(made: Batch, may_grow: bool, why: str) -> None:
    assert made.may_grow() is may_grow, why


def test_a_batch_is_bounded() -> None:
    many = [(f"T{number:04}", "rec") for number in range(BATCH_MESSAGES_MAX)]
    assert batch(*many).is_full()
    assert not batch(*many[:-1]).is_full()
    assert not batch(*[RECORDS] * HALF).takes("T0001"), "the other half of what it has under way is the next batch"
    assert batch(*[RECORDS] * HALF).takes("T0002")


class Silent:
    """A connection that takes everything and says nothing."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def at_work(self, working: bool) -> None:
        return

    def publish_all(self, topics: list[str], *_more: object) -> list[int]:
        return list(range(1, len(topics) + 1))

    def publish(self, topic: str, *_more: object) -> None:
        self.said.append(topic)

    def flush(self) -> None:
        return


@pytest.fixture
def gathering() -> tuple[ingest.Ingest, Silent]:
    made = ingest.Ingest(
        IngestSettings("127.0.0.1", 1, "backend"), Core(new_store(), bytes), utc_ms=lambda: 0, monotonic_ms=lambda: 0,
        jitter=lambda: 0.0, ready=lambda: None, trouble=lambda _name, _detail: None,
    )  # fmt: skip
    connection = Silent()
    made._connection, made._subscribed = connection, True  # type: ignore[assignment]
    return made, connection


def came(*numbers: int, terminal: str = "T0001") -> Arrival:
    return Arrival(tuple(Came(f"pos/v1/{terminal}/up/rec", b"{}", False, number, 1) for number in numbers))


def numbers_of(heard: list[Heard]) -> list[int]:
    return [each.came.mid for each in heard]


def test_what_came_beyond_half_a_window_is_the_next_batch_and_keeps_its_order(gathering) -> None:
    made, connection = gathering
    made._noted(connection, came(*range(HALF + 3)))
    made._noted(connection, came(*range(HALF + 3, 2 * HALF + 1)))
    assert numbers_of(made._gather()) == list(range(HALF))
    assert numbers_of(made._gather()) == list(range(HALF, 2 * HALF))
    assert numbers_of(made._gather()) == [2 * HALF]


def test_the_backlogs_of_many_are_taken_together_half_a_window_of_each(gathering) -> None:
    made, connection = gathering
    for place in range(3):
        first = 100 * place
        made._noted(connection, came(*range(first, first + 2 * HALF), terminal=f"T{place:04}"))
    for half in (0, HALF):
        wanted = [100 * place + half + number for place in range(3) for number in range(HALF)]
        assert numbers_of(made._gather()) == wanted
    assert made._came == deque()


def test_an_answer_does_not_wait_behind_a_backlog(gathering) -> None:
    made, connection = gathering
    made._noted(connection, came(*range(4 * HALF)))
    made.renewed("T0002", AnswerRenew("0" * 64, 1007))
    assert len(made._gather()) == HALF
    assert connection.said == ["pos/v1/T0002/dn/answer"]


def test_what_has_not_had_its_turn_when_the_connection_ends_comes_again(gathering) -> None:
    made, connection = gathering
    made._noted(connection, came(*range(HALF + 3)))
    assert len(made._gather()) == HALF
    made._noted(connection, Ended("lost"))
    made._noted(connection, came(99))
    assert made._gather() == [], "neither those left over, nor what an old connection still says"


def test_what_waited_for_one_that_was_under_way_is_sent_as_soon_as_the_broker_has_that(gathering) -> None:
    """A second push right after the first had lain until the next tick."""
    made, connection = gathering
    made._more_due = False  # nothing was left to send, but for whom something was under way to already
    made._emit([SendDesired("T0001", 1, Signed("{}", "")), SendDesired("T0002", 1, Signed("{}", ""))])
    made._noted(connection, Taken((1,)))
    made._gather()
    assert not made._room(), "one is under way still"
    made._noted(connection, Taken((2,)))
    made._gather()
    assert made._room()


def test_a_packet_that_breaks_its_reading_stops_nobody(broker, tmp_path, monkeypatch):  # noqa: F811
    """Read ahead of the core, it must not end the one thread that takes everything in."""
    whole, path = ingest.reading.read_packet, tmp_path / "fleet.db"

    def breaks(terminal, payload):
        assert terminal != "T0666", "an invariant"
        return whole(terminal, payload)

    monkeypatch.setattr(ingest.reading, "read_packet", breaks)
    with Backend(path, broker.host, broker.port), Bus(broker) as bus:
        sender = Publisher(broker)
        for terminal in ("T0666", "T0001"):
            records = tuple(Journal(terminal).fill(5).records)
            sender.send(f"pos/v1/{terminal}/up/rec", msgspec.json.encode(Packet(records)))
        bus.until(lambda: bus.on("pos/v1/T0001/dn/ack") and bus.on("pos/v1/T0666/dn/ack"))
        sender.close()
    assert [len(rows(path, terminal)) for terminal in ("T0001", "T0666")] == [5, 5]
