"""The manners every payment channel's adapter keeps, so that a channel's file holds its calls and fields only.

* A call is one request; it ends before the bound after which the backend may begin another about the same order.
* What may hide an effect is `unknown`: no answer, a system error, an answer that nobody signed, a code nobody knows. It is
  asked about later under the same number. Only a row of the table of codes makes a failure definite.
* An order is reversed no sooner than its channel wants after it was asked for; and "nothing there" counts as reversed only
  when the customer's code is dead, so that a payment still on its way cannot come after it.
* No exception leaves; no customer's code, key or person stands in a log or a reply."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from fleet.acquirer.codes import Table
from fleet.acquirer.port import (
    NO_ANSWER,
    Call,
    PayCall,
    QueryCall,
    RefundCall,
    RefundQueryCall,
    Reply,
    ReverseCall,
)
from fleet.acquirer.script import name_of
from fleet.doors.clock import Clock, Until
from fleet.doors.trouble import Failed, Forged, Trouble
from fleet.money import CALL_MAX_MS

MARGIN_MS = 500
"""So much before the call's bound an adapter is done."""

CODE_LIFE_MS = 60_000
"""A customer's code lives about a minute (domain 1.1): what a channel has not seen by then it will not take."""

SKEW_MAX_MS = 2_000
"""So far apart the clocks of two workers may be."""

REVERSAL_PENDING = 5009

_log = logging.getLogger(__name__)


class Nothing(Failed):
    """The channel does not know the number."""


class Stands(Failed):
    """How an unpaid payment stands at the channel, in its own word: to a query this is an answer, no refusal of one."""


class Dialect(Protocol):
    """A channel's calls and fields. Each method makes one request; it raises `Failed` for the channel's no, `Stands` for
    a payment that is not paid, `Nothing` for a number it does not know, `Trouble` for no usable answer."""

    @property
    def channel(self) -> str: ...

    @property
    def reversible_after_ms(self) -> int:
        """How long after it was asked for a payment may be reversed."""
        ...

    def pay(self, call: PayCall, until: Until) -> Reply: ...

    def query(self, call: QueryCall, until: Until) -> Reply: ...

    def reverse(self, call: ReverseCall, until: Until) -> Reply: ...

    def refund(self, call: RefundCall, until: Until) -> Reply: ...

    def refund_query(self, call: RefundQueryCall, until: Until) -> Reply: ...


class Adapter:
    """One channel behind the port. `alarm`: told the channel's name when somebody else answered in its place. May be
    called by several threads."""

    def __init__(self, dialect: Dialect, table: Table, clock: Clock, alarm: Callable[[str], None]) -> None:
        self._dialect = dialect
        self._table = table
        self._clock = clock
        self._alarm = alarm

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Make the call and answer it, once. Raises nothing."""
        channel, name = self._dialect.channel, name_of(call)
        try:
            reply = self._made(call, Until.within(self._clock, CALL_MAX_MS - MARGIN_MS))
        except Forged as trouble:
            _log.error("%s %s: %s: not believed", channel, name, trouble)
            self._alarm(channel)
            reply = NO_ANSWER
        except Trouble as trouble:
            _log.warning("%s %s: %s", channel, name, trouble)
            reply = NO_ANSWER
        except Exception as trouble:  # any: a fault of ours or of an SDK's says nothing about what happened
            _log.error("%s %s: %s", channel, name, type(trouble).__name__)
            reply = NO_ANSWER
        answer(reply)

    def _made(self, call: Call, until: Until) -> Reply:
        if isinstance(call, ReverseCall) and self._age_ms(call) < self._dialect.reversible_after_ms:
            return Reply("unknown", REVERSAL_PENDING)
        try:
            return self._asked(call, until)
        except Nothing as no:
            return self._absent(call, no)
        except Failed as no:
            return self._refused(call, no)

    def _asked(self, call: Call, until: Until) -> Reply:
        match call:
            case PayCall():
                return self._dialect.pay(call, until)
            case QueryCall():
                return self._dialect.query(call, until)
            case ReverseCall():
                return self._dialect.reverse(call, until)
            case RefundCall():
                return self._dialect.refund(call, until)
            case RefundQueryCall():
                return self._dialect.refund_query(call, until)

    def _absent(self, call: Call, no: Nothing) -> Reply:
        match call:
            case QueryCall() | RefundQueryCall():
                return Reply("absent")
            case ReverseCall() if self._age_ms(call) >= CODE_LIFE_MS:
                return Reply("reversed")
            case ReverseCall():
                return Reply("unknown", REVERSAL_PENDING)
            case PayCall() | RefundCall():
                return self._refused(call, no)

    def _refused(self, call: Call, no: Failed) -> Reply:
        """What a no of the channel means, by the table. A question that is refused answers nothing."""
        reply = self._table.failure(self._dialect.channel, no.code, no.words, name_of(call))
        _log.info("%s %s: %s: %s %d", self._dialect.channel, name_of(call), no, reply.state, reply.code)
        match call:
            case QueryCall() if isinstance(no, Stands):
                return reply
            case QueryCall() | RefundQueryCall():
                return Reply("unknown", reply.code)
            case ReverseCall():
                return replace(reply, state="refused" if reply.state == "failed" else "unknown")
            case RefundCall() if reply.state == "paying":
                return replace(reply, state="unknown")
            case PayCall() | RefundCall():
                return reply

    def _age_ms(self, call: ReverseCall) -> int:
        """How long ago the payment was asked for. One nobody knows about is old, and so is one of a time that is still to
        come: the clock was set back since."""
        age_ms = self._clock.wall_ms() - call.asked_ms
        return age_ms if call.asked_ms and age_ms >= -SKEW_MAX_MS else CODE_LIFE_MS
