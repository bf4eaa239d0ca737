"""The drivers against the emulator's own board: what one end sends the other end reads, byte for byte."""

import asyncio
import threading

import pytest

from emulator.board import Board
from emulator.feed import Feed
from firmware.drivers.board import BoardLink
from firmware.drivers.drawer import BoardLines, Drawer, fit_board
from firmware.drivers.keys import Keys, inputs
from firmware.drivers.sound import BoardSound, Sounds
from firmware.drivers.system import Clock, JournalKey, System
from firmware.events import (
    BatterySeen,
    ClockSeen,
    DeviceSeen,
    DrawerPulsed,
    DrawerSeen,
    Key,
    KeyHeld,
    KeyPressed,
    Light,
    PulseDrawer,
    Scanned,
    ScanRejected,
    Sound,
    ToneName,
)
from firmware.hardware import load
from tests.devices.feeds import WAIT_S, Inbox, eventually
from wire import board as wire_board


class Terminal:
    """The emulator's board on a loop of its own, and all drivers of this room over it, wired as the daemon does."""

    def __init__(self, folder, data):
        self.loop = asyncio.new_event_loop()
        self.inbox = Inbox()
        post = self.inbox.post
        self.board = Board(folder, "st7789", Feed())
        link = BoardLink(folder / wire_board.BOARD)
        lines, sound = BoardLines(link.send), BoardSound(link.send)
        self.clock = Clock(0, post)
        self.system = System(post, self.clock, JournalKey(bytes(32)), data)
        link.listen(wire_board.Sensor, lines.hear)
        link.listen(wire_board.Battery, self.system.hear_battery)
        link.listen(wire_board.Clock, self.system.hear_clock)
        link.listen_lost(lines.lost)
        link.listen_lost(sound.board_lost)
        self.link, self.keys = link, Keys(inputs(load("virtual"), folder), post)
        self.drawer = Drawer(lambda: fit_board(lines), post)
        self.sounds = Sounds(lambda: sound, lambda: sound)
        self.workers = (self.system, self.drawer, self.sounds, self.keys, self.link)

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WAIT_S)

    async def call(self, function, *args):
        return function(*args)

    def settled(self):
        """Decisions 2, for these devices."""
        sent = {name: passed.sent for name, passed in self.board.passed().items() if name != wire_board.LCD}
        consumed = self.board.passed()[wire_board.BOARD].consumed
        counts = {**self.keys.counts(), **self.link.counts()}
        return (
            sent == {name: count.read for name, count in counts.items()}
            and consumed == counts[wire_board.BOARD].written
            and not any(worker.busy() for worker in self.workers)
        )

    def settle(self):
        eventually(self.settled)


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path / "board", tmp_path)
    threads = [threading.Thread(target=made.loop.run_forever)]
    threads[0].start()
    made.do(made.board.start())
    threads += [threading.Thread(target=worker.run) for worker in made.workers]
    for thread in threads[1:]:
        thread.start()
    made.inbox.until(lambda events: {DeviceSeen("keypad", True), DrawerSeen(False)} <= set(events))
    yield made
    for worker in made.workers:
        worker.stop()
    for thread in threads[1:]:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    made.do(made.board.stop())
    made.loop.call_soon_threadsafe(made.loop.stop)
    threads[0].join(WAIT_S)
    made.loop.close()


def test_every_key_and_a_long_press(terminal):
    for key in Key:
        terminal.do(terminal.board.press(key.value))
    terminal.do(terminal.board.press("CANCEL", 2_000))
    terminal.settle()
    assert [event.key for event in terminal.inbox.of(KeyPressed)] == [*Key, Key.CANCEL]
    assert [event.key for event in terminal.inbox.of(KeyHeld)] == [Key.CANCEL]


TEXTS = ["6901234567892\n", "]E06901234567892\n", "Ab9-_!{}~\n", "x" * 2000 + "\n", "12"]


def test_scans_by_keys_and_by_serial(terminal):
    for text in TEXTS:
        terminal.do(terminal.board.scan_keys(text))
        terminal.settle()
    for data in ("示例\r".encode(), "示例\r".encode("gb18030"), b"\xff\xff\r"):
        terminal.do(terminal.board.scan_serial(data))
        terminal.settle()
    outcomes = [e.text if isinstance(e, Scanned) else e.reason for e in terminal.inbox.of(Scanned, ScanRejected)]
    assert outcomes == [
        "6901234567892", "6901234567892", "Ab9-_!{}~", "too_long", "12", "示例", "示例", "undecodable",
    ]  # fmt: skip


def test_plugs_are_pulled_and_put_back(terminal):
    for name in ("keypad", "scanner"):
        endpoints = [terminal.board.endpoints[e] for e in terminal.board.endpoints if e.startswith(name)]
        for endpoint in endpoints:
            terminal.do(terminal.call(endpoint.unplug))
        terminal.inbox.until(lambda events, n=name: DeviceSeen(n, False) in events)
        for endpoint in endpoints:
            terminal.do(terminal.call(endpoint.plug))
        terminal.inbox.until(lambda events, n=name: events.count(DeviceSeen(n, True)) == 2)
    terminal.do(terminal.board.press("1"))
    terminal.do(terminal.board.scan_serial(b"12\r"))
    terminal.do(terminal.board.scan_keys("34\n"))
    terminal.settle()
    assert {event.text for event in terminal.inbox.of(Scanned)} == {"12", "34"}
    assert len(terminal.inbox.of(KeyPressed)) == 1


def contact_seen(terminal):
    """The latest word about the drawer."""
    return [event for event in terminal.inbox.events if isinstance(event, DrawerSeen)][-1].open


def test_the_drawer_opens_sticks_and_is_forced(terminal):
    terminal.drawer.carry_out(PulseDrawer(5))
    assert terminal.inbox.until_count(1, DrawerPulsed) == [DrawerPulsed(5, "opened")]
    assert contact_seen(terminal) is True
    for move, args, seen in (
        (terminal.board.drawer.close, (), False),
        (terminal.board.drawer.force, (), True),
        (terminal.board.set_contact, (False,), None),
    ):
        terminal.do(terminal.call(move, *args))
        terminal.inbox.until(lambda events, s=seen: contact_seen(terminal) is s)
    terminal.settle()
    assert (terminal.board.drawer.pulses, terminal.board.drawer.short_pulses) == (1, 0)


def a_day_ahead(event):
    """The step is measured between two clocks, each cut to a millisecond."""
    return isinstance(event, ClockSeen) and event.state == "floor" and abs(event.step_ms - 86_400_000) <= 2


def test_tones_lamp_battery_and_clock(terminal):
    terminal.sounds.carry_out(Sound(ToneName.SCAN))
    terminal.sounds.carry_out(Light("amber"))
    terminal.settle()
    assert [heard.tone for heard in terminal.board.tones] == ["scan"]
    assert terminal.board.lamp == "amber"
    terminal.do(terminal.call(terminal.board.set_battery, 12, False))
    terminal.do(terminal.call(terminal.board.set_clock, 86_400))
    terminal.inbox.until(lambda events: BatterySeen(12, False) in events and any(map(a_day_ahead, events)))
    terminal.settle()
