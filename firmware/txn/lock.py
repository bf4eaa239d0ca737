"""A terminal the fleet has locked sells no more (2009): no goods, no new order, no new refund, no new shift.

What is under way is finished: an order that is being paid for, payments and refunds nobody knows the end of, vouchers,
the shift's count, slips. The lock survives power cuts and is checked where commands decide, never only in a screen.
"""

from dataclasses import dataclass

import msgspec

from firmware.txn import life
from firmware.txn.books import Books, Entry, Reading
from wire.facts import TerminalLocked, TerminalUnlocked

TERMINAL_LOCKED = 2009


@dataclass(frozen=True, slots=True)
class Lock:
    """Why this terminal is locked, by whom and since when (its own wall clock)."""

    reason: str
    by: str
    at_ms: int


def lock(books: Reading) -> Lock | None:
    """The lock that is on this terminal; None: it may sell."""
    text = life.value(books, "lock")
    return msgspec.json.decode(text, type=Lock) if text else None


def locked(books: Reading) -> bool:
    """Whether this terminal is locked."""
    return life.value(books, "lock") != ""


def sells_no_more(books: Reading) -> int | None:
    """2009 on a locked terminal, as a state for `lacking`."""
    return TERMINAL_LOCKED if locked(books) else None


def on_locked(books: Books, fact: TerminalLocked, entry: Entry) -> None:
    """`apply` of `TerminalLocked`."""
    told = Lock(fact.reason, fact.by, entry.at_ms)
    life.keep(books, "lock", msgspec.json.encode(told).decode())


def on_unlocked(books: Books, fact: TerminalUnlocked, entry: Entry) -> None:
    """`apply` of `TerminalUnlocked`."""
    life.keep(books, "lock", "")
