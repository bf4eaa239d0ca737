"""What runs instead of the terminal when the ledger cannot be used (decisions 13): it sells nothing and says why.

Same face as `Terminal` towards the loop and the diagnosis socket, so that the display, the watchdog and the link to a
field agent's laptop go on working.
"""

from dataclasses import dataclass

from firmware.events import Effect, Event, Exit, Light, Now, Show, Started, StopAsked
from firmware.view import Gap, Lang, LinkLook, Para, Row, StatusBar, Tint, View, text
from rules.errors import error
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
    idle_work: bool = False

    def step(self, event: Event, now: Now) -> tuple[Effect, ...]:
        """Show at the start, end when asked; nothing else is taken."""
        self.now = now
        match event:
            case Started():
                self.shown = self._view()
                return (Light("red"), Show(self.shown))
            case StopAsked(reason):
                return (Exit(reason),)
            case _:
                return ()

    def _view(self) -> View:
        entry = error(self.code)
        body = (
            Para(text("halted__words"), Tint.BAD, large=True),
            Gap(4),
            Para(f"[{self.code}] {entry.title(self.lang)}", Tint.BAD),
            Para(text("halted__what"), rows=3),
            Row(text("about__terminal"), self.terminal_id),
        )
        link: LinkLook = "off"
        bar = StatusBar("--:--", self.now.clock, link, 0, "none", None, "")
        return View("Halted", self.lang, text("halted__title"), body, (), bar, Tint.BAD)

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
