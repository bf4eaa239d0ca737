"""What the printer says, however it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.drivers.printer.line import Line, Patience, Tally
from firmware.drivers.printer.model import models
from firmware.drivers.printer.status import Buffered, Cleared, Fenced, Parser, RealTime, Unasked, health
from tests.printer.body import COVER_OPEN, CUTTER, GOOD, HOT, PAPER_LOW, PAPER_OUT

REPLIES = [
    (b"\x16", RealTime(0x16)),
    (b"\x72", RealTime(0x72)),
    (b"\x0c", Buffered(0x0C)),
    (b"\x37\x22abcd\x00", Fenced(b"abcd")),
    (b"\x37\x22rrrr\x00", Fenced(b"rrrr")),
    (b"\x37\x25\x00", Cleared()),
    (b"\x14\x00\x0f\x0f", Unasked()),
]


@given(st.lists(st.sampled_from(REPLIES), max_size=8), st.data())
def test_replies_are_the_same_in_any_portions(replies, data):
    stream = b"".join(raw for raw, _ in replies)
    parser, seen = Parser(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        seen += parser.feed(stream[:size])
        stream = stream[size:]
    assert seen == [reply for _, reply in replies]
    assert parser.garbage == 0


@given(st.binary(max_size=40))
def test_garbage_never_keeps_a_later_answer_from_being_read(noise):
    parser = Parser()
    parser.feed(noise)
    while parser.expire():
        pass
    while parser._held:
        parser.expire()
    assert parser.feed(b"\x37\x22abcd\x00") == [Fenced(b"abcd")]


@pytest.mark.parametrize("flow", [b"\x11", b"\x13"])
def test_flow_control_inside_a_reply_is_passed_over(flow):
    assert Parser().feed(b"\x37\x22ab" + flow + b"cd\x00") == [Fenced(b"abcd")]


def test_a_block_of_another_kind_is_no_fence():
    assert Fenced not in map(type, Parser().feed(b"\x37\x23abcd\x00"))


@pytest.mark.parametrize(
    ("answers", "look", "code"),
    [
        (GOOD, "ok", 0),
        (PAPER_OUT, "paper_out", 4001),
        (PAPER_LOW, "paper_low", 4002),
        (COVER_OPEN, "cover_open", 4003),
        ({**COVER_OPEN, 4: 0x7E}, "cover_open", 4003),
        (CUTTER, "fault", 4006),
        (HOT, "fault", 4004),
        ({**GOOD, 2: 0x52, 3: 0x32}, "fault", 4013),
        ({**GOOD, 2: 0x52, 3: 0x16}, "fault", 4013),
        ({**GOOD, 2: 0x52, 3: None}, "fault", 4013),
        ({**GOOD, 1: 0x1E}, "offline", 4005),
        ({**GOOD, 1: 0x1E, 2: 0x1A}, "busy", 4005),
        ({**GOOD, 1: None}, "offline", 4005),
        ({**GOOD, 2: None}, "offline", 4005),
        ({**GOOD, 4: None}, "offline", 4005),
    ],
)
def test_answers_make_a_state(answers, look, code):
    seen = health(answers[1], answers[2], answers[3], answers[4])
    assert (seen.look, seen.code) == (look, code)


class SlowAnswers:
    """A printer under a clock of its own: each answer takes seven milliseconds, or never comes."""

    readable = True
    REPLY_MS = 7

    def __init__(self, status, stray=b""):
        self.now_ms = 0
        self.status, self.stray = status, stray
        self.due: list[tuple[int, bytes]] = []

    def write_some(self, data, wait_s):
        answer = self.status.get(data[2])
        if answer is not None:
            self.due.append((self.now_ms + self.REPLY_MS, self.stray + bytes((answer,))))
        return len(data)

    def read_some(self, wait_s):
        until_ms = self.now_ms + round(wait_s * 1000)
        if self.due and self.due[0][0] <= until_ms:
            self.now_ms = max(self.now_ms, self.due[0][0])
            return self.due.pop(0)[1]
        self.now_ms = until_ms
        return b""

    def present(self):
        return True

    def close(self):
        pass


def line_of(printer):
    return Line(printer, models()["virtual58"], lambda: printer.now_ms, Tally(), lambda: False, Patience())


@pytest.mark.parametrize(("status", "questions"), [(GOOD, 3), (PAPER_OUT, 4)])
def test_a_status_takes_as_long_as_its_answers_and_no_longer(status, questions):
    """Nothing waits for a time-out when the answer is there."""
    printer = SlowAnswers(status)
    line_of(printer).health()
    assert printer.now_ms == questions * SlowAnswers.REPLY_MS


def test_a_silent_printer_costs_two_questions():
    printer = SlowAnswers({})
    assert line_of(printer).health().look == "offline"
    assert printer.now_ms == 2 * Patience().reply_ms


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one():
    printer = SlowAnswers({1: 0x16, 2: 0x12, 4: 0x12})
    line = line_of(printer)
    printer.due.append((0, b"\x72"))
    assert line.ask(4) == 0x12
