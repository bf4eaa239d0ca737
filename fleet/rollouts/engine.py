"""What a roll-out does next: pure. Everything it knows comes from the store, so a restart at any moment forgets nothing.

A limit in percent allows so many of the touched terminals, rounded down: of one touched terminal none may fail. Errors and
crashes are judged against what the fleet does anyway, in terminal time: the higher of the touched terminals' own rate
before, and of the rate of the untouched ones since; chance is given three standard deviations of a count (Poisson).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isqrt

from fleet.admin import Gate, Plan, Waits, WaitsFor
from wire.fleet import ON_TRIAL, Reported

WAITING = ("pushed",)
FAILED = ("rejected", "rolled_back", "unfinished", "failed")
TOUCHED = (*WAITING, "applied", "silent", *FAILED)
"""States of a terminal that was given the new thing and not yet given back the old."""
STICKY = ("rejected", "rolled_back", "failed")
"""What a terminal does not recover from in the same roll-out."""
REASON_CHARS_MAX = 200
TWICE, BUSY_BEFORE = 1018, 5029
"""With these a terminal refuses an update while another one is on trial; the second is of releases before, the first stands
for an order that is forgotten, too, and its reason says which."""
NO_CLOCK = 1011
"""With this it refuses one by a clock it does not trust yet, or says that it keeps the order until it has the time."""
BUSY = "busy"
"""Why a terminal that tries another release just now waits; it is ordered again when that is decided."""
AGAIN_AFTER_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Events of one kind, and the terminal time in which they came: of the touched terminals since they were touched, of the
    same ones before, of the untouched ones since the roll-out began."""

    touched: int = 0
    touched_ms: int = 0
    before: int = 0
    before_ms: int = 0
    others: int = 0
    others_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """A roll-out as it stands. `counts` by state; `silent_share`: untouched terminals that are silent, and how many there
    are, or as it was at the start when there is none left."""

    plan: Plan
    size: int
    stage: int
    baking_ms: int
    counts: Mapping[str, int]
    silent_share: tuple[int, int]
    errors: Rate
    crashes: Rate


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing changes; `baking_ms`: since when the stage is watched, 0 when it has not succeeded (any more)."""

    verdict: str
    baking_ms: int


@dataclass(frozen=True, slots=True)
class Next:
    """The stage is through: on to the one after it."""

    stage: int


@dataclass(frozen=True, slots=True)
class Complete:
    """The last stage is through."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A gate has closed."""

    verdict: str


Decision = Wait | Next | Complete | Halt


# --- stages -----------------------------------------------------------------------------------------------------------


