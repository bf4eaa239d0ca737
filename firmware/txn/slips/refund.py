"""Slips of giving back: refund, void, and a refund that a channel refused and cash paid (domain 6.1, 6.4)."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, copy_code, headed, stamp_box
from wire.facts import Refund, RefundTurned, TenderPart
from wire.layout import money
from wire.receipt import Receipt, ReceiptRow, ReceiptSection
from wire.sold import about_vouchers, no_claim, origin_rows, pieces_milli, returned, tenders


def refund_slip(sheet: Sheet, fact: Refund, entry: Entry) -> Receipt:
    """退货小票 or 撤销小票: what came back, by which means its money goes, whose sale it was and who allowed it."""
    rows = (
        *origin_rows(sheet.say, fact, sheet.terminal),
        *_approved(sheet, fact.approver),
    )
    by_channel = any(part.kind == "code" for part in fact.tenders)
    return headed(
        sheet, fact.way, entry, batch=fact.batch, trace=fact.trace, operator=fact.operator,
        lines=returned(fact.lines), pieces_milli=pieces_milli(fact.lines),
        total_fen=fact.total_fen, due_fen=fact.total_fen, tenders=tenders(sheet.say, fact.tenders),
        sections=(ReceiptSection(rows=rows),), signatures=_customer(sheet), stamp=stamp_box(sheet),
        notes=(
            *((sheet.say("back__by_channel"),) if by_channel else ()),
            *about_vouchers(sheet.say, fact),
            no_claim(sheet.say),
        ),
        **copy_code(sheet, entry.seq, fact.batch, fact.trace, fact.total_fen),
    )  # fmt: skip


def turned_slip(sheet: Sheet, fact: RefundTurned, entry: Entry) -> Receipt:
    """A refund the channel refused, paid in cash: the receipt for that cash."""
    rows = (
        ReceiptRow((sheet.say("back__cash"), money(fact.amount_fen)), strong=True),
        ReceiptRow((sheet.say("tender__refund_no"),)),
        ReceiptRow((fact.refund_no,)),
        *_approved(sheet, fact.approver),
    )
    return headed(
        sheet, "refund", entry, batch=fact.batch, trace=fact.trace, operator=fact.operator, total_fen=fact.amount_fen,
        due_fen=fact.amount_fen, tenders=tenders(sheet.say, (TenderPart("cash", fact.amount_fen),)),
        sections=(ReceiptSection(rows=rows),), signatures=_customer(sheet), stamp=stamp_box(sheet),
        notes=(no_claim(sheet.say),),
    )  # fmt: skip


def _customer(sheet: Sheet) -> tuple[str, ...]:
    """The customer signs for what was given back, where the shop wants it (`slips.signature`)."""
    return (sheet.say("back__customer"),) if sheet.settings.slips.signature else ()


def _approved(sheet: Sheet, approver: str) -> tuple[ReceiptRow, ...]:
    return (ReceiptRow((sheet.say("cash__approver"), approver)),) if approver else ()
