"""Closing the business day (日结, Z), opening it again, X reports and the settlement of a batch (domain 11.5, 5.3)."""

from dataclasses import dataclass
from typing import Final, Literal

from firmware.events import Ask, SignSeal
from firmware.txn import closing, shift
from firmware.txn.books import Reading
from firmware.txn.closing import BusinessDay, Closing
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.slips.figures import reconciled
from firmware.txn.slips.registry import stored
from firmware.txn.slips.sheet import receipt_number
from firmware.txn.till import Figures, blind, merged
from rules import totals
from rules.money import yuan
from rules.rights import Right, grant
from texts import t
from wire.facts import (
    BatchSettled,
    CashMoved,
    DayClosed,
    DayReopened,
    Fact,
    Refund,
    RefundTurned,
    ReportPrinted,
    Sale,
    Trouble,
)
from wire.messages import AnswerTotals, AskTotals

Verdict = Literal["balanced", "uneven", "error"]

REASONS: Final = ("late_sale", "miscount", "other")
"""Why a closed day is opened again."""


def head(ctx: Context) -> tuple[int, str]:
    """The last record of the journal and its chain hash, in hex."""
    seq, digest = ctx.books.read("SELECT seq, hex(hash) FROM journal ORDER BY seq DESC LIMIT 1")[0]
    return int(seq), str(digest).lower()


def z_figures(ctx: Context, day: BusinessDay) -> Figures:
    """What the Z of this day says: its shifts, and what happened while none was open."""
    figures = merged(day.figures, closing.nobodys(ctx.books))
    return {name: number for name, number in figures.items() if number}


def _no_z(ctx: Context) -> Refusal | None:
    """Why there can be no Z now: 2001, 8010 while a shift is open, 6008 when no shift was closed since the last, right."""
    open_shift, day = shift.current(ctx.books), closing.open_day(ctx.books)
    return lacking(ctx, Right.DAY_CLOSE, 8010 if open_shift else None, None if day else 6008)


@dataclass(frozen=True, slots=True)
class AskSeal:
    """Have the head of the journal signed, for the Z slip; the worker answers `Signed`."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The signature on its way, or 2001, 8010, 6008, 2005, 2006."""
        if refusal := _no_z(ctx):
            return refusal
        seq, digest = head(ctx)
        epoch = int(ctx.books.read("SELECT epoch FROM journal ORDER BY seq DESC LIMIT 1")[0][0])
        return Decision(effects=(SignSeal(ctx.terminal, epoch, seq, digest),))


@dataclass(frozen=True, slots=True)
class CloseDay:
    """Z: the oldest business day whose shifts are all closed. `upto` and `hash`: the head of the journal that was signed
    for it, its `Seal` already appended; 0: there is no signature, the head as it stands is named."""

    upto: int = 0
    hash: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`DayClosed`, or 2001, 8010, 6008, 2005, 2006."""
        if refusal := _no_z(ctx):
            return refusal
        day = closing.open_day(ctx.books)
        assert day is not None
        seq, digest = (self.upto, self.hash) if self.upto else head(ctx)
        fact = DayClosed(
            closing.z_number(ctx.books) + 1, day.date, day.batches, z_figures(ctx, day),
            closing.grand_total_fen(ctx.books), ctx.session.operator, seq, digest,
            print_slip=ctx.devices.prints,
        )  # fmt: skip
        return Decision((fact,))


@dataclass(frozen=True, slots=True)
class ReopenDay:
    """Open the day closed last again, for one of `REASONS`."""

    reason: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`DayReopened`, or 2001, 8010, 6008 when no day is closed, 2005, 2006."""
        assert self.reason in REASONS, self.reason
        day = closing.closed_day(ctx.books)
        states = (8010 if shift.current(ctx.books) else None, None if day else 6008)
        if refusal := lacking(ctx, Right.DAY_CLOSE, *states):
            return refusal
        assert day is not None
        return Decision((DayReopened(day.number, day.date, ctx.session.operator, self.reason),))


@dataclass(frozen=True, slots=True)
class PrintX:
    """交班预览: the open shift so far on paper; changes nothing."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 2014, 2005, 2006."""
        open_shift = shift.current(ctx.books)
        right = x_right(ctx)
        if refusal := lacking(ctx, right, None if open_shift else 2014):
            return refusal
        assert open_shift is not None
        figures = {name: number for name, number in x_figures(ctx).items() if number}
        return Decision((ReportPrinted("x", open_shift.batch, ctx.session.operator, figures),))


def x_figures(ctx: Context) -> Figures:
    """What X may tell whoever asks: everything, or no sum that holds cash."""
    figures = closing.running(ctx.books)
    return figures if sees_expected(ctx) else blind(figures)


def sees_expected(ctx: Context) -> bool:
    """The count at closing is blind: what must be in the drawer is told only to those who may see any shift's report."""
    return grant(ctx.session.role or None, Right.X_REPORT_ANY, ctx.settings.rights) == "yes"


def x_right(ctx: Context) -> Right:
    """One's own shift, or somebody else's."""
    open_shift = shift.current(ctx.books)
    own = open_shift is None or open_shift.operator == ctx.session.operator
    return Right.X_REPORT_OWN if own else Right.X_REPORT_ANY


# --- settlement -----------------------------------------------------------------


