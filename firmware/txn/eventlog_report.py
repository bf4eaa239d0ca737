"""事件日志 on paper: the rows that were looked at, the newest first; and 错误单: one of them, with all there is to know."""

from dataclasses import dataclass
from typing import Final

from firmware.txn import eventlog, shift
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.eventlog import Logged, Wanted
from firmware.txn.slips.sheet import local
from rules.errors import error
from rules.rights import Right
from texts import Lang, t
from wire.facts import ReportPrinted

STEPS_PRINTED: Final = 4
"""The last steps before an error, as the screen has them."""

EVENTS_PRINTED_MAX: Final = 40
"""A slip is no archive: the newest; a record is bounded too."""


@dataclass(frozen=True, slots=True)
class PrintEvents:
    """Print the rows that are `wanted`."""

    wanted: Wanted

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted` with rows in the shop's language, or 2001, 2005, 2006, 4010 when there is nothing to print."""
        if refusal := lacking(ctx, Right.DEVICE_VIEW):
            return refusal
        lang = ctx.settings.terminal.lang
        found = eventlog.page(ctx.books, self.wanted, 0, EVENTS_PRINTED_MAX)
        if not found:
            return Refusal(4010)
        running = shift.current(ctx.books)
        rows = tuple(row for each in found for row in event_rows(each, lang))
        return Decision((ReportPrinted("events", running.batch if running else 0, ctx.session.operator, {}, rows),))


@dataclass(frozen=True, slots=True)
class PrintError:
    """Print one row of the event log, for whoever is to help."""

    event: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted` with rows in the shop's language, or 2001, 2005, 2006, 4010 when the row is gone."""
        if refusal := lacking(ctx, Right.DEVICE_VIEW):
            return refusal
        each = eventlog.find(ctx.books, self.event)
        if each is None:
            return Refusal(4010)
        running = shift.current(ctx.books)
        batch = running.batch if running else 0
        return Decision((ReportPrinted("error", batch, ctx.session.operator, {}, error_rows(each, ctx)),))


def error_rows(each: Logged, ctx: Context) -> tuple[tuple[str, str], ...]:
    """The code in words and what to do, then when, how often, to whom, about what, in which release, after which steps."""
    lang, known = ctx.settings.terminal.lang, ctx.error(each.code)
    told = {
        "time": local(each.at_ms, "%Y-%m-%d %H:%M:%S") + ("" if each.clock == "trusted" else "?"),
        "times": f"x{each.attempt}",
        "who": each.operator,
        "about": each.subject,
        "reason": each.reason,
        "software": ctx.software,
        "boot": f"{each.boot[:8]} {each.mono_ms // 1000} s",
        "steps": " > ".join(each.steps[-STEPS_PRINTED:]),
    }
    rows = tuple((t("receipt", lang, f"error__{name}"), value) for name, value in told.items() if value)
    return ((known.line(lang), ""), (known.action(lang), ""), *rows)


def event_rows(each: Logged, lang: Lang) -> tuple[tuple[str, str], ...]:
    """`11-22 10:02 [1003] 01` and `x3`, the code in words, what it was about."""
    mark = "" if each.clock == "trusted" else "?"
    head = f"{local(each.at_ms, '%m-%d %H:%M')}{mark} [{each.code}] {each.operator}".rstrip()
    about = each.subject or each.reason
    words: tuple[tuple[str, str], ...] = ((f"  {error(each.code).title(lang)}", ""),)
    return ((head, f"x{each.attempt}"), *words, *(((f"  {about}", ""),) if about else ()))
