"""How the terminal comes in: which certificate it shows, by which clock the broker's is checked, and what follows from a
failure (wire contract, 1.5)."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from firmware.drivers.uplink.keyring import Keyring
from firmware.drivers.uplink.renewal import Renewal
from firmware.drivers.uplink.settings import LinkSettings, Tls
from firmware.drivers.uplink.tls import OutOfDate, Way, is_wrong_date

APART_MS = 60_000
"""A signed time this far from the system's clock: OpenSSL would check dates by the wrong one."""


@dataclass(frozen=True, slots=True)
class Wall:
    """The terminal's wall clock, and whether the fleet or NTP vouches for it."""

    utc_ms: int
    trusted: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to connect. `utc_ms`: by what the dates are checked, where we check them ourselves."""

    way: Way
    tls: Tls | None
    utc_ms: int = 0


def system_wall() -> Wall:
    """A machine whose clock is right."""
    return Wall(time.time_ns() // 1_000_000, True)


class Access:
    """Remembers between attempts what the last one showed."""

    def __init__(
        self,
        settings: LinkSettings,
        keyring: Keyring,
        renewal: Renewal,
        wall: Callable[[], Wall],
        system_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._settings, self._keyring, self._renewal = settings, keyring, renewal
        self._wall, self._system_ms = wall, system_ms
        self._time_only_next = False
        self._perhaps_expired = False

    def attempt(self) -> Attempt:
        """What to try now."""
        if self._settings.tls is None:
            return Attempt(Way.STRICT, None)
        way = Way.TIME_ONLY if self._time_only_next else self.way()
        self._time_only_next = False
        return Attempt(way, self._keyring.tls(), self._wall().utc_ms)

    def way(self) -> Way:
        """By which clock dates are checked: ours, when it is trusted and the system's is another."""
        wall = self._wall()
        is_apart = wall.trusted and abs(wall.utc_ms - self._system_ms()) > APART_MS
        return Way.DATED if is_apart else Way.STRICT

    def wants_grace(self) -> bool:
        """Whether the grace door is to be tried instead of the broker: our certificate has expired, or may have, for it was
        refused and nobody can tell us the time. A doubt is good for one try."""
        if not self._settings.grace_port or not self._renewal.possible or self._keyring.pending():
            return False
        wall, doubt = self._wall(), self._perhaps_expired
        self._perhaps_expired = False
        return self._renewal.expired(wall.utc_ms) if wall.trusted else doubt

    def failed(self, attempt: Attempt, raised: BaseException | None, answered: bool, can_ask_time: bool) -> bool:
        """An attempt ended before it was of use; whether there is something else to try at once: the signed time, when
        the broker's dates do not fit and our clock is nothing to go by."""
        if attempt.tls is None or answered:
            return False
        if isinstance(raised, ssl.SSLCertVerificationError | OutOfDate):
            may_ask = attempt.way is Way.STRICT and not self._wall().trusted and can_ask_time
            self._time_only_next = may_ask and is_wrong_date(raised)
            return self._time_only_next
        if raised is None or isinstance(raised, ssl.SSLError):  # it did not take our certificate, or hung up on it
            self._keyring.kept_out()
            self._perhaps_expired = attempt.way is Way.TIME_ONLY
        return False
