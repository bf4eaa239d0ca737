"""The diagnosis screen: ten checks in order, the first failure on top, what to do beside it."""

import threading
from pathlib import Path

import msgspec
import pytest

from firmware.drivers.names import Names
from firmware.events import (
    Answered,
    Ask,
    AskFailed,
    Connect,
    DrawerSeen,
    Event,
    FindName,
    LinkDown,
    LinkUp,
    NameFound,
    PrinterSeen,
)
from firmware.txn.ballast import BALLAST_BYTES, Ballast
from firmware.txn.diagnosis import CHECKS, first_bad
from fleet.core import Arrived, Message, SendAnswer
from tests.counter import COLA, Counter
from tests.events.till import Fleet, open_till
from wire.messages import AnswerDiagnose, AskDiagnose, Reach


def ask_of(counter: Counter) -> AskDiagnose:
    return next(each.ask for each in counter.out if isinstance(each, Ask) and isinstance(each.ask, AskDiagnose))


def run(counter: Counter, name: int = 0, platforms: tuple[Reach, ...] | None = (Reach("wechat", "ok"),)) -> Counter:
    """Start it and answer as told; platforms None: the backend says nothing."""
    counter.keys("MENU 8 7 OK").pass_time(400)
    assert any(isinstance(each, FindName) for each in counter.out)
    counter.step(NameFound(name))
    counter.pass_time(1_000)
    if counter.terminal.devices.link == "up" and platforms is not None:
        counter.step(Answered(AnswerDiagnose(ask_of(counter).nonce, platforms)))
    counter.pass_time(30_000)
    return counter


def states(counter: Counter) -> dict[str, tuple[str, int]]:
    return {each.name: (each.state, each.code) for each in counter.terminal.devices.checks}


def test_when_all_is_well_all_ten_pass_in_order(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.step(DrawerSeen(False))
    run(counter)
    assert states(counter) == dict.fromkeys(CHECKS, ("ok", 0))
    assert "全部正常" in counter.text()


@pytest.mark.parametrize(
    ("event", "check", "code"),
    [
        (PrinterSeen("offline"), "printer", 4005), (PrinterSeen("paper_out"), "paper", 4001),
        (PrinterSeen("cover_open"), "paper", 4003), (DrawerSeen(True), "drawer", 8002),
    ],
)  # fmt: skip
def test_a_device_that_fails_is_named_with_what_to_do(tmp_path: Path, event: Event, check: str, code: int) -> None:
    counter = open_till(tmp_path)
    counter.step(DrawerSeen(False))
    counter.step(event)
    counter.keys("CANCEL CANCEL")
    run(counter)
    assert states(counter)[check] == ("bad", code)
    assert f"[{code}]" in counter.text()


@pytest.mark.parametrize(("outcome", "found"), [("too_soon", ("ok", 0)), ("did_not_open", ("bad", 8001))])
def test_a_coil_that_had_to_rest_is_no_fault_of_the_drawer_once_it_has(
    tmp_path: Path, outcome: str, found: tuple[str, int]
) -> None:
    """A sale right after another opening is refused its pulse (8006); minutes later nothing is wrong any more."""
    counter = open_till(tmp_path)
    counter.drawer = outcome
    counter.step(DrawerSeen(False))
    counter.scan(COLA).keys("OK OK OK")
    assert counter.terminal.devices.drawer_code
    counter.pass_time(60_000)
    run(counter)
    assert states(counter)["drawer"] == found


def test_without_a_link_the_first_failure_is_what_is_behind_it(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.step(LinkDown(1002))
    run(counter, name=1002)
    assert any(isinstance(each, Connect) for each in counter.out), "it is tried at once"
    found = states(counter)
    assert (found["name"], found["broker"], found["backend"]) == (("bad", 1002),) * 3
    assert found["platform"] == ("unknown", 0)
    bad = first_bad(counter.terminal.devices.checks)
    assert bad is not None
    assert bad.name == "name"
    counter.keys("F1")
    assert counter.screen == "Help"


def test_a_link_that_comes_while_it_is_checked_passes(tmp_path: Path) -> None:
    counter = open_till(tmp_path, link=False)
    counter.keys("MENU 8 7 OK").pass_time(400)
    counter.step(NameFound(0))
    counter.pass_time(300)
    counter.step(LinkUp())
    assert states(counter)["broker"] == ("ok", 0)


def test_a_backend_that_stays_silent_is_a_time_out(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    run(counter, platforms=None)
    assert states(counter)["backend"] == ("bad", 1004)


def test_an_ask_that_never_left_and_one_of_another_run_are_told_apart(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.keys("MENU 8 7 OK").pass_time(400)
    counter.step(NameFound(0))
    counter.pass_time(1_000)
    counter.step(Answered(AnswerDiagnose("00" * 8)))
    assert states(counter)["backend"] == ("runs", 0)
    counter.step(AskFailed(ask_of(counter).nonce, "diagnose"))
    assert states(counter)["backend"] == ("bad", 1003)


@pytest.mark.parametrize(
    ("platforms", "state"),
    [
        ((), ("unknown", 0)), ((Reach("wechat", "unknown"),), ("unknown", 0)),
        ((Reach("wechat", "ok"), Reach("alipay", "down", 5013)), ("bad", 5013)),
        ((Reach("wechat", "ok"), Reach("alipay", "unknown")), ("ok", 0)),
    ],
)  # fmt: skip
def test_platforms_are_as_the_backend_reached_them(tmp_path: Path, platforms: tuple[Reach, ...], state: object) -> None:
    assert states(run(open_till(tmp_path), platforms=platforms))["platform"] == state


def test_an_untrusted_clock_fails_and_selling_goes_on(tmp_path: Path) -> None:
    counter = open_till(tmp_path)
    counter.clock = "floor"
    run(counter)
    assert states(counter)["time"] == ("bad", 1011)


def test_it_can_be_printed_and_run_again(tmp_path: Path) -> None:
    counter = run(open_till(tmp_path))
    counter.keys("F2")
    assert [each.receipt.kind for each in counter.printed()] == ["diagnosis"]
    counter.keys("OK")
    assert states(counter)["network"] == ("runs", 0)


def test_the_backend_says_how_the_channels_were_lately() -> None:
    """Nobody paid: not known."""
    ask = AskDiagnose("ab" * 8)
    message = Message("00010023", "ask/diagnose", msgspec.json.encode(ask))
    (answer,) = Fleet().core.step(Arrived(1_800_000_000_000, (message,)))
    assert isinstance(answer, SendAnswer)
    assert isinstance(answer.answer, AnswerDiagnose)
    assert answer.answer.nonce == ask.nonce
    assert {each.state for each in answer.answer.platforms} == {"unknown"}


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", 0), ("no-such-name.invalid", 1002)])
def test_names_are_really_looked_up(host: str, code: int) -> None:
    heard, came = [], threading.Event()

    def post(event: Event) -> None:
        heard.append(event)
        came.set()

    Names(host, post).carry_out()
    assert came.wait(30)
    assert heard == [NameFound(code)]


def test_a_disk_with_nothing_left_but_the_reserve_is_bad_before_the_reserve_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = open_till(tmp_path)
    counter.step(DrawerSeen(False))
    monkeypatch.setattr(Ballast, "_free_bytes", lambda self: BALLAST_BYTES - 1)
    run(counter)
    assert states(counter)["storage"] == ("bad", 9002)
    assert not counter.ledger.low_storage
