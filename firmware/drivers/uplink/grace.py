"""Asking at the grace door: one TLS connection, one line there, one line back. For a certificate that has expired, which
no broker takes any more."""

import socket
import ssl
import threading
from collections.abc import Callable

import msgspec

from firmware.drivers.uplink.settings import Tls
from firmware.drivers.uplink.tls import Way, check_dates, context
from wire.messages import AnswerRenew, AskRenew

TALK_S = 8.0
ANSWER_BYTES_MAX = 32 * 1024


def ask_aside(
    host: str,
    port: int,
    tls: Tls,
    way: Way,
    utc_ms: int,
    ask: AskRenew,
    told: Callable[[AnswerRenew | Exception], None],
) -> None:
    """Ask on a thread of its own; `told` gets the answer, or why there is none, from that thread."""

    def run() -> None:
        try:
            told(_ask(host, port, tls, way, utc_ms, ask))
        except Exception as trouble:  # any: whatever the far end says must end as a note, or nobody would try again
            told(trouble)

    threading.Thread(target=run, name="uplink-grace", daemon=True).start()


def _ask(host: str, port: int, tls: Tls, way: Way, utc_ms: int, ask: AskRenew) -> AnswerRenew:
    made: ssl.SSLContext = context(tls, way)
    with (
        socket.create_connection((host, port), TALK_S) as raw,
        made.wrap_socket(raw, server_hostname=host) as talk,
    ):
        if way is Way.DATED:
            check_dates(talk, utc_ms)
        talk.sendall(msgspec.json.encode(ask) + b"\n")
        with talk.makefile("rb") as stream:
            line = stream.readline(ANSWER_BYTES_MAX)
    return msgspec.json.decode(line, type=AnswerRenew)
