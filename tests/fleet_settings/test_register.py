"""Who belongs to the fleet: the register, its filters, and who did what."""

import pytest
import sqlalchemy as sa

from fleet import admin
from fleet.admin import Caller, Where
from fleet.desk.tables import audit
from tests.fleet_settings.office import BORIS, Office, reported
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures
from wire.fleet import Met, Reported
from wire.messages import State

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
def office():
    made = Office()
    made.register(("A1", "north", "s1", "new", "fuel"), ("A2", "north", "s2", "fuel"), ("B1", "south", "s3"))
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["A1", "A2", "B1"]),
        ({"group": "north"}, ["A1", "A2"]),
        ({"shop": "s3"}, ["B1"]),
        ({"tags": ("fuel",)}, ["A1", "A2"]),
        ({"tags": ("fuel", "new")}, ["A1"]),
        ({"without": ("new",)}, ["A2", "B1"]),
        ({"terminals": ("B1", "A2")}, ["A2", "B1"]),
        ({"tags": ("fue",)}, []),
        ({"online": True}, []),
        ({"registered": False}, []),
        ({"status": "none"}, ["A1", "A2", "B1"]),
    ],
)
def test_terminals_are_found_by_what_is_known_of_them(office, where, expected):
    assert office.terminals(**where) == expected


def test_a_terminal_nobody_entered_is_shown_as_such(office):
    office.online("Z9")
    assert office.terminals() == ["A1", "A2", "B1", "Z9"]
    assert office.terminals(registered=False) == ["Z9"]
    assert office.terminals(online=True) == ["Z9"]
    assert office.terminals(software="1.0") == ["Z9"]


MIN_MS = 60_000


def links(office):
    return {row.terminal: row.link for row in office.ask(admin.ListTerminals()).rows}


def test_a_terminal_that_dies_while_the_broker_is_away_does_not_stay_online(office):
    """Its will is lost with the broker: nobody says that it is gone, and its last word stands."""
    office.online("A1")
    office.online("A2")
    office.say("B1", "state", State(False, reason="lost"))
    office.now += 30 * MIN_MS
    office.say("A2", "met", Met(office.now, 1, 0))  # any word will do
    office.now += 6 * MIN_MS
    assert links(office) == {"A1": "silent", "A2": "online", "B1": "lost"}
    assert office.terminals(online=True) == ["A2"]
    assert office.terminals(online=False) == ["A1", "B1"]
    assert office.terminals(link="silent") == ["A1"]
    office.say("A1", "met", Met(office.now, 1, 0))
    assert links(office)["A1"] == "online"


def test_a_state_the_broker_had_kept_is_believed_for_as_long_as_a_word_and_no_longer(office):
    """A backend that was away, or whose store was restored, hears of it for the first time."""
    office.say("A1", "state", State(True), retained=True)
    office.say("A2", "state", State(False, reason="stopped"), retained=True)
    assert links(office) == {"A1": "online", "A2": "offline", "B1": "unknown"}
    office.now += 36 * MIN_MS
    office.say("A1", "state", State(True), retained=True)  # the same again, at the next subscription
    assert links(office) == {"A1": "silent", "A2": "offline", "B1": "unknown"}


def test_an_old_state_that_the_broker_had_kept_does_not_take_the_place_of_a_later_one(office):
    def link(*states):
        for state, is_kept in states:
            office.say("A1", "state", State(epoch=7, **state), retained=is_kept)
        return links(office)["A1"], office.ask(admin.ShowTerminal(terminal="A1")).look.state.boot_id

    now = {"online": True, "boot_id": "b2", "next_seq": 50}
    before = {"online": False, "boot_id": "b1", "next_seq": 30, "reason": "stopped"}
    assert link((now, False), (before, True)) == ("online", "b2")
    assert link(({**before, "online": True}, True)) == ("online", "b2")
    will = {"online": False, "boot_id": "b2", "next_seq": 40, "reason": "lost"}
    assert link((will, True)) == ("lost", "b2"), "a will is as old as its connection"
    assert link(({**now, "next_seq": 60, "boot_id": "b3"}, True)) == ("online", "b3")


def test_a_state_that_the_broker_had_kept_does_not_say_which_settings_are_in_force(office):
    """A backend that was away hears both again; the state is of the boot, the word about settings of later."""
    office.say("A1", "reported", reported(4), retained=True)
    office.now += 3
    office.say("A1", "state", State(True, boot_id="b1", settings_rev=3), retained=True)
    assert office.ask(admin.ShowTerminal(terminal="A1")).look.rev == 4


def test_how_long_a_terminal_may_say_nothing_is_a_rule_of_the_house(office):
    office.online("A1")
    office.now += 90 * MIN_MS
    assert links(office)["A1"] == "silent"
    assert office.ask(admin.PutPolicy(policy=admin.Policy(silent_after_min=130))) == admin.Done(count=1)
    assert links(office)["A1"] == "online"


