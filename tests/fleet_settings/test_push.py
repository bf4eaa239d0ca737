"""From a layer written down to settings at a terminal, and back: who gets what, and what is refused before anybody does."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Caller, PathChange
from fleet.desk import settings
from fleet.desk.giving import EXPIRY_MS
from fleet.desk.layers import DOCUMENT_CHARS_MAX
from fleet.desk.pump import AT_ONCE_MAX, desired_text
from fleet.desk.settings import RENEWED_BEFORE_MS
from fleet.desk.sql_settings import DesiredRow
from fleet.ingest import AGAIN_MS
from tests.fleet_settings.office import BORIS, Office, desired_of, reported
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures
from wire.fleet import AUDIENCE_MAX, TEXT_MAX, audiences

pytestmark = pytest.mark.usefixtures("each_store")


ALL = admin.Reach(registered=3)


@pytest.fixture
def office():
    made = Office()
    made.register(("A1", "north", "s1", "new"), ("A2", "north", "s2"), ("B1", "south", "s3"))
    assert isinstance(made.layer("fleet", {"shop": {"name": "总店"}}), admin.LayerPut)
    yield made
    made.store.close()


def test_every_terminal_gets_one_signed_document_of_all_its_layers(office):
    office.layer("group:north", {"shop": {"branch": "北"}})
    office.layer("shop:s1", {"shop": {"footer": ["一号店"]}})
    office.layer("tag:new", {"terminal": {"volume": 1}})
    office.layer("terminal:A2", {"terminal": {"lang": "en"}})
    assert office.push() == admin.Pushed(rev=1, terminals=3, unchanged=0, reach=ALL)
    got = {effect.terminal: desired_of(effect).document for effect in office.pump()}
    assert got == {
        "A1": {"shop": {"name": "总店", "branch": "北", "footer": ["一号店"]}, "terminal": {"volume": 1}},
        "A2": {"shop": {"name": "总店", "branch": "北"}, "terminal": {"lang": "en"}},
        "B1": {"shop": {"name": "总店"}},
    }


def test_who_is_in_no_register_is_counted_and_who_is_left_out_is_said(office):
    """Z8 and Z9 speak, and nobody entered them: they are in no shop, group or tag."""
    office.online("Z8")
    office.online("Z9")
    volume = {"terminal": {"volume": 1}}
    beyond, none, own = (
        admin.Reach(registered=r, unregistered=u, left_out=o) for r, u, o in ((3, 2, 0), (2, 0, 2), (0, 1, 0))
    )
    for layer, terminals, reach in (("fleet", 5, beyond), ("group:north", 2, none), ("terminal:Z9", 1, own)):
        put = office.layer(layer, volume)
        assert (put.terminals, put.reach) == (terminals, reach), layer
    assert office.layer("terminal:A1", volume).reach == admin.Reach(registered=1)
    for where, reach in (({}, beyond), ({"group": "north"}, none), ({"terminals": ("Z9",)}, own)):
        assert office.ask(admin.DryRun(where=admin.Where(**where))).reach == reach, where
    pushed = office.push(group="north")
    assert (pushed.terminals, pushed.reach) == (2, none)
    assert {effect.terminal for effect in office.pump()} == {"A1", "A2"}
    pushed = office.push()
    assert (pushed.terminals, pushed.unchanged, pushed.reach) == (3, 2, beyond)


def test_only_who_changes_is_pushed_to(office):
    office.push()
    office.pump()
    office.layer("shop:s3", {"shop": {"branch": "南"}})
    assert office.push() == admin.Pushed(rev=2, terminals=1, unchanged=2, reach=ALL)
    (effect,) = office.pump()
    assert (effect.terminal, effect.rev) == ("B1", 2)
    assert office.push() == admin.Pushed(rev=0, terminals=0, unchanged=3, reach=ALL)


def test_what_a_terminal_has_refused_is_given_once_more_by_the_next_push(office):
    """A release that knows the new setting may be there by now."""
    office.push()
    office.pump()
    office.say("A1", "reported", reported(1, "rejected", code=9004, path="shop.name"))
    office.say("A2", "reported", reported(1))
    office.say("B1", "reported", reported(1, "rolled_back", code=9004))
    (group,) = office.ask(admin.DryRun(where=admin.Where())).groups
    assert (group.terminals, group.changes) == (("A1",), ())
    pushed = office.push()
    assert (pushed.rev, pushed.terminals, pushed.unchanged) == (2, 1, 2)
    assert [each.terminal for each in office.pump()] == ["A1"]
    assert office.push().terminals == 0, "not before it has refused that one, too"


def test_a_default_written_out_is_no_change(office):
    office.push()
    office.layer("fleet", {"shop": {"name": "总店"}, "terminal": {"volume": 2}})
    assert office.push() == admin.Pushed(rev=0, terminals=0, unchanged=3, reach=ALL)


def test_a_dry_run_says_who_would_change_what_and_changes_nothing(office):
    office.push()
    office.layer("group:north", {"terminal": {"volume": 0}})
    done = office.ask(admin.DryRun())
    change = PathChange(path="terminal.volume", before=2, after=0)
    assert done.groups == (admin.SameChange(terminals=("A1", "A2"), changes=(change,)),)
    assert done.unchanged == 1
    assert office.ask(admin.ShowTerminal(terminal="A1")).pending == (change,)
    assert office.push() == admin.Pushed(rev=2, terminals=2, unchanged=1, reach=ALL)


def test_a_dry_run_says_how_many_never_had_settings_from_here(office):
    """What they were set up with on the spot goes away whole, and nobody here can list it."""
    assert office.ask(admin.DryRun()).first == 3
    office.push(group="north")
    assert office.ask(admin.DryRun()).first == 1
    assert office.ask(admin.DryRun(where=admin.Where(group="north"))).first == 0


def test_a_layer_that_is_wrong_for_one_terminal_is_stored_for_none(office):
    bad = office.layer("group:north", {"terminal": {"volume": 9}, "nonsense": 1})
    assert bad.reason == "faults"
    assert {(fault.path, fault.layer) for fault in bad.faults} == {
        ("terminal.volume", "group:north"), ("nonsense", "group:north"),
    }  # fmt: skip
    assert office.ask(admin.GetLayer(layer="group:north")).reason == "unknown_layer"


def test_what_is_right_alone_but_wrong_together_is_refused(office):
    """Rows of the lower layer are replaced by the shop's: then no supervisor remains."""
    bad = office.layer("shop:s1", {"operators": [{"number": "01"}, {"number": "02"}]})
    assert bad.reason == "faults"
    assert bad.faults[0].terminal == "A1"


