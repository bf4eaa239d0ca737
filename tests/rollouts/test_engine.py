"""The roll-out's rules one by one: what stops it, what lets it grow, and what a silent terminal counts as."""

from dataclasses import replace

import msgspec
import pytest

from fleet.admin import Plan, Policy, Stage, Window
from fleet.rollouts.engine import (
    Complete,
    Halt,
    Next,
    Rate,
    Seen,
    Sight,
    Wait,
    decide,
    gates,
    judge,
    judge_back,
    plan_fault,
    stage_size,
    turn,
)
from fleet.rollouts.windows import is_open
from tests.fleet_settings.office import reported
from wire.fleet import UpdateLook

NOW = 1_800_000_000_000


def in_force(rev, said):
    return msgspec.structs.replace(said, rev=rev)


PLAN = Plan(bake_s=600, silent_after_s=1_800, unfinished_after_s=3_600)
HOUR = 3_600_000


def sight(counts, stage=1, baking_ms=0, share=(0, 100), errors=Rate(), crashes=Rate(), plan=PLAN, size=100):  # noqa: B008
    return Sight(plan, size, stage, baking_ms, counts, share, errors, crashes)


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (1, [1, 1, 1, 1, 1]),
        (7, [1, 1, 1, 4, 7]),
        (200, [1, 2, 20, 100, 200]),
        (10_000, [1, 100, 1_000, 5_000, 10_000]),
        (10_001, [1, 101, 1_001, 5_001, 10_001]),
    ],
)
def test_one_then_one_percent_then_more(size, sizes):
    assert [stage_size(Plan(), size, stage) for stage in range(5)] == sizes


@pytest.mark.parametrize(
    "stages",
    [
        (Stage(percent=50),),
        (Stage(percent=50), Stage(percent=10), Stage(percent=100)),
        (Stage(), Stage(percent=100)),
        (Stage(terminals=500), Stage(percent=1), Stage(percent=100)),
    ],
)
def test_a_plan_that_shrinks_or_ends_early_is_none(stages):
    assert plan_fault(Plan(stages=stages))


def test_the_given_plan_is_one():
    assert plan_fault(Plan()) == ""


def test_the_turn_of_a_terminal_is_fixed_and_differs_between_roll_outs():
    names = [f"T{number}" for number in range(50)]
    assert sorted(set(names), key=lambda name: turn(1, name)) == sorted(names, key=lambda name: turn(1, name))
    assert sorted(names, key=lambda name: turn(1, name)) != sorted(names, key=lambda name: turn(2, name))


NEVER = None
MINUTES = 60_000


@pytest.mark.parametrize(
    ("said", "pushed_ago", "seen_ago", "expected"),
    [
        (NEVER, 10, 0, "pushed"),
        (NEVER, 30, 0, "silent"),
        (reported(4), 10, 0, "pushed"),
        (reported(4), 30, 0, "silent"),
        (reported(5), 10, 0, "applied"),
        (reported(5), 60, 29, "applied"),
        (reported(5), 60, 30, "silent"),
        (reported(5), 10, 90, "applied"),  # it was silent before it was touched
        (reported(5, "waiting_idle"), 59, 0, "pushed"),
        (reported(5, "waiting_idle"), 60, 0, "unfinished"),
        (reported(5, "trial"), 40, 35, "silent"),
        (reported(5, "rejected"), 1, 0, "rejected"),
        (reported(5, "rolled_back"), 90, 90, "rolled_back"),
        (reported(6), 1, 0, "failed"),
    ],
)
def test_a_touched_terminal_is_judged_by_what_it_says_and_does_not_say(said, pushed_ago, seen_ago, expected):
    seen = Seen("pushed", 5, NOW - pushed_ago * MINUTES, NOW - seen_ago * MINUTES, said)
    assert judge(seen, PLAN, NOW)[0] == expected


