"""What is printed for each kind of fact, from the journal alone: `slip_of` and its table of builders."""

from firmware.txn.slips.registry import BUILDERS, intact, slip_of, stored
from firmware.txn.slips.sheet import Sheet, headed

__all__ = ["BUILDERS", "Sheet", "headed", "intact", "slip_of", "stored"]
