"""The cash drawer and its contact: gpiozero over a pin factory of ours (gpiod 2, or the virtual board)."""

from firmware.drivers.drawer.boardlines import BoardLines
from firmware.drivers.drawer.driver import Drawer
from firmware.drivers.drawer.fittings import NoDrawer, fit_board, fit_gpio, output

__all__ = ["BoardLines", "Drawer", "NoDrawer", "fit_board", "fit_gpio", "output"]
