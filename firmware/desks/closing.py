"""The closing desk: settles every closed batch with the backend, whenever the link is there (结算, domain 5.3).

A batch is due from its `ShiftClosed` until there is a verdict. The backend is asked once it has acknowledged the batch's
last record. When its totals differ, the batch's records are sent once more (batch upload), and it is asked again; what
differs then is 对账不平; where the backend still lacks records, 对账错误. Nothing here holds up selling.
"""

from dataclasses import dataclass

from firmware.desks import Till
from firmware.events import Acked, Answered, Event, LinkDown, LinkUp, Send
from firmware.screens.report import Said, Settlement
from firmware.txn import closing
from firmware.txn.closing import Closing
from firmware.txn.command import Refusal
from firmware.txn.day import Settle, ask_totals
from firmware.txn.outbox import packets
from rules import totals
from wire.facts import Fact, ShiftClosed
from wire.messages import AnswerTotals
from wire.records import PACKET_RECORDS_MAX, PACKETS_IN_FLIGHT_MAX

DESK = "closing"
ASK_AGAIN_MS = 30_000
NOT_WHOLE_MAX = 3
"""So often the backend may say that records are still missing; the link's desk sends what it asks for meanwhile."""

SLICE_RECORDS = PACKET_RECORDS_MAX * PACKETS_IN_FLIGHT_MAX


@dataclass(slots=True)
class ClosingDesk:
    """The settlement under way; all of it may be forgotten at a boot and begins again."""

    name: str = DESK
    asked: int = 0  # batch whose totals have been asked for
    not_whole: int = 0
    uploading: int = 0  # batch being sent once more
    sent_upto: int = 0  # of it
    uploaded: int = 0  # batch that has been sent once more

    def booted(self, till: Till) -> None:
        """The link comes up by itself; then it goes on."""

    def hear(self, till: Till, event: Event) -> None:
        """The link is there, records were acknowledged, or totals came."""
        match event:
            case LinkUp():
                self._try(till)
            case LinkDown():
                self.asked, self.uploading = 0, 0
                till.stop_timer("closing:ask")
            case Acked(ack):
                if self.uploading:
                    self._upload(till)
                elif ack.epoch == till.ledger.epoch:
                    self._try(till, ack.upto)
            case Answered(AnswerTotals() as answer):
                self._answered(till, answer)
            case _:
                pass

    def fired(self, till: Till, what: str) -> None:
        """No answer, or records were missing: ask again."""
        assert what == "ask", what
        self.asked = 0
        self._try(till)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A batch was closed; it is asked for when its records are acknowledged, perhaps they are."""
        if isinstance(fact, ShiftClosed):
            self._try(till)

    def _try(self, till: Till, upto: int = 0) -> None:
        """Ask for the oldest batch that is due. `upto`: acknowledged just now; the link's desk hears it after this one."""
        if self.asked or self.uploading or till.devices.link != "up" or till.safe_mode:
            return
        due = closing.unsettled(till.ledger)
        if due is None or max(till.ledger.acked_seq, upto) < due.closed_seq:
            return
        self._ask(till, due)

    def _ask(self, till: Till, due: Closing) -> None:
        self.asked = due.batch
        till.emit(ask_totals(till.context(), due))
        till.timer("closing:ask", ASK_AGAIN_MS)

    def _answered(self, till: Till, answer: AnswerTotals) -> None:
        known = closing.of_batch(till.ledger, answer.batch)
        if known is None or answer.epoch != till.ledger.epoch or answer.upto != known.closed_seq:
            return
        if not answer.whole and self.not_whole < NOT_WHOLE_MAX:
            self.not_whole += 1  # the timer asks again
            self._say(till, known, "partial")
            return
        if totals.differing(known.ours, answer.totals) and self.uploaded != known.batch and self._here(till, known):
            self.uploading, self.sent_upto, self.asked = known.batch, known.first_seq - 1, 0
            till.stop_timer("closing:ask")
            self._upload(till)
            return
        self.asked, self.not_whole = 0, 0
        till.stop_timer("closing:ask")
        till.do(Settle(answer))
        after = closing.of_batch(till.ledger, known.batch)
        self._say(till, known, "new" if after and after.verdict != known.verdict else "same")
        if after and after.verdict == "uneven":
            till.refused(Refusal(8012, f"{known.batch:06d}"))
        self._try(till)  # the next batch that is due

    def _say(self, till: Till, known: Closing, said: Said) -> None:
        """Who asked by hand sees what came of it."""
        batches = closing.closings(till.ledger)
        till.stack = tuple(
            each.told(known.batch, said, batches) if isinstance(each, Settlement) else each for each in till.stack
        )

    def _here(self, till: Till, known: Closing) -> bool:
        """Whether the batch's records have not been pruned."""
        return known.first_seq >= till.ledger.first_seq

    def _upload(self, till: Till) -> None:
        """The next records of the batch, as many as may be in flight; after the last one ask for the totals again."""
        known = closing.of_batch(till.ledger, self.uploading)
        if known is None or self.sent_upto >= known.closed_seq:
            self.uploaded, self.uploading = self.uploading, 0
            if known is not None:
                self._ask(till, known)
            return
        records = till.ledger.records(self.sent_upto, min(SLICE_RECORDS, known.closed_seq - self.sent_upto))
        ready = packets(records, PACKETS_IN_FLIGHT_MAX)
        assert ready, "records of a batch that is here"
        for packet in ready:
            till.emit(Send(packet))
        self.sent_upto = ready[-1].records[-1].seq
