"""Orders that come before the time is known: held, over cuts too, until it is, then judged as if they came then."""

import msgspec
import pytest

from firmware.events import ClockSeen, LinkDown, LinkUp, RestartDevice
from firmware.txn import lock, remote, update
from firmware.txn.ledger import LedgerError
from tests.remote.afar import Afar
from tests.remote.test_commands import facts, opens
from tests.screens.from_afar import RELEASE
from wire.facts import CommandEnded, CommandTaken, NoSale, Quarantined
from wire.fleet import Lock, OpenDrawer, Order, Reboot, Unlock, Update

DANGEROUS = (Reboot(), Lock("x"), Unlock(), OpenDrawer("x"), Update("2.0.0", RELEASE))
YEARS_MS = 50 * 365 * 24 * 3_600_000
DAY_MS = 24 * 3_600_000


@pytest.fixture
def afar(tmp_path):
    return Afar(tmp_path).open()


def without_time(afar: Afar, clock: str = "floor", back_ms: int = YEARS_MS) -> None:
    """The board was switched on and knows no time: it is 1970 for it."""
    afar.counter.clock = clock
    afar.counter.day_ms -= back_ms


def with_time(afar: Afar, back_ms: int = YEARS_MS) -> list:
    """The backend's signed time has come; what is told because of it."""
    before = len(afar.replies)
    afar.counter.clock = "trusted"
    afar.counter.day_ms += back_ms
    afar.counter.step(ClockSeen("trusted", back_ms))
    return afar.replies[before:]


def make(afar: Afar, command, lives_ms: int = 120_000) -> Order:
    """An order given by the fleet's own clock, which is right."""
    now_ms = afar.wall_ms
    return afar.make(command, issued_ms=now_ms, expires_ms=now_ms + lives_ms)


def told(replies: list) -> list[tuple[str, int]]:
    return [(each.status, each.code) for each in replies]


@pytest.mark.parametrize("clock", ["floor", "hand"])
@pytest.mark.parametrize("command", DANGEROUS, ids=lambda each: type(each).__name__)
def test_before_the_time_is_known_a_dangerous_order_is_held_and_does_nothing(afar, command, clock):
    order = make(afar, command)
    without_time(afar, clock)
    assert told(afar.deliver(order)) == [("accepted", 1011)]
    afar.counter.pass_time(60_000)
    assert facts(afar, CommandTaken) == facts(afar, CommandEnded) == facts(afar, NoSale) == []
    assert not lock.locked(afar.counter.ledger)
    assert update.under_way(afar.counter.ledger) is None
    assert not [each for each in afar.counter.out if isinstance(each, RestartDevice)]
    assert afar.counter.screen == "Idle"


