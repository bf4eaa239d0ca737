"""A terminal's journal made by hand: records with a true chain, seals with a true key. For tests and benchmarks."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.facts import Born, Fact, LanguageChosen, Seal, encode
from wire.records import GENESIS, PACKET_RECORDS_MAX, Packet, Record, chain_hash, header_bytes, seal_text

AT_MS = 1_790_000_000_000


class Journal:
    """Appends facts; `records[n]` has seq n + 1. The same `seed` byte gives the same journal key."""

    def __init__(self, terminal: str = "T0001", epoch: int = 1, seed: int = 1, born: bool = True) -> None:
        self.terminal = terminal
        self.epoch = epoch
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public_hex = self.key.public_key().public_bytes_raw().hex()
        self.records: list[Record] = []
        if born:
            self.add(Born(terminal, self.public_hex, "0.1.0"))

    def add(self, fact: Fact) -> Record:
        """Append one fact."""
        return self.add_raw(fact.KIND, fact.VERSION, encode(fact))

    def add_raw(self, kind: str, version: int, body: bytes) -> Record:
        """Append any body under any kind, rightly chained."""
        seq = len(self.records) + 1
        prev = bytes.fromhex(self.records[-1].hash) if self.records else GENESIS
        header = header_bytes(self.terminal, self.epoch, seq, kind, version, AT_MS + seq, "trusted")
        hash_hex = chain_hash(prev, header, body).hex()
        raw = msgspec.Raw(body)
        record = Record(self.epoch, seq, kind, version, AT_MS + seq, "trusted", raw, prev.hex(), hash_hex)
        self.records.append(record)
        return record

    def fill(self, count: int) -> "Journal":
        """Append small facts until there are `count` records."""
        while len(self.records) < count:
            self.add(LanguageChosen("en" if len(self.records) % 2 else "zh"))
        return self

    def seal(self) -> Record:
        """Append the journal key's signature over the last record."""
        last = self.records[-1]
        signature = self.key.sign(seal_text(self.terminal, self.epoch, last.seq, last.hash)).hex()
        return self.add(Seal(last.seq, last.hash, signature))

    def packets(self, size: int = PACKET_RECORDS_MAX) -> list[Packet]:
        """All records, `size` to a packet."""
        return [Packet(tuple(self.records[n : n + size])) for n in range(0, len(self.records), size)]


def forged(record: Record, body: bytes) -> Record:
    """The record with another body under its old hash."""
    return msgspec.structs.replace(record, body=msgspec.Raw(body))
