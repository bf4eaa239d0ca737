"""What must hold of a ledger that a cut or a kill left, against the journal of the whole run and what had been told."""

import gc
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from firmware.txn.ledger import Ledger
from firmware.txn.replay import projection_tables
from tests.power.disk import Card, Op, Said
from tests.power.sell import EPOCH, TERMINAL, Seller

JOURNAL = "SELECT seq, epoch, kind, version, at_ms, clock, body, hash FROM journal ORDER BY seq"
LOOK_EVERY = 10
"""In the words of a run, for its records before they are pruned."""


class Broken(AssertionError):
    """The ledger does not open, or is not what it must be."""


@dataclass(slots=True)
class Told:
    """What the process had been told is durable when the power went."""

    sold: dict[int, str] = field(default_factory=dict)  # seq -> receipt number
    durable: int = 0
    acked: int = 0
    refused: list[int] = field(default_factory=list)

    def hear(self, text: str) -> "Told":
        """Lines of `tests.power.sell`."""
        for line in text.splitlines():
            match line.split():
                case ["sold", number, seq]:
                    self.sold[int(seq)] = number
                    self.durable = max(self.durable, int(seq))
                case ["durable" | "pulse" | "sent" | "asked", seq]:
                    self.durable = max(self.durable, int(seq))
                case ["acked", seq]:
                    self.acked = int(seq)
                case ["refused", code]:
                    self.refused.append(int(code))
                case ["settling"]:
                    pass
                case _:
                    raise AssertionError(line)
        return self


