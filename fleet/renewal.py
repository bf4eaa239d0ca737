"""Renewal of terminals' certificates: an ask is judged by the register and by the key of the certificate it comes with.

Whoever carries an ask (broker, grace door) is not believed: the old certificate must be one we issued to just this
terminal, not revoked, and its key must have signed the request. Asked again with the same request, the answer is the same.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fleet.ca import authority as ca
from fleet.ca.certificates import UNREADABLE, Refused
from fleet.effects import RenewKey
from fleet.store import StoreTrouble
from wire.messages import AnswerRenew, AskRenew, renewal_text, renewed_text, request_digest

REFUSED = 1007
"""Device authentication failed: somebody has to look."""
ASKS_MAX = 1_000
LISTS_EVERY_S = 24 * 3600
STOP_S = 2.0

_log = logging.getLogger(__name__)

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Rules:
    """`days`: how long a new certificate holds. `grace_days`: how long ago the old one may have expired."""

    days: int = ca.TERMINAL_DAYS
    grace_days: int = 0


def grant(folder: Path, terminal: str, ask: AskRenew, now: datetime, rules: Rules, sign: Sign) -> AnswerRenew:
    """The signed answer to an ask. Raises `NoAuthority`, `StoreTrouble`, `OSError`, `KeyAway`, `KeyLocked`: then there is
    none, and the terminal asks again."""
    request = request_digest(ask.request)
    try:
        with ca.opened(folder) as authority:
            _judge(authority, terminal, ask, now, rules)
            issued = authority.sign(terminal, ask.request, now, rules.days)
        answer = AnswerRenew(request, 0, issued.chain.decode(), issued.trust.decode())
    except Refused as refused:
        _log.warning("renewal of %s refused: %s", terminal, refused)
        answer = AnswerRenew(request, REFUSED)
    return AnswerRenew(
        answer.request, answer.code, answer.certificate, answer.trust, sign(renewed_text(terminal, answer)).hex()
    )


def _judge(authority: ca.Authority, terminal: str, ask: AskRenew, now: datetime, rules: Rules) -> None:
    """Raises `Refused`."""
    try:
        certificate = x509.load_pem_x509_certificate(ask.certificate.encode())
        public = certificate.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise Refused("the old certificate's key is of another kind")
        public.verify(bytes.fromhex(ask.signature), renewal_text(terminal, ask.request), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as forged:
        raise Refused("the old key has not signed this request") from forged
    except UNREADABLE as wrong:
        raise Refused(f"the old certificate cannot be read: {wrong}") from wrong
    entry = authority.entry(certificate)
    if entry is None or (entry.kind, entry.name) != ("terminal", terminal):
        raise Refused("the old certificate is not one of ours for this terminal")
    if entry.revoked_ms:
        raise Refused("the old certificate is revoked")
    if now - certificate.not_valid_after_utc > timedelta(days=rules.grace_days):
        raise Refused(f"the old certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}")


class Renewals:
    """A thread that grants asks, beside the one that books records; once a day it writes the revocation list anew, so that
    it never runs out. `answered` gets the terminal and its answer, from that thread."""

    def __init__(
        self,
        folder: Path,
        sign: Sign,
        answered: Callable[[str, AnswerRenew], None],
        rules: Rules | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._sign = sign
        self._answered = answered
        self._rules = rules or Rules()
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._due: queue.Queue[RenewKey | None] = queue.Queue(ASKS_MAX)
        self._thread = threading.Thread(target=self._run, name="renewals", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, effect: RenewKey) -> None:
        """Grant an ask soon; never blocks. One too many is dropped: its terminal asks again."""
        try:
            self._due.put_nowait(effect)
        except queue.Full:
            _log.warning("too many renewals at once; %s asks again", effect.terminal)

    def stop(self) -> None:
        try:
            self._due.put_nowait(None)
        except queue.Full:
            return  # the thread is a daemon and takes nothing with it
        self._thread.join(STOP_S)

    def _run(self) -> None:
        lists_at = self._monotonic_s()
        while True:
            if self._monotonic_s() >= lists_at:
                self._keep_lists()
                lists_at += LISTS_EVERY_S
            try:
                effect = self._due.get(timeout=max(0.0, lists_at - self._monotonic_s()))
            except queue.Empty:
                continue
            if effect is None:
                return
            self._grant(effect)

    def _grant(self, effect: RenewKey) -> None:
        try:
            answer = grant(self._folder, effect.terminal, effect.ask, self._clock(), self._rules, self._sign)
        except Exception as trouble:  # any: what one terminal sent must not end the thread for all others
            _log.error("no renewal for %s: %r", effect.terminal, trouble)
            return
        self._answered(effect.terminal, answer)

    def _keep_lists(self) -> None:
        try:
            with ca.opened(self._folder) as authority:
                authority.write_lists(self._clock())
        except ca.NoAuthority:
            return  # there is none yet
        except (OSError, StoreTrouble, ca.KeyAway, ca.KeyLocked) as trouble:
            _log.error("the revocation list was not written anew: %r", trouble)
