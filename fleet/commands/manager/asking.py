"""What all commands of managers share: asking the backend, choosing terminals, and showing what it answered."""

import argparse
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from fleet import database, home
from fleet.accounts import account, sudo_said
from fleet.admin import READS, ROLES, Call, Caller, Fault, Refused, Reply, Request, Where, checked
from fleet.commands import Wrong, exits, look, no_store
from fleet.commands.look import plain, show
from fleet.door import ask as ask_door
from fleet.store import BadUrl, StoreAway, StoreTrouble
from rules.errors import errors
from texts import Lang, catalogue, t
from wire.fleet import UpdateLook

Say = Callable[[str], str]
Answer = TypeVar("Answer")
FAULTS_SHOWN_MAX = 20
TERMINALS_SHOWN_MAX = 12


def ask(options: argparse.Namespace, request: Request, kind: type[Answer]) -> Answer:
    """Ask the backend of the data folder. Raises `Wrong` for values that no request has, and for a refusal, with what to do
    about it."""
    made = Call(
        by=Caller(name=account(os.getuid()), role=getattr(options, "role", "approver"), sudo=sudo_said()),
        request=request,
        why=getattr(options, "why", "") or "",
        nonce=secrets.token_hex(16),
    )
    call = wrong_value(lambda: checked(made))
    if isinstance(request, READS) and not database.is_there(options.data):
        raise Wrong("no_database", {"path": database.shown(options.data)})
    changes = not isinstance(request, READS)
    try:
        reply: Reply = ask_door(options.data, call, utc_ms)
    except home.InUse as trouble:
        raise Wrong("deaf", {"path": str(options.data)}, room="manager") from trouble
    except BadUrl as trouble:
        raise Wrong("database_url", {"detail": str(trouble)}) from trouble
    except StoreTrouble as trouble:
        raise no_store(database.shown(options.data), trouble, changes) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("backend", {"path": str(options.data), "detail": str(trouble)}, room="manager") from trouble
    if isinstance(reply, Refused) and reply.reason == "store_away":
        raise no_store(database.shown(options.data), StoreAway(plain(reply.detail)), changes)
    if isinstance(reply, Refused):
        raise Denied(reply)
    assert isinstance(reply, kind), reply
    return reply


class Denied(Wrong):
    """The backend's refusal. Its texts are `refused__REASON` and `refused_step__REASON` of the room `fleet`."""

    def __init__(self, reply: Refused) -> None:
        super().__init__(reply.reason)
        self._about = {"detail": plain(reply.detail), "terminals": few(map(plain, reply.terminals))}
        self.faults = reply.faults

    def cause(self, lang: Lang) -> str:
        """What was refused, and every path at fault."""
        lines = [t("fleet", lang, f"refused__{self.name}", **self._about)]
        lines += [
            plain(f"  {_from(each.layer)}{each.path}: {fault_words(each, lang)}")
            for each in self.faults[:FAULTS_SHOWN_MAX]
        ]
        return "\n".join(lines)

    @property
    def code(self) -> int:
        """The exit code."""
        return exits.USAGE if self.name in exits.REFUSED_WRONG else exits.TROUBLE

    def step(self, lang: Lang) -> str:
        """What to do about it."""
        return t("fleet", lang, f"refused_step__{self.name}", **self._about)


def fault_words(fault: Fault, lang: Lang) -> str:
    """What is wrong with one setting, with its code."""
    return f"[{fault.code}] {reason_words(fault.reason, lang)} {fault.detail}".rstrip()


def code_words(code: int, reason: str, lang: Lang) -> str:
    """A terminal's answer: the code with its title, and what it added; empty when there is neither."""
    entry = errors().get(code)
    title = entry.line(lang) if entry is not None else f"[{code}]" if code else ""
    return ": ".join(part for part in (title, plain(reason_words(reason, lang))) if part)


def update_words(update: UpdateLook, lang: Lang) -> str:
    """How far an update has come, and why it has come no further."""
    so_far, why = word(lang, "status", update.status), code_words(update.code, update.reason, lang)
    return ": ".join(part for part in (so_far, why) if part)


def tell_actions(codes: Iterable[int], lang: Lang) -> None:
    """What to do about each code there is, once."""
    for code in sorted(set(codes) & errors().keys()):
        tell(lang, "asking__action", code=code, action=errors()[code].action(lang))


def reason_words(reason: str, lang: Lang) -> str:
    """Why a setting was not taken, in words; as it stands what has none."""
    return catalogue("rules", lang).get(f"problem__{reason}", reason)


def _from(layer: str) -> str:
    return f"[{layer}] " if layer else ""


