"""Messages other than records: state, asks and answers, time. Payloads are UTF-8 JSON (wire contract, 2)."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Literal

import msgspec

from wire.facts import Sale, TenderPart
from wire.records import ClockState
from wire.vouchers import (
    AnswerDeals,
    AnswerVoucher,
    AnswerVoucherLook,
    AnswerVoucherPrepare,
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
    VoucherAnswer,
    VoucherAskKind,
    voucher_answer_key,
    voucher_ask_key,
    voucher_ask_kind,
)

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A place in a journal; the bound keeps sums of it exact in any database and in JSON."""


RunEnd = Literal["", "first", "clean", "cut", "crash"]
"""How a run of the terminal ended: asked to, by a power cut, or because its process died."""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/state`, retained: birth, changes, and the will (`online` false, reason `lost`). `end`: how the run
    before this boot ended; empty: a release that does not say."""

    online: bool
    boot_id: str = ""
    epoch: int = 0
    next_seq: Seq = 0
    acked_seq: Seq = 0
    journal_key: str = ""
    software: str = ""
    settings_rev: int = 0
    clock: ClockState = "floor"
    printer: str = ""
    drawer: str = ""
    battery: int | None = None
    reason: str = ""  # of a clean end, or `lost`
    end: RunEnd = ""


class AskEpoch(msgspec.Struct, frozen=True):
    """Payload of `up/ask/epoch`: confirm this journal's random epoch and give it a number (decisions 12)."""

    epoch: int
    journal_key: str


class AnswerEpoch(msgspec.Struct, frozen=True, tag="epoch"):
    epoch: int
    number: int  # 1..99; 0: refused, another journal holds this epoch


class AskTime(msgspec.Struct, frozen=True):
    """Payload of `up/ask/time`: 16 random bytes in hex that the answer's signature must cover."""

    nonce: str


class Time(msgspec.Struct, frozen=True):
    """Payload of `dn/time`: the backend's clock, signed over `time_text` with the fleet key (hex, 64 bytes)."""

    nonce: str
    utc_ms: int
    signature: str


# --- a terminal's own certificate -----------------------------------------------------------------------------------------

PEM_CHARS_MAX = 8_000


class AskRenew(msgspec.Struct, frozen=True):
    """Payload of `up/ask/renew`: a certificate for a key the terminal has made. `request`: PKCS #10 in PEM. `certificate`:
    the one it has, PEM, whose key made `signature` (ECDSA with SHA-256, DER in hex) over `renewal_text`: whoever carries
    the message cannot ask in a terminal's name."""

    request: Annotated[str, msgspec.Meta(max_length=2_000)]
    certificate: Annotated[str, msgspec.Meta(max_length=PEM_CHARS_MAX)]
    signature: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){8,72}\Z")]


class AnswerRenew(msgspec.Struct, frozen=True, omit_defaults=True, tag="renew"):
    """`request`: SHA-256 of the request that is answered, hex. `code` 0: `certificate` with the authority below its root,
    and the roots to trust from now on, PEM. `signature`: the fleet key's over `renewed_text`, hex."""

    request: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    code: int = 0
    certificate: Annotated[str, msgspec.Meta(max_length=PEM_CHARS_MAX)] = ""
    trust: Annotated[str, msgspec.Meta(max_length=PEM_CHARS_MAX)] = ""
    signature: str = ""


def request_digest(request: str) -> str:
    """By what a request and its answer are known."""
    return sha256(request.encode()).hexdigest()


def renewal_text(terminal: str, request: str) -> bytes:
    """What the key of the present certificate signs in an `AskRenew`."""
    return f"pos-renew-1\n{terminal}\n{request_digest(request)}\n".encode()


def renewed_text(terminal: str, answer: AnswerRenew) -> bytes:
    """What the fleet key signs in an `AnswerRenew`."""
    parts = (sha256(text.encode()).hexdigest() for text in (answer.certificate, answer.trust))
    return "\n".join(("pos-renewed-1", terminal, answer.request, str(answer.code), *parts, "")).encode()


# --- what went wrong at the counter: `up/event` -------------------------------------------------------------------------

EVENTS_MAX = 64
"""Codes in one report."""

EventId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,32}-[0-9]{1,12}\Z")]
"""`BOOT-NUMBER`: unique for ever at its terminal, also when a power cut took the counter back."""

EventSubject = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{8}[0-9A-Za-z_]{8}[0-9]{16}|[0-9A-Za-z_]{8}[0-9]{16}R[0-9]{2}|[0-9A-Za-z_]{8}[0-9]{14}V[0-9]{2}"
        r"|[0-9]{6}-[0-9]{6}|)\Z"
    ),
]
"""What an event was about: our own number of a payment (32 characters), a refund (27), a voucher's use
(25) or a receipt. No code of a
customer, no phone and no card number has one of these forms."""

StepName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{1,32}\Z")]


class EventSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code of the error table that was shown or alarmed `count` times from `first_ms` to `last_ms` (the terminal's wall
    clock). The rest tells of the last time: `attempt` in a row; `reason`: one of our own words, such as the right that
    is missing; `steps`: the last screens and commands before it, by name only."""

    code: Annotated[int, msgspec.Meta(ge=1000, le=9999)]
    count: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    first_ms: int
    last_ms: int
    operator: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{2})?\Z")] = ""
    subject: EventSubject = ""
    attempt: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1
    reason: Annotated[str, msgspec.Meta(max_length=80)] = ""
    steps: Annotated[tuple[StepName, ...], msgspec.Meta(max_length=16)] = ()


class EventReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/event`: codes whose report mode is `now`, at once, or what was counted in ten minutes. The same `id`
    again is the same report; it is answered with `AnswerEvent`. `lost`: reports given up before this one because the
    queue was full."""

    id: EventId
    mode: Literal["now", "count"]
    boot_id: str
    at_ms: int
    monotonic_ms: int
    clock: ClockState
    software: Annotated[str, msgspec.Meta(max_length=32)]
    settings_rev: int
    shop: Annotated[str, msgspec.Meta(max_length=48)]
    events: Annotated[tuple[EventSeen, ...], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]
    lost: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


# --- money: every ask carries its idempotency key, every answer names it; asked again, it is answered alike ------------

OrderNo = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_]{16,32}\Z")]
"""Number of one payment or refund: `rules.orders` makes and reads it (domain 1.3)."""

Fen = Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)]


class AskPay(msgspec.Struct, frozen=True):
    """Payload of `up/ask/pay`: take this much by the customer's code. The code is a bearer credential for a minute: it is
    in this message only, never in a log or a journal (domain 1.1). After `expires_ms` (backend's clock, by the ask's
    own age) the channel must not be called any more (decisions 18)."""

    order_no: OrderNo
    channel: str
    auth_code: Annotated[str, msgspec.Meta(max_length=64)]
    amount_fen: Fen
    subject: str
    operator: str
    expires_ms: int

    def __repr__(self) -> str:
        return f"AskPay({self.order_no!r}, {self.channel!r}, amount_fen={self.amount_fen})"


class AskQuery(msgspec.Struct, frozen=True):
    """Payload of `up/ask/query`: what became of the payment of this number, ours or that on the customer's bill."""

    order_no: OrderNo


