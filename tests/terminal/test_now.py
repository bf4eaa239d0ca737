"""A *now* fact is on the card when the step returns, whoever told it; a *soon* one may wait (decisions 7)."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.desks import Till
from firmware.desks.all_desks import desks
from firmware.events import BatterySeen, Event
from firmware.txn.ledger import Ledger, Stamp
from tests.counter import Counter
from wire.facts import EpochGranted, Fact, SlipPrinted, TrainingEntered, TrainingLeft


@dataclass(slots=True)
class Teller:
    """A desk that tells one fact when it sees the battery."""

    fact: Fact
    name: str = "teller"

    def booted(self, till: Till) -> None:
        """Nothing."""

    def hear(self, till: Till, event: Event) -> None:
        """Tell."""
        if isinstance(event, BatterySeen):
            till.append(self.fact)

    def fired(self, till: Till, what: str) -> None:
        """No timers."""

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("fact", "durable"), [(EpochGranted(7), True), (TrainingLeft("01"), True), (SlipPrinted(1, "printed"), False)]
)
def test_what_a_desk_tells_is_durable_when_its_kind_says_so(fact: Fact, durable: bool, tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.pass_time(15_000)
    counter.terminal.desks = (*desks(), Teller(fact))
    syncs = counter.ledger.syncs
    counter.step(BatterySeen(80, False))
    assert (counter.ledger.durable_seq == counter.ledger.next_seq - 1) is durable
    assert counter.ledger.syncs - syncs == durable
    counter.cut()
    left = Ledger.open(tmp_path / "ledger.db", "00010023", 4711)
    assert (fact in [entry.fact for entry in left.entries()]) is durable


def test_practice_that_a_cut_ended_is_over_on_record_before_anything_else(tmp_path: Path) -> None:
    """The desk of training tells it at the boot, a *now* fact without a command."""
    counter = Counter(tmp_path).open_for_business()
    counter.ledger.append((TrainingEntered("01"),), Stamp(counter.day_ms, "trusted"))
    counter.ledger.commit()
    counter.cut()
    counter.boot()
    assert "training_left" in counter.facts()
    assert not any(isinstance(fact, TrainingLeft) for fact in counter.ledger.pending_facts())
