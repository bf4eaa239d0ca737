"""What the backend keeps about money, as values, and the part of the store that keeps it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from fleet.store import StoredRecord

CALL_MAX_MS = 20_000
"""A call to the acquirer without an answer for this long is over: another one about the same order may begin."""

KEPT_STATES = ("unknown", "paying", "paid", "failed", "reversing", "reversed")
OPEN_STATES = ("unknown", "paying", "reversing")
"""Payments whose end the channel has not told yet."""

PaymentState = Literal["unknown", "paying", "paid", "failed", "reversing", "reversed"]
RefundState = Literal["unknown", "processing", "refunded", "failed"]


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment by its order number. `reversed` without `channel` is a tombstone: nothing was ever asked for.

    `call`: number of the last call made about it; while `busy_until_ms` is in the future nobody else calls."""

    order_no: str
    terminal: str
    channel: str
    amount_fen: int
    state: PaymentState
    code: int = 0
    channel_no: str = ""
    paid_fen: int = 0
    got_ms: int = 0
    changed_ms: int = 0
    call: int = 0
    busy_until_ms: int = 0
    reversal_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund by its number. `asked`: seq of the newest record of the terminal that wants it."""

    refund_no: str
    order_no: str
    terminal: str
    channel: str
    amount_fen: int
    reason: str
    state: RefundState
    code: int = 0
    channel_refund_no: str = ""
    got_ms: int = 0
    changed_ms: int = 0
    call: int = 0
    busy_until_ms: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Reservation:
    """Goods of a sale kept for one refund at another terminal. `quantities` and `tenders` are JSON, `state` is
    granted, refused or given up (`released`)."""

    reserve_no: str
    asker: str
    terminal: str
    epoch: int
    seq: int
    quantities: bytes
    total_fen: int
    state: Literal["granted", "refused", "released"]
    code: int = 0
    got_ms: int = 0
    tenders: bytes = b"{}"


class Return(NamedTuple):
    """A booked refund: whose record it is, of which sale, what came back (JSON) and for how much."""

    terminal: str
    epoch: int
    seq: int
    sale_terminal: str
    sale_epoch: int
    sale_seq: int
    quantities: bytes
    total_fen: int
    reserve_no: str


class Found(NamedTuple):
    """A sale, refund or opening of a shift that can be found under `key`."""

    key: str
    terminal: str
    epoch: int
    seq: int
    at_ms: int


class Movement(NamedTuple):
    """A record that changes the totals of `batch`."""

    terminal: str
    epoch: int
    batch: int
    seq: int


class MoneyBooks(Protocol):
    """The money part of the store within one transaction. `put_*` writes the row anew."""

    def payment(self, order_no: str) -> Payment | None: ...
    def payment_of_bill(self, channel_no: str) -> Payment | None:
        """The payment with the channel's number on the customer's bill, the newest one."""
        ...

    def open_payments(self, terminal: str, limit: int) -> list[Payment]:
        """Payments of a terminal in one of `OPEN_STATES`, the newest first."""
        ...

    def put_payment(self, row: Payment) -> None: ...
    def recent(self, since_ms: int, limit: int) -> list[Payment]:
        """Payments that changed since then, the newest change first."""
        ...

    def refund(self, refund_no: str) -> Refund | None: ...
    def put_refund(self, row: Refund) -> None: ...
    def refunded_fen(self, order_no: str) -> int:
        """Sum of the payment's refunds that have not failed."""
        ...

    def reservation(self, reserve_no: str) -> Reservation | None: ...
    def put_reservation(self, row: Reservation) -> None: ...
    def reservations_of(self, terminal: str, epoch: int, seq: int) -> list[Reservation]:
        """Granted reservations of a sale that no booked refund has used up."""
        ...

    def returns_of(self, terminal: str, epoch: int, seq: int) -> list[Return]: ...
    def shelve(self, found: list[Found], returns: list[Return], movements: list[Movement]) -> None:
        """Enter what new records say; what is there already stays."""
        ...

    def find(self, key: str, limit: int, terminal: str = "") -> list[Found]:
        """What is found under a key, the newest first; `terminal`: only what that one booked."""
        ...

    def last_before(self, key: str, terminal: str, epoch: int, seq: int) -> Found | None:
        """The last of one journal that is found under a key before the record `seq`; None: there is none."""
        ...

    def record(self, terminal: str, epoch: int, seq: int) -> StoredRecord | None: ...
    def moving(self, terminal: str, epoch: int, batch: int, upto: int) -> list[StoredRecord]:
        """Records that change the totals of a batch, up to and with seq `upto`."""
        ...
