"""The voucher part of the store on SQLAlchemy Core."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from fleet.sql_dialect import partial, put
from fleet.sql_locks import Locks
from fleet.sql_records import SqlRecords
from fleet.sql_tables import column, key, table
from fleet.vouchers.books import DealRow, PlatformRow, Prepared, Use
from wire.facts import Fact, Refund, Sale, VoucherSent
from wire.facts import decode as decode_fact

prepared = table(
    "vouchers_prepared",
    key("ref", sa.Text),
    column("terminal", sa.Text), column("platform", sa.Text), column("shop", sa.Text), column("digest", sa.Text),
    column("seen", sa.Text), column("handle", sa.LargeBinary), column("last4", sa.Text), column("deal_id", sa.Text),
    column("title", sa.Text), column("kind", sa.Text), column("count", sa.Integer), column("min_count", sa.Integer),
    column("face_fen", sa.Integer), column("basis_fen", sa.Integer), column("got_ms", sa.Integer),
    column("expires_ms", sa.Integer),
)  # fmt: skip
sa.Index("vouchers_prepared_by_end", prepared.c.expires_ms)

uses = table(
    "voucher_uses",
    key("request_no", sa.Text),
    column("terminal", sa.Text), column("batch", sa.Integer), column("trace", sa.Integer), column("platform", sa.Text),
    column("shop", sa.Text), column("digest", sa.Text), column("seen", sa.Text), column("ref", sa.Text),
    column("handle", sa.LargeBinary), column("undo_handle", sa.LargeBinary), column("code_sealed", sa.LargeBinary),
    column("last4", sa.Text), column("deal_id", sa.Text), column("title", sa.Text), column("kind", sa.Text),
    column("count", sa.Integer), column("amount_fen", sa.Integer), column("basis_fen", sa.Integer),
    column("operator", sa.Text), column("state", sa.Text), column("code", sa.Integer), column("record_no", sa.Text),
    column("consumed", sa.Integer), column("paid_fen", sa.Integer), column("platform_fen", sa.Integer),
    column("merchant_fen", sa.Integer), column("raw", sa.LargeBinary), column("undo_until_ms", sa.Integer),
    column("undo_code", sa.Integer), column("undo_wanted", sa.Integer), column("doubt", sa.Integer),
    column("got_ms", sa.Integer), column("used_ms", sa.Integer),
    column("changed_ms", sa.Integer), column("call", sa.Integer), column("busy_until_ms", sa.Integer),
    column("due_ms", sa.Integer), column("tries", sa.Integer), column("told", sa.Text), column("news", sa.Integer),
    column("detail", sa.Text),
)  # fmt: skip
sa.Index("voucher_uses_by_code", uses.c.digest)
sa.Index("voucher_uses_by_scan", uses.c.seen)
partial("voucher_uses_due", uses.c.due_ms, where=uses.c.due_ms > 0)
partial("voucher_uses_news", uses.c.terminal, where=uses.c.news > 0)

deals = table(
    "voucher_deals",
    key("platform", sa.Text), key("deal_id", sa.Text), key("shop", sa.Text), key("source", sa.Text),
    column("deal", sa.LargeBinary), column("got_ms", sa.Integer),
)  # fmt: skip

platforms = table(
    "voucher_platforms",
    key("platform", sa.Text), key("shop", sa.Text),
    column("code", sa.Integer), column("software_min", sa.Text), column("asked_ms", sa.Integer),
    column("got_ms", sa.Integer),
)  # fmt: skip

_FLAGS = ("undo_wanted", "doubt", "news")


class SqlVouchers:
    """`VoucherBooks` on one open transaction, with what reports and the command line ask for beside it."""

    def __init__(self, connection: sa.Connection, records: SqlRecords, locks: Locks) -> None:
        self._db = connection
        self._records = records
        self._locks = locks

    def prepared(self, ref: str) -> Prepared | None:
        row = self._db.execute(sa.select(prepared).where(prepared.c.ref == ref)).first()
        return Prepared(*row) if row else None

    def put_prepared(self, row: Prepared) -> None:
        put(self._db, prepared, asdict(row))

    def forget_prepared(self, before_ms: int) -> None:
        self._db.execute(sa.delete(prepared).where(prepared.c.expires_ms < before_ms))

    def use(self, request_no: str) -> Use | None:
        self._locks.hold("use", [request_no])
        row = self._db.execute(sa.select(uses).where(uses.c.request_no == request_no)).first()
        return _use(row) if row else None

    def put_use(self, row: Use) -> None:
        put(self._db, uses, asdict(row) | {name: int(getattr(row, name)) for name in _FLAGS})

    def uses_of(self, digest: str, limit: int) -> list[Use]:
        if not digest:
            return []
        self._locks.hold("code", [digest])  # nobody redeems the same code between this look and the row it decides on
        where = sa.or_(uses.c.digest == digest, uses.c.seen == digest)
        order = (uses.c.got_ms.desc(), uses.c.request_no.desc())
        return [_use(row) for row in self._db.execute(sa.select(uses).where(where).order_by(*order).limit(limit))]

    def due(self, now_ms: int, limit: int) -> list[Use]:
        where = (uses.c.due_ms > 0, uses.c.due_ms <= now_ms)
        order = (uses.c.due_ms, uses.c.request_no)
        found = self._db.execute(sa.select(uses.c.request_no).where(*where).order_by(*order).limit(limit)).scalars()
        free = [each for each in found if self._locks.try_hold("use", each)]  # what another worker is about is not due
        if not free:
            return []
        query = sa.select(uses).where(uses.c.request_no.in_(free), *where).order_by(*order)
        return [_use(row) for row in self._db.execute(query)]

    def news(self, terminal: str, limit: int) -> list[str]:
        query = sa.select(uses.c.request_no).where(uses.c.terminal == terminal, uses.c.news > 0)
        return list(self._db.execute(query.order_by(uses.c.changed_ms, uses.c.request_no).limit(limit)).scalars())

    def deals(self, shop: str) -> list[DealRow]:
        it = deals.c
        query = sa.select(deals).where(it.shop.in_(("", shop)))
        rows = self._db.execute(query.order_by(it.platform, it.deal_id, it.shop, it.source))
        return [DealRow(*row) for row in rows]

    def put_deals(self, platform: str, shop: str, source: str, rows: list[DealRow]) -> None:
        self._locks.hold("shop", [shop])
        it = deals.c
        gone = sa.delete(deals).where(it.shop == shop, it.source == source)
        self._db.execute(gone.where(it.platform == platform) if platform else gone)
        if rows:
            self._db.execute(sa.insert(deals), [asdict(row) for row in rows])

    def platform(self, platform: str, shop: str) -> PlatformRow | None:
        self._locks.hold("shop", [shop])
        query = sa.select(platforms).where(platforms.c.platform == platform, platforms.c.shop == shop)
        row = self._db.execute(query).first()
        return PlatformRow(*row) if row else None

    def put_platform(self, row: PlatformRow) -> None:
        put(self._db, platforms, asdict(row))

    # --- for reports ---

    def all_uses(self) -> list[Use]:
        """Every use, the oldest first."""
        return [_use(row) for row in self._db.execute(sa.select(uses).order_by(uses.c.got_ms, uses.c.request_no))]

    def sold(self, from_ms: int, to_ms: int) -> frozenset[str]:
        """Request numbers of the uses with which a sale was booked between two moments of the terminals' clocks, and that
        did not go back with it: a voucher the platform keeps after a void pays for nothing. Also those under which a
        registered voucher of an earlier sale was verified again."""
        sold = (decode_fact(Sale.KIND, *row) for row in self._records.sales(from_ms, to_ms))
        back = (decode_fact(Refund.KIND, *row) for row in self._records.refunds(from_ms))
        sent = (decode_fact(VoucherSent.KIND, *row) for row in self._records.vouchers_sent(from_ms, to_ms))
        gone = _numbers(back)
        again = {
            fact.use.request_no for fact in sent if isinstance(fact, VoucherSent) and fact.again not in {"", *gone}
        }
        return frozenset(_numbers(sold) - gone | again)

    def all_deals(self) -> list[DealRow]:
        """Every deal of every shop."""
        it = deals.c
        rows = self._db.execute(sa.select(deals).order_by(it.platform, it.deal_id, it.shop, it.source))
        return [DealRow(*row) for row in rows]

    def all_platforms(self) -> list[PlatformRow]:
        """Every platform that was ever asked, by shop."""
        rows = self._db.execute(sa.select(platforms).order_by(platforms.c.shop, platforms.c.platform))
        return [PlatformRow(*row) for row in rows]


def _numbers(facts: Iterable[Fact]) -> set[str]:
    """Request numbers of the vouchers among the means of sales or refunds."""
    found: set[str] = set()
    for fact in facts:
        assert isinstance(fact, Sale | Refund), fact
        found |= {part.voucher.request_no for part in fact.tenders if part.voucher is not None}
    return found


def _use(row: Sequence[Any]) -> Use:
    plain = Use(*row)
    return replace(plain, undo_wanted=bool(plain.undo_wanted), doubt=bool(plain.doubt), news=bool(plain.news))
