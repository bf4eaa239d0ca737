"""Roll-outs over many terminals that speak: good ones reach all, bad ones stop and are taken back by themselves."""

import pytest

from firmware.txn.remote import LIFE_MS_MAX
from fleet import admin
from fleet.admin import Caller, Policy, Window
from fleet.core import Core, DeskTick
from fleet.rollouts import words
from tests.fleet_settings.office import ANNA, BORIS, KEY, reported
from tests.rollouts.crowd import BAD, GOOD, QUICK, Crowd, history
from wire.fleet import Blob

FINE = ["fine"] * 40
OTHER = {"terminal": {"volume": 3}}


def of(natures, **more):
    return Crowd(natures, **more)


def mixed(size, *, silent=0, falls=0, **more):
    """`size` terminals, spread evenly: so many percent of each nature."""
    natures = ["fine"] * size
    place = 0
    for nature, percent in {"silent": silent, "falls": falls, **more}.items():
        for _ in range(size * percent // 100):
            while natures[place * 7 % size] != "fine":
                place += 1
            natures[place * 7 % size] = nature
    return natures


def test_a_good_roll_out_reaches_everybody_stage_by_stage():
    crowd = of(["fine"] * 200)
    number = crowd.roll_out(OTHER)
    sizes = set()
    crowd.minutes(300, lambda: sizes.add(crowd.ever(OTHER)) or crowd.ended(number)())
    shown = crowd.shown(number)
    assert shown.look.state == "complete"
    assert sizes == {0, 1, 2, 20, 100, 200}
    assert len(crowd.with_(OTHER)) == 200
    assert shown.look.counts == {"applied": 200}
    assert [note.what for note in shown.history] == [
        "start", "approve", "touch", "stage", "touch", "stage", "touch", "stage", "touch", "stage", "touch", "complete",
    ]  # fmt: skip
    assert not any(row.rollout for row in crowd.ask(admin.ListTerminals(limit=1_000)).rows), "nobody is held any longer"


def test_over_200_terminals_of_which_some_go_silent_and_some_fall_back_it_halts_and_reverts_by_itself():
    crowd = of(mixed(200, silent=3, falls=3))
    number = crowd.roll_out(BAD)
    crowd.minutes(600, crowd.ended(number))
    crowd.minutes(20)
    shown = crowd.shown(number)
    assert shown.look.state == "reverted"
    touched = crowd.ever(BAD)
    assert 0 < touched <= 100, "never all of them"
    left = [light for light in crowd.lights.values() if light.given[-1] == BAD]
    assert all(not light.awake for light in left), "only who cannot hear still has it"
    for light in crowd.lights.values():
        if light.awake:
            assert light.document == GOOD
    assert shown.look.counts == {"reverted": touched - len(left), "unreverted": len(left), "untouched": 200 - touched}
    assert shown.unreverted == tuple(row.terminal for row in shown.terminals if row.state == "unreverted")
    assert set(shown.unreverted) == {light.name for light in left}, "who did not say so is named"
    assert all(name in shown.history[-1].detail for name in shown.unreverted)
    assert "halt" in [note.what for note in shown.history]
    pushes = crowd.ask(admin.Pushes(limit=1_000)).rows
    assert pushes[0].kind == "revert"
    assert "silent" in pushes[0].why or "rolled_back" in pushes[0].why or "failed" in pushes[0].why
    dead = [light.name for light in left]
    assert dead
    for name in dead:  # one that wakes up finds the good settings at the broker
        desired = crowd.ask(admin.ShowTerminal(terminal=name)).desired
        assert desired["terminal"]["volume"] == 1


@pytest.mark.parametrize("nature", ["silent", "falls", "rejects", "never", "errs", "crashes"])
def test_any_one_way_of_going_wrong_stops_it_at_the_first_terminal(nature):
    crowd = of([nature] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(300, crowd.ended(number))
    assert crowd.shown(number).look.state == "reverted"
    assert crowd.ever(BAD) == 1


def test_a_fleet_that_errs_and_crashes_anyway_is_no_reason_to_stop():
    crowd = of(["fine"] * 100)

    def noise(crowd):
        """Every terminal errs every ten minutes, and one crashes each minute."""
        minute = crowd.now // 60_000
        for place, light in enumerate(crowd.lights.values()):
            if (place + minute) % 10 == 0:
                yield light.name, "event", light.trouble(crowd.now)
            if (place + minute) % 100 == 0:
                light.boots += 1
                yield light.name, "state", light.state()

    crowd.extra = noise
    crowd.minutes(60)
    number = crowd.roll_out(OTHER)
    crowd.minutes(400, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"


def test_merchants_who_pull_the_plug_are_no_reason_to_stop():
    crowd = of(["unplugged"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(400, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"


def test_quiet_counters_are_no_reason_to_stop():
    """A limit shorter than telemetry comes: whoever is online and sells nothing is there all the same."""
    crowd = of(FINE[:6])
    for light in crowd.lights:
        crowd.online(light)
    number = crowd.roll_out(OTHER, plan=admin.Plan(**{**as_dict(QUICK), "silent_after_s": 180}))
    crowd.minutes(300, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"


def test_terminals_asleep_all_along_do_not_stop_it_but_must_not_be_the_first():
    crowd = of(["fine"] * 100)
    asleep = list(crowd.lights.values())[::10]
    for light in asleep:
        light.awake = False
    crowd.minutes(60)
    number = crowd.roll_out(OTHER)
    crowd.minutes(400, crowd.ended(number))
    shown = crowd.shown(number)
    assert shown.look.state == "complete"
    assert {row.terminal for row in shown.terminals[-10:]} == {light.name for light in asleep}


def test_without_revert_it_stops_and_leaves_things_to_a_person():
    crowd = of(["falls"] * 20)
    number = crowd.roll_out(BAD, plan=admin.Plan(**{**as_dict(QUICK), "revert": False}))
    crowd.minutes(100, crowd.ended(number))
    assert crowd.shown(number).look.state == "halted"
    assert len(crowd.with_(BAD)) == 1
    crowd.act(number, "revert")
    crowd.minutes(10)
    assert crowd.shown(number).look.state == "reverted"
    assert crowd.with_(BAD) == []


def test_it_is_taken_back_only_when_the_terminals_say_so():
    crowd = of(FINE)
    number = crowd.roll_out(BAD)
    crowd.minutes(40, lambda: crowd.ever(BAD) > 3)
    touched = crowd.with_(BAD)
    crowd.act(number, "revert", why="wrong footer")
    crowd.minutes(1)
    shown = crowd.shown(number)
    assert (shown.look.state, set(shown.unreverted)) == ("reverting", set(touched)), "published is not there yet"
    assert (shown.look.verdict, crowd.ask(admin.Pushes()).rows[0].why) == ("wrong footer", "wrong footer")
    assert shown.look.counts["reverting"] == len(touched)
    assert not any(row.rollout for row in crowd.ask(admin.ListTerminals()).rows), "nobody is held for it"
    crowd.minutes(10)
    shown = crowd.shown(number)
    assert (shown.look.state, shown.unreverted, shown.look.counts["reverted"]) == ("reverted", (), len(touched))


def test_who_never_says_so_is_waited_for_as_long_as_silence_may_last_and_then_named_until_it_does():
    crowd = of(FINE)
    number = crowd.roll_out(BAD)
    crowd.minutes(40, lambda: len(crowd.with_(BAD)) > 3)
    dead = crowd.lights[crowd.with_(BAD)[0]]
    dead.awake = False
    crowd.act(number, "revert")
    crowd.minutes(29)
    assert crowd.shown(number).look.state == "reverting"
    crowd.minutes(3)
    shown = crowd.shown(number)
    assert (shown.look.state, shown.unreverted) == ("reverted", (dead.name,))
    (row,) = [each for each in shown.terminals if each.terminal == dead.name]
    assert (row.state, row.reason) == ("unreverted", "no word about it")
    dead.awake = True
    crowd.say(dead.name, "reported", reported(dead.rev))  # connected again, the bad settings still in force
    crowd.minutes(1)
    assert crowd.shown(number).unreverted == (dead.name,)
    crowd.minutes(10)
    assert crowd.shown(number).unreverted == ()
    assert crowd.shown(number).look.counts["reverted"] == len(crowd.shown(number).terminals)


def test_what_a_person_pushes_while_it_turns_back_counts_as_well():
    crowd = of(FINE)
    number = crowd.roll_out(BAD)
    crowd.minutes(2)
    crowd.act(number, "revert")
    crowd.tick()
    crowd.layer("fleet", OTHER)
    assert isinstance(crowd.push(), admin.Pushed)
    crowd.minutes(2)
    assert crowd.shown(number).look.state == "reverting"
    crowd.minutes(10)
    assert (crowd.shown(number).look.state, crowd.shown(number).unreverted) == ("reverted", ())


def test_giving_up_the_wait_names_who_was_waited_for():
    crowd = of(FINE)
    number = crowd.roll_out(BAD)
    crowd.minutes(2)
    crowd.act(number, "revert")
    crowd.tick()
    shown = crowd.act(number, "abort")
    assert (shown.look.state, shown.look.counts["unreverted"], len(shown.unreverted)) == ("aborted", 1, 1)


def as_dict(plan):
    return {name: getattr(plan, name) for name in plan.__struct_fields__}


# --- people -------------------------------------------------------------------------------------------------------------


def started(crowd, by=ANNA):
    crowd.layer("fleet", OTHER)
    return crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK), by=by).look.rollout


def test_nothing_happens_before_another_person_approves():
    crowd = of(FINE)
    number = started(crowd)
    crowd.minutes(30)
    assert crowd.ever(OTHER) == 0
    assert crowd.act(number, "approve", by=ANNA).reason == "four_eyes"
    assert crowd.act(number, "approve", by=Caller(name="carla", role="manager")).reason == "role"
    assert crowd.act(number, "approve", by=BORIS).look.approved_by == "boris"
    crowd.minutes(2)
    assert crowd.ever(OTHER) == 1


def test_one_person_is_enough_where_the_house_says_so():
    crowd = of(FINE)
    crowd.ask(admin.PutPolicy(policy=Policy(four_eyes=False)))
    started(crowd)
    crowd.minutes(2)
    assert crowd.ever(OTHER) == 1


def test_a_paused_one_touches_nobody_and_goes_on_when_resumed():
    crowd = of(FINE)
    number = crowd.roll_out(OTHER)
    crowd.minutes(40, lambda: crowd.ever(OTHER) > 1)
    touched = crowd.ever(OTHER)
    crowd.act(number, "pause")
    crowd.minutes(120)
    assert crowd.ever(OTHER) == touched
    crowd.act(number, "resume")
    crowd.minutes(300, crowd.ended(number))
    assert crowd.shown(number).look.state == "complete"


def test_a_paused_one_still_halts():
    crowd = of(["silent"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(3)
    crowd.act(number, "pause")
    crowd.minutes(80)
    assert crowd.shown(number).look.state == "reverted"


def test_aborting_leaves_what_is_there_and_reverting_takes_it_back():
    crowd = of(FINE)
    number = crowd.roll_out(OTHER)
    crowd.minutes(40, lambda: crowd.ever(OTHER) > 1)
    touched = crowd.ever(OTHER)
    crowd.act(number, "abort")
    crowd.minutes(60)
    assert len(crowd.with_(OTHER)) == touched
    assert crowd.act(number, "resume").reason == "wrong_state"
    again = crowd.roll_out()
    crowd.minutes(40, lambda: crowd.ever(OTHER) > touched)
    crowd.act(again, "revert")
    crowd.minutes(20)
    assert len(crowd.with_(OTHER)) == touched, "the second one takes back what it gave, the first one's stays"


def test_two_roll_outs_never_hold_the_same_terminal_and_nobody_pushes_past_one():
    crowd = of(FINE)
    number = crowd.roll_out(OTHER, shop="s1")
    crowd.layer("fleet", {"terminal": {"volume": 0}})
    second = crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK))
    assert (second.reason, second.detail) == ("in_rollout", str(number))
    assert crowd.push().reason == "in_rollout"
    assert isinstance(crowd.push(shop="s2"), admin.Pushed)
    assert isinstance(
        crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), where=admin.Where(shop="s3"))), admin.RolloutShown
    )


def test_what_is_written_into_a_layer_meanwhile_waits_for_the_next():
    crowd = of(FINE)
    number = crowd.roll_out(OTHER)
    crowd.minutes(5)
    crowd.layer("fleet", {"terminal": {"volume": 0}})
    crowd.minutes(300, crowd.ended(number))
    assert len(crowd.with_(OTHER)) == 40
    assert crowd.ever({"terminal": {"volume": 0}}) == 0


def test_shops_are_changed_only_in_their_window_and_given_back_at_any_hour():
    crowd = of(FINE)
    here = (crowd.now // 60_000 + 8 * 60) % 1_440
    later = Window(from_min=(here + 120) % 1_440, to_min=(here + 130) % 1_440)
    crowd.ask(admin.PutPolicy(policy=Policy(windows={"fleet": later})))
    number = crowd.roll_out(BAD)
    crowd.minutes(118)
    assert crowd.ever(BAD) == 0
    crowd.minutes(5)
    assert crowd.ever(BAD) == 1
    crowd.minutes(30)
    assert crowd.ever(BAD) == 1
    crowd.act(number, "revert")
    crowd.minutes(2)
    assert crowd.with_(BAD) == []


def test_a_roll_out_of_what_everybody_has_is_none():
    crowd = of(FINE[:5])
    start = admin.StartRollout(release=admin.SettingsRelease())
    assert crowd.ask(start).reason == "nobody"
    assert crowd.ask(start, why="").reason == "why_missing"
    assert crowd.ask(admin.ShowRollout(rollout=9)).reason == "unknown_rollout"
    bad_plan = admin.Plan(stages=(admin.Stage(percent=10),))
    assert crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=bad_plan)).reason == "plan"


def test_it_says_what_it_changes_at_whom_as_its_dry_run_did_before_anybody_is_touched_and_ever_after():
    crowd = of(FINE[:14])
    crowd.layer("terminal:T0003", {"shop": {"branch": "West"}})
    crowd.layer("fleet", OTHER)
    dry = crowd.ask(admin.DryRun())
    number = crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK)).look.rollout
    waiting = crowd.shown(number)
    assert {each.count: each.changes for each in waiting.changes} == {
        len(each.terminals): each.changes for each in dry.groups
    }
    few, many = sorted(waiting.changes, key=lambda each: each.count)
    assert (few.terminals, [each.path for each in few.changes]) == (("T0003",), ["shop.branch", "terminal.volume"])
    assert (len(many.terminals), many.count) == (10, 13), "the first of them are named"
    crowd.act(number, "approve", by=BORIS)
    crowd.minutes(2)
    (first,) = (each.terminal for each in crowd.shown(number).terminals)
    assert first in (few.terminals[0], many.terminals[0]), "those that come first are"
    crowd.minutes(400, crowd.ended(number))
    assert crowd.shown(number).changes == waiting.changes
    assert crowd.ask(admin.ShowRollout(rollout=number, changes=False)).changes == ()


