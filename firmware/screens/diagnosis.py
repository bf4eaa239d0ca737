"""故障诊断: ten checks in order, started with one key; the first that fails is what to mend first."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Move, Pop, Push, Screen, Stay, shown, stay
from firmware.txn.command import Check, Context
from firmware.txn.diagnosis import CHECKS, PrintDiagnosis, first_bad
from firmware.view import Block, Gap, Hint, Para, Row, Tint, View, text
from rules.errors import error

ROWS_SHOWN = 6

_TINTS = {"ok": Tint.GOOD, "bad": Tint.BAD, "runs": Tint.UNSURE}


def diagnosis(ctx: Context) -> Move:
    """The menu's entry."""
    return Push(Diagnosis())


@dataclass(frozen=True, slots=True)
class Diagnosis(Screen):
    """The checks with how each ended. `run`: another number than before starts them (`desks.diagnosis`). F1 explains the
    first failure's code, as on any screen that shows one."""

    run: int = 0
    top: int = -1  # the first check shown; -1: as it suits what runs or failed

    def press(self, key: Key, ctx: Context) -> Move:
        """OK starts, UP and DOWN turn the list, F2 prints what was found."""
        match key:
            case Key.OK if self.run == 0 or _over(ctx):
                return Stay(Diagnosis(ctx.now.monotonic_ms))
            case Key.F2 if self.run and _over(ctx):
                return Do(PrintDiagnosis(), stay)
            case Key.UP | Key.DOWN if self.run:
                step = 1 if key is Key.DOWN else -1
                return Stay(replace(self, top=max(0, min(_top(self.top, ctx) + step, len(CHECKS) - ROWS_SHOWN))))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """One row for each check; below it what to do about the first that failed."""
        if not self.run:
            body: tuple[Block, ...] = (Gap(16), Para(text("diagnosis__words"), large=True))
            return shown(
                self, ctx, text("menu__diagnosis"), body, (Hint("OK", text("diagnosis__start")), CANCEL_HINT)
            )  # fmt: skip
        checks, bad = ctx.devices.checks, first_bad(ctx.devices.checks)
        top = _top(self.top, ctx)
        rows: tuple[Block, ...] = tuple(_row(each, each == bad) for each in checks[top : top + ROWS_SHOWN])
        tint = Tint.BAD if bad else Tint.PLAIN
        if bad is not None:
            entry = error(bad.code)
            rows += (
                Row(entry.line(ctx.lang), tint=Tint.BAD, strong=True),
                Row(entry.action(ctx.lang), tint=Tint.QUIET),
            )
        elif _over(ctx):
            rows += (Row(text("diagnosis__fine"), tint=Tint.GOOD, strong=True),)
            tint = Tint.GOOD
        hints = (Hint("OK", text("diagnosis__again")), Hint("F2", text("report__print"))) if _over(ctx) else ()
        return shown(self, ctx, text("menu__diagnosis"), rows, (*hints, CANCEL_HINT), tint)


def _over(ctx: Context) -> bool:
    checks = ctx.devices.checks
    return bool(checks) and all(each.state not in ("waits", "runs") for each in checks)


def _top(chosen: int, ctx: Context) -> int:
    """The first check on the screen: what was chosen, or so that the one that runs or failed first is seen."""
    if chosen >= 0:
        return chosen
    states = [each.state for each in ctx.devices.checks]
    at = states.index("runs") if "runs" in states else states.index("bad") if "bad" in states else 0
    return max(0, min(at - ROWS_SHOWN // 2, len(CHECKS) - ROWS_SHOWN))


def _row(each: Check, first: bool) -> Row:
    state = text(f"diagnosis__{each.state}")
    if each.code:
        state = text("diagnosis__coded", code=each.code, state=state)
    return Row(text(f"diagnosis__{each.name}"), state, _TINTS.get(each.state, Tint.QUIET), strong=first)
