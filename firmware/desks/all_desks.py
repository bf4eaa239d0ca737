"""Every desk of the terminal, in the order in which they hear an event."""

from firmware.desks import Desk
from firmware.desks.link import LinkDesk
from firmware.desks.paper import PaperDesk
from firmware.desks.training import TrainingDesk


def desks() -> tuple[Desk, ...]:
    """Fresh desks for one boot. The link is last: it sends what the others have journaled."""
    return (PaperDesk(), TrainingDesk(), LinkDesk())