class AskReverse(msgspec.Struct, frozen=True):
    """Payload of `up/ask/reverse`: close the payment of this number, or give it back if it was paid. A number the backend
    does not know is closed for good before it is answered (tombstone, decisions 18)."""

    order_no: OrderNo


class AskRefund(msgspec.Struct, frozen=True):
    """Payload of `up/ask/refund`: give back a part of a payment; the same `refund_no` again is the same refund. `asked`:
    seq of the record that wants it. What a channel refused for now is tried again only for a newer record: a copy of the
    ask that was refused, however late it comes, is answered as it was."""

    refund_no: OrderNo
    order_no: OrderNo
    amount_fen: Fen
    reason: str
    asked: Seq = 0


class AskRefundQuery(msgspec.Struct, frozen=True):
    """Payload of `up/ask/refund_query`."""

    refund_no: OrderNo
    order_no: OrderNo


class AskSale(msgspec.Struct, frozen=True):
    """Payload of `up/ask/sale`: find a sale of the shop by its receipt number, by a payment's order or channel number,
    whichever `key` is (domain 6.2)."""

    key: Annotated[str, msgspec.Meta(max_length=64)]


class AskReserve(msgspec.Struct, frozen=True):
    """Payload of `up/ask/reserve`: this terminal wants to give back goods of a sale of another terminal; the backend
    keeps the count, so that two terminals cannot give the same goods back twice. `refund_no` is the key, and the
    `reserve_no` of the `Refund` that uses the reservation up: both count once. No quantities: the reservation is given
    up, its goods are free again. A sale the backend has not got yet: 6009; more by one means than it brought: 5015."""

    refund_no: OrderNo
    terminal: str
    epoch: int
    seq: int
    quantities: dict[str, int]  # index of the sale's line -> thousandths
    total_fen: Fen
    tenders: dict[str, int] = {}  # `tender_key` -> fen; empty: a release before they were asked


