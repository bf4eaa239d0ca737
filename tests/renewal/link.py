"""A terminal's uplink with its keyring, and a backend that renews certificates, on a broker with TLS."""

import queue
import time
from pathlib import Path

from cryptography import x509

from firmware.drivers.store.atomic import write_whole
from firmware.drivers.uplink import Keyring, LinkSettings, Tls, Uplink, Wall
from firmware.events import Event, KeyTrouble, LinkDown, LinkUp
from fleet.ca.authority import serial_of
from fleet.renewal import Renewals, Rules
from fleet.tls import Tls as ServiceTls
from tests.backend import FLEET_KEY, FLEET_PUBLIC, Backend
from tests.tls_broker import TlsBroker

WAIT_S = 25


class Terminal:
    """Comes up by itself when entered. `wall` is its clock until the fleet tells it the time."""

    def __init__(
        self, broker: TlsBroker, tls: Tls, folder: Path, wall: Wall | None = None, fleet_key: str = FLEET_PUBLIC, **more
    ) -> None:
        self.events: list[Event] = []
        self.times: list[int] = []
        self.folder = folder
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._wall = wall
        self._apart_ms: int | None = None
        settings = LinkSettings("T0001", broker.host, broker.port, fleet_key, tls, **more)
        self.uplink = Uplink(
            settings, self._inbox.put, self._on_time, jitter=lambda: 0.02, nonce=lambda: b"n" * 16, wall=self.wall,
            keyring=Keyring(tls, folder, write_whole),
        )  # fmt: skip

    def wall(self) -> Wall:
        if self._apart_ms is not None:
            return Wall(system_ms() + self._apart_ms, True)
        return self._wall or Wall(system_ms(), True)

    def _on_time(self, utc_ms: int, _monotonic_ms: int) -> None:
        self._apart_ms = utc_ms - system_ms()
        self.times.append(utc_ms)

    def __enter__(self) -> "Terminal":
        self.uplink.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.uplink.stop("test over")

    def until(self, met, what: str = "") -> None:
        deadline = time.monotonic() + WAIT_S
        while not met():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.events[-5:]}"
            try:
                self.events.append(self._inbox.get(timeout=0.05))
            except queue.Empty:
                continue

    def up(self, times: int = 1) -> None:
        self.until(lambda: len(self.met(LinkUp)) >= times, f"coming up {times} times")

    def down(self) -> int:
        """Code of the first trouble."""
        self.until(lambda: self.met(LinkDown), "trouble")
        return self.met(LinkDown)[0].code

    def met(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    def troubles(self) -> list[str]:
        return [event.detail for event in self.met(KeyTrouble)]

    def kept(self) -> set[str]:
        return {each.name for each in self.folder.iterdir()} if self.folder.exists() else set()


class House:
    """A backend at the private listener, with the authority beside it."""

    def __init__(self, broker: TlsBroker, path: Path, rules: Rules | None = None, renews: bool = True) -> None:
        made = broker.backend()
        tls = ServiceTls(made.ca, made.cert, made.key)
        self.backend = Backend(path, broker.host, broker.private_port, mount=broker.mount, tls=tls)
        self._renewals = Renewals(broker.authority, FLEET_KEY.sign, self.backend.ingest.renewed, rules)
        if renews:
            self.backend.ingest._renew = self._renewals.ask

    def __enter__(self) -> "House":
        self._renewals.start()
        self.backend.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.backend.__exit__(*exc)
        self._renewals.stop()


def serial(path: Path) -> str:
    """Serial number of the certificate in a file."""
    return serial_of(x509.load_pem_x509_certificates(path.read_bytes())[0])


def system_ms() -> int:
    return time.time_ns() // 1_000_000
