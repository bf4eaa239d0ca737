"""Another hardware profile, or another value of it, from the fleet: tried like all else, and never the end of a till."""

import json
import signal

import msgspec
import pytest

from firmware import hardware
from firmware.assembly import read_folder
from firmware.drivers.store import Identity, Store
from firmware.events import DeviceSeen, Exit, LinkUp, PrinterSeen
from rules.settings import Problem, check, who_may
from rules.settings_book import HARDWARE, SettingsBook, Trial, Version, needs_restart
from rules.settings_model import Hardware
from tests.daemon.test_posd import Daemon
from tests.settings.fleet import desired, footer, shop
from wire.facts import SettingsKept, SettingsReturned

MINUTE_MS = 60_000
TURNED = {"hardware": {"display_rotate": 180}}


def ends(till) -> int:
    return sum(isinstance(each, Exit) for each in till.out)


@pytest.fixture
def till(tmp_path):
    made = shop(tmp_path)
    made.step(PrinterSeen("ok"))
    return made


def tried(till, document=TURNED):
    """The document is in force and the daemon has started again for it; nobody has signed on yet."""
    till.hear(desired(7, document))
    till.pass_time(2 * MINUTE_MS)
    assert ends(till) == 1, "drivers read it at a start"
    till.reboot()
    till.step(LinkUp())
    return till


# --- what a board can have --------------------------------------------------------------------------------------------

CHANGES = (
    ("rpi-st7789", {"printer_baud": 9600}, lambda board: board.printer.source.baud, 9600),
    ("rpi-st7789", {"printer_fence": "none"}, lambda board: board.printer.fence, "none"),
    ("virtual", {"printer_cutter": "no"}, lambda board: board.printer.cutter, False),
    ("virtual", {"display_rotate": 0}, lambda board: board.display.rotate, 0),
    ("virtual", {"display_inverted": "no"}, lambda board: board.display.inverted, False),
    ("virtual", {"display_bgr": "yes"}, lambda board: board.display.bgr, True),
    ("virtual", {"profile": "virtual-80-ili9341"}, lambda board: board.printer.paper_mm, 80),
)


@pytest.mark.parametrize(("name", "wanted", "look", "value"), CHANGES)
def test_a_value_of_the_settings_stands_in_the_boards_place(name, wanted, look, value):
    assert look(hardware.fitted(name, Hardware(**wanted))) == value


def test_a_drawer_on_the_printer_and_a_serial_scanner_take_their_values(monkeypatch):
    serial = hardware.Scanner((hardware.SerialScanner("/dev/pos-scanner"),))
    other = msgspec.structs.replace(
        hardware.load("rpi-st7789"), drawer=hardware.Drawer(hardware.PrinterDrawer()), scanner=serial
    )
    monkeypatch.setattr(hardware, "load", lambda name: other)
    found = hardware.fitted("own", Hardware(drawer_pin=5, scanner_baud=115200))
    assert (found.drawer.source.pin, found.scanner.sources[0].baud) == (5, 115200)


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"profile": "no-such-board"}, "hardware.profile"),
        ({"profile": "rpi-st7789"}, "hardware.profile"),
        ({"printer_baud": 9600}, "hardware.printer_baud"),
        ({"drawer_pin": 5}, "hardware.drawer_pin"),
        ({"scanner_baud": 9600}, "hardware.scanner_baud"),
    ],
)
def test_what_this_board_cannot_have_is_refused_with_its_path_and_never_stops_a_start(tmp_path, wanted, path):
    with pytest.raises(hardware.NotHere) as found:
        hardware.fitted("virtual", Hardware(**wanted))
    assert found.value.path == path
    store = Store(tmp_path)
    store.write_identity(Identity("00010023", "virtual"))
    store.keep(SettingsBook(Version(5, "fleet", {"hardware": wanted})), good=True)
    folder = read_folder(tmp_path)
    assert folder.hardware == hardware.load("virtual"), "as provisioned"
    assert any(code == 9004 and path in detail for code, detail in folder.notices)


