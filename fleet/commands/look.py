"""What the reading commands share: the database opened for a look, and tables for people."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from fleet import database
from fleet.commands import Wrong, no_store
from fleet.sql import SqlBooks
from fleet.store import BadUrl, StoreTrouble
from texts import Lang, t

PIPED_COLUMNS = 200
"""Width of a table that does not go to a terminal."""


@contextmanager
def opened(data: Path) -> Iterator[SqlBooks]:
    """The books of a data folder, read-only; `serve` may be writing meanwhile. Raises `Wrong`."""
    path = database.shown(data)
    if not database.is_there(data):
        raise Wrong("no_database", {"path": path})
    try:
        store = database.open_store(data, read_only=True)
    except BadUrl as trouble:
        raise Wrong("database_url", {"detail": str(trouble)}) from trouble
    except StoreTrouble as trouble:
        raise no_store(path, trouble) from trouble
    try:
        with store.begin() as books:
            yield books
    except StoreTrouble as trouble:
        raise no_store(path, trouble) from trouble
    finally:
        store.close()


def show(lang: Lang, columns: Iterable[str], rows: Iterable[Iterable[str]], room: str = "fleet") -> None:
    """Print a table; column titles are texts `column__NAME`, cells are shown without control characters."""
    console().print(tabled(lang, columns, rows, room))


def console() -> Console:
    """Where tables go; wide when it is no terminal."""
    there = Console()
    if not there.is_terminal:
        there.width = PIPED_COLUMNS
    return there


def tabled(lang: Lang, columns: Iterable[str], rows: Iterable[Iterable[str]], room: str = "fleet") -> Table:
    """The table, to be shown once or again and again."""
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(t(room, lang, f"column__{column}"), overflow="fold")
    for row in rows:
        table.add_row(*(escape(plain(cell)) for cell in row))
    return table


def put(value: object) -> None:
    """One line of JSON. Every field is in it, also one that has its default; what kind of answer it is, is not: the
    command says it."""
    whole = _whole(value)
    if isinstance(value, msgspec.Struct) and isinstance(whole, dict):
        whole.pop(value.__struct_config__.tag_field, None)
    print(msgspec.json.encode(whole).decode())


def _whole(value: object) -> object:
    match value:
        case msgspec.Struct():
            tag = value.__struct_config__
            head = {tag.tag_field: tag.tag} if tag.tag_field is not None else {}
            return head | {
                each.encode_name: _whole(getattr(value, each.name)) for each in msgspec.structs.fields(value)
            }
        case dict():
            return {key: _whole(each) for key, each in value.items()}
        case list() | tuple():
            return [_whole(each) for each in value]
    return value


def say(lang: Lang, key: str, **arguments: object) -> None:
    """Print one text."""
    print(t("fleet", lang, key, **arguments))


def done(as_json: bool, lang: Lang, key: str, room: str = "fleet", **told: object) -> int:
    """Say that it is done, in one text or as JSON; the exit code."""
    put(told) if as_json else print(t(room, lang, key, **told))
    return 0


@contextmanager
def counting(text: str) -> Iterator[Callable[[int], None]]:
    """For what takes long: how far it is, to be told by calls, where somebody watches; gone when it is over."""
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn())
    there = Console(stderr=True)
    with Progress(*columns, console=there, transient=True, disable=not there.is_terminal) as bar:
        task = bar.add_task(text, total=None)
        yield lambda count: bar.update(task, completed=count)


def plain(text: str) -> str:
    """Text from a terminal, unable to steer the reader's console: control characters become visible."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def moment(utc_ms: int) -> str:
    """A UTC time for people; empty for 0, the raw number when it is no date."""
    if not utc_ms:
        return ""
    try:
        return datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(utc_ms)
