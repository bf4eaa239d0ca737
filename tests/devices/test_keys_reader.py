"""The input thread over real descriptors: FIFOs, a pipe behind the evdev seam, a pty. What a shop does to plugs."""

import contextlib
import os
import pty
import threading
import tty

import pytest

from firmware.drivers.keys import Input, Keys, inputs
from firmware.drivers.keys.find import InputSeen
from firmware.drivers.keys.lanes import KeypadLane, WedgeLane
from firmware.drivers.keys.ports import EvdevPort
from firmware.events import DeviceSeen, Key, KeyHeld, KeyPressed, Scanned, ScanRejected
from firmware.hardware import load
from tests.devices.feeds import Inbox, eventually, key, make_fifo, tap, typed, write_all
from wire.board import KEY_CODES, KEYPAD, SCANNER, SCANNER_SERIAL

OK, ONE = KEY_CODES["OK"], KEY_CODES["1"]


@contextlib.contextmanager
def running(keys):
    thread = threading.Thread(target=keys.run)
    thread.start()
    try:
        yield
    finally:
        keys.stop()
        thread.join(20)
        assert not thread.is_alive()


class Bench:
    """The virtual board's input endpoints in a folder, and the reader over them."""

    def __init__(self, folder, **options):
        self.folder = folder
        self.fds = {KEYPAD: make_fifo(folder / KEYPAD), SCANNER: make_fifo(folder / SCANNER)}
        self.plug_serial()
        self.inbox = Inbox()
        self.keys = Keys(inputs(load("virtual"), folder), self.inbox.post, **options)

    def plug_serial(self):
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), self.folder / SCANNER_SERIAL)
        self.fds[SCANNER_SERIAL] = master
        os.close(slave)

    def plug(self, name):
        self.fds[name] = make_fifo(self.folder / name)

    def unplug(self, name):
        (self.folder / name).unlink()
        os.close(self.fds.pop(name))

    def close(self):
        for fd in self.fds.values():
            os.close(fd)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    with running(made.keys):
        yield made
    made.close()


def test_keys_and_scans_of_all_endpoints_arrive_and_are_counted(bench):
    sent = {
        KEYPAD: tap(ONE, 10) + tap(OK, 20),
        SCANNER: typed("]E06901234567892\n"),
        SCANNER_SERIAL: "示例\r".encode(),
    }
    for name, data in sent.items():
        write_all(bench.fds[name], data)
    assert bench.inbox.until_count(2, KeyPressed) == [KeyPressed(Key.D1, 10), KeyPressed(Key.OK, 20)]
    scans = bench.inbox.until_count(2, Scanned)
    assert {(s.text, s.symbology) for s in scans} == {("6901234567892", "E0"), ("示例", "")}
    eventually(lambda: {n: c.read for n, c in bench.keys.counts().items()} == {n: len(d) for n, d in sent.items()})
    eventually(lambda: not bench.keys.busy())


@pytest.mark.parametrize("size", [1, 7, 24, 4080])
def test_pieces_of_any_size(bench, size):
    write_all(bench.fds[SCANNER], typed("Ab1\n"), size)
    assert bench.inbox.until_count(1, Scanned)[0].text == "Ab1"


def test_silence_ends_a_scan_without_terminator(bench):
    write_all(bench.fds[SCANNER_SERIAL], b"6901234567892")
    assert bench.inbox.until_count(1, Scanned)[0].text == "6901234567892"


def test_two_thousand_characters_are_refused_once_and_the_next_scan_is_taken(bench):
    write_all(bench.fds[SCANNER], typed("x" * 2000 + "\n" + "6901234567892\n"))
    assert bench.inbox.until_count(1, Scanned)[0].text == "6901234567892"
    assert bench.inbox.of(ScanRejected) == [ScanRejected("too_long")]


def test_a_key_held_is_told_without_its_release(bench):
    write_all(bench.fds[KEYPAD], key(OK, 1))
    assert bench.inbox.until_count(1, KeyHeld)[0].key is Key.OK


def test_pulling_and_plugging_the_keypad(bench):
    bench.inbox.until(lambda events: DeviceSeen("keypad", True) in events)
    for round_ in range(1, 4):
        bench.unplug(KEYPAD)
        bench.inbox.until(lambda events, n=round_: events.count(DeviceSeen("keypad", False)) == n)
        bench.plug(KEYPAD)
        write_all(bench.fds[KEYPAD], tap(ONE))
        bench.inbox.until_count(round_, KeyPressed)
        assert bench.inbox.of(DeviceSeen).count(DeviceSeen("keypad", True)) == round_ + 1


