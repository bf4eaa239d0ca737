"""The vouchers desk: carries uses to the backend and lets nothing unknown rest (domain 3.4, decisions 18).

Ten seconds without an answer: unknown, then asked about under the same number after 1, 2, 4 … seconds. What the backend
never saw is redeemed again under the same number while its order stands; an order given up takes its uses back in the same
commit, and that undo is the tombstone of one the backend never saw. What was registered without a link is verified as soon
as it is back, one at a time. What an answer means is `txn.voucher_judge`'s.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.desks import Till
from firmware.desks.patience import doubled_ms
from firmware.events import Answered, Ask, AskFailed, Event, LinkDown, LinkUp, ToneName
from firmware.screens import voucher_wait
from firmware.screens.base import Home
from firmware.screens.pay import Sold
from firmware.screens.voucher import VoucherCheck
from firmware.screens.voucher_look import VoucherLooked
from firmware.txn import checkout, deals, voucher, voucher_redeem
from firmware.txn.command import Refusal
from firmware.txn.voucher import Use
from firmware.txn.voucher_judge import KEPT, UNKNOWN
from wire.facts import (
    Fact,
    Quarantined,
    Trouble,
    VoucherHeard,
    VoucherRegistered,
    VoucherSent,
    VoucherUndoSent,
)
from wire.vouchers import (
    AnswerVoucher,
    AnswerVoucherLook,
    AnswerVoucherPrepare,
    AskVoucherConsume,
    AskVoucherQuery,
    AskVoucherUndo,
)

DESK = "vouchers"
ANSWER_MS = 10_000
"""A voucher's ask unanswered for so long is taken for lost."""

PAUSE_MS, PAUSE_MS_MAX = 1_000, 60_000
RESUME_MS = 200
"""The link desk has to see the link before anything is asked over it."""

ATTENTION_MS = 5_000
EXPIRES_MS, NOBODY_WAITS_MS = 8_000, 30_000
"""The platform must not be called for an ask older than this; below `ANSWER_MS` (decisions 18). Nobody stands before the
till for a registered one: a slow link must not spend its number on "too late"."""

UNDO_TOLD_AFTER = 4
"""So many unanswered undos are told of (3021)."""

Asked = Literal["", "consume", "query", "undo"]


@dataclass(frozen=True, slots=True)
class Watch:
    """What this boot remembers of a use whose result is wanted. `asked`: the ask under way, "" when none is; `tries`:
    queries or undos that brought nothing; `consumes`: how often it was redeemed in this boot, under its one number."""

    asked: Asked = ""
    asked_ms: int = 0
    due_ms: int = 0  # nothing is asked before
    tries: int = 0
    consumes: int = 0


def pause_ms(tries: int) -> int:
    """Wait before the next query or undo after so many that brought nothing: 1, 2, 4 … seconds, a minute at most."""
    return doubled_ms(PAUSE_MS, tries, PAUSE_MS_MAX)


