"""`posfleet export`: what is kept, as files others can read. Read page by page: memory stays small however much there is."""

import argparse
import csv
import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import msgspec

from fleet.commands import Wrong
from fleet.commands.look import counting, opened
from fleet.commands.manager.asking import Say, done, json_word, utc_ms
from fleet.commands.times import FORMS, span_ms
from fleet.files import draft_of
from fleet.sql import SqlBooks
from fleet.store import StoredRecord
from rules.money import yuan
from texts import Lang, t
from wire.facts import Sale, decode

PAGE = 500
SALE_COLUMNS = (
    "terminal", "epoch", "seq", "at_utc", "business_date", "receipt", "operator", "total", "rounding", "due", "cash",
    "card", "code", "voucher", "change", "settings_rev",
)  # fmt: skip


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """`posfleet export records|sales`."""
    it = commands.add_parser("export", parents=[common], help=say("export"), description=say("export_more"))
    it.add_argument("what", choices=("records", "sales"), help=say("export_what"))
    it.add_argument("--terminal", action="append", default=[], metavar="ID", help=say("id"))
    it.add_argument("--since", default="", metavar=FORMS, help=say("since"))
    it.add_argument("--until", default="", metavar=FORMS, help=say("until"))
    it.add_argument("--out", type=Path, default=None, metavar="FILE", help=say("export_out"))
    json_word(it, say)
    it.set_defaults(run=run)


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Records as JSON lines, or sales as CSV with sums in yuan; times in UTC, days China's, `--until` not included."""
    since, until = span_ms(options.since, options.until, utc_ms())
    with opened(options.data) as books, _file(options.out) as out:
        known = [row.terminal for row in books.all_terminals()]
        for wanted in options.terminal:
            if wanted not in known:
                raise Wrong("no_terminal", {"terminal": wanted})
        count = 0
        with counting(t("manager", lang, "export__doing")) as step:
            for row in _rows(books, options.terminal or known, since, until):
                count += (_write_record if options.what == "records" else _write_sale)(out, row, count)
                step(count)
    if options.out is not None:
        done(options, lang, "export__done", count=count, path=str(options.out))
    return 0


def _rows(books: SqlBooks, terminals: list[str], since: int, until: int) -> Iterator[StoredRecord]:
    for terminal in terminals:
        for epoch in books.epochs_of(terminal):
            after = 0
            while page := books.records_after(terminal, epoch.epoch, after, PAGE):
                after = page[-1].seq
                yield from (row for row in page if since <= row.at_ms and (not until or row.at_ms < until))


def _write_record(out: TextIO, row: StoredRecord, _count: int) -> int:
    fields: dict[str, object] = {name: getattr(row, name) for name in StoredRecord._fields}
    try:
        fields["body"] = msgspec.json.decode(row.body)
    except ValueError:
        fields |= {"body": None, "body_hex": row.body.hex()}  # damaged in the store: shown as it is
    out.write(msgspec.json.encode(fields).decode() + "\n")
    return 1


def _write_sale(out: TextIO, row: StoredRecord, count: int) -> int:
    if row.kind != Sale.KIND:
        return 0
    writer = csv.writer(out)
    if not count:
        writer.writerow(SALE_COLUMNS)
    sale = decode(row.kind, row.version, row.body)
    assert isinstance(sale, Sale)
    by = {
        kind: sum(part.paid_fen for part in sale.tenders if part.kind == kind)
        for kind in ("cash", "card", "code", "voucher")
    }
    change = sum(part.change_fen for part in sale.tenders)
    sums = (sale.total_fen, sale.rounding_fen, sale.due_fen, *by.values(), change)
    at = datetime.fromtimestamp(row.at_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    receipt = f"{sale.batch:06d}-{sale.trace:06d}"
    head = (row.terminal, row.epoch, row.seq, at, sale.business_date, receipt, sale.operator)
    writer.writerow((*head, *(yuan(fen) for fen in sums), sale.settings_rev))
    return 1


@contextmanager
def _file(path: Path | None) -> Iterator[TextIO]:
    """Where it is written: standard output; what is no plain file (a pipe, a device), as it is; or a plain file behind every
    link that leads there, which is the old one until the new one is whole. Raises `Wrong`."""
    if path is None:
        yield sys.stdout
        return
    try:
        plain = path.is_file() or not path.exists()
        with _draft(_target(path)) if plain else path.open("w", encoding="utf-8", newline="") as out:
            yield out
    except OSError as trouble:
        raise Wrong("unwritten", {"path": str(path), "detail": str(trouble)}) from trouble


def _target(path: Path) -> Path:
    """Where links lead. Raises `OSError`, also for those that lead in a circle."""
    try:
        return path.resolve()
    except RuntimeError as circle:  # as older releases of Python say it
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from circle


@contextmanager
def _draft(target: Path) -> Iterator[TextIO]:
    """Under a name of its own in the same folder, and at the end in the target's place, with its rights."""
    draft = draft_of(target)
    with draft.open("x", encoding="utf-8", newline="") as out:
        try:
            yield out
            out.close()
            if target.exists():
                draft.chmod(stat.S_IMODE(target.stat().st_mode))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
