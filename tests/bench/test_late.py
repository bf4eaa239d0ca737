"""Drivers with heavy packages start behind the first screen, and stop cleanly when they never started."""

import threading

import pytest

from firmware.assembly import _later
from firmware.drivers.display import DisplayDriver
from firmware.loop import Worker

WAIT_S = 20


class Glass:
    """A panel that takes a picture when it is let."""

    def __init__(self):
        self.let, self.written = threading.Event(), 0

    def display(self, image):
        assert self.let.wait(WAIT_S)

    def close(self):
        pass


class Draws:
    def draw(self, view):
        return None


def missing():
    raise OSError("no panel")


class Heavy:
    """A worker that notes what happens to it."""

    def __init__(self):
        self.ran, self.stopped = threading.Event(), threading.Event()
        self.worker = Worker("heavy", self.ran.set, self.stopped.set, alive=lambda: False)


def running(display, heavy):
    later = _later(display, heavy.worker)
    threads = [threading.Thread(target=run) for run in (display.run, later.run)]
    for thread in threads:
        thread.start()
    return later, threads


@pytest.mark.parametrize("how", ["shown", "no panel", "stopped"])
def test_a_heavy_driver_starts_when_the_screen_is_there_or_will_not_come(how):
    glass, heavy = Glass(), Heavy()
    display = DisplayDriver(lambda event: None, missing if how == "no panel" else lambda: glass, Draws)
    display.show(None if how == "stopped" else object())
    later, threads = running(display, heavy)
    if how == "shown":
        assert not heavy.ran.is_set()
        assert later.alive(), "a driver that waits for its start is not dead"
        glass.let.set()
    if how != "stopped":
        assert heavy.ran.wait(WAIT_S)
    display.stop()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_a_driver_stopped_before_its_start_never_starts_and_is_not_stopped():
    heavy = Heavy()
    display = DisplayDriver(lambda event: None, missing, Draws)
    later = _later(display, heavy.worker)
    later.stop()
    display.stop()
    later.run()
    assert not heavy.ran.is_set()
    assert not heavy.stopped.is_set()
