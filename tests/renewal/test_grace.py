"""A terminal from the shelf: its certificate expired while nobody used it, and the grace door gives it a new one."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from firmware.drivers.uplink import Wall
from firmware.events import LinkUp
from fleet.ca import authority as ca
from fleet.grace import GraceDoor
from fleet.renewal import Rules
from fleet.tls import Tls as ServiceTls
from tests.backend import FLEET_KEY, UTC_MS
from tests.renewal.asking import ask
from tests.renewal.link import House, Terminal, system_ms
from tests.tls_broker import HOSTS, TlsBroker, long_ago, now, tls_broker  # noqa: F401 - the fixture
from wire.messages import AnswerRenew

WAIT_S = 25


class Grace:
    """The door beside a broker's authority, on a free port."""

    def __init__(self, broker: TlsBroker, days: int = 400, until: datetime | None = None, hosts=HOSTS) -> None:
        with ca.opened(broker.authority) as authority:
            made = broker.keep(authority.service("server", "grace", hosts, now()))
        tls = ServiceTls(broker.authority / ca.CLIENTS, made.cert, made.key)
        self._door = GraceDoor(
            "127.0.0.1", 0, tls, broker.authority, FLEET_KEY.sign, Rules(grace_days=days),
            until or now() + timedelta(days=1), now,
        )  # fmt: skip
        self.port = self._door.port

    def __enter__(self) -> "Grace":
        self._door.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._door.stop()


def test_an_expired_terminal_comes_back_by_itself(tls_broker, tmp_path):  # noqa: F811
    old = tls_broker.terminal("T0001", long_ago(300), 100)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Grace(tls_broker) as grace,
        Terminal(tls_broker, old, tmp_path / "keys", grace_port=grace.port) as terminal,
    ):
        terminal.up()
    assert terminal.kept() == {"own.pem", "trust.pem"}


def test_without_grace_it_stays_outside(tls_broker, tmp_path):  # noqa: F811
    old = tls_broker.terminal("T0001", long_ago(300), 100)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(tls_broker, old, tmp_path / "keys") as terminal,
    ):
        assert terminal.down() == 1006
        assert not terminal.met(LinkUp)


def test_from_the_shelf_without_a_clock_it_finds_certificate_and_time(tls_broker, tmp_path):  # noqa: F811
    """The worst case: its certificate has expired, and it cannot know, for its own clock is lost as well."""
    old = tls_broker.terminal("T0001", long_ago(300), 100)
    tls_broker.stop()
    tls_broker.serve(datetime.fromtimestamp(UTC_MS / 1_000, UTC) - timedelta(days=5), 100)
    tls_broker.start()
    lost = Wall(system_ms(), False)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Grace(tls_broker) as grace,
        Terminal(tls_broker, old, tmp_path / "keys", lost, grace_port=grace.port) as terminal,
    ):
        terminal.up()
        assert UTC_MS <= terminal.times[0] < UTC_MS + 60_000


# --- the door itself ---


def talk(grace: Grace, made: ca.Issued | None, line: bytes, folder) -> bytes:
    """Say one line at the door as whoever holds `made`; what comes back, empty when it hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if made is not None:
        path = folder / "shown.pem"
        path.write_bytes(made.key + made.chain)
        context.load_cert_chain(path)
    try:
        with (
            socket.create_connection(("127.0.0.1", grace.port), WAIT_S) as raw,
            context.wrap_socket(raw) as talk,
        ):
            talk.sendall(line)
            with talk.makefile("rb") as stream:
                return stream.readline()
    except OSError:
        return b""


def code(line: bytes) -> int | None:
    return msgspec.json.decode(line, type=AnswerRenew).code if line else None


@pytest.fixture
def house(tmp_path):
    """An authority whose broker never runs."""
    return TlsBroker(tmp_path / "house")


def issued(house: TlsBroker, name: str = "T0001", days_ago: int = 300) -> ca.Issued:
    with ca.opened(house.authority) as authority:
        return authority.issue(name, long_ago(days_ago), 100, again=True)


def test_the_door_judges_as_strictly_as_the_wire(house, tmp_path):
    old, other = issued(house), issued(house, "T0002")
    stranger = TlsBroker(tmp_path / "stranger")
    with ca.opened(house.authority) as authority:
        backend = authority.service("backend", "backend", (), now())
    with Grace(house) as grace:

        def said(made: ca.Issued | None, line: bytes) -> int | None:
            return code(talk(grace, made, line, tmp_path))

        good = msgspec.json.encode(ask("T0001", old)) + b"\n"
        assert said(old, good) == 0
        assert said(None, good) is None, "no certificate"
        assert said(issued(stranger), good) is None, "another authority's"
        assert said(backend, good) is None, "a backend's"
        assert said(other, good) == 1007, "asked for another terminal"
        assert said(old, b"{}\n") is None
        assert said(old, b"x" * 100_000 + b"\n") is None
        house.revoke("T0001")
        again = msgspec.json.encode(ask("T0001", old)) + b"\n"
        assert said(old, again) == 1007, "revoked"
        assert said(other, msgspec.json.encode(ask("T0002", other)) + b"\n") == 0, "and it still serves"


def test_the_door_has_an_end_and_a_patience(house, tmp_path):
    old = issued(house)
    line = msgspec.json.encode(ask("T0001", old)) + b"\n"
    with Grace(house, until=now() - timedelta(minutes=1)) as late:
        assert talk(late, old, line, tmp_path) == b""
    with Grace(house, days=100) as strict:
        assert code(talk(strict, old, line, tmp_path)) == 1007
    with Grace(house, days=250) as patient:
        assert code(talk(patient, old, line, tmp_path)) == 0


def test_those_who_say_nothing_do_not_keep_others_out_for_ever(house, tmp_path):
    """At most eight at a time; the ninth is sent away at once, and served when one has gone."""
    old = issued(house)
    line = msgspec.json.encode(ask("T0001", old)) + b"\n"
    with Grace(house) as grace:
        silent = [socket.create_connection(("127.0.0.1", grace.port), WAIT_S) for _ in range(8)]
        assert talk(grace, old, line, tmp_path) == b""
        for each in silent:
            each.close()
        answers = (talk(grace, old, line, tmp_path) for _ in range(200))
        assert code(next(filter(None, answers))) == 0
