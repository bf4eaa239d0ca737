"""The diagnosis desk: ten checks from the network to the storage, one after the other, when a person starts them, or the
fleet (`selftest`).

What devices and link tell by themselves is taken as they last told; what nobody tells is tried: the broker's name is
looked up, a link that is down connects at once, the backend is asked and says which platforms it reaches, and the card is
written to. Whatever does not answer within `PATIENCE_MS` is a time-out. Nothing here moves money or opens the drawer.
"""

from dataclasses import dataclass, replace
from typing import Final

from firmware.desks import Till
from firmware.events import Answered, Ask, AskFailed, Connect, Event, FindName, LinkDown, LinkUp, NameFound
from firmware.screens.diagnosis import Diagnosis
from firmware.txn.command import Check, CheckState
from firmware.txn.diagnosis import CHECKS
from firmware.txn.drawer import TOO_SOON as COOLS
from firmware.txn.drawer import cools_ms
from firmware.txn.ledger import LedgerError
from firmware.txn.remote import EndCommand
from wire.facts import CommandTaken, Fact
from wire.fleet import Check as Told
from wire.messages import AnswerDiagnose, AskDiagnose

DESK: Final = "diagnosis"
PATIENCE_MS: Final = 10_000
PAUSE_MS: Final = 150
"""Between two checks, so that a person sees which one runs."""

Outcome = tuple[CheckState, int]
FINE: Final[Outcome] = ("ok", 0)
NO_NETWORK, CANNOT_CONNECT, TIME_OUT, NOT_TRUSTED = 1001, 1003, 1004, 1011
_FAULTS: Final = {"sim": 1016, "wifi_key": 1017}
_PAPER: Final = {"paper_out": 4001, "cover_open": 4003, "paper_low": 4002}


@dataclass(slots=True)
class DiagnosisDesk:
    """The run under way. `at`: which check; `asked`: it waits for an answer from outside."""

    name: str = DESK
    run: int = 0
    at: int = -1
    asked: bool = False
    nonce: str = ""
    platforms: Outcome = ("unknown", 0)
    ordered: str = ""  # the command that wants to know how they came out

    def booted(self, till: Till) -> None:
        """Nothing was begun."""

    def hear(self, till: Till, event: Event) -> None:
        """A person started it, or something answered."""
        top = till.stack[-1] if till.stack else None
        if isinstance(top, Diagnosis) and top.run and top.run != self.run:
            self.run = top.run
            self._begin(till)
            return
        if self.asked and (outcome := self._answer(till, event)) is not None:
            self._ended(till, outcome)

    def fired(self, till: Till, what: str) -> None:
        """`next`: go on; `late`: nothing answered."""
        if what == "next":
            self._check(till)
        elif self.asked:
            self._ended(till, ("bad", till.devices.link_code or TIME_OUT))

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """The fleet wants to know: the checks that run are taken, or new ones begun."""
        if isinstance(fact, CommandTaken) and fact.name == "selftest":
            self.ordered = fact.cid
            if not 0 <= self.at < len(CHECKS):
                self._begin(till)

    def _begin(self, till: Till) -> None:
        till.devices = replace(till.devices, checks=tuple(map(Check, CHECKS)))
        self.at, self.asked, self.platforms = 0, False, ("unknown", 0)
        till.stop_timer("diagnosis:late")
        self._mark(till, "runs", 0)
        till.timer("diagnosis:next", PAUSE_MS)

    def _mark(self, till: Till, state: CheckState, code: int) -> None:
        checks = list(till.devices.checks)
        checks[self.at] = Check(CHECKS[self.at], state, code)
        till.devices = replace(till.devices, checks=tuple(checks))

    def _check(self, till: Till) -> None:
        """Do the check whose turn it is."""
        outcome = self._try(till, CHECKS[self.at])
        if outcome is None:
            self.asked = True
            till.timer("diagnosis:late", PATIENCE_MS)
        else:
            self._ended(till, outcome)

    def _ended(self, till: Till, outcome: Outcome) -> None:
        self.asked = False
        till.stop_timer("diagnosis:late")
        self._mark(till, *outcome)
        self.at += 1
        if self.at < len(CHECKS):
            self._mark(till, "runs", 0)
            till.timer("diagnosis:next", PAUSE_MS)
        elif self.ordered:
            cid, self.ordered = self.ordered, ""
            till.do(EndCommand(cid, "done", checks=_told(till)))

    def _try(self, till: Till, check: str) -> Outcome | None:
        """What is known at once; None: it has been asked."""
        match check:
            case "network":
                return _network(till)
            case "name":
                till.emit(FindName())
                return None
            case "time":
                return FINE if till.now.trusted else ("bad", NOT_TRUSTED)
            case "broker":
                if till.devices.link == "up":
                    return FINE
                till.emit(Connect())
                return None
            case "backend":
                if till.devices.link != "up":
                    return ("bad", till.devices.link_code or CANNOT_CONNECT)
                self.nonce = till.context().chance.hex()[:16]
                till.emit(Ask(0, AskDiagnose(self.nonce)))
                return None
            case "platform":
                return self.platforms
            case "storage":
                return _storage(till)
            case _:
                return _device(till, check)

    def _answer(self, till: Till, event: Event) -> Outcome | None:
        """What an event says to the check that waits; None: nothing."""
        match CHECKS[self.at], event:
            case "name", NameFound(code):
                return ("bad", code) if code else FINE
            case "broker", LinkUp():
                return FINE
            case "broker", LinkDown(code):
                return ("bad", code)
            case "backend", Answered(AnswerDiagnose(nonce) as answer) if nonce == self.nonce:
                self.platforms = _platforms(answer)
                return FINE
            case "backend", AskFailed(key) if key == self.nonce:
                return ("bad", CANNOT_CONNECT)
            case "backend", LinkDown(code):
                return ("bad", code)
            case _:
                return None


