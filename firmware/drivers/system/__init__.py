"""The machine itself: clock, battery, disk, slow computing, and systemd's notifications."""

from firmware.drivers.system.clock import Clock, ntp_synchronised
from firmware.drivers.system.gauges import BatteryGauge, board_battery, disk_look, sysfs_battery, system_network
from firmware.drivers.system.notify import Notifier
from firmware.drivers.system.secrets import JournalKey, pin_hash
from firmware.drivers.system.worker import System

__all__ = [
    "BatteryGauge",
    "Clock",
    "JournalKey",
    "Notifier",
    "System",
    "board_battery",
    "disk_look",
    "ntp_synchronised",
    "pin_hash",
    "sysfs_battery",
    "system_network",
]
