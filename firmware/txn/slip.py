"""Slips: what is printed for a fact, how it ended, and what is still owed to the paper (decisions 19, 20).

A job belongs to the fact it prints (`job` = its seq). It stays open until the printer proves it printed, or a person says
that it is not needed. Printing it again is a continuation (续打), never counted as a reprint.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right
from rules.settings import Settings
from texts import Lang, t
from wire.facts import Reduction, Sale, SlipContinued, SlipDropped, SlipPrinted
from wire.receipt import Receipt, ReceiptLine, ReceiptSum

LOCAL = timezone(timedelta(hours=8))
"""Slips and screens show China's time; the journal holds UTC."""


def receipt_number(batch: int, trace: int) -> str:
    """`000123-000045` (domain 5.3)."""
    return f"{batch:06d}-{trace:06d}"


JobState = Literal["queued", "not_printed", "unknown"]


@dataclass(frozen=True, slots=True)
class Job:
    """A slip that is not proven to be on paper."""

    job: int
    state: JobState
    code: int


def open_jobs(books: Reading) -> tuple[Job, ...]:
    """Jobs still owed, oldest first."""
    return tuple(Job(*row) for row in books.read("SELECT job, state, code FROM print_job ORDER BY job"))


@dataclass(frozen=True, slots=True)
class ContinueSlip:
    """Print an unfinished slip again, marked 续打."""

    job: int
    by_itself: bool = False  # after paper-in, without a key

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SlipContinued`, or 2001, 4010."""
        gone = None if any(job.job == self.job for job in open_jobs(ctx.books)) else 4010
        if self.by_itself:
            return Refusal(gone) if gone else Decision((SlipContinued(self.job, ""),))
        if refusal := lacking(ctx, Right.SALE, gone):
            return refusal
        return Decision((SlipContinued(self.job, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class DropSlip:
    """The slip is complete on the paper, or nobody wants it."""

    job: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SlipDropped`, or 2001, 4010."""
        gone = None if any(job.job == self.job for job in open_jobs(ctx.books)) else 4010
        if refusal := lacking(ctx, Right.SALE, gone):
            return refusal
        return Decision((SlipDropped(self.job, ctx.session.operator),))


def sale_slip(terminal: str, settings: Settings, sale: Sale, entry_ms: int, trusted: bool, mark: str = "") -> Receipt:
    """The slip of a sale, from the journal alone."""
    local = datetime.fromtimestamp(entry_ms / 1000, UTC).astimezone(LOCAL)
    lang = settings.terminal.lang
    return Receipt(
        kind="sale",
        lang=lang,
        shop=settings.shop.name + (f"({settings.shop.branch})" if settings.shop.branch else ""),
        number=receipt_number(sale.batch, sale.trace),
        date=local.strftime("%Y-%m-%d"),
        time=local.strftime("%H:%M:%S"),
        clock_trusted=trusted,
        terminal=terminal,
        operator=sale.operator,
        batch=f"{sale.batch:06d}",
        lines=tuple(
            ReceiptLine(x.name, x.quantity_milli, x.price_fen, x.amount_fen, sums(sale.reductions, index))
            for index, x in enumerate(sale.lines)
        ),
        pieces_milli=sum(1000 if line.weighed else line.quantity_milli for line in sale.lines),
        total_fen=sale.total_fen,
        rounding_fen=sale.rounding_fen,
        due_fen=sale.due_fen,
        cash_fen=sum(part.paid_fen for part in sale.tenders),
        change_fen=sum(part.change_fen for part in sale.tenders),
        footer=settings.shop.footer,
        mark=t("receipt", lang, mark) if mark else "",
        reductions=order_sums(sale.reductions, lang),
    )


def sums(reductions: tuple[Reduction, ...], line: int) -> tuple[ReceiptSum, ...]:
    """Reductions of one line (-1: of the whole order) as a slip prints them."""
    return tuple(ReceiptSum(each.name, -each.amount_fen) for each in reductions if each.line == line)


def order_sums(reductions: tuple[Reduction, ...], lang: Lang) -> tuple[ReceiptSum, ...]:
    """What stands between total and due, so that the figures add up: what was taken off single lines, in one sum, then
    the steps of the whole order."""
    of_lines = sum(each.amount_fen for each in reductions if each.line >= 0)
    first = (ReceiptSum(t("receipt", lang, "sum__lines_reduced"), -of_lines),) if of_lines else ()
    return (*first, *sums(reductions, -1))


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    if fact.print_slip:
        books.write("INSERT INTO print_job VALUES (?, 'queued', 0)", entry.seq)


def _printed(books: Books, fact: SlipPrinted, entry: Entry) -> None:
    if fact.outcome in ("printed", "sent"):
        books.write("DELETE FROM print_job WHERE job = ?", fact.job)
    else:
        books.write("UPDATE print_job SET state = ?, code = ? WHERE job = ?", fact.outcome, fact.code, fact.job)


def _continued(books: Books, fact: SlipContinued, entry: Entry) -> None:
    books.write("UPDATE print_job SET state = 'queued' WHERE job = ?", fact.job)


def _dropped(books: Books, fact: SlipDropped, entry: Entry) -> None:
    books.write("DELETE FROM print_job WHERE job = ?", fact.job)


SUBJECT = Subject(
    ("CREATE TABLE print_job(job INTEGER PRIMARY KEY, state TEXT NOT NULL, code INTEGER NOT NULL) STRICT",),
    {Sale: _sold, SlipPrinted: _printed, SlipContinued: _continued, SlipDropped: _dropped},
)
