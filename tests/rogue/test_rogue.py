"""What a rogue terminal with a good certificate can do to others: nothing. Each attack is also run against the same broker
without the measure that stops it, where it must succeed: otherwise the test would prove nothing."""

import socket
import ssl

import msgspec
import pytest

from fleet.tls import Tls
from tests import backend
from tests.backend import Backend
from tests.bus import WAIT_S
from tests.journals import Journal
from tests.mosquitto import PROGRAM
from tests.rogue.rogue import Rogue, context
from tests.tls_broker import TlsBroker, long_ago, tls_broker  # noqa: F401 - the fixture
from tests.uplink.pump import Pump
from wire.facts import Trouble

VICTIM, ROGUE = "T0001", "T0666"
UP, DN = f"pos/v1/{VICTIM}/up/", f"pos/v1/{VICTIM}/dn/"
NOT_AUTHORIZED, HUNG_UP = 0x87, 0x100
COUNT = 200

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


class Weak(TlsBroker):
    """The same broker without the mount point."""

    mount = ""

    def __init__(self, folder):
        super().__init__(folder, lambda text: text.replace("mount_point \n", ""))


def enter(broker, name: str = ROGUE, **more) -> Rogue:
    """Come in as a terminal with a certificate of its own."""
    made = Rogue(broker.port, context(broker.terminal(name)), client_id=more.pop("client_id", name), **more)
    assert not made.refused, made.refused
    return made


def private(broker) -> Rogue:
    """A backend's own bare client at the private listener."""
    made = Rogue(broker.private_port, context(broker.backend()), client_id="fleet-test")
    assert not made.refused, made.refused
    return made


def tls_of(broker) -> Tls:
    made = broker.backend()
    return Tls(made.ca, made.cert, made.key)


# --- reading and swallowing ---

FILTERS = [
    "#", "+/#", "pos/#", "pos/v1/#", "pos/v1/+/up/#", f"{UP}#", f"{DN}#", f"{UP}rec", "terminals/#", "$SYS/#",
    "$share/ingest/#", "$share/ingest/pos/v1/+/up/#", "$share/ingest/terminals/pos/v1/+/up/#", f"$share/x/{UP}#",
    "../#", f"pos/v1/{ROGUE}/../{VICTIM}/up/#", "$CONTROL/#",
]  # fmt: skip


def swallow(broker, filters) -> tuple[int, list[str]]:
    """How many of the victim's messages reach the backend while a rogue listens on `filters`, and what it heard."""
    with enter(broker) as rogue, private(broker) as house, enter(broker, VICTIM) as victim:
        for each in filters:
            rogue.subscribe(each)
        house.subscribe(f"$share/ingest/{broker.mount}pos/v1/+/up/#")
        assert victim.publish_all(UP + "rec", [b"%d" % number for number in range(COUNT)]) == [0] * COUNT
        house.publish(f"{broker.mount}{DN}ack", b"for the victim alone")
        victim.publish(UP + "state", b"last")
        house.publish(f"{broker.mount}pos/v1/{ROGUE}/dn/ack", b"marker")
        rogue.subscribe(f"pos/v1/{ROGUE}/dn/ack")
        house.publish(f"{broker.mount}pos/v1/{ROGUE}/dn/ack", b"marker")
        rogue.until(lambda: b"marker" in [payload for _, payload, _ in rogue.heard])
        if len(filters) > 1:
            house.until(lambda: b"last" in [payload for _, payload, _ in house.heard])
        else:
            house.publish(f"{broker.mount}pos/v1/fleet/up/state", b"end")
            house.publish(f"{broker.mount}pos/v1/fleet/up/state", b"end")
            house.until(lambda: b"end" in [payload for _, payload, _ in house.heard])
        arrived = {payload for _, payload, _ in house.heard} & {b"%d" % number for number in range(COUNT)}
        return len(arrived), sorted({topic for topic, payload, _ in rogue.heard if payload != b"marker"})


def test_a_rogue_reads_and_swallows_nothing(tls_broker):  # noqa: F811
    """200 of 200 arrive while a rogue has every filter granted that it could think of."""
    assert swallow(tls_broker, FILTERS) == (COUNT, [])


def test_without_the_mount_point_it_swallows(tmp_path):
    with Weak(tmp_path / "weak") as weak:
        arrived, _ = swallow(weak, ["$share/ingest/pos/v1/+/up/#"])
    assert arrived < COUNT


# --- writing ---

FORBIDDEN = [
    UP + "rec", UP + "state", UP + "ask/pay", DN + "ack", DN + "answer", DN + "desired", DN + "cmd/reboot", DN + "time",
    "terminals/" + UP + "rec", f"pos/v1/{ROGUE}/dn/desired", "pos/v1/rec", "x", "$SYS/x", f"/{UP}rec",
    f"$share/ingest/{UP}rec", f"pos/v1//{ROGUE}/up/rec",
]  # fmt: skip


