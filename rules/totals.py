"""Names and arithmetic of a batch's totals, alike at the terminal and at the backend (结算, domain 11.5).

A set of totals is a dict from name to integer; a name that is missing counts as 0. `wire.totals` makes them of facts.
"""

from collections.abc import Iterable, Mapping

SALES, SALES_FEN = "sales", "sales_fen"
REFUNDS, REFUNDS_FEN = "refunds", "refunds_fen"
VOIDS, VOIDS_FEN = "voids", "voids_fen"
ROUNDING_FEN = "rounding_fen"
CASH_FEN = "cash_fen"
"""Cash that sales brought into the drawer less what refunds and voids took out; float and cash moves are not in it."""

BASE = (SALES, SALES_FEN, REFUNDS, REFUNDS_FEN, VOIDS, VOIDS_FEN, ROUNDING_FEN, CASH_FEN)
"""Totals that every batch has; those of channels are there only for channels that were used."""


def paid(channel: str) -> tuple[str, str]:
    """Names of how many payments came by `channel` (`card`: the card terminal; `voucher`'s for vouchers, each of which
    counts) and of their sum in fen."""
    return f"paid_{channel}", f"paid_{channel}_fen"


def back(channel: str) -> tuple[str, str]:
    """Names of how many payments went back by `channel`, and of their sum in fen."""
    return f"back_{channel}", f"back_{channel}_fen"


def voucher(platform: str) -> str:
    """By which name vouchers of a platform are a means of payment."""
    return f"voucher_{platform}"


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """All parts added up, name by name; the base totals are always there, others only when they are not 0."""
    totals = dict.fromkeys(BASE, 0)
    for part in parts:
        for name, number in part.items():
            totals[name] = totals.get(name, 0) + number
    return {name: totals[name] for name in (*BASE, *sorted(totals.keys() - set(BASE))) if name in BASE or totals[name]}


def differing(ours: Mapping[str, int], theirs: Mapping[str, int]) -> tuple[str, ...]:
    """Names of the totals that are not the same at both ends; empty: 对账平."""
    names = (*BASE, *sorted((ours.keys() | theirs.keys()) - set(BASE)))
    return tuple(name for name in names if ours.get(name, 0) != theirs.get(name, 0))
