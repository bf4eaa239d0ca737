"""What the open basket costs, and the reductions a person may give it (domain 3.6, 12)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, cast

import msgspec

from firmware.txn import product, room, shift
from firmware.txn.basket import Basket
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.selling import by_supervisor, not_selling, unlimited
from firmware.txn.voucher_amounts import amounts
from firmware.view import Text, text
from rules.catalogue import Product
from rules.money import cash_rounding, rounding_unit, yuan
from rules.pricing import BASIS_POINTS, WHOLE_ORDER, Item, Step, Tier, allocate, at_price, price
from rules.rights import Right
from rules.settings_counter import ItemPromotion
from rules.vouchers import Amount
from texts import Lang, t
from wire.facts import Line, Reduction, ReductionKind

BY_HAND: tuple[ReductionKind, ...] = ("price_override", "line_discount", "order_discount", "rounding_manual")
REASON_CHARS_MAX = 24
VOUCHER_NO_CHARS = 25


class Shared(Protocol):
    """What a voucher pays of each line."""

    @property
    def shares(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Bill:
    """A basket with every step of its price: total - reductions = due = sum of `nets`, which are the lines' shares. Cash
    is rounded after that, on what is paid in cash."""

    total_fen: int
    reductions: tuple[Reduction, ...]
    nets: tuple[int, ...]
    due_fen: int
    before: tuple[int, ...] = ()  # what is left of each line where vouchers stand in the order of steps
    vouchers: tuple[Amount, ...] = ()  # what each of the basket's vouchers pays

    @property
    def voucher_fen(self) -> int:
        """What vouchers pay of the amount due."""
        return sum(each.deduct_fen for each in self.vouchers)

    @property
    def rest_fen(self) -> int:
        """What other money must cover."""
        return self.due_fen - self.voucher_fen

    @property
    def borne(self) -> tuple[int, ...]:
        """How much of each line vouchers pay."""
        return borne(len(self.nets), self.vouchers)

    def off_line_fen(self, line: int) -> int:
        """What was taken off one line for itself; -1: off the whole order."""
        return sum(each.amount_fen for each in self.reductions if each.line == line)


def bill(ctx: Context, basket: Basket | None = None) -> Bill:
    """What the open basket, or another, costs on this business day."""
    basket = ctx.session.basket if basket is None else basket
    open_shift = shift.current(ctx.books)
    day = open_shift.business_date if open_shift else ""
    tiers = tuple(
        Tier(row.from_fen, row.off_fen, row.name)
        for row in ctx.settings.prices.full_reductions
        if row.valid_from <= day <= row.valid_to
    )
    items = _items(ctx, basket, day, bool(tiers))
    member = basket.member and ctx.settings.prices.member_prices
    before: tuple[int, ...] = ()
    vouchers: tuple[Amount, ...] = ()
    if basket.vouchers:
        before = price(items, tuple(each for each in basket.given if each.line != WHOLE_ORDER), tiers, member).nets
        vouchers = amounts(ctx.books, basket, before)
    priced = price(items, basket.given, tiers, member, lambda nets: borne(len(nets), vouchers))
    assert not vouchers or sum(priced.nets) >= sum(each.deduct_fen for each in vouchers)
    lang = ctx.settings.terminal.lang
    reductions = tuple(_reduction(step, basket, lang) for step in priced.steps)
    return Bill(basket.total_fen, reductions, priced.nets, priced.due_fen, before, vouchers)


def borne(lines: int, vouchers: Iterable[Shared]) -> tuple[int, ...]:
    """How much of each of so many lines vouchers pay."""
    return tuple(map(sum, zip((0,) * lines, *(each.shares for each in vouchers), strict=True)))


def _reduction(step: Step, basket: Basket, lang: Lang) -> Reduction:
    """A step as the sale records it. It has a name when its kind alone does not say all: a promotion's, or a rate.
    Member prices name who let them hold, until members identify themselves."""
    if step.given < 0:
        who, why = (basket.member_by, basket.member_why) if step.kind == "member_price" else ("", "")
        kind = cast(ReductionKind, step.kind)
        return Reduction(kind, step.amount_fen, step.line, step.name, reason=why, operator=who)
    by_hand = basket.given[step.given]
    shared = by_hand.rate_bp and not step.capped  # no share is named that was not given
    name = t("receipt", lang, f"reduction__{step.kind}") + f" {percent(by_hand.rate_bp)}" if shared else ""
    return msgspec.structs.replace(by_hand, amount_fen=step.amount_fen, name=name)


def percent(rate_bp: int) -> str:
    """500 -> `5%`, 550 -> `5.5%`."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


