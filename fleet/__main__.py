"""`posfleet`: the fleet manager's tool and the reference backend. Exit codes: `fleet.commands.exits`."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from fleet import database
from fleet.acquirer.statement import STATEMENTS
from fleet.commands import (
    Wrong,
    acquirer,
    audited,
    broker_link,
    ca_words,
    db,
    errors,
    exits,
    key,
    line,
    records,
    rights,
    seal,
    serve,
    serve_http,
    serve_renewal,
    user,
    voucher_words,
)
from fleet.commands.manager import words
from fleet.commands.times import FORMS
from texts import LANGS, Lang, t

_TAKES_NO_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
_LANG_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Unprinted(OSError):
    """Standard output takes nothing more."""


class _Printed:
    """Standard output, whose faults are told from those of everything else that is written."""

    def __init__(self, there: Any) -> None:
        self._there = there

    def __getattr__(self, name: str) -> Any:
        it = getattr(self._there, name)
        if name == "buffer":
            return _Printed(it)
        return _told_apart(it) if name in ("write", "writelines", "flush") else it


def _told_apart(act: Callable[..., Any]) -> Callable[..., Any]:
    def acted(*given: Any) -> Any:
        try:
            return act(*given)
        except OSError as trouble:
            if trouble.errno in _TAKES_NO_MORE:
                raise _Unprinted(trouble.errno, trouble.strerror) from trouble
            raise

    return acted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = _lang(given)
    ended: SystemExit | None = None
    there = sys.stdout
    if there is not None:
        sys.stdout = cast(TextIO, _Printed(there))
    try:
        try:
            code = _run(given, lang)
        except SystemExit as end:  # --help, and faults of the line
            code, ended = exits.DONE, end
        _flush()
    except BrokenPipeError:
        _hush()  # the reader left: nothing more to say
        return exits.DONE
    except _Unprinted as trouble:
        _hush()
        full = Wrong("unprinted", {"detail": str(trouble)})
        print(full.line(lang), file=sys.stderr)
        return full.code
    finally:
        sys.stdout = there
    if ended is not None:
        raise ended
    return code


def _run(given: list[str], lang: Lang) -> int:
    try:
        options = _parser(lang).parse_args(given)
        if getattr(options, "database", ""):
            os.environ[database.VARIABLE] = options.database  # what is said outranks what was set
        code = int(options.run(options, lang))
        if code == 0:
            audited.enter(options, lang)
        return code
    except Wrong as wrong:
        print(wrong.line(lang), file=sys.stderr)
        return wrong.code
    except EOFError:  # asked for something, and nobody answers
        silent = Wrong("nobody_to_ask", room="manager")
        print(silent.line(lang), file=sys.stderr)
        return silent.code
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return exits.STOPPED


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _hush() -> None:
    """What is still to be printed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lang(words: list[str]) -> Lang:
    """`--lang` if it is there, else the environment's language; Chinese when it says nothing."""
    for position, word in enumerate(words):
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and position + 1 < len(words):
            value = words[position + 1]
        if value in LANGS:
            return "en" if value == "en" else "zh"
    said = next((os.environ[name] for name in _LANG_VARIABLES if os.environ.get(name)), "")
    return "zh" if not said or said.startswith("zh") else "en"