@dataclass(slots=True)
class VouchersDesk:
    """Everything of this boot that waits for a platform's word about a voucher."""

    name: str = DESK
    online: bool = False
    watches: dict[str, Watch] = field(default_factory=dict)  # by request number
    verify_tries: int = 0
    calling: bool = False

    # --- the desk -----------------------------------------------------------------------------------------------------

    def booted(self, till: Till) -> None:
        """Whatever an earlier run left is asked about once the link is there; nothing is taken for unanswered forever."""
        if till.safe_mode:
            return
        for each in voucher.open_uses(till.ledger):
            if each.state != "registered":
                self.watches[each.request_no] = Watch()
            if each.state == "sent":
                till.do(voucher_redeem.GiveUpWaiting(each.request_no))

    def hear(self, till: Till, event: Event) -> None:
        """Answers, asks that never left, and the link."""
        match event:
            case LinkUp() if not till.safe_mode:
                self.online, self.verify_tries = True, 0
                self.watches = {no: replace(each, asked="", due_ms=0) for no, each in self.watches.items()}
                till.timer(f"{DESK}:resume", RESUME_MS)
            case LinkDown():
                self.online = False
            case Answered(AnswerVoucher() as answer):
                self._answer(till, answer)
            case Answered(AnswerVoucherPrepare() as told):
                prepared = deals.with_rules(till.ledger, told)
                till.stack = tuple(
                    each.told(prepared, till.context()) if isinstance(each, VoucherCheck) else each
                    for each in till.stack
                )
            case Answered(AnswerVoucherLook() as looked):
                till.stack = tuple(
                    each.told(looked) if isinstance(each, VoucherLooked) else each for each in till.stack
                )
            case AskFailed():
                self._never_left(till, event)
            case _:
                pass
        self._call(till)

    def fired(self, till: Till, what: str) -> None:
        """A use's own timer, the return of the link, the calling tone, or the next registered one."""
        match what:
            case "attention":
                self.calling = False
                if voucher_wait.unknown(till.stack, till.context()):
                    till.tone(ToneName.ATTENTION)
            case "resume":
                self._resume(till)
            case "verify":
                self._verify(till)
            case _:
                self._look(till, what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """What leaves because of a committed fact."""
        match fact:
            case VoucherSent():
                self._consume(till, fact.use.request_no, Watch())
            case VoucherUndoSent(request_no=request_no):
                self.watches[request_no] = Watch()
                self._look(till, request_no)
            case VoucherHeard(request_no=request_no, state="consumed" | "rejected" | "undone" | "kept"):
                self.watches.pop(request_no, None)
                till.stop_timer(f"{DESK}:{request_no}")
                self._next_registered(till)
            case VoucherRegistered():
                self._next_registered(till)
            case _:
                pass

    # --- uses ---------------------------------------------------------------------------------------------------------

    def _resume(self, till: Till) -> None:
        """The link is there: what is open is asked about, what is paid is redeemed, what was registered verified."""
        for request_no in tuple(self.watches):
            self._look(till, request_no)
        for order in checkout.paid_but_for_vouchers(till.ledger):
            till.do(voucher_redeem.RedeemNext(order.trace))
        self._verify(till)

    def _look(self, till: Till, request_no: str) -> None:
        """Do what is due about one use, and come back when something is."""
        known, watch, now_ms = (
            voucher.find(till.ledger, request_no),
            self.watches.get(request_no),
            till.now.monotonic_ms,
        )
        if known is None or watch is None or not known.is_open or till.safe_mode:
            self.watches.pop(request_no, None)
            return
        silent_ms = now_ms - watch.asked_ms
        if watch.asked and silent_ms < ANSWER_MS:
            till.timer(f"{DESK}:{request_no}", ANSWER_MS - silent_ms)
            return
        if known.state == "sent":
            if till.do(voucher_redeem.GiveUpWaiting(request_no)) is None:
                self.watches[request_no] = watch = replace(watch, asked="")
            else:
                till.timer(f"{DESK}:{request_no}", ANSWER_MS)  # the disk takes nothing
                return
        if not self.online:
            return  # the link's return looks again
        if now_ms < watch.due_ms:
            till.timer(f"{DESK}:{request_no}", watch.due_ms - now_ms)
            return
        self._ask(till, known, watch)

    def _ask(self, till: Till, known: Use, watch: Watch) -> None:
        """Query, or undo again; under the one number it has."""
        undo, number = known.state == "undoing", known.request_no
        tries = watch.tries + 1
        self.watches[number] = replace(
            watch, asked="undo" if undo else "query", asked_ms=till.now.monotonic_ms, tries=tries,
            due_ms=till.now.monotonic_ms + pause_ms(tries),
        )  # fmt: skip
        till.emit(Ask(known.seq, AskVoucherUndo(number) if undo else AskVoucherQuery(number)))
        till.timer(f"{DESK}:{number}", ANSWER_MS)
        if undo and tries == UNDO_TOLD_AFTER:
            till.tell(Trouble(voucher_redeem.UNDO_FAILED, number))

    def _consume(self, till: Till, request_no: str, watch: Watch) -> None:
        """Redeem, the first time or once more under the same number; the oftener that brought nothing, the longer until it
        is asked about: a platform out of order is not hammered."""
        known = voucher.find(till.ledger, request_no)
        assert known is not None, request_no
        use = voucher.contents(till.ledger, known)
        self.watches[request_no] = replace(
            watch, asked="consume", asked_ms=till.now.monotonic_ms, consumes=watch.consumes + 1,
            tries=watch.consumes,
        )  # fmt: skip
        ask = AskVoucherConsume(
            request_no, use.platform, use.count, use.deduct_fen, known.operator, use.ref,
            voucher.code_of(till.ledger, known), NOBODY_WAITS_MS if known.registered else EXPIRES_MS,
        )  # fmt: skip
        till.emit(Ask(known.seq, ask))
        till.timer(f"{DESK}:{request_no}", ANSWER_MS)

    def _answer(self, till: Till, answer: AnswerVoucher) -> None:
        known = voucher.find(till.ledger, answer.request_no)
        if known is None:
            till.tell(Quarantined("answer", f"voucher {answer.request_no} is not ours"[:80], ""))
            return
        if till.safe_mode:
            return
        self._note(till, answer)
        waits = voucher_wait.of_trace(till.stack, known.trace)
        refusal = till.do(voucher_redeem.HearVoucher(answer, waits.cash if waits else None))
        if refusal is None:
            self._show(till, known)
        elif refusal.code == UNKNOWN:
            self._absent(till, known)
        elif refusal.code == 1009:
            till.tell(Quarantined("answer", f"{refusal.about}"[:80], ""))
        self._look(till, answer.request_no)

    def _note(self, till: Till, answer: AnswerVoucher) -> None:
        """An ask was answered: the next waits as long as its tries say."""
        watch = self.watches.get(answer.request_no)
        if watch is not None and watch.asked == answer.to:
            due_ms = till.now.monotonic_ms + pause_ms(watch.tries)
            self.watches[answer.request_no] = replace(watch, asked="", due_ms=due_ms)

    def _absent(self, till: Till, known: Use) -> None:
        """The backend never saw the number: once more under it, as long as somebody wants it."""
        watch = self.watches.get(known.request_no)
        if watch is None or watch.asked:
            return  # an older answer: something was asked since
        if self.online and voucher_redeem.stands(till.context(), known):
            self._consume(till, known.request_no, watch)

    def _never_left(self, till: Till, failed: AskFailed) -> None:
        """An ask never left. The first consume of a use: then it was not redeemed, for sure; any other is asked again."""
        key, kind = failed.key, failed.kind
        if kind == "voucher_prepare":
            till.stack = tuple(each.failed(key) if isinstance(each, VoucherCheck) else each for each in till.stack)
        if kind == "voucher_look":
            till.stack = tuple(each.failed(key) if isinstance(each, VoucherLooked) else each for each in till.stack)
        watch, known = self.watches.get(key), voucher.find(till.ledger, key)
        if watch is None or known is None or kind != f"voucher_{watch.asked}":
            return
        if kind == "voucher_consume" and watch.consumes == 1 and till.do(voucher_redeem.NeverLeft(key)) is None:
            self._show(till, known)
            return
        due_ms = till.now.monotonic_ms + pause_ms(watch.tries)
        self.watches[key] = replace(watch, asked="", due_ms=due_ms)
        self._look(till, key)

    # --- registered ones ----------------------------------------------------------------------------------------------

    def _next_registered(self, till: Till) -> None:
        if any(each.registered for each in voucher.open_uses(till.ledger)):
            till.timer(f"{DESK}:verify", pause_ms(self.verify_tries))

    def _verify(self, till: Till) -> None:
        """The oldest registered one leaves when none is under way; one the platform says nothing of keeps none waiting."""
        waits = [each for each in voucher.open_uses(till.ledger) if each.registered]
        if not waits or not self.online or till.safe_mode:
            return
        first = next((each for each in waits if each.state == "registered"), None)
        if first is not None and all(each.state != "sent" for each in waits):
            if till.do(voucher_redeem.VerifyRegistered(first.request_no)) is None:
                self.verify_tries = 0
            else:
                self.verify_tries += 1
        if first is not None:
            till.timer(f"{DESK}:verify", pause_ms(self.verify_tries + 2))

    # --- screens ------------------------------------------------------------------------------------------------------

    def _show(self, till: Till, before: Use) -> None:
        """Lead the screens where an answer leads: to the sale when the customer stands here, else a notice."""
        after = voucher.find(till.ledger, before.request_no)
        assert after is not None
        here = voucher_wait.of_trace(till.stack, after.trace) is not None
        if till.sold and here:
            till.move(Home(Sold.of(*till.sold)))
        elif till.sold:
            till.above(voucher_wait.told(after, till.sold[0], till.context()))
        elif after.registered and after.state == "rejected" != before.state:
            till.refused(Refusal(after.code, voucher_wait.about(after)))
        elif after.state == "kept" != before.state and not here:
            till.refused(Refusal(after.code or KEPT, voucher_wait.about(after)))
        elif after.state != before.state and not after.is_open:
            till.tone(ToneName.SUCCESS if after.state == "consumed" else ToneName.FAILURE)
            if not here and not after.registered and after.why not in ("dropped", "void", "refund"):
                till.above(voucher_wait.told(after, None, till.context()))

    def _call(self, till: Till) -> None:
        """As long as a result is unknown on the screen it is heard every five seconds (domain 14.5)."""
        if not self.calling and voucher_wait.unknown(till.stack, till.context()):
            self.calling = True
            till.timer(f"{DESK}:attention", ATTENTION_MS)
