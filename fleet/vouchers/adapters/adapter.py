"""The manners every adapter keeps, so that a platform's file holds its calls and fields only.

* All that is done for one call ends before the call's own bound; a platform is asked again by its plan, under the same
  number, and never beyond that bound.
* An answer that may hide an effect is `unknown`; "already used" after such an attempt is no refusal but unknown too.
* What an undo says no to is looked at before it counts. What was never heard to be redeemed is looked at before it is
  undone, so that nobody else's redemption is.
* No exception leaves, and no code, handle or token stands in a log or a reply."""

import logging
import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from fleet.doors.clock import TWICE_MORE, Clock, RetryPlan, Until
from fleet.doors.trouble import BUSY, Failed, Ours, Trouble
from fleet.vouchers.codes import CallName, Meaning, Table
from fleet.vouchers.port import (
    CALL_MAX_MS,
    DETAIL_CHARS_MAX,
    UNKNOWN,
    Call,
    ConsumeCall,
    DealsCall,
    DealsReply,
    PrepareCall,
    PrepareReply,
    QueryCall,
    Reply,
    UndoCall,
    UseReply,
)
from rules.deals import Platform

MARGIN_MS = 500
"""So much before its call's bound an adapter is done: the bound is the backend's, after it another call may begin."""

USED_CODES = frozenset({3003, 3023})

_log = logging.getLogger(__name__)
R = TypeVar("R")


class Dialect(Protocol):
    """A platform's calls and fields. Each method makes one attempt; it raises `Failed` for the platform's no, `Trouble` for
    no usable answer, `Ours` for what need not be asked."""

    @property
    def platform(self) -> Platform: ...

    def prepare(self, call: PrepareCall, until: Until) -> PrepareReply: ...

    def consume(self, call: ConsumeCall, until: Until, again: bool) -> UseReply:
        """`again`: an attempt under this number was made before and its outcome is not known."""
        ...

    def query(self, call: QueryCall, until: Until) -> UseReply: ...

    def undo(self, call: UndoCall, until: Until) -> UseReply: ...

    def deals(self, call: DealsCall, until: Until) -> DealsReply: ...


