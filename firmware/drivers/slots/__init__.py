"""Where this release runs and the next one is put: two slots, of which one runs and the other may be written."""

from firmware.drivers.slots.folder import FolderSlots
from firmware.drivers.slots.rauc import RaucSlots
from firmware.drivers.slots.slots import NoSlots, SlotFault, SlotLook, Slots
from firmware.drivers.slots.worker import SlotWorker

__all__ = ["FolderSlots", "NoSlots", "RaucSlots", "SlotFault", "SlotLook", "SlotWorker", "Slots"]
