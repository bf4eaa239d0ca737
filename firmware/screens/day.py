"""日结 (Z): the figures of the day, its signature, the number; and a closed day opened again."""

from dataclasses import dataclass, replace

from firmware.events import Event, Key, Signed, SignSeal
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Home, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.report import page_body, pages
from firmware.screens.widgets import Notice, refuse
from firmware.txn import closing, shift
from firmware.txn.closing import BusinessDay
from firmware.txn.command import Context, lacking
from firmware.txn.day import REASONS, AskSeal, CloseDay, ReopenDay, z_figures
from firmware.view import Big, Gap, Hint, Item, Items, Para, Row, Tint, View, text
from rules.money import yuan
from rules.rights import Right
from wire.facts import DayClosed

SIGNED_WITHIN_MS = 5_000
"""Without a signature by then the day is closed without one: the slip has no QR code, everything else holds."""


def close_day(ctx: Context) -> Move:
    """日结, from the menu."""
    refusal = lacking(ctx, Right.DAY_CLOSE, 8010 if shift.current(ctx.books) else None)
    if refusal:
        return refuse(refusal.code, refusal.about)
    if closing.open_day(ctx.books) is None:
        return Push(Notice(text("closeday__title"), (text("closeday__none"),)))
    return Push(CloseTheDay())


def reopen_day(ctx: Context) -> Move:
    """Open the day closed last again."""
    refusal = lacking(ctx, Right.DAY_CLOSE, 8010 if shift.current(ctx.books) else None)
    if refusal:
        return refuse(refusal.code, refusal.about)
    if closing.closed_day(ctx.books) is None:
        return Push(Notice(text("reopenday__title"), (text("reopenday__none"),)))
    return Push(ReopenTheDay())


@dataclass(frozen=True, slots=True)
class CloseTheDay(Screen):
    """The day's figures page by page; OK goes on to the question whether to close it."""

    at: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN turn pages, OK goes on."""
        day = closing.open_day(ctx.books)
        if day is None:
            return Pop()
        count = len(pages(z_figures(ctx, day), ctx))
        match key:
            case Key.DOWN | Key.UP:
                return Stay(replace(self, at=(self.at + (1 if key is Key.DOWN else -1)) % count))
            case Key.OK:
                return Push(SureOfDay(day.date))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """The date in the title, one group of figures."""
        day = closing.open_day(ctx.books) or BusinessDay("", (), {}, 0, 0)
        hints = (Hint("OK", text("hint__on")), Hint("DOWN", text("report__next")), CANCEL_HINT)
        title = text("closeday__of", date=day.date)
        return shown(self, ctx, title, page_body(pages(z_figures(ctx, day), ctx), self.at), hints)


@dataclass(frozen=True, slots=True)
class SureOfDay(Screen):
    """Whether this day is really over, by a key that nobody presses out of habit."""

    date: str

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 closes the day; OK does nothing here."""
        if key is Key.F1:
            return Do(AskSeal(), sealing)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The day, and where what is sold afterwards belongs."""
        body = (
            Gap(8),
            Para(text("sureofday__words"), Tint.UNSURE, large=True),
            Gap(4),
            Row(text("sureofday__date"), self.date, strong=True),
            Row(text("dayisclosed__next"), shift.day_after(self.date)),
            Para(text("sureofday__how"), Tint.QUIET, rows=2),
        )
        hints = (Hint("F1", text("closeday__close")), CANCEL_HINT)
        return shown(self, ctx, text("closeday__title"), body, hints, Tint.UNSURE)


def sealing(done: Done, ctx: Context) -> Move:
    """`then`: wait for the signature of the journal's head."""
    ask = next(effect for effect in done.decision.effects if isinstance(effect, SignSeal))
    return Replace(SealingDay(ask.upto))


@dataclass(frozen=True, slots=True)
class SealingDay(Screen):
    """The journal's head is being signed; the day closes with the signature, or without one after five seconds."""

    upto: int

    def press(self, key: Key, ctx: Context) -> Move:
        """CANCEL leads home, the day stays open."""
        return Home() if key is Key.CANCEL else Stay()

    def hear(self, event: Event, ctx: Context) -> Move:
        """The signature is there."""
        if isinstance(event, Signed) and event.upto == self.upto:
            return Do(CloseDay(event.upto, event.hash), day_closed)
        return Stay()

    def stays_ms(self, ctx: Context) -> int:
        """A worker that does not answer must not keep the day open."""
        return SIGNED_WITHIN_MS

    def expired(self, ctx: Context) -> Move:
        """Close it without a signature."""
        return Do(CloseDay(), day_closed)

    def view(self, ctx: Context) -> View:
        """What is being waited for."""
        return shown(self, ctx, text("closeday__title"), (Gap(48), Para(text("closeday__sealing"), large=True)), ())


def day_closed(done: Done, ctx: Context) -> Move:
    """`then`: the Z's number and the grand total, above opening the next shift."""
    fact = next(fact for fact in done.decision.facts if isinstance(fact, DayClosed))
    return Home(DayDone(fact.number, fact.business_date, fact.grand_total_fen))


@dataclass(frozen=True, slots=True)
class DayDone(Screen):
    """The business day is closed."""

    number: int
    date: str
    grand_total_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Number, day, grand total."""
        body = (
            Big(text("daydone__number"), str(self.number), Tint.GOOD),
            Row(text("shift__date"), self.date),
            Row(text("daydone__grand"), yuan(self.grand_total_fen)),
        )
        return shown(self, ctx, text("daydone__title"), body, (OK_HINT,), Tint.GOOD)


@dataclass(frozen=True, slots=True)
class ReopenTheDay(Screen):
    """Why the closed day is opened again."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its reason at once."""
        if key.digit and 1 <= int(key.digit) <= len(REASONS):
            return Do(ReopenDay(REASONS[int(key.digit) - 1]), reopened)
        match key:
            case Key.OK:
                return Do(ReopenDay(REASONS[self.row]), reopened)
            case Key.UP | Key.DOWN:
                return Stay(ReopenTheDay((self.row + (1 if key is Key.DOWN else -1)) % len(REASONS)))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Which day, and the reasons."""
        day = closing.closed_day(ctx.books)
        items = tuple(Item(str(n), text(f"reopenday__{name}")) for n, name in enumerate(REASONS, 1))
        body = (Row(text("reopenday__day"), day.date if day else ""), Items(items, self.row))
        return shown(self, ctx, text("reopenday__title"), body, (OK_HINT, CANCEL_HINT), Tint.UNSURE)


def reopened(done: Done, ctx: Context) -> Move:
    """`then`: the next shift may carry its date again."""
    return Home(Notice(text("reopenday__title"), (text("reopenday__done"),)))
