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
from firmware.drivers.store import NotStored, Store
from firmware.txn.ledger import Ledger, LedgerDamaged, LedgerError, LedgerLocked
from rules.help import HelpDocument
from rules.help import read as read_help
from rules.rights_report import rights_of
from rules.rights_words import words
from rules.settings import Problem
from texts import LANGS, t

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
    except OSError as error:
        if not hasattr(options, "file"):
            raise
        print(f"posd: {error}", file=sys.stderr)
        return 3
    except (NotReady, LedgerError, NotStored) as error:
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
    looking = acts.add_parser("rights", help="say what every operator may do here, and which setting says so")
    looking.add_argument("--operator", default="", metavar="01", help="only this one")
    looking.add_argument("--json", action="store_true", help="as JSON")
    looking.add_argument("--lang", choices=LANGS, default="zh")
    looking.set_defaults(act=_rights)
    acts.add_parser("check", help="say whether this terminal is ready to run").set_defaults(act=_check)
    helping = acts.add_parser("help", help="the help behind the error codes").add_subparsers(
        required=True, metavar="WHAT"
    )
    for name, act_on, text in (
        ("check", _help_check, "say what is wrong with a help document, by path"),
        ("load", _help_load, "keep a help document from the next start on (daemon stopped)"),
    ):
        loading = helping.add_parser(name, help=text)
        loading.add_argument("file", type=Path, metavar="FILE", help="JSON or TOML")
        loading.set_defaults(act=act_on)
    showing = helping.add_parser("show", help="what the terminal says about a code")
    showing.add_argument("code", type=int, metavar="CODE")
    showing.add_argument("--lang", choices=LANGS, default="zh")
    showing.set_defaults(act=_help_show)
    for each in (*acts.choices.values(), *journal.choices.values(), *helping.choices.values()):
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


def _help_check(options: argparse.Namespace) -> int:
    return _said_of(read_help(options.file.read_bytes()))


def _help_load(options: argparse.Namespace) -> int:
    return _said_of(Store(options.data).apply_help(options.file.read_bytes()))


def _said_of(found: HelpDocument | list[Problem]) -> int:
    if isinstance(found, HelpDocument):
        print(f"ok: version {found.version}, {len(found.entries)} entries")
        return 0
    for wrong in found:
        print(f"[{wrong.code}] {wrong.path}: {t('rules', 'en', f'problem__{wrong.reason}')} {wrong.detail}".rstrip())
    return 1


def _help_show(options: argparse.Namespace) -> int:
    said, _ = Store(options.data, mend=False).help()
    try:
        row, known = said.error(options.code), said.help(options.code, options.lang)
    except KeyError:
        print(f"posd: there is no code {options.code}", file=sys.stderr)
        return 1
    print(row.line(options.lang), row.action(options.lang), "", known.cause, sep="\n")
    for number, step in enumerate(known.steps, 1):
        print(f"{number}. {step}")
    for who in known.call:
        print(said.hotline(who, options.lang) or t("firmware", options.lang, f"help__call_{who}"))
    return 0


def _rights(options: argparse.Namespace) -> int:
    """For regular review: from the settings in force, whether the daemon runs or not."""
    rows = rights_of(Store(options.data, mend=False).settings().settings)
    rows = tuple(row for row in rows if not options.operator or row.operator == options.operator)
    if options.json:
        print(msgspec.json.encode(rows).decode())
        return 0
    for cells in words(rows, options.lang):
        print("\t".join(cells))
    return 0 if rows else 1


def _check(options: argparse.Namespace) -> int:
    wrong = 0
    for line in check(options.data):
        print(f"{'ok  ' if line.ok else 'NOT '} {line.what}: {line.found}")
        wrong += not line.ok
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
