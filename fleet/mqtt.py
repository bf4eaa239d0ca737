"""The backend's door to paho: one connection attempt with a fresh client, manual acknowledgement, clean session.

Callbacks run on paho's thread and only hand a note over. A message is acknowledged to the broker by `done`, after the
commit; what was not, comes again on the next connection.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from fleet.tls import Tls, client_context
from wire.channels import KEEP_ALIVE_S, SCHEMA_MAJOR

RECEIVE_MAX = 1_000
"""Messages the broker may have given us before we acknowledge; bounds our queue."""
PUBLISH_WINDOW = 20
SOCKET_TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """`share`: name of a shared subscription for several consumers, only on a listener no terminal can reach (wire
    contract, 1.2); `mount`: prefix the broker puts before the topics of terminals."""

    host: str
    port: int
    client_id: str
    share: str = ""
    mount: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Tls | None = None

    @property
    def filter(self) -> str:
        """What to subscribe to."""
        topics = f"{self.mount}pos/v1/+/up/#"
        return f"$share/{self.share}/{topics}" if self.share else topics


@dataclass(frozen=True, slots=True)
class Connected:
    reason: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    reason: int


@dataclass(frozen=True, slots=True)
class Came:
    topic: str
    payload: bytes = field(repr=False)  # may hold a customer's code
    retained: bool
    mid: int
    qos: int
    got_ms: int = 0  # monotonic, when it came


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over; `cause` is for the log."""

    cause: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The broker has what was published under this number."""

    mid: int


Note = Connected | Subscribed | Came | Taken | Ended


class _Client(mqtt.Client):
    on_end: Callable[[str], None]

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        cause = "connection lost"
        try:
            return super().loop_forever(timeout, retry_first_connection=False)
        except Exception as raised:  # any: paho's thread must not die unnoticed
            cause = str(raised) or repr(raised)
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
        finally:
            self.on_end(cause)


class Connection:
    """One attempt and what follows, until `Ended`."""

    def __init__(self, settings: IngestSettings, note: Callable[["Connection", Note], None]) -> None:
        self._settings = settings
        self._note = note
        self._client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.connect_timeout = SOCKET_TIMEOUT_S
        self._client.max_inflight_messages = PUBLISH_WINDOW
        if settings.username:
            self._client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            self._client.tls_set_context(client_context(settings.tls))
        self._listen()
        properties = _properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = RECEIVE_MAX
        self._client.connect_async(
            settings.host, settings.port, keepalive=KEEP_ALIVE_S, clean_start=True, properties=properties
        )

    def open(self) -> None:
        self._client.loop_start()

    def subscribe(self) -> None:
        self._client.subscribe(self._settings.filter, options=SubscribeOptions(qos=1))

    def publish(self, topic: str, payload: bytes, qos: int, expiry_s: int | None, retained: bool = False) -> int:
        """Publish below the mount prefix; its number, for `Taken`. An answer that the broker never gets is made good by the
        terminal asking again, settings and commands by the store."""
        properties = _properties(PacketTypes.PUBLISH)
        properties.UserProperty = SCHEMA_MAJOR
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        sent = self._client.publish(self._settings.mount + topic, payload, qos, retained, properties=properties)
        return int(sent.mid)

    def done(self, message: Came) -> None:
        """Acknowledge a message to the broker: its records are committed."""
        self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        self._client.disconnect()

    def _listen(self) -> None:
        client = self._client

        def tell(note: Note) -> None:
            self._note(self, note)

        def came(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
            tell(Came(_topic(message), bytes(message.payload), bool(message.retain), message.mid, message.qos))

        client.on_connect = lambda _c, _u, _flags, reason, _p: tell(Connected(reason.value))
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: tell(Subscribed(max(each.value for each in reasons)))
        client.on_message = came
        client.on_publish = lambda _c, _u, mid, reason, _p: None if reason.is_failure else tell(Taken(mid))
        client.on_end = lambda cause: tell(Ended(cause))


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}"
