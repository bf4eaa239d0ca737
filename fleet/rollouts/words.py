"""A roll-out in words, for the dashboard and the command line alike."""

import re
from collections.abc import Callable, Sequence

from fleet.admin import RolloutNote, RolloutShown, RolloutTerminal
from rules.errors import errors
from texts import Lang, catalogue, t

NAMED_MAX = 20
"""Terminals a sentence names."""

_TOLD = (
    ("stage", re.compile(r"(?P<stage>\d+) of (?P<stages>\d+): (?P<count>\d+) terminals")),
    ("terminals", re.compile(r"(?P<count>\d+) terminals")),
    ("touched", re.compile(r"touched (?P<count>\d+) of (?P<size>\d+)")),
    ("applied", re.compile(r"applied (?P<count>\d+) of (?P<size>\d+)")),
    ("watched", re.compile(r"watched until (?P<at_ms>\d+)")),
    ("complete", re.compile(r"complete")),
    ("gate", re.compile(r"(?P<gate>failed|rolled_back|silent|errors|crashes) (?P<value>\d+) > (?P<limit>\d+)")),
    ("not_heard", re.compile(r"not heard: (?P<terminals>.+)")),
    ("kept", re.compile(r"newer settings stay: (?P<terminals>.+)")),
)
"""What the engine writes down, in the store's words, for programs and for ever."""


_SAID = re.compile(
    r"(?:(?P<status>pending|waiting_idle|trial|busy$)(?: |$))?(?:(?P<code>\d{4})(?: |$))?(?P<rest>.*)", re.DOTALL
)


def reason(text: str, lang: Lang) -> str:
    """What a terminal says of what it was given: how far it has come, the code with its title. Another reason as it is."""
    found = _SAID.fullmatch(text)
    assert found is not None, "anything fits"
    status, code, rest = found["status"], int(found["code"] or 0), found["rest"]
    entry = errors().get(code)
    title = entry.line(lang) if entry is not None else f"[{code}]" if code else ""
    return ": ".join(part for part in (status and t("manager", lang, f"status__{status}"), title, rest) if part)


def is_told(row: RolloutTerminal) -> bool:
    """Whether there is something to say about this terminal: it did not do it, or says why it has not yet."""
    if row.state in ("pushed", "reverting"):
        found = _SAID.fullmatch(row.reason)
        return found is not None and found["code"] is not None
    return row.state not in ("applied", "untouched", "reverted")


def unreverted(shown: RolloutShown, lang: Lang) -> str:
    """Who was given back what it had and has not said that it has it; empty when there is nobody."""
    if not shown.unreverted:
        return ""
    still = "reverting" if shown.look.state == "reverting" else "reverted"
    return t("rollouts", lang, f"unreverted__{still}", terminals=named(shown.unreverted))


def verdict(text: str, lang: Lang, moment: Callable[[int], str]) -> str:
    """What was decided last; a person's reason stays as it was given."""
    return "; ".join(_told(part, lang, moment) for part in text.split("; "))


def note(it: RolloutNote, lang: Lang, moment: Callable[[int], str]) -> tuple[str, str]:
    """A line of the history: what happened, and more about it. What people did has their reason, in their words."""
    detail = it.detail if it.who and it.what != "start" else verdict(it.detail, lang, moment)
    return catalogue("rollouts", lang).get(f"note__{it.what}", it.what), detail


def _told(part: str, lang: Lang, moment: Callable[[int], str]) -> str:
    for name, form in _TOLD:
        if found := form.fullmatch(part):
            about = found.groupdict()
            if "at_ms" in about:
                about["at_ms"] = moment(int(about["at_ms"]))
            if "gate" in about:
                about["gate"] = t("manager", lang, f"gate__{about['gate']}")
            return t("rollouts", lang, f"told__{name}", **about)
    return part


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
