"""Asking the backend's desk: questions are answered over the dashboard's own read-only books, everything that changes
something goes to the one thread that writes, through the same door as `posfleet`."""

import secrets
import threading
from collections.abc import Callable

from fleet import admin
from fleet.admin import Call, Caller, Refused, Reply
from fleet.dashboard.reading import Reading
from fleet.dashboard.visit import Visit
from fleet.desk.desk import FleetDesk
from fleet.store import StoreTrouble

WAIT_S = 30.0

Ask = Callable[[Call, Callable[[Reply], None]], None]
"""Hands a call to the writing thread; the reply comes after the commit, from there."""


class Asking:
    """`ask` None: this server writes nothing, whatever changes something is refused."""

    def __init__(self, reading: Reading, ask: Ask | None) -> None:
        self._reading = reading
        self._ask = ask
        self._desk = FleetDesk(_unsigned)

    def read(self, visit: Visit, request: admin.Request) -> Reply:
        """Answer a question. Raises `StoreTrouble`."""
        assert isinstance(request, admin.READS), "what changes something goes to the one who writes"
        with self._reading.begin() as books:
            return self._desk.take(books, _call(visit, request, ""), visit.now_ms)

    def act(self, visit: Visit, request: admin.Request, why: str) -> Reply:
        """Have something changed, in the visitor's name and role. Raises `StoreTrouble` when no answer comes in time."""
        if self._ask is None:
            return Refused(reason="store")
        answered = threading.Event()
        replies: list[Reply] = []

        def take(reply: Reply) -> None:
            replies.append(reply)
            answered.set()

        self._ask(_call(visit, request, why), take)
        if not answered.wait(WAIT_S):
            raise StoreTrouble("no answer from the writing thread; it may still be carried out")
        return replies[0]


def _call(visit: Visit, request: admin.Request, why: str) -> Call:
    assert visit.role is not None, "only who is signed in gets here"
    caller = Caller(name=visit.user, role=visit.role)
    return Call(by=caller, request=request, why=why.strip()[:200], nonce=secrets.token_hex(16))


def _unsigned(_text: bytes) -> bytes:
    raise AssertionError("reading signs nothing")
