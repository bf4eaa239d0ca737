"""The menu: pages of entries in the order of how often they are wanted (domain 14.6), and this terminal's own page.

An entry keeps its digit whatever else a shop, a role or a later release shows, so that fingers can learn it. To hook a
subject in, add one `Entry` to its page in `PAGES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.events import Key
from firmware.screens import drawer, operators, orders, refund
from firmware.screens.base import (
    CANCEL_HINT,
    Do,
    Done,
    Move,
    Pop,
    Push,
    Screen,
    Stay,
    home,
    other_language,
    shown,
    stay,
)  # fmt: skip
from firmware.screens.cash import cash_in, cash_out
from firmware.screens.day import close_day, reopen_day
from firmware.screens.deals import age_row, deals_screen
from firmware.screens.diagnosis import diagnosis
from firmware.screens.eventlog import event_log
from firmware.screens.handover import close_shift
from firmware.screens.help import search as find_help
from firmware.screens.holds import holds, holds_count
from firmware.screens.network import RETRY_HINT, again, backlog_row, code_rows, down, link_row, network
from firmware.screens.refund import GiveBack
from firmware.screens.report import settlement, x_report
from firmware.screens.reprint import archive, find_slip, reprint_last
from firmware.screens.rights import rights
from firmware.screens.settings import settings
from firmware.screens.slips import Unfinished, owed
from firmware.screens.training import training
from firmware.screens.voucher_look import look_up, pending, pending_count
from firmware.screens.voucher_scan import entry as voucher_entry
from firmware.screens.widgets import Notice
from firmware.txn import life
from firmware.txn.command import Context
from firmware.txn.operator import SignOff
from firmware.txn.selftest import PrintSelftest
from firmware.view import Hint, Item, Items, Row, View, text
from rules.rights import Right, grant

OPEN_JOBS_NONE = text("menu__none_unfinished")
SHOWN_MAX = 7
"""Entries that fit on the screen at once; a page may have ten, one for each digit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu page. `name` is the text `menu__NAME`. It is shown unless the table of rights says "no" to all of
    `rights`; the command behind it checks again. `count`: how many wait there, shown when there are any."""

    digit: str
    name: str
    go: Callable[[Context], Move]
    rights: tuple[Right, ...] = ()
    count: Callable[[Context], int] | None = None
    page: str = ""  # the page it leads to: shown when anything on that page is


def unfinished(ctx: Context) -> Move:
    """Slips that are not proven to be on paper."""
    return Push(Unfinished()) if owed(ctx) else Push(Notice(text("menu__unfinished"), (OPEN_JOBS_NONE,)))


def unfinished_count(ctx: Context) -> int:
    """How many of them."""
    return len(owed(ctx))


def give_back(ctx: Context) -> Move:
    """Void and refund."""
    return Push(GiveBack())


def refunds_open(ctx: Context) -> int:
    """How many refunds are not finished."""
    return refund.unfinished(ctx)


def selftest(ctx: Context) -> Move:
    """The printer's page about itself (自检页)."""
    return Do(PrintSelftest(), stay)


def about(ctx: Context) -> Move:
    """This terminal."""
    return Push(About())


def sign_off(ctx: Context) -> Move:
    """Leave the terminal to somebody else."""
    return Do(SignOff(), home)


def _to(digit: str, page: str, count: Callable[[Context], int] | None = None) -> Entry:
    """An entry that opens another page."""
    return Entry(digit, page, lambda ctx: Push(Menu(page)), count=count, page=page)


PAGES: dict[str, tuple[Entry, ...]] = {
    "main": (
        Entry("1", "payments", orders.listed, (Right.SALE,), orders.count),
        # 6 members and 7 invoices keep their digits free
        Entry("2", "holds", holds, (Right.BASKET_HOLD,), holds_count),
        _to("3", "vouchers", pending_count),
        _to("4", "slips", unfinished_count),
        Entry("5", "giveback", give_back, (Right.REFUND, Right.SALE_VOID), refunds_open),
        _to("8", "reports"),
        _to("9", "more"),
    ),
    "vouchers": (
        Entry("1", "voucher_entry", voucher_entry, (Right.VOUCHER_REDEEM,)),
        Entry("2", "voucher_list", pending, (Right.SALE,), pending_count),
        Entry("3", "voucher_look", look_up, (Right.VOUCHER_LOOK_UP,)),
        Entry("4", "deals", deals_screen, (Right.VOUCHER_REDEEM,)),
    ),
    "slips": (
        Entry("1", "reprint_last", reprint_last, (Right.REPRINT,)),
        Entry("2", "reprint_find", find_slip, (Right.REPRINT,)),
        Entry("3", "reprint_archive", archive, (Right.REPRINT,)),
        Entry("8", "selftest", selftest, (Right.SELFTEST_PRINT,)),
        Entry("9", "unfinished", unfinished, count=unfinished_count),
    ),
    "reports": (
        Entry("1", "x_report", x_report, (Right.X_REPORT_OWN, Right.X_REPORT_ANY)),
        Entry("2", "close_shift", close_shift, (Right.SHIFT_CLOSE_OWN, Right.SHIFT_CLOSE_ANY)),
        Entry("3", "settlement", settlement, (Right.SHIFT_CLOSE_OWN,)),
        Entry("4", "close_day", close_day, (Right.DAY_CLOSE,)),
        Entry("5", "reopen_day", reopen_day, (Right.DAY_CLOSE,)),
        Entry("6", "event_log", event_log, (Right.DEVICE_VIEW,)),
        Entry("7", "diagnosis", diagnosis, (Right.DEVICE_VIEW,)),
        Entry("8", "rights", rights, (Right.OPERATORS_CASHIERS, Right.OPERATORS_SUPERVISORS)),
    ),
    "more": (
        Entry("0", "network", network),
        _to("1", "cash"),
        Entry("2", "help", find_help),
        Entry("3", "own_pin", operators.own_pin, (Right.PIN_OWN,)),
        Entry("4", "operators", operators.operators, (Right.OPERATORS_CASHIERS, Right.OPERATORS_SUPERVISORS)),
        Entry("5", "language", other_language, (Right.LANGUAGE,)),
        Entry("6", "terminal", about),
        Entry("7", "own_badge", operators.own_badge, (Right.PIN_OWN,)),
        Entry("8", "training", training),
        Entry("9", "sign_off", sign_off),
    ),
    "cash": (
        Entry("1", "cash_in", cash_in, (Right.CASH_IN_OUT,)),
        Entry("2", "cash_out", cash_out, (Right.CASH_IN_OUT,)),
        Entry("4", "no_sale", drawer.no_sale, (Right.DRAWER_NO_SALE,)),
        Entry("5", "drawer_resume", drawer.resume, (Right.SALE,)),
        Entry("6", "drawer_log", drawer.log),
        Entry("7", "drawer_test", drawer.test, (Right.SETTINGS_SHOP,)),
    ),
}
"""Page -> its entries by digit. `main` is what the MENU key opens; a page's title is the text `menu__PAGE`."""


