"""交班预览 (X) and 结算 on the screen: one group of figures per page, with the arrow keys (domain 10.4)."""

from dataclasses import dataclass, replace
from typing import Literal

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Screen, Stay, shown, stay
from firmware.screens.widgets import Notice, refuse
from firmware.txn import closing, shift
from firmware.txn.command import Context, lacking
from firmware.txn.day import PrintDetail, PrintReconciliation, PrintX, SettleNow, settled_by, x_figures, x_right
from firmware.txn.slips.figures import groups, settled
from firmware.txn.till import Figures
from firmware.view import Block, Hint, Para, Row, Rule, Tint, View, text

ROWS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Page:
    """One page of figures: heading, and rows of name and number."""

    title: str
    rows: tuple[tuple[str, str], ...]


def pages(figures: dict[str, int], ctx: Context) -> tuple[Page, ...]:
    """The figures in pages that fit; a group too long for one goes on on the next."""
    found: list[Page] = []
    for group in groups(figures, ctx.lang):
        rows = tuple((name, "  ".join(part for part in (count, amount) if part)) for name, count, amount in group.rows)
        parts = [rows[first : first + ROWS_SHOWN] for first in range(0, len(rows), ROWS_SHOWN)]
        found += [Page(group.title(ctx.lang), part) for part in parts]
    return tuple(found)


def page_body(all_pages: tuple[Page, ...], at: int) -> tuple[Block, ...]:
    """One page, with its number."""
    page = all_pages[min(at, len(all_pages) - 1)]
    head = Row(page.title, f"{min(at, len(all_pages) - 1) + 1}/{len(all_pages)}", strong=True)
    return head, Rule(), *(Row(name, number) for name, number in page.rows)


def x_report(ctx: Context) -> Move:
    """The open shift so far."""
    state = None if shift.current(ctx.books) else 2014
    refusal = lacking(ctx, x_right(ctx), state)
    return refuse(refusal.code, refusal.about) if refusal else Push(Report())


@dataclass(frozen=True, slots=True)
class Report(Screen):
    """X: looks, changes nothing; F1 prints it."""

    at: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN turn pages."""
        count = len(self._pages(ctx))
        match key:
            case Key.DOWN | Key.OK:
                return Stay(Report((self.at + 1) % count))
            case Key.UP:
                return Stay(Report((self.at - 1) % count))
            case Key.F1:
                return Do(PrintX(), printed)
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def _pages(self, ctx: Context) -> tuple[Page, ...]:
        return pages(x_figures(ctx), ctx)

    def view(self, ctx: Context) -> View:
        """One group of figures."""
        hints = (Hint("DOWN", text("report__next")), Hint("F1", text("report__print")), CANCEL_HINT)
        return shown(self, ctx, text("report__title"), page_body(self._pages(ctx), self.at), hints)


def printed(done: Done, ctx: Context) -> Move:
    """`then`: stay, the slip comes."""
    return stay(done, ctx)


# --- settlement -----------------------------------------------------------------


def settlement(ctx: Context) -> Move:
    """The batch closed last, and what the backend says of it."""
    if not closing.closings(ctx.books):
        return Push(Notice(text("settlement__title"), (text("settlement__none"),)))
    return Push(Settlement())


SETTLED_ROWS = 5
ANSWER_MS = 10_000
"""Totals that have not come for so long are not waited for on the screen; the closing desk asks on."""

Said = Literal["", "asking", "same", "new", "partial", "silent"]
"""What came of OK: asked, the verdict is the same, is new, records are missing, nothing is heard."""


@dataclass(frozen=True, slots=True)
class Settlement(Screen):
    """结算: a closed batch against the backend's totals, and the verdict. OK asks the backend again and says what came of
    it, F1 prints the details, F2 both sides as a table (对账表), `#` turns the page, UP and DOWN other batches."""

    at: int = 0
    page: int = 0
    said: Said = ""

    def told(self, batch: int, said: Said, known: tuple[closing.Closing, ...]) -> "Settlement":
        """The same screen with what the backend's totals of this batch came to, if they were asked for here."""
        mine = self.said == "asking" and known[min(self.at, len(known) - 1)].batch == batch
        return replace(self, said=said) if mine else self

    def stays_ms(self, ctx: Context) -> int:
        """The backend has ten seconds to be waited for."""
        return ANSWER_MS if self.said == "asking" else 0

    def expired(self, ctx: Context) -> Move:
        """No totals came."""
        return Stay(replace(self, said="silent"))

    def press(self, key: Key, ctx: Context) -> Move:
        """OK asks, F1 and F2 print."""
        known = closing.closings(ctx.books)
        here = known[min(self.at, len(known) - 1)]
        match key:
            case Key.OK:
                return Do(SettleNow(here.batch), asking)
            case Key.F1:
                return Do(PrintDetail(here.batch), printed)
            case Key.F2 if settled_by(ctx.books, here):
                return Do(PrintReconciliation(here.batch), printed)
            case Key.HASH:
                return Stay(Settlement(self.at, self.page + 1))
            case Key.DOWN | Key.UP:
                return Stay(Settlement((self.at + (1 if key is Key.DOWN else -1)) % len(known)))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Batch, day, totals of a page, the verdict. A total that differs says both sides."""
        known = closing.closings(ctx.books)
        at = min(self.at, len(known) - 1)
        here = known[at]
        tint = {"balanced": Tint.GOOD, "uneven": Tint.BAD, "error": Tint.BAD}.get(here.verdict, Tint.UNSURE)
        rows = tuple(_against(*row) for row in settled(here.ours, _theirs(here, ctx), ctx.lang))
        fit = SETTLED_ROWS - 2 * bool(self.said)  # what is said takes a row's room, and a verdict may be two lines long
        parts = [rows[first : first + fit] for first in range(0, len(rows), fit)]
        page = self.page % len(parts)
        body: tuple[Block, ...] = (
            Row(text("settlement__batch", batch=f"{here.batch:06d}"), f"{here.business_date}  {at + 1}/{len(known)}"),
            Rule(),
            *parts[page],
            Para(text(f"settlement__{here.verdict or 'due'}"), tint, large=True),
        )
        if self.said:
            body += (Row(text(f"settlement__{self.said}"), tint=Tint.QUIET),)
        more = (Hint("#", f"{page + 1}/{len(parts)}"),) if len(parts) > 1 else ()
        table = (Hint("F2", text("settlement__table")),) if settled_by(ctx.books, here) else ()
        hints = (Hint("OK", text("settlement__ask")), Hint("F1", text("settlement__detail")), *table, *more)
        hints = hints if len(hints) > 3 else (*hints, CANCEL_HINT)
        return shown(self, ctx, text("settlement__title"), body, hints)


def asking(done: Done, ctx: Context) -> Move:
    """`then` of OK: the totals are on their way."""
    assert isinstance(done.command, SettleNow)
    batches = [each.batch for each in closing.closings(ctx.books)]
    return Stay(Settlement(batches.index(done.command.batch), said="asking"))


def _theirs(here: closing.Closing, ctx: Context) -> Figures:
    """The backend's totals by which the batch has its verdict; ours while it has none, or when that is pruned."""
    told = settled_by(ctx.books, here)
    return told.theirs if told else here.ours


def _against(name: str, ours: str, theirs: str) -> Row:
    """`14  160.10`, or where the backend says something else `14  160.10 / 13  150.10`."""
    return Row(name, ours) if ours == theirs else Row(name, f"{ours} / {theirs}", Tint.BAD)
