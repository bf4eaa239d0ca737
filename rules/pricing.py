"""The price of a basket, step by step in one fixed order, and what each line brings of it (domain 3.6). Pure.

Every step only ever lowers a price (Price Law art. 13) and stays visible as a step of its own. What is taken off the
whole order is allocated to the lines by largest remainder, so that a part given back later is exact to the fen.
Vouchers stand between the full reduction and the discount on the whole order: they are money (domain 3.7), so they lower
no net, but what they pay for is no more to be discounted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from rules.money import line_amount
from rules.rounding import share_half_up

STEPS: Final = (
    "price_override",
    "item_promo",
    "member_price",
    "line_discount",
    "full_reduction",
    "order_discount",
    "rounding_manual",
)
"""The order of the steps; `wire.facts.ReductionKind` has the same names."""

BASIS_POINTS = 10_000
WHOLE_ORDER = -1
"""`line` of a step that belongs to no single line."""


# --- allocation -----------------------------------------------------------------


def allocate(amount_fen: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount_fen` split in proportion to `weights`, which are what each share is taken from: floors first, then one fen
    more by largest remainder; ties go to the larger weight, then to the earlier one. The shares add up to the amount
    exactly and none exceeds its weight (domain 3.6)."""
    whole = sum(weights)
    assert all(weight >= 0 for weight in weights), weights
    assert 0 <= amount_fen <= whole, (amount_fen, whole)
    if not amount_fen:
        return (0,) * len(weights)
    shares = [amount_fen * weight // whole for weight in weights]
    missing = amount_fen - sum(shares)
    by_remainder = sorted(
        range(len(weights)), key=lambda place: (-(amount_fen * weights[place] % whole), -weights[place], place)
    )
    for place in by_remainder[:missing]:
        shares[place] += 1
    assert sum(shares) == amount_fen
    assert all(share <= weight for share, weight in zip(shares, weights, strict=True))
    return tuple(shares)


class Reduced(Protocol):
    """A step as a sale records it (`wire.facts.Reduction`)."""

    @property
    def amount_fen(self) -> int: ...
    @property
    def line(self) -> int: ...


class Sold(Protocol):
    """A line as a sale records it (`wire.facts.Line`)."""

    @property
    def quantity_milli(self) -> int: ...
    @property
    def amount_fen(self) -> int: ...
    @property
    def net_fen(self) -> int | None: ...


def nets(lines: Sequence[Sold], reductions: Iterable[Reduced], rounding_fen: int = 0) -> tuple[int, ...]:
    """What each line of a sale brings of the amount due: as the sale recorded it (a line without a net brings its
    amount), or computed for sales from before there were nets. Adds up to total - reductions - rounding."""
    if any(line.net_fen is not None for line in lines):
        return tuple(line.amount_fen if line.net_fen is None else line.net_fen for line in lines)
    rest = [line.amount_fen for line in lines]
    for reduction in reductions:
        if reduction.line >= 0:
            rest[reduction.line] -= reduction.amount_fen
        else:
            rest = _less(rest, allocate(reduction.amount_fen, rest))
    rest = _less(rest, allocate(rounding_fen, rest))
    assert all(net >= 0 for net in rest), rest
    return tuple(rest)


def net_of(line: Sold, quantity_milli: int, already_milli: int = 0) -> int:
    """What `quantity_milli` of a line bring when `already_milli` of it went back before: every part floors the running
    sum, so that all parts of the line, however it is split, add up to its net exactly."""
    assert already_milli >= 0, already_milli
    assert 0 < quantity_milli <= line.quantity_milli - already_milli, (quantity_milli, already_milli)
    net = line.amount_fen if line.net_fen is None else line.net_fen
    upto = net * (already_milli + quantity_milli) // line.quantity_milli
    return upto - net * already_milli // line.quantity_milli


def _less(rest: Sequence[int], shares: Sequence[int]) -> list[int]:
    return [each - share for each, share in zip(rest, shares, strict=True)]


# --- the steps ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a basket with what the price list and the promotions say of its goods. Prices are per piece or kilogram;
    None: there is none. `discountable`: discounts on the order and full reductions touch it."""

    price_fen: int
    quantity_milli: int
    amount_fen: int
    promo_price_fen: int | None = None
    promo_name: str = ""
    member_price_fen: int | None = None
    discountable: bool = True


class Given(Protocol):
    """A reduction a person gave. Of `rate_bp` and `amount_fen` the rate counts when it is there. `cap_bp` and `cap_fen`
    are the limits of who gave it, 0 for none: it can never outgrow them, whatever becomes of the basket."""

    @property
    def kind(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def amount_fen(self) -> int: ...
    @property
    def rate_bp(self) -> int: ...
    @property
    def price_fen(self) -> int: ...
    @property
    def cap_bp(self) -> int: ...
    @property
    def cap_fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Tier:
    """满减: `off_fen` off when the goods come to `from_fen`."""

    from_fen: int
    off_fen: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that lowers the price by `amount_fen` > 0. `given`: which of the given reductions it carries out; -1: it
    follows from price list and promotions."""

    kind: str
    amount_fen: int
    line: int = WHOLE_ORDER
    given: int = -1
    name: str = ""
    capped: bool = False  # less than was asked for: it had outgrown the limit in fen of who gave it


@dataclass(frozen=True, slots=True)
class Priced:
    """All steps in order, and what is left of each line after them; `due_fen` is the sum. `borne`: how much of each line
    vouchers pay for, never more than its net."""

    steps: tuple[Step, ...] = ()
    nets: tuple[int, ...] = ()
    due_fen: int = field(default=0)
    borne: tuple[int, ...] = ()


Bearing = Callable[[tuple[int, ...]], Sequence[int]]
"""From the nets at the vouchers' place in the order of steps to what they pay of each."""


def price(
    items: Sequence[Item],
    given: Sequence[Given] = (),
    tiers: Iterable[Tier] = (),
    member: bool = False,
    vouchers: Bearing | None = None,
) -> Priced:
    """The price of a basket. `tiers`: the full reductions in force; `member`: member prices hold; `vouchers`: what they
    bear of each line."""
    state = _State(tuple(item.amount_fen for item in items))
    for index, item in enumerate(items):
        state = _line_steps(state, index, item, given, member)
    state = _full_reduction(state, items, tuple(tiers))
    borne = tuple(vouchers(state.nets)) if vouchers is not None else (0,) * len(items)
    assert all(0 <= share <= net for share, net in zip(borne, state.nets, strict=True)), (borne, state.nets)
    for kind in ("order_discount", "rounding_manual"):
        for place, each in enumerate(given):
            if each.kind == kind:
                weights = [net - share if item.discountable or kind == "rounding_manual" else 0
                           for net, share, item in zip(state.nets, borne, items, strict=True)]  # fmt: skip
                state = state.spread(kind, _wanted(each, sum(weights)), weights, place, _capped(each, sum(weights)))
    due = sum(state.nets)
    assert due == sum(item.amount_fen for item in items) - sum(step.amount_fen for step in state.steps)
    return Priced(state.steps, state.nets, due, borne)


@dataclass(frozen=True, slots=True)
class _State:
    nets: tuple[int, ...]
    steps: tuple[Step, ...] = ()

    def line(
        self, kind: str, index: int, amount_fen: int, given: int = -1, capped: bool = False, name: str = ""
    ) -> "_State":
        """One line lowered; nothing happens where there is nothing to lower."""
        amount_fen = min(amount_fen, self.nets[index])
        if amount_fen <= 0:
            return self
        nets = (*self.nets[:index], self.nets[index] - amount_fen, *self.nets[index + 1 :])
        return replace(self, nets=nets, steps=(*self.steps, Step(kind, amount_fen, index, given, name, capped)))

    def spread(
        self, kind: str, amount_fen: int, weights: Sequence[int], given: int = -1, capped: bool = False, name: str = ""
    ) -> "_State":
        """The whole order lowered, allocated by `weights`, which are what each line may lose at most."""
        amount_fen = min(amount_fen, sum(weights))
        if amount_fen <= 0:
            return self
        nets = tuple(_less(self.nets, allocate(amount_fen, weights)))
        return _State(nets, (*self.steps, Step(kind, amount_fen, WHOLE_ORDER, given, name, capped)))


def _line_steps(state: _State, index: int, item: Item, given: Sequence[Given], member: bool) -> _State:
    """The steps of one line, in their order: price by hand, promotion, member price, discount by hand."""
    for place, each in enumerate(given):
        if (each.kind, each.line) == ("price_override", index):
            lower = state.nets[index] - at_price(item, each.price_fen)
            state = state.line(each.kind, index, min(lower, each.cap_fen or lower), place)
    if item.promo_price_fen is not None:
        lower = state.nets[index] - at_price(item, item.promo_price_fen)
        state = state.line("item_promo", index, lower, name=item.promo_name)
    if member and item.member_price_fen is not None:
        state = state.line("member_price", index, state.nets[index] - at_price(item, item.member_price_fen))
    for place, each in enumerate(given):
        if (each.kind, each.line) == ("line_discount", index):
            base_fen = state.nets[index]
            state = state.line(each.kind, index, _wanted(each, base_fen), place, _capped(each, base_fen))
    return state


def _full_reduction(state: _State, items: Sequence[Item], tiers: Sequence[Tier]) -> _State:
    """The best full reduction that fits, once."""
    weights = [net if item.discountable else 0 for net, item in zip(state.nets, items, strict=True)]
    fitting = [tier for tier in tiers if tier.from_fen <= sum(weights)]
    best = max(fitting, key=lambda tier: (tier.off_fen, tier.from_fen), default=None)
    return state if best is None else state.spread("full_reduction", best.off_fen, weights, name=best.name)


def at_price(item: Item, price_fen: int) -> int:
    """What a line comes to at another price. An amount printed by the scale is lowered in proportion."""
    if item.amount_fen == line_amount(item.price_fen, item.quantity_milli) or not item.price_fen:
        return line_amount(price_fen, item.quantity_milli)
    return share_half_up(item.amount_fen, price_fen, item.price_fen)


def _wanted(given: Given, base_fen: int) -> int:
    """What a discount by hand takes off `base_fen`, within the limits of who gave it."""
    amount = share_half_up(base_fen, given.rate_bp, BASIS_POINTS) if given.rate_bp else given.amount_fen
    if given.cap_bp:
        amount = min(amount, max_discount(base_fen, given.cap_bp))
    return min(amount, given.cap_fen) if given.cap_fen else amount


def _capped(given: Given, base_fen: int) -> bool:
    """Whether a share has outgrown the limit in fen of who gave it."""
    return (
        bool(given.rate_bp and given.cap_fen) and share_half_up(base_fen, given.rate_bp, BASIS_POINTS) > given.cap_fen
    )


def max_discount(base_fen: int, cap_bp: int) -> int:
    """The most that may be taken off `base_fen` at a limit of `cap_bp`: half up, as the discount itself is rounded."""
    return share_half_up(base_fen, cap_bp, BASIS_POINTS)
