"""The command line itself: its faults as cause and next step in the reader's language, the words every command has, and
what a shell completes a word with."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from fleet.commands import exits
from texts import LANGS, Lang, catalogue, t

FOLDER = Path("var/fleet")
FOLDERS, FILES = ("DIR",), ("FILE", "SETTINGS")
"""Titles of arguments that are a path."""

_FAULTS = (
    ("missing", re.compile(r"the following arguments are required: (?P<what>.+)")),
    ("unknown", re.compile(r"unrecognized arguments: (?P<what>.+)")),
    ("choice", re.compile(r"argument (?P<option>.+?): invalid choice: (?P<value>.+?) \(choose from (?P<choices>.+)\)")),
    ("value", re.compile(r"argument (?P<option>.+?): invalid (?P<form>.+) value: (?P<value>.+)")),
    ("twice", re.compile(r"argument (?P<option>.+?): said twice")),
    ("argument", re.compile(r"argument (?P<option>.+?): expected .*argument.*")),
    ("several", re.compile(r"ambiguous option: (?P<option>\S+) could match (?P<matches>.+)")),
    ("other", re.compile(r"(?P<detail>.*)", re.DOTALL)),
)
"""What `argparse` says, in both of its wordings of 3.11 and 3.13."""


class Once(argparse._StoreAction):
    """One value of an option: said twice it is a fault, for the first would be lost without a word."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        said: set[str] = namespace.__dict__.setdefault("said_once", set())
        if option_string is not None and self.dest in said:
            raise argparse.ArgumentError(self, "said twice")
        said.add(self.dest)
        super().__call__(parser, namespace, values, option_string)


class Bounded:
    """A whole number between two others, both included."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.__name__ = f"{low}…{high}"  # what argparse calls the form

    def __call__(self, text: str) -> int:
        number = int(text)
        if not self.low <= number <= self.high:
            raise ValueError(text)
        return number


def parser_class(lang: Lang) -> type[argparse.ArgumentParser]:
    """A parser whose faults are said like all others of `posfleet`."""

    class Parser(argparse.ArgumentParser):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            self.register("action", None, Once)

        def error(self, message: str) -> NoReturn:
            print(_line(message, self.prog, lang), file=sys.stderr)
            sys.exit(exits.USAGE)

    return Parser


def _line(message: str, command: str, lang: Lang) -> str:
    name, about = next((name, found.groupdict()) for name, form in _FAULTS if (found := form.fullmatch(message)))
    cause = t("fleet", lang, f"typed__{name}", **about)
    if name != "value":
        return t("fleet", lang, "wrong__line", cause=cause, step=t("fleet", lang, "typed_step__see", command=command))
    form = catalogue("fleet", lang).get(f"typed_form__{about['form']}", about["form"])
    step = t("fleet", lang, "typed_step__value", form=form, command=command)
    return t("fleet", lang, "wrong__line", cause=cause, step=step)


def common(it: argparse.ArgumentParser, say: Callable[[str], str], first: bool) -> None:
    """`--lang`, `--database`, `--data`: the same before a command and after it; what stands last counts. Defaults are set
    by the `first` of the parsers alone, so that a later one does not take back what was said."""

    def default(value: object) -> object:
        return value if first else argparse.SUPPRESS

    it.add_argument("--lang", action="store", choices=LANGS, default=default(None), help=say("lang"))
    it.add_argument("--database", action="store", default=default(""), metavar="URL", help=say("database"))
    it.add_argument("--data", action="store", type=Path, default=default(FOLDER), metavar="DIR", help=say("data"))


def parsers_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and all below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers_of(inner)


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The shell's completion: words, and folders and files where one is named."""
    import shtab  # only here

    for each in parsers_of(parser):
        for action in each._actions:
            if action.metavar in FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
            elif action.metavar in FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell=shell))
