"""`posfleet init`: everything a new fleet begins with, and what to do next. `posfleet completion`: for the shell."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleet import database, home
from fleet.ca import authority
from fleet.commands import Wrong, ca, user
from fleet.commands.manager.asking import Say, tell
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
    it.set_defaults(run=init)

    it = commands.add_parser("completion", help=say("completion"), description=say("completion_more"))
    it.add_argument("shell", choices=SHELLS)
    it.set_defaults(run=lambda options, lang: completion(parser(), options.shell))


def init(options: argparse.Namespace, lang: Lang) -> int:
    """Make what is not there yet; what is there stays as it is. Running it twice does no harm."""
    data = options.data
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        public = home.fleet_key(data).public_key().public_bytes_raw().hex()
        with home.held(data):
            database.open_store(data).close()
    except home.InUse:
        pass  # a server runs: it has made them
    except (OSError, ValueError, StoreTrouble) as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble
    tell(lang, "init__key", public=public)
    if (data / authority.FOLDER).exists():
        tell(lang, "init__ca_there", folder=data / authority.FOLDER)
    else:
        options.json = False
        ca.init(options, lang)
    if options.user:
        user.run(
            argparse.Namespace(
                **vars(options) | {"act": "add", "name": options.user, "role": "approver", "json": False}
            ),
            lang,
        )
    elif not Users(data).all():
        tell(lang, "init__no_user")
    tell(lang, "init__next", data=shlex.quote(str(data)))
    return 0


def completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the shell's completion script, made from the words of this command line."""
    import shtab  # only here

    print(shtab.complete(parser, shell=shell))
    return 0
