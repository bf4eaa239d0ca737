"""A real full disk and a real read-only one, met by the real terminal. Runs inside a mount namespace of its own.

`python -m tests.power.full_disk FOLDER full`: FOLDER is a small tmpfs. Opens for business, fills the disk up, sells more
than a thousand times, fills up what is left, sells until the terminal refuses, makes room, sells on, loses its power and
starts again. Prints what it found as JSON.
`… FOLDER fill`: opens for business and leaves the disk full to its last block, without the ballast.
`… FOLDER start`: starts the terminal and tries to sell once; prints `sold RECEIPTS` or `refused CODE`.
"""

import sys
from pathlib import Path

import msgspec

from firmware.screens.widgets import Refused
from firmware.txn.ledger import LedgerError
from tests.power.judge import JOURNAL
from tests.power.sell import QUIET_MS, Seller

FILLER_STEP_BYTES = 4096
SALES_WANTED = 1_100
ROOM_AGAIN_BYTES = 4 * 1024 * 1024


class Found(msgspec.Struct, frozen=True):
    """What a full disk did to the terminal."""

    sold: int  # sales committed on the full disk, out of the ballast
    refused: tuple[int, ...]  # codes the cashier saw, once not even that was left
    kept: bool  # the journal after the next start is what it was, and rebuilt equals live
    resumed: bool  # sold again when there was room


def fill(filler: Path) -> None:
    """Take all room there is."""
    with filler.open("ab", buffering=0) as file:
        for step in (256 * 1024, FILLER_STEP_BYTES):
            try:
                while file.write(bytes(step)) == step:
                    pass
            except OSError:
                continue


def sales_of(seller: Seller) -> int:
    """Receipts in the journal."""
    return int(seller.ledger.read("SELECT count(*) FROM receipt")[0][0])


def full(folder: Path) -> Found:
    """See the module."""
    seller = Seller(folder)
    seller.boot().open_for_business()
    seller.sell()
    assert not seller.ledger.low_storage, "too small a disk for the ballast"
    fill(folder / "filler")
    first = sales_of(seller)
    while seller.sell():
        sold = sales_of(seller) - first
        if sold % 5 == 0:  # a lull: soon facts are committed, the log is folded in
            seller.pass_time(QUIET_MS)
        seller.idle()
        if sold == SALES_WANTED:
            assert seller.ledger.low_storage, "the disk was never full"
            fill(folder / "filler")  # what the ballast has left goes too, so that the end comes
    sold = sales_of(seller) - first
    with (folder / "filler").open("r+b") as file:
        file.truncate((folder / "filler").stat().st_size - ROOM_AGAIN_BYTES)
    resumed = seller.sell()
    durable = seller.ledger.durable_seq
    journal = seller.ledger.read(JOURNAL)[:durable]
    seller.cut()
    again = Seller(folder, boots=1)
    again.boot()
    same = again.ledger.read(JOURNAL)[:durable] == journal and again.ledger.differences() == []
    same = same and sales_of(again) == first + sold + resumed
    again.stop()
    return Found(sold, tuple(seller.refused), same, resumed)


def fill_all(folder: Path) -> None:
    """See the module."""
    seller = Seller(folder)
    seller.boot().open_for_business()
    seller.stop()
    (folder / "ballast").unlink()
    fill(folder / "filler")


def start(folder: Path) -> str:
    """See the module."""
    seller = Seller(folder, boots=7)
    try:
        seller.boot()
    except LedgerError as refused:
        return f"refused {refused.code}"
    code = next((top.refusal.code for top in seller.terminal.stack if isinstance(top, Refused)), 0)
    if code:
        return f"refused {code}"
    assert seller.open_for_business().sell()
    receipts = sales_of(seller)
    seller.stop()
    return f"sold {receipts}"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    match sys.argv[2]:
        case "full":
            print(msgspec.json.encode(full(place)).decode())
        case "fill":
            fill_all(place)
        case "start":
            print(start(place))
