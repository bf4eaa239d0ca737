"""Numbers of payments and refunds, as channels and backend know them (domain 1.3, decisions 12).

A payment's number has 32 characters: business date 8, terminal 8, epoch 2, batch 6, trace 6, attempt 2. Only the counters
make it unique; the date is for people. A new customer code after a definite failure is a new attempt; a retry keeps its
number. A refund's number is the payment's without its date, `R`, and two digits. A voucher's use is numbered like a
payment without date and attempt, `V`, and which of its order's it is.
"""

import hashlib
import re
from typing import NamedTuple

ORDER_NO_CHARS = 32
BILL_DIGITS = 28
"""Digits of a payment's number in the channel's books, as it stands on the customer's bill (domain 1.4)."""

TERMINAL_CHARS = 8
COUNTER_MAX = 999_999
ATTEMPT_MAX, REFUND_MAX, VOUCHER_MAX, EPOCH_NUMBER_MAX = 99, 99, 99, 99

_ORDER = re.compile(r"(\d{8})([0-9A-Za-z_]{8})(\d{2})(\d{6})(\d{6})(\d{2})", re.ASCII)
_REFUND = re.compile(r"([0-9A-Za-z_]{8}\d{2}\d{6}\d{6}\d{2})R(\d{2})", re.ASCII)
_VOUCHER = re.compile(r"([0-9A-Za-z_]{8})(\d{2})(\d{6})(\d{6})V(\d{2})", re.ASCII)
_PLAIN = re.compile(r"[0-9A-Za-z]{1,8}", re.ASCII)
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Order(NamedTuple):
    """What a payment's number says. `terminal` is `terminal_no` of whoever took it."""

    date: str  # YYYYMMDD
    terminal: str
    epoch: int
    batch: int
    trace: int
    attempt: int


def terminal_no(terminal: str) -> str:
    """The eight characters that stand for a terminal: its own number (filled up with `_` in front), which is what a
    provisioned terminal has; eight of a digest for an id that is longer or has other characters."""
    if _PLAIN.fullmatch(terminal):
        return terminal.rjust(TERMINAL_CHARS, "_")
    number = int.from_bytes(hashlib.sha256(terminal.encode()).digest(), "big")
    digits = []
    for _ in range(TERMINAL_CHARS):
        number, digit = divmod(number, len(_BASE36))
        digits.append(_BASE36[digit])
    return "".join(digits)


def order_no(date: str, terminal: str, epoch: int, batch: int, trace: int, attempt: int) -> str:
    """Number of one payment. `date`: business date, `2026-11-22` or `20261122`; `epoch`: the number the backend granted
    (1..99); `attempt` from 1."""
    day = date.replace("-", "")
    assert len(day) == 8, date
    assert day.isdigit(), date
    assert 1 <= epoch <= EPOCH_NUMBER_MAX, epoch
    assert 0 < batch <= COUNTER_MAX, batch
    assert 0 < trace <= COUNTER_MAX, trace
    assert 1 <= attempt <= ATTEMPT_MAX, attempt
    number = f"{day}{terminal_no(terminal)}{epoch:02d}{batch:06d}{trace:06d}{attempt:02d}"
    assert len(number) == ORDER_NO_CHARS, number
    return number


def is_bill_no(number: str) -> bool:
    """Whether this may be a number of the channel's, from a customer's bill; a number of ours never is, nor a code."""
    return len(number) == BILL_DIGITS and number.isascii() and number.isdigit()


def read_order_no(number: str) -> Order | None:
    """The parts of a payment's number, None when it is none of ours."""
    match = _ORDER.fullmatch(number)
    if match is None:
        return None
    date, terminal, *counters = match.groups()
    return Order(date, terminal, *map(int, counters))


def refund_no(order: str, index: int) -> str:
    """Number of the `index`-th refund (from 1) of the payment `order`; the same refund asked again keeps it."""
    assert read_order_no(order) is not None, order
    assert 1 <= index <= REFUND_MAX, index
    return f"{order[8:]}R{index:02d}"


def read_refund_no(number: str) -> tuple[str, int] | None:
    """The payment's number without its date, and which of its refunds this is; None when it is none of ours."""
    match = _REFUND.fullmatch(number)
    return (match[1], int(match[2])) if match else None


def refund_of(refund: str, order: str) -> bool:
    """Whether this refund is one of that payment."""
    parts = read_refund_no(refund)
    return parts is not None and read_order_no(order) is not None and parts[0] == order[8:]


class VoucherNo(NamedTuple):
    """What the number of a voucher's use says."""

    terminal: str
    epoch: int
    batch: int
    trace: int
    place: int


def voucher_no(terminal: str, epoch: int, batch: int, trace: int, index: int) -> str:
    """Number of the `index`-th voucher use (from 1) asked for in the order `trace`; it never changes for that use, and a
    new try after a definite refusal is a new one. `epoch`: the number the backend granted (1..99)."""
    assert 1 <= epoch <= EPOCH_NUMBER_MAX, epoch
    assert 0 < batch <= COUNTER_MAX, batch
    assert 0 < trace <= COUNTER_MAX, trace
    assert 1 <= index <= VOUCHER_MAX, index
    return f"{terminal_no(terminal)}{epoch:02d}{batch:06d}{trace:06d}V{index:02d}"


def voucher_no_again(number: str, index: int) -> str:
    """Number of another try of the same order's voucher `number`, as its `index`-th use (from 1)."""
    assert read_voucher_no(number) is not None, number
    assert 1 <= index <= VOUCHER_MAX, index
    return f"{number[:-2]}{index:02d}"


def read_voucher_no(number: str) -> VoucherNo | None:
    """The parts of such a number, None when it is none of ours."""
    match = _VOUCHER.fullmatch(number)
    if match is None:
        return None
    terminal, *counters = match.groups()
    return VoucherNo(terminal, *map(int, counters))
