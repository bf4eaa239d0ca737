"""Barcode look-up ÷ a dict that holds everything in memory, at 100 000 and 1 000 000 goods; TinyDB as the peer.

Codes are asked for in random order, so that caches help neither side more than in a shop.
"""

import random
import sqlite3
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from tinydb import TinyDB, where

from benchmarks.harness import Figure, Scale, Timed, cpu, in_turns, medians
from benchmarks.shop import EPOCH, TERMINAL, barcode, barcodes, code_rows, goods_rows
from firmware.txn import product
from firmware.txn.ledger import Ledger, load_products

RATIO_MAX = 15.0
FLAT_MAX = 2.0
"""Ten times the goods against the fewer: one more level of the tree, and pages that fit no cache."""

SIZES, SIZES_QUICK = (100_000, 1_000_000), (10_000, 50_000)
PEER_GOODS = 1_000
BATCH = 500
INDEX = "SELECT sku, pack FROM barcode WHERE code = ?"
WHY = "SQLite walks a tree of pages and runs its byte code where a dict hashes once"


def measure(scale: Scale) -> list[Figure]:
    """Index look-up, whole look-up with the good decoded, both against a dict; then the peer."""
    sizes = SIZES_QUICK if scale.quick else SIZES
    taken: dict[int, dict[str, float]] = {}
    figures = []
    for size in sizes:
        taken[size] = _of_size(scale, size)
        figures += _figures(size, taken[size])
    few, many = sizes
    flat = taken[many]["index"] / taken[few]["index"]
    why = "the tree is deeper, and the cache of 4 MiB holds less of it"
    figures.append(Figure(f"index look-up, {many} ÷ {few} goods", flat, "×", FLAT_MAX, why=why))
    return [*figures, _peer(scale, taken[few])]


def _of_size(scale: Scale, size: int) -> dict[str, float]:
    """Seconds of one look-up, by side."""
    ledger = Ledger.open(scale.folder / f"goods-{size}.db", TERMINAL, EPOCH, synchronous="OFF")
    all_codes = barcodes(size)
    load_products(ledger, goods_rows(all_codes), code_rows(all_codes))
    ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    held = {code: (sku, pack) for code, sku, pack in code_rows(all_codes)}
    chance = random.Random(size)
    codes = [chance.choice(all_codes) for _ in range(20 * BATCH)]
    db: sqlite3.Connection = ledger.db
    sides = {
        "dict": _batch(codes, held.__getitem__),
        "index": _batch(codes, lambda code: db.execute(INDEX, (code,)).fetchone()),
        "whole": _batch(codes, lambda code: product.by_code(ledger, code)),
    }
    found = medians(in_turns(sides, scale.pick(20, 40), warm_up=20))
    assert product.by_code(ledger, codes[0]) is not None
    ledger.close()
    return {name: seconds / BATCH for name, seconds in found.items()}


def _batch(codes: Sequence[str], look_up: Callable[[str], Any]) -> Timed:
    """A batch of look-ups; the next batch asks for other codes."""
    turns = cycle([codes[at : at + BATCH] for at in range(0, len(codes), BATCH)])

    def run() -> float:
        batch = next(turns)

        def act() -> None:
            for code in batch:
                look_up(code)

        return cpu(act)()

    return run


def _figures(size: int, taken: dict[str, float]) -> list[Figure]:
    us = {name: seconds * 1e6 for name, seconds in taken.items()}
    beside = f"÷ dict {us['dict']:.2f} µs"
    return [
        Figure(
            f"index look-up ÷ dict, {size} goods", us["index"] / us["dict"], "×", RATIO_MAX,
            detail=f"{us['index']:.2f} µs {beside}", why=WHY,
        ),
        Figure(
            f"by_code (good decoded) ÷ dict, {size} goods", us["whole"] / us["dict"], "×",
            detail=f"{us['whole']:.2f} µs {beside}",
        ),
    ]  # fmt: skip


def _peer(scale: Scale, ours: dict[str, float]) -> Figure:
    """TinyDB, which reads by walking all documents, with far fewer goods."""
    path: Path = scale.folder / "tinydb.json"
    with TinyDB(path) as peer:
        peer.insert_multiple({"code": barcode(n), "sku": f"{n:07d}", "pack": 1} for n in range(PEER_GOODS))
        chance = random.Random(1)

        def look_up() -> None:
            assert peer.get(where("code") == barcode(chance.randrange(PEER_GOODS)))

        seconds = medians(in_turns({"tinydb": cpu(look_up)}, scale.pick(5, 20)))["tinydb"]
    detail = f"TinyDB with {PEER_GOODS} goods {seconds * 1000:.2f} ms"
    return Figure("peer: TinyDB ÷ our by_code", seconds / ours["whole"], "×", detail=detail)