def test_a_lock_that_was_queued_at_the_broker_holds_a_moment_after_the_power_came(afar):
    """Played: the broker hands it over before the answer with the signed time."""
    order = make(afar, Lock("stolen"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)
    assert told(with_time(afar)) == [("done", 0)]
    assert lock.locked(afar.counter.ledger)
    assert afar.counter.screen == "Locked"
    assert remote.held(afar.counter.ledger) == ()


def test_what_has_expired_when_the_time_comes_is_refused_as_stale_and_stays_so(afar):
    order = make(afar, Lock("late"))
    without_time(afar)
    afar.deliver(order)
    assert told(with_time(afar, YEARS_MS + 120_001)) == [("refused", 1014)]
    assert not lock.locked(afar.counter.ledger)
    assert facts(afar, CommandTaken) == []
    afar.cut()
    assert afar.replies == [], "nobody is told again that it waits"
    assert set(told(afar.deliver(order))) == {("refused", 1014)}


@pytest.mark.parametrize("cuts", [1, 3])
def test_the_power_may_go_before_the_time_comes(afar, cuts):
    """The broker counts it as delivered: nobody would bring it again."""
    order = make(afar, Lock("stolen"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)
    for _ in range(cuts):
        afar.cut()
        assert told(afar.replies) == [("accepted", 1011)]
        assert not lock.locked(afar.counter.ledger)
    assert told(with_time(afar)) == [("done", 0)]
    assert lock.locked(afar.counter.ledger)
    assert afar.counter.ledger.differences() == []


def test_a_boot_whose_clock_is_right_at_once_judges_what_was_held(afar):
    order = make(afar, Lock("stolen"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)
    afar.counter.clock = "trusted"
    afar.counter.day_ms += YEARS_MS
    afar.cut()
    assert lock.locked(afar.counter.ledger)
    assert told(afar.replies) == [("done", 0)]


def test_it_may_come_as_often_as_it_likes_and_runs_once(tmp_path):
    afar = Afar(tmp_path, opens("open")).open()
    afar.counter.ms += 60_000
    order = make(afar, OpenDrawer("look"))
    without_time(afar)
    for _ in range(3):
        assert told(afar.deliver(order)) == [("accepted", 1011)]
    afar.cut()
    assert told(afar.deliver(order)) == [("accepted", 1011)]
    assert afar.counter.pulses() == []
    with_time(afar)
    assert len(afar.counter.pulses()) == 1
    assert told(afar.deliver(order)) == [("done", 0)]
    afar.cut()
    assert told(afar.deliver(order)) == [("done", 0)]
    assert afar.counter.pulses() == []
    assert len(facts(afar, NoSale)) == len(facts(afar, CommandTaken)) == len(facts(afar, CommandEnded)) == 1


def test_a_cut_in_the_commit_that_takes_it_leaves_it_held(afar, monkeypatch):
    order = make(afar, Lock("stolen"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)
    monkeypatch.setattr(type(afar.counter.ledger), "commit", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        with_time(afar)
    monkeypatch.undo()
    afar.cut()
    assert lock.locked(afar.counter.ledger)
    assert len(facts(afar, CommandTaken)) == 1


@pytest.mark.parametrize("commands", [(Lock("x"), Unlock()), (Unlock(), Lock("x"))])
@pytest.mark.parametrize("swapped", [False, True])
def test_of_lock_and_unlock_the_one_that_was_given_later_stands(afar, commands, swapped):
    orders = []
    for command in commands:
        orders.append(make(afar, command, DAY_MS))
        afar.counter.ms += 1_000
    without_time(afar)
    for order in reversed(orders) if swapped else orders:
        afar.deliver(order)
    with_time(afar)
    assert lock.locked(afar.counter.ledger) == isinstance(commands[-1], Lock)


def test_two_that_open_the_drawer_have_one_end_each(tmp_path):
    afar = Afar(tmp_path, opens("open")).open()
    afar.counter.ms += 60_000
    orders = [make(afar, OpenDrawer("one")), make(afar, OpenDrawer("two"))]
    without_time(afar)
    for order in orders:
        afar.deliver(order)
    with_time(afar)
    assert len(afar.counter.pulses()) == 1
    assert sorted((each.status, each.code) for each in facts(afar, CommandEnded)) == [("done", 0), ("refused", 8006)]


def test_a_restart_that_was_held_comes_once(afar):
    order = make(afar, Reboot("device"))
    without_time(afar)
    afar.deliver(order)
    with_time(afar)
    afar.counter.pass_time(20_000)
    assert [each for each in afar.counter.out if isinstance(each, RestartDevice)]
    afar.cut()
    assert told(afar.replies) == [("done", 0)]
    afar.counter.pass_time(60_000)
    assert not [each for each in afar.counter.out if isinstance(each, RestartDevice)]


def test_no_more_are_held_than_there_is_room_for(afar, monkeypatch):
    monkeypatch.setattr(remote, "HELD_MAX", 2)
    orders = [make(afar, Lock(f"{number}")) for number in range(3)]
    without_time(afar)
    assert [told(afar.deliver(order)) for order in orders] == [
        [("accepted", 1011)], [("accepted", 1011)], [("refused", 1011)],
    ]  # fmt: skip
    assert told(afar.deliver(orders[0])) == [("accepted", 1011)]
    assert told(with_time(afar)) == [("done", 0), ("done", 0)]
    assert told(afar.deliver(orders[2])) == [("refused", 1011)], "its first result stands"


def test_what_would_live_for_ever_or_was_forgotten_is_not_held(afar):
    order = make(afar, Lock("x"), 8 * DAY_MS)
    without_time(afar)
    assert told(afar.deliver(order)) == [("refused", 1014)]
    assert remote.held(afar.counter.ledger) == ()


def test_a_card_that_does_not_take_it_has_not_accepted_it(afar, monkeypatch):
    order = make(afar, Lock("x"), DAY_MS)
    without_time(afar)
    monkeypatch.setattr(type(afar.counter.terminal), "jot", lambda *_, **__: None)
    assert afar.deliver(order) == []
    monkeypatch.undo()
    assert told(afar.deliver(order)) == [("accepted", 1011)], "the backend sends it again"


def test_without_a_link_it_is_told_when_there_is_one(afar):
    order = make(afar, Lock("x"), DAY_MS)
    without_time(afar)
    afar.counter.step(LinkDown(1003))
    assert afar.deliver(order) == []
    before = len(afar.replies)
    afar.counter.step(LinkUp())
    assert told(afar.replies[before:]) == [("accepted", 1011)]


def test_an_order_that_is_not_the_fleets_is_not_held(afar):
    without_time(afar)
    assert afar.deliver(make(afar, Lock("forged")), trusted=False) == []
    assert afar.deliver(msgspec.structs.replace(make(afar, Lock("x")), terminal="00010024")) == []
    assert remote.held(afar.counter.ledger) == ()


def test_a_card_that_takes_nothing_says_nothing_and_the_order_waits_on(afar, monkeypatch):
    """A refusal would be the order's end for the fleet, and the next boot would carry it out all the same."""
    order = make(afar, Lock("stolen"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)

    def full(*_: object, **__: object) -> None:
        raise LedgerError(9002, "full")

    monkeypatch.setattr(type(afar.counter.ledger), "append", full)
    assert told(with_time(afar)) == []
    monkeypatch.undo()
    assert not lock.locked(afar.counter.ledger)
    before = len(afar.replies)
    afar.counter.pass_time(60_000)
    assert told(afar.replies[before:]) == [("done", 0)]
    assert lock.locked(afar.counter.ledger)
    assert remote.held(afar.counter.ledger) == ()


def test_one_in_the_words_of_a_later_release_stops_no_boot(afar):
    afar.counter.ledger.jot("held", "INSERT INTO remote_held VALUES ('cid1', 1, ?)", b'{"new": true}')
    afar.counter.ledger.commit()
    afar.cut()
    afar.counter.pass_time(10_000)
    assert remote.unreadable_held(afar.counter.ledger) == ()
    assert [fact.source for fact in facts(afar, Quarantined)] == ["held command cid1"]


def test_safe_mode_takes_none(afar):
    order = make(afar, Lock("x"), 6 * DAY_MS)
    without_time(afar)
    afar.deliver(order)
    afar.counter.cut()
    afar.counter.boot(safe_mode=True)
    with_time(afar)
    assert not lock.locked(afar.counter.ledger)
    afar.cut()
    afar.counter.pass_time(1_000)
    assert lock.locked(afar.counter.ledger)


def test_one_that_has_expired_without_a_link_is_told_when_there_is_one(afar):
    order = make(afar, Lock("late"), 60_000)
    without_time(afar)
    afar.deliver(order)
    afar.counter.step(LinkDown(1003))
    afar.counter.pass_time(120_000)
    assert told(with_time(afar)) == []
    before = len(afar.replies)
    afar.counter.step(LinkUp())
    afar.counter.pass_time(1_000)
    assert ("refused", 1014) in told(afar.replies[before:])
    assert not lock.locked(afar.counter.ledger)
    assert remote.held(afar.counter.ledger) == ()
