"""How often goods were taken out of an open order in this shift: a cashier may do so only so many times (domain 12)."""

from firmware.txn import shift
from firmware.txn.basket import Basket
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Refusal
from firmware.txn.selling import unlimited
from rules.rights import Right
from wire.facts import BasketCancelled, HoldDropped, LineRemoved, OrderDropped, ShiftClosed, ShiftOpened

TakenOut = LineRemoved | BasketCancelled | HoldDropped | OrderDropped


REASONS = ("left", "changed", "mistake", "other")
"""Why an order is given up that was put aside, or holds many goods; the text `hold__REASON` names it."""


def needs_reason(ctx: Context, basket: Basket) -> bool:
    """Whether so many goods are given up only with a reason (domain 10.3)."""
    return len(basket.lines) > ctx.settings.sale.cancel_reason_above


def removals(books: Reading, operator: str) -> int:
    """Lines removed, and baskets, held or not, and orders given up by this operator in the open shift, without a
    supervisor's approval."""
    rows = books.read("SELECT count FROM removal WHERE operator = ?", operator)
    return int(rows[0][0]) if rows else 0


def too_many_removals(ctx: Context, right: Right) -> Refusal | None:
    """2006 when the cashier has taken out all they may in this shift (`prices.removals_per_shift`)."""
    most = ctx.settings.prices.removals_per_shift
    if unlimited(ctx, right) or removals(ctx.books, ctx.session.operator) < most:
        return None
    return Refusal(2006, f"{right.value} {most}/{most}")


def _counted(books: Books, fact: TakenOut, entry: Entry) -> None:
    """Goods that were approved to go, that the customer was too young for, or that went back into a basket count not."""
    open_shift = shift.current(books)
    young = isinstance(fact, LineRemoved) and fact.reason == "age"
    free = fact.approver or young or (isinstance(fact, OrderDropped) and fact.again)
    if free or open_shift is None or open_shift.batch != fact.batch:
        return
    books.write(
        "INSERT INTO removal VALUES (?, 1) ON CONFLICT(operator) DO UPDATE SET count = count + 1", fact.operator
    )


def _began(books: Books, fact: ShiftOpened | ShiftClosed, entry: Entry) -> None:
    books.write("DELETE FROM removal")


SUBJECT = Subject(
    ("CREATE TABLE removal(operator TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT",),
    {
        ShiftOpened: _began,
        ShiftClosed: _began,
        LineRemoved: _counted,
        BasketCancelled: _counted,
        HoldDropped: _counted,
        OrderDropped: _counted,
    },
    uses=("shift",),
)
