"""Commands from afar: who is obeyed, that nothing runs twice, and what each of them does."""

import msgspec
import pytest

from firmware.events import (
    Acked,
    Answered,
    Ask,
    DrawerPulsed,
    DrawerSeen,
    Exit,
    FindName,
    LinkDown,
    LinkUp,
    NameFound,
    OrderCame,
    RestartDevice,
    Send,
    Show,
)
from firmware.txn import lock, original, remote
from rules.settings_counter import DRAWER_RULES, DrawerRule
from tests.counter import COLA
from tests.payments.till import WECHAT, Till
from tests.remote.afar import Afar, unpacked
from tests.screens.ledgers import having
from wire.facts import CommandEnded, CommandTaken, NoSale, Quarantined, Trouble
from wire.fleet import Identify, Lock, OpenDrawer, Reboot, Replay, Selftest, SendLog, Unlock
from wire.messages import AnswerDiagnose, AskDiagnose
from wire.records import Ack

HARMLESS = (Identify(), Selftest(), SendLog(5))
DANGEROUS = (Reboot(), Lock("x"), Unlock(), OpenDrawer("x"))


def facts(afar: Afar, kind: type) -> list:
    return [entry.fact for entry in afar.counter.ledger.entries() if isinstance(entry.fact, kind)]


@pytest.fixture
def afar(tmp_path):
    return Afar(tmp_path).open()


# --- who is obeyed ---------------------------------------------------------------------------------------------------


def test_an_unsigned_command_does_nothing_is_not_answered_and_is_told_of_as_2019(afar):
    assert afar.deliver(afar.make(Lock("forged")), trusted=False) == []
    assert not lock.locked(afar.counter.ledger)
    assert facts(afar, CommandTaken) == []
    assert [each.code for each in facts(afar, Trouble)] == [2019]


@pytest.mark.parametrize("changes", [{"terminal": "00010024"}, {}])
def test_a_command_for_another_terminal_or_under_another_name_does_nothing(afar, changes):
    name = "" if changes else "identify"
    assert afar.deliver(afar.make(Lock("x"), **changes), name) == []
    assert not lock.locked(afar.counter.ledger)
    assert [each.code for each in facts(afar, Trouble)] == [2019]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cid":"x"}', '{"cid":"abcdefgh","more":1}', "\ud800"])
def test_a_signed_text_that_is_no_command_is_put_aside(afar, text):
    afar.counter.step(OrderCame("lock", text, True))
    assert len(facts(afar, Quarantined)) == 1
    assert afar.replies == []


def test_a_command_that_comes_too_late_is_refused_and_leaves_no_trace(afar):
    order = afar.make(Lock("late"))
    afar.counter.ms += 120_001
    (reply,) = afar.deliver(order)
    assert (reply.status, reply.code) == ("refused", 1014)
    assert not lock.locked(afar.counter.ledger)
    assert facts(afar, CommandTaken) == []


@pytest.mark.parametrize("lives_ms", [0, -5, 8 * 24 * 3_600_000])
def test_a_command_that_would_live_for_ever_or_never_is_refused(afar, lives_ms):
    order = afar.make(Identify())
    (reply,) = afar.deliver(msgspec.structs.replace(order, expires_ms=order.issued_ms + lives_ms))
    assert (reply.status, reply.code) == ("refused", 1014)


@pytest.mark.parametrize("command", HARMLESS, ids=lambda each: type(each).__name__)
def test_without_a_trusted_clock_a_harmless_command_runs(afar, command):
    afar.counter.clock = "floor"
    afar.counter.day_ms -= 10 * 365 * 24 * 3_600_000
    (reply,) = afar.deliver(afar.make(command))
    assert reply.status in ("done", "accepted")


# --- never twice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [0, 1, 3])
def test_the_same_command_gets_its_first_result_and_never_runs_twice(afar, cuts):
    order = afar.make(SendLog(50))
    first = afar.deliver(order)
    for _ in range(cuts):
        afar.cut()
    afar.counter.keys("MENU")  # the log would be another one by now
    assert afar.deliver(order) == first
    afar.counter.ms += 10_000_000  # and long after it has expired
    assert afar.deliver(order) == first
    assert len(facts(afar, CommandTaken)) == 1


