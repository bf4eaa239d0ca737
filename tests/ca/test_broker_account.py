"""A broker's folder can be read by the account the broker runs as, and its certificate has the names it is called by."""

import json
import os
import shutil
import signal
import stat
import tempfile
from pathlib import Path

import pytest
from cryptography import x509

from fleet.__main__ import main
from fleet.broker import access
from tests.mosquitto import PROGRAM, Broker, free_port

NAME = "mosquitto"


class Dropping(Broker):
    """The folder as it was written; started by root it becomes the account of its configuration."""

    account = ""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port=port)
        self._text = (folder / "mosquitto.conf").read_text()

    def _config(self) -> str:
        return self._text

    def owner(self) -> int:
        return Path(f"/proc/{self.pid}").stat().st_uid


@pytest.fixture
def open_folder():
    """A folder any account can enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="pos-broker-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run(capsys, folder, *words, code=0, lang="en"):
    found = main([*map(str, words), "--data", str(folder / "fleet"), "--lang", lang])
    out, errors = capsys.readouterr()
    assert found == code, errors
    return out


def names_in(certificate):
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {
        str(each)
        for each in (*extension.get_values_for_type(x509.DNSName), *extension.get_values_for_type(x509.IPAddress))
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a broker that becomes another account")
@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
@pytest.mark.skipif(access.account(NAME) is None, reason="there is no account mosquitto")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_real_broker_runs_as_its_own_account_and_reads_new_lists(open_folder, capsys, umask):
    port, private = free_port(), free_port()
    before = os.umask(umask)
    try:
        run(capsys, open_folder, "ca", "init")
        out = run(
            capsys, open_folder, "broker", "mosquitto", "--out", open_folder / "broker", "--name", "mqtt.example.cn",
            "--host", "127.0.0.1", "--port", port, "--private-port", private, "--state", open_folder / "state",
        )  # fmt: skip
        assert f"mosquitto can read {open_folder / 'broker'}" in out
        run(capsys, open_folder, "ca", "backend", "backend", "--dir", open_folder / "backend")
        own = open_folder / "backend"
        with Dropping(open_folder / "broker", port) as broker:
            assert broker.owner() == access.account(NAME).uid
            run(capsys, open_folder, "ca", "issue", "T0001", "--dir", open_folder / "T0001")
            run(capsys, open_folder, "ca", "revoke", "T0001")
            run(capsys, open_folder, "broker", "update", "--out", open_folder / "broker")
            os.kill(broker.pid, signal.SIGHUP)
            run(
                capsys, open_folder, "broker", "kick", "T0001", "--broker", f"127.0.0.1:{private}",
                "--mount", "terminals/", "--tls-ca", own / "ca.pem", "--tls-cert", own / "backend.crt",
                "--tls-key", own / "backend.key",
            )  # fmt: skip
            assert not [line for line in broker.log if "Unable" in line or "denied" in line], list(broker.log)
            broker.stop()
    finally:
        os.umask(before)
    assert (open_folder / "state" / "mosquitto.db").stat().st_uid == access.account(NAME).uid
    key = (open_folder / "broker" / "server.key").stat()
    assert (stat.S_IMODE(key.st_mode), key.st_gid) == (0o640, access.account(NAME).gid)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_root_has_still_to_do_is_said_as_commands(tmp_path, capsys, lang):
    run(capsys, tmp_path, "ca", "init")
    words = (
        "--folder",
        "/etc/mosquitto/pos",
        "--name",
        "mqtt.example.cn",
        "--state",
        "/srv/state",
        "--broker-user",
        "mq",
    )
    out = run(capsys, tmp_path, "broker", "mosquitto", "--out", tmp_path / "b", *words, lang=lang)
    assert "chgrp -R mq /etc/mosquitto/pos && chmod -R u=rwX,g=rX,o= /etc/mosquitto/pos" in out
    assert "install -d -o mq -g mq -m 700 /srv/state" in out
    assert "\nuser mq\n" in (tmp_path / "b" / "mosquitto.conf").read_text()


def test_a_folder_that_is_not_there_yet_is_made_by_a_command_and_named_from_the_root(tmp_path, capsys, monkeypatch):
    """As whoever is not root meets it: neither the folder nor those above it are ours to make."""
    monkeypatch.setattr("fleet.broker.access.os.geteuid", lambda: 54_321)
    monkeypatch.chdir(tmp_path)
    run(capsys, tmp_path, "ca", "init")
    words = ("--name", "mqtt.example.cn", "--state", "none/state", "--broker-user", "nobody", "--json")
    if access.account("nobody") is None:
        pytest.skip("there is no account nobody")
    told = json.loads(run(capsys, tmp_path, "broker", "mosquitto", "--out", tmp_path / "broker", *words))
    state = tmp_path / "none" / "state"
    assert any(line.startswith("install -d -o nobody") and line.endswith(f" {state}") for line in told["undone"])
    assert f"persistence_location {state}/" in (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert not state.exists()


def test_a_way_the_account_cannot_enter_is_named(tmp_path, capsys):
    """Whoever this is: `nobody` is another, and a private folder is closed to it."""
    if access.account("nobody") is None:
        pytest.skip("there is no account nobody")
    shut = tmp_path / "private"
    shut.mkdir(mode=0o700)
    run(capsys, tmp_path, "ca", "init")
    words = ("--name", "mqtt.example.cn", "--broker-user", "nobody", "--json")
    told = json.loads(run(capsys, tmp_path, "broker", "mosquitto", "--out", shut / "broker", *words))
    assert f"chmod o+x {shut}" in told["undone"]
    assert told["user"] == "nobody"


@pytest.mark.parametrize(
    ("words", "names", "backends"),
    [
        ((), {"mqtt.example.cn", "127.0.0.1", "localhost"}, "127.0.0.1:8884"),
        (("--private-host", "10.0.0.2"), {"mqtt.example.cn", "10.0.0.2"}, "10.0.0.2:8884"),
        (
            ("--private-host", "10.0.0.2", "--private-name", "broker.internal", "--private-port", "9884"),
            {"mqtt.example.cn", "broker.internal"},
            "broker.internal:9884",
        ),
        (("--private-host", "0.0.0.0"), {"mqtt.example.cn"}, "mqtt.example.cn:8884"),
    ],
)
def test_the_certificate_has_the_name_backends_are_told_to_use(tmp_path, capsys, words, names, backends):
    run(capsys, tmp_path, "ca", "init")
    place = ("--out", tmp_path / "broker", "--name", "mqtt.example.cn")
    told = json.loads(run(capsys, tmp_path, "broker", "mosquitto", *place, *words, "--json"))
    assert names_in(tmp_path / "broker" / "server.crt") == names
    assert told["backends"] == backends
    host = words[1] if words else "127.0.0.1"
    assert f"listener {backends.rpartition(':')[2]} {host}\n" in (tmp_path / "broker" / "mosquitto.conf").read_text()
