"""The drawer's rules: an ordered list, and the first row that fits decides (domain 11.4). Pure.

Where the time of day is not trusted, a row with days or hours may fit or not: then the strictest of what could be
decided holds, and for a cash sale the mildest, because nothing may stand in the way of cash (decisions 17).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rules.rights import Role
from rules.settings_counter import DrawerAction, DrawerEvent, DrawerRule, DrawerUse, TenderKind

NEVER: Final[frozenset[DrawerEvent]] = frozenset({"reprint"})
"""What opens no drawer, whatever the rules say: a copy is not money."""

ACTIONS: Final[tuple[DrawerAction, ...]] = ("open", "ask", "supervisor", "deny")
"""From mild to strict."""

NO_RULE, OUTSIDE_HOURS, NEEDS_AUTHORISATION = -1, 8007, 8004


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, in the shop's time: Monday is 1, `minute` counts from midnight."""

    weekday: int
    minute: int
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """What wants the drawer open. Amounts are of the cash part, fen; `tenders` those with a part of it."""

    event: DrawerEvent
    tenders: tuple[TenderKind, ...] = ()
    cash_fen: int = 0
    change_fen: int = 0
    role: Role | str | None = None

    @property
    def cash_sale(self) -> bool:
        """A sale somebody pays in cash: it must always be possible (domain 11.1)."""
        return self.event == "sale" and "cash" in self.tenders


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done; `rule` is the row that said so, or `NO_RULE`; `code` why a supervisor is wanted, else 0."""

    action: DrawerAction
    rule: int = NO_RULE
    reason_required: bool = False
    code: int = 0


def verdict(use: DrawerUse, opening: Opening, moment: Moment) -> Verdict:
    """What the shop's rules say; what no row speaks of is denied. Outside business hours a supervisor is wanted, except
    for a cash sale, and is told of at once (8007)."""
    if opening.event in NEVER:
        return Verdict("deny")
    possible = _possible(use.rules, opening, moment)
    found = min(possible, key=_strictness) if opening.cash_sale else max(possible, key=_strictness)
    if opening.cash_sale or found.action == "deny" or open_for_business(use, moment):
        return found
    return Verdict("supervisor", found.rule, found.reason_required, OUTSIDE_HOURS)


def open_for_business(use: DrawerUse, moment: Moment) -> bool:
    """Whether the shop is open: always when no hours are set, never for certain by a clock nobody trusts."""
    if use.opens_at == use.closes_at:
        return True
    return moment.trusted and _within(use.opens_at, use.closes_at, moment.minute)


def _possible(rules: Sequence[DrawerRule], opening: Opening, moment: Moment) -> list[Verdict]:
    """Every verdict there could be; one only, when the time is known or does not matter."""
    found: list[Verdict] = []
    for place, rule in enumerate(rules):
        if not _fits(rule, opening):
            continue
        timed = bool(rule.weekdays) or rule.time_from != rule.time_to
        if timed and moment.trusted and not _in_time(rule, moment):
            continue
        code = NEEDS_AUTHORISATION if rule.action == "supervisor" else 0
        found.append(Verdict(rule.action, place, rule.reason_required, code))
        if not timed or moment.trusted:
            return found
    return [*found, Verdict("deny")]


def _fits(rule: DrawerRule, opening: Opening) -> bool:
    """Whether a row speaks of this opening, its days and hours aside."""
    return (
        rule.event == opening.event
        and ("any" in rule.tenders or any(tender in rule.tenders for tender in opening.tenders))
        and rule.amount_min_fen <= opening.cash_fen <= rule.amount_max_fen
        and (opening.change_fen > 0 or not rule.change_required)
        and (not rule.roles or opening.role in rule.roles)
    )


def _in_time(rule: DrawerRule, moment: Moment) -> bool:
    """Days and hours. Hours over midnight belong to the day they begin on."""
    start, end = minute_of(rule.time_from), minute_of(rule.time_to)
    if start != end and not _within(rule.time_from, rule.time_to, moment.minute):
        return False
    after_midnight = start > end and moment.minute < end
    day = (moment.weekday + 5) % 7 + 1 if after_midnight else moment.weekday
    return not rule.weekdays or day in rule.weekdays


def _within(opens: str, closes: str, minute: int) -> bool:
    start, end = minute_of(opens), minute_of(closes)
    return start <= minute < end if start <= end else minute >= start or minute < end


def minute_of(clock: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _strictness(each: Verdict) -> int:
    return ACTIONS.index(each.action)
