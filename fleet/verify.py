"""Whether what is kept of a terminal's journal is what the terminal wrote: bodies, chain, seals, gaps, conflicts.

Read record by record; a record in quarantine whose hash is right (a kind this release does not know) keeps the chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fleet.reading import Bad, judge
from fleet.sql import SqlBooks
from fleet.store import StoredRecord
from wire.facts import Born, Fact, Seal
from wire.records import GENESIS, Record, record_hash, seal_text
from wire.seal import SealSeen

PAGE = 500

Fault = Literal["changed", "unreadable", "chain", "gap", "seal", "key", "conflict", "quarantine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should look at. `first`..`last` are seqs (both 0: no certain record)."""

    fault: Fault
    epoch: int
    first: int
    last: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result for one terminal. `sealed`: records up to the last good seal of each journal, summed."""

    terminal: str
    records: int
    sealed: int
    findings: tuple[Finding, ...]


def verify(books: SqlBooks, terminal: str) -> Verdict:
    """Check everything kept of one terminal."""
    findings: list[Finding] = []
    records = sealed = 0
    for epoch in books.epochs_of(terminal):
        count, upto, found = _verify_epoch(books, terminal, epoch.epoch, epoch.journal_key)
        records, sealed = records + count, sealed + upto
        findings += found
    findings += [Finding("conflict", c.epoch, c.seq, c.seq, c.hash) for c in books.conflicts_of(terminal)]
    findings += [Finding("quarantine", q.epoch, q.seq, q.seq, q.reason) for q in books.quarantine_of(terminal)]
    return Verdict(terminal, records, sealed, tuple(findings))


SealFault = Literal["", "epoch", "key", "signature", "missing", "hash", "before"]


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """What became of a seal on paper. `fault`, empty when all is well: no such journal is kept (epoch), its key was never
    announced (key), the signature is not by it (signature), the record is not here (missing) or another one (hash), or
    records before it are missing or changed (before)."""

    terminal: str
    epoch: int
    upto: int
    fault: SealFault


def check_seal(books: SqlBooks, seen: SealSeen) -> SealVerdict:
    """Check the seal of a Z slip: who signed it first, then what it is about, then all that it covers."""
    known = next((each for each in books.epochs_of(seen.terminal) if each.epoch == seen.epoch), None)
    key = known.journal_key if known is not None else ""
    fault: SealFault = "" if key else "key" if known is not None else "epoch"
    if not fault and not _signed(key, seen.terminal, seen.epoch, seen.upto, seen.hash, seen.signature):
        fault = "signature"
    return SealVerdict(seen.terminal, seen.epoch, seen.upto, fault or _covered(books, seen, key))


def _covered(books: SqlBooks, seen: SealSeen, key_hex: str) -> SealFault:
    """Whether the sealed record is the one kept here, and everything before it is whole."""
    sealed = next((each for each, _ in _journal(books, seen.terminal, seen.epoch) if each.seq == seen.upto), None)
    if sealed is None:
        return "missing"
    if sealed.hash != seen.hash:
        return "hash"
    _, _, findings = _verify_epoch(books, seen.terminal, seen.epoch, key_hex)
    return "before" if any(each.first <= seen.upto for each in findings) else ""


def _signed(key_hex: str, terminal: str, epoch: int, upto: int, hash_hex: str, signature_hex: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_hex))
        key.verify(bytes.fromhex(signature_hex), seal_text(terminal, epoch, upto, hash_hex))
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_epoch(books: SqlBooks, terminal: str, epoch: int, key_hex: str) -> tuple[int, int, list[Finding]]:
    """Count of records, seq of the last good seal, findings."""
    findings: list[Finding] = []
    count = sealed = 0
    before: Record | None = None
    sealable: dict[int, str] = {}  # hashes since the last seal: a seal names one of them
    for record, kept in _journal(books, terminal, epoch):
        count += kept
        fault, fact = _look(terminal, record)
        if fault:
            findings.append(Finding(fault, epoch, record.seq, record.seq))
        findings += _link(before, record)
        if isinstance(fact, Born) and key_hex and fact.journal_key != key_hex:
            findings.append(Finding("key", epoch, record.seq, record.seq, fact.journal_key))
        sealable[record.seq] = record.hash
        if isinstance(fact, Seal):
            wrong = _seal_fault(terminal, epoch, fact, key_hex, sealable)
            if wrong:
                findings.append(Finding("seal", epoch, record.seq, record.seq, wrong))
            else:
                sealed = fact.upto
            sealable = {record.seq: record.hash}
        before = record
    return count, sealed, findings


def _journal(books: SqlBooks, terminal: str, epoch: int) -> Iterator[tuple[Record, bool]]:
    """All records of a journal in order, those readable in quarantine among them; True: kept in the records table."""
    aside = {q.seq: q.raw for q in books.quarantine_of(terminal) if q.epoch == epoch and q.seq}
    last = 0
    while page := books.records_after(terminal, epoch, last, PAGE):
        for row in page:
            yield from _aside(aside, last, row.seq)
            yield _record(row), True
            last = row.seq
    yield from _aside(aside, last, max(aside, default=0) + 1)


def _aside(aside: dict[int, bytes], after: int, before: int) -> Iterator[tuple[Record, bool]]:
    for seq in sorted(seq for seq in aside if after < seq < before):
        try:
            yield msgspec.json.decode(aside[seq], type=Record), False
        except (ValueError, RecursionError):
            continue  # listed as a finding of its own, and its place in the chain shows as a gap


def _record(row: StoredRecord) -> Record:
    body = msgspec.Raw(row.body)
    clock: Literal["floor", "hand", "trusted"] = row.clock  # type: ignore[assignment]  # judged below by the hash
    return Record(row.epoch, row.seq, row.kind, row.version, row.at_ms, clock, body, row.prev, row.hash)


def _look(terminal: str, record: Record) -> tuple[Fault | None, Fact | None]:
    arrival = judge(terminal, record)
    if not isinstance(arrival, Bad):
        return None, arrival.fact
    try:
        fits = record_hash(terminal, record) == record.hash
    except (ValueError, AssertionError):
        fits = False
    return ("unreadable" if fits else "changed"), None


def _link(before: Record | None, record: Record) -> list[Finding]:
    """Gap or break between a record and the one before it."""
    expected = before.seq + 1 if before else 1
    if record.seq > expected:
        return [Finding("gap", record.epoch, expected, record.seq - 1)]
    if before is None and record.prev != GENESIS.hex():
        return []  # a journal that goes on from an older epoch; its seals still bind it
    if before is not None and record.prev != before.hash:
        return [Finding("chain", record.epoch, record.seq, record.seq)]
    return []


def _seal_fault(terminal: str, epoch: int, seal: Seal, key_hex: str, hashes: dict[int, str]) -> str:
    if not key_hex:
        return "no journal key"
    if hashes.get(seal.upto) != seal.hash:
        return "seals another hash"
    return "" if _signed(key_hex, terminal, epoch, seal.upto, seal.hash, seal.signature) else "signature"
