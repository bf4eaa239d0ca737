"""The MQTT edge of the backend: gather messages, one commit for many, then acknowledgements, then the broker's.

One thread runs `Ingest.run`; the connection's own only leaves notes. Order after the commit is fixed: `dn/ack` first, the
broker's acknowledgement second, so a crash between them costs a repetition and never a record.
"""

import logging
import queue
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import msgspec

from fleet import admin, reading
from fleet.acquirer.port import NO_ANSWER, Reply
from fleet.core import (
    AcquirerAnswered,
    Admin,
    Arrived,
    DeskTick,
    Effect,
    Event,
    Joined,
    Message,
    Pump,
    Spoilt,
    Steps,
    Tick,
)
from fleet.effects import (
    CallAcquirer,
    CallPlatform,
    HearKept,
    MoreDue,
    RenewKey,
    SendAck,
    SendAnswer,
    SendCommand,
    SendDesired,
    SendTime,
    Sent,
    Ticket,
    Told,
    VoucherTicket,
)
from fleet.mqtt import Arrival, Came, Connected, Connection, Ended, IngestSettings, Note, Subscribed, Taken
from fleet.store import StoreAway, StoreClash, StoreTrouble
from fleet.vouchers import port as vouchers
from fleet.vouchers.within import PlatformAnswered
from wire import topics
from wire.channels import ACK, ANSWER, COMMAND, DESIRED, RECORDS, TIME, Channel
from wire.messages import AnswerRenew
from wire.pace import backoff_ms
from wire.records import PACKETS_IN_FLIGHT_MAX

BATCH_MESSAGES_MAX = 256
QUIET_MS, GATHER_MS = 2, 8
"""A batch of records is committed when no more came for the first of these, at the latest after the second: what a terminal
sends in one go then costs one sync of the disk, not one for its first packet and one for the rest."""
TICK_MS = 10_000
KEPT_MS = 10_000
"""How long what the broker has kept is listened to, at least."""
OPEN_TIMEOUT_MS = 15_000
CLOSE_TIMEOUT_MS = 3_000
REFUSAL = 0x80
IN_FLIGHT_MAX = 2_048
"""Settings and commands the broker may have from us without saying so; bounds what a push to thousands holds in memory."""
AGAIN_MS = 60_000
"""What the broker has not said in this time to have, or has refused, is handed to it again."""
TAKEN_WAIT_MS, TAKEN_MAX = 500, 2_048
"""So long, and so many, words of the broker's that it has something are gathered before they are committed together, while
it is to say more: each commit is one sync of the disk, and what is not written yet would only be published twice."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call from the admin door, and whom to answer."""

    call: admin.Call
    answer: Callable[[admin.Reply], None]


class _Given(NamedTuple):
    """What was handed to the broker, and when."""

    sent: Sent
    at_ms: int


class Heard(NamedTuple):
    """A message, and what the core is told of it."""

    came: Came
    message: Message


@dataclass(slots=True)
class Batch:
    """What is taken in one commit. `of`: how many messages of each terminal. `hurried`: somebody waits for an answer to some
    of it."""

    heard: list[Heard] = field(default_factory=list)
    of: Counter[str] = field(default_factory=Counter)
    hurried: bool = False

    def add(self, each: Heard) -> None:
        self.heard.append(each)
        self.of[each.message.terminal] += 1
        self.hurried = self.hurried or each.message.rest != RECORDS.rest

    def takes(self, terminal: str) -> bool:
        """Half of what a terminal may have under way is taken at once, and no more: it sends as much again while that is
        committed, and neither waits for the other."""
        return not terminal or self.of[terminal] < PACKETS_IN_FLIGHT_MAX // 2

    def is_full(self) -> bool:
        return len(self.heard) >= BATCH_MESSAGES_MAX

    def may_grow(self) -> bool:
        """Whether it is worth waiting for more."""
        return 0 < len(self.heard) < PACKETS_IN_FLIGHT_MAX // 2 * len(self.of) and not self.hurried


_SIGNED = attrgetter("signed")

_Answered = AcquirerAnswered | PlatformAnswered | SendAnswer | _Asked

_log = logging.getLogger(__name__)


