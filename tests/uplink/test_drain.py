"""Driver, a real Mosquitto and the backend together: every record arrives, each exactly once, whatever breaks."""

import random

import msgspec
import pytest

from firmware.events import LinkDown, LinkUp
from fleet.core import Arrived
from fleet.store import StoreTrouble
from tests.backend import Backend, rows
from tests.bus import Bus, Publisher
from tests.journals import Journal, forged
from tests.mosquitto import broker  # noqa: F401 - the fixture
from tests.uplink.pump import Pump
from wire.facts import SignedOn
from wire.records import Packet

encode = msgspec.json.encode


def seqs(path) -> list[int]:
    return [row.seq for row in rows(path)]


def test_2000_records_end_exactly_once_over_kills_and_restarts_of_the_broker(broker, tmp_path):  # noqa: F811
    chance = random.Random(7)
    journal = Journal().fill(2000)
    path = tmp_path / "fleet.db"
    with Backend(path, broker.host, broker.port), Pump(journal, broker.host, broker.port, backoff_cap_ms=2000) as pump:
        for share in (300, 700, 1100, 1500):
            pump.drain(upto=share + chance.randint(0, 200))
            chance.choice([broker.kill, broker.stop])()
            pump.until(lambda: not pump.up, "the lost link")
            broker.start()
        pump.drain()
    assert [(row.seq, row.hash) for row in rows(path)] == [(r.seq, r.hash) for r in journal.records]
    assert len(pump.met(LinkUp)) >= 5
    assert {event.code for event in pump.met(LinkDown)} <= {1003}


class Spoiler:
    """Between ingest and core: loses acknowledgements, hands packets in twice and in another order."""

    def __init__(self, core) -> None:
        self.core, self.chance, self.lost = core, random.Random(5), 0

    def step(self, event):
        if not isinstance(event, Arrived):
            return self.core.step(event)
        messages = [*event.messages, *event.messages[::2]]
        self.chance.shuffle(messages)
        effects = self.core.step(Arrived(event.now_ms, tuple(messages)))
        kept = [effect for effect in effects if self.chance.random() > 0.3]
        self.lost += len(effects) - len(kept)
        return kept


def test_lost_acknowledgements_doubled_and_reordered_packets_change_nothing(broker, tmp_path):  # noqa: F811
    journal = Journal().fill(600)
    path = tmp_path / "fleet.db"
    spoiler = []
    with (
        Backend(path, broker.host, broker.port, wrap=lambda core: spoiler.append(Spoiler(core)) or spoiler[0]),
        Pump(journal, broker.host, broker.port, size=3) as pump,
    ):
        pump.drain()
    assert seqs(path) == list(range(1, 601))
    assert spoiler[0].lost > 0


class Broken:
    """A core whose store fails for a while, or that breaks on one record."""

    def __init__(self, core, failures=0, poison=b"") -> None:
        self.core, self.failures, self.poison = core, failures, poison

    def step(self, event):
        if isinstance(event, Arrived) and self.failures:
            self.failures -= 1
            raise StoreTrouble("disk full")
        if isinstance(event, Arrived) and self.poison:
            assert not any(self.poison in message.payload for message in event.messages), "an invariant"
        return self.core.step(event)


def test_nothing_is_acknowledged_while_the_store_is_in_trouble_and_nothing_lost(broker, tmp_path):  # noqa: F811
    path = tmp_path / "fleet.db"
    backend = Backend(path, broker.host, broker.port, wrap=lambda core: Broken(core, failures=3))
    with backend, Pump(Journal().fill(100), broker.host, broker.port) as pump:
        pump.drain()
    assert backend.troubles == [("store", "disk full")] * 3
    assert seqs(path) == list(range(1, 101))


def test_a_message_that_breaks_an_invariant_of_the_core_is_put_aside_and_stops_nobody(broker, tmp_path):  # noqa: F811
    path = tmp_path / "fleet.db"
    with (
        Backend(path, broker.host, broker.port, wrap=lambda core: Broken(core, poison=b'"POISON"')),
        Bus(broker) as bus,
    ):
        sender = Publisher(broker)
        poison, good = Journal("T0666"), Journal("T0001").fill(5)
        poison.add(SignedOn("POISON", "cashier"))
        sender.send("pos/v1/T0666/up/rec", encode(Packet(tuple(poison.records))))
        sender.send("pos/v1/T0001/up/rec", encode(Packet(tuple(good.records))))
        bus.until(lambda: bus.on("pos/v1/T0001/dn/ack"))
        sender.close()
    assert seqs(path) == [1, 2, 3, 4, 5]
    assert rows(path, "T0666") == []


