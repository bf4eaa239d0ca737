"""Every certificate the authority has issued, and which of them are revoked: `ca.db` in its folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from fleet.side_books import SideBooks, table_of

DATABASE = "ca.db"
Kind = Literal["terminal", "server", "backend"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate. `serial` and `key` (SHA-256 of the public key) are hex; `issuer` is the authority's file name;
    `revoked_ms` 0: it is not. Times are UTC in ms."""

    serial: str
    kind: str
    name: str
    issuer: str
    key: str
    begin_ms: int
    end_ms: int
    issued_ms: int
    pem: str
    revoked_ms: int = 0
    reason: str = ""

    def state(self, now_ms: int) -> Literal["valid", "expired", "revoked"]:
        if self.revoked_ms:
            return "revoked"
        return "valid" if now_ms < self.end_ms else "expired"


_tables = sa.MetaData()
_entries = table_of(_tables, "certificates", Entry)
sa.Index("certificates_by_name", _entries.c.name)
sa.Index("certificates_by_key", _entries.c.key)


class Pages:
    """The register within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, entry: Entry) -> None:
        self._db.execute(sa.insert(_entries), asdict(entry))

    def revoke(self, serial: str, at_ms: int, reason: str) -> None:
        change = sa.update(_entries).where(_entries.c.serial == serial).values(revoked_ms=at_ms, reason=reason)
        self._db.execute(change)

    def by_serial(self, serial: str) -> Entry | None:
        row = self._db.execute(sa.select(_entries).where(_entries.c.serial == serial)).first()
        return Entry(*row) if row else None

    def by_key(self, key: str) -> list[Entry]:
        return self._list(_entries.c.key == key)

    def of(self, name: str) -> list[Entry]:
        """Certificates of one name, the oldest first."""
        return self._list(_entries.c.name == name)

    def all(self) -> list[Entry]:
        return self._list(sa.true())

    def revoked(self, issuer: str) -> list[Entry]:
        return self._list((_entries.c.issuer == issuer) & (_entries.c.revoked_ms > 0))

    def _list(self, where: sa.ColumnElement[bool]) -> list[Entry]:
        query = sa.select(_entries).where(where).order_by(_entries.c.issued_ms, _entries.c.serial)
        return [Entry(*row) for row in self._db.execute(query)]


@contextmanager
def pages(folder: Path) -> Iterator[Pages]:
    """One transaction on the register of a folder whose lock is held. Raises `StoreTrouble`."""
    books = SideBooks(_tables, Pages, folder / DATABASE, read_only=False)
    try:
        with books.begin() as made:
            yield made
    finally:
        books.close()
