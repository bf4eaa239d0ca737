"""The payments desk: asks the backend about money, takes its answers, and lets nothing unknown rest (domain 1.4).

Payments at the counter and parked ones alike. What an answer means is `txn.payment`'s, when to ask is `patience`'s; here is
only what is under way in this boot. In safe mode nothing is resumed (decisions 15).
"""

from dataclasses import dataclass, field, replace

from firmware.desks import Till
from firmware.desks.patience import ANSWER_MS, PROCESSING_MS_MAX, Asked, Watch, again_ms, plan
from firmware.events import Answered, Ask, AskFailed, Event, LinkDown, LinkUp, ToneName
from firmware.screens import code
from firmware.screens.base import Home
from firmware.screens.orders import Looked
from firmware.screens.pay import Sold
from firmware.txn import checkout, collect, payment, refund_parts, shift
from firmware.txn.command import Refusal
from wire.facts import (
    Fact,
    PaymentHeard,
    PaymentSent,
    Quarantined,
    RefundSent,
    ReversalSent,
    ShiftOpened,
    Trouble,
)  # fmt: skip
from wire.messages import AnswerPayment, AnswerRefund, AskQuery, AskRefund, AskRefundQuery, AskReverse

DESK = "payments"
ATTENTION_MS = 5_000
STEPS_MAX = 4
"""Things done about one payment in one go: doubt, then a query; the last answer, then the reversal."""

PENDING_AFTER = 2
"""So many unanswered reversals are told of (5009)."""


@dataclass(frozen=True, slots=True)
class Back:
    """A refund under way: how often it was asked for or about, and when last."""

    tries: int = 0
    asked_ms: int = 0


