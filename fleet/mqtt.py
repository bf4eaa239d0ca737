"""The backend's door to MQTT: one connection attempt with a clean session, and acknowledgements only when we say so.

A thread of its own reads and writes; whoever steps the core leaves packets here and says `flush`, so that everything that
follows from one commit goes out in one piece. With paho, which reads each packet with three system calls and writes each on
its own, two thirds of the backend's time at 2 000 records a second went into MQTT; the codec is ours therefore
(`fleet.mqtt5`). A message is acknowledged to the broker by `done`, after the commit; what was not, comes again on the next
connection.
"""

import logging
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from fleet import mqtt5
from fleet.tls import Tls, client_context
from wire.channels import CHANNELS, KEEP_ALIVE_S, PACKET_SIZE_MAX, SCHEMA_MAJOR

RECEIVE_MAX = 1_000
"""Messages the broker may have given us before we acknowledge; bounds our queue."""
PUBLISH_WINDOW = 1_000
"""Messages we may have given the broker before it acknowledges, if it takes so many."""
PACKET_BYTES_MAX = 1024 * 1024
"""A longer one the broker keeps to itself."""
HEADER_BYTES_MAX = 9
"""Of a message that is published, beside topic, properties and payload: type and length, length of the topic, identifier."""
SOCKET_TIMEOUT_S = 8.0
GOODBYE_S = 1.0
"""How long the last packets may take to leave."""
RECEIVE_BYTES = 256 * 1024
REFUSAL = 0x80
TAKEN_AT_ONCE, TAKEN_WAIT_S = 256, 0.05
"""Words of the broker's that it has something are told of so many together, at the latest after so long."""
REST_S, RESTS_FROM = 0.002, 64
"""The broker says each of them in a packet of its own. While nothing else comes and so many are out, the thread rests a
little before it reads: to wake for every two or three of thousands took a third of the time of a push."""
WORK_REST_S = 0.0005
"""While a step of the core is under way, what comes is read at most so often: nobody could take it, and the step would wait
for the interpreter at every packet."""