def test_two_people_do_not_write_over_each_other(office):
    seen = office.ask(admin.GetLayer(layer="fleet")).version.sha256
    assert isinstance(office.layer("fleet", {"shop": {"name": "甲"}}, parent=seen), admin.LayerPut)
    late = office.layer("fleet", {"shop": {"name": "乙"}}, parent=seen)
    assert late.reason == "moved_on"
    assert office.ask(admin.GetLayer(layer="fleet")).document == {"shop": {"name": "甲"}}


def test_each_version_is_kept_with_who_and_why(office):
    office.ask(admin.PutLayer(layer="fleet", document={"shop": {"name": "新店"}}), by=BORIS, why="renamed")
    first, second = reversed(office.ask(admin.Layers(layer="fleet")).rows)
    assert (second.number, second.who, second.why, second.parent) == (2, "boris", "renamed", first.sha256)
    changed = office.ask(admin.DiffLayer(layer="fleet", before=1, after=2)).changes
    assert changed == (PathChange(path="shop.name", before="总店", after="新店"),)
    assert office.ask(admin.GetLayer(layer="fleet", number=1)).document == {"shop": {"name": "总店"}}
    assert office.ask(admin.DiffLayer(layer="fleet", before=1, after=9)).reason == "unknown_version"


def test_the_same_layer_again_is_no_new_version(office):
    assert not office.layer("fleet", {"shop": {"name": "总店"}}).stored
    assert len(office.ask(admin.Layers(layer="fleet")).rows) == 1


def test_checking_stores_nothing(office):
    assert not office.layer("fleet", {"shop": {"name": "新店"}}, check=True).stored
    assert office.ask(admin.GetLayer(layer="fleet")).version.number == 1


def test_a_push_says_why_and_stays_in_the_history(office):
    assert office.ask(admin.Push(), why=" ").reason == "why_missing"
    office.ask(admin.Push(), by=BORIS, why="opening day")
    (row,) = office.ask(admin.Pushes(terminal="A1")).rows
    assert (row.rev, row.who, row.why, row.kind, row.terminals) == (1, "boris", "opening day", "push", 3)
    assert office.ask(admin.Push(), by=Caller(name="x", role="support")).reason == "role"


def test_a_tag_is_its_letters_in_their_case(office):
    office.register(("T1", "", "", "VIP"), ("T2", "", "", "vip"))
    assert office.push(tags=("vip",)).terminals == 1


