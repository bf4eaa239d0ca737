"""The slip of a sale, and what slips of giving back and of holding share with it."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, copy_address, headed
from wire.facts import BasketHeld, Line, Reduction, Sale, TenderPart
from wire.receipt import Receipt, ReceiptLine, ReceiptRow, ReceiptSection, ReceiptSum, ReceiptTender


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


def hold_slip(sheet: Sheet, held: BasketHeld, entry: Entry) -> Receipt:
    """挂单小票: what is put aside, its small number large; nothing is paid yet."""
    number = ReceiptRow((sheet.say("hold__number"), str(held.hold)), strong=True)
    return headed(
        sheet,
        "hold",
        entry,
        batch=held.batch,
        operator=held.operator,
        lines=goods(sheet, held.lines, held.reductions),
        pieces_milli=pieces_milli(held.lines),
        total_fen=sum(line.amount_fen for line in held.lines),
        due_fen=held.total_fen,
        reductions=order_reductions(sheet, held.reductions),
        sections=(ReceiptSection(rows=(number,)),),
        notes=(sheet.say("hold__unpaid"), *((held.note,) if held.note else ())),
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
