"""`posd-release-drawer FOLDER`: switches the drawer's coil off after `posd` has died (ExecStopPost of the unit).

The kernel gives the line back when a process dies, but leaves it at the level it had: a process killed in a pulse would
leave the coil on until the next start.
"""

import sys
from pathlib import Path

from firmware import hardware
from firmware.drivers.drawer import output
from firmware.drivers.drawer.gpiochip import Request
from firmware.drivers.store import Store


def release(profile: hardware.Hardware, request: Request | None = None) -> bool:
    """Put the coil's line to off and give it back; False: this profile has no line of its own."""
    wiring = profile.drawer.source
    if not isinstance(wiring, hardware.GpioDrawer):
        return False
    coil = output(wiring.chip, wiring.pulse_line, wiring.active_high, request)
    coil.off()
    coil.close()
    coil.pin_factory.close()
    return True


def main() -> int:
    """Returns 0, also for a terminal that is not provisioned yet or has no such line; errors are exceptions."""
    if len(sys.argv) != 2:
        print("usage: posd-release-drawer FOLDER", file=sys.stderr)
        return 2
    store = Store(Path(sys.argv[1]))
    identity, _ = store.identity()
    if identity is not None:
        release(hardware.in_force(identity.hardware, store.settings().settings.hardware)[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
