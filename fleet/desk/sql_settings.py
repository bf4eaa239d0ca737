"""Layers and their versions, documents by content, what each terminal is to have, and who pushed it, in one transaction."""

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from fleet.admin import LayerLook, PushLook
from fleet.desk.layers import Document, address, canonical, own_layer
from fleet.desk.tables import desired, documents, layers, lots, pushed, pushes, reported, rollout_terminals
from fleet.sql_dialect import about, add_all, add_rows, among, put_rows
from wire.fleet import AUDIENCE_MAX

REV_LEAP_MAX = 1_000_000
"""A terminal that claims to know a revision this far beyond ours is not believed."""

LOTS_MAX = 16
"""Lots of neighbours that are read at once: asking for each costs more than its rows."""

_DESIRED = sa.select(desired).where(desired.c.terminal == sa.bindparam("terminal"))
"""Asked at every word of a terminal about its settings, so made once."""


_DUE = sa.select(desired).where(desired.c.due_ms > 0, desired.c.due_ms <= sa.bindparam("now_ms"))
_DUE = _DUE.order_by(desired.c.due_ms).limit(sa.bindparam("most"))

_NEXT_LOT = sa.select(lots).order_by(lots.c.rev, lots.c.place).limit(1)
_GIVEN = sa.delete(lots).where(lots.c.rev == sa.bindparam("its_rev"), lots.c.place == sa.bindparam("its_place"))

_OF_PUSH = pushed.c.rev == sa.bindparam("rev")
_PLACE = sa.select(sa.func.count()).where(_OF_PUSH, pushed.c.terminal < sa.bindparam("terminal"))
_TOGETHER = sa.select(pushed.c.terminal, pushed.c.sha256).where(_OF_PUSH, pushed.c.terminal > sa.bindparam("after"))
_TOGETHER = _TOGETHER.order_by(pushed.c.terminal).offset(sa.bindparam("skip")).limit(LOTS_MAX * AUDIENCE_MAX)


NOTHING_GIVEN = ("", False)
"""Of a terminal that is not in what `SettingsBooks.given` finds."""


class DesiredRow(NamedTuple):
    """What a terminal is to have. `due_ms`: since when it is to be published (again), 0: the broker has it; `sent_ms`: since
    when. A tuple, for a push makes thousands and the database takes it as it is."""

    terminal: str
    rev: int
    sha256: str
    rollout: int
    at_ms: int
    expires_ms: int
    due_ms: int = 0
    sent_ms: int = 0


