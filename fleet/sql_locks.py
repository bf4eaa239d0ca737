"""What keeps several workers out of each other's way, and what is there to keep out where there is only one.

A key is held from its first reading to the end of the transaction, whether a row is there or not: a number that nobody
knows yet is closed against a second worker just as well (decisions 18). PostgreSQL's advisory locks do that; statements
after the lock see what the worker before it committed, because each takes a snapshot of its own (READ COMMITTED).
"""

import hashlib
from collections.abc import Iterable
from typing import Literal, Protocol

import sqlalchemy as sa

Kind = Literal["terminal", "order", "refund", "reserve", "sale", "use", "code", "shop", "desk", "days", "books"]


class Locks(Protocol):
    """Locks of one transaction."""

    def hold(self, kind: Kind, keys: Iterable[str]) -> None:
        """Wait until no other worker holds any of these, and hold them all to the end."""

    def share(self, kind: Kind, key: str) -> None:
        """Wait until nobody holds it alone, and let others share it until the end."""

    def try_hold(self, kind: Kind, key: str) -> bool:
        """Hold it if nobody else does; never waits."""
        ...


class Alone:
    """One writer to the whole database: SQLite's transactions hold everything."""

    def hold(self, kind: Kind, keys: Iterable[str]) -> None:
        """Nothing to do."""

    def share(self, kind: Kind, key: str) -> None:
        """Nothing to do."""

    def try_hold(self, kind: Kind, key: str) -> bool:
        return True


_HOLD = "SELECT count(pg_advisory_xact_lock(k)) FROM unnest(CAST(%(keys)s AS bigint[])) AS k"
_SHARE = sa.text("SELECT pg_advisory_xact_lock_shared(:key)")
_TRY = sa.text("SELECT pg_try_advisory_xact_lock(:key)")


class Advisory:
    """Advisory locks of a PostgreSQL transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection
        self._held: set[tuple[Kind, str]] = set()

    def hold(self, kind: Kind, keys: Iterable[str]) -> None:
        wanted = {(kind, key) for key in keys} - self._held
        if wanted:
            numbers = sorted({number(*each) for each in wanted})  # in one order: two who want the same never cross
            self._db.exec_driver_sql(_HOLD, {"keys": numbers})
            self._held |= wanted

    def share(self, kind: Kind, key: str) -> None:
        self._db.execute(_SHARE, {"key": number(kind, key)})

    def try_hold(self, kind: Kind, key: str) -> bool:
        if (kind, key) not in self._held:
            if not self._db.execute(_TRY, {"key": number(kind, key)}).scalar_one():
                return False
            self._held.add((kind, key))
        return True


def number(kind: Kind, key: str) -> int:
    """64 bits of a digest: two keys with the same number would only wait for each other."""
    digest = hashlib.blake2b(f"{kind}/{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
