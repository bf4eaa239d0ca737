"""The drawer: the same cases over gpiozero's MockFactory, a fake GPIO chip under gpiod's own types, and the board."""

import contextlib
import dataclasses
import os
import threading

import gpiod
import pytest
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero.pins.mock import MockFactory

from firmware.drivers.drawer import BoardLines, Drawer, NoDrawer, fit_board, fit_gpio
from firmware.drivers.drawer import driver as driver_module
from firmware.drivers.drawer.coil import Coil
from firmware.drivers.drawer.fittings import fit
from firmware.events import DeviceSeen, DrawerPulsed, DrawerSeen, PulseDrawer
from firmware.hardware import GpioDrawer
from tests.devices.feeds import Inbox, eventually
from wire.board import LineSet, Sensor

PULSE, SENSOR = 17, 22
CHIP = "/dev/gpiochip0"


class MockBench:
    """gpiozero's own fake."""

    def __init__(self, sensor=True):
        self.factory = MockFactory()
        self.wiring = GpioDrawer(PULSE, sensor_line=SENSOR if sensor else None)
        self.pin = self.factory.pin(PULSE)

    def fit(self):
        fittings = fit(self.factory, self.wiring)
        if self.wiring.sensor_line is not None:
            self.factory.pin(SENSOR).drive_low()
        self.pin.clear_states()
        return fittings

    def move(self, is_open):
        pin = self.factory.pin(SENSOR)
        pin.drive_high() if is_open else pin.drive_low()

    def levels(self):
        return [bool(state.state) for state in self.pin.states][1:]

    def on(self):
        return bool(self.pin.state)


class FakeRequest:
    """What `gpiod.request_lines` gives, played for one line."""

    def __init__(self, offset, settings):
        self.offset, self.settings = offset, settings
        self.value = settings.output_value
        self.levels = [bool(self.value)]
        self.fd, self.end = os.pipe()
        self.released = False

    def get_value(self, offset):
        assert offset == self.offset
        return self.value

    def set_value(self, offset, value):
        assert offset == self.offset
        assert self.settings.direction is Direction.OUTPUT
        self.value = value
        self.levels.append(bool(value))

    def edge(self, high):
        assert self.settings.edge_detection is Edge.BOTH
        self.value = Value.ACTIVE if high else Value.INACTIVE
        os.write(self.end, b"r" if high else b"f")

    def read_edge_events(self):
        kinds = {ord("r"): gpiod.EdgeEvent.Type.RISING_EDGE, ord("f"): gpiod.EdgeEvent.Type.FALLING_EDGE}
        return [gpiod.EdgeEvent(kinds[byte].value, 0, self.offset, 0, 0) for byte in os.read(self.fd, 100)]

    def release(self):
        self.released = True
        os.close(self.fd)
        os.close(self.end)


class ChipBench:
    """A fake chip under gpiod's own types: what we ask of it is what gpiod would get."""

    def __init__(self, sensor=True):
        self.wiring = GpioDrawer(PULSE, sensor_line=SENSOR if sensor else None)
        self.lines = {}

    def request(self, path, consumer, config):
        assert (path, consumer) == (CHIP, "posd")
        ((offset, settings),) = config.items()
        assert offset not in self.lines or self.lines[offset].released, "a line can be requested once"
        self.lines[offset] = FakeRequest(offset, settings)
        return self.lines[offset]

    def fit(self):
        return fit_gpio(self.wiring, self.request)

    def move(self, is_open):
        self.lines[SENSOR].edge(is_open)

    def levels(self):
        return self.lines[PULSE].levels[1:]

    def on(self):
        return bool(self.lines[PULSE].value)


class BoardBench:
    """The board's link, played."""

    def __init__(self, sensor=True):
        self.sent = []
        self.connected = True
        self.lines = BoardLines(self.send)
        self.lines.hear(Sensor("closed" if sensor else "absent"))

    def send(self, message):
        if self.connected:
            self.sent.append(message)
        return self.connected

    def fit(self):
        return fit_board(self.lines)

    def move(self, is_open):
        self.lines.hear(Sensor("open" if is_open else "closed"))

    def levels(self):
        assert all(isinstance(m, LineSet) and m.at_ns for m in self.sent)
        return [m.value for m in self.sent]

    def on(self):
        return bool(self.sent) and self.sent[-1].value


@contextlib.contextmanager
def running(drawer):
    thread = threading.Thread(target=drawer.run)
    thread.start()
    try:
        yield
    finally:
        drawer.stop()
        thread.join(20)
        assert not thread.is_alive()


BENCHES = [MockBench, ChipBench, BoardBench]
every_bench = pytest.mark.parametrize("kind", BENCHES)