def test_a_lock_that_comes_again_after_the_unlock_locks_nothing(afar):
    locked = afar.make(Lock("one"))
    afar.deliver(locked)
    afar.order(Unlock())
    afar.cut()
    (reply,) = afar.deliver(locked)[:1]
    assert reply.status == "done"
    assert not lock.locked(afar.counter.ledger)


def test_a_command_whose_answer_was_not_acknowledged_is_told_again_when_the_link_is_back(afar):
    (reply,) = afar.order(Identify(1))
    afar.counter.step(LinkDown(1003))
    before = len(afar.replies)
    afar.counter.step(LinkUp())
    assert afar.replies[before:] == [reply]
    ledger = afar.counter.ledger
    afar.counter.step(Acked(Ack(ledger.epoch, ledger.durable_seq)))
    afar.counter.step(LinkDown(1003))
    before = len(afar.replies)
    afar.counter.step(LinkUp())
    assert afar.replies[before:] == [], "the record of it is at the backend"


def test_a_command_cut_off_in_the_middle_is_answered_as_failed(afar):
    order = afar.make(Selftest())
    assert [each.status for each in afar.deliver(order)] == ["accepted"]
    afar.cut()
    assert [(each.status, each.code) for each in afar.replies if each.cid == order.cid] == [("failed", 9016)]
    assert [each.status for each in afar.deliver(order)] == ["failed"]


