"""The shop's own vouchers: a platform like the others, whose books are the backend's own (`vouchers.db`).

A code is `88`, thirteen digits of chance and a check digit; only its keyed digest and its last four digits are kept, so
that nobody who reads the database can redeem what it holds. It is shown once, when it is issued.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import msgspec
import sqlalchemy as sa

from fleet import china
from fleet.side_books import Place, SideBooks
from fleet.sql_dialect import WHOLE, put
from fleet.store import StoreTrouble
from fleet.vouchers.because import EARLY, EXPIRED, SHOP, because
from fleet.vouchers.port import (
    Call,
    ConsumeCall,
    DealsCall,
    DealsReply,
    FoundCoupon,
    PrepareCall,
    PrepareReply,
    QueryCall,
    Reply,
    UndoCall,
    UseReply,
)
from fleet.vouchers.vault import Vault, plain_code
from rules.barcodes import with_check
from rules.deals import Deal

HEAD, CHANCE_DIGITS, CODE_DIGITS, LAST = "88", 13, 16, 4
ISSUED_MAX = 10_000
FORMAT, NOT_FOUND, USED, TOO_MANY, VOID = 3001, 3002, 3003, 3011, 3036
CLOSED = 5011


@dataclass(frozen=True, slots=True)
class OwnVoucher:
    """One voucher as kept. `left` of `count` may still be used; `deal` is the deal as it was when it was issued, JSON."""

    digest: str
    last4: str
    deal_id: str
    deal: str
    count: int
    left: int
    basis_fen: int
    batch: str
    issued_ms: int
    void: int = 0


@dataclass(frozen=True, slots=True)
class OwnUse:
    """One redemption. `closed`: undone before it was ever asked for."""

    request_no: str
    digest: str
    count: int
    state: Literal["consumed", "undone", "closed"]
    terminal: str
    operator: str
    used_ms: int
    undone_ms: int = 0


_tables = sa.MetaData()
_vouchers = sa.Table(
    "own_vouchers", _tables,
    sa.Column("digest", sa.Text, primary_key=True), sa.Column("last4", sa.Text, nullable=False),
    sa.Column("deal_id", sa.Text, nullable=False), sa.Column("deal", sa.Text, nullable=False),
    sa.Column("count", WHOLE, nullable=False), sa.Column("left", WHOLE, nullable=False),
    sa.Column("basis_fen", WHOLE, nullable=False), sa.Column("batch", sa.Text, nullable=False),
    sa.Column("issued_ms", WHOLE, nullable=False), sa.Column("void", WHOLE, nullable=False), sqlite_strict=True,
)  # fmt: skip
_uses = sa.Table(
    "own_uses", _tables,
    sa.Column("request_no", sa.Text, primary_key=True), sa.Column("digest", sa.Text, nullable=False),
    sa.Column("count", WHOLE, nullable=False), sa.Column("state", sa.Text, nullable=False),
    sa.Column("terminal", sa.Text, nullable=False), sa.Column("operator", sa.Text, nullable=False),
    sa.Column("used_ms", WHOLE, nullable=False), sa.Column("undone_ms", WHOLE, nullable=False),
    sqlite_strict=True,
)  # fmt: skip


class OwnPages:
    """The books within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def voucher(self, digest: str) -> OwnVoucher | None:
        row = self._db.execute(sa.select(_vouchers).where(_vouchers.c.digest == digest)).first()
        return OwnVoucher(*row) if row else None

    def put_voucher(self, row: OwnVoucher) -> None:
        put(self._db, _vouchers, asdict(row))

    def vouchers(self) -> list[OwnVoucher]:
        """All of them, the oldest first."""
        query = sa.select(_vouchers).order_by(_vouchers.c.issued_ms, _vouchers.c.deal_id, _vouchers.c.digest)
        return [OwnVoucher(*row) for row in self._db.execute(query)]

    def use(self, request_no: str) -> OwnUse | None:
        row = self._db.execute(sa.select(_uses).where(_uses.c.request_no == request_no)).first()
        return OwnUse(*row) if row else None

    def put_use(self, row: OwnUse) -> None:
        put(self._db, _uses, asdict(row))

    def uses(self) -> list[OwnUse]:
        return [
            OwnUse(*row) for row in self._db.execute(sa.select(_uses).order_by(_uses.c.used_ms, _uses.c.request_no))
        ]


class OwnBooks(SideBooks[OwnPages]):
    """The database of the shop's own vouchers. `place` None: in memory."""

    def __init__(self, place: Place = None, read_only: bool = False) -> None:
        super().__init__(_tables, OwnPages, place, read_only)


def issue(
    pages: OwnPages, vault: Vault, deal: Deal, number: int, count: int, basis_fen: int, batch: str, now_ms: int
) -> list[str]:
    """Make `number` new vouchers of a deal; their codes, which are nowhere else."""
    assert 1 <= number <= ISSUED_MAX, number
    assert deal.platform == "own", deal.platform
    codes: list[str] = []
    while len(codes) < number:
        code = with_check(f"{HEAD}{secrets.randbelow(10**CHANCE_DIGITS):0{CHANCE_DIGITS}d}")
        if pages.voucher(vault.digest(code)) is None:
            enter(pages, vault, code, deal, count, basis_fen, batch, now_ms)
            codes.append(code)
    return codes