def tender_key(part: TenderPart) -> str:
    """By which means money came, and goes back: a payment's order number, the end of a card's number, or cash."""
    match part.kind:
        case "code":
            return part.order_no
        case "card":
            return f"card{part.last4}"
        case "cash":
            return "cash"
        case "voucher":
            assert part.voucher is not None
            return part.voucher.request_no


def tender_sums(parts: Iterable[TenderPart]) -> dict[str, int]:
    """What each means brought, or what goes back by it; fen."""
    sums: dict[str, int] = {}
    for part in parts:
        sums[tender_key(part)] = sums.get(tender_key(part), 0) + part.paid_fen - part.change_fen
    return sums


class AskTotals(msgspec.Struct, frozen=True):
    """Payload of `up/ask/totals`: what the backend has booked of one batch of this terminal, of the records up to
    `upto` of journal `epoch` (结算)."""

    epoch: int
    batch: int
    upto: Seq


class AskDiagnose(msgspec.Struct, frozen=True):
    """Payload of `up/ask/diagnose`: are you there, and which platforms do you reach? Moves no money and changes nothing;
    it goes the way of asks about money so that its round trip says whether they would arrive."""

    nonce: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]


PaymentState = Literal["paid", "failed", "paying", "unknown", "reversed", "absent"]
"""`paying`: the customer must act, ask again; `absent`: the backend never saw the number."""


class AnswerPayment(msgspec.Struct, frozen=True, omit_defaults=True, tag="payment"):
    """What is known of a payment. `to`: which ask is answered; `code`: of the error table, 0 when all is well; `bill`: by
    which number on the customer's bill it was asked for, then `order_no` is the payment's own if it was found, else that
    of the bill."""

    order_no: OrderNo
    to: Literal["pay", "query", "reverse"]
    state: PaymentState
    code: int = 0
    channel_no: str = ""
    paid_fen: int = 0
    bill: Annotated[str, msgspec.Meta(max_length=32)] = ""


class AnswerRefund(msgspec.Struct, frozen=True, omit_defaults=True, tag="refund"):
    refund_no: OrderNo
    state: Literal["refunded", "processing", "failed", "unknown"]
    code: int = 0
    channel_refund_no: str = ""


class AnswerSale(msgspec.Struct, frozen=True, omit_defaults=True, tag="sale"):
    """A sale as its terminal journaled it, with what has been given back of it so far, by line. `code` 6009: none."""

    key: str
    code: int = 0
    terminal: str = ""
    epoch: int = 0
    seq: int = 0
    at_ms: int = 0
    sale: Sale | None = None
    given_back: dict[str, int] = {}  # index of the line -> thousandths
    given_back_fen: int = 0
    given_tenders: dict[str, int] = {}  # `tender_key` -> fen


class AnswerReserve(msgspec.Struct, frozen=True, omit_defaults=True, tag="reserve"):
    refund_no: OrderNo
    granted: bool
    code: int = 0


