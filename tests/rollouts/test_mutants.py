"""Faults put into the engine on purpose: each must be noticed by a roll-out that goes wrong, or the tests watch nothing."""

from itertools import pairwise

import pytest

from fleet import admin
from fleet.core import Core, DeskTick
from fleet.rollouts import desk, engine
from fleet.rollouts.engine import Rate, Wait
from fleet.rollouts.sql import RolloutBooks
from fleet.sql import SqlBooks
from tests.fleet_settings.office import KEY
from tests.rollouts.crowd import BAD, GOOD, Crowd, history

OTHER = {"terminal": {"volume": 3}}


def silence_stops_it():
    crowd = Crowd(["silent"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(120, crowd.ended(number))
    assert crowd.shown(number).look.state == "reverted"
    assert crowd.ever(BAD) == 1


def noise_does_not():
    crowd = Crowd(["fine"] * 12)
    crowd.extra = lambda it: ((light.name, "event", light.trouble(it.now)) for light in it.lights.values())
    crowd.minutes(30)
    number = crowd.roll_out(OTHER)
    crowd.minutes(200, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"


def errors_do():
    crowd = Crowd(["errs"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(120, crowd.ended(number))
    assert crowd.shown(number).look.state == "reverted"


def everybody_gets_the_old_back():
    crowd = Crowd(["fine"] * 12)
    number = crowd.roll_out(BAD)
    crowd.minutes(100, lambda: crowd.ever(BAD) >= 6)
    crowd.act(number, "revert")
    crowd.minutes(15)
    assert {str(light.document) for light in crowd.lights.values()} == {str(GOOD)}


def stages_are_watched():
    crowd = Crowd(["fine"] * 12)
    number = crowd.roll_out(OTHER)
    crowd.minutes(200, crowd.ended(number))
    times = [at_ms for at_ms, what, _ in history(crowd, number) if what in ("touch", "stage", "complete")]
    stages = [at_ms for at_ms, what, _ in history(crowd, number) if what in ("stage", "complete")]
    assert len(times) > 4
    assert all(later - earlier >= 600_000 for earlier, later in pairwise(stages))
    assert stages[0] - times[0] >= 900_000  # five minutes of trial before it


def a_pause_is_one():
    crowd = Crowd(["fine"] * 12)
    number = crowd.roll_out(OTHER)
    crowd.minutes(5)
    crowd.act(number, "pause")
    crowd.minutes(60)
    assert crowd.ever(OTHER) == 1


def a_lease_is_one():
    crowd = Crowd(["fine"] * 12)
    first, second = Core(crowd.store, KEY.sign, worker="w1"), Core(crowd.store, KEY.sign, worker="w2")
    first.step(DeskTick(crowd.now))
    number = crowd.roll_out(OTHER)
    second.step(DeskTick(crowd.now))
    assert crowd.shown(number).look.counts == {"untouched": 12}


def a_halt_touches_nobody_more():
    crowd = Crowd(["rejects"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(60, crowd.ended(number))
    assert crowd.ever(BAD) == 1


def two_never_share_a_terminal():
    crowd = Crowd(["fine"] * 5)
    crowd.roll_out(OTHER)
    crowd.layer("fleet", BAD)
    again = crowd.ask(admin.StartRollout(release=admin.SettingsRelease()))
    assert isinstance(again, admin.Refused)


_judge, _decide, _touched = engine.judge, engine.decide, RolloutBooks.touched


def silence_is_success(seen, plan, now_ms):
    state, reason = _judge(seen, plan, now_ms)
    return ("applied" if state == "silent" else state), reason


def no_baseline(rate, _factor, slack):
    return slack


def no_baking(sight, now_ms):
    found = _decide(sight, now_ms)
    return engine.Next(sight.stage + 1) if isinstance(found, Wait) and found.baking_ms and sight.stage < 4 else found


def forgets_one(books, number, limit):
    return _touched(books, number, limit)[1:]


def deaf(sight, now_ms):
    found = _decide(sight, now_ms)
    return Wait("", 0) if isinstance(found, engine.Halt) else found


def touches_anyway(books, row, policy, now_ms):
    _touch(books, row, policy, now_ms)


_touch, _watch = desk._touch, desk._watch


def paused_goes_on(books, row, now_ms):
    after = _watch(books, row, now_ms)
    if after.state == "paused":
        _touch(books, desk.replace(after, stage=3), books.fleet.policy.get(), now_ms)
    return after


def grows_first(books, row, now_ms):
    """Touches the next stage before it looks at the gates of this one."""
    if row.state == "running":
        _touch(books, desk.replace(row, stage=min(row.stage + 2, 4)), books.fleet.policy.get(), now_ms)
    return _watch(books, row, now_ms)


MUTANTS = {
    "silence_is_success": ((engine, "judge", silence_is_success), silence_stops_it),
    "gate_ignores_baseline": ((engine, "_events_max", no_baseline), noise_does_not),
    "errors_are_not_counted": ((RolloutBooks, "rates", lambda *_: (Rate(), Rate())), errors_do),
    "revert_forgets_a_terminal": ((RolloutBooks, "touched", forgets_one), everybody_gets_the_old_back),
    "grows_before_it_baked": ((engine, "decide", no_baking), stages_are_watched),
    "paused_keeps_pushing": ((desk, "_watch", paused_goes_on), a_pause_is_one),
    "lease_ignored": ((SqlBooks, "lease", lambda *_: True), a_lease_is_one),
    "halt_is_not_heard": ((engine, "decide", deaf), silence_stops_it),
    "grows_before_the_gates": ((desk, "_watch", grows_first), a_halt_touches_nobody_more),
    "holds_nobody": (
        ("fleet.desk.sql_register.RegisterBooks", "held", lambda *_: {}), two_never_share_a_terminal,
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", sorted({check.__name__ for _, check in MUTANTS.values()}))
def test_without_a_fault_all_is_well(check):
    globals()[check]()


@pytest.mark.parametrize("name", MUTANTS)
def test_each_fault_is_noticed(name, monkeypatch):
    (where, attribute, fault), check = MUTANTS[name]
    if isinstance(where, str):
        monkeypatch.setattr(f"{where}.{attribute}", fault)
    else:
        monkeypatch.setattr(where, attribute, fault)
    with pytest.raises(AssertionError):
        check()
