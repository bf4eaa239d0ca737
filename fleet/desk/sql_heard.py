"""What terminals say of themselves: settings in force, telemetry, and their timeline; bounded for each of them."""

from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from fleet.admin import MetRow, Passage
from fleet.desk.tables import met, passages, reported
from fleet.sql_dialect import put
from fleet.sql_tables import terminals
from wire.fleet import Met, Reported
from wire.messages import State

MET_SLOT_MS = 10 * 60_000
"""One row of telemetry is kept for each ten minutes, however often a terminal sends."""
MET_KEPT_MS = 26 * 3_600_000
PASSAGES_KEPT_MS = 14 * 86_400_000
PASSAGES_MAX = 1_000
"""Rows of each kind for each terminal."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a terminal said last about its settings. `changed_ms`: since when its status and revision are these."""

    reported: Reported
    got_ms: int
    changed_ms: int


class HeardBooks:
    """The last words of terminals, and a day or two of them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def reported(self, terminal: str) -> Spoken | None:
        row = self._db.execute(sa.select(reported).where(reported.c.terminal == terminal)).first()
        return Spoken(msgspec.json.decode(row.body, type=Reported), row.got_ms, row.changed_ms) if row else None

    def put_reported(self, terminal: str, body: bytes, row: Spoken) -> None:
        said = row.reported
        values = {
            "terminal": terminal, "body": body, "desired_rev": said.desired_rev, "rev": said.rev, "status": said.status,
            "got_ms": row.got_ms, "changed_ms": row.changed_ms,
        }  # fmt: skip
        put(self._db, reported, values)

    def state(self, terminal: str) -> State | None:
        """The last state, as kept by the ingest."""
        body = self._db.execute(sa.select(terminals.c.state).where(terminals.c.terminal == terminal)).scalar()
        return msgspec.json.decode(body, type=State) if body else None

    def put_met(self, terminal: str, body: bytes, now_ms: int) -> None:
        """Keep telemetry for about a day."""
        put(self._db, met, {"terminal": terminal, "slot": now_ms // MET_SLOT_MS, "got_ms": now_ms, "body": body})
        old = (met.c.terminal == terminal, met.c.slot < (now_ms - MET_KEPT_MS) // MET_SLOT_MS)
        self._db.execute(sa.delete(met).where(*old))

    def met(self, terminal: str, limit: int) -> list[MetRow]:
        """Newest first."""
        query = sa.select(met).where(met.c.terminal == terminal).order_by(met.c.slot.desc()).limit(limit)
        return [
            MetRow(got_ms=row.got_ms, met=msgspec.json.decode(row.body, type=Met)) for row in self._db.execute(query)
        ]

    def pass_(self, terminal: str, what: str, at_ms: int, detail: str) -> None:
        """One line of the timeline; the oldest go."""
        put(self._db, passages, {"terminal": terminal, "what": what, "at_ms": at_ms, "detail": detail[:200]})
        mine = (passages.c.terminal == terminal, passages.c.what == what)
        beyond = (
            sa.select(passages.c.at_ms).where(*mine).order_by(passages.c.at_ms.desc()).offset(PASSAGES_MAX).limit(1)
        )
        last = self._db.execute(beyond).scalar()
        oldest_ms = max(at_ms - PASSAGES_KEPT_MS, (last or -1) + 1)
        self._db.execute(sa.delete(passages).where(*mine, passages.c.at_ms < oldest_ms))

    def passages(self, terminal: str, limit: int) -> list[Passage]:
        """Newest first."""
        it = passages.c
        query = sa.select(it.at_ms, it.what, it.detail).where(it.terminal == terminal)
        rows = self._db.execute(query.order_by(it.at_ms.desc(), it.what).limit(limit))
        return [Passage(**row._mapping) for row in rows]

    def passed(self, what: str, since_ms: int, until_ms: int, chosen: sa.Select[Any]) -> int:
        """How many lines of a kind terminals of a selection have in a time."""
        it = passages.c
        query = sa.select(sa.func.count()).where(it.what == what, it.at_ms >= since_ms, it.at_ms < until_ms)
        return int(self._db.execute(query.where(it.terminal.in_(chosen))).scalar_one())