@dataclass(slots=True)
class Truth:
    """Every record of the whole run, and the projections that belong to each stretch of them."""

    records: dict[int, tuple[Any, ...]]
    goods: int
    rebuilt: dict[tuple[int, int], dict[str, list[tuple[Any, ...]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, ops: Sequence[Op], folder: Path) -> "Truth":
        """Of a run that came to its end; `folder` is empty and is left so. Looked at in between, for what is pruned."""
        card, words, truth = Card(), 0, cls({}, 0)
        for number, op in enumerate(ops):
            card.take(op)
            words += isinstance(op, Said)
            if number == len(ops) - 1 or (isinstance(op, Said) and words % LOOK_EVERY == 0):
                truth._look(card, folder)
        return truth

    def _look(self, card: Card, folder: Path) -> None:
        laid(card.whole(), folder)
        with _opened(folder) as ledger:
            for row in ledger.read(JOURNAL):
                _must(self.records.setdefault(row[0], row) == row, f"record {row[0]} was changed")
            self.goods = int(ledger.read("SELECT count(*) FROM product")[0][0])
        laid({}, folder)

    def judge(self, folder: Path, told: Told) -> int:
        """How many acknowledged sales are lost. Raises `Broken` for anything else that is not as it must be."""
        try:
            with _opened(folder) as ledger:
                return self._judge(ledger, told)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"{type(error).__name__}: {error}") from error

    def _judge(self, ledger: Ledger, told: Told) -> int:
        rows = ledger.read(JOURNAL)
        first, head = (int(rows[0][0]), int(rows[-1][0])) if rows else (1, 0)
        _must(rows == [self.records.get(seq) for seq in range(first, head + 1)], "the journal is not what was written")
        _must(ledger.broken_at(first, head) is None if rows else True, "the chain is broken")
        _must(first - 1 <= ledger.acked_seq, "records went that the backend has not acknowledged")
        _must((ledger.epoch, ledger.terminal) == (EPOCH, TERMINAL), "another journal")
        self._projections(ledger, (first, head))
        goods = ledger.read("SELECT count(*) FROM product")[0][0]
        _must(goods in (0, self.goods) and (goods or not head), "half a price list")
        own_pin = any(self.records[seq][2] == "pin_changed" for seq in range(1, head + 1))
        _must(bool(ledger.read("SELECT 1 FROM secret")) == own_pin, "a PIN without its fact, or the reverse")
        _must(told.acked <= ledger.acked_seq <= head or head < told.durable, "the acknowledged mark is wrong")
        lost = sum(1 for seq in told.sold if seq > head)
        _must(lost > 0 or told.durable <= head, f"record {told.durable} was told durable, the head is {head}")
        return lost

    def _projections(self, ledger: Ledger, stretch: tuple[int, int]) -> None:
        """Rebuilt equals live. The records being known ones, each stretch is rebuilt once and remembered."""
        live = {name: sorted(ledger.read(f"SELECT * FROM {name}"), key=repr) for name in projection_tables()}
        if stretch not in self.rebuilt:
            differences = ledger.differences()
            _must(differences == [], f"rebuilt differs from live: {differences}")
            self.rebuilt[stretch] = live
        _must(live == self.rebuilt[stretch], "rebuilt differs from live")


@dataclass(slots=True)
class Tally:
    """What a series of cuts came to."""

    cuts: int = 0
    lost_cuts: int = 0
    lost_sales: int = 0
    broken: list[str] = field(default_factory=list)


def cut_everywhere(ops: Sequence[Op], truth: Truth, folder: Path, cuts: int, sell_on_every: int = 0) -> Tally:
    """`cuts` cuts, evenly over the run, each with its own chance (seed = number of the cut)."""
    with mock.patch("os.posix_fallocate", _sparse):
        return _cut_everywhere(ops, truth, folder, cuts, sell_on_every)


def _sparse(fd: int, start: int, length: int) -> None:
    """The ballast laid without its blocks: every second cut has lost it, and 8 MiB each time would take the most time."""
    os.ftruncate(fd, start + length)


def _cut_everywhere(ops: Sequence[Op], truth: Truth, folder: Path, cuts: int, sell_on_every: int) -> Tally:
    tally, card, told, done = Tally(), Card(), Told(), 0
    for number in range(cuts):
        until = (number + 1) * len(ops) // cuts
        for op in ops[done:until]:
            card.take(op)
            if isinstance(op, Said):
                told.hear(op.text)
        done = until
        laid(card.survivors(random.Random(number)), folder)
        tally.cuts += 1
        try:
            lost = truth.judge(folder, told)
            if sell_on_every and number % sell_on_every == 0:
                sells_on(folder)
        except AssertionError as error:
            gc.collect()  # a refused `open` leaves its connection to the collector
            tally.broken.append(f"cut {number} of {cuts}, after operation {until}: {error}")
            continue
        tally.lost_cuts += lost > 0
        tally.lost_sales += lost
    return tally


def laid(files: Mapping[str, bytes | bytearray], folder: Path) -> None:
    """Make `folder` hold exactly these files."""
    for old in folder.iterdir():
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        if name == "ballast":  # zeros: only its size means anything
            with (folder / name).open("wb") as file:
                file.truncate(len(data))
        else:
            (folder / name).write_bytes(data)


def sells_on(folder: Path) -> None:
    """The terminal comes up on what is left and sells: one more receipt, none twice."""
    seller = Seller(folder, boots=50)
    seller.boot()
    before = _receipts(seller.ledger)
    _must(seller.open_for_business().sell(), f"cannot sell on: {seller.text()}")
    after = _receipts(seller.ledger)
    _must(after[:-1] == before and len(set(after)) == len(after), "receipt numbers are not right")
    seller.stop()


def _receipts(ledger: Ledger) -> list[tuple[Any, ...]]:
    return ledger.read("SELECT batch, trace FROM receipt ORDER BY seq")


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


@contextmanager
def _opened(folder: Path) -> Iterator[Ledger]:
    """The ledger of a folder, by the real code; closed without ceremony."""
    ledger = Ledger.open(folder / "ledger.db", TERMINAL, EPOCH)
    try:
        yield ledger
    finally:
        ledger.db.close()


def said(ops: Iterable[Op]) -> Told:
    """Everything told in a run."""
    told = Told()
    for op in ops:
        if isinstance(op, Said):
            told.hear(op.text)
    return told
