"""The broker's configuration we ship lets the fleet work: a terminal drains its journal to a backend over TLS."""

from tests.bus import WAIT_S
from tests.journals import Journal
from tests.tls_broker import tls_broker  # noqa: F401 - the fixture
from tests.uplink.pump import Pump


def test_a_terminal_is_let_in_and_named_by_its_certificate(tls_broker):  # noqa: F811
    with Pump(Journal(), tls_broker.host, tls_broker.port, tls=tls_broker.terminal("T0001")) as pump:
        pump.until(lambda: pump.up)
    assert any("as T0001 (p5" in line for line in tls_broker.log), (WAIT_S, list(tls_broker.log))
