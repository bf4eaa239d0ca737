"""The simulated acquirer's own books: trades, refunds and scripts in a database of its own, which no other room reads.

They are the third, independent source of reconciliation (domain 2.4)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from fleet.acquirer.script import Step
from fleet.sql_engine import open_engine, troubles

TradeState = Literal["wait", "success", "closed", "cancelled", "revoked"]


@dataclass(frozen=True, slots=True)
class Trade:
    """One payment at the channel. `wait` becomes `then` at `due_ms`; `closed` was never paid; `revoked` was paid and given
    back by a reversal at `revoked_ms`."""

    order_no: str
    channel: str
    trade_no: str
    amount_fen: int
    fee_ppm: int
    state: TradeState
    terminal: str = ""
    operator: str = ""
    subject: str = ""
    made_ms: int = 0
    paid_ms: int = 0
    revoked_ms: int = 0
    due_ms: int = 0
    then: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """One refund at the channel; `processing` ends well at `due_ms`."""

    refund_no: str
    order_no: str
    channel: str
    refund_trade_no: str
    amount_fen: int
    reason: str
    state: Literal["processing", "success"]
    made_ms: int
    done_ms: int = 0
    due_ms: int = 0


_tables = sa.MetaData()
_KINDS: dict[type, type[sa.types.TypeEngine[Any]]] = {int: sa.Integer, str: sa.Text}


def _table(name: str, kind: type) -> sa.Table:
    first, *others = kind.__dataclass_fields__.values()  # type: ignore[attr-defined]
    columns = [sa.Column(each.name, _KINDS.get(each.type, sa.Text), nullable=False) for each in others]
    return sa.Table(name, _tables, sa.Column(first.name, sa.Text, primary_key=True), *columns, sqlite_strict=True)


_trades, _backs = _table("trades", Trade), _table("backs", Back)
_steps = sa.Table(
    "steps", _tables,
    sa.Column("id", sa.Integer, primary_key=True), sa.Column("step", sa.Text, nullable=False),
    sa.Column("left", sa.Integer, nullable=False), sqlite_strict=True,
)  # fmt: skip
_marks = sa.Table(
    "marks", _tables, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Integer, nullable=False),
    sqlite_strict=True,
)  # fmt: skip


class Ledgers:
    """The database of the books. `path` None: in memory."""

    def __init__(self, path: Path | None = None, read_only: bool = False) -> None:
        self._engine = open_engine(path, read_only)
        if not read_only:
            with troubles(), self._engine.begin() as connection:
                _tables.create_all(connection)

    @contextmanager
    def begin(self) -> Iterator["Pages"]:
        """One transaction. Raises `StoreTrouble`."""
        with troubles(), self._engine.begin() as connection:
            yield Pages(connection)

    def close(self) -> None:
        self._engine.dispose()


class Pages:
    """The books within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def trade(self, order_no: str) -> Trade | None:
        row = self._db.execute(sa.select(_trades).where(_trades.c.order_no == order_no)).first()
        return Trade(*row) if row else None

    def put_trade(self, row: Trade) -> None:
        self._put(_trades, asdict(row))

    def trades(self) -> list[Trade]:
        """All trades, the oldest first."""
        query = sa.select(_trades).order_by(_trades.c.made_ms, _trades.c.order_no)
        return [Trade(*row) for row in self._db.execute(query)]

    def due(self, now_ms: int) -> tuple[list[Trade], list[Back]]:
        """Trades that wait and refunds in process whose end has come."""
        waiting = sa.select(_trades).where(_trades.c.state == "wait", _trades.c.due_ms <= now_ms)
        working = sa.select(_backs).where(_backs.c.state == "processing", _backs.c.due_ms <= now_ms)
        trades = self._db.execute(waiting.order_by(_trades.c.due_ms, _trades.c.order_no))
        backs = self._db.execute(working.order_by(_backs.c.due_ms, _backs.c.refund_no))
        return [Trade(*row) for row in trades], [Back(*row) for row in backs]

    def back(self, refund_no: str) -> Back | None:
        row = self._db.execute(sa.select(_backs).where(_backs.c.refund_no == refund_no)).first()
        return Back(*row) if row else None

    def put_back(self, row: Back) -> None:
        self._put(_backs, asdict(row))

    def backs(self, order_no: str = "") -> list[Back]:
        """Refunds of one trade, or all, the oldest first."""
        query = sa.select(_backs).order_by(_backs.c.made_ms, _backs.c.refund_no)
        rows = self._db.execute(query.where(_backs.c.order_no == order_no) if order_no else query)
        return [Back(*row) for row in rows]

    def add_steps(self, steps: Sequence[Step]) -> None:
        rows = [{"step": msgspec.json.encode(step).decode(), "left": step.times or -1} for step in steps]
        if rows:
            self._db.execute(sa.insert(_steps), rows)

    def steps(self) -> list[tuple[int, Step, int]]:
        """Number, step, and how often it is still to be used (-1: always)."""
        rows = self._db.execute(sa.select(_steps).order_by(_steps.c.id))
        return [(row.id, msgspec.json.decode(row.step, type=Step), row.left) for row in rows]

    def use_step(self, number: int, left: int) -> None:
        """A step was used; the last time takes it away."""
        where = _steps.c.id == number
        if left == 1:
            self._db.execute(sa.delete(_steps).where(where))
        elif left > 1:
            self._db.execute(sa.update(_steps).where(where).values(left=left - 1))

    def clear_steps(self) -> None:
        self._db.execute(sa.delete(_steps))
        self.mark("outage_until_ms", 0)

    def mark(self, name: str, value: int) -> None:
        self._put(_marks, {"name": name, "value": value})

    def marked(self, name: str) -> int:
        """A number kept under a name; 0 when there is none."""
        found = self._db.execute(sa.select(_marks.c.value).where(_marks.c.name == name)).scalar_one_or_none()
        return int(found or 0)

    def _put(self, where: sa.Table, values: dict[str, Any]) -> None:
        fresh = sqlite.insert(where)
        keys = [each.name for each in where.primary_key]
        kept = {name: fresh.excluded[name] for name in values if name not in keys}
        self._db.execute(fresh.on_conflict_do_update(index_elements=keys, set_=kept), values)
