"""权限表: what each operator may do here, and which setting says so: for review, and when somebody met 2005."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.report import printed
from firmware.screens.widgets import refuse
from firmware.txn.command import Context
from firmware.txn.rights_report import PrintRights, of_operator, refusal, said
from firmware.view import Block, Hint, Item, Items, Row, Tint, View, text
from rules.rights import role_of

ROWS, PAGE_ROWS = 6, 7


def rights(ctx: Context) -> Move:
    """Whose rights?"""
    wrong = refusal(ctx)
    return refuse(wrong.code, wrong.about) if wrong else Push(RightsList())


@dataclass(frozen=True, slots=True)
class RightsList(Screen):
    """The operators of this shop."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK shows what one may do."""
        people = ctx.settings.operators
        match key:
            case Key.OK:
                return Push(RightsOf(people[self.row % len(people)].number))
            case Key.UP | Key.DOWN:
                return Stay(RightsList((self.row + (1 if key is Key.DOWN else -1)) % len(people)))
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Number, name and role."""
        people = ctx.settings.operators
        row = self.row % len(people)
        first = row // ROWS * ROWS
        items = tuple(
            Item("", f"{each.number} {each.name}", text(f"role__{role_of(each.number) or 'none'}"))
            for each in people[first : first + ROWS]
        )
        body = (Items(items, row - first, first // ROWS + 1, -(-len(people) // ROWS)),)
        return shown(self, ctx, text("rights__title"), body, (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT))


@dataclass(frozen=True, slots=True)
class RightsOf(Screen):
    """Every right of one operator; those that no setting gives or takes are as the role is built."""

    number: str
    at: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """DOWN and UP turn pages, F1 prints."""
        count = -(-len(self._lines(ctx)) // PAGE_ROWS)
        match key:
            case Key.DOWN | Key.OK:
                return Stay(RightsOf(self.number, (self.at + 1) % count))
            case Key.UP:
                return Stay(RightsOf(self.number, (self.at - 1) % count))
            case Key.F1:
                return Do(PrintRights(self.number), printed)
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def _lines(self, ctx: Context) -> tuple[Row, ...]:
        lines: list[Row] = []
        for row in of_operator(ctx, self.number):
            tint = {"no": Tint.QUIET, "supervisor": Tint.UNSURE}.get(row.grant, Tint.PLAIN)
            lines.append(Row(*said(row, ctx.lang), tint))
            if row.by:
                lines.append(Row("", row.by, Tint.QUIET))
        return tuple(lines)

    def view(self, ctx: Context) -> View:
        """One page."""
        lines = self._lines(ctx)
        count = -(-len(lines) // PAGE_ROWS)
        at = min(self.at, count - 1)
        body: tuple[Block, ...] = (
            Row(text("rights__of", number=self.number), f"{at + 1}/{count}", strong=True),
            *lines[at * PAGE_ROWS : (at + 1) * PAGE_ROWS],
        )
        hints = (Hint("DOWN", text("report__next")), Hint("F1", text("report__print")), CANCEL_HINT)
        return shown(self, ctx, text("rights__title"), body, hints)
