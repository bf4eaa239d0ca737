"""What the simulated acquirer is told to do with coming requests: steps, given one by one or as a scenario file.

A scenario is TOML, a list of `[[step]]` tables:

    [[step]]
    call = "pay"            # pay (default), query, reverse, refund, or any
    amount_fen = 1313       # which requests it is for; what is not named fits all
    code_ends = "0004"
    channel = "wechat"
    order_no = "2026…"
    play = "refuse"         # what happens, see `Play`
    code = "NOTENOUGH"      # refuse, error: the channel's own code; by default a plain one
    text = "…"              # and its words
    after_ms = 8000         # password, late, processing, outage: when it ends
    end = "cancel"          # password: success (default) or cancel
    times = 1               # for so many requests; 0: for every one

The first step that fits and is not used up counts. A request no step is for succeeds.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fleet.acquirer.codes import CallName
from fleet.acquirer.port import Call, PayCall, QueryCall, RefundCall, RefundQueryCall, ReverseCall

Play = Literal["success", "password", "refuse", "error", "silent", "lost", "late", "double", "processing", "outage"]
"""success: as asked. password: the customer must act, ends after `after_ms`. refuse: definite. error: a code that says
nothing definite, nothing is done. silent: never arrived, no answer. lost: done, the answer is lost. late: no answer, and
the money is taken `after_ms` later. double: done, answered twice. processing: a refund that ends after `after_ms`. outage:
for `after_ms` no request of any kind arrives."""

STEPS_MAX = 1_000
AFTER_MAX_MS = 24 * 3_600_000


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a script."""

    play: Play
    call: CallName | Literal["any"] = "pay"
    amount_fen: Annotated[int, Meta(ge=0)] | None = None
    code_ends: Annotated[str, Meta(pattern=r"^[0-9A-Z]{1,8}\Z")] | None = None
    channel: Annotated[str, Meta(max_length=32)] | None = None
    order_no: Annotated[str, Meta(max_length=64)] | None = None
    code: Annotated[str, Meta(max_length=64)] = ""
    text: Annotated[str, Meta(max_length=128)] = ""
    after_ms: Annotated[int, Meta(ge=0, le=AFTER_MAX_MS)] = 8_000
    end: Literal["success", "cancel"] = "success"
    times: Annotated[int, Meta(ge=0, le=1_000_000)] = 1

    def is_for(self, call: Call) -> bool:
        """Whether this step is about such a request."""
        amount_fen = call.amount_fen if isinstance(call, PayCall | RefundCall) else None
        code = call.auth_code if isinstance(call, PayCall) else ""
        return (
            self.call in ("any", name_of(call))
            and self.amount_fen in (None, amount_fen)
            and self.channel in (None, call.channel)
            and self.order_no in (None, call.order_no)
            and (self.code_ends is None or code.endswith(self.code_ends))
        )


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: Annotated[tuple[Step, ...], Meta(max_length=STEPS_MAX)] = ()


def name_of(call: Call) -> CallName:
    """How a script calls a request; a refund's query is a query."""
    match call:
        case PayCall():
            return "pay"
        case QueryCall() | RefundQueryCall():
            return "query"
        case ReverseCall():
            return "reverse"
        case RefundCall():
            return "refund"


def read_scenario(path: Path) -> tuple[Step, ...]:
    """The steps of a scenario file. Raises `OSError`, or `ValueError` that names what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario).step
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise ValueError(str(trouble)) from trouble


def read_step(words: list[str]) -> Step:
    """A step from words such as `play=refuse amount_fen=1313`. Raises `ValueError`."""
    fields: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r}: NAME=VALUE expected")
        fields[name] = int(value) if name in ("amount_fen", "after_ms", "times") and value.isdigit() else value
    return msgspec.convert(fields, Step)
