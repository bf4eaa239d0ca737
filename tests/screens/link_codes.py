"""How each code of group 1 is reached: from what the uplink, the broker, the backend, the radio and the clock say.

1014 is of the vouchers' synchronisation.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.events import EpochAnswered, Event, KeyTrouble, LinkDown, LinkUp, NetworkSeen, PacketRefused, WireGarbage
from rules.settings import defaults
from tests.counter import Counter

Way = Callable[[Path], Counter]
PAGE = "MENU 9 0"
BACKLOG_ALARM = 50
TOO_LARGE, QUOTA = 0x95, 0x97


def after(*events: Event) -> Way:
    """The network's own page, after what came while the link was up."""

    def way(folder: Path) -> Counter:
        counter = Counter(folder).open_for_business()
        counter.step(LinkUp())
        for event in events:
            counter.step(event)
        return counter.keys(PAGE)

    return way


def no_time(folder: Path) -> Counter:
    counter = Counter(folder).open_for_business()
    counter.clock = "floor"
    return counter.keys(PAGE)


def many_wait(folder: Path) -> Counter:
    """Nothing acknowledged for long: the screen that is ready to sell says so."""
    base = defaults()
    network = msgspec.structs.replace(base.network, backlog_alarm=BACKLOG_ALARM)
    counter = Counter(folder, msgspec.structs.replace(base, network=network)).open_for_business()
    for _ in range(BACKLOG_ALARM):
        counter.keys("MENU 9 5 CANCEL CANCEL")
    counter.ledger.commit()
    return counter.keys("#" if counter.terminal.lang == "zh" else "MENU 9 5 CANCEL CANCEL").keys("CANCEL")


def asked_twice(folder: Path) -> Counter:
    counter = Counter(folder).open_for_business()
    counter.step(LinkDown(1003))
    return counter.keys(f"{PAGE} OK OK")


GARBAGE = WireGarbage("pos/v1/00010023/dn/ack", "Expected `int`, got `str` - at `$.upto`", "ab" * 32)

REFUSALS: dict[int, Way] = {
    1001: after(NetworkSeen("none"), LinkDown(1001)),
    1009: after(GARBAGE),
    1011: no_time,
    1012: many_wait,
    1015: after(NetworkSeen("wifi", 12)),
    1016: after(NetworkSeen("mobile", 60, "sim")),
    1017: after(NetworkSeen("wifi", 60, "wifi_key")),
    1018: asked_twice,
}
"""Those the link's drivers say of themselves, 1001 to 1010 and 1019, are also met on the page of the terminal
(`codes.link_codes`)."""

NOTED: dict[int, Way] = {
    1006: after(KeyTrouble("the new certificate was refused")),
    1008: after(PacketRefused(1, 2, TOO_LARGE)),
    1010: after(PacketRefused(1, 2, QUOTA)),
    1013: lambda folder: epoch_refused(folder).keys(PAGE),
}
"""What the broker or the backend found wrong with what was sent, or with the key it was sent under."""

GROUP = frozenset(range(1001, 1020)) - {1014}


def epoch_refused(folder: Path) -> Counter:
    """The backend knows another journal of this terminal."""
    counter = Counter(folder).open_for_business()
    counter.step(LinkUp())
    counter.step(EpochAnswered(counter.ledger.epoch, 0))
    return counter


def network_in_trouble(folder: Path) -> Counter:
    """Everything about the link that can be wrong at once."""
    counter = many_wait(folder)
    counter.clock = "floor"
    counter.step(LinkUp())
    for event in (
        EpochAnswered(counter.ledger.epoch, 0), PacketRefused(1, 2, TOO_LARGE), PacketRefused(3, 4, QUOTA), GARBAGE,
        NetworkSeen("mobile", 9, "sim"),
    ):  # fmt: skip
        counter.step(event)
    return counter.keys(PAGE)


def wifi_key_refused(folder: Path) -> Counter:
    """No network at all, for want of the right password."""
    counter = Counter(folder).open_for_business()
    counter.step(NetworkSeen("none", None, "wifi_key"))
    counter.step(LinkDown(1001))
    return counter.keys(PAGE)
