"""`posfleet init`: everything a new fleet begins with, and what to do next. `posfleet completion`: for the shell."""

import argparse
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fleet import database, home
from fleet.ca import authority
from fleet.commands import Wrong, ca, line, no_store, user
from fleet.commands.look import put
from fleet.commands.manager.asking import Say, json_word, tell, utc_ms
from fleet.dashboard.users import Users
from fleet.store import StoreTrouble
from texts import Lang

SHELLS = ("bash", "zsh", "tcsh")


def parsers(
    commands: Any, common: argparse.ArgumentParser, say: Say, parser: Callable[[], argparse.ArgumentParser]
) -> None:
    """Their words. `parser` gives the whole command line, for completion."""
    it = commands.add_parser("init", parents=[common], help=say("init"), description=say("init_more"))
    it.add_argument("--name", default="POS Fleet", metavar="NAME", help=say("init_name"))
    it.add_argument("--user", default="", metavar="NAME", help=say("init_user"))
    it.add_argument("--password-stdin", action="store_true", help=say("init_stdin"))
    it.add_argument("--passphrase-file", type=Path, default=None, metavar="FILE", help=say("init_passphrase"))
    json_word(it, say)
    it.set_defaults(run=init)

    it = commands.add_parser("completion", help=say("completion"), description=say("completion_more"))
    it.add_argument("shell", choices=SHELLS)
    it.set_defaults(run=lambda options, lang: completion(parser(), options.shell))


def init(options: argparse.Namespace, lang: Lang) -> int:
    """Make what is not there yet; what is there stays as it is. Running it twice does no harm. What is asked for and
    what is given is judged first, so that nothing is half made."""
    data = options.data
    passphrase = "" if (data / authority.FOLDER).exists() else ca.new_passphrase(options, lang)
    first = bool(options.user) and _is_new(data, options.user)
    password = user.new_password(options, lang) if first else ""
    if first:
        user.may_be(options.user, password)
    public = _folder(data)
    roots: list[str] = []
    if not (data / authority.FOLDER).exists():
        roots = ca.begin(data, options.name, passphrase)
    if first:
        with user.troubles(data):
            Users(data).add(options.user, "approver", password, utc_ms())
    if options.json:
        folder = str(data / authority.FOLDER)
        put({"data": str(data), "fleet_key": public, "dir": folder, "root_keys": roots, "encrypted": bool(passphrase)})
        return 0
    tell(lang, "init__key", public=public)
    if roots:
        ca.tell_made(lang, data, roots, bool(passphrase))
    else:
        tell(lang, "init__ca_there", folder=data / authority.FOLDER)
    if options.user:
        tell(lang, "init__user" if first else "init__user_there", name=options.user)
    elif not Users(data).all():
        tell(lang, "init__no_user", data=shlex.quote(str(data)))
    tell(lang, "init__next", data=shlex.quote(str(data)))
    return 0


def _is_new(data: Path, name: str) -> bool:
    with user.troubles(data):
        return Users(data).find(name) is None


def _folder(data: Path) -> str:
    """The data folder with key and database; the public key. Raises `Wrong`."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        public = home.fleet_key(data).public_key().public_bytes_raw().hex()
        with suppress(home.InUse), home.held(data):  # a server that runs has made the database
            database.open_store(data).close()
    except StoreTrouble as trouble:
        raise no_store(database.shown(data), trouble) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble
    return public


def completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the shell's completion script, made from the words of this command line."""
    print(line.script(parser, shell))
    return 0
