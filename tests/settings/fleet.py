"""A fleet for tests of settings: signs what it wants of one terminal, and a counter that hears it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.events import DesiredCame, Effect, Event, LinkUp, SettingsStored, StoreSettings, Tell
from rules.settings import Settings, defaults
from tests.counter import DAY_MS, Counter
from wire.facts import Fact
from wire.fleet import Reported

TERMINAL = "00010023"
HOUR_MS = 3_600_000


def desired(rev: int, document: Any, audience: str = f"terminal:{TERMINAL}", **more: Any) -> str:
    """The text of a `Desired`."""
    body = {
        "rev": rev, "audience": audience, "not_before_ms": 0, "expires_ms": DAY_MS + 72 * HOUR_MS, "document": document,
        **more,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False)


def footer(text: str) -> dict[str, Any]:
    """A document that changes the slip's last line."""
    return {"shop": {"footer": [text]}}


@dataclass
class Shop(Counter):
    """A counter that the fleet talks to."""

    stepping: bool = False

    waiting: list[StoreSettings] = field(default_factory=list)  # on their way to the card
    card: bool = True  # whether it answers by itself

    def step(self, event: Event, after_ms: int = 100) -> list[Effect]:
        """One event; the card answers when everything else of it is done, as a worker does."""
        outer = not self.stepping
        self.stepping = True
        effects = super().step(event, after_ms)
        if outer:
            self.stepping = False
            while self.waiting and self.card:
                self.say()
        return effects

    def _answer(self, effect: Effect) -> list[Effect]:
        if isinstance(effect, StoreSettings):
            self.waiting.append(effect)
            return []
        return super()._answer(effect)

    def say(self, code: int = 0) -> None:
        """The card has the book it was given first; or it has not."""
        effect = self.waiting.pop(0)
        if not code:
            self.book = effect.book
        self.step(SettingsStored(effect.request, code))

    def reboot(self) -> "Shop":
        """The power goes and comes back; what was on its way to the card is lost."""
        self.cut()
        self.waiting.clear()
        self.boot()
        return self

    def hear(self, text: str, trusted: bool = True, after_ms: int = 100) -> "Shop":
        """A document arrives."""
        self.step(DesiredCame(text, trusted), after_ms)
        return self

    def told(self) -> list[Reported]:
        """What the fleet was told of the settings, in order."""
        return [each.message for each in self.out if isinstance(each, Tell) and isinstance(each.message, Reported)]

    def of(self, kind: type[Fact]) -> list[Any]:
        """All journaled facts of a kind."""
        return [entry.fact for entry in self.ledger.entries() if isinstance(entry.fact, kind)]


def shop(folder: Path, settings: Settings | None = None) -> Shop:
    """Open for business, the link up."""
    made = Shop(folder, settings or defaults()).open_for_business()
    assert isinstance(made, Shop)
    made.step(LinkUp())
    return made
