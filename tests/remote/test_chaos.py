"""Commands late, doubled, replayed, forged and for others, between sales and power cuts; an auditor knows what was ordered.

The auditor never looks into the terminal's tables: it compares what was ordered with records, replies, pulses and what the
slots were told. Every mutant of `mutants` must be caught.
"""

import random
from pathlib import Path

import pytest

from firmware.desks.update import TRIAL_MIN
from firmware.events import (
    AskSlot,
    ClockSeen,
    Exit,
    Fetch,
    Fetched,
    LinkDown,
    LinkUp,
    PulseDrawer,
    SlotAnswered,
    TimerFired,
)
from tests.counter import COLA
from tests.remote.afar import TERMINAL, Afar
from tests.remote.mutants import MUTANTS
from wire.fleet import (
    Blob,
    Command,
    Identify,
    Lock,
    OpenDrawer,
    Order,
    Reboot,
    Reply,
    Selftest,
    SendLog,
    Unlock,
    Update,
    command_name,
)

RELEASE = Blob("release", "ab" * 32, 1_000, "https://fleet.example/r")
COMMANDS: tuple[Command, ...] = (
    Identify(2), Selftest(), SendLog(5), Lock("x"), Unlock(), Reboot(), OpenDrawer("x"), Update("2.0.0", RELEASE),
)  # fmt: skip
STEPS = 140