@pytest.mark.parametrize(("seen_ago", "expected"), [(31, "pushed"), (44, "pushed"), (45, "silent")])
def test_who_is_online_and_sells_nothing_is_not_silent_before_its_telemetry_is_missed(seen_ago, expected):
    """The plan's limit is 30 minutes; the house believes the word "online" for 45."""
    seen = Seen("pushed", 5, NOW - 50 * MINUTES, NOW - seen_ago * MINUTES, reported(5, "trial"), is_online=True)
    seen = replace(seen, believed_ms=45 * MINUTES)
    assert judge(seen, PLAN, NOW)[0] == expected
    assert judge(replace(seen, is_online=False), PLAN, NOW)[0] == "silent", "its connection broke off"
    assert judge(replace(seen, believed_ms=5 * MINUTES), PLAN, NOW)[0] == "silent"


@pytest.mark.parametrize("state", ["rejected", "rolled_back", "failed"])
def test_what_failed_does_not_recover(state):
    assert judge(Seen(state, 5, NOW, NOW, reported(5)), PLAN, NOW)[0] == state


def test_a_silent_terminal_that_wakes_up_counts_again():
    assert judge(Seen("silent", 5, NOW - HOUR, NOW, reported(5)), PLAN, NOW)[0] == "applied"


@pytest.mark.parametrize(
    ("status", "order", "pushed_ago", "expected"),
    [
        ("applied", "done", 5, "applied"),
        ("rolled_back", "failed", 5, "rolled_back"),
        ("pending", "accepted", 5, "pushed"),
        ("pending", "accepted", 60, "unfinished"),
        (None, "waiting", 5, "pushed"),
        (None, "waiting", 30, "silent"),
        (None, "refused", 1, "failed"),
        (None, "failed", 1, "failed"),
        (None, "silent", 30, "silent"),
        ("other", "waiting", 30, "silent"),
    ],
)
def test_an_update_succeeds_when_it_is_reported_and_not_when_it_is_promised(status, order, pushed_ago, expected):
    said = reported(3)
    if status:
        cid = "c2c2c2c2" if status == "other" else "c1c1c1c1"
        said = reported(3, update=UpdateLook(cid, "2.0", "applied" if status == "other" else status))
    seen = Seen("pushed", 0, NOW - pushed_ago * MINUTES, NOW, said, "c1c1c1c1", order)
    assert judge(seen, PLAN, NOW)[0] == expected


def test_why_an_update_comes_no_further_is_kept_and_it_counts_as_before():
    said = reported(3, update=UpdateLook("c1c1c1c1", "2.0", "pending", 1003, "no answer"))
    seen = Seen("pushed", 0, NOW - 5 * MINUTES, NOW, said, "c1c1c1c1", "accepted")
    assert judge(seen, PLAN, NOW) == ("pushed", "pending 1003 no answer")
    assert judge_back(seen, PLAN, NOW) == ("reverting", "pending 1003 no answer")
    long = reported(3, update=UpdateLook("c1c1c1c1", "2.0", "pending", 1003, "x" * 200))
    assert len(judge(replace(seen, said=long), PLAN, NOW)[1]) == 200, (
        "as the store keeps it, or it would be written anew"
    )


def test_a_terminal_that_runs_the_version_already_has_nothing_to_install():
    """It answers "done" at once, and reports no update of this number."""
    seen = Seen("pushed", 0, NOW, NOW, reported(3, software="2.0"), "c1c1c1c1", "done", "2.0")
    assert judge(seen, PLAN, NOW) == ("applied", "")
    assert judge_back(seen, PLAN, NOW) == ("reverted", "")
    assert judge(replace(seen, version="2.1"), PLAN, NOW)[0] == "pushed"


@pytest.mark.parametrize(
    ("other", "back"),
    [
        ("pending", False),
        ("waiting_idle", False),
        ("trial", False),
        ("applied", True),
        ("rejected", True),
        ("rolled_back", True),
    ],
)
def test_done_counts_only_when_no_other_update_waits_to_take_its_place(other, back):
    said = reported(3, software="1.0", update=UpdateLook("c2c2c2c2", "2.0", other))
    seen = Seen("reverting", 0, NOW, NOW, said, "c1c1c1c1", "done", "1.0")
    assert judge_back(seen, PLAN, NOW) == (("reverted", "") if back else ("reverting", other))
    assert judge(replace(seen, state="pushed"), PLAN, NOW) == (("applied", "") if back else ("pushed", other))


