"""交班: what is still open, the blind count, the difference; and a batch that is full."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Home, Move, Pop, Push, Replace, Screen, Stay, home, shown, stay
from firmware.screens.count import Counting, count_body, counted, total_fen
from firmware.screens.drawer import release, release_hints
from firmware.screens.holds import Because, why_first
from firmware.screens.slips import owed, trouble_rows
from firmware.screens.widgets import refusal_blocks, refuse
from firmware.txn import closing, shift
from firmware.txn.approve import authority
from firmware.txn.command import Context, Refusal, lacking
from firmware.txn.drawer import OpenDrawer
from firmware.txn.handover import CloseShift, RollShift, TryCount, close_right, fits, holds, unfinished
from firmware.txn.hold import HoldBasket
from firmware.txn.sale import CancelBasket
from firmware.view import Big, Block, Gap, Hint, Para, Row, Tint, View, text
from rules.money import yuan
from rules.rights import NEEDS_SUPERVISOR, Role
from wire.facts import ShiftClosed


def close_shift(ctx: Context) -> Move:
    """交班, from the menu: what is open first, if anything is; then the count."""
    open_shift = shift.current(ctx.books)
    refusal = lacking(ctx, close_right(ctx, open_shift), None if open_shift else 2014)
    if refusal and refusal.code != NEEDS_SUPERVISOR:  # a supervisor is fetched when it is counted
        return refuse(refusal.code, refusal.about)
    left = ctx.session.basket.lines or unfinished(ctx) or holds(ctx) or owed(ctx)
    return Push(StillOpen() if left else CountDrawer())


@dataclass(frozen=True, slots=True)
class StillOpen(Screen):
    """What the shift leaves: an open basket is held or dropped; what waits and what is held goes on into the next shift."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK counts; F1 holds the open basket, F2 drops it."""
        lines = ctx.session.basket.lines
        match key:
            case Key.F1 if lines:
                return Do(HoldBasket(), cleared)
            case Key.F2 if lines:
                return why_first(ctx.session.basket, ctx) or Do(CancelBasket(), cleared)
            case Key.OK if not lines:
                return Replace(CountDrawer())
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """It was said why the open basket is dropped."""
        return Do(CancelBasket(result.reason), cleared) if isinstance(result, Because) else Stay()

    def view(self, ctx: Context) -> View:
        """Each kind with how many."""
        lines = len(ctx.session.basket.lines)
        waits = unfinished(ctx)
        refunds = sum(each.what == "refund" for each in waits)
        counts = (
            ("basket", lines),
            ("payments", len(waits) - refunds),
            ("refunds", refunds),
            ("holds", holds(ctx)),
            ("slips", len(owed(ctx))),
        )
        rows: tuple[Block, ...] = tuple(Row(text(f"stillopen__{name}"), str(n), Tint.UNSURE) for name, n in counts if n)
        rows += trouble_rows(8011, ctx, Tint.UNSURE)[:1] if waits else ()
        some = "stillopen__words" if rows else "stillopen__nothing"
        words = "stillopen__drop_first" if lines else "stillopen__approve" if waits else some
        body: tuple[Block, ...] = (Gap(4), *rows, Gap(4), Para(text(words), rows=2))
        hints: tuple[Hint, ...] = (Hint("OK", text("stillopen__count")), CANCEL_HINT)
        if lines:
            hints = (Hint("F1", text("price__hold")), Hint("F2", text("stillopen__drop")), CANCEL_HINT)
        return shown(self, ctx, text("stillopen__title"), body, hints, Tint.UNSURE)


def cleared(done: Done, ctx: Context) -> Move:
    """`then` of the basket held or dropped: what is open, above a counter without it."""
    return Home(StillOpen())


