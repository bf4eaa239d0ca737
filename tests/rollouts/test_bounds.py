"""Whatever happens in whatever order - ticks, words of terminals, restarts, people, lost messages - a bad document reaches
no more terminals than its stage allows, and what was touched is given back."""

import random

import pytest

from fleet import admin
from fleet.admin import Plan, Stage
from fleet.core import DeskTick
from fleet.desk.layers import address, canonical
from fleet.effects import SendDesired
from tests.fleet_settings.office import BORIS, Office, desired_of, reported

BAD = {"terminal": {"volume": 0}}
WRONG = address(canonical(BAD))
SIZE = 40
PLAN = Plan(
    stages=(Stage(terminals=1), Stage(terminals=4), Stage(percent=50), Stage(percent=100)),
    bake_s=120, silent_after_s=900, unfinished_after_s=1_800, baseline_s=3_600,
)  # fmt: skip
SIZES = (1, 4, 20, 40)
NAMES = [f"T{number:02}" for number in range(SIZE)]


class Storm:
    """A roll-out in a storm. Terminals know what is bad and say `rolled_back`, or nothing, whenever chance lets them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.office = Office()
        self.office.ask(admin.Register(rows=tuple(admin.Registered(terminal=name) for name in NAMES)))
        self.office.layer("fleet", {"terminal": {"volume": 1}})
        self.office.push()
        self.newest: dict[str, tuple[int, dict]] = {}
        self.hear(self.office.pump())
        for name in NAMES:
            self.office.say(name, "reported", reported(1))
        self.office.layer("fleet", BAD)
        shown = self.office.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=PLAN))
        self.number = shown.look.rollout
        self.office.ask(admin.RolloutAct(rollout=self.number, act="approve"), by=BORIS)
        self.victims: set[str] = set()
        self.settled: set[str] = set()
        self.stages: set[int] = set()

    def hear(self, effects):
        for effect in effects:
            if isinstance(effect, SendDesired):
                self.newest[effect.terminal] = (effect.rev, desired_of(effect).document)

    def step(self):
        """One thing happens."""
        office, chance = self.office, self.chance
        match chance.choices(
            ["tick", "pump", "lost", "restart", "speak", "pause", "resume", "late"], [9, 9, 2, 2, 20, 1, 2, 1]
        )[0]:
            case "tick":
                office.tick(chance.choice([1_000, 10_000, 60_000, 300_000]))
            case "late":
                office.core.step(DeskTick(office.now - 60_000))  # a clock that was set back
            case "pump":
                self.hear(office.pump(taken=chance.random() < 0.7))
            case "lost":
                office.pump(taken=False)
            case "restart":
                office.restart()
            case "speak":
                self.speak(chance.choice(NAMES))
            case act:
                office.ask(admin.RolloutAct(rollout=self.number, act=act))
        self.check()

    def speak(self, name):
        rev, document = self.newest[name]
        if document != BAD:
            self.office.say(name, "reported", reported(rev))
        elif self.chance.random() < 0.6:
            bad = int(name[1:]) % 4 == self.chance.randrange(4)
            self.office.say(name, "reported", reported(rev, "rolled_back" if bad else "applied"))
        else:
            self.office.say(name, "reported", reported(rev, self.chance.choice(["pending", "waiting_idle", "trial"])))

    def check(self):
        """Never more than the stage, and no stage before the one before was through."""
        with self.office.store.begin() as books:
            row = books.fleet.rollouts.get(self.number)
            bad = {name for name, row in books.fleet.settings.desired_of(NAMES).items() if row.sha256 == WRONG}
        self.victims |= bad
        self.stages.add(row.stage)
        assert len(self.victims) <= SIZES[row.stage]
        if row.state == "reverted":
            assert not bad
        if row.state in ("reverting", "reverted"):
            assert self.settled in (set(), self.victims), "one more was touched after the halt"
            self.settled = set(self.victims)


@pytest.mark.parametrize("seed", range(5))
def test_no_order_of_things_pushes_a_bad_document_beyond_its_stage(seed):
    storm = Storm(seed)
    for _ in range(220):
        storm.step()
    storm.office.ask(admin.RolloutAct(rollout=storm.number, act="resume"))
    for _ in range(40):
        storm.office.tick(300_000)
    state = storm.office.ask(admin.ShowRollout(rollout=storm.number)).look.state
    assert state in ("reverted", "complete")
    storm.check()