@pytest.mark.parametrize(
    ("said", "given_ago", "expected"),
    [
        (None, 1, ("reverting", "")),
        (reported(4), 29, ("reverting", "")),
        (reported(4), 30, ("unreverted", "no word about it")),
        (reported(5, "pending"), 1, ("reverting", "pending")),
        (reported(5, "waiting_idle"), 59, ("reverting", "waiting_idle")),
        (reported(5, "waiting_idle"), 60, ("unreverted", "waiting_idle")),
        (in_force(5, reported(5, "trial")), 1, ("reverted", "")),  # in force, and told over the network
        (reported(5), 90, ("reverted", "")),
        (reported(5, "rejected", code=9004), 1, ("unreverted", "9004")),
        (
            in_force(4, reported(6, "waiting_idle")),
            1,
            ("reverting", "waiting_idle"),
        ),  # somebody has pushed since
        (reported(6), 1, ("reverted", "")),
    ],
)
def test_what_was_given_back_is_back_when_the_terminal_says_so(said, given_ago, expected):
    assert judge_back(Seen("reverting", 5, NOW - given_ago * MINUTES, NOW, said), PLAN, NOW) == expected


@pytest.mark.parametrize(
    ("counts", "closed"),
    [
        ({"applied": 1}, []),
        ({"rejected": 1}, ["failed"]),
        ({"rolled_back": 1}, ["failed", "rolled_back"]),
        ({"silent": 1}, ["silent"]),
        ({"unfinished": 1}, ["failed"]),
        ({"applied": 98, "rejected": 2}, []),
        ({"applied": 97, "rejected": 3}, ["failed"]),
        ({"applied": 99, "rolled_back": 1}, []),
        ({"applied": 98, "rolled_back": 2}, ["rolled_back"]),
        ({"applied": 97, "silent": 3}, []),
        ({"applied": 96, "silent": 4}, ["silent"]),
        ({"applied": 49, "unfinished": 1, "rejected": 1}, ["failed"]),
        ({"untouched": 100}, []),
        ({"applied": 5, "reverted": 90}, []),
    ],
)
def test_limits_are_shares_of_the_touched_rounded_down(counts, closed):
    assert [gate.name for gate in gates(sight(counts)) if not gate.ok] == closed


@pytest.mark.parametrize(("silent", "share", "ok"), [(3, (0, 100), True), (8, (5, 100), True), (9, (5, 100), False)])
def test_as_many_may_be_silent_as_are_silent_anyway(silent, share, ok):
    found = gates(sight({"applied": 100 - silent, "silent": silent}, share=share))
    assert next(gate.ok for gate in found if gate.name == "silent") == ok


@pytest.mark.parametrize(
    ("rate", "ok"),
    [
        (Rate(touched=5, touched_ms=HOUR), True),  # the slack
        (Rate(touched=6, touched_ms=HOUR), False),
        (Rate(touched=40, touched_ms=HOUR, before=480, before_ms=24 * HOUR), True),  # 20 an hour before: 40 + 18 + 5
        (Rate(touched=64, touched_ms=HOUR, before=480, before_ms=24 * HOUR), False),
        (Rate(touched=40, touched_ms=HOUR, others=200, others_ms=10 * HOUR), True),  # everybody has it now
        (Rate(touched=64, touched_ms=HOUR, others=200, others_ms=10 * HOUR), False),
        (Rate(touched=64, touched_ms=HOUR, before=1, before_ms=HOUR, others=400, others_ms=10 * HOUR), True),
        (Rate(touched=0, touched_ms=0), True),
    ],
)
def test_errors_are_judged_against_the_fleets_own(rate, ok):
    found = {gate.name: gate for gate in gates(sight({"applied": 1}, errors=rate))}
    assert found["errors"].ok == ok


