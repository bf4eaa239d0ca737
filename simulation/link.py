"""The way to the backend and the backend itself: a radio link, a broker with a memory, the real core over a real store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.events import (
    Acked,
    Announce,
    Answered,
    Ask,
    AskEpoch,
    AskFailed,
    EpochAnswered,
    Event,
    EventReported,
    LinkDown,
    LinkUp,
    PacketRefused,
    Report,
    Send,
    Tell,
)
from fleet.acquirer.books import Ledgers
from fleet.acquirer.port import EXPIRED, NO_ANSWER
from fleet.acquirer.script import Step
from fleet.acquirer.simulator import Simulator
from fleet.core import AcquirerAnswered, Arrived, Core, Message, PlatformAnswered, SendAck, SendAnswer, Tick
from fleet.core import Effect as BackendEffect
from fleet.core import Event as BackendEvent
from fleet.effects import CallAcquirer, CallPlatform
from fleet.sql import SqlBooks, SqlStore
from fleet.store import StoreTrouble
from fleet.vouchers.books import Use
from simulation.clockwork import Clockwork
from simulation.platforms import Platforms
from simulation.witness import Channel, Day, Row
from wire.channels import ANSWER, EVENT, MET, REPLY, REPORTED, find, money_channel
from wire.fleet import Met, Reply, Reported
from wire.messages import Answer, AnswerEpoch, AnswerEvent, AnswerRenew, ask_kind
from wire.messages import AskEpoch as AskEpochMessage
from wire.records import Packet

Quality = Literal["good", "slow", "lossy", "doubling", "reordering"]
TICK_MS = 240_000
PAGE = 2_000
RECONNECT_MS = (200, 4_000)
CALL_GIVEN_UP_MS = 15_000
"""The edge of the backend says "no answer" for the acquirer after this long."""
NOTICED_MS = (0, 8_000)
"""A dead link is noticed after this long; what is sent until then is lost."""


class FragileStore:
    """The backend's store, which sometimes cannot commit."""

    def __init__(self) -> None:
        self.inner = SqlStore()
        self.fails = 0

    @contextmanager
    def begin(self) -> Iterator[SqlBooks]:
        """One transaction; when it is to fail, everything in it is rolled back."""
        with self.inner.begin() as books:
            yield books
            if self.fails:
                self.fails -= 1
                raise StoreTrouble("disk full")


