"""Going to practise, the guided tasks, and the way back."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Move, Pop, Push, Screen, Stay, home, shown, stay
from firmware.screens.widgets import Notice
from firmware.txn.command import Context
from firmware.txn.lessons import LESSONS, in_books
from firmware.txn.training import StartTraining, StopTraining
from firmware.view import Gap, Hint, Item, Items, Para, Row, Tint, View, text

TASKS_SHOWN = 6
STORIES = (text("training__codes"), *(text(f"training__story_{digits}") for digits in (11, 22, 33, 44, 55)))
"""What the practice bank makes of a payment by code (`firmware.training.bank`)."""

PRACTICE_PIN = "246810"
"""Every operator's PIN while practising (`firmware.training`): shown, because it is worth nothing anywhere else."""


def training(ctx: Context) -> Move:
    """The menu's entry: at the live counter what training is, while practising the tasks."""
    return Push(Tasks() if ctx.training else Training())


@dataclass(frozen=True, slots=True)
class Training(Screen):
    """What training is; OK begins."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK begins, CANCEL leaves."""
        if key is Key.OK:
            return Do(StartTraining(), home)
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """That nothing counts, and how to leave."""
        body = (Gap(8), Para(text("training__words"), large=True), Gap(8), Para(text("training__how")))
        return shown(self, ctx, text("training__title"), body, (Hint("OK", text("training__start")), CANCEL_HINT))


@dataclass(frozen=True, slots=True)
class Tasks(Screen):
    """The guided tasks and which are done; OK says how to do one, F2 leaves training."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Choose, read, or leave training."""
        match key:
            case Key.UP | Key.DOWN:
                return Stay(Tasks((self.row + (1 if key is Key.DOWN else -1)) % len(LESSONS)))
            case Key.OK:
                name = LESSONS[self.row].name
                return Push(Notice(text(f"lesson__{name}"), (text(f"lesson__{name}_how"),)))
            case Key.F2:
                return Do(StopTraining(), stay)
            case Key.F1:
                return Push(Notice(text("hint__pay"), STORIES))
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """A page of tasks, and the PIN for a supervisor's approval."""
        done = in_books(ctx.books)
        first = self.row // TASKS_SHOWN * TASKS_SHOWN
        items = tuple(
            Item(str(number), text(f"lesson__{lesson.name}"), text("training__done") if lesson.name in done else "")
            for number, lesson in enumerate(LESSONS[first : first + TASKS_SHOWN], first + 1)
        )
        pages = -(-len(LESSONS) // TASKS_SHOWN)
        pin = Row(text("training__pin"), PRACTICE_PIN, Tint.QUIET)
        body = (Items(items, self.row - first, first // TASKS_SHOWN + 1, pages), pin)
        hints = (
            Hint("OK", text("training__hint_how")),
            Hint("F1", text("training__hint_codes")),
            Hint("F2", text("training__hint_leave")),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("training__tasks"), body, hints)
