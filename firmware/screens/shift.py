"""Opening the shift: the business date where the clock is not trusted, and the float as the shop wants it asked."""

import datetime
from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Home, Move, Pop, Push, Screen, Stay, home, local_time, shown
from firmware.screens.count import Counting, count_body, counted, total_fen
from firmware.screens.drawer import asked_for
from firmware.screens.menu import Menu
from firmware.screens.widgets import Notice, Soft, Step, Wizard, refuse
from firmware.txn import closing, handover, shift
from firmware.txn.command import Context
from firmware.txn.operator import SignOff
from firmware.view import Big, Gap, Hint, Para, Row, Tint, View, text
from rules.money import yuan
from wire.facts import ShiftOpened

HOUR_MS = 3_600_000
FLOAT_DIGITS_MAX = 9


def sign_off(ctx: Context) -> Move:
    """Leave the terminal to somebody else."""
    return Do(SignOff(), home)


def menu(ctx: Context) -> Move:
    """The menu, above whatever is asked."""
    return Push(Menu())


SIGN_OFF = Soft(Key.CANCEL, text("menu__sign_off"), sign_off)
MENU = Soft(Key.MENU, text("hint__menu"), menu)


def open_shift(ctx: Context) -> Screen:
    """The first screen of opening a shift; `shift.float_ask` says how the float is asked."""
    if not ctx.now.trusted:
        return _dated(ctx)
    match ctx.settings.shift.float_ask:
        case "count":
            return CountFloat()
        case "no":
            return OpenAtOnce()
        case _:
            return Wizard(
                text("shift__title"), (_FLOAT,), _summed, out=SIGN_OFF, soft=(MENU,), words=text("shift__words")
            )


DATE_DIGITS = 8
YEARS_AHEAD_MAX = 10
_FLOAT = Step(text("shift__float"), "amount", FLOAT_DIGITS_MAX, 0)


def _dated(ctx: Context) -> Wizard:
    """The date is asked first: it is fixed for the whole shift (decisions 17)."""
    start = today(ctx).replace("-", "")
    date = Step(text("shift__date"), "number", DATE_DIGITS, DATE_DIGITS, start)
    steps = (date, _FLOAT) if ctx.settings.shift.float_ask == "sum" else (date,)
    return Wizard(
        text("shift__title"), steps, _summed, value=start, out=SIGN_OFF, soft=(MENU,), words=text("shift__words_date")
    )


def today(ctx: Context) -> str:
    """The business day in China by the terminal's clock: before `shift.day_cut_hour` it is still yesterday's."""
    return local_time(ctx.now.wall_ms - ctx.settings.shift.day_cut_hour * HOUR_MS, "%Y-%m-%d")


def _summed(values: tuple[str, ...], ctx: Context) -> Move:
    """The wizard is through: what it did not ask follows."""
    asked = len(values) == 2 or ctx.settings.shift.float_ask != "sum"
    date = _date(values[0], ctx) if asked else ""
    if date is None:
        return refuse(9011, values[0])
    if ctx.settings.shift.float_ask == "count":
        return Push(CountFloat(date=date))
    if ctx.settings.shift.float_ask == "no":
        return Push(OpenAtOnce(date))
    return opened(date, int(values[-1] or "0"), (), ctx)


def _date(digits: str, ctx: Context) -> str | None:
    """`2026-11-22` of eight digits; None when there is no such day, it is before this product was made, or far off."""
    date = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    try:
        year = datetime.date.fromisoformat(date).year
        return date if 2024 <= year <= int(today(ctx)[:4]) + YEARS_AHEAD_MAX else None
    except ValueError:
        return None


def opened(date: str, float_fen: int, counted: tuple[tuple[int, int], ...], ctx: Context) -> Move:
    """Open the shift, unless its day is closed or the float is not what the shop keeps: then ask once more."""
    closed = closing.closed_day(ctx.books)
    if closed is not None and (date or today(ctx)) <= closed.date:
        return Push(DayIsClosed(closed.date, float_fen, counted))
    expected = ctx.settings.shift.float_expected_fen
    if expected and float_fen != expected:
        return Push(FloatDiffers(date, float_fen, counted))
    return Do(handover.OpenShift(float_fen, date or today(ctx), counted), shift_opened)


