"""The link to the virtual board: nothing is played late, nothing is counted that did not pass."""

import contextlib
import socket
import threading

import msgspec
import pytest

from firmware.drivers.board import BoardLink
from tests.devices.feeds import WAIT_S, eventually
from wire.board import BOARD, Battery, Clock, LineSet, Sensor, Tone
from wire.diag import Counts


class FakeBoard:
    """The emulator's end of `board.sock`."""

    def __init__(self, path):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(1)
        self.server.settimeout(WAIT_S)
        self.link = None

    def accept(self):
        self.link, _ = self.server.accept()
        self.link.settimeout(WAIT_S)
        self.file = self.link.makefile("rb")

    def say(self, *messages):
        self.link.sendall(b"".join(msgspec.json.encode(m) + b"\n" for m in messages))

    def heard(self):
        return msgspec.json.decode(self.file.readline(), type=LineSet | Tone)

    def hang_up(self):
        self.file.close()
        self.link.close()

    def close(self):
        with contextlib.suppress(AttributeError):
            self.hang_up()
        self.server.close()


@pytest.fixture
def board(tmp_path):
    fake = FakeBoard(tmp_path / BOARD)
    yield fake
    fake.close()


@pytest.fixture
def link(tmp_path):
    made = BoardLink(tmp_path / BOARD)
    thread = threading.Thread(target=made.run)
    yield made, thread
    made.stop()
    if thread.ident:
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_messages_pass_both_ways_and_are_counted(board, link):
    link, thread = link
    heard = []
    link.listen(Sensor, heard.append)
    link.listen(Battery, heard.append)
    thread.start()
    board.accept()
    eventually(lambda: link.send(Tone("scan")))
    assert board.heard() == Tone("scan")
    board.say(Sensor("open"), Battery(80, True), Clock(5))
    eventually(lambda: link.counts()[BOARD] == Counts(3, 1))
    assert heard == [Sensor("open"), Battery(80, True)]
    assert not link.busy()


def test_a_pulse_without_board_is_not_played_when_the_board_comes(link, tmp_path):
    link, thread = link
    thread.start()
    assert not link.send(LineSet("drawer", True))
    board = FakeBoard(tmp_path / BOARD)
    board.accept()
    eventually(lambda: link.send(Tone("scan")))
    assert board.heard() == Tone("scan")
    board.close()


def test_the_link_comes_back_after_the_board_was_gone(board, link):
    link, thread = link
    lost = []
    link.listen_lost(lambda: lost.append(1))
    thread.start()
    for round_ in range(1, 4):
        board.accept()
        eventually(lambda: link.send(Tone("click")))
        assert board.heard() == Tone("click")
        board.hang_up()
        eventually(lambda n=round_: len(lost) == n)


def test_nonsense_is_passed_over_and_lines_may_come_in_pieces(board, link):
    link, thread = link
    heard = []
    link.listen(Clock, heard.append)
    thread.start()
    board.accept()
    line = msgspec.json.encode(Clock(7))
    for piece in (b"{]\n", b'{"type":"dance"}\n', b"\xff\xff\n", line[:5], line[5:], b"\n"):
        board.link.sendall(piece)
    eventually(lambda: heard == [Clock(7)])
    assert link.counts()[BOARD].read == 4


def test_a_board_that_never_ends_its_line_is_hung_up_on(board, link):
    link, thread = link
    lost = []
    link.listen_lost(lambda: lost.append(1))
    thread.start()
    board.accept()
    with contextlib.suppress(OSError):
        board.link.sendall(b"x" * 20_000)
    eventually(lambda: lost)


def test_a_board_that_does_not_read_never_blocks_the_sender(board, link):
    link, thread = link
    thread.start()
    board.accept()
    eventually(lambda: link.send(Tone("click")))
    sent = 1
    while link.send(Tone("x" * 1000)):
        sent += 1
    assert link.busy()
    heard = [board.heard() for _ in range(sent)]
    assert len(heard) == sent
    eventually(lambda: link.counts()[BOARD].written == sent)
