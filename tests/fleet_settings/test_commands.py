"""Commands: to one terminal or many, answered once, silent, late, doubled; log bundles in pieces; telemetry of a day."""

import pytest

from fleet import admin
from fleet.admin import Caller, Where
from fleet.desk.orders import GRACE_MS
from tests.fleet_settings.office import Office, order_of
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures
from wire.fleet import Blob, Check, Identify, Lock, Met, OpenDrawer, Reboot, Reply, Selftest, SendLog, Unlock, Update
from wire.messages import State

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
def office():
    made = Office()
    made.register(("A1", "north", "s1"), ("A2", "north", "s2"), ("B1", "south", "s3"))
    yield made
    made.store.close()


def ordered(office, command=Identify(), **where):  # noqa: B008 - frozen
    reply = office.ask(admin.SendCommand(where=Where(**where), command=command))
    assert isinstance(reply, admin.Ordered), reply
    return reply


def answer(office, terminal, cid, status="done", name="identify", **more):
    office.say(terminal, f"reply/{cid}", Reply(cid, name, status, office.now, **more))


def seen(office, **more):
    return office.ask(admin.Commands(**more)).rows


def test_a_command_reaches_every_terminal_that_is_meant_signed_and_once(office):
    reply = ordered(office, Selftest(), group="north")
    sent = office.pump()
    assert sorted((each.terminal, each.name) for each in sent) == [("A1", "selftest"), ("A2", "selftest")]
    for each in sent:
        order = order_of(each)
        assert (order.terminal, order.cid, order.command, order.by) == (
            each.terminal,
            reply.cids[each.terminal],
            Selftest(),
            "anna",
        )
        assert order.expires_ms == office.now + 120_000
    assert office.pump() == []


def test_results_are_kept(office):
    cid = ordered(office, Selftest(), terminals=("A1",)).cids["A1"]
    answer(office, "A1", cid, "accepted", "selftest")
    assert seen(office, cid=cid)[0].status == "accepted"
    checks = (Check("printer", True), Check("drawer", False, 3005, "stuck"))
    answer(office, "A1", cid, "done", "selftest", checks=checks)
    (row,) = seen(office, cid=cid)
    assert (row.status, row.checks) == ("done", checks)
    answer(office, "A1", cid, "failed", "selftest")
    assert seen(office, cid=cid)[0].status == "done", "the first result stands"


def test_no_answer_before_expiry_is_booked_and_a_late_one_is_still_heard(office):
    cid = ordered(office, terminals=("A1",)).cids["A1"]
    office.pump()
    office.tick(120_000)
    assert seen(office)[0].status == "waiting"
    office.tick(GRACE_MS)
    assert seen(office)[0].status == "silent"
    answer(office, "A1", cid)
    assert seen(office)[0].status == "done"


def test_an_order_that_is_held_until_the_time_is_known_is_silent_after_its_expiry(office):
    cid = ordered(office, Reboot(), terminals=("A1",)).cids["A1"]
    office.pump()
    answer(office, "A1", cid, "accepted", "reboot", code=1011)
    office.tick(120_000 - 1)
    assert seen(office)[0].status == "accepted"
    office.tick(GRACE_MS + 1)
    assert seen(office)[0].status == "silent"
    answer(office, "A1", cid, "accepted", "reboot", code=1011)
    assert seen(office)[0].status == "silent", "told once more, and no news"
    answer(office, "A1", cid, "refused", "reboot", code=1014)
    assert (seen(office)[0].status, seen(office)[0].code) == ("refused", 1014)


def test_an_order_that_takes_long_outlasts_its_expiry(office):
    cid = ordered(office, Reboot(), terminals=("A1",)).cids["A1"]
    office.pump()
    answer(office, "A1", cid, "accepted", "reboot", code=1011)
    answer(office, "A1", cid, "accepted", "reboot")
    office.tick(120_000 + GRACE_MS)
    assert seen(office)[0].status == "accepted", "it has begun"


def test_an_expired_order_is_never_sent(office):
    ordered(office, terminals=("A1",))
    office.now += 120_000
    assert office.pump() == []


def test_an_order_nobody_answered_is_sent_again_when_the_terminal_comes_back(office):
    reply = ordered(office, group="north")
    first = {each.terminal: each.signed for each in office.pump()}
    answer(office, "A2", reply.cids["A2"])
    office.now += 60_000
    for terminal in ("A1", "A2"):
        office.online(terminal)
    (again,) = office.pump()
    assert (again.cid, again.signed) == (reply.cids["A1"], first["A1"])


def away_and_back(office, *commands):
    """A1 is ordered these while it is away; names of what it is sent when it comes back."""
    office.online("A1")
    office.say("A1", "state", State(False, boot_id="b1", reason="lost"))
    for command in commands:
        office.ask(admin.SendCommand(where=Where(terminals=("A1",)), command=command, expires_s=86_400))
        office.pump()
        office.now += 60_000
    office.online("A1", boot_id="b2")
    return [each.name for each in office.pump()]


def test_a_terminal_that_comes_back_is_sent_orders_in_the_order_they_were_given(office):
    given = [Identify(), Selftest(), Reboot(), SendLog(), OpenDrawer("x"), Lock("not paid")]
    assert away_and_back(office, *given) == ["identify", "selftest", "reboot", "log", "drawer", "lock"]
    given.reverse()
    office.tick(86_400_000)
    assert away_and_back(office, *given) == ["lock", "drawer", "log", "reboot", "selftest", "identify"]


