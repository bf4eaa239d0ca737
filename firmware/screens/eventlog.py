"""事件日志: every code that was shown or alarmed, looked through by code, day and order, and printed."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Move, Pop, Push, Screen, Stay, local_time, shown, stay
from firmware.screens.widgets import Step, Wizard
from firmware.txn import eventlog
from firmware.txn.command import Context
from firmware.txn.eventlog import ALL, Logged, Wanted
from firmware.txn.eventlog_report import PrintError, PrintEvents
from firmware.view import Block, Gap, Hint, Item, Items, Para, Row, Rule, Tint, View, text
from rules.errors import error

ROWS_SHOWN = 3
CODE_DIGITS, DAY_DIGITS, TRACE_DIGITS = 4, 8, 6
TITLE = text("eventlog__filter")


def event_log(ctx: Context) -> Move:
    """The menu's entry."""
    return Push(EventLog())


@dataclass(frozen=True, slots=True)
class EventLog(Screen):
    """The rows that are wanted, the newest first. OK looks closer, `*` chooses which, F2 prints them."""

    wanted: Wanted = ALL
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN choose."""
        count = eventlog.count(ctx.books, self.wanted)
        match key:
            case Key.UP | Key.DOWN if count:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % count))
            case Key.OK if here := self._here(ctx):
                return Push(EventDetails(here[0].id))
            case Key.STAR:
                return Push(EventFilter())
            case Key.F2 if count:
                return Do(PrintEvents(self.wanted), stay)
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """Other rows were chosen."""
        return Stay(EventLog(result)) if isinstance(result, Wanted) else Stay()

    def _here(self, ctx: Context) -> tuple[Logged, ...]:
        return eventlog.page(ctx.books, self.wanted, self.row, 1)

    def view(self, ctx: Context) -> View:
        """A page of rows, with what they are chosen by."""
        count = eventlog.count(ctx.books, self.wanted)
        row = min(self.row, max(0, count - 1))
        first = row // ROWS_SHOWN * ROWS_SHOWN
        items = tuple(_item(each, ctx) for each in eventlog.page(ctx.books, self.wanted, first, ROWS_SHOWN))
        body: tuple[Block, ...] = (Row(_words(self.wanted), str(count), Tint.QUIET),)
        if items:
            body += (Items(items, row - first, first // ROWS_SHOWN + 1, max(1, -(-count // ROWS_SHOWN))),)
        else:
            body += (Gap(8), Para(text("eventlog__none"), Tint.QUIET))
        hints: tuple[Hint, ...] = (Hint("OK", text("eventlog__details")), Hint("*", text("eventlog__filter")))
        hints += (Hint("F2", text("report__print")),) if items else (CANCEL_HINT,)
        return shown(self, ctx, text("menu__event_log"), body, hints)


def _words(wanted: Wanted) -> str:
    parts = (f"[{wanted.code}]" if wanted.code else "", wanted.day, f"#{wanted.trace:06d}" if wanted.trace else "")
    return " ".join(part for part in parts if part)


def _item(each: Logged, ctx: Context) -> Item:
    mark = "" if each.clock == "trusted" else "?"
    head = f"{local_time(each.at_ms, '%m-%d %H:%M')}{mark} {each.operator}".rstrip()
    return Item("", head, f"x{each.attempt}" if each.attempt > 1 else "", error(each.code).line(ctx.lang))


@dataclass(frozen=True, slots=True)
class EventFilter(Screen):
    """Which rows to look at."""

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit chooses."""
        match key:
            case Key.D1:
                return Push(Wizard(TITLE, _step("code", CODE_DIGITS), by_code))
            case Key.D2:
                today = local_time(ctx.now.wall_ms, "%Y%m%d")
                return Push(Wizard(TITLE, _step("day", DAY_DIGITS, today), by_day, value=today))
            case Key.D3:
                return Push(Wizard(TITLE, _step("trace", TRACE_DIGITS), by_trace))
            case Key.D4:
                return Pop(Wanted(day=local_time(ctx.now.wall_ms, "%Y-%m-%d")))
            case Key.D0:
                return Pop(ALL)
            case Key.OK | Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """It has been typed."""
        return Pop(result) if isinstance(result, Wanted) else Stay()

    def view(self, ctx: Context) -> View:
        """The ways to choose."""
        names = ("code", "day", "trace", "today")
        items = [Item(str(at), text(f"eventlog__{name}")) for at, name in enumerate(names, 1)]
        items.append(Item("0", text("eventlog__all")))
        return shown(self, ctx, text("eventlog__filter"), (Items(tuple(items)),), (CANCEL_HINT,))


def _step(name: str, digits: int, start: str = "") -> tuple[Step, ...]:
    return (Step(text(f"eventlog__{name}"), "number", digits, 1 if name == "trace" else digits, start),)


def by_code(values: tuple[str, ...], ctx: Context) -> Move:
    """A code was typed."""
    return Pop(Wanted(code=int(values[0])))


def by_day(values: tuple[str, ...], ctx: Context) -> Move:
    """A day was typed; one that is no date has no rows."""
    day = values[0]
    return Pop(Wanted(day=f"{day[:4]}-{day[4:6]}-{day[6:]}"))


def by_trace(values: tuple[str, ...], ctx: Context) -> Move:
    """An order's number was typed."""
    return Pop(Wanted(trace=int(values[0])))


@dataclass(frozen=True, slots=True)
class EventDetails(Screen):
    """All that is known of one row: what a person on the phone asks for."""

    event: int

    def press(self, key: Key, ctx: Context) -> Move:
        """F2 prints it (错误单); OK leaves."""
        if key is Key.F2 and eventlog.find(ctx.books, self.event) is not None:
            return Do(PrintError(self.event), stay)
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Code, when and how often, who, about what, the steps before."""
        each = eventlog.find(ctx.books, self.event)
        if each is None:
            return shown(self, ctx, text("menu__event_log"), (Gap(8), Para(text("eventlog__none"))), (OK_HINT,))
        clock = text(f"clock__{each.clock}")
        body: tuple[Block, ...] = (
            Row(error(each.code).line(ctx.lang), tint=Tint.BAD, strong=True),
            Row(local_time(each.at_ms, "%Y-%m-%d %H:%M:%S"), clock),
            Row(text("eventlog__who"), f"{each.operator or '-'}  x{each.attempt}"),
            *((Row(each.subject),) if each.subject else ()),
            *((Row(text("eventlog__reason"), each.reason),) if each.reason else ()),
            Row(text("eventlog__boot"), f"{each.boot[:8]} {each.mono_ms // 1000} s", Tint.QUIET),
            Rule(),
            Para(" > ".join(each.steps[-4:]), Tint.QUIET, rows=3),
        )
        return shown(self, ctx, text("menu__event_log"), body, (OK_HINT, Hint("F2", text("report__print"))))
