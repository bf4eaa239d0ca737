"""How a terminal's link is: the one rule, for lists and their filters, the dashboard and the metrics.

What a terminal said last is kept by the broker, and the broker speaks for one that breaks off (its will). A will is lost
with the broker that held it, so a terminal that dies while the broker is away would stay online for ever: its last word is
believed only as long as it is heard of. A terminal that is there says something every `sync.telemetry_min`.
"""

from typing import NamedTuple

from fleet.admin import Link
from fleet.store import Books
from wire.messages import State


class Hearing(NamedTuple):
    """What the rule goes by: now, and how long after the last word "online" is believed (`Policy.silent_after_min`)."""

    now_ms: int
    silent_after_ms: int

    def link(self, state: State | None, state_ms: int, seen_ms: int) -> Link:
        """`seen_ms`: when any message of the terminal came last; `state_ms`: since when its state is this one here, for a
        state the broker had kept is news to a backend that was away."""
        said = said_link(state)
        heard_ms = max(state_ms, seen_ms)
        return "silent" if said == "online" and self.now_ms - heard_ms > self.silent_after_ms else said


def said_link(state: State | None) -> Link:
    """How the link is by the last word alone, whenever that was."""
    if state is None:
        return "unknown"
    if state.online:
        return "online"
    return "lost" if state.reason == "lost" else "offline"


def hearing(books: Books, now_ms: int) -> Hearing:
    """The rule as the house has it."""
    return Hearing(now_ms, books.fleet.policy.get().silent_after_min * 60_000)
