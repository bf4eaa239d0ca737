"""How fast a backlog drains through driver, broker and backend, beside a bare paho publisher on the same broker.

`measure()` is for the table of benchmarks; `python -m benchmarks.drain` prints it. The backend is the real
`posfleet serve` with a file (WAL, FULL); the broker a real Mosquitto; the terminal's half is the real uplink with the
credit of 16 packets. Rounds alternate, so that a busy machine slows both alike.
"""

import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware.drivers.uplink import LinkSettings, Tls, Uplink
from firmware.events import Acked, Event, LinkUp, Send
from tests.backend import Served
from tests.journals import Journal
from tests.mosquitto import Broker, free_port
from tests.tls_broker import TlsBroker
from wire.facts import Line, Sale, TenderPart
from wire.records import PACKET_BYTES_MAX, PACKET_RECORDS_MAX, PACKETS_IN_FLIGHT_MAX, Packet, Record

BARE_WINDOW = 20
BARE_BYTES = 400
WAIT_S = 120


@dataclass(frozen=True, slots=True)
class Drain:
    """Records acknowledged by the backend per second, bare messages per second (medians); the ratio is the median of those
    of neighbouring rounds, for a shared machine changes its speed by half within a second."""

    records_per_s: float
    bare_messages_per_s: float
    ratio: float
    records: int
    rounds: int


def measure(records: int = 4_000, rounds: int = 3, tls: bool = False) -> Drain:
    """Run both by turns on one broker; with `tls` as we ship it, both with a terminal's certificate."""
    drained: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder, _stand(Path(folder), tls) as here:
        for number in range(rounds):
            journal = sales(f"B{number:04d}", records)
            drained.append(records / _drain(journal, here))
            bare.append(records / _bare(records, here))
    ratio = median(ours / theirs for ours, theirs in zip(drained, bare, strict=True))
    return Drain(median(drained), median(bare), ratio, records, rounds)


@dataclass(frozen=True, slots=True)
class _Stand:
    """`tls`: what the terminal of this name connects with; `bare_port`: a listener nobody else hears anything of."""

    broker: Broker
    bare_port: int
    tls: Callable[[str], Tls | None] = lambda _name: None


@contextmanager
def _stand(folder: Path, tls: bool) -> Iterator[_Stand]:
    if not tls:
        with Broker(folder) as broker, Served(folder / "fleet", broker.port):
            yield _Stand(broker, broker.port)
        return
    bare_port = free_port()
    shipped = TlsBroker(folder / "broker", change=lambda text: f"{text}\n{_bare_listener(text, bare_port)}\n")
    own = shipped.backend()
    given = ("--mount", shipped.mount, "--tls-ca", own.ca, "--tls-cert", own.cert, "--tls-key", own.key)
    with ExitStack() as running:
        running.enter_context(shipped)  # its ports are known from here on
        running.enter_context(Served(folder / "fleet", shipped.private_port, *map(str, given)))
        yield _Stand(shipped, bare_port, shipped.terminal)


def _bare_listener(text: str, port: int) -> str:
    """The terminals' listener once more, without access list and mount point: the peer publishes where nobody listens."""
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith("listener ")]
    lines = lines[begins[0] + 1 : begins[1]]
    kept = [line for line in lines if not line.startswith(("mount_point", "acl_file", "#"))]
    return "\n".join([f"listener {port} 127.0.0.1", *kept])


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


def _drain(journal: Journal, here: _Stand) -> float:
    """Seconds from the link's coming up to the acknowledgement of the last record."""
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    uplink = Uplink(
        LinkSettings(journal.terminal, here.broker.host, here.broker.port, tls=here.tls(journal.terminal)),
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


def _bare(messages: int, here: _Stand) -> float:
    """Seconds for that many QoS 1 messages of 400 bytes from a bare paho client, 20 in flight, to their PUBACK."""
    credit = threading.Semaphore(BARE_WINDOW)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_publish = lambda *_: credit.release()
    if (files := here.tls("BARE")) is not None:
        client.tls_set(str(files.ca), str(files.cert), str(files.key))
    client.connect(here.broker.host, here.bare_port)
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
    found = measure(tls="--tls" in sys.argv)
    print(f"drain {found.records_per_s:.0f} records/s, bare paho {found.bare_messages_per_s:.0f} messages/s", end="")
    print(f", ratio {found.ratio:.2f} ({found.records} records, {found.rounds} rounds)")
