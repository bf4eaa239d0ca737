"""Every desk of the terminal, in the order in which they hear an event."""

from firmware.desks import Desk
from firmware.desks.closing import ClosingDesk
from firmware.desks.deals import DealsDesk
from firmware.desks.diagnosis import DiagnosisDesk
from firmware.desks.drawer import DrawerDesk
from firmware.desks.events import EventsDesk
from firmware.desks.giving import GivingDesk
from firmware.desks.link import LinkDesk
from firmware.desks.paper import PaperDesk
from firmware.desks.payments import PaymentsDesk
from firmware.desks.remote import RemoteDesk
from firmware.desks.settings import SettingsDesk
from firmware.desks.telemetry import TelemetryDesk
from firmware.desks.training import TrainingDesk
from firmware.desks.update import UpdateDesk
from firmware.desks.vouchers import VouchersDesk


def desks() -> tuple[Desk, ...]:
    """Fresh desks for one boot. The drawer is first: it opens before the slip is printed. The link is after
    all that journal, for it sends what they have; the events desk hears of the link when the link's desk knows."""
    return (
        DrawerDesk(), PaymentsDesk(), VouchersDesk(), PaperDesk(), GivingDesk(), TrainingDesk(), ClosingDesk(),
        DealsDesk(), UpdateDesk(), RemoteDesk(), SettingsDesk(), LinkDesk(), DiagnosisDesk(), EventsDesk(),
        TelemetryDesk(),
    )  # fmt: skip
