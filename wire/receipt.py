"""A slip as data: what is on it, not where. `wire.layout` turns it into rows of columns for paper and page alike."""

from typing import Literal

import msgspec

SlipKind = Literal["sale", "selftest"]


class ReceiptSum(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named amount: a discount, a voucher. Reductions are negative."""

    name: str
    amount_fen: int


class ReceiptLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of goods; `quantity_milli` 2000 prints as 2, 735 of a weighed good as 0.735.

    `reductions` print below the line, one row each, indented."""

    name: str
    quantity_milli: int
    price_fen: int
    amount_fen: int
    reductions: tuple[ReceiptSum, ...] = ()


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A slip's whole content, taken from the journal, never recomputed (domain 6.1, 6.4). Times are local text."""

    kind: SlipKind
    lang: Literal["zh", "en"]
    shop: str
    number: str  # 000123-000045: batch and trace
    date: str  # 2026-11-22
    time: str  # 15:30:12
    clock_trusted: bool
    terminal: str
    operator: str
    batch: str
    lines: tuple[ReceiptLine, ...]
    pieces_milli: int
    total_fen: int
    rounding_fen: int
    due_fen: int
    cash_fen: int
    change_fen: int
    notes: tuple[str, ...] = ()  # free lines below the sums
    footer: tuple[str, ...] = ()
    mark: str = ""  # continuation or copy mark, printed at top and bottom
    reductions: tuple[ReceiptSum, ...] = ()  # of the whole sale, between total and due: discounts, vouchers
    member: str = ""  # masked by whoever fills it in: 138****5678
    points: int | None = None  # gained with this sale
    qr: str = ""  # content of the QR code above the footer