def test_crashes_have_a_gate_of_their_own():
    rate = Rate(touched=2, touched_ms=HOUR)
    assert [gate.name for gate in gates(sight({"applied": 1}, crashes=rate)) if not gate.ok] == ["crashes"]


@pytest.mark.parametrize(
    ("counts", "stage", "baking_ms", "expected"),
    [
        ({"untouched": 100}, 0, 0, Wait),
        ({"untouched": 99, "pushed": 1}, 0, 0, Wait),
        ({"untouched": 99, "applied": 1}, 0, 0, Wait),
        ({"untouched": 99, "applied": 1}, 0, NOW - 599_000, Wait),
        ({"untouched": 99, "applied": 1}, 0, NOW - 600_000, Next),
        ({"untouched": 99, "rolled_back": 1}, 0, NOW - 600_000, Halt),
        ({"untouched": 90, "applied": 9, "pushed": 1}, 2, NOW - HOUR, Wait),
        ({"untouched": 50, "applied": 48, "pushed": 2}, 3, NOW - HOUR, Next),
        ({"applied": 97, "silent": 3}, 4, NOW - HOUR, Complete),
        ({"applied": 96, "silent": 4}, 4, NOW - HOUR, Halt),
        ({"applied": 94, "pushed": 6}, 4, NOW - HOUR, Wait),
    ],
)
def test_a_stage_grows_only_when_it_succeeded_and_was_watched(counts, stage, baking_ms, expected):
    assert isinstance(decide(sight(counts, stage, baking_ms), NOW), expected)


def test_watching_begins_when_the_stage_succeeded_and_anew_when_it_no_longer_does():
    assert decide(sight({"untouched": 99, "applied": 1}, 0), NOW).baking_ms == NOW
    assert decide(sight({"untouched": 99, "applied": 1}, 0, NOW - 5), NOW).baking_ms == NOW - 5
    assert decide(sight({"untouched": 99, "pushed": 1}, 0, NOW - 5), NOW).baking_ms == 0


def test_a_stage_of_sleepers_alone_has_not_succeeded():
    """Everybody is silent, so silence is forgiven; but nothing speaks for the new thing."""
    found = decide(sight({"untouched": 0, "silent": 100}, 4, NOW - HOUR, share=(100, 100)), NOW)
    assert isinstance(found, Wait)


CLOCKS = {"07:30": 1_800_055_800_000}  # 2027-01-15 23:30 UTC is 07:30 on Saturday in China


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(from_min=420, to_min=480), True),  # 07:00 to 08:00
        (Window(from_min=480, to_min=540), False),
        (Window(from_min=420, to_min=450), False),  # the end is outside
        (Window(from_min=450, to_min=480), True),
        (Window(from_min=1_320, to_min=480), True),  # past midnight
        (Window(from_min=1_320, to_min=480, days=(5,)), True),  # begun on Friday
        (Window(from_min=1_320, to_min=480, days=(6,)), False),
        (Window(from_min=420, to_min=480, days=(6,)), True),
        (Window(from_min=420, to_min=480, days=(5,)), False),
        (Window(from_min=420, to_min=480, zone="UTC"), False),
        (Window(), True),
    ],
)
def test_a_window_is_by_the_shops_own_clock(window, expected):
    assert is_open(Policy(windows={"fleet": window}), "s1", "g1", CLOCKS["07:30"]) == expected


def test_the_shops_window_goes_before_the_groups_before_the_fleets():
    shut, wide = Window(from_min=0, to_min=1), Window()
    windows = {"fleet": shut, "group:g1": wide, "shop:s1": shut}
    policy = Policy(windows=windows)
    assert not is_open(policy, "s1", "g1", CLOCKS["07:30"])
    assert is_open(policy, "s2", "g1", CLOCKS["07:30"])
    assert not is_open(policy, "s2", "g2", CLOCKS["07:30"])
    assert is_open(Policy(), "s2", "g2", CLOCKS["07:30"])
