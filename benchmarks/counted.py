"""`python -m benchmarks.counted DIR SALES`: sells under strace, and leaves marks between the system calls.

A mark is `access("/bench-mark/…")`: it changes nothing and shows in the trace.
"""

import os
import sys
from pathlib import Path

from benchmarks.shop import Till


def mark(what: str) -> None:
    """Leave a mark in the trace."""
    os.access(f"/bench-mark/{what}", os.F_OK)


def main(folder: str, sales: str) -> None:
    """Sell, with a mark before and after every step that settles."""
    till = Till(Path(folder)).open()
    till.rest()
    till.watched.around = lambda settling: mark("settle" if settling else "rest")
    for _ in range(int(sales)):
        till.ready_to_settle()
        till.settle()
        till.rest()
    mark("end")
    till.ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
