"""The checks of the diagnosis in their order, and their slip."""

from dataclasses import dataclass
from typing import Final

from firmware.txn import shift
from firmware.txn.command import Check, Context, Decision, Refusal, lacking
from rules.errors import error
from rules.rights import Right
from texts import Lang, t
from wire.facts import ReportPrinted

CHECKS: Final = (
    "network", "name", "time", "broker", "backend", "platform", "printer", "paper", "drawer", "storage",
)  # fmt: skip
"""From the outside in; each is a text `diagnosis__NAME` on the screen and `check__NAME` on paper."""


def first_bad(checks: tuple[Check, ...]) -> Check | None:
    """The first check that failed: what is behind it may fail because of it."""
    return next((each for each in checks if each.state == "bad"), None)


@dataclass(frozen=True, slots=True)
class PrintDiagnosis:
    """Print what the checks found."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 2005, 2006, 4010 when nothing has been checked."""
        if refusal := lacking(ctx, Right.DEVICE_VIEW):
            return refusal
        if not ctx.devices.checks:
            return Refusal(4010)
        lang, running = ctx.settings.terminal.lang, shift.current(ctx.books)
        rows = tuple(row for each in ctx.devices.checks for row in _rows(each, lang))
        return Decision((ReportPrinted("diagnosis", running.batch if running else 0, ctx.session.operator, {}, rows),))


def _rows(each: Check, lang: Lang) -> tuple[tuple[str, str], ...]:
    state = t("receipt", lang, f"check__{each.state}")
    head = (t("receipt", lang, f"check__{each.name}"), f"[{each.code}] {state}" if each.code else state)
    if each.state != "bad":
        return (head,)
    entry = error(each.code)
    return (head, (f"  {entry.title(lang)}", ""), (f"  {entry.action(lang)}", ""))
