"""Asking the backend's desk: questions are answered over the dashboard's own read-only books, everything that changes
something goes to the one thread that writes, through the same door as `posfleet`."""

import secrets
import threading
from collections.abc import Callable

import msgspec

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
        if needs_why(request) and not why.strip():
            return Refused(reason="why_missing")
        if self._ask is None:
            return Refused(reason="store")
        try:
            call = admin.checked(_call(visit, request, why))
        except msgspec.ValidationError as trouble:
            return Refused(reason="bad_request", detail=str(trouble)[:200])
        answered = threading.Event()
        replies: list[Reply] = []

        def take(reply: Reply) -> None:
            replies.append(reply)
            answered.set()

        self._ask(call, take)
        if not answered.wait(WAIT_S):
            raise StoreTrouble("no answer from the writing thread; it may still be carried out")
        return replies[0]


def needs_why(request: admin.Request) -> bool:
    """Whatever changes the fleet or disturbs a shop is done for a reason; trying a document and harmless orders need none.
    Stricter than the desk, which takes scripts' word for it."""
    match request:
        case admin.PutLayer(check=check):
            return not check
        case admin.SendCommand(command=command):
            return command.__struct_config__.tag not in admin.HARMLESS
        case _:
            return not isinstance(request, admin.READS)


def _call(visit: Visit, request: admin.Request, why: str) -> Call:
    assert visit.role is not None, "only who is signed in gets here"
    caller = Caller(name=visit.user, role=visit.role)
    return Call(by=caller, request=request, why=why.strip()[:200], nonce=secrets.token_hex(16))


def _unsigned(_text: bytes) -> bytes:
    raise AssertionError("reading signs nothing")
