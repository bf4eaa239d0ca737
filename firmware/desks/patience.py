"""How long a payment is waited for, and what is done next about it: the clock of domain 1.4, as pure functions.

Ask; 5 s without an answer: query, then every few seconds; at the deadline one last query, and at once the reversal; the
reversal not earlier than 15 s after the ask, and again under the same number until it is answered.
"""

from dataclasses import dataclass
from typing import Literal

from firmware.txn.payment import Payment
from rules.settings_counter import Payment as Patience

ANSWER_MS = 5_000
"""An ask unanswered for so long is taken for lost; also the wait after a channel's "system error"."""

AGAIN_MS, AGAIN_MS_MAX = 5_000, 60_000
"""Back-off of a reversal or refund that is not answered: doubled each time up to a minute."""

PROCESSING_MS_MAX = 300_000
"""A refund that the channel still processes is asked about at least every five minutes."""

Asked = Literal["", "pay", "query", "reverse"]
Act = Literal["wait", "doubt", "query", "last query", "give up", "reverse"]


@dataclass(frozen=True, slots=True)
class Watch:
    """What this boot remembers of a payment whose result is not known. Times by the monotonic clock.

    `sent_ms`: when it was asked for, or the boot, which restarts its wait (decisions 17). `asked`: the ask under way.
    """

    sent_ms: int
    boot: bool = False
    asked: Asked = ""
    asked_ms: int = 0
    heard_ms: int = 0
    pause_ms: int = 0  # after the last answer
    last: bool = False  # the last query before the reversal has been asked
    absent: bool = False  # the backend has never seen the number
    reversals: int = 0


def plan(payment: Payment, watch: Watch, now_ms: int, patience: Patience) -> tuple[Act, int]:
    """What is to be done now, and after how many milliseconds to look again (0: after what is done). The link is up."""
    assert payment.is_open, payment
    silent_ms = now_ms - watch.asked_ms
    if payment.state == "reversing":
        return _reversing(watch, now_ms, patience)
    if watch.asked == "pay" and payment.state == "sent":
        return ("doubt", 0) if silent_ms >= ANSWER_MS else ("wait", ANSWER_MS - silent_ms)
    if watch.asked == "query" and silent_ms < ANSWER_MS:
        return "wait", ANSWER_MS - silent_ms
    age_ms = now_ms - watch.sent_ms
    earliest_ms = patience.reverse_not_before_s * 1000
    if watch.last or ((payment.code == 5023 or watch.absent) and age_ms >= earliest_ms):
        return "give up", 0
    deadline_ms = earliest_ms if watch.boot else max(earliest_ms, patience.deadline_s * 1000)
    if age_ms >= deadline_ms:  # never before it may be reversed: the reversal follows the last query without a gap
        return "last query", 0
    if payment.code == 5023 or watch.boot:
        return "wait", earliest_ms - age_ms
    quiet_ms = now_ms - watch.heard_ms
    if quiet_ms >= watch.pause_ms:
        return "query", 0
    return "wait", min(watch.pause_ms - quiet_ms, deadline_ms - age_ms)


def _reversing(watch: Watch, now_ms: int, patience: Patience) -> tuple[Act, int]:
    due_ms = watch.sent_ms + patience.reverse_not_before_s * 1000
    if watch.reversals:
        due_ms = max(due_ms, watch.asked_ms + again_ms(watch.reversals))
    return ("reverse", 0) if now_ms >= due_ms else ("wait", due_ms - now_ms)


def again_ms(tries: int, most_ms: int = AGAIN_MS_MAX) -> int:
    """Wait before the next try after `tries` that brought nothing."""
    return doubled_ms(AGAIN_MS, tries - 1, most_ms) if tries else 0


def doubled_ms(first_ms: int, times: int, most_ms: int) -> int:
    """A wait that has been doubled so often."""
    return min(first_ms << min(times, 16), most_ms)
