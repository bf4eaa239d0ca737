"""自检页: what the printer makes of columns, signs and sizes, and how it is set up (domain 6.4)."""

from dataclasses import dataclass

from firmware.txn import shift
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right
from texts import t
from wire.facts import ReportPrinted


@dataclass(frozen=True, slots=True)
class PrintSelftest:
    """Print the page; the ruler and the samples are the layout's."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted` with how the printer is set up, in the shop's language, or 2001, 2005, 2006."""
        if refusal := lacking(ctx, Right.SELFTEST_PRINT):
            return refusal
        running = shift.current(ctx.books)
        batch = running.batch if running else 0
        return Decision((ReportPrinted("selftest", batch, ctx.session.operator, {}, _rows(ctx)),))


def _rows(ctx: Context) -> tuple[tuple[str, str], ...]:
    """Software and settings; of the battery only where there is one."""
    lang, printer, battery = ctx.settings.terminal.lang, ctx.settings.printer, ctx.devices.battery
    told = {
        "software": ctx.software or "-",
        "paper": f"{printer.paper_mm} mm" if printer.paper_mm else t("receipt", lang, "selftest__by_model"),
        "density": f"{printer.density}/5",
        "speed": t("receipt", lang, f"selftest__speed_{printer.speed}"),
        "cut": t("receipt", lang, f"selftest__cut_{printer.cut}"),
        **({} if battery is None else {"battery": f"{battery} %"}),
    }
    return tuple((t("receipt", lang, f"selftest__{name}"), value) for name, value in told.items())
