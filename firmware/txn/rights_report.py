"""The rights of one operator on paper, for regular review: what holds and which setting says so (domain 12)."""

from dataclasses import dataclass

from firmware.txn import shift
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right
from rules.rights_report import RightsRow, rights_of
from texts import Lang, t
from wire.facts import ReportPrinted

LOOKS = (Right.OPERATORS_CASHIERS, Right.OPERATORS_SUPERVISORS)
"""Who looks after operators may see what they may do: either right is enough."""


def refusal(ctx: Context) -> Refusal | None:
    """2001, 2005 or 2006 for somebody who looks after no operators."""
    found = [lacking(ctx, right) for right in LOOKS]
    return None if None in found else found[0]


def of_operator(ctx: Context, number: str) -> tuple[RightsRow, ...]:
    """Everything that holds for one operator."""
    return tuple(row for row in rights_of(ctx.settings) if row.operator == number)


def said(row: RightsRow, lang: Lang) -> tuple[str, str]:
    """`撤销验券 美团 代金券` and what holds."""
    name = [t("rules", lang, f"right__{row.right}")]
    if row.platform:
        name.append(t("receipt", lang, f"tender__voucher_{row.platform}"))
    if row.kind:
        name.append(t("receipt", lang, f"voucherkind__{row.kind}"))
    return " ".join(name), t("rules", lang, f"grant__{row.grant}")


@dataclass(frozen=True, slots=True)
class PrintRights:
    """Print what one operator may do."""

    number: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 2005, 2006; 6009 for no operator of this shop."""
        if wrong := refusal(ctx):
            return wrong
        rows = of_operator(ctx, self.number)
        if not rows:
            return Refusal(6009, self.number)
        lang = ctx.settings.terminal.lang
        head = (f"{self.number} {rows[0].name}", t("rules", lang, f"role__{rows[0].role}"))
        lines: list[tuple[str, str]] = [head]
        for row in rows:
            lines.append(said(row, lang))
            if row.by:
                lines.append(("", row.by))
        running = shift.current(ctx.books)
        return Decision(
            (ReportPrinted("rights", running.batch if running else 0, ctx.session.operator, {}, tuple(lines)),)
        )
