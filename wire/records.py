"""A journal record on its way: header, body and the hash chain that ties each record to the one before it.

`hash = SHA-256(prev_hash + header + SHA-256(body))`, so a body can be removed later (privacy, pruning) while the chain
still verifies (decisions 9). All hashes are raw 32 bytes in memory and lower-case hex on the wire.
"""

import hashlib
from typing import Annotated, Literal

import msgspec

GENESIS = bytes(32)
"""`prev_hash` of the first record of a journal."""

PACKET_RECORDS_MAX = 16
PACKET_BYTES_MAX = 8 * 1024
PACKETS_IN_FLIGHT_MAX = 16
RECORD_BYTES_MAX = 32 * 1024
SALE_LINES_MAX = 200

ClockState = Literal["floor", "hand", "trusted"]


class Record(msgspec.Struct, frozen=True):
    """One journaled fact with its place in the chain. The key is (terminal, epoch, seq)."""

    epoch: int
    seq: int
    kind: str
    version: int
    at_ms: int  # wall clock, UTC; order comes from seq, never from this
    clock: ClockState
    body: msgspec.Raw  # the exact JSON bytes that were hashed
    prev: str
    hash: str


class Packet(msgspec.Struct, frozen=True):
    """Payload of `up/rec`: at most 16 records or 8 KiB; one larger record travels alone. That binds who sends: the backend
    books or quarantines each record of a fuller packet all the same, because no record is ever given up."""

    records: Annotated[tuple[Record, ...], msgspec.Meta(max_length=PACKET_RECORDS_MAX)]


class Ack(msgspec.Struct, frozen=True):
    """Payload of `dn/ack`: everything up to and with `upto` of `epoch` is committed at the backend."""

    epoch: int
    upto: int
    quarantined: tuple[int, ...] = ()
    wanted: tuple[tuple[int, int], ...] = ()  # inclusive ranges the backend misses


def header_bytes(terminal: str, epoch: int, seq: int, kind: str, version: int, at_ms: int, clock: str) -> bytes:
    """The part of a record that is hashed beside its body: fields joined by newlines, none of which may hold one."""
    assert seq > 0
    assert "\n" not in terminal + kind + clock
    return f"{terminal}\n{epoch}\n{seq}\n{kind}\n{version}\n{at_ms}\n{clock}\n".encode()


def chain_hash(prev: bytes, header: bytes, body: bytes) -> bytes:
    """Hash of a record from its predecessor's hash, its header and its body; 32 bytes."""
    assert len(prev) == 32
    return hashlib.sha256(prev + header + hashlib.sha256(body).digest()).digest()


def record_hash(terminal: str, record: Record) -> str:
    """What `record.hash` must be, in hex, if the record is whole and unchanged."""
    header = header_bytes(terminal, record.epoch, record.seq, record.kind, record.version, record.at_ms, record.clock)
    return chain_hash(bytes.fromhex(record.prev), header, bytes(record.body)).hex()


def seal_text(terminal: str, epoch: int, seq: int, hash_hex: str) -> bytes:
    """What the journal key signs in a `Seal` (decisions 11)."""
    return f"pos-seal-1\n{terminal}\n{epoch}\n{seq}\n{hash_hex}\n".encode()