_log = logging.getLogger(__name__)


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

    @property
    def kept(self) -> tuple[str, ...]:
        """What the broker keeps of terminals, and gives to no shared subscription."""
        return tuple(f"{self.mount}pos/v1/+/up/{each.rest}" for each in CHANNELS if each.way == "up" and each.retained)


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
class Arrival:
    """Messages that came together, the oldest first."""

    messages: tuple[Came, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over; `cause` is for the log."""

    cause: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The broker has what was published under these numbers, of those that wanted to be told of."""

    numbers: tuple[int, ...]


Note = Connected | Subscribed | Arrival | Taken | Ended


class _Message(NamedTuple):
    """Published beyond the window. `number`: to tell of once the broker has it, 0: nobody waits to be told."""

    number: int
    topic: bytes
    payload: bytes
    properties: bytes
    retained: bool


class Lost(Exception):
    """The connection is of no more use."""


class Connection:
    """One attempt and what follows, until `Ended`. `note` is called on this connection's thread. Raises `OSError` or
    `ValueError` when its certificates cannot be read."""

    def __init__(
        self, settings: IngestSettings, note: Callable[["Connection", Note], None], monotonic_ms: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._note = note
        self._monotonic_ms = monotonic_ms
        self._context = client_context(settings.tls) if settings.tls is not None else None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._reader = mqtt5.Reader(PACKET_BYTES_MAX)
        self._sock: socket.socket | None = None
        self._idle = threading.Event()  # whoever steps the core could take something
        self._idle.set()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        # What both threads touch, under this lock: it is never held while anybody waits for the network.
        self._lock = threading.Lock()
        self._tls: ssl.SSLObject | None = None
        self._tls_in, self._tls_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._queued: list[bytes] = []  # packets, in the clear
        self._out = bytearray()  # bytes the socket did not take yet
        self._in_flight: dict[int, int] = {}  # packet identifier -> number to tell of, 0: nobody waits to be told
        self._waiting: deque[_Message] = deque()  # published beyond the window
        self._number = 0
        self._window = 1
        self._bytes_max = PACKET_SIZE_MAX  # of a packet that may be published
        self._mid = 0
        self._kept_mid = 0  # of a subscription to what is kept, until it is answered
        self._sent_s = 0.0
        self._broken: OSError | None = None
        self._taken: list[int] = []  # numbers to tell of
        self._taken_since_ms = 0
        self._closing = self._over = False

    # --- from whoever steps the core ----------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, on the thread."""
        self._thread.start()

    def subscribe(self) -> None:
        """Ask for everything terminals send -> `Subscribed`."""
        with self._lock:
            wanted = mqtt5.Subscribe(self._next_mid(), ((self._settings.filter, 1),))
            self._queued.append(mqtt5.subscribe(wanted))
        self.flush()

    def hear_kept(self) -> None:
        """Ask for what the broker keeps, by a subscription of our own beside the shared one. Until `hear_kept_no_more` the
        same messages come twice, which changes nothing."""
        with self._lock:
            self._kept_mid = self._next_mid()
            wanted = mqtt5.Subscribe(self._kept_mid, tuple((each, 1) for each in self._settings.kept))
            self._queued.append(mqtt5.subscribe(wanted))
        self.flush()

    def hear_kept_no_more(self) -> None:
        """Everything that is kept has come."""
        with self._lock:
            self._queued.append(mqtt5.unsubscribe(mqtt5.Unsubscribe(self._next_mid(), self._settings.kept)))
        self.flush()

    def publish(self, topic: str, payload: bytes, qos: int, expiry_s: int | None) -> None:
        """Publish below the mount prefix; it leaves with `flush`. An answer that the broker never gets is made good by the
        terminal asking again. What is longer than the broker or a terminal takes is not sent, for a broker ends the
        connection over it; that is in the log."""
        name = (self._settings.mount + topic).encode()
        with self._lock:
            self._put(name, payload, _properties(expiry_s), qos)

    def publish_all(
        self, topics: Sequence[str], payload: bytes, qos: int, expiry_s: int | None, retained: bool
    ) -> list[int]:
        """Publish the same on each of these topics, as `publish` does; the numbers under which `Taken` tells once the broker
        has it, 0 for what is not sent. What the broker never says to have, the store makes good."""
        mount, properties = self._settings.mount, _properties(expiry_s)
        with self._lock:
            return [
                self._put((mount + topic).encode(), payload, properties, qos, retained, told=True) for topic in topics
            ]

    def done(self, message: Came) -> None:
        """Acknowledge a message to the broker: its records are committed. It leaves with `flush`."""
        if message.qos:
            with self._lock:
                self._queued.append(mqtt5.puback(message.mid))

    def flush(self) -> None:
        """Send what was published and acknowledged; what the network does not take now follows as it can."""
        with self._lock:
            if self._send():
                return
            self._rouse()

    def at_work(self, working: bool) -> None:
        """Whoever steps the core takes nothing for now, or does so again: what comes gathers meanwhile."""
        if working:
            self._idle.clear()
        else:
            self._idle.set()

    def close(self) -> None:
        """Say goodbye -> `Ended`, soon."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._queued.append(mqtt5.disconnect())
                self._rouse()

    # --- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        cause = "connection lost"
        try:
            sock = self._connect()
            with sock:
                self._serve(sock)
        except Exception as raised:  # any: the thread must not die unnoticed
            cause = str(raised) or repr(raised)
        finally:
            with self._lock:
                self._over, self._sock = True, None
                self._wake.close()
                self._woken.close()
            self._note(self, Ended(cause))

    def _connect(self) -> socket.socket:
        """A socket through which hands were shaken, and the hello on its way."""
        settings = self._settings
        sock = socket.create_connection((settings.host, settings.port), SOCKET_TIMEOUT_S)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = self._shake_hands(sock)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        hello = mqtt5.Connect(
            settings.client_id, True, KEEP_ALIVE_S,
            ((mqtt5.RECEIVE_MAX, RECEIVE_MAX), (mqtt5.MAXIMUM_PACKET_SIZE, PACKET_BYTES_MAX)),
            username=settings.username or None,
            password=settings.password.encode() if settings.username and settings.password else None,
        )  # fmt: skip
        with self._lock:
            if self._closing:  # it took so long that we gave up: it must not take the session from its successor
                sock.close()
                raise Lost("given up")
            self._sock, self._tls = sock, tls
            self._queued.insert(0, mqtt5.connect(hello))
            self._send()
        return sock

    def _shake_hands(self, sock: socket.socket) -> ssl.SSLObject | None:
        if self._context is None:
            return None
        tls = self._context.wrap_bio(self._tls_in, self._tls_out, server_hostname=self._settings.host)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                sock.sendall(self._tls_out.read())
                data = sock.recv(RECEIVE_BYTES)
                if not data:
                    raise Lost("ended while shaking hands") from None
                self._tls_in.write(data)
            else:
                sock.sendall(self._tls_out.read())
                return tls

    def _serve(self, sock: socket.socket) -> None:
        """Read and write until the end."""
        heard_s, goodbye_s = time.monotonic(), 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            self._take(self._decrypted(b""))  # what came with the last part of the handshake
            while True:
                with self._lock:
                    behind = not self._send()
                    closing, broken = self._closing, self._broken
                if broken is not None:
                    raise broken
                now_s = time.monotonic()
                goodbye_s = goodbye_s or (now_s + GOODBYE_S if closing else 0.0)
                if closing and (not behind or now_s >= goodbye_s):
                    return
                if now_s - heard_s > 2 * KEEP_ALIVE_S:
                    raise Lost("the broker is silent")
                selector.modify(sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if behind else 0))
                wait_s = GOODBYE_S if closing else self._ping(now_s)
                ready = selector.select(min(wait_s, TAKEN_WAIT_S) if self._taken else wait_s)
                for key, events in ready:
                    if key.fileobj is self._woken:
                        self._woken.recv(4_096)
                    elif events & selectors.EVENT_READ:
                        heard_s = time.monotonic()
                        if self._read(sock) and not behind:
                            time.sleep(REST_S)
                        else:
                            self._idle.wait(WORK_REST_S)
                if not ready:
                    self._tell()

    def _ping(self, now_s: float) -> float:
        """Say that we live when nothing else did for long; how long until it may be due again."""
        with self._lock:
            left_s = self._sent_s + KEEP_ALIVE_S / 2 - now_s
            if left_s <= 0:
                self._queued.append(mqtt5.PINGREQ)
                self._send()
                left_s = KEEP_ALIVE_S / 2
        return left_s

    def _read(self, sock: socket.socket) -> bool:
        """As `_take`."""
        try:
            data = sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise Lost("the broker ended the connection")
        return self._take(self._decrypted(data))

    def _decrypted(self, data: bytes) -> bytes:
        if self._tls is None:
            return data
        parts: list[bytes] = []
        with self._lock:
            self._tls_in.write(data)
            while True:
                try:
                    part = self._tls.read(RECEIVE_BYTES)
                except ssl.SSLWantReadError:
                    break
                if not part:
                    break  # the end follows on the socket itself
                parts.append(part)
            self._send()
        return b"".join(parts)

    def _take(self, data: bytes) -> bool:
        """Whether nothing but words came that the broker has something, and there are more to come."""
        came: list[Came] = []
        taken: list[int] = []
        now_ms = self._monotonic_ms()
        for packet in self._reader.feed(data):
            match packet:
                case mqtt5.Publish(topic, payload, qos, mid, retained):
                    came.append(Came(topic, payload, retained, mid, qos, now_ms))
                case mqtt5.Puback(mid, reason):
                    if number := self._delivered(mid, reason):
                        taken.append(number)
                case mqtt5.Connack(_, reason):
                    self._welcomed(packet)
                    self._note(self, Connected(reason))
                case mqtt5.Suback(mid, reasons) if mid == self._kept_mid:
                    if max(reasons) >= REFUSAL:
                        _log.warning("the broker refused what it keeps: reason 0x%02x", max(reasons))
                    self._kept_mid = 0
                case mqtt5.Suback(_, reasons):
                    self._note(self, Subscribed(max(reasons)))
                case mqtt5.Disconnect(reason):
                    raise Lost(f"the broker said goodbye, reason 0x{reason:02x}")
                case _:
                    pass  # the answer to a ping, or to the end of a subscription
        if taken and not self._taken:
            self._taken_since_ms = now_ms
        self._taken += taken
        late = now_ms - self._taken_since_ms >= TAKEN_WAIT_S * 1_000
        if came or late or len(self._taken) >= TAKEN_AT_ONCE or not self._in_flight:
            self._tell()
        if came:
            self._note(self, Arrival(tuple(came)))
        return bool(taken) and not came and len(self._in_flight) >= RESTS_FROM

    def _tell(self) -> None:
        if self._taken:
            self._note(self, Taken(tuple(self._taken)))
            self._taken = []

    def _welcomed(self, packet: mqtt5.Connack) -> None:
        with self._lock:
            self._window = max(1, min(PUBLISH_WINDOW, packet.value(mqtt5.RECEIVE_MAX, PUBLISH_WINDOW)))
            self._bytes_max = min(PACKET_SIZE_MAX, packet.value(mqtt5.MAXIMUM_PACKET_SIZE, PACKET_SIZE_MAX))

    def _delivered(self, mid: int, reason: int) -> int:
        """Room for the next one. The number to tell of, 0: none."""
        with self._lock:
            number = self._in_flight.pop(mid, 0)
            if self._waiting:
                self._publish(*self._waiting.popleft())
        if reason >= REFUSAL:
            _log.warning("the broker refused a message: reason 0x%02x", reason)
            return 0
        return number

    # --- under the lock ------------------------------------------------------------------------------------------

    def _put(
        self, topic: bytes, payload: bytes, properties: bytes, qos: int, retained: bool = False, told: bool = False
    ) -> int:
        """The number of what is to leave, now or when the broker has taken something; 0: it is too long."""
        size = HEADER_BYTES_MAX + len(topic) + len(properties) + len(payload)
        if size > self._bytes_max:
            _log.error("%s: %d bytes are too many, of at most %d; not sent", topic.decode(), size, self._bytes_max)
            return 0
        self._number += 1
        if not qos:
            self._queued.append(mqtt5.publish(topic, payload, 0, 0, retained, properties))
        elif len(self._in_flight) < self._window:
            self._publish(self._number if told else 0, topic, payload, properties, retained)
        else:
            self._waiting.append(_Message(self._number if told else 0, topic, payload, properties, retained))
        return self._number

    def _publish(self, number: int, topic: bytes, payload: bytes, properties: bytes, retained: bool) -> None:
        mid = self._next_mid()
        self._in_flight[mid] = number
        self._queued.append(mqtt5.publish(topic, payload, 1, mid, retained, properties))

    def _next_mid(self) -> int:
        self._mid = self._mid % 0xFFFF + 1
        while self._mid in self._in_flight:
            self._mid = self._mid % 0xFFFF + 1
        return self._mid

    def _send(self) -> bool:
        """Give the socket what it takes; whether that was all."""
        if self._sock is None:
            return not self._queued
        clear = b"".join(self._queued)
        self._queued.clear()
        try:
            self._out += clear if self._tls is None else self._encrypted(self._tls, clear)
            while self._out:
                del self._out[: self._sock.send(self._out)]
                self._sent_s = time.monotonic()
        except BlockingIOError:
            return False
        except OSError as broken:
            self._broken = broken  # told by the thread
            self._rouse()
        return True

    def _encrypted(self, tls: ssl.SSLObject, clear: bytes) -> bytes:
        if clear:
            tls.write(clear)
        return self._tls_out.read()

    def _rouse(self) -> None:
        if self._over:
            return
        try:
            self._wake.send(b"\0")
        except BlockingIOError:
            return  # it has been roused often enough


@cache
def _properties(expiry_s: int | None) -> bytes:
    pairs: tuple[mqtt5.Property, ...] = ((mqtt5.USER_PROPERTY, SCHEMA_MAJOR),)
    return mqtt5.properties(pairs if expiry_s is None else (*pairs, (mqtt5.MESSAGE_EXPIRY, expiry_s)))
