"""The whole way as a customer goes it: what `posfleet ca issue` wrote lies in a terminal's folder, `posd` comes in with it
over TLS, and `posfleet serve` renews the key of one whose certificate is old."""

import json
import signal
import time
from datetime import timedelta

import msgspec
import pytest

from firmware.assembly import RENEWED
from firmware.drivers.store import Identity, Store
from fleet import home
from fleet.__main__ import main
from fleet.ca import authority as ca
from fleet.commands import ca as command
from tests.backend import Served, ask
from tests.daemon.test_posd import Daemon, select_nothing
from tests.renewal.link import serial
from tests.rogue.test_shipped import link
from tests.tls_broker import now, tls_broker  # noqa: F401 - the fixture

WAIT_S = 60


def until(met, what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not met():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        select_nothing()


@pytest.fixture
def house(tls_broker, tmp_path):  # noqa: F811
    """The data folder of a backend whose authority the broker believes."""
    data = tmp_path / "fleet"
    data.mkdir()
    (data / ca.FOLDER).symlink_to(tls_broker.authority)
    return data


def provisioned(house, folder, broker, monkeypatch, days_ago: int) -> None:
    """Bring what the command wrote to a terminal's data folder, as docs/security.md says."""
    monkeypatch.setattr(command, "now", lambda: now() - timedelta(days=days_ago))
    words = ("--dir", str(folder / "tls"), "--host", broker.host, "--port", str(broker.port))
    assert main(["ca", "issue", "T0001", *words, "--data", str(house), "--lang", "en"]) == 0
    monkeypatch.undo()
    fields = json.loads((folder / "tls" / "identity.json").read_text())
    Store(folder).write_identity(msgspec.convert(fields, Identity))


def test_a_terminal_comes_in_with_what_the_command_wrote_and_renews_its_key(tls_broker, house, tmp_path, monkeypatch):  # noqa: F811
    folder = tmp_path / "terminal"
    folder.mkdir()
    provisioned(house, folder, tls_broker, monkeypatch, days_ago=300)
    with Served(house, None, *link(tls_broker)):
        posd = Daemon(folder)
        try:
            until(
                lambda: [row.terminal for row in ask(house / home.DATABASE, "all_terminals")] == ["T0001"], "its state"
            )
            until(lambda: (folder / RENEWED / "next.pem").exists(), "a new certificate")
            assert serial(folder / RENEWED / "next.pem") != serial(folder / "tls" / "terminal.crt")
        finally:
            assert posd.stop(signal.SIGTERM) == 0
