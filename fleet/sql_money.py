"""The money part of the store on SQLAlchemy Core: payments, refunds, reservations, and where to find a sale."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from fleet.money import OPEN_STATES, Found, Movement, Payment, Refund, Reservation, Return
from fleet.sql_dialect import WHOLE, add_rows, partial, put
from fleet.sql_locks import Locks
from fleet.sql_records import SqlRecords
from fleet.sql_tables import column, key, movements, table

payments = table(
    "payments",
    key("order_no", sa.Text),
    column("terminal", sa.Text), column("channel", sa.Text), column("amount_fen", sa.Integer),
    column("state", sa.Text), column("code", sa.Integer), column("channel_no", sa.Text), column("paid_fen", sa.Integer),
    column("got_ms", sa.Integer), column("changed_ms", sa.Integer), column("call", sa.Integer),
    column("busy_until_ms", sa.Integer), column("reversal_wanted", sa.Integer),
)  # fmt: skip
LOOKED_UP = (
    partial("payments_by_bill", payments.c.channel_no, where=payments.c.channel_no != ""),
    partial("payments_open", payments.c.terminal, where=payments.c.state.in_(OPEN_STATES)),
)
"""What finds payments for a person: by the customer's bill, and those not decided yet."""

refunds = table(
    "refunds",
    key("refund_no", sa.Text),
    column("order_no", sa.Text), column("terminal", sa.Text), column("channel", sa.Text),
    column("amount_fen", sa.Integer), column("reason", sa.Text), column("state", sa.Text), column("code", sa.Integer),
    column("channel_refund_no", sa.Text), column("got_ms", sa.Integer), column("changed_ms", sa.Integer),
    column("call", sa.Integer), column("busy_until_ms", sa.Integer),
    sa.Column("asked", WHOLE, nullable=False, server_default="0"),
)  # fmt: skip
sa.Index("refunds_by_order", refunds.c.order_no)

reservations = table(
    "reservations",
    key("reserve_no", sa.Text),
    column("asker", sa.Text), column("terminal", sa.Text), column("epoch", sa.Integer), column("seq", sa.Integer),
    column("quantities", sa.LargeBinary), column("total_fen", sa.Integer), column("state", sa.Text),
    column("code", sa.Integer), column("got_ms", sa.Integer),
    column("tenders", sa.LargeBinary),
)  # fmt: skip
sa.Index("reservations_by_sale", reservations.c.terminal, reservations.c.epoch, reservations.c.seq)

returns = table(
    "returns",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer),
    column("sale_terminal", sa.Text), column("sale_epoch", sa.Integer), column("sale_seq", sa.Integer),
    column("quantities", sa.LargeBinary), column("total_fen", sa.Integer), column("reserve_no", sa.Text),
)  # fmt: skip
sa.Index("returns_by_sale", returns.c.sale_terminal, returns.c.sale_epoch, returns.c.sale_seq)
sa.Index("returns_by_reserve", returns.c.reserve_no)

found_sales = table(
    "found_sales",
    key("key", sa.Text), key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer),
    column("at_ms", sa.Integer), is_index=True,
)  # fmt: skip


