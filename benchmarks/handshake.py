"""What a terminal that connects costs the broker's processor: the server's half of a TLS handshake with both certificates,
of the authority we ship, ÷ one whose certificates nobody asks for on the client's side. After a broker's restart every
terminal of its comes at once, and this is what they wait for (docs/scaling.md).

OpenSSL through Python's `ssl`, both halves in this thread and in memory; a broker adds its own work and the network's.
"""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import Figure, Scale, Timed, in_turns, medians
from fleet.ca import authority as ca

HOST = "broker.example"
BITES_MAX = 8
"""A handshake takes a few exchanges; more of them and something is wrong."""


def measure(scale: Scale) -> list[Figure]:
    """The server's processor time for each handshake, with the client's certificate and without."""
    server, mutual, alone = _contexts(scale.folder)
    number = scale.pick(20, 200)
    sides = {"mutual": _side(server(True), mutual, number), "alone": _side(server(False), alone, number)}
    took = medians(in_turns(sides, rounds=scale.pick(3, 7)))
    each_ms = took["mutual"] / number * 1_000
    detail = f"{each_ms:.2f} ms of a core for each terminal, {1_000 / each_ms:.0f} terminals a second and core"
    ratio = took["mutual"] / took["alone"]
    return [Figure("server's half of a handshake, both certificates ÷ its own", ratio, "×", detail=detail)]


def _side(server: ssl.SSLContext, client: ssl.SSLContext, number: int) -> Timed:
    return lambda: sum(_handshake(server, client) for _ in range(number))


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> float:
    """Seconds the server's half takes of this thread's processor."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    broker = server.wrap_bio(up, down, server_side=True)
    terminal = client.wrap_bio(down, up, server_hostname=HOST)
    spent, done = 0.0, False
    for _ in range(BITES_MAX):
        _bite(terminal.do_handshake)
        began = time.thread_time()
        done = _bite(broker.do_handshake)
        spent += time.thread_time() - began
        if done:
            return spent
    raise RuntimeError("the handshake does not end")


def _bite(go_on: Callable[[], None]) -> bool:
    try:
        go_on()
    except ssl.SSLWantReadError:
        return False
    return True


def _contexts(folder: Path) -> tuple[Callable[[bool], ssl.SSLContext], ssl.SSLContext, ssl.SSLContext]:
    """Of the terminals' listener as it is shipped, and of a terminal with and without its certificate."""
    now, place = datetime.now(UTC), folder / "ca"
    ca.found(place, "Bench", now)
    with ca.opened(place) as authority:
        issued = authority.service("server", "broker", (HOST,), now), authority.issue("T0001", now)
    for made, name in zip(issued, ("server", "terminal"), strict=True):
        (folder / f"{name}.crt").write_bytes(made.chain)
        (folder / f"{name}.key").write_bytes(made.key)

    def server(asks: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 0
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        if asks:
            context.load_verify_locations(place / ca.CLIENTS)
            context.load_verify_locations(place / ca.CRL)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def terminal(shows: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(place / ca.TRUST))
        if shows:
            context.load_cert_chain(folder / "terminal.crt", folder / "terminal.key")
        return context

    return server, terminal(True), terminal(False)
