"""What runs instead of the terminal when the ledger cannot be used (decisions 13): it sells nothing and says why.

Same face as `Terminal` towards the loop and the diagnosis socket, so that the display, the watchdog and the link to a
field agent's laptop go on working.
"""

from dataclasses import dataclass, field

from firmware.events import Effect, Event, Exit, Key, KeyPressed, Light, Now, Show, Started, StopAsked
from firmware.screens.base import CANCEL_HINT
from firmware.screens.help import heading, pages, turn_hints
from firmware.view import Block, Gap, Hint, Lang, Para, Row, StatusBar, Tint, View, text
from rules.help import HelpDocument
from wire.messages import State
from wire.records import Record


@dataclass(slots=True)
class Halted:
    """Shows one screen until it is told to stop."""

    terminal_id: str
    code: int
    detail: str
    lang: Lang
    now: Now
    shown: View | None = None
    help: HelpDocument = field(default_factory=HelpDocument)
    page: int | None = None  # of the help, while somebody reads it
    idle_work: bool = False

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """Show at the start, end when asked; F1 or 0 explains the code, as everywhere. Nothing else is taken."""
        self.now = now
        match event:
            case Started():
                self.shown = self._view()
                return (Light("red"), Show(self.shown))
            case KeyPressed(key):
                return self._pressed(key)
            case StopAsked(reason):
                return (Exit(reason),)
            case _:
                return ()

    def _pressed(self, key: Key) -> tuple[Effect, ...]:
        found = pages(self.code, self.help, self.lang)
        match key:
            case Key.F1 | Key.D0 if self.page is None:
                self.page = 0
            case Key.DOWN | Key.OK if self.page is not None and self.page + 1 < len(found):
                self.page += 1
            case Key.UP if self.page:
                self.page -= 1
            case Key.OK | Key.CANCEL | Key.CLEAR if self.page is not None:
                self.page = None
            case _:
                return ()
        self.shown = self._view() if self.page is None else self._explained(found, self.page)
        return (Show(self.shown),)

    def _explained(self, found: tuple[tuple[Block, ...], ...], page: int) -> View:
        hints = (*turn_hints(page, len(found)), CANCEL_HINT)
        title = heading(self.code, self.help, self.lang)[0]
        return View("Help", self.lang, title, found[page], hints, self._bar())

    def _bar(self) -> StatusBar:
        return StatusBar("--:--", self.now.clock, "off", 0, "none", None, "")

    def _view(self) -> View:
        entry = self.help.error(self.code)
        body = (
            Para(text("halted__words"), Tint.BAD, large=True),
            Gap(4),
            Para(f"[{self.code}] {entry.title(self.lang)}", Tint.BAD),
            Para(text("halted__what"), rows=3),
            Row(text("about__terminal"), self.terminal_id),
        )
        hints = (Hint(Key.F1, text("hint__help")),)
        return View("Halted", self.lang, text("halted__title"), body, hints, self._bar(), Tint.BAD)

    # --- for the diagnosis socket -------------------------------------------------------------------------------------

    def seqs(self) -> tuple[int, int, int]:
        """Nothing is read from a damaged journal."""
        return 0, 0, 0

    def records(self, after: int, limit: int) -> tuple[Record, ...]:
        """Nothing is read from a damaged journal."""
        return ()

    def waiting(self) -> tuple[str, ...]:
        """For a person."""
        return ("service",)

    def state(self) -> State:
        """Out of service."""
        return State(False, reason=f"halted {self.code}")