@dataclass(frozen=True, slots=True)
class CountDrawer(Counting):
    """Blind: the cashier counts by denomination and is not told what must be there (domain 11.5)."""

    def press(self, key: Key, ctx: Context) -> Move:
        """F2 opens the drawer that is to be counted, by its own rule (event `count`, domain 11.4)."""
        if key is Key.F2 and ctx.settings.drawer.kind != "none":
            return Do(OpenDrawer("count", "count"), stay)
        return Counting.press(self, key, ctx)

    def counted(self, ctx: Context) -> Move:
        """Close; a difference above the limit is counted again first, as often as the shop wants."""
        alone, count = authority(ctx) is not Role.SUPERVISOR, this_count(ctx)
        if alone and not fits(ctx, counted(self.pieces)) and count < ctx.settings.closing.counts_max:
            return Do(TryCount(counted(self.pieces)), counted_again)
        return Do(CloseShift(counted(self.pieces), count), closed)

    def view(self, ctx: Context) -> View:
        """A page of denominations with their pieces, and the sum of what was counted."""
        total = Big(text("countdrawer__total"), yuan(total_fen(self.pieces)))
        body = (*count_body(self.pieces, self.row, text("countdrawer__words", number=this_count(ctx))), total)
        opens = () if ctx.settings.drawer.kind == "none" else (Hint("F2", text("drawer__open")),)
        hints = (Hint("OK", text("hint__down")), Hint("F1", text("count__done")), *opens, CANCEL_HINT)
        return shown(self, ctx, text("countdrawer__title"), body, hints)


def this_count(ctx: Context) -> int:
    """The how manyeth count of this shift it is; leaving the screen, or a boot, does not begin anew."""
    return closing.counts_tried(ctx.books) + 1


def counted_again(done: Done, ctx: Context) -> Move:
    """`then` of a count that did not fit."""
    return Replace(CountAgain())


@dataclass(frozen=True, slots=True)
class CountAgain(Screen):
    """The count is off by more than the shop allows: by how much and which way is not said."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK counts again."""
        if key is Key.OK:
            return Replace(CountDrawer())
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The code and what to do."""
        hints = (Hint("OK", text("countagain__again")), CANCEL_HINT)
        return shown(self, ctx, text("countagain__title"), refusal_blocks(Refusal(8008), ctx), hints, Tint.UNSURE)


def closed(done: Done, ctx: Context) -> Move:
    """`then`: how it came out, above opening the next shift."""
    seq, fact = done.first(ShiftClosed)
    over = abs(fact.difference_fen) > ctx.settings.closing.difference_max_fen
    return Home(ShiftDone(fact.batch, fact.expected_fen, fact.counted_fen, over, seq))


@dataclass(frozen=True, slots=True)
class ShiftDone(Screen):
    """The shift is closed: expected, counted, 长款 or 短款."""

    batch: int
    expected_fen: int
    counted_fen: int
    over: bool = False  # above the shop's limit
    job: int = 0  # seq of the close

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 opens the drawer where a rule asks for a key; OK leaves to opening the next one."""
        if move := release(self.job, key, ctx):
            return move
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The three sums."""
        difference = self.counted_fen - self.expected_fen
        name = "level" if not difference else "surplus" if difference > 0 else "shortage"
        tint = Tint.GOOD if not difference else Tint.BAD if self.over else Tint.UNSURE
        body: tuple[Block, ...] = (
            Row(text("shiftdone__batch"), f"{self.batch:06d}"),
            Row(text("shiftdone__expected"), yuan(self.expected_fen)),
            Row(text("shiftdone__counted"), yuan(self.counted_fen)),
            Big(text(f"shiftdone__{name}"), yuan(difference), tint),
        )
        if self.over:
            entry = ctx.error(8013 if difference > 0 else 8014)
            body += (Row(entry.line(ctx.lang), tint=Tint.BAD), Row(entry.action(ctx.lang), tint=Tint.QUIET))
        hints = (Hint("OK", text("shiftdone__next")), *release_hints(self.job, ctx))
        return shown(self, ctx, text("shiftdone__title"), body, hints, tint)


@dataclass(frozen=True, slots=True)
class BatchFull(Screen):
    """The batch has as many transactions as it may hold: one key closes it and goes on; selling is never held up."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK changes the batch, CANCEL sells on."""
        if key is Key.OK:
            return Do(RollShift(), home)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """What happens."""
        body = (
            Gap(8),
            Para(text("batchfull__words"), Tint.UNSURE, large=True, rows=2),
            Gap(8),
            Para(text("batchfull__how")),
        )
        hints = (Hint("OK", text("batchfull__change")), Hint("CANCEL", text("batchfull__later")))
        return shown(self, ctx, text("batchfull__title"), body, hints, Tint.UNSURE)
