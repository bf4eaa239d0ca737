"""The telemetry desk: how the terminal fares, every `sync.telemetry_min` while the link is up (`up/met`, wire contract, 2).

Nothing is kept for later: without a link what would have been told is counted on, in bounded memory, into the next one.
"""

from dataclasses import dataclass, field
from typing import Final

from firmware.desks import Till
from firmware.events import Event, Gauge, Gauged, LinkUp, Tell
from wire.facts import Fact, Sale
from wire.fleet import Met

DESK: Final = "telemetry"
MINUTE_MS, SOON_MS = 60_000, 60_000
CODES_MAX: Final = 64


@dataclass(slots=True)
class TelemetryDesk:
    """What has been counted since the last message."""

    name: str = DESK
    sales: int = 0
    errors: dict[int, int] = field(default_factory=dict)
    waits: bool = False  # the timer runs

    def booted(self, till: Till) -> None:
        """Nothing is told before the link is up."""

    def hear(self, till: Till, event: Event) -> None:
        """The first message soon after the link is up, then every `sync.telemetry_min`; what was measured is told."""
        match event:
            case LinkUp() if not self.waits and not till.training:
                self.waits = True
                till.timer("telemetry:due", SOON_MS)
            case Gauged():
                self._tell(till, event)
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """It is time; the answer to `Gauge` is told."""
        till.timer("telemetry:due", till.settings.sync.telemetry_min * MINUTE_MS)
        if till.devices.link == "up":
            till.emit(Gauge())

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Sales are counted."""
        self.sales += isinstance(fact, Sale)

    def count(self, code: int) -> None:
        """A code was shown or alarmed. Of more codes than a message holds the rarest are not told."""
        self.errors[code] = self.errors.get(code, 0) + 1
        if len(self.errors) > 2 * CODES_MAX:
            self.errors = dict(self._commonest())

    def _commonest(self) -> list[tuple[int, int]]:
        return sorted(self.errors.items(), key=lambda each: (-each[1], each[0]))[:CODES_MAX]

    def _tell(self, till: Till, seen: Gauged) -> None:
        if till.devices.link != "up" or till.training:
            return
        devices = till.devices
        met = Met(
            max(0, till.now.wall_ms), seen.up_s, till.ledger.durable_seq - till.ledger.acked_seq, seen.temperature_c,
            devices.battery, devices.charging if devices.battery is not None else None, seen.disk_free_percent,
            seen.disk_wear_percent, devices.signal_percent, seen.memory_mb, seen.scan_to_screen_p95_ms, self.sales,
            {str(code): times for code, times in sorted(self._commonest())},
        )  # fmt: skip
        self.sales, self.errors = 0, {}
        till.emit(Tell(met))
