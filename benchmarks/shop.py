"""A real terminal to measure: journals of any length made of real records, and a counter that sells."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from firmware.events import Effect, Event, Idle, Key, KeyPressed, Now, PulseDrawer
from firmware.txn.ledger import Ledger, Stamp
from rules.barcodes import with_check
from rules.catalogue import Product, demo_goods
from tests.counter import DAY_MS, Counter
from wire.facts import DrawerPulsed, Fact, Line, Sale, SlipPrinted, TenderPart, encode
from wire.records import header_bytes

TERMINAL, EPOCH = "00010023", 4711
STAMP = Stamp(DAY_MS, "trusted")
FILL_PAGE = 600
"""Records of one transaction while a journal is filled."""

GOODS = tuple(goods for goods in demo_goods() if goods.barcodes and not goods.weighable)[:30:10]
LINES = tuple(
    Line(goods.sku, goods.name, 1000, goods.price_fen, goods.price_fen, goods.unit, False, code, goods.rate_bp)
    for goods in GOODS
    for code in goods.barcodes[:1]
)


def a_sale(trace: int) -> Sale:
    """A cash sale of three goods, as `TakeCash` makes it."""
    total = sum(line.amount_fen for line in LINES)
    cash = (TenderPart("cash", total + 1_000, 1_000),)
    return Sale(1, (trace - 1) % 999_999 + 1, "01", "2026-11-22", LINES, total, 0, total, cash, 1)


def fill(path: Path, records: int) -> None:
    """Append real records (sales with their printed slips and opened drawers) until the journal has `records`.

    Without syncs, for speed; the file is closed and synced afterwards, so what is measured later finds it at rest.
    """
    ledger = Ledger.open(path, TERMINAL, EPOCH, synchronous="OFF")
    while (missing := records - ledger.durable_seq) > 0:
        for _ in range(min(missing, FILL_PAGE) // 3):
            seq = ledger.next_seq
            ledger.append((a_sale(seq),), STAMP)
            ledger.append((DrawerPulsed(seq, "opened"), SlipPrinted(seq, "printed")), STAMP)
        if missing < 3:
            ledger.append((DrawerPulsed(1, "no_sensor"),), STAMP)
        ledger.commit()
        ledger.checkpoint()
    ledger.close()


def stored_bytes(ledger: Ledger, seq: int) -> bytes:
    """All that the record at `seq` is, header, hash and body: what any store has to write for it."""
    row = ledger.db.execute(
        "SELECT epoch, kind, version, at_ms, clock, body, hash FROM journal WHERE seq = ?", (seq,)
    ).fetchone()
    epoch, kind, version, at_ms, clock, body, digest = row
    return header_bytes(ledger.terminal, epoch, seq, kind, version, at_ms, clock) + bytes(body) + bytes(digest)


def record_size(fact: Fact, seq: int = 100_000) -> int:
    """Bytes of a fact as a record: header, body and hash."""
    header = header_bytes(TERMINAL, EPOCH, seq, fact.KIND, fact.VERSION, DAY_MS, "trusted")
    return len(header) + len(encode(fact)) + 32


@dataclass(slots=True)
class Watched:
    """A terminal whose settling step is timed; everything else is the terminal's own."""

    terminal: Any
    settled_s: float = 0
    around: Callable[[bool], None] = lambda settling: None
    """Called before (True) and after (False) the step of the key that settles; False also around any other."""

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """`Terminal.step`."""
        self.around(isinstance(event, KeyPressed) and event.key is Key.F2)
        began = time.perf_counter()
        effects: tuple[Effect, ...] = self.terminal.step(event, now)
        took_s = time.perf_counter() - began
        self.around(False)
        if any(isinstance(effect, PulseDrawer) for effect in effects):
            self.settled_s = took_s
        return effects

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)


class Till(Counter):
    """The tests' counter with a watched terminal. `open` makes a shop, or opens its shutters again."""

    watched: Watched

    def open(self) -> "Till":
        """Sign on; at the first time with a new PIN and the shift's float."""
        if (self.folder / "ledger.db").exists():
            self.boot().sign_on()
        else:
            self.open_for_business()
        self.watched = Watched(self.terminal)
        self.terminal = self.watched  # type: ignore[assignment]
        assert self.screen == "Idle", self.text()
        return self

    def ready_to_settle(self) -> None:
        """Three goods scanned, the cash screen open."""
        for goods in GOODS:
            self.scan(goods.barcodes[0])
        self.keys("OK")
        assert self.screen == "Cash", self.text()

    def settle(self) -> float:
        """Press the key that settles; seconds of that step alone."""
        self.watched.settled_s = 0
        self.keys("F2")
        assert self.screen == "Sold", self.text()
        return self.watched.settled_s

    def rest(self) -> None:
        """What the loop does when nobody touches anything: timers, and the fold of the write-ahead log. The slices that
        verify old records are left out: they write nothing and take long with a million."""
        self.pass_time(10_000)
        while self.ledger.wants_checkpoint:
            self.step(Idle())


def invented(count: int) -> Iterator[Product]:
    """Goods that differ in number, name and code."""
    for number in range(count):
        yield Product(
            f"{number:07d}", f"商品{number:07d}号500ml", f"Goods no. {number}", f"商品{number}", (barcode(number),),
            "", "SP", "食品", "瓶", 100 + number % 9_000, 1_300, False, 0,
        )  # fmt: skip


def barcode(number: int) -> str:
    """EAN-13 of the `number`-th invented good."""
    return with_check(f"69{number:010d}")


def barcodes(count: int) -> list[str]:
    """Barcodes of the first `count` invented goods."""
    return [barcode(number) for number in range(count)]


def goods_rows(codes: list[str]) -> Iterator[tuple[str, str, str, bytes]]:
    """Invented goods as rows of the table `product`, byte for byte what `price_list` makes of them, ten times as fast:
    the body of one good with the others' figures filled in."""
    (pattern,) = (msgspec.json.encode(goods).decode() for goods in invented(1))
    body = pattern.replace("%", "%%")
    for fixed, varied in (
        (barcode(0), "%(code)s"),  # first: it holds the number's noughts too
        ("0000000", "%(n)07d"),
        ('no. 0"', 'no. %(n)d"'),
        ('商品0"', '商品%(n)d"'),
        (":100,", ":%(fen)d,"),
    ):
        assert fixed in body
        body = body.replace(fixed, varied)
    for number, code in enumerate(codes):
        filled = body % {"n": number, "code": code, "fen": 100 + number % 9_000}
        yield f"{number:07d}", "", "77", filled.encode()


def code_rows(codes: list[str]) -> Iterator[tuple[str, str, int]]:
    """Their barcodes as rows of the table `barcode`."""
    return ((code, f"{number:07d}", 1) for number, code in enumerate(codes))
