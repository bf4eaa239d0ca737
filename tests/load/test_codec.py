"""The codec of MQTT 5: each packet goes there and back, damage is named, and paho reads and writes the same bytes."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleet import mqtt5
from fleet.mqtt5 import (
    Connack,
    Connect,
    Disconnect,
    Malformed,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Reader,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

WAIT_S = 20
USER = (mqtt5.USER_PROPERTY, ("schema", "1"))
WILL = Will("pos/v1/T/up/state", b"{}", 1, True, ((mqtt5.WILL_DELAY, 90), USER))
SESSION = ((mqtt5.SESSION_EXPIRY, 604_800), (mqtt5.RECEIVE_MAX, 16), (mqtt5.MAXIMUM_PACKET_SIZE, 65_536))


def written(packet: Packet) -> bytes:
    """Any packet as bytes."""
    match packet:
        case Connect():
            return mqtt5.connect(packet)
        case Connack():
            return mqtt5.connack(packet)
        case Publish(topic, payload, qos, mid, retain, _, props):
            return mqtt5.publish(topic.encode(), payload, qos, mid, retain, props)
        case Puback(mid, reason):
            return mqtt5.puback(mid, reason)
        case Subscribe():
            return mqtt5.subscribe(packet)
        case Suback():
            return mqtt5.suback(packet)
        case Unsubscribe():
            return mqtt5.unsubscribe(packet)
        case Unsuback():
            return mqtt5.unsuback(packet)
        case Disconnect(reason):
            return mqtt5.disconnect(reason)
        case Pingreq():
            return mqtt5.PINGREQ
        case Pingresp():
            return mqtt5.PINGRESP


EXPIRY = mqtt5.properties((USER, (mqtt5.MESSAGE_EXPIRY, 600)))
PACKETS: tuple[Packet, ...] = (
    Connect("T0001"),
    Connect("T0001", False, 60, SESSION, WILL, "user", b"\x00secret"),
    Connect("终端", True, 0, (), None, "用户"),
    Connack(True, 0, ((mqtt5.RECEIVE_MAX, 20), (mqtt5.TOPIC_ALIAS_MAX, 10))),
    Connack(False, 0x87),
    Publish("pos/v1/T/up/rec", b"", 0),
    Publish("pos/v1/T/up/rec", b"x" * 200, 1, 65_535, True, False, EXPIRY),
    Publish("a", b"y" * 1_000, 1, 1),
    Puback(7),
    Puback(7, 0x87),
    Subscribe(3, (("pos/v1/+/up/#", 1), ("$share/a/#", 2))),
    Suback(3, (1, 0x87)),
    Unsubscribe(4, ("pos/v1/+/up/state", "$share/a/#")),
    Unsuback(4, (0, 0x11)),
    Pingreq(),
    Pingresp(),
    Disconnect(),
    Disconnect(0x8E),
)


def judged(raw: bytes) -> list[Packet] | str:
    """The packets in it, or what is wrong with it."""
    try:
        return Reader(100_000).feed(raw)
    except Malformed as named:
        return str(named)


@pytest.mark.parametrize("packet", PACKETS, ids=lambda packet: type(packet).__name__)
def test_a_packet_goes_there_and_back(packet: Packet) -> None:
    assert Reader().feed(written(packet)) == [packet]


def test_a_long_packet_goes_there_and_back() -> None:
    packet = Publish("a", b"y" * 60_000, 1, 1)
    assert Reader().feed(written(packet)) == [packet]


@given(st.lists(st.sampled_from(PACKETS), max_size=8), st.sampled_from((1, 2, 13, 1_000)))
@settings(deadline=None)
def test_a_stream_may_come_in_any_pieces(packets: list[Packet], size: int) -> None:
    stream = b"".join(map(written, packets))
    reader, found = Reader(), []
    for at in range(0, len(stream), size):
        found += reader.feed(stream[at : at + size])
    assert found == packets


@given(st.sampled_from(PACKETS), st.data())
def test_damage_is_named_or_makes_another_packet_and_never_breaks_the_reader(
    packet: Packet, data: st.DataObject
) -> None:
    raw = bytearray(written(packet))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert judged(bytes(raw)) != ""


@given(st.binary(max_size=200))
def test_noise_is_named_and_never_breaks_the_reader(noise: bytes) -> None:
    assert judged(noise) != ""


@pytest.mark.parametrize(
    "raw",
    [
        b"\x36\x05\x00\x01a\x00\x01",  # quality of service 3
        b"\x32\x05\x00\x01a\x00\x00",  # number 0
        b"\x32\x04\x00\x01a\x00",  # cut short
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x30\xff\xff\xff\x7f",  # 256 MiB
        b"\x41\x02\x00\x01",  # flags where none belong
        b"\x20\x03\x00\x00\x05",  # properties longer than the packet
        b"\x20\x05\x00\x00\x02\x7e\x00",  # no such property
        b"\xf0\x00",  # AUTH: nobody here speaks it
        b"\x00\x00",
    ],
)
def test_what_is_malformed_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        Reader().feed(raw)


# --- against paho -----------------------------------------------------------------------------------------------------

PAHO = {
    mqtt5.PAYLOAD_FORMAT: ("PayloadFormatIndicator", st.integers(0, 1)),
    mqtt5.MESSAGE_EXPIRY: ("MessageExpiryInterval", st.integers(0, 2**32 - 1)),
    mqtt5.CONTENT_TYPE: ("ContentType", st.text("az终 ", max_size=9)),
    mqtt5.RESPONSE_TOPIC: ("ResponseTopic", st.text("az/", max_size=9)),
    mqtt5.CORRELATION: ("CorrelationData", st.binary(max_size=9)),
    mqtt5.TOPIC_ALIAS: ("TopicAlias", st.integers(1, 65_535)),
}


@given(st.data())
def test_paho_writes_and_reads_the_same_properties(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(PAHO)), unique=True))
    ours = {name: data.draw(PAHO[name][1]) for name in chosen}
    theirs = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for name, value in ours.items():
        setattr(theirs, PAHO[name][0], value)
    assert dict(mqtt5.read_properties(theirs.pack())) == ours  # type: ignore[no-untyped-call]
    read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    read.unpack(mqtt5.properties(ours.items()))  # type: ignore[no-untyped-call]
    assert {name: getattr(read, PAHO[name][0]) for name in ours} == ours


class _Side:
    """The broker's side of one connection, spoken by our codec."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader = Reader()
        self._packets: list[Packet] = []

    def read(self) -> Packet:
        while not self._packets:
            data = self._sock.recv(65_536)
            assert data, "the client went away"
            self._packets += self._reader.feed(data)
        return self._packets.pop(0)

    def send(self, packet: Packet) -> None:
        self._sock.sendall(written(packet))


