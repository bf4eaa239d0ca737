"""The drawer desk: fires the coil for committed facts, watches the contact, alarms (domain 11.4).

It opens nothing by itself: a pulse follows a fact that says so, once that fact is on disk. A boot, a copy and a
continued slip are no such facts.
"""

from dataclasses import dataclass, field, replace

from firmware.desks import Till
from firmware.events import DrawerPulsed, DrawerSeen, Event, PracticePulse, PulseDrawer, ToneName
from firmware.txn.command import Refusal
from firmware.txn.drawer import OpenDrawer, Opener, kind_of, moment
from rules.drawer_rules import open_for_business
from wire.facts import DrawerMoved, DrawerRefused, DrawerReleased, Fact, NoSale, Trouble
from wire.facts import DrawerPulsed as DrawerPulsedFact

OPENS_ITSELF_MS = 3_000
"""The drawer opening later than this after a pulse of ours was opened by force or key."""

ATTENTION_MS = 5_000
"""An open drawer is heard again after this (domain 14.5)."""

MINUTE_MS = 60_000
ALARM_AGAIN_MS = 600_000
"""A loose contact alarms at most this often; each opening is on record all the same."""

FAILED = {"did_not_open": 8001, "no_drawer": 8003, "too_soon": 8006}
TELL_NOW = frozenset({8005, 8007})
"""Refused openings somebody at the backend should know of at once."""


@dataclass(slots=True)
class DrawerDesk:
    """One drawer."""

    name: str = "drawer"
    pulsing: int = 0  # cause of the pulse under way
    pulsed_ms: int = -OPENS_ITSELF_MS  # when the last one was asked for
    cause: int = 0  # of the last one
    opened_ms: int = 0  # when the drawer was last seen to open
    opened_for: int = 0  # the fact whose pulse opened it; 0: none
    pulses_ms: tuple[int, ...] = field(default=())  # of the last minute
    alarm_at_ms: int = 0  # no forced opening is told of before then

    def booted(self, till: Till) -> None:
        """A boot opens nothing."""

    def hear(self, till: Till, event: Event) -> None:
        """The coil's and the contact's word."""
        match event:
            case DrawerPulsed(cause, outcome, way):
                self.pulsing = 0
                till.append(DrawerPulsedFact(cause, outcome, way))
                self._failed(till, FAILED.get(outcome, 0))
            case DrawerSeen(is_open):
                self._seen(till, is_open)
            case PracticePulse():
                till.do(OpenDrawer("test", "training"))  # by the live rules, and on record here
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """The drawer stands open for longer than `drawer.open_warn_s`: said once, heard until it is closed."""
        if not till.devices.drawer_warned:
            till.devices = replace(till.devices, drawer_warned=True)
            till.tell(Trouble(8002))
            till.refused(Refusal(8002))
        till.tone(ToneName.ATTENTION)
        till.timer("drawer:open", ATTENTION_MS)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Pulse for a fact that opens the drawer; tell at once of what happens outside business hours."""
        match fact:
            case NoSale() | DrawerReleased():
                self._open(till, seq, fact.event if isinstance(fact, NoSale) else "released")
            case DrawerRefused(event, operator, code) if code in TELL_NOW:
                till.tell(Trouble(code, f"{event} {operator}"))
            case _ if isinstance(fact, Opener) and fact.open_drawer:
                self._open(till, seq, kind_of(fact))

    def _open(self, till: Till, seq: int, event: str) -> None:
        now_ms = till.now.monotonic_ms
        self.pulsing = self.cause = seq
        self.pulsed_ms = now_ms
        till.devices = replace(till.devices, drawer_code=0)
        till.emit(PulseDrawer(seq))
        self._rest(till, now_ms)
        if event not in ("sale", "released") and not open_for_business(
            till.settings.drawer_use, moment(till.context())
        ):
            till.tell(Trouble(8007, f"{event} {till.session.operator}"))

    def _rest(self, till: Till, now_ms: int) -> None:
        """From when on the coil may be fired again: the driver keeps the same limits, this is to say it beforehand."""
        limits = till.settings.drawer
        self.pulses_ms = (*(ms for ms in self.pulses_ms if now_ms - ms < MINUTE_MS), now_ms)
        ready_ms = now_ms + limits.cool_down_ms + limits.pulse_ms
        if len(self.pulses_ms) >= limits.pulses_per_min_max:
            ready_ms = max(ready_ms, self.pulses_ms[-limits.pulses_per_min_max] + MINUTE_MS)
        till.devices = replace(till.devices, drawer_ready_ms=ready_ms)

    def _failed(self, till: Till, code: int) -> None:
        """A result screen says it beside its own; any other screen is covered by it."""
        till.devices = replace(till.devices, drawer_code=code)
        if not code:
            return
        if till.stack[-1].TELLS_DRAWER:
            till.tone(ToneName.FAILURE)
        else:
            till.refused(Refusal(code))

    def _seen(self, till: Till, is_open: bool | None) -> None:
        """The contact moved; one that is not there counts as closed (decisions 24)."""
        was = till.devices.drawer_open
        till.devices = replace(till.devices, drawer_open=is_open)
        if is_open is None:
            self._closed(till)
        if is_open is None or was is None or was == is_open:
            return
        if is_open:
            self._opened(till)
        else:
            stood_ms = till.now.monotonic_ms - self.opened_ms if self.opened_ms else 0
            too_long = stood_ms >= till.settings.drawer.open_warn_s * 1000
            till.append(DrawerMoved(False, open_ms=stood_ms, too_long=too_long, cause=self.opened_for))
            self._closed(till)

    def _opened(self, till: Till) -> None:
        now_ms = till.now.monotonic_ms
        ours = self.pulsing != 0 or now_ms - self.pulsed_ms < OPENS_ITSELF_MS
        self.opened_ms, self.opened_for = now_ms, self.cause if ours else 0
        till.append(DrawerMoved(True, not ours, cause=self.opened_for))
        till.timer("drawer:open", till.settings.drawer.open_warn_s * 1000)
        if ours:
            return
        till.tone(ToneName.ATTENTION)
        till.refused(Refusal(8002))
        if now_ms >= self.alarm_at_ms:
            self.alarm_at_ms = now_ms + ALARM_AGAIN_MS
            till.append(Trouble(8002, "forced"))

    def _closed(self, till: Till) -> None:
        self.opened_ms = 0
        till.stop_timer("drawer:open")
        till.devices = replace(till.devices, drawer_warned=False)
        till.unsay(8002)
