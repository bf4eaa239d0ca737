"""Fact -> slip: one line for each kind of fact that is printed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from firmware.txn.books import Entry, Reading
from firmware.txn.slips.closing import cash_slip, day_slip, report_slip, settlement_slip, shift_slip
from firmware.txn.slips.refund import refund_slip, turned_slip
from firmware.txn.slips.reprint import copy_mark, part_of
from firmware.txn.slips.sale import hold_slip, sale_slip
from firmware.txn.slips.sheet import Sheet
from texts import t
from wire import facts
from wire.facts import (
    BasketHeld,
    BatchSettled,
    Carried,
    CashMoved,
    DayClosed,
    Fact,
    Refund,
    RefundTurned,
    ReportPrinted,
    Reprinted,
    Sale,
    ShiftClosed,
)
from wire.receipt import Receipt
from wire.records import GENESIS, chain_hash, header_bytes

Builder = Callable[[Sheet, Any, Entry], Receipt]
"""`builder(sheet, fact, entry) -> Receipt`, pure, from the journal alone."""


def slip_of(sheet: Sheet, fact: Fact, entry: Entry, mark: str = "", part: str = "") -> Receipt:
    """The slip of a fact, or a part of it; `mark` is a text of the area `mark`, printed at top and bottom. Raises `KeyError`
    for a kind of fact that is never printed."""
    if not isinstance(fact, Reprinted):  # a copy is dressed as its original was
        sheet = sheet.as_at(entry.seq)
    receipt = part_of(sheet, BUILDERS[type(fact)](sheet, fact, entry), part)
    if mark:
        receipt = msgspec.structs.replace(receipt, mark=f"{t('receipt', receipt.lang, mark)}\n{receipt.mark}".rstrip())
    return receipt


def _reprint(sheet: Sheet, fact: Reprinted, entry: Entry) -> Receipt:
    """A copy of what was printed for `of`. Raises `LookupError` when that record has been pruned."""
    original, at, trusted = stored(sheet.books, fact.of)
    then = replace(sheet, trusted=trusted).as_at(fact.of)
    receipt = part_of(then, BUILDERS[type(original)](then, original, at), fact.part)
    return msgspec.structs.replace(receipt, mark=copy_mark(then, fact, entry))


def stored(books: Reading, seq: int) -> tuple[Fact, Entry, bool]:
    """The fact at `seq`, its entry, and whether its clock was trusted. Raises `LookupError` when it is not there."""
    rows = books.read("SELECT kind, version, body, at_ms, clock FROM journal WHERE seq = ?", seq)
    if not rows:
        raise LookupError(f"no record {seq}")
    kind, version, body, at_ms, clock = rows[0]
    fact = facts.decode(str(kind), int(version), body)
    return fact, Entry(seq, int(at_ms), fact), clock == "trusted"


def intact(books: Reading, terminal: str, seq: int) -> bool:
    """Whether the record at `seq` still is what its hash in the chain says (decisions 8, 9)."""
    rows = books.read("SELECT epoch, kind, version, at_ms, clock, body, hash FROM journal WHERE seq = ?", seq)
    before = books.read("SELECT hash FROM journal WHERE seq = ?", seq - 1)
    prev = bytes(before[0][0]) if before else GENESIS if seq == 1 else _carried_hash(books, seq - 1)
    if not rows or prev is None:
        return False
    epoch, kind, version, at_ms, clock, body, digest = rows[0]
    header = header_bytes(terminal, int(epoch), seq, str(kind), int(version), int(at_ms), str(clock))
    return chain_hash(prev, header, body) == bytes(digest)


def _carried_hash(books: Reading, upto: int) -> bytes | None:
    """Chain hash of the last pruned record, from the fact that stands for it."""
    rows = books.read("SELECT version, body FROM journal WHERE kind = 'carried' ORDER BY seq DESC LIMIT 1")
    carried = facts.decode("carried", int(rows[0][0]), rows[0][1]) if rows else None
    return bytes.fromhex(carried.hash) if isinstance(carried, Carried) and carried.upto == upto else None


BUILDERS: dict[type[Fact], Builder] = {
    Sale: sale_slip,
    Refund: refund_slip,
    RefundTurned: turned_slip,
    BasketHeld: hold_slip,
    CashMoved: cash_slip,
    ShiftClosed: shift_slip,
    BatchSettled: settlement_slip,
    DayClosed: day_slip,
    ReportPrinted: report_slip,
    Reprinted: _reprint,
}
"""Facts that may be print jobs, with the slip of each. A subject adds its own line."""
