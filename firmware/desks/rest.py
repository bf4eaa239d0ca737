"""When the process may end by itself without anybody noticing."""

from firmware.desks import Till
from firmware.screens.stack import home
from firmware.screens.widgets import Refused


def at_rest(till: Till) -> bool:
    """Whether the terminal is idle and its screen is the one somebody comes home to, with nothing begun on it; notices
    above it do not count."""
    if till.training or till.busy():
        return False
    stack = tuple(screen for screen in till.stack if not isinstance(screen, Refused))
    return bool(stack) and stack == home(till.context())