_TURN = attrgetter("due_ms", "terminal")


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

    def newest(self, names: Collection[str] | None = None) -> dict[str, LayerLook]:
        """The newest version of each layer, or of those named."""
        query = sa.select(layers).where(layers.c.newest > 0).order_by(layers.c.layer)
        if names is None:
            return {row.layer: _layer(row) for row in self._db.execute(query)}
        rows = self._db.execute(query.where(among(self._db, layers.c.layer, names)))
        return {row.layer: _layer(row) for row in rows}

    def own(self, terminals: Iterable[str]) -> set[str]:
        """Those of these terminals for which a layer of their own was ever written."""
        it, names = layers.c.layer, set(map(own_layer, terminals))
        found = self._db.execute(sa.select(it).where(about(self._db, it, names))).scalars()
        return {name.partition(":")[2] for name in names.intersection(found)}

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

    def stood(self, names: Iterable[str], at_ms: int) -> dict[str, LayerLook]:
        """Of these layers the version that was the newest then; those written only later are not in it."""
        query = sa.select(layers).where(among(self._db, layers.c.layer, set(names)), layers.c.at_ms <= at_ms)
        return {row.layer: _layer(row) for row in self._db.execute(query.order_by(layers.c.layer, layers.c.number))}

    def add_version(self, row: LayerLook) -> None:
        """The next version of a layer."""
        self._db.execute(sa.update(layers).where(layers.c.layer == row.layer, layers.c.newest > 0).values(newest=0))
        self._db.execute(sa.insert(layers), msgspec.structs.asdict(row) | {"newest": 1})

    # --- desired ---

    def desired(self, terminal: str) -> DesiredRow | None:
        row = self._db.execute(_DESIRED, {"terminal": terminal}).first()
        return DesiredRow(*row) if row else None

    def desired_of(self, terminals: Iterable[str]) -> dict[str, DesiredRow]:
        rows = self._db.execute(sa.select(desired).where(among(self._db, desired.c.terminal, set(terminals))))
        return {row[0]: DesiredRow(*row) for row in rows.all()}

    def given(self, terminals: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Address of what each of these terminals is to have, and whether it has refused that; those that were never given
        anything are not in it, others may be."""
        names = set(terminals)
        it, its = desired.c, reported.c
        query = sa.select(its.terminal, its.desired_rev).where(its.status == "rejected")
        refused = {(row[0], row[1]) for row in self._db.execute(query.where(about(self._db, its.terminal, names)))}
        given = sa.select(it.terminal, it.rev, it.sha256).where(about(self._db, it.terminal, names))
        rows = self._db.execute(given).all()
        return {terminal: (sha256, (terminal, rev) in refused) for terminal, rev, sha256 in rows}

    def put_desired(self, *rows: DesiredRow) -> None:
        put_rows(self._db, desired, rows)

    def due(self, now_ms: int, limit: int, but: Collection[str] = ()) -> list[DesiredRow]:
        """What is to be published, `but` for these terminals; longest due first, of those due alike any, for a push makes
        thousands due at once."""
        query = _DUE.where(sa.not_(among(self._db, desired.c.terminal, but))) if but else _DUE
        rows = self._db.execute(query, {"now_ms": now_ms, "most": limit}).all()
        return sorted(map(DesiredRow._make, rows), key=_TURN)

    def together(self, terminal: str, rev: int, after: str = "") -> list[list[tuple[str, str]]]:
        """The neighbours among which a terminal got a revision, itself with them, each with the address of its document:
        for ever the same ones, by the history of the push; behind them the next few lots of neighbours. `after`: the last
        name of some lot, after which these are looked for first: counting up to them takes longer the more a push gave
        to."""
        if after:
            found = self._lots({"rev": rev, "after": after, "skip": 0})
            if any(name == terminal for lot in found for name, _ in lot):
                return found
        place = int(self._db.execute(_PLACE, {"rev": rev, "terminal": terminal}).scalar_one())
        return self._lots({"rev": rev, "after": "", "skip": place - place % AUDIENCE_MAX})

    def _lots(self, page: dict[str, str | int]) -> list[list[tuple[str, str]]]:
        rows = [(name, sha256) for name, sha256 in self._db.execute(_TOGETHER, page).all()]
        return [rows[start : start + AUDIENCE_MAX] for start in range(0, len(rows), AUDIENCE_MAX)]

    def expiring(self, before_ms: int, limit: int) -> list[DesiredRow]:
        """Those that no open roll-out holds, first to expire first."""
        held = sa.select(rollout_terminals.c.terminal).where(rollout_terminals.c.live > 0)
        query = sa.select(desired).where(desired.c.expires_ms < before_ms, desired.c.terminal.not_in(held))
        query = query.order_by(desired.c.expires_ms).limit(limit)
        return [DesiredRow(*row) for row in self._db.execute(query)]

    def taken(self, what: list[tuple[str, int]], now_ms: int) -> None:
        """The broker has these: terminal and revision."""
        self._change(what, due_ms=0, sent_ms=now_ms)

    def put_off(self, what: list[tuple[str, int]], now_ms: int) -> None:
        """These are due behind all others."""
        self._change(what, due_ms=now_ms)

    def _change(self, what: list[tuple[str, int]], **values: int) -> None:
        for rev in sorted({rev for _, rev in what}):
            names = [terminal for terminal, its in what if its == rev]
            theirs = (desired.c.rev == rev, among(self._db, desired.c.terminal, names))
            self._db.execute(sa.update(desired).where(*theirs).values(**values))

    # --- pushes ---

    def next_rev(self, terminals: Iterable[str]) -> int:
        """Above every revision pushed so far, and above what these terminals know: a restored store has forgotten some."""
        last = int(self._db.execute(sa.select(sa.func.coalesce(sa.func.max(pushes.c.rev), 0))).scalar_one())
        it, names = reported.c, set(terminals)
        query = sa.select(it.terminal, it.desired_rev).where(about(self._db, it.terminal, names))
        rows = self._db.execute(query.where(it.desired_rev > last, it.desired_rev <= last + REV_LEAP_MAX))
        return max((rev for terminal, rev in rows if terminal in names), default=last) + 1

    def add_push(self, row: PushLook) -> None:
        self._db.execute(sa.insert(pushes), msgspec.structs.asdict(row))

    def add_lots(self, rev: int, bodies: list[bytes]) -> None:
        """What a push is to give, in the order in which it does (`fleet.desk.giving`)."""
        rows = [{"rev": rev, "place": place, "body": body} for place, body in enumerate(bodies)]
        add_all(self._db, lots, rows)

    def take_lot(self) -> tuple[int, bytes] | None:
        """The next lot that is to be given, with its revision; it is no more."""
        row = self._db.execute(_NEXT_LOT).first()
        if row is None:
            return None
        self._db.execute(_GIVEN, {"its_rev": row.rev, "its_place": row.place})
        return row.rev, bytes(row.body)

    def add_given(self, rev: int, rows: list[tuple[str, str, str]]) -> None:
        """The history of a push: terminals, each with the address of what it got and of what it had ("" nothing)."""
        add_rows(self._db, pushed, [(terminal, rev, new, old) for terminal, new, old in rows])

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
