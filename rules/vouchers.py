"""What a voucher may be used for, what it takes off a sale, and what to say beforehand (domain 3.5, 3.6). Pure.

The local check spares a useless call and tells the reason at once; the platform has the last word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from rules.deals import Deal, PackageItem, Stack
from rules.pricing import allocate
from rules.rounding import share_half_up

MINUTES_A_DAY = 24 * 60
COUNT_MAX = 100
"""As many vouchers may be redeemed at once (`wire.vouchers.AskVoucherConsume`)."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of the basket as vouchers see it. `net_fen`: after promotion, member price, discount on the line and full
    reduction, and after vouchers taken before; `promoted`: a promotion, member price or discount lowered it; `taken_milli`:
    as much of it is paid for by packages before this voucher."""

    sku: str
    quantity_milli: int
    net_fen: int
    category: str = ""
    promoted: bool = False
    taken_milli: int = 0

    @property
    def free_milli(self) -> int:
        """What a package may still pay for."""
        return self.quantity_milli - self.taken_milli


class Beside(NamedTuple):
    """Another voucher of the sale: its deal, how that stacks, and what people call it."""

    deal_id: str
    stack: Stack
    name: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """When, where and beside what a voucher is to be used. `day`: business date; `minute` of the day; `others`: the other
    vouchers of the sale; `promoted_order`: something was taken off the whole order."""

    day: str
    minute: int
    weekday: int  # 1 is Monday
    clock_trusted: bool = True
    store: str = ""  # this shop's number at the platform, "" when nobody told
    others: tuple[Beside, ...] = ()
    promoted_order: bool = False
    member: bool = False
    booked: bool = False  # the cashier has looked at the booking
    class_checked: bool = False  # the cashier has looked whether the customer is one the deal is for
    used_today: int = 0  # of this deal at this terminal
    by_hand: bool = False  # a supervisor has chosen the lines of a package nobody mapped
    same: int = 0  # vouchers of this deal before it in this sale, under other codes
    same_fen: int = 0  # what those take off

    @staticmethod
    def weekday_of(day: str) -> int:
        return date.fromisoformat(day).isoweekday()


class Fault(NamedTuple):
    """Why not: the code, and what it needs to be said, money in fen, days as YYYY-MM-DD, times as HH:MM."""

    code: int
    about: str = ""


# --- what it takes off ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """What `count` vouchers take off. `shares`: by line, adding up to `deduct_fen`; `lost_fen`: face value that pays for
    nothing; `missing`: goods of the package that are not in the basket, as (name, thousandths); `taken_milli`: how much of
    each line a package pays for, () when it is none."""

    deduct_fen: int
    shares: tuple[int, ...]
    lost_fen: int = 0
    missing: tuple[tuple[PackageItem, int], ...] = ()
    taken_milli: tuple[int, ...] = ()


def eligible(deal: Deal, goods: Sequence[Goods]) -> tuple[int, ...]:
    """What each line may bear of the voucher; 0: the deal does not cover it."""
    return tuple(line.net_fen if _covers(deal, line) else 0 for line in goods)


def _covers(deal: Deal, line: Goods) -> bool:
    if deal.include_skus and line.sku not in deal.include_skus:
        return False
    out = line.sku in deal.exclude_skus or (line.category and line.category in deal.exclude_categories)
    return not out and not (deal.exclude_promo and line.promoted)


def usable(deal: Deal, goods: Sequence[Goods], held: int, same: int = 0, same_fen: int = 0) -> int:
    """How many of the `held` vouchers this basket could use at most (domain 3.6). `same` and `same_fen`: how many of the
    deal are in it already, and what they take off: bounds of an order count them, whatever codes they came under."""
    most = min(held, COUNT_MAX)
    if deal.max_per_order:
        most = min(most, deal.max_per_order - same)
    if deal.min_spend_fen:
        most = min(most, (sum(eligible(deal, goods)) + same_fen) // deal.min_spend_fen - same)
    return max(0, most)


def amount(deal: Deal, goods: Sequence[Goods], count: int, chosen: Sequence[tuple[int, int]] = ()) -> Amount:
    """What `count` vouchers take off these goods. `chosen`: lines a supervisor chose for a package that nobody mapped, as
    (line, thousandths)."""
    assert count >= 1, count
    bears = eligible(deal, goods)
    match deal.kind:
        case "cash":
            return _cash(count * deal.face_fen, bears)
        case "percent":
            off = share_half_up(sum(bears), 100 - deal.percent, 100)
            most = count * deal.max_discount_fen
            off = min(off, most) if most else off
            return Amount(off, allocate(off, bears))
        case "package" | "times":
            if not deal.package and not chosen:
                return _cash(count * (deal.package_fen or deal.face_fen), bears)
            return _package(deal, goods, bears, count, chosen)


def _cash(worth_fen: int, bears: Sequence[int]) -> Amount:
    off = min(worth_fen, sum(bears))
    return Amount(off, allocate(off, bears), worth_fen - off)


def mapped(deal: Deal) -> bool:
    """Whether every part of a package is mapped to goods of the shop (3034 when not)."""
    return deal.kind not in ("package", "times") or all(item.skus for item in deal.package)


def _package(
    deal: Deal, goods: Sequence[Goods], bears: Sequence[int], count: int, chosen: Sequence[tuple[int, int]]
) -> Amount:
    """The lines a package pays for, wholly: goods of the basket by the map, or those chosen by hand within the package's
    worth. What is not in the basket is `missing`."""
    taken = [0] * len(goods)
    missing: list[tuple[PackageItem, int]] = []
    if chosen:
        for index, milli in chosen:
            taken[index] = min(goods[index].free_milli, taken[index] + milli)
    else:
        for item in deal.package:
            rest = item.quantity_milli * count
            for index, line in enumerate(goods):
                if line.sku in item.skus and rest:
                    milli = min(rest, line.free_milli - taken[index])
                    taken[index] += milli
                    rest -= milli
            if rest:
                missing.append((item, rest))
    shares = [
        bear * milli // line.free_milli if milli else 0 for bear, milli, line in zip(bears, taken, goods, strict=True)
    ]
    most = (deal.face_fen or deal.package_fen) * count if chosen else 0
    if most and sum(shares) > most:
        shares = list(allocate(most, shares))
    return Amount(sum(shares), tuple(shares), 0, tuple(missing), tuple(taken))


class Better(NamedTuple):
    """A split that loses less: `use` vouchers, and this much in other money."""

    use: int
    rest_fen: int


def better_split(deal: Deal, goods: Sequence[Goods], count: int, min_count: int = 1) -> Better | None:
    """One voucher fewer when the last one would be lost in part (domain 3.6); None: there is nothing better."""
    now = amount(deal, goods, count)
    if not now.lost_fen or count - 1 < max(min_count, deal.min_per_order):
        return None
    fewer = amount(deal, goods, count - 1)
    return Better(count - 1, sum(line.net_fen for line in goods) - fewer.deduct_fen)


# --- whether it may be used ---------------------------------------------------------------------------------------


def first_fault(
    deal: Deal, goods: Sequence[Goods], count: int, at: Situation, held: int, min_count: int = 1,
    add_missing: bool = False,
) -> Fault | None:  # fmt: skip
    """The first reason in the fixed order of domain 3.5, None: this terminal knows of none. `held`: how many the code
    still has; `min_count`: how many must be redeemed at once."""
    return (
        _expired(deal, at)
        or _elsewhere(deal, at)
        or _other_time(deal, at)
        or _goods(deal, goods, count, at, add_missing)
        or _too_little(deal, goods, at)
        or _count(deal, goods, count, at, held, min_count)
        or _combined(deal, at)
        or (Fault(3028) if deal.need_booking and not at.booked else None)
        or _customer(deal, at)
        or (Fault(3033, str(deal.per_day_max)) if 0 < deal.per_day_max < at.used_today + count else None)
    )


def _expired(deal: Deal, at: Situation) -> Fault | None:
    if deal.valid_to is not None and at.day > deal.valid_to:
        return Fault(3005, deal.valid_to)
    if deal.valid_from is not None and at.day < deal.valid_from:
        return Fault(3006, deal.valid_from)
    return None


def _elsewhere(deal: Deal, at: Situation) -> Fault | None:
    elsewhere = deal.stores and at.store and at.store not in deal.stores
    return Fault(3007, " ".join(deal.stores)) if elsewhere else None


def _other_time(deal: Deal, at: Situation) -> Fault | None:
    """Under an untrusted clock the stricter branch: what depends on the time is not allowed (decisions 17)."""
    timed = bool(deal.weekdays or deal.times or deal.blackout_dates)
    if timed and not at.clock_trusted:
        return Fault(3008, hours(deal))
    if at.day in deal.blackout_dates:
        return Fault(3008, at.day)
    if deal.weekdays and at.weekday not in deal.weekdays:
        return Fault(3008, hours(deal))
    inside = any(_minute(first) <= at.minute < _minute(last) for first, last in _spans(deal))
    return None if inside or not deal.times else Fault(3008, hours(deal))


def _spans(deal: Deal) -> Iterable[tuple[str, str]]:
    """Spans of one day; one over midnight is two."""
    for first, last in deal.times:
        if _minute(first) < _minute(last):
            yield first, last
        else:
            yield first, "24:00"
            yield "00:00", last


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def hours(deal: Deal) -> str:
    """At what times of its days a deal may be used: `11:00-14:00 17:00-21:00`, for people; "" when any time will do."""
    return " ".join(f"{first}-{last}" for first, last in deal.times)


def _goods(deal: Deal, goods: Sequence[Goods], count: int, at: Situation, add_missing: bool) -> Fault | None:
    if not mapped(deal):
        return None if at.by_hand else Fault(3034)
    if not any(eligible(deal, goods)):
        return Fault(3013)
    missing = amount(deal, goods, count).missing
    if missing and len(missing) == len(deal.package) and all(not _any_in(item, goods) for item, _ in missing):
        return Fault(3013, missing[0][0].name)
    return Fault(3027, missing[0][0].name) if missing and not add_missing else None


def _any_in(item: PackageItem, goods: Sequence[Goods]) -> bool:
    return any(line.sku in item.skus and line.free_milli for line in goods)


def _too_little(deal: Deal, goods: Sequence[Goods], at: Situation) -> Fault | None:
    """Each voucher of a deal needs its own minimum, also those that came under other codes."""
    lacking = deal.min_spend_fen * (at.same + 1) - sum(eligible(deal, goods)) - at.same_fen
    return Fault(3009, str(lacking)) if lacking > 0 else None


def _count(
    deal: Deal, goods: Sequence[Goods], count: int, at: Situation, held: int, min_count: int
) -> Fault | None:  # fmt: skip
    most, least = usable(deal, goods, held, at.same, at.same_fen), max(min_count, deal.min_per_order)
    if deal.kind == "percent" and not deal.max_discount_fen:
        most = min(most, least)  # more of them take off no more
    if count > most:
        return Fault(3011, str(at.same + most))
    return Fault(3012, str(least)) if count < least else None


def _combined(deal: Deal, at: Situation) -> Fault | None:
    """3010 when either of two vouchers does not let the other stand beside it, or the deal not what was taken off; with
    the name of the voucher that stands in the way."""
    for other in at.others:
        alone = "none" in (deal.stack, other.stack)
        if alone or ("same" in (deal.stack, other.stack) and other.deal_id != deal.deal_id):
            return Fault(3010, other.name)
    return Fault(3010) if deal.exclude_promo and at.promoted_order else None


def _customer(deal: Deal, at: Situation) -> Fault | None:
    if deal.member_only and not at.member:
        return Fault(3029, "member")
    asks = deal.dine_in_only or deal.first_time_only
    return Fault(3029, "dine_in" if deal.dine_in_only else "first_time") if asks and not at.class_checked else None


# --- warnings ahead ---------------------------------------------------------------------------------------

WarningKind = Literal["expires", "ends_soon", "lost", "again", "extra_charge", "missing"]


class Ahead(NamedTuple):
    """Something to say before settling. `number`: days, minutes, fen or thousandths, as the kind needs; `about`: a name
    or time for people."""

    kind: WarningKind
    number: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What warnings are made of, beside the deal. `valid_to`: last day of this very voucher, "" when nobody told;
    `used_lately`: a voucher of this deal with the same last signs was used here today."""

    warn_days: int
    warn_min: int
    valid_to: str = ""
    used_lately: bool = False
    lost_fen: int = 0
    missing: tuple[tuple[PackageItem, int], ...] = field(default=())