def enter(
    pages: OwnPages, vault: Vault, code: str, deal: Deal, count: int, basis_fen: int, batch: str, now_ms: int
) -> None:
    """Keep a voucher under a given code (the demonstration's)."""
    text = msgspec.json.encode(deal).decode()
    pages.put_voucher(
        OwnVoucher(vault.digest(code), code[-LAST:], deal.deal_id, text, count, count, basis_fen, batch, now_ms)
    )


class OwnVouchers:
    """The port over the books. Money is the shop's: what it takes off is borne by the merchant."""

    def __init__(self, books: OwnBooks, vault: Vault, utc_ms: Callable[[], int]) -> None:
        self._books = books
        self._vault = vault
        self._utc_ms = utc_ms
        self._lock = threading.Lock()

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """See `fleet.vouchers.port.Platforms`."""
        try:
            with self._lock, self._books.begin() as pages:
                reply = self._do(pages, call)
        except StoreTrouble:
            return  # no answer: it is asked again
        answer(reply)

    def plan(self, call: Call, now_ms: int) -> Reply:
        """The answer at a given time, for a world with a clock of its own."""
        with self._books.begin() as pages:
            return _Till(pages, self._vault, now_ms).do(call)

    def _do(self, pages: OwnPages, call: Call) -> Reply:
        return _Till(pages, self._vault, self._utc_ms()).do(call)


@dataclass(frozen=True, slots=True)
class _Till:
    """One call within one transaction."""

    pages: OwnPages
    vault: Vault
    now_ms: int

    def do(self, call: Call) -> Reply:
        match call:
            case PrepareCall():
                return self._prepare(call)
            case ConsumeCall():
                return self._consume(call)
            case QueryCall():
                return self._known(self.pages.use(call.request_no))
            case UndoCall():
                return self._undo(call)
            case DealsCall():
                live = {row.deal_id: row.deal for row in self.pages.vouchers() if row.left and not row.void}
                return DealsReply("own", 0, tuple(msgspec.json.decode(deal, type=Deal) for deal in live.values()))

    def _prepare(self, call: PrepareCall) -> PrepareReply:
        code = plain_code(call.code)
        if not (code.startswith(HEAD) and len(code) == CODE_DIGITS and code.isdigit() and is_valid_code(code)):
            return PrepareReply("own", FORMAT)
        row = self.pages.voucher(self.vault.digest(code))
        if row is None:
            return PrepareReply("own", NOT_FOUND)
        deal = msgspec.json.decode(row.deal, type=Deal)
        refused = self._refusal(row, deal, call.shop, 1)
        if refused:
            why = because(refused, deal.valid_from or "", deal.valid_to or "", deal.stores)
            return PrepareReply("own", refused, about=why)
        coupon = FoundCoupon(
            row.digest.encode(), code, deal.deal_id, deal.title, deal.kind, row.last4, row.left, 1, deal.face_fen,
            deal.percent, deal.max_discount_fen, row.basis_fen, deal=deal,
        )  # fmt: skip
        return PrepareReply("own", 0, (coupon,))

    def _refusal(self, row: OwnVoucher, deal: Deal, shop: str, count: int) -> int:
        today = china.at(self.now_ms).date().isoformat()
        if row.void:
            return VOID
        if not row.left:
            return USED
        if deal.valid_to and today > deal.valid_to:
            return EXPIRED
        if deal.valid_from and today < deal.valid_from:
            return EARLY
        if deal.stores and shop not in deal.stores:
            return SHOP
        return TOO_MANY if count > row.left else 0

    def _consume(self, call: ConsumeCall) -> UseReply:
        known = self.pages.use(call.request_no)
        if known is not None:
            return self._known(known) if known.state == "consumed" else UseReply("rejected", CLOSED)
        row = self.pages.voucher(call.handle.decode())
        if row is None:
            return UseReply("rejected", NOT_FOUND)
        refused = self._refusal(row, msgspec.json.decode(row.deal, type=Deal), call.shop, call.count)
        if refused:
            return UseReply("rejected", refused)
        self.pages.put_voucher(replace(row, left=row.left - call.count))
        use = OwnUse(
            call.request_no, row.digest, call.count, "consumed", call.terminal, call.operator, self.now_ms
        )  # fmt: skip
        self.pages.put_use(use)
        return self._known(use, call.amount_fen)

    def _known(self, use: OwnUse | None, amount_fen: int = 0) -> UseReply:
        if use is None:
            return UseReply("absent")
        if use.state != "consumed":
            return UseReply("undone", 0, use.request_no)
        row = self.pages.voucher(use.digest)
        basis_fen = row.basis_fen * use.count if row is not None else 0
        borne = max(0, amount_fen - basis_fen)
        return UseReply("consumed", 0, use.request_no, use.count, basis_fen, 0, borne, undoable=True)

    def _undo(self, call: UndoCall) -> UseReply:
        use = self.pages.use(call.request_no)
        if use is None:
            self.pages.put_use(OwnUse(call.request_no, "", 0, "closed", call.terminal, call.operator, 0, self.now_ms))
        elif use.state == "consumed":
            row = self.pages.voucher(use.digest)
            assert row is not None, "it was redeemed"
            self.pages.put_voucher(replace(row, left=row.left + use.count))
            self.pages.put_use(replace(use, state="undone", undone_ms=self.now_ms))
        return UseReply("undone", 0, call.request_no)


def is_valid_code(code: str) -> bool:
    """Whether the last digit checks the others, as on goods."""
    return with_check(code[:-1]) == code
