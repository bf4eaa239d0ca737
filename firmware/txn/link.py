"""The link to the backend as a person sees it: what is wrong with it just now, and the wish to connect at once."""

from dataclasses import dataclass

from firmware.events import Connect
from firmware.txn.command import Context, Decision, Refusal

NO_NETWORK, CLOCK, BACKLOG, WEAK = 1001, 1011, 1012, 1015
FAULTS = {"": 0, "sim": 1016, "wifi_key": 1017}
"""What the radio says of itself -> its code."""

WEAK_SIGNAL_PERCENT = 25
ASKED_JUST_NOW = 1018


def troubles(ctx: Context) -> tuple[int, ...]:
    """Codes of everything about the link that is not as it should be, the cause before what follows from it."""
    devices = ctx.devices
    found = (
        FAULTS[devices.network_fault],
        NO_NETWORK if devices.network == "none" else 0,
        devices.link_code,
        *devices.link_notes,
        WEAK if devices.signal_percent is not None and devices.signal_percent < WEAK_SIGNAL_PERCENT else 0,
        0 if ctx.now.trusted else CLOCK,
        BACKLOG if ctx.backlog >= ctx.settings.network.backlog_alarm else 0,
    )
    return tuple(dict.fromkeys(code for code in found if code))


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Try the link at once instead of waiting for its turn. `again`: it was asked for a moment ago, and is being done."""

    again: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """Anybody may; twice in a row is nothing new (1018)."""
        return Refusal(ASKED_JUST_NOW) if self.again else Decision(effects=(Connect(),))
