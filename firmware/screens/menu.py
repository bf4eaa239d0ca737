"""The menu and what it leads to beside selling: unfinished slips, language, this terminal, sign off."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import (
    CANCEL_HINT,
    Do,
    Move,
    Pop,
    Push,
    Screen,
    Stay,
    home,
    link_look,
    other_language,
    shown,
)  # fmt: skip
from firmware.screens.slips import Unfinished, owed
from firmware.screens.widgets import Notice
from firmware.txn import life
from firmware.txn.command import Context
from firmware.txn.operator import SignOff
from firmware.view import Hint, Item, Items, Row, Say, Tint, View, text
from rules.errors import error

OPEN_JOBS_NONE = text("menu__none_unfinished")


@dataclass(frozen=True, slots=True)
class Menu(Screen):
    """Entries are chosen by their digit, or with UP, DOWN and OK."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its entry at once."""
        count = len(ENTRIES)
        if key.digit and 1 <= int(key.digit) <= count:
            return self._take(int(key.digit) - 1, ctx)
        match key:
            case Key.OK:
                return self._take(self.row, ctx)
            case Key.UP | Key.DOWN:
                return Stay(Menu((self.row + (1 if key is Key.DOWN else -1)) % count))
            case Key.CANCEL | Key.MENU:
                return Pop()
            case _:
                return Stay()

    def _take(self, row: int, ctx: Context) -> Move:
        match ENTRIES[row]:
            case "unfinished":
                return Push(Unfinished()) if owed(ctx) else Push(Notice(text("menu__unfinished"), (OPEN_JOBS_NONE,)))
            case "language":
                return other_language(ctx)
            case "terminal":
                return Push(About())
            case "sign_off":
                return Do(SignOff(), home)
            case entry:
                raise AssertionError(entry)

    def view(self, ctx: Context) -> View:
        """The entries with their digits."""
        items = tuple(Item(str(number), text(f"menu__{name}"), self._value(name, ctx)) for number, name in NUMBERED)
        hints = (Hint("OK", text("hint__ok")), Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("menu__title"), (Items(items, self.row),), hints)

    def _value(self, name: str, ctx: Context) -> Say:
        count = len(owed(ctx))
        return str(count) if name == "unfinished" and count else ""


ENTRIES = ("unfinished", "language", "terminal", "sign_off")
NUMBERED = tuple(enumerate(ENTRIES, 1))


@dataclass(frozen=True, slots=True)
class About(Screen):
    """This terminal: what a person on the phone asks for."""

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave."""
        return Pop() if key in (Key.OK, Key.CANCEL) else Stay()

    def view(self, ctx: Context) -> View:
        """Number, journal, backlog, settings, clock."""
        number = life.value(ctx.books, "epoch_number") or "-"
        rows: tuple[Row, ...] = (
            Row(text("about__terminal"), f"{ctx.terminal} / {number}"),
            Row(text("about__backlog"), str(ctx.backlog), Tint.UNSURE if ctx.backlog else Tint.PLAIN),
            Row(text("about__settings"), str(ctx.settings.revision)),
            Row(text("about__clock"), text(f"clock__{ctx.now.clock}")),
            self._link(ctx),
            Row(text("about__printer"), text(f"printer__{ctx.devices.printer}")),
        )
        return shown(self, ctx, text("about__title"), (*rows, *self._why(ctx)), (CANCEL_HINT,))

    def _link(self, ctx: Context) -> Row:
        silent = ctx.devices.link == "up" and not ctx.devices.answered
        return Row(text("about__link"), text("link__silent" if silent else f"link__{link_look(ctx)}"))

    def _why(self, ctx: Context) -> tuple[Row, ...]:
        """Why there is no link, with what to do about it."""
        if not ctx.devices.link_code:
            return ()
        entry = error(ctx.devices.link_code)
        return Row(entry.line(ctx.lang), tint=Tint.UNSURE), Row(entry.action(ctx.lang), tint=Tint.QUIET)
