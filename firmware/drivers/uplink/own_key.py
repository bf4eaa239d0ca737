"""The terminal's own certificate, as the uplink's worker looks after it: shown, renewed in time, given up, mourned."""

import logging
from collections.abc import Callable
from pathlib import Path

from firmware.drivers.uplink.access import Access, Wall
from firmware.drivers.uplink.keyring import Keyring
from firmware.drivers.uplink.renewal import Renewal
from firmware.drivers.uplink.settings import NO_TLS, LinkSettings
from firmware.drivers.uplink.tls import Way
from firmware.events import Event, KeyTrouble
from wire.messages import AnswerRenew, AskRenew

LOOK_MS = 60_000

_log = logging.getLogger(__name__)


class OwnKey:
    """`access` says how to connect next. `keyring` None: the certificate of the settings is used as it is. Times called
    `now_ms` are monotonic. Trouble is posted as `KeyTrouble`."""

    def __init__(
        self,
        settings: LinkSettings,
        keyring: Keyring | None,
        post: Callable[[Event], None],
        jitter: Callable[[], float],
        wall: Callable[[], Wall],
    ) -> None:
        self._settings, self._post, self._wall = settings, post, wall
        self._keyring = keyring or Keyring(settings.tls or NO_TLS, None, _nowhere)
        self._renewal = Renewal(settings.terminal, settings.fleet_key, self._keyring, jitter)
        self.access = Access(settings, self._keyring, self._renewal, wall)
        self.look_ms = 0
        """When to look next whether an ask is due."""

    def let_in(self, now_ms: int) -> None:
        """The broker took what was shown."""
        try:
            outcome = self._keyring.let_in()
        except OSError as raised:
            self._trouble(f"not kept: {raised}")
            return
        if outcome == "refused":
            self._renewal.new_one_refused(now_ms)
            self._trouble("the new certificate was refused, the one before serves on")
        elif outcome:
            _log.info("a new certificate is in force")

    def unusable(self) -> None:
        """What was to be shown cannot be read."""
        self._keyring.unusable()

    def ask_due(self, now_ms: int) -> AskRenew | None:
        """The ask for a new certificate, when the present one has lived two thirds of its life."""
        self.look_ms = now_ms + LOOK_MS
        wall = self._wall()
        return self._ask(now_ms) if wall.trusted and self._renewal.due(wall.utc_ms, now_ms) else None

    def read(self, answer: AnswerRenew, now_ms: int) -> str:
        """Keep what an answer brings; why not, if not."""
        wall = self._wall()
        try:
            wrong = self._renewal.read(answer, wall.utc_ms if wall.trusted else None, now_ms)
        except (OSError, ValueError) as raised:
            wrong = f"renewal: not kept: {raised}"
            self._trouble(wrong)
            return wrong
        if wrong and answer.code:
            self._trouble(wrong)
        return wrong

    def ask_for_grace(self, now_ms: int, told: Callable[[AnswerRenew | Exception], None]) -> bool:
        """No broker takes our certificate any more: ask where it is taken for this alone -> `told`, from another thread.
        False: there is nothing to ask with."""
        from firmware.drivers.uplink.grace import ask_aside

        ask = self._ask(now_ms)
        if ask is None:
            return False
        wall = self._wall()
        way = self.access.way() if wall.trusted else Way.TIME_ONLY
        ask_aside(
            self._settings.host, self._settings.grace_port, self._keyring.in_force(), way, wall.utc_ms, ask, told
        )  # fmt: skip
        return True

    def _ask(self, now_ms: int) -> AskRenew | None:
        try:
            return self._renewal.ask(now_ms)
        except (OSError, ValueError) as raised:
            self._trouble(f"cannot ask: {raised}")
            return None

    def _trouble(self, detail: str) -> None:
        _log.warning("certificate: %s", detail)
        self._post(KeyTrouble(detail[:200]))


def _nowhere(path: Path, data: bytes) -> None:
    raise AssertionError(f"nothing is renewed, {path} is not written ({len(data)} bytes)")