@dataclass(slots=True)
class PaymentsDesk:
    """Everything of this boot that waits for the backend's word about money."""

    name: str = DESK
    online: bool = False
    watches: dict[str, Watch] = field(default_factory=dict)  # by order number
    backs: dict[str, Back] = field(default_factory=dict)  # by refund number
    checked: frozenset[str] = frozenset()  # reversed, then called paid: asked once more
    calling: bool = False  # the tone that calls to a result unknown is on its timer

    # --- the desk -----------------------------------------------------------------------------------------------------

    def booted(self, till: Till) -> None:
        """Whatever an earlier run left is waited for anew, queried once and reversed (decisions 17)."""
        if till.safe_mode:
            return
        now_ms = till.now.monotonic_ms
        for each in payment.open_payments(till.ledger):
            self.watches[each.order_no] = Watch(now_ms, boot=True)
            till.timer(f"{DESK}:{each.order_no}", till.settings.payment.reverse_not_before_s * 1000)
        self.backs = {each.refund_no: Back() for each in refund_parts.open_parts(till.ledger) if each.under_way}
        self._book_covered(till)

    def hear(self, till: Till, event: Event) -> None:
        """Answers, asks that never left, and the link."""
        match event:
            case LinkUp() if not till.safe_mode:
                self.online = True
                for order_no, watch in tuple(self.watches.items()):
                    self.watches[order_no] = replace(watch, asked="", heard_ms=till.now.monotonic_ms)
                    self._look(till, order_no)
                for number in tuple(self.backs):
                    self.backs[number] = Back()
                    self._ask_back(till, number)
            case LinkDown():
                self.online = False
            case Answered(AnswerPayment() as answer):
                self._payment(till, answer)
            case Answered(AnswerRefund() as answer):
                self._refund(till, answer)
            case AskFailed():
                self._never_left(till, event)
            case _:
                pass
        self._forget_codes(till)
        self._call(till)

    def fired(self, till: Till, what: str) -> None:
        """A payment's or refund's own timer, the calling tone, or a code that has been kept long enough."""
        match what:
            case "attention":
                self.calling = False
                if code.waiting(till.stack, till.context()):
                    till.tone(ToneName.ATTENTION)
            case "forget":
                till.stack = code.forgotten(till.stack, till.now.monotonic_ms)
            case _ if what in self.backs:
                self._ask_back(till, what)
            case _:
                self._look(till, what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """What leaves because of a committed fact; a payment's own ask has left with its command."""
        now_ms = till.now.monotonic_ms
        match fact:
            case PaymentSent(order_no=order_no):
                self.watches[order_no] = Watch(now_ms, asked="pay", asked_ms=now_ms)
                till.timer(f"{DESK}:{order_no}", ANSWER_MS)
            case ReversalSent(order_no=order_no):
                earlier = self.watches.get(order_no)
                self.watches[order_no] = replace(earlier, asked="") if earlier else Watch(_long_ago(till))
                self._look(till, order_no)
            case PaymentHeard(order_no=order_no, state="paid" | "failed" | "reversed"):
                self.watches.pop(order_no, None)
                till.stop_timer(f"{DESK}:{order_no}")
            case RefundSent(refund_no=number):
                self.backs[number] = Back()
                self._ask_back(till, number)
            case ShiftOpened() if not till.safe_mode:
                self._book_covered(till)
            case _:
                pass

    # --- payments -----------------------------------------------------------------------------------------------------

    def _look(self, till: Till, order_no: str) -> None:
        """Do what is due about one payment, and come back when something is."""
        for _ in range(STEPS_MAX):
            known, watch = payment.find(till.ledger, order_no), self.watches.get(order_no)
            if known is None or watch is None or not known.is_open:
                return
            act, later_ms = plan(known, watch, till.now.monotonic_ms, till.settings.payment)
            if act == "doubt":
                till.do(collect.GiveUpWaiting(order_no))
                self.watches[order_no] = replace(watch, asked="")
            elif act == "wait":
                till.timer(f"{DESK}:{order_no}", later_ms)
                return
            elif not self.online:
                return  # the link's return looks again
            elif act == "give up":
                why = "boot" if watch.boot else "deadline"
                if till.do(collect.Reverse(order_no, why)) is None:  # type: ignore[arg-type]
                    return  # `follow` has asked for it
                till.timer(f"{DESK}:{order_no}", ANSWER_MS)  # the disk takes nothing
                return
            else:
                self._ask(till, known, watch, act == "last query", act == "reverse")

    def _ask(self, till: Till, known: payment.Payment, watch: Watch, last: bool, reverse: bool) -> None:
        asked: Asked = "reverse" if reverse else "query"
        tries = watch.reversals + 1 if reverse else watch.reversals
        now_ms = till.now.monotonic_ms
        self.watches[known.order_no] = replace(
            watch, asked=asked, asked_ms=now_ms, heard_ms=now_ms, last=last or watch.last, reversals=tries
        )
        ask = AskReverse(known.order_no) if reverse else AskQuery(known.order_no)
        till.emit(Ask(known.seq, ask))
        if tries > PENDING_AFTER and reverse:
            till.tell(Trouble(5009, known.order_no))

    def _payment(self, till: Till, answer: AnswerPayment) -> None:
        looked = self._looked(till, answer)
        known = payment.find(till.ledger, answer.order_no)
        if known is None:
            if not looked:
                till.tell(Quarantined("answer", f"payment {answer.order_no} is not ours"[:80], ""))
            return
        if till.safe_mode:
            return
        self._note(till, known, answer)
        refusal = till.do(collect.HearPayment(answer))
        if refusal is not None and refusal.code == 1009:
            till.tell(Quarantined("answer", f"{refusal.about}"[:80], ""))
            self._check_once(till, known, answer)
        elif refusal is None:
            self._show(till, known)
        self._look(till, answer.order_no)

    def _note(self, till: Till, known: payment.Payment, answer: AnswerPayment) -> None:
        """Remember that an ask was answered, and how long to wait before the next."""
        watch = self.watches.get(known.order_no)
        if watch is None:
            return
        pause_s = till.settings.payment.query_every_s
        pause_ms = ANSWER_MS if answer.to == "pay" and answer.state != "paying" else pause_s * 1000
        asked: Asked = watch.asked if answer.to != watch.asked or answer.to == "reverse" else ""
        absent = answer.to == "query" and answer.state == "absent"
        self.watches[known.order_no] = replace(
            watch, asked=asked, heard_ms=till.now.monotonic_ms, pause_ms=pause_ms, absent=absent
        )

    def _check_once(self, till: Till, known: payment.Payment, answer: AnswerPayment) -> None:
        """Called paid after it was reversed: an old answer, or money. One query tells."""
        odd = known.state == "reversed" and answer.state == "paid"
        if odd and self.online and known.order_no not in self.checked:
            self.checked |= {known.order_no}
            till.emit(Ask(known.seq, AskQuery(known.order_no)))

    def _never_left(self, till: Till, failed: AskFailed) -> None:
        """An ask never left. A payment's own: then it failed, for sure; any other of this desk is asked again."""
        key, kind = failed.key, failed.kind
        if kind in ("refund", "refund_query"):
            if key in self.backs:
                till.timer(f"{DESK}:{key}", again_ms(max(1, self.backs[key].tries)))
            return
        watch, known = self.watches.get(key), payment.find(till.ledger, key)
        if watch is None or known is None:
            return
        if kind == "pay":
            if known.state == "sent" and till.do(collect.FailUnsent(key)) is None:
                self._show(till, known)
        elif kind == watch.asked:  # not a cashier's own look-up
            self.watches[key] = replace(watch, asked="" if kind == "query" else kind)
            till.timer(f"{DESK}:{key}", ANSWER_MS)

    def _book_covered(self, till: Till) -> None:
        """Orders that were paid while no shift was open are sold now."""
        if shift.current(till.ledger) is None:
            return
        for order in checkout.covered(till.ledger):
            till.do(checkout.BookCovered(order.trace))

    # --- refunds ------------------------------------------------------------------------------------------------------

    def _ask_back(self, till: Till, number: str) -> None:
        back, known = self.backs.get(number), refund_parts.part(till.ledger, number)
        if back is None or known is None or not known.under_way:
            self.backs.pop(number, None)
            return
        if not self.online or till.safe_mode:
            return
        self.backs[number] = Back(back.tries + 1, till.now.monotonic_ms)
        asks_state = known.state == "processing"
        ask = (
            AskRefundQuery(number, known.order_no)
            if asks_state
            else AskRefund(number, known.order_no, known.amount_fen, known.why, known.seq)
        )
        till.emit(Ask(known.seq, ask))
        most_ms = PROCESSING_MS_MAX if asks_state else 60_000
        till.timer(f"{DESK}:{number}", again_ms(back.tries + 1, most_ms))

    def _refund(self, till: Till, answer: AnswerRefund) -> None:
        if till.do(refund_parts.HearRefund(answer)) is not None:
            till.tell(Quarantined("answer", f"refund {answer.refund_no} is not ours"[:80], ""))
            return
        known = refund_parts.part(till.ledger, answer.refund_no)
        assert known is not None
        if known.under_way:
            return
        if self.backs.pop(answer.refund_no, None) is not None:
            till.stop_timer(f"{DESK}:{answer.refund_no}")
            if known.state == "failed":
                till.refused(Refusal(known.code, known.refund_no))

    # --- screens ------------------------------------------------------------------------------------------------------

    def _show(self, till: Till, before: payment.Payment) -> None:
        """Lead the screens where an answer leads: to the sale when the customer stands here, else a notice."""
        after = payment.find(till.ledger, before.order_no)
        assert after is not None
        here = any(isinstance(each, code.CodePayment) and each.order_no == after.order_no for each in till.stack)
        if till.sold and here:
            till.move(Home(Sold.of(*till.sold)))
        elif till.sold:
            till.above(code.told(after, till.sold[0]))
        elif after.why in ("late", "duplicate") and before.why != after.why:
            till.refused(Refusal(5024, after.order_no))
        elif after.state != before.state and not after.is_open:
            till.tone(ToneName.SUCCESS if after.state == "paid" else ToneName.FAILURE)
            if not here and after.why != "dropped":
                till.above(code.told(after, None, shift.current(till.ledger) is not None))
        elif after.code == 5023 != before.code and not here:
            till.refused(Refusal(5023, after.order_no))

    def _looked(self, till: Till, answer: AnswerPayment) -> bool:
        """A screen that waits for this answer shows it."""
        stack = tuple(each.told(answer) if isinstance(each, Looked) else each for each in till.stack)
        found, till.stack = stack != till.stack, stack
        return found

    def _forget_codes(self, till: Till) -> None:
        """A code that waits for the cashier's yes is kept for a minute at most, whatever covers the screen."""
        left_ms = code.kept_ms(till.stack, till.now.monotonic_ms)
        if left_ms is not None:
            till.timer(f"{DESK}:forget", max(1, left_ms))

    def _call(self, till: Till) -> None:
        """As long as a result is unknown on the screen it is heard every five seconds (domain 14.5)."""
        if not self.calling and code.waiting(till.stack, till.context()):
            self.calling = True
            till.timer(f"{DESK}:attention", ATTENTION_MS)


def _long_ago(till: Till) -> int:
    """For a payment decided before this boot: its reversal waits for nothing."""
    return till.now.monotonic_ms - till.settings.payment.reverse_not_before_s * 1000
