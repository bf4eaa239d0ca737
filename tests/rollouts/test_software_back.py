"""Software that is turned back at terminals that have not come to it yet, are away, or try it just now."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Policy, Stage, Where
from fleet.rollouts import desk
from tests.fleet_settings.office import Office, order_of, reported
from tests.rollouts.crowd import QUICK
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures
from wire.fleet import Blob, Reply, Update, UpdateLook
from wire.messages import State

pytestmark = pytest.mark.usefixtures("each_store")

PLAN = msgspec.structs.replace(QUICK, stages=(Stage(percent=100),), revert=False)
MINUTE = 60_000


def blob(digit):
    return Blob("release", digit * 64, 10, "https://fleet.example/release")


class Counter(Office):
    """An office with terminals T0, T1 … that run 1.0."""

    def __init__(self, count=1):
        super().__init__()
        self.names = [f"T{number}" for number in range(count)]
        self.register(*((name, "", "s1") for name in self.names))
        self.ask(admin.PutPolicy(policy=Policy(four_eyes=False)))
        for name in self.names:
            self.online(name)

    def rolls_out(self, version):
        """Its number."""
        release = admin.SoftwareRelease(version=version, bundle=blob("a"), back_version="1.0", back_bundle=blob("b"))
        shown = self.ask(admin.StartRollout(release=release, where=Where(terminals=tuple(self.names)), plan=PLAN))
        self.tick()
        return shown.look.rollout

    def turns_back(self, number):
        self.ask(admin.RolloutAct(rollout=number, act="revert"))
        self.tick()

    def orders(self):
        """What is sent to T0 now."""
        return [order_of(each) for each in self.pump() if each.terminal == "T0"]

    def answers(self, order, status, code=0, reason=""):
        self.say("T0", f"reply/{order.cid}", Reply(order.cid, "update", status, self.now, code, reason))

    def says(self, order, status, software):
        update = UpdateLook(order.cid, order.command.version, status)
        self.say("T0", "reported", reported(0, "none", software=software, update=update))
        self.tick()

    def stands(self, number):
        """State of the roll-out and of T0 in it, and who is missing."""
        shown = self.ask(admin.ShowRollout(rollout=number, limit=1_000))
        (its,) = [each.state for each in shown.terminals if each.terminal == "T0"]
        return shown.look.state, its, tuple(sorted(shown.unreverted))


@pytest.fixture
def counter():
    made = Counter()
    yield made
    made.store.close()


def go_away(counter):
    counter.say("T0", "state", State(False, boot_id="b1", reason="lost"))


def come_back(counter):
    counter.now += 10 * MINUTE
    counter.online("T0", boot_id="b2")


def test_who_was_away_hears_of_the_order_back_only(counter):
    go_away(counter)
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.turns_back(number)
    counter.orders()
    come_back(counter)
    assert [each.command.version for each in counter.orders()] == ["1.0"]
    (look,) = counter.ask(admin.Commands(cid=first.cid)).rows
    assert look.status == "superseded"


def test_who_was_away_over_the_way_back_and_the_next_release_hears_of_the_last_only(counter):
    number = counter.rolls_out("2.0")
    counter.orders()
    go_away(counter)
    counter.turns_back(number)
    counter.orders()
    counter.rolls_out("2.1")
    counter.orders()
    come_back(counter)
    assert [each.command.version for each in counter.orders()] == ["2.1"]


def test_done_is_not_believed_while_the_release_taken_back_waits_to_be_installed(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "accepted")
    counter.says(first, "waiting_idle", "1.0")
    counter.turns_back(number)
    (back,) = counter.orders()
    counter.answers(back, "done")
    counter.says(first, "waiting_idle", "1.0")
    assert counter.stands(number) == ("reverting", "reverting", ("T0",))
    counter.says(first, "rejected", "1.0")
    assert counter.stands(number) == ("reverted", "reverted", ())


ON_TRIAL = pytest.mark.parametrize(
    ("code", "why"), [(1018, "9.9 is on trial"), (5029, "9.9")], ids=["now", "as releases before said"]
)


@ON_TRIAL
@pytest.mark.parametrize("end", ["applied", "rolled_back"])
def test_who_tries_another_release_has_not_failed_and_is_ordered_again_when_that_is_decided(counter, end, code, why):
    """Played: one that was ordered an update by hand just before stopped the roll-out for all."""
    other = admin.SendCommand(where=Where(terminals=("T0",)), command=Update("3.0", blob("c")))
    counter.ask(other)
    (by_hand,) = counter.orders()
    counter.answers(by_hand, "accepted")
    counter.says(by_hand, "trial", "3.0")
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "refused", code, why)
    for _ in range(4):
        counter.tick(5 * MINUTE)
        counter.online("T0", software="3.0")
        assert counter.orders() == [], "not as long as it would refuse again"
    assert counter.stands(number)[:2] == ("running", "pushed")
    shown = counter.ask(admin.ShowRollout(rollout=number, limit=10))
    assert ("busy", 1) in [(each.what, each.terminals) for each in shown.waits]
    counter.says(by_hand, end, "3.0" if end == "applied" else "1.0")
    (again,) = counter.orders()
    assert (again.command, again.cid != first.cid) == (first.command, True)
    counter.tick(MINUTE)
    assert counter.orders() == [], "once"
    counter.answers(again, "done")
    counter.says(again, "applied", "2.0")
    assert counter.stands(number)[:2] == ("running", "applied")


def test_who_refused_an_order_it_has_forgotten_has_failed(counter):
    """The same code, and no release on trial: ordering it again and again helps nobody."""
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "refused", 1018)
    counter.tick(5 * MINUTE)
    assert (counter.stands(number)[:2], counter.orders()) == (("halted", "failed"), [])


def test_who_was_ordered_something_newer_since_is_not_ordered_again(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "refused", 1018, "2.0 is on trial")
    counter.ask(admin.SendCommand(where=Where(terminals=("T0",)), command=Update("3.0", blob("c"))))
    (newer,) = counter.orders()
    counter.answers(newer, "done")
    for _ in range(3):
        counter.tick(5 * MINUTE)
        counter.online("T0", software="1.0")
    assert counter.orders() == []
    assert counter.stands(number)[:2] == ("running", "pushed")


@ON_TRIAL
@pytest.mark.parametrize("minutes", [10, 70], ids=["in time", "late"])
@pytest.mark.parametrize("end", ["applied", "rolled_back"])
def test_who_was_trying_it_is_ordered_back_again_when_the_trial_is_decided(counter, minutes, end, code, why):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "accepted")
    counter.says(first, "trial", "2.0")
    counter.turns_back(number)
    (back,) = counter.orders()
    counter.answers(back, "refused", code, why)
    for _ in range(minutes // 5):
        counter.tick(5 * MINUTE)
        counter.online("T0", software="2.0")
        assert counter.orders() == [], "not as long as it would refuse again"
    late = minutes > 60
    assert counter.stands(number) == (("reverted", "unreverted") if late else ("reverting",) * 2) + (("T0",),)
    runs = "2.0" if end == "applied" else "1.0"
    counter.says(first, end, runs)
    counter.tick()
    (again,) = counter.orders()
    assert (again.command, again.cid != back.cid) == (back.command, True)
    counter.tick(MINUTE)
    assert counter.orders() == [], "once"
    if end == "applied":
        counter.answers(again, "accepted")
        assert counter.stands(number)[2] == ("T0",)
        counter.says(again, "applied", "1.0")
    counter.answers(again, "done")
    counter.tick()
    assert counter.stands(number) == ("reverted", "reverted", ())


def test_who_refuses_again_and_again_is_not_ordered_all_the_time(counter):
    number = counter.rolls_out("2.0")
    (order,) = counter.orders()
    counter.says(order, "applied", "2.0")
    counter.turns_back(number)
    sent = 0
    for _ in range(60):
        for back in counter.orders():
            sent += 1
            counter.answers(back, "refused", 1018, "2.0 is on trial")
        counter.tick(MINUTE)
    assert 10 <= sent <= 13


def test_a_wait_that_was_given_up_orders_nobody_back(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.says(first, "trial", "2.0")
    counter.turns_back(number)
    (back,) = counter.orders()
    counter.answers(back, "refused", 1018, "2.0 is on trial")
    counter.tick()
    counter.ask(admin.RolloutAct(rollout=number, act="abort"))
    counter.now += 60 * MINUTE
    counter.says(first, "applied", "2.0")
    counter.tick()
    assert counter.orders() == []
    assert counter.stands(number) == ("aborted", "unreverted", ("T0",))


@pytest.mark.parametrize("minutes", [5, 70], ids=["in time", "late"])
def test_a_later_release_ends_the_wait_when_the_terminal_has_it(counter, minutes):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.says(first, "applied", "2.0")
    counter.turns_back(number)
    counter.orders()
    counter.rolls_out("3.0")
    (newer,) = counter.orders()
    counter.answers(newer, "accepted")
    for _ in range(minutes // 5):
        counter.tick(5 * MINUTE)
        counter.online("T0", software="2.0")
    assert counter.stands(number)[2] == ("T0",), "it may run 2.0 still"
    counter.answers(newer, "done")
    counter.says(newer, "applied", "3.0")
    assert counter.stands(number) == ("reverted", "reverted", ())


def test_those_that_have_a_later_release_to_install_do_not_keep_others_from_being_heard(monkeypatch):
    monkeypatch.setattr(desk, "LATE_AT_ONCE_MAX", 2)
    counter = Counter(4)
    number = counter.rolls_out("2.0")
    counter.orders()
    counter.turns_back(number)
    backs = {each.terminal: order_of(each) for each in counter.pump()}
    counter.tick(200 * MINUTE)
    counter.tick()
    counter.names = ["T1", "T2", "T3"]
    counter.rolls_out("3.0")
    counter.pump()
    counter.answers(backs["T0"], "done")
    for name in ("T0", "T1", "T2", "T3"):
        counter.now += 1
        counter.say(name, "reported", reported(0, "none", software="1.0"))
    counter.tick()
    assert counter.stands(number) == ("reverted", "reverted", ("T1", "T2", "T3"))
    counter.store.close()


def test_an_old_roll_out_that_is_turned_back_leaves_alone_who_was_ordered_a_newer_release_since(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "failed", 9005)
    counter.says(first, "rolled_back", "1.0")
    assert counter.stands(number)[0] == "halted"
    second = counter.rolls_out("2.1")
    (mended,) = counter.orders()
    counter.answers(mended, "done")
    counter.says(mended, "applied", "2.1")
    counter.ask(admin.RolloutAct(rollout=second, act="abort"))
    counter.turns_back(number)
    assert counter.orders() == []
    counter.tick()
    assert counter.stands(number) == ("reverted", "reverted", ())


def test_the_same_release_ordered_once_more_by_hand_is_taken_back(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "done")
    counter.says(first, "applied", "2.0")
    again = admin.SendCommand(where=Where(terminals=("T0",)), command=first.command)
    counter.ask(again)
    counter.turns_back(number)
    assert [each.command.version for each in counter.orders()] == ["1.0"]


def timed(counter, clock):
    counter.now += 6 * MINUTE
    counter.online("T0", clock=clock)
    counter.tick()


def test_who_refused_to_go_back_for_want_of_the_time_is_ordered_back_once_it_has_it(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "done")
    counter.says(first, "applied", "2.0")
    counter.turns_back(number)
    (back,) = counter.orders()
    counter.answers(back, "refused", 1011)
    timed(counter, "floor")
    assert counter.orders() == [], "it would say the same"
    timed(counter, "trusted")
    (again,) = counter.orders()
    assert (again.command.version, again.cid == back.cid) == ("1.0", False)
    counter.answers(again, "done")
    counter.says(again, "applied", "1.0")
    assert counter.stands(number) == ("reverted", "reverted", ())


def test_who_refused_a_release_for_want_of_the_time_has_not_failed_and_is_ordered_again(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "refused", 1011)
    timed(counter, "floor")
    assert counter.stands(number)[:2] == ("running", "pushed")
    timed(counter, "trusted")
    (again,) = counter.orders()
    assert again.command.version == "2.0"
    counter.answers(again, "done")
    counter.says(again, "applied", "2.0")
    assert counter.stands(number)[:2] == ("running", "applied")


def test_who_keeps_an_order_until_it_has_the_time_is_waited_for_and_not_ordered_again(counter):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, "accepted", 1011)
    timed(counter, "floor")
    timed(counter, "trusted")
    assert counter.orders() == []
    assert counter.stands(number)[:2] == ("running", "pushed")
    counter.answers(first, "done")
    counter.says(first, "applied", "2.0")
    assert counter.stands(number)[:2] == ("running", "applied")


@pytest.mark.parametrize("status", ["refused", "accepted"])
def test_who_never_gets_the_time_is_silent_and_stops_it(counter, status):
    number = counter.rolls_out("2.0")
    (first,) = counter.orders()
    counter.answers(first, status, 1011)
    for _ in range(6):
        timed(counter, "floor")
    assert counter.stands(number)[:2] == ("halted", "silent")
