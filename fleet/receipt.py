"""A sale's record as a slip, for the page: what the journal says, in the reader's language."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial

from fleet.store import StoredRecord
from texts import Lang, t
from wire.facts import Sale
from wire.receipt import Receipt
from wire.sold import goods, order_reductions, pieces_milli, tenders

LOCAL = timezone(timedelta(hours=8))
PROOFS = ("channel_no", "reference", "last4")
"""What the page, which anybody with the address may read, says of a payment: nothing that only the shop needs."""


def receipt_of(record: StoredRecord, sale: Sale, given_back_fen: int, shop: str, lang: Lang) -> Receipt:
    """The slip of a sale; `given_back_fen` is said below its sums."""
    say = partial(t, "receipt", lang)
    at = datetime.fromtimestamp(record.at_ms / 1000, UTC).astimezone(LOCAL)
    cash_alone = all(part.kind == "cash" for part in sale.tenders)
    notes = (t("fleet", lang, "page__given_back", amount=_yuan(given_back_fen)),) if given_back_fen else ()
    return Receipt(
        kind="sale",
        lang=lang,
        shop=shop or t("fleet", lang, "page__shop"),
        number=f"{sale.batch:06d}-{sale.trace:06d}",
        date=f"{at:%Y-%m-%d}",
        time=f"{at:%H:%M:%S}",
        clock_trusted=record.clock == "trusted",
        terminal=record.terminal,
        operator=sale.operator,
        batch=f"{sale.batch:06d}",
        lines=goods(say, sale.lines, sale.reductions),
        pieces_milli=pieces_milli(sale.lines),
        total_fen=sale.total_fen,
        rounding_fen=sale.rounding_fen,
        due_fen=sale.due_fen,
        cash_fen=sum(part.paid_fen for part in sale.tenders) if cash_alone else 0,
        change_fen=sum(part.change_fen for part in sale.tenders),
        tenders=() if cash_alone else tenders(say, sale.tenders, PROOFS),
        reductions=order_reductions(say, sale.reductions),
        notes=notes,
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