class Adapter:
    """One platform behind the port. May be called by several threads."""

    def __init__(self, dialect: Dialect, table: Table, clock: Clock, plan: RetryPlan = TWICE_MORE) -> None:
        self._dialect = dialect
        self._table = table
        self._clock = clock
        self._plan = plan

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Make the call and answer it, once. Raises nothing."""
        try:
            reply = self._made(call, Until.within(self._clock, min(call.within_ms, CALL_MAX_MS) - MARGIN_MS))
        except Exception as trouble:  # any: a fault of ours in reading an answer says nothing about what happened
            _log.error("%s %s: %s", self._dialect.platform, type(call).__name__, type(trouble).__name__)
            reply = _nothing_known(call, UNKNOWN)
        answer(reply)

    def _made(self, call: Call, until: Until) -> Reply:
        match call:
            case PrepareCall():
                return self._prepare(call, until)
            case ConsumeCall():
                return self._consume(call, until)
            case QueryCall():
                return self._query(call, until)
            case UndoCall():
                return self._undo(call, until)
            case DealsCall():
                return self._deals(call, until)

    def _prepare(self, call: PrepareCall, until: Until) -> PrepareReply:
        platform = self._dialect.platform
        try:
            return self._repeated(lambda _again: self._dialect.prepare(call, until), until, "prepare")
        except Trouble as trouble:
            return PrepareReply(platform, trouble.code)
        except Ours as no:
            return PrepareReply(platform, no.code, detail=shown(no.words))
        except Failed as no:
            return PrepareReply(platform, self._meaning(no, "prepare").code, detail=shown(no.words))

    def _consume(self, call: ConsumeCall, until: Until) -> UseReply:
        unclear = False

        def attempt(again: bool) -> UseReply:
            nonlocal unclear
            unclear = again
            return self._dialect.consume(call, until, again)

        try:
            return self._repeated(attempt, until, "consume")
        except Trouble:
            return UseReply("unknown", UNKNOWN)
        except Ours as no:
            return UseReply("unknown" if unclear else "rejected", no.code, detail=shown(no.words))
        except Failed as no:
            meaning = self._meaning(no, "consume")
            if not meaning.definite or (unclear and meaning.code in USED_CODES):
                return UseReply("unknown", UNKNOWN, detail=shown(no.words))
            return UseReply("rejected", meaning.code, detail=shown(no.words))

    def _query(self, call: QueryCall, until: Until) -> UseReply:
        try:
            return self._repeated(lambda _again: self._dialect.query(call, until), until, "query")
        except (Trouble, Ours) as trouble:
            return UseReply("unknown", trouble.code)
        except Failed as no:
            return UseReply("unknown", self._meaning(no, "query").code, detail=shown(no.words))

    def _undo(self, call: UndoCall, until: Until) -> UseReply:
        asked = call
        if not call.undo_handle and not call.record_no:
            stands = self._query(_query_of(call), until)
            if stands.state != "consumed":
                return _as_undone(stands)
            asked = _with(call, stands)
        try:
            return self._repeated(lambda _again: self._dialect.undo(asked, until), until, "undo")
        except Trouble:
            return UseReply("unknown", UNKNOWN)
        except (Ours, Failed) as no:
            return self._refused(asked, no, until)

    def _refused(self, call: UndoCall, no: Ours | Failed, until: Until) -> UseReply:
        """A refused undo: perhaps an earlier one was carried out and only its answer got lost."""
        stands = self._query(_query_of(call), until)
        if stands.state in ("undone", "absent"):
            return _as_undone(stands)
        meaning = Meaning(no.code, True) if isinstance(no, Ours) else self._meaning(no, "undo")
        return UseReply("refused" if meaning.definite else "unknown", meaning.code, detail=shown(no.words))

    def _deals(self, call: DealsCall, until: Until) -> DealsReply:
        platform = self._dialect.platform
        try:
            return self._dialect.deals(call, until)
        except (Trouble, Ours) as trouble:
            return DealsReply(platform, trouble.code)
        except Failed as no:
            return DealsReply(platform, self._meaning(no, "prepare").code)

    def _repeated(self, attempt: Callable[[bool], R], until: Until, name: CallName) -> R:
        """Attempts by the plan, as long as their outcome is open: no usable answer, a busy platform."""
        again: bool = False
        last: Exception = Trouble(BUSY, "never begun")
        for _number in self._plan.attempts(until):
            try:
                return attempt(again)
            except Trouble as trouble:
                again, last = True, trouble
            except Failed as no:
                if self._meaning(no, name) != Meaning(BUSY, False):
                    raise
                again, last = True, no
        raise last

    def _meaning(self, no: Failed, name: CallName) -> Meaning:
        return self._table.meaning(self._dialect.platform, no.code, no.words, name)


def shown(words: str) -> str:
    """A platform's words without anything that could be a code: rows of eight and more digits or Latin letters."""
    return re.sub(r"[0-9A-Za-z+/=_-]{8,}", "…", words)[:DETAIL_CHARS_MAX]


def _query_of(call: UndoCall) -> QueryCall:
    return QueryCall(
        call.request_no,
        call.platform,
        call.shop,
        call.handle,
        call.undo_handle,
        call.record_no,
        call.count,
        call.within_ms,
    )


def _with(call: UndoCall, stands: UseReply) -> UndoCall:
    return UndoCall(
        call.request_no,
        call.platform,
        call.shop,
        call.handle,
        stands.undo_handle,
        stands.record_no,
        stands.consumed or call.count,
        call.operator,
        call.terminal,
        call.within_ms,
    )


def _as_undone(stands: UseReply) -> UseReply:
    """What an undo answers when nothing of ours is redeemed: there is nothing to give back, and nobody else's is touched."""
    if stands.state in ("undone", "absent"):
        return UseReply("undone", record_no=stands.record_no)
    return UseReply("unknown", stands.code or UNKNOWN, detail=stands.detail)


def _nothing_known(call: Call, code: int) -> Reply:
    match call:
        case PrepareCall(platform):
            return PrepareReply(platform, 1009)
        case DealsCall(platform):
            return DealsReply(platform, 1009)
        case _:
            return UseReply("unknown", code)
