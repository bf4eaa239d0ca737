"""`posfleet acquirer`: what the simulated acquirer is to do next, what it has in its books, and its statements.

It works on `acquirer.db` of the data folder, also while `posfleet serve` answers from it.
"""

import argparse
import json
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

from fleet.acquirer import statement
from fleet.acquirer.books import Ledgers, Pages
from fleet.acquirer.script import read_scenario, read_step
from fleet.commands import Wrong, scripted
from fleet.commands.look import moment, say, show
from fleet.commands.scripted import list_steps, side_books, told_steps
from fleet.commands.times import typed_day
from fleet.home import ACQUIRER
from rules.money import yuan
from texts import Lang


def _books(data: Path, read_only: bool) -> AbstractContextManager[Pages]:
    """The acquirer's books of a data folder."""
    return side_books(data, ACQUIRER, Ledgers, read_only)


def script(options: argparse.Namespace, lang: Lang) -> int:
    """Add steps from words or a scenario file, or clear them; then list what is still to come."""
    steps = told_steps(options, read_scenario, read_step)
    with _books(options.data, read_only=False) as pages:
        rows = scripted.script(pages, steps, options.clear)
    list_steps(lang, rows, options.json)
    return 0


def books(options: argparse.Namespace, lang: Lang) -> int:
    """List trades and refunds."""
    with _books(options.data, read_only=True) as pages:
        trades, backs = pages.trades(), pages.backs()
    if options.json:
        for kind, rows in (("trade", trades), ("refund", backs)):
            for row in rows:
                print(json.dumps({"kind": kind, **asdict(row)}, ensure_ascii=False))
        return 0
    columns = ("kind", "channel", "number", "amount", "state", "at")
    cells = [
        ["pay", r.channel, r.order_no, yuan(r.amount_fen), r.state, moment(r.paid_ms or r.made_ms)] for r in trades
    ]
    cells += [["refund", r.channel, r.refund_no, yuan(-r.amount_fen), r.state, moment(r.made_ms)] for r in backs]
    show(lang, columns, cells)
    return 0


def write_statement(options: argparse.Namespace, lang: Lang) -> int:
    """Write the statement of one channel and day to a file, or to standard output with `-`."""
    day = typed_day(options.date)
    with _books(options.data, read_only=True) as pages:
        entries = statement.entries(pages, options.channel, day)
    made = statement.wechat_bill(entries) if options.channel == "wechat" else statement.alipay_bill(entries, day)
    if str(options.out) == "-":
        sys.stdout.buffer.write(made)
        return 0
    suffix = "csv" if options.channel == "wechat" else "zip"
    path = options.out or Path(f"{options.channel}-{day:%Y%m%d}.{suffix}")
    try:
        path.write_bytes(made)
    except OSError as trouble:
        raise Wrong("unwritten", {"path": str(path), "detail": str(trouble)}) from trouble
    if options.json:
        print(json.dumps({"path": str(path), "lines": len(entries), "bytes": len(made)}))
    else:
        say(lang, "statement__written", path=str(path), lines=len(entries))
    return 0
