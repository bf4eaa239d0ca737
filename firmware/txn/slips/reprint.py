"""Copies of slips (补打): the same content with its count at top and bottom, or a part of it alone (domain 6.2). The
merchant's part may be printed with the sale, too (`slips.merchant_copy`)."""

from typing import Literal, get_args

import msgspec

from firmware.txn.books import Entry
from firmware.txn.slips.sheet import Sheet, local
from wire.facts import Reprinted
from wire.receipt import Receipt

Part = Literal["", "merchant", "payment", "qr"]
PARTS: tuple[Part, ...] = get_args(Part)
"""The whole slip, the merchant's copy of the payment, the customer's, the codes alone."""


def copy_mark(sheet: Sheet, fact: Reprinted, entry: Entry) -> str:
    """`**补打 第1次 2026-11-22 16:02 01**`; a payment's slip says DUPLICATED before it (domain 6.2)."""
    when = local(entry.at_ms, "%Y-%m-%d %H:%M")
    said = sheet.say("mark__reprint", count=fact.count, when=when, operator=fact.operator)
    return f"{sheet.say('mark__duplicated')}\n{said}" if fact.part in ("merchant", "payment") else said


def part_of(sheet: Sheet, original: Receipt, part: str) -> Receipt:
    """What is printed of the slip. Raises `ValueError` for a part there is none of."""
    match part:
        case "":
            return original
        case "merchant":
            names = (sheet.say("sign__customer"),) if sheet.settings.slips.signature else ()
            return msgspec.structs.replace(
                original, kind="payment", title="", copy="merchant", qr="", signatures=names, footer=()
            )
        case "payment":
            return msgspec.structs.replace(original, kind="payment", title="", copy="customer", qr="", signatures=())
        case "qr":
            title = original.title or sheet.say(f"title__{original.kind}")
            return msgspec.structs.replace(
                original, kind="badge", title=title, sections=(), signatures=(), notes=(), member="", footer=()
            )
        case _:
            raise ValueError(part)
