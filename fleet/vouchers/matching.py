"""A platform's record of redemptions against the backend's and the terminals' (domain 2.4): pure.

A line belongs to the use with its record number, else to one with its voucher's code. What was redeemed and taken back in
two rows is one line that was taken back. What came late on the other side of
midnight is no difference yet: the neighbouring days are looked at too. The same files always give the same differences.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from fleet.china import day_of
from fleet.vouchers.books import Use
from fleet.vouchers.statement import StatementLine

SHORT, BAD_FILE, BACKEND_MISSING, NO_SALE, AMOUNT, STATE = 8014, 8015, 8017, 8018, 8019, 8020

What = Literal["unknown_here", "no_sale", "amount", "undone_there", "undone_here", "open_here", "not_there", "doubled"]
"""unknown_here: redeemed at the platform, never asked for by us (8017). no_sale: redeemed, and no sale was ever booked with
it, or it was voided and the platform kept the voucher (8018). amount: another amount or number (8019). undone_there,
undone_here: given back on one side only; open_here: redeemed there, here rejected or not known (8020). not_there: redeemed
here, and not in the file (8014). doubled: a row of the file that stands in it before (8015)."""


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
    day: date | None = None,
) -> Matched:
    """`sold`: request numbers of uses with which a sale was booked that still stands. `day`: the one the file is of; none:
    those of its lines."""
    found = list(lines)
    ours = [row for row in uses if row.platform == platform]
    first, again = _once(found)
    first = _folded(first)
    numbered, rest = _by_number(first, ours, digest)
    taken = {use.request_no for _, use in numbered}
    by_code, unknown = _by_code(rest, ours, taken, digest)
    taken |= {use.request_no for _, use in by_code}
    pairs = numbered + by_code
    differences = [each for line, use in pairs for each in _compare(line, use, sold)]
    differences += _lone(platform, unknown, first)
    known = {(line.channel_trade_no, line.code): use for line, use in pairs}
    differences += (
        _difference(BAD_FILE, "doubled", platform, line, known.get((line.channel_trade_no, line.code)))
        for line in again
    )
    differences += _missing(platform, {day} if day is not None else {day_of(line.ts_ms) for line in found}, ours, taken)
    differences.sort(key=lambda each: (each.at_ms, each.record_no, each.request_no, each.code))
    back = sum(line.kind == "REVERSE" for line, _ in pairs)
    return Matched(platform, len(found), len(pairs), back, tuple(differences))


Pair = tuple[StatementLine, Use]


def _once(lines: list[StatementLine]) -> tuple[list[StatementLine], list[StatementLine]]:
    """The lines, and those that stand in the file before. A number alone says nothing: it may be the order's, which all of
    its vouchers have, and each use of a card."""
    seen: set[tuple[str, str, str, int]] = set()
    first: list[StatementLine] = []
    again: list[StatementLine] = []
    for line in lines:
        key = (line.channel_trade_no, line.code, line.kind, line.ts_ms)
        (again if line.channel_trade_no and key in seen else first).append(line)
        seen.add(key)
    return first, again


def _folded(lines: list[StatementLine]) -> list[StatementLine]:
    """What was redeemed and then taken back, in a row of its own, as one line: the latter, at the moment of the former."""
    paid: dict[tuple[str, str], list[StatementLine]] = {}
    gone: set[int] = set()
    moments: dict[int, int] = {}
    for line in sorted(lines, key=lambda line: (line.ts_ms, line.kind)):  # of one moment PAY first
        standing = paid.setdefault((line.channel_trade_no, line.code), [])
        if line.kind == "PAY":
            standing.append(line)
        elif standing:
            redeemed = standing.pop()
            gone.add(id(redeemed))
            moments[id(line)] = redeemed.ts_ms
    return [replace(line, ts_ms=moments.get(id(line), line.ts_ms)) for line in lines if id(line) not in gone]


def _by_number(
    lines: list[StatementLine], uses: list[Use], digest: Callable[[str], str]
) -> tuple[list[Pair], list[StatementLine]]:
    """Lines with the use of their record number, and the others. Numbers come first: a card's code stands in many lines.
    Of several lines of one number each takes the use of its code."""
    by_record: dict[str, list[Use]] = {}
    for use in uses:
        by_record.setdefault(use.record_no, []).append(use)
    by_number: dict[str, list[StatementLine]] = {}
    for line in lines:
        by_number.setdefault(line.channel_trade_no, []).append(line)
    numbered: list[Pair] = []
    rest: list[StatementLine] = []
    for number, rows in by_number.items():
        theirs = by_record.get(number, []) if number else []
        pairs, lone = _by_code(rows, theirs, set(), digest)
        if len(rows) == 1 and lone and theirs:
            pairs, lone = [(rows[0], theirs[-1])], []
        numbered += pairs
        rest += lone
    return numbered, sorted(rest, key=lambda line: line.raw_line_no)


def _by_code(
    lines: list[StatementLine], uses: list[Use], taken: set[str], digest: Callable[[str], str]
) -> tuple[list[Pair], list[StatementLine]]:
    """Lines with the use of their code that is nearest in time, each use once; and the others."""
    by_code: dict[str, dict[str, Use]] = {}
    for row in uses:
        for each in {row.digest, row.seen} - {""}:
            if row.request_no not in taken:
                by_code.setdefault(each, {})[row.request_no] = row
    pairs: list[Pair] = []
    lone: list[StatementLine] = []
    used: set[str] = set()
    for line in sorted(lines, key=lambda line: line.kind):  # PAY first: what was given back and taken again is kept
        rows = [row for row in by_code.get(digest(line.code), {}).values() if row.request_no not in used]
        use = min(rows, key=lambda row: abs((row.used_ms or row.got_ms) - line.ts_ms), default=None)
        if use is None:
            lone.append(line)
            continue
        used.add(use.request_no)
        pairs.append((line, use))
    return pairs, lone


def _lone(platform: str, unknown: list[StatementLine], lines: list[StatementLine]) -> Iterator[Difference]:
    """Lines of no use: one without a record number that stands in the file before is the file's fault; what was given back
    and never was ours is nobody's."""
    first = {_moment_of(line): line for line in reversed(lines)}
    for line in unknown:
        if not line.channel_trade_no and first[_moment_of(line)] is not line:
            yield _difference(BAD_FILE, "doubled", platform, line, None)
        elif line.kind == "PAY":
            yield _difference(BACKEND_MISSING, "unknown_here", platform, line, None)


def _moment_of(line: StatementLine) -> tuple[str, str, int]:
    return line.code, line.kind, line.ts_ms


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


def _missing(platform: str, days: set[date], uses: list[Use], taken: set[str]) -> list[Difference]:
    """Uses of the file's days that are in no line. The file's last day is pending when it was made on that day."""
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
