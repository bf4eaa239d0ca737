"""Every desk of the terminal, in the order in which they hear an event."""

from firmware.desks import Desk
from firmware.desks.closing import ClosingDesk
from firmware.desks.drawer import DrawerDesk
from firmware.desks.events import EventsDesk
from firmware.desks.giving import GivingDesk
from firmware.desks.link import LinkDesk
from firmware.desks.paper import PaperDesk
from firmware.desks.payments import PaymentsDesk
from firmware.desks.training import TrainingDesk


def desks() -> tuple[Desk, ...]:
    """Fresh desks for one boot. The drawer is first: it opens before the slip is printed. The link is last: it sends
    what the others have journaled."""
    return (
        DrawerDesk(), PaymentsDesk(), PaperDesk(), GivingDesk(), TrainingDesk(), ClosingDesk(), EventsDesk(), LinkDesk(),
    )  # fmt: skip
