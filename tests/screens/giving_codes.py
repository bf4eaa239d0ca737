"""How each code about giving back is reached from keys, scans and what the backend answers."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.events import LinkDown
from rules.giving_back import DAY_MS
from rules.slip_code import slip_code
from tests.counter import Counter
from tests.giving import looks, shop
from wire.facts import ShiftOpened

Way = Callable[[Path], Counter]


def a_trusted_cashier_and_an_older_sale(folder: Path) -> Counter:
    counter = shop.shop(folder)
    counter.terminal.settings = msgspec.structs.replace(
        counter.settings, rights={"cashier": {"refund": "limited", "sale_void": "limited"}}
    )
    shop.sold(counter, shop.line())
    shop.journal(counter, ShiftOpened(2, "01", "2026-11-23", 0, {}))
    return counter.keys("MENU 5 1 * 1 OK OK 1 OK")


def dear_sale_chosen(folder: Path) -> Counter:
    """The operator is a supervisor, and so are all others: they share one limit, so two must act."""
    counter = shop.as_supervisor(shop.shop(folder))
    shop.sold(counter, shop.line(price=200_001))
    return counter.keys("MENU 5 1 OK OK 1")


def too_late_chosen(folder: Path) -> Counter:
    counter = shop.as_supervisor(shop.shop(folder))
    shop.sold(counter, shop.line())
    shop.journal(counter, ShiftOpened(2, "01", "2026-11-23", 0, {}))
    counter.day_ms += 40 * DAY_MS
    return counter.keys("MENU 5 1 * 1 OK")


def offline_by_code(folder: Path) -> Counter:
    counter = looks.mixed(folder)
    counter.step(LinkDown(1003))
    return counter.keys("MENU 5 2 OK OK")


def nothing_left(folder: Path) -> Counter:
    return looks.till(folder).keys("MENU 5 1 OK OK 2 OK OK MENU 5 1 OK OK")


def under_way(folder: Path) -> Counter:
    return looks.given(folder).keys("OK MENU 5 F2 OK")


def elsewhere_offline(folder: Path) -> Counter:
    return looks.till(folder).keys("MENU 5").scan(slip_code("00019999", 3, 7, 1))


def unknown_to_the_backend(folder: Path) -> Counter:
    from wire.messages import AnswerSale

    counter = looks.looking(folder)
    shop.answer(counter, AnswerSale("00019999-000007-000001", 6009))
    return counter


REFUSALS: dict[int, Way] = {
    1003: offline_by_code,
    2012: a_trusted_cashier_and_an_older_sale,
    2016: lambda folder: dear_sale_chosen(folder).keys("OK"),
    4010: lambda folder: looks.till(folder).keys("MENU 5 9 9 9 OK"),
    5015: lambda folder: looks.refused(folder, 5015),
    5016: lambda folder: too_late_chosen(folder).keys("OK"),
    5018: under_way,
    6009: unknown_to_the_backend,
    6014: nothing_left,
    6015: elsewhere_offline,
}
"""Code -> how it comes onto the screen."""
