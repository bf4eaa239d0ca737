"""Settling commit ÷ append + fsync of the same bytes to a plain file, at journals of 10 to 1 000 000 records.

Twice: `Ledger.append` + `commit` of a sale, and the whole `Terminal.step` of the key that settles one. And how many
times such a step syncs, counted by strace.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Figure, Scale, Timed, child, filesystem, in_turns, medians
from benchmarks.shop import EPOCH, STAMP, TERMINAL, Till, a_sale, fill, stored_bytes
from firmware.txn.ledger import Ledger
from wire.facts import SlipPrinted

RATIO_MAX, SYNCS_MAX = 2.0, 1.0
FLAT_MAX = 1.25
"""The largest journal against the smallest: the rest is noise between two medians."""

SIZES, SIZES_QUICK = (10, 1_000, 100_000, 1_000_000), (10, 1_000, 20_000)
"""Records. A shop cannot sell before its opening's ten; they stand for the empty journal."""


def measure(scale: Scale) -> list[Figure]:
    """Both ratios at every size, how flat they are, and the count of syncs."""
    sizes = SIZES_QUICK if scale.quick else SIZES
    rounds = scale.pick(60, 300)
    folders = _grown(scale.folder, sizes)
    figures = [*_of_ledgers(folders, rounds), *_of_steps(folders, rounds), *_syncs(scale)]
    kind = filesystem(scale.folder)
    if kind == "tmpfs":
        figures = [_on_memory(figure) for figure in figures]
    return figures


def _grown(folder: Path, sizes: tuple[int, ...]) -> dict[int, Path]:
    """A shop that has opened with a journal of each size, each grown from the one before."""
    folders = {size: folder / f"shop-{size}" for size in sizes}
    before: Path | None = None
    for size, path in folders.items():
        if before is None:
            path.mkdir()
            Till(path).open().ledger.close()
        else:
            shutil.copytree(before, path)
        fill(path / "ledger.db", size)
        before = path
    return folders


def _of_ledgers(folders: dict[int, Path], rounds: int) -> list[Figure]:
    """Commits alone."""
    ledgers = {size: Ledger.open(path / "ledger.db", TERMINAL, EPOCH) for size, path in folders.items()}
    sides: dict[str, Timed] = {}
    for size, ledger in ledgers.items():
        sides[f"plain {size}"] = _plain(folders[size] / "plain", stored_bytes(ledger, _a_sale_in(ledger)))
        sides[f"settle {size}"] = _commits(ledger)
    taken = in_turns(sides, rounds, warm_up=5)
    for ledger in ledgers.values():
        ledger.close()
    return _ratios("commit of a sale", taken, tuple(folders))


