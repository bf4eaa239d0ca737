"""`posfleet cmd`: order something of terminals and wait for what they answer."""

import argparse
import gzip
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fleet.admin import (
    EXPIRY_S_MAX,
    EXPIRY_S_MIN,
    CommandData,
    CommandDataGot,
    Commands,
    CommandsSeen,
    Ordered,
    OrderLook,
    SendCommand,
)
from fleet.commands import Wrong
from fleet.commands.exits import FOUND
from fleet.commands.line import Bounded
from fleet.commands.look import moment, put
from fleet.commands.manager.asking import (
    Say,
    all_word,
    ask,
    code_words,
    confirmed,
    few,
    json_word,
    table,
    tell,
    tell_actions,
    update_words,
    utc_ms,
    where_of,
    where_words,
    why_words,
    word,
    wrong_value,
    yes_word,
)  # fmt: skip
from fleet.commands.manager.blobs import blob_words, release_of
from fleet.desk.words import check_name
from fleet.door import is_served
from texts import Lang, t
from wire.fleet import ON_TRIAL, Command

LIMIT_MAX = 1_000
TWICE = 1018
POLL_S = 0.5
GRACE_MS = 2_000
"""The backend books "no answer" a moment after an order has expired."""

LOG_BYTES_MAX = 32 * 1024 * 1024
OPEN = ("waiting", "accepted")
SURE = ("lock", "reboot", "update", "drawer")
"""What stops or opens something is asked for twice."""


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """`posfleet cmd NAME …` and `posfleet cmd list`."""
    it = commands.add_parser("cmd", help=say("cmd"), description=say("cmd_more"))
    more = it.add_subparsers(required=True, metavar=say("command"))
    for name in ("identify", "selftest", "log", "lock", "unlock", "reboot", "replay", "drawer", "update"):
        it = more.add_parser(name, parents=[common], help=say(f"cmd_{name}"), description=say(f"cmd_{name}"))
        where_words(it, say)
        all_word(it, say)
        _own_words(it, name, say)
        why_words(it, say, required=name in SURE)
        bounds = Bounded(EXPIRY_S_MIN, EXPIRY_S_MAX)
        it.add_argument("--expires", type=bounds, default=120, metavar="S", help=say("expires"))
        it.add_argument("--no-wait", action="store_true", help=say("no_wait"))
        yes_word(it, say)
        json_word(it, say)
        it.set_defaults(run=order, name=name)
    it = more.add_parser("list", parents=[common], help=say("cmd_list"), description=say("cmd_list"))
    it.add_argument("--terminal", default="", metavar="ID", help=say("id"))
    it.add_argument("--limit", type=Bounded(1, LIMIT_MAX), default=50, metavar="N", help=say("limit"))
    json_word(it, say)
    it.set_defaults(run=listed)


def _own_words(it: argparse.ArgumentParser, name: str, say: Say) -> None:
    match name:
        case "identify":
            it.add_argument("--seconds", type=int, default=10, metavar="S", help=say("seconds"))
        case "log":
            it.add_argument("--lines", type=int, default=200, metavar="N", help=say("lines"))
            it.add_argument("--out", type=Path, default=Path(), metavar="DIR", help=say("log_out"))
        case "reboot":
            it.add_argument("--device", action="store_true", help=say("device"))
        case "replay":
            for bound in ("epoch", "first", "last"):
                it.add_argument(f"--{bound}", type=int, required=True, metavar="N", help=say(bound))
        case "update":
            it.add_argument("--version", required=True, metavar="VERSION", help=say("release"))
            blob_words(it, say)


def _command(options: argparse.Namespace) -> Command:
    """What is ordered. Raises `Wrong` for values no terminal would take."""
    fields: dict[str, Any] = {"type": options.name}
    match options.name:
        case "identify":
            fields |= {"seconds": options.seconds}
        case "log":
            fields |= {"lines": options.lines}
        case "lock" | "drawer":
            fields |= {"reason": options.why}
        case "reboot":
            fields |= {"what": "device" if options.device else "daemon"}
        case "replay":
            fields |= {"epoch": options.epoch, "first": options.first, "last": options.last}
        case "update":
            blob = release_of(options.data, options.bundle, options.url, options.version)
            fields |= {"version": options.version, "bundle": msgspec.to_builtins(blob)}
    command: Command = wrong_value(lambda: msgspec.convert(fields, Command))
    return command


