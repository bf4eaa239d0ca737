"""The machine: time and its trust, PINs and seals, battery, disk, systemd."""

import os
import socket
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from firmware.drivers.system import (
    Clock,
    JournalKey,
    Notifier,
    System,
    disk_look,
    ntp_synchronised,
    pin_hash,
    sysfs_battery,
)
from firmware.drivers.system import gauges as gauges_module
from firmware.drivers.system import worker as worker_module
from firmware.events import (
    BatterySeen,
    CheckPin,
    ClockSeen,
    DiskSeen,
    HashPin,
    Now,
    PinChecked,
    PinHashed,
    Signed,
    SignSeal,
)
from tests.devices.feeds import Inbox
from wire.board import Battery
from wire.board import Clock as BoardClock
from wire.records import seal_text

DAY_MS = 86_400_000
FLOOR_MS = 1_790_000_000_000
KEY = bytes(range(32))


class Times:
    """Both of the machine's clocks, set by the test."""

    def __init__(self, wall_ms=FLOOR_MS + DAY_MS):
        self.monotonic, self.wall = 5_000, wall_ms
        self.seen = []
        self.clock = Clock(FLOOR_MS, self.seen.append, lambda: self.monotonic, lambda: self.wall)

    def pass_ms(self, ms, step_ms=0):
        self.monotonic += ms
        self.wall += ms + step_ms
        return self.clock.now()


def test_time_passes_untrusted_until_somebody_says_better():
    times = Times()
    assert times.clock.now() == Now(5_000, FLOOR_MS + DAY_MS, "floor")
    assert times.pass_ms(700) == Now(5_700, FLOOR_MS + DAY_MS + 700, "floor")
    assert times.seen == []


def test_a_clock_of_1970_starts_at_the_floor_and_goes_on_from_there():
    times = Times(wall_ms=0)
    assert times.clock.now().wall_ms == FLOOR_MS
    assert times.pass_ms(90_000).wall_ms == FLOOR_MS + 90_000


def test_the_backends_signed_time_is_kept_as_an_offset():
    times = Times(wall_ms=0)
    times.clock.set_trusted(FLOOR_MS + 7 * DAY_MS)
    assert times.pass_ms(1_000) == Now(6_000, FLOOR_MS + 7 * DAY_MS + 1_000, "trusted")
    assert times.seen == [ClockSeen("trusted", 7 * DAY_MS)]


def test_time_set_by_hand_is_said_to_be_so():
    times = Times()
    times.clock.set_by_hand(FLOOR_MS + 2 * DAY_MS)
    assert times.clock.now().clock == "hand"
    assert times.seen == [ClockSeen("hand", DAY_MS)]


@pytest.mark.parametrize("step_ms", [2_001, -2_001, 10 * 365 * DAY_MS, -10 * 365 * DAY_MS])
def test_a_step_of_the_wall_clock_takes_the_trust_away(step_ms):
    times = Times()
    times.clock.set_trusted(FLOOR_MS + DAY_MS)
    now = times.pass_ms(1_000, step_ms)
    assert now.clock == "floor"
    assert now.wall_ms == FLOOR_MS + DAY_MS + 1_000 + max(0, step_ms)
    assert times.seen[-1] == ClockSeen("floor", step_ms)
    times.pass_ms(1_000)
    assert len(times.seen) == 2


def test_small_corrections_of_ntp_are_no_step():
    times = Times()
    for _ in range(50):
        times.pass_ms(1_000, step_ms=500)
    assert times.seen == []


def test_a_thread_halted_between_two_readings_sees_no_step():
    times = Times()
    readings = iter([6_000, 66_000, 66_000, 66_000])  # a minute lies between the first two
    monotonic = lambda: next(readings, 66_000)  # noqa: E731
    times.clock._monotonic_ms = monotonic
    times.wall += 61_000
    times.clock.now()
    assert times.seen == []


def test_the_monotonic_clock_never_goes_back():
    times = Times()
    times.pass_ms(1_000)
    times.monotonic -= 900
    times.wall -= 900
    assert times.clock.now().monotonic_ms == 6_000


