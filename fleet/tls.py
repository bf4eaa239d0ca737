"""TLS as the backend speaks it: strict, from its own certificate to the roots it was given."""

import ssl
from dataclasses import dataclass
from pathlib import Path

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca`: the roots a server must chain to; `cert` with what is between it and its root, and `key`: our own."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None


def client_context(tls: Tls) -> ssl.SSLContext:
    """For a connection to a broker: TLS 1.2 or later, its chain and its name are checked. Raises `OSError`."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(tls.ca))
    _strict(context)
    if tls.cert is not None:
        context.load_cert_chain(str(tls.cert), str(tls.key) if tls.key else None, password=_no_passphrase)
    return context


def server_context(tls: Tls) -> ssl.SSLContext:
    """For a server of ours that lets in only who has a certificate under `ca`. Raises `OSError`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls.ca))
    _strict(context)
    context.verify_mode = ssl.CERT_REQUIRED
    assert tls.cert is not None
    context.load_cert_chain(str(tls.cert), str(tls.key) if tls.key else None, password=_no_passphrase)
    context.options |= ssl.OP_NO_TICKET  # nobody comes in again unchecked
    return context


def _strict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN  # what is trusted is a root; Python 3.13 would take less


def _no_passphrase() -> str:
    """A key under a passphrase must not stop a server at a prompt nobody sees."""
    return ""
