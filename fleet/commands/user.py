"""`posfleet user`: who may sign in at the dashboard. Passwords are typed without being shown, or read from standard input;
never from the command line, where every other user of the machine could read them."""

import argparse
import getpass
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from fleet.admin import ROLES
from fleet.commands import Wrong
from fleet.commands.audited import Audited
from fleet.commands.look import done, moment, show
from fleet.dashboard.passwords import weakness
from fleet.dashboard.users import NAME, Users, UserTrouble
from texts import Lang, t


def parsers(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`posfleet user add|list|role|password|remove`."""
    it = commands.add_parser("user", help=say("user"), description=say("user_more"))
    more = it.add_subparsers(required=True, metavar=say("command"))
    for name in ("add", "list", "role", "password", "remove"):
        it = more.add_parser(name, parents=[common], help=say(f"user_{name}"))
        it.add_argument("--json", action="store_true", help=say("json"))
        if name != "list":
            it.add_argument("name", metavar="NAME", help=say("user_name"))
        if name == "role":
            it.add_argument("role", choices=ROLES, help=say("user_roles"))
        if name == "add":
            it.add_argument("--role", choices=ROLES, default="viewer", help=say("user_roles"))
        if name in ("add", "password"):
            it.add_argument("--password-stdin", action="store_true", help=say("user_stdin"))
        details = ("role",) if name in ("add", "role") else ()
        it.set_defaults(run=run, act=name, audited=None if name == "list" else Audited(f"user_{name}", "name", details))


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Carry out one of the five. A server that runs takes the change over at the next click."""
    users = Users(options.data)
    now_ms = time.time_ns() // 1_000_000
    with troubles(options.data):
        match options.act:
            case "list":
                _list(users, options.json, lang)
            case "add":
                users.add(options.name, options.role, new_password(options, lang), now_ms)
                done(options.json, lang, "user__added", name=options.name, role=options.role)
            case "role":
                users.set_role(options.name, options.role, now_ms)
                done(options.json, lang, "user__role", name=options.name, role=options.role)
            case "password":
                users.set_password(options.name, new_password(options, lang), now_ms)
                done(options.json, lang, "user__password", name=options.name)
            case "remove":
                users.remove(options.name)
                done(options.json, lang, "user__removed", name=options.name)
    return 0


@contextmanager
def troubles(data: Path) -> Iterator[None]:
    """Whatever the file of users raises, as cause and next step."""
    try:
        yield
    except UserTrouble as trouble:
        raise Wrong(f"user_{trouble.key}", {name: str(value) for name, value in trouble.named.items()}) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble


def may_be(name: str, password: str) -> None:
    """Raises `Wrong` for what `add` would refuse, with nothing added yet."""
    if not NAME.fullmatch(name):
        raise Wrong("user_bad_name", {"name": name})
    weak = weakness(name, password)
    if weak:
        raise Wrong(f"user_weak_{weak}")


def _list(users: Users, as_json: bool, lang: Lang) -> None:
    rows = users.all()
    if as_json:
        for row in rows:
            fields = {"name": row.name, "role": row.role, "changed_ms": row.changed_ms}
            print(msgspec.json.encode(fields).decode())
        return
    show(lang, ("user", "role", "changed"), ([row.name, row.role, moment(row.changed_ms)] for row in rows))


def new_password(options: argparse.Namespace, lang: Lang) -> str:
    """Typed twice at a terminal, else one line of standard input. Raises `Wrong`."""
    if options.password_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(t("fleet", lang, "user__ask"))
    if getpass.getpass(t("fleet", lang, "user__again")) != first:
        raise Wrong("user_differs", {})
    return first
