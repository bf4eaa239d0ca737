"""Slips: what is printed for a fact, how it ended, and what is still owed to the paper (decisions 19, 20).

A job belongs to the fact it prints (`job` = its seq). It stays open until the printer proves it printed, or a person says
that it is not needed. Printing it again is a continuation (续打), never counted as a reprint.
"""

from dataclasses import dataclass
from typing import Literal

from firmware.txn.approve import authority
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.slips.registry import BUILDERS
from firmware.txn.slips.reprint import Part
from firmware.txn.slips.sheet import LOCAL, receipt_number
from rules.rights import Right, grant
from wire.facts import Fact, SlipContinued, SlipDropped, SlipPrinted

__all__ = ["LOCAL", "SUBJECT", "ContinueSlip", "DropSlip", "Job", "JobState", "open_jobs", "receipt_number"]

CONTINUED_BY_KEY_MAX = 3
"""So often anybody may print a slip again that may be on paper already: a printer that proves nothing would give uncounted
copies without end. After that a supervisor allows it, or the slip is dropped and printed again, counted (4011)."""

TOO_OFTEN, LOW_VOLTAGE = 4011, 4007
EXPIRED = 4008
"""What is said of a job that was never tried before it became too old."""

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
    """Print an unfinished slip again, marked 续打 unless surely nothing of it is on paper."""

    job: int
    by_itself: bool = False  # after paper-in, without a key

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SlipContinued`, or 2001, 4010, 4011, 4007."""
        gone = None if any(job.job == self.job for job in open_jobs(ctx.books)) else 4010
        if self.by_itself:
            return Refusal(gone) if gone else Decision((SlipContinued(self.job, ""),))
        low = LOW_VOLTAGE if ctx.devices.starved(ctx.settings.printer.battery_min) else None
        if refusal := lacking(ctx, Right.SALE, gone, low):
            return refusal
        free = grant(authority(ctx), Right.REPRINT, ctx.settings.rights) == "yes"
        if not free and continued(ctx.books, self.job) >= CONTINUED_BY_KEY_MAX:
            return Refusal(TOO_OFTEN)
        return Decision((SlipContinued(self.job, ctx.session.operator, ctx.approver),))


@dataclass(frozen=True, slots=True)
class DropSlip:
    """The slip is complete on the paper, or nobody wants it; `one`: what comes after the copy that is due is wanted."""

    job: int
    one: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SlipDropped`, or 2001, 4010."""
        gone = None if any(job.job == self.job for job in open_jobs(ctx.books)) else 4010
        if refusal := lacking(ctx, Right.SALE, gone):
            return refusal
        more = bool(ctx.books.read("SELECT 1 FROM print_copies WHERE job = ? AND due > 1", self.job))
        return Decision((SlipDropped(self.job, ctx.session.operator, one=self.one and more),))


def continued(books: Reading, job: int) -> int:
    """How often a key printed a slip again that may have been on paper; what surely was not is no copy."""
    rows = books.read("SELECT times FROM print_continued WHERE job = ?", job)
    return int(rows[0][0]) if rows else 0


def expired(job: int) -> SlipDropped:
    """An offer that nobody took in time."""
    return SlipDropped(job, "", "expired")


def wants_slip(fact: Fact) -> bool:
    """Whether the fact is to be printed."""
    return bool(copies_of(fact))


def copies_of(fact: Fact) -> tuple[Part, ...]:
    """What is printed for a fact, in order, each with a proof of its own: its slip as often as it is wanted, and the
    merchant's copy of its payment."""
    if type(fact) not in BUILDERS:
        return ()
    whole: Part = ""
    slips = (whole,) * max(1, int(getattr(fact, "copies", 1))) if getattr(fact, "print_slip", False) else ()
    return (*slips, "merchant") if getattr(fact, "merchant_copy", False) else slips


def copies_out(books: Reading, job: int) -> int:
    """How many copies of an open job are done with: proven to be on paper, or not wanted."""
    rows = books.read("SELECT wanted - due FROM print_copies WHERE job = ?", job)
    return int(rows[0][0]) if rows else 0


def _wanted(books: Books, fact: Fact, entry: Entry) -> None:
    copies = len(copies_of(fact))
    if not copies:
        return
    books.write("INSERT INTO print_job VALUES (?, 'queued', 0)", entry.seq)
    if copies > 1:
        books.write("INSERT INTO print_copies VALUES (?, ?, ?)", entry.seq, copies, copies)


def _printed(books: Books, fact: SlipPrinted, entry: Entry) -> None:
    if fact.outcome not in ("printed", "sent"):
        books.write("UPDATE print_job SET state = ?, code = ? WHERE job = ?", fact.outcome, fact.code, fact.job)
    else:
        _next_copy(books, fact.job)


def _next_copy(books: Books, job: int) -> None:
    """One copy is done with: the next is due, or none."""
    books.write("UPDATE print_copies SET due = due - 1 WHERE job = ?", job)
    if books.read("SELECT 1 FROM print_copies WHERE job = ? AND due > 0", job):
        books.write("UPDATE print_job SET state = 'queued', code = 0 WHERE job = ?", job)
    else:
        _gone(books, job)


def _gone(books: Books, job: int) -> None:
    books.write("DELETE FROM print_job WHERE job = ?", job)
    books.write("DELETE FROM print_copies WHERE job = ?", job)
    books.write("DELETE FROM print_continued WHERE job = ?", job)


def _continued(books: Books, fact: SlipContinued, entry: Entry) -> None:
    if fact.operator and books.read("SELECT 1 FROM print_job WHERE job = ? AND state = 'unknown'", fact.job):
        books.write(
            "INSERT INTO print_continued VALUES (?, 1) ON CONFLICT(job) DO UPDATE SET times = times + 1", fact.job
        )
    books.write("UPDATE print_job SET state = 'queued' WHERE job = ?", fact.job)


def _dropped(books: Books, fact: SlipDropped, entry: Entry) -> None:
    if fact.one:
        _next_copy(books, fact.job)
    else:
        _gone(books, fact.job)


SUBJECT = Subject(
    (
        "CREATE TABLE print_job(job INTEGER PRIMARY KEY, state TEXT NOT NULL, code INTEGER NOT NULL) STRICT",
        # only of jobs with several copies: most have one
        "CREATE TABLE print_copies(job INTEGER PRIMARY KEY, wanted INTEGER NOT NULL, due INTEGER NOT NULL) STRICT",
        # only of jobs that somebody continued by key
        "CREATE TABLE print_continued(job INTEGER PRIMARY KEY, times INTEGER NOT NULL) STRICT",
    ),
    {
        **dict.fromkeys(BUILDERS, _wanted),
        SlipPrinted: _printed,
        SlipContinued: _continued,
        SlipDropped: _dropped,
    },
)
