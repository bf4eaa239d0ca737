"""The only file of the terminal that knows paho; imported when the uplink's worker starts.

One `Connection` is one attempt with a fresh client: paho's own queue, resend and reconnect never come into play, so
what was unacknowledged when a connection ended is ours to send again (wire contract, 1.3). Its callbacks run on paho's
thread under paho's locks; they only hand a note over.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from firmware.drivers.uplink import tls
from firmware.drivers.uplink.access import Attempt
from firmware.drivers.uplink.settings import LinkSettings
from firmware.drivers.uplink.tls import Way
from wire import topics
from wire.channels import (
    ASK_TIME,
    PACKET_SIZE_MAX,
    RECEIVE_MAX,
    SCHEMA_MAJOR,
    SESSION_EXPIRY_S,
    STATE,
    TIME,
    WILL_DELAY_S,
    Channel,
)

SOCKET_TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker's answer to our CONNECT, with the limits it sets."""

    reason: int
    receive_max: int
    packet_size_max: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    reason: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker's PUBACK; a reason of 0x80 or more is a refusal."""

    mid: int
    reason: int


@dataclass(frozen=True, slots=True)
class Came:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection ended; `reason` is the MQTT reason code."""

    reason: int


@dataclass(frozen=True, slots=True)
class Ended:
    """paho's thread is over, whatever the cause."""

    trouble: Exception | None


Note = Connected | Subscribed | Delivered | Came | Gone | Ended


class _Client(mqtt.Client):
    """paho's client, whose thread cannot die unnoticed and never reconnects on its own."""

    on_end: Callable[[Exception | None], None]

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        trouble: Exception | None = None
        try:
            return super().loop_forever(timeout, retry_first_connection=False)
        except Exception as raised:  # any: a malformed packet may raise anything, and it becomes an event
            trouble = raised
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
        finally:
            self.on_end(trouble)


class Connection:
    """One attempt to connect and what follows from it, until `Ended`.

    One that may only ask for the time has a session of its own that ends with it, and no will: it says nothing about the
    terminal, and nothing that waits for the terminal can reach it.
    """

    def __init__(
        self,
        settings: LinkSettings,
        will: bytes,
        note: Callable[["Connection", Note], None],
        attempt: Attempt | None = None,
    ) -> None:
        self._note = note
        self._terminal = settings.terminal
        self._attempt = attempt or Attempt(Way.STRICT, settings.tls)
        self._is_cut = False
        self._client = _client(settings, self._attempt)
        self._listen()
        if not self._only_time:
            topic = STATE.topic(settings.terminal)
            self._client.will_set(topic, will, STATE.qos, STATE.retained, _will_properties())
        self._client.connect_async(
            settings.host,
            settings.port,
            keepalive=settings.keep_alive_s,
            clean_start=self._only_time,
            properties=_connect_properties(0 if self._only_time else SESSION_EXPIRY_S),
        )

    @property
    def _only_time(self) -> bool:
        return self._attempt.way is Way.TIME_ONLY

    def open(self) -> None:
        """Start paho's thread, which connects."""
        self._client.loop_start()

    def subscribe(self) -> None:
        """Ask for everything that is for this terminal, or for the time alone -> `Subscribed`."""
        wanted = TIME.topic(self._terminal) if self._only_time else f"{topics.ROOT}/{self._terminal}/dn/#"
        self._client.subscribe(wanted, options=SubscribeOptions(qos=1))

    def publish(self, channel: Channel, payload: bytes) -> int | None:
        """Hand one message to the network -> `Delivered` with the message id returned; None: there is no connection."""
        assert not self._only_time or channel is ASK_TIME, channel
        topic = channel.topic(self._terminal)
        info = self._client.publish(topic, payload, channel.qos, channel.retained, _packed(channel.expiry_s))
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def close(self) -> None:
        """Say goodbye, so that the will is not sent -> `Ended`."""
        self._client.disconnect()

    def cut(self) -> None:
        """End at once whatever hangs: no goodbye, the will stays -> `Ended`, as soon as the system lets go."""
        self._is_cut = True
        sock = self._client.socket()
        self._client.disconnect()
        if sock is not None:
            try:
                sock.shutdown(2)  # type: ignore[attr-defined]
            except OSError:
                return  # it was closed in the meantime, which is what we wanted

    def _listen(self) -> None:
        client, tell = self._client, self._tell

        def connected(_c: Any, _u: Any, _flags: Any, reason: Any, properties: Any) -> None:
            receive = getattr(properties, "ReceiveMaximum", 65_535)
            tell(Connected(reason.value, receive, getattr(properties, "MaximumPacketSize", PACKET_SIZE_MAX)))

        def came(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
            tell(Came(_topic(message), bytes(message.payload)))

        def opened(_c: Any, _u: Any, sock: Any) -> None:
            if self._is_cut:  # it took so long that we gave up: it must not take the session from its successor
                raise ConnectionAbortedError("given up")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # paho leaves it to the system, which holds back
            if self._attempt.way is Way.DATED:  # before a byte of ours has left
                tls.check_dates(sock, self._attempt.utc_ms)

        client.on_socket_open = opened
        client.on_connect = connected
        client.on_message = came
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: tell(Subscribed(max(each.value for each in reasons)))
        client.on_publish = lambda _c, _u, mid, reason, _p: tell(Delivered(mid, reason.value))
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: tell(Gone(reason.value))
        client.on_end = lambda trouble: tell(Ended(trouble))

    def _tell(self, note: Note) -> None:
        self._note(self, note)


def _client(settings: LinkSettings, attempt: Attempt) -> _Client:
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.terminal,
        protocol=mqtt.MQTTv5,
        reconnect_on_failure=False,
    )
    client.connect_timeout = SOCKET_TIMEOUT_S
    client.max_inflight_messages = 0  # the bound is ours: paho's would queue what exceeds it
    if settings.username:
        client.username_pw_set(settings.username, settings.password)
    if attempt.tls is not None:
        client.tls_set_context(tls.context(attempt.tls, attempt.way))
    return client


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]


class _Packed(Properties):
    """Properties whose bytes are known: making and packing them anew is half of what publishing costs in paho."""

    def __init__(self, properties: Properties) -> None:
        object.__setattr__(self, "_bytes", properties.pack())  # type: ignore[no-untyped-call]  # paho guards its names

    def pack(self) -> bytes:
        packed: bytes = object.__getattribute__(self, "_bytes")
        return packed


@cache
def _packed(expiry_s: int | None) -> Properties:
    """Those of a message: a handful of different ones, by the channels."""
    properties = _properties(PacketTypes.PUBLISH)
    properties.UserProperty = SCHEMA_MAJOR
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    return _Packed(properties)


def _connect_properties(session_expiry_s: int) -> Properties:
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = session_expiry_s
    properties.ReceiveMaximum = RECEIVE_MAX
    properties.MaximumPacketSize = PACKET_SIZE_MAX
    return properties


def _will_properties() -> Properties:
    properties = _properties(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = WILL_DELAY_S
    properties.UserProperty = SCHEMA_MAJOR
    return properties


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}"
