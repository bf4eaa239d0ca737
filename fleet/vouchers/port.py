"""The port to the platforms that sold the vouchers: calls as values, replies in our own words and codes (domain 3.3).

An adapter turns calls into a platform's requests, and its answers into replies by the table in `fleet.vouchers.codes`.
It has time-outs of its own: all it does for one call, retries included, ends within the call's `within_ms`. A code is as
good as money: no code and no handle is logged, nor stands in a repr or in an exception's text.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rules.deals import Deal, Platform, VoucherKind

CALL_MAX_MS = 20_000
"""A call without an answer for this long is over: another one about the same use may begin."""

HANDLE_BYTES_MAX = 4_096
COUPONS_MAX = 100
DETAIL_CHARS_MAX, ABOUT_CHARS_MAX = 200, 20
NOT_FOUND, NOT_ENABLED, UNKNOWN, NOT_REVERSIBLE = 3002, 3025, 3022, 3020


@dataclass(frozen=True, slots=True)
class PrepareCall:
    """What is this code worth? Changes nothing at the platform. `code` is raw: digits as typed, or whatever was scanned.
    `platform` "": whoever knows it (`fleet.vouchers.router` asks one after another; an adapter never sees it)."""

    platform: Platform | Literal[""]
    shop: str  # the shop's number at the platform, "" where none is set
    code: str = field(repr=False)
    scanned: bool = False
    terminal: str = ""
    within_ms: int = CALL_MAX_MS


@dataclass(frozen=True, slots=True)
class ConsumeCall:
    """Redeem `count` of what `handle` stands for. The same `request_no` is the same redemption, however often it is sent."""

    request_no: str
    platform: Platform
    shop: str
    handle: bytes = field(repr=False)  # of the coupon, as the adapter gave it
    count: int = 1
    amount_fen: int = 0  # what it takes off the sale
    operator: str = ""
    terminal: str = ""
    within_ms: int = CALL_MAX_MS


@dataclass(frozen=True, slots=True)
class QueryCall:
    """What became of a redemption? `handle`: of the coupon; `undo_handle` and `record_no`: as far as a reply gave them."""

    request_no: str
    platform: Platform
    shop: str
    handle: bytes = field(repr=False)
    undo_handle: bytes = field(default=b"", repr=False)
    record_no: str = ""
    count: int = 1
    within_ms: int = CALL_MAX_MS


@dataclass(frozen=True, slots=True)
class UndoCall:
    """Give the vouchers back to the customer."""

    request_no: str
    platform: Platform
    shop: str
    handle: bytes = field(repr=False)
    undo_handle: bytes = field(default=b"", repr=False)
    record_no: str = ""
    count: int = 1
    operator: str = ""
    terminal: str = ""
    within_ms: int = CALL_MAX_MS


@dataclass(frozen=True, slots=True)
class DealsCall:
    """Which deals may be redeemed in this shop, and does the platform work for it? Its reply is kept: asked rarely."""

    platform: Platform
    shop: str
    within_ms: int = CALL_MAX_MS


Call = PrepareCall | ConsumeCall | QueryCall | UndoCall | DealsCall
Outcome = Literal["consumed", "rejected", "unknown", "absent", "undone", "refused", "expired"]


@dataclass(frozen=True, slots=True)
class FoundCoupon:
    """One or several equal vouchers that may be redeemed now; money is for one of them.

    `handle`: all the adapter needs to redeem, query and undo later (encrypted code, verify token, order id …), kept sealed
    at the backend. `code`: by what the platform's record of redemptions names the voucher: its plain code, or the
    platform's own id where the code is never told; the same voucher always has the same one."""

    handle: bytes = field(repr=False)
    code: str = field(repr=False)
    deal_id: str
    title: str
    kind: VoucherKind
    last4: str
    count: int = 1  # usable now
    min_count: int = 1  # to be redeemed at once
    face_fen: int = 0
    percent: int = 0
    max_discount_fen: int = 0
    basis_fen: int = 0
    valid_from_ms: int = 0
    valid_to_ms: int = 0
    deal: Deal | None = None


@dataclass(frozen=True, slots=True)
class PrepareReply:
    """`code` 0 with coupons, or of our table why there are none. `platform`: whose they are."""

    platform: Platform | Literal[""]
    code: int = 0
    coupons: tuple[FoundCoupon, ...] = ()
    valid_ms: int = 300_000  # how long it holds; a dynamic code's 60 s (domain 3.4)
    detail: str = ""  # the platform's own words, for people: never a code
    about: str = ""  # as `wire.vouchers.AnswerVoucherPrepare`


@dataclass(frozen=True, slots=True)
class UseReply:
    """What the platform said of a redemption, to a consume, a query or an undo.

    Definite: `consumed`; `rejected` (nothing was redeemed, nor will be); `undone`; `absent` (to a query: the platform never
    redeemed under this number); `refused` (to an undo: it stays redeemed). `unknown`: no answer, or one that says
    nothing: it may have happened. `expired`: the call was never made. To a query of what is redeemed say `consumed`, of
    what was redeemed and given back `undone`.

    `consumed`: how many, should it be fewer than asked for (3035). Amounts are of all of them, in fen; `raw` holds the
    platform's own by its own names, integers in fen. `undo_until_ms`: until when it may be undone (UTC), 0 where the
    platform does not tell; `undoable`: what the platform says of it now, None where it does not say."""

    state: Outcome
    code: int = 0
    record_no: str = ""
    consumed: int = 0
    paid_fen: int = 0
    platform_fen: int = 0
    merchant_fen: int = 0
    raw: dict[str, int] = field(default_factory=dict)
    undo_until_ms: int = 0
    undoable: bool | None = None
    undo_handle: bytes = field(default=b"", repr=False)  # what query and undo need beside the coupon's handle
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DealsReply:
    """`code` 0: the platform works for this shop, and these are its deals (none where it has no such call: the shop's
    own list counts then). Otherwise why not (2010, 2011, 3025, 1019 …; 1004 without an answer). `software_min`: a
    terminal of an older release must not redeem (9015)."""

    platform: Platform
    code: int = 0
    deals: tuple[Deal, ...] = ()
    software_min: str = ""


Reply = PrepareReply | UseReply | DealsReply

NO_ANSWER = UseReply("unknown", UNKNOWN)
EXPIRED = UseReply("expired")


class Platforms(Protocol):
    """What the edge of the backend calls, from worker threads; one platform's adapter, or the router over all of them."""

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Make the call and answer it; blocks meanwhile. No answer at all is possible, and so is a second one later.
        Raises nothing: trouble is no answer. A prepare or deals call is answered by its own kind of reply, every other
        one by `UseReply`."""
        ...


class NotEnabled:
    """A platform nobody has set up: every voucher is refused, definitely."""

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        match call:
            case PrepareCall(platform):
                answer(PrepareReply(platform, NOT_ENABLED))
            case DealsCall(platform):
                answer(DealsReply(platform, NOT_ENABLED))
            case ConsumeCall():
                answer(UseReply("rejected", NOT_ENABLED))
            case QueryCall():
                answer(UseReply("unknown", NOT_ENABLED))
            case UndoCall():
                answer(UseReply("unknown", NOT_ENABLED))  # it may have been redeemed while the platform was set up