def test_the_virtual_boards_clock_reaches_the_wall_time_as_a_step():
    times = Times()
    times.clock.set_board_offset(0)
    assert times.seen == []
    times.clock.set_board_offset(3_600_000)
    assert times.clock.now().wall_ms == FLOOR_MS + DAY_MS + 3_600_000
    assert times.seen == [ClockSeen("floor", 3_600_000)]
    times.clock.set_board_offset(0)
    assert times.clock.now().wall_ms == FLOOR_MS + DAY_MS + 3_600_000, "it may be on record"


HOUR_MS = 3_600_000
SAID = {"trusted": Clock.set_trusted, "hand": Clock.set_by_hand}


@pytest.mark.parametrize("back_ms", [HOUR_MS, 30 * DAY_MS])
@pytest.mark.parametrize(
    ("said", "told_ms", "least_ms"),
    [
        ("", 0, DAY_MS),  # nobody said anything: the machine's clock went on by itself
        ("trusted", 10 * HOUR_MS, DAY_MS + 10 * HOUR_MS),
        ("hand", 10 * HOUR_MS, DAY_MS + 10 * HOUR_MS),
        ("trusted", -10 * HOUR_MS, DAY_MS - 10 * HOUR_MS),  # who knows better may set it back
        ("trusted", -2 * DAY_MS, -DAY_MS),  # also below the floor of the boot
        ("hand", -2 * DAY_MS, -DAY_MS),
    ],
)
def test_a_clock_nobody_vouches_for_never_goes_below_a_time_it_has_given(said, told_ms, least_ms, back_ms):
    """Played: 22:17 on one record and 22:07 on the next, after the machine's clock had stepped back."""
    times = Times()
    if said:
        SAID[said](times.clock, times.wall + told_ms)
    before = times.pass_ms(HOUR_MS).wall_ms
    assert before == FLOOR_MS + least_ms + HOUR_MS
    now = times.pass_ms(1_000, -back_ms)
    assert (now.wall_ms, now.clock) == (before + 1_000, "floor")
    for _ in range(3):
        later = times.pass_ms(10 * 60_000, -back_ms)
        assert later.wall_ms == now.wall_ms + 10 * 60_000
        now = later
    times.clock.set_trusted(FLOOR_MS + DAY_MS)
    assert times.pass_ms(1_000).wall_ms == FLOOR_MS + DAY_MS + 1_000, "whoever knows better is believed"


@pytest.mark.parametrize("said", list(SAID))
def test_a_step_before_anybody_has_looked_at_a_new_time_does_not_undo_it(said):
    times = Times(wall_ms=0)
    SAID[said](times.clock, FLOOR_MS + DAY_MS)
    assert times.pass_ms(1_000, -HOUR_MS) == Now(6_000, FLOOR_MS + DAY_MS + 1_000, "floor")


def test_ntp_needs_no_correction_of_ours():
    times = Times()
    times.clock.set_trusted(FLOOR_MS)
    times.clock.ntp_holds()
    assert times.clock.now() == Now(5_000, FLOOR_MS + DAY_MS, "trusted")
    times.clock.ntp_holds()
    assert times.seen == [ClockSeen("trusted", -DAY_MS), ClockSeen("trusted", DAY_MS)]


def test_the_kernels_own_word_about_ntp_can_be_read():
    assert ntp_synchronised() in (True, False)


class Machine:
    """The system worker over a folder."""

    def __init__(self, folder, **options):
        self.inbox = Inbox()
        self.times = Times()
        self.system = System(self.inbox.post, self.times.clock, JournalKey(KEY), folder, **options)
        self.thread = threading.Thread(target=self.system.run)


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    made.thread.start()
    yield made
    made.system.stop()
    made.thread.join(20)
    assert not made.thread.is_alive()


def test_pins_are_hashed_and_compared(machine):
    salt = b"s" * 16
    machine.system.carry_out(HashPin(1, "2580", salt))
    (hashed,) = machine.inbox.until_count(1, PinHashed)
    assert (hashed.request, hashed.hash, hashed.salt) == (1, pin_hash("2580", salt), salt)
    machine.system.carry_out(CheckPin(2, "2580", hashed.hash, salt))
    machine.system.carry_out(CheckPin(3, "2581", hashed.hash, salt))
    machine.system.carry_out(CheckPin(4, "2580", hashed.hash, b"t" * 16))
    assert machine.inbox.until_count(3, PinChecked) == [PinChecked(2, True), PinChecked(3, False), PinChecked(4, False)]