def netted(
    lines: tuple[Line, ...], nets: tuple[int, ...], rounding_fen: int = 0, vouchers: Iterable[Shared] = ()
) -> tuple[Line, ...]:
    """Lines of a sale with what each brings of its amount due: `nets` of the bill less its share of the rounding, which
    is never taken off what vouchers pay. A line that brings its whole amount needs no net: two hundred lines are to fit
    into one record."""
    by_money = tuple(net - share for net, share in zip(nets, borne(len(nets), vouchers), strict=True))
    shares = allocate(rounding_fen, by_money)
    rest = (net - share for net, share in zip(nets, shares, strict=True))
    return tuple(
        line if net == line.amount_fen else msgspec.structs.replace(line, net_fen=net)
        for line, net in zip(lines, rest, strict=True)
    )


def given_of(reductions: Iterable[Reduction]) -> tuple[Reduction, ...]:
    """Those of a frozen order's reductions that a person gave: for its goods to go back into an open basket."""
    return tuple(each for each in reductions if each.kind in BY_HAND)


def too_large(ctx: Context, basket: Basket) -> bool:
    """Whether the basket could not be settled in one record."""
    costs = bill(ctx, basket)
    uses = tuple(
        msgspec.structs.replace(
            each.use("9" * VOUCHER_NO_CHARS, amount), more=each.coupon.count
        )  # should none be redeemed
        for each, amount in zip(basket.vouchers, costs.vouchers, strict=True)
    )
    return not room.fits(netted(basket.lines, costs.nets), costs.reductions, rounding_max_fen(ctx), vouchers=uses)


def rounding_max_fen(ctx: Context) -> int:
    """The most that is ever waived of what is paid in cash."""
    return _rounding_unit(ctx) - 1


def rounded(ctx: Context, due_fen: int) -> tuple[int, int]:
    """What cash must be given for `due_fen`, and the rounding taken off it; fen."""
    rounding = cash_rounding(due_fen, _rounding_unit(ctx))
    return due_fen - rounding, rounding


def _rounding_unit(ctx: Context) -> int:
    return rounding_unit(ctx.settings.cash.rounding, ctx.settings.cash.rounding_custom_fen)


def _items(ctx: Context, basket: Basket, day: str, full_reductions: bool) -> tuple[Item, ...]:
    """The lines with what price list and promotions say of them; goods are looked up only when something asks for it."""
    promotions = {
        row.sku: row for row in reversed(ctx.settings.prices.item_promotions) if row.valid_from <= day <= row.valid_to
    }
    wanted = basket.member or full_reductions or any(each.kind == "order_discount" for each in basket.given)
    goods = product.by_skus(ctx.books, (line.sku for line in basket.lines)) if wanted else {}
    return tuple(_item(line, goods.get(line.sku), promotions.get(line.sku)) for line in basket.lines)


def _item(line: Line, goods: Product | None, promotion: ItemPromotion | None) -> Item:
    return Item(
        line.price_fen, line.quantity_milli, line.amount_fen,
        promotion.price_fen if promotion else None,
        promotion.name if promotion else "",
        (goods.member_price_fen or None) if goods else None,
        goods.allow_discount if goods else True,
    )  # fmt: skip


