"""Goods for adults: somebody looks at the customer once per order, or the goods go out again (6013)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from firmware.txn import product, shift
from firmware.txn.basket import Basket
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.sale import rest_kept
from firmware.txn.selling import not_selling
from rules.rights import Right
from wire.facts import Line, LineRemoved


def with_age_due(books: Reading, basket: Basket) -> Basket:
    """The basket knowing which age must still be looked for, after it came back from somewhere."""
    oldest = max((years for _, years in _limits(books, basket.lines)), default=0)
    return replace(basket, age_due=oldest if oldest > basket.age_years else 0)


def _limits(books: Reading, lines: tuple[Line, ...]) -> Iterable[tuple[int, int]]:
    """Place and age limit of each line that has one."""
    goods = product.by_skus(books, (line.sku for line in lines))
    limits = ((place, goods[line.sku].age_limit) for place, line in enumerate(lines) if line.sku in goods)
    return tuple((place, years) for place, years in limits if years)


@dataclass(frozen=True, slots=True)
class ConfirmAge:
    """The operator has seen that the customer is old enough."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the age that was seen, or 2001, 2014, 5029, 6008."""
        basket = ctx.session.basket
        if refusal := not_selling(ctx, Right.SALE, basket.age_due > 0):
            return refusal
        return Decision(session=replace(ctx.session, basket=replace(basket, age_years=basket.age_due, age_due=0)))


@dataclass(frozen=True, slots=True)
class RefuseAge:
    """The customer is too young, or cannot prove it: what they may not have goes out of the basket."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`LineRemoved` for each of these lines, which counts towards no limit; or 2001, 2014, 5029, 6008."""
        basket = ctx.session.basket
        if refusal := not_selling(ctx, Right.SALE, basket.age_due > 0):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        places = [place for place, years in _limits(ctx.books, basket.lines) if years > basket.age_years]
        facts = tuple(
            LineRemoved(ctx.session.operator, open_shift.batch, basket.lines[place], reason="age") for place in places
        )
        for place in reversed(places):
            basket = basket.without(place)
        rest = replace(basket, age_due=0)
        return Decision((*facts, *rest_kept(ctx, rest)), replace(ctx.session, basket=rest))
