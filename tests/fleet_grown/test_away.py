"""The database's server is down: whoever asks hears so, and what to look at, with `posfleet serve` or without it."""

import tempfile
from pathlib import Path

import pytest

from fleet import __main__ as posfleet
from fleet import database
from fleet.sql_engine import trouble_of
from fleet.store import StoreAway, StoreClash, StoreTrouble
from tests.backend import Served
from tests.mosquitto import broker  # noqa: F401 - the fixture
from tests.postgres import Server, binaries
from tests.stores import upgraded
from texts import LANGS, t

ASKED = (("terminals",), ("rollout", "list"), ("tag", "--all", "--add", "x"), ("records", "T0001"), ("db", "check"))


@pytest.fixture
def server():
    """A PostgreSQL of this test's own, to be stopped."""
    if binaries() is None:
        pytest.skip("postgresql is not installed")
    with tempfile.TemporaryDirectory(prefix="pos-postgres-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs under an account of its own
        with Server(Path(folder) / "server") as running:
            yield running


def told(capsys, data, words):
    code = posfleet.main([*words, "--data", str(data), "--lang", "en"])
    return code, capsys.readouterr().err


def is_told(capsys, data, url, words):
    code, errors = told(capsys, data, words)
    assert (code, url in errors) == (3, True), errors
    assert ("PostgreSQL runs" in errors, "PGPASSFILE" in errors) == (True, True), errors
    changes = words[0] == "tag"  # what reads cannot have been carried out
    assert ("audit" in errors, "permissions" in errors) == (changes, False), errors


def test_who_asks_is_told_at_once_that_postgresql_is_down(broker, server, tmp_path, capsys, monkeypatch):  # noqa: F811
    monkeypatch.delenv(database.VARIABLE, raising=False)
    url = upgraded(server.database())
    database.remember(tmp_path, url)
    served = Served(tmp_path, broker.port)
    with served:
        assert told(capsys, tmp_path, ("tag", "--all", "--add", "x"))[0] in (0, 3)  # it answers
        server.stop()
        for words in ASKED:
            is_told(capsys, tmp_path, url, words)
        said = served.end()[1]
    assert (url in said, "PostgreSQL runs" in said, "free space" in said) == (True, True, False), said
    for words in ASKED:
        is_told(capsys, tmp_path, url, words)
    assert posfleet.main(["serve", "--broker", "127.0.0.1:1", "--data", str(tmp_path), "--lang", "en"]) == 3
    assert url in capsys.readouterr().err


@pytest.mark.parametrize("reason", ["store", "store_away"])
def test_of_a_change_the_database_broke_off_nobody_is_told_that_it_was_not_made(reason):
    """The connection may be lost after the server has it and before it says so."""
    for lang in LANGS:
        step = t("fleet", lang, f"refused_step__{reason}")
        assert ("posfleet audit" in step, "nothing was" in step or "未作" in step) == (True, False), step


def error_of(name, state):
    return type(name, (Exception,), {"__module__": "psycopg.errors", "sqlstate": state})("it\n\tfailed")


def test_a_machine_that_drops_packets_is_away():
    driver = pytest.importorskip("psycopg.errors")
    assert type(trouble_of(driver.ConnectionTimeout("connection timeout expired"))) is StoreAway
    assert type(trouble_of(driver.OperationalError("connection failed"))) is StoreAway
    assert type(trouble_of(driver.DataError("no such number"))) is StoreTrouble


@pytest.mark.parametrize(
    ("name", "state", "kind"),
    [
        ("OperationalError", None, StoreAway),  # no connection
        ("AdminShutdown", "57P01", StoreAway),
        ("InvalidPassword", "28P01", StoreAway),
        ("DiskFull", "53100", StoreTrouble),
        ("QueryCanceled", "57014", StoreTrouble),
        ("DataError", None, StoreTrouble),
        ("UniqueViolation", "23505", StoreClash),
    ],
)
def test_a_server_that_is_away_is_no_other_trouble(name, state, kind):
    assert type(trouble_of(error_of(name, state))) is kind
