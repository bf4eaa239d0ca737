"""After a crash in a pulse the coil is switched off, and nothing else is touched."""

import sys

import pytest

from firmware import release_drawer
from firmware.drivers.store import Identity, Store
from firmware.hardware import load
from tests.devices.test_drawer import ChipBench


def test_the_line_is_put_to_off_and_given_back():
    chip = ChipBench()
    assert release_drawer.release(load("rpi-st7789"), chip.request)
    (line,) = chip.lines.values()
    assert (line.offset, set(line.levels), line.released) == (17, {False}, True)


@pytest.mark.parametrize("name", ["virtual", "rpi-80-ili9341"])
def test_a_drawer_without_a_line_of_ours_is_left_alone(name):
    assert not release_drawer.release(load(name), None)


def test_a_terminal_that_is_not_provisioned_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["posd-release-drawer", str(tmp_path)])
    assert release_drawer.main() == 0
    Store(tmp_path).write_identity(Identity("T1", hardware="virtual"))
    assert release_drawer.main() == 0