def open_when_pulsed(bench):
    """A drawer that works: it opens when the coil has been on."""

    def watch():
        eventually(lambda: bench.levels() == [True, False])
        bench.move(True)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@every_bench
def test_a_pulse_opens_the_drawer_and_the_contact_confirms(kind):
    bench, inbox = kind(), Inbox()
    drawer = Drawer(bench.fit, inbox.post, pulse_ms=50)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        assert bench.levels() == []
        watcher = open_when_pulsed(bench)
        drawer.carry_out(PulseDrawer(41))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(41, "opened")]
        watcher.join()
        eventually(lambda: not drawer.busy())
        bench.move(False)
        assert inbox.until_count(3, DrawerSeen) == [DrawerSeen(False), DrawerSeen(True), DrawerSeen(False)]
    assert bench.levels()[:2] == [True, False]
    assert True not in bench.levels()[2:]


@every_bench
def test_a_stuck_drawer_is_told(kind):
    bench, inbox = kind(), Inbox()
    drawer = Drawer(bench.fit, inbox.post)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        drawer.carry_out(PulseDrawer(1))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(1, "did_not_open")]


class Printer:
    """A printer with the drawer on its connector too, which answers `says` and may open the drawer."""

    def __init__(self, bench, says="no_sensor", opens=False):
        self.bench, self.says, self.opens, self.kicks = bench, says, opens, []

    def kick(self, effect):
        self.kicks.append(effect.cause)
        if self.opens:
            self.bench.move(True)
        self.drawer.kicked(DrawerPulsed(effect.cause, self.says))


def both_ways(bench, inbox, printer):
    printer.drawer = Drawer(bench.fit, inbox.post, pulse_ms=50, kick=printer.kick)
    return printer.drawer


@every_bench
def test_a_drawer_on_printer_and_line_is_opened_by_the_printer(kind):
    bench, inbox = kind(), Inbox()
    printer = Printer(bench, opens=True)
    drawer = both_ways(bench, inbox, printer)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        drawer.carry_out(PulseDrawer(41))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(41, "opened", "printer")]
    assert True not in bench.levels()


@every_bench
@pytest.mark.parametrize("says", ["no_sensor", "did_not_open", "no_drawer"])
def test_where_the_printer_opens_nothing_the_line_is_tried_once_and_it_is_one_opening(kind, says):
    bench, inbox = kind(), Inbox()
    printer = Printer(bench, says)
    drawer = both_ways(bench, inbox, printer)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        watcher = open_when_pulsed(bench)
        drawer.carry_out(PulseDrawer(41))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(41, "opened", "line")]
        watcher.join()
        eventually(lambda: not drawer.busy())
    assert printer.kicks == [41]
    assert bench.levels().count(True) == 1
    assert len([event for event in inbox.events if isinstance(event, DrawerPulsed)]) == 1


@every_bench
def test_a_drawer_stuck_both_ways_is_told_once(kind):
    bench, inbox = kind(), Inbox()
    drawer = both_ways(bench, inbox, Printer(bench))
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        drawer.carry_out(PulseDrawer(1))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(1, "did_not_open", "line")]
    assert bench.levels().count(True) == 1


@every_bench
def test_without_a_contact_a_kick_is_not_repeated_by_the_line(kind):
    bench, inbox = kind(sensor=False), Inbox()
    drawer = both_ways(bench, inbox, Printer(bench))
    with running(drawer):
        drawer.carry_out(PulseDrawer(1))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(1, "no_sensor", "printer")]
    assert True not in bench.levels()


@every_bench
def test_without_a_contact_nobody_knows(kind):
    bench, inbox = kind(sensor=False), Inbox()
    drawer = Drawer(bench.fit, inbox.post)
    with running(drawer):
        assert inbox.until_count(1, DrawerSeen) == [DrawerSeen(None)]
        drawer.carry_out(PulseDrawer(1))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(1, "no_sensor")]


@every_bench
def test_a_drawer_forced_open_is_told(kind):
    bench, inbox = kind(), Inbox()
    with running(Drawer(bench.fit, inbox.post)):
        inbox.until(lambda events: DrawerSeen(False) in events)
        bench.move(True)
        assert inbox.until_count(2, DrawerSeen) == [DrawerSeen(False), DrawerSeen(True)]
    assert bench.levels() in ([], [False])


@every_bench
def test_two_pulses_at_once_spare_the_coil(kind):
    bench, inbox = kind(sensor=False), Inbox()
    drawer = Drawer(bench.fit, inbox.post)
    with running(drawer):
        drawer.carry_out(PulseDrawer(1))
        drawer.carry_out(PulseDrawer(2))
        assert inbox.until_count(2, DrawerPulsed) == [DrawerPulsed(1, "no_sensor"), DrawerPulsed(2, "too_soon")]
    assert bench.levels().count(True) == 1


