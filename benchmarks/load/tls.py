"""TLS for thousands of connections in one process: OpenSSL over memory, without asyncio's 256 KiB a connection."""

import ssl
from dataclasses import dataclass
from pathlib import Path

READ_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a terminal connects with. `ca`: roots the broker must chain to; `certs`: a folder with `ID.crt` (and what is
    between it and its root) for each terminal, None without client certificates; `key`: their common key, for thousands of
    keys say nothing more."""

    ca: Path
    certs: Path | None = None
    key: Path | None = None

    def context(self, terminal: str) -> ssl.SSLContext:
        """A context of this terminal's own. Raises `OSError`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(str(self.ca))
        if self.certs is not None:
            context.load_cert_chain(str(self.certs / f"{terminal}.crt"), str(self.key))
        return context


class TlsSide:
    """One end of a connection: what came in, what goes out. Methods raise `ssl.SSLError` when the other end is not whom it
    should be, or does not take us."""

    __slots__ = ("_in", "_out", "_ssl", "ready")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._in, self._out, server_hostname=host)
        self.ready = False
        self._shake()

    def out(self) -> bytes:
        """What is to be sent now."""
        return self._out.read()

    def opened(self, data: bytes) -> bytes:
        """What came, in the clear; empty while hands are being shaken. Look into `out` afterwards."""
        self._in.write(data)
        if not self.ready:
            self._shake()
            if not self.ready:
                return b""
        parts: list[bytes] = []
        while True:
            try:
                part = self._ssl.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            if not part:
                break
            parts.append(part)
        return b"".join(parts)

    def sealed(self, data: bytes) -> bytes:
        """What `data` is on the wire."""
        self._ssl.write(data)
        return self._out.read()

    def _shake(self) -> None:
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.ready = True
