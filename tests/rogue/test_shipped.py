"""The broker's configuration we ship lets the fleet work: a terminal drains its journal to `posfleet serve` over TLS."""

import json
import shutil

import msgspec
import pytest

from firmware.drivers.uplink import Tls
from firmware.events import LinkDown
from fleet.__main__ import main
from tests.backend import Served, ask, rows
from tests.journals import Journal
from tests.mosquitto import PROGRAM
from tests.rogue.rogue import Rogue, context
from tests.tls_broker import TlsBroker, tls_broker  # noqa: F401 - the fixture
from tests.uplink.pump import Pump
from wire.channels import STATE
from wire.messages import State


def link(broker: TlsBroker) -> list[str]:
    """Words with which a backend reaches the private listener."""
    tls = broker.backend()
    address = f"{broker.host}:{broker.private_port}"
    names = (
        "--broker",
        address,
        "--mount",
        broker.mount,
        "--tls-ca",
        tls.ca,
        "--tls-cert",
        tls.cert,
        "--tls-key",
        tls.key,
    )
    return [str(each) for each in names]


def test_a_terminal_drains_to_posfleet_serve_over_tls(tls_broker, tmp_path):  # noqa: F811
    journal = Journal().fill(50)
    data = tmp_path / "data"
    with (
        Served(data, None, *link(tls_broker)) as served,
        Pump(journal, tls_broker.host, tls_broker.port, tls=tls_broker.terminal("T0001")) as pump,
    ):
        pump.drain()
        code, errors = served.end()
    assert (code, errors) == (0, "")
    assert len(rows(data / "fleet.db")) == len(journal.records)
    assert any("as T0001 (p5, c0" in line for line in tls_broker.log)


def test_a_terminal_is_thrown_out_at_once(tls_broker, capsys):  # noqa: F811
    with Pump(Journal(), tls_broker.host, tls_broker.port, tls=tls_broker.terminal("T0001")) as pump:
        pump.until(lambda: pump.up)
        assert main(["broker", "kick", "T0001", "--json", "--lang", "en", *link(tls_broker)]) == 0
        pump.until(lambda: pump.met(LinkDown))
    assert json.loads(capsys.readouterr().out) == {"terminal": "T0001", "kicked": True}


def test_who_was_thrown_out_is_shown_as_lost(tls_broker, tmp_path, capsys):  # noqa: F811
    """The broker keeps the will to itself when a session is taken over, so it would stand as online for ever."""
    data = tmp_path / "data"

    def seen():
        return next((row.state for row in ask(data / "fleet.db", "all_terminals") if row.terminal == "T0001"), None)

    said = State(True, boot_id="b1", epoch=1, next_seq=7, software="1.2", clock="trusted")
    topic = STATE.topic("T0001")
    with (
        Served(data, None, *link(tls_broker)),
        Rogue(tls_broker.port, context(tls_broker.terminal("T0001")), session_s=3_600) as terminal,
    ):
        terminal.publish(topic, msgspec.json.encode(said), retain=True)
        terminal.until(lambda: seen() == said)
        assert main(["broker", "kick", "T0001", "--lang", "en", *link(tls_broker)]) == 0
        terminal.until(lambda: seen() == msgspec.structs.replace(said, online=False, reason="lost"))


def test_to_throw_out_who_never_spoke_says_nothing_of_it(tls_broker, tmp_path, capsys):  # noqa: F811
    assert main(["broker", "kick", "T0042", "--lang", "en", *link(tls_broker)]) == 0


def test_the_folder_posfleet_writes_is_one_mosquitto_starts_with(tmp_path, capsys):
    """From `ca init` to a terminal that is let in, with the commands alone."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    data, out = tmp_path / "data", tmp_path / "made"
    made = TlsBroker(tmp_path / "tls")
    shutil.rmtree(made.authority)

    def run(*words) -> None:
        assert main([*map(str, words), "--data", str(data), "--lang", "en"]) == 0, capsys.readouterr()

    run("ca", "init")
    run("broker", "mosquitto", "--out", out, "--name", "127.0.0.1", "--folder", made._folder)
    run("ca", "issue", "T0001", "--dir", tmp_path / "T0001")
    for each in out.iterdir():
        shutil.copyfile(each, made._folder / each.name)
        if each.name.startswith("server"):
            shutil.copyfile(each, made._folder / f"private-{each.name}")
    own = Tls(*(tmp_path / "T0001" / name for name in ("ca.pem", "terminal.crt", "terminal.key")))
    with made, Pump(Journal(), made.host, made.port, tls=own) as pump:
        pump.until(lambda: pump.up)


@pytest.mark.parametrize("keeps", [True, False])
def test_retained_settings_survive_a_restart_where_there_is_a_folder_for_them(tmp_path, keeps):
    """The control without a folder shows that it is the folder that does it."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    topic = f"{TlsBroker.mount}pos/v1/T0001/dn/desired"
    with TlsBroker(tmp_path / "tls", keeps=keeps) as broker:
        with Rogue(broker.private_port, context(broker.backend()), "fleet-test") as backend:
            assert backend.publish(topic, b"signed settings", retain=True) < 0x80
        broker.stop()
        broker.start()
        with Rogue(broker.private_port, context(broker.backend()), "fleet-test") as backend:
            backend.subscribe(topic)
            backend.publish(topic, b"marker")
            backend.until(lambda: b"marker" in [payload for _, payload, _ in backend.heard])
            assert (b"signed settings" in [payload for _, payload, _ in backend.heard]) == keeps
