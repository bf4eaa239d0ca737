"""The menu and what it leads to beside selling: unfinished slips, language, this terminal, sign off."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Move, Pop, Push, Screen, Stay, home, shown
from firmware.screens.start import Unfinished, owed
from firmware.screens.widgets import Notice
from firmware.txn import life, slip
from firmware.txn.command import Context
from firmware.txn.operator import SignOff
from firmware.view import Hint, Item, Items, Row, Say, Tint, View, text

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
                return Do(life.ChooseLanguage("en" if ctx.lang == "zh" else "zh"), home)
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
        count = len(slip.open_jobs(ctx.books))
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
        rows = (
            Row(text("about__terminal"), ctx.terminal),
            Row(text("about__epoch"), number),
            Row(text("about__backlog"), str(ctx.backlog), Tint.UNSURE if ctx.backlog else Tint.PLAIN),
            Row(text("about__settings"), str(ctx.settings.revision)),
            Row(text("about__clock"), text(f"clock__{ctx.now.clock}")),
            Row(text("about__link"), text(f"link__{ctx.devices.link}")),
            Row(text("about__printer"), text(f"printer__{ctx.devices.printer}")),
        )
        return shown(self, ctx, text("about__title"), rows, (CANCEL_HINT,))
