"""A sale's or refund's record as a slip, for the page: what the journal says, in the reader's language."""

from functools import partial
from typing import Any

from fleet import china
from fleet.store import StoredRecord
from rules.money import yuan
from texts import Lang, t
from wire.facts import Dress, Refund, Sale
from wire.receipt import Receipt, ReceiptSection
from wire.sold import (
    Say,
    about_vouchers,
    goods,
    no_claim,
    order_reductions,
    origin_rows,
    pieces_milli,
    returned,
    tenders,
)  # fmt: skip

PROOFS = ("order_no", "channel_no", "refund_no", "reference", "last4")
"""What the page, which anybody with the address may read, says of a payment: what the paper says too, and a customer
needs to have it looked up."""


def receipt_of(record: StoredRecord, fact: Sale | Refund, given_back_fen: int, dress: Dress, lang: Lang) -> Receipt:
    """The slip of a sale, refund or void; `given_back_fen` is said below a sale's sums. A `dress` without a name is that
    of a shop nobody has named."""
    say = partial(t, "receipt", lang)
    at = china.at(record.at_ms)
    content = _refund(say, fact, record.terminal) if isinstance(fact, Refund) else _sale(say, fact)
    if given_back_fen and isinstance(fact, Sale):
        content["notes"] = (t("fleet", lang, "page__given_back", amount=yuan(given_back_fen)), *content["notes"])
    return Receipt(
        kind=fact.way if isinstance(fact, Refund) else "sale",
        lang=lang,
        shop=dress.shop or t("fleet", lang, "page__shop"),
        number=f"{fact.batch:06d}-{fact.trace:06d}",
        date=f"{at:%Y-%m-%d}",
        time=f"{at:%H:%M:%S}",
        clock_trusted=record.clock == "trusted",
        terminal=record.terminal,
        operator=fact.operator,
        batch=f"{fact.batch:06d}",
        header=dress.header,
        address=dress.address,
        phone=dress.phone,
        footer=dress.footer if isinstance(fact, Sale) else (),
        **content,
    )


def _sale(say: Say, sale: Sale) -> dict[str, Any]:
    cash_alone = all(part.kind == "cash" for part in sale.tenders)
    return {
        "lines": goods(say, sale.lines, sale.reductions),
        "pieces_milli": pieces_milli(sale.lines),
        "total_fen": sale.total_fen,
        "rounding_fen": sale.rounding_fen,
        "due_fen": sale.due_fen,
        "cash_fen": sum(part.paid_fen for part in sale.tenders) if cash_alone else 0,
        "change_fen": sum(part.change_fen for part in sale.tenders),
        "tenders": () if cash_alone else tenders(say, sale.tenders, PROOFS),
        "reductions": order_reductions(say, sale.reductions),
        "notes": (no_claim(say),),
    }


def _refund(say: Say, fact: Refund, terminal: str) -> dict[str, Any]:
    """Without the supervisor's number and the lines to sign on: those are the shop's."""
    by_channel = any(part.kind == "code" for part in fact.tenders)
    return {
        "lines": returned(fact.lines),
        "pieces_milli": pieces_milli(fact.lines),
        "total_fen": fact.total_fen,
        "due_fen": fact.total_fen,
        "tenders": tenders(say, fact.tenders, PROOFS),
        "sections": (ReceiptSection(rows=origin_rows(say, fact, terminal)),),
        "notes": (
            *((say("back__by_channel"),) if by_channel else ()),
            *about_vouchers(say, fact),
            no_claim(say),
        ),
    }
