"""The slip of an operator's badge: number, name, and the QR code that is nowhere else."""

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, headed
from wire.facts import BadgeIssued
from wire.receipt import Receipt, ReceiptRow, ReceiptSection


def badge_slip(sheet: Sheet, fact: BadgeIssued, entry: Entry, text: str) -> Receipt:
    """操作员工牌. No builder of the registry: it cannot be made from the journal, so that it cannot be reprinted."""
    name = next((each.name for each in sheet.settings.operators if each.number == fact.operator), "")
    rows = (
        ReceiptRow((sheet.say("badge__number"), fact.operator), strong=True),
        ReceiptRow((sheet.say("badge__name"), name)),
        ReceiptRow((sheet.say("badge__by"), fact.by)),
    )
    return headed(
        sheet, "badge", entry, batch=0, operator=fact.by, sections=(ReceiptSection(rows=rows),), qr=text,
        qr_words=sheet.say("badge__words"), notes=(sheet.say("badge__keep"),),
    )  # fmt: skip
