"""The deals desk: keeps deals, rules and states of platforms as the backend has them (domain 3.4): as soon as the link is
there, every `vouchers.sync_min` minutes, and by key.

Pages are collected and taken only when all of one revision are there. Uses that the platforms changed by themselves are
asked about under their numbers; what that means is heard by who hears of vouchers.
"""

from dataclasses import dataclass, field, replace
from itertools import chain

from firmware.desks import Till
from firmware.events import Answered, Ask, AskFailed, Event, LinkDown, LinkUp
from firmware.txn import deals, life, voucher
from firmware.txn.deals import RefreshDeals
from firmware.txn.ledger import LedgerError, load_deals
from rules.deals import Deal
from wire.facts import DealsLoaded, Fact, Trouble
from wire.vouchers import AnswerDeals, AskDeals, AskVoucherQuery, PlatformState

DESK = "deals"
BEGIN_MS = 300
"""The link's desk has to see the link before anything is asked over it."""

ANSWER_MS = 15_000
AGAIN_MS = 60_000
"""After an answer that did not come, or deals that changed while they were told too often."""

RESTARTS_MAX = 3
PAGES_MAX = 200
CHANGED_MAX = 100


@dataclass(slots=True)
class DealsDesk:
    """The round under way; a boot or a lost link forgets it."""

    name: str = DESK
    rev: str = ""  # being collected; "": none
    pages: list[tuple[Deal, ...]] = field(default_factory=list)
    platforms: tuple[PlatformState, ...] = ()
    restarts: int = 0

    def booted(self, till: Till) -> None:
        """Deals that were taken just before a power cut are named in the journal now."""
        known = deals.head(till.ledger)
        if known.digest and known.digest != life.value(till.ledger, "deals"):
            till.append(DealsLoaded(known.rev, known.deals, known.digest))

    def hear(self, till: Till, event: Event) -> None:
        """The link, and pages of deals."""
        match event:
            case LinkUp():
                self._forget()
                till.timer(f"{DESK}:sync", BEGIN_MS)
            case LinkDown():
                self._forget()
                till.stop_timer(f"{DESK}:sync")
                till.stop_timer(f"{DESK}:answer")
            case Answered(AnswerDeals() as answer) if not till.safe_mode:
                self._told(till, answer)
            case AskFailed(_, "deals"):
                self._later(till)
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """Time for a round, or an answer that did not come."""
        if what == "answer":
            self._later(till)
            return
        self._forget()
        if till.do(RefreshDeals()) is None:
            till.timer(f"{DESK}:answer", ANSWER_MS)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """Nothing that is committed changes what the deals are."""

    def _forget(self) -> None:
        self.rev, self.pages, self.platforms, self.restarts = "", [], (), 0

    def _later(self, till: Till) -> None:
        self._forget()
        till.stop_timer(f"{DESK}:answer")
        till.timer(f"{DESK}:sync", min(AGAIN_MS, self._every_ms(till)))

    def _every_ms(self, till: Till) -> int:
        return till.settings.vouchers.sync_min * deals.MINUTE_MS

    def _told(self, till: Till, answer: AnswerDeals) -> None:
        """One page: of the round under way, of one that begins with it, or of another revision meanwhile."""
        if answer.page == 0:
            self._query(till, answer.changed)
        if answer.same and answer.page == 0:
            known = deals.head(till.ledger).rev == answer.rev
            self._fresh(till) if known else self._again(till, "")
            return
        if answer.page == 0:
            self.rev, self.pages, self.platforms = answer.rev, [], answer.platforms
        elif not self.rev or answer.page != len(self.pages):
            return  # of a round that is forgotten
        elif answer.rev != self.rev or answer.pages > PAGES_MAX:
            self._again(till, deals.head(till.ledger).rev)
            return
        self.pages.append(answer.deals)
        if len(self.pages) < answer.pages:
            self._ask(till, deals.head(till.ledger).rev, len(self.pages))
        else:
            self._take(till)

    def _ask(self, till: Till, have: str, page: int) -> None:
        till.emit(Ask(0, AskDeals(have, page)))
        till.timer(f"{DESK}:answer", ANSWER_MS)

    def _again(self, till: Till, have: str) -> None:
        """The deals changed while they were told: from the first page, a few times."""
        self.restarts += 1
        if self.restarts > RESTARTS_MAX:
            self._later(till)
            return
        self.rev, self.pages = "", []
        self._ask(till, have, 0)

    def _take(self, till: Till) -> None:
        """All pages of one revision are there."""
        told = tuple(chain.from_iterable(self.pages))
        till.commit()
        if till.ledger.pending_facts():  # the disk takes nothing; it is shown already
            self._later(till)
            return
        before = {state.platform: deals.platform_state(till.ledger, state.platform) for state in self.platforms}
        try:
            digest = load_deals(till.ledger, self.rev, told, self.platforms)
        except LedgerError:
            self._later(till)
            return
        till.append(DealsLoaded(self.rev, len(told), digest))
        for state in self.platforms:
            self._warn(till, before[state.platform], state)
        self._fresh(till)

    def _warn(self, till: Till, before: PlatformState | None, now: PlatformState) -> None:
        """A platform that stopped since: somebody has to know before a customer stands here."""
        software = till.context().software
        if now.code and (before is None or before.code != now.code):
            till.tell(Trouble(now.code, now.platform))
        elif deals.older(software, now.software_min) and not (before and deals.older(software, before.software_min)):
            till.tell(Trouble(deals.TOO_OLD, now.platform))

    def _fresh(self, till: Till) -> None:
        self._forget()
        till.devices = replace(till.devices, deals_ms=max(1, till.now.monotonic_ms))
        till.stop_timer(f"{DESK}:answer")
        till.timer(f"{DESK}:sync", self._every_ms(till))

    def _query(self, till: Till, numbers: tuple[str, ...]) -> None:
        """Uses whose state is another than this terminal was told. Those that are open are being asked about anyway."""
        for number in numbers[:CHANGED_MAX]:
            known = voucher.find(till.ledger, number)
            if known is not None and not known.is_open:
                till.emit(Ask(known.seq, AskVoucherQuery(number)))
