"""Slips that are not proven to be on paper, and what there is to say of printer and drawer while selling goes on."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import Do, Done, Move, Pop, Screen, Stay, shown
from firmware.txn import slip
from firmware.txn.command import Context
from firmware.txn.slips import stored
from firmware.view import Block, Hint, Item, Items, Para, Row, Tint, View, text
from rules.money import yuan

ROWS_MAX = 3

_LOOKS = {"paper_out": 4001, "paper_low": 4002, "cover_open": 4003, "offline": 4005, "fault": 4013}
"""What to say of a printer that owes nothing yet; a printer that is not there (`none`) is no trouble."""


def printer_code(look: str) -> int:
    """The code of a printer that looks like this; 0: there is nothing to say."""
    return _LOOKS.get(look, 0)


@dataclass(frozen=True, slots=True)
class Unfinished(Screen):
    """Slips that are not proven to be on paper, after a boot or from the menu: continue (续打), or not needed."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 or OK continues the chosen slip, F2 says that it needs none, CANCEL leaves them for later."""
        jobs = owed(ctx)
        if key is Key.CANCEL or not jobs:
            return Pop()
        row = min(self.row, len(jobs) - 1)
        if key in (Key.F1, Key.OK):
            return Do(slip.ContinueSlip(jobs[row].job), _next_unfinished)
        if key is Key.F2:
            return Do(slip.DropSlip(jobs[row].job), _next_unfinished)
        if key in (Key.UP, Key.DOWN):
            return Stay(Unfinished((row + (1 if key is Key.DOWN else -1)) % len(jobs)))
        return Stay()

    def view(self, ctx: Context) -> View:
        """The slips, oldest first, a page at a time; each with how it stands."""
        jobs = owed(ctx)
        row = min(self.row, max(0, len(jobs) - 1))
        first = row // ROWS_MAX * ROWS_MAX
        items = tuple(
            Item("", number, yuan(due_fen), standing(job, ctx))
            for job, number, due_fen in named(ctx, jobs[first : first + ROWS_MAX])
        )
        pages = max(1, -(-len(jobs) // ROWS_MAX))
        body = (Para(text("unfinished__words"), rows=2), Items(items, row - first, first // ROWS_MAX + 1, pages))
        hints = (
            Hint("F1", text("unfinished__continue")),
            Hint("F2", text("unfinished__drop")),
            Hint("CANCEL", text("hint__later")),
        )
        return shown(self, ctx, text("unfinished__title"), body, hints, Tint.UNSURE)


def _next_unfinished(done: Done, ctx: Context) -> Move:
    return Stay(Unfinished()) if owed(ctx) else Pop()


def owed(ctx: Context) -> tuple[slip.Job, ...]:
    """Open jobs that wait for paper or a person: not those the printer has in hand."""
    return tuple(job for job in slip.open_jobs(ctx.books) if job.state != "queued")


def named(ctx: Context, jobs: tuple[slip.Job, ...]) -> tuple[tuple[slip.Job, str, int], ...]:
    """Jobs with the number and the sum of what they print; a slip without a trace of its own goes by its batch."""
    found = []
    for job in jobs:
        fact = stored(ctx.books, job.job)[0]
        number = slip.receipt_number(getattr(fact, "batch", 0), getattr(fact, "trace", 0))
        sums = (getattr(fact, name, None) for name in ("due_fen", "total_fen", "amount_fen", "counted_fen"))
        found.append((job, number, next((fen for fen in sums if fen is not None), 0)))
    return tuple(found)


def standing(job: slip.Job, ctx: Context) -> str:
    """How a job stands, with the code of its trouble: `[4001] 打印机缺纸`."""
    return ctx.error(job.code or 4012).line(ctx.lang)


def trouble_rows(code: int, ctx: Context, tint: Tint = Tint.BAD) -> tuple[Block, ...]:
    """A code beside other things: what it is, and what to do about it."""
    entry = ctx.error(code)
    return Row(entry.line(ctx.lang), tint=tint, strong=True), Row(entry.action(ctx.lang), tint=Tint.QUIET)


def low_voltage(ctx: Context) -> int:
    """4007 while the battery keeps the printer from printing; 0: it does not."""
    return slip.LOW_VOLTAGE if ctx.devices.prints and ctx.devices.starved(ctx.settings.printer.battery_min) else 0


def paper_rows(ctx: Context) -> tuple[Block, ...]:
    """What the paper needs, for screens that sell on all the same; nothing when all is well (issue 2, trouble)."""
    jobs = owed(ctx)
    code = low_voltage(ctx) or (jobs[-1].code or 4012 if jobs else printer_code(ctx.devices.printer))
    rows = trouble_rows(code, ctx, Tint.UNSURE if code == 4002 else Tint.BAD) if code else ()
    return (*rows, Row(text("idle__owed"), str(len(jobs)), Tint.UNSURE)) if jobs else rows


def job_code(job: int, ctx: Context) -> int:
    """Code of what happened to the slip `job`, or of what it waits for: 0 when it is printed or on its way."""
    if low_voltage(ctx) and any(each.job == job for each in slip.open_jobs(ctx.books)):
        return low_voltage(ctx)
    return next((each.code or 4012 for each in owed(ctx) if each.job == job), 0)