class Ingest:
    """Consumes until `stop`. `utc_ms` and `monotonic_ms` are clocks, `jitter` gives numbers in [0, 1); `ready` is
    called at each subscription that was granted, `trouble(cause)` when the broker or the store fails."""

    def __init__(
        self,
        settings: IngestSettings,
        core: Steps,
        *,
        utc_ms: Callable[[], int],
        monotonic_ms: Callable[[], int],
        jitter: Callable[[], float],
        ready: Callable[[], None],
        trouble: Callable[[str, str], None],
        call: Callable[[CallAcquirer], None] | None = None,
        call_platform: Callable[[CallPlatform], None] | None = None,
        renew: Callable[[RenewKey], None] | None = None,
    ) -> None:
        self._settings = settings
        self._core = core
        self._utc_ms = utc_ms
        self._monotonic_ms = monotonic_ms
        self._jitter = jitter
        self._ready = ready
        self._trouble = trouble
        self._call = call or self._nobody_to_call
        self._call_platform = call_platform or self._no_platform_to_call
        self._renew = renew
        self._notes: queue.SimpleQueue[tuple[Connection, Note] | _Answered | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._subscribed = False
        self._failures = 0
        self._due_ms = monotonic_ms()  # of the next attempt, or of giving the present one up
        self._tick_ms = self._due_ms
        self._stopping = False
        self._more_due = False
        self._hears_kept = False
        self._kept_due_ms = 0  # when to see about what the broker has kept, 0: done
        self._in_flight: dict[int, _Given] = {}  # by its number, in their order
        self._taken: list[Sent] = []  # and not written down yet
        self._taken_since_ms = 0
        self._late: list[Sent] = []
        self._came: deque[tuple[Came, topics.Topic | None]] = deque()  # and not their turn yet

    def stop(self) -> None:
        """End `run` soon and cleanly; may be called from a signal handler or another thread."""
        self._stopping = True
        self._notes.put(None)

    def answered(self, ticket: Ticket, reply: Reply) -> None:
        """The acquirer answered, or nobody did; may be called from any thread."""
        self._notes.put(AcquirerAnswered(self._utc_ms(), ticket, reply))

    def platform_answered(self, ticket: VoucherTicket, reply: vouchers.Reply) -> None:
        """A voucher platform answered, or none did; may be called from any thread."""
        self._notes.put(PlatformAnswered(self._utc_ms(), ticket, reply))

    def renewed(self, terminal: str, answer: AnswerRenew) -> None:
        """The authority answered; may be called from any thread."""
        self._notes.put(SendAnswer(terminal, answer))

    def ask(self, call: admin.Call, answer: Callable[[admin.Reply], None]) -> None:
        """Somebody asks at the admin door; may be called from any thread, answered from this one after the commit."""
        self._notes.put(_Asked(call, answer))

    def run(self) -> None:
        """Consume until `stop`, over every restart of the broker."""
        while not self._stopping:
            self._by_clock()
            came = self._gather()
            if came:
                self._take(came)
            self._pump()
            self._flush()
        self._close()

    # --- connection -----------------------------------------------------------------

    def _by_clock(self) -> None:
        now_ms = self._monotonic_ms()
        if now_ms >= self._tick_ms:
            self._tick_ms = now_ms + TICK_MS
            self._emit(self._step(Tick(self._utc_ms())) or [])
            self._try(DeskTick(self._utc_ms()))
            self._give_up_late(now_ms)
            self._more_due = True
            self._flush()
        if self._kept_due_ms and now_ms >= self._kept_due_ms:
            self._about_kept(now_ms)
        if self._subscribed or now_ms < self._due_ms:
            return
        if self._connection is not None:
            self._connection.close()
            self._lost("time-out")
            return
        try:
            self._connection = Connection(self._settings, self._noted, self._monotonic_ms)
        except (OSError, ValueError) as unreadable:  # certificates that were there at the start are gone
            self._lost(str(unreadable))
            return
        self._due_ms = now_ms + OPEN_TIMEOUT_MS
        self._connection.open()

    def _give_up_late(self, now_ms: int) -> None:
        """It is due still, behind all others; a broker that refuses for ever must not take up all the room."""
        late = [number for number, given in self._in_flight.items() if given.at_ms <= now_ms - AGAIN_MS]
        self._late += (self._in_flight.pop(number).sent for number in late)

    def _about_kept(self, now_ms: int) -> None:
        """A shared subscription is given nothing of what the broker has kept: states of terminals that sleep would be
        unknown to a store that is new, or was restored. Whoever of the workers ticks for all listens to it for a while, at
        each connection: what was said while no worker was there was shared out to nobody, too."""
        assert self._connection is not None
        if self._hears_kept:
            self._connection.hear_kept_no_more()
            self._hears_kept, self._kept_due_ms = False, 0
            return
        self._emit(self._step(Joined(self._utc_ms())) or [])
        self._kept_due_ms = now_ms + (KEPT_MS if self._hears_kept else TICK_MS)

    def _noted(self, connection: Connection, note: Note) -> None:
        """Called on the connection's thread: put and go."""
        self._notes.put((connection, note))

    def _lost(self, cause: str) -> None:
        self._connection, self._subscribed = None, False
        self._hears_kept, self._kept_due_ms = False, 0
        self._in_flight.clear()  # due still
        self._came.clear()  # unacknowledged: it comes again
        wait_ms = backoff_ms(self._failures, self._jitter())
        self._failures += 1
        self._due_ms = self._monotonic_ms() + wait_ms
        self._trouble("broker", cause)

    def _close(self) -> None:
        if self._connection is None:
            return
        self._connection.close()
        until_ms = self._monotonic_ms() + CLOSE_TIMEOUT_MS
        while (left_ms := until_ms - self._monotonic_ms()) > 0:
            try:
                noted = self._notes.get(timeout=left_ms / 1000)
            except queue.Empty:
                return
            if isinstance(noted, tuple) and noted[0] is self._connection and isinstance(noted[1], Ended):
                return

    def _nobody_to_call(self, effect: CallAcquirer) -> None:
        self.answered(effect.ticket, NO_ANSWER)

    def _no_platform_to_call(self, effect: CallPlatform) -> None:
        self.platform_answered(effect.ticket, vouchers.NO_ANSWER)

    # --- messages -----------------------------------------------------------------

    def _gather(self) -> list[Heard]:
        """Wait for a note, then take all there is up to a batch; while one batch commits, the next one gathers. A terminal
        with a backlog sends its packets one after the other, so a batch of records waits a little for the rest of them."""
        batch = Batch()
        due_ms = self._tick_ms if self._subscribed else min(self._tick_ms, self._due_ms)
        wait_ms = min(max(0, due_ms - self._monotonic_ms()), self._pump_wait_ms())
        until_ms = 0
        try:
            while True:
                self._fill(batch)
                if batch.is_full():
                    break
                if self._came:
                    wait_ms = 0  # there is enough, but nobody else's word waits behind it
                elif batch.heard:
                    now_ms = self._monotonic_ms()
                    until_ms = until_ms or now_ms + GATHER_MS
                    wait_ms = min(QUIET_MS, max(0, until_ms - now_ms)) if batch.may_grow() else 0
                noted = self._notes.get(timeout=wait_ms / 1000)
                wait_ms = 0
                if noted is None:
                    break
                if isinstance(noted, _Asked):
                    self._answer(noted)
                elif isinstance(noted, AcquirerAnswered | PlatformAnswered):
                    self._emit(self._step(noted) or [])
                elif isinstance(noted, SendAnswer):
                    self._emit([noted])
                elif noted[0] is self._connection:
                    self._hear(noted[1], batch)
        except queue.Empty:
            pass
        return batch.heard

    def _fill(self, batch: Batch) -> None:
        """Take of what came what the batch takes; the rest stays, in its order."""
        left: deque[tuple[Came, topics.Topic | None]] = deque()
        while self._came and not batch.is_full():
            came, topic = self._came.popleft()
            if batch.takes(topic.terminal if topic is not None else ""):
                batch.add(Heard(came, self._message(came, topic)))
            else:
                left.append((came, topic))
        self._came.extendleft(reversed(left))

    def _hear(self, note: Note, batch: Batch) -> None:
        assert self._connection is not None
        match note:
            case Arrival(messages):
                self._came.extend((each, topics.parse(each.topic, self._settings.mount)) for each in messages)
            case Connected(reason) | Subscribed(reason) if reason >= REFUSAL:
                self._connection.close()
                self._lost(f"refused, reason 0x{reason:02x}")
            case Connected():
                self._connection.subscribe()
            case Subscribed():
                self._subscribed, self._failures, self._more_due = True, 0, True
                self._kept_due_ms = self._monotonic_ms() if self._settings.share else 0
                self._ready()
            case Taken(numbers):
                for number in numbers:
                    if (given := self._in_flight.pop(number, None)) is not None:
                        self._note_taken(given.sent)
                self._more_due = self._more_due or not self._in_flight  # somebody may have waited for one before it
            case Ended(cause):
                batch.heard.clear()  # unacknowledged: they come again
                self._lost(cause)

    def _take(self, came: list[Heard]) -> None:
        connection = self._connection
        if connection is not None:
            connection.at_work(True)
        try:
            effects = self._step(Arrived(self._utc_ms(), tuple(each.message for each in came)))
        finally:
            if connection is not None:
                connection.at_work(False)
        if effects is None:
            return  # not committed: all of it comes again
        self._emit(effects)
        if self._connection is None:
            return  # nobody to tell: the messages come again, and change nothing
        for each in came:
            self._connection.done(each.came)

    def _message(self, came: Came, topic: topics.Topic | None) -> Message:
        if topic is None or topic.way != "up":
            return Message("", came.topic[:500], came.payload, came.retained)
        age_ms = self._monotonic_ms() - came.got_ms
        read = _read(topic.terminal, came.payload) if topic.rest == RECORDS.rest else None
        return Message(topic.terminal, topic.rest, came.payload, came.retained, age_ms, read)

    def _step(self, event: Event) -> list[Effect] | None:
        """One step of the core; None: told to stop before anything was committed."""
        try:
            return self._commit(event)
        except Exception:
            if not isinstance(event, Arrived):
                raise
            _log.exception("a message broke an invariant; each is tried alone")
            return self._one_by_one(event)

    def _one_by_one(self, event: Arrived) -> list[Effect] | None:
        """Find what in a batch breaks the core and put it aside, so that it cannot stop the fleet (decisions 15)."""
        effects: list[Effect] = []
        for message in event.messages:
            try:
                made = self._commit(Arrived(event.now_ms, (message,)))
            except Exception as broken:
                made = self._commit(Spoilt(event.now_ms, message, f"broke the core: {broken!r}"))
            if made is None:
                return None
            effects += made
        return effects

    def _answer(self, asked: _Asked) -> None:
        """Step the core with a call. Whatever is wrong with it, its caller hears of it and the server goes on."""
        try:
            effects = self._core.step(Admin(self._utc_ms(), asked.call))
        except StoreTrouble as trouble:
            self._say(trouble)
            effects = [Told(_refused(trouble))]
        except Exception as broken:
            _log.exception("a call at the admin door broke an invariant")
            effects = [Told(admin.Refused(reason="bad_request", detail=repr(broken)[:200]))]
        for effect in effects:
            if isinstance(effect, Told):
                asked.answer(effect.reply)
        self._emit([effect for effect in effects if not isinstance(effect, Told)])
        self._more_due = True

    # --- what is due to be sent ---------------------------------------------------------

    def _pump_wait_ms(self) -> int:
        """How long there may be nothing to do before something is to be sent."""
        if self._room():
            return 0
        return max(0, self._taken_due_ms() - self._monotonic_ms()) if self._taken else TICK_MS

    def _taken_due_ms(self) -> int:
        """When to write down what the broker has."""
        if not self._in_flight or len(self._taken) >= TAKEN_MAX:
            return 0
        return self._taken_since_ms + TAKEN_WAIT_MS

    def _room(self) -> int:
        """How much may be sent now: nothing before the broker has half of what it was given, or every word of its own would
        cost a commit."""
        free = IN_FLIGHT_MAX - len(self._in_flight)
        return free if self._subscribed and self._more_due and free >= IN_FLIGHT_MAX // 2 else 0

    def _pump(self) -> None:
        """Send a little of what is due, between two batches of what comes in."""
        room = self._room()
        taken: tuple[Sent, ...] = ()
        if self._taken and self._monotonic_ms() >= self._taken_due_ms():
            taken, self._taken = tuple(self._taken), []
        if room or taken or self._late:
            late, self._late = tuple(self._late), []
            self._more_due = self._more_due and not room
            under_way = [*(given.sent for given in self._in_flight.values()), *self._taken]
            self._try(Pump(self._utc_ms(), taken, room, under_way, late))

    def _try(self, event: Pump | DeskTick) -> None:
        """A fault at the desk must not keep records out: it is logged, and the work found again at the next tick."""
        try:
            effects = self._commit(event)
        except Exception:
            _log.exception("the desk broke an invariant")
            return
        self._emit(effects or [])

    def _commit(self, event: Event) -> list[Effect] | None:
        """A store in trouble is tried again until it works; None: told to stop meanwhile."""
        failures = 0
        while True:
            try:
                return self._core.step(event)
            except StoreTrouble as trouble:
                self._say(trouble)
                if self._wait(backoff_ms(failures, self._jitter()), trouble):
                    return None
                failures += 1

    def _say(self, trouble: StoreTrouble) -> None:
        self._trouble("store_away" if isinstance(trouble, StoreAway) else "store", str(trouble))

    def _wait(self, wait_ms: int, trouble: StoreTrouble) -> bool:
        """Wait while notes pile up unread; True when told to stop. People are told at once what the trouble is, unless it is
        over in a moment."""
        until_ms = self._monotonic_ms() + wait_ms
        kept: list[tuple[Connection, Note] | _Answered] = []
        while not self._stopping and (left_ms := until_ms - self._monotonic_ms()) > 0:
            try:
                noted = self._notes.get(timeout=left_ms / 1000)
            except queue.Empty:
                break
            if isinstance(noted, _Asked) and not isinstance(trouble, StoreClash):
                noted.answer(_refused(trouble))
            elif noted is not None:
                kept.append(noted)
        for each in kept:
            self._notes.put(each)
        return self._stopping

    def _emit(self, effects: list[Effect]) -> None:
        desired: list[SendDesired] = []
        for effect in effects:
            if isinstance(effect, SendDesired):
                desired.append(effect)
                continue
            if isinstance(effect, CallAcquirer):
                self._call(effect)
                continue
            if isinstance(effect, CallPlatform):
                self._call_platform(effect)
                continue
            if isinstance(effect, MoreDue):
                self._more_due = True
                continue
            if isinstance(effect, RenewKey):
                if self._renew is not None:
                    self._renew(effect)
                continue  # no authority here: the terminal asks again, another worker may have it
            if isinstance(effect, HearKept):
                if self._connection is not None:
                    self._connection.hear_kept()
                    self._hears_kept = True
                continue
            if isinstance(effect, Told):
                continue  # answered by whoever stepped the core
            if self._connection is None:
                continue  # the terminals send and ask again
            channel, payload = _outgoing(effect)
            if isinstance(effect, SendCommand):
                self._hand(channel, payload, (effect,))
            else:
                self._connection.publish(channel.topic(effect.terminal), payload, channel.qos, channel.expiry_s)
        for signed, alike in groupby(desired, _SIGNED):  # terminals after each other have the same to the byte
            self._hand(DESIRED, msgspec.json.encode(signed), tuple(alike))

    def _hand(self, channel: Channel, payload: bytes, to: Sequence[SendDesired | SendCommand]) -> None:
        """Give the broker what is due until it says that it has it, the same bytes for all of these."""
        if self._connection is None:
            return
        numbers = self._connection.publish_all(
            [channel.topic(each.terminal) for each in to], payload, channel.qos, channel.expiry_s, channel.retained
        )
        now_ms = self._monotonic_ms()
        for number, each in zip(numbers, to, strict=True):
            if number:
                self._in_flight[number] = _Given(each.sent, now_ms)
            else:
                self._note_taken(each.sent)  # it never will be: so it is not due again every minute

    def _note_taken(self, sent: Sent) -> None:
        if not self._taken:
            self._taken_since_ms = self._monotonic_ms()
        self._taken.append(sent)

    def _flush(self) -> None:
        """Let what one commit caused leave in one piece."""
        if self._connection is not None:
            self._connection.flush()


def _read(terminal: str, payload: bytes) -> tuple[reading.Arrival, ...] | None:
    """The records of a packet, read while more of them are on their way. None: it breaks an invariant, which the core is to
    find out for itself and put aside."""
    try:
        return tuple(reading.read_packet(terminal, payload))
    except Exception:
        _log.exception("a packet broke an invariant when it was read")
        return None


def _outgoing(effect: SendAck | SendAnswer | SendTime | SendCommand) -> tuple[Channel, bytes]:
    match effect:
        case SendAck(_, ack):
            return ACK, msgspec.json.encode(ack)
        case SendAnswer(_, answer):
            return ANSWER, msgspec.json.encode(answer)
        case SendTime(_, time):
            return TIME, msgspec.json.encode(time)
        case SendCommand(name=name, signed=signed, expiry_s=expiry_s):
            return COMMAND[name]._replace(expiry_s=expiry_s), msgspec.json.encode(signed)


def _refused(trouble: StoreTrouble) -> admin.Refused:
    away = isinstance(trouble, StoreAway)
    return admin.Refused(reason="store_away" if away else "store", detail=str(trouble)[:200])
