"""A broker of bytes: says exactly what a test tells it to, right or wrong. For what Mosquitto never does."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 4, 8, 9, 14
WAIT_S = 30

Answer = Callable[[int, bytes], bytes | None]
"""Packet type and its bytes after the fixed header -> what to send back; None closes the connection."""


class FakeBroker:
    """Listens on a free port and answers each connection with the next of `answers`, the last one for all others."""

    def __init__(self, *answers: Answer) -> None:
        self.host = "127.0.0.1"
        self.heard: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._answers = list(answers)
        self._server = socket.create_server((self.host, 0))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "FakeBroker":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.close()
        self.break_all()

    def break_all(self) -> None:
        """Reset every connection there is."""
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def next(self, kind: int) -> bytes:
        """The next packet of a kind that was heard; others before it are passed over."""
        while True:
            heard, body = self.heard.get(timeout=WAIT_S)
            if heard == kind:
                return body

    def heard_now(self) -> list[int]:
        """Kinds of all packets heard and not yet asked for."""
        kinds = []
        while not self.heard.empty():
            kinds.append(self.heard.get()[0])
        return kinds

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            threading.Thread(target=self._talk, args=(connection, answer), daemon=True).start()

    def _talk(self, connection: socket.socket, answer: Answer) -> None:
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as stream:
            while head := stream.read(1):
                length, shift = 0, 0
                while True:
                    (byte,) = stream.read(1)
                    length |= (byte & 0x7F) << shift
                    shift += 7
                    if not byte & 0x80:
                        break
                body = stream.read(length)
                self.heard.put((head[0] >> 4, body))
                said = answer(head[0] >> 4, body)
                if said is None:
                    return
                connection.sendall(said)


def connack(reason: int = 0, properties: bytes = b"") -> bytes:
    body = bytes([0, reason, len(properties)]) + properties
    return bytes([CONNACK << 4, len(body)]) + body


def suback(body: bytes, reason: int = 1) -> bytes:
    return bytes([SUBACK << 4, 4]) + body[:2] + bytes([0, reason])


def publish(topic: bytes, payload: bytes) -> bytes:
    """A QoS 0 message."""
    body = len(topic).to_bytes(2, "big") + topic + b"\0" + payload
    assert len(body) < 128
    return bytes([PUBLISH << 4, len(body)]) + body


def welcoming(puback: bool = True, properties: bytes = b"", greeting: bytes = b"") -> Answer:
    """Grants everything; `puback` False: never acknowledges; `greeting` is sent after the subscription."""

    def answer(kind: int, body: bytes) -> bytes | None:
        if kind == CONNECT:
            return connack(properties=properties)
        if kind == SUBSCRIBE:
            return suback(body) + greeting
        if kind == PUBLISH and puback:
            size = int.from_bytes(body[:2], "big")
            return bytes([PUBACK << 4, 2]) + body[2 + size : 4 + size]
        return None if kind == DISCONNECT else b""

    return answer


def silent(_kind: int, _body: bytes) -> bytes:
    """Takes everything and says nothing."""
    return b""


def saying(first: bytes) -> Answer:
    """Answers the CONNECT with these bytes, then nothing."""
    return lambda kind, _body: first if kind == CONNECT else b""
