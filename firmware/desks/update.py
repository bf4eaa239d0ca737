"""The update desk: fetches the release that was ordered, has it installed when the terminal is idle, proves it, or leaves it
(wire contract, 4; decisions 24; ADR 31).

Every step is a fact before its effect, and after a boot the slot says what really runs. The trial counts only minutes with
the broker reached: a release that cannot reach it while there is a network is left, and so is one that crashes, which the
slots count before this code runs.
"""

from dataclasses import dataclass
from typing import Final

from firmware.desks import Till
from firmware.desks.patience import doubled_ms
from firmware.desks.rest import at_rest
from firmware.events import AskSlot, Event, Fetch, Fetched, FetchFailed, LinkUp, SlotAnswered, Unfetch
from firmware.screens.remote import Updating
from firmware.txn import update
from firmware.txn.command import Refusal
from firmware.txn.update import MoveUpdate
from wire.facts import Fact, ShiftClosed, Trouble, UpdateMoved
from wire.remote_facts import UpdateFault

DESK: Final = "update"
LOOK_MS: Final = 10_000
SHOWN_MS: Final = 5_000
"""The screen says that the new release is about to start; any key puts it off."""

FETCH_AGAIN_MS, FETCH_AGAIN_MS_MAX = 60_000, 1_800_000
MINUTE_MS: Final = 60_000
TRIAL_MIN: Final = 10
"""Minutes with the broker reached after which a release has proven well."""

AWAY_MIN: Final = 30
"""Minutes with a network and no broker after which it has not."""

PATIENCE_MS: Final = 24 * 3_600_000
"""An update that found no idle moment for so long is taken at the next close of a shift, whatever the screen shows."""

DIED: Final[tuple[str, UpdateFault]] = ("it did not come up", "release")
UNPROVEN: Final[tuple[str, UpdateFault]] = ("it was left before it had proven well", "")
"""Why a release was left, and whether that is its fault: plugs that were pulled are none."""

ROLLED_BACK: Final = update.ROLLED_BACK
DAMAGED, NOT_SIGNED = 9003, 2019


