"""A roll-out in words, for the dashboard and the command line alike."""

from collections.abc import Callable, Sequence

from fleet.admin import RolloutShown
from texts import Lang, t

NAMED_MAX = 20
"""Terminals a sentence names."""


def unreverted(shown: RolloutShown, lang: Lang) -> str:
    """Who was given back what it had and has not said that it has it; empty when there is nobody."""
    if not shown.unreverted:
        return ""
    still = "reverting" if shown.look.state == "reverting" else "reverted"
    return t("rollouts", lang, f"unreverted__{still}", terminals=named(shown.unreverted))


def waits(shown: RolloutShown, lang: Lang, moment: Callable[[int], str]) -> list[str]:
    """What it waits for, a sentence each. `moment`: how its reader is told a time."""
    found = []
    for each in shown.waits:
        key = f"{each.what}_never" if each.what == "window" and not each.until_ms else each.what
        arguments = {"who": shown.look.who, "count": each.terminals, "at": moment(each.until_ms)}
        found.append(t("rollouts", lang, f"waits__{key}", **arguments))
    return found


def named(terminals: Sequence[str], limit: int = NAMED_MAX) -> str:
    """The first of them, and how many more there are."""
    rest = len(terminals) - limit
    return ", ".join(terminals[:limit]) + (f" … +{rest}" if rest > 0 else "")