def test_a_seal_verifies_under_the_announced_key(machine):
    machine.system.carry_out(SignSeal("T1", 9, 100, "ab" * 32))
    (signed,) = machine.inbox.until_count(1, Signed)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(JournalKey(KEY).public_hex))
    public.verify(bytes.fromhex(signed.signature), seal_text("T1", 9, 100, "ab" * 32))
    assert (signed.upto, signed.hash) == (100, "ab" * 32)


def test_the_disk_is_told_at_once_and_the_boards_battery_and_clock_as_they_come(machine):
    (seen,) = machine.inbox.until_count(1, DiskSeen)
    assert seen.free_bytes > 0
    assert not seen.read_only
    machine.system.hear_battery(Battery(17, charging=False))
    machine.system.hear_battery(Battery(17, charging=False))
    machine.system.hear_clock(BoardClock(60))
    assert machine.inbox.of(BatterySeen) == [BatterySeen(17, False)]
    assert machine.times.seen == [ClockSeen("floor", 60_000)]


def test_what_the_gauges_say_is_looked_at_again_and_only_news_are_told(tmp_path, monkeypatch):
    for name in ("CLOCK_EVERY_MS", "DISK_EVERY_MS", "BATTERY_EVERY_MS"):
        monkeypatch.setattr(worker_module, name, 1)
    looks = [DiskSeen(10**9, False), DiskSeen(10**9 - 1000, False), DiskSeen(10**9, True), DiskSeen(0, True)]
    levels = [BatterySeen(50, False), BatterySeen(50, False), BatterySeen(49, False)]
    monkeypatch.setattr(worker_module, "disk_look", lambda folder: looks.pop(0) if len(looks) > 1 else looks[0])
    made = Machine(tmp_path, battery=lambda: levels.pop(0) if len(levels) > 1 else levels[0], ntp=lambda: True)
    made.thread.start()
    assert made.inbox.until_count(3, DiskSeen) == [DiskSeen(10**9, False), DiskSeen(10**9, True), DiskSeen(0, True)]
    assert made.inbox.until_count(2, BatterySeen) == [BatterySeen(50, False), BatterySeen(49, False)]
    made.system.stop()
    made.thread.join(20)
    assert made.times.seen == [ClockSeen("trusted", 0)]


SYSFS = [
    ("75", "Discharging", BatterySeen(75, False)),
    ("75", "Charging", BatterySeen(75, True)),
    ("100", "Full", BatterySeen(100, True)),
    ("101", "Full", BatterySeen(100, True)),
    ("", "Full", BatterySeen(None, False)),
    (None, None, BatterySeen(None, False)),
]


@pytest.mark.parametrize(("capacity", "status", "seen"), SYSFS)
def test_a_battery_of_the_kernel(tmp_path, capacity, status, seen):
    if capacity is not None:
        (tmp_path / "capacity").write_text(capacity + "\n")
        (tmp_path / "status").write_text(status + "\n")
    assert sysfs_battery(tmp_path) == seen


def test_a_read_only_disk_is_known_by_its_flag(tmp_path, monkeypatch):
    real = os.statvfs(tmp_path)
    fields = list(real)
    fields[8] |= os.ST_RDONLY
    monkeypatch.setattr(gauges_module.os, "statvfs", lambda folder: os.statvfs_result(fields))
    assert disk_look(tmp_path) == DiskSeen(real.f_bavail * real.f_frsize, read_only=True)


def listener(address):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(address)
    server.settimeout(20)
    return server


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path, abstract):
    name = f"@pos-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with listener("\0" + name[1:] if abstract else name) as server:
        notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "15000000"})
        notifier.ready()
        notifier.alive()
        notifier.status("待上传 0\nREADY=1")
        notifier.stopping()
        notifier.starting("tables: record 5 of 9", 60)
        told = [server.recv(1000).decode() for _ in range(6)]
    assert told[:4] == ["READY=1", "WATCHDOG=1", "STATUS=待上传 0 READY=1", "STOPPING=1"]
    assert told[4:] == ["STATUS=tables: record 5 of 9", "EXTEND_TIMEOUT_USEC=60000000"]
    assert notifier.watchdog_every_ms == 5_000


def test_without_systemd_nothing_happens(tmp_path):
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_every_ms is None
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
    assert Notifier({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}).watchdog_every_ms is None
