"""Asks and answers about vouchers: the terminal speaks one neutral protocol, the backend knows the platforms (domain 3.4).

Prepare shows what a code is worth and changes nothing; consume is the last step before the sale is booked. A consume's
`request_no` is journaled before it leaves and never changes for it: asked again, it is answered alike. A code that is not
consumed yet is as good as money: it stands in asks only, never in a log; what a person sees is its last four signs.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.deals import Deal, Platform, VoucherKind

NEVER_UNDONE_MS = 1
"""What `undo_until_ms` says where the platform told when it redeemed a voucher that it may not be undone (3020)."""

CODE_CHARS_MAX = 1_024
"""A QR link may be as long as this (domain 3.2)."""

RequestNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_]{8}[0-9]{14}V[0-9]{2}\Z")]
"""Number of one voucher use: `rules.orders.voucher_no` makes and reads it."""

LookNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{1,40}\Z")]
"""Number of something asked that changes nothing; nobody keeps it."""

Ref = Annotated[str, Meta(max_length=64)]
Code = Annotated[str, Meta(max_length=CODE_CHARS_MAX)]
Fen = Annotated[int, Meta(ge=0, le=9_999_999_999)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]


class AskVoucherPrepare(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/ask/voucher_prepare`: what is this code worth? `code` raw as it was scanned, or the digits typed.
    `platform`: as the terminal's table or the cashier says; "": the backend is to find out."""

    look_no: LookNo
    code: Code
    scanned: bool
    platform: Platform | Literal[""] = ""

    def __repr__(self) -> str:
        return f"AskVoucherPrepare({self.look_no!r}, {self.platform!r})"


class Coupon(msgspec.Struct, frozen=True, omit_defaults=True):
    """One or several equal vouchers under one code that may be used now. `ref` stands for it at the backend, for as long
    as the preparation holds. Money is for one voucher."""

    ref: Ref
    platform: Platform
    deal_id: str
    title: str
    kind: VoucherKind
    last4: str
    count: int = 1  # usable now
    min_count: int = 1  # to be redeemed at once (minConsume)
    face_fen: Fen = 0  # its market value, or a cash voucher's face value
    percent: int = 0
    max_discount_fen: Fen = 0
    basis_fen: Fen = 0  # price basis: what the customer really paid, or the list price where that is not told
    valid_from_ms: Millis = 0
    valid_to_ms: Millis = 0
    deal: Deal | None = None  # rules the platform or the shop told of the deal


