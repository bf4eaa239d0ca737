"""Which code of the error table a fact names, and which number of ours it is about: for the event log."""

from firmware.txn.books import Reading
from firmware.txn.slips.registry import stored
from firmware.txn.slips.sheet import receipt_number
from rules.discreet import discreet, is_subject
from rules.money import yuan
from wire.facts import (
    DrawerRefused,
    Fact,
    PaymentHeard,
    RefundHeard,
    ReserveEnded,
    SettingsRefused,
    SettingsReturned,
    SlipPrinted,
    Trouble,
)  # fmt: skip
from wire.voucher_facts import VoucherHeard


def code_of(fact: Fact) -> int:
    """The code; 0 when all is well."""
    match fact:
        case (
            Trouble()
            | PaymentHeard()
            | RefundHeard()
            | ReserveEnded()
            | DrawerRefused()
            | SlipPrinted()
            | SettingsRefused()
            | SettingsReturned()
            | VoucherHeard()
        ):
            return fact.code
        case _:
            return 0


def is_urgent(fact: Fact) -> bool:
    """Whether the backend is told at once, whatever the table says of the code: money is missing."""
    return isinstance(fact, VoucherHeard) and fact.shortage_fen > 0


def reason_of(fact: Fact) -> str:
    """What the fact says beside its code; nothing a customer showed."""
    match fact:
        case Trouble(_, detail):
            return discreet(detail)
        case VoucherHeard() if fact.shortage_fen > 0:
            return f"shortage {yuan(fact.shortage_fen)}"
        case VoucherHeard() if fact.shortage_fen:
            return f"shortage of {yuan(-fact.shortage_fen)} settled"
        case _:
            return ""


def subject_of(books: Reading, fact: Fact) -> str:
    """The payment's, refund's or receipt's number; empty when there is none at hand."""
    match fact:
        case Trouble(_, detail) if is_subject(detail):
            return detail
        case PaymentHeard(order_no):
            return order_no
        case RefundHeard(refund_no) | ReserveEnded(refund_no):
            return refund_no
        case VoucherHeard(request_no):
            return request_no
        case SlipPrinted(job):
            return _receipt(books, job)
        case _:
            return ""


def _receipt(books: Reading, job: int) -> str:
    """The number on a slip; empty when it has none, or its record is gone."""
    try:
        fact = stored(books, job)[0]
    except LookupError:
        return ""
    batch, trace = getattr(fact, "batch", 0), getattr(fact, "trace", 0)
    return receipt_number(batch, trace) if trace else ""