def order(options: argparse.Namespace, lang: Lang) -> int:
    """Order it, wait for the answers. Exit code 1 when one terminal did not do it."""
    where, command = where_of(options), _command(options)
    if options.name in SURE and not confirmed(
        options, lang, "order", what=t("manager", lang, f"help__cmd_{options.name}")
    ):
        raise Wrong("left", room="manager")
    request = SendCommand(where=where, command=command, expires_s=options.expires)
    ordered = ask(options, request, Ordered)
    if not is_served(options.data):
        print(t("manager", lang, "cmd__unserved"), file=sys.stderr)
    if options.no_wait:
        put(ordered) if options.json else tell(lang, "cmd__sent", count=len(ordered.cids), batch=ordered.batch)
        return 0
    rows = _wait(options, ordered, lang)
    if options.name == "log":
        _keep_logs(options, rows, lang)
    _show(options, rows, lang)
    return FOUND if any(row.status != "done" for row in rows) else 0


def _wait(options: argparse.Namespace, ordered: Ordered, lang: Lang) -> tuple[OrderLook, ...]:
    """Until every terminal has answered or its order has expired; Ctrl-C stops waiting, not the orders."""
    until_ms = utc_ms() + options.expires * 1_000 + GRACE_MS
    there = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=there, transient=True, disable=options.json or not there.is_terminal,
    )  # fmt: skip
    rows: tuple[OrderLook, ...] = ()
    with bar:
        task = bar.add_task(t("manager", lang, "cmd__waiting"), total=len(ordered.cids))
        try:
            while True:
                rows = _orders(options, ordered)
                open_now = [row for row in rows if row.status in OPEN]
                bar.update(task, completed=len(rows) - len(open_now))
                if not open_now or utc_ms() > until_ms:
                    return rows
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            return rows


def _orders(options: argparse.Namespace, ordered: Ordered) -> tuple[OrderLook, ...]:
    seen = ask(options, Commands(batch=ordered.batch, limit=LIMIT_MAX), CommandsSeen).rows
    if len(ordered.cids) > len(seen):  # more than one page holds: each by its own number
        got = {row.cid for row in seen}
        rest = [cid for cid in ordered.cids.values() if cid not in got]
        seen += tuple(row for cid in rest for row in ask(options, Commands(cid=cid, limit=1), CommandsSeen).rows)
    return seen


def _keep_logs(options: argparse.Namespace, rows: tuple[OrderLook, ...], lang: Lang) -> None:
    for row in rows:
        if row.status != "done" or not row.parts_all:
            continue
        got = ask(options, CommandData(cid=row.cid), CommandDataGot)
        if not got.whole:
            tell(lang, "cmd__log_part", terminal=row.terminal, parts=row.parts, all=row.parts_all)
            continue
        path = options.out / f"{row.terminal}-{row.cid}.log"
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            with gzip.open(_bytes(got.data)) as packed:
                text = packed.read(LOG_BYTES_MAX)
            path.write_bytes(text)
        except (OSError, EOFError) as trouble:
            raise Wrong("unwritten", {"path": str(path), "detail": str(trouble)}) from trouble
        if not options.json:
            tell(lang, "cmd__log", path=path)


def _bytes(data: bytes) -> Any:
    import io

    return io.BytesIO(data)


def listed(options: argparse.Namespace, lang: Lang) -> int:
    """What was ordered lately, newest first."""
    request = Commands(terminal=options.terminal, limit=options.limit)
    _show(options, ask(options, request, CommandsSeen).rows, lang)
    return 0


def _show(options: argparse.Namespace, rows: tuple[OrderLook, ...], lang: Lang) -> None:
    if options.json:
        for row in rows:
            put(row)
        return
    columns = ("terminal", "command", "status", "detail", "who", "why", "at")
    table(lang, columns, (_cells(row, lang) for row in rows))
    put_off = [row for row in rows if row.status == "refused" and row.code == TWICE and row.reason.endswith(ON_TRIAL)]
    told = (row for row in rows if row not in put_off)
    tell_actions(
        (code for row in told for code in (row.code, *(each.code for each in row.checks), _held_up(row))), lang
    )
    if put_off:
        action = t("manager", lang, "cmd__put_off", terminals=few(dict.fromkeys(row.terminal for row in put_off)))
        tell(lang, "asking__action", code=TWICE, action=action)


def _held_up(row: OrderLook) -> int:
    return row.update.code if row.update is not None else 0


def _cells(row: OrderLook, lang: Lang) -> list[str]:
    named = ((each, check_name(each.name, lang)) for each in row.checks)
    checks = "  ".join(
        f"✓ {name}" if each.ok else f"✗ {name} {code_words(each.code, '', lang)}" for each, name in named
    )
    so_far = update_words(row.update, lang) if row.update is not None else ""
    detail = "  ".join(part for part in (code_words(row.code, row.reason, lang), so_far, checks) if part)
    return [row.terminal, row.name, word(lang, "order", row.status), detail, row.who, row.why, moment(row.issued_ms)]