class Backend:
    """The reference backend's core with its queue at the broker, and the simulated acquirer behind its port. `script`
    tells the acquirer what to do with coming requests; its books are the fourth witness of the channels' money, as those of
    `platforms` are of vouchers."""

    def __init__(self, clock: Clockwork, base_ms: int) -> None:
        self.store = FragileStore()
        self.up = True
        self.upto: dict[int, int] = {}  # epoch -> highest acknowledgement ever given, after its commit
        self._clock = clock
        self._base_ms = base_ms
        self._queue: list[tuple[int, Message]] = []  # at the broker since then, not yet taken by the backend
        self.acquirer_books = Ledgers()
        self._acquirer = Simulator(self.acquirer_books, Random(1))
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.platforms = Platforms(self._key.sign, base_ms)
        self._life = 0  # calls in the hands of a backend that was restarted are lost
        self._core = self._new_core()
        self.send: Callable[[BackendEffect], None] = lambda effect: None
        clock.after(TICK_MS, self._tick)

    def _new_core(self) -> Core:
        return Core(self.store, self._key.sign)

    def arrive(self, message: Message) -> None:
        """A message reaches the broker."""
        self._queue.append((self._clock.now_ms, message))
        self._take()

    def script(self, *steps: Step) -> None:
        """What the acquirer is to do with requests from now on."""
        with self.acquirer_books.begin() as books:
            books.add_steps(steps)

    def bills(self) -> list[str]:
        """Numbers on the bills of customers whose money the channels hold, in the order of the payments."""
        with self.acquirer_books.begin() as books:
            return [trade.trade_no for trade in books.trades() if trade.state == "success"]

    def in_doubt(self) -> bool:
        """Whether a platform holds a redemption that the backend does not know of yet, is giving back, or has still to tell
        the terminal of, or will hold one by itself soon: real backends go on about it after the shop has closed."""
        with self.store.inner.begin() as books:
            held = self.platforms.redeemed(self._base_ms + self._clock.now_ms)
            uses = [books.vouchers.use(number) for number in held]
        return self.platforms.ripens or not all(use is not None and _is_told(use) for use in uses)

    def restart(self, for_ms: int) -> None:
        """The backend goes away for a while; its store and the broker's queue stay."""
        self.up = False
        self._life += 1
        self._clock.after(for_ms, self._back)

    def _back(self) -> None:
        self.up, self._core = True, self._new_core()
        self._take()

    def _take(self) -> None:
        if not self.up or not self._queue:
            return
        waited, self._queue = self._queue, []
        now_ms = self._clock.now_ms
        messages = [replace(each, age_ms=now_ms - at) for at, each in waited if not _is_expired(each, now_ms - at)]
        try:
            effects = self._core.step(Arrived(self._base_ms + now_ms, tuple(messages)))
        except StoreTrouble:  # not acknowledged to the broker: it delivers again
            self._queue = waited
            self._clock.after(2_000, self._take)
            return
        self._out(effects)

    def _call(self, effect: CallAcquirer) -> None:
        """Make a call of the acquirer; its replies, or the word that none came, reach the core in their time."""
        ticket, now_ms = effect.ticket, self._base_ms + self._clock.now_ms
        plan = ((0, EXPIRED),) if now_ms >= effect.start_by_ms else self._acquirer.plan(effect.call, now_ms)
        for wait_ms, reply in plan or ((CALL_GIVEN_UP_MS, NO_ANSWER),):
            self._hear(partial(AcquirerAnswered, ticket=ticket, reply=reply), wait_ms)

    def _call_platform(self, effect: CallPlatform) -> None:
        """The same for a voucher platform."""
        for wait_ms, reply in self.platforms.plan(effect, self._base_ms + self._clock.now_ms):
            self._hear(partial(PlatformAnswered, ticket=effect.ticket, reply=reply), wait_ms)

    def _hear(self, event: Callable[[int], BackendEvent], after_ms: int) -> None:
        life = self._life

        def answered() -> None:
            if life != self._life:
                return
            try:
                effects = self._core.step(event(self._base_ms + self._clock.now_ms))
            except StoreTrouble:
                self._hear(event, 2_000)
                return
            self._out(effects)

        self._clock.after(after_ms, answered)

    def _tick(self) -> None:
        if self.up:
            with suppress(StoreTrouble):  # nothing was committed; the next tick asks again
                self._out(self._core.step(Tick(self._base_ms + self._clock.now_ms)))
        self._clock.after(TICK_MS, self._tick)

    def _out(self, effects: list[BackendEffect]) -> None:
        for effect in effects:
            if isinstance(effect, CallAcquirer):
                self._call(effect)
                continue
            if isinstance(effect, CallPlatform):
                self._call_platform(effect)
                continue
            if isinstance(effect, SendAck):
                self.upto[effect.ack.epoch] = max(self.upto.get(effect.ack.epoch, 0), effect.ack.upto)
            self.send(effect)

    def tell(self, day: Day) -> None:
        """Put what is stored into the day's witnesses."""
        with self.store.inner.begin() as books:
            after = 0
            while page := books.records_after(day.terminal, day.epoch, after, PAGE):
                day.rows += [Row(r.seq, r.kind, r.version, r.at_ms, r.clock, r.body, r.prev, r.hash) for r in page]
                after = page[-1].seq
            day.conflicts = len(books.conflicts_of(day.terminal))
            day.quarantined = sum(row.seq not in day.damaged for row in books.quarantine_of(day.terminal))
        day.backend_upto = self.upto.get(day.epoch, 0)
        self._tell_channel(day)
        day.vouchers = self.platforms.redeemed(self._base_ms + self._clock.now_ms)

    def _tell_channel(self, day: Day) -> None:
        """The channel's own books: what it took and gave back, by order."""
        with self.acquirer_books.begin() as books:
            for trade in books.trades():
                received = trade.amount_fen if trade.state in ("success", "revoked") else 0
                back = trade.amount_fen if trade.state == "revoked" else 0
                back += sum(each.amount_fen for each in books.backs(trade.order_no) if each.state == "success")
                day.channel[trade.order_no] = Channel(received, back)


def _is_told(use: Use) -> bool:
    return use.state in ("consumed", "kept") and not use.undo_wanted and not use.news