def test_software_names_its_terminals_and_changes_no_setting():
    crowd = of(FINE[:3])
    number = crowd.ask(admin.StartRollout(release=software("2.0"), plan=QUICK)).look.rollout
    (alike,) = crowd.shown(number).changes
    assert (sorted(alike.terminals), alike.count, alike.changes) == (sorted(crowd.lights), 3, ())


def test_what_cannot_all_be_compared_is_counted(monkeypatch):
    monkeypatch.setattr("fleet.rollouts.desk.COMPARED_MAX", 1)
    crowd = of(FINE[:3])
    crowd.layer("terminal:T0002", {"shop": {"branch": "West"}})
    shown = crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK))
    assert shown.uncompared == 0
    crowd.act(shown.look.rollout, "abort")
    crowd.layer("fleet", OTHER)
    shown = crowd.ask(admin.StartRollout(release=admin.SettingsRelease(), plan=QUICK))
    assert sum(each.count for each in shown.changes) + shown.uncompared == 3
    assert shown.uncompared


def test_who_comes_first_can_be_said():
    crowd = of(FINE)
    crowd.roll_out(OTHER, plan=admin.Plan(**{**as_dict(QUICK), "first": ("T0032",)}))
    crowd.minutes(2)
    assert crowd.with_(OTHER) == ["T0032"]


