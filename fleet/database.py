"""Which database a data folder's backend works on: `fleet.db` in it, or a PostgreSQL its file `database` names.

`--database URL` on the command line outranks `POSFLEET_DATABASE` in the environment, and both outrank the file. The books
beside the backend's own (what is simulated, the shop's own vouchers) follow it: files beside `fleet.db`, or schemas of their
own in the same PostgreSQL, so that several workers share them too.
"""

import os
from pathlib import Path

from fleet import home
from fleet.side_books import Place, Schema
from fleet.sql import AnyStore, SqlStore

FILE = "database"
VARIABLE = "POSFLEET_DATABASE"
_SCHEMAS = {home.ACQUIRER: "acquirer", home.PLATFORMS: "platforms", home.VOUCHERS: "own_vouchers"}


def url_of(data: Path) -> str:
    """Address of the PostgreSQL of a data folder; "" for SQLite."""
    said = os.environ.get(VARIABLE, "")
    if said:
        return said
    try:
        return (data / FILE).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def remember(data: Path, url: str) -> None:
    """Let every later command on this folder find the database."""
    data.mkdir(parents=True, exist_ok=True)
    (data / FILE).write_text(url + "\n", encoding="utf-8")


def is_there(data: Path) -> bool:
    """Whether there is a database to look at."""
    return bool(url_of(data)) or (data / home.DATABASE).exists()


def shown(data: Path) -> str:
    """The database in words for a person."""
    url = url_of(data)
    if not url:
        return str(data / home.DATABASE)
    from fleet import pg_engine

    return pg_engine.shown(url)


def open_store(data: Path, read_only: bool = False) -> AnyStore:
    """The backend's store. Raises `StoreTrouble`, `BadUrl`."""
    url = url_of(data)
    if not url:
        return SqlStore(data / home.DATABASE, read_only)
    from fleet.pg import PgStore  # the driver is imported only where it is wanted

    return PgStore(url, read_only)


def side(data: Path, name: str) -> Place:
    """Where books beside the backend's own lie; `name` is their file in the data folder."""
    url = url_of(data)
    return Schema(url, _SCHEMAS[name]) if url else data / name
