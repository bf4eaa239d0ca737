"""How fast a backlog drains through driver, broker and backend, beside a bare paho publisher on the same broker.

`measure()` is for the table of benchmarks; `python -m benchmarks.drain` prints it. The backend is the real
`posfleet serve` with a file (WAL, FULL); the broker a real Mosquitto; the terminal's half is the real uplink with the
credit of 16 packets. Rounds alternate, so that a busy machine slows both alike.
"""

import queue
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware.drivers.uplink import LinkSettings, Uplink
from firmware.events import Acked, Event, LinkUp, Send
from tests.backend import Served
from tests.journals import Journal
from tests.mosquitto import Broker
from wire.facts import Line, Sale, TenderPart
from wire.records import PACKET_BYTES_MAX, PACKET_RECORDS_MAX, PACKETS_IN_FLIGHT_MAX, Packet, Record

BARE_WINDOW = 20
BARE_BYTES = 400
WAIT_S = 120


@dataclass(frozen=True, slots=True)
class Drain:
    """Records acknowledged by the backend per second, bare messages per second, and their ratio (medians)."""

    records_per_s: float
    bare_messages_per_s: float
    ratio: float
    records: int
    rounds: int


def measure(records: int = 4_000, rounds: int = 3) -> Drain:
    """Run both by turns on one broker."""
    drained: list[float] = []
    bare: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder)) as broker,
        Served(Path(folder) / "fleet", broker.port),
    ):
        for number in range(rounds):
            journal = sales(f"B{number:04d}", records)
            drained.append(records / _drain(journal, broker))
            bare.append(records / _bare(records, broker))
    ours, theirs = median(drained), median(bare)
    return Drain(ours, theirs, ours / theirs, records, rounds)


def sales(terminal: str, count: int) -> Journal:
    """A backlog of three-line cash sales."""
    journal = Journal(terminal)
    lines = tuple(Line(f"{n:06d}", "农夫山泉 550ml", 1000, 200, 200, "瓶") for n in range(3))
    for trace in range(1, count):
        tenders = (TenderPart("cash", 1000, 400),)
        journal.add(Sale(1, trace, "01", "2026-11-22", lines, 600, 0, 600, tenders, 1))
    return journal


def packets(records: list[Record]) -> list[Packet]:
    """Records in packets of at most 16 or 8 KiB, as the terminal packs them."""
    made: list[Packet] = []
    held: list[Record] = []
    size = 0
    for record in records:
        length = len(msgspec.json.encode(record))
        if held and (len(held) == PACKET_RECORDS_MAX or size + length > PACKET_BYTES_MAX):
            made.append(Packet(tuple(held)))
            held, size = [], 0
        held.append(record)
        size += length
    return [*made, Packet(tuple(held))]


def _drain(journal: Journal, broker: Broker) -> float:
    """Seconds from the link's coming up to the acknowledgement of the last record."""
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    uplink = Uplink(
        LinkSettings(journal.terminal, broker.host, broker.port),
        inbox.put,
        lambda _utc_ms, _monotonic_ms: None,
        jitter=lambda: 0.0,
        nonce=lambda: bytes(16),
    )
    ready = packets(journal.records)
    uplink.start()
    try:
        while not isinstance(inbox.get(timeout=WAIT_S), LinkUp):
            continue
        began = time.perf_counter()
        acked = sent = whole = 0
        while acked < len(journal.records):
            while sent < len(ready) and sent - whole < PACKETS_IN_FLIGHT_MAX:
                uplink.carry_out(Send(ready[sent]))
                sent += 1
            event = inbox.get(timeout=WAIT_S)
            if isinstance(event, Acked):
                acked = max(acked, event.ack.upto)
                while whole < sent and ready[whole].records[-1].seq <= acked:
                    whole += 1
        return time.perf_counter() - began
    finally:
        uplink.stop("done")


def _bare(messages: int, broker: Broker) -> float:
    """Seconds for that many QoS 1 messages of 400 bytes from a bare paho client, 20 in flight, to their PUBACK."""
    credit = threading.Semaphore(BARE_WINDOW)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_publish = lambda *_: credit.release()
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert connected.wait(WAIT_S)
    payload = b"x" * BARE_BYTES
    began = time.perf_counter()
    for _ in range(messages):
        assert credit.acquire(timeout=WAIT_S)
        client.publish("bare/rec", payload, qos=1)
    for _ in range(BARE_WINDOW):
        assert credit.acquire(timeout=WAIT_S)
    seconds = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return seconds


if __name__ == "__main__":
    found = measure()
    print(f"drain {found.records_per_s:.0f} records/s, bare paho {found.bare_messages_per_s:.0f} messages/s", end="")
    print(f", ratio {found.ratio:.2f} ({found.records} records, {found.rounds} rounds)")
