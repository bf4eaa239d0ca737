"""Before selling: sign on, choose a PIN of one's own, open the shift; and what a boot has to offer."""

import datetime
from dataclasses import dataclass

from firmware.events import Event, Key, PinChecked, PinHashed
from firmware.screens.base import Do, Home, Move, Pop, Push, Screen, Stay, home, local_time, shown
from firmware.screens.widgets import Step, Wait, Wizard, refuse
from firmware.txn import sale, shift, slip
from firmware.txn.command import Context, Decision
from firmware.txn.operator import ChangePin, KeepPin, SignOn, SignOnAnswered
from firmware.view import Gap, Hint, Item, Items, Para, Tint, View, text
from rules.money import yuan
from wire.facts import SignOnRefused

NUMBER_DIGITS = 2
PIN_DIGITS_MAX = 8


def sign_on() -> Wizard:
    """Operator number, then PIN."""
    return Wizard(
        text("signon__title"),
        (
            Step(text("signon__number"), "number", NUMBER_DIGITS, NUMBER_DIGITS),
            Step(text("signon__pin"), "pin", PIN_DIGITS_MAX, 4),
        ),
        _try_sign_on,
        leave=False,
    )


def _try_sign_on(values: tuple[str, ...], ctx: Context) -> Move:
    return Do(SignOn(values[0], values[1]), _SignOnGoes(values[0]))


@dataclass(frozen=True, slots=True)
class _SignOnGoes:
    """`then` of a sign-on: either the answer is there already, or the worker is asked."""

    operator: str

    def __call__(self, decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
        if decision.effects:
            return Push(Wait(text("signon__checking"), _SignOnHeard(self.operator)))
        return after_sign_on(decision, seqs, ctx)


@dataclass(frozen=True, slots=True)
class _SignOnHeard:
    operator: str

    def __call__(self, event: Event, ctx: Context) -> Move | None:
        if not isinstance(event, PinChecked):
            return None
        return Do(SignOnAnswered(self.operator, event.ok), after_sign_on)


def after_sign_on(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    """Home when the PIN was right; otherwise the refusal, above an empty form."""
    wrong = any(isinstance(fact, SignOnRefused) for fact in decision.facts)
    return refuse(2002) if wrong else Home()


def new_pin() -> Wizard:
    """A PIN of one's own instead of the factory's (2013), typed twice."""
    return Wizard(
        text("newpin__title"),
        (
            Step(text("newpin__new"), "pin", PIN_DIGITS_MAX, 4),
            Step(text("newpin__again"), "pin", PIN_DIGITS_MAX, 4),
        ),
        _try_pin,
        leave=False,
        words=text("newpin__words"),
    )


def _try_pin(values: tuple[str, ...], ctx: Context) -> Move:
    if values[0] != values[1]:
        return refuse(2022)
    return Do(ChangePin(values[0]), _pin_goes)


def _pin_goes(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    return Push(Wait(text("newpin__keeping"), _pin_heard))


def _pin_heard(event: Event, ctx: Context) -> Move | None:
    return Do(KeepPin(event.hash, event.salt), home) if isinstance(event, PinHashed) else None


def open_shift(ctx: Context) -> Wizard:
    """The business date, typed when the clock is not trusted, and the counted float."""
    steps: tuple[Step, ...] = (Step(text("shift__float"), "amount", 8, 0),)
    if not ctx.now.trusted:
        steps = (Step(text("shift__date"), "number", 8, 8, today(ctx).replace("-", "")), *steps)
    words = text("shift__words") if ctx.now.trusted else text("shift__words_date")
    return Wizard(text("shift__title"), steps, _try_open, value=steps[0].start, leave=False, words=words)


def today(ctx: Context) -> str:
    """The calendar day in China, by the terminal's clock."""
    return local_time(ctx.now.wall_ms, "%Y-%m-%d")


def _try_open(values: tuple[str, ...], ctx: Context) -> Move:
    date = today(ctx)
    if len(values) == 2:
        typed = values[0]
        date = f"{typed[:4]}-{typed[4:6]}-{typed[6:]}"
        if not _is_date(date):
            return refuse(9011, date)
    return Do(shift.OpenShift(int(values[-1] or "0"), date), home)


def _is_date(date: str) -> bool:
    try:
        return datetime.date.fromisoformat(date).year >= 2024
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Unfinished(Screen):
    """Slips that are not proven to be on paper, after a boot or from the menu: continue (续打), or not needed."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 continues the chosen slip, F2 says that it needs none, CANCEL leaves them for later."""
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
        """The slips, oldest first, five to a page."""
        jobs = owed(ctx)
        row = min(self.row, max(0, len(jobs) - 1))
        first = row // ROWS_MAX * ROWS_MAX
        items = tuple(
            Item("", number, yuan(due_fen), text(f"unfinished__{job.state}"))
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


ROWS_MAX = 3


def owed(ctx: Context) -> tuple[slip.Job, ...]:
    """Open jobs that wait for a person: not those the printer has in hand."""
    return tuple(job for job in slip.open_jobs(ctx.books) if job.state != "queued")


def named(ctx: Context, jobs: tuple[slip.Job, ...]) -> tuple[tuple[slip.Job, str, int], ...]:
    """Jobs with the receipt number and sum they belong to."""
    found = []
    for job in jobs:
        rows = ctx.books.read("SELECT batch, trace, due_fen FROM receipt WHERE seq = ?", job.job)
        assert rows, f"print job {job.job} belongs to no receipt"
        found.append((job, slip.receipt_number(int(rows[0][0]), int(rows[0][1])), int(rows[0][2])))
    return tuple(found)


def _next_unfinished(decision: Decision, seqs: tuple[int, ...], ctx: Context) -> Move:
    return Stay(Unfinished()) if owed(ctx) else Pop()


@dataclass(frozen=True, slots=True)
class KeptBasket(Screen):
    """The basket that was open when the power went: take it up again, or give it up."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK takes it up, F2 gives it up."""
        if key is Key.OK:
            return Do(sale.RecallKept(), home)
        if key is Key.F2:
            return Do(sale.DropKept(), home)
        return Stay()

    def view(self, ctx: Context) -> View:
        """How much is in it."""
        lines = sale.kept(ctx.books)
        total = yuan(sum(line.amount_fen for line in lines))
        body = (Gap(16), Para(text("kept__words", lines=len(lines), total=total), large=True, rows=4))
        hints = (Hint("OK", text("kept__take")), Hint("F2", text("kept__drop")))
        return shown(self, ctx, text("kept__title"), body, hints, Tint.UNSURE)
