"""A wrong clock and TLS: two steps to the right time, and never a connection that is not checked (wire contract, 1.5)."""

from datetime import UTC, datetime, timedelta

import pytest

from firmware.drivers.uplink import Wall
from firmware.events import Announce, LinkDown, LinkUp, WireGarbage
from tests.backend import UTC_MS
from tests.renewal.link import House, Terminal, system_ms
from tests.rogue.rogue import Rogue, context
from tests.tls_broker import TlsBroker, now, tls_broker  # noqa: F401 - the fixture
from wire.messages import State

FLEETS_NOW = datetime.fromtimestamp(UTC_MS / 1_000, UTC)
"""What the backend's signed time says; the machine's clock says something else, as a terminal's may."""

LOST = Wall(system_ms(), False)
"""A clock nobody vouches for."""


def come_in(broker: TlsBroker) -> list[str]:
    """How the broker let the terminal in, in order: clean start `c1` is the connection for the time alone."""
    lines = [line for line in broker.log if " as T0001 (p5, " in line]
    return [line.partition("(p5, ")[2][:2] for line in lines]


def dated(broker: TlsBroker, begin: datetime, days: int) -> None:
    """Give the broker a certificate from `begin` on."""
    broker.stop()
    broker.serve(begin, days)
    broker.start()


def test_a_terminal_with_a_lost_clock_gets_the_time_first_and_then_comes_in(tls_broker, tmp_path):  # noqa: F811
    """By the machine's clock the broker's certificate is not valid yet; by the fleet's it is."""
    dated(tls_broker, FLEETS_NOW - timedelta(days=5), 100)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys", LOST) as terminal,
    ):
        terminal.up()
    assert not terminal.met(LinkDown), "nobody need be told"
    assert come_in(tls_broker) == ["c1", "c0"]
    assert UTC_MS <= terminal.times[0] < UTC_MS + 5_000


def test_a_certificate_that_has_run_out_by_the_fleets_time_stays_refused(tls_broker, tmp_path):  # noqa: F811
    """The time connection is no way round: with the signed time the dates are checked, and they are over."""
    dated(tls_broker, FLEETS_NOW + timedelta(days=200), 10)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys", LOST) as terminal,
    ):
        assert terminal.down() == 1006
        assert terminal.times
        assert not terminal.met(LinkUp)
    assert "c0" not in come_in(tls_broker)


def test_with_a_clock_that_is_trusted_there_is_no_second_step(tls_broker, tmp_path):  # noqa: F811
    dated(tls_broker, FLEETS_NOW, 100)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys") as terminal,
    ):
        assert terminal.down() == 1006
    assert come_in(tls_broker) == []


@pytest.mark.parametrize("key", ["ab" * 32, ""])
def test_a_time_that_is_not_signed_by_the_fleet_opens_nothing(tls_broker, tmp_path, key):  # noqa: F811
    dated(tls_broker, FLEETS_NOW, 100)
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(
            tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys", LOST, key, open_timeout_ms=1_500
        ) as terminal,
    ):
        assert terminal.down() in (1004, 1006)
        assert terminal.times == []
        assert not terminal.met(LinkUp)
    assert "c0" not in come_in(tls_broker)


def test_the_connection_for_the_time_hears_and_says_nothing_else(tls_broker, tmp_path):  # noqa: F811
    """Commands, answers and settings do not reach a connection whose dates nobody has checked, nor does its state leave."""
    tls = tls_broker.terminal("T0001")
    dated(tls_broker, FLEETS_NOW, 100)
    with (
        Rogue(tls_broker.private_port, context(tls_broker.backend()), "fleet-test") as house,
        Terminal(tls_broker, tls, tmp_path / "keys", LOST, open_timeout_ms=3_000) as terminal,
    ):
        house.subscribe(f"{tls_broker.mount}#")
        terminal.uplink.carry_out(Announce(State(online=True)))
        house.until(lambda: house.heard)
        for rest in ("ack", "answer", "desired", "cmd/reboot", "time"):
            house.publish(f"{tls_broker.mount}pos/v1/T0001/dn/{rest}", b"{}")
        assert terminal.down() in (1004, 1006)
        assert [event.topic for event in terminal.met(WireGarbage)] == [f"{tls_broker.mount}pos/v1/T0001/dn/time"]
        said = [topic for topic, _, _ in house.heard if "/up/" in topic]
        assert set(said) == {f"{tls_broker.mount}pos/v1/T0001/up/ask/time"}


def test_a_stranger_is_not_even_asked_for_the_time(tls_broker, tmp_path):  # noqa: F811
    """Another authority's broker whose dates do not fit either."""
    stranger = TlsBroker(tmp_path / "stranger")
    stranger.serve(FLEETS_NOW, 100)
    with (
        stranger,
        Terminal(stranger, tls_broker.terminal("T0001"), tmp_path / "keys", LOST) as terminal,
    ):
        assert terminal.down() == 1006
    assert not any("T0001" in line for line in stranger.log)


def test_another_hosts_certificate_is_refused_with_a_lost_clock_too(tls_broker, tmp_path):  # noqa: F811
    tls_broker.stop()
    tls_broker.serve(now(), 100, ("elsewhere.example",))
    tls_broker.start()
    with Terminal(tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys", LOST) as terminal:
        assert terminal.down() == 1006
    assert come_in(tls_broker) == []


def test_the_broker_of_a_wrongly_set_machine_is_judged_by_the_signed_time(tls_broker, tmp_path):  # noqa: F811
    """Once the time is signed, a certificate that only the machine's clock likes is refused."""
    past = Wall(UTC_MS + 900 * 86_400_000, True)
    with Terminal(tls_broker, tls_broker.terminal("T0001"), tmp_path / "keys", past) as terminal:
        assert terminal.down() == 1006
    assert come_in(tls_broker) == []
