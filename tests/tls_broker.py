"""A real Mosquitto with the configuration we ship, and an authority of its own, in a temporary folder on free ports.

    from tests.tls_broker import tls_broker  # noqa: F401 - the fixture

or `with TlsBroker(folder) as broker: …`. `broker.port` is the terminals' listener, `broker.private_port` the backends';
`broker.terminal("T0001")` issues a certificate and gives it as an uplink wants it, `broker.backend()` as `fleet.mqtt`
wants it. Topics at the private listener begin with `broker.mount`. `change` edits the configuration before the start, for a
control that shows what a measure is good for. `keeps`: what is retained survives a stop and start.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.drivers.uplink import Tls
from fleet.broker import mosquitto
from fleet.broker.place import SERVER_CERT, SERVER_KEY, Place
from fleet.ca import authority as ca
from tests.mosquitto import PROGRAM, Broker, free_port
from wire.topics import MOUNT

HOSTS = ("127.0.0.1", "localhost")


def now() -> datetime:
    return datetime.now(UTC)


class TlsBroker(Broker):
    """`folder/ca` is the authority, `folder/broker` the broker's, `folder/NAME-N` what was issued."""

    mount = MOUNT

    def __init__(
        self,
        folder: Path,
        change: Callable[[str], str] = lambda text: text,
        server_days: int = 825,
        keeps: bool = False,
    ) -> None:
        self.authority = folder / "ca"
        self._made = folder
        self._change = change
        self._state = folder / "state" if keeps else None
        self.private_port = 0
        broker = folder / "broker"
        super().__init__(broker)
        ca.found(self.authority, "Test", now())
        if self._state is not None:
            self._state.mkdir()
        broker.mkdir()
        self.serve(now(), server_days)
        for name in (SERVER_CERT, SERVER_KEY):
            shutil.copyfile(broker / name, broker / f"private-{name}")
        self.publish()

    def serve(self, moment: datetime, days: int = 825, hosts: Sequence[str] = HOSTS) -> None:
        """Give the terminals' listener a certificate made at `moment`; it counts from the next start or `reload`."""
        with ca.opened(self.authority) as authority:
            made = authority.service("server", "broker", hosts, moment, days=days)
        (self._folder / SERVER_CERT).write_bytes(made.chain)
        (self._folder / SERVER_KEY).write_bytes(made.key)

    def publish(self) -> None:
        """Bring the authority's bundles and lists to the broker."""
        for name in (ca.CLIENTS, ca.CRL, ca.TRUST, ca.SERVICES_CRL):
            shutil.copyfile(self.authority / name, self._folder / name)

    def reload(self) -> None:
        """Make it read certificates and lists again, as an operator would."""
        os.kill(self.pid, signal.SIGHUP)

    def terminal(self, name: str, moment: datetime | None = None, days: int = 365) -> Tls:
        """A new certificate for a terminal."""
        with ca.opened(self.authority) as authority:
            return self.keep(authority.issue(name, moment or now(), days, again=True))

    def backend(self, name: str = "backend") -> Tls:
        """A new certificate for a backend."""
        with ca.opened(self.authority) as authority:
            return self.keep(authority.service("backend", name, (), now()))

    def revoke(self, name: str) -> None:
        """Revoke all certificates of a name; the broker knows after `publish` and `reload`."""
        with ca.opened(self.authority) as authority:
            authority.revoke(authority.entries(name), now())

    def keep(self, issued: ca.Issued) -> Tls:
        folder = self._made / f"{issued.entry.name}-{issued.entry.serial[:8]}"
        folder.mkdir()
        names = {"trust.pem": issued.trust, "own.crt": issued.chain, "own.key": issued.key}
        for name, data in names.items():
            (folder / name).write_bytes(data)
        return Tls(*(folder / name for name in names))

    def _config(self) -> str:
        self.private_port = self.private_port or free_port()
        place = Place(
            self._folder, self.host, self.port, self.host, self.private_port, self.mount, state=self._state
        )  # fmt: skip
        made = {name: data.decode() for name, data in mosquitto.files(place).items()}
        terminals, mark, backends = made.pop(mosquitto.CONFIG).partition("# --- backends")
        for name in (SERVER_CERT, SERVER_KEY):  # of its own, so that a test may date the terminals' one wrongly
            backends = backends.replace(f"/{name}", f"/private-{name}")
        text = self._change(terminals + mark + backends)
        for name, data in made.items():
            (self._folder / name).write_text(data)
        return text


def long_ago(days: int) -> datetime:
    return now() - timedelta(days=days)


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[TlsBroker]:
    """A running broker with TLS."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    with TlsBroker(tmp_path / "tls") as made:
        yield made
