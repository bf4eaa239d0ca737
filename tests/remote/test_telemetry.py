"""How a terminal fares: every 15 minutes while the link is up, measured truly, in bounded memory."""

import pytest

from firmware.desks.telemetry import CODES_MAX, TelemetryDesk
from firmware.drivers.display import scan_times
from firmware.drivers.display.scan_times import TIMES_MAX, ScanTimes
from firmware.drivers.system import gauges
from firmware.events import BatterySeen, Gauge, Gauged, LinkDown, LinkUp, NetworkSeen, Scanned, Show
from firmware.loop import Loop
from tests.counter import COLA
from tests.remote.afar import Afar

SEEN = Gauged(7, 55, 80, 10, 70, 42)


@pytest.fixture
def afar(tmp_path):
    return Afar(tmp_path).open()


def gauges_asked(afar: Afar) -> int:
    return len([each for each in afar.counter.out if isinstance(each, Gauge)])


def test_soon_after_the_link_is_up_and_then_every_fifteen_minutes(afar):
    afar.counter.pass_time(59_000)
    assert gauges_asked(afar) == 0
    afar.counter.pass_time(2_000)
    assert gauges_asked(afar) == 1
    afar.counter.pass_time(900_000)
    assert gauges_asked(afar) == 2
    afar.counter.step(LinkDown(1003))
    afar.counter.pass_time(1_800_000)
    assert gauges_asked(afar) == 2, "nothing is measured for nobody"
    afar.counter.step(LinkUp())
    afar.counter.pass_time(900_000)
    assert gauges_asked(afar) == 3


def test_what_was_measured_and_counted_is_told_once(afar):
    counter = afar.counter
    for _ in range(3):
        counter.keys("5 0 0 OK OK OK")
    counter.step(BatterySeen(64, charging=True))
    counter.step(NetworkSeen("wifi", 71))
    for _ in range(2):
        counter.scan("6900000000014").keys("CANCEL")
    counter.step(SEEN)
    (met,) = afar.met
    assert (met.up_s, met.temperature_c, met.disk_free_percent, met.disk_wear_percent) == (7, 55, 80, 10)
    assert (met.memory_mb, met.scan_to_screen_p95_ms, met.battery_percent, met.charging) == (70, 42, 64, True)
    assert (met.signal_percent, met.sales, met.errors["6001"]) == (71, 3, 2)
    assert met.backlog == counter.ledger.durable_seq - counter.ledger.acked_seq
    counter.step(SEEN)
    assert (afar.met[-1].sales, afar.met[-1].errors) == (0, {})


def test_without_a_link_the_counts_go_on_into_the_next(afar):
    counter = afar.counter
    counter.keys("5 0 0 OK OK OK")
    counter.step(LinkDown(1003))
    counter.step(SEEN)
    assert afar.met == []
    counter.step(LinkUp())
    counter.step(SEEN)
    assert afar.met[-1].sales == 1


def test_however_many_codes_the_memory_is_bounded_and_the_commonest_are_kept():
    desk = TelemetryDesk()
    for code in range(1000, 5000):
        desk.count(code)
        desk.count(5007)
    assert len(desk.errors) <= 2 * CODES_MAX
    assert desk.errors[5007] == 4000


# --- from a scan to the picture --------------------------------------------------------------------------------------


def test_a_scan_is_timed_until_its_picture_is_on_the_panel(monkeypatch):
    now = [1_000]
    monkeypatch.setattr(scan_times, "monotonic_ms", lambda: now[0])
    times = ScanTimes()
    for frame in range(1, 21):
        times.answered(now[0], frame)
        now[0] += 10 * frame  # the twentieth takes 200 ms
        times.delivered(frame)
    assert times.p95_ms() == 190
    assert times.p95_ms() is None, "since the last look"


def test_a_picture_that_was_skipped_counts_with_the_one_that_came(monkeypatch):
    now = [0]
    monkeypatch.setattr(scan_times, "monotonic_ms", lambda: now[0])
    times = ScanTimes()
    times.answered(0, 1)
    times.answered(10, 2)
    now[0] = 50
    times.delivered(2)
    assert times.p95_ms() == 50
    for frame in range(3 * TIMES_MAX):
        times.answered(50, frame)
        times.delivered(frame)
    assert len(times._times_ms) == TIMES_MAX


def test_the_loop_tells_of_a_scan_that_changed_the_picture_and_of_no_other(afar):
    """Through the loop itself: the scan's own arrival, after its picture has been handed on."""
    counter, told = afar.counter, []
    handed: list[object] = []
    loop = Loop(counter.terminal, lambda: counter.terminal.now, handed.append, (), lambda: None)
    loop.scan_shown = lambda came_ms: told.append((came_ms, isinstance(handed[-1], Show)))
    for event in (Scanned(COLA), Scanned("\x1b"), BatterySeen(50, charging=False)):
        loop.post(event)
        taken = loop._next()
        assert taken is event
        loop._take(event)
    assert len(told) in (1, 2)
    assert all(shown for _, shown in told)
    assert not loop._scans_ms


# --- gauges ----------------------------------------------------------------------------------------------------------


def test_the_kernel_is_read_as_it_writes(tmp_path):
    for zone, text in (("thermal_zone0", "48312\n"), ("thermal_zone1", "51900\n"), ("cooling_device0", "9")):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "temp").write_text(text)
    assert gauges.temperature_c(tmp_path) == 51
    assert gauges.temperature_c(tmp_path / "none") is None
    life = tmp_path / "mmcblk0" / "device" / "life_time"
    life.parent.mkdir(parents=True)
    life.write_text("0x01 0x03\n")
    assert gauges.disk_wear_percent(tmp_path) == 30
    life.write_text("0x00 0x00\n")
    assert gauges.disk_wear_percent(tmp_path) is None
    assert 0 <= (gauges.disk_free_percent(tmp_path) or 0) <= 100
    assert gauges.disk_free_percent(tmp_path / "nowhere") is None
    assert (gauges.memory_mb() or 0) > 5
    assert gauges.memory_mb(tmp_path / "nothing") is None
