"""The simulated acquirer's own books: trades, refunds and scripts in a database of its own, which no other room reads.

They are the third, independent source of reconciliation (domain 2.4)."""

from dataclasses import asdict, dataclass
from typing import Literal

import sqlalchemy as sa

from fleet.acquirer.script import Step
from fleet.side_books import Place, ScriptPages, SideBooks, steps_table, table_of
from fleet.sql_dialect import WHOLE, put

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
_trades, _backs = table_of(_tables, "trades", Trade), table_of(_tables, "backs", Back)
_steps = steps_table(_tables)
_marks = sa.Table(
    "marks", _tables, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", WHOLE, nullable=False),
    sqlite_strict=True,
)  # fmt: skip


class Pages(ScriptPages[Step]):
    """The books within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection, _steps, Step)

    def trade(self, order_no: str) -> Trade | None:
        row = self._db.execute(sa.select(_trades).where(_trades.c.order_no == order_no)).first()
        return Trade(*row) if row else None

    def put_trade(self, row: Trade) -> None:
        put(self._db, _trades, asdict(row))

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
        put(self._db, _backs, asdict(row))

    def backs(self, order_no: str = "") -> list[Back]:
        """Refunds of one trade, or all, the oldest first."""
        query = sa.select(_backs).order_by(_backs.c.made_ms, _backs.c.refund_no)
        rows = self._db.execute(query.where(_backs.c.order_no == order_no) if order_no else query)
        return [Back(*row) for row in rows]

    def clear_steps(self) -> None:
        super().clear_steps()
        self.mark("outage_until_ms", 0)

    def mark(self, name: str, value: int) -> None:
        put(self._db, _marks, {"name": name, "value": value})

    def marked(self, name: str) -> int:
        """A number kept under a name; 0 when there is none."""
        found = self._db.execute(sa.select(_marks.c.value).where(_marks.c.name == name)).scalar_one_or_none()
        return int(found or 0)


class Ledgers(SideBooks[Pages]):
    """The database of the books. `place` None: in memory."""

    def __init__(self, place: Place = None, read_only: bool = False) -> None:
        super().__init__(_tables, Pages, place, read_only)