def test_a_push_to_thousands_goes_out_a_little_at_a_time(office):
    for start in (0, 1_000):
        rows = tuple(admin.Registered(terminal=f"M{start + n:05}") for n in range(1_000))
        office.ask(admin.Register(rows=rows))
    assert office.push().terminals == 2_003
    sizes = []
    while effects := [each for each in office.pump_once(taken=False) if hasattr(each, "rev")]:
        sizes.append(len(effects))
    assert max(sizes) <= AT_ONCE_MAX
    assert sum(sizes) == 2_003


def test_what_the_broker_did_not_take_is_sent_again_later_or_after_a_crash(office):
    office.push()
    lost = office.pump(taken=False)
    assert office.pump() == [], "it is under way"
    office.now += AGAIN_MS
    later = office.pump(taken=False)
    office.restart()
    again = office.pump()
    signed = [[each.signed for each in some] for some in (lost, later, again)]
    assert signed[0] == signed[1] == signed[2] != [], "the same revision must be the same bytes"
    office.now += 10 * AGAIN_MS
    assert office.pump() == []


def test_terminals_with_the_same_document_share_text_and_signature_and_the_others_do_not(office):
    office.register(*((f"M{n:03}", "east", "s9" if n % 4 else "s8") for n in range(2 * AUDIENCE_MAX)))
    office.layer("shop:s8", {"shop": {"branch": "八"}})
    office.push()
    effects = office.pump()
    sent = {each.terminal: each.signed for each in effects}
    named = {each.terminal: audiences(desired_of(each).audience) for each in effects}
    assert len(sent) == 2 * AUDIENCE_MAX + 3
    for terminal, names in named.items():
        assert len(names) <= AUDIENCE_MAX
        assert {sent[name.removeprefix("terminal:")] for name in names} == {sent[terminal]}
    assert len(set(sent.values())) <= 2 * 3, "three lots of neighbours, two documents"
    branches = {
        each: msgspec.json.decode(signed.text)["document"]["shop"].get("branch") for each, signed in sent.items()
    }
    assert {each for each, branch in branches.items() if branch} == {f"M{n:03}" for n in range(0, 2 * AUDIENCE_MAX, 4)}


def test_sent_again_to_one_alone_it_is_the_same_to_the_byte(office):
    """A terminal takes another text under a revision it knows for a replay, so who shares one must not depend on who is
    due."""
    office.register(*((f"M{n:03}", "", "") for n in range(3 * AUDIENCE_MAX)))
    office.push()
    first = {each.terminal: each.signed for each in office.pump()}
    office.layer("terminal:M002", {"shop": {"branch": "二"}})
    office.register((f"M{1:03}a", "", ""))
    office.push()
    office.pump()
    office.now += 2 * AGAIN_MS
    for name in ("M001", "M050", "M095"):
        office.say(name, "reported", reported(0, "none"))
    again = {each.terminal: each.signed for each in office.pump()}
    assert again == {name: first[name] for name in ("M001", "M050", "M095")}


def test_a_text_leaves_room_for_its_audience():
    """The longest names beside the longest document: what is checked when a layer is written fits when it is signed."""
    names = [f"{n:032}" for n in range(AUDIENCE_MAX)]
    row = DesiredRow(names[0], 2**31 - 1, "0" * 64, 2**53, EXPIRY_MS, 4_102_444_800_000)
    text = desired_text(row, names, b'"' + b"x" * (DOCUMENT_CHARS_MAX - 2) + b'"')
    assert len(text) <= TEXT_MAX - 100, "the names of files, which counted with the document, are longer here"


@pytest.mark.parametrize(
    "where",
    [
        {}, {"group": "north"}, {"shop": "s1"}, {"tags": ("new",)}, {"without": ("new",)}, {"terminals": ("A1", "B1")},
        {"retired": True}, {"registered": True}, {"link": "unknown"}, {"status": "none"},
    ],
)  # fmt: skip
def test_whom_a_push_is_for_is_whom_the_list_shows(office, where):
    office.ask(admin.Register(rows=(admin.Registered(terminal="C1", group="north", retired=True),)))
    shown = office.ask(admin.ListTerminals(where=admin.Where(**where))).rows
    assert office.push(**where).terminals == len(shown)
    assert sorted(each.terminal for each in office.pump()) == [row.terminal for row in shown]


def test_a_word_about_an_older_revision_does_not_settle_the_newer(office):
    office.push()
    old = office.pump(taken=False)
    office.layer("fleet", {"shop": {"name": "新店"}})
    office.push()
    assert office.pump() == [], "one at a time to each terminal"
    office.taken(old)
    assert {each.rev for each in office.pump()} == {2}


