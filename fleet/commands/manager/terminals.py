"""`posfleet terminals|show|register|tag`: who is out there, how they are, and what they are called."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from rich.live import Live
from rich.table import Table

from fleet import admin
from fleet.admin import (
    ListTerminals,
    Register,
    Registered,
    SetTags,
    ShowTerminal,
    TerminalLook,
    Terminals,
    TerminalShown,
)
from fleet.commands.look import console, moment, put, tabled
from fleet.commands.manager.asking import (
    Say,
    all_word,
    ask,
    code_words,
    done,
    fault_words,
    few,
    json_word,
    table,
    tell,
    tell_actions,
    update_words,
    value,
    where_of,
    where_words,
    why_words,
    word,
)  # fmt: skip
from texts import Lang
from wire.fleet import Reported

PAGE = 1_000
WATCH_EVERY_S = 2.0
COLUMNS = (
    "terminal",
    "shop",
    "group",
    "tags",
    "link",
    "backlog",
    "software",
    "rev",
    "status",
    "printer",
    "battery",
    "seen",
)
SORTS: dict[str, Callable[[TerminalLook], Any]] = {
    "id": lambda row: row.terminal,
    "shop": lambda row: (row.shop, row.terminal),
    "seen": lambda row: (-row.seen_ms, row.terminal),
    "backlog": lambda row: (-row.backlog, row.terminal),
    "software": lambda row: (row.state.software if row.state else "", row.terminal),
    "status": lambda row: (row.reported.status if row.reported else "", row.terminal),
}


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """Their words."""
    it = commands.add_parser("terminals", parents=[common], help=say("terminals"), description=say("terminals_more"))
    where_words(it, say)
    it.add_argument("--status", default="", metavar="applied|rejected|…", help=say("status"))
    for name in ("online", "offline", "silent", "drift", "unregistered", "retired"):
        it.add_argument(f"--{name}", action="store_true", help=say(name))
    it.add_argument("--sort", choices=tuple(SORTS), default="id", help=say("sort"))
    it.add_argument("--watch", action="store_true", help=say("watch"))
    json_word(it, say)
    it.set_defaults(run=listed)

    it = commands.add_parser("show", parents=[common], help=say("show"), description=say("show_more"))
    it.add_argument("id", metavar="ID", help=say("id"))
    json_word(it, say)
    it.set_defaults(run=shown)

    it = commands.add_parser("register", parents=[common], help=say("register"), description=say("register_more"))
    it.add_argument("ids", nargs="+", metavar="ID", help=say("ids"))
    it.add_argument("--shop", default="", metavar="NAME", help=say("shop_of"))
    it.add_argument("--group", default="", metavar="NAME", help=say("group_of"))
    it.add_argument("--tag", action="append", default=[], metavar="NAME", help=say("tag_of"))
    it.add_argument("--note", default="", metavar="TEXT", help=say("note"))
    it.add_argument("--retired", action="store_true", help=say("retire"))
    why_words(it, say)
    json_word(it, say)
    it.set_defaults(run=register)

    it = commands.add_parser("tag", parents=[common], help=say("tag_tool"), description=say("tag_more"))
    where_words(it, say)
    all_word(it, say)
    it.add_argument("--add", action="append", default=[], metavar="NAME", help=say("tag_add"))
    it.add_argument("--remove", action="append", default=[], metavar="NAME", help=say("tag_remove"))
    why_words(it, say)
    json_word(it, say)
    it.set_defaults(run=tag)


def listed(options: argparse.Namespace, lang: Lang) -> int:
    """A table, a live one, or one JSON line each."""
    if options.watch and not options.json:
        _watch(options, lang)
        return 0
    rows = sorted(_rows(options), key=SORTS[options.sort])
    if options.json:
        for row in rows:
            put(row)
        return 0
    table(lang, COLUMNS, (_cells(row, lang) for row in rows))
    tell(lang, "terminals__sum", count=len(rows), online=sum(_online(row) for row in rows))
    return 0


def _rows(options: argparse.Namespace) -> Iterator[TerminalLook]:
    where = where_of(options, all_asked=False)
    told = {
        "status": options.status,
        "link": "silent" if options.silent else None,
        "online": True if options.online else False if options.offline else None,
        "drift": options.drift or None,
        "registered": False if options.unregistered else None,
        "retired": options.retired,
    }
    where = msgspec.structs.replace(where, **told)
    after, more = "", True
    while more:
        page = ask(options, ListTerminals(where=where, after=after, limit=PAGE), Terminals)
        yield from page.rows
        after, more = (page.rows[-1].terminal, page.more) if page.rows else ("", False)


def _watch(options: argparse.Namespace, lang: Lang) -> None:
    """The table anew every two seconds until Ctrl-C."""

    def now() -> Any:
        return tabled(
            lang, COLUMNS, (_cells(row, lang) for row in sorted(_rows(options), key=SORTS[options.sort])), "manager"
        )

    there = console()
    try:
        with Live(now(), console=there, auto_refresh=False, screen=there.is_terminal) as live:
            while True:
                time.sleep(WATCH_EVERY_S)
                live.update(now(), refresh=True)
    except KeyboardInterrupt:
        return


def _online(row: TerminalLook) -> bool:
    return row.link == "online"


def _cells(row: TerminalLook, lang: Lang) -> list[str]:
    state = row.state
    rev = f"{row.rev} → {row.desired_rev}" if row.desired_rev not in (0, row.rev) else str(row.rev)
    return [
        row.terminal,
        row.shop or ("" if row.registered else word(lang, "register", "none")),
        row.group,
        " ".join(row.tags),
        word(lang, "link", row.link),
        str(row.backlog or ""),
        state.software if state else "",
        rev,
        _status(row, lang),
        state.printer if state else "",
        "" if state is None or state.battery is None else f"{state.battery} %",
        moment(row.seen_ms),
    ]


def _unreadable(reported: Reported | None) -> str:
    """What a terminal says of a text that has no revision."""
    other = reported.unreadable if reported is not None else None
    return f"[{other.code}] {other.path} {other.reason}" if other is not None else ""


def _status(row: TerminalLook, lang: Lang) -> str:
    marks = [word(lang, "status", row.reported.status)] if row.reported else []
    if row.reported is not None and row.reported.drift:
        marks.append(word(lang, "status", "drift"))
    if row.reported is not None and row.reported.locked:
        marks.append(word(lang, "status", "locked"))
    if row.rollout:
        marks.append(f"#{row.rollout}")
    return " ".join(marks)


# --- one ----------------------------------------------------------------------------------------------------------------


def shown(options: argparse.Namespace, lang: Lang) -> int:
    """Everything about one terminal but its records. Exit code 1 when something is to be looked at."""
    it = ask(options, ShowTerminal(terminal=options.id), TerminalShown)
    if options.json:
        put(it)
        return int(bool(it.gaps or it.faults))
    look, reported = it.look, it.look.reported
    facts: list[tuple[str, str]] = [
        ("shop", look.shop), ("group", look.group), ("tags", " ".join(look.tags)), ("note", look.note),
        ("link", _cells(look, lang)[4]), ("seen", moment(look.seen_ms)), ("backlog", str(look.backlog)),
        ("desired", f"{look.desired_rev} {moment(look.desired_ms)}" if look.desired_rev else ""),
        ("rev", str(look.rev) if reported or look.state else ""), ("status", _status(look, lang)),
        ("reason", _reason(reported, lang) if reported and reported.code else ""),
        ("update", _update(reported, lang)),
        ("unreadable", _unreadable(reported)),
        ("drift", few(f"{each.path} ({each.owner})" for each in reported.drift) if reported else ""),
        ("layers", few(f"{each.layer} v{each.number}" for each in it.layers)),
    ]  # fmt: skip
    if look.state is not None:
        state = look.state
        facts += [
            ("ended", word(lang, "end", state.end) if state.end else ""),
            ("software", state.software), ("printer", state.printer), ("drawer", state.drawer), ("clock", state.clock),
            ("battery", "" if state.battery is None else f"{state.battery} %"),
        ]  # fmt: skip
    table(lang, ("what", "value"), ([word(lang, "column", name), text] for name, text in facts if text))
    update = reported.update if reported else None
    tell_actions([reported.code, update.code if update else 0] if reported else [], lang)
    _changes(it, lang)
    if it.timeline:
        table(
            lang,
            ("at", "what", "detail"),
            ([moment(e.at_ms), word(lang, "passage", e.what), e.detail] for e in it.timeline),
        )
    if it.gaps:
        tell(lang, "show__gaps", count=len(it.gaps))
    return int(bool(it.gaps or it.faults))


def _update(reported: Reported | None, lang: Lang) -> str:
    """The release that was ordered last, unless it is in force."""
    update = reported.update if reported is not None else None
    if update is None or update.status == "applied":
        return ""
    return f"{update.version} {update_words(update, lang)}"


def _reason(reported: Reported, lang: Lang) -> str:
    return f"{reported.path} {code_words(reported.code, reported.reason, lang)}".lstrip()


def _changes(it: TerminalShown, lang: Lang) -> None:
    if it.faults:
        tell(lang, "show__faults")
        fault_table(it.faults, lang)
    elif it.pending:
        tell(lang, "show__pending")
        change_table(it.pending, lang)


def change_table(changes: Iterable[admin.PathChange], lang: Lang) -> None:
    """Settings that differ, by path."""
    console().print(changes_tabled(changes, lang))


def changes_tabled(changes: Iterable[admin.PathChange], lang: Lang) -> Table:
    """Settings that differ, by path."""
    rows = ([each.path, value(each.before), value(each.after)] for each in changes)
    return tabled(lang, ("path", "before", "after"), rows, "manager")


def fault_table(faults: Iterable[admin.Fault], lang: Lang) -> None:
    """What is wrong with settings, by path."""
    rows = ([each.path, fault_words(each, lang), each.layer, each.terminal] for each in faults)
    table(lang, ("path", "fault", "layer", "terminal"), rows)


# --- the register -----------------------------------------------------------------------------------------------------


def register(options: argparse.Namespace, lang: Lang) -> int:
    """Enter terminals, or write their entries anew."""
    fields = {"shop": options.shop, "group": options.group, "tags": tuple(options.tag), "note": options.note}
    rows = tuple(Registered(terminal=each, retired=options.retired, **fields) for each in options.ids)
    return done(options, lang, "register__done", count=ask(options, Register(rows=rows), admin.Done).count)


def tag(options: argparse.Namespace, lang: Lang) -> int:
    """Add and take away tags of all that are chosen."""
    where = where_of(options)
    request = SetTags(where=where, add=tuple(options.add), remove=tuple(options.remove))
    return done(options, lang, "register__done", count=ask(options, request, admin.Done).count)
