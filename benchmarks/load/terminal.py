"""One simulated terminal: the protocol of its connection and what it does by itself, as the firmware does it.

A link that comes up announces the terminal, then everything not acknowledged is sent again; 16 packets are in flight at
most; a link that ends is made anew after a back-off with full jitter. What a shop does at it is told by workloads.
"""

import asyncio
import socket
import ssl
from collections import deque
from typing import TYPE_CHECKING, cast

import msgspec

from benchmarks.load.journal import LoadJournal
from benchmarks.load.tls import TlsSide
from fleet import mqtt5
from wire import channels, topics
from wire.channels import Channel
from wire.messages import State
from wire.pace import backoff_ms
from wire.records import PACKETS_IN_FLIGHT_MAX, Ack

if TYPE_CHECKING:
    from benchmarks.load.fleet import LoadFleet

STEADY_S = 10.0
"""A link that held this long forgets the failures before it."""
ATTEMPT_S = 15.0
"""An attempt that is not through by then is given up."""
RESEND_S = 10.0
PING_S = 30.0
SHARED = "shared"
"""What a message on the plan's shared topic is told to the fleet as."""
IP_BIND_ADDRESS_NO_PORT = 24
"""Linux: let `connect` choose the port, which may then be shared between destinations."""

_SCHEMA = ((mqtt5.USER_PROPERTY, channels.SCHEMA_MAJOR),)
_PROPERTIES = {
    expiry_s: mqtt5.properties(_SCHEMA if expiry_s is None else (*_SCHEMA, (mqtt5.MESSAGE_EXPIRY, expiry_s)))
    for expiry_s in {channel.expiry_s for channel in channels.CHANNELS}
}
_CONNECT = (
    (mqtt5.SESSION_EXPIRY, channels.SESSION_EXPIRY_S),
    (mqtt5.RECEIVE_MAX, channels.RECEIVE_MAX),
    (mqtt5.MAXIMUM_PACKET_SIZE, channels.PACKET_SIZE_MAX),
)