def _of_steps(folders: dict[int, Path], rounds: int) -> list[Figure]:
    """Whole steps: the same shops, with what was sold above."""
    tills = {size: Till(path).open() for size, path in folders.items()}
    sides: dict[str, Timed] = {}
    for size, till in tills.items():
        sides[f"plain {size}"] = _plain(folders[size] / "plain", stored_bytes(till.ledger, _a_sale_in(till.ledger)))
        sides[f"settle {size}"] = _sells(till)
    taken = in_turns(sides, rounds // 2, warm_up=5)
    for till in tills.values():
        till.ledger.close()
    return _ratios("whole settling step", taken, tuple(folders))


def _a_sale_in(ledger: Ledger) -> int:
    """Seq of a sale; one is made where there is none yet."""
    (seq,) = ledger.db.execute("SELECT max(seq) FROM receipt").fetchone()
    if seq is None:
        (seq,) = ledger.append((a_sale(1), SlipPrinted(ledger.next_seq, "printed")), STAMP)[:1]
        ledger.commit()
    return int(seq)


def _calm(path: Path) -> Callable[[], None]:
    """Before either side: sync a byte elsewhere, so that neither has to write what other programs left in the file
    system's journal meanwhile."""
    file = os.open(path.with_name("calm"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def sync() -> None:
        os.write(file, b".")
        os.fsync(file)

    return sync


def _plain(path: Path, data: bytes) -> Timed:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    calm = _calm(path)

    def run() -> float:
        calm()
        began = time.perf_counter()
        os.write(file, data)
        os.fsync(file)
        return time.perf_counter() - began

    return run


def _commits(ledger: Ledger) -> Timed:
    """Append and commit of one sale. Its slip and the fold of the write-ahead log come later, as in the terminal."""
    calm = _calm(ledger.path)

    def run() -> float:
        sale = a_sale(ledger.next_seq)
        calm()
        began = time.perf_counter()
        ledger.append((sale,), STAMP)
        ledger.commit()
        took_s = time.perf_counter() - began
        ledger.append((SlipPrinted(ledger.durable_seq, "printed"),), STAMP)
        ledger.commit()
        ledger.checkpoint()
        return took_s

    return run


def _sells(till: Till) -> Timed:
    calm = _calm(till.ledger.path)

    def run() -> float:
        till.ready_to_settle()
        calm()
        took_s = till.settle()
        till.rest()
        return took_s

    return run


def _ratios(name: str, runs: dict[str, list[float]], sizes: tuple[int, ...]) -> list[Figure]:
    """Of the medians; the least times beside them tell how much of it is other programs'."""
    taken = medians(runs)
    figures = []
    for size in sizes:
        plain, settle = taken[f"plain {size}"], taken[f"settle {size}"]
        best = f"{min(runs[f'settle {size}']) * 1000:.3f} ÷ {min(runs[f'plain {size}']) * 1000:.3f}"
        detail = f"{settle * 1000:.3f} ms ÷ append + fsync {plain * 1000:.3f} ms; at best {best}"
        why = (
            f"a sync takes only {plain * 1000:.2f} ms on this disk, so the {(settle - plain) * 1000:.2f} ms of computing and"
            " of writing seven pages to the log show; a memory card syncs in 5 to 20 ms"
        )
        figures.append(Figure(f"{name}, {size} records", settle / plain, "×", RATIO_MAX, detail=detail, why=why))
    flat = taken[f"settle {sizes[-1]}"] / taken[f"settle {sizes[0]}"]
    why = "more levels of the journal's tree, and pages that the cache of 4 MiB does not hold"
    return [*figures, Figure(f"{name}, {sizes[-1]} ÷ {sizes[0]}", flat, "×", FLAT_MAX, why=why)]


def _syncs(scale: Scale) -> list[Figure]:
    """Syncs of a settling step and of a whole sale, its paper and drawer included, by the system calls themselves."""
    sales = scale.pick(40, 150)
    strace = shutil.which("strace")
    if strace is None:
        return [Figure("syncs of a settling step", 0, "", detail="not counted: strace is not installed")]
    trace = scale.folder / "trace"
    calls = "trace=fdatasync,fsync,access,faccessat,faccessat2"
    (scale.folder / "counted").mkdir()
    child(
        "benchmarks.counted", str(scale.folder / "counted"), str(sales),
        cache=scale.folder / "cache", prefix=(strace, "-f", "-e", calls, "-o", str(trace)),
    )  # fmt: skip
    settling, whole = count_syncs(trace.read_text(encoding="utf-8"))
    usual = sorted(settling)[len(settling) // 2]
    more = sum(count > 1 for count in settling)
    detail = f"median of {sales}; {more} of them synced again, the first after each fold of the write-ahead log"
    why = "a *soon* commit may follow each sale after 2 s, and each fold of the write-ahead log syncs too"
    return [
        Figure("syncs of a settling step", usual, "", SYNCS_MAX, detail=detail, why="more than one commit in the step"),
        Figure("syncs of a whole sale", whole / sales, "", 2.0, detail="mean, folds included", why=why),
    ]


def count_syncs(trace: str) -> tuple[list[int], int]:
    """Syncs within each pair of marks that `benchmarks.counted` leaves, and all between the first and the last mark."""
    settling: list[int] = []
    inside, running, whole = False, False, 0
    for line in trace.splitlines():
        if "/bench-mark/" in line:
            running = "end" not in line
            inside = "settle" in line
            if inside:
                settling.append(0)
        elif ("fdatasync(" in line or "fsync(" in line) and running:
            whole += 1
            if inside:
                settling[-1] += 1
    return settling, whole


def _on_memory(figure: Figure) -> Figure:
    note = f"{figure.detail} (in memory: TMPDIR and /var/tmp are tmpfs, this proves nothing)"
    return Figure(figure.name, figure.value, figure.unit, 0, figure.better, note)
