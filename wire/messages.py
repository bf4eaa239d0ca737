"""Messages other than records: state, asks and answers, time. Payloads are UTF-8 JSON (wire contract, 2)."""

from collections.abc import Iterable
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


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/state`, retained: birth, changes, and the will (`online` false, reason `lost`)."""

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
    """Payload of `up/ask/query`: what became of the payment of this number."""

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


PaymentState = Literal["paid", "failed", "paying", "unknown", "reversed", "absent"]
"""`paying`: the customer must act, ask again; `absent`: the backend never saw the number."""


class AnswerPayment(msgspec.Struct, frozen=True, omit_defaults=True, tag="payment"):
    """What is known of a payment. `to`: which ask is answered; `code`: of the error table, 0 when all is well."""

    order_no: OrderNo
    to: Literal["pay", "query", "reverse"]
    state: PaymentState
    code: int = 0
    channel_no: str = ""
    paid_fen: int = 0


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
)
"""Every ask about money and vouchers; each has its channel `up/ask/NAME` in `wire.channels`."""

MoneyAnswer = AnswerPayment | AnswerRefund | AnswerSale | AnswerReserve | AnswerTotals | VoucherAnswer


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
        case _:
            return voucher_ask_key(ask)


AskKind = Literal["pay", "query", "reverse", "refund", "refund_query", "sale", "reserve", "totals"] | VoucherAskKind


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
        case _:
            return voucher_ask_kind(ask)


def answer_key(answer: MoneyAnswer) -> str:
    """`ask_key` of the ask this answers."""
    match answer:
        case AnswerPayment(order_no):
            return order_no
        case AnswerRefund(refund_no) | AnswerReserve(refund_no):
            return refund_no
        case AnswerSale(key):
            return key
        case AnswerTotals(_, batch):
            return str(batch)
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
)
"""Payload of `dn/answer`: a union by the tag `type`."""


def time_text(terminal: str, nonce: str, utc_ms: int) -> bytes:
    """What the fleet key signs in a `Time`."""
    return f"pos-time-1\n{terminal}\n{nonce}\n{utc_ms}\n".encode()


PrinterLook = Literal["ok", "paper_out", "paper_low", "cover_open", "offline", "busy", "fault", "none"]
