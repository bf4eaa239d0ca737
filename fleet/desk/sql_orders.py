"""Commands that were ordered, and what became of each, within one transaction."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from fleet.admin import OrderLook, OrderStatus
from fleet.desk.tables import orders, parts
from fleet.sql_dialect import among, put
from wire.fleet import Order, Reply


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as kept. `text`: what is signed; `reply`: the last word about it, without its data, b"" none; `due_ms` and
    `sent_ms` as of settings; `waiting` 1: an answer is still expected before `expires_ms`, also of one that is held."""

    cid: str
    batch: str
    terminal: str
    name: str
    text: bytes
    status: OrderStatus
    who: str
    why: str
    issued_ms: int
    expires_ms: int
    answered_ms: int = 0
    reply: bytes = b""
    parts_all: int = 0
    due_ms: int = 0
    sent_ms: int = 0
    waiting: int = 1


_ORDER = sa.select(orders).where(orders.c.cid == sa.bindparam("cid"))
_DUE = (
    sa.select(orders)
    .where(orders.c.due_ms > 0, orders.c.due_ms <= sa.bindparam("now_ms"), orders.c.expires_ms > sa.bindparam("now_ms"))
    .order_by(orders.c.due_ms, orders.c.issued_ms, orders.c.cid)
    .limit(sa.bindparam("most"))
)
_UNANSWERED = (
    sa.select(orders)
    .where(orders.c.terminal == sa.bindparam("terminal"), orders.c.waiting > 0, orders.c.status == "waiting")
    .where(orders.c.expires_ms > sa.bindparam("now_ms"))
    .order_by(orders.c.issued_ms, orders.c.cid)
)


class OrderBooks:
    """Orders and results."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def put(self, row: OrderRow) -> None:
        put(self._db, orders, {name: getattr(row, name) for name in OrderRow.__slots__})

    def get(self, cid: str) -> OrderRow | None:
        row = self._db.execute(_ORDER, {"cid": cid}).first()
        return OrderRow(*row) if row else None

    def due(self, now_ms: int, limit: int, but: Collection[str] = ()) -> list[OrderRow]:
        """What is to be sent and has not expired, `but` those; longest due first, of what is due at once the older first."""
        query = _DUE.where(sa.not_(among(self._db, orders.c.cid, but))) if but else _DUE
        return [OrderRow(*row) for row in self._db.execute(query, {"now_ms": now_ms, "most": limit}).all()]

    def supersede(self, terminal: str, names: Iterable[str]) -> None:
        """Orders of these kinds that a terminal has said nothing about are sent no more, and not waited for."""
        of_it = (orders.c.terminal == terminal, orders.c.name.in_(names))
        change = sa.update(orders).where(*of_it, orders.c.waiting > 0, orders.c.status == "waiting")
        self._db.execute(change.values(status="superseded", due_ms=0, waiting=0))

    def unanswered(self, terminal: str, now_ms: int) -> list[OrderRow]:
        """Orders a terminal may still take and has said nothing about."""
        rows = self._db.execute(_UNANSWERED, {"terminal": terminal, "now_ms": now_ms})
        return [OrderRow(*row) for row in rows]

    def overdue(self, before_ms: int, limit: int) -> list[OrderRow]:
        """Orders still waiting that expired before."""
        query = sa.select(orders).where(orders.c.waiting > 0, orders.c.expires_ms <= before_ms)
        return [
            OrderRow(*row) for row in self._db.execute(query.order_by(orders.c.expires_ms, orders.c.cid).limit(limit))
        ]

    def taken(self, cids: list[str], now_ms: int) -> None:
        """The broker has these."""
        self._change(cids, due_ms=0, sent_ms=now_ms)

    def put_off(self, cids: list[str], now_ms: int) -> None:
        """These are due behind all others."""
        self._change(cids, due_ms=now_ms)

    def _change(self, cids: list[str], **values: int) -> None:
        if cids:
            self._db.execute(sa.update(orders).where(among(self._db, orders.c.cid, cids)).values(**values))

    def seen(self, terminal: str, batch: str, cid: str, limit: int) -> list[OrderLook]:
        """Newest first."""
        query = sa.select(orders).order_by(orders.c.issued_ms.desc(), orders.c.cid).limit(limit)
        for wanted, there in ((terminal, orders.c.terminal), (batch, orders.c.batch), (cid, orders.c.cid)):
            if wanted:
                query = query.where(there == wanted)
        rows = [OrderRow(*row) for row in self._db.execute(query)]
        return [self.look(row) for row in rows]

    def look(self, row: OrderRow) -> OrderLook:
        """An order as it is shown."""
        reply = msgspec.json.decode(row.reply, type=Reply) if row.reply else None
        return OrderLook(
            cid=row.cid, batch=row.batch, terminal=row.terminal, name=row.name, status=row.status, who=row.who, why=row.why,
            issued_ms=row.issued_ms, expires_ms=row.expires_ms, answered_ms=row.answered_ms,
            code=reply.code if reply else 0, reason=reply.reason if reply else "", checks=reply.checks if reply else (),
            parts=self._parts(row.cid) if row.parts_all else 0, parts_all=row.parts_all,
            command=msgspec.json.decode(row.text, type=Order).command,
        )  # fmt: skip

    def add_part(self, cid: str, part: int, data: bytes) -> None:
        put(self._db, parts, {"cid": cid, "part": part, "data": data})

    def data(self, cid: str) -> dict[int, bytes]:
        """The pieces that came, by number."""
        query = sa.select(parts.c.part, parts.c.data).where(parts.c.cid == cid).order_by(parts.c.part)
        return {part: bytes(data) for part, data in self._db.execute(query)}

    def _parts(self, cid: str) -> int:
        return int(self._db.execute(sa.select(sa.func.count()).where(parts.c.cid == cid)).scalar_one())

    def forget(self, before_ms: int, limit: int) -> None:
        """Drop old orders with their data; who ordered what stays in the audit."""
        old: Any = (
            sa.select(orders.c.cid).where(orders.c.issued_ms < before_ms).order_by(orders.c.issued_ms).limit(limit)
        )
        cids = list(self._db.execute(old).scalars())
        if cids:
            self._db.execute(sa.delete(parts).where(parts.c.cid.in_(cids)))
            self._db.execute(sa.delete(orders).where(orders.c.cid.in_(cids)))
