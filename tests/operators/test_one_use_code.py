"""A supervisor who is away approves by a code said over the telephone: one action, once, by a clock that can be trusted."""

import dataclasses

import pytest

from firmware.render import Renderer, find_font
from firmware.render_text import speak
from firmware.txn import approve
from firmware.txn.command import Refusal
from firmware.txn.sale import RemoveLine
from rules import one_use
from tests.counter import COLA, Counter
from tests.screens import ledgers
from wire.facts import Approved, LineRemoved, SignOnRefused

SECRET = "k7Qz_0aVb3xRw9TnLp2YdEfGh5JmUc8s"
RIGHTS = {"cashier": {"line_remove": "supervisor"}}


def shop(folder, secret: str = SECRET) -> Counter:
    """A cashier wants a line out, and nobody with the right is there."""
    settings = ledgers.having(rights=RIGHTS, terminal={"code_secret": secret})
    counter = ledgers.supervised(folder, settings).scan(COLA).keys("CLEAR")
    assert counter.screen == "Override"
    return counter


@pytest.fixture
def till(tmp_path) -> Counter:
    return shop(tmp_path)


def now_ms(counter: Counter) -> int:
    return counter.day_ms + counter.ms


def code(counter: Counter, steps: int = 0, supervisor: str = "00", terminal: str = "00010023") -> str:
    """What the backend says now, or so many 30 s later."""
    key = one_use.key_of(SECRET, terminal, supervisor)
    return one_use.code_at(key, one_use.step_at(now_ms(counter)) + steps)


def typed(counter: Counter, digits: str) -> Counter:
    return counter.keys("0 0 OK F2 " + " ".join(digits) + " OK")


def recorded(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


@pytest.mark.parametrize("steps", [0, -one_use.BEHIND_STEPS, one_use.AHEAD_STEPS])
def test_a_code_approves_one_action_and_both_are_on_record(till, steps):
    step = one_use.step_at(now_ms(till)) + steps
    typed(till, code(till, steps))
    assert till.facts()[-2:] == ["line_removed", "approved"], "one commit"
    assert recorded(till, Approved) == [Approved("01", "00", 2006, "RemoveLine", "line_remove", "code", step)]
    assert recorded(till, LineRemoved)[0].approver == "00"
    assert till.screen == "Idle"


def again(counter: Counter) -> Counter:
    """The next line that is to go."""
    return counter.scan(COLA).keys("CLEAR")


def test_a_code_is_taken_once_and_no_older_one_after_it_also_over_a_cut(till):
    used, older = code(till), code(till, -1)
    typed(till, used)
    till.ledger.commit()
    till.cut()
    till.boot().sign_on()
    for spent in (used, older):
        typed(again(till), spent)
        assert "[2007]" in till.text()
        assert "已用过" in till.text()
        till.keys("OK CANCEL CANCEL")
    assert len(recorded(till, Approved)) == 1
    assert recorded(till, SignOnRefused) == [], "who repeats a code guesses nothing"
    till.ledger.commit()
    till.ledger.rebuild()
    typed(again(till), code(till, 1))
    assert len(recorded(till, Approved)) == 2


@pytest.mark.parametrize("far", [-one_use.BEHIND_STEPS - 1, one_use.AHEAD_STEPS + 1])
def test_what_is_too_old_or_too_new_is_wrong(till, far):
    typed(till, code(till, far))
    assert "[2007]" in till.text()
    assert recorded(till, SignOnRefused) == [SignOnRefused("00", 1)]
    assert not recorded(till, Approved)


def test_a_code_of_another_terminal_or_supervisor_opens_nothing(till):
    ctx = till.terminal.context()
    for other in (code(till, terminal="00010024"), code(till, supervisor="90")):
        refused = approve.Approve(RemoveLine(0), "00", 2006, "code", proof=other).decide(ctx)
        assert isinstance(refused, Refusal)
        assert refused.code == 2007


def test_three_wrong_ones_lock_the_supervisor_like_wrong_pins(till):
    for _ in range(3):
        typed(till, "00000000")
        assert "[2004]" in till.text() or "[2007]" in till.text()
        till.pass_time(4_000)
        till.keys("OK")
    assert [fact.locked for fact in recorded(till, SignOnRefused)] == [False, False, True]
    typed(till, code(till))
    assert "[2004]" in till.text(), "the right one comes too late"
    assert not recorded(till, Approved)


def test_by_a_clock_nobody_trusts_no_code_is_taken_and_a_pin_is(till):
    till.clock = "floor"
    typed(till, code(till))
    assert "[1011]" in till.text()
    assert "密码或工牌" in till.text()
    assert recorded(till, SignOnRefused) == []
    till.keys("OK 0 0 OK 4 8 2 9 1 7 OK")
    assert [fact.means for fact in recorded(till, Approved)] == ["pin"]


def test_without_a_secret_there_is_no_code(tmp_path):
    till = shop(tmp_path, secret="")
    before = till.keys("0 0 OK").text()
    assert till.keys("F2").text() == before
    refused = approve.Approve(RemoveLine(0), "00", 2006, "code", proof=code(till)).decide(till.terminal.context())
    assert refused == Refusal(2007, "00")


def test_practice_takes_no_codes(till):
    ctx = dataclasses.replace(till.terminal.context(), training=True)
    assert approve.CheckApprover("00", code(till), by_code=True).decide(ctx) == Refusal(2007, "00")


def test_a_pin_is_no_code_and_a_code_no_pin(till):
    typed(till, "482917")
    assert till.screen == "Supervisor", "six digits are not enough"
    till.keys("F2 " + " ".join(code(till)) + " OK")
    assert "[2007]" in till.text()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_keys_are_named_and_fit(till, lang):
    till.keys("0 0 OK F2 1 2 3 4 5 6 7 8")
    top, renderer = till.terminal.stack[-1], Renderer(find_font(), speak)
    for screen in (top, dataclasses.replace(top, by_code=False)):
        view = screen.view(dataclasses.replace(till.terminal.context(), lang=lang))
        assert "F2" in [hint.key for hint in view.hints]
        assert renderer.overflow(view) == []


def test_the_secret_stands_in_no_record(till):
    typed(till, code(till))
    till.ledger.commit()
    assert all(SECRET not in repr(entry.fact) for entry in till.ledger.entries())


def test_the_codes_are_those_of_the_rfc():
    """RFC 6238, appendix B, SHA-256."""
    key = b"12345678901234567890123456789012"
    told = {59: "46119246", 1111111109: "68084774", 1234567890: "91819424", 20000000000: "77737706"}
    assert {s: one_use.code_at(key, one_use.step_at(s * 1000)) for s in told} == told