@every_bench
def test_stopping_cuts_a_pulse_short(kind):
    bench, inbox = kind(), Inbox()
    drawer = Drawer(bench.fit, inbox.post, pulse_ms=200)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        drawer.carry_out(PulseDrawer(1))
        eventually(bench.on)
    assert not bench.on()


def test_the_coil_is_off_within_the_guard_when_the_thread_hangs(monkeypatch):
    bench, inbox = MockBench(sensor=False), Inbox()
    monkeypatch.setattr(driver_module, "GUARD_MS", 1)
    drawer = Drawer(bench.fit, inbox.post, pulse_ms=200)
    release = threading.Event()
    drawer._stopping.wait = lambda timeout: release.wait(20)  # a thread that is very late
    with running(drawer):
        drawer.carry_out(PulseDrawer(1))
        eventually(lambda: bench.levels() == [True, False])
        assert not release.is_set()
        release.set()
        inbox.until_count(1, DrawerPulsed)


class SlowCoil:
    """The bench's coil, which keeps the guard waiting in the middle of its "off"."""

    def __init__(self, coil):
        self.coil, self.said = coil, []
        self.guard_in, self.guard_may_go, self.closed = threading.Event(), threading.Event(), threading.Event()

    def on(self):
        self.coil.on()

    def off(self):
        if threading.current_thread().name == "coil guard":
            self.guard_in.set()
            self.guard_may_go.wait(20)
            self.said.append("off by the guard")
        self.coil.off()

    def close(self):
        self.said.append("close")
        self.coil.close()
        self.closed.set()


def test_the_lines_are_closed_when_the_guard_has_let_go_of_them(monkeypatch):
    bench, inbox, died = MockBench(sensor=False), Inbox(), []
    monkeypatch.setattr(driver_module, "GUARD_MS", 1)
    monkeypatch.setattr(threading, "excepthook", died.append)
    fittings = bench.fit()
    coil = SlowCoil(fittings.coil)
    drawer = Drawer(lambda: dataclasses.replace(fittings, coil=coil), inbox.post, pulse_ms=200)
    drawer._stopping.wait = lambda timeout: coil.guard_in.wait(20)  # as late as the guard needs to come
    with running(drawer):
        drawer.carry_out(PulseDrawer(1))
        assert coil.guard_in.wait(20)
        drawer.stop()
        coil.closed.wait(0.2)  # it must not be; a driver that waits for nobody does it here
        coil.guard_may_go.set()
    eventually(lambda: not any(thread.name == "coil guard" for thread in threading.enumerate()))
    assert not died, died
    assert coil.said == ["off by the guard", "close"]
    assert bench.levels() == [True, False]


class StubbornCoil:
    """A coil that refuses each thread's first "off"."""

    def __init__(self, coil):
        self.coil, self.said, self.on, self.close = coil, [], coil.on, coil.close

    def off(self):
        who = "guard" if threading.current_thread().name == "coil guard" else "drawer"
        if f"{who} refused" not in self.said:
            self.said.append(f"{who} refused")
            raise OSError("no such device")
        self.coil.off()
        self.said.append(f"off by {who}")


def test_a_coil_that_would_not_go_off_is_switched_off_by_the_guard_afterwards(monkeypatch):
    bench, inbox = MockBench(sensor=False), Inbox()
    monkeypatch.setattr(driver_module, "GUARD_MS", 1)
    fittings = bench.fit()
    coil = StubbornCoil(fittings.coil)
    drawer = Drawer(lambda: dataclasses.replace(fittings, coil=coil), inbox.post, pulse_ms=50)
    with running(drawer):
        drawer.carry_out(PulseDrawer(1))
        inbox.until_count(1, DrawerPulsed)
        eventually(lambda: "off by guard" in coil.said[coil.said.index("drawer refused") :])
        assert not bench.on()
        drawer.carry_out(PulseDrawer(2))
        assert inbox.until_count(2, DrawerPulsed)[1] == DrawerPulsed(2, "too_soon"), "it was fed, so it cools"
    assert not any(thread.name == "coil guard" for thread in threading.enumerate())


def test_the_coil_is_off_when_the_thread_dies_in_the_pulse():
    bench = MockBench(sensor=False)
    drawer = Drawer(bench.fit, lambda event: None, pulse_ms=50)

    def die(timeout):
        raise MemoryError

    drawer._stopping.wait = die
    drawer.carry_out(PulseDrawer(1))
    with pytest.raises(MemoryError):
        drawer.run()
    assert bench.levels()[:2] == [True, False]
    assert not bench.on()