@pytest.mark.parametrize("name", ["../etc", "A", "-x", "x" * 42, "rpi st"])
def test_a_profiles_name_is_a_name(name):
    found = check({"hardware": {"profile": name}})
    assert isinstance(found, list)
    assert found[0].path == "hardware.profile"


def test_a_pushed_document_that_does_not_fit_is_rejected(till):
    till.terminal.fits = lambda settings: (
        Problem("hardware.drawer_pin", "not_here") if settings.hardware.drawer_pin else None
    )
    till.hear(desired(7, {"hardware": {"drawer_pin": 5}}))
    told = till.told()[-1]
    assert (told.desired_rev, told.status, told.path) == (7, "rejected", "hardware.drawer_pin")
    till.hear(desired(8, TURNED))
    assert till.told()[-1].status == "trial"


def test_every_value_of_it_starts_the_daemon_again_and_nobody_at_the_counter_changes_one():
    for path in HARDWARE:
        assert needs_restart((path,))
        assert not who_may(path)


# --- the trial --------------------------------------------------------------------------------------------------------


def test_other_hardware_is_proven_by_somebody_who_works_with_it(till):
    tried(till)
    till.pass_time(30 * MINUTE_MS)
    assert till.of(SettingsKept) == [], "nobody has seen the screen"
    till.sign_on()
    till.pass_time(2 * MINUTE_MS)
    assert [each.rev for each in till.of(SettingsKept)] == [7]


def test_a_change_that_touches_no_hardware_needs_nobody(till):
    till.hear(desired(7, footer("x")))
    till.pass_time(12 * MINUTE_MS)
    assert [each.rev for each in till.of(SettingsKept)] == [7]


@pytest.mark.parametrize("gone", ["printer", "keypad", "scanner"])
def test_a_device_that_answered_before_and_does_not_any_more_ends_it(till, gone):
    tried(till)
    if gone != "printer":
        till.step(PrinterSeen("ok"))
        till.step(DeviceSeen(gone, False))
    else:
        till.step(PrinterSeen("offline"))
    till.pass_time(4 * MINUTE_MS)
    assert till.of(SettingsReturned) == []
    till.pass_time(2 * MINUTE_MS)
    [returned] = till.of(SettingsReturned)
    assert (returned.rev, returned.to_rev, returned.code) == (7, 0, 9004)
    assert gone in returned.reason
    assert till.terminal.settings.hardware == Hardware()
    assert ends(till) == 1, "and it starts again with the hardware before"


def test_a_device_that_was_away_before_is_not_missed(till):
    till.step(DeviceSeen("scanner", False))
    tried(till)
    till.step(PrinterSeen("paper_out"))
    till.step(DeviceSeen("scanner", False))
    till.pass_time(10 * MINUTE_MS)
    assert till.of(SettingsReturned) == []


def test_what_is_pushed_during_the_trial_does_not_shorten_it(till):
    tried(till)
    till.step(PrinterSeen("ok"))
    till.hear(desired(8, {**TURNED, **footer("x")}))
    till.pass_time(30 * MINUTE_MS)
    assert till.of(SettingsKept) == []
    assert till.book.trial == Trial(8, runs=0, hardware=True, devices=("keypad", "scanner", "printer"))


def test_a_real_daemon_starts_with_a_profile_that_it_has_no_hardware_for(tmp_path):
    store = Store(tmp_path)
    store.write_identity(Identity("00010023", "virtual", "127.0.0.1", 9))
    tried_now = Version(7, "fleet", {"hardware": {"profile": "rpi-st7789", "scanner_baud": 9600}}, sha256="b" * 64)
    store.keep(SettingsBook(tried_now, Version(), None, Trial(7, hardware=True)), good=False)
    running = Daemon(tmp_path)
    try:
        lines = running.wait_ready().screen().lines
    finally:
        running.stop(signal.SIGTERM)
    assert any("[9004]" in line for line in lines), lines
    assert json.loads((tmp_path / "running.json").read_text())["ended"] == "clean"
