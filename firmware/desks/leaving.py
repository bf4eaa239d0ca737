"""When the process may end by itself, and how it does so."""

from firmware.desks import Till
from firmware.events import Announce, Exit
from firmware.screens.stack import home
from firmware.screens.widgets import Refused
from firmware.txn.idle import busy_with
from wire.facts import Stopped


def at_rest(till: Till) -> bool:
    """Whether nothing is under way (`txn.idle`) and the screen is the one somebody comes home to, with nothing begun on it;
    notices above it do not count."""
    ctx = till.context()
    if busy_with(ctx) or till.training:
        return False
    stack = tuple(screen for screen in till.stack if not isinstance(screen, Refused))
    return bool(stack) and stack == home(ctx)


def leave(till: Till, reason: str) -> None:
    """End the process, cleanly; systemd starts it again."""
    till.append(Stopped(reason))
    till.commit()
    till.emit(Announce(till.state(online=False, reason=reason)))
    till.emit(Exit(reason))
