"""Reading what terminals send: every record ends as `Good` or as `Bad` with its reason, never as an exception."""

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from wire.channels import ASK_PAY, ASK_VOUCHER_CONSUME, ASK_VOUCHER_LOOK, ASK_VOUCHER_PREPARE, MONEY, find
from wire.facts import KINDS, Born, Fact
from wire.facts import decode as decode_fact
from wire.fleet import Met, Reply, Reported
from wire.messages import (
    AskEpoch,
    AskPay,
    AskRefund,
    AskRenew,
    AskReserve,
    AskSale,
    AskTime,
    AskTotals,
    EventId,
    EventReport,
    MoneyAsk,
    State,
)
from wire.records import PACKET_RECORDS_MAX, RECORD_BYTES_MAX, SALE_LINES_MAX, Packet, Record, record_hash
from wire.vouchers import AskVoucherConsume

INTEGER_MAX = 2**63 - 1
RAW_KEPT_BYTES_MAX = 64 * 1024
WORD_CHARS_MAX = 128
PACKET_RECORDS_READ_MAX = 4 * PACKET_RECORDS_MAX
_HEX16 = re.compile(r"[0-9a-f]{32}")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_WITH_CODE = {each.rest for each in (ASK_PAY, ASK_VOUCHER_PREPARE, ASK_VOUCHER_CONSUME, ASK_VOUCHER_LOOK)}
_NO_HASH = "record: a hash is not 32 bytes in hex"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Good(NamedTuple):
    """A whole record of a kind and version known here. A tuple, for thousands a second are made."""

    record: Record
    fact: Fact

    @property
    def epoch(self) -> int:
        return self.record.epoch

    @property
    def seq(self) -> int:
        return self.record.seq


@dataclass(frozen=True, slots=True)
class Bad:
    """What could not be read, with its bytes. `seq` 0: not even its key could be read."""

    epoch: int
    seq: int
    raw: bytes
    reason: str


Arrival = Good | Bad
T = TypeVar("T")


class _Loose(msgspec.Struct, frozen=True):
    records: list[msgspec.Raw]


class _Key(msgspec.Struct, frozen=True):
    epoch: int
    seq: int


def read_packet(terminal: str, payload: bytes | Packet) -> list[Arrival]:
    """Every record of a packet. A damaged record does not harm its neighbours, nor do too many (up to
    `PACKET_RECORDS_READ_MAX`); a packet of more is put aside whole, and its records stay due at the terminal."""
    if isinstance(payload, Packet):
        return [judge(terminal, record) for record in payload.records]
    try:
        return [judge(terminal, record) for record in msgspec.json.decode(payload, type=Packet).records]
    except (ValueError, RecursionError):
        return _read_loosely(terminal, payload)


def _read_loosely(terminal: str, payload: bytes) -> list[Arrival]:
    try:
        raws = msgspec.json.decode(payload, type=_Loose).records
    except (ValueError, RecursionError) as trouble:
        return [Bad(0, 0, wrap(payload), f"packet: {trouble}")]
    if len(raws) > PACKET_RECORDS_READ_MAX:
        return [Bad(0, 0, wrap(payload), f"packet: {len(raws)} records")]
    return [_read_record(terminal, bytes(raw)) for raw in raws]


def _read_record(terminal: str, raw: bytes) -> Arrival:
    try:
        return judge(terminal, msgspec.json.decode(raw, type=Record))
    except (ValueError, RecursionError) as trouble:
        epoch, seq = _read_key(raw)
        return Bad(epoch, seq, wrap(raw), f"record: {trouble}")


def _read_key(raw: bytes) -> tuple[int, int]:
    """Epoch and seq of a record that is otherwise unreadable; (0, 0) when these cannot be read either."""
    try:
        key = msgspec.json.decode(raw, type=_Key)
    except (ValueError, RecursionError):
        return 0, 0
    return (key.epoch, key.seq) if _is_key(key.epoch, key.seq) else (0, 0)


def judge(terminal: str, record: Record) -> Arrival:
    """Whether a record is whole: bounds, chain hash over this topic's terminal, and a body of a known kind."""
    if not _is_key(record.epoch, record.seq):
        return Bad(0, 0, wrap(record), "record: key out of bounds")
    if reason := _fault(terminal, record):
        return Bad(record.epoch, record.seq, wrap(record), reason)
    try:
        fact = decode_fact(record.kind, record.version, bytes(record.body))
    except KeyError:
        return Bad(record.epoch, record.seq, wrap(record), f"kind not known: {record.kind}")
    except (ValueError, RecursionError) as trouble:
        return Bad(record.epoch, record.seq, wrap(record), f"body: {trouble}")
    if isinstance(fact, Born) and (fact.terminal != terminal or not _HEX32.fullmatch(fact.journal_key)):
        return Bad(record.epoch, record.seq, wrap(record), "body: born of another terminal or without a key")
    return Good(record, fact)


def _is_key(epoch: int, seq: int) -> bool:
    return 0 <= epoch <= INTEGER_MAX and 1 <= seq <= INTEGER_MAX


def _fault(terminal: str, record: Record) -> str:
    """What is wrong with all but the body; a kind that is known has its form, and a hash that fits."""
    if not _HEX32.fullmatch(record.prev):
        return _NO_HASH
    if not (
        (record.kind in KINDS or _KIND.fullmatch(record.kind))
        and 0 <= record.version <= INTEGER_MAX
        and 0 <= record.at_ms <= INTEGER_MAX
    ):
        return "record: kind, version or time out of bounds"
    if len(bytes(record.body)) > RECORD_BYTES_MAX:
        return f"record: body above {RECORD_BYTES_MAX} bytes"
    if record_hash(terminal, record) != record.hash:
        return "hash does not fit" if _HEX32.fullmatch(record.hash) else _NO_HASH
    return ""