# --- what a person may take off ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Discount:
    """Take a share or an amount off line `index`, or off the whole order (-1), in place of what was given there before."""

    index: int
    rate_bp: int = 0
    amount_fen: int = 0
    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the discount, or 2001, 2014, 5029, 6008, 2005, 2006, 2015, 6006, 5020, 6007."""
        refusal = not_selling(ctx, Right.DISCOUNT, _there(ctx, self.index)) or self._protected(ctx)
        if refusal:
            return refusal
        limits = ctx.settings.prices
        cap_bp = limits.supervisor_discount_bp if unlimited(ctx, Right.DISCOUNT) else limits.cashier_discount_bp
        if self.rate_bp < 0 or self.amount_fen < 0 or bool(self.rate_bp) == bool(self.amount_fen):
            return Refusal(5020)
        kind: ReductionKind = "order_discount" if self.index == WHOLE_ORDER else "line_discount"
        asked = Reduction(kind, self.amount_fen, self.index, rate_bp=self.rate_bp)
        return _given(ctx, asked, self.reason, cap_bp=cap_bp, limit=text("price__limit", most=percent(cap_bp)))

    def _protected(self, ctx: Context) -> Refusal | None:
        """6006 for goods that only a supervisor may discount."""
        goods = None if by_supervisor(ctx) else _goods(ctx, self.index)
        return Refusal(6006, goods.name) if goods is not None and not goods.allow_discount else None


@dataclass(frozen=True, slots=True)
class ChangePrice:
    """Lower the price of line `index` to `price_fen` per piece or kilogram."""

    index: int
    price_fen: int
    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket at the new price, or 2001, 2014, 5029, 6008, 2005, 2006, 2015, 6006, 5020, 6007."""
        basket = ctx.session.basket
        fits = self.index != WHOLE_ORDER and _there(ctx, self.index)
        if refusal := not_selling(ctx, Right.PRICE_CHANGE, fits):
            return refusal
        goods = None if by_supervisor(ctx) else _goods(ctx, self.index)
        if goods is not None and (not goods.allow_price_change or self.price_fen < goods.min_price_fen):
            return Refusal(6006, goods.name)
        if not 0 < self.price_fen < basket.lines[self.index].price_fen:
            return Refusal(5020)  # never above the marked price (Price Law art. 13)
        cap_fen = None if unlimited(ctx, Right.PRICE_CHANGE) else ctx.settings.prices.cashier_price_change_fen
        asked = Reduction("price_override", 0, self.index, price_fen=self.price_fen)
        limit = text("price__limit", most=yuan(cap_fen or 0))
        return _given(ctx, asked, self.reason, cap_fen=cap_fen, limit=limit)


@dataclass(frozen=True, slots=True)
class RoundOff:
    """Waive `amount_fen` of the whole order by hand (抹零, domain 11.2)."""

    amount_fen: int
    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the rounding, or 2001, 2014, 5029, 6008, 2005, 2006, 2015, 5020, 6007."""
        if refusal := not_selling(ctx, Right.ROUNDING_MANUAL, _there(ctx, WHOLE_ORDER)):
            return refusal
        limits = ctx.settings.prices
        cap_fen = (
            limits.supervisor_rounding_fen if unlimited(ctx, Right.ROUNDING_MANUAL) else limits.cashier_rounding_fen
        )
        asked = Reduction("rounding_manual", self.amount_fen)
        return _given(ctx, asked, self.reason, cap_fen=cap_fen, limit=text("price__limit", most=yuan(cap_fen)))


@dataclass(frozen=True, slots=True)
class TakeBackReductions:
    """Take every reduction by hand back: the basket costs what price list and promotions say."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket without them, or 2001, 2014, 5029, 6008."""
        basket = ctx.session.basket
        if refusal := not_selling(ctx, Right.SALE, bool(basket.given)):
            return refusal
        return Decision(session=replace(ctx.session, basket=replace(basket, given=())))


