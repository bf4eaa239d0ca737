"""The uplink's link: what the core is told when the broker refuses, vanishes, stalls or talks nonsense."""

import datetime
import errno
import socket
import ssl
import struct
import threading

import msgspec
import pytest

from firmware.drivers.uplink import LinkSettings, Tls, Uplink, trouble
from firmware.events import Announce, AskEpoch, EpochAnswered, LinkDown, LinkUp, PacketRefused, Send, WireGarbage
from tests.backend import FLEET_KEY, FLEET_PUBLIC, UTC_MS, Backend
from tests.bus import Bus, Publisher
from tests.journals import Journal
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.uplink import fake
from tests.uplink.pump import Pump, thread_names
from wire.channels import PACKET_SIZE_MAX
from wire.facts import Trouble
from wire.messages import State, Time, time_text
from wire.records import Ack, Packet

encode = msgspec.json.encode
DN = "pos/v1/T0001/dn/"


def pump_to(broker, journal=None, **more) -> Pump:  # noqa: F811
    return Pump(journal or Journal().fill(1), broker.host, broker.port, **more)


def first_down(pump: Pump) -> int:
    pump.until(lambda: pump.met(LinkDown), "LinkDown")
    return pump.met(LinkDown)[0].code


# --- why there is no link -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (OSError(errno.ENETUNREACH, ""), 1001),
        (OSError(errno.ENETDOWN, ""), 1001),
        (socket.gaierror(socket.EAI_AGAIN, ""), 1002),
        (socket.gaierror(socket.EAI_NONAME, ""), 1002),
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), 1003),
        (OSError(errno.EHOSTUNREACH, ""), 1003),
        (ConnectionResetError(errno.ECONNRESET, ""), 1003),
        (TimeoutError(), 1004),
        (OSError(errno.ETIMEDOUT, ""), 1004),
        (ssl.SSLCertVerificationError(1, ""), 1006),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca"), 1006),
        (ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] sslv3 alert certificate revoked"), 1006),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), 1006),
        (ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol"), 1003),
        (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed (EOF)"), 1003),
        (ssl.SSLSyscallError(5, "Some I/O error occurred"), 1003),
        (TimeoutError("_ssl.c:985: The handshake operation timed out"), 1004),
        (ValueError("malformed"), 1009),
    ],
)
def test_code_of_what_a_connection_raised(raised, code):
    assert trouble.code_of_exception(raised) == code


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        with Pump(Journal(), "127.0.0.1", taken.getsockname()[1]) as pump:
            assert first_down(pump) == 1003
            assert pump.uplink.waiting() == ("link",)
            assert pump.uplink.alive()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (fake.saying(fake.connack(0x86)), 1007),
        (fake.saying(fake.connack(0x87)), 1007),
        (fake.saying(fake.connack(0x88)), 1005),
        (fake.saying(fake.connack(0x97)), 1010),
        (fake.saying(fake.connack(0x84)), 1019),
        (fake.saying(fake.connack(0x80)), 1005),
        (fake.saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 1004),
        (fake.saying(b"\x20\x05\x00\x00\x02\x99\x99"), 1009),  # a property no one knows
        (lambda *_: None, 1003),
        (fake.silent, 1004),
        (lambda kind, body: fake.connack() if kind == fake.CONNECT else fake.suback(body, 0x87), 1007),
    ],
)  # fmt: skip
def test_a_broker_that_refuses_stalls_or_talks_nonsense(answer, code):
    """One `LinkDown` with its code; the worker lives on and comes up when the broker has come to its senses."""
    with (
        fake.FakeBroker(answer, fake.welcoming()) as nonsense,
        Pump(Journal(), nonsense.host, nonsense.port, open_timeout_ms=300) as pump,
    ):
        assert first_down(pump) == code
        pump.until(lambda: pump.up, "the link after all")
        assert pump.uplink.alive()


def test_the_same_trouble_is_told_once():
    with fake.FakeBroker(*[lambda *_: None] * 5, fake.welcoming()) as flaky, pump_to(flaky) as pump:
        pump.until(lambda: pump.up)
        assert [type(event) for event in pump.events] == [LinkDown, LinkUp]