@pytest.mark.parametrize("retain", [False, True])
def test_a_rogue_writes_nowhere_but_below_its_own_name(tls_broker, retain):  # noqa: F811
    with enter(tls_broker) as rogue, private(tls_broker) as house:
        house.subscribe("terminals/pos/v1/#")
        said = {topic: rogue.publish(topic, retain=retain) for topic in FORBIDDEN}
        assert rogue.publish(f"pos/v1/{ROGUE}/up/state", b"marker") == 0
        house.until(lambda: b"marker" in [payload for _, payload, _ in house.heard])
        assert [topic for topic, _, _ in house.heard] == [f"terminals/pos/v1/{ROGUE}/up/state"]
    assert {topic: reason for topic, reason in said.items() if reason not in (NOT_AUTHORIZED, HUNG_UP)} == {}


def test_without_the_access_list_its_rubbish_is_kept_for_the_victim(tmp_path):
    def open_to_all(text: str) -> str:
        return text.replace("acl_file", "# acl_file")

    with TlsBroker(tmp_path / "weak", open_to_all) as weak, enter(weak) as rogue:
        assert rogue.publish(DN + "desired", b"rubbish", retain=True) < NOT_AUTHORIZED
        with enter(weak, VICTIM) as victim:
            victim.subscribe(DN + "#")
            victim.until(lambda: victim.heard)
            assert victim.heard == [(weak.mount + DN + "desired", b"rubbish", True)]


def test_a_will_on_anothers_topic_does_not_come_true(tls_broker):  # noqa: F811
    with private(tls_broker) as house:
        house.subscribe("terminals/pos/v1/#")
        rogue = Rogue(tls_broker.port, context(tls_broker.terminal(ROGUE)), ROGUE, will=UP + "state")
        rogue._client.socket() and rogue._client.socket().shutdown(2)
        rogue._client.loop_stop()
        with enter(tls_broker, VICTIM) as victim:
            victim.publish(UP + "state", b"marker")
            house.until(lambda: b"marker" in [payload for _, payload, _ in house.heard])
        assert b"rubbish" not in [payload for _, payload, _ in house.heard]


def test_a_record_under_a_longer_topic_is_not_booked_for_the_victim(tls_broker, tmp_path):  # noqa: F811
    """`pos/v1/<rogue>/up/pos/v1/<victim>/up/rec` passes the broker; the backend matches whole topics."""
    journal = Journal()
    journal.add(Trouble(9001, "forged"))
    forged = msgspec.json.encode(journal.packets()[0])
    path = tmp_path / "fleet.db"
    how = {"mount": tls_broker.mount, "tls": tls_of(tls_broker), "share": "ingest"}
    with Backend(path, tls_broker.host, tls_broker.private_port, **how), enter(tls_broker) as rogue:
        rogue.subscribe(f"pos/v1/{ROGUE}/dn/#")
        for topic in (f"{UP}rec", f"terminals/{UP}rec"):
            assert rogue.publish(f"pos/v1/{ROGUE}/up/{topic}", forged) == 0
        rogue.publish(f"pos/v1/{ROGUE}/up/ask/epoch", b'{"epoch":5,"journal_key":"' + b"a" * 64 + b'"}')
        rogue.until(lambda: rogue.heard)
    assert backend.rows(path, VICTIM) == []
    assert backend.rows(path, ROGUE) == []


def test_200_records_of_a_terminal_are_stored_while_the_rogue_does_all_of_it(tls_broker, tmp_path):  # noqa: F811
    journal = Journal().fill(COUNT)
    path = tmp_path / "fleet.db"
    how = {"mount": tls_broker.mount, "tls": tls_of(tls_broker), "share": "ingest"}
    with (
        Backend(path, tls_broker.host, tls_broker.private_port, **how),
        enter(tls_broker, client_id=VICTIM) as rogue,
        Pump(journal, tls_broker.host, tls_broker.port, size=1, tls=tls_broker.terminal(VICTIM)) as pump,
    ):
        for each in FILTERS:
            rogue.subscribe(each)
        for topic in FORBIDDEN[:9]:
            rogue.publish(topic, retain=True)
        pump.drain()
        assert [topic for topic, _, _ in rogue.heard] == []
    assert [row.hash for row in backend.rows(path, VICTIM)] == [record.hash for record in journal.records]


# --- kicking off ---


def kicked(broker) -> bool:
    """Whether the victim loses its connection when a rogue calls itself by the victim's name."""
    with enter(broker, VICTIM) as victim, Rogue(broker.port, context(broker.terminal(ROGUE)), VICTIM) as rogue:
        rogue.publish(f"pos/v1/{ROGUE}/up/state", b"here I am")
        return victim.publish(UP + "state") == HUNG_UP