@dataclass(slots=True)
class UpdateDesk:
    """What this boot knows of the update under way; the rest is in the ledger."""

    name: str = DESK
    asked: str = ""  # the act the slots have not answered yet
    installing: str = ""  # the command for which the slots were last asked to install
    fetching: str = ""  # the file that is asked for and not answered
    fetches: int = 0  # tries that brought nothing
    good_min: int = 0
    away_min: int = 0
    closed: bool = False  # a shift has just been closed

    def booted(self, till: Till) -> None:
        """Which release runs, and on trial or not, the slots know."""
        if not till.training:
            self._ask(till, "look")

    def hear(self, till: Till, event: Event) -> None:
        """What was fetched, what the slots say, and the link, by which it can be fetched."""
        match event:
            case Fetched(sha256):
                self._fetched(till, sha256)
            case FetchFailed():
                self._not_fetched(till, event)
            case SlotAnswered():
                self._answered(till, event)
            case LinkUp():
                self._fetch(till)
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """`fetch`: try again; `idle`: is it time; `start`: it has been shown; `minute`: of the trial."""
        match what:
            case "fetch":
                self._fetch(till)
            case "idle":
                self._when_idle(till)
            case "start":
                self._start(till)
            case "minute":
                self._minute(till)
            case _:
                raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A new order is fetched; what is over is forgotten; a shift's close is the moment for what waited for a day."""
        match fact:
            case UpdateMoved(stage="ordered", code=0):
                self.fetches = 0
                self._unshow(till)
                self._fetch(till)
            case UpdateMoved(
                stage="failed", code=0
            ):  # given up; its file may be on its way, and goes with the next one
                self._unshow(till)
            case UpdateMoved(stage=stage) if stage in update.OVER:
                till.emit(Unfetch(fact.sha256))
                if stage != "kept":
                    till.tell(Trouble(ROLLED_BACK, f"{stage} {fact.code}"))
                    till.refused(Refusal(ROLLED_BACK, fact.version))
            case UpdateMoved(stage=stage) if stage in ("fetched", "installed"):
                till.timer("update:idle", LOOK_MS)
            case ShiftClosed():
                self.closed = True
                self._when_idle(till)
            case _:
                pass

    def _unshow(self, till: Till) -> None:
        """What the screen said is about to start does not."""
        if till.stack and isinstance(till.stack[-1], Updating) and till.stack[-1].version:
            till.stack = till.stack[:-1]

    def _ask(self, till: Till, act: str) -> None:
        step = update.standing(till.ledger)
        self.asked = act
        match act:
            case "install":
                assert step is not None
                self.installing = step.cid
                till.emit(AskSlot("install", step.sha256, step.version))
            case "look" | "try" | "confirm" | "fall_back":
                till.emit(AskSlot(act))
            case _:
                raise AssertionError(act)

    # --- fetching ---

    def _fetch(self, till: Till) -> None:
        """One at a time: a boot and its first link must not ask twice for the same file."""
        step = update.under_way(till.ledger)
        if step is None or step.stage != "ordered" or till.training or self.fetching == step.sha256:
            return
        self.fetching = step.sha256
        till.emit(Fetch(update.bundle(step)))

    def _fetched(self, till: Till, sha256: str) -> None:
        self.fetching = "" if self.fetching == sha256 else self.fetching
        step = update.under_way(till.ledger)
        if step is not None and step.stage == "ordered" and step.sha256 == sha256:
            till.do(MoveUpdate("fetched"))

    def _not_fetched(self, till: Till, event: FetchFailed) -> None:
        self.fetching = "" if self.fetching == event.sha256 else self.fetching
        step = update.under_way(till.ledger)
        if step is None or step.stage != "ordered" or step.sha256 != event.sha256:
            return
        if event.final:
            till.do(MoveUpdate("failed", event.code, event.reason))
        else:
            if event.code != step.code:  # so that the fleet hears why nothing happens
                till.do(MoveUpdate("ordered", event.code, event.reason))
            till.timer("update:fetch", doubled_ms(FETCH_AGAIN_MS, self.fetches, FETCH_AGAIN_MS_MAX))
            self.fetches += 1

    # --- installing and starting, when idle ---

    def _when_idle(self, till: Till) -> None:
        """Records that are due do not hold an update up: they are kept (decisions 24)."""
        step = update.under_way(till.ledger)
        if step is None or step.stage not in ("fetched", "installed") or self.asked:
            return
        if not self._may(till, step):
            till.timer("update:idle", LOOK_MS)
        elif step.stage == "fetched":
            self._ask(till, "install")
        else:
            till.above(Updating(step.version))
            till.timer("update:start", SHOWN_MS)

    def _may(self, till: Till, step: UpdateMoved) -> bool:
        """Idle; after a day of waiting the close of a shift is enough, whatever is on the screen."""
        waited = self.closed and till.now.wall_ms - step.ordered_ms > PATIENCE_MS
        return till.busy() in ("", "screen") if waited else at_rest(till)

    def _start(self, till: Till) -> None:
        """Nobody pressed a key meanwhile: the other slot runs next. That it is tried is on record first."""
        step = update.under_way(till.ledger)
        shown = bool(till.stack) and isinstance(till.stack[-1], Updating)
        if step is None or step.stage != "installed" or not shown or self.asked:
            till.timer("update:idle", LOOK_MS)
            return
        till.stack = till.stack[:-1]
        if step.tries >= update.TRIES_MAX:
            till.do(MoveUpdate("failed", ROLLED_BACK, "the other slot does not start"))
        elif till.do(MoveUpdate("trying")) is None:
            self._ask(till, "try")
        else:
            till.timer("update:idle", LOOK_MS)

    # --- what the slots say ---

    def _answered(self, till: Till, event: SlotAnswered) -> None:
        self.asked = ""
        step = update.under_way(till.ledger)
        match event.act:
            case "look":
                self._looked(till, event, step)
            case "install" if step is not None and step.cid != self.installing:
                till.timer(
                    "update:idle", LOOK_MS
                )  # of an update that was given up meanwhile: now it is this one's turn
            case "install" if step is not None and step.stage == "fetched":
                fault: UpdateFault = "release" if event.code in (DAMAGED, NOT_SIGNED) else ""
                failed = MoveUpdate("failed", event.code, event.reason, fault)
                till.do(failed if event.code else MoveUpdate("installed"))
            case "try" if step is not None and step.stage == "trying":
                if event.code:
                    till.do(MoveUpdate("failed", event.code, event.reason))
                else:
                    till.stop("update")
            case "confirm":
                self._confirmed(till, event, step)
            case "fall_back":
                self._fell_back(till, event)
            case _:
                pass

    def _looked(self, till: Till, event: SlotAnswered, step: UpdateMoved | None) -> None:
        """After a boot: go on where the slots really are."""
        if event.trial:
            till.timer("update:minute", MINUTE_MS)
            return
        if step is None:
            return
        if step.stage != "trying":
            self._fetch(till)
            till.timer("update:idle", LOOK_MS)
        elif till.software == step.version:
            till.do(MoveUpdate("kept"))  # the power went between the slot's confirmation and ours
        elif event.fell_back:
            why, fault = DIED if event.died else UNPROVEN
            till.do(MoveUpdate("left", ROLLED_BACK, why, fault))
        else:
            till.do(MoveUpdate("installed"))  # the power went before the slot was changed: it is tried again

    def _minute(self, till: Till) -> None:
        """Of the trial: well with the broker reached, or away from it although there is a network."""
        if till.devices.link == "up":
            self.good_min += 1
        elif till.devices.network != "none":
            self.away_min += 1
        if self.good_min >= TRIAL_MIN:
            self._ask(till, "confirm")
        elif self.away_min >= AWAY_MIN and at_rest(till):
            self._ask(till, "fall_back")
        else:
            till.timer("update:minute", MINUTE_MS)

    def _confirmed(self, till: Till, event: SlotAnswered, step: UpdateMoved | None) -> None:
        if event.code:
            till.timer("update:minute", MINUTE_MS)  # it is on trial still, and asked for again
        elif step is not None and step.stage == "trying":
            till.do(MoveUpdate("kept"))

    def _fell_back(self, till: Till, event: SlotAnswered) -> None:
        if event.code:
            till.timer("update:minute", MINUTE_MS)
            return
        till.do(MoveUpdate("left", ROLLED_BACK, "the broker was not reached"))
        till.stop("update left")
