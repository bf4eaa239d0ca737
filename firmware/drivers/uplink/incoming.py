"""Reading what comes down to the terminal: a message of ours, or the reason why it is none. Never an exception."""

from dataclasses import dataclass

import msgspec

from wire import channels, topics
from wire.messages import AnswerEpoch, Time
from wire.records import Ack

INTEGER_MAX = 2**63 - 1
WANTED_MAX = 64
QUARANTINED_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Unreadable:
    reason: str


Incoming = Ack | AnswerEpoch | Time | Unreadable


def read(terminal: str, topic: str, payload: bytes) -> Incoming:
    """The message on `topic` for `terminal`; values beyond their bounds make it unreadable (decisions 15)."""
    parsed = topics.parse(topic)
    if parsed is None or parsed.terminal != terminal or parsed.way != "dn":
        return Unreadable("topic is not ours")
    channel = channels.find("dn", parsed.rest)
    if channel is None:
        return Unreadable("topic not known here")
    if len(payload) > channels.PACKET_SIZE_MAX:
        return Unreadable("too large")
    try:
        message: Ack | AnswerEpoch | Time = msgspec.json.decode(payload, type=channel.payload)
    except (ValueError, RecursionError) as trouble:
        return Unreadable(str(trouble)[:200])
    return message if _within_bounds(message) else Unreadable("a value is out of bounds")


def _within_bounds(message: Ack | AnswerEpoch | Time) -> bool:
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
        case Time():
            return _counts(message.utc_ms)


def _counts(*numbers: int) -> bool:
    return all(0 <= number <= INTEGER_MAX for number in numbers)
