"""Commands to one terminal from its page."""

from starlette.responses import Response

from fleet.admin import Refused, SendCommand, Where
from fleet.dashboard.acting import NAME, bad, onward, refused
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.visit import Visit
from wire.fleet import Command, Identify, Lock, Reboot, Selftest, SendLog, Unlock


class CommandPages:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def all(self) -> list[Page]:
        return [Page("/t/{terminal}/command", self.order, "support", post=True)]

    def order(self, visit: Visit) -> Response:
        terminal = visit.params["terminal"]
        why = visit.form.get("why", "").strip()
        command = _command(visit.form.get("command", ""), why)
        if command is None or not NAME.fullmatch(terminal):
            return bad(visit, "/")
        reply = self._asking.act(visit, SendCommand(where=Where(terminals=(terminal,)), command=command), why)
        return refused(visit, reply, f"/t/{terminal}") if isinstance(reply, Refused) else onward(f"/t/{terminal}")


def _command(name: str, why: str) -> Command | None:
    """The desk checks whether the visitor's role may order it."""
    match name:
        case "identify":
            return Identify()
        case "selftest":
            return Selftest()
        case "log":
            return SendLog()
        case "lock":
            return Lock(why[:64])
        case "unlock":
            return Unlock()
        case "reboot":
            return Reboot()
        case _:
            return None
