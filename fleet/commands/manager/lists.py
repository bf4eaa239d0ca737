"""`posfleet gaps|quarantine|audit|pushes`: what a person should look at, and who did what."""

import argparse
import sys
from typing import Any

from fleet.admin import (
    Audit,
    AuditSeen,
    DealtWith,
    DealWith,
    Gaps,
    GapsSeen,
    Pushes,
    PushesSeen,
    Quarantined,
    QuarantineSeen,
)  # fmt: skip
from fleet.commands import Wrong
from fleet.commands.exits import FOUND
from fleet.commands.line import Bounded
from fleet.commands.look import moment, plain, put
from fleet.commands.manager.asking import (
    Say,
    ask,
    done,
    json_word,
    table,
    tell,
    utc_ms,
    why_words,
    word,
)
from texts import Lang, t

LIMIT_MAX = 1_000
ID_SHOWN = 12


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """Their words."""
    for name, run in (("gaps", gaps), ("quarantine", quarantine), ("pushes", pushes)):
        it = commands.add_parser(name, parents=[common], help=say(name), description=say(f"{name}_more"))
        it.add_argument("--terminal", default="", metavar="ID", help=say("id"))
        it.add_argument("--limit", type=Bounded(1, LIMIT_MAX), default=200, metavar="N", help=say("limit"))
        json_word(it, say)
        it.set_defaults(run=run)
        if name == "quarantine":
            it.add_argument("act", nargs="?", choices=("list", "done"), default="list")
            it.add_argument("ids", nargs="*", default=[], metavar="ID", help=say("quarantine_ids"))
            it.add_argument("--all", action="store_true", help=say("quarantine_all"))
            why_words(it, say)
    it = commands.add_parser("audit", parents=[common], help=say("audit"), description=say("audit_more"))
    for name in ("who", "what", "subject"):
        it.add_argument(f"--{name}", default="", metavar="TEXT", help=say(f"audit_{name}"))
    it.add_argument("--limit", type=Bounded(1, LIMIT_MAX), default=100, metavar="N", help=say("limit"))
    json_word(it, say)
    it.set_defaults(run=audit)


def gaps(options: argparse.Namespace, lang: Lang) -> int:
    """Records known to exist that are not here. Exit code 1 when there are any."""
    rows = ask(options, Gaps(terminal=options.terminal, limit=options.limit), GapsSeen).rows
    if options.json:
        for row in rows:
            put(row)
    elif rows:
        columns = ("terminal", "epoch", "first", "last", "asked")
        table(lang, columns, ([r.terminal, str(r.epoch), str(r.first), str(r.last), moment(r.asked_ms)] for r in rows))
    else:
        tell(lang, "lists__whole")
    return FOUND if rows else 0


def quarantine(options: argparse.Namespace, lang: Lang) -> int:
    """What could not be read, and what came under a key that was taken. Exit code 1 when any of it is open. `done`: somebody
    has dealt with it."""
    if options.act == "done":
        return _deal_with(options, lang)
    request = Quarantined(terminal=options.terminal, limit=options.limit, dealt=options.all)
    rows = ask(options, request, QuarantineSeen).rows
    if options.json:
        for row in rows:
            put(row)
    elif rows:
        columns = (
            "id",
            "terminal",
            "epoch",
            "seq",
            "what",
            "reason",
            "bytes",
            "at",
            *(("dealt",) if options.all else ()),
        )
        table(
            lang, columns,
            (
                [
                    r.id[:ID_SHOWN], r.terminal, str(r.epoch), str(r.seq),
                    word(lang, "aside", "conflict" if r.conflict else "unread"), r.reason, str(r.size), moment(r.got_ms),
                    *((f"{moment(r.dealt_ms)} {r.dealt_by} {plain(r.note)}".strip(),) if options.all else ()),
                ]
                for r in rows
            ),
        )  # fmt: skip
    else:
        tell(lang, "lists__nothing")
    return FOUND if any(not row.dealt_ms for row in rows) else 0


def _deal_with(options: argparse.Namespace, lang: Lang) -> int:
    if bool(options.ids) == options.all or (options.ids and options.terminal):
        raise Wrong("ids_or_all", room="manager")
    upto_ms = utc_ms() if options.all else 0
    request = DealWith(ids=tuple(options.ids), terminal=options.terminal, upto_ms=upto_ms)
    return done(options, lang, "lists__dealt", count=ask(options, request, DealtWith).count)


def pushes(options: argparse.Namespace, lang: Lang) -> int:
    """Who pushed what to whom and why, newest first."""
    request = Pushes(terminal=options.terminal, limit=options.limit)
    rows = ask(options, request, PushesSeen).rows
    if options.json:
        for row in rows:
            put(row)
        return 0
    columns = ("rev", "at", "who", "why", "kind", "terminals", "rollout")
    table(
        lang, columns,
        (
            [
                str(r.rev), moment(r.at_ms), r.who, r.why, word(lang, "push_kind", r.kind), str(r.terminals),
                f"#{r.rollout}" if r.rollout else "",
            ]
            for r in rows
        ),
    )  # fmt: skip
    return 0


def audit(options: argparse.Namespace, lang: Lang) -> int:
    """Everything anybody did, newest first. Exit code 1 when the chain of hashes does not fit."""
    request = Audit(who=options.who, what=options.what, subject=options.subject, limit=options.limit)
    seen = ask(options, request, AuditSeen)
    if options.json:
        for row in seen.rows:
            put(row)
    else:
        columns = ("number", "at", "who", "role", "what", "subject", "why", "detail")
        table(
            lang, columns,
            ([str(r.number), moment(r.at_ms), r.who, r.role, r.what, r.subject, r.why, r.detail] for r in seen.rows),
        )  # fmt: skip
    if not seen.whole:
        print(t("manager", lang, "lists__broken"), file=sys.stderr)
    return 0 if seen.whole else FOUND
