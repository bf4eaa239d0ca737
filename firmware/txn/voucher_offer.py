"""What each voucher of the open basket is worth now, what stands in its way, and what to say beforehand (domain 3.5, 3.6).

Looked at when it is added, drawn, and once more when the order is frozen: the basket may have changed in between.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from firmware.txn import life, shift, voucher
from firmware.txn.basket import Basket
from firmware.txn.command import Context, Refusal
from firmware.txn.prices import Bill, bill, too_large
from firmware.txn.slips.sheet import LOCAL
from firmware.txn.voucher_amounts import amount_of, deal_of, goods_of
from firmware.txn.voucher_hours import usable_when
from firmware.txn.voucher_prepared import Prepared
from firmware.view import Say, text
from rules import vouchers as rules
from rules.deals import Deal
from rules.money import yuan
from rules.orders import voucher_no
from rules.vouchers import Ahead, Amount, Beside, Better, Fault, Goods, Situation
from wire.facts import Trouble, VoucherRegistered, VoucherUse

CONSENT, BOOKING, CUSTOMER, UNMAPPED = 3032, 3028, 3029, 3034
"""Faults that a key at the counter settles: the customer agrees, the cashier has looked, a supervisor chooses goods."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One voucher of a basket: what it takes off, why it may not, and what to say of it."""

    prepared: Prepared
    deal: Deal
    amount: Amount
    fault: Fault | None
    warnings: tuple[Ahead, ...] = ()
    better: Better | None = None


def offers(ctx: Context, basket: Basket, costs: Bill | None = None) -> tuple[Offer, ...]:
    """All vouchers of `basket`, in their order."""
    costs = bill(ctx, basket) if costs is None else costs
    return tuple(
        _offer(ctx, basket, costs, place, goods_of(ctx.books, basket, costs.before, costs.vouchers[:place]))
        for place in range(len(costs.vouchers))
    )


def offer(ctx: Context, prepared: Prepared) -> Offer:
    """What `prepared` would be as one more voucher of the open basket."""
    basket = ctx.session.basket
    return offers(ctx, replace(basket, vouchers=(*basket.vouchers, prepared)))[-1]


def _offer(ctx: Context, basket: Basket, costs: Bill, place: int, goods: tuple[Goods, ...]) -> Offer:
    prepared = basket.vouchers[place]
    deal, amount = deal_of(prepared.coupon), amount_of(deal_of(prepared.coupon), goods, prepared)
    if prepared.registered:
        worth = prepared.coupon.face_fen
        return Offer(prepared, deal, amount, None if amount.deduct_fen == worth else Fault(CONSENT, yuan(worth)))
    at = situation(ctx, basket, costs, place, deal)
    coupon = prepared.coupon
    fault = _expired(ctx, prepared) or rules.first_fault(
        deal, goods, prepared.count, at, coupon.count, coupon.min_count, ctx.settings.vouchers.add_missing
    )
    if fault is None and amount.lost_fen > prepared.lost_agreed_fen:
        fault = Fault(CONSENT, yuan(amount.lost_fen))
    if fault is None and not amount.deduct_fen:
        fault = Fault(3013)
    better = rules.better_split(deal, goods, prepared.count, coupon.min_count) if deal.kind == "cash" else None
    settings = ctx.settings.vouchers
    look = rules.Outlook(
        settings.warn_days, settings.warn_min, deal.valid_to or "", _again(ctx, prepared, at.day), amount.lost_fen,
        amount.missing,
    )  # fmt: skip
    return Offer(prepared, deal, amount, fault, rules.warnings(deal, at, look), better)


def situation(ctx: Context, basket: Basket, costs: Bill, place: int, deal: Deal) -> Situation:
    """When, where and beside what voucher `place` of the basket is used."""
    open_shift = shift.current(ctx.books)
    moment = datetime.fromtimestamp(ctx.now.wall_ms / 1000, UTC).astimezone(LOCAL)
    day = open_shift.business_date if open_shift else moment.date().isoformat()
    beside = [each for other, each in enumerate(basket.vouchers) if other != place]
    prepared = basket.vouchers[place]
    alike = [other for other, each in enumerate(basket.vouchers[:place]) if _alike(each, deal)]
    here = sum(basket.vouchers[other].count for other in alike)
    return Situation(
        day, moment.hour * 60 + moment.minute, Situation.weekday_of(day), ctx.now.trusted,
        ctx.settings.vouchers.shop_numbers.get(deal.platform, ""),
        tuple(_beside(each) for each in beside),
        any(each.kind in ("full_reduction", "order_discount") for each in costs.reductions),
        basket.member, prepared.booked, prepared.class_checked,
        voucher.used_on_day(ctx.books, day, deal.deal_id) + here, bool(prepared.chosen),
        here, sum(costs.vouchers[other].deduct_fen for other in alike),
    )  # fmt: skip


def _beside(other: Prepared) -> Beside:
    """Another voucher of the sale, by its title and last signs."""
    deal = deal_of(other.coupon)
    return Beside(deal.deal_id, deal.stack, f"{deal.title} …{other.coupon.last4}".strip())


