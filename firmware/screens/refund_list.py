"""Lists of giving back: the last sales to choose from, and refunds that a channel or a person still has to finish."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import (
    CANCEL_HINT,
    OK_HINT,
    Do,
    Done,
    Move,
    Pop,
    Push,
    Replace,
    Screen,
    Stay,
    local_time,
    shown,
)
from firmware.screens.refund import GiveBack, chosen, given, reserving
from firmware.screens.slips import trouble_rows
from firmware.screens.widgets import refuse
from firmware.txn import original, refund, refund_parts, reserve
from firmware.txn.command import Context
from firmware.txn.refund_parts import Part, RetryRefund, TurnRefund
from firmware.txn.reserve import AskReservation, EndReservation, UseReservation
from firmware.txn.slip import receipt_number
from firmware.view import Big, Block, Gap, Hint, Item, Items, Para, Say, Tint, View, text
from rules.money import yuan

SHOWN = 3


@dataclass(frozen=True, slots=True)
class RecentSales(Screen):
    """The sales of this journal, newest first, a page at a time."""

    row: int = 0
    page: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP, DOWN and `#` move, OK takes the sale."""
        found = original.recent(ctx.books, self.page)
        here = found[: original.PAGE_MAX]
        more = len(found) > original.PAGE_MAX
        match key:
            case Key.OK if here:
                seq = here[min(self.row, len(here) - 1)][0]
                sale = original.of_seq(ctx.books, ctx.terminal, seq)
                assert sale is not None, f"receipt {seq} without its sale"
                return chosen(sale, ctx)
            case Key.HASH:
                return Stay(RecentSales(0, self.page + 1 if more else 0))
            case Key.DOWN if self.row + 1 < len(here):
                return Stay(replace(self, row=self.row + 1))
            case Key.DOWN if more:
                return Stay(RecentSales(0, self.page + 1))
            case Key.UP if self.row:
                return Stay(replace(self, row=self.row - 1))
            case Key.UP if self.page:
                return Stay(RecentSales(original.PAGE_MAX - 1, self.page - 1))
            case Key.CANCEL:
                return Replace(GiveBack())
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Number and time, due, and what went back."""
        here = original.recent(ctx.books, self.page)[: original.PAGE_MAX]
        items = tuple(self._item(seq, batch, trace, due, ctx) for seq, batch, trace, due in here)
        count = int(ctx.books.read("SELECT count(*) FROM receipt")[0][0])
        body: tuple[Block, ...]
        if items:
            row = min(self.row, len(items) - 1)
            body = (Items(items, row, self.page + 1, max(1, -(-count // original.PAGE_MAX))),)
        else:
            body = (Gap(24), Para(text("recent__none"), Tint.QUIET))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), Hint("#", text("hint__page")), CANCEL_HINT)
        return shown(self, ctx, text("recent__title"), body, hints)

    def _item(self, seq: int, batch: int, trace: int, due_fen: int, ctx: Context) -> Item:
        at_ms = int(ctx.books.read("SELECT at_ms FROM journal WHERE seq = ?", seq)[0][0])
        sale = original.of_seq(ctx.books, ctx.terminal, seq)
        back = sale.given_fen if sale else 0
        time = local_time(at_ms, "%m-%d %H:%M")
        note: Say = text("recent__given", time=time, amount=yuan(back)) if back else time
        return Item("", receipt_number(batch, trace), yuan(due_fen), note)


@dataclass(frozen=True, slots=True)
class OpenRefunds(Screen):
    """What is not finished: asked of the backend, under way at a channel, or refused by it."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK goes on with the chosen one; F2 asks the channel again, or gives a reservation up."""
        numbers, parts = reserve.open_reservations(ctx.books), refund_parts.open_parts(ctx.books)
        count = len(numbers) + len(parts)
        if key is Key.CANCEL or not count:
            return Pop()
        row = min(self.row, count - 1)
        if key in (Key.UP, Key.DOWN):
            return Stay(OpenRefunds((row + (1 if key is Key.DOWN else -1)) % count))
        if key not in (Key.OK, Key.F2):
            return Stay()
        if row < len(numbers):
            number = numbers[row]
            return resumed(number, ctx) if key is Key.OK else Do(EndReservation(number), ended)
        part = parts[row - len(numbers)]
        if key is Key.F2:
            return Do(RetryRefund(part.refund_no), ended)
        return refuse(5018, part.refund_no) if part.under_way else Push(InCash(part.refund_no))

    def back(self, result: object, ctx: Context) -> Move:
        """Things may have moved."""
        return Stay(OpenRefunds())

    def view(self, ctx: Context) -> View:
        """Oldest first, reservations before channels."""
        numbers, parts = reserve.open_reservations(ctx.books), refund_parts.open_parts(ctx.books)
        items = (*(self._reservation(number, ctx) for number in numbers), *(self._part(part, ctx) for part in parts))
        if not items:
            body: tuple[Block, ...] = (Gap(24), Para(text("openrefunds__none"), Tint.QUIET))
            return shown(self, ctx, text("openrefunds__title"), body, (CANCEL_HINT,))
        row = min(self.row, len(items) - 1)
        first = row // SHOWN * SHOWN
        body = (Items(items[first : first + SHOWN], row - first, first // SHOWN + 1, -(-len(items) // SHOWN)),)
        body += (Para(text("givenback__once"), Tint.UNSURE),)
        hints = [OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT]
        if row < len(numbers):
            hints.insert(1, Hint("F2", text("openrefunds__drop")))
        elif parts[row - len(numbers)].retriable:
            hints.insert(1, Hint("F2", text("openrefunds__again")))
        return shown(self, ctx, text("openrefunds__title"), body, tuple(hints), Tint.UNSURE)

    def _reservation(self, number: str, ctx: Context) -> Item:
        plan = reserve.reserved(ctx.books, number)
        assert plan is not None
        origin = plan[1].refund.origin
        name = receipt_number(origin.batch, origin.trace)
        return Item("", name, yuan(plan[1].refund.total_fen), text("openrefunds__asked"))

    def _part(self, part: Part, ctx: Context) -> Item:
        left = text("givenback__part", channel=text(f"backby__{part.channel}"), amount=yuan(part.amount_fen))
        state = text(f"refund_state__{'processing' if part.under_way else part.state}")
        note: Say = ctx.error(part.code).line(ctx.lang) if part.state == "failed" and part.code else part.refund_no
        return Item("", left, state, note)


def resumed(number: str, ctx: Context) -> Move:
    """Go on with a reservation: by what we know when the sale is ours and nobody can be asked."""
    plan = reserve.reserved(ctx.books, number)
    alone = plan is not None and reserve.is_ours(ctx, plan[1].refund.origin) and not refund.online(ctx)
    return Do(UseReservation(number), given) if alone else Do(AskReservation(number), reserving)


def ended(done: Done, ctx: Context) -> Move:
    """`then` of giving a reservation up, or of asking a channel once more."""
    return Stay(OpenRefunds())


@dataclass(frozen=True, slots=True)
class InCash(Screen):
    """The channel refused the refund for good: pay it in cash?"""

    job: str  # the refund's number

    def press(self, key: Key, ctx: Context) -> Move:
        """OK pays it in cash; a supervisor is asked for."""
        if key is Key.OK:
            return Do(TurnRefund(self.job), given)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """What the channel said, and how much."""
        part = refund_parts.part(ctx.books, self.job)
        assert part is not None
        body: tuple[Block, ...] = (Para(text("incash__words"), large=True, rows=2),)
        body += (Big(text("givenback__cash"), yuan(part.amount_fen)),)
        body += trouble_rows(part.code, ctx) if part.code else ()
        hints = (Hint("OK", text("incash__yes")), Hint("CANCEL", text("hint__no")))
        return shown(self, ctx, text("incash__title"), body, hints, Tint.UNSURE)