def test_wrong_credentials(tmp_path):
    with Broker(tmp_path, "allow_anonymous false") as closed, pump_to(closed) as pump:
        assert first_down(pump) == 1007


# --- what is said when connecting -----------------------------------------------------------------


def test_the_session_is_kept_and_the_will_waits():
    state = State(online=True, boot_id="b1", epoch=3)
    with fake.FakeBroker(fake.welcoming()) as listener, pump_to(listener) as pump:
        connect = listener.next(fake.CONNECT)
        pump.uplink.carry_out(Announce(state))
        listener.next(fake.PUBLISH)
        listener.break_all()
        again = listener.next(fake.CONNECT)
    assert connect[:7] == b"\x00\x04MQTT\x05"
    flags = connect[7]
    assert flags & 0b10 == 0, "clean start is off"
    assert flags & 0b111100 == 0b101100, "a will, QoS 1, retained"
    assert connect[8:10] == (60).to_bytes(2, "big"), "keep-alive"
    assert b"\x11" + (7 * 24 * 3600).to_bytes(4, "big") in connect, "session expiry"
    assert b"\x21" + (16).to_bytes(2, "big") in connect, "receive maximum"
    assert b"\x18" + (90).to_bytes(4, "big") in connect, "will delay"
    assert b"pos/v1/T0001/up/state" in connect
    will = encode(msgspec.structs.replace(state, online=False, reason="lost"))
    assert will in again


def test_a_clean_end_is_published_and_retained(broker, tmp_path):  # noqa: F811
    pump = pump_to(broker)
    with pump:
        pump.uplink.carry_out(Announce(State(online=True, boot_id="b1", epoch=1, software="0.1.0")))
        pump.until(lambda: pump.up)
        assert pump.uplink.stop("update")
    assert not pump.uplink.alive()
    with Bus(broker) as bus:
        bus.until(lambda: bus.on("pos/v1/T0001/up/state"))
    state = msgspec.json.decode(bus.on("pos/v1/T0001/up/state")[0], type=State)
    assert state == State(online=False, boot_id="b1", epoch=1, software="0.1.0", reason="update")


def test_an_end_with_a_frozen_broker_is_bounded(broker):  # noqa: F811
    pump = pump_to(broker)
    with pump:
        pump.uplink.carry_out(Announce(State(online=True)))
        pump.until(lambda: pump.up)
        broker.pause()
        assert pump.uplink.stop("asked", timeout_ms=200)
        broker.resume()


def test_an_end_without_a_link_is_at_once():
    with fake.FakeBroker(fake.silent) as mute:
        pump = pump_to(mute)
        with pump:
            mute.next(fake.CONNECT)
            assert pump.uplink.stop("asked")
        assert not [name for name in thread_names() if name == "uplink"]


def test_a_connection_given_up_does_not_take_the_session_later():
    """After the worker was stopped in the middle of connecting, its late socket is closed unspoken."""
    from firmware.drivers.uplink.door import Connection, Ended

    notes: list[object] = []
    with fake.FakeBroker(fake.welcoming()) as listener:
        connection = Connection(
            LinkSettings("T0001", listener.host, listener.port), b"{}", lambda _c, note: notes.append(note)
        )
        connection.cut()
        connection._client.loop_start()
        connection._client.loop_stop()
        assert isinstance(notes[-1], Ended)
        assert fake.CONNECT not in listener.heard_now()


def test_the_link_is_kept_alive_as_often_as_the_settings_say():
    from firmware.drivers.uplink.door import Connection

    with fake.FakeBroker(fake.welcoming()) as listener:
        settings = LinkSettings("T0001", listener.host, listener.port, keep_alive_s=17)
        connection = Connection(settings, b"{}", lambda _c, _note: None)
        connection.open()
        said = listener.next(fake.CONNECT)
        connection.cut()
    assert said.startswith(b"\x00\x04MQTT\x05")
    assert int.from_bytes(said[8:10], "big") == 17


# --- what is in flight -----------------------------------------------------------------