class Used(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a voucher was redeemed, as far as the backend knows."""

    terminal: str
    batch: int
    trace: int
    at_ms: Millis
    state: str = "consumed"


class AnswerVoucherPrepare(msgspec.Struct, frozen=True, omit_defaults=True, tag="voucher_prepare"):
    """What may be redeemed, or why not: `code` of the error table. `used`: where, when it is known (3003, 3023).
    `valid_ms`: how long the preparation holds (domain 3.4). `about`: what the terminal says in its own words, the day of
    3005 and 3006, how many other shops 3007 is of; it is told instead of `detail`."""

    look_no: LookNo
    code: int = 0
    coupons: tuple[Coupon, ...] = ()
    valid_ms: Millis = 300_000
    used: Used | None = None
    detail: str = ""  # the platform's own words, for people
    about: str = ""


class AskVoucherConsume(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/ask/voucher_consume`: redeem. By `ref` of a preparation; by `code` when a registered voucher is
    verified later. After `expires_ms` (age of the ask at the backend) the platform must not be called."""

    request_no: RequestNo
    platform: Platform
    count: Annotated[int, Meta(ge=1, le=100)]
    amount_fen: Fen  # what it takes off the sale
    operator: str
    ref: Ref = ""
    code: Code = ""
    expires_ms: Millis = 10_000

    def __repr__(self) -> str:
        return f"AskVoucherConsume({self.request_no!r}, {self.platform!r}, count={self.count})"


class AskVoucherQuery(msgspec.Struct, frozen=True):
    """Payload of `up/ask/voucher_query`: what became of this use."""

    request_no: RequestNo


class AskVoucherUndo(msgspec.Struct, frozen=True):
    """Payload of `up/ask/voucher_undo`: give the voucher back to the customer. A number the backend does not know is
    closed for good before it is answered (tombstone, decisions 18)."""

    request_no: RequestNo


class AskVoucherLook(msgspec.Struct, frozen=True):
    """Payload of `up/ask/voucher_look`: where was this code used? Moves nothing."""

    look_no: LookNo
    code: Code

    def __repr__(self) -> str:
        return f"AskVoucherLook({self.look_no!r})"


class AskDeals(msgspec.Struct, frozen=True):
    """Payload of `up/ask/deals`: deals, rules and platforms of this shop, page by page. `have`: the revision the terminal
    holds, "" for none; the same revision is answered without deals."""

    have: Annotated[str, Meta(max_length=64)]
    page: Annotated[int, Meta(ge=0, le=1_000)] = 0


class PlatformState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a platform stands at the backend. `code`: why it cannot be used (2010, 2011, 3025, 1019 …), 0 when it can."""

    platform: Platform
    code: int = 0
    software_min: str = ""  # a terminal of an older release must not redeem (9015)


class AnswerDeals(msgspec.Struct, frozen=True, omit_defaults=True, tag="deals"):
    """One page of the deals in revision `rev`. `changed`: uses of this terminal whose state is another than it was told
    (undone in the platform's own back office, a registered one refused …)."""

    rev: str
    page: int = 0
    pages: int = 1
    deals: tuple[Deal, ...] = ()
    platforms: tuple[PlatformState, ...] = ()
    same: bool = False
    changed: tuple[str, ...] = ()  # request numbers to query


VoucherState = Literal["consumed", "rejected", "unknown", "absent", "undone", "kept"]
"""`absent`: the backend never saw the number; `kept`: the platform does not let it be undone, it stays consumed."""


class AnswerVoucher(msgspec.Struct, frozen=True, omit_defaults=True, tag="voucher"):
    """What is known of one use. `raw`: the platform's amounts by its own names, in fen, for the books (domain 3.7)."""

    request_no: RequestNo
    to: Literal["consume", "query", "undo"]
    state: VoucherState
    code: int = 0
    record_no: str = ""  # the platform's number of the redemption
    consumed: int = 0  # how many of them, should it be fewer than asked (3035)
    paid_fen: Fen = 0  # by the customer
    platform_fen: Fen = 0  # subsidy borne by the platform
    merchant_fen: Fen = 0  # borne by the merchant
    raw: dict[str, int] = {}
    undo_until_ms: Millis = 0  # 0: the platform does not tell beforehand; `NEVER_UNDONE_MS`
    used: Used | None = None
    detail: str = ""


class AnswerVoucherLook(msgspec.Struct, frozen=True, omit_defaults=True, tag="voucher_look"):
    look_no: LookNo
    code: int = 0  # 3002: never seen here
    uses: tuple[Used, ...] = ()


VoucherAsk = AskVoucherPrepare | AskVoucherConsume | AskVoucherQuery | AskVoucherUndo | AskVoucherLook | AskDeals
VoucherAnswer = AnswerVoucherPrepare | AnswerVoucher | AnswerVoucherLook | AnswerDeals
VoucherAskKind = Literal["voucher_prepare", "voucher_consume", "voucher_query", "voucher_undo", "voucher_look", "deals"]


def voucher_ask_key(ask: VoucherAsk) -> str:
    """The number by which an ask about vouchers and its answer are known; of the deals, their page."""
    match ask:
        case AskVoucherPrepare(look_no) | AskVoucherLook(look_no):
            return look_no
        case AskVoucherConsume(request_no) | AskVoucherQuery(request_no) | AskVoucherUndo(request_no):
            return request_no
        case AskDeals(_, page):
            return str(page)


def voucher_ask_kind(ask: VoucherAsk) -> VoucherAskKind:
    match ask:
        case AskVoucherPrepare():
            return "voucher_prepare"
        case AskVoucherConsume():
            return "voucher_consume"
        case AskVoucherQuery():
            return "voucher_query"
        case AskVoucherUndo():
            return "voucher_undo"
        case AskVoucherLook():
            return "voucher_look"
        case AskDeals():
            return "deals"


def voucher_answer_key(answer: VoucherAnswer) -> str:
    """`voucher_ask_key` of the ask this answers."""
    match answer:
        case AnswerVoucherPrepare(look_no) | AnswerVoucherLook(look_no):
            return look_no
        case AnswerVoucher(request_no):
            return request_no
        case AnswerDeals(_, page):
            return str(page)