def ask_totals(ctx: Context, due: Closing) -> Ask:
    """What has the backend booked of this batch?"""
    epoch = int(ctx.books.read("SELECT epoch FROM journal ORDER BY seq DESC LIMIT 1")[0][0])
    return Ask(due.closed_seq, AskTotals(epoch, due.batch, due.closed_seq))


@dataclass(frozen=True, slots=True)
class SettleNow:
    """Ask the backend for the totals of a closed batch, by hand."""

    batch: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The question, or 2001, 6008 for a batch that is not known, 1003 without a link."""
        known = closing.of_batch(ctx.books, self.batch)
        if refusal := lacking(ctx, Right.SHIFT_CLOSE_OWN, None if known else 6008):
            return refusal
        if ctx.devices.link != "up":
            return Refusal(1003)
        assert known is not None
        return Decision(effects=(ask_totals(ctx, known),))


@dataclass(frozen=True, slots=True)
class Settle:
    """The backend's totals of a batch came: the verdict."""

    answer: AnswerTotals

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BatchSettled`, with an alarm (8012) unless balanced, or nothing for a batch that has this verdict already. What
        a backend that lacks records has added up is compared with nothing: 对账错误 (domain 5.3)."""
        known = closing.of_batch(ctx.books, self.answer.batch)
        if known is None:
            return Decision()
        differs = totals.differing(known.ours, self.answer.totals)
        verdict: Verdict = "error" if not self.answer.whole else "uneven" if differs else "balanced"
        if known.verdict == verdict:
            return Decision()
        fact = BatchSettled(
            known.batch, verdict, known.ours, self.answer.totals, differs if verdict == "uneven" else (),
            print_slip=ctx.devices.prints,
        )  # fmt: skip
        about = {"uneven": " ".join(differs), "error": "the backend lacks records"}.get(verdict)
        return Decision((fact, *((Trouble(8012, f"batch {known.batch}: {about}"),) if about else ())))


@dataclass(frozen=True, slots=True)
class PrintDetail:
    """结算明细单: the transactions of a batch, one row each, as far as they are still here."""

    batch: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 6008, 2005."""
        known = closing.of_batch(ctx.books, self.batch)
        if refusal := lacking(ctx, Right.X_REPORT_OWN, None if known else 6008):
            return refusal
        assert known is not None
        moved = detail_rows(ctx.books, known)
        return Decision(
            (ReportPrinted("settlement_detail", known.batch, ctx.session.operator, known.ours, moved=moved),)
        )


@dataclass(frozen=True, slots=True)
class PrintReconciliation:
    """对账表: a settled batch beside what the backend has booked of it, channel by channel (domain 2.4). The channels' own
    statements are compared at the backend."""

    batch: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 6008 for a batch without a verdict or whose verdict is pruned, 2005."""
        known = closing.of_batch(ctx.books, self.batch)
        told = settled_by(ctx.books, known) if known else None
        if refusal := lacking(ctx, Right.X_REPORT_OWN, None if told else 6008):
            return refusal
        assert known is not None
        assert told is not None
        lang = ctx.settings.terminal.lang
        verdict = t("receipt", lang, f"settlement__{told.verdict}")
        rows = ((known.business_date, verdict), *reconciled(told.ours, told.theirs, lang))
        rows += ((t("receipt", lang, "reconcile__statements"), ""),)
        return Decision((ReportPrinted("reconcile", known.batch, ctx.session.operator, {}, rows),))


def settled_by(books: Reading, batch: Closing) -> BatchSettled | None:
    """The record of a batch's verdict; None while it has none, or when that is pruned."""
    try:
        fact = stored(books, batch.settled_seq)[0] if batch.settled_seq else None
    except LookupError:
        return None
    assert fact is None or isinstance(fact, BatchSettled)
    return fact


DETAIL_ROWS_MAX: Final = 300
"""A slip is no archive: the backend has the rest, and a record is bounded."""

_DETAIL = (
    " FROM (SELECT seq FROM receipt WHERE seq BETWEEN ?1 AND ?2"
    " UNION ALL SELECT seq FROM slip_made WHERE seq BETWEEN ?1 AND ?2"
    " AND kind IN ('refund', 'refund_turned', 'cash_moved'))"
)


def detail_rows(books: Reading, batch: Closing) -> tuple[tuple[str, str, str], ...]:
    """Number, what it was (`sale`, `void`, `refund`, `turned`, `cash_in`, `cash_out`) and signed amount of everything that
    moved money in a batch, oldest first; a last row `more` says how many are not listed."""
    span = (batch.first_seq, batch.closed_seq)
    seqs = books.read(f"SELECT seq{_DETAIL} ORDER BY seq LIMIT ?3", *span, DETAIL_ROWS_MAX)
    left = int(books.read(f"SELECT count(*){_DETAIL}", *span)[0][0]) - len(seqs)
    rows = tuple(_detail(stored(books, int(seq))[0]) for (seq,) in seqs)
    return (*rows, ("", "more", str(left))) if left else rows


def _detail(fact: Fact) -> tuple[str, str, str]:
    match fact:
        case Sale():
            what, fen = "sale", fact.due_fen
        case Refund():
            what, fen = fact.way, -fact.total_fen
        case RefundTurned():
            what, fen = "turned", -fact.amount_fen
        case CashMoved():
            what, fen = f"cash_{fact.way}", fact.amount_fen if fact.way == "in" else -fact.amount_fen
        case _:
            raise AssertionError(fact)
    return receipt_number(fact.batch, fact.trace), what, yuan(fen)