def test_a_cut_before_the_commit_leaves_a_command_that_has_not_come(afar, monkeypatch):
    """The fact is there before the effect: nothing was locked, and the command may come again."""
    order = afar.make(Lock("x"))
    ledger = afar.counter.ledger
    monkeypatch.setattr(type(ledger), "commit", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        afar.deliver(order)
    monkeypatch.undo()
    afar.cut()
    assert not lock.locked(afar.counter.ledger)
    assert [each.status for each in afar.deliver(order)] == ["done"]


def test_the_table_is_bounded_and_what_it_forgot_cannot_come_back(afar):
    orders = []
    for _ in range(8):
        orders.append(afar.make(Identify(1)))
        afar.deliver(orders[-1])
        afar.counter.ms += remote.FORGET_MS // 2
    ledger = afar.counter.ledger
    assert ledger.read("SELECT count(*) FROM command") == [(3,)]
    afar.counter.clock = "floor"  # so that no clock helps
    (reply,) = afar.deliver(orders[0])
    assert (reply.status, reply.code) == ("refused", 1018)
    afar.cut()
    assert [each.code for each in afar.deliver(orders[1])] == [1018]
    assert len(facts(afar, CommandTaken)) == 8
    assert afar.counter.ledger.differences() == []


def test_more_commands_at_once_than_the_table_holds_are_refused_not_forgotten(afar, monkeypatch):
    monkeypatch.setattr(remote, "KEPT_MAX", 3)
    first = afar.make(SendLog(1))
    told = afar.deliver(first)
    assert [afar.order(Identify(1))[0].code for _ in range(3)] == [0, 0, 6007]
    assert afar.deliver(first) == told


def test_the_tables_are_those_the_journal_makes(afar):
    for command in (Lock("x"), Unlock(), SendLog(), Identify(), Reboot(), Selftest(), OpenDrawer("y")):
        afar.order(command)
    afar.counter.pass_time(60_000)
    assert afar.counter.ledger.differences() == []


# --- identify --------------------------------------------------------------------------------------------------------


def test_identify_shows_the_number_is_heard_and_ends_by_itself_or_by_a_key(afar):
    (reply,) = afar.order(Identify(5))
    assert reply.status == "done"
    assert afar.counter.screen == "Sought"
    assert "00010023" in afar.counter.text()
    assert afar.counter.terminal.lamp == "amber"
    afar.counter.pass_time(5_000)
    assert afar.counter.screen == "Idle"
    afar.order(Identify(300))
    afar.counter.keys("5")
    assert afar.counter.screen == "Idle", "a key ends it and does nothing else"


@pytest.mark.parametrize("keys", ["", "OK"])
def test_identify_never_comes_in_the_middle_of_money(afar, keys):
    afar.counter.scan(COLA).keys(keys)
    shown = afar.counter.screen
    (reply,) = afar.order(Identify())
    assert (reply.status, reply.code) == ("refused", 5029)
    assert afar.counter.screen == shown


# --- replay ----------------------------------------------------------------------------------------------------------


def test_replay_sends_the_records_again_paced_and_says_when_it_is_done(afar):
    counter = afar.counter
    for _ in range(90):
        counter.keys("5 0 0 OK OK OK")
    ledger = counter.ledger
    counter.step(Acked(Ack(ledger.epoch, ledger.durable_seq)))
    counter.out.clear()
    last = ledger.durable_seq
    order = afar.make(Replay(ledger.epoch, 1, last))
    assert [each.status for each in afar.deliver(order)] == ["accepted"]
    counter.out.clear()
    most = 0
    while not [each for each in afar.replies if each.status == "done"]:
        before = len(counter.out)
        counter.pass_time(500)
        most = max(most, len([each for each in counter.out[before:] if isinstance(each, Send)]))
        newest = ledger.durable_seq
        if newest > ledger.acked_seq:
            counter.step(Acked(Ack(ledger.epoch, newest)))
    sent = {record.seq for each in counter.out if isinstance(each, Send) for record in each.packet.records}
    assert set(range(1, last + 1)) <= sent
    assert most <= 5, "a few packets at a time"


@pytest.mark.parametrize(("span", "code"), [((1, 10**6), 4010), ((0, 0), 4010), ((5, 4), 4010)])
def test_replay_of_what_is_not_here_is_refused(afar, span, code):
    first, last = span
    order = afar.make(Replay(afar.counter.ledger.epoch, max(1, first), max(1, last)))
    if span == (0, 0):
        order = msgspec.structs.replace(order, command=Replay(99, 1, 2))
    assert [(each.status, each.code) for each in afar.deliver(order)] == [("refused", code)]


# --- selftest, log ---------------------------------------------------------------------------------------------------


def test_selftest_runs_the_diagnosis_and_says_how_each_check_came_out(afar):
    counter = afar.counter
    assert [each.status for each in afar.order(Selftest())] == ["accepted"]
    for _ in range(40):
        asked = counter.out[-1] if counter.out else None
        if isinstance(asked, FindName):
            counter.step(NameFound(0))
        elif isinstance(asked, Ask) and isinstance(asked.ask, AskDiagnose):
            counter.step(Answered(AnswerDiagnose(asked.ask.nonce)))
        counter.pass_time(200)
    done = afar.replies[-1]
    assert done.status == "done"
    assert [check.name for check in done.checks][:4] == ["network", "name", "time", "broker"]
    assert len(done.checks) == 10
    assert all(check.ok for check in done.checks), done.checks
    assert not [each for each in counter.out if isinstance(each, Show) and each.view.name == "Diagnosis"]


def test_the_log_holds_what_went_wrong_and_nothing_of_a_customer(afar):
    counter = afar.counter
    counter.scan("6999999999997").keys("CANCEL")
    counter.scan("134567890123456789").keys("CANCEL")
    counter.terminal.note(5007, "13812345678", "paid by 6222020200112233444")
    told = unpacked(afar.order(SendLog(100)))
    assert " 5007 " in told
    assert "# printer ok" in told
    for secret in ("13812345678", "6222020200112233444", "134567890123456789", "6999999999997"):
        assert secret not in told


def test_the_log_comes_in_parts_that_fit_into_a_packet(afar, monkeypatch):
    monkeypatch.setattr("firmware.txn.report_log.PART_BYTES_MAX", 100)
    for number in range(40):
        afar.counter.terminal.note(1003 + number % 7, reason=f"try {number}")
        afar.counter.ms += 70_000
        afar.counter.step(LinkUp())
    order = afar.make(SendLog(30))
    parts = afar.deliver(order)
    assert len(parts) > 1
    assert all(len(each.data) <= 100 for each in parts)
    assert len([line for line in unpacked(parts).splitlines() if not line.startswith("#")]) == 30
    afar.cut()
    assert afar.deliver(order) == parts


def test_the_data_of_old_replies_is_forgotten_and_their_result_is_not(afar):
    orders = [afar.make(SendLog(5)) for _ in range(5)]
    for order in orders:
        afar.deliver(order)
    (reply,) = afar.deliver(orders[0])
    assert (reply.status, reply.data) == ("done", b"")
    (again,) = afar.deliver(orders[-1])
    assert again.data
    assert afar.counter.ledger.read("SELECT count(DISTINCT cid) FROM remote_part")[0][0] <= remote.PARTS_KEPT_MAX


# --- lock ------------------------------------------------------------------------------------------------------------


def test_a_locked_terminal_says_why_and_sells_nothing_until_it_is_unlocked(afar):
    counter = afar.counter
    assert [each.status for each in afar.order(Lock("报失"))] == ["done"]
    assert counter.screen == "Locked"
    assert "[2009]" in counter.text()
    assert "报失" in counter.text()
    counter.scan(COLA)
    counter.keys("5 0 0 OK OK")
    assert counter.screen == "Locked"
    afar.cut()
    counter.sign_on()
    assert counter.screen == "Locked", "a power cut does not open it"
    afar.order(Unlock())
    assert counter.screen == "Idle"
    counter.keys("5 0 0 OK OK")
    assert counter.screen == "Sold"


def test_signs_that_hide_in_a_reason_reach_neither_screen_nor_record(afar):
    assert [each.status for each in afar.order(Lock("recall\n\u202e\x1b@"), by="ops\x00")] == ["done"]
    assert "recall···@" in afar.counter.text().split("\n")
    assert [each.by for each in facts(afar, CommandTaken)] == ["ops·"]


def test_the_lock_holds_in_what_is_decided_not_only_on_the_screen(afar):
    """Somebody had the basket open: the goods stay, and nothing of them is sold."""
    from firmware.txn.checkout import TakeCard
    from firmware.txn.collect import SendCode
    from firmware.txn.command import Refusal
    from firmware.txn.hold import HoldBasket
    from firmware.txn.sale import AddCode, TakeCash

    counter = afar.counter
    counter.scan(COLA)
    afar.order(Lock("x"))
    assert counter.screen == "Locked"
    ctx = counter.terminal.context()
    for command in (AddCode(COLA), TakeCash(10_000), TakeCard(700, "1", "1234"), SendCode(WECHAT), HoldBasket()):
        answer = command.decide(ctx)
        assert isinstance(answer, Refusal), command
        assert answer.code == 2009, command
    afar.order(Unlock())
    assert counter.screen == "BasketScreen"
    assert len(counter.terminal.session.basket.lines) == 1


def test_a_locked_terminal_gives_nothing_back_and_opens_no_shift(afar):
    from firmware.txn.command import Refusal
    from firmware.txn.handover import OpenShift
    from firmware.txn.refund import VoidSale

    counter = afar.counter
    counter.keys("5 0 0 OK OK OK")
    seq = next(entry.seq for entry in counter.ledger.entries() if entry.fact.KIND == "sale")
    sale = original.of_seq(counter.ledger, "00010023", seq)
    assert sale is not None
    afar.order(Lock("x"))
    ctx = counter.terminal.context()
    for command in (VoidSale(sale, "wrong"), OpenShift(0, "2026-11-22")):
        answer = command.decide(ctx)
        assert isinstance(answer, Refusal), command
        assert answer.code == 2009, command


def test_an_order_that_was_being_paid_is_finished_on_a_locked_terminal(tmp_path):
    """Money has moved, or may have: it is not left hanging."""
    till = Till(tmp_path).open_for_business().online()
    till.basket().pay()
    afar = Afar.__new__(Afar)
    afar.counter, afar.number = till, 0
    assert [each.status for each in afar.order(Lock("x"))] == ["done"]
    till.answer("paid")
    assert "sale" in till.facts()
    till.keys("OK")
    assert till.screen == "Locked"


def test_a_locked_terminal_still_closes_its_shift(afar):
    counter = afar.counter
    afar.order(Lock("x"))
    counter.keys("MENU 8 2")
    assert counter.screen not in ("Locked", "Menu", "Refused"), counter.text()


# --- drawer ----------------------------------------------------------------------------------------------------------


def opens(action: str) -> Afar:
    rules = (*(rule for rule in DRAWER_RULES if rule.event != "remote"), DrawerRule(event="remote", action=action))
    return having(drawer_use={"rules": rules})


def test_by_default_nobody_opens_a_drawer_from_afar_and_the_try_is_on_record(afar):
    (reply,) = afar.order(OpenDrawer("look"))
    assert (reply.status, reply.code) == ("refused", 2005)
    assert afar.counter.pulses() == []
    assert "drawer_refused" in afar.counter.facts()


@pytest.mark.parametrize("outcome", ["opened", "did_not_open", "no_sensor"])
def test_where_the_rules_let_it_the_drawer_opens_once_counted_and_told(tmp_path, outcome):
    afar = Afar(tmp_path, opens("open")).open()
    afar.counter.drawer = outcome
    order = afar.make(OpenDrawer("look"))
    afar.counter.ms += 60_000
    replies = afar.deliver(order)
    assert {each.status for each in replies} == {"accepted", "failed" if outcome == "did_not_open" else "done"}
    assert len(afar.counter.pulses()) == 1
    afar.deliver(order)
    afar.cut()
    afar.deliver(order)
    assert afar.counter.pulses() == [], "not once more, and not by a boot"
    assert len(facts(afar, NoSale)) == 1
    counted = "SELECT times FROM drawer_count WHERE event = 'remote'"
    assert afar.counter.ledger.read(counted) == [(1,)]


@pytest.mark.parametrize("action", ["ask", "supervisor", "deny"])
def test_a_rule_that_wants_somebody_there_is_a_no_from_afar(tmp_path, action):
    afar = Afar(tmp_path, opens(action)).open()
    assert [each.code for each in afar.order(OpenDrawer("look"))] == [2005]


def test_a_cut_between_the_order_and_the_pulse_is_told_as_failed(tmp_path):
    afar = Afar(tmp_path, opens("open")).open()
    afar.counter.drawer = ""
    afar.counter.ms += 60_000
    order = afar.make(OpenDrawer("look"))
    assert [each.status for each in afar.deliver(order)] == ["accepted"]
    afar.cut()
    assert [(each.status, each.code) for each in afar.replies] == [("failed", 9016)]
    afar.counter.step(DrawerPulsed(1, "opened"))


# --- reboot ----------------------------------------------------------------------------------------------------------


def exits(afar: Afar) -> list[str]:
    return [each.reason for each in afar.counter.out if isinstance(each, Exit)]


def test_a_restart_waits_until_nothing_is_under_way(afar):
    counter = afar.counter
    counter.scan(COLA)
    order = afar.make(Reboot())
    assert [each.status for each in afar.deliver(order)] == ["accepted"]
    counter.pass_time(60_000)
    assert exits(afar) == []
    counter.keys("OK F2 OK")
    counter.pass_time(60_000)
    assert exits(afar) == ["reboot"]
    afar.cut()
    assert [each.status for each in afar.replies] == ["done"]
    counter.pass_time(60_000)
    assert exits(afar) == [], "once"


def test_a_key_puts_a_restart_off_and_a_drawer_that_stands_open_too(afar):
    counter = afar.counter
    counter.step(DrawerSeen(True))
    afar.order(Reboot())
    counter.pass_time(30_000)
    assert counter.screen == "Idle"
    counter.step(DrawerSeen(False))
    counter.pass_time(6_000)
    assert counter.screen == "Updating"
    counter.keys("OK")
    counter.pass_time(4_000)
    assert exits(afar) == []
    counter.pass_time(30_000)
    assert exits(afar) == ["reboot"]


def test_the_whole_device_restarts_by_the_system_and_a_failure_is_told(afar):
    counter = afar.counter
    afar.order(Reboot("device"))
    counter.pass_time(20_000)
    assert [each for each in counter.out if isinstance(each, RestartDevice)]
    assert exits(afar) == []
    counter.pass_time(130_000)
    assert (afar.replies[-1].status, afar.replies[-1].code) == ("failed", 9001)


def test_a_device_that_was_cut_while_it_restarted_has_restarted(afar):
    afar.order(Reboot("device"))
    afar.counter.pass_time(20_000)
    afar.cut()
    assert [each.status for each in afar.replies] == ["done"]


def test_a_second_restart_while_one_waits_is_refused(afar):
    afar.counter.scan(COLA)
    afar.order(Reboot())
    assert [(each.status, each.code) for each in afar.order(Reboot())] == [("refused", 1018)]


def test_every_taken_command_has_one_end(afar):
    for command in (Lock("x"), Unlock(), SendLog(), Identify()):
        afar.order(command)
    taken, ended = facts(afar, CommandTaken), facts(afar, CommandEnded)
    assert sorted(each.cid for each in taken) == sorted(each.cid for each in ended)
