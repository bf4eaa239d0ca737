"""MQTT 5 packets as bytes, as far as terminals and the backend use them (OASIS MQTT 5.0; numbers in brackets are its
sections). Pure: bytes in, packets out; both directions of each packet, so that it can be held against another codec.

The reader takes what came of a stream and keeps what is not whole yet. Anything malformed raises `Malformed`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

PACKET_BYTES_MAX = 1024 * 1024
"""A packet longer than this is not read: its length is taken for damage."""

PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"
NO_PROPERTIES = b"\x00"
_PROTOCOL = b"\x00\x04MQTT\x05"
_BYTES = tuple(bytes([number]) for number in range(0x80))
"""Most lengths are one of these, or two."""
_FLAGS = {1: 0, 2: 0, 4: 0, 8: 2, 9: 0, 10: 2, 11: 0, 12: 0, 13: 0, 14: 0}
_LENGTH_BYTES_MAX = 4

# --- properties (2.2.2) -----------------------------------------------------------------------------------------------

PAYLOAD_FORMAT, MESSAGE_EXPIRY, CONTENT_TYPE = 0x01, 0x02, 0x03
RESPONSE_TOPIC, CORRELATION, SUBSCRIPTION_ID = 0x08, 0x09, 0x0B
SESSION_EXPIRY, ASSIGNED_CLIENT_ID, SERVER_KEEP_ALIVE = 0x11, 0x12, 0x13
WILL_DELAY, REASON_STRING, RECEIVE_MAX, TOPIC_ALIAS_MAX, TOPIC_ALIAS = 0x18, 0x1F, 0x21, 0x22, 0x23
MAXIMUM_QOS, RETAIN_AVAILABLE, USER_PROPERTY, MAXIMUM_PACKET_SIZE = 0x24, 0x25, 0x26, 0x27

_Form = Literal["byte", "two", "four", "varint", "text", "bytes", "pair"]
_FORMS: dict[int, _Form] = {
    PAYLOAD_FORMAT: "byte", MESSAGE_EXPIRY: "four", CONTENT_TYPE: "text", RESPONSE_TOPIC: "text", CORRELATION: "bytes",
    SUBSCRIPTION_ID: "varint", SESSION_EXPIRY: "four", ASSIGNED_CLIENT_ID: "text", SERVER_KEEP_ALIVE: "two",
    0x15: "text", 0x16: "bytes", 0x17: "byte", WILL_DELAY: "four", 0x19: "byte", 0x1A: "text", 0x1C: "text",
    REASON_STRING: "text", RECEIVE_MAX: "two", TOPIC_ALIAS_MAX: "two", TOPIC_ALIAS: "two", MAXIMUM_QOS: "byte",
    RETAIN_AVAILABLE: "byte", USER_PROPERTY: "pair", MAXIMUM_PACKET_SIZE: "four", 0x28: "byte", 0x29: "byte",
    0x2A: "byte",
}  # fmt: skip

Value = int | str | bytes | tuple[str, str]
Property = tuple[int, Value]


class Malformed(ValueError):
    """What came is no MQTT 5 packet of the kinds known here."""


# --- packets ----------------------------------------------------------------------------------------------------------


class Will(NamedTuple):
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    properties: tuple[Property, ...] = ()


class Connect(NamedTuple):
    client_id: str
    clean_start: bool = True
    keep_alive_s: int = 60
    properties: tuple[Property, ...] = ()
    will: Will | None = None
    username: str | None = None
    password: bytes | None = None


class Connack(NamedTuple):
    session_present: bool
    reason: int
    properties: tuple[Property, ...] = ()

    def value(self, name: int, default: int) -> int:
        """A whole-number property, or what holds without it."""
        return next((value for key, value in self.properties if key == name and isinstance(value, int)), default)


class Publish(NamedTuple):
    """`properties` are still bytes, with their length before them: most readers need none (`read_properties`)."""

    topic: str
    payload: bytes
    qos: int = 0
    mid: int = 0
    retain: bool = False
    dup: bool = False
    properties: bytes = NO_PROPERTIES


class Puback(NamedTuple):
    mid: int
    reason: int = 0


class Subscribe(NamedTuple):
    """`filters`: topic filter and its options byte (3.8.3.1)."""

    mid: int
    filters: tuple[tuple[str, int], ...]
    properties: tuple[Property, ...] = ()


class Suback(NamedTuple):
    mid: int
    reasons: tuple[int, ...]


class Unsubscribe(NamedTuple):
    mid: int
    filters: tuple[str, ...]


class Unsuback(NamedTuple):
    mid: int
    reasons: tuple[int, ...]


class Pingreq(NamedTuple):
    pass


class Pingresp(NamedTuple):
    pass


class Disconnect(NamedTuple):
    reason: int = 0


Packet = (
    Connect | Connack | Publish | Puback | Subscribe | Suback | Unsubscribe | Unsuback | Pingreq | Pingresp | Disconnect
)  # fmt: skip


# --- writing ----------------------------------------------------------------------------------------------------------


def connect(packet: Connect) -> bytes:
    """(3.1)"""
    flags, will = 0x02 if packet.clean_start else 0, packet.will
    body = [_text(packet.client_id)]
    if will is not None:
        flags |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
        body += [properties(will.properties), _text(will.topic), _bytes(will.payload)]
    if packet.username is not None:
        flags |= 0x80
        body.append(_text(packet.username))
    if packet.password is not None:
        flags |= 0x40
        body.append(_bytes(packet.password))
    head = _PROTOCOL + bytes([flags]) + packet.keep_alive_s.to_bytes(2, "big") + properties(packet.properties)
    return _framed(0x10, head + b"".join(body))


def connack(packet: Connack) -> bytes:
    """(3.2)"""
    return _framed(0x20, bytes([packet.session_present, packet.reason]) + properties(packet.properties))


def publish(
    topic: bytes, payload: bytes, qos: int, mid: int, retain: bool = False, props: bytes = NO_PROPERTIES
) -> bytes:
    """(3.3) `topic` as UTF-8, `props` as `properties` makes them: a sender of many makes both once."""
    assert qos == 0 or 0 < mid < 0x10000
    head = _publish_head(len(topic), len(props) + len(payload), qos, retain)
    return b"".join((head, topic, mid.to_bytes(2, "big") if qos else b"", props, payload))


@lru_cache(maxsize=256)
def _publish_head(topic: int, rest: int, qos: int, retain: bool) -> bytes:
    """What comes before a topic of so many bytes, with so many after its packet identifier: few differ."""
    size = varint(2 + topic + (2 if qos else 0) + rest)
    return _BYTES[0x30 | qos << 1 | retain] + size + topic.to_bytes(2, "big")


def puback(mid: int, reason: int = 0) -> bytes:
    """(3.4)"""
    return (
        b"\x40\x02" + mid.to_bytes(2, "big") if reason == 0 else b"\x40\x03" + mid.to_bytes(2, "big") + bytes([reason])
    )


def subscribe(packet: Subscribe) -> bytes:
    """(3.8)"""
    wanted = b"".join(_text(name) + bytes([options]) for name, options in packet.filters)
    return _framed(0x82, packet.mid.to_bytes(2, "big") + properties(packet.properties) + wanted)


def suback(packet: Suback) -> bytes:
    """(3.9)"""
    return _framed(0x90, packet.mid.to_bytes(2, "big") + NO_PROPERTIES + bytes(packet.reasons))


def unsubscribe(packet: Unsubscribe) -> bytes:
    """(3.10)"""
    return _framed(0xA2, packet.mid.to_bytes(2, "big") + NO_PROPERTIES + b"".join(map(_text, packet.filters)))


def unsuback(packet: Unsuback) -> bytes:
    """(3.11)"""
    return _framed(0xB0, packet.mid.to_bytes(2, "big") + NO_PROPERTIES + bytes(packet.reasons))


def disconnect(reason: int = 0) -> bytes:
    """(3.14)"""
    return b"\xe0\x00" if reason == 0 else b"\xe0\x01" + bytes([reason])


def properties(pairs: Iterable[Property]) -> bytes:
    """Properties with their length before them (2.2.2)."""
    body = b"".join(bytes([name]) + _written(_FORMS[name], value) for name, value in pairs)
    return varint(len(body)) + body


def varint(number: int) -> bytes:
    """Variable byte integer (1.5.5)."""
    if 0 <= number < 0x80:
        return _BYTES[number]
    made = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        made.append(low | 0x80 if number else low)
        if not number:
            return bytes(made)


def _written(form: _Form, value: Value) -> bytes:
    match form, value:
        case "byte", int():
            return value.to_bytes(1, "big")
        case "two", int():
            return value.to_bytes(2, "big")
        case "four", int():
            return value.to_bytes(4, "big")
        case "varint", int():
            return varint(value)
        case "text", str():
            return _text(value)
        case "bytes", bytes():
            return _bytes(value)
        case "pair", (name, text):
            return _text(str(name)) + _text(str(text))
    raise TypeError(f"{value!r} is no {form}")


def _text(text: str) -> bytes:
    return _bytes(text.encode())


def _bytes(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _framed(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


# --- reading ----------------------------------------------------------------------------------------------------------


class Reader:
    """Packets of one stream. `packet_bytes_max`: a longer one is `Malformed`."""

    __slots__ = ("_max", "_rest")

    def __init__(self, packet_bytes_max: int = PACKET_BYTES_MAX) -> None:
        self._rest = b""
        self._max = packet_bytes_max

    def feed(self, data: bytes) -> list[Packet]:
        """All packets that are whole now. Raises `Malformed`; the stream is then of no more use."""
        data = self._rest + data if self._rest else data
        packets: list[Packet] = []
        at, end = 0, len(data)
        while at + 2 <= end:
            length, begin = data[at + 1], at + 2
            if length & 0x80:
                long = _long_length(data, at + 1)
                if long is None:
                    break
                length, begin = long
            if length > self._max:
                raise Malformed(f"a packet of {length} bytes")
            if begin + length > end:
                break
            packets.append(_read(data[at], data[begin : begin + length]))
            at = begin + length
        self._rest = data[at:]
        return packets


def read_properties(data: bytes) -> tuple[Property, ...]:
    """Properties with their length before them, and nothing after them. Raises `Malformed`."""
    cursor = _Cursor(data)
    found = cursor.properties()
    cursor.finish()
    return found


def _long_length(data: bytes, at: int) -> tuple[int, int] | None:
    """A length of several bytes and where what follows begins; None: not all of it came."""
    length = 0
    for number in range(_LENGTH_BYTES_MAX):
        if at + number >= len(data):
            return None
        byte = data[at + number]
        length |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return length, at + number + 1
    raise Malformed("a length of more than four bytes")


def _read(first: int, body: bytes) -> Packet:
    kind = first >> 4
    if kind == 3:
        return _read_publish(first, body)
    if _FLAGS.get(kind) != first & 0x0F:
        raise Malformed(f"packet {first:#04x}")
    if kind == 4 and len(body) == 2:  # by far the most of them
        return Puback(body[0] << 8 | body[1])
    cursor = _Cursor(body)
    packet = _READERS[kind](cursor)
    cursor.finish()
    return packet


def _read_publish(first: int, body: bytes) -> Publish:
    """(3.3) Written out, for it is what a backend does most."""
    qos, size = first >> 1 & 3, len(body)
    if qos == 3 or size < 2:
        raise Malformed("publish: quality of service or size")
    at = 2 + (body[0] << 8 | body[1])
    mid = 0
    if qos:
        if at + 2 > size:
            raise Malformed("publish: cut short")
        mid = body[at] << 8 | body[at + 1]
        if not mid:
            raise Malformed("publish: no number")
    begin = at + (2 if qos else 0)
    if begin >= size:
        raise Malformed("publish: cut short")
    length, after = body[begin], begin + 1
    if length & 0x80:
        long = _long_length(body, begin)
        if long is None:
            raise Malformed("publish: cut short")
        length, after = long
    if after + length > size:
        raise Malformed("publish: cut short")
    end = after + length
    topic = body[2:at].decode(errors="replace")  # then it is nobody's, and no reason to end the connection
    return Publish(topic, body[end:], qos, mid, bool(first & 1), bool(first & 8), body[begin:end])


class _Cursor:
    """Reads fields one after another."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Malformed("cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def varint(self) -> int:
        long = _long_length(self._data, self._at)
        if long is None:
            raise Malformed("cut short")
        value, self._at = long
        return value

    def bytes(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as trouble:
            raise Malformed("text") from trouble

    def properties(self) -> tuple[Property, ...]:
        inner = _Cursor(self.take(self.varint()))
        found: list[Property] = []
        while inner.left:
            name = inner.number(1)
            found.append((name, inner._value(name)))
        return tuple(found)

    def _value(self, name: int) -> Value:
        match _FORMS.get(name):
            case "byte":
                return self.number(1)
            case "two":
                return self.number(2)
            case "four":
                return self.number(4)
            case "varint":
                return self.varint()
            case "text":
                return self.text()
            case "bytes":
                return self.bytes()
            case "pair":
                return self.text(), self.text()
            case None:
                raise Malformed(f"property {name:#04x}")

    def finish(self) -> None:
        if self.left:
            raise Malformed("too long")


def _read_connect(cursor: _Cursor) -> Connect:
    if cursor.take(len(_PROTOCOL)) != _PROTOCOL:
        raise Malformed("connect: protocol")
    flags, keep_alive_s = cursor.number(1), cursor.number(2)
    if flags & 1 or (not flags & 0x04 and flags & 0x38):
        raise Malformed("connect: flags")
    found, client_id, will = cursor.properties(), cursor.text(), None
    if flags & 0x04:
        made = cursor.properties()
        will = Will(cursor.text(), cursor.bytes(), flags >> 3 & 3, bool(flags & 0x20), made)
    username = cursor.text() if flags & 0x80 else None
    password = cursor.bytes() if flags & 0x40 else None
    return Connect(client_id, bool(flags & 0x02), keep_alive_s, found, will, username, password)


def _read_connack(cursor: _Cursor) -> Connack:
    flags, reason = cursor.number(1), cursor.number(1)
    return Connack(bool(flags & 1), reason, cursor.properties())


def _read_puback(cursor: _Cursor) -> Puback:
    mid, reason = cursor.number(2), cursor.number(1) if cursor.left else 0
    if cursor.left:
        cursor.properties()
    return Puback(mid, reason)


def _read_subscribe(cursor: _Cursor) -> Subscribe:
    mid, found = cursor.number(2), cursor.properties()
    filters: list[tuple[str, int]] = []
    while cursor.left:
        filters.append((cursor.text(), cursor.number(1)))
    return Subscribe(mid, tuple(filters), found)


def _read_suback(cursor: _Cursor) -> Suback:
    mid = cursor.number(2)
    cursor.properties()
    return Suback(mid, tuple(cursor.take(cursor.left)))


def _read_unsubscribe(cursor: _Cursor) -> Unsubscribe:
    mid = cursor.number(2)
    cursor.properties()
    filters: list[str] = []
    while cursor.left:
        filters.append(cursor.text())
    return Unsubscribe(mid, tuple(filters))


def _read_unsuback(cursor: _Cursor) -> Unsuback:
    mid = cursor.number(2)
    cursor.properties()
    return Unsuback(mid, tuple(cursor.take(cursor.left)))


def _read_disconnect(cursor: _Cursor) -> Disconnect:
    reason = cursor.number(1) if cursor.left else 0
    if cursor.left:
        cursor.properties()
    return Disconnect(reason)


_READERS: dict[int, Callable[[_Cursor], Packet]] = {
    1: _read_connect,
    2: _read_connack,
    4: _read_puback,
    8: _read_subscribe,
    9: _read_suback,
    10: _read_unsubscribe,
    11: _read_unsuback,
    12: lambda _cursor: Pingreq(),
    13: lambda _cursor: Pingresp(),
    14: _read_disconnect,
}
