"""How each code about payments is reached from keys, scans and what the backend answers."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from rules.settings import defaults
from tests.counter import Counter
from tests.giving import looks
from tests.payments.till import BILL, ECNY, WECHAT, Till, till

Way = Callable[[Path], Counter]


def asked(folder: Path) -> Till:
    """A customer's code was sent, nothing is known yet."""
    return till(folder).basket().pay()


def answered(state: str, code: int = 0, paid: int | None = None) -> Way:
    return lambda folder: asked(folder).answer(state, code=code, paid=paid)


def small_limit(folder: Path) -> Counter:
    channels = tuple(
        msgspec.structs.replace(each, payment_max_fen=100) for each in defaults().tenders.channels
    )  # fmt: skip
    return till(folder, tenders={"channels": channels}).basket().pay()


def reversal_pending(folder: Path) -> Counter:
    counter = asked(folder).answer("unknown").keys("F2")
    counter.pass_time(90_000)
    return counter


def paid_twice(folder: Path) -> Counter:
    return asked(folder).answer("failed", code=5002).keys("OK OK").answer("paid", "query")


def refund_waits(folder: Path) -> Counter:
    return paid_twice(folder).keys("OK OK MENU 1 OK")


def bill_unanswered(folder: Path) -> Counter:
    counter = till(folder).keys("MENU 1").scan(BILL)
    counter.pass_time(11_000)
    return counter


REFUSALS: dict[int, Way] = {
    5001: lambda folder: till(folder).basket().keys("OK").scan("99990000"),
    5005: answered("paying"),
    5007: answered("unknown"),
    5008: lambda folder: asked(folder).answer("unknown").keys("F2"),
    5009: reversal_pending,
    5012: small_limit,
    5013: answered("failed"),
    5014: lambda folder: till(folder).basket().pay(ECNY),
    5018: refund_waits,
    5022: lambda folder: till(folder).basket().offline().pay(),
    5023: answered("paid", paid=699),
    5024: paid_twice,
    5029: lambda folder: asked(folder).scan(WECHAT),
    5030: lambda folder: till(folder).basket().keys("OK # " + "4 " * 13),
    5031: lambda folder: till(folder).basket().keys("OK # 5 5 5 5 OK"),
    6009: lambda folder: till(folder).keys("MENU 1 1 2 3 OK"),
}

CHANNEL: dict[int, Way] = {
    code: answered("failed", code)
    for code in (5001, 5002, 5003, 5004, 5006, 5010, 5011, 5012, 5013, 5014, 5019, 5021, 5022)
}
"""What a channel refuses with (domain 1.5)."""

OTHERS: dict[int, Way] = {1004: bill_unanswered, 5017: looks.refused}

TOLD = {5007, 5009, 5023, 5024}
"""Told to the backend at once, and shown where the payment is."""
