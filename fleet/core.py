"""The reference backend's only place of decision: `Core.step(event) -> effects` over a `Store` (decisions 27).

Pure but for the store it is given: time comes in with the event, and effects are returned only after the store's
commit, so no acknowledgement can outrun what it promises (wire contract, 3).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Protocol

from fleet import admin, diagnose, events, lookup, payments, refunds, totals
from fleet.acquirer.port import Reply
from fleet.desk import heard, orders
from fleet.desk.desk import FleetDesk
from fleet.effects import (
    CallAcquirer,
    CallPlatform,
    Effect,
    HearKept,
    RenewKey,
    SendAck,
    SendAnswer,
    SendTime,
    Sent,
    Ticket,
    Told,
)
from fleet.reading import (
    Arrival,
    Bad,
    kept_of,
    read_ask_epoch,
    read_ask_renew,
    read_ask_time,
    read_event,
    read_event_id,
    read_met,
    read_money_ask,
    read_packet,
    read_reply,
    read_reported,
    read_state,
)
from fleet.settle import quarantined, settle
from fleet.store import Books, Epoch, Store, StoreClash
from fleet.vouchers.desk import Desk
from fleet.vouchers.within import PlatformAnswered, Shops
from wire.messages import (
    AnswerEpoch,
    AnswerEvent,
    AskDiagnose,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskReserve,
    AskReverse,
    AskSale,
    AskTotals,
    Time,
    time_text,
)
from wire.records import Ack, Packet

__all__ = [
    "AcquirerAnswered", "Admin", "Arrived", "CallAcquirer", "CallPlatform", "Core", "DeskTick", "Effect", "Event", "Joined",
    "Message", "PlatformAnswered", "Pump", "SendAck", "SendAnswer", "SendTime", "Spoilt", "Tick",
]  # fmt: skip

EPOCH_NUMBER_MAX = 99
HOLE_PATIENCE_MS = 5 * 60_000
"""A hole in a terminal's records younger than this is expected to close by itself (wire contract, 3)."""
WANTED_RANGES_MAX = 16
LAGGING_MAX = 1_000
CLASHES_MAX = 20
"""So often an event is given again at once when another worker was about the same rows."""
TICKS, LEASE_MS = "ticks", 30_000
"""The lease under which one of several workers ticks, and for how long it is good without being renewed."""
DESK = ("reported", "met", "reply/")
"""What of a terminal's is for the desk."""
NAMELESS_MAX = 1_000
"""Unreadable messages without a key that are kept for each terminal; a rogue must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a terminal. `terminal` and `rest` come from the topic, matched whole; a topic that is nobody's
    has terminal "" and the topic as `rest`. `payload`: bytes as they came, or a packet already read (simulation).
    `read`: its records, when the edge has read them while it waited for more."""

    terminal: str
    rest: str
    payload: bytes | Packet = field(repr=False)  # may hold a customer's code
    retained: bool = False
    age_ms: int = 0  # how long it has waited here: an ask for money may be too old
    read: tuple[Arrival, ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages to take in one commit."""

    now_ms: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; comes about every ten seconds."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A message that broke an invariant of this core when it was taken: put it aside instead (decisions 15)."""

    now_ms: int
    message: Message
    reason: str


@dataclass(frozen=True, slots=True)
class AcquirerAnswered:
    """The acquirer's answer to a call, or the edge's word that none came."""

    now_ms: int
    ticket: Ticket
    reply: Reply


@dataclass(frozen=True, slots=True)
class Admin:
    """What a person asks; answered by `Told`."""

    now_ms: int
    call: admin.Call


@dataclass(frozen=True, slots=True)
class Pump:
    """There is time to send something of what is due; `taken`: what of it the broker has by now; `room`: how much may be
    sent; `under_way`: what was handed to the broker, which has not said yet that it has it; `late`: what it has not said so
    of for long, or has refused."""

    now_ms: int
    taken: tuple[Sent, ...] = ()
    room: int = 128
    under_way: Collection[Sent] = ()
    late: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskTick:
    """Time has passed at the desk: orders unanswered, roll-outs. Apart from `Tick`, so that no fault there touches money."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Joined:
    """The broker shares out to this worker what terminals say from now on; what it has kept of them it gives to nobody."""

    now_ms: int


Event = Arrived | Tick | Spoilt | AcquirerAnswered | PlatformAnswered | Admin | Pump | DeskTick | Joined


class Steps(Protocol):
    """The core as its edge sees it."""

    def step(self, event: Event) -> list[Effect]:
        """As `Core.step`."""
        ...


class Core:
    """Decides about everything terminals send. `sign` makes an Ed25519 signature with the fleet's key; `shops`: platforms
    of vouchers in service, and the shops' numbers there; `worker`: its name among several on one store, "" when alone."""

    def __init__(
        self, store: Store, sign: Callable[[bytes], bytes], shops: Shops | None = None, worker: str = ""
    ) -> None:
        self._store = store
        self._worker = worker
        self._sign = sign
        self._vouchers = Desk(sign, shops)
        self._desk = FleetDesk(sign)

    def step(self, event: Event) -> list[Effect]:
        """Take one event, commit what follows from it, and only then return the effects.

        Raises `StoreTrouble` when nothing was committed; the same event may then be given again."""
        for _ in range(CLASHES_MAX):
            try:
                return self._step(event)
            except StoreClash:  # the other worker has gone on: there is nothing to wait for
                continue
        return self._step(event)

    def _step(self, event: Event) -> list[Effect]:
        with self._store.begin() as books:
            if isinstance(event, Pump | DeskTick | Admin):
                books.hold_desk(alone=True)
            match event:
                case Arrived():
                    return self._take(books, event)
                case Tick(now_ms):
                    if not self._is_mine(books, now_ms):
                        return []
                    books.prepare(now_ms)
                    return _ask_for_holes(books, now_ms) + self._vouchers.tick(books.vouchers, now_ms)
                case PlatformAnswered():
                    return self._vouchers.heard(books.vouchers, event)
                case Spoilt(now_ms, message, reason):
                    raw = kept_of(message.rest, message.payload)
                    _put_aside(books, message.terminal, Bad(0, 0, raw, reason), now_ms)
                    return []
                case Pump(now_ms, taken, room, under_way, late):
                    self._desk.taken(books, taken, now_ms)
                    self._desk.put_off(books, late, now_ms)
                    if not room or not self._is_mine(books, now_ms):
                        return []
                    return self._desk.pump(books, now_ms, room, under_way)
                case DeskTick(now_ms):
                    if self._is_mine(books, now_ms):
                        self._desk.tick(books, now_ms)
                    return []
                case Joined(now_ms):
                    return [HearKept()] if self._is_mine(books, now_ms) else []
                case Admin(now_ms, call):
                    return [Told(self._desk.take(books, call, now_ms))]
                case AcquirerAnswered(now_ms, ticket, reply):
                    if ticket.what in ("refund", "refund_query"):
                        return refunds.heard(books.money, ticket, reply, now_ms)
                    return payments.heard(books.money, ticket, reply, now_ms)

    def _is_mine(self, books: Books, now_ms: int) -> bool:
        """Whether it is this worker that does what the passing of time asks for."""
        return not self._worker or books.lease(TICKS, self._worker, now_ms, now_ms + LEASE_MS)

    def _take(self, books: Books, event: Arrived) -> list[Effect]:
        books.hold({message.terminal for message in event.messages})
        if any(message.rest.startswith(DESK) for message in event.messages):
            books.hold_desk(alone=False)
        records: dict[tuple[str, int], list[Arrival]] = {}
        asks: list[Message] = []
        effects: list[Effect] = []
        for message in event.messages:
            if message.rest == "rec" and message.terminal:
                for arrival in message.read or read_packet(message.terminal, message.payload):
                    if arrival.seq:
                        records.setdefault((message.terminal, arrival.epoch), []).append(arrival)
                    else:
                        assert isinstance(arrival, Bad)
                        _put_aside(books, message.terminal, arrival, event.now_ms)
            elif message.rest.startswith("ask/"):
                asks.append(message)
            else:
                effects += self._other(books, message, event.now_ms)
        effects += settle(books, records, event.now_ms)
        for message in asks:  # after the records: an ask about a sale may have come with it
            effects += self._other(books, message, event.now_ms)
        books.seen(sorted({m.terminal for m in event.messages if m.terminal and not m.retained}), event.now_ms)
        return effects

    def _other(self, books: Books, message: Message, now_ms: int) -> list[Effect]:
        """Everything that is no packet of records; what cannot be read is put aside."""
        try:
            match message.rest if message.terminal else "":
                case "state":
                    return _note_state(books, message, now_ms)
                case "event":
                    return _note_event(books, message, now_ms)
                case "reported":
                    said, body = read_reported(message.payload)
                    heard.reported(books, message.terminal, said, body, now_ms, kept=message.retained)
                    return []
                case "met":
                    heard.met(books, message.terminal, *read_met(message.payload), now_ms)
                    return []
                case rest if rest.startswith("reply/"):
                    orders.heard(books, message.terminal, rest[6:], read_reply(message.payload), now_ms)
                    return []
                case "ask/epoch":
                    return [_answer_epoch(books, message)]
                case "ask/time":
                    return [self._tell_time(message, now_ms)]
                case "ask/renew":
                    return [_renew(message)]
                case rest:
                    return self._about_money(books, message, rest, now_ms)
        except ValueError as trouble:
            raw = kept_of(message.rest, message.payload)
            _put_aside(books, message.terminal, Bad(0, 0, raw, str(trouble)), now_ms)
            return []

    def _about_money(self, books: Books, message: Message, rest: str, now_ms: int) -> list[Effect]:
        """Give an ask about money to whoever decides about it. Raises `ValueError`."""
        terminal, money = message.terminal, books.money
        if message.retained:  # it would come again at every subscription, however old
            raise ValueError("an ask must not be retained")
        match read_money_ask(rest, message.payload) if rest else None:
            case AskPay() as ask:
                return payments.pay(money, terminal, ask, now_ms, message.age_ms)
            case AskQuery() as ask:
                return payments.query(money, terminal, ask, now_ms)
            case AskReverse() as ask:
                return payments.reverse(money, terminal, ask, now_ms)
            case AskRefund() as ask:
                return refunds.refund(money, terminal, ask, now_ms)
            case AskRefundQuery() as ask:
                return refunds.query(money, terminal, ask, now_ms)
            case AskSale() as ask:
                return [lookup.find(money, terminal, ask)]
            case AskReserve() as ask:
                return [lookup.reserve(money, terminal, ask, now_ms)]
            case AskTotals() as ask:
                return [totals.answer(money, books.epoch(terminal, ask.epoch), terminal, ask)]
            case AskDiagnose() as ask:
                reach = self._vouchers.reach(books.vouchers, terminal, now_ms)
                return [diagnose.answer(money, terminal, ask, now_ms, reach)]
            case None:
                raise ValueError(f"topic not known: {message.rest}")
            case ask:
                return self._vouchers.take(books.vouchers, terminal, ask, now_ms, message.age_ms)

    def _tell_time(self, message: Message, now_ms: int) -> Effect:
        nonce = read_ask_time(message.payload).nonce
        signature = self._sign(time_text(message.terminal, nonce, now_ms)).hex()
        return SendTime(message.terminal, Time(nonce, now_ms, signature))


def _renew(message: Message) -> Effect:
    if message.retained:
        raise ValueError("an ask must not be retained")
    return RenewKey(message.terminal, read_ask_renew(message.payload))


def _note_state(books: Books, message: Message, now_ms: int) -> list[Effect]:
    """Keep the state, and tell the terminal at once how far its records are kept here: after a pause at either end it
    need not wait for its next record to learn it."""
    state, body = read_state(message.payload)
    if message.retained and not heard.takes_kept(books, message.terminal, state, now_ms):
        return []
    heard.state(books, message.terminal, state, now_ms)
    books.put_state(message.terminal, state, body, now_ms, fresh=not message.retained)
    if not state.epoch:
        return []
    row = books.epoch(message.terminal, state.epoch)
    if row is None:
        row = Epoch(message.terminal, state.epoch)
        books.put_epochs([row])
    return [SendAck(message.terminal, Ack(row.epoch, row.upto))] if state.online else []


def _note_event(books: Books, message: Message, now_ms: int) -> list[Effect]:
    """Keep an event report. One that cannot be read is put aside and confirmed all the same, so that its terminal does not
    send it for ever."""
    try:
        report = read_event(message.payload)
    except ValueError as trouble:
        raw = kept_of(message.rest, message.payload)
        _put_aside(books, message.terminal, Bad(0, 0, raw, f"event: {trouble}"), now_ms)
        report_id = read_event_id(message.payload)
        return [SendAnswer(message.terminal, AnswerEvent(report_id))] if report_id else []
    return events.take(books.events, message.terminal, report, now_ms)


def _answer_epoch(books: Books, message: Message) -> Effect:
    """Grant an epoch its two-digit number, for ever the same one; 0 when another journal holds the epoch or all 99
    numbers are used up (decisions 12)."""
    ask = read_ask_epoch(message.payload)
    row = books.epoch(message.terminal, ask.epoch) or Epoch(message.terminal, ask.epoch)
    if row.journal_key not in ("", ask.journal_key):
        return SendAnswer(message.terminal, AnswerEpoch(ask.epoch, 0))
    number = row.number or books.last_number(message.terminal) + 1
    if number > EPOCH_NUMBER_MAX:
        return SendAnswer(message.terminal, AnswerEpoch(ask.epoch, 0))
    granted = replace(row, journal_key=ask.journal_key, number=number)
    if granted != row:
        books.put_epochs([granted])
    return SendAnswer(message.terminal, AnswerEpoch(ask.epoch, number))


def _ask_for_holes(books: Books, now_ms: int) -> list[Effect]:
    """Ask terminals again for what has been missing for five minutes, and every five minutes after that."""
    effects: list[Effect] = []
    for row in books.lagging(asked_before_ms=now_ms - HOLE_PATIENCE_MS, limit=LAGGING_MAX):
        holes = books.holes(row, older_than_ms=now_ms - HOLE_PATIENCE_MS, limit=WANTED_RANGES_MAX)
        if holes:
            books.put_epochs([replace(row, asked_ms=now_ms)])
            effects.append(SendAck(row.terminal, Ack(row.epoch, row.upto, wanted=tuple(holes))))
    return effects


def _put_aside(books: Books, terminal: str, bad: Bad, now_ms: int) -> None:
    if books.nameless(terminal) < NAMELESS_MAX:
        books.add_quarantine([quarantined(terminal, bad, now_ms)])
