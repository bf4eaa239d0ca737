"""A roll-out that is taken back leaves alone what a person has pushed since."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Plan, Stage, Where
from fleet.desk.giving import EXPIRY_MS
from fleet.desk.settings import RENEWED_BEFORE_MS
from tests.fleet_settings.office import Office, reported
from tests.rollouts.crowd import QUICK

NAMES = ("T0", "T1", "T2")
AT_ONCE: Plan = msgspec.structs.replace(QUICK, stages=(Stage(percent=100),), revert=False)


@pytest.fixture
def office():
    """Old settings in force everywhere, then new ones rolled out, which every terminal rejects: halted."""
    made = Office()
    made.register(*((name, "", "s1") for name in NAMES))
    made.ask(admin.PutPolicy(policy=admin.Policy(four_eyes=False)))
    for name in NAMES:
        made.online(name)
    made.layer("fleet", {"shop": {"branch": "old"}})
    made.push()
    hear(made)
    made.layer("fleet", {"shop": {"branch": "new"}})
    made.ask(admin.StartRollout(release=admin.SettingsRelease(), where=Where(), plan=AT_ONCE))
    made.tick()
    hear(made, "rejected")
    made.tick()
    assert made.ask(admin.ShowRollout(rollout=1)).look.state == "halted"
    yield made
    made.store.close()


def hear(office, status="applied"):
    for each in office.pump():
        office.say(each.terminal, "reported", reported(each.rev, status))


def branches(office):
    found = [office.ask(admin.ShowTerminal(terminal=name)) for name in NAMES]
    return [each.desired["shop"]["branch"] for each in found]


def revert(office):
    office.ask(admin.RolloutAct(rollout=1, act="revert"))
    office.tick()
    return office.ask(admin.ShowRollout(rollout=1, limit=10))


def test_a_mended_push_stays_and_the_others_get_back_what_they_had(office):
    office.layer("fleet", {"shop": {"branch": "mended"}})
    rev = office.push(terminals=("T1",)).rev
    shown = revert(office)
    assert branches(office) == ["old", "mended", "old"]
    states = {row.terminal: (row.state, row.reason) for row in shown.terminals}
    assert states["T1"] == ("reverted", f"newer: {rev}")
    assert set(shown.unreverted) == {"T0", "T2"}
    (line,) = [note.detail for note in shown.history if note.what == "give_back"]
    assert line == "2 terminals; newer settings stay: T1"
    hear(office)
    office.tick()
    assert office.ask(admin.ShowRollout(rollout=1)).look.state == "reverted"
    assert branches(office) == ["old", "mended", "old"]


def test_with_everybody_mended_there_is_nothing_to_push(office):
    office.layer("fleet", {"shop": {"branch": "mended"}})
    office.push()
    before = office.ask(admin.Pushes()).rows
    shown = revert(office)
    assert (shown.look.state, shown.look.counts) == ("reverted", {"reverted": 3})
    assert office.ask(admin.Pushes()).rows == before
    assert branches(office) == ["mended"] * 3


def test_the_same_settings_signed_anew_are_taken_back(office):
    given = office.ask(admin.ShowTerminal(terminal="T0")).look.desired_rev
    office.tick(EXPIRY_MS - RENEWED_BEFORE_MS + 1)
    office.tick()
    assert office.ask(admin.ShowTerminal(terminal="T0")).look.desired_rev > given
    revert(office)
    assert branches(office) == ["old"] * 3