def test_a_plan_that_puts_one_first_who_is_not_in_it_is_refused_and_a_policys_plan_is_for_any():
    crowd = of(FINE[:4])
    crowd.layer("fleet", OTHER)
    plan = admin.Plan(**{**as_dict(QUICK), "first": ("T0002", "T0999")})
    start = admin.StartRollout(release=admin.SettingsRelease(), plan=plan)
    assert crowd.ask(start) == admin.Refused(reason="first", terminals=("T0999",))
    crowd.ask(admin.PutPolicy(policy=Policy(plan=plan)), by=BORIS)
    assert isinstance(crowd.ask(admin.StartRollout(release=admin.SettingsRelease())), admin.RolloutShown)


def test_who_is_held_by_several_is_told_of_all_of_them():
    crowd = of(FINE[:4])
    first, second = crowd.roll_out(OTHER, terminals=("T0001",)), crowd.roll_out(terminals=("T0003",))
    refused = crowd.push(terminals=("T0001", "T0002", "T0003"))
    assert (refused.detail, refused.terminals) == (f"{first}, {second}", ("T0001", "T0003"))


# --- software ------------------------------------------------------------------------------------------------------------


def software(version):
    blob = Blob("release", "a" * 64, 1_000, "https://fleet.example/bundle")
    return admin.SoftwareRelease(version=version, bundle=blob, back_version="1.0", back_bundle=blob)


