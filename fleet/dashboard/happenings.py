"""What happened to a terminal, in the order it did: facts and changes of its link, each as a word with a few details."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fleet.desk.link import said_link
from rules.money import yuan
from wire.facts import (
    BatchSettled,
    Booted,
    Born,
    CatalogueLoaded,
    ClockChanged,
    CommandTaken,
    DayClosed,
    DayReopened,
    EpochGranted,
    Fact,
    SettingOverridden,
    SettingRestored,
    SettingsApplied,
    SettingsKept,
    SettingsRefused,
    SettingsReturned,
    SettingsStaged,
    ShiftClosed,
    ShiftOpened,
    SignOnRefused,
    Stopped,
    TerminalLocked,
    TerminalUnlocked,
    TrainingEntered,
    TrainingLeft,
    Trouble,
    UpdateMoved,
)
from wire.messages import State

DETAIL_CHARS_MAX = 120


class Happening(NamedTuple):
    """`what`: a text key of `[happened]`; `number`: seq of the record, 0 where there is none; `detail`: its arguments."""

    at_ms: int
    what: str
    number: int
    detail: dict[str, str]


_TOLD: dict[type[Fact], Callable[[Any], dict[str, object]]] = {
    Born: lambda fact: {"software": fact.software},
    Booted: lambda fact: {"software": fact.software, "end": "crash" if fact.crashed else fact.end, "rev": fact.settings_rev},
    Stopped: lambda fact: {"reason": fact.reason},
    EpochGranted: lambda fact: {"epoch": fact.number},
    ClockChanged: lambda fact: {"state": fact.state, "seconds": fact.step_ms // 1_000},
    SettingsApplied: lambda fact: {"rev": fact.rev, "origin": fact.origin},
    CatalogueLoaded: lambda fact: {"rev": fact.rev, "goods": fact.goods},
    Trouble: lambda fact: {"code": fact.code, "detail": fact.detail},
    SignOnRefused: lambda fact: {"operator": fact.operator, "failures": fact.failures},
    ShiftOpened: lambda fact: {"batch": fact.batch, "operator": fact.operator, "float": yuan(fact.float_fen)},
    ShiftClosed: lambda fact: {
        "batch": fact.batch, "operator": fact.operator, "difference": yuan(fact.difference_fen),
    },
    BatchSettled: lambda fact: {"batch": fact.batch, "verdict": fact.verdict},
    DayClosed: lambda fact: {"number": fact.number, "date": fact.business_date},
    DayReopened: lambda fact: {"number": fact.number, "operator": fact.operator, "reason": fact.reason},
    TrainingEntered: lambda fact: {"operator": fact.operator},
    TrainingLeft: lambda fact: {"operator": fact.operator},
    SettingsStaged: lambda fact: {"rev": fact.rev},
    SettingsRefused: lambda fact: {"rev": fact.rev, "path": fact.path, "code": fact.code, "reason": fact.reason},
    SettingsKept: lambda fact: {"rev": fact.rev},
    SettingsReturned: lambda fact: {"rev": fact.rev, "to": fact.to_rev, "code": fact.code, "reason": fact.reason},
    SettingOverridden: lambda fact: {"path": fact.path, "operator": fact.operator},
    SettingRestored: lambda fact: {"path": fact.path, "operator": fact.operator},
    CommandTaken: lambda fact: {"name": fact.name, "by": fact.by},
    TerminalLocked: lambda fact: {"reason": fact.reason, "by": fact.by},
    TerminalUnlocked: lambda fact: {"by": fact.by},
    UpdateMoved: lambda fact: {"version": fact.version, "status": fact.stage},
}  # fmt: skip

KINDS: tuple[str, ...] = tuple(kind.KIND for kind in _TOLD)
"""Kinds of records that are told in a timeline."""


def happening_of(fact: Fact, at_ms: int, seq: int) -> Happening | None:
    """How a fact is told; None when it is not."""
    told = _TOLD.get(type(fact))
    if told is None:
        return None
    detail = {name: str(value)[:DETAIL_CHARS_MAX] for name, value in told(fact).items()}
    return Happening(at_ms, fact.KIND, seq, detail)


def linked(before: str, state: State | None, state_ms: int) -> tuple[str, Happening | None]:
    """How the link is, and the change when it was another before."""
    if state is None:
        return before, None
    link = said_link(state)
    mark = f"{link} {state.boot_id}"
    if mark == before:
        return mark, None
    detail = {"reason": state.reason[:DETAIL_CHARS_MAX], "software": state.software[:DETAIL_CHARS_MAX]}
    return mark, Happening(state_ms, f"link_{link}", 0, detail)