def _alike(other: Prepared, deal: Deal) -> bool:
    """Whether another voucher is of this very deal; nobody knows what deal a registered one is of."""
    coupon = other.coupon
    return (coupon.platform, coupon.deal_id) == (deal.platform, deal.deal_id) and not other.registered


def _expired(ctx: Context, prepared: Prepared) -> Fault | None:
    """3016 when the preparation no longer holds: the code is to be scanned again."""
    return Fault(3016) if ctx.now.monotonic_ms >= prepared.until_ms else None


def _again(ctx: Context, prepared: Prepared, day: str) -> bool:
    coupon = prepared.coupon
    return voucher.used_alike(ctx.books, day, coupon.deal_id, coupon.last4)


def rest_fen(ctx: Context, basket: Basket, costs: Bill) -> int:
    """What other money is to pay, as far as anybody can say it now: a voucher that does not fit takes nothing off."""
    found = offers(ctx, basket, costs) if basket.vouchers else ()
    return costs.due_fen - sum(each.amount.deduct_fen for each in found if each.fault is None)


def refusal_of(found: Offer) -> Refusal:
    """The fault of an offer as a refusal, with what it needs to be said."""
    assert found.fault is not None
    return Refusal(found.fault.code, said(found.fault, found.deal))


def said(fault: Fault, deal: Deal) -> Say:
    """What a fault is about, for people: the day, how many other shops (their platform's numbers for them say nothing to
    anybody), days and hours, what is missing, how many, which other voucher."""
    match fault.code:
        case 3005 | 3006:
            return text(f"voucherabout__{'until' if fault.code == 3005 else 'from'}", day=fault.about)
        case 3007:
            return text("voucherabout__stores", count=len(deal.stores))
        case 3008:
            return usable_when(deal, fault.about if fault.about in deal.blackout_dates else "")
        case 3010:
            return text("voucherabout__beside", name=fault.about) if fault.about else text("voucherabout__reduced")
        case 3009:
            return text("voucherabout__missing_fen", amount=yuan(int(fault.about)))
        case 3011 | 3012:
            return text(f"voucherabout__{'most' if fault.code == 3011 else 'least'}", count=fault.about)
        case 3027:
            return text("voucherabout__lacks", name=fault.about)
        case 3029:
            return text(f"voucherabout__{fault.about}")
        case 3032:
            return text("voucherabout__lost", amount=fault.about)
        case 3033:
            return text("voucherabout__per_day", count=fault.about)
        case 3016:
            return deal.title
        case _:
            return fault.about or deal.title


def freezing_refusal(ctx: Context, costs: Bill) -> Refusal | None:
    """Everything anew when the order is frozen: the first voucher with a fault, with its code; 3030 without a number."""
    basket = ctx.session.basket
    for found in offers(ctx, basket, costs) if basket.vouchers else ():
        if found.fault is not None:
            refusal = refusal_of(found)
            return refusal if len(basket.vouchers) == 1 else replace(refusal, about=_whose(found, refusal.about))
    if basket.vouchers and too_large(ctx, basket):
        return Refusal(6007)  # what a voucher pays of each line takes other room once lines are gone
    if basket.vouchers and not life.value(ctx.books, "epoch_number"):
        return Refusal(3030, text("voucher__no_number"))
    return None


def _whose(found: Offer, about: Say) -> Say:
    """Of several vouchers, which one it is about."""
    return text("voucherabout__whose", digits=found.prepared.coupon.last4, about=about)


def uses(ctx: Context, costs: Bill, batch: int, trace: int) -> tuple[VoucherUse, ...]:
    """The vouchers of the open basket as its order holds them, numbered."""
    epoch = int(life.value(ctx.books, "epoch_number") or "0")
    if not epoch:
        return ()
    return tuple(
        prepared.use(voucher_no(ctx.terminal, epoch, batch, trace, place), amount)
        for place, (prepared, amount) in enumerate(zip(ctx.session.basket.vouchers, costs.vouchers, strict=True), 1)
    )


def registered(
    ctx: Context, taken: tuple[VoucherUse, ...], batch: int, trace: int, date: str
) -> tuple[VoucherRegistered | Trouble, ...]:
    """What goes on record with the sale for vouchers taken without a link (登记待补验), and the alarm that says so."""
    found: list[VoucherRegistered | Trouble] = []
    for use, prepared in zip(taken, ctx.session.basket.vouchers, strict=True):
        if prepared.registered:
            found.append(VoucherRegistered(batch, trace, use, "", ctx.session.operator, prepared.approver, date))
            found.append(Trouble(3031, use.request_no))
    return tuple(found)


def codes(ctx: Context, taken: tuple[VoucherUse, ...]) -> tuple[tuple[str, bytes, bytes], ...]:
    """The codes of vouchers taken without a link, for the same commit, beside the journal (ADR 26)."""
    held = zip(taken, ctx.session.basket.vouchers, strict=True)
    return tuple(
        (voucher.secret_name(use.request_no), b"", prepared.code.encode())
        for use, prepared in held
        if prepared.registered
    )
