"""The same roll-outs on SQLite and on a real PostgreSQL."""

import pytest

from fleet import admin
from tests.fleet_settings.office import BORIS
from tests.rollouts.crowd import BAD, GOOD, QUICK, Crowd, history
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.usefixtures("each_store")
OTHER = {"terminal": {"volume": 3}}


def test_a_good_one_completes():
    crowd = Crowd(["fine"] * 12)
    number = crowd.roll_out(OTHER)
    crowd.minutes(200, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"
    assert len(crowd.with_(OTHER)) == 12


def test_a_bad_one_is_taken_back():
    crowd = Crowd(["errs"] * 12)
    number = crowd.roll_out(BAD)
    crowd.minutes(200, crowd.ended(number))
    crowd.minutes(10)
    shown = crowd.shown(number)
    assert shown.look.state == "reverted"
    assert {note.what for note in shown.history} >= {"halt", "give_back"}
    assert len([light for light in crowd.lights.values() if light.document == GOOD]) == 12


def test_acts_and_pages_are_answered_alike():
    crowd = Crowd(["fine"] * 5)
    crowd.layer("fleet", OTHER)
    number = crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK)).look.rollout
    assert crowd.act(number, "approve").reason == "four_eyes"
    crowd.act(number, "approve", by=BORIS)
    crowd.minutes(3)
    assert [row.rollout for row in crowd.ask(admin.Rollouts(open_only=True)).rows] == [number]
    assert {row.rollout for row in crowd.ask(admin.ListTerminals()).rows} == {number}
    crowd.act(number, "abort")
    assert crowd.ask(admin.Rollouts(open_only=True)).rows == ()
    assert [what for _, what, _ in history(crowd, number)] == ["start", "approve", "touch", "abort"]