def _parser(lang: Lang) -> argparse.ArgumentParser:
    def say(name: str) -> str:
        return t("fleet", lang, f"help__{name}").replace("%", "%%")

    common = argparse.ArgumentParser(add_help=False)
    line.common(common, say, first=False)
    parser = line.parser_class(lang)("posfleet", description=say("posfleet"), epilog=say("exit"))
    line.common(parser, say, first=True)
    commands = parser.add_subparsers(required=True, metavar=say("command"))

    _serve_parser(commands, common, say)

    it = commands.add_parser("records", parents=[common], help=say("records"), description=say("records_more"))
    it.add_argument("id", metavar="ID|verify", help=say("records_id"))
    it.add_argument("terminal", nargs="?", default="", metavar="ID", help=say("verify_id"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.add_argument("--after", type=int, default=0, metavar="SEQ", help=say("after"))
    it.add_argument("--epoch", type=int, default=None, metavar="N", help=say("epoch"))
    it.set_defaults(run=records.run)

    more = commands.add_parser("seal", help=say("seal")).add_subparsers(required=True, metavar=say("command"))
    it = more.add_parser("check", parents=[common], help=say("seal_check"), description=say("seal_check"))
    it.add_argument("text", metavar="TEXT", help=say("seal_text"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=seal.run)

    words.parsers(commands, common, lang, lambda: _parser(lang))
    _acquirer_parsers(commands, common, say)
    voucher_words.parsers(commands, common, say)
    ca_words.parsers(commands, common, say)
    user.parsers(commands, common, say)
    db.parsers(commands, common, say)

    _errors_parser(commands, common, say)

    it = commands.add_parser("rights", parents=[common], help=say("rights"), description=say("rights_more"))
    it.add_argument("files", type=Path, nargs="+", metavar="SETTINGS", help=say("rights_files"))
    it.add_argument("--operator", default="", metavar="01", help=say("rights_operator"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=rights.run)

    it = commands.add_parser("key", parents=[common], help=say("key"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=key.run)
    for each in line.parsers_of(parser):  # groups of commands take them too: posfleet settings --data DIR push
        if "--data" not in each._option_string_actions:
            line.common(each, say, first=False)
    return parser


def _errors_parser(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it = commands.add_parser("errors", parents=[common], help=say("errors"), description=say("errors_more"))
    for name, kind in (("terminal", str), ("shop", str), ("code", int)):
        it.add_argument(f"--{name}", type=kind, default=kind(), help=say(f"errors_{name}"))
    it.add_argument(
        "--software", "--version", dest="version", default="", metavar="VERSION", help=say("errors_version")
    )
    it.add_argument("--since", default="7d", metavar=FORMS, help=say("errors_since"))
    it.add_argument("--by", choices=("code", "terminal", "shop", "version"), default="code", help=say("errors_by"))
    it.add_argument("--trend", choices=("day", "hour"), default="day", help=say("errors_trend"))
    it.add_argument(
        "--latest", type=int, nargs="?", const=errors.LATEST, default=0, metavar="N", help=say("errors_latest")
    )
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=errors.run, now_ms=None)


def _serve_parser(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`posfleet serve`."""
    it = commands.add_parser("serve", parents=[common], help=say("serve"))
    broker_link.words(it, say)
    it.add_argument("--worker", default="", metavar="NAME", help=say("worker"))
    serve_renewal.words(it, say)
    it.add_argument("--acquirer", choices=("simulated", "none"), default="simulated", help=say("acquirer"))
    it.add_argument("--acquirer-credentials", type=Path, default=None, metavar="FILE", help=say("acquirer_credentials"))
    it.add_argument("--scenario", type=Path, default=None, metavar="FILE", help=say("scenario"))
    it.add_argument("--codes", type=Path, default=None, metavar="FILE", help=say("codes"))
    it.add_argument("--vouchers", choices=("simulated", "own"), default="simulated", help=say("vouchers"))
    for name in ("deals", "scenario", "codes", "shops", "credentials"):
        it.add_argument(f"--voucher-{name}", type=Path, default=None, metavar="FILE", help=say(f"voucher_{name}"))
    serve_http.arguments(it, say)
    it.set_defaults(run=serve.run)


def _acquirer_parsers(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`posfleet acquirer script|books|statement`."""
    more = commands.add_parser("acquirer", help=say("acquirer_tool")).add_subparsers(
        required=True, metavar=say("command")
    )

    it = more.add_parser("script", parents=[common], help=say("script"), description=say("script_more"))
    it.add_argument("step", nargs="*", metavar="NAME=VALUE", help=say("script_step"))
    it.add_argument("--file", type=Path, default=None, metavar="FILE", help=say("scenario"))
    it.add_argument("--clear", action="store_true", help=say("script_clear"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=acquirer.script)

    it = more.add_parser("books", parents=[common], help=say("books"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=acquirer.books)

    it = more.add_parser("statement", parents=[common], help=say("statement"))
    it.add_argument("channel", choices=STATEMENTS)
    it.add_argument("date", metavar="YYYY-MM-DD")
    it.add_argument("--out", type=Path, default=None, metavar="FILE", help=say("out"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=acquirer.write_statement)


if __name__ == "__main__":
    sys.exit(main())
