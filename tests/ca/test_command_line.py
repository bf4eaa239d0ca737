"""`posfleet ca` and `posfleet broker` as their users meet them."""

import json
import stat

import msgspec
import pytest

from firmware.drivers.store import Identity
from fleet.__main__ import main

PASSPHRASE = "correct horse"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "fleet"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


def run(capsys, data, *words, lang="en"):
    code = main([*map(str, words), "--data", str(data), "--lang", lang])
    return code, *capsys.readouterr()


@pytest.fixture
def ready(capsys, data, secret):
    """An authority whose root keys have a passphrase."""
    code, out, _ = run(capsys, data, "ca", "init", "--passphrase-file", secret)
    assert code == 0
    assert "under your passphrase" in out
    return data


def test_a_terminal_gets_what_its_folder_needs(capsys, ready, tmp_path):
    folder = tmp_path / "T0001"
    words = ("ca", "issue", "T0001", "--dir", folder, "--host", "broker.example.cn", "--grace-port", "8885", "--json")
    code, out, _ = run(capsys, ready, *words)
    assert code == 0
    said = json.loads(out)
    assert (said["name"], said["kind"], said["state"]) == ("T0001", "terminal", "valid")
    names = {each.name for each in folder.iterdir()}
    assert names == {"ca.pem", "terminal.crt", "terminal.key", "identity.json"}
    assert stat.S_IMODE((folder / "terminal.key").stat().st_mode) == 0o600
    fragment = json.loads((folder / "identity.json").read_text())
    identity = msgspec.convert(fragment, Identity)
    assert (identity.terminal, identity.host, identity.port) == ("T0001", "broker.example.cn", 8883)
    assert identity.tls_key == "tls/terminal.key"
    assert len(identity.fleet_key) == 64


def test_nothing_is_issued_for_a_folder_that_is_taken(capsys, ready, tmp_path):
    (tmp_path / "mine").write_text("mine")
    code, _, wrong = run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path)
    assert code == 2
    assert "not written over" in wrong
    assert run(capsys, ready, "ca", "list", "--json")[1] == ""


def test_a_second_certificate_says_until_when_the_first_holds(capsys, ready, tmp_path):
    assert run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path / "one")[0] == 0
    code, _, wrong = run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path / "two", lang="zh")
    assert code == 2
    assert "已有证书" in wrong
    assert "处理" in wrong
    assert run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path / "two", "--again")[0] == 0
    rows = [json.loads(line) for line in run(capsys, ready, "ca", "list", "T0001", "--json")[1].splitlines()]
    assert [(row["state"], row["reason"]) for row in rows] == [("revoked", "replaced"), ("valid", "")]


def test_a_root_key_asks_for_its_passphrase_and_never_on_the_command_line(capsys, ready, tmp_path, secret, monkeypatch):
    words = ("ca", "server", "broker", "--host", "localhost", "--dir", tmp_path / "broker")
    code, _, wrong = run(capsys, ready, *words)
    assert code == 3
    assert "--passphrase-file" in wrong
    wrong_one = tmp_path / "wrong"
    wrong_one.write_text("wrong")
    wrong_one.chmod(0o644)
    assert "can be read by others" in run(capsys, ready, *words, "--passphrase-file", wrong_one)[2]
    wrong_one.chmod(0o600)
    assert "does not open" in run(capsys, ready, *words, "--passphrase-file", wrong_one)[2]
    monkeypatch.setenv("POSFLEET_CA_PASSPHRASE", PASSPHRASE)
    assert run(capsys, ready, *words)[0] == 0
    assert run(capsys, ready, "ca", "backend", "backend", "--dir", tmp_path / "backend")[0] == 0
    assert (tmp_path / "backend" / "backend.key").exists()


def test_a_root_key_that_was_taken_away_is_asked_back(capsys, ready, tmp_path, secret):
    (ready / "ca" / "services-root-1.key").unlink()
    words = ("ca", "backend", "backend", "--dir", tmp_path / "b", "--passphrase-file", secret)
    code, _, wrong = run(capsys, ready, *words)
    assert code == 3
    assert "is not here" in wrong


