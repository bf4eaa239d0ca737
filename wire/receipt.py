"""A slip as data: what is on it, not where. `wire.layout` turns it into rows of columns for paper and page alike."""

from typing import Literal

import msgspec

SlipKind = Literal[
    "sale", "refund", "void", "hold", "payment", "shift", "x", "day", "settlement", "settlement_detail", "cash_move",
    "drawer_log", "reprint_log", "reconcile", "rights", "error", "selftest", "event_log", "diagnosis", "badge",
]  # fmt: skip
"""What a slip is; its title is `title__KIND` of the room `receipt` (domain 6.4)."""

Copy = Literal["", "merchant", "customer"]


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


class ReceiptTender(msgspec.Struct, frozen=True, omit_defaults=True):
    """One means of payment with what was given by it; `details` below it, indented: order number, reference, last four.
    Never a whole card number or payment code (domain 6.1)."""

    name: str
    amount_fen: int
    details: tuple[str, ...] = ()


class ReceiptRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a section: one cell is text over the whole width, two stand left and right, three in columns (类型 笔数
    金额), none is a line across. `strong` rows are printed twice as high."""

    cells: tuple[str, ...]
    strong: bool = False


class ReceiptSection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A block of rows under a rule, with a title when there is one; `heads` names three columns."""

    title: str = ""
    rows: tuple[ReceiptRow, ...] = ()
    heads: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A slip's whole content, taken from the journal, never recomputed (domain 6.1, 6.4). Times are local text.

    From top to bottom: training and `mark`, logo, shop, `header`, title, copy, head, goods, sums, tenders, sections,
    signatures, stamp, member, notes, QR code, barcode, address and phone, footer, `mark` and training again."""

    kind: SlipKind
    lang: Literal["zh", "en"]
    shop: str
    number: str  # 000123-000045: batch and trace; empty: the slip has none
    date: str  # 2026-11-22
    time: str  # 15:30:12
    clock_trusted: bool
    terminal: str
    operator: str
    batch: str
    lines: tuple[ReceiptLine, ...] = ()
    pieces_milli: int = 0
    total_fen: int = 0
    rounding_fen: int = 0
    due_fen: int = 0
    cash_fen: int = 0
    change_fen: int = 0
    notes: tuple[str, ...] = ()  # free lines below the sums
    footer: tuple[str, ...] = ()
    mark: str = ""  # continuation and copy marks, one a line, printed at top and bottom
    reductions: tuple[ReceiptSum, ...] = ()  # of the whole sale, between total and due: discounts, vouchers
    member: str = ""  # masked by whoever fills it in: 138****5678
    points: int | None = None  # gained with this sale
    qr: str = ""  # content of the QR code above the footer
    tenders: tuple[ReceiptTender, ...] = ()  # of all means when it was not cash alone; then `cash_fen` is 0
    sections: tuple[ReceiptSection, ...] = ()
    signatures: tuple[str, ...] = ()  # who signs, each on a line of their own
    title: str = ""  # instead of the kind's own
    copy: Copy = ""
    header: tuple[str, ...] = ()  # below the shop's name
    address: str = ""
    phone: str = ""
    logo: str = ""  # PBM (P4) in Base64, above the shop's name
    barcode: str = ""  # printable ASCII, as Code 128; pairs of digits are printed closer
    qr_words: str = ""  # what the QR code is for: below it, or in its place where it cannot be drawn
    training: bool = False
    stamp: str = ""  # what to stamp into a box below the signatures; empty: there is no box
