"""The journal of a simulated terminal: true records with a true chain, as light as thousands of them need."""

import hashlib
from collections import deque
from typing import Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.facts import Born, Fact, Line, Sale, TenderPart, encode
from wire.records import GENESIS, PACKET_BYTES_MAX, PACKET_RECORDS_MAX, Record, chain_hash, header_bytes

CLOCK: Final = "trusted"
_NAMES = ("农夫山泉 550ml", "可口可乐 330ml", "康师傅红烧牛肉面", "维达抽纸 3层")


class Due(NamedTuple):
    """A record that is not acknowledged: its JSON, when it was committed (s, monotonic), and whether the link was up then,
    so that its way to the acknowledgement says something about the backend."""

    seq: int
    json: bytes
    at_s: float
    fresh: bool


class LoadJournal:
    """Appends, hands out packets, forgets what is acknowledged; keeps the hash of every record for the audit."""

    __slots__ = ("acked", "due", "epoch", "hashes", "key", "seq", "terminal", "trace")

    def __init__(self, terminal: str, epoch: int = 1) -> None:
        self.terminal = terminal
        self.epoch = epoch
        self.seq = self.acked = self.trace = 0
        self.due: deque[Due] = deque()
        self.hashes: list[bytes] = []
        secret = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(terminal.encode()).digest())
        self.key = secret.public_key().public_bytes_raw().hex()

    def born(self, at_s: float, wall_ms: int) -> None:
        """The first record of every journal."""
        self.add(Born(self.terminal, self.key, "load"), at_s, wall_ms, fresh=False)

    def sell(self, at_s: float, wall_ms: int, fresh: bool) -> None:
        """Commit a cash sale of one to three lines."""
        self.trace += 1
        count = 1 + self.trace % 3
        lines = tuple(Line(f"{n:06d}", _NAMES[(self.trace + n) % 4], 1000, 250, 250, "件") for n in range(count))
        due_fen = 250 * count
        tenders = (TenderPart("cash", 1000, 1000 - due_fen),)
        sale = Sale(1, self.trace, "01", "2026-11-22", lines, due_fen, 0, due_fen, tenders, 1)
        self.add(sale, at_s, wall_ms, fresh)

    def add(self, fact: Fact, at_s: float, wall_ms: int, fresh: bool) -> None:
        """Commit one fact."""
        body = encode(fact)
        self.seq += 1
        prev = self.hashes[-1] if self.hashes else GENESIS
        header = header_bytes(self.terminal, self.epoch, self.seq, fact.KIND, fact.VERSION, wall_ms, CLOCK)
        made = chain_hash(prev, header, body)
        self.hashes.append(made)
        record = Record(
            self.epoch, self.seq, fact.KIND, fact.VERSION, wall_ms, CLOCK, msgspec.Raw(body), prev.hex(), made.hex()
        )
        self.due.append(Due(self.seq, msgspec.json.encode(record), at_s, fresh))

    def packet(self, after: int) -> tuple[bytes, int]:
        """The next packet behind seq `after`, and its last seq: at most 16 records or 8 KiB, one larger record alone."""
        records: list[bytes] = []
        size, last = 0, after
        for index in range(after - self.acked, min(len(self.due), after - self.acked + PACKET_RECORDS_MAX)):
            due = self.due[index]
            if records and size + len(due.json) > PACKET_BYTES_MAX:
                break
            records.append(due.json)
            size, last = size + len(due.json), due.seq
        return b'{"records":[' + b",".join(records) + b"]}", last

    def acknowledge(self, upto: int) -> list[Due]:
        """Forget everything up to `upto`; what is forgotten now. An older acknowledgement changes nothing."""
        gone: list[Due] = []
        while self.due and self.due[0].seq <= upto:
            gone.append(self.due.popleft())
        self.acked = max(self.acked, min(upto, self.seq))
        return gone
