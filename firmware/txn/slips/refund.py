"""Slips of giving back: refund, void, and a refund that a channel refused and cash paid (domain 6.1, 6.4)."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, headed, receipt_number
from rules.rounding import share_half_up
from wire.facts import Refund, RefundTurned, TenderPart
from wire.layout import money
from wire.receipt import Receipt, ReceiptLine, ReceiptRow, ReceiptSection
from wire.sold import tenders

PIECE_MILLI = 1_000


def refund_slip(sheet: Sheet, fact: Refund, entry: Entry) -> Receipt:
    """退货小票 or 撤销小票: what came back, by which means its money goes, whose sale it was and who allowed it."""
    rows = (
        ReceiptRow((sheet.say("back__origin"), receipt_number(fact.origin.batch, fact.origin.trace))),
        *_elsewhere(sheet, fact),
        ReceiptRow((sheet.say("back__reason"), fact.reason)),
        *_approved(sheet, fact.approver),
    )
    by_channel = any(part.kind == "code" for part in fact.tenders)
    return headed(
        sheet, fact.way, entry, batch=fact.batch, trace=fact.trace, operator=fact.operator,
        lines=tuple(
            ReceiptLine(
                line.name, line.quantity_milli, share_half_up(line.amount_fen, PIECE_MILLI, line.quantity_milli),
                line.amount_fen,
            )
            for line in fact.lines
        ),
        pieces_milli=sum(PIECE_MILLI if line.weighed else line.quantity_milli for line in fact.lines),
        total_fen=fact.total_fen, due_fen=fact.total_fen, tenders=tenders(sheet.say, fact.tenders),
        sections=(ReceiptSection(rows=rows),), signatures=(sheet.say("back__customer"),),
        notes=(sheet.say("back__by_channel"),) if by_channel else (),
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
        sections=(ReceiptSection(rows=rows),), signatures=(sheet.say("back__customer"),),
    )  # fmt: skip


def _elsewhere(sheet: Sheet, fact: Refund) -> tuple[ReceiptRow, ...]:
    """The terminal that sold it, when it was another one."""
    if fact.origin.terminal == sheet.terminal:
        return ()
    return (ReceiptRow((sheet.say("back__terminal"), fact.origin.terminal)),)


def _approved(sheet: Sheet, approver: str) -> tuple[ReceiptRow, ...]:
    return (ReceiptRow((sheet.say("cash__approver"), approver)),) if approver else ()
