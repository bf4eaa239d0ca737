"""Which revision of its settings a terminal works by: the one answer, for lists, pages and comparisons.

A terminal says so in two places: in its state, at a boot or when a device changes, and in its word about settings, at every
connection and whenever anything of them changes. Each was true when it was said; the newer one still is."""

from wire.messages import State


def in_force(state: State | None, state_ms: int, told_rev: int, told_ms: int) -> int:
    """`told_rev`: of `wire.fleet.Reported`; the times are when each was heard, 0 never. 0: settings as delivered, or a
    terminal that never said."""
    if state is None or (told_ms and told_ms >= state_ms):
        return told_rev
    return state.settings_rev
