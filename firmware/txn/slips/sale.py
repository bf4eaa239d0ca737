"""The slip of a sale, and what slips of giving back and of holding share with it."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, copy_address, headed
from wire.facts import Line, Reduction, Sale, TenderPart
from wire.receipt import Receipt, ReceiptLine, ReceiptSum, ReceiptTender


def sale_slip(sheet: Sheet, sale: Sale, entry: Entry) -> Receipt:
    """销售小票 (domain 6.1, 6.4)."""
    address = copy_address(sheet, entry.seq, sale.batch, sale.trace, sale.due_fen) if sheet.settings.slips.qr else ""
    cash_alone = all(part.kind == "cash" for part in sale.tenders)
    return headed(
        sheet,
        "sale",
        entry,
        batch=sale.batch,
        trace=sale.trace,
        operator=sale.operator,
        lines=goods(sheet, sale.lines, sale.reductions),
        pieces_milli=pieces_milli(sale.lines),
        total_fen=sale.total_fen,
        rounding_fen=sale.rounding_fen,
        due_fen=sale.due_fen,
        cash_fen=sum(part.paid_fen for part in sale.tenders) if cash_alone else 0,
        change_fen=sum(part.change_fen for part in sale.tenders),
        tenders=() if cash_alone else tenders(sheet, sale.tenders),
        reductions=order_reductions(sheet, sale.reductions),
        qr=address,
        qr_words=sheet.say("tail__qr_receipt") if address else "",
    )


def goods(sheet: Sheet, lines: tuple[Line, ...], reductions: tuple[Reduction, ...] = ()) -> tuple[ReceiptLine, ...]:
    """Lines of goods, each with what was taken off it."""
    return tuple(
        ReceiptLine(
            line.name,
            line.quantity_milli,
            line.price_fen,
            line.amount_fen,
            tuple(
                ReceiptSum(reduction_name(sheet, each), -each.amount_fen) for each in reductions if each.line == index
            ),
        )
        for index, line in enumerate(lines)
    )


def pieces_milli(lines: tuple[Line, ...]) -> int:
    """Pieces; whatever was weighed counts as one."""
    return sum(1000 if line.weighed else line.quantity_milli for line in lines)


def order_reductions(sheet: Sheet, reductions: tuple[Reduction, ...]) -> tuple[ReceiptSum, ...]:
    """What came off between total and due: all of the lines' reductions in one sum, then each of the whole order."""
    of_lines = sum(each.amount_fen for each in reductions if each.line >= 0)
    together = (ReceiptSum(sheet.say("sum__lines_reduced"), -of_lines),) if of_lines else ()
    whole = (ReceiptSum(reduction_name(sheet, each), -each.amount_fen) for each in reductions if each.line < 0)
    return (*together, *whole)


def reduction_name(sheet: Sheet, reduction: Reduction) -> str:
    """As it was named when it was given, else by its kind."""
    return reduction.name or sheet.say(f"reduction__{reduction.kind}")


def tenders(sheet: Sheet, parts: tuple[TenderPart, ...]) -> tuple[ReceiptTender, ...]:
    """Each means of payment with the numbers that prove it: never a whole code or card number."""
    return tuple(ReceiptTender(tender_name(sheet, part), part.paid_fen, details(sheet, part)) for part in parts)


def tender_name(sheet: Sheet, part: TenderPart) -> str:
    """现金, 微信支付 …"""
    return sheet.say(f"tender__{part.channel}" if part.kind == "code" else f"tender__{part.kind}")


def details(sheet: Sheet, part: TenderPart) -> tuple[str, ...]:
    """Numbers of the shop and of the channel, reference, last four digits: as far as the part has them."""
    given = (
        ("order_no", part.order_no),
        ("channel_no", part.channel_no),
        ("refund_no", part.refund_no),
        ("reference", part.reference),
        ("last4", part.last4),
    )
    return tuple(sheet.say(f"tender__{key}") + value for key, value in given if value)
