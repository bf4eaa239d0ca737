"""`python -m benchmarks.sells DIR SALES PAGE_BYTES`: sells, and prints what that wrote to the disk, as JSON."""

import os
import sys
from pathlib import Path

import msgspec

from benchmarks.disk_bytes import Sold
from benchmarks.shop import Till, stored_bytes
from firmware.txn import ledger as ledger_module


def main(folder: str, sales: str, page_bytes: str) -> None:
    """Open the shop, sell with a pause after each customer, fold the rest of the log in, count."""
    ledger_module.PAGE_BYTES = int(page_bytes)  # type: ignore[misc]
    till = Till(Path(folder)).open()
    till.rest()
    os.sync()
    before = written_bytes()
    for _ in range(int(sales)):
        till.ready_to_settle()
        till.settle()
        till.rest()
    till.ledger.commits_in_wal = ledger_module.WAL_COMMITS_MAX
    till.ledger.checkpoint()
    wrote = written_bytes() - before
    (seq,) = till.ledger.db.execute("SELECT max(seq) FROM receipt").fetchone()
    record = len(stored_bytes(till.ledger, seq))
    till.ledger.close()
    print(msgspec.json.encode(Sold(wrote, record, int(sales), int(page_bytes))).decode())


def written_bytes() -> int:
    """What this process caused to be written, by the kernel's count."""
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
