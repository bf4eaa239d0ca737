"""A terminal gone bad: a bare MQTT client with whatever certificate it was given, that does what no terminal should."""

import queue
import ssl
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from firmware.drivers.uplink import Tls

WAIT_S = 30


def context(tls: Tls, own: bool = True) -> ssl.SSLContext:
    """TLS for somebody who takes any server; `own` False: shows no certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if own:
        made.load_cert_chain(str(tls.cert), str(tls.key))
    return made


class Rogue:
    """One connection. `heard`: (topic, payload, retained) of all that came."""

    def __init__(self, port: int, tls: ssl.SSLContext, client_id: str = "", will: str = "", session_s: int = 0) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._news: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        client.tls_set_context(tls)
        client.connect_timeout = WAIT_S
        client.max_inflight_messages = 0
        if will:
            client.will_set(will, b"rubbish", 1, True)
        client.on_connect = lambda _c, _u, _f, reason, _p: self._news.put(("connected", reason.value))
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self._news.put(("gone", reason.value))
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._news.put(("subscribed", reasons[0].value))
        client.on_publish = lambda _c, _u, mid, reason, _p: self._news.put(("published", reason.value))
        client.on_message = lambda _c, _u, m: self._news.put(("heard", (m.topic, bytes(m.payload), m.retain)))
        self.refused = self._connect(port, session_s)

    def _connect(self, port: int, session_s: int) -> str:
        """Empty when let in, else what was said."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_s
        try:
            self._client.connect("127.0.0.1", port, properties=properties)
        except OSError as trouble:
            return str(trouble) or repr(trouble)
        self._client.loop_start()
        kind, reason = self._news.get(timeout=WAIT_S)
        return "" if (kind, reason) == ("connected", 0) else f"{kind} {reason}"

    def __enter__(self) -> "Rogue":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, topics: str) -> int:
        """The broker's word on a subscription."""
        self._client.subscribe(topics, 1)
        return self.next("subscribed")

    def publish(self, topic: str, payload: bytes = b"rubbish", retain: bool = False) -> int:
        """The broker's word on a message; 0x100 when it hung up instead."""
        self._client.publish(topic, payload, 1, retain, Properties(PacketTypes.PUBLISH))
        return self.next("published")

    def publish_all(self, topic: str, payloads: list[bytes]) -> list[int]:
        """Many messages, and what was said to each."""
        for payload in payloads:
            self._client.publish(topic, payload, 1, False, Properties(PacketTypes.PUBLISH))
        return [self.next("published") for _ in payloads]

    def until(self, met) -> None:
        """Hear until `met()`."""
        deadline = time.monotonic() + WAIT_S
        while not met():
            assert time.monotonic() < deadline, self.heard[-3:]
            try:
                self._note(*self._news.get(timeout=0.05))
            except queue.Empty:
                continue

    def next(self, wanted: str) -> int:
        while True:
            kind, what = self._news.get(timeout=WAIT_S)
            if kind == wanted:
                return what
            if kind == "gone":
                return 0x100
            self._note(kind, what)

    def _note(self, kind: str, what: Any) -> None:
        if kind == "heard":
            self.heard.append(what)
