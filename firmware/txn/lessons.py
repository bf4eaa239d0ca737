"""Guided tasks for a new cashier: a list as data, each known to be done by a fact of the practice journal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from firmware.txn.books import Reading
from wire.facts import (
    BasketCancelled,
    BasketRecalled,
    Fact,
    LineRemoved,
    Refund,
    ReportPrinted,
    Reprinted,
    Sale,
    ShiftClosed,
    decode,
)  # fmt: skip

PIECE_MILLI: Final = 1_000
PASSWORD_ENDING: Final = 11
"""An amount that ends so makes the customer of practice type a password (`firmware.training.bank`)."""

FACTS_READ_MAX: Final = 5_000
"""Practice is an hour, not a season; what lies further back is not looked at."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One task; its texts are `lesson__NAME` (13 characters, for the bar) and `lesson__NAME_how`. `done` by one fact."""

    name: str
    kinds: tuple[type[Fact], ...]
    done: Callable[[Fact], bool] = lambda fact: True


def _cash(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(part.kind == "cash" for part in fact.tenders)


def _three_goods(fact: Fact) -> bool:
    return _cash(fact) and isinstance(fact, Sale) and len([line for line in fact.lines if line.barcode]) >= 3


def _several(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(not x.weighed and x.quantity_milli > PIECE_MILLI for x in fact.lines)


def _typed_amount(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(not line.sku for line in fact.lines)


def _by_code(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(part.kind == "code" for part in fact.tenders)


def _password(fact: Fact) -> bool:
    return _by_code(fact) and isinstance(fact, Sale) and fact.due_fen % 100 == PASSWORD_ENDING


def _voucher(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(part.kind == "voucher" for part in fact.tenders)


def _reduced(fact: Fact) -> bool:
    return isinstance(fact, Sale) and any(step.kind in ("line_discount", "order_discount") for step in fact.reductions)


def _x_report(fact: Fact) -> bool:
    return isinstance(fact, ReportPrinted) and fact.report == "x"


LESSONS: Final[tuple[Lesson, ...]] = (
    Lesson("three_goods", (Sale,), _three_goods),
    Lesson("several", (Sale,), _several),
    Lesson("amount", (Sale,), _typed_amount),
    Lesson("wrong_line", (LineRemoved,)),
    Lesson("cancel", (BasketCancelled,)),
    Lesson("hold", (BasketRecalled,)),
    Lesson("discount", (Sale,), _reduced),
    Lesson("code", (Sale,), _by_code),
    Lesson("password", (Sale,), _password),
    Lesson("voucher", (Sale,), _voucher),
    Lesson("reprint", (Reprinted,)),
    Lesson("refund", (Refund,)),
    Lesson("x_report", (ReportPrinted,), _x_report),
    Lesson("close", (ShiftClosed,)),
)
"""In the order in which they are asked for."""


def learned(done: frozenset[str], facts: Iterable[Fact]) -> frozenset[str]:
    """Names of the lessons that are done after these facts too, in whatever order they were done."""
    found = set(done)
    for fact in facts:
        found |= {lesson.name for lesson in LESSONS if isinstance(fact, lesson.kinds) and lesson.done(fact)}
    return frozenset(found)


def next_lesson(done: frozenset[str]) -> Lesson | None:
    """The first that is not done; None when all are."""
    return next((lesson for lesson in LESSONS if lesson.name not in done), None)


def in_books(books: Reading) -> frozenset[str]:
    """Lessons done according to a journal: practice's."""
    kinds = sorted({kind.KIND for lesson in LESSONS for kind in lesson.kinds})
    rows = books.read(
        f"SELECT kind, version, body FROM journal WHERE kind IN ({', '.join('?' * len(kinds))}) ORDER BY seq LIMIT ?",
        *kinds, FACTS_READ_MAX,
    )  # fmt: skip
    return learned(frozenset(), (decode(kind, version, body) for kind, version, body in rows))
