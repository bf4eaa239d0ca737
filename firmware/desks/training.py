"""The live counter's side of practice: notes its end, and opens the drawer for it by the live rules only."""

from dataclasses import dataclass

from firmware.desks import Till
from firmware.events import Event, PracticeOver
from firmware.txn import life
from firmware.txn.command import Refusal
from wire.facts import Fact, TrainingLeft


@dataclass(slots=True)
class TrainingDesk:
    """Nothing of practice is remembered here: the journal knows whether somebody practises."""

    name: str = "training"

    def booted(self, till: Till) -> None:
        """A power cut, or a stop, ended practice: what was practised is gone."""
        self._over(till)

    def hear(self, till: Till, event: Event) -> None:
        """Practice is over; a code says why it could not go on."""
        if isinstance(event, PracticeOver):
            self._over(till)
            if event.code:
                till.refused(Refusal(event.code))

    def _over(self, till: Till) -> None:
        who = life.value(till.ledger, "training")
        if who:
            till.append(TrainingLeft(who))

    def fired(self, till: Till, what: str) -> None:
        """No timers."""

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Practice begins by the effect of its command."""