def test_revoking_and_renewing_tell_what_comes_next(capsys, ready, tmp_path, secret):
    run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path / "one")
    before = (ready / "ca" / "crl.pem").read_bytes()
    code, out, _ = run(capsys, ready, "ca", "revoke", "T0001", "--reason", "stolen")
    assert code == 0
    assert "posfleet broker update" in out
    assert (ready / "ca" / "crl.pem").read_bytes() != before
    assert run(capsys, ready, "ca", "revoke", "T0009")[0] == 2
    code, out, _ = run(capsys, ready, "ca", "renew", "--roots", "--passphrase-file", secret, "--json")
    assert json.loads(out)["made"] == ["terminals-root-2", "services-root-2", "terminals-issuing-2"]
    assert run(capsys, ready, "ca", "crl", "--out", tmp_path / "crl.pem")[0] == 0
    assert (tmp_path / "crl.pem").read_bytes().count(b"BEGIN X509 CRL") == 2
    assert "stolen" in run(capsys, ready, "ca", "list", "--state", "revoked")[1]
    assert json.loads(run(capsys, ready, "ca", "list", "--json")[1])["state"] == "revoked"
    assert run(capsys, ready, "ca", "list", "--within", "300", "--json")[1] == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_an_authority_the_next_step_is_said(capsys, data, tmp_path, lang):
    for words in (("issue", "T0001", "--dir", tmp_path / "x"), ("list",), ("crl",), ("renew",), ("revoke", "T0001")):
        code, _, wrong = run(capsys, data, "ca", *words, lang=lang)
        assert code == 3, words
        assert "posfleet ca init" in wrong


def test_an_id_that_is_none_is_wrong_use(capsys, ready, tmp_path):
    for bad in ("fleet.backend", "a/b", "#"):
        code, _, wrong = run(capsys, ready, "ca", "issue", bad, "--dir", tmp_path / "x")
        assert code == 2
        assert "no terminal's id" in wrong


def test_an_authority_is_made_once(capsys, ready):
    code, _, wrong = run(capsys, ready, "ca", "init")
    assert code == 2
    assert "not written over" in wrong


@pytest.mark.parametrize(("kind", "config"), [("mosquitto", "mosquitto.conf"), ("emqx", "pos.conf")])
def test_a_brokers_folder_is_whole_and_kept_current(capsys, ready, tmp_path, secret, kind, config):
    out = tmp_path / "broker"
    words = ("--out", out, "--name", "broker.example.cn", "--folder", "/etc/pos", "--passphrase-file", secret)
    assert run(capsys, ready, "broker", kind, *words)[0] == 0
    text = (out / config).read_text()
    assert "/etc/pos/clients.pem" in text
    assert str(tmp_path) not in text
    assert text.count("{") == text.count("}")
    assert stat.S_IMODE((out / "server.key").stat().st_mode) == 0o600
    assert run(capsys, ready, "broker", kind, *words)[0] == 2, "not written over"
    before = (out / "crl.pem").read_bytes()
    run(capsys, ready, "ca", "issue", "T0001", "--dir", tmp_path / "one")
    run(capsys, ready, "ca", "revoke", "T0001")
    assert run(capsys, ready, "broker", "update", "--out", out)[0] == 0
    assert (out / "crl.pem").read_bytes() == (ready / "ca" / "crl.pem").read_bytes() != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mount", "terminals"), "does not end with /"),
        (("--tls-cert", "x.pem"), "without the roots"),
        (("--tls-ca", "/nowhere.pem"), "TLS cannot use"),
        (("--password-file", "/nowhere"), "cannot be read"),
    ],
)
def test_serve_says_before_it_begins_what_is_wrong_with_its_link(capsys, data, words, said):
    code, _, wrong = run(capsys, data, "serve", *words)
    assert code == 2
    assert said in wrong
