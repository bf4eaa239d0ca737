"""The backend's totals of one batch, from the records it has booked (结算)."""

from fleet.effects import SendAnswer
from fleet.money import MoneyBooks
from fleet.store import Epoch
from wire.facts import decode as decode_fact
from wire.messages import AnswerTotals, AskTotals
from wire.totals import totals_of


def answer(books: MoneyBooks, epoch: Epoch | None, terminal: str, ask: AskTotals) -> SendAnswer:
    """Totals of the batch by the records up to `ask.upto`; `whole` says whether all of those are here."""
    rows = books.moving(terminal, ask.epoch, ask.batch, ask.upto)
    totals = totals_of(decode_fact(row.kind, row.version, row.body) for row in rows)
    whole = epoch is not None and epoch.upto >= ask.upto
    return SendAnswer(terminal, AnswerTotals(ask.epoch, ask.batch, ask.upto, whole, totals))