class Chaos(Afar):
    """One terminal, one fleet, one network that does what it likes."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self.chance = random.Random(seed)
        self.orders: list[Order] = []
        self.forged: set[str] = set()
        self.first: dict[str, Reply] = {}
        self.problems: list[str] = []
        self.locked = False
        self.trial_from_ms = -1
        self.looked = 0

    def run(self) -> list[str]:
        """What the auditor found."""
        self.open()
        for _ in range(STEPS):
            self.chance.choice((
                self.fresh, self.fresh, self.again, self.again, self.late, self.forge, self.other, self.sell, self.sell,
                self.pause, self.power, self.link, self.busy_update,
            ))()  # fmt: skip
            self.edge()
            self.audit()
        self.power()
        self.counter.pass_time(1_000)
        self.settle()
        return self.problems

    # --- what happens ---

    def deliver(self, order: Order, name: str = "", trusted: bool = True) -> list[Reply]:
        genuine = trusted and order.terminal == TERMINAL
        known = any(each.cid == order.cid for each in self.orders)
        timely = self.wall_ms + 100 < order.expires_ms
        told = super().deliver(order, name, trusted)
        if genuine and timely and not known:
            self.orders.append(order)
            if self.counter.clock == "trusted" or not isinstance(order.command, Lock | Unlock):
                self.locked = {Lock: True, Unlock: False}.get(type(order.command), self.locked)
        if not genuine and told:
            self.problems.append(f"{command_name(order.command)} of nobody is answered")
        if genuine and not timely and not known and any(each.status != "refused" for each in told):
            self.problems.append("what came too late is done")
        return told

    def fresh(self) -> None:
        self.counter.clock = "floor" if self.chance.random() < 0.15 else "trusted"
        order = self.make(self.chance.choice(COMMANDS))
        told = self.deliver(order)
        if self.counter.clock != "trusted":
            self.time_comes(order, told)

    def time_comes(self, order: Order, told: list[Reply]) -> None:
        """What came before the time is known waits for it, over a cut, too."""
        dangerous = not isinstance(order.command, Identify | Selftest | SendLog)
        if dangerous and [(each.status, each.code) for each in told] != [("accepted", 1011)]:
            self.problems.append(f"{command_name(order.command)} by a clock nobody trusts")
        if self.chance.random() < 0.5:
            self.power()
        if self.chance.random() < 0.5:
            self.deliver(order)
        self.counter.clock = "trusted"
        self.counter.step(ClockSeen("trusted", 0))
        self.locked = {Lock: True, Unlock: False}.get(type(order.command), self.locked)
        facts = [entry.fact for entry in self.counter.ledger.entries()]
        if not any(fact.KIND == "command_taken" and fact.cid == order.cid for fact in facts):
            self.problems.append("what waited for the time was lost")

    def again(self) -> None:
        if self.orders:
            self.deliver(self.chance.choice(self.orders[-6:]))

    def late(self) -> None:
        order = self.make(self.chance.choice(COMMANDS))
        self.counter.ms += 130_000
        self.deliver(order)

    def forge(self) -> None:
        order = self.make(self.chance.choice(COMMANDS), cid=f"forged{self.number:06d}")
        self.forged.add(order.cid)
        self.deliver(order, trusted=False)

    def other(self) -> None:
        self.deliver(self.make(self.chance.choice(COMMANDS), terminal="00010099"))

    def sell(self) -> None:
        before = self.counter.facts().count("sale")
        counter = self.counter
        counter.keys("CANCEL CANCEL CANCEL")
        # past every screen, as a screen that forgot the lock would
        from firmware.txn.sale import AddCode, TakeCash

        counter.terminal.do(AddCode(COLA))
        if self.chance.random() < 0.7:
            counter.terminal.do(TakeCash(10_000, False))
            counter.step(TimerFired("soon"))
        if self.locked and counter.facts().count("sale") > before:
            self.problems.append("sold while locked")

    def busy_update(self) -> None:
        """A release is ordered while a customer stands there, who takes their time."""
        from firmware.txn.sale import AddCode

        self.counter.terminal.do(AddCode(COLA))
        self.deliver(self.make(Update("2.0.0", RELEASE)))
        self.edge()
        self.counter.pass_time(25_000)

    def pause(self) -> None:
        self.counter.pass_time(self.chance.choice((1_000, 20_000, 70_000, 700_000)))

    def power(self) -> None:
        self.cut()
        self.counter.sign_on()
        self.looked = 0
        on_trial = self.trial_from_ms >= 0
        self.counter.step(SlotAnswered("look", slot="A", software="test", trial=on_trial))

    def link(self) -> None:
        self.counter.step(LinkDown(1003))
        self.counter.step(LinkUp())

    # --- the edge ---

    def edge(self) -> None:
        """The file server, the slots and whoever starts the process again."""
        for effect in list(self.counter.out[self.looked :]):
            self.looked += 1
            match effect:
                case Fetch(blob):
                    self.counter.step(Fetched(blob.sha256))
                case AskSlot(act) if act in ("install", "try") and self.counter.terminal.session.basket.lines:
                    self.problems.append("a release is put in place in the middle of a basket")
                    return
                case AskSlot("try"):
                    self.trial_from_ms = self.counter.ms
                    self.counter.step(SlotAnswered("try", slot="A", software="test"))
                case AskSlot("confirm"):
                    if self.counter.ms - self.trial_from_ms < TRIAL_MIN * 60_000:
                        self.problems.append("confirmed before it has proven well")
                    self.trial_from_ms = -1
                    self.counter.step(SlotAnswered("confirm", slot="B", software="test"))
                case AskSlot(act) if act != "look":
                    self.counter.step(SlotAnswered(act, slot="A", software="test"))
                case Exit():
                    self.power()
                    return

    # --- the auditor ---

    def audit(self) -> None:
        for reply in self.replies:
            if reply.cid in self.forged:
                self.problems.append("a forged command is answered")
            if reply.status == "accepted":
                continue
            known = self.first.setdefault(reply.cid, reply)
            if (known.status, known.code, known.at_ms) != (reply.status, reply.code, reply.at_ms) and reply.at_ms:
                recorded = any(each.cid == reply.cid for each in self.orders)
                if recorded:
                    self.problems.append(f"another result of {reply.name}: {known.status} {reply.status}")
        if any(isinstance(each, PulseDrawer) and self._remote(each.cause) for each in self.counter.out):
            self.problems.append("the drawer opened from afar without a rule")

    def _remote(self, cause: int) -> bool:
        fact = self.counter.ledger.fact(cause)
        return getattr(fact, "event", "") == "remote"

    def settle(self) -> None:
        """In the end every command ran at most once, and has a result or is still being waited for."""
        facts = [entry.fact for entry in self.counter.ledger.entries()]
        taken = [fact.cid for fact in facts if fact.KIND == "command_taken"]
        ended = [fact.cid for fact in facts if fact.KIND == "command_ended"]
        if len(set(taken)) != len(taken):
            self.problems.append("a command ran twice")
        if len(set(ended)) != len(ended):
            self.problems.append("a command has two results")
        if set(taken) - {order.cid for order in self.orders}:
            self.problems.append("a command ran that nobody gave, or too late")
        names = {fact.cid: fact.name for fact in facts if fact.KIND == "command_taken"}
        hanging = [names[cid] for cid in set(taken) - set(ended) if names[cid] not in ("update", "reboot")]
        if hanging:
            self.problems.append(f"left hanging: {hanging}")
        if self.counter.ledger.differences():
            self.problems.append("the tables are not what the journal says")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_network_does_each_command_runs_at_most_once_and_has_one_result(tmp_path, seed):
    assert Chaos(tmp_path, seed).run() == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_caught(tmp_path, name):
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with MUTANTS[name]():
            try:
                found = Chaos(folder, seed).run()
            except AssertionError as stopped:
                found = [f"stopped: {stopped}"]
        if found:
            return
    raise AssertionError(f"nobody noticed: {name}")