def sends(pump: Pump, count: int) -> None:
    for packet in pump.packets[:count]:
        pump.uplink.carry_out(Send(packet))


@pytest.mark.parametrize(("properties", "window"), [(b"", 16), (b"\x21\x00\x04", 4)])
def test_no_more_is_in_flight_than_the_broker_and_we_allow(properties, window):
    """Nothing beyond the window is published while nothing is acknowledged, and nothing by itself on a reconnect."""
    journal = Journal().fill(400)
    with (
        fake.FakeBroker(fake.welcoming(puback=False, properties=properties), fake.welcoming()) as miser,
        Pump(journal, miser.host, miser.port) as pump,
    ):
        pump.until(lambda: pump.up)
        for _ in range(window):
            miser.next(fake.PUBLISH)
        pump.uplink.carry_out(Announce(State(online=True)))
        pump.until(lambda: not pump.uplink.busy())
        assert miser.heard_now() == []
        assert pump.uplink.waiting() == ("ack",)
        pump.packets = []  # from here on the core sends nothing
        miser.break_all()
        pump.until(lambda: len(pump.met(LinkUp)) == 2)
        state = miser.next(fake.PUBLISH)
        assert b"up/state" in state, "the announcement was kept; packets are the core's to send again"
        pump.until(lambda: not pump.uplink.busy())
        assert miser.heard_now() == []
        assert pump.uplink.waiting() == ()


def test_a_small_message_does_not_wait_for_the_word_about_the_one_before(broker):  # noqa: F811
    """Nagle's algorithm held an ask, and a packet of a backlog, until the broker's end had confirmed what had left."""
    with pump_to(broker) as pump:
        pump.until(lambda: pump.up)
        sock = pump.uplink._link.connection._client.socket()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_packet_given_without_a_link_is_dropped(broker):  # noqa: F811
    broker.stop()
    with Pump(Journal().fill(3), broker.host, broker.port, backoff_cap_ms=2000) as pump:
        first_down(pump)
        sends(pump, 1)
        pump.packets = []
        broker.start()
        with Bus(broker) as bus:
            pump.until(lambda: pump.up)
            pump.uplink.carry_out(Announce(State(online=True)))
            bus.until(lambda: bus.on("pos/v1/T0001/up/state"))
        assert bus.on("pos/v1/T0001/up/rec") == []


def test_a_packet_the_broker_refuses_is_told_and_the_next_goes_on(tmp_path):
    rules = tmp_path / "acl"
    rules.write_text("topic read pos/v1/T0001/dn/#\ntopic write pos/v1/T0001/up/state\n")
    with Broker(tmp_path, f"acl_file {rules}") as strict, pump_to(strict, Journal().fill(5)) as pump:
        pump.until(lambda: pump.met(PacketRefused))
        assert pump.met(PacketRefused)[0] == PacketRefused(1, 5, 0x87)
        assert pump.up


