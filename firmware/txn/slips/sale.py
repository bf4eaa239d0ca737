"""The slips of a sale and of holding one."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, copy_code, headed
from wire.facts import BasketHeld, Sale
from wire.receipt import Receipt, ReceiptRow, ReceiptSection
from wire.sold import goods, no_claim, order_reductions, pieces_milli, tenders


def sale_slip(sheet: Sheet, sale: Sale, entry: Entry) -> Receipt:
    """销售小票 (domain 6.1, 6.4)."""
    cash_alone = all(part.kind == "cash" for part in sale.tenders)
    return headed(
        sheet,
        "sale",
        entry,
        batch=sale.batch,
        trace=sale.trace,
        operator=sale.operator,
        lines=goods(sheet.say, sale.lines, sale.reductions),
        pieces_milli=pieces_milli(sale.lines),
        total_fen=sale.total_fen,
        rounding_fen=sale.rounding_fen,
        due_fen=sale.due_fen,
        cash_fen=sum(part.paid_fen for part in sale.tenders) if cash_alone else 0,
        change_fen=sum(part.change_fen for part in sale.tenders),
        tenders=() if cash_alone else tenders(sheet.say, sale.tenders),
        reductions=order_reductions(sheet.say, sale.reductions),
        notes=(no_claim(sheet.say),),
        **copy_code(sheet, entry.seq, sale.batch, sale.trace, sale.due_fen),
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
        lines=goods(sheet.say, held.lines, held.reductions),
        pieces_milli=pieces_milli(held.lines),
        total_fen=sum(line.amount_fen for line in held.lines),
        due_fen=held.total_fen,
        reductions=order_reductions(sheet.say, held.reductions),
        sections=(ReceiptSection(rows=(number,)),),
        notes=(sheet.say("hold__unpaid"), *((held.note,) if held.note else ()), no_claim(sheet.say)),
    )
