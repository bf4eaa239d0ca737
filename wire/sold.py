"""What a sale's or refund's record says, as parts of a slip: the same for paper at the terminal and for the backend's page.

`Say` gives a text of the room `receipt` in the reader's language by its name.
"""

from collections.abc import Callable, Iterable

from rules.rounding import share_half_up
from wire.facts import Line, Reduction, Refund, RefundLine, TenderPart
from wire.receipt import ReceiptLine, ReceiptRow, ReceiptSum, ReceiptTender
from wire.rows import money

PIECE_MILLI = 1_000

Say = Callable[..., str]

DETAILS = ("order_no", "channel_no", "refund_no", "reference", "last4")
"""What a part may have that proves it, in the order it is printed."""


def no_claim(say: Say) -> str:
    """What a slip of goods is not: an invoice (domain 6.1)."""
    return str(say("tail__no_claim"))


def goods(say: Say, lines: tuple[Line, ...], reductions: tuple[Reduction, ...] = ()) -> tuple[ReceiptLine, ...]:
    """Lines of goods, each with what was taken off it."""
    return tuple(
        ReceiptLine(
            line.name, line.quantity_milli, line.price_fen, line.amount_fen,
            tuple(ReceiptSum(reduction_name(say, each), -each.amount_fen) for each in reductions if each.line == index),
        )
        for index, line in enumerate(lines)
    )  # fmt: skip


def returned(lines: tuple[RefundLine, ...]) -> tuple[ReceiptLine, ...]:
    """Goods that came back, at what was really paid for each."""
    return tuple(
        ReceiptLine(
            line.name, line.quantity_milli, share_half_up(line.amount_fen, PIECE_MILLI, line.quantity_milli),
            line.amount_fen,
        )
        for line in lines
    )  # fmt: skip


def origin_rows(say: Say, fact: Refund, terminal: str) -> tuple[ReceiptRow, ...]:
    """Whose sale came back, and why; the terminal that sold it where it is not `terminal`."""
    origin = fact.origin
    elsewhere = () if origin.terminal == terminal else (ReceiptRow((say("back__terminal"), origin.terminal)),)
    return (
        ReceiptRow((say("back__origin"), f"{origin.batch:06d}-{origin.trace:06d}")),
        *elsewhere,
        ReceiptRow((say("back__reason"), fact.reason)),
    )


def pieces_milli(lines: Iterable[Line | RefundLine]) -> int:
    """Pieces; whatever was weighed counts as one."""
    return sum(PIECE_MILLI if line.weighed else line.quantity_milli for line in lines)


def order_reductions(say: Say, reductions: tuple[Reduction, ...]) -> tuple[ReceiptSum, ...]:
    """What came off between total and due: all of the lines' reductions in one sum, then each of the whole order."""
    of_lines = sum(each.amount_fen for each in reductions if each.line >= 0)
    together = (ReceiptSum(say("sum__lines_reduced"), -of_lines),) if of_lines else ()
    return (
        *together,
        *(ReceiptSum(reduction_name(say, each), -each.amount_fen) for each in reductions if each.line < 0),
    )


def reduction_name(say: Say, reduction: Reduction) -> str:
    """As it was named when it was given, else by its kind."""
    return reduction.name or say(f"reduction__{reduction.kind}")


def tenders(say: Say, parts: tuple[TenderPart, ...], details: tuple[str, ...] = DETAILS) -> tuple[ReceiptTender, ...]:
    """Each means of payment with the numbers that prove it: never a whole code or card number. `details`: which of them."""
    return tuple(_voucher(say, part) if part.voucher is not None else _money(say, part, details) for part in parts)


def _money(say: Say, part: TenderPart, details: tuple[str, ...]) -> ReceiptTender:
    return ReceiptTender(
        say(f"tender__{part.channel if part.kind == 'code' else part.kind}"), part.paid_fen,
        tuple(say(f"tender__{name}") + getattr(part, name) for name in details if getattr(part, name)),
    )  # fmt: skip


def _voucher(say: Say, part: TenderPart) -> ReceiptTender:
    """Whose voucher, of which deal and how many, the end of its code, and the platform's number of the redemption; or that
    it is still to be verified."""
    use = part.voucher
    assert use is not None
    rows = (
        *((f"{use.title} x{use.count}",) if use.title else ()),
        *((say("tender__last4") + use.last4,) if use.last4 else ()),
        *((say("tender__record_no") + part.channel_no,) if part.channel_no else ()),
        *((say("tender__registered"),) if use.registered else ()),
    )
    return ReceiptTender(say(f"tender__voucher_{use.platform}"), part.paid_fen, rows)


def about_vouchers(say: Say, refund: Refund) -> tuple[str, ...]:
    """What is said of the vouchers of goods that came back: those that go back to the customer's account at their platform,
    what of it goods brought that came back before, and what is kept of those that stay redeemed."""
    earlier, kept = sum(line.earlier_fen for line in refund.lines), sum(line.voucher_fen for line in refund.lines)
    return (
        *((say("back__voucher_back"),) if any(part.voucher is not None for part in refund.tenders) else ()),
        *((say("back__voucher_earlier", amount=money(earlier)),) if earlier else ()),
        *((say("back__voucher_kept", amount=money(kept)),) if kept else ()),
    )