def test_damaged_conflicting_and_rogue_records_over_the_bus(broker, tmp_path):  # noqa: F811
    """Quarantine is acknowledged, a conflict is kept beside, a rogue's topic books nothing for its victim."""
    path = tmp_path / "fleet.db"
    journal, other = Journal().fill(6), Journal(seed=9).fill(2)
    spoilt = [*journal.records[:3], forged(journal.records[3], b'{"lang":"xx"}'), *journal.records[4:]]
    victim = encode(Packet(tuple(Journal("VICTIM").fill(3).records)))
    with Backend(path, broker.host, broker.port) as backend, Bus(broker) as bus:
        sender = Publisher(broker)
        sender.send("pos/v1/ROGUE/up/pos/v1/VICTIM/up/rec", victim)
        sender.send("pos/v1/ROGUE/up/rec", victim)
        sender.send("pos/v1/T0001/up/rec", encode(Packet(tuple(spoilt))))
        sender.send("pos/v1/T0001/up/rec", encode(Packet(tuple(other.records))))
        sender.send("pos/v1/T0001/up/rec", b"\xff{no packet")
        sender.send("pos/v1/T0002/up/rec", encode(Packet(tuple(Journal("T0002").fill(2).records))))
        bus.until(lambda: bus.on("pos/v1/T0002/dn/ack"))
        sender.close()
        acks = [msgspec.json.decode(payload) for payload in bus.on("pos/v1/T0001/dn/ack")]
        assert {ack["upto"] for ack in acks} == {6}
        assert 4 in {seq for ack in acks for seq in ack.get("quarantined", ())}
        assert not bus.on("pos/v1/VICTIM/dn/ack")
        with backend.store.begin() as books:
            assert [found.seq for found in books.conflicts_of("T0001")] == [1, 2]
            assert {found.seq for found in books.quarantine_of("T0001")} == {0, 4}
            assert len(books.quarantine_of("")) == 1
    assert seqs(path) == [1, 2, 3, 5, 6]
    assert rows(path, "VICTIM") == []


def test_two_consumers_of_a_shared_subscription_with_a_mount_prefix(broker, tmp_path):  # noqa: F811
    """Each gets part of the records, in any order; what both have together is everything."""
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    journal = Journal().fill(64)
    options = {"share": "ingest", "mount": "shop/"}
    with (
        Backend(one, broker.host, broker.port, **options),
        Backend(two, broker.host, broker.port, **options),
        Bus(broker) as bus,
    ):
        sender = Publisher(broker)
        for packet in journal.packets(size=2):
            sender.send("shop/pos/v1/T0001/up/rec", encode(packet))
        bus.until(lambda: len(seqs(one)) + len(seqs(two)) == 64)
        sender.close()
        assert bus.on("shop/pos/v1/T0001/dn/ack")
    assert sorted(seqs(one) + seqs(two)) == list(range(1, 65))
    assert seqs(one)
    assert seqs(two)


@pytest.mark.parametrize("size", [1, 16])
def test_every_message_on_the_bus_is_one_the_schemas_allow(broker, tmp_path, size):  # noqa: F811
    from firmware.events import Announce, AskEpoch
    from tests.backend import FLEET_PUBLIC
    from tests.oracle import Oracle
    from wire.messages import State

    journal = Journal().fill(40)
    journal.seal()
    with (
        Bus(broker) as bus,
        Backend(tmp_path / "fleet.db", broker.host, broker.port),
        Pump(journal, broker.host, broker.port, fleet_key=FLEET_PUBLIC, size=size) as pump,
    ):
        pump.uplink.carry_out(Announce(State(online=True, boot_id="b", epoch=1, journal_key=journal.public_hex)))
        pump.until(lambda: pump.up)
        pump.uplink.carry_out(AskEpoch(1, journal.public_hex))
        pump.drain()
        pump.until(lambda: pump.times)
        bus.until(lambda: bus.on("pos/v1/T0001/dn/answer"))  # asked after the records
        pump.uplink.stop("asked")
        bus.until(lambda: any(b'"reason":"asked"' in payload for payload in bus.on("pos/v1/T0001/up/state")))
    oracle = Oracle()
    assert [fault for message in bus.messages for fault in oracle.faults(*message)] == []
    assert set(oracle.seen) == {
        "up/state", "up/rec", "up/ask/epoch", "up/ask/time", "dn/ack", "dn/answer", "dn/time",
    }  # fmt: skip
