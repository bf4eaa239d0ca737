"""Closing a shift of 5 000 sales ÷ append + fsync of the same record to a plain file, its bytes on the disk ÷ the record,
and an X report at 1 000 000 journal rows ÷ one at 10 000: neither may grow with what was sold.
"""

import os
import time
from pathlib import Path

from benchmarks.harness import Figure, Scale, Timed, cpu, filesystem, in_turns, medians
from benchmarks.shop import EPOCH, STAMP, TERMINAL, fill, record_size
from firmware.events import Key, KeyPressed, Now
from firmware.txn import closing
from firmware.txn.ledger import Ledger
from firmware.txn.slips.figures import groups
from firmware.txn.till import expected_cash
from rules.money import COMMON_DENOMINATIONS_FEN, change_pieces
from tests.counter import Counter
from wire.facts import ShiftClosed, ShiftOpened, encode

CLOSE_MAX, BYTES_MAX = 30.0, 40.0
FLAT_MAX, GROWS_MAX = 1.25, 2.0
"""A close is one step measured once: its noise is larger than that of a report."""

SALES, SALES_QUICK = (5, 5_000), (5, 300)
ROWS, ROWS_QUICK = (10_000, 1_000_000), (2_000, 20_000)
RECORDS_A_SALE = 3
WHY = "the step decides, commits a dozen small pages, lays out the slip and the next screen; the peer writes 2 kB"
X_BATCH = 50


def measure(scale: Scale) -> list[Figure]:
    """Both closes, then both reports."""
    few, many = SALES_QUICK if scale.quick else SALES
    small, large = (_closed(scale, sales) for sales in (few, many))
    kind = filesystem(scale.folder)
    detail = f"{large.close_s * 1000:.1f} ms; after {few} sales {small.close_s * 1000:.1f} ms; on {kind}"
    figures = [
        Figure(f"close of {many} sales", large.close_s / large.peer_s, "×", CLOSE_MAX, detail=detail, why=WHY),
        Figure(
            f"disk bytes of a close of {many} sales", large.written / large.record, "×",
            BYTES_MAX if large.written else 0, detail=f"{large.written} B ÷ record of {large.record} B on {kind}", why=WHY,
        ),
    ]  # fmt: skip
    growth = large.close_s / small.close_s
    why = "nothing is added up at the close: the figures have run along"
    return [*figures, Figure(f"close, {many} ÷ {few} sales", growth, "×", GROWS_MAX, why=why), _x(scale)]


class _Close:
    """What one close took."""

    def __init__(self, close_s: float, peer_s: float, written: int, record: int) -> None:
        self.close_s, self.peer_s, self.written, self.record = close_s, peer_s, written, record


def _closed(scale: Scale, sales: int) -> _Close:
    """A shift of so many sales, counted and closed at the keypad; the step that closes is measured."""
    folder = scale.folder / f"sales-{sales}"
    folder.mkdir()
    counter = Counter(folder).open_for_business()
    counter.ledger.close()
    fill(folder / "ledger.db", counter.ledger.durable_seq + sales * RECORDS_A_SALE)
    counter.boot().sign_on()
    expected = expected_cash(closing.running(counter.ledger))
    counter.keys("CANCEL" if counter.screen == "Unfinished" else "CLEAR").keys("MENU 8 2")
    if counter.screen == "StillOpen":
        counter.keys("OK")
    pieces = dict(change_pieces(expected - expected % 10, COMMON_DENOMINATIONS_FEN))
    for denomination in COMMON_DENOMINATIONS_FEN[:-1]:
        counter.keys(" ".join((*str(pieces.get(denomination, "")), "OK")))
    counter.keys(" ".join(str(pieces.get(COMMON_DENOMINATIONS_FEN[-1], ""))))
    before, began = _written(), time.perf_counter()
    counter.ms += 100
    counter.terminal.step(KeyPressed(Key.F1), Now(counter.ms, counter.day_ms + counter.ms, counter.clock))
    close_s, written = time.perf_counter() - began, _written() - before
    fact = next(each.fact for each in reversed(list(counter.ledger.entries())) if isinstance(each.fact, ShiftClosed))
    assert fact.totals["sales"] == sales
    counter.ledger.close()
    record = record_size(fact)
    return _Close(close_s, _peer(folder / "plain", encode(fact)), written, record)


def _written() -> int:
    """Bytes this process has sent to the disk so far."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def _peer(path: Path, body: bytes) -> float:
    """Append and fsync of the same bytes; the middle of 21."""
    taken = []
    with path.open("ab") as file:
        for _ in range(21):
            began = time.perf_counter()
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def _x(scale: Scale) -> Figure:
    """The figures of an open shift, read and laid out, at two lengths of the journal."""
    few, many = ROWS_QUICK if scale.quick else ROWS
    ledgers = {str(rows): _filled(scale.folder / f"x-{rows}.db", rows) for rows in (few, many)}
    sides = {name: _report(ledger) for name, ledger in ledgers.items()}
    found = medians(in_turns(sides, scale.pick(20, 60), warm_up=5))
    for ledger in ledgers.values():
        ledger.close()
    each = found[str(many)] / X_BATCH
    return Figure(
        f"X report, {many} ÷ {few} journal rows", found[str(many)] / found[str(few)], "×", FLAT_MAX,
        detail=f"{each * 1e6:.0f} µs", why="one row is read, whatever the journal holds",
    )  # fmt: skip


def _filled(path: Path, rows: int) -> Ledger:
    ledger = Ledger.open(path, TERMINAL, EPOCH, synchronous="OFF")
    ledger.append((ShiftOpened(1, "01", "2026-11-22", 20_000, {}),), STAMP)
    ledger.commit()
    ledger.close()
    fill(path, rows)
    return Ledger.open(path, TERMINAL, EPOCH, synchronous="OFF")


def _report(ledger: Ledger) -> Timed:
    def act() -> None:
        for _ in range(X_BATCH):
            groups(closing.running(ledger), "zh")

    return cpu(act)
