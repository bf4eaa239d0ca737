"""Many light terminals speaking real messages through the backend's core: each reads signed settings as a real one does,
waits until it is idle, tries them, and keeps them or falls back. What is bad about a document is its volume of 0."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from fleet import admin
from fleet.admin import Plan, Where
from fleet.core import Arrived, Message
from fleet.effects import SendCommand, SendDesired
from tests.fleet_settings.office import BORIS, Office, desired_of, order_of
from wire.fleet import Met, Reply, Reported, Update, UpdateLook
from wire.messages import EventReport, EventSeen, RunEnd, State

BAD = {"terminal": {"volume": 0}}
GOOD = {"terminal": {"volume": 1}}
STEP_MS = 60_000
MET_EVERY_MS = 15 * 60_000
QUICK = Plan(bake_s=600, silent_after_s=1_800, unfinished_after_s=3_600, baseline_s=3_600)


def is_bad(document: dict[str, Any]) -> bool:
    """What natures are about."""
    return bool(document.get("terminal", {}).get("volume") == 0)


class Light:
    """One terminal. `nature` is what it does with a bad document: fine, silent (dies of it), falls (tries and goes back),
    rejects, errs (works with errors), crashes (boots again and again), unplugged (so does it, but
    by its merchant), never (never idle)."""

    def __init__(self, name: str, nature: str) -> None:
        self.name, self.nature = name, nature
        self.awake = True
        self.rev = self.desired_rev = 0
        self.document: dict[str, Any] = {}
        self.staged: dict[str, Any] = {}
        self.status = "none"
        self.since_ms = 0
        self.boots = 0
        self.end: RunEnd = "cut" if nature == "unplugged" else "crash"
        self.software, self.update = "1.0", None
        self.wanted: Any = None
        self.number = 0
        self.changed = True
        self.given: list[dict[str, Any]] = []

    def desired(self, rev: int, document: dict[str, Any], now_ms: int) -> None:
        if not self.awake or rev <= self.desired_rev:
            return
        self.desired_rev, self.staged, self.since_ms = rev, document, now_ms
        self.given.append(document)
        self.status, self.changed = "waiting_idle", True
        if is_bad(document) and self.nature == "silent":
            self.awake = False
        if is_bad(document) and self.nature == "rejects":
            self.status = "rejected"

    def ordered(self, cid: str, update: Update, now_ms: int) -> None:
        if self.awake and (self.update is None or self.update.cid != cid):
            self.wanted, self.since_ms = update, now_ms
            self.update, self.changed = UpdateLook(cid, update.version, "waiting_idle"), True
            if self.nature == "silent" and "bad" in update.version:
                self.awake = False

    def live(self, now_ms: int) -> Iterable[tuple[str, Any]]:
        """A minute passes; what it says."""
        if not self.awake:
            return
        age_ms = now_ms - self.since_ms
        if (
            self.status == "waiting_idle"
            and age_ms >= 2 * STEP_MS
            and not (is_bad(self.staged) and self.nature == "never")
        ):
            self.status, self.changed = "trial", True
        elif self.status == "trial" and age_ms >= 5 * STEP_MS:
            falls = is_bad(self.staged) and self.nature == "falls"
            self.status, self.changed = ("rolled_back" if falls else "applied"), True
            if not falls:
                self.rev, self.document = self.desired_rev, self.staged
        if self.update is not None and self.update.status == "waiting_idle" and age_ms >= 3 * STEP_MS:
            yield from self.installed(self.update, now_ms)
        bad = is_bad(self.document) or "bad" in self.software
        if bad and self.nature in ("crashes", "unplugged"):
            self.boots += 1
            yield "state", self.state()
        if bad and self.nature == "errs":
            yield "event", self.trouble(now_ms)
        if self.changed:
            self.changed = False
            yield "reported", Reported(
                self.desired_rev, self.rev, self.status, "0" * 64, now_ms, "trusted", software=self.software,
                update=self.update,
            )  # fmt: skip
        if (now_ms // STEP_MS + sum(self.name.encode())) % (MET_EVERY_MS // STEP_MS) == 0:
            yield "met", Met(now_ms, 1, 0)

    def installed(self, update: UpdateLook, now_ms: int) -> Iterable[tuple[str, Any]]:
        """The counter is idle: what was ordered is installed and tried, or not."""
        nature = self.nature if "bad" in update.version else "fine"
        if nature == "never":
            return
        ends = {"falls": "rolled_back", "rejects": "rejected"}.get(nature, "applied")
        self.update = msgspec.structs.replace(update, status=ends)
        self.software, self.changed = (update.version if ends == "applied" else self.software), True
        yield f"reply/{update.cid}", Reply(update.cid, "update", "done" if ends == "applied" else "failed", now_ms)

    def trouble(self, now_ms: int) -> EventReport:
        """An error at the counter, reported."""
        self.number += 1
        seen = EventSeen(4001, 1, now_ms, now_ms)
        return EventReport(
            id=f"b-{self.number}", mode="now", at_ms=now_ms, monotonic_ms=1, clock="trusted", boot_id="b", shop="s",
            software="1.0", settings_rev=1, events=(seen,),
        )  # fmt: skip

    def state(self) -> State:
        return State(True, boot_id=f"b{self.boots}", software=self.software, end=self.end if self.boots else "first")


class Crowd(Office):
    """An office with terminals around it."""

    def __init__(self, natures: Iterable[str], store: Any = None, others: Iterable[Any] = ()) -> None:
        """`others`: terminals that are more than light."""
        super().__init__(store)
        self.lights = {f"T{place:04}": Light(f"T{place:04}", nature) for place, nature in enumerate(natures)}
        self.lights |= {other.name: other for other in others}
        self.extra: Callable[[Crowd], Iterable[tuple[str, str, Any]]] = lambda _crowd: ()
        self.restart_always = False
        rows = tuple(admin.Registered(terminal=name, shop=f"s{name[-1]}") for name in self.lights)
        self.ask(admin.Register(rows=rows))
        self.speak((light.name, "state", light.state()) for light in self.lights.values())
        self.layer("fleet", GOOD)
        self.push()
        self.minutes(10 if not others else 15)  # real ones are tried for ten minutes
        assert {light.status for light in self.lights.values() if light.awake} == {"applied"}

    def speak(self, said: Iterable[tuple[str, str, Any]]) -> None:
        messages = tuple(Message(name, rest, msgspec.json.encode(body)) for name, rest, body in said)
        if messages:
            self.core.step(Arrived(self.now, messages))

    def deliver(self) -> None:
        for effect in self.pump():
            light = self.lights[effect.terminal]
            if isinstance(effect, SendDesired):
                light.desired(effect.rev, desired_of(effect).document, self.now)
            elif isinstance(effect, SendCommand):
                order = order_of(effect)
                if isinstance(order.command, Update):
                    light.ordered(order.cid, order.command, self.now)

    def minutes(self, count: int, until: Callable[[], bool] = lambda: False) -> None:
        """Time passes, a minute at a time."""
        for _ in range(count):
            if until():
                return
            if self.restart_always:
                self.restart()
            self.tick(STEP_MS)
            self.deliver()
            said = [(light.name, *each) for light in self.lights.values() for each in light.live(self.now)]
            self.speak([*said, *self.extra(self)])

    # --- a roll-out ---

    def roll_out(self, document: Any = None, plan: Plan = QUICK, **where: Any) -> int:
        """Plan and approve a roll-out of a document for the fleet."""
        if document is not None:
            assert isinstance(self.layer("fleet", document), admin.LayerPut)
        shown = self.ask(admin.StartRollout(release=admin.SettingsRelease(), where=Where(**where), plan=plan))
        assert isinstance(shown, admin.RolloutShown), shown
        self.act(shown.look.rollout, "approve", by=BORIS)
        return shown.look.rollout

    def act(self, number: int, act: Any, **more: Any) -> Any:
        return self.ask(admin.RolloutAct(rollout=number, act=act), **more)

    def shown(self, number: int) -> admin.RolloutShown:
        shown = self.ask(admin.ShowRollout(rollout=number, limit=1_000))
        assert isinstance(shown, admin.RolloutShown)
        return shown

    def ended(self, number: int) -> Callable[[], bool]:
        def look() -> bool:
            with self.store.begin() as books:
                return not books.fleet.rollouts.get(number).live

        return look

    def with_(self, document: Any) -> list[str]:
        """Terminals that were ever given a document, and not a newer one since."""
        return [light.name for light in self.lights.values() if light.given and light.given[-1] == document]

    def ever(self, document: Any) -> int:
        """How many were ever given a document."""
        return sum(document in light.given for light in self.lights.values())


def history(crowd: Crowd, number: int) -> list[tuple[int, str, str]]:
    return [(note.at_ms, note.what, note.detail) for note in crowd.shown(number).history]
