"""Reading what comes down to the terminal: a message of ours, or the reason why it is none. Never an exception."""

from dataclasses import dataclass

import msgspec

from firmware.drivers.uplink import incoming_vouchers
from rules.errors import errors
from wire import channels, topics
from wire.fleet import Signed
from wire.messages import (
    Answer,
    AnswerDiagnose,
    AnswerEpoch,
    AnswerEvent,
    AnswerPayment,
    AnswerRefund,
    AnswerRenew,
    AnswerReserve,
    AnswerSale,
    AnswerTotals,
    MoneyAnswer,
    Reach,
    Time,
)
from wire.records import SALE_LINES_MAX, Ack
from wire.vouchers import AnswerDeals

INTEGER_MAX = 2**63 - 1
WANTED_MAX = 64
QUARANTINED_MAX = 1_024
FEN_MAX = 9_999_999_999
CODE_MAX = 9_999
BAD_RESPONSE = 1009
TIME_MS_MAX = 4_102_444_800_000
"""The year 2100: a later time is nobody's, and cannot be drawn."""

NAME_CHARS_MAX = 64
SIGNATURE_CHARS_MAX = 128
TOTALS_MAX = 200
TOTAL_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Unreadable:
    reason: str


@dataclass(frozen=True, slots=True)
class Money:
    """An answer to an ask about money, within its bounds. `unknown_code`: the code it came with, which this release does
    not know and nobody could be shown; the answer says `BAD_RESPONSE` in its place."""

    answer: MoneyAnswer
    unknown_code: int = 0


@dataclass(frozen=True, slots=True)
class FromFleet:
    """Something signed: settings (`command` empty), or the command of this name."""

    signed: Signed
    command: str = ""


Incoming = Ack | AnswerEpoch | AnswerEvent | AnswerRenew | Money | Time | FromFleet | Unreadable


def read(terminal: str, topic: str, payload: bytes) -> Incoming:
    """The message on `topic` for `terminal`; values beyond their bounds make it unreadable (decisions 15)."""
    parsed = topics.parse(topic) or topics.parse(topic, topics.MOUNT)  # Mosquitto 2.0.11 leaves its mount point there
    if parsed is None or parsed.terminal != terminal or parsed.way != "dn":
        return Unreadable("topic is not ours")
    channel = channels.find("dn", parsed.rest)
    if channel is None:
        return Unreadable("topic not known here")
    if len(payload) > channels.PACKET_SIZE_MAX:
        return Unreadable("too large")
    try:
        message: Ack | Answer | Time | Signed = msgspec.json.decode(payload, type=channel.payload)
    except (ValueError, RecursionError) as trouble:
        return Unreadable(str(trouble)[:200])
    if isinstance(message, Signed):
        return FromFleet(message, parsed.rest.removeprefix("cmd/") if channel is not channels.DESIRED else "")
    if not _within_bounds(message):
        return Unreadable("a value is out of bounds")
    if isinstance(message, Ack | AnswerEpoch | AnswerEvent | AnswerRenew | Time):
        return message
    return _known(message)


def _known(answer: MoneyAnswer) -> Money:
    """The answer with a code of this release's table: a newer backend's may be another."""
    if isinstance(answer, AnswerDiagnose):
        return Money(msgspec.structs.replace(answer, platforms=tuple(map(_known_platform, answer.platforms))))
    if isinstance(answer, AnswerTotals | AnswerDeals) or not answer.code or answer.code in errors():
        return Money(answer)
    return Money(msgspec.structs.replace(answer, code=BAD_RESPONSE), answer.code)


def _known_platform(platform: Reach) -> Reach:
    known = not platform.code or platform.code in errors()
    return platform if known else msgspec.structs.replace(platform, code=BAD_RESPONSE)


def _within_bounds(message: Ack | Answer | Time) -> bool:
    match message:
        case Ack():
            return (
                _counts(message.epoch, message.upto, *message.quarantined)
                and len(message.quarantined) <= QUARANTINED_MAX
                and len(message.wanted) <= WANTED_MAX
                and all(1 <= first <= last <= INTEGER_MAX for first, last in message.wanted)
            )
        case AnswerEpoch():
            return _counts(message.epoch) and 0 <= message.number <= 99
        case AnswerEvent(report_id):
            return _is_name(report_id)
        case AnswerDiagnose(nonce, platforms):
            return _is_name(nonce) and all(_is_name(each.name) and _is_code(each.code) for each in platforms)
        case Time():
            return 0 <= message.utc_ms <= TIME_MS_MAX
        case AnswerRenew():
            return _is_code(message.code) and len(message.signature) <= SIGNATURE_CHARS_MAX
        case AnswerPayment():
            return _is_code(message.code) and 0 <= message.paid_fen <= FEN_MAX and _is_name(message.channel_no)
        case AnswerRefund():
            return _is_code(message.code) and _is_name(message.channel_refund_no)
        case AnswerReserve():
            return _is_code(message.code)
        case AnswerSale():
            return _is_sale(message)
        case AnswerTotals():
            return (
                _counts(message.epoch, message.batch)
                and len(message.totals) <= TOTALS_MAX
                and all(_is_name(name) and abs(number) <= TOTAL_MAX for name, number in message.totals.items())
            )
        case _:
            return incoming_vouchers.within_bounds(message)


def _is_sale(message: AnswerSale) -> bool:
    """Whether a found sale is one a terminal may have made, with no more given back than was sold."""
    sale, given = message.sale, message.given_back
    if not (_counts(message.epoch, message.seq) and 0 <= message.at_ms <= TIME_MS_MAX):
        return False
    if not (_is_code(message.code) and _is_name(message.key)):
        return False
    if not (_is_name(message.terminal) and 0 <= message.given_back_fen <= FEN_MAX):
        return False
    if sale is None:
        return not given
    if len(sale.lines) > SALE_LINES_MAX or not 0 <= sale.due_fen <= FEN_MAX:
        return False
    sold = {str(index): line.quantity_milli for index, line in enumerate(sale.lines)}
    return all(index in sold and 0 <= back <= sold[index] for index, back in given.items())


def _is_code(code: int) -> bool:
    return 0 <= code <= CODE_MAX


def _is_name(text: str) -> bool:
    return len(text) <= NAME_CHARS_MAX and text.isprintable()


def _counts(*numbers: int) -> bool:
    return all(0 <= number <= INTEGER_MAX for number in numbers)
