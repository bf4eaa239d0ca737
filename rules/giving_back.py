"""How much of a sale may go back, and by which means (domain 1.6, 3.8). Pure; money in fen.

What a line still brings is a function of how much of it went back before, and what a tender still has to give is one of
what the whole sale gave back before: sums over any sequence of refunds are exact without remembering more than that.
"""

from collections.abc import Sequence
from typing import Final

DAY_MS: Final = 24 * 3_600_000

REFUND_AGAIN: Final = frozenset({5013, 5014, 5017})
"""A refund refused with one of these may be asked for again under its number, when somebody says so: the bank was out of
order, the channel is not enabled, the merchant's balance is low. What is refused otherwise stays refused (domain 1.6)."""

TENDER_ORDER: Final = ("voucher", "code", "card", "cash")
"""Money goes back by the customer's code first, then by card, then in cash. A voucher's part never goes back in money: it
stands in front of them and is undone at its platform, whole or not at all (domain 3.8)."""


def split(paid_fen: Sequence[int], given_fen: int, amount_fen: int) -> tuple[int, ...]:
    """`amount_fen` over tenders that brought `paid_fen` each, in the order money goes back, when `given_fen` of the sale
    went back before. No tender gives more than it brought, whatever the sequence of refunds."""
    assert amount_fen >= 0, amount_fen
    assert 0 <= given_fen <= given_fen + amount_fen <= sum(paid_fen), (paid_fen, given_fen, amount_fen)
    parts: list[int] = []
    before = 0
    for paid in paid_fen:
        low, high = max(before, given_fen), min(before + paid, given_fen + amount_fen)
        parts.append(max(0, high - low))
        before += paid
    assert sum(parts) == amount_fen
    return tuple(parts)


def days_between(since_ms: int, until_ms: int) -> int:
    """Whole days that have passed, a begun one not counted; never negative."""
    return max(0, until_ms - since_ms) // DAY_MS
