"""钱箱: opening it by hand with a reason, testing it, what it was opened for in this shift (domain 11.4)."""

from dataclasses import dataclass
from typing import ClassVar

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Home, Move, Pop, Push, Screen, Stay, local_time, shown
from firmware.screens.base import stay as stays
from firmware.screens.slips import trouble_rows
from firmware.screens.widgets import Notice
from firmware.txn import drawer, shift
from firmware.txn.command import Context
from firmware.txn.drawer import ByHand, Logged, OpenDrawer, ReleaseDrawer, drawer_log
from firmware.txn.drawer_report import PrintDrawerLog
from firmware.view import Block, Gap, Hint, Item, Items, Para, Row, Say, Tint, View, text

LOG_ROWS = 3
OPEN_HINT = Hint("F1", text("drawer__open"))


@dataclass(frozen=True, slots=True)
class WhyOpen(Screen):
    """Why the drawer is to be opened without a sale; the digit of a reason opens it."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit, or OK on the chosen reason."""
        count = len(drawer.REASONS)
        if key in (Key.UP, Key.DOWN):
            return Stay(WhyOpen((self.row + (1 if key is Key.DOWN else -1)) % count))
        if key is Key.CANCEL:
            return Pop()
        row = self.row if key is Key.OK else int(key.digit or 0) - 1
        if not 0 <= row < count:
            return Stay()
        reason = drawer.REASONS[row]
        event: ByHand = "exchange" if reason == "change" else "no_sale"
        return Do(OpenDrawer(event, reason), opened)

    def view(self, ctx: Context) -> View:
        """The reasons, and how many openings the shift has had."""
        items = tuple(Item(str(at), text(f"drawer__reason_{name}")) for at, name in enumerate(drawer.REASONS, 1))
        limit = ctx.settings.drawer_use.no_sale_per_shift
        used = Row(text("drawer__used", used=drawer.by_hand(ctx.books), limit=limit), tint=Tint.QUIET)
        hints = (Hint("OK", text("drawer__open")), Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("drawer__why"), (Items(items, self.row), used), hints)


def opened(done: Done, ctx: Context) -> Move:
    """`then` of an opening by hand."""
    return Home(Opened())


@dataclass(frozen=True, slots=True)
class Opened(Screen):
    """The drawer was told to open: what came of it."""

    TELLS_DRAWER: ClassVar[bool] = True

    def press(self, key: Key, ctx: Context) -> Move:
        """Any key leads on."""
        return Pop()

    def stays_ms(self, ctx: Context) -> int:
        """As long as any result."""
        return ctx.settings.terminal.result_s * 1000

    def view(self, ctx: Context) -> View:
        """Close it again, or what went wrong."""
        code = ctx.devices.drawer_code
        body: tuple[Block, ...] = (Gap(16), Para(text("drawer__opened"), Tint.GOOD, large=True))
        if code:
            body = (Gap(16), *trouble_rows(code, ctx))
        hints = (Hint("OK", text("hint__ok")),)
        return shown(self, ctx, text("menu__cash"), body, hints, Tint.BAD if code else Tint.GOOD)


@dataclass(frozen=True, slots=True)
class OpeningLog(Screen):
    """开箱记录 of the running shift: counts first, then each opening by hand, refusal and forced opening."""

    page: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN turn pages; F1 prints it."""
        if key is Key.F1:
            return Do(PrintDrawerLog(), stays)
        if key in (Key.UP, Key.DOWN):
            return Stay(OpeningLog((self.page + (1 if key is Key.DOWN else -1)) % _pages(ctx)))
        return Pop() if key in (Key.OK, Key.CANCEL) else Stay()

    def view(self, ctx: Context) -> View:
        """Newest first."""
        log = drawer_log(ctx.books, _batch(ctx))
        page = min(self.page, _pages(ctx) - 1)
        first = page * LOG_ROWS
        counts = text("drawer__counts", total=log.total, refused=log.refused, failed=log.failed, forced=log.forced)
        longest = text("drawer__longest", seconds=-(-log.longest_ms // 1000))
        items = tuple(_entry(each) for each in log.entries[first : first + LOG_ROWS])
        body: tuple[Block, ...] = (Row(counts), Row(longest, tint=Tint.QUIET), Items(items, -1, page + 1, _pages(ctx)))
        if not items:
            body = (*body[:2], Gap(8), Para(text("drawer__none"), Tint.QUIET))
        hints = (CANCEL_HINT, Hint("F1", text("report__print")), Hint("UP", text("hint__page")))
        return shown(self, ctx, text("drawer__log"), body, hints)


def _batch(ctx: Context) -> int:
    open_shift = shift.current(ctx.books)
    return open_shift.batch if open_shift else 0


def _pages(ctx: Context) -> int:
    return max(1, -(-len(drawer_log(ctx.books, _batch(ctx)).entries) // LOG_ROWS))


def _entry(each: Logged) -> Item:
    """`14:05 换零 01` with what came of it, and who allowed it."""
    who = f"{each.operator} {each.approver}".rstrip()
    outcome: Say = f"[{each.code}]" if each.code else each.outcome and text(f"drawer__outcome_{each.outcome}")
    known = each.reason in drawer.REASONS
    note = text(f"drawer__reason_{each.reason}") if known else text(f"drawer__event_{each.event}")
    return Item("", f"{local_time(each.at_ms, '%H:%M')} {who}", outcome, note)


# --- the menu's ways in -----------------------------------------------------------------------------------------


def no_sale(ctx: Context) -> Move:
    """Open it, with a reason."""
    return Push(WhyOpen())


def test(ctx: Context) -> Move:
    """Open it once after set-up, to see that it does."""
    return Do(OpenDrawer("test", "test"), opened)


def resume(ctx: Context) -> Move:
    """Open it for the sale a power cut interrupted."""
    return Do(OpenDrawer("resume", "resume"), opened)


def log(ctx: Context) -> Move:
    """What it was opened for."""
    return Push(OpeningLog())


# --- the key on a result ----------------------------------------------------------------------------------------


def release_hints(job: int, ctx: Context) -> tuple[Hint, ...]:
    """F1 opens the drawer for the fact `job`, where a rule asks for a key or the pulse failed."""
    return (OPEN_HINT,) if drawer.releasable(ctx, job) else ()


def asked_for(job: int, result: Notice, ctx: Context) -> Screen | None:
    """The result of the fact `job` with the key that opens the drawer, where a rule asks for one; else None."""
    return OpenByKey(job, result) if drawer.releasable(ctx, job) else None


@dataclass(frozen=True, slots=True)
class OpenByKey(Screen):
    """Something is done that the shop's rules open the drawer for by a key only: cash moved, a shift opened."""

    TELLS_DRAWER: ClassVar[bool] = True
    job: int  # seq of the fact
    result: Notice

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 opens the drawer, any other key that leaves a notice leaves it shut."""
        return release(self.job, key, ctx) or self.result.press(key, ctx)

    def view(self, ctx: Context) -> View:
        """What was done, and the key; a pulse that failed."""
        code = ctx.devices.drawer_code
        seen = self.result.view(ctx)
        body = (*seen.body, *(trouble_rows(code, ctx) if code else ()))
        hints = (Hint("OK", text("hint__ok")), *release_hints(self.job, ctx))
        return shown(self, ctx, self.result.title, body, hints, self.result.tint)


def release(job: int, key: Key, ctx: Context) -> Move | None:
    """The move of that key; None when it is not for the drawer."""
    return Do(ReleaseDrawer(job), stays) if key is Key.F1 and drawer.releasable(ctx, job) else None
