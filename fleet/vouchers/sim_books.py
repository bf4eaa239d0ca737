"""The simulated platforms' own books: vouchers, redemptions and scripts in a database of their own, which no other room
reads. They are the independent witness of what was redeemed, and the source of the fourth statement (domain 2.4)."""

from dataclasses import asdict, dataclass, field
from typing import Literal

import msgspec
import sqlalchemy as sa

from fleet.side_books import Place, ScriptPages, SideBooks, steps_table, table_of
from fleet.sql_dialect import put
from fleet.vouchers.script import VoucherStep
from rules.deals import Deal
from rules.demo_vouchers import DemoVouchers, SampleCoupon

RedemptionState = Literal["consumed", "undone", "due", "missed"]


@dataclass(frozen=True, slots=True)
class Voucher:
    """One code at its platform. `spec`: which kind of vouchers it is; `left`: how many may still be used; `cycles`: how
    often it was redeemed."""

    code: str = field(repr=False)
    platform: str
    spec: int
    left: int
    cycles: int = 0


@dataclass(frozen=True, slots=True)
class Redemption:
    """One redemption by its request number. `due`: it will happen at `due_ms`; `missed`: by then the voucher was used up.
    Amounts are of all its vouchers."""

    request_no: str
    platform: str
    code: str = field(repr=False)
    deal_id: str
    title: str
    shop: str
    terminal: str
    operator: str
    record_no: str
    count: int
    paid_fen: int
    platform_fen: int
    merchant_fen: int
    state: RedemptionState
    made_ms: int
    used_ms: int = 0
    undone_ms: int = 0
    due_ms: int = 0


_tables = sa.MetaData()
_vouchers = table_of(_tables, "vouchers", Voucher)
_redemptions = table_of(_tables, "redemptions", Redemption)
_specs = sa.Table(
    "specs", _tables,
    sa.Column("id", sa.Integer, primary_key=True), sa.Column("spec", sa.Text, nullable=False), sqlite_strict=True,
)  # fmt: skip
_deals = sa.Table(
    "deals", _tables,
    sa.Column("platform", sa.Text, primary_key=True), sa.Column("deal_id", sa.Text, primary_key=True),
    sa.Column("deal", sa.Text, nullable=False), sqlite_strict=True,
)  # fmt: skip
_steps = steps_table(_tables)
_marks = sa.Table(
    "marks", _tables, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False),
    sqlite_strict=True,
)  # fmt: skip


class PlatformPages(ScriptPages[VoucherStep]):
    """The books within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection, _steps, VoucherStep)

    def load(self, known: DemoVouchers) -> None:
        """Deals and kinds of vouchers instead of those there were; the same kind keeps its vouchers."""
        for table in (_deals, _specs):
            self._db.execute(sa.delete(table))
        for deal in known.deal:
            row = {"platform": deal.platform, "deal_id": deal.deal_id, "deal": msgspec.json.encode(deal).decode()}
            self._db.execute(sa.insert(_deals), row)
        for number, coupon in enumerate(known.coupon, 1):
            spec = msgspec.json.encode(coupon).decode()
            self._db.execute(sa.insert(_specs), {"id": number, "spec": spec})

    def deals(self, platform: str) -> list[Deal]:
        rows = self._db.execute(sa.select(_deals).where(_deals.c.platform == platform).order_by(_deals.c.deal_id))
        return [msgspec.json.decode(row.deal, type=Deal) for row in rows]

    def specs(self) -> list[tuple[int, SampleCoupon]]:
        rows = self._db.execute(sa.select(_specs).order_by(_specs.c.id))
        return [(row.id, msgspec.json.decode(row.spec, type=SampleCoupon)) for row in rows]

    def voucher(self, code: str) -> Voucher | None:
        row = self._db.execute(sa.select(_vouchers).where(_vouchers.c.code == code)).first()
        return Voucher(*row) if row else None

    def put_voucher(self, row: Voucher) -> None:
        put(self._db, _vouchers, asdict(row))

    def redemption(self, request_no: str) -> Redemption | None:
        row = self._db.execute(sa.select(_redemptions).where(_redemptions.c.request_no == request_no)).first()
        return Redemption(*row) if row else None

    def put_redemption(self, row: Redemption) -> None:
        put(self._db, _redemptions, asdict(row))

    def redemptions(self) -> list[Redemption]:
        """All of them, the oldest first."""
        query = sa.select(_redemptions).order_by(_redemptions.c.made_ms, _redemptions.c.request_no)
        return [Redemption(*row) for row in self._db.execute(query)]

    def due(self, now_ms: int) -> list[Redemption]:
        """Redemptions that happen by now."""
        query = sa.select(_redemptions).where(_redemptions.c.state == "due", _redemptions.c.due_ms <= now_ms)
        return [Redemption(*row) for row in self._db.execute(query.order_by(_redemptions.c.due_ms))]

    def clear_steps(self) -> None:
        super().clear_steps()
        self._db.execute(sa.delete(_marks).where(_marks.c.name.startswith("outage_")))

    def mark(self, name: str, value: str) -> None:
        put(self._db, _marks, {"name": name, "value": value})

    def marked(self, name: str) -> str:
        """What is kept under a name; "" for nothing."""
        return str(self._db.execute(sa.select(_marks.c.value).where(_marks.c.name == name)).scalar_one_or_none() or "")


class PlatformLedgers(SideBooks[PlatformPages]):
    """The database of the books. `place` None: in memory."""

    def __init__(self, place: Place = None, read_only: bool = False) -> None:
        super().__init__(_tables, PlatformPages, place, read_only)
