"""What terminals say of themselves: settings in force, telemetry, and their timeline; bounded for each of them."""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from fleet.admin import MetRow, Passage
from fleet.desk.tables import desired, met, orders, passages, reported
from fleet.sql_dialect import among, put
from fleet.sql_tables import terminals
from wire.fleet import Met, Reported, UpdateLook
from wire.messages import State

MET_SLOT_MS = 10 * 60_000
"""One row of telemetry is kept for each ten minutes, however often a terminal sends."""
MET_KEPT_MS = 26 * 3_600_000
PASSAGES_KEPT_MS = 14 * 86_400_000
PASSAGES_MAX = 1_000
"""Rows of each kind for each terminal, and some more until they are pruned."""
PRUNED_EACH = 16
"""About one in so many lines looks for those that are too old or too many."""


# Statements of what every message of a terminal needs, made once: to make one anew costs ten times what it takes to run.
_MINE: sa.BindParameter[str] = sa.bindparam("terminal")
_REPORTED = sa.select(reported.c.body, reported.c.got_ms, reported.c.changed_ms).where(reported.c.terminal == _MINE)
_STATE = sa.select(terminals.c.state).where(terminals.c.terminal == _MINE)
_OLD_MET = sa.delete(met).where(met.c.terminal == _MINE, met.c.slot < sa.bindparam("before"))
_OF_A_KIND = (passages.c.terminal == _MINE, passages.c.what == sa.bindparam("kind"))
_BEYOND = sa.select(passages.c.at_ms).where(*_OF_A_KIND).order_by(passages.c.at_ms.desc()).offset(PASSAGES_MAX).limit(1)
_OLD_PASSAGES = sa.delete(passages).where(*_OF_A_KIND, passages.c.at_ms < sa.bindparam("before"))


_UNHEARD = sa.select(sa.literal(1)).where(
    desired.c.terminal == _MINE, desired.c.due_ms == 0, desired.c.sent_ms <= sa.bindparam("sent"),
    desired.c.rev > sa.func.coalesce(
        sa.select(reported.c.desired_rev).where(reported.c.terminal == _MINE).scalar_subquery(), 0
    ),
)  # fmt: skip
_UNANSWERED = sa.select(sa.literal(1)).where(
    orders.c.terminal == _MINE, orders.c.waiting > 0, orders.c.status == "waiting",
    orders.c.expires_ms > sa.bindparam("now_ms"),
)  # fmt: skip
_WANTS = sa.select(sa.exists(_UNHEARD), sa.exists(_UNANSWERED))


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
        row = self._db.execute(_REPORTED, {"terminal": terminal}).first()
        return Spoken(msgspec.json.decode(row.body, type=Reported), row.got_ms, row.changed_ms) if row else None

    def updates(self, names: Collection[str]) -> dict[str, UpdateLook]:
        """How the newest update of each of these terminals stands, by the number of its order."""
        if not names:
            return {}
        query = sa.select(reported.c.body).where(among(self._db, reported.c.terminal, names))
        said = (msgspec.json.decode(body, type=Reported).update for body in self._db.execute(query).scalars())
        return {each.cid: each for each in said if each is not None}

    def put_reported(self, terminal: str, body: bytes, row: Spoken) -> None:
        said = row.reported
        values = {
            "terminal": terminal, "body": body, "desired_rev": said.desired_rev, "rev": said.rev, "status": said.status,
            "got_ms": row.got_ms, "changed_ms": row.changed_ms,
        }  # fmt: skip
        put(self._db, reported, values)

    def heard_again(self, terminal: str, now_ms: int) -> None:
        """What it reported last stands as of now."""
        self._db.execute(sa.update(reported).where(reported.c.terminal == terminal).values(got_ms=now_ms))

    def state(self, terminal: str) -> State | None:
        """The last state, as kept by the ingest."""
        body = self._db.execute(_STATE, {"terminal": terminal}).scalar()
        return msgspec.json.decode(body, type=State) if body else None

    def put_met(self, terminal: str, body: bytes, now_ms: int) -> None:
        """Keep telemetry for about a day."""
        put(self._db, met, {"terminal": terminal, "slot": now_ms // MET_SLOT_MS, "got_ms": now_ms, "body": body})
        self._db.execute(_OLD_MET, {"terminal": terminal, "before": (now_ms - MET_KEPT_MS) // MET_SLOT_MS})

    def met(self, terminal: str, limit: int) -> list[MetRow]:
        """Newest first."""
        query = sa.select(met).where(met.c.terminal == terminal).order_by(met.c.slot.desc()).limit(limit)
        return [
            MetRow(got_ms=row.got_ms, met=msgspec.json.decode(row.body, type=Met)) for row in self._db.execute(query)
        ]

    def pass_(self, terminal: str, what: str, at_ms: int, detail: str) -> None:
        """One line of the timeline; now and then the oldest go."""
        put(self._db, passages, {"terminal": terminal, "what": what, "at_ms": at_ms, "detail": detail[:200]})
        if at_ms % PRUNED_EACH:
            return
        mine = {"terminal": terminal, "kind": what}
        last = self._db.execute(_BEYOND, mine).scalar()
        oldest_ms = max(at_ms - PASSAGES_KEPT_MS, (last or -1) + 1)
        self._db.execute(_OLD_PASSAGES, mine | {"before": oldest_ms})

    def wants(self, terminal: str, now_ms: int, sent_before_ms: int) -> tuple[bool, bool]:
        """Whether a terminal that comes back should be given settings it has not heard of, and orders without answer."""
        row = self._db.execute(_WANTS, {"terminal": terminal, "now_ms": now_ms, "sent": sent_before_ms}).one()
        return bool(row[0]), bool(row[1])

    def passages(self, terminal: str, limit: int) -> list[Passage]:
        """Newest first."""
        it = passages.c
        query = sa.select(it.at_ms, it.what, it.detail).where(it.terminal == terminal)
        rows = self._db.execute(query.order_by(it.at_ms.desc(), it.what).limit(limit))
        return [Passage(**row._mapping) for row in rows]
