"""A terminal's connection, ended from the private listener by taking its session over."""

import queue
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleet.mqtt import IngestSettings
from fleet.tls import client_context
from wire.channels import SCHEMA_MAJOR, STATE

TIMEOUT_S = 10.0
KEPT_TIMEOUT_S = 1.0
"""What the broker keeps follows its answer to a subscription at once; of a terminal that never spoke it keeps nothing."""


def kick(settings: IngestSettings, terminal: str) -> str:
    """Connect as the terminal, say that it is lost, and leave; empty, or why it could not be."""
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    kept: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=terminal, protocol=mqtt.MQTTv5, reconnect_on_failure=False
    )
    client.on_connect = lambda _c, _u, _f, reason, _p: heard.put(reason)
    client.on_message = lambda _c, _u, message: kept.put(bytes(message.payload))
    client.on_subscribe = lambda _c, _u, _mid, reasons, _p: heard.put(reasons[0])
    if settings.username:
        client.username_pw_set(settings.username, settings.password)
    if settings.tls is not None:
        client.tls_set_context(client_context(settings.tls))
    try:
        client.connect(settings.host, settings.port, clean_start=True)
        client.loop_start()
        reason = heard.get(timeout=TIMEOUT_S)
        if reason.is_failure:
            return str(reason)
        topic = settings.mount + STATE.topic(terminal)
        client.subscribe(topic, qos=1)
        if not heard.get(timeout=TIMEOUT_S).is_failure:
            _say_lost(client, topic, kept)
    except (OSError, ValueError) as trouble:
        return str(trouble)
    except queue.Empty:
        return "time-out"
    finally:
        client.disconnect()
        client.loop_stop()
    return ""


def _say_lost(client: mqtt.Client, topic: str, kept: "queue.SimpleQueue[bytes]") -> None:
    """Say in the terminal's place what its will would have said: a broker may keep the will of a session to itself when that
    is taken over (Mosquitto 2.0 does), and the terminal would be shown as online for good. Whoever comes back at once, since
    it was not revoked, ends this connection first and says itself that it is there."""
    try:
        state = msgspec.json.decode(kept.get(timeout=KEPT_TIMEOUT_S), type=dict[str, Any])
    except (queue.Empty, ValueError):
        return  # it never spoke, or not so that anybody believed it
    if state.get("online") is not True:
        return
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # of the library
    properties.UserProperty = SCHEMA_MAJOR
    lost = msgspec.json.encode(state | {"online": False, "reason": "lost"})
    told = client.publish(topic, lost, STATE.qos, STATE.retained, properties)
    try:
        told.wait_for_publish(TIMEOUT_S)
    except RuntimeError:
        return  # it is back
