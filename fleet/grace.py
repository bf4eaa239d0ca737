"""The grace door: where a terminal whose certificate expired on the shelf gets a new one, and nothing else.

A broker refuses an expired certificate, and Mosquitto cannot be told otherwise for one listener alone. So for a time the
backend opens a TLS port of its own: it takes only certificates of our terminals, whatever their date, reads one ask of one
line, answers with one line and hangs up. Judged is as on the wire, by register and signature, with a longer patience.
"""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from fleet import renewal
from fleet.renewal import Rules, Sign
from fleet.tls import NO_CHECK_TIME, Tls, server_context
from wire.messages import AskRenew
from wire.topics import TERMINAL_ID

ASK_BYTES_MAX = 16 * 1024
AT_ONCE_MAX = 8
TALK_S = 8.0
STOP_S = 2.0

_log = logging.getLogger(__name__)


class GraceDoor:
    """Listens at once when made, so that a port that is taken is said at the start; serves from `start` until `until`.

    `tls.ca` is the bundle of the terminals' authorities. Raises `OSError`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: Tls,
        folder: Path,
        sign: Sign,
        rules: Rules,
        until: datetime,
        clock: Callable[[], datetime],
    ) -> None:
        self._context = server_context(tls)
        self._context.verify_flags |= NO_CHECK_TIME  # the register's dates and `rules` decide, not the handshake
        self._folder, self._sign, self._rules = folder, sign, rules
        self._until, self._clock = until, clock
        self._listener = socket.create_server((host, port), family=_family(host))
        self.port: int = self._listener.getsockname()[1]
        self._free = threading.BoundedSemaphore(AT_ONCE_MAX)
        self._thread = threading.Thread(target=self._run, name="grace", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hang up on whoever waits; one that is being answered is answered."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            if self._clock() >= self._until or not self._free.acquire(blocking=False):
                raw.close()  # too late, or too many: a terminal comes again
                continue
            threading.Thread(target=self._serve, args=(raw,), name="grace-talk", daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            raw.settimeout(TALK_S)
            with self._context.wrap_socket(raw, server_side=True) as talk:
                self._answer(talk)
        except Exception as trouble:  # any: whoever talks here, the door stays open for the next
            _log.warning("grace door: %r", trouble)
        finally:
            raw.close()
            self._free.release()

    def _answer(self, talk: ssl.SSLSocket) -> None:
        terminal = _named(talk)
        with talk.makefile("rb") as stream:
            line = stream.readline(ASK_BYTES_MAX)
        ask = msgspec.json.decode(line, type=AskRenew)
        answer = renewal.grant(self._folder, terminal, ask, self._clock(), self._rules, self._sign)
        _log.warning("grace door: %s asked for a certificate, code %d", terminal, answer.code)
        talk.sendall(msgspec.json.encode(answer) + b"\n")


def _named(talk: ssl.SSLSocket) -> str:
    """The id in the certificate that was shown. Raises `ValueError`."""
    shown = talk.getpeercert() or {}
    subject: tuple[tuple[tuple[str, str], ...], ...] = shown.get("subject", ())  # type: ignore[assignment]
    names = [value for part in subject for name, value in part if name == "commonName"]
    if len(names) != 1 or not TERMINAL_ID.fullmatch(names[0]):
        raise ValueError("a certificate that is no terminal's")
    return names[0]


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