def read_state(payload: bytes | Packet) -> tuple[State, bytes]:
    """State and its exact bytes. Raises `ValueError`."""
    body = _bytes(payload)
    state = _decode(body, State)
    if not all(0 <= number <= INTEGER_MAX for number in (state.epoch, state.next_seq, state.acked_seq)):
        raise ValueError("state: a number is out of bounds")
    return state, body


def read_ask_epoch(payload: bytes | Packet) -> AskEpoch:
    """Raises `ValueError`."""
    ask = _decode(_bytes(payload), AskEpoch)
    if not (0 <= ask.epoch <= INTEGER_MAX and _HEX32.fullmatch(ask.journal_key)):
        raise ValueError("ask: epoch or journal key out of bounds")
    return ask


def read_ask_time(payload: bytes | Packet) -> AskTime:
    """Raises `ValueError`."""
    ask = _decode(_bytes(payload), AskTime)
    if not _HEX16.fullmatch(ask.nonce):
        raise ValueError("ask: nonce is not 16 bytes in hex")
    return ask


def read_ask_renew(payload: bytes | Packet) -> AskRenew:
    """Raises `ValueError`."""
    return _decode(_bytes(payload), AskRenew)


def read_event(payload: bytes | Packet) -> EventReport:
    """Raises `ValueError`."""
    report = _decode(_bytes(payload), EventReport)
    numbers = [report.at_ms, report.monotonic_ms, report.settings_rev]
    numbers += [moment for seen in report.events for moment in (seen.first_ms, seen.last_ms)]
    if not all(0 <= number <= INTEGER_MAX for number in numbers):
        raise ValueError("event: a number is out of bounds")
    if not (_is_word(report.boot_id) and len({seen.code for seen in report.events}) == len(report.events)):
        raise ValueError("event: the boot's id is too long, or a code stands twice")
    return report


def read_reported(payload: bytes | Packet) -> tuple[Reported, bytes]:
    """What a terminal says of its settings, and its exact bytes. Raises `ValueError`."""
    return _decode(_bytes(payload), Reported), _bytes(payload)


def read_met(payload: bytes | Packet) -> tuple[Met, bytes]:
    """Telemetry and its exact bytes. Raises `ValueError`."""
    said = _decode(_bytes(payload), Met)
    if not all(_is_word(code) and 0 <= count <= INTEGER_MAX for code, count in said.errors.items()):
        raise ValueError("met: a count is out of bounds")
    return said, _bytes(payload)


def read_reply(payload: bytes | Packet) -> Reply:
    """Raises `ValueError`."""
    return _decode(_bytes(payload), Reply)


class _Named(msgspec.Struct, frozen=True):
    id: EventId


def read_event_id(payload: bytes | Packet) -> str:
    """The id of a report that is otherwise unreadable; empty when it cannot be read either."""
    try:
        return _decode(_bytes(payload), _Named).id
    except ValueError:
        return ""


def read_money_ask(rest: str, payload: bytes | Packet) -> MoneyAsk | None:
    """The ask about money on channel `rest`, None when there is no such channel. Raises `ValueError`."""
    channel = find("up", rest)
    if channel not in MONEY:
        return None
    assert isinstance(channel.payload, type)
    ask: MoneyAsk = _decode(_bytes(payload), channel.payload)
    if not _ask_within_bounds(ask):
        raise ValueError("ask: a value is out of bounds")
    return ask


def _ask_within_bounds(ask: MoneyAsk) -> bool:
    match ask:
        case AskPay():
            words = (ask.channel, ask.subject, ask.operator, ask.auth_code)
            return all(_is_word(word) for word in words) and 0 <= ask.expires_ms <= INTEGER_MAX
        case AskRefund():
            return _is_word(ask.reason)
        case AskSale(key):
            return _is_word(key)
        case AskReserve():
            return (
                _is_word(ask.terminal)
                and _is_key(ask.epoch, ask.seq)
                and len(ask.quantities) <= SALE_LINES_MAX
                and all(_is_word(index) and 0 <= number <= INTEGER_MAX for index, number in ask.quantities.items())
            )
        case AskVoucherConsume():
            return _is_word(ask.operator)
        case AskTotals():
            return 0 <= ask.epoch <= INTEGER_MAX and 0 <= ask.batch <= INTEGER_MAX
        case _:
            return True


def _is_word(text: str) -> bool:
    return len(text) <= WORD_CHARS_MAX


def kept_of(rest: str, payload: bytes | Packet) -> bytes:
    """What is kept of an unreadable message: its bytes; of an ask for money or about a voucher only their number, for they
    hold the customer's code."""
    raw = wrap(payload)
    return raw if rest not in _WITH_CODE else f"{len(raw)} bytes of an ask for money, not kept".encode()


def wrap(payload: bytes | Packet | Record) -> bytes:
    """What is kept of something unreadable: its bytes, cut at a bound."""
    raw = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    return raw[:RAW_KEPT_BYTES_MAX]


def _bytes(payload: bytes | Packet) -> bytes:
    if not isinstance(payload, bytes):
        raise ValueError("a packet where another message belongs")
    return payload


def _decode(payload: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except RecursionError as trouble:
        raise ValueError(str(trouble)) from trouble