def test_the_newest_word_of_a_terminal_says_which_settings_are_in_force(office):
    def rev():
        (row,) = office.ask(admin.ListTerminals(where=Where(terminals=("A1",)))).rows
        assert office.ask(admin.ShowTerminal(terminal="A1")).look.rev == row.rev
        return row.rev

    assert rev() == 0
    office.online("A1", settings_rev=3)
    assert rev() == 3
    office.say("A1", "reported", reported(3))  # with its state, at the same moment
    office.now += MIN_MS
    office.say("A1", "reported", reported(4))
    assert rev() == 4, "the state is of the boot"
    office.now += MIN_MS
    office.online("A1", settings_rev=0, boot_id="b2")  # its storage was lost
    assert rev() == 0
    office.say("A1", "reported", Reported(4, 0, "waiting_idle", "0" * 64, 0, "trusted"))
    assert rev() == 0


def test_a_retired_terminal_is_left_out_unless_asked_for(office):
    office.ask(admin.Register(rows=(admin.Registered(terminal="B1", retired=True),)))
    assert office.terminals() == ["A1", "A2"]
    assert office.terminals(retired=True) == ["A1", "A2", "B1"]


def test_tags_are_added_and_taken_away(office):
    assert office.ask(admin.SetTags(where=Where(group="north"), add=("night",), remove=("new",))) == admin.Done(count=2)
    assert office.terminals(tags=("night",)) == ["A1", "A2"]
    assert office.terminals(tags=("new",)) == []
    office.online("Z9")
    office.ask(admin.SetTags(where=Where(terminals=("Z9",)), add=("lost",)))
    assert office.terminals(tags=("lost",)) == ["Z9"]
    unknown = office.ask(admin.SetTags(where=Where(terminals=("A1", "X7")), add=("x",)))
    assert unknown == admin.Refused(reason="unknown_terminal", terminals=("X7",))


def test_the_list_comes_in_pages(office):
    many = tuple(admin.Registered(terminal=f"M{number:04}") for number in range(1_200))
    office.ask(admin.Register(rows=many[:1_000]))
    office.ask(admin.Register(rows=many[1_000:]))
    seen, after = [], ""
    while True:
        reply = office.ask(admin.ListTerminals(after=after, limit=700))
        seen += [row.terminal for row in reply.rows]
        if not reply.more:
            break
        after = seen[-1]
    assert seen == ["A1", "A2", "B1", *(row.terminal for row in many)]
    wanted = tuple(row.terminal for row in many)
    assert len(office.ask(admin.SetTags(where=Where(terminals=wanted), add=("m",))).__struct_fields__) == 1
    assert len(office.terminals(tags=("m",))) == 500  # a page


@pytest.mark.parametrize(
    ("role", "request_", "refused"),
    [
        ("viewer", admin.ListTerminals(), False),
        ("viewer", admin.SetTags(where=Where(), add=("x",)), True),
        ("support", admin.Register(rows=()), True),
        ("manager", admin.Register(rows=()), False),
        ("manager", admin.PutPolicy(policy=admin.Policy()), True),
        ("approver", admin.PutPolicy(policy=admin.Policy()), False),
    ],
)
def test_each_role_may_do_its_own(office, role, request_, refused):
    reply = office.ask(request_, by=Caller(name="carla", role=role))
    assert (isinstance(reply, admin.Refused) and reply.reason == "role") == refused


def test_a_window_in_no_known_zone_is_refused(office):
    policy = admin.Policy(windows={"fleet": admin.Window(zone="Mars/Olympus")})
    assert office.ask(admin.PutPolicy(policy=policy)).reason == "zone"
    assert office.ask(admin.GetPolicy()).policy == admin.Policy()


def test_the_audit_tells_who_did_what_and_cannot_be_rewritten(office):
    office.ask(admin.SetTags(where=Where(terminals=("A1",)), add=("x",)), by=BORIS, why="a try")
    office.ask(admin.SetTags(where=Where(), add=("x",)), by=Caller(name="carla", role="viewer"))
    seen = office.ask(admin.Audit())
    refused, done, *_ = seen.rows
    assert (done.who, done.what, done.subject, done.why) == ("boris", "set_tags", "A1", "a try")
    assert "+x" in done.detail
    assert "refused: role" in refused.detail
    assert seen.whole
    assert [row.who for row in office.ask(admin.Audit(who="boris")).rows] == ["boris"]
    for statement in (sa.update(audit).values(who="nobody"), sa.delete(audit)):
        with pytest.raises(Exception, match="only ever added"), office.store.begin() as books:
            books.fleet.audit._db.execute(statement)


def test_a_row_changed_behind_the_databases_back_is_seen(office, each_store):  # noqa: F811
    behind = {
        "sqlite": "DROP TRIGGER fleet_audit_no_update",
        "postgresql": "SET LOCAL session_replication_role = replica",
    }
    with office.store.begin() as books:
        db = books.fleet.audit._db
        db.exec_driver_sql(behind[each_store])
        db.execute(sa.update(audit).where(audit.c.number == 1).values(who="nobody"))
    assert not office.ask(admin.Audit()).whole
