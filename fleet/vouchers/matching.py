"""A platform's record of redemptions against the backend's and the terminals' (domain 2.4): pure.

A line belongs to the use with its record number, else to one with its voucher's code. What came late on the other side of
midnight is no difference yet: the neighbouring days are looked at too. The same files always give the same differences.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from fleet.china import day_of
from fleet.vouchers.books import Use
from fleet.vouchers.statement import StatementLine

SHORT, BACKEND_MISSING, NO_SALE, AMOUNT, STATE = 8014, 8017, 8018, 8019, 8020

What = Literal["unknown_here", "no_sale", "amount", "undone_there", "undone_here", "open_here", "not_there"]
"""unknown_here: redeemed at the platform, never asked for by us (8017). no_sale: redeemed, and no sale was ever booked with
it, or it was voided and the platform kept the voucher (8018). amount: another amount or number (8019). undone_there,
undone_here: given back on one side only; open_here: redeemed there, here rejected or not known (8020). not_there: redeemed
here, and not in the file (8014)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Amounts are what the vouchers are worth by either side; `line`: of the file, 0 none."""

    code: int
    what: What
    platform: str
    record_no: str
    last4: str
    request_no: str
    terminal: str
    batch: int
    trace: int
    at_ms: int
    theirs_fen: int
    ours_fen: int
    line: int


@dataclass(frozen=True, slots=True)
class Matched:
    """The whole result. `pairs`: lines and uses that agree; `back`: those given back on both sides."""

    platform: str
    lines: int
    pairs: int
    back: int
    differences: tuple[Difference, ...]


def match(
    platform: str,
    lines: Iterable[StatementLine],
    uses: Iterable[Use],
    sold: frozenset[str],
    digest: Callable[[str], str],
) -> Matched:
    """`sold`: request numbers of uses with which a sale was booked that still stands."""
    found = list(lines)
    ours = [row for row in uses if row.platform == platform]
    by_record = {row.record_no: row for row in ours if row.record_no}
    by_code: dict[str, list[Use]] = {}
    for row in ours:
        for each in {row.digest, row.seen} - {""}:
            by_code.setdefault(each, []).append(row)
    taken: set[str] = set()
    pairs = back = 0
    differences: list[Difference] = []
    pending: list[StatementLine] = []
    for line in found:  # numbers first: a card's code stands in many lines
        use = by_record.get(line.channel_trade_no) if line.channel_trade_no else None
        if use is None or use.request_no in taken:
            pending.append(line)
            continue
        taken.add(use.request_no)
        differences += _compare(line, use, sold)
        pairs, back = pairs + 1, back + (line.kind == "REVERSE")
    for line in pending:
        rows = [row for row in by_code.get(digest(line.code), []) if row.request_no not in taken]
        use = min(rows, key=lambda row: abs((row.used_ms or row.got_ms) - line.ts_ms), default=None)
        if use is None:
            if line.kind == "PAY":
                differences.append(_difference(BACKEND_MISSING, "unknown_here", platform, line, None))
            continue
        taken.add(use.request_no)
        differences += _compare(line, use, sold)
        pairs, back = pairs + 1, back + (line.kind == "REVERSE")
    differences += _missing(platform, found, ours, taken)
    differences.sort(key=lambda each: (each.at_ms, each.record_no, each.request_no, each.code))
    return Matched(platform, len(found), pairs, back, tuple(differences))


def _compare(line: StatementLine, use: Use, sold: frozenset[str]) -> list[Difference]:
    """What is different between a line and the use it belongs to."""
    platform = line.channel
    here = use.state in ("consumed", "kept")
    if line.kind == "REVERSE":
        return [_difference(STATE, "undone_there", platform, line, use)] if here else []
    if use.state == "undone":
        return [_difference(STATE, "undone_here", platform, line, use)]
    if not here:
        return [_difference(STATE, "open_here", platform, line, use)]
    found: list[Difference] = []
    if line.count != (use.consumed or use.count) or (line.order_fen and line.order_fen != _worth(use)):
        found.append(_difference(AMOUNT, "amount", platform, line, use))
    if use.request_no not in sold:
        found.append(_difference(NO_SALE, "no_sale", platform, line, use))
    return found


def _missing(platform: str, lines: list[StatementLine], uses: list[Use], taken: set[str]) -> list[Difference]:
    """Uses of the file's days that are in no line. The file's last day is pending when it was made on that day."""
    days = {day_of(line.ts_ms) for line in lines}
    if not days:
        return []
    first, last = min(days), max(days)
    return [
        _difference(SHORT, "not_there", platform, None, row)
        for row in uses
        if row.request_no not in taken
        and row.state in ("consumed", "kept")
        and first <= day_of(row.used_ms) <= last
        and not _on_the_edge(row, first, last)
    ]


def _on_the_edge(row: Use, first: date, last: date) -> bool:
    """Redeemed within minutes of a midnight at the file's edge: the platform may count it to the other day."""
    near = timedelta(minutes=10) // timedelta(milliseconds=1)
    return (day_of(row.used_ms - near) < first) or (day_of(row.used_ms + near) > last)


def _worth(use: Use) -> int:
    return use.paid_fen + use.platform_fen + use.merchant_fen


def _difference(code: int, what: What, platform: str, line: StatementLine | None, use: Use | None) -> Difference:
    return Difference(
        code, what, platform,
        line.channel_trade_no if line is not None and line.channel_trade_no else use.record_no if use is not None else "",
        use.last4 if use is not None else line.code[-4:] if line is not None else "",
        use.request_no if use is not None else "", use.terminal if use is not None else "",
        use.batch if use is not None else 0, use.trace if use is not None else 0,
        line.ts_ms if line is not None else use.used_ms if use is not None else 0,
        line.order_fen if line is not None else 0, _worth(use) if use is not None else 0,
        line.raw_line_no if line is not None else 0,
    )  # fmt: skip