def test_pulling_the_scanner_in_the_middle_of_a_scan(bench):
    write_all(bench.fds[SCANNER], typed("69012"))
    eventually(lambda: bench.keys.counts()[SCANNER].read == len(typed("69012")))
    bench.unplug(SCANNER)
    bench.plug(SCANNER)
    write_all(bench.fds[SCANNER], typed("34567\n"))
    scans = bench.inbox.until_count(1, Scanned)
    assert scans[-1].text == "34567"


def test_the_scanner_is_missing_when_all_its_sources_are(bench):
    bench.inbox.until(lambda events: DeviceSeen("scanner", True) in events)
    bench.unplug(SCANNER)
    bench.unplug(SCANNER_SERIAL)
    bench.inbox.until(lambda events: DeviceSeen("scanner", False) in events)
    bench.plug_serial()
    bench.inbox.until(lambda events: events.count(DeviceSeen("scanner", True)) == 2)
    write_all(bench.fds[SCANNER_SERIAL], b"12\r")
    assert bench.inbox.until_count(1, Scanned)[0].text == "12"


def test_a_board_without_devices_says_so(tmp_path):
    inbox = Inbox()
    with running(Keys(inputs(load("virtual"), tmp_path), inbox.post)):
        inbox.until(lambda events: {DeviceSeen("keypad", False), DeviceSeen("scanner", False)} <= set(events))


def test_more_keys_than_the_core_takes_sound_once_and_are_dropped(tmp_path):
    left, rejects = [3], []

    def credit():
        left[0] -= 1
        return left[0] >= 0

    bench = Bench(tmp_path, credit=credit, reject=lambda: rejects.append(1))
    with running(bench.keys):
        write_all(bench.fds[KEYPAD], tap(ONE) * 40)
        eventually(lambda: bench.keys.counts()[KEYPAD].read == len(tap(ONE)) * 40)
    assert len(bench.inbox.of(KeyPressed)) == 3
    assert rejects == [1]
    bench.close()


def test_stop_before_run_returns_at_once(tmp_path):
    keys = Keys(inputs(load("virtual"), tmp_path), lambda event: None)
    keys.stop()
    keys.run()


class FakeEvdev:
    """A grabbed evdev device as the seam gives it, over a pipe of real `input_event` bytes."""

    def __init__(self, fd, down=()):
        self.fd, self.down, self.closed = fd, list(down), False

    def active_keys(self):
        return self.down

    def leds(self):
        return [1]

    def close(self):
        self.closed = True
        os.close(self.fd)


def evdev_bench(role, lane, name_contains=""):
    nodes = [InputSeen("/dev/input/event0", "Power", "", True), InputSeen("/dev/input/event3", "USB Pad", role, True)]
    opened, ends = [], []

    def opener(path):
        read, write = os.pipe()
        ends.append(write)
        opened.append((path, FakeEvdev(read)))
        return opened[-1][1]

    inbox = Inbox()
    port = EvdevPort(role, name_contains, look=lambda: nodes, opener=opener)
    return Keys([Input(role, role, port, lane)], inbox.post), inbox, opened, ends


def test_evdev_is_found_by_role_read_from_its_descriptor_and_opened_again():
    keys, inbox, opened, ends = evdev_bench("keypad", KeypadLane(load("rpi-st7789").keypad.key_map()))
    with running(keys):
        inbox.until(lambda events: DeviceSeen("keypad", True) in events)
        for byte in tap(96):
            os.write(ends[0], bytes([byte]))
        assert inbox.until_count(1, KeyPressed) == [KeyPressed(Key.OK, 0)]
        os.close(ends[0])
        inbox.until(lambda events: events.count(DeviceSeen("keypad", True)) == 2)
        os.write(ends[1], tap(79))
        assert inbox.until_count(2, KeyPressed)[1] == KeyPressed(Key.D1, 0)
    os.close(ends[1])
    assert [path for path, _ in opened] == ["/dev/input/event3"] * 2
    assert all(device.closed for _, device in opened)


def test_after_an_overflow_the_device_is_asked_what_is_down():
    keys, inbox, _, ends = evdev_bench("scanner", WedgeLane(70), name_contains="usb pad")
    with running(keys):
        inbox.until(lambda events: DeviceSeen("scanner", True) in events)
        os.write(ends[0], key(0, 0)[:0] + b"".join([_dropped(), typed("ab\n"), typed("cd\n")]))
        scans = inbox.until_count(1, Scanned)
        assert ScanRejected("lost_keys") in inbox.events
        assert scans[0].text == "cd"
        os.write(ends[0], typed("e\n"))
        assert inbox.until_count(2, Scanned)[1].text == "E"  # the LED says that Caps Lock is on
    os.close(ends[0])


def _dropped():
    from tests.devices.feeds import event

    return event(0, 3, 0) + event(0, 0, 0)