class Terminal(asyncio.BufferedProtocol):
    """`journal` outlives every connection. Everything happens on the event loop's thread."""

    __slots__ = (
        "_acked_s", "_context", "_fleet", "_flight", "_mid", "_reader", "_sent", "_since_s", "_tls", "_transport",
        "_unacked", "_window", "_written_s", "failures", "journal", "name", "rev", "source", "up", "wanted",
    )  # fmt: skip

    def __init__(self, fleet: "LoadFleet", name: str, source: str) -> None:
        self._fleet = fleet
        self.name = name
        self.source = source
        self.journal = LoadJournal(name)
        self.up = False
        self.wanted = False  # it keeps connecting
        self.failures = 0
        self.rev = 0  # newest settings it was sent
        self._transport: asyncio.Transport | None = None
        self._tls: TlsSide | None = None
        self._context: ssl.SSLContext | None = None  # made once: making it costs as much as shaking hands
        self._reset()

    def _reset(self) -> None:
        self._reader = mqtt5.Reader()
        self._mid = self._unacked = 0
        self._window = PACKETS_IN_FLIGHT_MAX
        self._sent = self.journal.acked
        self._flight: deque[int] = deque()  # last seq of each packet the backend has not acknowledged
        self._since_s = self._acked_s = self._written_s = 0.0

    # --- connecting -------------------------------------------------------------------------------------------------------

    def switch_on(self, wall_ms: int) -> None:
        """The first time: a journal begins."""
        self.journal.born(self._fleet.now_s(), wall_ms)
        self._fleet.commits()
        self.open()

    def open(self) -> None:
        """Connect now, and again whenever the link ends, until `close` or `cut(for_good=True)`."""
        self.wanted = True
        self._fleet.spawn(self._attempt())

    def cut(self, for_good: bool = False) -> None:
        """The link breaks without a goodbye."""
        self.wanted = self.wanted and not for_good
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Say goodbye and stay away."""
        self.wanted = False
        if self._transport is not None:
            self._write(mqtt5.disconnect())
            self._transport.close()

    async def _attempt(self) -> None:
        loop, plan = asyncio.get_running_loop(), self._fleet.plan
        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.source:
                sock.bind((self.source, 0))
            await asyncio.wait_for(loop.sock_connect(sock, (plan.host, plan.port)), ATTEMPT_S)
            await loop.create_connection(lambda: self, sock=sock)
        except OSError as trouble:  # a time-out is one too
            sock.close()
            self._fleet.failed(str(trouble) or "time-out")
            self._again()

    def _again(self) -> None:
        if not self.wanted:
            return
        wait_ms = backoff_ms(self.failures, self._fleet.jitter())
        self.failures += 1
        asyncio.get_running_loop().call_later(wait_ms / 1000, self._reopen)

    def _reopen(self) -> None:
        if self.wanted and self._transport is None:
            self._fleet.spawn(self._attempt())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._reset()
        self._transport = cast("asyncio.Transport", transport)
        self._since_s = self._written_s = self._fleet.now_s()
        files = self._fleet.plan.tls
        if files is None:
            self._transport.write(self._hello())
            return
        try:
            self._context = self._context or files.context(self.name)
            self._tls = TlsSide(self._context, self._fleet.plan.host)
        except OSError as trouble:
            self._broken(trouble)
            return
        self._transport.write(self._tls.out())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = self._tls = None
        if self.up:
            self.up = False
            if self._fleet.now_s() - self._since_s >= STEADY_S:
                self.failures = 0
            self._fleet.lost(self, by_intent=not self.wanted)
        elif self.wanted:
            self._fleet.failed(str(exc) if exc else "closed")
        self._again()

    def _broken(self, trouble: Exception) -> None:
        self._fleet.broken(self, trouble)
        assert self._transport is not None
        self._transport.abort()

    # --- reading ----------------------------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._fleet.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._fleet.buffer[:nbytes])
        try:
            if self._tls is not None:
                data = self._decrypted(self._tls, data)
            for packet in self._reader.feed(data):
                self._take(packet)
        except (mqtt5.Malformed, msgspec.MsgspecError, ssl.SSLError) as trouble:
            self._broken(trouble)

    def _decrypted(self, tls: TlsSide, data: bytes) -> bytes:
        was_ready = tls.ready
        clear = tls.opened(data)
        assert self._transport is not None
        if out := tls.out():
            self._transport.write(out)
        if tls.ready and not was_ready:
            self._write(self._hello())
        return clear

    def _hello(self) -> bytes:
        will = mqtt5.Will(
            channels.STATE.topic(self.name), msgspec.json.encode(self._state(online=False, reason="lost")),
            properties=((mqtt5.WILL_DELAY, channels.WILL_DELAY_S), *_SCHEMA),
        )  # fmt: skip
        return mqtt5.connect(mqtt5.Connect(self.name, False, channels.KEEP_ALIVE_S, _CONNECT, will))

    def _take(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.Publish():
                if packet.qos:
                    self._write(mqtt5.puback(packet.mid))
                self._came(packet)
            case mqtt5.Puback(_, reason):
                self._unacked -= 1
                if reason >= 0x80:
                    self._fleet.refused(self, reason)
                self.stream()
            case mqtt5.Connack(_, reason) if reason >= 0x80:
                self._fleet.refused(self, reason)
                self.cut()
            case mqtt5.Connack():
                self._window = max(1, min(PACKETS_IN_FLIGHT_MAX, packet.value(mqtt5.RECEIVE_MAX, 65_535)))
                wanted = filter(None, (f"{topics.ROOT}/{self.name}/dn/#", self._fleet.plan.shared))
                filters = tuple((each, 1) for each in wanted)
                self._write(mqtt5.subscribe(mqtt5.Subscribe(self._next_mid(), filters)))
            case mqtt5.Suback(_, reasons) if max(reasons) >= 0x80:
                self._fleet.refused(self, max(reasons))
                self.cut()
            case mqtt5.Suback():
                self._come_up()
            case mqtt5.Disconnect(reason):
                self._fleet.refused(self, reason)
            case _:
                pass  # an answer to a ping

    def _came(self, packet: mqtt5.Publish) -> None:
        topic = topics.parse(packet.topic) or topics.parse(packet.topic, topics.MOUNT)  # Mosquitto 2.0 leaves it there
        if packet.topic == self._fleet.plan.shared:
            self._fleet.heard(self, SHARED, packet.payload)
        elif topic is None or topic.terminal != self.name or topic.way != "dn":
            self._fleet.foreign(self, packet.topic)
        elif topic.rest == channels.ACK.rest:
            self._acknowledged(msgspec.json.decode(packet.payload, type=Ack))
        else:
            self._fleet.heard(self, topic.rest, packet.payload)

    def _acknowledged(self, ack: Ack) -> None:
        if ack.epoch != self.journal.epoch or ack.upto > self.journal.seq:
            self._fleet.foreign(self, f"ack of {ack.epoch}-{ack.upto}")
            return
        self._acked_s = self._fleet.now_s()
        self._fleet.acked(self, self.journal.acknowledge(ack.upto), self._acked_s)
        while self._flight and self._flight[0] <= ack.upto:
            self._flight.popleft()
        self._sent = max(self._sent, self.journal.acked)
        if ack.wanted or ack.quarantined:
            self._fleet.foreign(self, f"wants {ack.wanted[:3]}, put aside {ack.quarantined[:3]}")
        self.stream()

    # --- sending ----------------------------------------------------------------------------------------------------------

    def sell(self, wall_ms: int) -> None:
        """Commit a sale, and send it if the link is up."""
        self.journal.sell(self._fleet.now_s(), wall_ms, fresh=self.up)
        self._fleet.commits()
        self.stream()

    def stream(self) -> None:
        """Send what is due and has credit."""
        if not self.up:
            return
        journal = self.journal
        while self._sent < journal.seq and len(self._flight) < PACKETS_IN_FLIGHT_MAX and self._unacked < self._window:
            payload, self._sent = journal.packet(self._sent)
            self._flight.append(self._sent)
            self.publish(channels.RECORDS, payload)
            self._fleet.packets += 1

    def publish(self, channel: Channel, payload: bytes) -> None:
        """Send one message; there must be a link."""
        topic = channel.topic(self.name).encode()
        mid = self._next_mid() if channel.qos else 0
        self._unacked += channel.qos
        self._write(mqtt5.publish(topic, payload, channel.qos, mid, channel.retained, _PROPERTIES[channel.expiry_s]))

    def by_clock(self, now_s: float) -> None:
        """Whatever is due by time alone; asked every few seconds."""
        if not self.up:
            waits_s = now_s - self._since_s
            if self._transport is not None and waits_s > ATTEMPT_S:
                self._transport.abort()
            return
        if now_s - self._since_s >= STEADY_S:
            self.failures = 0
        if self._flight and now_s - max(self._acked_s, self._written_s) >= RESEND_S:
            self._flight.clear()
            self._sent = self.journal.acked
            self._fleet.resent += 1
            self.stream()
        if now_s - self._written_s >= PING_S:
            self._write(mqtt5.PINGREQ)

    def _come_up(self) -> None:
        self.up = True
        self._since_s = self._fleet.now_s()
        self.publish(channels.STATE, msgspec.json.encode(self._state(online=True)))
        self._fleet.came_up(self)
        self.stream()

    def _state(self, online: bool, reason: str = "") -> State:
        journal = self.journal
        return State(
            online, f"{self.name}-boot", journal.epoch, journal.seq + 1, journal.acked, journal.key, "load", self.rev,
            "trusted", "ok", "closed", None, reason,
        )  # fmt: skip

    def _next_mid(self) -> int:
        self._mid = self._mid % 0xFFFF + 1
        return self._mid

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._written_s = self._fleet.now_s()
        self._transport.write(data if self._tls is None else self._tls.sealed(data))
