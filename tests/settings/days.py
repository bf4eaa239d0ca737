"""Small days of one till under a fleet's eye: documents good and bad, a slow card, power cuts, a link that comes and goes.

One seed is one day. The auditor believes nothing the terminal says of itself but its journal: what is in force is always a
whole document that the fleet wanted, with the shop's own changes over it; nothing changes under a basket; every sale names
the revision it was made under; good is only what has been tried long enough; what cut the till off is gone back from.
"""

import random
from pathlib import Path
from typing import Any

from firmware.events import Exit, LinkDown, LinkUp
from firmware.txn.settings import ChangeSetting, TakeBack
from tests.counter import COLA
from tests.settings.fleet import Shop, desired, footer, shop
from wire.facts import Sale, SettingsKept, SettingsReturned

MINUTE_MS = 60_000
NOWHERE = "nowhere.example"
STEPS = 32


class Wrong(AssertionError):
    """The auditor has found something."""


class Day:
    """One day; `run` plays it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.till: Shop = shop(folder)
        self.docs: dict[int, dict[str, Any]] = {0: {}}
        self.skipped: list[int] = []  # good documents that never left the fleet: an attacker has them
        self.heard = 0  # the newest that the till was given
        self.newest = 0  # of what the fleet has sent and meant
        self.text = ""  # what the broker keeps
        self.own: int | None = None  # the volume set here
        self.rev, self.linked, self.up_ms, self.sales = 0, True, 0, 0
        self.offline_ms = 0  # since the settings on trial lead nowhere
        self.told: list[str] = []

    def run(self) -> None:
        """A day's acts, each followed by the audit; in the evening everything works and all is settled."""
        acts = [self.sell, self.basket, self.push, self.push, self.bad, self.older, self.forged, self.slow, self.cut,
                self.link, self.wait, self.wait, self.change, self.nowhere]  # fmt: skip
        for _ in range(STEPS):
            act = self.chance.choice(acts)
            self.told.append(act.__name__)
            act()
            self.look()
        self.evening()

    # --- what happens -------------------------------------------------------------------------------------------------

    def signed_on(self) -> bool:
        if not self.till.terminal.session.operator:
            self.till.sign_on()
        return bool(self.till.terminal.session.operator)

    def sell(self) -> None:
        if self.signed_on() and not self.till.terminal.session.basket.lines:
            self.till.keys("CANCEL 5 0 0 OK OK OK")

    def basket(self) -> None:
        """A basket stands open for a while; then it is paid."""
        if not self.signed_on():
            return
        self.till.scan(COLA)
        before = self.till.terminal.settings
        self.till.pass_time(self.chance.choice((1_000, MINUTE_MS, 4 * MINUTE_MS)))
        if self.chance.random() < 0.7:
            self.push()
            self.till.pass_time(2_000)
        if self.till.terminal.settings.revision != before.revision and self.till.terminal.session.basket.lines:
            raise Wrong("other settings under an open basket")
        if self.signed_on():
            self.till.keys("OK OK OK")

    def push(self) -> None:
        self.newest += self.chance.choice((1, 1, 2))
        self.docs[self.newest] = footer(f"版本{self.newest}")
        self.skipped.append(self.newest - 1) if self.newest - 1 not in self.docs else None
        self.say(desired(self.newest, self.docs[self.newest], expires_ms=0))

    def nowhere(self) -> None:
        if self.chance.random() < 0.4:
            self.newest += 1
            self.docs[self.newest] = footer(f"版本{self.newest}") | {"network": {"host": NOWHERE}}
            self.say(desired(self.newest, self.docs[self.newest], expires_ms=0))

    def bad(self) -> None:
        self.newest += 1
        self.say(desired(self.newest, {"cash": {"rounding": "up"}}, expires_ms=0))

    def older(self) -> None:
        known = [rev for rev in self.skipped if rev < self.heard]
        if not known:
            return
        rev = self.chance.choice(known)
        self.till.hear(desired(rev, footer("旧的"), expires_ms=0))

    def forged(self) -> None:
        self.till.hear(desired(self.newest + 5, footer("伪造"), expires_ms=0), trusted=False)

    def say(self, text: str) -> None:
        """The broker keeps it; it comes at once where there is a link."""
        self.text = text
        if self.linked:
            self.heard = self.newest
            self.till.hear(text)

    def slow(self) -> None:
        """The card takes its time; perhaps the power goes meanwhile."""
        self.till.card = False
        self.push()
        self.till.pass_time(1_000)
        self.sell()
        self.look()
        if self.chance.random() < 0.5:
            self.cut()
        self.till.card = True
        while self.till.waiting:
            self.till.say()

    def cut(self) -> None:
        if self.till.ledger.pending:
            self.till.ledger.commit()
        self.till.reboot()
        self.linked = False
        self.look()
        self.connect()

    def connect(self) -> None:
        """The broker takes the till, if its settings lead to one."""
        if self.till.terminal.settings.network.host != NOWHERE:
            self.linked = True
            self.till.step(LinkUp())
            if self.text:
                self.heard = self.newest
                self.till.hear(self.text)

    def link(self) -> None:
        if self.linked:
            self.linked = False
            self.till.step(LinkDown(1003))
            self.till.pass_time(self.chance.choice((MINUTE_MS, 12 * MINUTE_MS)))
            self.look()
        self.connect()

    def wait(self) -> None:
        for _ in range(self.chance.choice((1, 4, 12))):
            if self.linked:
                self.up_ms += MINUTE_MS
            self.till.pass_time(MINUTE_MS)
            self.look()

    def change(self) -> None:
        if not self.signed_on():
            return
        if self.own is None:
            self.own = self.chance.choice((0, 1, 3))
            done = self.till.terminal.do(ChangeSetting("terminal.volume", self.own))
            self.own = None if done is not None else self.own
        elif self.till.terminal.do(TakeBack("terminal.volume")) is None:
            self.own = None
        self.till.pass_time(1_000)

    # --- the audit ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """What is in force now, against what was wanted and what is on record."""
        if any(isinstance(each, Exit) for each in self.till.out):
            self.till.out.clear()
            self.cut()
            return
        settings = self.till.terminal.settings
        rev, said = settings.revision, settings.shop.footer
        if rev not in self.docs:
            raise Wrong(f"revision {rev} in force, which nobody wanted")
        if rev and said != (f"版本{rev}",):
            raise Wrong(f"revision {rev} says {said}")
        if settings.terminal.volume != (2 if self.own is None else self.own):
            raise Wrong(f"the shop set the volume to {self.own}, it is {settings.terminal.volume}")
        if rev < self.rev and not any(each.to_rev == rev for each in self.till.of(SettingsReturned)):
            raise Wrong(f"from {self.rev} to {rev}, and nothing on record")
        if rev != self.rev:
            self.rev, self.up_ms = rev, 0
        kept = [each.rev for each in self.till.of(SettingsKept)]
        if rev in kept and len(kept) > len(set(kept)):
            raise Wrong(f"kept twice: {kept}")
        for number in kept:
            if number == rev and rev and self.up_ms + 2 * MINUTE_MS < 10 * MINUTE_MS and not self.proven(rev):
                raise Wrong(f"{rev} counts as good after {self.up_ms} ms with the link up")
        self.good = {*getattr(self, "good", set()), *kept}
        sales = self.till.of(Sale)
        for sale in sales[self.sales :]:
            if sale.settings_rev not in (rev, *self.lately):
                raise Wrong(f"a sale under {sale.settings_rev}, in force is {rev}")
        self.sales, self.lately = len(sales), (rev,)

    lately: tuple[int, ...] = (0,)
    good: set[int] = set()  # noqa: RUF012 - replaced, never changed

    def proven(self, rev: int) -> bool:
        """Whether it has been found good before, when it had its time."""
        return rev in self.good

    def evening(self) -> None:
        """Everything works again: the newest good document, or the one before a bad network, is in force and kept."""
        self.till.card = True
        while self.till.waiting:
            self.till.say()
        for _ in range(40):
            self.connect() if not self.linked else None
            if self.linked:
                self.up_ms += MINUTE_MS
            self.till.pass_time(MINUTE_MS)
            self.look()
        settings = self.till.terminal.settings
        if settings.network.host == NOWHERE:
            raise Wrong("the till is still cut off")
        if self.till.terminal.book.trial is not None or self.till.terminal.book.staged is not None:
            raise Wrong("something still waits")
