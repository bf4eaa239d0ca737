"""The drawer's rules as a table: who gets it open, when, and what nobody gets it open for."""

import pytest

from rules.drawer_rules import Moment, Opening, Verdict, open_for_business, verdict
from rules.settings_counter import DRAWER_RULES, DrawerRule, DrawerUse

MONDAY_NOON, TUESDAY_1_AM = Moment(1, 12 * 60), Moment(2, 60)
UNSURE = Moment(1, 12 * 60, trusted=False)


def by(*rules: DrawerRule, **use: object) -> DrawerUse:
    return DrawerUse(rules=rules, **use)


def of(event: str, *tenders: str, cash: int = 0, change: int = 0, role: str = "cashier") -> Opening:
    return Opening(event, tenders, cash, change, role)


@pytest.mark.parametrize(
    ("opening", "action"),
    [
        (of("sale", "cash", cash=500), "open"),
        (of("sale", "cash", "code", cash=100), "open"),
        (of("sale", "code"), "deny"),
        (of("sale", "card"), "deny"),
        (of("refund", "cash", cash=500), "supervisor"),
        (of("refund", "code"), "deny"),
        (of("cash_in", "cash", cash=1), "open"),
        (of("cash_out", "cash", cash=1), "open"),
        (of("shift_open"), "open"),
        (of("shift_close"), "open"),
        (of("count"), "open"),
        (of("no_sale"), "ask"),
        (of("no_sale", role="supervisor"), "open"),
        (of("no_sale", role="admin"), "deny"),
        (of("exchange"), "ask"),
        (of("resume"), "ask"),
        (of("test"), "deny"),
        (of("test", role="supervisor"), "open"),
        (of("test", role="admin"), "open"),
        (of("reprint", role="supervisor"), "deny"),
    ],
)
def test_the_defaults_are_those_of_the_domain(opening, action):
    assert verdict(DrawerUse(), opening, MONDAY_NOON).action == action


def test_a_copy_opens_nothing_whatever_the_shop_wrote():
    generous = by(DrawerRule(event="reprint", action="open"))
    assert verdict(generous, of("reprint", role="supervisor"), MONDAY_NOON) == Verdict("deny")


def test_the_first_row_that_fits_decides_and_none_denies():
    small = DrawerRule(event="sale", action="ask", tenders=("cash",), amount_max_fen=1_000)
    use = by(small, DrawerRule(event="sale", action="open", tenders=("cash",)))
    assert verdict(use, of("sale", "cash", cash=1_000), MONDAY_NOON) == Verdict("ask", 0)
    assert verdict(use, of("sale", "cash", cash=1_001), MONDAY_NOON) == Verdict("open", 1)
    assert verdict(use, of("sale", "card"), MONDAY_NOON) == Verdict("deny", -1)


@pytest.mark.parametrize(
    ("cash", "change", "action"),
    [(99, 1, "deny"), (100, 1, "open"), (200, 1, "open"), (201, 1, "deny"), (150, 0, "deny")],
)
def test_amounts_are_of_the_cash_part_and_both_ends_count(cash, change, action):
    rule = DrawerRule(event="sale", action="open", amount_min_fen=100, amount_max_fen=200, change_required=True)
    assert verdict(by(rule), of("sale", "cash", cash=cash, change=change), MONDAY_NOON).action == action


@pytest.mark.parametrize(
    ("start", "end", "days", "moment", "fits"),
    [
        ("09:00", "17:00", (), Moment(1, 9 * 60), True),
        ("09:00", "17:00", (), Moment(1, 17 * 60 - 1), True),
        ("09:00", "17:00", (), Moment(1, 17 * 60), False),
        ("09:00", "17:00", (), Moment(1, 9 * 60 - 1), False),
        ("22:00", "02:00", (), Moment(1, 22 * 60), True),
        ("22:00", "02:00", (), Moment(1, 0), True),
        ("22:00", "02:00", (), Moment(1, 119), True),
        ("22:00", "02:00", (), Moment(1, 120), False),
        ("22:00", "02:00", (1,), TUESDAY_1_AM, True),  # Monday's night
        ("22:00", "02:00", (2,), TUESDAY_1_AM, False),
        ("22:00", "02:00", (7,), Moment(1, 60), True),  # Sunday's night
        ("22:00", "02:00", (2,), Moment(2, 23 * 60), True),
        ("00:00", "00:00", (6, 7), Moment(6, 0), True),
        ("00:00", "00:00", (6, 7), Moment(5, 1_439), False),
        ("08:00", "08:00", (), Moment(3, 3), True),  # the whole day
    ],
)
def test_days_and_hours(start, end, days, moment, fits):
    rule = DrawerRule(event="exchange", action="open", time_from=start, time_to=end, weekdays=days)
    assert verdict(by(rule), of("exchange"), moment).action == ("open" if fits else "deny")


def test_by_a_clock_nobody_trusts_the_stricter_branch_holds():
    timed = DrawerRule(event="exchange", action="open", time_from="09:00", time_to="17:00")
    anyway = DrawerRule(event="exchange", action="supervisor")
    assert verdict(by(timed, anyway), of("exchange"), UNSURE) == Verdict("supervisor", 1, code=8004)
    assert verdict(by(anyway, timed), of("exchange"), UNSURE).action == "supervisor"
    assert verdict(by(timed), of("exchange"), UNSURE).action == "deny"


def test_but_for_cash_the_milder_one():
    at_night = DrawerRule(event="sale", action="deny", time_from="22:00", time_to="06:00")
    use = by(at_night, DrawerRule(event="sale", action="open", tenders=("cash",)))
    assert verdict(use, of("sale", "cash", cash=5), UNSURE) == Verdict("open", 1)
    assert verdict(use, of("sale", "cash", cash=5), Moment(1, 23 * 60)).action == "deny"
    assert verdict(use, of("sale", "card"), UNSURE).action == "deny"


@pytest.mark.parametrize(
    ("opens", "closes", "minute", "is_open"),
    [
        ("00:00", "00:00", 3, True),
        ("08:00", "22:00", 479, False),
        ("08:00", "22:00", 480, True),
        ("08:00", "22:00", 1_320, False),
        ("18:00", "02:00", 60, True),
        ("18:00", "02:00", 120, False),
    ],
)
def test_business_hours(opens, closes, minute, is_open):
    use = DrawerUse(opens_at=opens, closes_at=closes)
    assert open_for_business(use, Moment(1, minute)) is is_open
    wanted = "open" if is_open else "supervisor"
    found = verdict(use, of("cash_in", "cash", cash=1), Moment(1, minute))
    assert (found.action, found.code) == (wanted, 0 if is_open else 8007)
    assert verdict(use, of("sale", "cash", cash=1), Moment(1, minute)).action == "open", "cash, always"
    assert verdict(use, of("sale", "code"), Moment(1, minute)).action == "deny", "no supervisor makes this one open"


def test_hours_by_a_clock_nobody_trusts_are_closed():
    use = DrawerUse(opens_at="08:00", closes_at="22:00")
    assert verdict(use, of("cash_out", "cash", cash=1), UNSURE).code == 8007
    assert verdict(DrawerUse(), of("cash_out", "cash", cash=1), UNSURE).code == 0


def test_the_default_list_speaks_of_every_event_once_at_least():
    from typing import get_args

    from rules.settings_counter import DrawerEvent

    assert {rule.event for rule in DRAWER_RULES} == set(get_args(DrawerEvent))
