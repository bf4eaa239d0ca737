"""The sending half of a terminal's core, as small as can be: credit by cumulative acknowledgement, all again after a
`LinkUp`. It stands in for the real core so that driver, broker and backend are tested on their own."""

import queue
import threading
import time

from firmware.drivers.uplink import LinkSettings, Uplink
from firmware.events import Acked, Event, LinkDown, LinkUp, Send
from tests.journals import Journal
from wire.records import PACKETS_IN_FLIGHT_MAX, Packet

WAIT_S = 60
"""No test waits so long unless something is broken."""
AGAIN_S = 0.5
"""Without an acknowledgement for so long the pump sends again; the real core takes its time."""


class Pump:
    """Drains a journal through an `Uplink`. `events` keeps everything the driver posted."""

    def __init__(self, journal: Journal, host: str, port: int, fleet_key: str = "", size: int = 16, **more) -> None:
        self.journal = journal
        self.packets = journal.packets(size)
        self.acked = 0
        self.up = False
        self.events: list[Event] = []
        self.times: list[tuple[int, int]] = []
        self._next = 0  # index of the packet to send next
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        settings = LinkSettings(journal.terminal, host, port, fleet_key=fleet_key, **more)
        self.uplink = Uplink(
            settings,
            self._inbox.put,
            lambda utc_ms, monotonic_ms: self.times.append((utc_ms, monotonic_ms)),
            jitter=lambda: 0.02,
            nonce=lambda: b"n" * 16,
        )
        self._begun = False

    def __enter__(self) -> "Pump":
        self.uplink.start()
        self._begun = True
        return self

    def __exit__(self, *_exc: object) -> None:
        self.uplink.stop("test over")

    def until(self, met, what: str = "") -> None:
        """Take events until `met()`; fails after `WAIT_S`."""
        deadline = time.monotonic() + WAIT_S
        again = time.monotonic() + AGAIN_S
        while not met():
            left = deadline - time.monotonic()
            try:
                self._take(self._inbox.get(timeout=max(0.001, min(left, 0.05))))
                again = time.monotonic() + AGAIN_S
            except queue.Empty:
                if time.monotonic() >= again:
                    again = time.monotonic() + AGAIN_S
                    self.nudge()
                assert left > 0, f"waited in vain for {what or 'the end'}: {self.events[-5:]}"

    def drain(self, upto: int | None = None) -> None:
        """Until the backend has acknowledged everything (or up to `upto`)."""
        wanted = len(self.journal.records) if upto is None else upto
        self.until(lambda: self.acked >= wanted, f"acknowledgement of {wanted}, got {self.acked}")

    def met(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def nudge(self) -> None:
        """Send everything unacknowledged again, as the core's timer would."""
        self._rewind()
        self._fill()

    def _take(self, event: Event) -> None:
        self.events.append(event)
        match event:
            case LinkUp():
                self.up = True
                self.nudge()
            case LinkDown():
                self.up = False
            case Acked(ack) if ack.epoch == self.journal.epoch:
                self.acked = max(self.acked, ack.upto)
                self._fill()

    def _rewind(self) -> None:
        self._next = next((n for n, p in enumerate(self.packets) if p.records[-1].seq > self.acked), len(self.packets))

    def _fill(self) -> None:
        flying = [p for p in self.packets[: self._next] if p.records[-1].seq > self.acked]
        while self.up and len(flying) < PACKETS_IN_FLIGHT_MAX and self._next < len(self.packets):
            packet: Packet = self.packets[self._next]
            self._next += 1
            flying.append(packet)
            self.uplink.carry_out(Send(packet))


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]
