"""What the backend keeps about vouchers, as values, and the part of the store that keeps it."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from rules.deals import Platform, VoucherKind

UseState = Literal["new", "unknown", "absent", "consumed", "rejected", "undone", "kept"]
"""`new`: the platform was never asked to redeem. `unknown`: asked, not known. `absent`: asked, and the platform says later
that it did not. `kept`: redeemed, and the platform does not let it be undone."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A coupon shown to a terminal, by the `ref` it was given. `handle` is sealed, `digest` of the platform's own code,
    `seen` of what was typed or scanned."""

    ref: str
    terminal: str
    platform: Platform
    shop: str
    digest: str
    seen: str
    handle: bytes = field(repr=False)
    last4: str
    deal_id: str
    title: str
    kind: VoucherKind
    count: int
    min_count: int
    face_fen: int
    basis_fen: int
    got_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Use:
    """One redemption by its request number. A number that was undone before it was ever asked for is a tombstone: `undone`
    without `platform`.

    `call`: number of the last call about it; while `busy_until_ms` is in the future nobody else calls. `doubt`: a call to
    redeem ended without a definite answer, so that it may still happen late. `due_ms`: when the backend asks by itself, 0
    never. `told`: the last end of it the terminal was told; `news`: it is another one now."""

    request_no: str
    terminal: str
    batch: int
    trace: int
    platform: str
    shop: str
    digest: str
    seen: str
    ref: str
    handle: bytes = field(repr=False)
    undo_handle: bytes = field(repr=False)
    code_sealed: bytes = field(repr=False)
    last4: str
    deal_id: str
    title: str
    kind: str
    count: int
    amount_fen: int
    basis_fen: int
    operator: str
    state: UseState
    code: int = 0
    record_no: str = ""
    consumed: int = 0
    paid_fen: int = 0
    platform_fen: int = 0
    merchant_fen: int = 0
    raw: bytes = b"{}"
    undo_until_ms: int = 0
    undo_code: int = 0
    undo_wanted: bool = False
    doubt: bool = False
    got_ms: int = 0
    used_ms: int = 0
    changed_ms: int = 0
    call: int = 0
    busy_until_ms: int = 0
    due_ms: int = 0
    tries: int = 0
    told: str = ""
    news: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal as JSON. `shop` "": of all shops; `source`: who told it, the shop's file or the platform."""

    platform: str
    deal_id: str
    shop: str
    source: Literal["file", "platform"]
    deal: bytes
    got_ms: int


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """How a platform stood for a shop when it was asked last (`asked_ms`), and what it answered (`got_ms`, 0: never)."""

    platform: str
    shop: str
    code: int = 0
    software_min: str = ""
    asked_ms: int = 0
    got_ms: int = 0


class VoucherBooks(Protocol):
    """The voucher part of the store within one transaction. `put_*` writes the row anew."""

    def prepared(self, ref: str) -> Prepared | None: ...
    def put_prepared(self, row: Prepared) -> None: ...
    def forget_prepared(self, before_ms: int) -> None:
        """Preparations that ended before then."""
        ...

    def use(self, request_no: str) -> Use | None: ...
    def put_use(self, row: Use) -> None: ...
    def uses_of(self, digest: str, limit: int) -> list[Use]:
        """Uses of one code, by either of its digests, the newest first."""
        ...

    def due(self, now_ms: int, limit: int) -> list[Use]:
        """Uses the backend is to ask about by itself."""
        ...

    def news(self, terminal: str, limit: int) -> list[str]:
        """Request numbers whose end is another than their terminal was told."""
        ...

    def deals(self, shop: str) -> list[DealRow]:
        """Deals of a shop and of all shops, in a fixed order."""
        ...

    def put_deals(self, platform: str, shop: str, source: str, rows: list[DealRow]) -> None:
        """Instead of all deals of that platform, shop and source; `platform` "": of every platform."""
        ...

    def platform(self, platform: str, shop: str) -> PlatformRow | None: ...
    def put_platform(self, row: PlatformRow) -> None: ...
