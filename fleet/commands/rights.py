"""`posfleet rights`: what every operator may do by a settings document, for regular review (domain 12). A document
that would not be taken is wrong use."""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import msgspec

from fleet.commands import Wrong
from fleet.commands.exits import USAGE
from fleet.commands.look import plain, show
from rules.rights_report import RightsRow, rights_of
from rules.rights_words import COLUMNS, words
from rules.settings import Problem, check
from texts import Lang, t

FILE_BYTES_MAX = 4_000_000


def run(options: argparse.Namespace, lang: Lang) -> int:
    """The report of each document, named by its file: one for a terminal, or one that many terminals have."""
    found: dict[str, tuple[RightsRow, ...]] = {}
    for path in options.files:
        document = _read(path)
        settings = check(document)
        if isinstance(settings, list):
            _say_problems(path, settings, lang)
            return USAGE
        rows = rights_of(settings)
        found[path.stem] = tuple(row for row in rows if not options.operator or row.operator == options.operator)
    if options.json:
        print(json.dumps({name: msgspec.to_builtins(rows) for name, rows in found.items()}, ensure_ascii=False))
        return 0
    columns = ("document", *COLUMNS) if len(found) > 1 else COLUMNS
    lines = [((name,) if len(found) > 1 else ()) + cells for name, rows in found.items() for cells in words(rows, lang)]
    show(lang, (f"rights_{column}" for column in columns), lines)
    return 0


def _read(path: Path) -> object:
    """The document, JSON or TOML by its name. Raises `Wrong`."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ValueError("too large")
        raw = path.read_bytes()
        document = tomllib.loads(raw.decode("utf-8-sig")) if path.suffix == ".toml" else json.loads(raw)
    except (OSError, ValueError) as trouble:
        raise Wrong("rights_file", {"path": str(path), "detail": str(trouble)}) from trouble
    return document.get("settings") if isinstance(document, dict) and "settings" in document else document


def _say_problems(path: Path, problems: list[Problem], lang: Lang) -> None:
    for each in problems:
        said = t("rules", lang, f"problem__{each.reason}")
        print(plain(f"{path}: [{each.code}] {each.path}: {said} {each.detail}".rstrip()), file=sys.stderr)