class Link:
    """The terminal's uplink: what its driver, the radio and the broker do with messages both ways."""

    def __init__(self, clock: Clockwork, backend: Backend, terminal: str, post: Callable[[Event, int], None]) -> None:
        self.radio = True
        self.broker = True
        self.quality: Quality = "good"
        self.refuses = 0  # packets the broker will refuse
        self.refuses_asks = 0  # and asks
        self.refuses_kinds: set[str] = set()  # of each kind the next ask
        self._clock = clock
        self._backend = backend
        self._terminal = terminal
        self._post = post
        self._connected = False
        self._unnoticed = 0  # code of a break nobody has seen yet
        self._driver = 0  # connection attempts of an older driver count no more
        self._log_rng = Random(clock.rng.getstate()[1][1])  # reports of the event log leave the rest of a day as it is
        self._kept: list[tuple[int, Event]] = []  # at the broker since then, for a terminal that is away
        backend.send = self._down

    @property
    def usable(self) -> bool:
        """Whether a connection can be made."""
        return self.radio and self.broker

    def backend_upto(self, epoch: int) -> int:
        """How far the backend has acknowledged a journal, at most."""
        return self._backend.upto.get(epoch, 0)

    def start(self) -> None:
        """The terminal's driver starts: connect."""
        self._driver += 1
        self._connected, self._unnoticed = False, 0
        self._try()

    def stop(self) -> None:
        """The terminal is gone."""
        self._driver += 1
        self._connected, self._unnoticed = False, 0

    def changes(self) -> None:
        """Radio or broker came or went."""
        if self._connected and not self.usable:
            self._connected = False
            self._unnoticed = 1003 if self.radio else 1001
            self._clock.after(self._clock.soon_ms(*NOTICED_MS), self._notice)
            self._try()

    def _notice(self) -> None:
        """The driver sees that the connection is dead, at the latest when it makes a new one."""
        code, self._unnoticed = self._unnoticed, 0
        if code:
            self._post(LinkDown(code), 0)

    def _try(self) -> None:
        driver = self._driver

        def attempt() -> None:
            if driver != self._driver or self._connected:
                return
            if not self.usable:
                self._try()
                return
            self._notice()
            self._connected = True
            self._post(LinkUp(), 0)
            kept, self._kept = self._kept, []
            for at, event in kept:
                if not isinstance(event, Answered) or self._clock.now_ms - at < 1_000 * (ANSWER.expiry_s or 0):
                    self._post(event, self._clock.soon_ms(1, 50))

        self._clock.after(self._clock.soon_ms(*RECONNECT_MS) if self.usable else 5_000, attempt)

    def carry(self, effect: Send | Announce | AskEpoch | Ask | Report | Tell) -> None:
        """Publish. An ask without a session fails; one that leaves into a dead link is simply never heard of again."""
        if not self._connected:
            if isinstance(effect, Ask) and not self._unnoticed:
                self._post(AskFailed.of(effect.ask), 1)
            return
        match effect:
            case Ask(ask=ask) if self._refuses(ask_kind(ask)):
                self._post(AskFailed.of(ask), 20)
            case Send(packet):
                if self.refuses:
                    self.refuses -= 1
                    self._post(PacketRefused(packet.records[0].seq, packet.records[-1].seq, 0x97), 20)
                    return
                self._up(Message(self._terminal, "rec", packet))
            case Announce(state):
                self._up(Message(self._terminal, "state", msgspec.json.encode(state)))
            case AskEpoch(epoch, key):
                self._up(Message(self._terminal, "ask/epoch", msgspec.json.encode(AskEpochMessage(epoch, key))))
            case Report(report):
                self._up(Message(self._terminal, EVENT.rest, msgspec.json.encode(report)))
            case Tell(message):
                self._up(Message(self._terminal, _rest(message), msgspec.json.encode(message)))
            case Ask(_, ask):
                self._up(Message(self._terminal, money_channel(ask).rest, msgspec.json.encode(ask)))

    def _refuses(self, kind: str) -> bool:
        """Whether the broker takes no ask now, or none of this kind; each refusal is used up."""
        if kind in self.refuses_kinds:
            self.refuses_kinds.remove(kind)
            return True
        if self.refuses_asks:
            self.refuses_asks -= 1
            return True
        return False

    def _up(self, message: Message) -> None:
        for wait_ms in self._waits(self._log_rng if message.rest == EVENT.rest else self._clock.rng):
            self._clock.after(wait_ms, lambda: self._backend.arrive(self._perhaps_as_bytes(message)))

    def _perhaps_as_bytes(self, message: Message) -> Message:
        if isinstance(message.payload, Packet) and self._clock.rng.random() < 0.05:
            return Message(message.terminal, message.rest, msgspec.json.encode(message.payload))
        return message

    def _waits(self, rng: Random) -> list[int]:
        """When copies of a message arrive; none: lost."""
        match self.quality:
            case "good":
                return [rng.randint(10, 80)]
            case "slow":
                return [rng.randint(1_500, 9_000)]
            case "lossy":
                return [rng.randint(10, 400)] if rng.random() < 0.7 else []
            case "doubling":
                return [rng.randint(10, 80), rng.randint(10, 3_000)]
            case "reordering":
                return [rng.choice((10, 700, 2_500)) + rng.randint(0, 50)]

    def _down(self, effect: BackendEffect) -> None:
        match effect:
            case SendAck(terminal, ack):
                event: Event = Acked(ack)
            case SendAnswer(terminal, answer):
                event = _answered(answer)
            case _:
                return
        assert terminal == self._terminal
        for wait_ms in self._waits(self._log_rng if isinstance(event, EventReported) else self._clock.rng):
            self._clock.after(wait_ms, lambda: self._arrive(event))

    def _arrive(self, event: Event) -> None:
        if self._connected:
            self._post(event, 0)
        elif self.broker and len(self._kept) < 64:
            self._kept.append((self._clock.now_ms, event))


def _answered(answer: Answer) -> Event:
    match answer:
        case AnswerEpoch(epoch, number):
            return EpochAnswered(epoch, number)
        case AnswerEvent(report_id):
            return EventReported(report_id)
        case AnswerRenew():
            raise AssertionError("keys are renewed by the uplink, which is not simulated")
        case _:
            return Answered(answer)


def _is_expired(message: Message, age_ms: int) -> bool:
    """Whether the broker has thrown the message away by now."""
    channel = find("up", message.rest)
    return channel is not None and channel.expiry_s is not None and age_ms >= 1_000 * channel.expiry_s


def _rest(message: Reported | Reply | Met) -> str:
    """The last part of the topic a terminal tells this on."""
    match message:
        case Reported():
            return REPORTED.rest
        case Reply(cid):
            return REPLY.of(cid).rest
        case Met():
            return MET.rest