class SqlMoney:
    """`MoneyBooks` on one open transaction, with what reports and the command line ask for beside it."""

    def __init__(self, connection: sa.Connection, records: SqlRecords, locks: Locks) -> None:
        self._db = connection
        self._locks = locks
        self.record, self.moving = records.one, records.moving

    def payment(self, order_no: str) -> Payment | None:
        self._locks.hold("order", [order_no])
        row = self._db.execute(sa.select(payments).where(payments.c.order_no == order_no)).first()
        return _payment(row) if row else None

    def payment_of_bill(self, channel_no: str) -> Payment | None:
        it = payments.c
        query = sa.select(it.order_no).where(it.channel_no == channel_no, it.channel_no != "")
        number = self._db.execute(query.order_by(it.got_ms.desc(), it.order_no).limit(1)).scalar()
        return None if number is None else self.payment(number)

    def open_payments(self, terminal: str, limit: int) -> list[Payment]:
        it = payments.c
        query = sa.select(it.order_no).where(it.terminal == terminal, it.state.in_(OPEN_STATES))
        numbers = self._db.execute(query.order_by(it.got_ms.desc(), it.order_no).limit(limit)).scalars().all()
        self._locks.hold("order", numbers)
        rows = [row for row in map(self.payment, numbers) if row is not None]
        return [row for row in rows if row.state in OPEN_STATES]  # decided, perhaps, while another worker had it

    def put_payment(self, row: Payment) -> None:
        put(self._db, payments, asdict(row) | {"reversal_wanted": int(row.reversal_wanted)})

    def recent(self, since_ms: int, limit: int) -> list[Payment]:
        it = payments.c
        query = sa.select(payments).where(it.changed_ms >= since_ms).order_by(it.changed_ms.desc(), it.order_no)
        return [_payment(row) for row in self._db.execute(query.limit(limit))]

    def refund(self, refund_no: str) -> Refund | None:
        self._locks.hold("refund", [refund_no])
        row = self._db.execute(sa.select(refunds).where(refunds.c.refund_no == refund_no)).first()
        return Refund(*row) if row else None

    def put_refund(self, row: Refund) -> None:
        put(self._db, refunds, asdict(row))

    def refunded_fen(self, order_no: str) -> int:
        query = sa.select(sa.func.coalesce(sa.func.sum(refunds.c.amount_fen), 0))
        query = query.where(refunds.c.order_no == order_no, refunds.c.state != "failed")
        return int(self._db.execute(query).scalar_one())

    def reservation(self, reserve_no: str) -> Reservation | None:
        self._locks.hold("reserve", [reserve_no])
        row = self._db.execute(sa.select(reservations).where(reservations.c.reserve_no == reserve_no)).first()
        return Reservation(*row) if row else None

    def put_reservation(self, row: Reservation) -> None:
        put(self._db, reservations, asdict(row))

    def reservations_of(self, terminal: str, epoch: int, seq: int) -> list[Reservation]:
        self._locks.hold("sale", [_sale(terminal, epoch, seq)])
        it = reservations.c
        used = sa.exists().where(returns.c.reserve_no == it.reserve_no)
        query = sa.select(reservations).where(it.terminal == terminal, it.epoch == epoch, it.seq == seq)
        query = query.where(it.state == "granted", ~used).order_by(it.reserve_no)
        return [Reservation(*row) for row in self._db.execute(query)]

    def returns_of(self, terminal: str, epoch: int, seq: int) -> list[Return]:
        self._locks.hold("sale", [_sale(terminal, epoch, seq)])
        it = returns.c
        query = sa.select(returns).where(it.sale_terminal == terminal, it.sale_epoch == epoch, it.sale_seq == seq)
        return [Return(*row) for row in self._db.execute(query.order_by(it.terminal, it.epoch, it.seq))]

    def shelve(self, found: list[Found], back: list[Return], moved: list[Movement]) -> None:
        # a return uses a reservation up: who counts what is given back of the sale sees both or neither
        self._locks.hold("sale", [_sale(each.sale_terminal, each.sale_epoch, each.sale_seq) for each in back])
        for where, rows in ((found_sales, found), (returns, back), (movements, moved)):
            add_rows(self._db, where, rows)

    def find(self, wanted: str, limit: int, terminal: str = "") -> list[Found]:
        it = found_sales.c
        order = (it.at_ms.desc(), it.terminal, it.epoch, it.seq.desc())
        where = [it.key == wanted, *([it.terminal == terminal] if terminal else [])]
        rows = self._db.execute(sa.select(found_sales).where(*where).order_by(*order).limit(limit))
        return [Found(*row) for row in rows]

    def last_before(self, wanted: str, terminal: str, epoch: int, seq: int) -> Found | None:
        it = found_sales.c
        of_journal = (it.key == wanted, it.terminal == terminal, it.epoch == epoch, it.seq < seq)
        query = sa.select(found_sales).where(*of_journal).order_by(it.seq.desc()).limit(1)
        row = self._db.execute(query).first()
        return Found(*row) if row else None

    # --- for reports ---

    def all_payments(self) -> list[Payment]:
        """Every payment, the oldest first."""
        query = sa.select(payments).order_by(payments.c.got_ms, payments.c.order_no)
        return [_payment(row) for row in self._db.execute(query)]

    def all_refunds(self) -> list[Refund]:
        """Every refund, the oldest first."""
        query = sa.select(refunds).order_by(refunds.c.got_ms, refunds.c.refund_no)
        return [Refund(*row) for row in self._db.execute(query)]


def _sale(terminal: str, epoch: int, seq: int) -> str:
    return f"{terminal}/{epoch}/{seq}"


def _payment(row: Sequence[Any]) -> Payment:
    plain = Payment(*row)
    return replace(plain, reversal_wanted=bool(plain.reversal_wanted))