def _told(till: Till) -> tuple[Told, ...]:
    """The checks for the fleet: only what is bad is not all right; what cannot be known says so."""
    return tuple(Told(each.name, each.state != "bad", each.code, each.state) for each in till.devices.checks)


def _network(till: Till) -> Outcome:
    devices = till.devices
    if devices.network == "none":
        return ("bad", NO_NETWORK)
    if devices.network_fault:
        return ("bad", _FAULTS.get(devices.network_fault, NO_NETWORK))
    return ("unknown", 0) if devices.network == "unknown" and devices.link != "up" else FINE


def _platforms(answer: AnswerDiagnose) -> Outcome:
    """The first platform that is down; fine when one is known to be there and none down."""
    down = next((each for each in answer.platforms if each.state == "down"), None)
    if down is not None:
        return ("bad", down.code or TIME_OUT)
    return FINE if any(each.state == "ok" for each in answer.platforms) else ("unknown", 0)


def _device(till: Till, check: str) -> Outcome:
    devices = till.devices
    match check:
        case "printer":
            known: dict[str, Outcome] = {"none": ("unknown", 0), "offline": ("bad", 4005), "fault": ("bad", 4013)}
            return known.get(devices.printer, FINE)
        case "paper":
            if devices.printer in ("none", "offline", "fault"):
                return ("unknown", 0)
            return ("bad", _PAPER[devices.printer]) if devices.printer in _PAPER else FINE
        case "drawer":
            if till.settings.drawer.kind == "none":
                return ("unknown", 8003)
            if devices.drawer_code and not _is_past(till, devices.drawer_code):
                return ("bad", devices.drawer_code)
            return ("unknown", 0) if devices.drawer_open is None else ("bad", 8002) if devices.drawer_open else FINE
        case _:
            raise AssertionError(check)


def _is_past(till: Till, drawer_code: int) -> bool:
    """The coil was not fired because it had to rest: over when it has, whereas what failed may fail again."""
    return drawer_code == COOLS and not cools_ms(till.context())


def _storage(till: Till) -> Outcome:
    """Write to the card and see that it is durable."""
    ledger = till.ledger
    try:
        ledger.jot("diagnosed", "INSERT OR REPLACE INTO mark VALUES ('diagnosed', ?)", till.now.wall_ms)
        ledger.commit()
    except LedgerError as error:
        return ("bad", error.code)
    return ("bad", 9002) if ledger.low_storage or ledger.ballast.is_last() else FINE