def installed(crowd, number):
    crowd.act(number, "approve", by=BORIS)
    crowd.minutes(400, crowd.ended(number))
    crowd.minutes(10)
    return [light.software for light in crowd.lights.values()]


def test_software_goes_the_same_way():
    crowd = of(FINE)
    number = crowd.ask(admin.StartRollout(release=software("2.0"), plan=QUICK)).look.rollout
    assert set(installed(crowd, number)) == {"2.0"}
    assert crowd.shown(number).look.state == "complete"


def test_a_terminal_whose_clock_is_a_day_slow_still_takes_the_order():
    assert (admin.EXPIRY_S_MAX + 86_400) * 1_000 <= LIFE_MS_MAX
    crowd = of(FINE[:3])
    number = crowd.ask(admin.StartRollout(release=software("2.0"), plan=QUICK)).look.rollout
    crowd.act(number, "approve", by=BORIS)
    crowd.tick()
    (order,) = crowd.ask(admin.Commands()).rows
    assert order.expires_ms - order.issued_ms <= LIFE_MS_MAX - 86_400_000


def test_bad_software_is_taken_back():
    crowd = of(mixed(40, falls=20))
    number = crowd.ask(admin.StartRollout(release=software("2.0-bad"), plan=QUICK)).look.rollout
    assert set(installed(crowd, number)) == {"1.0"}
    shown = crowd.shown(number)
    assert (shown.look.state, shown.unreverted) == ("reverted", ()), "also who fell back by itself, and runs it already"


