"""All platforms behind one port: each call goes to its platform's adapter; a code nobody can place is shown to one after
another, each of which changes nothing."""

import time
from collections.abc import Callable, Mapping

from fleet.vouchers.port import (
    NOT_ENABLED,
    NOT_FOUND,
    Call,
    NotEnabled,
    Platforms,
    PrepareCall,
    PrepareReply,
    Reply,
)
from rules.deals import Platform

FORMAT, NO_ANSWER = 3001, 1004
_NOT_MINE = (FORMAT, NOT_FOUND, NOT_ENABLED)
"""After these another platform may still know the code."""


class Router:
    """`adapters` in the order in which an unknown code is tried; `number`: that of a terminal's shop at each, for
    codes whose platform was not known when they were asked about."""

    def __init__(
        self,
        adapters: Mapping[Platform, Platforms],
        number: Callable[[str, Platform], str] = lambda terminal, platform: "",
        monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self._adapters = dict(adapters)
        self._number = number
        self._monotonic_ms = monotonic_ms

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Those in service."""
        return tuple(self._adapters)

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """See `fleet.vouchers.port.Platforms`."""
        if isinstance(call, PrepareCall) and not call.platform:
            answer(self._found_out(call))
            return
        adapter = self._adapters.get(call.platform) if call.platform else None
        (adapter or NotEnabled()).call(call, answer)

    def _found_out(self, call: PrepareCall) -> PrepareReply:
        """The first platform that knows the code; else the answer that says most."""
        until_ms = self._monotonic_ms() + call.within_ms
        best = PrepareReply("", NOT_FOUND)
        for platform, adapter in self._adapters.items():
            left_ms = until_ms - self._monotonic_ms()
            if left_ms <= 0:
                break
            said: list[Reply] = []
            number = self._number(call.terminal, platform)
            adapter.call(PrepareCall(platform, number, call.code, call.scanned, call.terminal, left_ms), said.append)
            reply = next((each for each in said if isinstance(each, PrepareReply)), PrepareReply(platform, NO_ANSWER))
            if not reply.code and reply.coupons:
                return reply
            if reply.code not in _NOT_MINE and best.code == NOT_FOUND:
                best = reply
        return best
