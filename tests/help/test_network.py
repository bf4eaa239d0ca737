"""Which network Linux says there is, read from recorded folders of `/sys/class/net` and `/proc/net/wireless`."""

from pathlib import Path

import pytest

from firmware.drivers.system.gauges import board_network, system_network
from firmware.events import NetworkSeen
from wire.board import Network

WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   {quality}  -56.  -256        0      0      0      0      3        0
"""


def machine(folder: Path, links: dict[str, str], quality: str = "35.") -> NetworkSeen:
    for name, state in links.items():
        (folder / "net" / name).mkdir(parents=True)
        (folder / "net" / name / "operstate").write_text(state + "\n")
        if name.startswith("wlan"):
            (folder / "net" / name / "wireless").mkdir()
    (folder / "wireless").write_text(WIRELESS.format(quality=quality))
    return system_network(folder / "net", folder / "wireless")


@pytest.mark.parametrize(
    ("links", "seen"),
    [
        ({"lo": "unknown"}, NetworkSeen("none")),
        ({"lo": "unknown", "eth0": "down", "wlan0": "up"}, NetworkSeen("wifi", 50)),
        ({"lo": "unknown", "eth0": "up", "wlan0": "up"}, NetworkSeen("cable")),
        ({"lo": "unknown", "wwan0": "unknown"}, NetworkSeen("mobile")),
        ({"wlan0": "dormant", "ppp0": "unknown"}, NetworkSeen("mobile")),
        ({}, NetworkSeen("none")),
    ],
)
def test_the_network_in_use(tmp_path, links, seen):
    assert machine(tmp_path, links) == seen


@pytest.mark.parametrize(("quality", "percent"), [("70.", 100), ("7.", 10), ("0", 0), ("90", 100)])
def test_the_signal_in_percent(tmp_path, quality, percent):
    assert machine(tmp_path, {"wlan0": "up"}, quality).signal_percent == percent


def test_wifi_that_says_nothing_of_its_signal(tmp_path):
    machine(tmp_path, {"wlan0": "up"})
    assert system_network(tmp_path / "net", tmp_path / "none") == NetworkSeen("wifi", None)


def test_the_virtual_board_is_kept_within_bounds():
    assert board_network(Network("wifi", 900, "wifi_key")) == NetworkSeen("wifi", 100, "wifi_key")
