"""What must hold of a ledger that a cut or a kill left, against the journal of the whole run and what had been told."""

import os
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from firmware.txn.ledger import Ledger, projection_tables
from tests.power.disk import Card, Op, Said
from tests.power.sell import EPOCH, TERMINAL, Seller

JOURNAL = "SELECT seq, epoch, kind, version, at_ms, clock, body, hash FROM journal ORDER BY seq"


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
                case ["durable" | "pulse" | "sent", seq]:
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
    """The journal of the whole run, and the projections that belong to each of its lengths."""

    journal: list[tuple[Any, ...]]
    goods: int
    rebuilt: dict[int, dict[str, list[tuple[Any, ...]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Truth":
        """Of a run that came to its end; its folder is copied and stays as it is."""
        with _opened(_copied(folder)) as ledger:
            return cls(ledger.read(JOURNAL), int(ledger.read("SELECT count(*) FROM product")[0][0]))

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
        head = len(rows)
        _must(rows == self.journal[:head], "the journal is no prefix of what was written")
        _must(ledger.broken_at(1, head) is None if head > 256 else True, "the chain is broken")  # `open` verifies 256
        _must((ledger.epoch, ledger.terminal) == (EPOCH, TERMINAL), "another journal")
        self._projections(ledger, head)
        goods = ledger.read("SELECT count(*) FROM product")[0][0]
        _must(goods in (0, self.goods) and (goods or not head), "half a price list")
        own_pin = any(row[2] == "pin_changed" for row in rows)
        _must(bool(ledger.read("SELECT 1 FROM secret")) == own_pin, "a PIN without its fact, or the reverse")
        _must(told.acked <= ledger.acked_seq <= head or head < told.durable, "the acknowledged mark is wrong")
        lost = sum(1 for seq in told.sold if seq > head)
        _must(lost > 0 or told.durable <= head, f"record {told.durable} was told durable, the head is {head}")
        return lost

    def _projections(self, ledger: Ledger, head: int) -> None:
        """Rebuilt equals live. The journal being a known prefix, each length is rebuilt once and remembered."""
        live = {name: sorted(ledger.read(f"SELECT * FROM {name}"), key=repr) for name in projection_tables()}
        if head not in self.rebuilt:
            _must(ledger.differences() == [], f"rebuilt differs from live: {ledger.differences()}")
            self.rebuilt[head] = live
        _must(live == self.rebuilt[head], "rebuilt differs from live")


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
            tally.broken.append(f"cut {number} of {cuts}, after operation {until}: {error}")
            continue
        tally.lost_cuts += lost > 0
        tally.lost_sales += lost
    return tally


def laid(files: dict[str, bytearray], folder: Path) -> None:
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


def _copied(folder: Path) -> Path:
    copy = folder.with_name(f"{folder.name}-read")
    shutil.copytree(folder, copy)
    return copy


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