@contextmanager
def _connected(client: mqtt.Client, **more: Any) -> Iterator[_Side]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT_S)
        client.connect_async("127.0.0.1", server.getsockname()[1], **more)
        client.loop_start()
        try:
            sock, _ = server.accept()
            with sock:
                sock.settimeout(WAIT_S)
                yield _Side(sock)
        finally:
            client.disconnect()
            client.loop_stop()


def _paho() -> tuple[mqtt.Client, "queue.SimpleQueue[Any]"]:
    notes: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="T0001", protocol=mqtt.MQTTv5, reconnect_on_failure=False
    )
    client.on_connect = lambda _c, _u, flags, reason, props: notes.put((flags.session_present, reason.value, props))
    client.on_subscribe = lambda _c, _u, mid, reasons, _p: notes.put((mid, [each.value for each in reasons]))
    client.on_publish = lambda _c, _u, mid, reason, _p: notes.put((mid, reason.value))
    client.on_message = lambda _c, _u, message: notes.put(message)
    return client, notes


def test_paho_and_the_codec_hold_a_whole_conversation() -> None:
    """What paho sends is read field by field, and what the codec answers is taken by paho."""
    client, notes = _paho()
    client.username_pw_set("user", "geheim")
    will = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    will.WillDelayInterval, will.UserProperty = 90, ("schema", "1")
    client.will_set("pos/v1/T0001/up/state", b"{}", 1, True, will)
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval, session.ReceiveMaximum = 604_800, 16
    published = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    published.UserProperty, published.MessageExpiryInterval = ("schema", "1"), 600
    with _connected(client, clean_start=False, properties=session) as broker:
        hello = broker.read()
        assert isinstance(hello, Connect)
        assert hello.will is not None
        assert sorted(hello.will.properties) == [(mqtt5.WILL_DELAY, 90), USER]
        assert hello.will[:4] == ("pos/v1/T0001/up/state", b"{}", 1, True)
        assert (hello.client_id, hello.clean_start, hello.username, hello.password) == (
            "T0001",
            False,
            "user",
            b"geheim",
        )
        assert dict(hello.properties) == {mqtt5.SESSION_EXPIRY: 604_800, mqtt5.RECEIVE_MAX: 16}
        broker.send(Connack(True, 0, ((mqtt5.RECEIVE_MAX, 20), (mqtt5.MAXIMUM_PACKET_SIZE, 65_536))))
        present, reason, props = notes.get(timeout=WAIT_S)
        assert (present, reason, props.ReceiveMaximum, props.MaximumPacketSize) == (True, 0, 20, 65_536)

        _, mid = client.subscribe("pos/v1/T0001/dn/#", qos=1)
        assert mid is not None
        assert broker.read() == Subscribe(mid, (("pos/v1/T0001/dn/#", 1),))
        broker.send(Suback(mid, (1,)))
        assert notes.get(timeout=WAIT_S) == (mid, [1])

        sent = client.publish("pos/v1/T0001/up/rec", "终端".encode(), 1, False, published)
        came = broker.read()
        assert isinstance(came, Publish)
        assert came[:6] == ("pos/v1/T0001/up/rec", "终端".encode(), 1, sent.mid, False, False)
        assert dict(mqtt5.read_properties(came.properties)) == {USER[0]: USER[1], mqtt5.MESSAGE_EXPIRY: 600}
        broker.send(Puback(sent.mid, 0x87))
        assert notes.get(timeout=WAIT_S) == (sent.mid, 0x87)

        broker.send(Publish("pos/v1/T0001/dn/ack", b"{}", 1, 9, False, False, EXPIRY))
        message = notes.get(timeout=WAIT_S)
        assert (message.topic, message.payload, message.qos, message.mid) == ("pos/v1/T0001/dn/ack", b"{}", 1, 9)
        assert message.properties.MessageExpiryInterval == 600
        assert broker.read() == Puback(9)


def test_paho_takes_a_refusal_for_a_refusal() -> None:
    client, notes = _paho()
    with _connected(client) as broker:
        assert isinstance(broker.read(), Connect)
        broker.send(Connack(False, 0x87))
        assert notes.get(timeout=WAIT_S)[1] == 0x87


def test_two_readers_on_two_threads_share_nothing() -> None:
    """A reader is state of one stream: the module itself holds none."""
    stream = b"".join(map(written, PACKETS))
    found: list[list[Packet]] = []

    def run() -> None:
        reader, got = Reader(), []
        for at in range(len(stream)):
            got += reader.feed(stream[at : at + 1])
        found.append(got)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert found == [list(PACKETS)] * 2
