"""`posd`: the terminal's daemon and its tools (`run`, `journal verify|export|rebuild`, `check`)."""

import argparse
import ctypes
import logging
import signal
import sys
from pathlib import Path

import msgspec

from firmware.assembly import LEDGER, NotReady, Posd, open_ledger, read_folder
from firmware.check import check
from firmware.txn.ledger import Ledger, LedgerDamaged, LedgerError, LedgerLocked

DATA = Path("/var/lib/posd")
PAGE = 200
M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES = -3, 128 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not in order, 2 wrong call, 3 cannot start."""
    if not __debug__:
        print("posd refuses to run with -O: its assertions guard the journal", file=sys.stderr)
        return 3
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return int(options.act(options))
    except (NotReady, LedgerError) as error:
        print(f"posd: {error}", file=sys.stderr)
        if isinstance(error, LedgerDamaged):
            print("posd: keep the card, do not start selling on it; call service with this code", file=sys.stderr)
        return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="posd", description="The terminal's daemon and its tools.")
    acts = parser.add_subparsers(required=True, metavar="COMMAND")
    run = acts.add_parser("run", help="run the terminal")
    run.add_argument("--virtual", action="store_true", help="with hardware played by the emulator")
    run.add_argument("--board", type=Path, help="folder of the virtual board (default: DATA/board)")
    run.add_argument("--profile", default="", metavar="NAME", help="hardware profile (default: the identity's)")
    run.set_defaults(act=_run)
    journal = acts.add_parser("journal", help="look at the journal").add_subparsers(required=True, metavar="WHAT")
    for name, act, text in (
        ("verify", _verify, "check the hash chain and rebuild the tables beside the live ones"),
        ("export", _export, "write every record as a line of JSON"),
        ("rebuild", _rebuild, "throw the tables away and make them anew from the journal (daemon stopped)"),
    ):
        journal.add_parser(name, help=text).set_defaults(act=act)
    acts.add_parser("check", help="say whether this terminal is ready to run").set_defaults(act=_check)
    for each in (*acts.choices.values(), *journal.choices.values()):
        each.add_argument("--data", type=Path, default=DATA, metavar="DIR", help=f"data folder (default: {DATA})")
    return parser


def _run(options: argparse.Namespace) -> int:
    # signals are taken by a thread of their own; block them before any thread starts
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    _give_memory_back()
    profile = options.profile or ("virtual" if options.virtual else "")
    folder = read_folder(options.data, profile, mend=True)
    board = options.board or options.data / "board"
    Posd(folder, board if options.virtual else None).run()
    return 0


def _give_memory_back() -> None:
    """Keep glibc from raising its threshold for large blocks: pictures and slips are then given back to the kernel when
    they are freed, 17 MB of 80 as measured by `benchmarks memory`. Another C library has no `mallopt`."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)


def _ledger(options: argparse.Namespace) -> Ledger:
    folder = read_folder(options.data)
    if not (options.data / LEDGER).exists():
        raise NotReady(4010, f"{options.data} holds no ledger yet")
    try:
        return open_ledger(folder)
    except LedgerLocked as error:
        raise NotReady(error.code, "stop posd first: only one process may open the ledger") from error


def _verify(options: argparse.Namespace) -> int:
    ledger = _ledger(options)
    broken = ledger.broken_at(ledger.first_seq, ledger.durable_seq) if ledger.durable_seq else None
    unsound = ledger.unsound()
    different = ledger.differences() if broken is None and not unsound else []
    print(f"records {ledger.first_seq}..{ledger.durable_seq}, acknowledged {ledger.acked_seq}")
    if broken is not None:
        print(f"[9012] the hash chain breaks at record {broken}")
    if unsound:
        print(f"[9003] the file is damaged: {unsound}")
    for table in different:
        print(f"[9003] table {table} is not what the journal says: run `posd journal rebuild`")
    wrong = broken is not None or bool(unsound) or bool(different)
    print("NOT in order" if wrong else "in order")
    ledger.close()
    return 1 if wrong else 0


def _export(options: argparse.Namespace) -> int:
    ledger = _ledger(options)
    after = 0
    while page := ledger.records(after, PAGE):
        for record in page:
            print(msgspec.json.encode(record).decode())
        after = page[-1].seq
    ledger.close()
    return 0


def _rebuild(options: argparse.Namespace) -> int:
    ledger = _ledger(options)
    ledger.rebuild()
    print(f"rebuilt from {ledger.durable_seq} records")
    ledger.close()
    return 0


def _check(options: argparse.Namespace) -> int:
    wrong = 0
    for line in check(options.data):
        print(f"{'ok  ' if line.ok else 'NOT '} {line.what}: {line.found}")
        wrong += not line.ok
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
