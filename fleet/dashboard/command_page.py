"""Commands to one terminal from its page. What disturbs a shop is asked for once more, with its reason."""

from typing import Literal

from starlette.responses import Response

from fleet import admin
from fleet.admin import EXPIRY_S_MAX, HARMLESS, Refused, SendCommand, Where
from fleet.dashboard.acting import NAME, bad, onward, refusal, refused
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.fleet_look import Watch
from fleet.dashboard.pages import draw, moment
from fleet.dashboard.sure import Choice, Question, asks
from fleet.dashboard.tiles import Tile
from fleet.dashboard.visit import Visit
from texts import t
from wire.fleet import Command, Identify, Lock, Reboot, Selftest, SendLog, Unlock

REASON_CHARS_MAX = 64
"""Of a lock's reason on the terminal's screen (`wire.fleet.Word`)."""
SOON_S, DAY_S = 120, 86_400
VALID_S = (SOON_S, 3_600, DAY_S, EXPIRY_S_MAX)
"""How long an order may wait for its terminal."""


class CommandPages:
    def __init__(self, asking: Asking, watch: Watch) -> None:
        self._asking = asking
        self._watch = watch

    def all(self) -> list[Page]:
        return [
            Page("/t/{terminal}/command", self.asks, "support"),
            Page("/t/{terminal}/command", self.order, "support", post=True),
        ]

    def asks(self, visit: Visit) -> Response:
        """What an order that disturbs the shop would do, before it is given."""
        tile = self._watch.find(visit.params["terminal"])
        name = visit.query.get("command", "")
        command = _command(name, "", "")
        if tile is None or command is None or name in HARMLESS:
            return draw(visit, "said.html", 404, said="missing")
        if not visit.may(admin.role_needed(SendCommand(where=Where(), command=command))):
            return draw(visit, "said.html", 403, said="role")
        return asks(visit, _question(visit, tile, name))

    def order(self, visit: Visit) -> Response:
        terminal = visit.params["terminal"]
        name, why = visit.form.get("command", ""), visit.form.get("why", "").strip()
        command = _command(name, why, visit.form.get("what", ""))
        valid_s = _valid_s(visit.form.get("valid", ""))
        if command is None or valid_s is None or not NAME.fullmatch(terminal):
            return bad(visit, "/")
        where = Where(terminals=(terminal,))
        reply = self._asking.act(visit, SendCommand(where=where, command=command, expires_s=valid_s), why)
        if not isinstance(reply, Refused):
            return onward(f"/t/{terminal}")
        tile = self._watch.find(terminal)
        if reply.reason == "why_missing" and tile is not None:
            return asks(visit, _question(visit, tile, name), refusal(reply, visit.lang))
        return refused(visit, reply, f"/t/{terminal}")


def _command(name: str, why: str, what: str) -> Command | None:
    """The desk checks whether the visitor's role may order it."""
    whole: Literal["daemon", "device"] = "device" if what == "device" else "daemon"
    match name:
        case "identify":
            return Identify()
        case "selftest":
            return Selftest()
        case "log":
            return SendLog()
        case "lock":
            return Lock(why[:REASON_CHARS_MAX])
        case "unlock":
            return Unlock()
        case "reboot":
            return Reboot(whole)
        case _:
            return None


def _valid_s(text: str) -> int | None:
    """How long an order is good for: one of the offered, the shortest when none was said, None for anything else."""
    return next((each for each in VALID_S if text in (str(each), "")), None)


def _question(visit: Visit, tile: Tile, name: str) -> Question:
    def say(key: str, **arguments: object) -> str:
        return t("dashboard", visit.lang, key, **arguments)

    link = say(f"link__{tile.link}")
    facts = [(say("sort__terminal"), tile.terminal), (say("fact__shop"), tile.shop or say("sales__no_shop"))]
    facts += [(say("map__level"), link), (say("fact__seen"), moment(tile.seen_ms))]
    online = tile.link == "online"
    valid = visit.form.get("valid", "") or str(SOON_S if online else DAY_S)
    choices = [Choice("valid", say("command__valid"), {str(s): say(f"valid__{s}") for s in VALID_S}, valid)]
    if name == "reboot":
        options = {each: say(f"command_whole__{each}") for each in ("daemon", "device")}
        choices.insert(0, Choice("what", say("command__whole"), options, visit.form.get("what", "daemon")))
    what = [say(f"command_what__{name}"), *([say("command_what__lock_why")] if name == "lock" else [])]
    what += [] if online else [say("command_what__away")]
    here = f"/t/{tile.terminal}"
    return Question(
        say(f"command_sure__{name}", terminal=tile.terminal), tuple(facts), tuple(what), f"{here}/command",
        {"command": name}, say(f"command_do__{name}", terminal=tile.terminal), here, tuple(choices),
    )  # fmt: skip