def test_lines_are_asked_for_as_a_drawer_needs_them_and_given_back():
    bench, inbox = ChipBench(), Inbox()
    with running(Drawer(bench.fit, inbox.post)):
        inbox.until(lambda events: DrawerSeen(False) in events)
        pulse, sensor = bench.lines[PULSE].settings, bench.lines[SENSOR].settings
        assert (pulse.direction, pulse.output_value) == (Direction.OUTPUT, Value.INACTIVE)
        assert (sensor.direction, sensor.bias) == (Direction.INPUT, Bias.PULL_UP)
    assert all(line.released for line in bench.lines.values())


def test_an_active_low_coil_is_off_at_high_level():
    bench = ChipBench(sensor=False)
    bench.wiring = GpioDrawer(PULSE, active_high=False)
    fittings = bench.fit()
    assert bench.lines[PULSE].levels == [True]
    fittings.coil.on()
    fittings.coil.off()
    assert bench.lines[PULSE].levels == [True, False, True]
    fittings.factory.close()


@pytest.mark.parametrize("pull", ["up", "down", "floating"])
@pytest.mark.parametrize("open_high", [True, False])
def test_open_is_the_level_the_profile_says_whatever_the_pull(pull, open_high):
    bench = ChipBench()
    bench.wiring = GpioDrawer(PULSE, sensor_line=SENSOR, sensor_pull=pull, sensor_open_high=open_high)
    fittings = bench.fit()
    for level in (True, False):
        bench.lines[SENSOR].value = Value.ACTIVE if level else Value.INACTIVE
        assert fittings.contact.open is (level is open_high)
    fittings.factory.close()


def test_a_board_without_gpio_chip_has_no_drawer():
    def refuse(path, consumer, config):
        raise FileNotFoundError(path)

    inbox = Inbox()
    drawer = Drawer(lambda: fit_gpio(GpioDrawer(PULSE), refuse), inbox.post)
    with running(drawer):
        drawer.carry_out(PulseDrawer(7))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(7, "no_drawer")]
    assert inbox.of(DeviceSeen, DrawerSeen) == [DeviceSeen("drawer", False), DrawerSeen(None)]


def test_the_real_seam_says_no_drawer_where_there_is_no_chip():
    with pytest.raises(NoDrawer):
        fit_gpio(GpioDrawer(PULSE, chip="/dev/gpiochip-that-is-not-there"))


def test_a_board_that_is_gone_is_no_drawer():
    bench, inbox = BoardBench(), Inbox()
    drawer = Drawer(bench.fit, inbox.post)
    with running(drawer):
        inbox.until(lambda events: DrawerSeen(False) in events)
        bench.connected = False
        bench.lines.lost()
        assert inbox.until_count(2, DrawerSeen)[1] == DrawerSeen(None)
        drawer.carry_out(PulseDrawer(7))
        assert inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(7, "no_drawer")]
    assert bench.levels() == []


def test_more_jobs_than_can_wait_are_answered_at_once():
    inbox = Inbox()
    drawer = Drawer(MockBench().fit, inbox.post)
    for cause in range(20):
        drawer.carry_out(PulseDrawer(cause))
    assert len(inbox.of(DrawerPulsed)) == 20 - driver_module.JOBS_MAX


COIL = [
    ([], 0, True),
    ([0], 999, False),
    ([0], 1000, True),
    ([0, 5_000, 10_000, 15_000, 20_000], 25_000, True),
    ([0, 5_000, 10_000, 15_000, 20_000, 25_000], 59_999, False),
    ([0, 5_000, 10_000, 15_000, 20_000, 25_000], 60_000, True),
]


@pytest.mark.parametrize(("fired", "now_ms", "may"), COIL)
def test_when_the_coil_may_be_fired(fired, now_ms, may):
    coil = Coil()
    for at in fired:
        coil.fired(at)
    assert coil.may_fire(now_ms) is may


def test_settings_can_only_spare_the_coil_more():
    coil = Coil()
    coil.limit(pause_ms=3_000, per_minute=2)
    coil.fired(0)
    assert not coil.may_fire(2_999)
    coil.fired(3_000)
    assert not coil.may_fire(59_999)
    assert coil.may_fire(60_000)
    for pause_ms, per_minute in ((999, 6), (1_000, 7), (1_000, 0)):
        with pytest.raises(AssertionError):
            coil.limit(pause_ms, per_minute)


@pytest.mark.parametrize("pulse_ms", [49, 201, 0])
def test_no_pulse_length_out_of_bounds(pulse_ms):
    with pytest.raises(AssertionError):
        Drawer(MockBench().fit, lambda event: None, pulse_ms=pulse_ms)


def test_importing_the_driver_imports_no_vendor_package():
    import subprocess
    import sys

    code = (
        "import sys, firmware.drivers.drawer, firmware.drivers.keys, firmware.drivers.board\n"
        "assert not {'gpiozero', 'gpiod', 'evdev', 'serial'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
