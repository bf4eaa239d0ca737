"""Hardware profiles: a maker's slip is named before the first sale."""

import tomllib
from typing import Any

import pytest

from firmware import hardware
from firmware.events import Key
from wire.board import KEY_CODES

RPI = hardware.FOLDER / "rpi-st7789.toml"


def document() -> dict[str, Any]:
    return tomllib.loads(RPI.read_text())


@pytest.mark.parametrize("name", hardware.profile_names())
def test_every_shipped_profile_is_valid_and_has_all_keys(name):
    keys = hardware.load(name).keypad.key_map()
    assert set(keys.values()) == set(Key)


def test_the_virtual_keypad_understands_the_emulators_codes():
    keys = hardware.load("virtual").keypad.key_map()
    assert {keys[code].value: code for code in KEY_CODES.values()} == KEY_CODES


def test_only_the_virtual_profiles_need_a_board():
    played = [name for name in hardware.profile_names() if hardware.load(name).virtual]
    assert played == ["virtual", "virtual-80-ili9341", "virtual-two-printers"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("colour", "red", "`colour`"),
        ("display.hight", 240, "`hight` - at `$.display`"),
        ("display.width", 5000, "$.display.width"),
        ("display.source.speed_hz", 1, "$.display.source.speed_hz"),
        ("display.controller", "st7735", "$.display.controller"),
        ("printer.source.baud", 12345, "$.printer.source.baud"),
        ("printer.paper_mm", 57, "$.printer.paper_mm"),
        ("drawer.source.kind", "magic", "$.drawer.source"),
        ("drawer.source.sensor_line", 17, "line 17 of /dev/gpiochip0 is also"),
        ("drawer.source.pulse_line", 25, "`$.display.source.dc_line`"),
        ("drawer.line", {"kind": "gpio", "pulse_line": 18}, "$.drawer.line"),
        (
            "drawer",
            {"source": {"kind": "printer"}, "line": {"kind": "gpio", "pulse_line": 25}},
            "`$.display.source.dc_line`",
        ),
        ("scanner.sources", [{"kind": "camera"}], "$.scanner.sources"),
        ("keypad.keys.OK", [11], "code 11 stands for 0 and OK"),
        ("keypad.keys.ENTER", [28], "'ENTER' is no key"),
        ("keypad.keys.OK", [], "$.keypad.keys"),
    ],
)
def test_a_wrong_option_is_named_with_its_place(path, value, said):
    doc = document()
    *folders, last = path.split(".")
    place = doc
    for folder in folders:
        place = place[folder]
    place[last] = value
    with pytest.raises(hardware.ProfileError) as wrong:
        hardware.parse(doc)
    assert said in str(wrong.value)


def test_a_second_printer_is_read_and_there_is_none_without_it():
    doc = document()
    assert isinstance(hardware.parse(doc).printer2.source, hardware.Nothing)
    doc["printer2"] = {
        "source": {"kind": "network", "host": "10.0.0.9"},
        "paper_mm": 80,
        "cutter": True,
        "tuning": "gs_k",
    }
    second = hardware.parse(doc).printer2
    assert (second.paper_mm, second.tuning) == (80, "gs_k")


def test_a_second_printer_on_the_first_ones_way_is_refused():
    doc = document()
    doc["printer2"] = {"source": {"kind": "serial", "path": "/dev/pos-printer", "baud": 115200}}
    with pytest.raises(hardware.ProfileError, match="printer2"):
        hardware.parse(doc)


def test_a_keypad_without_cancel_is_refused():
    doc = document()
    del doc["keypad"]["keys"]["CANCEL"]
    with pytest.raises(hardware.ProfileError, match="no code for CANCEL"):
        hardware.parse(doc)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "virtual.toml", "Virtual", "nowhere"])
def test_a_name_cannot_leave_the_folder(name):
    with pytest.raises(hardware.ProfileError):
        hardware.load(name)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("model = ")
    with pytest.raises(hardware.ProfileError, match=r"mine\.toml"):
        hardware.read(path)


def test_a_drawer_may_hang_on_the_printer_and_on_a_line():
    doc = document()
    doc["drawer"] = {"source": {"kind": "printer"}, "line": {"kind": "gpio", "pulse_line": 17, "sensor_line": 22}}
    drawer = hardware.parse(doc).drawer
    assert drawer.source == hardware.PrinterDrawer()
    assert drawer.line == hardware.GpioDrawer(17, sensor_line=22)
