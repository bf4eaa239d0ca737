"""What the commands about simulated channels and platforms share: their books opened, their script told and listed."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from fleet import database
from fleet.commands import Wrong, no_store
from fleet.commands.look import show
from fleet.side_books import Place, ScriptPages, SideBooks, Timed
from fleet.store import StoreTrouble
from texts import Lang

P = TypeVar("P")
S = TypeVar("S", bound=Timed)


@contextmanager
def side_books(data: Path, name: str, books: Callable[[Place, bool], SideBooks[P]], read_only: bool) -> Iterator[P]:
    """The books `name` of a data folder, also while `posfleet serve` answers from them. Raises `Wrong`."""
    path = database.side(data, name)
    shown = str(path) if isinstance(path, Path) else database.shown(data)
    if read_only and isinstance(path, Path) and not path.exists():
        raise Wrong("no_database", {"path": shown})
    try:
        data.mkdir(parents=True, exist_ok=True)
        opened = books(path, read_only)
        try:
            with opened.begin() as pages:
                yield pages
        finally:
            opened.close()
    except StoreTrouble as trouble:
        raise no_store(shown, trouble) from trouble
    except OSError as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble


def told_steps(
    options: argparse.Namespace, scenario: Callable[[Path], tuple[S, ...]], step: Callable[[list[str]], S]
) -> tuple[S, ...]:
    """The steps of a scenario file and of words, as the command line names them. Raises `Wrong`."""
    try:
        steps = scenario(options.file) if options.file is not None else ()
        return (*steps, step(options.step)) if options.step else steps
    except OSError as trouble:
        raise Wrong("scenario", {"path": str(options.file), "detail": str(trouble)}) from trouble
    except ValueError as trouble:
        path = str(options.file) if options.file is not None else " ".join(options.step)
        raise Wrong("scenario", {"path": path, "detail": str(trouble)}) from trouble


def script(pages: ScriptPages[S], steps: tuple[S, ...], clear: bool) -> list[tuple[int, S, int]]:
    """Add steps, or begin a new script with them; what is still to come."""
    if clear:
        pages.clear_steps()
    pages.add_steps(steps)
    return pages.steps()


def list_steps(lang: Lang, rows: list[tuple[int, S, int]], as_json: bool) -> None:
    """What is still to come, for people or programs."""
    if as_json:
        for number, step, left in rows:
            print(msgspec.json.encode({"id": number, "left": left, "step": step}).decode())
        return
    cells = (
        [
            str(number),
            " ".join(f"{k}={v}" for k, v in msgspec.to_builtins(step).items()),
            "∞" if left < 0 else str(left),
        ]
        for number, step, left in rows
    )
    show(lang, ("number", "step_words", "left"), cells)
