"""TLS as the terminal speaks it: always against its own private roots, and never unchecked.

OpenSSL checks dates by the system's clock, which on these boards may be years off and which we do not set. So there are
three ways, and in each of them chain, name and purpose of the broker's certificate are checked:

* `STRICT`: OpenSSL checks the dates too.
* `DATED`: the signed time says that the system's clock is off; we check the dates of the whole verified chain by it.
* `TIME_ONLY`: the dates do not fit and no time can be trusted yet: for a connection that may only ask for the signed time.
"""

import ssl
from enum import Enum
from typing import Any

from firmware.drivers.uplink.settings import Tls

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""
NOT_YET_VALID, EXPIRED = 9, 10
_DER = 2
"""What Python before 3.13 wants to hear of an encoding, behind its public interface."""


class Way(Enum):
    STRICT = "strict"
    DATED = "dated"
    TIME_ONLY = "time_only"


class OutOfDate(ssl.SSLError):
    """A certificate of the verified chain does not hold at the signed time."""


def context(tls: Tls, way: Way) -> ssl.SSLContext:
    """Raises `OSError` or `ValueError` for files that are missing or make no sense."""
    made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(tls.ca))
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN  # what is trusted is a root; Python 3.13 would take less
    if way is not Way.STRICT:
        made.verify_flags |= NO_CHECK_TIME
    if tls.cert is not None:
        made.load_cert_chain(str(tls.cert), str(tls.key) if tls.key else None, password=_no_passphrase)
    return made


def check_dates(sock: Any, utc_ms: int) -> None:
    """Every certificate between the broker's and our root must hold at `utc_ms`. Raises `OutOfDate`."""
    from cryptography import x509  # 20 ms to import: in the worker, not at boot

    for data in _verified_chain(sock):
        certificate = x509.load_der_x509_certificate(data)
        begin_ms = certificate.not_valid_before_utc.timestamp() * 1_000
        end_ms = certificate.not_valid_after_utc.timestamp() * 1_000
        if not begin_ms <= utc_ms <= end_ms:
            raise OutOfDate(f"{certificate.subject.rfc4514_string()} does not hold at the signed time")


def is_wrong_date(trouble: BaseException | None) -> bool:
    """Whether OpenSSL refused the broker's certificate for its dates alone."""
    return isinstance(trouble, ssl.SSLCertVerificationError) and trouble.verify_code in (NOT_YET_VALID, EXPIRED)


def _verified_chain(sock: Any) -> list[bytes]:
    if hasattr(sock, "get_verified_chain"):  # Python 3.13
        chain: list[bytes] = sock.get_verified_chain()
    else:
        chain = [each.public_bytes(_DER) for each in sock._sslobj.get_verified_chain()]
    assert chain, "a handshake without a verified chain"
    return chain


def _no_passphrase() -> str:
    """A key under a passphrase must not stop the worker at a prompt nobody sees."""
    return ""
