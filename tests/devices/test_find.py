"""Finding keypad and scanner on a recorded machine (sysfs and udev's database as files)."""

import pytest

from firmware.drivers.keys.find import InputSeen, choose, seen

MACHINE = {
    "event0": ("13:64", "Power Button", {"ID_INPUT": "1", "ID_INPUT_KEY": "1"}),
    "event2": ("13:66", "Chicony USB Keypad", {"ID_INPUT_KEYBOARD": "1", "ID_POS_ROLE": "keypad"}),
    "event10": ("13:74", "NLS NVH220 Barcode", {"ID_INPUT_KEYBOARD": "1", "ID_POS_ROLE": "scanner"}),
    "event11": ("13:75", "Mouse", {"ID_INPUT_MOUSE": "1"}),
}


@pytest.fixture
def root(tmp_path):
    for event, (number, name, properties) in MACHINE.items():
        folder = tmp_path / "sys/class/input" / event
        (folder / "device").mkdir(parents=True)
        (folder / "dev").write_text(number + "\n")
        (folder / "device/name").write_text(name + "\n")
        data = tmp_path / "run/udev/data"
        data.mkdir(parents=True, exist_ok=True)
        lines = ["S:input/by-id/x", "I:1234", *(f"E:{key}={value}" for key, value in properties.items()), "G:seat"]
        (data / f"c{number}").write_text("\n".join(lines))
    return tmp_path


def test_all_devices_are_seen_in_the_kernels_order(root):
    assert [d.path for d in seen(root)] == [f"/dev/input/{name}" for name in MACHINE]
    assert seen(root)[1] == InputSeen("/dev/input/event2", "Chicony USB Keypad", "keypad", True)


def test_roles_and_names(root):
    assert choose(seen(root), "keypad") == "/dev/input/event2"
    assert choose(seen(root), "scanner") == "/dev/input/event10"
    assert choose(seen(root), "scanner", "nvh220") == "/dev/input/event10"
    assert choose(seen(root), "scanner", "mouse") is None  # no keyboard
    assert choose(seen(root), "printer") is None


def test_a_device_pulled_while_we_look_is_no_error(root):
    (root / "sys/class/input/event10/device/name").unlink()
    (root / "run/udev/data/c13:74").unlink()
    assert choose(seen(root), "scanner") is None
    assert choose(seen(root), "keypad") == "/dev/input/event2"


def test_a_machine_without_input_devices(tmp_path):
    assert seen(tmp_path) == []
