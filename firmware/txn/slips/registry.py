"""Fact -> slip: one line for each kind of fact that is printed."""

from collections.abc import Callable
from typing import Any

import msgspec

from firmware.txn.books import Entry, Reading
from firmware.txn.slips.closing import cash_slip, day_slip, report_slip, settlement_slip, shift_slip
from firmware.txn.slips.sale import sale_slip
from firmware.txn.slips.sheet import Sheet
from wire import facts
from wire.facts import BatchSettled, CashMoved, DayClosed, Fact, ReportPrinted, Sale, ShiftClosed
from wire.receipt import Receipt

Builder = Callable[[Sheet, Any, Entry], Receipt]
"""`builder(sheet, fact, entry) -> Receipt`, pure, from the journal alone."""

BUILDERS: dict[type[Fact], Builder] = {
    Sale: sale_slip,
    CashMoved: cash_slip,
    ShiftClosed: shift_slip,
    BatchSettled: settlement_slip,
    DayClosed: day_slip,
    ReportPrinted: report_slip,
}
"""Facts that may be print jobs, with the slip of each. A subject adds its own line."""


def slip_of(sheet: Sheet, fact: Fact, entry: Entry, mark: str = "") -> Receipt:
    """The slip of a fact; `mark` is a text of the area `mark`, printed at top and bottom. Raises `KeyError` for a kind of
    fact that is never printed."""
    receipt = BUILDERS[type(fact)](sheet, fact, entry)
    return msgspec.structs.replace(receipt, mark=sheet.say(mark)) if mark else receipt


def stored(books: Reading, seq: int) -> tuple[Fact, Entry, bool]:
    """The fact at `seq`, its entry, and whether its clock was trusted. Raises `LookupError` when it is not there."""
    rows = books.read("SELECT kind, version, body, at_ms, clock FROM journal WHERE seq = ?", seq)
    if not rows:
        raise LookupError(f"no record {seq}")
    kind, version, body, at_ms, clock = rows[0]
    fact = facts.decode(str(kind), int(version), body)
    return fact, Entry(seq, int(at_ms), fact), clock == "trusted"
