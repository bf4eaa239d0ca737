"""Looking at and speaking on a test's broker with a bare paho client, beside the product's own code."""

import queue
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mosquitto import Broker

WAIT_S = 30


class Bus:
    """Hears everything on the broker: `messages` are (topic, payload) in the order of arrival."""

    def __init__(self, broker: Broker, topics: str = "#") -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topics, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._news.put((message.topic, bytes(message.payload)))
        self._client.connect(broker.host, broker.port)

    def __enter__(self) -> "Bus":
        self._client.loop_start()
        assert self._subscribed.wait(WAIT_S)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._take_all()

    def until(self, met) -> None:
        """Listen until `met()`; fails after `WAIT_S`."""
        deadline = time.monotonic() + WAIT_S
        while not met():
            assert time.monotonic() < deadline, f"waited in vain; last heard: {self.messages[-3:]}"
            try:
                self.messages.append(self._news.get(timeout=0.05))
            except queue.Empty:
                continue

    def on(self, topic: str) -> list[bytes]:
        """Payloads heard so far on one topic."""
        self._take_all()
        return [payload for heard, payload in self.messages if heard == topic]

    def _take_all(self) -> None:
        while True:
            try:
                self.messages.append(self._news.get_nowait())
            except queue.Empty:
                return


class Publisher:
    """Publishes anything, QoS 1, and waits for the broker's word."""

    def __init__(self, broker: Broker) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        self._client.publish(topic, payload, 1, retain, properties).wait_for_publish(WAIT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
