"""A sale's record as a slip, for the page: what the journal says, in the reader's language."""

from datetime import UTC, datetime, timedelta, timezone

from fleet.store import StoredRecord
from texts import Lang, t
from wire.facts import Reduction, Sale, TenderPart
from wire.receipt import Receipt, ReceiptLine, ReceiptSum, ReceiptTender

LOCAL = timezone(timedelta(hours=8))


def receipt_of(record: StoredRecord, sale: Sale, given_back_fen: int, shop: str, lang: Lang) -> Receipt:
    """The slip of a sale; `given_back_fen` is said below its sums."""
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
        lines=_goods(sale, lang),
        pieces_milli=sum(1000 if line.weighed else line.quantity_milli for line in sale.lines),
        total_fen=sale.total_fen,
        rounding_fen=sale.rounding_fen,
        due_fen=sale.due_fen,
        cash_fen=sum(part.paid_fen for part in sale.tenders) if cash_alone else 0,
        change_fen=sum(part.change_fen for part in sale.tenders),
        tenders=() if cash_alone else tuple(_tender(part, lang) for part in sale.tenders),
        reductions=_whole(sale, lang),
        notes=notes,
    )


def _goods(sale: Sale, lang: Lang) -> tuple[ReceiptLine, ...]:
    return tuple(
        ReceiptLine(
            line.name, line.quantity_milli, line.price_fen, line.amount_fen,
            tuple(ReceiptSum(_name(each, lang), -each.amount_fen) for each in sale.reductions if each.line == index),
        )
        for index, line in enumerate(sale.lines)
    )  # fmt: skip


def _whole(sale: Sale, lang: Lang) -> tuple[ReceiptSum, ...]:
    of_lines = sum(each.amount_fen for each in sale.reductions if each.line >= 0)
    together = (ReceiptSum(t("receipt", lang, "sum__lines_reduced"), -of_lines),) if of_lines else ()
    return (*together, *(ReceiptSum(_name(each, lang), -each.amount_fen) for each in sale.reductions if each.line < 0))


def _name(reduction: Reduction, lang: Lang) -> str:
    return reduction.name or t("receipt", lang, f"reduction__{reduction.kind}")


def _tender(part: TenderPart, lang: Lang) -> ReceiptTender:
    key = f"tender__{part.channel}" if part.kind == "code" else f"tender__{part.kind}"
    given = (("channel_no", part.channel_no), ("reference", part.reference), ("last4", part.last4))
    details = tuple(t("receipt", lang, f"tender__{name}") + value for name, value in given if value)
    return ReceiptTender(t("receipt", lang, key), part.paid_fen, details)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