def test_a_terminal_that_lost_its_settings_gets_them_again(office):
    office.push()
    office.pump()
    office.now += 2 * AGAIN_MS
    office.say("A1", "reported", reported(1))
    assert office.pump() == []
    office.say("A1", "reported", reported(0, "none"))
    assert [each.terminal for each in office.pump()] == ["A1"]
    office.say("A1", "reported", reported(0, "none"))
    assert office.pump() == [], "not for every word of it"
    office.now += 2 * AGAIN_MS
    office.online("B1")
    assert [each.terminal for each in office.pump()] == ["B1"]


def test_a_document_is_signed_anew_before_it_is_too_old(office):
    office.push()
    office.pump()
    office.now += EXPIRY_MS - RENEWED_BEFORE_MS
    office.tick()
    renewed = office.pump()
    assert {each.rev for each in renewed} == {2}
    assert desired_of(renewed[0]).expires_ms > office.now + RENEWED_BEFORE_MS
    office.tick()
    assert office.pump() == []


def test_documents_a_roll_out_holds_do_not_keep_others_from_being_signed_anew(office, monkeypatch):
    monkeypatch.setattr(settings, "RENEWED_AT_ONCE_MAX", 2)
    office.push()
    office.pump()
    office.layer("group:north", {"shop": {"branch": "北"}})
    office.ask(admin.StartRollout(release=admin.SettingsRelease(), where=admin.Where(group="north")))
    office.now += EXPIRY_MS - RENEWED_BEFORE_MS
    office.tick()
    assert [each.terminal for each in office.pump()] == ["B1"]


def test_an_old_word_that_the_broker_had_kept_does_not_take_the_place_of_a_later_one(office):
    """It got its storage back from a copy, or another worker has heard the later one."""
    for clock, at_ms in (("trusted", 5_000), ("floor", 1_000)):
        office.say("A1", "reported", reported(7, at_ms=at_ms, clock=clock))
        office.say("A1", "reported", reported(6, "trial", at_ms=4_000, clock=clock), retained=True)
        assert office.ask(admin.ShowTerminal(terminal="A1")).look.reported.status == "applied", clock
    office.say("A1", "reported", reported(8, "trial", clock="floor"), retained=True)
    assert office.ask(admin.ShowTerminal(terminal="A1")).look.reported.status == "trial", "news all the same"
    office.say("A1", "reported", reported(0, "none"))
    assert office.ask(admin.ShowTerminal(terminal="A1")).look.reported.status == "none", "it says so itself"


def test_a_restored_store_goes_on_above_what_terminals_know(office):
    office.say("A1", "reported", reported(40))
    office.say("B1", "reported", reported(2**31 - 1))  # a rogue's claim must not use the numbers up
    assert office.push().rev == 41


def test_what_a_terminal_reports_is_shown_and_written_into_its_timeline(office):
    office.push()
    office.say("A1", "reported", reported(1, "rejected", code=9004, path="shop.name", reason="too long"))
    office.now += 5_000
    office.say("A1", "reported", reported(1))
    shown = office.ask(admin.ShowTerminal(terminal="A1"))
    assert shown.look.reported.status == "applied"
    assert [each.detail for each in shown.timeline] == ["applied 1 of 1", "rejected 0 of 1 9004 shop.name too long"]
    assert office.terminals(status="applied") == ["A1"]


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("reported", b"{}"),
        ("reported", b"\xff"),
        ("reported", b'{"desired_rev":-1,"rev":0,"status":"applied","sha256":"00","at_ms":0,"clock":"trusted"}'),
        ("reported", msgspec.json.encode(reported(1)).replace(b'"applied"', b'"splendid"')),
        ("met", b"[" * 100_000),
        ("met", b'{"at_ms":0,"up_s":1,"backlog":0,"errors":{"x":-5}}'),
        ("reply/abcdefgh", b"{}"),
        ("reply/abcdefgh", b'{"cid":"abcdefgh","name":"identify","status":"done","at_ms":0}'),
        ("reply/", b'{"cid":"abcdefgh","name":"identify","status":"done","at_ms":0}'),
    ],
)
def test_garbage_is_put_aside(office, rest, payload):
    assert office.say("A1", rest, payload) == []
    (row,) = office.ask(admin.Quarantined(terminal="A1")).rows
    assert row.seq == 0


def test_an_unknown_terminal_is_refused_by_name(office):
    assert office.push(terminals=("A1", "X1")) == admin.Refused(reason="unknown_terminal", terminals=("X1",))
    assert office.push(shop="nowhere").reason == "nobody"
