"""What the simulated platforms are told to do with coming requests: steps, given one by one or as a scenario file.

A scenario is TOML, a list of `[[step]]` tables:

    [[step]]
    call = "consume"        # prepare, consume (default), query, undo, deals, or any
    platform = "meituan"    # which requests it is for; what is not named fits all
    code_ends = "0004"
    request_no = "00010023…V01"
    amount_fen = 2000
    play = "refuse"         # what happens, see `Play`
    ours = 3014             # refuse: the code of ours it ends as, or by the table:
    code = "1"              # the platform's own code
    text = "该券已退款"      # and its words
    after_ms = 30000        # late, outage: when it ends
    times = 1               # for so many requests; 0: for every one

The first step that fits and is not used up counts. A request no step is for goes as the platform's books say.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fleet.vouchers.port import Call, ConsumeCall, DealsCall, PrepareCall, QueryCall, UndoCall
from rules.deals import Platform

Play = Literal["success", "refuse", "error", "silent", "lost", "late", "double", "part", "outage"]
"""success: as asked. refuse: definite. error: a code that says nothing definite, nothing is done. silent: never arrived, no
answer. lost: done, the answer is lost. late: no answer, and a consume is done `after_ms` later. double: done, answered
twice. part: one voucher fewer is redeemed than asked for. outage: for `after_ms` no request to the platform arrives."""

CallName = Literal["prepare", "consume", "query", "undo", "deals", "any"]
STEPS_MAX = 1_000
AFTER_MAX_MS = 24 * 3_600_000


class VoucherStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a script."""

    play: Play
    call: CallName = "consume"
    platform: Platform | None = None
    code_ends: Annotated[str, Meta(max_length=64)] | None = None
    request_no: Annotated[str, Meta(max_length=64)] | None = None
    amount_fen: Annotated[int, Meta(ge=0)] | None = None
    ours: Annotated[int, Meta(ge=0, le=9_999)] = 0
    code: Annotated[str, Meta(max_length=64)] = "*"
    text: Annotated[str, Meta(max_length=128)] = ""
    after_ms: Annotated[int, Meta(ge=0, le=AFTER_MAX_MS)] = 8_000
    times: Annotated[int, Meta(ge=0, le=1_000_000)] = 1

    def is_for(self, call: Call, code: str) -> bool:
        """Whether this step is about such a request; `code`: of the voucher it is about."""
        request_no = "" if isinstance(call, PrepareCall | DealsCall) else call.request_no
        amount_fen = call.amount_fen if isinstance(call, ConsumeCall) else None
        return (
            self.call in ("any", name_of(call))
            and self.platform in (None, call.platform)
            and self.request_no in (None, request_no)
            and self.amount_fen in (None, amount_fen)
            and (self.code_ends is None or code.endswith(self.code_ends))
        )


class VoucherScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: Annotated[tuple[VoucherStep, ...], Meta(max_length=STEPS_MAX)] = ()


def name_of(call: Call) -> CallName:
    """How a script calls a request."""
    match call:
        case PrepareCall():
            return "prepare"
        case ConsumeCall():
            return "consume"
        case QueryCall():
            return "query"
        case UndoCall():
            return "undo"
        case DealsCall():
            return "deals"


def read_scenario(path: Path) -> tuple[VoucherStep, ...]:
    """The steps of a scenario file. Raises `OSError`, or `ValueError` that names what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), VoucherScenario).step
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise ValueError(str(trouble)) from trouble


def read_step(words: list[str]) -> VoucherStep:
    """A step from words such as `play=refuse ours=3014`. Raises `ValueError`."""
    fields: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r}: NAME=VALUE expected")
        number = name in ("amount_fen", "after_ms", "times", "ours") and value.isdigit()
        fields[name] = int(value) if number else value
    return msgspec.convert(fields, VoucherStep)
