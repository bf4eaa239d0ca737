"""The virtual printer as a daemon meets it: a serial port with a printer behind it."""

import errno
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from emulator.printer import VirtualPrinter
from emulator.printer_body import Mechanics
from paper.events import DrawerPulse
from paper.profile import PAPER_58
from paper.slip import Slip
from tests.paper.slips import SALE_58, gb

WAIT_S = 20.0
FENCE = b"\x1d(H\x06\x0000abcd"
ANSWER = b"\x37\x22abcd\x00"


class Paper:
    """Listens to a printer and lets a test wait for what it does."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.slips: dict[int, Slip] = {}
        self.pulses: list[DrawerPulse] = []

    def on_paper(self, slip: Slip) -> None:
        with self.changed:
            self.slips[slip.number] = slip
            self.changed.notify_all()

    def on_drawer(self, pulse: DrawerPulse) -> None:
        with self.changed:
            self.pulses.append(pulse)
            self.changed.notify_all()

    def wait_for(self, number: int, state: str) -> Slip:
        with self.changed:
            done = self.changed.wait_for(lambda: number in self.slips and self.slips[number].state == state, WAIT_S)
            assert done, self.slips
            return self.slips[number]


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def printer(paper: Paper) -> Iterator[VirtualPrinter]:
    virtual = VirtualPrinter(PAPER_58, paper.on_drawer, paper.on_paper, speed=50)
    yield virtual
    virtual.close()


HANG_UP_WAIT_MS = 10_000


def read(port: int, count: int) -> bytes:
    """Exactly so many bytes, or fewer when the printer stays silent for long."""
    data = b""
    while len(data) < count and select.select([port], [], [], WAIT_S)[0]:
        data += os.read(port, count - len(data))
    return data


def test_a_slip_through_a_real_serial_port(printer: VirtualPrinter, paper: Paper) -> None:
    path = printer.open()
    with serial.Serial(path, 115_200, exclusive=True, timeout=0) as port:
        os.write(port.fd, b"\x10\x04\x01" + SALE_58)
        assert read(port.fd, 8) == b"\x12\x37\x22\0\0\0\1\0"
        assert paper.wait_for(1, "finished").text.endswith("**补打 第1次 2026-11-22 16:02**")
        assert (printer.consumed, printer.sent) == (3 + len(SALE_58), 8)
        assert (printer.idle(), printer.waiting(), printer.unreadable) == (True, None, 0)
    picture = printer.picture(printer.slips()[0])
    assert (picture.mode, picture.width, picture.height) == ("L", 384, printer.slips()[0].dots)


def test_pulses_are_told(printer: VirtualPrinter, paper: Paper) -> None:
    path = printer.open()
    with serial.Serial(path, timeout=0) as port:
        os.write(port.fd, b"\x1bp\x00\x32\x32\x10\x14\x01\x00\x01" + FENCE)
        assert read(port.fd, 7) == ANSWER
        with paper.changed:
            assert paper.changed.wait_for(lambda: len(paper.pulses) == 2, WAIT_S)
    assert sorted((pulse.pin, pulse.on_ms, pulse.real_time) for pulse in paper.pulses) == [
        (2, 100, False),
        (2, 100, True),
    ]


def test_the_daemon_waits_when_the_printer_does_not_take_more() -> None:
    printer = VirtualPrinter(PAPER_58, mechanics=Mechanics(buffer_bytes=64))
    path = printer.open(pump=False)
    try:
        printer.trouble("paper_out")
        with serial.Serial(path, timeout=0) as port:
            os.set_blocking(port.fd, False)
            written = fill(port.fd)
            take_all(printer, 64)
            for _ in range(100):
                printer.turn(100_000)
            assert (printer.consumed, printer.idle(), printer.waiting()) == (64, False, "paper")
            printer.trouble("ok")
            take_all(printer, written)
            assert fill(port.fd) > 0, "with paper it takes more"
    finally:
        printer.close()


def fill(port: int) -> int:
    """Write until the port takes no more."""
    written = 0
    while select.select([], [port], [], 0)[1] and written < 10_000_000:
        try:
            written += os.write(port, b"\0" * 4_096)
        except BlockingIOError:
            break
    return written


def test_unplugging_hangs_up_and_plugging_in_gives_a_new_port(
    printer: VirtualPrinter, paper: Paper, tmp_path: Path
) -> None:
    link = tmp_path / "printer"
    printer.open(link)
    with serial.Serial(str(link), timeout=0) as port:
        os.write(port.fd, gb("甲\n") + b"\x1dv0\x00\x30" + b"\x10\x04\x01")
        assert read(port.fd, 1) == b"\x12"
        printer.trouble("unplugged")
        assert not os.path.lexists(link)
        assert printer.path is None
        hung_up = select.poll()
        hung_up.register(port.fd, 0)  # POLLHUP is always told of; the printer's thread may be in a read just now
        assert hung_up.poll(HANG_UP_WAIT_MS)
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            os.write(port.fd, b"x")
    printer.trouble("ok")
    with serial.Serial(str(link), timeout=0) as port:
        os.write(port.fd, gb("乙\n") + FENCE)
        assert read(port.fd, 7) == ANSWER
    assert paper.wait_for(1, "finished").text == "甲\n乙"


def test_answers_nobody_read_do_not_count_as_sent_once_the_cable_is_out(printer: VirtualPrinter) -> None:
    path = printer.open()
    with serial.Serial(path, timeout=0) as port:
        os.write(port.fd, b"\x10\x04\x01\x10\x04\x02")
        assert read(port.fd, 1) == b"\x12"
        assert select.select([port.fd], [], [], WAIT_S)[0], "the second answer has come and is not read"
        printer.unplug()
    assert (printer.consumed, printer.sent) == (6, 1)


def test_a_power_cut_leaves_the_torn_slip_and_an_empty_line(paper: Paper) -> None:
    printer = VirtualPrinter(PAPER_58, None, paper.on_paper)
    path = printer.open(pump=False)
    try:
        with serial.Serial(path, timeout=0) as port:
            os.write(port.fd, b"\x10\x04\x01" + gb("甲\n乙\n丙\n") + FENCE)
            take_all(printer, 3 + 9 + len(FENCE))
            printer.turn(100_000)
            os.write(port.fd, gb("丁\n") + FENCE)
            printer.power_cut()
        torn = paper.slips[1]
        assert (torn.state, torn.text) == ("torn", "甲")
        assert ROW < torn.dots < 2 * ROW
        assert (printer.idle(), printer.consumed, printer.sent) == (True, 0, 0)
        with serial.Serial(path, timeout=0) as port:
            assert select.select([port.fd], [], [], 0)[0] == [], "no answer of the old run is left in the line"
            os.write(port.fd, gb("戊\n") + FENCE)
            take_all(printer, 3 + len(FENCE))
            printer.turn(1_000_000)
            assert read(port.fd, 7) == ANSWER
        assert (paper.slips[2].state, paper.slips[2].text) == ("finished", "戊")
        picture = printer.picture(torn)
        assert picture.mode == "LA"
        assert picture.getpixel((0, picture.height - 1))[1] in (0, 255)
        assert any(picture.getpixel((x, picture.height - 1))[1] == 0 for x in range(picture.width)), "it is ragged"
    finally:
        printer.close()


ROW = 30


def take_all(printer: VirtualPrinter, count: int) -> None:
    """Let the printer take so many bytes without letting its head move much."""
    for _ in range(100_000):
        if printer.consumed >= count:
            return
        printer.turn(87)
    raise AssertionError(f"{printer.consumed} of {count} bytes came")


def test_closing_twice_and_closing_what_never_was_open(printer: VirtualPrinter) -> None:
    printer.close()
    printer.open()
    printer.close()
    printer.close()
    assert printer.path is None
    assert "virtual-printer" not in {thread.name for thread in threading.enumerate()}
