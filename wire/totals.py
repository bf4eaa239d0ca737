"""What each fact adds to the totals of its batch (结算). Terminal and backend both compute by this, so that a
difference between them is a difference of records and nothing else."""

from collections.abc import Iterable

from rules import totals
from wire.facts import Fact, Refund, RefundTurned, Sale, TenderPart

_COUNTED = (Sale, Refund, RefundTurned)


def batch_of(fact: Fact) -> int | None:
    """The batch whose totals the fact changes; None: it changes none."""
    return fact.batch if isinstance(fact, _COUNTED) else None


def part_of(fact: Fact) -> dict[str, int]:
    """What one fact adds, by the names of `rules.totals`."""
    match fact:
        case Sale():
            part = {totals.SALES: 1, totals.SALES_FEN: fact.due_fen, totals.ROUNDING_FEN: fact.rounding_fen}
            return totals.summed((part, *(_taken(tender) for tender in fact.tenders)))
        case Refund():
            names = (totals.VOIDS, totals.VOIDS_FEN) if fact.way == "void" else (totals.REFUNDS, totals.REFUNDS_FEN)
            part = dict(zip(names, (1, fact.total_fen), strict=True))
            return totals.summed((part, *(_given(tender) for tender in fact.tenders)))
        case RefundTurned():  # the channel refused: the refund itself was counted with its channel, the cash is here
            return totals.summed(({totals.CASH_FEN: -fact.amount_fen},))
        case _:
            return {}


def totals_of(facts: Iterable[Fact]) -> dict[str, int]:
    """Totals of these facts; give it those of one batch."""
    return totals.summed(part_of(fact) for fact in facts)


def _taken(tender: TenderPart) -> dict[str, int]:
    amount_fen = tender.paid_fen - tender.change_fen
    if tender.kind == "cash":
        return {totals.CASH_FEN: amount_fen}
    return dict(zip(totals.paid(_by(tender)), (_count(tender), amount_fen), strict=True))


def _given(tender: TenderPart) -> dict[str, int]:
    if tender.kind == "cash":
        return {totals.CASH_FEN: -tender.paid_fen}
    return dict(zip(totals.back(_by(tender)), (_count(tender), tender.paid_fen), strict=True))


def _by(tender: TenderPart) -> str:
    """`voucher_` parts a platform from the payment channel of the same name."""
    if tender.kind == "voucher":
        return totals.voucher(tender.channel)
    return "card" if tender.kind == "card" else tender.channel


def _count(tender: TenderPart) -> int:
    """Vouchers are counted each, other payments once."""
    return tender.voucher.count if tender.voucher is not None else 1
