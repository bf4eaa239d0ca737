"""Whom settings reach, what they change and what was found there, in words, for the dashboard and the command line."""

from fleet.admin import Reach
from texts import Lang, catalogue, t


def reach(it: Reach, lang: Lang) -> list[str]:
    """Who is meant beyond the register, and who is not and why, a sentence each; nothing when all that are known are
    registered."""
    counts = {"unregistered": it.unregistered, "left_out": it.left_out}
    return [t("fleet", lang, f"reach__{name}", count=count) for name, count in counts.items() if count]


def check_name(name: str, lang: Lang) -> str:
    """A check of a self-test, as the terminal's own screen calls it; the name itself of one that is not known here."""
    return catalogue("firmware", lang).get(f"diagnosis__{name}", name)


def first_document(lang: Lang) -> str:
    """What is said in place of the settings that change, where none does: it is what the defaults say."""
    return t("fleet", lang, "changes__first")


def uncompared(count: int, lang: Lang) -> str:
    """How many terminals of a roll-out are in no group of those that change alike; empty when all are."""
    return t("fleet", lang, "changes__uncompared", count=count) if count else ""
