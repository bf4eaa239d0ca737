"""Renewal of the terminal's certificate: when it is due, the ask, and what of the answer is believed.

The key is made here and never leaves. An answer counts only with the fleet key's signature, for the request that is open and
for a certificate that belongs to our new key and our name: neither broker nor authority's server is taken at its word.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.drivers.uplink.keyring import Keyring
from firmware.drivers.uplink.signed import verifies
from wire.messages import AnswerRenew, AskRenew, renewal_text, renewed_text, request_digest

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DUE_AT = 2 / 3
"""Of a certificate's life."""
SPREAD = 1 / 30
"""Of its life: terminals of one day do not all ask in one minute."""
AGAIN_MS = 10 * 60_000
REFUSED_AGAIN_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class _Life:
    path: Path
    stamp: tuple[int, int]
    begin_ms: int
    end_ms: int
    due_ms: int


class Renewal:
    """At most one question open. `fleet_key` in hex; empty: nothing is renewed. `jitter` gives numbers in [0, 1)."""

    def __init__(self, terminal: str, fleet_key: str, keyring: Keyring, jitter: Callable[[], float]) -> None:
        self._terminal, self._fleet_key = terminal, fleet_key
        self._keyring, self._jitter = keyring, jitter
        self._life: _Life | None = None
        self._request = ""
        self._not_before_ms = 0

    def due(self, utc_ms: int, now_ms: int) -> bool:
        """Whether to ask now; `utc_ms` must be trusted, `now_ms` is monotonic."""
        if now_ms < self._not_before_ms or not self.possible or self._keyring.pending():
            return False
        life = self._lived()
        return life is not None and utc_ms >= life.due_ms

    def expired(self, utc_ms: int) -> bool:
        """Whether the certificate in force has run out at `utc_ms`, and no other waits."""
        if not self.possible or self._keyring.pending():
            return False
        life = self._lived()
        return life is not None and utc_ms > life.end_ms

    @property
    def possible(self) -> bool:
        return self._keyring.renews and bool(self._fleet_key)

    def ask(self, now_ms: int) -> AskRenew:
        """A new question; the one before it is void. Raises `OSError`, `ValueError`: files missing or damaged."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        self._not_before_ms = now_ms + AGAIN_MS
        key = _key(self._keyring.asked_key(_new_key))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._terminal)])
        made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        self._request = made.public_bytes(serialization.Encoding.PEM).decode()
        old = self._keyring.in_force()
        assert old.cert is not None
        certificate = x509.load_pem_x509_certificates(old.cert.read_bytes())[0]
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        old_key = _key((old.key or old.cert).read_bytes())
        signature = old_key.sign(renewal_text(self._terminal, self._request), ec.ECDSA(hashes.SHA256()))
        return AskRenew(self._request, pem, signature.hex())

    def read(self, answer: AnswerRenew, utc_ms: int | None, now_ms: int) -> str:
        """Keep what a believed answer brings: empty; else why not. `utc_ms` None: no time is trusted. Raises what the
        keyring's `write` does."""
        if not self._request or answer.request != request_digest(self._request):
            return "renewal: no such question is open"
        if not verifies(self._fleet_key, answer.signature, renewed_text(self._terminal, answer)):
            return "renewal: signature does not fit"
        self._request = ""
        if answer.code:
            self._not_before_ms = now_ms + REFUSED_AGAIN_MS
            self._keyring.drop_asked()
            return f"renewal: refused, code {answer.code}"
        key = self._keyring.asked_key(_new_key)
        wrong = self._fault(answer, _key(key), utc_ms)
        if wrong:
            self._not_before_ms = now_ms + REFUSED_AGAIN_MS
            self._keyring.drop_asked()
            return f"renewal: {wrong}"
        self._keyring.keep(key, answer.certificate.encode(), answer.trust.encode())
        return ""

    def new_one_refused(self, now_ms: int) -> None:
        """A broker did not take the new certificate: not again at once."""
        self._not_before_ms = now_ms + REFUSED_AGAIN_MS

    def _fault(self, answer: AnswerRenew, key: "ec.EllipticCurvePrivateKey", utc_ms: int | None) -> str:
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        try:
            chain = x509.load_pem_x509_certificates(answer.certificate.encode())
            x509.load_pem_x509_certificates(answer.trust.encode())
        except ValueError as unreadable:
            return f"cannot be read: {unreadable}"
        names = [str(each.value) for each in chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names != [self._terminal]:
            return "made out to another name"
        if chain[0].public_key() != key.public_key():
            return "made out to another key"
        begin_ms, end_ms = _dates(chain[0])
        if utc_ms is not None and not begin_ms <= utc_ms < end_ms:
            return "does not hold now"
        return ""

    def _lived(self) -> _Life | None:
        """Dates of the certificate in force; None: it cannot be read, which the connection says louder."""
        from cryptography import x509

        path = self._keyring.in_force().cert
        assert path is not None
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_ino)
            if self._life is None or (self._life.path, self._life.stamp) != (path, stamp):
                begin_ms, end_ms = _dates(x509.load_pem_x509_certificates(path.read_bytes())[0])
                share = DUE_AT + SPREAD * self._jitter()
                self._life = _Life(path, stamp, begin_ms, end_ms, begin_ms + int((end_ms - begin_ms) * share))
        except (OSError, ValueError):
            return None
        return self._life


def _dates(certificate: "x509.Certificate") -> tuple[int, int]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return int((begin - epoch).total_seconds() * 1_000), int((end - epoch).total_seconds() * 1_000)


def _new_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key(pem: bytes) -> "ec.EllipticCurvePrivateKey":
    """Raises `ValueError`: not a key of ours."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("no key of an elliptic curve")
    return key
