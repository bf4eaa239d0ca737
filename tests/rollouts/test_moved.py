"""A terminal that is moved while a roll-out is under way gets what is right where it is now."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Plan, Stage, Where
from tests.fleet_settings.office import Office, desired_of, reported
from tests.rollouts.crowd import QUICK

TWO_STAGES: Plan = msgspec.structs.replace(
    QUICK, stages=(Stage(terminals=1), Stage(percent=100)), first=("T0",), bake_s=0, revert=False
)


@pytest.fixture
def office():
    """A roll-out that has touched T0; T1 and T2, of shop s1, are to follow."""
    made = Office()
    made.register(("T0", "", "s1"), ("T1", "", "s1"), ("T2", "", "s1"))
    made.ask(admin.PutPolicy(policy=admin.Policy(four_eyes=False)))
    made.layer("shop:s1", {"shop": {"branch": "one"}})
    made.layer("shop:s2", {"shop": {"branch": "two"}})
    for name in ("T0", "T1", "T2"):
        made.online(name)
    made.push()
    hear(made)
    made.layer("fleet", {"terminal": {"volume": 1}})
    made.ask(admin.StartRollout(release=admin.SettingsRelease(), where=Where(), plan=TWO_STAGES))
    made.tick()
    assert list(hear(made)) == ["T0"]
    yield made
    made.store.close()


def hear(office):
    """What is given to whom; each applies it."""
    given = {each.terminal: desired_of(each) for each in office.pump()}
    for name, each in given.items():
        office.say(name, "reported", reported(each.rev))
    return {name: each.document for name, each in given.items()}


def go_on(office):
    for _ in range(3):
        office.tick()
    return hear(office)


def test_it_gets_the_settings_of_its_new_shop(office):
    office.now += 1
    office.ask(admin.Register(rows=(admin.Registered(terminal="T1", shop="s2", tags=("big",)),)))
    given = go_on(office)
    assert given["T1"] == {"terminal": {"volume": 1}, "shop": {"branch": "two"}}
    assert given["T2"] == {"terminal": {"volume": 1}, "shop": {"branch": "one"}}
    office.tick()
    assert office.ask(admin.ShowRollout(rollout=1)).look.state == "complete"
    assert office.push().terminals == 0, "it has what its place says"


def test_what_was_written_since_is_no_part_of_the_roll_out_but_for_a_shop_that_is_new(office):
    office.now += 1
    office.layer("fleet", {"terminal": {"volume": 0}})
    office.layer("shop:s3", {"shop": {"branch": "three"}})
    office.ask(admin.Register(rows=(admin.Registered(terminal="T1", shop="s3"),)))
    assert go_on(office)["T1"] == {"terminal": {"volume": 1}, "shop": {"branch": "three"}}


def test_a_place_whose_settings_do_not_fit_together_stops_it(office):
    office.now += 1
    office.layer("shop:s4", {"shift": {"float_expected_fen": 90_000}})
    office.layer("tag:small", {"shift": {"float_max_fen": 100}})
    office.ask(admin.Register(rows=(admin.Registered(terminal="T1", shop="s4", tags=("small",)),)))
    given = go_on(office)
    assert sorted(given) == ["T2"]
    shown = office.ask(admin.ShowRollout(rollout=1, limit=10))
    states = {row.terminal: (row.state, row.reason) for row in shown.terminals}
    assert states["T1"] == ("failed", "shift.float_expected_fen above_max")
    assert shown.look.state == "halted"


def test_taken_back_it_gets_what_it_had(office):
    office.now += 1
    office.ask(admin.Register(rows=(admin.Registered(terminal="T1", shop="s2"),)))
    office.tick()
    office.tick()
    assert "T1" in hear(office)
    office.ask(admin.RolloutAct(rollout=1, act="revert"))
    office.tick()
    assert hear(office)["T1"] == {"shop": {"branch": "one"}}
