"""A slip that breaks off at any byte, under a clock of the test's own."""

import pytest

from firmware.drivers.printer.encode import Encoded
from firmware.drivers.printer.job import Slip
from firmware.drivers.printer.line import Line, Patience, Tally
from firmware.drivers.printer.model import models
from firmware.drivers.printer.transport import Gone
from tests.printer.body import GOOD

PICTURE = b"\x1dv0\x00\x01\x00\x10\x00" + b"P" * 16
SLIP = Encoded((b"\x1b@\x1c&", "可乐\n".encode("gb18030"), PICTURE, b"C" * 600 + b"\n", b"\x1dVB\x00"), 100)
WHOLE = b"".join(SLIP.pieces)


class Breaking:
    """Takes `room` bytes of the slip, then nothing, or vanishes. Answers status questions from before that."""

    readable = True

    def __init__(self, room, vanishes):
        self.room, self.vanishes = room, vanishes
        self.now_ms = 0
        self.paper, self.answers = b"", b""

    def write_some(self, data, wait_s):
        if data[:2] == b"\x10\x04" and (self.room or not self.paper):
            self.answers += bytes((GOOD[data[2]],))
            return len(data)
        if not self.room:
            if self.vanishes:
                raise Gone
            self.now_ms += max(1, round(wait_s * 1000))
            return 0
        taken = min(self.room, len(data), 100)
        self.room -= taken
        self.paper += data[:taken]
        return taken

    def read_some(self, wait_s):
        if not self.answers:
            self.now_ms += round(wait_s * 1000)
        data, self.answers = self.answers, b""
        return data

    def present(self):
        return True

    def close(self):
        pass


def line_to(printer):
    return Line(printer, models()["virtual58"], lambda: printer.now_ms, Tally(), lambda: False, Patience())


@pytest.mark.parametrize("vanishes", [True, False])
@pytest.mark.parametrize("room", [0, 1, 4, 5, 8, 20, 33, 500, len(WHOLE) - 1])
def test_only_a_slip_of_which_no_byte_was_taken_is_surely_not_printed(room, vanishes):
    printer = Breaking(room, vanishes)
    result = Slip(line_to(printer), SLIP, 1, lambda: None).print()
    assert printer.paper == WHOLE[:room]
    assert result.outcome == ("unknown" if room else "not_printed")
    assert result.code == (4005 if vanishes else 4008)


@pytest.mark.parametrize("room", [*range(40), 520, 555, 556, len(WHOLE) - 1])
def test_what_was_broken_off_is_brought_to_the_end_of_its_command_first(room):
    """Whatever byte the printer stopped at, the next slip begins where a command begins."""
    printer = Breaking(room, vanishes=False)
    line = line_to(printer)
    Slip(line, SLIP, 1, lambda: None).print()
    printer.room = 1 << 20
    printer.vanishes = True
    assert line.send(b"NEXT") == 4
    ends = [sum(map(len, SLIP.pieces[:count])) for count in range(len(SLIP.pieces) + 1)]
    broken = min(end for end in ends if end >= room)
    assert printer.paper == WHOLE[:broken] + b"NEXT"


def test_bytes_are_counted_when_they_are_taken():
    printer = Breaking(33, vanishes=False)
    line = line_to(printer)
    Slip(line, SLIP, 1, lambda: None).print()
    assert line.tally.written == 33 + 3 * 3
