"""The desk of giving back: asks the backend to keep goods for a refund, and takes its answers about sales and goods.

That goods are free again, because nobody wants the refund any more, it tells the backend until that has heard: else they
would be kept for ever.

What a channel pays back is the payments desk's. An answer nobody waits for any more changes nothing by itself: the
reservation stays open on its list until a person goes on with it.
"""

from dataclasses import dataclass, replace

from firmware.desks import Till
from firmware.desks.patience import again_ms
from firmware.events import Answered, Ask, AskFailed, Event, LinkDown, LinkUp
from firmware.screens.base import Do, Home, Pop, Replace, Stay
from firmware.screens.refund import FoundSale, Looking, Reserving, asked_by, given, unanswered
from firmware.screens.widgets import Refused
from firmware.txn import original, reserve
from firmware.txn.command import Refusal
from firmware.txn.reserve import EndReservation, HearRelease, UseReservation
from wire.facts import Fact, Quarantined, ReserveEnded, ReserveSent
from wire.messages import AnswerReserve, AnswerSale

WRONG_STATE, NOT_FOUND, ELSEWHERE = 6008, 6009, 6015
RELEASE_AGAIN_MS_MAX = 300_000
RELEASES_AT_ONCE_MAX = 8


@dataclass(slots=True)
class GivingDesk:
    """What is open stands in the journal; of this boot it only knows how often it told what is given up."""

    name: str = "giving"
    tries: int = 0

    def booted(self, till: Till) -> None:
        """Open reservations wait on their list: the customer may be gone, and no boot pays anybody. What is given up is
        told as soon as the link is there."""

    def fired(self, till: Till, what: str) -> None:
        """Not heard yet: tell it again. For all else screens time their own waiting."""
        assert what == "release", what
        self._release(till)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """The reservation is durable: ask for it."""
        if isinstance(fact, ReserveSent):
            till.emit(Ask(seq, reserve.ask_of(fact)))
        elif isinstance(fact, ReserveEnded) and not fact.code:
            self.tries = 0
            self._release(till)

    def hear(self, till: Till, event: Event) -> None:
        """Answers about sales and reservations, asks that never left, and the link."""
        match event:
            case LinkUp():
                self.tries = 0
                self._release(till, up=True)  # the link's desk hears it after this one
            case LinkDown():
                till.stop_timer("giving:release")
            case Answered(AnswerSale() as answer):
                self._sale(till, answer)
            case Answered(AnswerReserve() as answer):
                self._reserve(till, answer)
            case AskFailed(key, "sale" | "reserve"):
                self._never_left(till, key)
            case _:
                pass

    def _release(self, till: Till, up: bool = False) -> None:
        """Tell the backend what is given up, the oldest first; again after a while, until it has heard."""
        waiting = reserve.releases(till.ledger)[:RELEASES_AT_ONCE_MAX]
        if not waiting or not (up or till.devices.link == "up") or till.safe_mode:
            return
        for number in waiting:
            found = reserve.releasing(till.ledger, number)
            assert found is not None
            till.emit(Ask(*found))
        self.tries += 1
        till.timer("giving:release", again_ms(self.tries, RELEASE_AGAIN_MS_MAX))

    def _sale(self, till: Till, answer: AnswerSale) -> None:
        top = till.stack[-1]
        found = original.told(till.ledger, till.ledger.terminal, answer)
        if answer.sale is not None and found is None:
            till.tell(Quarantined("answer/sale", "a sale that does not add up", answer.key[:64]))
        match top:
            case Looking(job=key) if key == answer.key:
                till.move(Pop(found) if found else Replace(Refused(Refusal(answer.code or NOT_FOUND, key))))
            case FoundSale(about=about) if found and asked_by(about) == answer.key and found.origin == about.origin:
                till.move(Stay(replace(top, about=found)))
            case _:
                pass

    def _reserve(self, till: Till, answer: AnswerReserve) -> None:
        number = answer.refund_no
        plan = reserve.reserved(till.ledger, number)
        if plan is None:
            if not answer.granted and answer.code in (
                0,
                WRONG_STATE,
            ):  # free, or none of ours; an older answer is not it
                till.do(HearRelease(number))
            return
        waiting = isinstance(till.stack[-1], Reserving) and till.stack[-1].job == number
        ours = reserve.is_ours(till.context(), plan[1].refund.origin)
        if answer.granted or (ours and answer.code == NOT_FOUND):  # of our own it may not have arrived there yet
            if waiting:
                till.move(Do(UseReservation(number), given))
            return
        code = answer.code or NOT_FOUND
        till.do(EndReservation(number, code))
        if waiting:
            till.move(Home(Refused(Refusal(code))))

    def _never_left(self, till: Till, key: str) -> None:
        match till.stack[-1]:
            case Looking(job=job) if job == key:
                till.move(Replace(Refused(Refusal(ELSEWHERE, key))))
            case Reserving(job=job, tries=tries) if job == key:
                till.move(unanswered(job, tries, till.context()))
            case _:
                pass