def warnings(deal: Deal, at: Situation, look: Outlook) -> tuple[Ahead, ...]:
    """What is about to go wrong, the most urgent first."""
    found: list[Ahead] = []
    if look.used_lately:
        found.append(Ahead("again", 0))
    if look.lost_fen:
        found.append(Ahead("lost", look.lost_fen))
    found += [Ahead("missing", milli, item.name) for item, milli in look.missing]
    left_min = _minutes_left(deal, at)
    if left_min is not None and left_min <= look.warn_min:
        found.append(Ahead("ends_soon", left_min, hours(deal)))
    last = min((day for day in (look.valid_to, deal.valid_to or "") if day), default="")
    if last and at.day <= last:
        days = (date.fromisoformat(last) - date.fromisoformat(at.day)).days
        if days <= look.warn_days:
            found.append(Ahead("expires", days, last))
    if deal.extra_charge_fen:
        found.append(Ahead("extra_charge", deal.extra_charge_fen))
    return tuple(found)


def _minutes_left(deal: Deal, at: Situation) -> int | None:
    """Until the span of the day that runs now ends; None: no span runs, or none ends today."""
    spans = list(_spans(deal))
    ends = [_minute(last) for first, last in spans if _minute(first) <= at.minute < _minute(last)]
    if not ends:
        return None
    end = max(ends)
    over_midnight = end == MINUTES_A_DAY and any(_minute(first) == 0 for first, _ in spans)
    return None if over_midnight else end - at.minute
