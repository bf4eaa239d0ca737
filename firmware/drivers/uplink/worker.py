"""The uplink's worker: ONE thread that publishes, reads and posts events; paho's thread only leaves it notes.

The queue of records is the journal, not ours: a packet given while there is no connection is dropped, and the core
sends again from its acknowledged seq after `LinkUp`.
"""

import hashlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from firmware.drivers.uplink import incoming, trouble
from firmware.drivers.uplink.access import Attempt, Wall, system_wall
from firmware.drivers.uplink.keyring import Keyring
from firmware.drivers.uplink.own_key import OwnKey
from firmware.drivers.uplink.settings import LinkSettings
from firmware.drivers.uplink.signed import is_signed
from firmware.drivers.uplink.signed_time import TimeKeeper
from firmware.drivers.uplink.tls import Way
from firmware.events import (
    Acked,
    Announce,
    Answered,
    Ask,
    AskEpoch,
    AskFailed,
    AskTime,
    DesiredCame,
    EpochAnswered,
    Event,
    EventReported,
    LinkDown,
    LinkUp,
    OrderCame,
    PacketRefused,
    Report,
    Send,
    Tell,
    WireGarbage,
)
from wire import channels, messages
from wire.channels import (
    ASK_EPOCH,
    ASK_RENEW,
    ASK_TIME,
    EVENT,
    MET,
    RECORDS,
    REPLY,
    REPORTED,
    STATE,
    Channel,
    money_channel,
)
from wire.diag import Counts
from wire.fleet import Reply, Reported, Signed
from wire.messages import AnswerEpoch, AnswerEvent, AnswerRenew, MoneyAsk, State, Time, answer_key
from wire.pace import backoff_ms
from wire.records import PACKETS_IN_FLIGHT_MAX, Ack, Packet

if TYPE_CHECKING:
    from firmware.drivers.uplink.door import Connection, Note

TICK_MS = 1_000
DEAF_MS = 15_000
"""The worker counts as dead when it has not come round for so long."""
STEADY_MS = 10_000
"""A link that held this long forgets the failures before it."""
NOTES_MAX = 1_000
"""Messages waiting to be read; more are dropped and counted: acknowledgements are cumulative, the next one suffices."""
GARBAGE_MAX = 16
"""`WireGarbage` events a minute; more are only counted."""
GARBAGE_WINDOW_MS = 60_000
OVERHEAD_BYTES = 256
"""Room for topic and properties beside a payload."""
ASKS_MAX = 16
"""Asks about money in line for the link; more never leave."""
TOO_LARGE = 0x95
REFUSAL = 0x80

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Stop:
    reason: str


@dataclass(frozen=True, slots=True)
class _RetryNow:
    pass


@dataclass(frozen=True, slots=True)
class _Noted:
    connection: "Connection"
    note: "Note"


@dataclass(frozen=True, slots=True)
class _Graced:
    """What the grace door said."""

    answer: AnswerRenew | Exception


@dataclass(slots=True)
class _Link:
    """The connection there is, or is being made. `unacked`: message id -> packet, or the key of an ask about money (None:
    another message). Payloads are never shown: one may hold a customer's code (domain 1.1)."""

    connection: "Connection"
    attempt: Attempt
    deadline_ms: int
    up: bool = False
    timed: bool = False  # it was there for the time alone, and brought it
    over: bool = False  # its end has been reported; only `Ended` is still to come
    since_ms: int = 0
    answered: bool = False  # a CONNACK came
    window: int = PACKETS_IN_FLIGHT_MAX
    packet_bytes_max: int = channels.PACKET_SIZE_MAX
    unacked: dict[int, Packet | AskFailed | None] = field(default_factory=dict)
    asks: deque[tuple[Channel, bytes, AskFailed]] = field(default_factory=deque, repr=False)
    due: deque[tuple[Channel, bytes, Packet | None]] = field(default_factory=deque, repr=False)


