"""Messages other than records: state, asks and answers, time. Payloads are UTF-8 JSON (wire contract, 2)."""

from typing import Annotated, Literal

import msgspec

from wire.records import ClockState

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A place in a journal; the bound keeps sums of it exact in any database and in JSON."""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/state`, retained: birth, changes, and the will (`online` false, reason `lost`)."""

    online: bool
    boot_id: str = ""
    epoch: int = 0
    next_seq: Seq = 0
    acked_seq: Seq = 0
    journal_key: str = ""
    software: str = ""
    settings_rev: int = 0
    clock: ClockState = "floor"
    printer: str = ""
    drawer: str = ""
    battery: int | None = None
    reason: str = ""  # of a clean end, or `lost`


class AskEpoch(msgspec.Struct, frozen=True):
    """Payload of `up/ask/epoch`: confirm this journal's random epoch and give it a number (decisions 12)."""

    epoch: int
    journal_key: str


class AnswerEpoch(msgspec.Struct, frozen=True, tag="epoch"):
    epoch: int
    number: int  # 1..99; 0: refused, another journal holds this epoch


class AskTime(msgspec.Struct, frozen=True):
    """Payload of `up/ask/time`: 16 random bytes in hex that the answer's signature must cover."""

    nonce: str


class Time(msgspec.Struct, frozen=True):
    """Payload of `dn/time`: the backend's clock, signed over `time_text` with the fleet key (hex, 64 bytes)."""

    nonce: str
    utc_ms: int
    signature: str


Answer = AnswerEpoch
"""Payload of `dn/answer`: a union by the tag `type`."""


def time_text(terminal: str, nonce: str, utc_ms: int) -> bytes:
    """What the fleet key signs in a `Time`."""
    return f"pos-time-1\n{terminal}\n{nonce}\n{utc_ms}\n".encode()


PrinterLook = Literal["ok", "paper_out", "paper_low", "cover_open", "offline", "busy", "fault", "none"]
