"""开箱记录 on paper: what the drawer was opened for in the running shift, and each opening that was no sale's (11.4)."""

from dataclasses import dataclass

from firmware.txn import drawer, shift
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.day import x_right
from firmware.txn.drawer import DrawerLog, Logged
from firmware.txn.slips.sheet import local
from texts import Lang, t
from wire.facts import ReportPrinted

ROWS_MAX = 100
"""A slip is no archive: the newest, and how many there were is above them; a record is bounded too."""

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PrintDrawerLog:
    """Print the log of the shift that is open."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted` with rows in the shop's language, or 2001, 2014, 2005, 2006."""
        running = shift.current(ctx.books)
        if refusal := lacking(ctx, x_right(ctx), None if running else 2014):
            return refusal
        assert running is not None
        log, lang = drawer.drawer_log(ctx.books, running.batch, ROWS_MAX), ctx.settings.terminal.lang
        rows = (*_counts(log, lang), *(_entry(each, lang) for each in log.entries))
        return Decision((ReportPrinted("drawer", running.batch, ctx.session.operator, {}, rows),))


def _counts(log: DrawerLog, lang: Lang) -> Rows:
    """Openings by what they were for, then what went wrong."""
    openings = tuple((t("receipt", lang, f"drawer__{name}"), str(times)) for name, times in log.openings.items())
    troubles = (("refused", log.refused), ("failed", log.failed), ("forced", log.forced))
    wrong = tuple((t("receipt", lang, f"drawer__{name}"), str(times)) for name, times in troubles)
    longest = t("receipt", lang, "drawer__seconds", seconds=-(-log.longest_ms // 1000))
    return (*openings, *wrong, (t("receipt", lang, "drawer__longest"), longest))


def _entry(each: Logged, lang: Lang) -> tuple[str, str]:
    """`10:02 无交易开箱 01/00` and `换零`, or why it did not open."""
    who = "/".join(part for part in (each.operator, each.approver) if part)
    left = f"{local(each.at_ms, '%H:%M')} {t('receipt', lang, f'drawer__{each.event}')} {who}".rstrip()
    if each.code:
        return left, f"[{each.code}]"
    if each.outcome in ("did_not_open", "no_drawer", "too_soon"):
        return left, t("receipt", lang, f"drawer__{each.outcome}")
    return left, t("receipt", lang, f"drawer__reason_{each.reason}") if each.reason in drawer.REASONS else ""