class Uplink:
    """The terminal's link to the broker.

    `post` hands an event to the core; `on_time(utc_ms, monotonic_ms)` gets each believed time. `jitter` gives numbers
    in [0, 1), `nonce` 16 random bytes, `monotonic_ms` a clock that never goes back, `wall` the terminal's wall clock: chance
    and time are given in. `keyring` renews certificates; without one those of the settings are used as they are.
    """

    def __init__(
        self,
        settings: LinkSettings,
        post: Callable[[Event], None],
        on_time: Callable[[int, int], None],
        *,
        jitter: Callable[[], float],
        nonce: Callable[[], bytes],
        monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        wall: Callable[[], Wall] = system_wall,
        keyring: Keyring | None = None,
    ) -> None:
        self._settings = settings
        self._post = post
        self._on_time = on_time
        self._jitter = jitter
        self._monotonic_ms = monotonic_ms
        self._time = TimeKeeper(settings.terminal, settings.fleet_key, nonce)
        self._key = OwnKey(settings, keyring, post, jitter, wall)
        self._inbox: queue.SimpleQueue[
            Send | Announce | AskEpoch | Ask | Report | Tell | AskTime | _Stop | _RetryNow | _Noted | _Graced
        ] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self._ticked_ms = monotonic_ms()
        self._link: _Link | None = None
        self._failures = 0
        self._attempt_ms: int | None = self._ticked_ms  # when to connect next; None: not until the present one ended
        self._reported = 0  # code of the last `LinkDown`, 0 while up
        self._state: State | None = None
        self._state_due = False
        self._ask: AskEpoch | None = None
        self._open_asks: dict[str, int] = {}  # key of an ask about money -> when no answer is to be expected any more
        self._sent: tuple[int, int] | None = None  # epoch and seq sent last and not acknowledged by the backend
        self._garbage_from_ms, self._garbage = 0, 0
        self._stopping: _Stop | None = None
        self._stop_by_ms = 0
        self._busy = False
        self._waiting: tuple[str, ...] = ("link",)
        self._read, self._written, self.dropped = 0, 0, 0

    # --- from other threads -----------------------------------------------------------------

    def start(self) -> None:
        """Start the worker; it connects by itself and keeps at it."""
        self._thread.start()

    def carry_out(self, effect: Send | Announce | AskEpoch | Ask | Report | Tell | AskTime) -> None:
        """Take an effect of the core; never blocks. `Send` without a link is dropped: the core sends again. `Ask` without
        a link fails (`AskFailed`): money is never asked for later than now (decisions 18)."""
        self._inbox.put(effect)

    def retry_now(self) -> None:
        """Connect at once instead of waiting for the back-off: the network came up, or a person asked."""
        self._inbox.put(_RetryNow())

    def stop(self, reason: str, timeout_ms: int = 3_000) -> bool:
        """Publish a clean death, wait for the broker's word on it, disconnect; at most about `timeout_ms`.
        Returns whether the worker ended in time."""
        self._stop_by_ms = self._monotonic_ms() + timeout_ms
        self._inbox.put(_Stop(reason))
        self._thread.join((timeout_ms + TICK_MS) / 1000)
        return not self._thread.is_alive()

    def alive(self) -> bool:
        """For the watchdog: whether the worker still comes round."""
        return self._thread.is_alive() and self._monotonic_ms() - self._ticked_ms < DEAF_MS

    def busy(self) -> bool:
        """Whether something is waiting to be handled here (not outside)."""
        return self._busy or not self._inbox.empty()

    def counts(self) -> Counts:
        """Messages read from and written to the broker."""
        return Counts(self._read, self._written)

    def waiting(self) -> tuple[str, ...]:
        """What the outside owes us: `link`, `ack` (records sent, not acknowledged by the backend), `answer`."""
        return self._waiting

    # --- the worker -----------------------------------------------------------------

    def _run(self) -> None:
        while self._stopping is None or self._link is not None:
            now_ms = self._ticked_ms = self._monotonic_ms()
            self._open_asks = {key: until for key, until in self._open_asks.items() if now_ms < until}
            self._by_clock(now_ms)
            self._waiting = self._what_waits()
            self._busy = False
            try:
                item = self._inbox.get(timeout=self._pause_ms(now_ms) / 1000)
            except queue.Empty:
                continue
            self._busy = True
            self._take(item)

    def _take(
        self, item: Send | Announce | AskEpoch | Ask | Report | Tell | AskTime | _Stop | _RetryNow | _Noted | _Graced
    ) -> None:
        match item:
            case _Noted(connection, note):
                if self._link is not None and connection is self._link.connection:
                    self._hear(self._link, note)
            case Send(packet):
                self._send(packet)
            case Announce(state):
                self._state, self._state_due = state, True
            case AskEpoch():
                if self._queue(ASK_EPOCH, msgspec.json.encode(messages.AskEpoch(item.epoch, item.journal_key))):
                    self._ask = item
            case Ask(_, ask):
                self._ask_money(ask)
            case Report(report):
                self._queue(EVENT, msgspec.json.encode(report))
            case Tell(Reply() as reply):
                self._queue(REPLY.of(reply.cid), msgspec.json.encode(reply))
            case Tell(message):
                self._queue(REPORTED if isinstance(message, Reported) else MET, msgspec.json.encode(message))
            case AskTime():
                if self._link is not None and self._link.up and self._time.enabled:
                    self._ask_time(self._monotonic_ms())
            case _Graced(answer):
                self._graced(answer)
            case _RetryNow():
                self._failures = 0
                if self._attempt_ms is not None:
                    self._attempt_ms = self._monotonic_ms()
            case _Stop():
                self._begin_to_stop(item)
        if self._link is not None and self._link.up:
            self._flush(self._link)

    def _pause_ms(self, now_ms: int) -> int:
        """How long the worker may sleep."""
        dues = [now_ms + TICK_MS]
        if self._attempt_ms is not None:
            dues.append(self._attempt_ms)
        if self._link is not None and not self._link.up:
            dues.append(self._link.deadline_ms)
        if self._stopping is not None:
            dues.append(self._stop_by_ms)
        return max(0, min(dues) - now_ms)

    def _by_clock(self, now_ms: int) -> None:
        """Whatever is due by time alone."""
        link = self._link
        if self._stopping is not None:
            if link is not None and now_ms >= self._stop_by_ms:
                link.connection.cut()
                self._link = None  # its thread is a daemon and takes nothing with it
            return
        if link is None:
            if self._attempt_ms is not None and now_ms >= self._attempt_ms:
                self._connect(now_ms)
            return
        if not link.up and not link.over and now_ms >= link.deadline_ms:
            self._down(link, trouble.TIME_OUT)
            link.connection.cut()
        if link.up and now_ms - link.since_ms >= STEADY_MS:
            self._failures = 0
        if link.up and self._time.enabled and now_ms >= self._time.due_ms:
            self._ask_time(now_ms)
            self._flush(link)
        if link.up and now_ms >= self._key.look_ms and (ask := self._key.ask_due(now_ms)) is not None:
            self._queue(ASK_RENEW, msgspec.json.encode(ask))
            self._flush(link)

    def _connect(self, now_ms: int) -> None:
        from firmware.drivers.uplink.door import Connection  # paho is imported when the worker first needs it

        self._attempt_ms = None
        if self._key.access.wants_grace():
            if not self._key.ask_for_grace(now_ms, lambda answer: self._inbox.put(_Graced(answer))):
                self._fail(trouble.TLS)
            return
        attempt = self._key.access.attempt()
        try:
            connection = Connection(self._settings, self._will(), self._noted, attempt)
        except (OSError, ValueError) as raised:  # certificates missing or unreadable
            self._key.unusable()
            self._fail(trouble.TLS if self._settings.tls else trouble.code_of_exception(raised), str(raised))
            return
        self._link = _Link(connection, attempt, deadline_ms=now_ms + self._settings.open_timeout_ms)
        connection.open()

    def _noted(self, connection: "Connection", note: "Note") -> None:
        """Called on paho's thread, under its locks: put and go."""
        from firmware.drivers.uplink.door import Came

        if isinstance(note, Came) and self._inbox.qsize() >= NOTES_MAX:
            self.dropped += 1
            return
        self._inbox.put(_Noted(connection, note))

    def _hear(self, link: _Link, note: "Note") -> None:
        from firmware.drivers.uplink import door

        match note:
            case door.Connected(reason) if reason >= REFUSAL:
                self._down(link, trouble.code_of_connack(reason))
            case door.Connected():
                link.answered = True
                self._key.let_in(self._monotonic_ms())
                link.window = max(1, min(PACKETS_IN_FLIGHT_MAX, note.receive_max))
                link.packet_bytes_max = min(channels.PACKET_SIZE_MAX, note.packet_size_max)
                link.connection.subscribe()
            case door.Subscribed(reason) if reason >= REFUSAL:
                self._down(link, trouble.code_of_connack(reason))
                link.connection.close()
            case door.Subscribed() if link.attempt.way is Way.TIME_ONLY:
                question = self._time.ask(self._monotonic_ms())
                link.connection.publish(ASK_TIME, msgspec.json.encode(messages.AskTime(question.nonce)))
            case door.Subscribed():
                self._come_up(link)
            case door.Delivered(mid, reason):
                self._delivered(link, mid, reason)
            case door.Came(topic, payload):
                self._read += 1
                self._came(topic, payload)
                if link.attempt.way is Way.TIME_ONLY and not self._time.asking:
                    link.timed = link.over = True
                    link.connection.close()
            case door.Gone(reason):
                # Under TLS 1.3 a refused client certificate shows as a connection lost before the first answer.
                unsure = self._settings.tls is not None and not link.answered
                self._down(link, trouble.TLS if unsure else trouble.code_of_disconnect(reason))
            case door.Ended(raised):
                if raised is not None:
                    _log.info("link ended: %r", raised)
                again = link.timed or self._key.access.failed(link.attempt, raised, link.answered, self._time.enabled)
                if not again:
                    self._down(link, trouble.code_of_exception(raised) if raised else trouble.CANNOT_CONNECT)
                self._link = None
                self._wait_for_next()
                if again and self._stopping is None:
                    self._attempt_ms = self._monotonic_ms()

    # --- up and down -----------------------------------------------------------------

    def _come_up(self, link: _Link) -> None:
        if link.up or link.over or self._stopping is not None:
            return
        link.up, link.since_ms = True, self._monotonic_ms()
        self._reported = 0
        self._post(LinkUp())
        if self._time.enabled:
            self._ask_time(link.since_ms)

    def _down(self, link: _Link, code: int) -> None:
        """The connection is of no more use; whatever it had in flight is the core's to send again."""
        if link.over:
            return
        link.up, link.over = False, True
        for _, _, failed in link.asks:
            self._ask_failed(failed)  # what had left may have arrived: nobody can say that it failed
        link.asks.clear()
        link.unacked.clear()
        link.due.clear()
        self._open_asks.clear()
        self._sent = self._ask = None
        self._fail(code)

    def _fail(self, code: int, detail: str = "") -> None:
        _log.info("link down: %d %s", code, detail)
        if self._stopping is None and code != self._reported:
            self._reported = code
            self._post(LinkDown(code))
        if self._link is None:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        wait_ms = backoff_ms(self._failures, self._jitter(), self._settings.backoff_cap_ms)
        self._failures += 1
        self._attempt_ms = self._monotonic_ms() + wait_ms

    def _graced(self, answer: AnswerRenew | Exception) -> None:
        if self._stopping is not None:
            return
        wrong = repr(answer) if isinstance(answer, Exception) else self._key.read(answer, self._monotonic_ms())
        if wrong:
            self._fail(trouble.TLS, f"grace door: {wrong}")
        else:
            self._attempt_ms = self._monotonic_ms()

    def _begin_to_stop(self, stop: _Stop) -> None:
        self._stopping = stop
        self._attempt_ms = None
        link = self._link
        if link is None or not link.up:
            if link is not None:
                link.connection.cut()
                self._link = None
            return
        last = self._state or State(online=True)
        if last.online:
            self._state = msgspec.structs.replace(last, online=False, reason=stop.reason)
            self._state_due = True
        link.due.clear()
        self._flush(link)
        self._close_when_delivered(link)

    def _close_when_delivered(self, link: _Link) -> None:
        if not link.unacked and not self._state_due:
            link.connection.close()

    def _will(self) -> bytes:
        last = self._state or State(online=False)
        return msgspec.json.encode(msgspec.structs.replace(last, online=False, reason="lost"))

    # --- sending -----------------------------------------------------------------

    def _send(self, packet: Packet) -> None:
        assert packet.records
        if self._stopping is None:
            payload = msgspec.json.encode(packet)
            first, last = packet.records[0], packet.records[-1]
            if self._link is not None and len(payload) > self._link.packet_bytes_max - OVERHEAD_BYTES:
                self._post(PacketRefused(first.seq, last.seq, TOO_LARGE))
            elif self._queue(RECORDS, payload, packet):
                self._sent = (last.epoch, last.seq)

    def _ask_money(self, ask: MoneyAsk) -> None:
        """Put an ask in line before all records, or fail it at once."""
        link, failed = self._link, AskFailed.of(ask)
        if link is None or not link.up or self._stopping is not None or len(link.asks) >= ASKS_MAX:
            self._ask_failed(failed)
            return
        channel = money_channel(ask)
        link.asks.append((channel, msgspec.json.encode(ask), failed))
        self._open_asks[failed.key] = self._monotonic_ms() + 1_000 * (channel.expiry_s or 0)

    def _ask_failed(self, failed: AskFailed) -> None:
        self._open_asks.pop(failed.key, None)
        self._post(failed)

    def _ask_time(self, now_ms: int) -> None:
        self._queue(ASK_TIME, msgspec.json.encode(messages.AskTime(self._time.ask(now_ms).nonce)))

    def _queue(self, channel: Channel, payload: bytes, packet: Packet | None = None) -> bool:
        """Put a message in line for the link; False: there is none, or more is in line than the core may send."""
        link = self._link
        if link is None or not link.up or len(link.due) >= 2 * PACKETS_IN_FLIGHT_MAX:
            self.dropped += 1
            return False
        link.due.append((channel, payload, packet))
        return True

    def _flush(self, link: _Link) -> None:
        """Publish what the window allows: the state first, then asks about money, then in order."""
        if self._state_due and self._state is not None and len(link.unacked) < link.window:
            self._state_due = not self._publish(link, STATE, msgspec.json.encode(self._state), None)
        while link.asks and len(link.unacked) < link.window:
            if not self._publish(link, *link.asks[0]):
                return
            link.asks.popleft()
        while link.due and len(link.unacked) < link.window:
            if not self._publish(link, *link.due[0]):
                return
            link.due.popleft()

    def _publish(self, link: _Link, channel: Channel, payload: bytes, packet: Packet | AskFailed | None) -> bool:
        mid = link.connection.publish(channel, payload)
        if mid is None:
            return False  # the end of the connection is on its way to us
        link.unacked[mid] = packet
        self._written += 1
        return True

    def _delivered(self, link: _Link, mid: int, reason: int) -> None:
        packet = link.unacked.pop(mid, None)
        if reason >= REFUSAL:
            _log.warning("the broker refused a message: reason 0x%02x", reason)
            if isinstance(packet, AskFailed):
                self._ask_failed(packet)
            elif packet is not None:
                self._sent = None
                self._post(PacketRefused(packet.records[0].seq, packet.records[-1].seq, reason))
        if self._stopping is not None:
            self._close_when_delivered(link)

    # --- reading -----------------------------------------------------------------

    def _came(self, topic: str, payload: bytes) -> None:
        match incoming.read(self._settings.terminal, topic, payload):
            case Ack() as ack:
                if self._sent is not None and ack.epoch == self._sent[0] and ack.upto >= self._sent[1]:
                    self._sent = None
                self._post(Acked(ack))
            case AnswerEpoch(epoch, number):
                self._ask = None
                self._post(EpochAnswered(epoch, number))
            case AnswerEvent(report_id):
                self._post(EventReported(report_id))
            case incoming.Money(money, unknown_code):
                if unknown_code:
                    self._put_aside(topic, payload, f"code {unknown_code} is not known here")
                self._open_asks.pop(answer_key(money), None)
                self._post(Answered(money))
            case Time() as answer:
                now_ms = self._monotonic_ms()
                believed = self._time.read(answer, now_ms)
                if isinstance(believed, int):
                    self._on_time(believed, now_ms)
                    self._key.look_ms = now_ms
                else:
                    self._put_aside(topic, payload, believed)
            case incoming.FromFleet(signed, command):
                self._from_fleet(signed, command)
            case AnswerRenew() as answer:
                wrong = self._key.read(answer, self._monotonic_ms())
                if wrong:
                    self._put_aside(topic, payload, wrong)
            case incoming.Unreadable(reason):
                self._put_aside(topic, payload, reason)

    def _from_fleet(self, signed: Signed, command: str) -> None:
        """Hand on what the fleet wants, with the word whether it is the fleet that wants it."""
        key = self._settings.fleet_key
        if command:
            self._post(OrderCame(command, signed.text, is_signed(key, "command", signed)))
        else:
            self._post(DesiredCame(signed.text, is_signed(key, "settings", signed)))

    def _put_aside(self, topic: str, payload: bytes, reason: str) -> None:
        now_ms = self._monotonic_ms()
        if now_ms - self._garbage_from_ms >= GARBAGE_WINDOW_MS:
            self._garbage_from_ms, self._garbage = now_ms, 0
        self._garbage += 1
        if self._garbage <= GARBAGE_MAX:
            self._post(WireGarbage(topic[:200], reason, hashlib.sha256(payload).hexdigest()))
        else:
            self.dropped += 1

    def _what_waits(self) -> tuple[str, ...]:
        up = self._link is not None and self._link.up
        waits = {
            "link": not up,
            "ack": self._sent is not None,
            "answer": up and (self._ask is not None or bool(self._open_asks)),
        }
        return tuple(name for name, is_so in waits.items() if is_so)