class AnswerTotals(msgspec.Struct, frozen=True, omit_defaults=True, tag="totals"):
    """The backend's totals of a batch under the names of `rules.totals`; `whole`: it has every record up to `upto`."""

    epoch: int
    batch: int
    upto: Seq
    whole: bool
    totals: dict[str, int] = {}


class Reach(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one platform behind the backend stands: an acquirer's channel, a voucher platform. `code` says what is wrong,
    of the error table; `unknown`: it was not asked lately."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
    state: Literal["ok", "down", "unknown"]
    code: int = 0


class AnswerDiagnose(msgspec.Struct, frozen=True, omit_defaults=True, tag="diagnose"):
    nonce: str
    platforms: Annotated[tuple[Reach, ...], msgspec.Meta(max_length=32)] = ()


class AnswerEvent(msgspec.Struct, frozen=True, tag="event"):
    """The event report of this `id` is kept, after the commit; the terminal may forget it."""

    id: str


MoneyAsk = (
    AskPay
    | AskQuery
    | AskReverse
    | AskRefund
    | AskRefundQuery
    | AskSale
    | AskReserve
    | AskTotals
    | AskVoucherPrepare
    | AskVoucherConsume
    | AskVoucherQuery
    | AskVoucherUndo
    | AskVoucherLook
    | AskDeals
    | AskDiagnose
)
"""Every ask about money and vouchers, and the one whether they would arrive; each has its channel `up/ask/NAME` in
`wire.channels`."""

MoneyAnswer = AnswerPayment | AnswerRefund | AnswerSale | AnswerReserve | AnswerTotals | VoucherAnswer | AnswerDiagnose


def ask_key(ask: MoneyAsk) -> str:
    """The number by which an ask and its answer are known: of a refund, of a payment, what is looked for, a batch's."""
    match ask:
        case AskRefund(refund_no) | AskRefundQuery(refund_no) | AskReserve(refund_no):
            return refund_no
        case AskPay(order_no) | AskQuery(order_no) | AskReverse(order_no):
            return order_no
        case AskSale(key):
            return key
        case AskTotals(_, batch):
            return str(batch)
        case AskDiagnose(nonce):
            return nonce
        case _:
            return voucher_ask_key(ask)


AskKind = (
    Literal["pay", "query", "reverse", "refund", "refund_query", "sale", "reserve", "totals", "diagnose"]
    | VoucherAskKind
)


def ask_kind(ask: MoneyAsk) -> AskKind:
    """What is asked; asks of several kinds share one number."""
    match ask:
        case AskPay():
            return "pay"
        case AskQuery():
            return "query"
        case AskReverse():
            return "reverse"
        case AskRefund():
            return "refund"
        case AskRefundQuery():
            return "refund_query"
        case AskSale():
            return "sale"
        case AskReserve():
            return "reserve"
        case AskTotals():
            return "totals"
        case AskDiagnose():
            return "diagnose"
        case _:
            return voucher_ask_kind(ask)


def answer_key(answer: MoneyAnswer) -> str:
    """`ask_key` of the ask this answers."""
    match answer:
        case AnswerPayment(order_no, bill=bill):
            return bill or order_no
        case AnswerRefund(refund_no) | AnswerReserve(refund_no):
            return refund_no
        case AnswerSale(key):
            return key
        case AnswerTotals(_, batch):
            return str(batch)
        case AnswerDiagnose(nonce):
            return nonce
        case _:
            return voucher_answer_key(answer)


Answer = (
    AnswerEpoch
    | AnswerPayment
    | AnswerRefund
    | AnswerSale
    | AnswerReserve
    | AnswerTotals
    | AnswerVoucherPrepare
    | AnswerVoucher
    | AnswerVoucherLook
    | AnswerDeals
    | AnswerDiagnose
    | AnswerEvent
    | AnswerRenew
)
"""Payload of `dn/answer`: a union by the tag `type`."""


def time_text(terminal: str, nonce: str, utc_ms: int) -> bytes:
    """What the fleet key signs in a `Time`."""
    return f"pos-time-1\n{terminal}\n{nonce}\n{utc_ms}\n".encode()


PrinterLook = Literal["ok", "paper_out", "paper_low", "cover_open", "offline", "busy", "fault", "none"]
