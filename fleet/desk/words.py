"""Whom settings reach, in words, for the dashboard and the command line alike."""

from fleet.admin import Reach
from texts import Lang, t


def reach(it: Reach, lang: Lang) -> list[str]:
    """Who is meant beyond the register, and who is not and why, a sentence each; nothing when all that are known are
    registered."""
    counts = {"unregistered": it.unregistered, "left_out": it.left_out}
    return [t("fleet", lang, f"reach__{name}", count=count) for name, count in counts.items() if count]