def stage_size(plan: Plan, size: int, stage: int) -> int:
    """How many terminals have been touched at the end of a stage."""
    row = plan.stages[stage]
    return min(size, max(row.terminals, -(-size * row.percent // 100)))


def plan_fault(plan: Plan) -> str:
    """Why no roll-out could go by this plan; "" when it can."""
    last = plan.stages[-1]
    if last.percent != 100:
        return "the last stage is not 100 %"
    for size in (1, 100, 10_000, 1_000_000):
        sizes = [stage_size(plan, size, stage) for stage in range(len(plan.stages))]
        if sizes != sorted(sizes) or not sizes[0]:
            return f"stages of {size}: {sizes}"
    return ""


def turn(rollout: int, terminal: str) -> str:
    """By what terminals are put in order: the same for ever for the same roll-out, another one for the next."""
    return hashlib.sha256(f"rollout {rollout} {terminal}".encode()).hexdigest()


# --- one terminal -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One touched terminal: its state so far, what it was given and when, and what it says. `cid`: of the update it was
    ordered, "" for settings; `order`: how that order stands, `code`, `why`: of its refusal or wait; `version`: what it was
    to install; `newer`: how the order of an update stands that was given since, "" none was; `is_timed`: it trusts its
    clock by now; `is_online`: so it said, and nobody said otherwise since; that is believed for `believed_ms` after its
    last word."""

    state: str
    rev: int
    pushed_ms: int
    seen_ms: int
    said: Reported | None
    cid: str = ""
    order: str = ""
    version: str = ""
    code: int = 0
    newer: str = ""
    is_timed: bool = False
    is_online: bool = False
    believed_ms: int = 0
    why: str = ""


def judge(seen: Seen, plan: Plan, now_ms: int) -> tuple[str, str]:
    """State of a touched terminal, and why. Silence is a state of its own and counts against the roll-out."""
    if seen.state in STICKY:
        return seen.state, ""
    state, reason = _by_update(seen) if seen.cid else _by_settings(seen)
    is_late = now_ms - seen.pushed_ms >= plan.silent_after_s * 1_000
    patience_ms = max(
        plan.silent_after_s * 1_000, seen.believed_ms if seen.is_online else 0
    )  # who sells nothing is quiet
    is_gone = now_ms - max(seen.seen_ms, seen.pushed_ms) >= patience_ms
    if state == "unheard":
        return ("silent", "no word about it") if is_late else ("pushed", "")
    if state in STICKY:
        return state, reason
    if is_gone:
        return "silent", "no word since"
    if state == "pushed" and now_ms - seen.pushed_ms >= plan.unfinished_after_s * 1_000:
        return "unfinished", reason
    return state, reason


def _by_settings(seen: Seen) -> tuple[str, str]:
    said = seen.said
    if said is None or said.desired_rev < seen.rev:
        return "unheard", ""
    if said.desired_rev > seen.rev:
        return "failed", f"knows revision {said.desired_rev}, was given {seen.rev}"
    reason = " ".join(f"{said.code or ''} {said.path} {said.reason}".split())
    match said.status:
        case "applied":
            return "applied", ""
        case "rejected" | "rolled_back":
            return said.status, reason
        case _:
            return "pushed", _so_far(said.status, reason)


def _so_far(status: str, reason: str) -> str:
    """How far it has come, and behind it why it comes no further."""
    return f"{status} {reason}".rstrip()[:REASON_CHARS_MAX]


def _by_update(seen: Seen) -> tuple[str, str]:
    update = seen.said.update if seen.said is not None else None
    if update is not None and update.cid == seen.cid:
        reason = " ".join(f"{update.code or ''} {update.reason}".split())
        match update.status:
            case "applied":
                return "applied", ""
            case "rejected" | "rolled_back":
                return update.status, reason
            case _:
                return "pushed", _so_far(update.status, reason)
    if seen.order == "done" and seen.said is not None and seen.said.software == seen.version:
        # It ran that version already, so nothing was to be installed; another one that may take its place leaves that open.
        other = _other_update(seen)
        return ("pushed", other) if other else ("applied", "")
    if seen.order in ("refused", "accepted") and seen.code == NO_CLOCK:  # it is not judged yet, or was not
        return "unheard", ""
    if _is_put_off(seen):
        return "pushed", BUSY
    if seen.order in ("refused", "failed"):
        return "failed", f"order {seen.order}"
    return ("pushed", "") if seen.order in ("accepted", "done") else ("unheard", "")


def _other_update(seen: Seen) -> str:
    """How far an update has come at the terminal that is not the one it was ordered here; "" there is none under way."""
    update = seen.said.update if seen.said is not None else None
    return update.status if update is not None and update.cid != seen.cid and update.status in UNDER_WAY else ""


def is_back(seen: Seen) -> bool:
    """Whether a terminal that was given back what it had says that this is in force, or what it was given since."""
    if seen.cid:
        return seen.newer == "done" or _by_update(seen)[0] == "applied"
    return seen.said is not None and seen.said.rev >= seen.rev


def _is_put_off(seen: Seen) -> bool:
    """Whether it refused an order, there or back, because another release was on trial."""
    on_trial = seen.code == BUSY_BEFORE or (seen.code == TWICE and seen.why.endswith(ON_TRIAL))
    return seen.order == "refused" and on_trial


def is_due_again(seen: Seen, now_ms: int) -> bool:
    """Whether an order, there or back, is to be given once more: it was put off by a trial, and that is decided, or for
    want of the time."""
    stands = _is_put_off(seen) and not seen.newer and not _other_update(seen)
    return (stands and now_ms - seen.pushed_ms >= AGAIN_AFTER_MS) or is_due_in_time(seen, now_ms)


def is_due_in_time(seen: Seen, now_ms: int) -> bool:
    """Whether an order, there or back, was refused for want of the time, and the terminal has that by now. An order is
    refused for good, so it is another one, and not too many of them."""
    untimed = (seen.order, seen.code) == ("refused", NO_CLOCK) and not seen.newer
    return untimed and seen.is_timed and now_ms - seen.pushed_ms >= AGAIN_AFTER_MS


def judge_back(seen: Seen, plan: Plan, now_ms: int) -> tuple[str, str]:
    """State of a terminal that was given back what it had, and why: `reverting` until it says so, for as long as the plan
    lets a terminal be silent or unfinished; then `unreverted`."""
    if is_back(seen):
        return "reverted", ""
    if _is_put_off(seen):
        seen = replace(seen, order="accepted")
    said = seen.said
    if not seen.cid and said is not None and said.desired_rev > seen.rev:  # a person gave it something newer since
        seen = replace(seen, rev=said.desired_rev)
    state, reason = judge(replace(seen, state="pushed"), plan, now_ms)
    return ("reverting", reason) if state == "pushed" else ("unreverted", reason or state)


# --- gates ------------------------------------------------------------------------------------------------------------


def gates(sight: Sight) -> tuple[Gate, ...]:
    """All that could stop this roll-out, as it stands."""
    plan, counts = sight.plan, sight.counts
    touched = touched_of(counts)
    failed = sum(counts.get(state, 0) for state in FAILED)
    found = (
        ("failed", failed, touched * plan.failed_percent // 100),
        ("rolled_back", counts.get("rolled_back", 0), touched * plan.rolled_back_percent // 100),
        ("silent", counts.get("silent", 0), _silent_max(sight, touched)),
        ("errors", sight.errors.touched, _events_max(sight.errors, plan.error_factor, plan.error_slack)),
        ("crashes", sight.crashes.touched, _events_max(sight.crashes, plan.crash_factor, plan.crash_slack)),
    )
    return tuple(Gate(name=name, value=value, limit=limit, ok=value <= limit) for name, value, limit in found)


def _silent_max(sight: Sight, touched: int) -> int:
    silent, of = sight.silent_share
    return touched * (sight.plan.silent_percent * max(of, 1) + 100 * silent) // (100 * max(of, 1))


def _events_max(rate: Rate, factor: int, slack: int) -> int:
    """How many events the touched terminals may have had by now."""
    before = rate.before * rate.touched_ms // rate.before_ms if rate.before_ms else 0
    others = rate.others * rate.touched_ms // rate.others_ms if rate.others_ms else 0
    expected = factor * max(before, others)
    return expected + 3 * isqrt(expected) + slack


def touched_of(counts: Mapping[str, int]) -> int:
    """How many have been given the new thing."""
    return sum(counts.get(state, 0) for state in TOUCHED)


# --- the roll-out -----------------------------------------------------------------------------------------------------


def decide(sight: Sight, now_ms: int) -> Decision:
    """What follows. Gates come first: a stage never grows past a closed one."""
    closed = [gate for gate in gates(sight) if not gate.ok]
    if closed:
        return Halt("; ".join(f"{gate.name} {gate.value} > {gate.limit}" for gate in closed))
    waits_for = _unready(sight)
    if waits_for:
        return Wait(waits_for, 0)
    since_ms = sight.baking_ms or now_ms
    left_ms = since_ms + sight.plan.bake_s * 1_000 - now_ms
    if left_ms > 0:
        return Wait(f"watched until {since_ms + sight.plan.bake_s * 1_000}", since_ms)
    return Complete() if sight.stage + 1 == len(sight.plan.stages) else Next(sight.stage + 1)


UNDER_WAY: dict[str, WaitsFor] = {"pending": "pending", "waiting_idle": "idle", "trial": "trial", BUSY: "busy"}
"""What a terminal that has heard of it says -> what is waited for there."""


def waits(sight: Sight, under_way: Mapping[str, int]) -> tuple[Waits, ...]:
    """What the stage waits for at the terminals that were touched, or its end. `under_way`: how many of them neither refused
    it nor have it in force, by what they say."""
    counts: dict[WaitsFor, int] = {}
    for said, count in under_way.items():
        what = UNDER_WAY.get(said.partition(" ")[0], "unheard")
        counts[what] = counts.get(what, 0) + count
    found = [Waits(what=what, terminals=count) for what, count in counts.items()]
    missing = needed_of(sight) - sight.counts.get("applied", 0)
    if touched_of(sight.counts) and missing > 0:
        found.append(Waits(what="success", terminals=missing))
    if sight.baking_ms:
        found.append(Waits(what="bake", until_ms=sight.baking_ms + sight.plan.bake_s * 1_000))
    return tuple(found)


def _unready(sight: Sight) -> str:
    """What keeps the stage from counting as succeeded; "" nothing. The silent ones that the gate forgives are not waited
    for, but at least one terminal must have succeeded."""
    touched, size = touched_of(sight.counts), stage_size(sight.plan, sight.size, sight.stage)
    if touched < size:
        return f"touched {touched} of {size}"
    applied, needed = sight.counts.get("applied", 0), needed_of(sight)
    return f"applied {applied} of {needed}" if applied < needed else ""


def needed_of(sight: Sight) -> int:
    """How many of the touched terminals must have the new thing in force before the stage counts as succeeded."""
    speaking = touched_of(sight.counts) - sight.counts.get("silent", 0)
    return max(1, -(-speaking * sight.plan.success_percent // 100))