def test_a_rogue_takes_no_others_session_over(tls_broker, tmp_path):  # noqa: F811
    assert not kicked(tls_broker)

    def by_word(text: str) -> str:
        return text.replace("use_username_as_clientid", "# use_username_as_clientid")

    with TlsBroker(tmp_path / "weak", by_word) as weak:
        assert kicked(weak)


# --- who is let in ---


def test_who_has_no_good_certificate_stays_outside(tls_broker, tmp_path):  # noqa: F811
    elsewhere = TlsBroker(tmp_path / "elsewhere")  # an authority of the same name, never started
    good = tls_broker.terminal(VICTIM)
    attempts = {
        "none": context(good, own=False),
        "of another authority": context(elsewhere.terminal(VICTIM)),
        "expired": context(tls_broker.terminal("T0002", long_ago(30), days=10)),
        "a backend's": context(tls_broker.backend()),
    }
    said = {}
    for name, how in attempts.items():
        with Rogue(tls_broker.port, how) as rogue:
            said[name] = rogue.refused
    assert all(said.values()), said
    for how in (context(good), context(good, own=False)):
        with Rogue(tls_broker.private_port, how) as rogue:
            assert rogue.refused, "a terminal has no business where backends are"
    with Rogue(tls_broker.port, context(good)) as fine:
        assert not fine.refused


def revoked_is_refused(broker, folder) -> bool:
    tls = broker.terminal(VICTIM)
    with Rogue(broker.port, context(tls)) as before:
        assert not before.refused
    broker.revoke(VICTIM)
    broker.publish()
    broker.reload()
    with enter(broker, "T0003") as other:  # the reload has been taken when it answers
        other.publish("pos/v1/T0003/up/state")
    with Rogue(broker.port, context(tls)) as after:
        return bool(after.refused)


def test_a_revoked_terminal_does_not_come_back(tls_broker, tmp_path):  # noqa: F811
    assert revoked_is_refused(tls_broker, tmp_path)

    def no_list(text: str) -> str:
        return text.replace("crlfile", "# crlfile")

    with TlsBroker(tmp_path / "weak", no_list) as weak:
        assert not revoked_is_refused(weak, tmp_path)


def old(tls, port: int) -> str:
    """An attempt with TLS 1.1 and whatever ciphers it takes."""
    how = context(tls)
    how.set_ciphers("ALL:@SECLEVEL=0")
    how.minimum_version = ssl.TLSVersion.TLSv1
    how.maximum_version = ssl.TLSVersion.TLSv1_1
    with Rogue(port, how) as rogue:
        return rogue.refused


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_tls_1_1_is_not_spoken(tls_broker, tmp_path):  # noqa: F811
    assert old(tls_broker.terminal(VICTIM), tls_broker.port)

    def lenient(text: str) -> str:
        return text.replace("tls_version tlsv1.2", "tls_version tlsv1.1\nciphers ALL:@SECLEVEL=0")

    with TlsBroker(tmp_path / "weak", lenient) as weak:
        assert not old(weak.terminal(VICTIM), weak.port)


def resumed(broker, how: ssl.SSLContext, session) -> tuple[ssl.SSLSession | None, bool, bool]:
    """An attempt with a TLS session of before: the session it ends with, whether it was resumed, whether it was let in."""
    connect = bytes([0x10, 18]) + b"\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x05T0001"
    raw = socket.create_connection((broker.host, broker.port), WAIT_S)
    try:
        with how.wrap_socket(raw, session=session) as talk:
            talk.sendall(connect)
            came_in = talk.recv(4)[:1] == b"\x20"
            return talk.session, talk.session_reused, came_in  # with TLS 1.3 the session comes after the handshake
    except OSError:
        return None, False, False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_session_from_before_the_revocation_is_no_way_in(tls_broker, version):  # noqa: F811
    """A resumed session skips the certificate; Mosquitto resumes sessions, but none from before a reload."""
    how = context(tls_broker.terminal(VICTIM))
    how.maximum_version = version
    session, _, came_in = resumed(tls_broker, how, None)
    assert came_in
    assert resumed(tls_broker, how, session)[1:] == (True, True), "the control: it does resume"
    tls_broker.revoke(VICTIM)
    tls_broker.publish()
    tls_broker.reload()
    with enter(tls_broker, "T0003") as other:
        other.publish("pos/v1/T0003/up/state")
    assert resumed(tls_broker, how, session)[1:] == (False, False)


def test_a_message_above_the_limit_ends_the_connection(tls_broker):  # noqa: F811
    with enter(tls_broker) as rogue:
        assert rogue.publish(f"pos/v1/{ROGUE}/up/rec", b"x" * 70_000) == HUNG_UP
