"""`posfleet db`: the PostgreSQL of a backend of many workers: its schema, and its days of records."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from fleet import database
from fleet.commands import Wrong, no_store
from fleet.commands.exits import FOUND
from fleet.commands.look import say, show
from fleet.commands.times import typed_day
from fleet.store import BadUrl, StoreTrouble
from texts import Lang

if TYPE_CHECKING:
    import sqlalchemy as sa


def parsers(commands: Any, common: argparse.ArgumentParser, words: Callable[[str], str]) -> None:
    """`posfleet db init|upgrade|check|days|forget`."""
    it = commands.add_parser("db", help=words("db"), description=words("db_more"))
    more = it.add_subparsers(required=True, metavar=words("command"))
    for name in ("init", "upgrade", "check", "days", "forget"):
        it = more.add_parser(name, parents=[common], help=words(f"db_{name}"))
        it.add_argument("--json", action="store_true", help=words("json"))
        if name == "forget":
            it.add_argument("--before", required=True, metavar="YYYY-MM-DD", help=words("db_before"))
        it.set_defaults(run=run, act=name)


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Carry out one of the five. Raises `Wrong`."""
    with _engine(options) as (engine, shown):
        match options.act:
            case "check":
                return _check(engine, shown, options.json, lang)
            case "days":
                return _days(engine, options.json, lang)
            case "forget":
                return _forget(engine, options, lang)
            case act:
                return _upgrade(engine, shown, options, act == "init", lang)


@contextmanager
def _engine(options: argparse.Namespace) -> Iterator["tuple[sa.Engine, str]"]:
    url = database.url_of(options.data)
    if not url:
        raise Wrong("no_url")
    from fleet import pg_engine  # the driver is imported only where it is wanted

    try:
        engine = pg_engine.open_engine(url)
    except BadUrl as trouble:
        raise Wrong("database_url", {"detail": str(trouble)}) from trouble
    try:
        yield engine, pg_engine.shown(url)
    except StoreTrouble as trouble:
        raise no_store(pg_engine.shown(url), trouble) from trouble
    finally:
        engine.dispose()


def _upgrade(engine: "sa.Engine", shown: str, options: argparse.Namespace, first: bool, lang: Lang) -> int:
    """`init` is for a database without a schema, and lets the data folder remember it."""
    from fleet import pg_schema
    from fleet.sql_engine import troubles

    with troubles(), engine.connect() as connection:
        before = pg_schema.version(connection)
    if first and before:
        raise Wrong("schema_there", {"path": shown, "version": before})
    if before and not pg_schema.is_known(before):
        raise Wrong("schema_later", {"path": shown, "version": before})
    before, after = pg_schema.upgrade(engine)
    if first:
        try:
            database.remember(options.data, database.url_of(options.data))
        except OSError as trouble:
            raise Wrong("folder", {"path": str(options.data), "detail": str(trouble)}) from trouble
    _print(options.json, lang, "upgraded", {"database": shown, "before": before or "-", "after": after})
    return 0


def _check(engine: "sa.Engine", shown: str, as_json: bool, lang: Lang) -> int:
    from fleet import pg_schema
    from fleet.sql_engine import troubles

    with troubles(), engine.connect() as connection:
        found, wanted = pg_schema.version(connection), pg_schema.head()
        different = pg_schema.differences(connection) if found == wanted else []
    if as_json:
        row = {"database": shown, "version": found, "wanted": wanted, "differences": different}
        print(msgspec.json.encode(row).decode())
    elif found != wanted:
        say(lang, "db__other", path=shown, version=found or "-", wanted=wanted)
    else:
        say(lang, "db__differs" if different else "db__current", path=shown, version=found)
        for line in different:
            print(f"  {line}")
    return FOUND if found != wanted or different else 0


def _days(engine: "sa.Engine", as_json: bool, lang: Lang) -> int:
    from fleet import pg_days

    rows = pg_days.days(engine)
    if as_json:
        for row in rows:
            print(msgspec.json.encode({"day": row.day, "journals": row.journals, "bytes": row.bytes_}).decode())
        return 0
    cells = ((str(row.day), str(row.journals), f"{row.bytes_ / 1_048_576:.1f} MiB") for row in rows)
    show(lang, ("day", "journals", "size"), cells)
    return 0


def _forget(engine: "sa.Engine", options: argparse.Namespace, lang: Lang) -> int:
    from fleet import pg_days

    given = pg_days.give_up(engine, typed_day(options.before))
    for row in given:
        arguments = {"day": str(row.day), "terminals": ", ".join(row.blocking)}
        if options.json:
            print(msgspec.json.encode(row._asdict()).decode())
        else:
            say(lang, "db__dropped" if row.dropped else "db__kept", **arguments)
    return 0 if all(row.dropped for row in given) else FOUND


def _print(as_json: bool, lang: Lang, name: str, arguments: dict[str, str]) -> None:
    if as_json:
        print(msgspec.json.encode(arguments).decode())
    else:
        say(lang, f"db__{name}", **arguments)