def test_a_packet_above_the_limit_is_refused_here_before_the_broker_drops_the_line(broker):  # noqa: F811
    journal = Journal(born=False)
    for _ in range(3):
        journal.add(Trouble(9001, "x" * (PACKET_SIZE_MAX // 3 + 100)))
    with pump_to(broker, journal) as pump:
        pump.until(lambda: pump.met(PacketRefused))
        assert pump.met(PacketRefused)[0] == PacketRefused(1, 3, 0x95)
        assert not pump.met(LinkDown)


# --- what comes down -----------------------------------------------------------------

GARBAGE = [
    ("ack", b""),
    ("ack", b"\xff\xfe"),
    ("ack", b"[" * 5000),
    ("ack", b'{"epoch":1,"upto":-5}'),
    ("ack", b'{"epoch":1,"upto":99999999999999999999}'),
    ("ack", b'{"epoch":1,"upto":1,"wanted":[[5,2]]}'),
    ("ack", encode(Ack(1, 1, tuple(range(5000))))),
    ("answer", b'{"type":"pay"}'),
    ("answer", b'{"type":"epoch","epoch":1,"number":100}'),
    ("time", b'{"nonce":"x","utc_ms":1,"signature":"zz"}'),
    ("cmd/open", b"{}"),
    ("nonsense", b"{}"),
]


def test_bad_messages_become_events_and_the_thread_lives_on(broker):  # noqa: F811
    with pump_to(broker) as pump:
        pump.until(lambda: pump.up)
        sender = Publisher(broker)
        for rest, payload in GARBAGE:
            sender.send(DN + rest, payload)
        sender.send(DN + "ack", encode(Ack(1, 1)))
        pump.drain()
        sender.close()
        heard = [event.topic.removeprefix(DN) for event in pump.met(WireGarbage)]
        assert heard == [rest for rest, _ in GARBAGE]
        assert all(len(event.digest) == 64 and event.reason for event in pump.met(WireGarbage))
        assert pump.uplink.counts().read == len(GARBAGE) + 1
        assert pump.uplink.alive()


def test_a_topic_that_is_no_text_is_an_event_too():
    nonsense = fake.welcoming(greeting=fake.publish(b"\xff\xfe/dn/ack", b"{}"))
    with fake.FakeBroker(nonsense) as odd, pump_to(odd) as pump:
        pump.until(lambda: pump.met(WireGarbage))
        assert pump.up


def test_a_flood_of_garbage_is_bounded(broker):  # noqa: F811
    with pump_to(broker) as pump:
        pump.until(lambda: pump.up)
        sender = Publisher(broker)
        for number in range(100):
            sender.send(DN + "ack", b"garbage %d" % number)
        sender.send(DN + "ack", encode(Ack(1, 1)))
        pump.drain()
        sender.close()
        assert len(pump.met(WireGarbage)) == 16


def test_an_epoch_is_asked_for_and_answered(broker, tmp_path):  # noqa: F811
    journal = Journal(epoch=4711)
    with Backend(tmp_path / "fleet.db", broker.host, broker.port), pump_to(broker, journal) as pump:
        pump.until(lambda: pump.up)
        pump.uplink.carry_out(AskEpoch(4711, journal.public_hex))
        pump.until(lambda: pump.met(EpochAnswered))
        assert pump.met(EpochAnswered) == [EpochAnswered(4711, 1)]
        pump.uplink.carry_out(AskEpoch(4711, "f" * 64))
        pump.until(lambda: len(pump.met(EpochAnswered)) == 2)
        assert pump.met(EpochAnswered)[1].number == 0


# --- time -----------------------------------------------------------------


def test_the_signed_time_is_taken(broker, tmp_path):  # noqa: F811
    with (
        Backend(tmp_path / "fleet.db", broker.host, broker.port),
        pump_to(broker, fleet_key=FLEET_PUBLIC) as pump,
    ):
        pump.until(lambda: pump.times)
        utc_ms, monotonic_ms = pump.times[0]
    assert UTC_MS <= utc_ms < UTC_MS + 5_000
    assert monotonic_ms > 0


@pytest.mark.parametrize("case", ["other key", "other terminal", "other nonce", "changed time", "no hex"])
def test_a_forged_time_is_not_taken(broker, case):  # noqa: F811
    nonce = b"n" * 16
    terminal = "T0002" if case == "other terminal" else "T0001"
    asked = "00" * 16 if case == "other nonce" else nonce.hex()
    signature = FLEET_KEY.sign(time_text(terminal, asked, UTC_MS)).hex()
    if case == "no hex":
        signature = "z" * 128
    key = "ab" * 32 if case == "other key" else FLEET_PUBLIC
    answer = Time(asked, UTC_MS + 1 if case == "changed time" else UTC_MS, signature)
    with Bus(broker) as bus, pump_to(broker, fleet_key=key) as pump:
        bus.until(lambda: bus.on("pos/v1/T0001/up/ask/time"))
        sender = Publisher(broker)
        sender.send(DN + "time", encode(answer))
        sender.close()
        pump.until(lambda: pump.met(WireGarbage))
        assert pump.times == []
        assert pump.met(WireGarbage)[0].reason.startswith("time: ")


# --- threads, TLS -----------------------------------------------------------------


def test_retry_now_does_not_wait_for_the_back_off(broker):  # noqa: F811
    """With a back-off of half an hour, asking is what brings the link back."""
    broker.stop()
    pump = pump_to(broker, backoff_cap_ms=3_600_000)
    pump.uplink._jitter = lambda: 0.999
    pump.uplink._failures = 12
    with pump:
        first_down(pump)
        broker.start()
        pump.uplink.retry_now()
        pump.until(lambda: pump.up)


def test_the_watchdog_sees_a_dead_worker():
    uplink = Uplink(
        LinkSettings("T0001", "127.0.0.1", 1), lambda _e: None, lambda *_: None, jitter=lambda: 0.5, nonce=lambda: b""
    )
    assert not uplink.alive()


def test_paho_is_not_imported_before_the_worker_starts():
    import subprocess
    import sys

    code = "import sys, firmware.drivers.uplink; print([m for m in sys.modules if m.startswith(('paho', 'crypto'))])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


class Authority:
    """A private CA made for one test."""

    def __init__(self, folder, name: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self._write("ca", self.key, self.key.public_key(), ca=True)[0]

    def issue(self, name: str):
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, key, key.public_key(), ca=False)

    def _write(self, name, key, public, ca):
        import ipaddress

        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509.oid import NameOID

        def named(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        today = datetime.datetime.now(datetime.UTC)
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(named(self.name if ca else name))
            .issuer_name(named(self.name))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(host, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, ca, ca, False, False),
                critical=True,
            )
            .sign(self.key, hashes.SHA256())
        )
        pem, private = self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pem, private


def test_tls_is_strict_in_both_directions(tmp_path):
    ours, foreign = Authority(tmp_path, "ours"), Authority(tmp_path, "foreign")
    pem, private = ours.issue("broker")
    own, stranger = ours.issue("T0001"), foreign.issue("T0001")
    lines = (f"cafile {ours.ca}", f"certfile {pem}", f"keyfile {private}", "require_certificate true")
    private.chmod(0o644)  # mosquitto may drop its rights before it reads the key
    with Broker(tmp_path, listener=lines) as guarded:
        with pump_to(guarded, tls=Tls(ours.ca, *own)) as pump:
            pump.until(lambda: pump.up)
        for tls in (Tls(foreign.ca, *own), Tls(ours.ca, *stranger), Tls(ours.ca), Tls(tmp_path / "none.pem")):
            with pump_to(guarded, tls=tls) as pump:
                assert first_down(pump) == 1006
                assert not pump.up


CUTS = {
    "said goodbye": lambda connection: connection.recv(16_384),
    "closed at once": lambda connection: None,  # what came and was not read makes it a reset
    "reset": lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
    "cut within a record": lambda connection: connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00"),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_connection_cut_during_the_handshake_says_nothing_of_certificates(tmp_path, cut):
    """A broker that starts anew, a network that breaks: to call the administrator for that costs a shop an hour."""
    ours = Authority(tmp_path, "ours")

    def serve(server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                CUTS[cut](connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        how = Tls(ours.ca, *ours.issue("T0001"))
        with Pump(Journal(), *server.getsockname(), tls=how) as pump:
            assert first_down(pump) == 1003
        server.shutdown(socket.SHUT_RDWR)


def test_a_handshake_that_hangs_has_timed_out(tmp_path):
    ours = Authority(tmp_path, "ours")
    with socket.create_server(("127.0.0.1", 0)) as server:
        how = Tls(ours.ca, *ours.issue("T0001"))
        with Pump(Journal(), *server.getsockname(), tls=how, open_timeout_ms=300) as pump:
            assert first_down(pump) == 1004


def test_packets_hold_what_the_journal_says(broker):  # noqa: F811
    journal = Journal().fill(20)
    with Bus(broker) as bus, pump_to(broker, journal) as pump:
        pump.until(lambda: len(bus.on("pos/v1/T0001/up/rec")) >= 2)
    packets = [msgspec.json.decode(payload, type=Packet) for payload in bus.on("pos/v1/T0001/up/rec")[:2]]
    assert [record for packet in packets for record in packet.records] == journal.records
