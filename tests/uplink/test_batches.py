"""What the backend takes in one commit: what a terminal sends in one go, without letting anybody wait for an answer."""

import msgspec
import pytest

from fleet import ingest
from fleet.core import Message
from fleet.ingest import BATCH_MESSAGES_MAX, Batch, Heard
from fleet.mqtt import Came
from tests.backend import Backend, rows
from tests.bus import Bus, Publisher
from tests.journals import Journal
from tests.mosquitto import broker  # noqa: F401 - the fixture
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
    assert batch(*[RECORDS] * BATCH_MESSAGES_MAX).is_full()
    assert not batch(*[RECORDS] * (BATCH_MESSAGES_MAX - 1)).is_full()


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
