"""The worker: the newest view reaches the glass, and a display that goes away is said so, opened again, drawn whole."""

import subprocess
import sys
import threading

import pytest

from firmware.drivers.display import DisplayDriver, panel_opener
from firmware.events import DeviceSeen
from firmware.render import Renderer, find_font
from tests.display.bench import DISPLAYS, WAIT_S, GlassServer, rgb
from tests.render.examples import EXAMPLES, basket, idle, menu, plain
from wire.board import LCD
from wire.diag import Counts


class Inbox:
    """Events the driver posted."""

    def __init__(self):
        self.events = []
        self.change = threading.Condition()

    def post(self, event):
        with self.change:
            self.events.append(event)
            self.change.notify_all()

    def until(self, *events):
        with self.change:
            assert self.change.wait_for(lambda: self.events == list(events), WAIT_S), self.events


HERE, AWAY = DeviceSeen("display", True), DeviceSeen("display", False)


@pytest.fixture(params=DISPLAYS)
def kind(request):
    return request.param


@pytest.fixture
def server(tmp_path, kind):
    served = GlassServer(tmp_path, kind, piece=1_000)
    yield served
    served.close()


def started(kind, folder, inbox):
    driver = DisplayDriver(inbox.post, panel_opener(DISPLAYS[kind], folder), lambda: Renderer(find_font(), plain))
    thread = threading.Thread(target=driver.run, name="display")
    thread.start()
    return driver, thread


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def driver(kind, server, tmp_path, inbox):
    made, thread = started(kind, tmp_path, inbox)
    yield made
    made.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def drawn(view):
    return rgb(Renderer(find_font(), plain).draw(view))


def test_views_reach_the_glass(driver, server, inbox):
    for number, example in enumerate(EXAMPLES, 1):
        view = example("zh")
        assert driver.show(view) == driver.wanted() == number
        server.until_shown(drawn(view))
    inbox.until(HERE)


def test_only_the_newest_counts_and_bytes_sent_are_bytes_taken(driver, server):
    for row in range(7):
        driver.show(menu("zh", row))
    server.until_shown(drawn(menu("zh", 6)))
    server.until(lambda: driver.counts() == {LCD: Counts(0, server.glass.consumed)}, "equal counts")
    server.until(lambda: driver.shown() == driver.wanted() == 7 and not driver.busy(), "settled")
    assert driver.waiting() == ()
    assert server.connections == 1


def test_a_display_that_was_away_is_drawn_whole(driver, server, inbox):
    driver.show(basket("zh"))
    server.until_shown(drawn(basket("zh")))
    inbox.until(HERE)
    server.unplug()
    driver.show(idle("zh"))
    inbox.until(HERE, AWAY, HERE)
    server.until_shown(drawn(idle("zh")))
    assert server.connections == 2
    assert server.glass.payload_bytes >= 153_600
    server.until(lambda: driver.counts() == {LCD: Counts(0, server.glass.consumed)}, "counts of this connection")


def test_a_display_that_comes_late(tmp_path, kind, inbox):
    driver, thread = started(kind, tmp_path, inbox)
    driver.show(idle("en"))
    inbox.until(AWAY)
    assert driver.waiting() == ("display",)
    assert (driver.shown(), driver.busy()) == (0, False)
    server = GlassServer(tmp_path, kind)
    inbox.until(AWAY, HERE)
    server.until_shown(drawn(idle("en")))
    driver.stop()
    thread.join(WAIT_S)
    server.close()
    assert not thread.is_alive()


def test_the_last_view_before_the_end_is_still_shown(tmp_path, kind, server, inbox):
    driver, thread = started(kind, tmp_path, inbox)
    driver.show(menu("zh"))
    driver.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    server.until_shown(drawn(menu("zh")))


def test_stopping_without_a_display_takes_no_time(tmp_path, kind, inbox):
    driver, thread = started(kind, tmp_path, inbox)
    inbox.until(AWAY)
    driver.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_building_the_driver_imports_no_vendor_package():
    code = "import sys, firmware.drivers.display; print({'PIL', 'luma', 'spidev', 'gpiod'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