@pytest.mark.parametrize("nature", ["silent", "falls", "rejects", "never", "errs", "crashes"])
def test_every_gate_stops_software_too_at_the_first_terminal(nature):
    crowd = of([nature] * 20)
    number = crowd.ask(admin.StartRollout(release=software("2.0-bad"), plan=QUICK)).look.rollout
    versions = installed(crowd, number)
    shown = crowd.shown(number)
    assert shown.look.state == "reverted"
    assert len(shown.terminals) == 1, "one was touched"
    assert shown.unreverted == (tuple(row.terminal for row in shown.terminals) if nature == "silent" else ())
    assert nature == "silent" or set(versions) == {"1.0"}


# --- why it waits -------------------------------------------------------------------------------------------------------


def waits(crowd, number, lang="en"):
    shown = crowd.shown(number)
    assert len(words.waits(shown, lang, str)) == len(shown.waits)
    return {each.what: each for each in shown.waits}


@pytest.mark.parametrize("release", [admin.SettingsRelease(), "2.0"], ids=["settings", "software"])
def test_status_says_what_it_waits_for_from_the_start_to_the_end(release):
    crowd = of(["fine"] * 20)
    crowd.layer("fleet", OTHER)
    release = software(release) if isinstance(release, str) else release
    number = crowd.ask(admin.StartRollout(release=release, plan=QUICK)).look.rollout
    assert set(waits(crowd, number)) == {"approval"}
    assert words.waits(crowd.shown(number), "en", str) == ["Waits for an approver other than anna."]
    crowd.act(number, "approve", by=BORIS)
    assert waits(crowd, number)["touch"].terminals == 1
    seen = []
    crowd.minutes(12, lambda: seen.append(set(waits(crowd, number))))
    crowd.act(number, "pause")
    assert {"paused", "bake"} <= set(waits(crowd, number))
    assert waits(crowd, number, "zh")["bake"].until_ms > crowd.now
    crowd.act(number, "resume")
    crowd.minutes(300, crowd.ended(number))
    assert waits(crowd, number) == {}
    expected = ["unheard", "idle", "success", "bake"]
    if isinstance(release, admin.SettingsRelease):
        expected.insert(2, "trial")
    assert [
        what for what in ("unheard", "idle", "trial", "success", "bake") if any(what in each for each in seen)
    ] == expected