def release(version):
    return Update(version, Blob("release", "a" * 64, 9, f"https://x/{version}"))


@pytest.mark.parametrize(
    ("older", "newer"),
    [(Lock("x"), Unlock()), (Unlock(), Lock("x")), (Lock("x"), Lock("y")), (release("2.0"), release("1.0"))],
)
def test_a_newer_order_takes_the_place_of_one_nobody_answered(office, older, newer):
    untouched = ordered(office, older, terminals=("A2",)).cids["A2"]
    assert len(away_and_back(office, older, newer)) == 1
    assert [each.status for each in seen(office, terminal="A1")] == ["waiting", "superseded"]
    office.tick(86_400_000 + GRACE_MS)
    assert [each.status for each in seen(office, terminal="A1")] == ["silent", "superseded"]
    assert seen(office, cid=untouched)[0].status == "silent", "another terminal's"


def test_the_end_of_an_order_that_was_obeyed_before_the_newer_one_is_still_heard(office):
    first = ordered(office, Lock("x"), terminals=("A1",)).cids["A1"]
    office.pump()
    second = ordered(office, Unlock(), terminals=("A1",)).cids["A1"]
    answer(office, "A1", first, name="lock")
    assert seen(office, cid=first)[0].status == "done"
    ordered(office, Lock("x"), terminals=("A1",))
    assert (seen(office, cid=first)[0].status, seen(office, cid=second)[0].status) == ("done", "superseded")


def test_only_the_terminal_that_was_ordered_can_answer(office):
    cid = ordered(office, terminals=("A1",)).cids["A1"]
    answer(office, "A2", cid)
    answer(office, "A1", cid, name="reboot")
    assert seen(office)[0].status == "waiting"
    assert len(office.ask(admin.Quarantined()).rows) == 2


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 2, 3, 1)])
def test_a_log_bundle_is_put_together_whatever_order_its_pieces_come_in(office, order):
    cid = ordered(office, SendLog(), terminals=("A1",)).cids["A1"]
    for place, part in enumerate(order):
        data = office.ask(admin.CommandData(cid=cid))
        assert not data.whole
        assert place == 0 or data.order.parts_all == 3
        answer(office, "A1", cid, name="log", data=bytes([part]) * 3, part=part, parts=3)
    data = office.ask(admin.CommandData(cid=cid))
    assert (data.whole, data.data) == (True, b"\1\1\1\2\2\2\3\3\3")
    assert office.ask(admin.CommandData(cid="nothing0")).reason == "unknown_command"


@pytest.mark.parametrize(
    ("role", "command", "allowed"),
    [
        ("viewer", Identify(), False), ("support", Identify(), True), ("support", Reboot(), False),
        ("support", OpenDrawer("x"), False), ("manager", OpenDrawer("x"), True),
    ],
)  # fmt: skip
def test_what_may_do_harm_needs_a_manager(office, role, command, allowed):
    request = admin.SendCommand(where=Where(terminals=("A1",)), command=command)
    reply = office.ask(request, by=Caller(name="carla", role=role))
    assert isinstance(reply, admin.Ordered) == allowed


def test_the_same_call_twice_orders_once(office):
    ordered(office, terminals=("A1",))
    office.nonce -= 1
    ordered(office, terminals=("A1",))
    assert len(seen(office)) == 1


def test_who_ordered_what_is_in_the_audit(office):
    batch = ordered(office, Reboot(), group="north").batch
    row = office.ask(admin.Audit(what="send_command")).rows[0]
    assert (row.who, row.subject, row.why) == ("anna", batch, "because")
    assert "reboot" in row.detail
    assert "2 terminals" in row.detail


def test_a_day_of_telemetry_is_kept_and_no_more(office):
    for minute in range(0, 40 * 60, 15):
        office.now += 15 * 60_000
        office.say("A1", "met", Met(office.now, minute, 0))
    met = office.ask(admin.ShowTerminal(terminal="A1")).met
    assert met[0].met.up_s == 40 * 60 - 15
    assert 24 * 4 <= len(met) <= 28 * 4


def test_a_terminal_that_floods_fills_nothing(office):
    for number in range(300):
        office.now += 10
        office.say("A1", "met", Met(office.now, number, 0))
    assert len(office.ask(admin.ShowTerminal(terminal="A1")).met) <= 2


def test_clean_ends_power_cuts_and_crashes_are_told_apart(office):
    for boot, end in (("b1", "first"), ("b2", "clean"), ("b3", "cut"), ("b4", "crash"), ("b5", "")):
        office.online("A1", boot_id=boot, end=end)
        office.now += 1_000
        office.online("A1", boot_id=boot, end=end)
        office.now += 1_000
        office.say("A1", "state", State(False, boot_id=boot, reason="lost"))
        office.now += 1_000
    timeline = office.ask(admin.ShowTerminal(terminal="A1")).timeline
    assert [(each.what, each.detail.split()[-1]) for each in timeline] == [
        ("boot", "b5"), ("crash", "b4"), ("cut", "b3"), ("boot", "b2"), ("boot", "b1"),
    ]  # fmt: skip
