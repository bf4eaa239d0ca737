"""`posfleet records ID` lists what is kept of a terminal; `posfleet records verify [ID]` checks it."""

import argparse
import json
from collections.abc import Iterator

import msgspec

from fleet.commands import Wrong
from fleet.commands.exits import FOUND
from fleet.commands.look import counting, moment, opened, say, show
from fleet.sql import SqlBooks
from fleet.store import StoredRecord
from fleet.verify import Finding, Verdict, verify
from texts import Lang, t

PAGE = 500
BODY_SHOWN_MAX = 100


def run(options: argparse.Namespace, lang: Lang) -> int:
    """List or verify. Exit code 1 when verify found something."""
    with opened(options.data) as books:
        known = [row.terminal for row in books.all_terminals()]
        wanted = options.terminal if options.id == "verify" else options.id
        if wanted and wanted not in known:
            raise Wrong("no_terminal", {"terminal": wanted})
        if options.id == "verify":
            return _verify(books, [wanted] if wanted else known, options.json, lang)
        if options.terminal:
            raise Wrong("too_many", {"text": options.terminal})
        return _list(books, options, lang)


def _list(books: SqlBooks, options: argparse.Namespace, lang: Lang) -> int:
    rows = _rows(books, options.id, options.epoch, options.after)
    if options.json:
        for row in rows:
            print(_json_line(row))
        return 0
    columns = ("epoch", "seq", "kind", "at", "clock", "body", "hash")
    show(lang, columns, ([*_cells(row)] for row in rows))
    return 0


def _rows(books: SqlBooks, terminal: str, epoch: int | None, after: int) -> Iterator[StoredRecord]:
    for each in books.epochs_of(terminal):
        if epoch is not None and each.epoch != epoch:
            continue
        last = after
        while page := books.records_after(terminal, each.epoch, last, PAGE):
            yield from page
            last = page[-1].seq


def _json_line(row: StoredRecord) -> str:
    fields: dict[str, object] = {name: getattr(row, name) for name in StoredRecord._fields}
    try:
        fields["body"] = json.loads(row.body)
    except ValueError:
        fields |= {"body": None, "body_hex": row.body.hex()}  # damaged in the store: shown as it is
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode()


def _cells(row: StoredRecord) -> Iterator[str]:
    body = row.body.decode(errors="replace")
    yield from (str(row.epoch), str(row.seq), f"{row.kind} v{row.version}", moment(row.at_ms), row.clock)
    yield body if len(body) <= BODY_SHOWN_MAX else body[:BODY_SHOWN_MAX] + "…"
    yield row.hash[:12]


def _verify(books: SqlBooks, terminals: list[str], as_json: bool, lang: Lang) -> int:
    verdicts = []
    with counting(t("fleet", lang, "verify__doing", all=len(terminals))) as step:
        for number, terminal in enumerate(terminals):
            step(number)
            verdicts.append(verify(books, terminal))
    if as_json:
        for verdict in verdicts:
            print(msgspec.json.encode(verdict).decode())
    else:
        for verdict in verdicts:
            _tell(verdict, lang)
    return FOUND if any(verdict.findings for verdict in verdicts) else 0


def _tell(verdict: Verdict, lang: Lang) -> None:
    key = "verify__bad" if verdict.findings else "verify__good"
    arguments = {"terminal": verdict.terminal, "records": verdict.records, "sealed": verdict.sealed}
    say(lang, key, findings=len(verdict.findings), **arguments)
    if verdict.findings:
        columns = ("fault", "epoch", "seq", "detail", "step")
        show(lang, columns, (_finding(each, lang) for each in verdict.findings))


def _finding(found: Finding, lang: Lang) -> list[str]:
    seqs = str(found.first) if found.first == found.last else f"{found.first}-{found.last}"
    fault = t("fleet", lang, f"fault__{found.fault}")
    return [fault, str(found.epoch), seqs, found.detail, t("fleet", lang, f"fault_step__{found.fault}")]