def test_status_says_when_the_window_opens_and_that_one_without_days_never_does():
    crowd = of(FINE)
    here = (crowd.now // 60_000 + 8 * 60) % 1_440
    soon = Window(from_min=(here + 120) % 1_440, to_min=(here + 130) % 1_440)
    crowd.ask(admin.PutPolicy(policy=Policy(windows={"fleet": soon})))
    number = crowd.roll_out(OTHER)
    crowd.minutes(2)
    window = waits(crowd, number)["window"]
    assert (window.terminals, window.until_ms // 60_000) == (1, crowd.now // 60_000 + 118)
    crowd.ask(admin.PutPolicy(policy=Policy(windows={"fleet": Window(days=())})))
    assert waits(crowd, number)["window"].until_ms == 0
    assert any("never opens" in each for each in words.waits(crowd.shown(number), "en", str))


def test_status_says_how_many_have_not_said_that_they_turned_back():
    crowd = of(FINE)
    number = crowd.roll_out(BAD)
    crowd.minutes(2)
    crowd.act(number, "revert")
    crowd.tick()
    assert waits(crowd, number) == {"back": admin.Waits(what="back", terminals=1)}


# --- restarts, and several workers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("natures", [mixed(40, silent=10, falls=10), FINE])
def test_a_restart_before_every_tick_changes_nothing(natures):
    seen = []
    for restarts in (False, True):
        crowd = of(natures)
        crowd.restart_always = restarts
        number = crowd.roll_out(BAD)
        crowd.minutes(300, crowd.ended(number))
        seen.append((history(crowd, number), crowd.shown(number).look.state, sorted(crowd.with_(BAD))))
    assert seen[0] == seen[1]


def test_of_two_workers_only_the_one_with_the_lease_goes_on():
    crowd = of(FINE)
    first = Core(crowd.store, KEY.sign, worker="w1")
    second = Core(crowd.store, KEY.sign, worker="w2")
    first.step(DeskTick(crowd.now))
    number = crowd.roll_out(OTHER)
    second.step(DeskTick(crowd.now))
    assert crowd.shown(number).look.counts == {"untouched": 40}
    first.step(DeskTick(crowd.now))
    assert crowd.shown(number).look.counts == {"pushed": 1, "untouched": 39}
    crowd.now += 40_000  # the first one is gone, its lease runs out
    second.step(DeskTick(crowd.now))
    assert "touched" not in crowd.shown(number).look.verdict


def test_everything_is_in_the_audit():
    crowd = of(["falls"] * 20)
    number = crowd.roll_out(BAD)
    crowd.minutes(100, crowd.ended(number))
    rows = crowd.ask(admin.Audit(subject=f"rollout:{number}")).rows
    assert [(row.who, row.what) for row in reversed(rows)] == [
        ("anna", "start_rollout"), ("boris", "rollout_act"), ("", "rollout_touch"), ("", "rollout_halt"),
        ("", "rollout_give_back"), ("", "rollout_reverted"),
    ]  # fmt: skip
    assert rows[2].why == "because"
    assert crowd.ask(admin.Audit()).whole


def test_a_terminal_that_never_had_settings_keeps_of_the_bad_ones_only_what_lets_it_be_reached():
    crowd = of(FINE[:5])
    crowd.ask(admin.Register(rows=(admin.Registered(terminal="NEW"),)))
    crowd.online("NEW")
    crowd.layer("terminal:NEW", {"network": {"host": "10.1.1.1"}, "shop": {"name": "坏"}})
    plan = admin.Plan(**{**as_dict(QUICK), "first": ("NEW",)})
    start = admin.StartRollout(release=admin.SettingsRelease(), plan=plan, where=admin.Where(terminals=("NEW",)))
    number = crowd.ask(start).look.rollout
    crowd.act(number, "approve", by=BORIS)
    crowd.tick()
    crowd.act(number, "revert")
    crowd.tick()
    assert crowd.shown(number).look.state == "reverting"
    desired = crowd.ask(admin.ShowTerminal(terminal="NEW")).desired
    assert (desired["network"]["host"], desired["shop"]["name"] == "坏") == ("10.1.1.1", False)
