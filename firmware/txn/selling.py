"""Whether the open basket may be touched at all: what every command about it asks first."""

from firmware.txn import lock, shift
from firmware.txn.approve import authority
from firmware.txn.command import Context, Refusal, lacking
from rules.rights import Right, Role, grant


def not_selling(ctx: Context, right: Right = Right.SALE, fits: bool = True) -> Refusal | None:
    """2001, 2009 on a locked terminal, 2014, 5029 while an order is being settled, 6008 when the basket does not fit what
    is asked, or why the right is lacking; None: go on."""
    no_shift = None if shift.current(ctx.books) is not None else 2014
    frozen = 5029 if settling(ctx) else None
    return lacking(ctx, right, lock.sells_no_more(ctx.books), no_shift, frozen, None if fits else 6008)


def settling(ctx: Context) -> bool:
    """Whether an order is being settled at this counter: its goods are no basket any more (order lock). In safe mode cash
    is taken for baskets and no order is resumed (`txn.checkout.here`)."""
    return not ctx.safe_mode and bool(ctx.books.read("SELECT 1 FROM pay_order WHERE state = 'open' LIMIT 1"))


def unchecked(ctx: Context) -> Refusal | None:
    """6013 as long as nobody has looked at the customer's age for what is in the basket."""
    due = ctx.session.basket.age_due
    return Refusal(6013, str(due)) if due else None


def by_supervisor(ctx: Context) -> bool:
    """Whether a supervisor's limits hold for what is being decided: their own action, or one they approve."""
    return authority(ctx) is Role.SUPERVISOR


def unlimited(ctx: Context, right: Right) -> bool:
    """Whether the table grants `right` without the limits of a cashier."""
    return by_supervisor(ctx) or grant(ctx.session.role, right, ctx.settings.rights) == "yes"
