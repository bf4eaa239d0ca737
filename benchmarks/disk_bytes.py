"""Bytes written to the disk for a whole cash sale, checkpoints included, ÷ the bytes of its record.

Taken from `/proc/self/io` of a process that sells and rests (`benchmarks.sells`): what the kernel counted when pages
of the page cache became dirty, in units of 4 KiB. The file system's own journal is not in it.
"""

import msgspec

from benchmarks.harness import Figure, Scale, child, filesystem

RATIO_MAX = 40.0
PAGES_BYTES = (1024, 512, 4096)
WHY = (
    "a sale is two commits (the sale; 2 s later paper and drawer), each dirties whole 4 KiB pages of the page cache in"
    " the write-ahead log, and each fold writes the changed pages of the file once more"
)


class Sold(msgspec.Struct, frozen=True):
    """What `benchmarks.sells` prints."""

    write_bytes: int
    record_bytes: int
    sales: int
    page_bytes: int


def measure(scale: Scale) -> list[Figure]:
    """The product's page size, then the others beside it."""
    sales = str(scale.pick(70, 200))
    figures: list[Figure] = []
    for page in PAGES_BYTES:
        folder = scale.folder / f"page-{page}"
        folder.mkdir()
        printed = child("benchmarks.sells", str(folder), sales, str(page), cache=scale.folder / "cache")
        figures.append(_figure(msgspec.json.decode(printed, type=Sold), filesystem(folder), goal=not figures))
    return figures


def _figure(sold: Sold, kind: str, goal: bool) -> Figure:
    each = sold.write_bytes / sold.sales
    detail = f"{each / 1000:.1f} kB a sale ÷ record of {sold.record_bytes} B, mean of {sold.sales}"
    if kind == "tmpfs" or not sold.write_bytes:
        return Figure(f"disk bytes per sale, pages of {sold.page_bytes}", 0, "×", 0, detail=f"{kind} counts no writes")
    name = f"disk bytes per sale, pages of {sold.page_bytes}"
    return Figure(name, each / sold.record_bytes, "×", RATIO_MAX if goal else 0, detail=detail, why=WHY)