@dataclass(frozen=True, slots=True)
class MarkMember:
    """Let member prices hold for this basket, or no longer. Until members identify themselves this is as good as a
    reduction by hand: it has a right, a limit and a reason of its own (domain 3.6, 12)."""

    on: bool
    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket marked, or 2001, 2014, 5029, 6008, 2005 where the shop has no member prices, 2006, 2015 when it takes
        off more than a cashier may give, 6007."""
        basket = ctx.session.basket
        if refusal := not_selling(ctx, Right.MEMBER_PRICE if self.on else Right.SALE, _there(ctx, WHOLE_ORDER)):
            return refusal
        if self.on and not ctx.settings.prices.member_prices:
            return Refusal(2005, "prices.member_prices")
        if not self.on:
            return Decision(
                session=replace(ctx.session, basket=replace(basket, member=False, member_by="", member_why=""))
            )
        marked = replace(basket, member=True, member_by=ctx.session.operator, member_why=self.reason[:REASON_CHARS_MAX])
        cap_fen = ctx.settings.prices.cashier_member_off_fen
        if not unlimited(ctx, Right.MEMBER_PRICE) and bill(ctx).due_fen - bill(ctx, marked).due_fen > cap_fen:
            return Refusal(2015, text("price__limit", most=yuan(cap_fen)))
        return Refusal(6007) if too_large(ctx, marked) else Decision(session=replace(ctx.session, basket=marked))


def _there(ctx: Context, index: int) -> bool:
    lines = len(ctx.session.basket.lines)
    return 0 <= index < lines or (index == WHOLE_ORDER and lines > 0)


def _goods(ctx: Context, index: int) -> Product | None:
    """The goods of a line; None for a typed amount, and for the whole order."""
    return product.by_sku(ctx.books, ctx.session.basket.lines[index].sku) if index != WHOLE_ORDER else None


def _given(
    ctx: Context, asked: Reduction, reason: str, limit: Text, cap_bp: int | None = None, cap_fen: int | None = None
) -> Decision | Refusal:
    """The basket with `asked`, which remembers who gave it and their limit (None: there is none), or 2015 above the limit,
    5020 when it lowers nothing, 6007 when the record becomes too long."""
    if asked.rate_bp > BASIS_POINTS or (cap_bp is not None and asked.rate_bp > cap_bp):
        return Refusal(2015, limit)
    before = ctx.session.basket.taking_back(asked.kind, asked.line)
    due_before = bill(ctx, before).due_fen
    wanted = bill(ctx, before.giving(asked)).due_fen
    if wanted >= due_before:
        return Refusal(5020)
    if 0 in (cap_bp, cap_fen):
        return Refusal(2015, limit)
    approver = ctx.approver if ctx.approver != ctx.session.operator else ""
    reduction = msgspec.structs.replace(
        asked, reason=reason[:REASON_CHARS_MAX], operator=ctx.session.operator, approver=approver,
        cap_bp=cap_bp or 0, cap_fen=cap_fen or 0,
    )  # fmt: skip
    after = before.giving(reduction)
    costs = bill(ctx, after)
    if costs.due_fen > wanted or (_below_lowest(ctx, after, costs, before) and not by_supervisor(ctx)):
        return Refusal(2015, limit)
    if approver:
        after = before.giving(_bounded(reduction, costs))
    return Refusal(6007) if too_large(ctx, after) else Decision(session=replace(ctx.session, basket=after))


def _bounded(approved: Reduction, costs: Bill) -> Reduction:
    """What was approved, for what it was approved for: it never takes off more, however quantity or basket grow later
    (domain 12: one action). For more of it the supervisor is asked again."""
    given_fen = sum(
        each.amount_fen for each in costs.reductions if (each.kind, each.line) == (approved.kind, approved.line)
    )
    return msgspec.structs.replace(approved, cap_fen=given_fen)


def _below_lowest(ctx: Context, after: Basket, costs: Bill, before: Basket) -> bool:
    """Whether a line now brings less than the lowest price of its goods, and did not before."""
    goods = product.by_skus(ctx.books, (line.sku for line in after.lines))
    nets_before = bill(ctx, before).nets
    for line, net, was in zip(after.lines, costs.nets, nets_before, strict=True):
        lowest_fen = goods[line.sku].min_price_fen if line.sku in goods else 0
        floor = at_price(Item(line.price_fen, line.quantity_milli, line.amount_fen), lowest_fen)
        if net < min(was, floor):
            return True
    return False
