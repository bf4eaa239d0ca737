"""The report of rights in words, for consoles and files: one line for each answer."""

from collections.abc import Iterable

from rules.rights_report import RightsRow
from texts import Lang, t

COLUMNS = ("operator", "role", "right", "platform", "kind", "grant", "by")


def words(rows: Iterable[RightsRow], lang: Lang) -> tuple[tuple[str, ...], ...]:
    """Cells by `COLUMNS`; platform and kind `*` where all are alike, `by` `-` where no setting decided."""
    return tuple(
        (
            f"{row.operator} {row.name}{'' if row.active else ' -'}".rstrip(),
            t("rules", lang, f"role__{row.role}") if row.role else "-",
            t("rules", lang, f"right__{row.right}"),
            row.platform or "*",
            row.kind or "*",
            t("rules", lang, f"grant__{row.grant}"),
            row.by or "-",
        )
        for row in rows
    )
