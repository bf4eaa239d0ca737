"""Layers and their versions, documents by content, what each terminal is to have, and who pushed it, in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from fleet.admin import LayerLook, PushLook
from fleet.desk.layers import Document, address, canonical
from fleet.desk.sql_register import chunks
from fleet.desk.tables import desired, documents, layers, pushed, pushes, reported
from fleet.sql_dialect import add_all, upsert

REV_LEAP_MAX = 1_000_000
"""A terminal that claims to know a revision this far beyond ours is not believed."""


_DESIRED = sa.select(desired).where(desired.c.terminal == sa.bindparam("terminal"))
"""Asked at every word of a terminal about its settings, so made once."""


_TAKEN = sa.update(desired).where(desired.c.terminal == sa.bindparam("mine"), desired.c.rev == sa.bindparam("its"))
_TAKEN = _TAKEN.values(due_ms=0)


@dataclass(frozen=True, slots=True)
class DesiredRow:
    """What a terminal is to have. `due_ms`: when it is to be published (again), 0: the broker has it; `sent_ms`: when it was
    handed to the broker last."""

    terminal: str
    rev: int
    sha256: str
    rollout: int
    at_ms: int
    expires_ms: int
    due_ms: int = 0
    sent_ms: int = 0


class SettingsBooks:
    """Everything about settings that is kept."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    # --- documents and layers ---

    def keep(self, doc: object) -> str:
        """Keep a document; its content address."""
        body = canonical(doc)
        sha256 = address(body)
        add_all(self._db, documents, [{"sha256": sha256, "body": body}])
        return sha256

    def body(self, sha256: str) -> bytes:
        """Canonical text of a document that is kept. Raises `LookupError`."""
        found = self._db.execute(sa.select(documents.c.body).where(documents.c.sha256 == sha256)).scalar()
        if found is None:
            raise LookupError(sha256)
        return bytes(found)

    def document(self, sha256: str) -> Document:
        """A document that is kept. Raises `LookupError`."""
        doc: Document = msgspec.json.decode(self.body(sha256))
        return doc

    def newest(self, names: Iterable[str] | None = None) -> dict[str, LayerLook]:
        """The newest version of each layer, or of those named."""
        query = sa.select(layers).where(layers.c.newest > 0).order_by(layers.c.layer)
        if names is None:
            return {row.layer: _layer(row) for row in self._db.execute(query)}
        found: dict[str, LayerLook] = {}
        for some in chunks(sorted(set(names))):
            rows = self._db.execute(query.where(layers.c.layer.in_(some)))
            found |= {row.layer: _layer(row) for row in rows}
        return found

    def versions(self, layer: str) -> list[LayerLook]:
        """All versions of a layer, newest first."""
        query = sa.select(layers).where(layers.c.layer == layer).order_by(layers.c.number.desc())
        return [_layer(row) for row in self._db.execute(query)]

    def version(self, layer: str, number: int) -> LayerLook | None:
        """One version; 0: the newest."""
        query = sa.select(layers).where(layers.c.layer == layer)
        query = query.where(layers.c.number == number) if number else query.where(layers.c.newest > 0)
        row = self._db.execute(query).first()
        return _layer(row) if row else None

    def add_version(self, row: LayerLook) -> None:
        """The next version of a layer."""
        self._db.execute(sa.update(layers).where(layers.c.layer == row.layer, layers.c.newest > 0).values(newest=0))
        self._db.execute(sa.insert(layers), msgspec.structs.asdict(row) | {"newest": 1})

    # --- desired ---

    def desired(self, terminal: str) -> DesiredRow | None:
        row = self._db.execute(_DESIRED, {"terminal": terminal}).first()
        return DesiredRow(*row) if row else None

    def desired_of(self, terminals: Iterable[str]) -> dict[str, DesiredRow]:
        found: dict[str, DesiredRow] = {}
        for some in chunks(sorted(set(terminals))):
            rows = self._db.execute(sa.select(desired).where(desired.c.terminal.in_(some)))
            found |= {row.terminal: DesiredRow(*row) for row in rows}
        return found

    def put_desired(self, *rows: DesiredRow) -> None:
        values = [{name: getattr(row, name) for name in DesiredRow.__slots__} for row in rows]
        if values:
            self._db.execute(upsert(self._db.dialect.name, desired), values)

    def due(self, now_ms: int, limit: int) -> list[DesiredRow]:
        """What is to be published, longest due first."""
        query = sa.select(desired).where(desired.c.due_ms > 0, desired.c.due_ms <= now_ms)
        return [
            DesiredRow(*row)
            for row in self._db.execute(query.order_by(desired.c.due_ms, desired.c.terminal).limit(limit))
        ]

    def expiring(self, before_ms: int, limit: int) -> list[DesiredRow]:
        query = sa.select(desired).where(desired.c.expires_ms < before_ms).order_by(desired.c.expires_ms).limit(limit)
        return [DesiredRow(*row) for row in self._db.execute(query)]

    def sent(self, terminals: list[str], now_ms: int, again_ms: int) -> None:
        """Handed to the broker; due again at `again_ms` unless the broker says that it has it."""
        for some in chunks(terminals):
            change = sa.update(desired).where(desired.c.terminal.in_(some))
            self._db.execute(change.values(sent_ms=now_ms, due_ms=again_ms))

    def taken(self, what: list[tuple[str, int]]) -> None:
        """The broker has these: terminal and revision."""
        if what:
            self._db.execute(_TAKEN, [{"mine": terminal, "its": rev} for terminal, rev in what])

    # --- pushes ---

    def next_rev(self, terminals: Iterable[str]) -> int:
        """Above every revision pushed so far, and above what these terminals know: a restored store has forgotten some."""
        last = int(self._db.execute(sa.select(sa.func.coalesce(sa.func.max(pushes.c.rev), 0))).scalar_one())
        known = last
        for some in chunks(sorted(set(terminals))):
            most = sa.select(sa.func.max(reported.c.desired_rev)).where(reported.c.terminal.in_(some))
            most = most.where(reported.c.desired_rev <= last + REV_LEAP_MAX)
            known = max(known, int(self._db.execute(most).scalar() or 0))
        return known + 1

    def add_push(self, row: PushLook, to: dict[str, tuple[str, str]]) -> None:
        """One push; `to`: by terminal, address of what it gets and of what it had ("" nothing)."""
        self._db.execute(sa.insert(pushes), msgspec.structs.asdict(row))
        values = [
            {"terminal": terminal, "rev": row.rev, "sha256": new, "before": old} for terminal, (new, old) in to.items()
        ]
        if values:
            self._db.execute(sa.insert(pushed), values)

    def pushes(self, terminal: str, before: int, limit: int) -> list[PushLook]:
        """Newest first."""
        query = sa.select(pushes).order_by(pushes.c.rev.desc()).limit(limit)
        if before:
            query = query.where(pushes.c.rev < before)
        if terminal:
            query = query.join(pushed, pushed.c.rev == pushes.c.rev).where(pushed.c.terminal == terminal)
        return [PushLook(**row._mapping) for row in self._db.execute(query)]


def _layer(row: Any) -> LayerLook:
    return LayerLook(
        layer=row.layer,
        number=row.number,
        sha256=row.sha256,
        parent=row.parent,
        who=row.who,
        why=row.why,
        at_ms=row.at_ms,
    )
