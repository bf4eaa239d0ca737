"""The uplink: packets, state and asks to the broker over MQTT 5, and what comes back as events."""

from firmware.drivers.uplink.access import Wall
from firmware.drivers.uplink.keyring import Keyring
from firmware.drivers.uplink.settings import LinkSettings, Tls
from firmware.drivers.uplink.worker import Uplink

__all__ = ["Keyring", "LinkSettings", "Tls", "Uplink", "Wall"]