def utc_ms() -> int:
    """Now."""
    return time.time_ns() // 1_000_000


# --- which terminals --------------------------------------------------------------------------------------------------


def where_words(it: argparse.ArgumentParser, say: Say, ids: bool = True) -> None:
    """Options that choose terminals; all that are given must be met."""
    if ids:
        it.add_argument("ids", nargs="*", default=[], metavar="ID", help=say("ids"))
    it.add_argument("--shop", default="", metavar="NAME", help=say("shop"))
    it.add_argument("--group", default="", metavar="NAME", help=say("group"))
    it.add_argument("--tag", action="append", default=[], metavar="NAME", help=say("tag"))
    it.add_argument("--without-tag", action="append", default=[], metavar="NAME", help=say("without_tag"))
    it.add_argument("--software", default="", metavar="VERSION", help=say("software"))


def where_of(options: argparse.Namespace, all_asked: bool = True) -> Where:
    """What was chosen. Raises `Wrong`: nothing was, where `all_asked` wants `--all` to be said for everything."""
    where = wrong_value(
        lambda: msgspec.convert(
            {
                "terminals": list(getattr(options, "ids", [])),
                "shop": options.shop, "group": options.group, "tags": options.tag,
                "without": options.without_tag, "software": options.software,
            },
            Where,
        )
    )  # fmt: skip
    if all_asked and where == Where() and not options.all:
        raise Wrong("nobody_chosen", room="manager")
    return where


def wrong_value(made: Callable[[], Answer]) -> Answer:
    """What msgspec converts words from the command line to. Raises `Wrong` when they have no such form."""
    try:
        return made()
    except (msgspec.ValidationError, ValueError) as trouble:
        raise Wrong("value", {"detail": _misfit(str(trouble))}, room="manager") from trouble


def _misfit(text: str) -> str:
    """`seconds: int >= 1` of what msgspec says: "Expected `int` >= 1 - at `$.seconds`"."""
    found = re.fullmatch(r"Expected (?P<form>.+) - at `\$\.?(?:request\.)?(?P<place>.*)`", text)
    return f"{found['place']}: {found['form'].replace('`', '')}" if found else text


def all_word(it: argparse.ArgumentParser, say: Say) -> None:
    """`--all`: every terminal, on purpose."""
    it.add_argument("--all", action="store_true", help=say("all"))


def why_words(it: argparse.ArgumentParser, say: Say, required: bool = False) -> None:
    """Why it is done, for the audit; and that nobody need be asked."""
    it.add_argument("--why", default="", required=required, metavar="TEXT", help=say("why"))
    it.add_argument("--role", choices=ROLES, default="approver", help=say("role"))


def json_word(it: argparse.ArgumentParser, say: Say) -> None:
    it.add_argument("--json", action="store_true", help=say("json"))


# --- showing ----------------------------------------------------------------------------------------------------------


def done(options: argparse.Namespace, lang: Lang, key: str, **told: object) -> int:
    """Say that it is done, by one of this room's texts or as JSON; the exit code."""
    return look.done(options.json, lang, key, "manager", **told)


def table(lang: Lang, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table whose titles are this room's texts."""
    show(lang, columns, rows, room="manager")


def tell(lang: Lang, key: str, **arguments: object) -> None:
    """Print one of this room's texts."""
    print(t("manager", lang, key, **arguments))


def word(lang: Lang, area: str, name: str) -> str:
    """The text of a state or kind; the name itself when there is none."""
    return catalogue("manager", lang).get(f"{area}__{name}", name)


def few(names: Iterable[str], count: int = 0) -> str:
    """The first of them, and how many more there are; `count`: of all, where these are the first."""
    listed = list(names)
    rest = max(count, len(listed)) - min(len(listed), TERMINALS_SHOWN_MAX)
    return ", ".join(listed[:TERMINALS_SHOWN_MAX]) + (f" … +{rest}" if rest > 0 else "")


def value(it: Any) -> str:
    """A setting's value on one line."""
    return "–" if it is None else plain(msgspec.json.encode(it).decode())[:120]


def confirmed(options: argparse.Namespace, lang: Lang, key: str, **arguments: object) -> bool:
    """Whether the person at the keyboard agrees; `--yes` agrees. Raises `Wrong` where nobody can be asked."""
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise Wrong("nobody_to_ask", room="manager")
    said = input(t("manager", lang, f"ask__{key}", **arguments) + " ")
    return said.strip().lower() in ("y", "yes", "是", "好")


def yes_word(it: argparse.ArgumentParser, say: Say) -> None:
    it.add_argument("--yes", action="store_true", help=say("yes"))
