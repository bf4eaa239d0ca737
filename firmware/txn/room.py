"""How much of one record a basket may fill, so that it can be settled in whatever way its money comes (decisions 22)."""

from typing import Final

import msgspec

from rules.orders import ORDER_NO_CHARS
from wire import facts
from wire.facts import Line, Reduction, Sale, TenderPart, VoucherUse
from wire.records import RECORD_BYTES_MAX

TENDER_PARTS_MAX: Final = 10
"""Codes and card slips that may pay for one order, fewer when its lines leave no room for them in the one record that
settles it; cash closes it after them."""

CHANNEL_NO_CHARS_MAX: Final = 64
"""What is kept of a channel's own number; the longest known has 28 digits."""

_FEN, _NUMBER, _REVISION = 10**9 - 1, 10**6 - 1, 10**12 - 1
"""Above any amount of money, any number (six digits each, `rules.orders`) and any revision that a sale holds."""

_PART = TenderPart(
    "code", _FEN, channel="unionpay", order_no="9" * ORDER_NO_CHARS, channel_no="9" * CHANNEL_NO_CHARS_MAX, fee_fen=_FEN
)  # fmt: skip
_CASH = TenderPart("cash", _FEN, _FEN)


def fits(
    lines: tuple[Line, ...], reductions: tuple[Reduction, ...], rounding_fen: int, parts: int = 1,
    vouchers: tuple[VoucherUse, ...] = (),
) -> bool:  # fmt: skip
    """Whether one record holds these lines, each with its net, when `vouchers`, `parts` codes or card slips and cash pay
    for them."""
    return bytes_at_most(lines, reductions, rounding_fen, parts, vouchers) <= RECORD_BYTES_MAX


def bytes_at_most(
    lines: tuple[Line, ...], reductions: tuple[Reduction, ...], rounding_fen: int, parts: int,
    vouchers: tuple[VoucherUse, ...] = (),
) -> int:  # fmt: skip
    """The largest record these lines can become with a rounding of `rounding_fen` at most, which gives a net of its own to
    as many lines more as it has fen."""
    used = tuple(map(_used, vouchers))
    tenders = (*used, *(_PART,) * parts, _CASH)
    sale = Sale(
        _NUMBER, _NUMBER, "9" * 8, "9999-12-31", lines, _FEN, _FEN, _FEN, tenders, _REVISION,
        print_slip=False, open_drawer=False, reductions=reductions, approver="9" * 8, late=True, age_checked=True,
        merchant_copy=True,
    )  # fmt: skip
    more = sorted((_net_bytes(line) for line in lines if line.net_fen is None), reverse=True)
    return len(facts.encode(sale)) + sum(more[:rounding_fen])


def _used(use: VoucherUse) -> TenderPart:
    """A voucher with what its platform may tell of its money when it redeems it, after the basket was measured."""
    told = msgspec.structs.replace(use, paid_fen=_FEN, platform_fen=_FEN, merchant_fen=_FEN)
    return TenderPart("voucher", _FEN, channel=use.platform, channel_no="9" * CHANNEL_NO_CHARS_MAX, voucher=told)


def _net_bytes(line: Line) -> int:
    """What a net takes in the record of a line; none is longer than the line's amount."""
    return len(f',"net_fen":{line.amount_fen}')


def channel_no(text: str) -> str:
    """A channel's number as it is kept: printable ASCII that no encoding makes longer, whatever the backend sends."""
    plain = (char for char in text if char.isascii() and char.isprintable() and char not in '"\\')
    return "".join(plain)[:CHANNEL_NO_CHARS_MAX]
