"""`posfleet acquirer`: what the simulated acquirer is to do next, what it has in its books, and its statements.

It works on `acquirer.db` of the data folder, also while `posfleet serve` answers from it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import msgspec

from fleet.acquirer import statement
from fleet.acquirer.books import Ledgers, Pages
from fleet.acquirer.script import Step, read_scenario, read_step
from fleet.commands import Wrong
from fleet.commands.look import moment, say, show
from fleet.home import ACQUIRER
from fleet.store import StoreTrouble
from texts import Lang


@contextmanager
def opened(data: Path, read_only: bool) -> Iterator[Pages]:
    """The acquirer's books of a data folder. Raises `Wrong`."""
    path = data / ACQUIRER
    if read_only and not path.exists():
        raise Wrong("no_database", {"path": str(path)})
    try:
        data.mkdir(parents=True, exist_ok=True)
        ledgers = Ledgers(path, read_only)
        try:
            with ledgers.begin() as books:
                yield books
        finally:
            ledgers.close()
    except StoreTrouble as trouble:
        raise Wrong("database", {"path": str(path), "detail": str(trouble)}) from trouble
    except OSError as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble


def script(options: argparse.Namespace, lang: Lang) -> int:
    """Add steps from words or a scenario file, or clear them; then list what is still to come."""
    steps = _steps(options)
    with opened(options.data, read_only=False) as books:
        if options.clear:
            books.clear_steps()
        books.add_steps(steps)
        rows = books.steps()
    if options.json:
        for number, step, left in rows:
            print(msgspec.json.encode({"id": number, "left": left, "step": step}).decode())
        return 0
    show(
        lang,
        ("number", "step_words", "left"),
        ([str(number), _words(step), _left(left)] for number, step, left in rows),
    )
    return 0


def _steps(options: argparse.Namespace) -> tuple[Step, ...]:
    try:
        steps = read_scenario(options.file) if options.file is not None else ()
        return (*steps, read_step(options.step)) if options.step else steps
    except OSError as trouble:
        raise Wrong("scenario", {"path": str(options.file), "detail": str(trouble)}, usage=True) from trouble
    except ValueError as trouble:
        path = str(options.file) if options.file is not None else " ".join(options.step)
        raise Wrong("scenario", {"path": path, "detail": str(trouble)}, usage=True) from trouble


def _words(step: Step) -> str:
    fields = msgspec.to_builtins(step)
    return " ".join(f"{name}={value}" for name, value in fields.items())


def _left(left: int) -> str:
    return "∞" if left < 0 else str(left)


def books(options: argparse.Namespace, lang: Lang) -> int:
    """List trades and refunds."""
    with opened(options.data, read_only=True) as pages:
        trades, backs = pages.trades(), pages.backs()
    if options.json:
        for kind, rows in (("trade", trades), ("refund", backs)):
            for row in rows:
                print(json.dumps({"kind": kind, **asdict(row)}, ensure_ascii=False))
        return 0
    columns = ("kind", "channel", "number", "amount", "state", "at")
    cells = [
        ["pay", r.channel, r.order_no, _yuan(r.amount_fen), r.state, moment(r.paid_ms or r.made_ms)] for r in trades
    ]
    cells += [["refund", r.channel, r.refund_no, _yuan(-r.amount_fen), r.state, moment(r.made_ms)] for r in backs]
    show(lang, columns, cells)
    return 0


def write_statement(options: argparse.Namespace, lang: Lang) -> int:
    """Write the statement of one channel and day to a file, or to standard output with `-`."""
    day = _day(options.date)
    with opened(options.data, read_only=True) as pages:
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
        raise Wrong("folder", {"path": str(path), "detail": str(trouble)}) from trouble
    if options.json:
        print(json.dumps({"path": str(path), "lines": len(entries), "bytes": len(made)}))
    else:
        say(lang, "statement__written", path=str(path), lines=len(entries))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Wrong("date", {"text": text}, usage=True) from wrong


def _yuan(fen: int) -> str:
    sign, size = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{size // 100}.{size % 100:02d}"