def shift_opened(done: Done, ctx: Context) -> Move:
    """`then` of an open shift: selling begins, after the key for the drawer where a rule asks for one."""
    seq, fact = done.first(ShiftOpened)
    notice = Notice(text("shift__title"), (text("shift__opened", yuan=yuan(fact.float_fen)),), Tint.GOOD)
    return Home(asked_for(seq, notice, ctx))


@dataclass(frozen=True, slots=True)
class CountFloat(Counting):
    """The float counted by denomination. `date` is empty when the clock is trusted."""

    date: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """As any count; MENU is reached from here too."""
        return menu(ctx) if key is Key.MENU else Counting.press(self, key, ctx)

    def counted(self, ctx: Context) -> Move:
        """Open the shift with it."""
        return opened(self.date, total_fen(self.pieces), counted(self.pieces), ctx)

    def out(self, ctx: Context) -> Move:
        """Back to the date, or leave the terminal to somebody else."""
        return Pop() if self.date else sign_off(ctx)

    def view(self, ctx: Context) -> View:
        """A page of denominations with their pieces, and the sum."""
        total = Big(text("shift__float"), yuan(total_fen(self.pieces)))
        body = (*count_body(self.pieces, self.row, text("count__words")), total)
        out = CANCEL_HINT if self.row or self.date else Hint("CANCEL", SIGN_OFF.words)
        hints = (Hint("OK", text("hint__down")), Hint("F1", text("count__done")), out)
        return shown(self, ctx, text("shift__title"), body, hints)


@dataclass(frozen=True, slots=True)
class OpenAtOnce(Screen):
    """Opening where the shop asks for no float: it is what the shop keeps."""

    date: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK opens the shift."""
        match key:
            case Key.OK:
                return opened(self.date, ctx.settings.shift.float_expected_fen, (), ctx)
            case Key.CANCEL:
                return Pop() if self.date else sign_off(ctx)
            case Key.MENU:
                return menu(ctx)
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Date and float it opens with."""
        body = (
            Gap(16),
            Para(text("openatonce__words"), large=True, rows=2),
            Gap(8),
            Row(text("shift__date"), self.date or today(ctx)),
            Row(text("shift__float"), yuan(ctx.settings.shift.float_expected_fen)),
        )
        out = CANCEL_HINT if self.date else Hint("CANCEL", SIGN_OFF.words)
        return shown(self, ctx, text("shift__title"), body, (Hint("OK", text("openatonce__open")), out))


@dataclass(frozen=True, slots=True)
class FloatDiffers(Screen):
    """The float is not what the shop keeps: count again, or open with it all the same."""

    date: str
    float_fen: int
    counted: tuple[tuple[int, int], ...] = ()

    def press(self, key: Key, ctx: Context) -> Move:
        """OK opens with this float, CANCEL goes back to count again."""
        if key is Key.OK:
            return Do(handover.OpenShift(self.float_fen, self.date or today(ctx), self.counted), shift_opened)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Both sums and their difference."""
        expected = ctx.settings.shift.float_expected_fen
        body = (
            Gap(8),
            Para(text("floatdiffers__words"), Tint.UNSURE, large=True, rows=2),
            Gap(8),
            Row(text("floatdiffers__expected"), yuan(expected)),
            Row(text("shift__float"), yuan(self.float_fen), strong=True),
            Row(text("floatdiffers__difference"), yuan(self.float_fen - expected)),
        )
        hints = (Hint("OK", text("floatdiffers__open")), Hint("CANCEL", text("floatdiffers__again")))
        return shown(self, ctx, text("floatdiffers__title"), body, hints, Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class DayIsClosed(Screen):
    """The business day has its Z: what is sold from now on belongs to the next one."""

    date: str
    float_fen: int
    counted: tuple[tuple[int, int], ...] = ()

    def press(self, key: Key, ctx: Context) -> Move:
        """F1 opens the shift on the next business day; OK, which came to the end of the float, does not."""
        if key is Key.F1:
            return opened(shift.day_after(self.date), self.float_fen, self.counted, ctx)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Which day is closed, which one comes."""
        body = (
            Gap(8),
            Para(text("dayisclosed__words"), Tint.UNSURE, large=True, rows=2),
            Gap(8),
            Row(text("dayisclosed__closed"), self.date),
            Row(text("dayisclosed__next"), shift.day_after(self.date), strong=True),
        )
        hints = (Hint("F1", text("openatonce__open")), CANCEL_HINT)
        return shown(self, ctx, text("dayisclosed__title"), body, hints, Tint.UNSURE)