def entries(page: str, ctx: Context) -> tuple[Entry, ...]:
    """What of a page this operator is shown."""
    return tuple(entry for entry in PAGES[page] if _shown(entry, ctx))


def _shown(entry: Entry, ctx: Context) -> bool:
    if entry.page:
        return bool(entries(entry.page, ctx))
    role, changed = ctx.session.role or None, ctx.settings.rights
    return not entry.rights or any(grant(role, right, changed) != "no" for right in entry.rights)


@dataclass(frozen=True, slots=True)
class Menu(Screen):
    """Entries are chosen by their digit, or with UP, DOWN and OK."""

    page: str = "main"
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its entry at once; MENU leaves all pages, CANCEL this one."""
        here = entries(self.page, ctx)
        match key:
            case Key.OK if self.row < len(here):
                return here[self.row].go(ctx)
            case Key.UP | Key.DOWN:
                return Stay(Menu(self.page, (self.row + (1 if key is Key.DOWN else -1)) % len(here)))
            case Key.CANCEL | Key.MENU:
                return Pop(key)
            case _:
                chosen = next((entry for entry in here if entry.digit == key.digit), None)
                return chosen.go(ctx) if chosen else Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """A page above was left with MENU: leave this one too."""
        return Pop(result) if result is Key.MENU else Stay()

    def view(self, ctx: Context) -> View:
        """The entries with their digits."""
        here = entries(self.page, ctx)
        first = self.row // SHOWN_MAX * SHOWN_MAX
        items = tuple(_item(entry, ctx) for entry in here[first : first + SHOWN_MAX])
        block = Items(items, self.row - first, first // SHOWN_MAX + 1, -(-len(here) // SHOWN_MAX))
        hints = (Hint("OK", text("hint__ok")), Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("menu__title" if self.page == "main" else f"menu__{self.page}"), (block,), hints)


def _item(entry: Entry, ctx: Context) -> Item:
    count = entry.count(ctx) if entry.count else 0
    return Item(entry.digit, text(f"menu__{entry.name}"), str(count) if count else "")


@dataclass(frozen=True, slots=True)
class About(Screen):
    """This terminal: what a person on the phone asks for. OK connects at once while there is no link."""

    tried_ms: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK tries the link, or leaves when there is one; F2 leads to the settings."""
        if key is Key.F2:
            return settings(ctx)
        if key is Key.OK and down(ctx):
            return Do(again(self.tried_ms, ctx), _tried)
        return Pop() if key in (Key.OK, Key.CANCEL) else Stay()

    def view(self, ctx: Context) -> View:
        """Number, journal, backlog, settings, clock."""
        number = life.value(ctx.books, "epoch_number") or "-"
        code = ctx.devices.link_code
        rows: tuple[Row, ...] = (
            Row(text("about__terminal"), f"{ctx.terminal} / {number}"),
            backlog_row(ctx),
            Row(text("about__settings"), str(ctx.settings.revision)),
            Row(text("about__clock"), text(f"clock__{ctx.now.clock}")),
            link_row(ctx),
            Row(text("about__printer"), text(f"printer__{ctx.devices.printer}")),
            *((age_row(ctx),) if ctx.settings.vouchers.enabled and not code else ()),
            *(code_rows(code, ctx) if code else ()),
        )
        hints: tuple[Hint, ...] = (RETRY_HINT,) if down(ctx) else ()
        hints += (Hint("F2", text("setting__title")),) if ctx.session.operator else ()
        return shown(self, ctx, text("about__title"), rows, (*hints, CANCEL_HINT))


def _tried(done: Done, ctx: Context) -> Move:
    return Stay(About(ctx.now.monotonic_ms))
